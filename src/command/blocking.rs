//! Commands whose reply the server holds back for as long as the command itself says.

use std::str::{self, FromStr};
use std::time::Duration;

/// How long the server may hold back the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocking {
    /// For that long at most.
    For(Duration),
    /// Until there is something to reply.
    Forever,
}

impl Blocking {
    /// Of a timeout that the server will refuse.
    const AT_ONCE: Self = Self::For(Duration::ZERO);

    /// As long as both together.
    pub(crate) fn and(self, other: Option<Self>) -> Self {
        match (self, other) {
            (Self::For(a), Some(Self::For(b))) => Self::For(a.saturating_add(b)),
            (blocking, None) => blocking,
            _ => Self::Forever,
        }
    }

    /// An argument in seconds, with a fraction if wanted.
    pub(super) fn seconds(text: Option<&[u8]>) -> Self {
        match number::<f64>(text) {
            Some(0.0) => Self::Forever,
            Some(seconds) if seconds > 0.0 => {
                Duration::try_from_secs_f64(seconds).map_or(Self::Forever, Self::For)
            }
            _ => Self::AT_ONCE,
        }
    }

    /// An argument in milliseconds.
    pub(super) fn millis(text: Option<&[u8]>) -> Self {
        match number::<u64>(text) {
            Some(0) => Self::Forever,
            Some(millis) => Self::For(Duration::from_millis(millis)),
            None => Self::AT_ONCE,
        }
    }

    /// The option BLOCK of XREAD and XREADGROUP, in milliseconds. They only block when asked to.
    pub(super) fn option<A: AsRef<[u8]>>(args: &[A]) -> Option<Self> {
        // Behind STREAMS stand keys, which may have any name.
        let mut options =
            args.iter().map(AsRef::as_ref).take_while(|arg| !arg.eq_ignore_ascii_case(b"STREAMS"));
        let block = options.position(|arg| arg.eq_ignore_ascii_case(b"BLOCK"))?;
        Some(Self::millis(args.get(block + 1).map(AsRef::as_ref)))
    }
}

fn number<T: FromStr>(text: Option<&[u8]>) -> Option<T> {
    str::from_utf8(text?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Place, admit};

    fn of(line: &str) -> Option<Blocking> {
        admit(&line.split(' ').collect::<Vec<_>>(), Place::Dedicated).ok()?.blocking
    }

    #[test]
    fn each_command_has_its_timeout_in_its_own_place_and_unit() {
        let millis = |n| Some(Blocking::For(Duration::from_millis(n)));
        for (line, expected) in [
            ("BLPOP a b 1.5", millis(1500)),
            ("brpop a 2", millis(2000)),
            ("BLMOVE a b LEFT LEFT 0.25", millis(250)),
            ("BRPOPLPUSH a b 3", millis(3000)),
            ("BZPOPMIN a 4", millis(4000)),
            ("BLMPOP 5 2 a b LEFT COUNT 9", millis(5000)),
            ("bzmpop 0.5 1 a MIN", millis(500)),
            ("WAIT 1 700", millis(700)),
            ("waitaof 1 0 800", millis(800)),
            ("BLMOVEM a b LEFT RIGHT 1.5 COUNT 2 OBO", millis(1500)),
            ("bzmove a b MIN 6 COUNT 2", millis(6000)),
            ("TS.READ BLOCK 1 block 70 2 MAX_COUNT 3", millis(70)),
            ("XREAD COUNT 5 block 900 STREAMS s $", millis(900)),
            ("XREADGROUP GROUP g c BLOCK 1 STREAMS s >", millis(1)),
        ] {
            assert_eq!(of(line), expected, "{line}");
        }
    }

    #[test]
    fn zero_is_for_ever_and_what_the_server_refuses_is_at_once() {
        for line in ["BLPOP k 0", "BLPOP k 0.0", "WAIT 1 0", "XREAD BLOCK 0 STREAMS s $", "BLPOP k 1e300"] {
            assert_eq!(of(line), Some(Blocking::Forever), "{line}");
        }
        for line in
            ["BLPOP", "BLPOP k -1", "BLPOP k x", "BLPOP k nan", "WAIT 1 -1", "XREAD BLOCK", "BLMPOP", "WAIT"]
        {
            assert_eq!(of(line), Some(Blocking::AT_ONCE), "{line}");
        }
    }

    #[test]
    fn other_commands_do_not_block_whatever_their_arguments_are_called() {
        for line in [
            "XREAD STREAMS BLOCK 0",
            "XADD s * BLOCK 0",
            "TS.READ BLOCK 5",
            "BITCOUNT k",
            "GET block",
            "wat 1 0",
            "",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
