//! Options by their names, with values as text: the grammar of URLs, configuration files and other languages.

use std::ffi::{OsStr, c_int};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::str::FromStr;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{Options, Overflow, Retry, Secret};
use crate::error::{Error, Result};

/// One option.
pub(super) struct Named {
    pub(super) name: &'static str,
    takes: Takes,
    set: fn(&mut Options, &str) -> Option<()>,
    /// `None`: it has no value, or one that is not given out.
    get: fn(&Options) -> Option<String>,
}

/// What the values of an option are, for whoever gave another one.
enum Takes {
    These(&'static str),
    /// Numbers of what, and the largest.
    UpTo(&'static str, u64),
}

const TEXT: Takes = Takes::These("a text");
const SWITCH: Takes = Takes::These("true or false");
const SECONDS: Takes =
    Takes::These("seconds, with a fraction if wanted, at most 18446744073709551615, 0 for no limit");
const BYTES: Takes = Takes::UpTo("a number of bytes", usize::MAX as u64);
const SOCKET_BYTES: Takes = Takes::UpTo("a number of bytes", c_int::MAX as u64);

/// All of them; `docs/urls.md` explains each. Where to connect to stands elsewhere in a URL, see [`is_place`]. A text that is
/// empty and a number that is 0 take an option back to what it was, if it may be without a value.
pub(super) const NAMED: &[Named] = &[
    Named {
        name: "host",
        takes: Takes::These("a host name or an IP address"),
        set: |o, value| put(&mut o.host, Some(text_or(value, |defaults| defaults.host))),
        get: |o| Some(o.host.clone()),
    },
    Named {
        name: "port",
        takes: Takes::UpTo("a number", u16::MAX as u64),
        set: |o, value| put(&mut o.port, number(value)),
        get: |o| Some(o.port.to_string()),
    },
    Named {
        name: "unix_path",
        takes: Takes::These("the path of a Unix socket, or nothing for TCP"),
        set: |o, value| put(&mut o.unix_path, Some(text(value).map(Into::into))),
        // One that is not UTF-8 is no text.
        get: |o| o.unix_path.as_ref()?.to_str().map(str::to_owned),
    },
    Named {
        name: "db",
        takes: Takes::UpTo("a number", u32::MAX as u64),
        set: |o, value| put(&mut o.db, number(value)),
        get: |o| Some(o.db.to_string()),
    },
    Named {
        name: "username",
        takes: TEXT,
        set: |o, value| put(&mut o.username, Some(text(value))),
        get: |o| o.username.as_deref().and_then(text),
    },
    Named {
        name: "password",
        takes: TEXT,
        set: |o, value| put(&mut o.password, Some(text(value).map(Secret::new))),
        get: |_| None,
    },
    Named {
        name: "client_name",
        takes: TEXT,
        set: |o, value| put(&mut o.client_name, Some(text(value))),
        get: |o| o.client_name.as_deref().and_then(text),
    },
    Named {
        name: "client_no_evict",
        takes: SWITCH,
        set: |o, value| put(&mut o.client_no_evict, switch(value)),
        get: |o| Some(o.client_no_evict.to_string()),
    },
    Named {
        name: "client_no_touch",
        takes: SWITCH,
        set: |o, value| put(&mut o.client_no_touch, switch(value)),
        get: |o| Some(o.client_no_touch.to_string()),
    },
    Named {
        name: "client_info",
        takes: SWITCH,
        set: |o, value| put(&mut o.client_info, switch(value)),
        get: |o| Some(o.client_info.to_string()),
    },
    Named {
        name: "lib_name",
        takes: TEXT,
        set: |o, value| put(&mut o.lib_name, Some(text_or(value, |defaults| defaults.lib_name))),
        get: |o| Some(o.lib_name.clone()),
    },
    Named {
        name: "lib_version",
        takes: TEXT,
        set: |o, value| put(&mut o.lib_version, Some(text_or(value, |defaults| defaults.lib_version))),
        get: |o| Some(o.lib_version.clone()),
    },
    Named {
        name: "protocol",
        takes: Takes::These("2 or 3"),
        set: |o, value| put(&mut o.protocol, number(value).filter(|version| (2..=3).contains(version))),
        get: |o| Some(o.protocol.to_string()),
    },
    Named {
        name: "timeout",
        takes: SECONDS,
        set: |o, value| put(&mut o.timeout, seconds(value)),
        get: |o| Some(in_seconds(o.timeout)),
    },
    Named {
        name: "connect_timeout",
        takes: SECONDS,
        set: |o, value| put(&mut o.connect_timeout, seconds(value)),
        get: |o| Some(in_seconds(o.connect_timeout)),
    },
    Named {
        name: "user_timeout",
        takes: Takes::These(
            "seconds, with a fraction if wanted, at most 2147483.647, 0 for the system's choice",
        ),
        set: |o, value| put(&mut o.tcp_user_timeout, seconds(value)),
        get: |o| Some(in_seconds(o.tcp_user_timeout)),
    },
    Named {
        name: "spin_us",
        takes: Takes::UpTo("a number of microseconds", u32::MAX as u64),
        set: |o, value| {
            put(&mut o.spin, number::<u32>(value).map(|micros| Duration::from_micros(micros.into())))
        },
        get: |o| Some(o.spin.as_nanos().div_ceil(1000).to_string()),
    },
    Named {
        name: "keepalive",
        takes: SWITCH,
        set: |o, value| put(&mut o.tcp_keepalive, switch(value)),
        get: |o| Some(o.tcp_keepalive.to_string()),
    },
    Named {
        name: "eager_bytes",
        takes: BYTES,
        set: |o, value| put(&mut o.eager_bytes, number(value)),
        get: |o| Some(o.eager_bytes.to_string()),
    },
    Named {
        name: "send_buffer",
        takes: SOCKET_BYTES,
        set: |o, value| put(&mut o.send_buffer, socket_bytes(value)),
        get: |o| o.send_buffer.map(|bytes| bytes.to_string()),
    },
    Named {
        name: "receive_buffer",
        takes: SOCKET_BYTES,
        set: |o, value| put(&mut o.receive_buffer, socket_bytes(value)),
        get: |o| o.receive_buffer.map(|bytes| bytes.to_string()),
    },
    Named {
        name: "max_depth",
        takes: Takes::UpTo("a number", usize::MAX as u64),
        set: |o, value| put(&mut o.limits.depth, number(value)),
        get: |o| Some(o.limits.depth.to_string()),
    },
    Named {
        name: "max_line_bytes",
        takes: BYTES,
        set: |o, value| put(&mut o.limits.line, number(value)),
        get: |o| Some(o.limits.line.to_string()),
    },
    Named {
        name: "max_bulk_bytes",
        takes: BYTES,
        set: |o, value| put(&mut o.limits.bulk, number(value)),
        get: |o| Some(o.limits.bulk.to_string()),
    },
    Named {
        name: "max_reply_bytes",
        takes: BYTES,
        set: |o, value| put(&mut o.limits.total, number(value)),
        get: |o| Some(o.limits.total.to_string()),
    },
    Named {
        name: "queue_commands",
        takes: Takes::UpTo("a number", u64::MAX),
        set: |o, value| put(&mut o.queue.commands, number(value).map(unless_zero)),
        get: |o| o.queue.commands.map(|commands| commands.to_string()),
    },
    Named {
        name: "queue_bytes",
        takes: Takes::UpTo("a number of bytes", u64::MAX),
        set: |o, value| put(&mut o.queue.bytes, number(value).map(queue_bytes)),
        get: |o| Some(o.queue.bytes.to_string()),
    },
    Named {
        name: "event_bytes",
        takes: BYTES,
        set: |o, value| put(&mut o.events.bytes, number(value)),
        get: |o| Some(o.events.bytes.to_string()),
    },
    Named {
        name: "event_overflow",
        takes: Takes::These("drop_oldest or stop_reading"),
        set: |o, value| put(&mut o.events.overflow, one_of(value, OVERFLOWS)),
        get: |o| Some(name_of(o.events.overflow, OVERFLOWS)),
    },
    Named {
        name: "ordered_results",
        takes: SWITCH,
        set: |o, value| put(&mut o.ordered_results, switch(value)),
        get: |o| Some(o.ordered_results.to_string()),
    },
    Named {
        name: "key_affinity",
        takes: SWITCH,
        set: |o, value| put(&mut o.key_affinity, switch(value)),
        get: |o| Some(o.key_affinity.to_string()),
    },
    Named {
        name: "fail_fast",
        takes: SWITCH,
        set: |o, value| put(&mut o.fail_fast, switch(value)),
        get: |o| Some(o.fail_fast.to_string()),
    },
    Named {
        name: "retry",
        takes: Takes::These("none or reads"),
        set: |o, value| put(&mut o.retry, one_of(value, RETRIES)),
        get: |o| Some(name_of(o.retry, RETRIES)),
    },
];

/// As others call them.
const ALIASES: &[(&str, &str)] =
    &[("socket_timeout", "timeout"), ("socket_connect_timeout", "connect_timeout")];

const OVERFLOWS: &[(&str, Overflow)] =
    &[("drop_oldest", Overflow::DropOldest), ("stop_reading", Overflow::StopReading)];
const RETRIES: &[(&str, Retry)] = &[("none", Retry::None), ("reads", Retry::Reads)];

impl Options {
    /// Sets an option by its name, with its value as text: the options of a URL, see `docs/urls.md`, and `host`, `port` and
    /// `unix_path`.
    ///
    /// # Errors
    /// `Argument` for an unknown name or a value that does not fit; the text says what would. Nothing was set then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        self.set_bytes(name, value.as_bytes())
    }

    /// As [`set`](Self::set), for callers that have no text of Rust's kind: a path, and nothing else, need not be UTF-8.
    ///
    /// # Errors
    /// As of [`set`](Self::set).
    pub(crate) fn set_bytes(&mut self, name: &str, value: &[u8]) -> Result<()> {
        let found = find(name).ok_or_else(|| unknown(name))?;
        let mut changed = self.clone();
        match std::str::from_utf8(value) {
            Ok(text) => found.assign(&mut changed, text)?,
            Err(_) if found.named.name == "unix_path" => {
                changed.unix_path = Some(OsStr::from_bytes(value).into());
            }
            Err(_) => return Err(Error::argument(format!("{} takes text in UTF-8", found.called))),
        }
        changed.check()?;
        *self = changed;
        Ok(())
    }

    /// The value of an option as text, as [`set`](Self::set) takes it; `None` where it has none, and of a password always.
    ///
    /// # Errors
    /// `Argument` for an unknown name; the text says which there are.
    pub fn get(&self, name: &str) -> Result<Option<String>> {
        let found = find(name).ok_or_else(|| unknown(name))?;
        Ok((found.named.get)(self))
    }
}

/// Sets an option of a URL. What is wrong is not repeated, not even the name: it may be a piece of a password with an unescaped
/// & in it.
pub(crate) fn set_from_url(options: &mut Options, name: &str, value: &Zeroizing<String>) -> Result<()> {
    let found = find(name).filter(|found| !is_place(found.named.name)).ok_or_else(|| {
        let names = names(|name| !is_place(name));
        Error::argument(format!(
            "an unknown option in the URL; there are {names} (an & in a value is written %26)"
        ))
    })?;
    found.assign(options, value)
}

/// An option, and the name by which it was asked for.
struct Found {
    named: &'static Named,
    called: &'static str,
}

impl Found {
    fn assign(&self, options: &mut Options, value: &str) -> Result<()> {
        (self.named.set)(options, value)
            .ok_or_else(|| Error::argument(format!("{} takes {}", self.called, self.named.takes)))
    }
}

fn find(name: &str) -> Option<Found> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let own = alias.map_or(name, |(_, own)| own);
    let named = NAMED.iter().find(|named| named.name == own)?;
    Some(Found { named, called: alias.map_or(named.name, |(alias, _)| alias) })
}

fn unknown(name: &str) -> Error {
    Error::argument(format!("there is no option {name:?}; there are {}", names(|_| true)))
}

/// The names of those that are `wanted`, each followed by its other ones.
fn names(wanted: impl Fn(&str) -> bool) -> String {
    let mut names = Vec::new();
    for named in NAMED.iter().filter(|named| wanted(named.name)) {
        names.push(named.name);
        names.extend(ALIASES.iter().filter(|(_, own)| *own == named.name).map(|(alias, _)| alias));
    }
    names.join(", ")
}

/// What stands before the options of a URL.
fn is_place(name: &str) -> bool {
    matches!(name, "host" | "port" | "unix_path")
}

impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::These(values) => f.write_str(values),
            Self::UpTo(numbers, most) => write!(f, "{numbers} from 0 to {most}"),
        }
    }
}

/// Sets an option, if there is a value for it.
fn put<T>(option: &mut T, value: Option<T>) -> Option<()> {
    *option = value?;
    Some(())
}

/// A number in digits; `parse` would accept a leading +, which is more likely a mistake.
pub(crate) fn number<T: FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// A text that may be missing: an empty one is.
fn text(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

/// A text of which an empty one stands for the default.
fn text_or(value: &str, default: impl Fn(Options) -> String) -> String {
    text(value).unwrap_or_else(|| default(Options::default()))
}

/// A number or a time that may be missing: 0 is.
pub(crate) fn unless_zero<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

/// 0 stands for the default.
pub(crate) fn queue_bytes(bytes: u64) -> u64 {
    unless_zero(bytes).unwrap_or_else(|| Options::default().queue.bytes)
}

fn socket_bytes(text: &str) -> Option<Option<usize>> {
    let bytes: c_int = number(text)?;
    Some(unless_zero(usize::try_from(bytes).ok()?))
}

/// What is longer than nothing and shorter than any time that we know is rounded up, because 0 would be no limit at all.
fn seconds(text: &str) -> Option<Option<Duration>> {
    if let Some(whole) = number(text) {
        return Some(unless_zero(Duration::from_secs(whole)));
    }
    let duration = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    let mut digits = text.bytes().take_while(|byte| !matches!(byte, b'e' | b'E'));
    if !duration.is_zero() || !digits.any(|byte| matches!(byte, b'1'..=b'9')) {
        return Some(unless_zero(duration));
    }
    (!text.starts_with('-')).then_some(Some(Duration::from_nanos(1)))
}

fn in_seconds(duration: Option<Duration>) -> String {
    /// From here on a double has no fraction, and soon not every whole number.
    const EXACT: u64 = 1 << 53;
    let duration = duration.unwrap_or_default();
    if duration.as_secs() < EXACT {
        duration.as_secs_f64().to_string()
    } else {
        duration.as_secs().to_string()
    }
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn one_of<T: Copy>(text: &str, names: &[(&str, T)]) -> Option<T> {
    names.iter().find(|(name, _)| *name == text).map(|&(_, value)| value)
}

fn name_of<T: PartialEq>(value: T, names: &[(&str, T)]) -> String {
    let found = names.iter().find(|(_, named)| *named == value);
    found.map_or_else(String::new, |(name, _)| (*name).to_owned())
}
