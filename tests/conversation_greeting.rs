//! The first words on a connection, with servers that answer them in every way but the usual (P18, P19, T04).

mod support;

use std::time::Duration;

use oxipipe::{Client, ErrorKind, Options, Outcome, Secret};
use support::fake_server::FakeServer;
use support::pace::once_more_after_a_stall;
use support::{assert_error, int, promptly, text};

/// Connecting must fail; the error is returned.
#[track_caller]
fn refused(options: Options) -> oxipipe::Error {
    promptly(|| Client::new(options).connect().expect_err("this is no server to be content with"))
}

fn short(server: &FakeServer) -> Options {
    let mut options = server.options();
    options.connect_timeout = Some(Duration::from_millis(300));
    options
}

#[test]
fn an_old_server_is_spoken_to_in_resp2_and_replies_stay_aligned() {
    let server = FakeServer::follow("old_server");
    let mut options = server.options();
    options.db = 3;
    options.client_name = Some("me".into());
    let client = Client::new(options);
    assert_eq!(text(&client.command(&["ECHO", "token"]).unwrap()), "token");
    assert_eq!(server.connections(), 1);
}

#[test]
fn hello_refused_in_any_of_its_ways_falls_back_to_resp2() {
    for refusal in [
        "-ERR unknown command 'HELLO'",
        "-ERR Unknown command `HELLO`",
        "-ERR unknown command",
        "-NOPROTO unsupported protocol version",
        "-NOPERM this user has no permissions to run the 'hello' command",
        "-unsupported command 'HELLO'",
        "-ERR unsupported command `hello`",
        "-invalid request",
        "-ERR command not allowed",
        "-ERR Proxy unsupported",
    ] {
        let server = FakeServer::start(&format!(
            "RAW
             EXPECT HELLO 3 AUTH ann secret
             EXPECT CLIENT SETINFO LIB-NAME *
             EXPECT CLIENT SETINFO LIB-VER *
             SEND {refusal}\\r\\n
             SEND -NOAUTH Authentication required.\\r\\n TIMES 2
             EXPECT AUTH ann secret
             SEND +OK\\r\\n
             EXPECT ECHO token
             SEND $5\\r\\ntoken\\r\\n"
        ));
        let mut options = server.options();
        options.username = Some("ann".into());
        options.password = Some(Secret::new("secret"));
        let client = Client::new(options);
        assert_eq!(text(&client.command(&["ECHO", "token"]).unwrap()), "token", "{refusal}");
    }
}

#[test]
fn resp2_is_spoken_without_hello_when_asked_for() {
    let server = FakeServer::start(
        "RAW
         EXPECT AUTH secret
         EXPECT CLIENT SETINFO LIB-NAME *
         EXPECT CLIENT SETINFO LIB-VER *
         SEND +OK\\r\\n TIMES 3
         EXPECT GET k
         SEND $-1\\r\\n",
    );
    let mut options = server.options();
    options.protocol = 2;
    options.password = Some(Secret::new("secret"));
    let client = Client::new(options);
    assert!(client.command(&["GET", "k"]).unwrap().root().is_null());
}

#[test]
fn a_server_that_refuses_to_hear_of_the_library_is_as_good_without() {
    let server = FakeServer::start(
        "RAW
         EXPECT HELLO 3
         EXPECT CLIENT SETNAME me
         EXPECT CLIENT SETINFO LIB-NAME *
         EXPECT CLIENT SETINFO LIB-VER *
         SEND %1\\r\\n+proto\\r\\n:3\\r\\n
         SEND +OK\\r\\n
         SEND -ERR unknown subcommand\\r\\n TIMES 2
         EXPECT INCR n
         SEND :7\\r\\n",
    );
    let mut options = server.options();
    options.client_name = Some("me".into());
    let client = Client::new(options);
    assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 7);
}

#[test]
fn a_greeting_in_single_bytes_is_understood() {
    let server = FakeServer::start(
        "RAW
         EXPECT HELLO 3
         EXPECT CLIENT SETINFO LIB-NAME *
         EXPECT CLIENT SETINFO LIB-VER *
         SPLIT 1
         SEND %3\\r\\n+server\\r\\n+redis\\r\\n+modules\\r\\n*0\\r\\n+proto\\r\\n:3\\r\\n
         SEND +OK\\r\\n+OK\\r\\n
         EXPECT INCR n
         SEND :7\\r\\n",
    );
    assert_eq!(int(&Client::new(server.options()).command(&["INCR", "n"]).unwrap()), 7);
}

#[test]
fn pushes_between_the_replies_of_the_greeting_do_not_count() {
    let server = FakeServer::start(
        "RAW
         EXPECT HELLO 3
         EXPECT CLIENT SETINFO LIB-NAME *
         EXPECT CLIENT SETINFO LIB-VER *
         SEND >2\\r\\n+invalidate\\r\\n_\\r\\n
         SEND %1\\r\\n+proto\\r\\n:3\\r\\n
         SEND >2\\r\\n+invalidate\\r\\n_\\r\\n
         SEND +OK\\r\\n+OK\\r\\n
         EXPECT INCR n
         SEND >2\\r\\n+invalidate\\r\\n_\\r\\n
         SEND :7\\r\\n",
    );
    assert_eq!(int(&Client::new(server.options()).command(&["INCR", "n"]).unwrap()), 7);
}

#[test]
fn a_hang_at_any_step_times_out_and_the_socket_is_destroyed() {
    once_more_after_a_stall(|| {
        let answers = [
            "%1\\r\\n+proto\\r\\n:3\\r\\n",
            "+OK\\r\\n", // SELECT
            "+OK\\r\\n", // SETNAME
            "+OK\\r\\n", // LIB-NAME
        ];
        for answered in 0..=answers.len() {
            let server =
                FakeServer::start(&format!("RAW\nREAD 1\nSEND {}\nHANG", answers[..answered].concat()));
            let mut options = short(&server);
            options.db = 1;
            options.client_name = Some("me".into());
            let client = Client::new(options);
            let error = promptly(|| client.command(&["INCR", "n"]).expect_err("it hangs"));
            assert_error(&error, ErrorKind::Timeout, Outcome::NotApplied);
            assert!(error.message().contains("greeting"), "{error}");
            server.wait_gone(0);
            assert_eq!(server.connections(), 1, "a silent server is not bothered again");
        }
    });
}

#[test]
fn the_connect_timeout_covers_the_steps_together() {
    // Each answer comes well within the limit, all together do not.
    let server = FakeServer::start("RAW\nREAD 1\nDRIP 100 +");
    let error = refused(short(&server));
    assert_error(&error, ErrorKind::Timeout, Outcome::NotApplied);
    server.wait_gone(0);
}

#[test]
fn the_calls_own_deadline_counts_during_the_greeting_too() {
    let server = FakeServer::follow("silent");
    let mut options = server.options();
    options.timeout = Some(Duration::from_millis(100));
    options.connect_timeout = None;
    let error = promptly(|| Client::new(options).command(&["GET", "k"]).unwrap_err());
    assert_error(&error, ErrorKind::Timeout, Outcome::NotApplied);
    assert_eq!(error.progress().unwrap().not_applied, 1);
}

#[test]
fn a_web_server_is_not_a_server() {
    let server = FakeServer::follow("http_server");
    let error = refused(server.options());
    assert_error(&error, ErrorKind::Protocol, Outcome::NotApplied);
    assert!(error.address().is_some(), "{error:?}");
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_server_that_speaks_first_is_not_a_server() {
    let server = FakeServer::follow("ssh_banner");
    let error = refused(server.options());
    assert_error(&error, ErrorKind::Protocol, Outcome::NotApplied);
    server.wait_gone(0);
}

#[test]
fn a_silent_server_times_out() {
    let server = FakeServer::follow("silent");
    let error = refused(short(&server));
    assert_error(&error, ErrorKind::Timeout, Outcome::NotApplied);
    server.wait_gone(0);
}

#[test]
fn a_server_that_closes_at_once_is_told_as_such() {
    for script in ["RAW\nCLOSE", "RAW\nRESET", "RAW\nREAD 5\nCLOSE", "RAW\nREAD 5\nRESET"] {
        let server = FakeServer::start(script);
        let error = refused(server.options());
        // A reset may come before anybody has seen that the connection was made.
        let is_early = error.kind() == ErrorKind::Connect && script == "RAW\nRESET";
        if !is_early {
            assert_error(&error, ErrorKind::Disconnected, Outcome::NotApplied);
            assert_eq!(server.connections(), 2, "once more without HELLO: {script}");
        }
    }
}

#[test]
fn a_proxy_that_hangs_up_over_hello_is_called_again_without_it() {
    let server = FakeServer::start(
        "RAW
         EXPECT HELLO 3 AUTH default secret
         CLOSE
         CONNECTION
         RAW
         EXPECT AUTH secret
         SEND +OK\\r\\n
         EXPECT GET k
         SEND $-1\\r\\n",
    );
    let mut options = server.options();
    options.password = Some(Secret::new("secret"));
    let client = Client::new(options);
    assert!(client.command(&["GET", "k"]).unwrap().root().is_null());
    assert_eq!(client.server().unwrap().protocol, 2);
}

#[test]
fn a_name_that_the_server_does_not_accept_is_an_error() {
    let server = FakeServer::start(
        "RAW
         EXPECT HELLO 3
         EXPECT CLIENT SETNAME me
         EXPECT CLIENT SETINFO LIB-NAME *
         EXPECT CLIENT SETINFO LIB-VER *
         SEND %1\\r\\n+proto\\r\\n:3\\r\\n
         SEND -NOPERM this user has no permissions to run the 'client|setname' command\\r\\n
         SEND +OK\\r\\n TIMES 2",
    );
    let mut options = server.options();
    options.client_name = Some("me".into());
    assert_error(&refused(options), ErrorKind::Handshake, Outcome::NotApplied);
}

#[test]
fn wrong_shapes_of_answers_to_the_greeting_are_refused() {
    for (answers, name) in [
        ("+OK\\r\\n+OK\\r\\n+OK\\r\\n+OK\\r\\n", "HELLO answered with a status"),
        ("%1\\r\\n+proto\\r\\n:3\\r\\n:1\\r\\n+OK\\r\\n+OK\\r\\n", "SELECT answered with a number"),
    ] {
        let server = FakeServer::start(&format!("RAW\nREAD 1\nSEND {answers}\nHANG"));
        let mut options = server.options();
        options.db = 1;
        let error = refused(options);
        assert_error(&error, ErrorKind::Handshake, Outcome::NotApplied);
        server.wait_gone(0);
        assert_eq!(server.connections(), 1, "{name}");
    }
}

#[test]
fn credentials_that_are_refused_are_an_auth_error_without_the_password_in_it() {
    for refusal in [
        "-WRONGPASS invalid username-password pair or user is disabled.",
        "-NOAUTH HELLO must be called with the client already authenticated",
        "-ERR invalid password",
        "-ERR Client sent AUTH, but no password is set",
    ] {
        let server = FakeServer::start(&format!("RAW\nREAD 1\nSEND {refusal}\\r\\n+OK\\r\\n+OK\\r\\n\nHANG"));
        let mut options = server.options();
        options.password = Some(Secret::new("open-sesame"));
        let error = refused(options);
        assert_error(&error, ErrorKind::Auth, Outcome::NotApplied);
        assert!(error.message().contains(&refusal[1..8]), "{error}");
        assert!(!format!("{error} {error:?}").contains("sesame"), "{error:?}");
        assert_eq!(server.connections(), 1, "wrong credentials are not tried again");
    }
}

#[test]
fn a_refusals_control_characters_do_not_reach_the_message() {
    let server =
        FakeServer::start("RAW\nREAD 1\nSEND -DENIED \\x1b[31mred\\x07\\r\\n+OK\\r\\n+OK\\r\\n\nHANG");
    let error = refused(server.options());
    assert_eq!(error.kind(), ErrorKind::Handshake);
    assert!(!error.message().chars().any(char::is_control), "{:?}", error.message());
}

#[test]
fn protected_mode_is_told_in_the_servers_words() {
    let server = FakeServer::follow("protected_mode");
    let error = refused(server.options());
    assert_error(&error, ErrorKind::Handshake, Outcome::NotApplied);
    assert!(error.message().contains("DENIED"), "{error}");
}

#[test]
fn a_full_server_is_told_in_the_servers_words() {
    let server = FakeServer::follow("max_clients");
    let error = refused(server.options());
    assert_error(&error, ErrorKind::Handshake, Outcome::NotApplied);
    assert!(error.message().contains("max number of clients"), "{error}");
}

#[test]
fn closing_the_client_ends_a_greeting_that_hangs() {
    let server = FakeServer::follow("silent");
    let mut options = server.options();
    options.timeout = None;
    options.connect_timeout = None;
    let client = Client::new(options);
    let waiting = std::thread::spawn({
        let client = client.clone();
        move || client.connect()
    });
    support::eventually("the connection", || server.connections() == 1);
    client.close();
    support::eventually("the end of the call", || waiting.is_finished());
    assert_error(&waiting.join().unwrap().unwrap_err(), ErrorKind::Closed, Outcome::NotApplied);
}
