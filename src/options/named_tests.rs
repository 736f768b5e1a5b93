use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use super::Options;
use super::named::NAMED;
use crate::error::ErrorKind;

/// Options that are different from the defaults in everything that has a name.
fn changed() -> Options {
    let mut options = Options::default();
    for (name, value) in [
        ("host", "::1"),
        ("port", "0"),
        ("unix_path", "/run/a b"),
        ("db", "4294967295"),
        ("username", "ann"),
        ("password", "s3cret"),
        ("client_name", "me"),
        ("client_no_evict", "true"),
        ("client_no_touch", "true"),
        ("client_info", "false"),
        ("lib_name", "mine"),
        ("lib_version", "7"),
        ("protocol", "2"),
        ("timeout", "1e-10"),
        ("connect_timeout", "18446744073709551615"),
        ("user_timeout", "2147483.647"),
        ("spin_us", "4294967295"),
        ("keepalive", "false"),
        ("eager_bytes", "0"),
        ("send_buffer", "2147483647"),
        ("receive_buffer", "1"),
        ("max_depth", "3"),
        ("max_line_bytes", "4"),
        ("max_bulk_bytes", "5"),
        ("max_reply_bytes", "6"),
        ("queue_commands", "18446744073709551615"),
        ("queue_bytes", "18446744073709551615"),
        ("event_bytes", "7"),
        ("event_overflow", "stop_reading"),
        ("ordered_results", "true"),
        ("key_affinity", "true"),
        ("fail_fast", "true"),
        ("retry", "none"),
    ] {
        options.set(name, value).unwrap();
    }
    options
}

#[test]
fn what_was_got_can_be_set_again_and_is_the_same() {
    let longest = Options {
        timeout: Some(Duration::MAX),
        connect_timeout: Some(Duration::from_millis(u64::MAX)),
        spin: Duration::from_nanos(1),
        username: Some(String::new()),
        client_name: Some(String::new()),
        ..Options::default()
    };
    for (is_changed, from) in [(false, Options::default()), (true, changed()), (false, longest)] {
        let mut copy = Options::default();
        for named in NAMED {
            let value = from.get(named.name).unwrap();
            assert_ne!(value.as_deref(), Some(""), "{} has a value or none", named.name);
            if is_changed && named.name != "password" {
                assert_ne!(value, Options::default().get(named.name).unwrap(), "{}", named.name);
            }
            if let Some(value) = &value {
                copy.set(named.name, value).unwrap();
            }
            assert_eq!(copy.get(named.name).unwrap(), value, "{}", named.name);
        }
    }
}

#[test]
fn nothing_stands_for_what_an_option_is_without_a_value() {
    let defaults = Options::default();
    for name in ["host", "unix_path", "username", "password", "client_name", "lib_name", "lib_version"] {
        let mut options = changed();
        options.set(name, "").unwrap();
        assert_eq!(options.get(name).unwrap(), defaults.get(name).unwrap(), "{name}");
        assert!(name != "password" || options.password.is_none());
    }
    for name in ["send_buffer", "receive_buffer", "queue_commands", "queue_bytes"] {
        let mut options = changed();
        options.set(name, "0").unwrap();
        assert_eq!(options.get(name).unwrap(), defaults.get(name).unwrap(), "{name}");
    }
    let url = "redis://h?username=&password=&client_name=&lib_name=&lib_version=&send_buffer=0&queue_bytes=0";
    let from_url = Options::from_url(url).unwrap();
    assert_eq!(format!("{from_url:?}"), format!("{:?}", Options { host: "h".into(), ..defaults }));
}

#[test]
fn a_time_is_never_rounded_down_to_no_limit() {
    for name in ["timeout", "connect_timeout", "user_timeout", "socket_timeout", "socket_connect_timeout"] {
        let mut options = Options::default();
        for (value, shown) in [
            ("1e-10", "0.000000001"),
            ("0.0000000001", "0.000000001"),
            ("1e-400", "0.000000001"),
            (".5", "0.5"),
            ("0", "0"),
            ("0.00e-5", "0"),
            ("1.5", "1.5"),
        ] {
            options.set(name, value).unwrap();
            assert_eq!(options.get(name).unwrap().unwrap(), shown, "{name}={value}");
        }
        for value in ["-1e-10", "-1e-400", "-1", "nan", "inf", "1e300", "18446744073709551616", "", "e", "1e"]
        {
            assert!(options.set(name, value).is_err(), "{name}={value}");
        }
        let url = format!("redis://h?{name}=1e-10");
        assert_eq!(Options::from_url(&url).unwrap().get(name).unwrap().unwrap(), "0.000000001");
    }
}

#[test]
fn a_path_that_is_no_text_is_taken_and_not_given_out_as_another() {
    let mut options = Options::default();
    options.set_bytes("unix_path", b"/run/\xff").unwrap();
    assert_eq!(options.unix_path.as_deref(), Some(Path::new(OsStr::from_bytes(b"/run/\xff"))));
    assert_eq!(options.get("unix_path").unwrap(), None);
    for bytes in [&b"/a\0\xff"[..], &[b'\xff'; 108]] {
        assert!(options.set_bytes("unix_path", bytes).unwrap_err().message().contains("path"));
    }
    options.set_bytes("unix_path", b"").unwrap();
    assert_eq!(options.unix_path, None);
}

#[test]
fn nothing_else_is_taken_that_is_no_text() {
    let mut options = Options::default();
    for name in NAMED.iter().map(|named| named.name).filter(|name| *name != "unix_path") {
        let error = options.set_bytes(name, b"secret\xff").unwrap_err();
        assert_eq!(error.message(), format!("{name} takes text in UTF-8"));
    }
    assert!(options.set_bytes("tiemout", b"\xff").unwrap_err().message().contains("no option"));
    options.set_bytes("password", b"a\0b").unwrap();
    assert_eq!(options.password.unwrap().expose(), "a\0b");
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
        ("tiemout", "1", ", timeout, socket_timeout, connect_timeout, socket_connect_timeout, "),
        ("socket_timeout", "soon", "socket_timeout takes seconds"),
        ("timeout", "1e300", "at most 18446744073709551615"),
        ("user_timeout", "1e300", "at most 2147483.647"),
        ("db", "4294967296", "db takes a number from 0 to 4294967295"),
        ("spin_us", "99999999999", "a number of microseconds from 0 to 4294967295"),
        ("event_bytes", "99999999999999999999", "event_bytes takes a number of bytes from 0 to 1844"),
        ("queue_commands", "18446744073709551616", "a number from 0 to 18446744073709551615"),
        ("send_buffer", "2147483648", "a number of bytes from 0 to 2147483647"),
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
    for named in NAMED {
        for value in ["s3cret word", "s3cret\0"] {
            if let Err(error) = options.set(named.name, value) {
                assert!(!error.message().contains("s3cret"), "{error}");
            }
        }
    }
    let error = options.get("tiemout").unwrap_err();
    assert!(error.message().contains("no option \"tiemout\"; there are host, port"), "{error}");
    let error = Options::from_url("redis://h?tiemout=1").unwrap_err();
    assert!(error.message().contains("in the URL; there are db, username, "), "{error}");
    assert!(error.message().contains(", timeout, socket_timeout, "), "{error}");
    assert!(!error.message().contains("tiemout"), "{error}");
}

#[test]
fn the_table_of_urls_has_each_option_once() {
    let rows = include_str!("../../docs/urls.md").lines().filter(|line| line.starts_with("| `"));
    let cells: Vec<_> = rows.filter_map(|row| row.split('|').nth(1)).collect();
    let mut listed: Vec<_> = cells.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let error = Options::from_url("redis://h?nope").unwrap_err();
    let (_, names) = error.message().split_once("there are ").unwrap();
    let (names, _) = names.split_once(" (").unwrap();
    let mut names: Vec<_> = names.split(", ").collect();
    listed.sort_unstable();
    names.sort_unstable();
    assert_eq!(listed, names);
}
