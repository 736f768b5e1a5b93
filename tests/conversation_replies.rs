//! Replies that a real server gives rarely or never: refusals that pass, replies nobody asked for, replies too large (P10).

mod support;

use std::time::Duration;

use oxipipe::{Client, ErrorKind, Limits, Outcome, Retry};
use support::fake_server::FakeServer;
use support::pace::once_more_after_a_stall;
use support::{assert_error, int, kernel, promptly, text};

#[test]
fn a_server_that_is_loading_or_without_master_is_waited_for() {
    let server = FakeServer::follow("loading");
    let mut options = server.options();
    // Proved not applied, so this is no matter of the option.
    options.retry = Retry::None;
    let client = Client::new(options);
    assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 1);
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_server_that_is_loading_for_too_long_has_the_last_word() {
    once_more_after_a_stall(|| {
        let server = FakeServer::start("REPEAT *\nEXPECT INCR n\nSEND -LOADING dataset in memory\\r\\n\nEND");
        let mut options = server.options();
        options.timeout = Some(Duration::from_millis(400));
        let reply = promptly(|| Client::new(options).command(&["INCR", "n"]).unwrap());
        assert!(reply.root().error().unwrap().starts_with(b"LOADING"));
        assert!(server.lines().len() > 1, "it was asked more than once");
    });
}

#[test]
fn other_refusals_are_replies_at_once() {
    for refusal in [
        "READONLY You can't write against a read only replica.",
        "OOM command not allowed",
        "BUSY x",
        "LOADINGS",
    ] {
        let server = FakeServer::start(&format!("EXPECT INCR n\nSEND -{refusal}\\r\\n"));
        let reply = Client::new(server.options()).command(&["INCR", "n"]).unwrap();
        assert_eq!(reply.root().error(), Some(refusal.as_bytes()));
        assert_eq!(server.lines(), ["INCR n"]);
    }
}

#[test]
fn a_refusal_inside_a_pipeline_stays_in_its_place() {
    let server = FakeServer::start("EXPECT INCR a\nEXPECT INCR b\nSEND -LOADING x\\r\\n:2\\r\\n");
    let client = Client::new(server.options());
    let mut pipeline = client.pipeline();
    pipeline.command(&["INCR", "a"]).unwrap().command(&["INCR", "b"]).unwrap();
    let reply = pipeline.execute().unwrap();
    assert!(reply.root().get(0).unwrap().error().is_some());
    assert_eq!(reply.root().get(1).unwrap().as_int(), Some(2));
    assert_eq!(server.lines().len(), 2);
}

#[test]
fn a_reply_that_nobody_asked_for_is_never_handed_out() {
    let server = FakeServer::follow("surplus_reply");
    let client = Client::new(server.options());
    assert_eq!(text(&client.command(&["GET", "a"]).unwrap()), "A");
    server.open("surplus");
    server.wait_heard(2);
    kernel::wait_until_readable(server.port());
    assert_eq!(text(&client.command(&["GET", "b"]).unwrap()), "B");
    server.wait_gone(0);
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_surplus_reply_right_behind_the_right_one_costs_the_connection_only() {
    let server = FakeServer::start(
        "EXPECT GET a
         SEND $1\\r\\nA\\r\\n$6\\r\\nstolen\\r\\n
         HANG
         CONNECTION
         EXPECT GET b
         SEND $1\\r\\nB\\r\\n",
    );
    let client = Client::new(server.options());
    assert_eq!(text(&client.command(&["GET", "a"]).unwrap()), "A");
    server.wait_gone(0);
    assert_eq!(text(&client.command(&["GET", "b"]).unwrap()), "B");
}

#[test]
fn pushes_are_not_replies() {
    let server = FakeServer::start(
        "EXPECT GET a
         SPLIT 3
         SEND >3\\r\\n+message\\r\\n+c\\r\\n*2\\r\\n:1\\r\\n$6\\r\\npushed\\r\\n
         SEND $1\\r\\nA\\r\\n
         SEND >0\\r\\n>1\\r\\n_\\r\\n
         NOTE pushed
         EXPECT GET b
         SEND $1\\r\\nB\\r\\n",
    );
    let client = Client::new(server.options());
    assert_eq!(text(&client.command(&["GET", "a"]).unwrap()), "A");
    server.wait_heard(2);
    assert_eq!(text(&client.command(&["GET", "b"]).unwrap()), "B");
    assert_eq!(server.connections(), 1);
}

#[test]
fn replies_in_single_bytes_are_the_same_replies() {
    let server = FakeServer::start(
        "SPLIT 1
         REPEAT 3
         EXPECT GET k
         END
         SEND $13\\r\\nsplit\\r\\n value\\r\\n_\\r\\n*2\\r\\n:1\\r\\n%1\\r\\n+k\\r\\n,1.5\\r\\n",
    );
    let client = Client::new(server.options());
    let mut pipeline = client.pipeline();
    for _ in 0..3 {
        pipeline.command(&["GET", "k"]).unwrap();
    }
    let reply = pipeline.execute().unwrap();
    assert_eq!(reply.root().get(0).unwrap().as_str(), Some("split\r\n value"));
    assert!(reply.root().get(1).unwrap().is_null());
    let map = reply.root().get(2).unwrap().get(1).unwrap();
    assert_eq!(map.get(1).unwrap().as_double(), Some(1.5));
}

#[test]
fn bytes_that_are_no_reply_end_the_connection_and_the_next_call_has_another() {
    for nonsense in [
        "?what\\r\\n",
        "$abc\\r\\n",
        ":12x\\r\\n",
        "*-5\\r\\n",
        "$3\\r\\nabcde\\r\\n",
        "\\x00\\x00\\x00\\x00",
    ] {
        let server = FakeServer::start(&format!(
            "EXPECT GET a\nSEND {nonsense}\nHANG\nCONNECTION\nEXPECT GET b\nSEND $1\\r\\nB\\r\\n"
        ));
        let client = Client::new(server.options());
        let error = promptly(|| client.command(&["GET", "a"]).unwrap_err());
        assert_error(&error, ErrorKind::Protocol, Outcome::Unknown);
        assert!(error.message().len() < 400, "{error}");
        server.wait_gone(0);
        assert_eq!(text(&client.command(&["GET", "b"]).unwrap()), "B", "{nonsense}");
    }
}

#[test]
fn replies_beyond_a_limit_are_limit_errors_and_the_next_call_has_another_connection() {
    let limits = Limits { depth: 100, line: 1000, bulk: 10_000, total: 50_000 };
    for (name, reply) in [
        ("a string that is announced", "$10001\\r\\n"),
        ("a depth", "*1\\r\\n TIMES 101"),
        ("a depth of maps", "%1\\r\\n+k\\r\\n TIMES 101"),
        ("a line", "+x TIMES 2000"),
        ("a total", ":1234567\\r\\n TIMES 6000"),
    ] {
        let send = if name == "a total" {
            format!("SEND *6000\\r\\n\nSEND {reply}")
        } else {
            format!("SEND {reply}")
        };
        let server = FakeServer::start(&format!(
            "EXPECT LRANGE a 0 -1\n{send}\nHANG\nCONNECTION\nEXPECT GET b\nSEND $1\\r\\nB\\r\\n"
        ));
        let mut options = server.options();
        options.limits = limits;
        let client = Client::new(options);
        let error = promptly(|| client.command(&["LRANGE", "a", "0", "-1"]).expect_err(name));
        assert_error(&error, ErrorKind::Limit, Outcome::Unknown);
        server.wait_gone(0);
        assert_eq!(text(&client.command(&["GET", "b"]).unwrap()), "B", "{name}");
        assert_eq!(server.connections(), 2, "{name}");
    }
}

#[test]
fn a_reply_at_the_limits_is_fine() {
    let server = FakeServer::start(
        "EXPECT GET a\nSEND $10000\\r\\n\nSEND x TIMES 10000\nSEND \\r\\n
         EXPECT GET b\nSEND *1\\r\\n TIMES 100\nSEND :1\\r\\n",
    );
    let mut options = server.options();
    options.limits = Limits { depth: 100, line: 1000, bulk: 10_000, total: 50_000 };
    let client = Client::new(options);
    assert_eq!(client.command(&["GET", "a"]).unwrap().root().len(), 10_000);
    let nested = client.command(&["GET", "b"]).unwrap();
    assert_eq!(std::iter::successors(Some(nested.root()), |value| value.get(0)).count(), 101);
}

#[test]
fn a_limit_in_a_pipeline_leaves_the_replies_before_it_counted() {
    let server =
        FakeServer::start("EXPECT GET a\nEXPECT GET b\nEXPECT GET c\nSEND $1\\r\\nA\\r\\n$99999\\r\\n\nHANG");
    let mut options = server.options();
    options.limits.bulk = 1000;
    let client = Client::new(options);
    let mut pipeline = client.pipeline();
    for key in ["a", "b", "c"] {
        pipeline.command(&["GET", key]).unwrap();
    }
    let error = promptly(|| pipeline.execute().unwrap_err());
    assert_error(&error, ErrorKind::Limit, Outcome::Unknown);
    let progress = error.progress().unwrap();
    assert_eq!((progress.replied, progress.unknown, progress.not_applied), (1, 2, 0));
}

#[test]
fn replies_that_came_before_nonsense_are_handed_out_as_they_are_counted() {
    let server = FakeServer::start("EXPECT INCR a\nEXPECT INCR b\nSEND :1\\r\\n?\\r\\n\nHANG");
    let client = Client::new(server.options());
    let mut pipeline = client.pipeline();
    pipeline.command(&["INCR", "a"]).unwrap().command(&["INCR", "b"]).unwrap();
    let mut seen = 0;
    let error = pipeline
        .execute_stream(&mut |nodes, _| {
            seen += nodes.len() as u64;
            true
        })
        .unwrap_err();
    assert_eq!(error.progress().unwrap().replied, seen, "{error:?}");
}
