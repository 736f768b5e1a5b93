//! URLs to options and nothing else: no I/O, no name resolution.

use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};
use crate::options::{Options, Secret, number, set_from_url};

/// Parses a connection URL. Error texts name the part that is wrong but never repeat the URL, which may hold a password.
pub(crate) fn parse(url: &str) -> Result<Options> {
    let (scheme, rest) =
        url.split_once("://").ok_or_else(|| Error::argument("a URL starts with redis:// or unix://"))?;
    if rest.contains('#') {
        return Err(Error::argument(
            "a # in a URL, which has no fragment: write %23 for a # in a password or a path",
        ));
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    if query.contains('@') {
        return Err(Error::argument(
            "an @ behind the ? of a URL: write %3F for a ? in a password, %40 for an @",
        ));
    }
    let mut options = Options::default();
    let scheme = scheme.to_ascii_lowercase();
    match scheme.as_str() {
        "redis" | "valkey" => parse_tcp(&mut options, rest)?,
        "unix" | "redis+unix" | "valkey+unix" => parse_unix(&mut options, rest)?,
        "rediss" | "valkeys" => return Err(Error::argument("TLS (rediss://) is not part of this version")),
        "redis+cluster" | "rediss+cluster" | "valkey+cluster" | "valkeys+cluster" | "redis+sentinel"
        | "valkey+sentinel" => {
            return Err(Error::argument(format!("{scheme}:// is not part of this version")));
        }
        _ => return Err(Error::argument("unknown URL scheme: use redis://, valkey:// or unix://")),
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        set_from_url(&mut options, name, &decode(value)?)?;
    }
    options.check()?;
    Ok(options)
}

fn parse_tcp(options: &mut Options, rest: &str) -> Result<()> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if path.contains('@') {
        return Err(Error::argument(
            "an @ behind the / of a URL: write %2F for a / in a password, %40 for an @",
        ));
    }
    let host_port = parse_credentials(options, authority)?;
    let (host, port) = if let Some(v6) = host_port.strip_prefix('[') {
        let (host, after) =
            v6.split_once(']').ok_or_else(|| Error::argument("an IPv6 address in a URL ends with ]"))?;
        if host.is_empty() {
            return Err(Error::argument("the address between [ and ] in a URL is empty"));
        }
        (host, after.strip_prefix(':'))
    } else {
        match host_port.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (host_port, None),
        }
    };
    if !host.is_empty() {
        options.host = take(decode(host)?);
    }
    if let Some(port) = port.filter(|port| !port.is_empty()) {
        options.port = number(port).ok_or_else(|| Error::argument("the port is a number from 0 to 65535"))?;
    }
    if !path.is_empty() {
        options.db = number(path)
            .ok_or_else(|| Error::argument("the database after / is a number from 0 to 4294967295"))?;
    }
    Ok(())
}

fn parse_unix(options: &mut Options, rest: &str) -> Result<()> {
    // A path starts with /, so whatever stands before the first one are credentials.
    let slash = rest.find('/').ok_or_else(|| Error::argument("unix:// needs an absolute path"))?;
    let host = parse_credentials(options, &rest[..slash])?;
    if !host.is_empty() {
        return Err(Error::argument("unix:// takes no host: write unix:///path"));
    }
    options.unix_path = Some(take(decode(&rest[slash..])?).into());
    Ok(())
}

/// Takes `user:password@` off the front and returns what follows.
fn parse_credentials<'a>(options: &mut Options, authority: &'a str) -> Result<&'a str> {
    let Some((credentials, host)) = authority.rsplit_once('@') else { return Ok(authority) };
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    if !user.is_empty() {
        options.username = Some(take(decode(user)?));
    }
    if !password.is_empty() {
        options.password = Some(Secret::new(take(decode(password)?)));
    }
    Ok(host)
}

/// Undoes %XX. Any part of a URL may turn out to be a password, or a piece of one: what is not used is erased.
fn decode(text: &str) -> Result<Zeroizing<String>> {
    // Never grows, which would leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(Error::argument("a % in a URL is followed by two hexadecimal digits"));
        };
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
        error.into_bytes().zeroize();
        Error::argument("a URL holds bytes that are not UTF-8")
    })
}

/// The text itself, for who keeps it: no copy is left to be erased.
fn take(mut text: Zeroizing<String>) -> String {
    std::mem::take(&mut text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::ErrorKind;
    use crate::options::Retry;

    #[test]
    fn a_full_tcp_url() {
        let options =
            parse("redis://ann:p%40ss@example.org:7000/5?timeout=1.5&spin_us=0&retry=none").unwrap();
        assert_eq!(options.host, "example.org");
        assert_eq!((options.port, options.db), (7000, 5));
        assert_eq!(options.username.as_deref(), Some("ann"));
        assert_eq!(options.password.unwrap().expose(), "p@ss");
        assert_eq!(options.timeout, Some(Duration::from_millis(1500)));
        assert!(options.spin.is_zero());
        assert_eq!(options.retry, Retry::None);
    }

    #[test]
    fn defaults_fill_what_a_url_leaves_out() {
        let options = parse("valkey://").unwrap();
        assert_eq!((options.host.as_str(), options.port, options.db), ("localhost", 6379, 0));
        for url in ["redis://:6379", "REDIS://", "Valkey://:secret@/"] {
            assert_eq!(parse(url).unwrap().address(), "localhost:6379");
        }
        assert_eq!(parse("UNIX:///s").unwrap().unix_path.unwrap().to_str(), Some("/s"));
        assert_eq!(parse("redis://:secret@host").unwrap().password.unwrap().expose(), "secret");
        assert_eq!(parse("redis://h?timeout=0").unwrap().timeout, None);
    }

    #[test]
    fn what_is_set_on_connections_is_an_option() {
        let defaults = parse("redis://h").unwrap();
        assert_eq!(
            (defaults.client_no_evict, defaults.client_no_touch, defaults.client_info),
            (false, false, true)
        );
        let options =
            parse("redis://h?client_name=me&client_no_evict=yes&client_no_touch=1&client_info=false")
                .unwrap();
        assert_eq!(options.client_name.as_deref(), Some("me"));
        assert_eq!(
            (options.client_no_evict, options.client_no_touch, options.client_info),
            (true, true, false)
        );
        let named = parse("redis://h?lib_name=l%28x%29&lib_version=1+x").unwrap();
        assert_eq!((named.lib_name.as_str(), named.lib_version.as_str()), ("l(x)", "1+x"));
    }

    #[test]
    fn a_server_that_is_away_may_fail_commands_at_once() {
        assert!(!parse("redis://h").unwrap().fail_fast);
        assert!(parse("redis://h?fail_fast=true").unwrap().fail_fast);
        assert!(!parse("redis://h?fail_fast=0").unwrap().fail_fast);
    }

    #[test]
    fn ipv6_and_unix() {
        let options = parse("redis://[::1]:7001/1").unwrap();
        assert_eq!((options.host.as_str(), options.port), ("::1", 7001));
        assert_eq!(options.address(), "[::1]:7001");
        let options = parse("unix://u:p@/run/re%20dis.sock?db=3").unwrap();
        assert_eq!(options.unix_path.unwrap().to_str(), Some("/run/re dis.sock"));
        assert_eq!((options.db, options.username.as_deref()), (3, Some("u")));
    }

    #[test]
    fn what_a_password_must_not_hold_as_it_is_is_not_taken_for_a_bad_port() {
        for (url, right) in [
            ("redis://h:6379#frag", "%23"),
            ("redis://h:6379/0#frag", "%23"),
            ("redis://h:6379?protocol=3#frag", "%23"),
            ("redis://:pass#word@h", "%23"),
            ("redis://:pass#word?@h", "%23"),
            ("unix:///run/redis#1", "%23"),
            ("redis://:pass/word@h", "%2F"),
            ("redis://:pass?word@h", "%3F"),
        ] {
            let text = parse(url).unwrap_err().to_string();
            assert!(text.contains(right) && !text.contains("port is"), "{url}: {text}");
        }
        assert_eq!(parse("redis://:pass%23word@h").unwrap().password.unwrap().expose(), "pass#word");
    }

    #[test]
    fn bad_urls_are_argument_errors_that_do_not_repeat_the_password() {
        for url in [
            "",
            "localhost",
            "http://h",
            "rediss://h",
            "redis+cluster://h",
            "redis://h:port",
            "redis://h:70000",
            "redis://:s3cret@h/x",
            "redis://:s3cret@h/4294967296",
            "redis://:s3cret@h?nope=1",
            "redis://h?timeout=-1",
            "redis://h?timeout=nan",
            "redis://h?protocol=4",
            "redis://[::1",
            "redis://[]:6379",
            "REDISS://h",
            "redis://h?keepalive=maybe",
            "redis://h?client_info=",
            "redis://h?fail_fast=soon",
            "redis://%zz",
            "unix://sock",
            "unix://host/path",
            "redis://h/+1",
            "redis://:12?3s3cret@h:6379/0",
            "redis://:?s3cret@h",
            "redis://:s3cret#@h",
            "redis://:/s3cret@h",
            "redis://h?password=x&s3cret=1",
            "redis://h?s3cret",
            "redis://:s3cret@a%00b",
            "redis://:s3cret@h?user_timeout=2147484",
            "redis://:s3cret@h?receive_buffer=2147483648",
            "redis://:s3cret@h?client_name=two%20words",
            "redis://:s3cret@h?lib_version=1%0a0",
            "redis://s3cret%00:s3cret@h",
            "unix://:s3cret@/a%00b",
            "redis://:s3cret%ff@h",
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Argument, "{url}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
