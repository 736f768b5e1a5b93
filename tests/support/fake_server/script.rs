//! Scripts, from their text to the steps of each connection.

use std::time::Duration;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Raw,
    Expect(Vec<String>),
    Read(usize),
    Send(Vec<u8>),
    Split(usize),
    Drip(Duration, Vec<u8>),
    Wait(String),
    Note(String),
    Obey(Vec<String>),
    Mirror,
    Repeat(Option<usize>, Vec<Self>),
    Hang,
    Stall,
    Close,
    Reset,
}

/// The steps of each connection.
pub(super) fn parse(script: &str) -> Vec<Vec<Step>> {
    let mut parts = vec![Vec::new()];
    // Blocks that are still open: their count and the steps around them.
    let mut open: Vec<(Option<usize>, Vec<Step>)> = Vec::new();
    let mut steps = Vec::new();
    for (number, text) in script.lines().enumerate() {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let bad = || -> ! { panic!("line {} of the script: {text:?}", number + 1) };
        let count = || rest.parse::<usize>().unwrap_or_else(|_| bad());
        let step = match word {
            "CONNECTION" => {
                if !steps.is_empty() || parts.len() > 1 {
                    *parts.last_mut().unwrap() = std::mem::take(&mut steps);
                    parts.push(Vec::new());
                }
                continue;
            }
            "REPEAT" => {
                let count = if rest == "*" { None } else { Some(count()) };
                open.push((count, std::mem::take(&mut steps)));
                continue;
            }
            "END" => {
                let (count, around) = open.pop().unwrap_or_else(|| bad());
                let block = std::mem::replace(&mut steps, around);
                Step::Repeat(count, block)
            }
            "RAW" => Step::Raw,
            "EXPECT" => Step::Expect(rest.split(' ').map(str::to_owned).collect()),
            "READ" => Step::Read(count()),
            "SEND" => Step::Send(bytes(rest)),
            "SPLIT" => Step::Split(count()),
            "DRIP" => {
                let (millis, what) = rest.split_once(' ').unwrap_or_else(|| bad());
                Step::Drip(Duration::from_millis(millis.parse().unwrap_or_else(|_| bad())), bytes(what))
            }
            "WAIT" => Step::Wait(rest.to_owned()),
            "OBEY" if rest.is_empty() => Step::Obey(Vec::new()),
            "OBEY" => Step::Obey(rest.split(' ').map(str::to_owned).collect()),
            "MIRROR" => Step::Mirror,
            "NOTE" => Step::Note(rest.to_owned()),
            "HANG" => Step::Hang,
            "STALL" => Step::Stall,
            "CLOSE" => Step::Close,
            "RESET" => Step::Reset,
            _ => bad(),
        };
        steps.push(step);
    }
    *parts.last_mut().unwrap() = steps;
    parts
}

/// A pattern's `*` stands for any one argument, `...` for all that follow.
pub(super) fn matches(pattern: &[String], args: &[Vec<u8>]) -> bool {
    match (pattern.split_first(), args.split_first()) {
        (None, None) => true,
        (Some((word, _)), _) if word == "..." => true,
        (Some((word, pattern)), Some((arg, args))) => {
            (word == "*" || unescape(word) == *arg) && matches(pattern, args)
        }
        _ => false,
    }
}

/// `text` or `text TIMES n`.
fn bytes(rest: &str) -> Vec<u8> {
    match rest.rsplit_once(" TIMES ") {
        Some((text, times)) => unescape(text).repeat(times.parse().expect("a number after TIMES")),
        None => unescape(rest),
    }
}

/// Resolves `\r`, `\n`, `\s` (a space), `\\` and `\xNN`.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        out.push(match (byte, byte == b'\\') {
            (_, false) => byte,
            _ => match rest.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b's') => b' ',
                Some(b'\\') => b'\\',
                Some(b'x') => {
                    let digits = [rest.next().expect("two digits"), rest.next().expect("two digits")];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).expect("two hex digits")
                }
                other => panic!("unknown escape {:?}", other.map(char::from)),
            },
        });
    }
    out
}
