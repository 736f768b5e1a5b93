//! What the name of a command tells.

use crate::command::Traits;

use super::boundary::contain_or;
use super::pointer;

/// The server may hold back the reply for as long as the arguments say.
pub const OXP_COMMAND_MAY_BLOCK: u32 = 1;
/// The command has no place on some connections: OXP_ERR_REFUSED is to be reckoned with.
pub const OXP_COMMAND_MAY_BE_REFUSED: u32 = 2;
/// The command is answered by confirmations, one for each name that follows: see oxp_client_lease.
pub const OXP_COMMAND_CONFIRMED: u32 = 4;

/// What there is to be known of a command before it is queued, from its name alone: a sum of
/// OXP_COMMAND_* numbers, 0 for an ordinary command and for one that the library does not know. For
/// bindings that have something to prepare; the library itself does not need to be asked.
///
/// name, len   the first word of the command in any case; borrowed for the call.
///
/// Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_command_traits(name: *const u8, len: usize) -> u32 {
    contain_or(0, || {
        // SAFETY: pointers come from C under the contract of this module.
        let Ok(name) = (unsafe { pointer::slice(name, len) }) else { return 0 };
        let Traits { may_block, may_be_refused, is_confirmed } = Traits::of(name);
        let bits = [
            (may_block, OXP_COMMAND_MAY_BLOCK),
            (may_be_refused, OXP_COMMAND_MAY_BE_REFUSED),
            (is_confirmed, OXP_COMMAND_CONFIRMED),
        ];
        bits.iter().filter(|(has, _)| *has).map(|(_, bit)| bit).sum()
    })
}
