//! What is sent as one call.

use crate::command::Blocking;
use crate::error::{Error, Progress};

/// Commands to be sent as one call, as often as it takes.
pub(crate) struct Payload<'a> {
    pub(crate) commands: u64,
    /// About how many bytes `write` will write.
    pub(crate) size_hint: usize,
    /// Encodes all the commands; called again for each attempt.
    pub(crate) write: &'a dyn Fn(&mut Vec<u8>),
    /// Whether sending everything twice does no harm. Asked only after a failure.
    pub(crate) read_only: &'a dyn Fn() -> bool,
    /// The server may hold the replies back for so long.
    pub(crate) blocking: Option<Blocking>,
    /// The commands are MULTI ... EXEC: none is applied before the last byte has left.
    pub(crate) atomic: bool,
}

impl Payload<'_> {
    /// The fate of the caller's commands, given that of the commands on the wire.
    pub(super) fn judge(&self, error: Error) -> Error {
        let (true, Some(progress)) = (self.atomic, error.progress()) else { return error };
        // Two commands of the wire, MULTI and EXEC, are not the caller's.
        let commands = self.commands - 2;
        error.with_progress(match progress.not_applied {
            0 => Progress { replied: 0, unknown: commands, not_applied: 0 },
            _ => Progress { replied: 0, unknown: 0, not_applied: commands },
        })
    }
}
