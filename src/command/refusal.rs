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
        (4, b'a' | b'e' | b's' | b'w')
        | (5, b'h' | b'm' | b'p' | b'r' | b'w')
        | (6, b's' | b'c')
        | (7, b'm' | b'd' | b'u' | b'w')
        | (9, b's')
        | (10, b'p' | b's')
        | (11, b'u')
        | (12, b'p' | b's') => refuse_by_name(name, args.next()),
        _ => Ok(()),
    }
}

/// As [`refuse`] for a leased connection: only what would shift replies. Tells whether the command may leave the connection
/// changed, so that nobody else should get it.
pub(crate) fn refuse_on_lease<'a>(mut args: impl Iterator<Item = &'a [u8]>) -> Result<bool> {
    let name = args.next().unwrap_or_default();
    let subcommand = args.next();
    match way(&name.to_ascii_uppercase(), subcommand) {
        Some(Way::Never(why)) => return Err(error(name, "on a leased connection", why)),
        Some(_) => return Ok(true),
        None => {}
    }
    refuse([name].into_iter())?;
    // What is not in the table may do anything.
    Ok(!super::is_known(name)
        || [&b"CLIENT"[..], b"READONLY", b"READWRITE", b"ASKING", b"SCRIPT", b"QUIT"]
            .iter()
            .any(|changing| name.eq_ignore_ascii_case(changing)))
}

/// How to do what a shared connection refuses.
enum Way {
    Instead(&'static str),
    Lease,
    LeaseBecause(&'static str),
    /// Not on a leased connection either.
    Never(&'static str),
}

#[inline(never)]
fn refuse_by_name(name: &[u8], subcommand: Option<&[u8]>) -> Result<()> {
    let way = match way(&name.to_ascii_uppercase(), subcommand) {
        None => return Ok(()),
        Some(Way::Instead(way)) => &format!("{way}, or {LEASE}"),
        Some(Way::Lease) => LEASE,
        Some(Way::LeaseBecause(why)) => &format!("{why}: {LEASE}"),
        Some(Way::Never(why)) => why,
    };
    Err(error(name, "on a shared connection", way))
}

const LEASE: &str = "lease a connection of your own (Client::lease, oxp_client_lease, Redis.lease)";

fn way(upper: &[u8], subcommand: Option<&[u8]>) -> Option<Way> {
    Some(match upper {
        b"AUTH" | b"HELLO" => Way::Instead("set username, password or protocol in the client's options"),
        b"SELECT" => Way::Instead("set db in the client's options: one client per database"),
        b"RESET" => Way::Instead("close the client and open another"),
        b"MULTI" | b"EXEC" | b"DISCARD" => Way::Instead("use an atomic pipeline"),
        b"WATCH" | b"UNWATCH" => Way::Lease,
        b"WAIT" | b"WAITAOF" => {
            Way::LeaseBecause("it waits for the writes of its own connection, and holds up all others on it")
        }
        b"MONITOR" | b"SYNC" | b"PSYNC" => Way::Never("its replies have no end"),
        b"SUBSCRIBE" | b"PSUBSCRIBE" | b"SSUBSCRIBE" | b"UNSUBSCRIBE" | b"PUNSUBSCRIBE" | b"SUNSUBSCRIBE" => {
            Way::Never("subscriptions are not part of this version")
        }
        b"CLIENT" => match subcommand.map(<[u8]>::to_ascii_uppercase).as_deref() {
            Some(b"REPLY") => Way::Never("without replies nothing could be matched any more"),
            Some(b"TRACKING" | b"CACHING") => Way::Lease,
            _ => return None,
        },
        _ => return None,
    })
}

fn error(name: &[u8], place: &str, way: &str) -> Error {
    let name = String::from_utf8_lossy(name).to_ascii_uppercase();
    Error::not_applied(ErrorKind::Refused, format!("{name} is refused {place}: {way}"))
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
            "WAIT 1 500",
            "waitaof 1 0 500",
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
    fn a_lease_takes_what_has_one_reply_and_knows_what_changes_it() {
        let on_lease =
            |line: &str| refuse_on_lease(line.split(' ').map(str::as_bytes)).map_err(|error| error.kind());
        for line in [
            "watch k",
            "MULTI",
            "EXEC",
            "SELECT 1",
            "RESET",
            "CLIENT TRACKING ON",
            "client setname x",
            "X.Y k",
        ] {
            assert_eq!(on_lease(line), Ok(true), "{line}");
        }
        for line in ["GET k", "blpop k 0", "HSET h f v"] {
            assert_eq!(on_lease(line), Ok(false), "{line}");
        }
        for line in ["SUBSCRIBE c", "monitor", "CLIENT REPLY OFF", "PSYNC ? -1"] {
            assert_eq!(on_lease(line), Err(ErrorKind::Refused), "{line}");
        }
        assert_eq!(on_lease(""), Err(ErrorKind::Argument));
    }

    #[test]
    fn an_empty_command_is_an_argument_error() {
        assert_eq!(kind(&[]), Some(ErrorKind::Argument));
        assert_eq!(kind(&[""]), Some(ErrorKind::Argument));
    }
}
