//! Which key a command is about.

use super::{Flags, find};

/// The first key among the arguments. `None` if the command has none, or is unknown.
pub(crate) fn first_key<A: AsRef<[u8]>>(args: &[A]) -> Option<&[u8]> {
    let arg = |index: usize| args.get(index).map(AsRef::as_ref);
    let name = arg(0)?;
    let mut info = find(name)?;
    if info.key == 0
        && let Some(subcommand) = arg(1)
        && let Some(found) = find(&[name, b"|", subcommand].concat())
    {
        info = found;
    }
    let position = usize::from(info.key);
    if position == 0 {
        // The keys of XREAD and XREADGROUP stand behind their options.
        let is_stream_read = info.name.starts_with("XREAD");
        let streams = || args.iter().position(|arg| arg.as_ref().eq_ignore_ascii_case(b"STREAMS"));
        return arg(is_stream_read.then(streams)?? + 1);
    }
    if info.flags & Flags::COUNTED_KEYS != 0 && arg(position - 1).is_none_or(is_zero) {
        return None;
    }
    arg(position)
}

fn is_zero(number: &[u8]) -> bool {
    number.iter().all(|&digit| digit == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<String> {
        let args: Vec<_> = line.split(' ').collect();
        first_key(&args).map(|key| String::from_utf8_lossy(key).into_owned())
    }

    #[test]
    fn the_key_is_found_wherever_it_stands() {
        for line in [
            "GET k",
            "set k v",
            "MSET k 1 l 2",
            "BITOP AND k l",
            "OBJECT ENCODING k",
            "object freq k",
            "XGROUP CREATE k g $",
            "XINFO STREAM k",
            "MEMORY USAGE k",
            "EVAL script 1 k arg",
            "EVALSHA_RO sha 2 k l",
            "fcall f 1 k",
            "ZUNION 2 k l",
            "ZUNIONSTORE k 2 a b",
            "SINTERCARD 1 k",
            "BLMPOP 0 1 k LEFT",
            "BLPOP k l 0",
            "XREAD COUNT 2 STREAMS k l 0 0",
            "XREADGROUP GROUP g c BLOCK 0 streams k >",
            "SORT k BY w_*",
            "MIGRATE host 6379 k 0 5",
        ] {
            assert_eq!(of(line).as_deref(), Some("k"), "{line}");
        }
    }

    #[test]
    fn commands_without_a_key_have_none() {
        for line in [
            "PING",
            "INFO",
            "CONFIG GET x",
            "EVAL script 0 arg",
            "EVAL script",
            "FCALL",
            "GET",
            "OBJECT",
            "OBJECT HELP",
            "XREAD COUNT 1",
            "MODULE.GET k",
            "PUBLISH channel k",
            "",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
        assert_eq!(first_key::<&str>(&[]), None);
    }
}
