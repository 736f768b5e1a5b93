use super::*;
use crate::resp::{Limits, Parsed, Parser, whole_commands};

/// Feeds the replies of one flight, one after the other.
fn hear(greeting: &mut Greeting, options: &Options, wire: &str) -> Result<Step, Error> {
    let mut parser = Parser::new(Limits::default());
    let (mut pos, mut nodes) = (0, Vec::new());
    let mut step = Ok(Step::Waits);
    while let Parsed::Reply = parser.parse(wire.as_bytes(), &mut pos, &mut nodes).unwrap() {
        step = greeting.hear(options, &nodes, wire.as_bytes(), true);
        nodes.clear();
    }
    step
}

fn judge(options: &Options, wire: &str) -> Result<Step, Error> {
    hear(&mut Greeting::new(options, false), options, wire)
}

fn lines(greeting: &Greeting) -> Vec<String> {
    let text = |args: Vec<&[u8]>| {
        args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(whole_commands(greeting.unsent(), usize::MAX), greeting.awaited);
    resp::encoded_commands(greeting.unsent()).map(text).collect()
}

fn options() -> Options {
    Options { lib_version: "9.9".into(), ..Options::default() }
}

fn disconnected() -> Error {
    Error::new(ErrorKind::Disconnected, "gone")
}

const HELLO: &str = "%2\r\n+server\r\n+valkey\r\n+proto\r\n:3\r\n";

#[test]
fn everything_goes_out_at_once_and_a_refused_library_name_does_not_matter() {
    let options = Options {
        username: Some("ann".into()),
        password: Some(Secret::new("pw")),
        db: 7,
        client_name: Some("me".into()),
        client_no_evict: true,
        client_no_touch: true,
        ..options()
    };
    let mut greeting = Greeting::new(&options, false);
    assert_eq!(
        lines(&greeting),
        [
            "HELLO 3 AUTH ann pw",
            "SELECT 7",
            "CLIENT SETNAME me",
            "CLIENT NO-EVICT ON",
            "CLIENT NO-TOUCH ON",
            "CLIENT SETINFO LIB-NAME oxipipe",
            "CLIENT SETINFO LIB-VER 9.9"
        ]
    );
    let replies = format!("{HELLO}+OK\r\n+OK\r\n+OK\r\n+OK\r\n-ERR unknown subcommand\r\n-NOPERM no\r\n");
    let Ok(Step::Done(server)) = hear(&mut greeting, &options, &replies) else { panic!("it is done") };
    assert_eq!((server.protocol, server.name.as_deref()), (3, Some("valkey")));
}

#[test]
fn what_was_asked_for_by_name_is_not_dropped_silently() {
    for options in [
        Options { client_name: Some("me".into()), ..options() },
        Options { client_no_evict: true, ..options() },
        Options { client_no_touch: true, ..options() },
    ] {
        let refusal = "-ERR Client names cannot contain spaces\r\n";
        let error = judge(&options, &format!("{HELLO}{refusal}+OK\r\n+OK\r\n")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Handshake);
        assert_eq!(error.message(), "ERR Client names cannot contain spaces");
    }
}

#[test]
fn an_old_server_is_greeted_without_hello_and_library_name() {
    let options = Options { password: Some(Secret::new("pw")), db: 1, ..options() };
    let mut greeting = Greeting::new(&options, false);
    assert_eq!(lines(&greeting)[0], "HELLO 3 AUTH default pw");
    let old = "-ERR unknown command `HELLO`, with args\r\n-NOAUTH x\r\n-NOAUTH x\r\n-NOAUTH x\r\n";
    assert_eq!(hear(&mut greeting, &options, old).unwrap(), Step::Waits);
    assert_eq!(lines(&greeting), ["AUTH pw", "SELECT 1"]);
    assert_eq!(hear(&mut greeting, &options, "+OK\r\n+OK\r\n").unwrap(), Step::Done(Server::unknown()));
}

#[test]
fn hello_may_be_refused_in_any_words() {
    for refusal in [
        "-NOPERM this user has no permissions to run the 'hello' command",
        "-unsupported command 'HELLO'",
        "-ERR unsupported command `hello`",
        "-invalid request",
        "-ERR command not allowed",
        "-ERR Proxy unsupported",
        "-NOPROTO unsupported protocol version",
    ] {
        let options = options();
        let mut greeting = Greeting::new(&options, false);
        let flight = format!("{refusal}\r\n-ERR no\r\n-ERR no\r\n");
        assert_eq!(hear(&mut greeting, &options, &flight).unwrap(), Step::Waits, "{refusal}");
        assert_eq!(lines(&greeting), ["PING"]);
        for pong in ["+PONG\r\n", "-ERR no PING here\r\n"] {
            let mut greeting = Greeting::new(&options, false);
            hear(&mut greeting, &options, &flight).unwrap();
            assert_eq!(hear(&mut greeting, &options, pong).unwrap(), Step::Done(Server::unknown()));
        }
        // What follows it is judged all the same, and if the connection ends, the refusal is the reason.
        let Lost::Fail(error) = greeting.on_lost(disconnected()) else { panic!("it was plain") };
        assert!(refusal.ends_with(error.message()), "{error}");
    }
}

#[test]
fn a_server_that_hangs_up_over_hello_is_called_again_without_it() {
    let options = Options { db: 1, ..options() };
    assert!(matches!(Greeting::new(&options, false).on_lost(disconnected()), Lost::GreetPlainly));
    let plain = Greeting::new(&options, true);
    assert_eq!(lines(&plain), ["SELECT 1"]);
    let Lost::Fail(error) = plain.on_lost(disconnected()) else { panic!("once is enough") };
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    let silent = Error::new(ErrorKind::Timeout, "late");
    assert!(matches!(Greeting::new(&options, false).on_lost(silent), Lost::Fail(_)));
}

#[test]
fn refusals_are_told_apart() {
    for (wire, kind) in [
        ("-WRONGPASS invalid username-password pair\r\n+OK\r\n+OK\r\n", ErrorKind::Auth),
        (
            "-NOAUTH HELLO must be called with the client already authenticated\r\n+OK\r\n+OK\r\n",
            ErrorKind::Auth,
        ),
        ("-DENIED Redis is running in protected mode\r\n+OK\r\n+OK\r\n", ErrorKind::Handshake),
        ("-ERR max number of clients reached\r\n+OK\r\n+OK\r\n", ErrorKind::Handshake),
        (":5\r\n+OK\r\n+OK\r\n", ErrorKind::Handshake),
        ("+OK\r\n+OK\r\n+OK\r\n", ErrorKind::Handshake),
    ] {
        let error = judge(&options(), wire).unwrap_err();
        assert_eq!(error.kind(), kind, "{wire}");
        assert_eq!(error.outcome(), Some(crate::Outcome::NotApplied));
    }
}

#[test]
fn a_peer_that_echoes_is_no_server_in_any_protocol() {
    for options in [
        options(),
        Options { protocol: 2, ..options() },
        Options { protocol: 2, client_info: false, ..options() },
        Options { protocol: 2, db: 1, client_info: false, ..options() },
        Options { password: Some(Secret::new("pw")), ..options() },
    ] {
        let greeting = Greeting::new(&options, false);
        let echo = String::from_utf8(greeting.unsent().to_vec()).unwrap();
        assert_eq!(judge(&options, &echo).unwrap_err().kind(), ErrorKind::Handshake);
    }
}

#[test]
fn an_unknown_database_is_an_error() {
    let options = Options { db: 99, protocol: 2, ..options() };
    assert_eq!(lines(&Greeting::new(&options, false))[0], "SELECT 99");
    let error = judge(&options, "-ERR DB index is out of range\r\n+OK\r\n+OK\r\n").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Handshake);
    assert_eq!(error.message(), "ERR DB index is out of range");
}

#[test]
fn control_characters_of_the_peer_do_not_reach_messages() {
    assert_eq!(sanitised(b"ERR a\x1b[31mb\tc"), "ERR a\\u{1b}[31mb\\tc");
    assert_eq!(sanitised(&[b'x'; 9999]).len(), 512);
}
