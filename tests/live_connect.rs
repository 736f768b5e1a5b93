//! Finding a real server, being let in, and what the server knows of us.

mod support;

use oxipipe::{Client, ErrorKind, Kind, Options, Outcome, Retry, Secret};
use support::live_server::LiveServer;
use support::{LONG, assert_error, int, kernel, promptly, text};

#[track_caller]
fn ping(options: Options) {
    let client = Client::new(options);
    assert_eq!(text(&client.command(&["PING"]).unwrap()), "PONG");
}

#[test]
fn every_kind_of_address_leads_to_the_server() {
    let server = LiveServer::start();
    for host in ["localhost", "127.0.0.1", "::1"] {
        let mut options = server.tcp_options();
        options.host = host.into();
        ping(options);
    }
    ping(server.options());
}

#[test]
fn every_kind_of_url_leads_to_the_server() {
    let server = LiveServer::start();
    let (port, socket) = (server.port(), server.socket());
    let socket = socket.display();
    for url in [
        format!("redis://localhost:{port}"),
        format!("redis://127.0.0.1:{port}/"),
        format!("redis://[::1]:{port}/1"),
        format!("valkey://localhost:{port}/2?protocol=2&timeout=20&spin_us=0"),
        format!("redis://localhost:{port}?client_name=me&db=3&retry=none&eager_bytes=0"),
        format!("unix://{socket}"),
        format!("unix://{socket}?db=4&client_name=me"),
    ] {
        let client = Client::open(&url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(text(&client.command(&["PING"]).unwrap()), "PONG", "{url}");
        let info = client.command(&["CLIENT", "INFO"]).unwrap();
        let db = client.options().db;
        assert!(text(&info).contains(&format!(" db={db} ")), "{url}: {info:?}");
    }
}

#[test]
fn the_server_knows_name_database_and_protocol() {
    let server = LiveServer::start();
    let mut options = server.options();
    options.db = 5;
    options.client_name = Some("a-name".into());
    let client = Client::new(options.clone());
    let info = client.command(&["CLIENT", "INFO"]).unwrap();
    for field in ["name=a-name", "db=5", "resp=3"] {
        assert!(text(&info).split_whitespace().any(|word| word == field), "{field} in {info:?}");
    }
    assert_eq!(client.command(&["CONFIG", "GET", "port"]).unwrap().root().kind(), Kind::Map);

    options.protocol = 2;
    let client = Client::new(options);
    let info = client.command(&["CLIENT", "INFO"]).unwrap();
    assert!(text(&info).contains("resp=2"), "{info:?}");
    assert_eq!(client.command(&["CONFIG", "GET", "port"]).unwrap().root().kind(), Kind::Array);
}

#[test]
fn a_name_that_the_server_would_refuse_is_refused_before_it_is_asked() {
    let server = LiveServer::start();
    for name in ["two words", "caf\u{e9}", "line\nbreak"] {
        let mut options = server.options();
        options.client_name = Some(name.into());
        let error = Client::new(options).command(&["INCR", "n"]).unwrap_err();
        assert_error(&error, ErrorKind::Argument, Outcome::NotApplied);
    }
    assert!(server.client().command(&["GET", "n"]).unwrap().root().is_null());
}

#[test]
fn acl_users_get_in_with_their_password_only() {
    let server = LiveServer::start();
    let admin = server.client();
    admin.command(&["ACL", "SETUSER", "ann", "on", ">secret", "allkeys", "allcommands"]).unwrap();
    admin.command(&["ACL", "SETUSER", "bob", "on", "nopass", "allkeys", "+@read", "+client|info"]).unwrap();
    let as_user = |protocol, user: &str, password: Option<&str>| {
        let mut options = server.options();
        options.protocol = protocol;
        options.username = Some(user.into());
        options.password = password.map(Secret::new);
        Client::new(options)
    };
    for protocol in [2, 3] {
        let who = as_user(protocol, "ann", Some("secret")).command(&["ACL", "WHOAMI"]).unwrap();
        assert_eq!(text(&who), "ann");
        // He may not name himself or his library; his replies must stay his.
        let bob = as_user(protocol, "bob", None);
        assert!(bob.command(&["GET", "k"]).unwrap().root().is_null());
        assert!(bob.command(&["SET", "k", "v"]).unwrap().root().error().unwrap().starts_with(b"NOPERM"));

        for (user, password) in [("ann", "wrong"), ("nobody", "secret")] {
            let error = promptly(|| as_user(protocol, user, Some(password)).connect().unwrap_err());
            assert_error(&error, ErrorKind::Auth, Outcome::NotApplied);
            assert!(error.message().contains("WRONGPASS"), "{error}");
            assert!(!format!("{error:?}").contains(password), "{error:?}");
        }
    }
}

#[test]
fn a_server_with_a_password_wants_it() {
    let server = LiveServer::with(&["--requirepass", "secret"]);
    for protocol in [2, 3] {
        let mut options = server.options();
        options.protocol = protocol;
        options.password = Some(Secret::new("secret"));
        ping(options.clone());
        options.password = Some(Secret::new("wrong"));
        let error = Client::new(options.clone()).connect().unwrap_err();
        assert_error(&error, ErrorKind::Auth, Outcome::NotApplied);
    }
    let error = Client::new(server.options()).connect().unwrap_err();
    assert_error(&error, ErrorKind::Auth, Outcome::NotApplied);
    let url = format!("redis://:secret@127.0.0.1:{}/1", server.port());
    assert_eq!(text(&Client::open(&url).unwrap().command(&["PING"]).unwrap()), "PONG");
}

#[test]
fn an_unknown_database_is_refused_in_the_servers_words() {
    let server = LiveServer::start();
    for protocol in [2, 3] {
        let mut options = server.options();
        options.db = 4000;
        options.protocol = protocol;
        let error = Client::new(options).connect().unwrap_err();
        assert_error(&error, ErrorKind::Handshake, Outcome::NotApplied);
        assert!(error.message().contains("index"), "{error}");
    }
}

#[test]
fn a_first_connection_that_is_refused_fails_at_once() {
    let gone = {
        let server = LiveServer::start();
        server.options().unix_path.clone()
    };
    let mut unix = Options::default();
    unix.unix_path = gone;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let tcp = support::tcp(free);
    for (mut options, address) in [(unix, "redis.sock".to_owned()), (tcp, format!("127.0.0.1:{free}"))] {
        // With a retry it would last for the length of the deadline.
        options.timeout = Some(100 * LONG);
        let error = promptly(|| Client::new(options).command(&["PING"]).unwrap_err());
        assert_error(&error, ErrorKind::Connect, Outcome::NotApplied);
        assert!(error.os_error().is_some());
        assert!(error.address().unwrap().contains(&address), "{error:?}");
    }
}

#[test]
fn a_server_that_accepts_nobody_times_out() {
    let directory = std::env::temp_dir().join(format!("oxipipe-test-backlog-{}", std::process::id()));
    let _ = std::fs::remove_file(&directory);
    let unix = socket2::SockAddr::unix(&directory).unwrap();
    let tcp = std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into();
    for address in [unix, tcp] {
        let new = || socket2::Socket::new(address.domain(), socket2::Type::STREAM, None).unwrap();
        let listener = new();
        listener.bind(&address).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        // Whoever comes first fills the queue of those to be accepted.
        let crowd: Vec<_> = (0..3)
            .map(|_| {
                let socket = new();
                socket.set_nonblocking(true).unwrap();
                let _ = socket.connect(&address);
                socket
            })
            .collect();
        let mut options = Options::default();
        match address.as_socket() {
            Some(tcp) => (options.host, options.port) = (tcp.ip().to_string(), tcp.port()),
            None => options.unix_path = Some(directory.clone()),
        }
        options.connect_timeout = Some(std::time::Duration::from_millis(200));
        let error = promptly(|| Client::new(options).command(&["INCR", "n"]).unwrap_err());
        assert_error(&error, ErrorKind::Timeout, Outcome::NotApplied);
        assert!(error.message().contains("no connection"), "{error}");
        drop(crowd);
    }
    std::fs::remove_file(&directory).unwrap();
}

#[test]
fn a_name_without_an_address_fails_to_resolve() {
    let mut options = Options::default();
    options.host = "no-such-host.invalid".into();
    options.timeout = Some(LONG);
    options.connect_timeout = Some(LONG);
    let error = promptly(|| Client::new(options).connect().unwrap_err());
    assert_error(&error, ErrorKind::Resolve, Outcome::NotApplied);
    assert!(error.message().contains("no-such-host.invalid"), "{error}");
}

#[test]
fn a_unix_path_that_is_not_a_socket_is_a_connect_error_and_one_that_is_too_long_a_wrong_argument() {
    for (path, kind) in [("/etc/passwd".into(), ErrorKind::Connect), ("/".repeat(500), ErrorKind::Argument)] {
        let mut options = Options::default();
        options.unix_path = Some(path.into());
        let error = promptly(|| Client::new(options).connect().unwrap_err());
        assert_error(&error, kind, Outcome::NotApplied);
    }
}

#[test]
fn a_socket_that_was_removed_and_came_back_is_found_again() {
    let mut server = LiveServer::start();
    let client = server.client();
    assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 1);
    server.restart();
    assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 1);
}

#[test]
fn commands_that_would_change_a_shared_connection_are_refused_unsent() {
    let server = LiveServer::start();
    let client = server.client();
    for line in
        ["SELECT 1", "AUTH x", "HELLO 2", "RESET", "MULTI", "SUBSCRIBE c", "MONITOR", "CLIENT REPLY OFF"]
    {
        let args: Vec<_> = line.split(' ').collect();
        assert_error(&client.command(&args).unwrap_err(), ErrorKind::Refused, Outcome::NotApplied);
        let mut pipeline = client.pipeline();
        let error = pipeline.command(&args).err().expect("refused in a pipeline too");
        assert_error(&error, ErrorKind::Refused, Outcome::NotApplied);
        assert!(pipeline.is_empty());
    }
    let none: [&str; 0] = [];
    assert_error(&client.command(&none).unwrap_err(), ErrorKind::Argument, Outcome::NotApplied);
    assert_eq!(text(&client.command(&["ECHO", "token"]).unwrap()), "token");
}

#[test]
fn server_errors_are_replies() {
    let server = LiveServer::start();
    let client = server.client();
    client.command(&["SET", "s", "x"]).unwrap();
    for (line, prefix) in [
        ("LPUSH s x", "WRONGTYPE "),
        ("NOSUCHCOMMAND a b", "ERR unknown command"),
        ("GET", "ERR wrong number of arguments"),
        ("INCR s", "ERR value is not an integer"),
    ] {
        let args: Vec<_> = line.split(' ').collect();
        let reply = client.command(&args).unwrap();
        let error = String::from_utf8_lossy(reply.root().error().expect("an error reply")).into_owned();
        assert!(error.starts_with(prefix), "{line}: {error}");
    }
}

#[test]
fn a_closed_client_says_so_for_good() {
    let server = LiveServer::start();
    let client = server.client();
    let clone = client.clone();
    client.close();
    client.close();
    assert!(clone.is_closed());
    let error = clone.command(&["INCR", "n"]).unwrap_err();
    assert_error(&error, ErrorKind::Closed, Outcome::NotApplied);
    assert_error(&clone.connect().unwrap_err(), ErrorKind::Closed, Outcome::NotApplied);
    let mut pipeline = clone.pipeline();
    for _ in 0..10_000 {
        pipeline.command(&["INCR", "n"]).unwrap();
    }
    let error = pipeline.execute().unwrap_err();
    assert_error(&error, ErrorKind::Closed, Outcome::NotApplied);
    assert_eq!(error.progress().unwrap().not_applied, 10_000);
    let mut atomic = clone.transaction();
    atomic.command(&["INCR", "n"]).unwrap();
    assert_error(&atomic.execute().unwrap_err(), ErrorKind::Closed, Outcome::NotApplied);
    assert!(server.client().command(&["GET", "n"]).unwrap().root().is_null());
}

#[test]
fn a_connection_that_the_server_ended_while_idle_costs_no_call() {
    let server = LiveServer::start();
    let admin = server.client();
    for mut options in [server.options(), server.tcp_options()] {
        options.retry = Retry::None;
        let client = Client::new(options);
        for n in 1..=50 {
            let id = int(&client.command(&["CLIENT", "ID"]).unwrap()).to_string();
            assert_eq!(int(&admin.command(&["CLIENT", "KILL", "ID", &id]).unwrap()), 1);
            kernel::wait_until_ended(server.port());
            assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), n);
        }
        admin.command(&["DEL", "n"]).unwrap();
    }
}

#[test]
fn the_servers_own_idle_timeout_costs_no_call() {
    let server = LiveServer::with(&["--timeout", "1"]);
    let mut options = server.options();
    options.retry = Retry::None;
    let client = Client::new(options);
    assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 1);
    // Watched from connections of their own, which must not idle either.
    support::eventually("the end of the idle connection", || {
        let list = server.client().command(&["CLIENT", "LIST"]).unwrap();
        text(&list).lines().count() == 1
    });
    assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 2);
}

#[test]
fn a_full_real_server_refuses_a_client_without_harm_to_the_others() {
    let server = LiveServer::start();
    let admin = server.client();
    admin.command(&["CONFIG", "SET", "maxclients", "1"]).unwrap();
    for options in [server.options(), server.tcp_options()] {
        let error = promptly(|| Client::new(options).connect().unwrap_err());
        assert_eq!(error.outcome(), Some(Outcome::NotApplied), "{error:?}");
    }
    assert_eq!(text(&admin.command(&["PING"]).unwrap()), "PONG");
}
