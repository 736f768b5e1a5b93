//! Which arguments of a command are keys.
//!
//! The table has the server's own description of where they stand, made with the functions here. Channels of SSUBSCRIBE and
//! its kin count as keys, because a cluster routes them as such.

use std::slice;

use super::{Found, find, resolve};

/// Where some of a command's keys stand. Positions count from the command's name.
pub(crate) struct KeySpec {
    begin: Begin,
    last: i8,
    step: u8,
    limit: u8,
    unless_empty: bool,
}

enum Begin {
    At(u8),
    /// This argument says how many keys follow it.
    Counted(u8),
    /// Behind a word, which may be anywhere from `start` on, but is no word where it is the value of an option.
    Word {
        word: &'static str,
        start: u8,
        options: &'static [(&'static str, u8)],
    },
}

/// The keys from the argument `at` on, each `step` behind the one before. `last` counts from the first if it is not negative,
/// else from the end of the command.
pub(super) const fn range(at: u8, last: i8, step: u8) -> KeySpec {
    KeySpec { begin: Begin::At(at), last, step, limit: 0, unless_empty: false }
}

/// As many keys as the argument `at` says, behind it.
pub(super) const fn counted(at: u8, step: u8) -> KeySpec {
    KeySpec { begin: Begin::Counted(at), last: 0, step, limit: 0, unless_empty: false }
}

/// As [`range`], behind `word`. A `limit` of 2 takes the first half of what follows, 3 the first third. `options` are the other
/// words that have values, with how many.
pub(super) const fn word(
    word: &'static str,
    start: u8,
    last: i8,
    step: u8,
    limit: u8,
    options: &'static [(&'static str, u8)],
) -> KeySpec {
    KeySpec { begin: Begin::Word { word, start, options }, last, step, limit, unless_empty: false }
}

impl KeySpec {
    /// An empty argument in the place of the key stands for none.
    pub(super) const fn unless_empty(mut self) -> Self {
        self.unless_empty = true;
        self
    }

    /// The first and the last key. `None` if the command does not have these keys, or not as many as it says.
    fn bounds<A: AsRef<[u8]>>(&self, args: &[A]) -> Option<(usize, usize)> {
        let (first, last) = match self.begin {
            Begin::At(at) => self.bounds_from(at.into(), args.len())?,
            Begin::Word { word, start, options } => {
                // Of a word with one value, the server takes the last; behind others there are only keys.
                let first = find_word(word, start.into(), options, self.last == 0, args)?;
                self.bounds_from(first, args.len())?
            }
            Begin::Counted(at) => {
                let at = usize::from(at);
                let more = number(args.get(at)?.as_ref())?.checked_sub(1)?;
                (at + 1, more.checked_mul(self.step.into())?.checked_add(at + 1)?)
            }
        };
        let is_there = first <= last && last < args.len();
        let is_none = || self.unless_empty && args[first].as_ref().is_empty();
        (is_there && !is_none()).then_some((first, last))
    }

    fn bounds_from(&self, first: usize, args: usize) -> Option<(usize, usize)> {
        let last = match (self.last, self.limit) {
            (0.., _) => Some(first),
            (_, 0) => Some(args),
            (_, limit) => Some(first + args.checked_sub(first)? / usize::from(limit)),
        };
        Some((first, last?.checked_add_signed(self.last.into())?))
    }
}

fn find_word<A: AsRef<[u8]>>(
    word: &str,
    start: usize,
    options: &[(&str, u8)],
    takes_last: bool,
    args: &[A],
) -> Option<usize> {
    let mut found = None;
    let mut next = start;
    while let Some(arg) = args.get(next) {
        let is = |word: &str| arg.as_ref().eq_ignore_ascii_case(word.as_bytes());
        next += 1;
        if is(word) {
            if !takes_last {
                return Some(next);
            }
            if next < args.len() {
                found = Some(next);
                next += 1;
            }
        } else if let Some((_, values)) = options.iter().find(|(option, _)| is(option)) {
            next += usize::from(*values);
        }
    }
    found
}

fn number(text: &[u8]) -> Option<usize> {
    text.iter().all(u8::is_ascii_digit).then(|| std::str::from_utf8(text).ok()?.parse().ok())?
}

/// The keys of a command, in the order in which its description has them.
pub(crate) struct Keys<'a, A> {
    args: &'a [A],
    specs: slice::Iter<'static, KeySpec>,
    /// Of those that a spec has found.
    next: usize,
    last: Option<usize>,
    step: usize,
}

impl<'a, A: AsRef<[u8]>> Keys<'a, A> {
    /// Those of a command whose entry is known: of a container command, the subcommand's.
    pub(super) fn of(found: Found, args: &'a [A]) -> Self {
        let specs = found.map_or(&[][..], |info| info.keys).iter();
        Self { args, specs, next: 0, last: None, step: 1 }
    }
}

impl<'a, A: AsRef<[u8]>> Iterator for Keys<'a, A> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while self.last.is_none_or(|last| self.next > last) {
            let spec = self.specs.next()?;
            self.last = spec.bounds(self.args).map(|(first, last)| {
                (self.next, self.step) = (first, usize::from(spec.step).max(1));
                last
            });
        }
        let key = self.args[self.next].as_ref();
        self.next += self.step;
        Some(key)
    }
}

/// The keys among the arguments. None if the command has none, or is unknown.
pub(crate) fn keys<A: AsRef<[u8]>>(args: &[A]) -> Keys<'_, A> {
    let found = args.first().and_then(|name| find(name.as_ref()));
    Keys::of(resolve(found, args.get(1).map(AsRef::as_ref)), args)
}

/// The first of them.
pub(crate) fn first_key<A: AsRef<[u8]>>(args: &[A]) -> Option<&[u8]> {
    keys(args).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a real server said; see `tools/gen_commands.py`.
    const ANSWERED: &str = include_str!("../../tools/commands/servers/keys-answered.tsv");

    fn words(line: &str) -> Vec<&str> {
        line.split(' ').map(|word| if word == "''" { "" } else { word }).collect()
    }

    fn of(line: &str) -> Vec<String> {
        keys(&words(line)).map(|key| String::from_utf8_lossy(key).into_owned()).collect()
    }

    #[test]
    fn the_keys_are_those_that_the_server_finds() {
        let mut compared = 0;
        for line in ANSWERED.lines() {
            let (command, answer) = line.split_once('\t').unwrap();
            let keys = of(command);
            // Shard channels are no keys to the server, but it says where they are, for they are routed like keys. And it
            // says nothing of commands that it takes for invalid.
            let is_channel = ["SPUBLISH", "SSUBSCRIBE", "SUNSUBSCRIBE"].contains(&words(command)[0]);
            if is_channel || answer == "!" {
                continue;
            }
            let expected = if answer.is_empty() { Vec::new() } else { words(answer) };
            assert_eq!(keys, expected, "{command}");
            compared += 1;
        }
        assert!(compared > 500, "{compared}");
    }

    #[test]
    fn keys_of_commands_that_the_server_does_not_have_are_where_others_say() {
        for (line, expected) in [
            ("LMOVEM a b LEFT RIGHT", &["a", "b"][..]),
            ("zmovemember a b MEMBERS 1 m", &["a", "b"]),
            ("BLESS SET a NO-EVICT", &["a"]),
            ("BLESS SCAN 0 NO-EVICT", &[]),
            ("HIMPORT SET a s v", &["a"]),
            ("SUNIONCARD 2 a b LIMIT 1", &["a", "b"]),
            ("TS.NRANGE 2 a b - +", &["a", "b"]),
            ("JSON.MSET a $ 1 b $ 2", &["a", "b"]),
            ("TS.MADD a 1 1 b 2 2", &["a", "b"]),
            ("JSON.DEBUG MEMORY a", &["a"]),
            ("TS.MGET FILTER a=b", &[]),
        ] {
            assert_eq!(of(line), expected, "{line}");
        }
    }

    #[test]
    fn shard_channels_count_as_keys() {
        assert_eq!(of("SPUBLISH c message"), ["c"]);
        assert_eq!(of("SSUBSCRIBE c d"), ["c", "d"]);
    }

    #[test]
    fn keys_that_are_not_there_are_none() {
        for line in [
            "",
            "GET",
            "OBJECT",
            "OBJECT NOSUCH k",
            "EVAL script",
            "EVAL script x k",
            "EVAL script -1 k",
            "EVAL script 18446744073709551615 k",
            "EVAL script 99999999999999999999 k",
            "FCALL",
            "BLPOP",
            "BLPOP 0",
            "XREAD STREAMS",
            "XREAD STREAMS k",
            "XREAD COUNT STREAMS k",
            "MSETEX 18446744073709551615 k v",
            "MODULE.GET k",
        ] {
            assert_eq!(of(line), [""; 0], "{line}");
        }
        assert_eq!(first_key::<&str>(&[]), None);
        assert_eq!(of("MSETEX 2 k v l w NX"), ["k", "l"]);
    }

    #[test]
    fn the_first_key_is_the_first_of_them() {
        assert_eq!(first_key(&words("bitop AND d k")), Some(&b"d"[..]));
        assert_eq!(first_key(&words("MIGRATE h 1 '' 0 9 KEYS k l")), Some(&b"k"[..]));
        assert_eq!(first_key(&words("PING")), None);
    }
}
