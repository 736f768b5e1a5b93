//! What a call came to, in words, so that the table can say what it expects and a failure what there was.

use std::fmt::Write as _;

use oxipipe::{Error, Kind, Outcome, Value};

use super::driver::End;

/// * a reply: `text`, `7`, `null`, `[a, 1, null]`, `!WRONGTYPE and so on` for an error;
/// * a failure: its kind and outcome, and for more than one command how many are replied, unknown and not applied:
///   `Timeout UNKNOWN`, `Disconnected UNKNOWN 1/2/0`.
pub(crate) fn describe(end: &End) -> String {
    match end {
        End::Reply(reply, _) => {
            let mut text = String::new();
            value(reply.root(), &mut text);
            text
        }
        End::Failed(error) => failure(error),
        End::Never => "never ended".to_owned(),
        End::Panicked => "panicked".to_owned(),
    }
}

/// Whether the words say what was wanted: alternatives stand between ` | `, and `*` at the end stands for any more.
pub(crate) fn is_as(words: &str, wanted: &str) -> bool {
    wanted.split(" | ").any(|wanted| match wanted.strip_suffix('*') {
        Some(beginning) => words.starts_with(beginning),
        None => words == wanted,
    })
}

fn failure(error: &Error) -> String {
    let mut words = format!("{:?} {}", error.kind(), error.outcome().map_or("-", Outcome::name));
    if let Some(progress) = error.progress() {
        let (replied, unknown, not_applied) = (progress.replied, progress.unknown, progress.not_applied);
        if [replied, unknown, not_applied].iter().try_fold(0, |sum: u64, &n| sum.checked_add(n)) != Some(1) {
            write!(words, " {replied}/{unknown}/{not_applied}").unwrap();
        }
    }
    words
}

fn value(value: Value<'_>, out: &mut String) {
    match value.kind() {
        Kind::Null => out.push_str("null"),
        Kind::Error => {
            write!(out, "!{}", String::from_utf8_lossy(value.error().unwrap_or_default())).unwrap();
        }
        Kind::Integer => write!(out, "{}", value.as_int().unwrap()).unwrap(),
        Kind::Array | Kind::Set | Kind::Push | Kind::Map => {
            out.push_str(match value.kind() {
                Kind::Push => ">[",
                Kind::Map => "%[",
                _ => "[",
            });
            for (index, child) in value.children().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                self::value(child, out);
            }
            out.push(']');
        }
        _ => match value.bytes() {
            Some(bytes) if bytes.len() > 200 => write!(out, "{} bytes", bytes.len()).unwrap(),
            Some(bytes) => out.push_str(&String::from_utf8_lossy(bytes)),
            None => write!(out, "{value:?}").unwrap(),
        },
    }
}
