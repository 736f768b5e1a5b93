//! Pipelines and transactions on a real server.

mod support;

use std::thread;

use oxipipe::{Client, ErrorKind, Kind, Options, Outcome, Reply};
use support::live_server::LiveServer;
use support::pace::once_more_after_a_stall;
use support::{assert_error, int, promptly, text};

/// Eager, send-at-execute, and sending at every byte.
fn all_ways(options: &Options) -> [Options; 3] {
    [16 * 1024, 0, 1].map(|eager_bytes| {
        let mut options = options.clone();
        options.eager_bytes = eager_bytes;
        options
    })
}

/// The next call must get its own reply.
#[track_caller]
fn assert_aligned(client: &Client) {
    for token in ["one", "two", "three"] {
        assert_eq!(text(&client.command(&["ECHO", token]).unwrap()), token);
    }
}

fn ints(reply: &Reply) -> Vec<i64> {
    reply.root().children().map(|value| value.as_int().expect("an integer")).collect()
}

#[test]
fn an_empty_pipeline_asks_nobody() {
    let client = Client::new(support::tcp(1));
    for mut pipeline in [client.pipeline(), client.transaction()] {
        let reply = pipeline.execute().unwrap();
        assert_eq!((reply.root().kind(), reply.root().len()), (Kind::Array, 0));
        pipeline.execute_stream(&mut |_, _| panic!("there is nothing to hand out")).unwrap();
        pipeline.reset();
    }
}

#[test]
fn errors_stand_in_their_places() {
    let server = LiveServer::start();
    for options in all_ways(&server.options()) {
        let client = Client::new(options);
        let mut pipeline = client.pipeline();
        for line in ["SET s x", "LPUSH s y", "NOSUCH", "GET s", "GET"] {
            pipeline.command(&line.split(' ').collect::<Vec<_>>()).unwrap();
        }
        let reply = pipeline.execute().unwrap();
        let kinds: Vec<_> = reply.root().children().map(|value| value.kind()).collect();
        assert_eq!(kinds, [Kind::Status, Kind::Error, Kind::Error, Kind::String, Kind::Error]);
        assert_eq!(pipeline.command_name(1), Some(&b"LPUSH"[..]));
        assert_eq!(pipeline.command_name(4), Some(&b"GET"[..]));
        assert_eq!(pipeline.command_name(5), None);
        assert_aligned(&client);
    }
}

#[test]
fn a_hundred_thousand_commands_come_back_in_order() {
    let server = LiveServer::start();
    for options in [server.options(), server.tcp_options()].iter().flat_map(all_ways).take(5) {
        let client = Client::new(options);
        let mut pipeline = client.pipeline();
        for n in 0..100_000 {
            pipeline.command(&["ECHO", &n.to_string()]).unwrap();
        }
        assert_eq!(pipeline.len(), 100_000);
        let reply = promptly(|| pipeline.execute().unwrap());
        assert_eq!(reply.root().len(), 100_000);
        for (n, value) in reply.root().children().enumerate() {
            assert_eq!(value.as_str(), Some(n.to_string().as_str()));
        }
        assert!(pipeline.is_empty());
    }
}

#[test]
fn packed_commands_are_the_same_commands() {
    let server = LiveServer::start();
    for options in all_ways(&server.options()) {
        let client = Client::new(options);
        let mut pipeline = client.pipeline();
        pipeline.add_packed(b"SETkvGETkPING", &[3, 1, 1, 3, 1, 4], &[3, 2, 1]).unwrap();
        for (bytes, lens, argcs) in [
            (&b"GETk"[..], &[3, 2][..], &[2][..]),
            (b"GETk", &[3, 1], &[3]),
            (b"GETk", &[4], &[1, 0]),
            (b"MULTI", &[5], &[1]),
            (b"GETkSELECT1", &[3, 1, 6, 1], &[2, 2]),
        ] {
            let error = pipeline.add_packed(bytes, lens, argcs).unwrap_err();
            assert_eq!(error.outcome(), Some(Outcome::NotApplied));
        }
        assert_eq!(pipeline.len(), 3, "a batch that is refused adds nothing");
        let reply = pipeline.execute().unwrap();
        let texts: Vec<_> = reply.root().children().map(|value| value.as_str().unwrap()).collect();
        assert_eq!(texts, ["OK", "v", "PONG"]);
        assert_aligned(&client);
    }
}

#[test]
fn streams_hand_out_the_same_replies() {
    let server = LiveServer::start();
    for options in all_ways(&server.options()) {
        let client = Client::new(options);
        let mut pipeline = client.pipeline();
        for n in 0..20_000 {
            pipeline.command(&["ECHO", &n.to_string()]).unwrap();
        }
        let mut seen = 0;
        pipeline
            .execute_stream(&mut |nodes, bytes| {
                for node in nodes {
                    let text = &bytes[node.value as usize..][..node.len as usize];
                    assert_eq!(text, seen.to_string().as_bytes());
                    seen += 1;
                }
                true
            })
            .unwrap();
        assert_eq!(seen, 20_000);
    }
}

/// 100 MB there and 100 MB back, with kernel buffers that hold next to nothing of it.
#[test]
fn large_values_both_ways_through_small_buffers_never_stand_still() {
    let server = LiveServer::start();
    let value = vec![b'x'; 5_000_000];
    for base in [server.tcp_options(), server.options()] {
        for eager_bytes in [16 * 1024, 0] {
            let mut options = base.clone();
            options.send_buffer = Some(32 * 1024);
            options.receive_buffer = Some(32 * 1024);
            options.eager_bytes = eager_bytes;
            options.timeout = Some(3 * support::LONG);
            let client = Client::new(options);
            let mut pipeline = client.pipeline();
            for _ in 0..20 {
                pipeline.command(&[b"SET".as_slice(), b"k", &value]).unwrap();
                pipeline.command(&["GET", "k"]).unwrap();
            }
            let mut received = 0;
            pipeline
                .execute_stream(&mut |nodes, _| {
                    received += nodes.iter().map(|node| node.len as usize).sum::<usize>();
                    true
                })
                .unwrap();
            assert_eq!(received, 20 * (value.len() + 2));
            assert_aligned(&client);
        }
    }
}

#[test]
fn a_pipeline_is_used_again_after_success_errors_and_reset() {
    let server = LiveServer::start();
    for options in all_ways(&server.options()) {
        let client = Client::new(options);
        client.command(&["DEL", "n"]).unwrap();
        let mut pipeline = client.pipeline();
        for round in 0..3 {
            for _ in 0..1000 {
                pipeline.command(&["INCR", "n"]).unwrap();
            }
            assert_eq!(
                ints(&pipeline.execute().unwrap()),
                Vec::from_iter(round * 1000 + 1..=(round + 1) * 1000)
            );
        }
        pipeline.command(&["NOSUCH"]).unwrap();
        assert!(pipeline.execute().unwrap().root().get(0).unwrap().error().is_some());
        for _ in 0..3000 {
            pipeline.command(&["PING"]).unwrap();
        }
        pipeline.reset();
        assert!(pipeline.is_empty());
        assert_eq!(pipeline.execute().unwrap().root().len(), 0);
        pipeline.command(&["ECHO", "again"]).unwrap();
        let reply = pipeline.execute().unwrap();
        assert_eq!(reply.root().get(0).unwrap().as_str(), Some("again"));
        assert_eq!(reply.root().len(), 1);
    }
}

#[test]
fn dropping_a_half_sent_pipeline_shifts_nobodys_replies() {
    let server = LiveServer::start();
    for options in all_ways(&server.options()) {
        let client = Client::new(options);
        for round in 0..20 {
            let mut pipeline = client.pipeline();
            for n in 0..round * 200 {
                pipeline.command(&["ECHO", &format!("dropped {n}")]).unwrap();
            }
            drop(pipeline);
            assert_aligned(&client);
        }
    }
}

#[test]
fn half_built_pipelines_and_single_commands_share_a_connection() {
    let server = LiveServer::start();
    for options in all_ways(&server.options()) {
        let client = Client::new(options);
        let mut one = client.pipeline();
        let mut two = client.pipeline();
        for n in 0..5000 {
            one.command(&["ECHO", &format!("one {n}")]).unwrap();
            two.command(&["ECHO", &format!("two {n}")]).unwrap();
            if n % 500 == 0 {
                assert_aligned(&client);
            }
        }
        // The later first.
        for (pipeline, name) in [(&mut two, "two"), (&mut one, "one")] {
            let reply = pipeline.execute().unwrap();
            assert_eq!(reply.root().len(), 5000);
            for (n, value) in reply.root().children().enumerate() {
                assert_eq!(value.as_str(), Some(format!("{name} {n}").as_str()));
            }
        }
        assert_aligned(&client);
    }
}

#[test]
fn threads_with_pipelines_and_single_calls_get_their_own_replies_in_order() {
    let server = LiveServer::start();
    let client = server.client();
    thread::scope(|scope| {
        for name in 0..8 {
            let client = client.clone();
            scope.spawn(move || {
                for round in 0..20 {
                    let mut pipeline = if round % 4 == 3 { client.transaction() } else { client.pipeline() };
                    for n in 0..300 {
                        pipeline.command(&["ECHO", &format!("{name}.{round}.{n}")]).unwrap();
                    }
                    let token = format!("{name}.{round}");
                    assert_eq!(text(&client.command(&["ECHO", &token]).unwrap()), token);
                    client.command(&["RPUSH", &format!("ledger:{name}"), &round.to_string()]).unwrap();
                    let reply = pipeline.execute().unwrap();
                    assert_eq!(reply.root().len(), 300);
                    for (n, value) in reply.root().children().enumerate() {
                        assert_eq!(value.as_str(), Some(format!("{name}.{round}.{n}").as_str()));
                    }
                }
            });
        }
    });
    for name in 0..8 {
        let ledger = client.command(&["LRANGE", &format!("ledger:{name}"), "0", "-1"]).unwrap();
        let rounds: Vec<_> =
            ledger.root().children().map(|value| value.as_str().unwrap().to_owned()).collect();
        assert_eq!(rounds, Vec::from_iter((0..20).map(|round| round.to_string())));
    }
}

#[test]
fn many_threads_with_single_calls_share_one_connection() {
    let server = LiveServer::start();
    let client = Client::new(server.tcp_options());
    thread::scope(|scope| {
        for name in 0..8 {
            let client = client.clone();
            scope.spawn(move || {
                for n in 0..2000 {
                    let token = format!("{name}.{n}");
                    assert_eq!(text(&client.command(&["ECHO", &token]).unwrap()), token);
                }
            });
        }
    });
    let info = client.command(&["INFO", "stats"]).unwrap();
    // One that looked whether the server was ready, and this one.
    assert!(text(&info).contains("total_connections_received:2\r\n"), "{}", text(&info));
}

#[test]
fn a_stream_that_is_told_to_stop_ends_the_call_and_shifts_nothing() {
    let server = LiveServer::start();
    for options in all_ways(&server.options()) {
        let client = Client::new(options);
        let mut pipeline = client.pipeline();
        for n in 0..10_000 {
            pipeline.command(&["ECHO", &format!("swallowed {n}")]).unwrap();
        }
        let mut parts = 0;
        let error = pipeline
            .execute_stream(&mut |_, _| {
                parts += 1;
                false
            })
            .unwrap_err();
        assert_eq!((error.kind(), parts), (ErrorKind::Cancelled, 1), "{error:?}");
        let progress = error.progress().unwrap();
        assert_eq!(progress.replied + progress.unknown + progress.not_applied, 10_000, "{error:?}");
        assert_aligned(&client);

        client.command(&["SET", "large", &"x".repeat(3_000_000)]).unwrap();
        let error = client.command_stream(&["GET", "large"], &mut |_, _| false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
        for _ in 0..1000 {
            pipeline.command(&["RPUSH", "list", "element"]).unwrap();
        }
        pipeline.execute().unwrap();
        let error = client.command_stream(&["LRANGE", "list", "0", "-1"], &mut |_, _| false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
        assert_aligned(&client);
    }
}

#[test]
fn a_panic_in_a_callback_costs_the_connection_and_nothing_else() {
    let server = LiveServer::start();
    let client = server.client();
    let id = |client: &Client| int(&client.command(&["CLIENT", "ID"]).unwrap());
    let before = id(&client);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        client.command_stream(&["ECHO", "x"], &mut |_, _| std::panic::resume_unwind(Box::new("on purpose")))
    }));
    assert_eq!(*panic.unwrap_err().downcast::<&str>().unwrap(), "on purpose");
    assert_ne!(id(&client), before);
    assert_aligned(&client);
}

#[test]
fn a_transaction_gives_its_results() {
    let server = LiveServer::start();
    let client = server.client();
    let mut transaction = client.transaction();
    for round in 0..3 {
        transaction.command(&["SET", "n", "5"]).unwrap();
        transaction.command(&["INCR", "n"]).unwrap();
        transaction.command(&["LRANGE", "none", "0", "-1"]).unwrap();
        transaction.command(&["LPUSH", "n", "x"]).unwrap();
        transaction.command(&["INCR", "n"]).unwrap();
        assert_eq!(transaction.len(), 5);
        let reply = transaction.execute().unwrap();
        let root = reply.root();
        assert_eq!(root.len(), 5, "round {round}");
        assert_eq!(root.get(0).unwrap().as_str(), Some("OK"));
        assert_eq!(root.get(1).unwrap().as_int(), Some(6));
        assert_eq!((root.get(2).unwrap().kind(), root.get(2).unwrap().len()), (Kind::Array, 0));
        assert!(root.get(3).unwrap().error().unwrap().starts_with(b"WRONGTYPE"), "in its place");
        assert_eq!(root.get(4).unwrap().as_int(), Some(7), "what follows an error runs all the same");
        assert_eq!(transaction.command_name(3), Some(&b"LPUSH"[..]));
    }
    assert_aligned(&client);
}

#[test]
fn a_transaction_with_a_command_that_is_refused_runs_nothing() {
    let server = LiveServer::start();
    let client = server.client();
    let mut transaction = client.transaction();
    transaction.command(&["INCR", "n"]).unwrap();
    transaction.command(&["NOSUCH"]).unwrap();
    transaction.command(&["GET"]).unwrap();
    transaction.command(&["INCR", "n"]).unwrap();
    let reply = transaction.execute().unwrap();
    let errors: Vec<_> = reply
        .root()
        .children()
        .map(|value| String::from_utf8_lossy(value.error().unwrap()).into_owned())
        .collect();
    assert!(errors[0].starts_with("EXECABORT"), "{errors:?}");
    assert!(errors[1].starts_with("ERR unknown command"), "{errors:?}");
    assert!(errors[2].starts_with("ERR wrong number"), "{errors:?}");
    assert!(errors[3].starts_with("EXECABORT"), "{errors:?}");
    assert!(client.command(&["GET", "n"]).unwrap().root().is_null());
    assert_aligned(&client);
}

#[test]
fn a_transactions_replies_can_be_streamed() {
    let server = LiveServer::start();
    let client = server.client();
    let mut transaction = client.transaction();
    for _ in 0..100 {
        transaction.command(&["INCR", "n"]).unwrap();
    }
    let mut numbers = Vec::new();
    transaction
        .execute_stream(&mut |nodes, _| {
            numbers.extend(nodes.iter().map(|node| node.value));
            true
        })
        .unwrap();
    assert_eq!(numbers, Vec::from_iter(1..=100));
    transaction.command(&["INCR", "n"]).unwrap();
    let error = transaction.execute_stream(&mut |_, _| false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_aligned(&client);
}

#[test]
fn a_reset_transaction_sends_nothing() {
    let server = LiveServer::start();
    let client = server.client();
    let mut transaction = client.transaction();
    for _ in 0..10_000 {
        transaction.command(&["INCR", "n"]).unwrap();
    }
    transaction.reset();
    transaction.command(&["GET", "n"]).unwrap();
    let reply = transaction.execute().unwrap();
    assert_eq!(reply.root().len(), 1);
    assert!(reply.root().get(0).unwrap().is_null());
}

#[test]
fn a_blocking_command_outlives_the_timeout() {
    once_more_after_a_stall(|| {
        let server = LiveServer::start();
        let mut options = server.options();
        options.timeout = Some(std::time::Duration::from_millis(300));
        let client = Client::new(options);
        assert!(client.command(&["BLPOP", "nothing", "1"]).unwrap().root().is_null());
        assert!(
            client.command(&["XREAD", "BLOCK", "600", "STREAMS", "nothing", "0"]).unwrap().root().is_null()
        );
        assert_aligned(&client);
    });
}

#[test]
fn a_reply_outlives_its_client_and_its_clones_are_equal() {
    let server = LiveServer::start();
    let client = server.client();
    let reply = client.command(&["ECHO", "kept"]).unwrap();
    let clone = reply.clone();
    let _ = reply.root().children().next();
    drop((client, server, reply));
    assert_eq!(text(&clone), "kept");
    assert_error(
        &Client::new(support::tcp(1)).command(&["PING"]).unwrap_err(),
        ErrorKind::Connect,
        Outcome::NotApplied,
    );
}

#[test]
fn p05_replies_nested_by_a_script_are_whole_up_to_the_limit_and_an_error_beyond() {
    const NEST: &str = "local t = {} for i = 2, tonumber(ARGV[1]) do t = {t} end return t";
    let server = LiveServer::start();
    let client = server.client();
    let reply = client.command(&["EVAL", NEST, "0", "1000"]).unwrap();
    let (mut depth, mut value) = (1, reply.root());
    while let Some(inner) = value.get(0) {
        (depth, value) = (depth + 1, inner);
    }
    assert_eq!(depth, 1000);
    let error = promptly(|| client.command(&["EVAL", NEST, "0", "7000"])).unwrap_err();
    assert_error(&error, ErrorKind::Limit, Outcome::Unknown);
    assert_eq!(text(&client.command(&["ECHO", "next"]).unwrap()), "next");
}
