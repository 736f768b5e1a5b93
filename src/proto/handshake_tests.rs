use super::*;
use crate::resp::{Limits, Parsed, Parser, ReplyBuilder};

fn replies(wire: &str) -> Reply {
    let mut parser = Parser::new(Limits::default());
    let mut builder = ReplyBuilder::with_root_array();
    let (mut pos, mut nodes) = (0, Vec::new());
    while let Parsed::Reply = parser.parse(wire.as_bytes(), &mut pos, &mut nodes).unwrap() {
        builder.append(&nodes, wire.as_bytes());
        nodes.clear();
    }
    builder.finish()
}

fn lines(options: &Options, handshake: &Handshake) -> Vec<String> {
    let text =
        |args: &Vec<&[u8]>| args.iter().map(|arg| String::from_utf8_lossy(arg)).collect::<Vec<_>>().join(" ");
    handshake.commands(options).iter().map(text).collect()
}

fn options() -> Options {
    Options { lib_version: "9.9".into(), ..Options::default() }
}

#[test]
fn everything_goes_out_at_once_and_refused_names_do_not_matter() {
    let options = Options {
        username: Some("ann".into()),
        password: Some(Secret::new("pw")),
        db: 7,
        client_name: Some("me".into()),
        ..options()
    };
    let mut handshake = Handshake::new(&options);
    assert_eq!(
        lines(&options, &handshake),
        [
            "HELLO 3 AUTH ann pw",
            "SELECT 7",
            "CLIENT SETNAME me",
            "CLIENT SETINFO LIB-NAME oxipipe",
            "CLIENT SETINFO LIB-VER 9.9"
        ]
    );
    let all = replies(
        "%1\r\n+proto\r\n:3\r\n+OK\r\n-NOPERM no\r\n-ERR unknown subcommand\r\n-ERR unknown subcommand\r\n",
    );
    assert!(matches!(handshake.judge(&options, &all), Ok(Step::Done)));
}

#[test]
fn an_old_server_is_greeted_without_hello() {
    let options = Options { password: Some(Secret::new("pw")), db: 1, ..options() };
    let mut handshake = Handshake::new(&options);
    assert_eq!(lines(&options, &handshake)[0], "HELLO 3 AUTH default pw");
    let old = replies("-ERR unknown command `HELLO`, with args\r\n-NOAUTH x\r\n-NOAUTH x\r\n-NOAUTH x\r\n");
    assert!(matches!(handshake.judge(&options, &old), Ok(Step::Again)));
    assert_eq!(lines(&options, &handshake)[..2], ["AUTH pw", "SELECT 1"]);
    assert!(matches!(handshake.judge(&options, &replies("+OK\r\n+OK\r\n-ERR\r\n-ERR\r\n")), Ok(Step::Done)));
}

#[test]
fn a_user_who_may_not_say_hello_still_gets_in() {
    let options = options();
    let mut handshake = Handshake::new(&options);
    let refused =
        replies("-NOPERM this user has no permissions to run the 'hello' command\r\n+OK\r\n+OK\r\n");
    assert!(matches!(handshake.judge(&options, &refused), Ok(Step::Again)));
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
        let options = options();
        let error = Handshake::new(&options).judge(&options, &replies(wire)).err().unwrap();
        assert_eq!(error.kind(), kind, "{wire}");
        assert_eq!(error.outcome(), Some(crate::Outcome::NotApplied));
    }
}

#[test]
fn an_unknown_database_is_an_error() {
    let options = Options { db: 99, protocol: 2, ..options() };
    let mut handshake = Handshake::new(&options);
    assert_eq!(lines(&options, &handshake)[0], "SELECT 99");
    let error =
        handshake.judge(&options, &replies("-ERR DB index is out of range\r\n+OK\r\n+OK\r\n")).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Handshake);
    assert_eq!(error.message(), "ERR DB index is out of range");
}

#[test]
fn control_characters_of_the_peer_do_not_reach_messages() {
    assert_eq!(sanitised(b"ERR a\x1b[31mb\tc"), "ERR a\\u{1b}[31mb\\tc");
    assert_eq!(sanitised(&[b'x'; 9999]).len(), 512);
}
