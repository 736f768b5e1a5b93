//! Commands whose reply the server holds back for as long as the command itself says.

use std::time::Duration;

use super::{Flags, find};

/// How long the server may hold back the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocking {
    /// For that long at most.
    For(Duration),
    /// Until there is something to reply.
    Forever,
}

/// What the command says about waiting on the server; `None` if it does not wait at all.
///
/// Sits on the path of every command: the first letter turns nearly all of them away.
#[inline]
pub(crate) fn blocking<A: AsRef<[u8]>>(args: &[A]) -> Option<Blocking> {
    match args.first()?.as_ref().first()? {
        b'b' | b'B' | b'w' | b'W' | b'x' | b'X' => by_name(args),
        _ => None,
    }
}

#[inline(never)]
fn by_name<A: AsRef<[u8]>>(args: &[A]) -> Option<Blocking> {
    let arg = |index: usize| args.get(index).map(AsRef::as_ref);
    let last = || args.last().map(AsRef::as_ref);
    let info = find(arg(0)?);
    // The server waits in these two as well, but does not flag them. They only come over leased connections.
    if arg(0)?.eq_ignore_ascii_case(b"WAIT") || arg(0)?.eq_ignore_ascii_case(b"WAITAOF") {
        return Some(millis(last()?));
    }
    let info = info.filter(|info| info.flags & Flags::BLOCKING != 0)?;
    match info.name {
        // These two only block when asked to. Behind STREAMS stand keys, which may have any name.
        "XREAD" | "XREADGROUP" => {
            let mut options =
                args.iter().map(AsRef::as_ref).take_while(|arg| !arg.eq_ignore_ascii_case(b"STREAMS"));
            let block = options.position(|arg| arg.eq_ignore_ascii_case(b"BLOCK"))?;
            Some(arg(block + 1).map_or(AT_ONCE, millis))
        }
        "BLMPOP" | "BZMPOP" => Some(arg(1).map_or(AT_ONCE, seconds)),
        _ => Some(seconds(last()?)),
    }
}

impl Blocking {
    /// As long as both together.
    pub(crate) fn and(self, other: Option<Self>) -> Self {
        match (self, other) {
            (Self::For(a), Some(Self::For(b))) => Self::For(a.saturating_add(b)),
            (blocking, None) => blocking,
            _ => Self::Forever,
        }
    }
}

/// For a timeout that the server will refuse.
const AT_ONCE: Blocking = Blocking::For(Duration::ZERO);

fn seconds(text: &[u8]) -> Blocking {
    match std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok()) {
        Some(0.0) => Blocking::Forever,
        Some(seconds) if seconds > 0.0 => {
            Duration::try_from_secs_f64(seconds).map_or(Blocking::Forever, Blocking::For)
        }
        _ => AT_ONCE,
    }
}

fn millis(text: &[u8]) -> Blocking {
    match std::str::from_utf8(text).ok().and_then(|text| text.parse::<u64>().ok()) {
        Some(0) => Blocking::Forever,
        Some(millis) => Blocking::For(Duration::from_millis(millis)),
        None => AT_ONCE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<Blocking> {
        blocking(&line.split(' ').collect::<Vec<_>>())
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
            assert_eq!(of(line), Some(AT_ONCE), "{line}");
        }
    }

    #[test]
    fn other_commands_do_not_block_whatever_their_arguments_are_called() {
        for line in ["XREAD STREAMS BLOCK 0", "XADD s * BLOCK 0", "BITCOUNT k", "GET block", "wat 1 0", ""] {
            assert_eq!(of(line), None, "{line}");
        }
        assert_eq!(blocking::<&str>(&[]), None);
    }
}
