//! Commands that would change the connection under everybody who shares it, or shift replies.

use crate::error::{Error, ErrorKind, Result};

/// Refuses an empty command and those that have no place on a shared connection, naming the way that works.
///
/// Sits on the path of every command: the length and the first letter turn nearly all of them away.
#[inline]
pub(crate) fn refuse<'a>(mut args: impl Iterator<Item = &'a [u8]>) -> Result<()> {
    let Some(name) = args.next() else {
        return Err(Error::argument("a command needs at least its name"));
    };
    let Some(first) = name.first() else {
        return Err(Error::argument("the name of a command is empty"));
    };
    match (name.len(), first | 0x20) {
        (4, b'a' | b'e' | b's')
        | (5, b'h' | b'm' | b'p' | b'r' | b'w')
        | (6, b's' | b'c')
        | (7, b'm' | b'd' | b'u')
        | (9, b's')
        | (10, b'p' | b's')
        | (11, b'u')
        | (12, b'p' | b's') => refuse_by_name(name, args.next()),
        _ => Ok(()),
    }
}

#[inline(never)]
fn refuse_by_name(name: &[u8], subcommand: Option<&[u8]>) -> Result<()> {
    let upper = name.to_ascii_uppercase();
    let way = match upper.as_slice() {
        b"AUTH" | b"HELLO" => "set username, password or protocol in the client's options",
        b"SELECT" => "set db in the client's options: one client per database",
        b"RESET" => "close the client and open another",
        b"MULTI" | b"EXEC" | b"DISCARD" => "use an atomic pipeline",
        b"WATCH" | b"UNWATCH" => "it needs a connection of its own, which this version does not lend",
        b"MONITOR" | b"SYNC" | b"PSYNC" => "its replies have no end",
        b"SUBSCRIBE" | b"PSUBSCRIBE" | b"SSUBSCRIBE" | b"UNSUBSCRIBE" | b"PUNSUBSCRIBE" | b"SUNSUBSCRIBE" => {
            "subscriptions need a connection of their own, which this version does not lend"
        }
        b"CLIENT" => match subcommand.map(<[u8]>::to_ascii_uppercase).as_deref() {
            Some(b"REPLY") => "without replies nothing could be matched any more",
            Some(b"TRACKING" | b"CACHING") => {
                "tracking needs a connection of its own, which this version does not lend"
            }
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    let name = String::from_utf8_lossy(&upper);
    Err(Error::not_applied(ErrorKind::Refused, format!("{name} is refused on a shared connection: {way}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(args: &[&str]) -> Option<ErrorKind> {
        refuse(args.iter().map(|arg| arg.as_bytes())).err().map(|error| error.kind())
    }

    #[test]
    fn stateful_commands_are_refused_in_any_case() {
        for line in [
            "AUTH x",
            "hello 3",
            "Select 1",
            "RESET",
            "multi",
            "EXEC",
            "discard",
            "WATCH k",
            "unwatch",
            "MONITOR",
            "sync",
            "PSYNC ? -1",
            "subscribe c",
            "PSUBSCRIBE c",
            "ssubscribe c",
            "UNSUBSCRIBE",
            "punsubscribe",
            "SUNSUBSCRIBE",
            "CLIENT REPLY OFF",
            "client tracking on",
            "CLIENT CACHING YES",
        ] {
            let args: Vec<_> = line.split(' ').collect();
            assert_eq!(kind(&args), Some(ErrorKind::Refused), "{line}");
        }
    }

    #[test]
    fn neighbours_by_length_and_letter_pass() {
        for line in [
            "HSET h f v",
            "SORT k",
            "SCAN 0",
            "HKEYS h",
            "RPUSH l v",
            "STRLEN s",
            "CLIENT ID",
            "CLIENT",
            "MOVE k 1",
        ] {
            let args: Vec<_> = line.split(' ').collect();
            assert_eq!(kind(&args), None, "{line}");
        }
    }

    #[test]
    fn an_empty_command_is_an_argument_error() {
        assert_eq!(kind(&[]), Some(ErrorKind::Argument));
        assert_eq!(kind(&[""]), Some(ErrorKind::Argument));
    }
}
