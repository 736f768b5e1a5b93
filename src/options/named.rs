//! Options by their names, with values as text: the grammar of URLs, configuration files and other languages.

use std::str::FromStr;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{Options, Overflow, Retry, Secret};
use crate::error::{Error, Result};

/// One option.
struct Named {
    name: &'static str,
    /// What its values are, for whoever gave another one.
    takes: &'static str,
    set: fn(&mut Options, &str) -> Option<()>,
    /// `None`: it has no value, or one that is not given out.
    get: fn(&Options) -> Option<String>,
}

const NUMBER: &str = "a number";
const TEXT: &str = "a text";
const BYTES: &str = "a number of bytes";
const SECONDS: &str = "seconds, with a fraction if wanted, 0 for no limit";
const SWITCH: &str = "true or false";

/// All of them; `docs/urls.md` explains each. Where to connect to stands elsewhere in a URL, see [`is_place`].
const NAMED: &[Named] = &[
    Named {
        name: "host",
        takes: "a host name or an IP address",
        set: |o, value| put(&mut o.host, Some(value.into())),
        get: |o| Some(o.host.clone()),
    },
    Named {
        name: "port",
        takes: "a number from 0 to 65535",
        set: |o, value| put(&mut o.port, number(value)),
        get: |o| Some(o.port.to_string()),
    },
    Named {
        name: "unix_path",
        takes: "the path of a Unix socket, or nothing for TCP",
        set: |o, value| put(&mut o.unix_path, Some((!value.is_empty()).then(|| value.into()))),
        get: |o| o.unix_path.as_ref().map(|path| path.display().to_string()),
    },
    Named {
        name: "db",
        takes: NUMBER,
        set: |o, value| put(&mut o.db, number(value)),
        get: |o| Some(o.db.to_string()),
    },
    Named {
        name: "username",
        takes: TEXT,
        set: |o, value| put(&mut o.username, Some(Some(value.into()))),
        get: |o| o.username.clone(),
    },
    Named {
        name: "password",
        takes: TEXT,
        set: |o, value| put(&mut o.password, Some(Some(Secret::new(value)))),
        get: |_| None,
    },
    Named {
        name: "client_name",
        takes: TEXT,
        set: |o, value| put(&mut o.client_name, Some(Some(value.into()))),
        get: |o| o.client_name.clone(),
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
        set: |o, value| put(&mut o.lib_name, Some(value.into())),
        get: |o| Some(o.lib_name.clone()),
    },
    Named {
        name: "lib_version",
        takes: TEXT,
        set: |o, value| put(&mut o.lib_version, Some(value.into())),
        get: |o| Some(o.lib_version.clone()),
    },
    Named {
        name: "protocol",
        takes: "2 or 3",
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
        takes: SECONDS,
        set: |o, value| put(&mut o.tcp_user_timeout, seconds(value)),
        get: |o| Some(in_seconds(o.tcp_user_timeout)),
    },
    Named {
        name: "spin_us",
        takes: "a number of microseconds",
        set: |o, value| {
            put(&mut o.spin, number::<u32>(value).map(|micros| Duration::from_micros(micros.into())))
        },
        get: |o| Some(o.spin.as_micros().to_string()),
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
        takes: BYTES,
        set: |o, value| put(&mut o.send_buffer, number(value).map(Some)),
        get: |o| o.send_buffer.map(|bytes| bytes.to_string()),
    },
    Named {
        name: "receive_buffer",
        takes: BYTES,
        set: |o, value| put(&mut o.receive_buffer, number(value).map(Some)),
        get: |o| o.receive_buffer.map(|bytes| bytes.to_string()),
    },
    Named {
        name: "max_depth",
        takes: NUMBER,
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
        takes: "a number",
        set: |o, value| put(&mut o.queue.commands, number(value).map(Some)),
        get: |o| o.queue.commands.map(|commands| commands.to_string()),
    },
    Named {
        name: "queue_bytes",
        takes: BYTES,
        set: |o, value| put(&mut o.queue.bytes, number(value)),
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
        takes: "drop_oldest or stop_reading",
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
        takes: "none or reads",
        set: |o, value| put(&mut o.retry, one_of(value, RETRIES)),
        get: |o| Some(name_of(o.retry, RETRIES)),
    },
];

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
        let named = find(name).ok_or_else(|| {
            let names: Vec<_> = NAMED.iter().map(|named| named.name).collect();
            Error::argument(format!("there is no option {name:?}; there are {}", names.join(", ")))
        })?;
        let mut changed = self.clone();
        assign(&mut changed, named, value)?;
        changed.check()?;
        *self = changed;
        Ok(())
    }

    /// The value of an option as text, as [`set`](Self::set) takes it; `None` where it has none, and of a password always.
    ///
    /// # Errors
    /// `Argument` for an unknown name.
    pub fn get(&self, name: &str) -> Result<Option<String>> {
        find(name)
            .map(|named| (named.get)(self))
            .ok_or_else(|| Error::argument(format!("there is no option {name:?}")))
    }
}

/// Sets an option of a URL. What is wrong is not repeated, not even the name: it may be a piece of a password with an unescaped
/// & in it.
pub(crate) fn set_from_url(options: &mut Options, name: &str, value: &Zeroizing<String>) -> Result<()> {
    let named = find(name).filter(|named| !is_place(named.name)).ok_or_else(|| {
        Error::argument(
            "an unknown option in the URL; docs/urls.md has the list (an & in a value is written %26)",
        )
    })?;
    assign(options, named, value)
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

fn assign(options: &mut Options, named: &Named, value: &str) -> Result<()> {
    (named.set)(options, value)
        .ok_or_else(|| Error::argument(format!("{} takes {}", named.name, named.takes)))
}

fn find(name: &str) -> Option<&'static Named> {
    let name = match name {
        // As others call them.
        "socket_timeout" => "timeout",
        "socket_connect_timeout" => "connect_timeout",
        name => name,
    };
    NAMED.iter().find(|named| named.name == name)
}

/// What stands before the options of a URL.
fn is_place(name: &str) -> bool {
    matches!(name, "host" | "port" | "unix_path")
}

fn seconds(text: &str) -> Option<Option<Duration>> {
    let duration = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    Some((!duration.is_zero()).then_some(duration))
}

fn in_seconds(duration: Option<Duration>) -> String {
    duration.unwrap_or_default().as_secs_f64().to_string()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn what_was_got_can_be_set_again_and_is_the_same() {
        let (defaults, mut copy) = (Options::default(), Options::default());
        for named in NAMED {
            let value = defaults.get(named.name).unwrap();
            if let Some(value) = &value {
                copy.set(named.name, value).unwrap();
            }
            assert_eq!(copy.get(named.name).unwrap(), value, "{}", named.name);
        }
        assert_eq!(format!("{copy:?}"), format!("{defaults:?}"));
    }

    #[test]
    fn a_value_is_given_back_as_it_was_set() {
        let mut options = Options::default();
        for (name, value) in [
            ("host", "example.org"),
            ("port", "7000"),
            ("unix_path", "/run/redis.sock"),
            ("username", "ann"),
            ("timeout", "1.5"),
            ("connect_timeout", "0"),
            ("spin_us", "7"),
            ("retry", "none"),
            ("event_overflow", "stop_reading"),
            ("queue_commands", "12"),
            ("receive_buffer", "65536"),
        ] {
            options.set(name, value).unwrap();
            assert_eq!(options.get(name).unwrap().as_deref(), Some(value), "{name}");
        }
        options.set("password", "s3cret").unwrap();
        assert_eq!(options.get("password").unwrap(), None);
        assert_eq!(options.password.as_ref().unwrap().expose(), "s3cret");
        options.set("socket_timeout", "2").unwrap();
        assert_eq!(options.timeout, Some(Duration::from_secs(2)));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_would() {
        let mut options = Options::default();
        for (name, value, words) in [
            ("tiemout", "1", "no option \"tiemout\"; there are host, port"),
            ("timeout", "soon", "timeout takes seconds"),
            ("timeout", "-1", "timeout takes seconds"),
            ("port", "+1", "port takes a number from 0 to 65535"),
            ("port", "70000", "port takes a number from 0 to 65535"),
            ("keepalive", "maybe", "keepalive takes true or false"),
            ("retry", "always", "retry takes none or reads"),
            ("protocol", "4", "protocol takes 2 or 3"),
            ("client_name", "two words", "client name"),
            ("user_timeout", "2147484", "user_timeout is less than"),
        ] {
            let error = options.set(name, value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Argument, "{name}");
            assert!(error.message().contains(words), "{error}");
        }
        assert_eq!(format!("{options:?}"), format!("{:?}", Options::default()));
        assert!(options.get("tiemout").is_err());
    }
}
