//! Connections cut at every byte: what was applied, what is told, what is sent again (C03-C06, X01-X03).

mod support;

use std::thread;
use std::time::Duration;

use oxipipe::{Client, ErrorKind, Outcome, Progress, Retry};
use support::fake_server::FakeServer;
use support::live_server::LiveServer;
use support::pace::once_more_after_a_stall;
use support::proxy::{Cut, Proxy, Way};
use support::{assert_error, int, out_of_time, promptly, text};

/// Longer than any kernel buffer that nobody empties.
const LARGE: usize = 4 * 1024 * 1024;
/// Small beside that. Much smaller ones make the kernel wait for delayed acknowledgements.
const SEND_BUFFER: usize = 64 * 1024;

fn progress(replied: u64, unknown: u64, not_applied: u64) -> Progress {
    Progress { replied, unknown, not_applied }
}

/// What `INCR n` is on the wire.
const INCR: &str = "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n";

#[test]
fn a_write_that_left_is_unknown_wherever_its_connection_was_cut_and_is_not_sent_again() {
    for retry in [Retry::None, Retry::Reads] {
        for end in ["CLOSE", "RESET"] {
            for read in 1..=INCR.len() {
                let server = FakeServer::start(&format!(
                    "READ {read}\n{end}\nCONNECTION\nEXPECT GET after\nSEND $5\\r\\nfresh\\r\\n"
                ));
                let mut options = server.options();
                options.retry = retry;
                let client = Client::new(options);
                let error = promptly(|| client.command(&["INCR", "n"]).unwrap_err());
                assert_error(&error, ErrorKind::Disconnected, Outcome::Unknown);
                assert_eq!(error.progress(), Some(progress(0, 1, 0)));
                assert_eq!(text(&client.command(&["GET", "after"]).unwrap()), "fresh");
                assert_eq!(server.lines(), ["GET after"]);
            }
        }
    }
}

#[test]
fn a_connection_that_was_cut_before_the_first_byte_left_costs_nothing() {
    for end in ["CLOSE", "RESET"] {
        let server = FakeServer::start(&format!("WAIT end\n{end}\nCONNECTION\nEXPECT INCR n\nSEND :1\\r\\n"));
        let mut options = server.options();
        options.retry = Retry::None;
        let client = Client::new(options);
        client.connect().unwrap();
        server.open("end");
        server.wait_closed(0);
        assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 1);
    }
}

#[test]
fn a_read_is_asked_again_wherever_its_connection_was_cut() {
    let request = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
    let reply = "$5\r\nwhole\r\n";
    let cuts = (1..=request.len())
        .map(|read| format!("READ {read}"))
        .chain((0..reply.len()).map(|sent| format!("EXPECT GET k\nSEND {}", reply[..sent].escape_default())));
    for cut in cuts {
        for end in ["CLOSE", "RESET"] {
            let script = format!("{cut}\n{end}\nCONNECTION\nEXPECT GET k\nSEND $5\\r\\nwhole\\r\\n");
            let server = FakeServer::start(&script);
            let client = Client::new(server.options());
            assert_eq!(text(&promptly(|| client.command(&["GET", "k"]).unwrap())), "whole", "{script}");
            assert_eq!(server.connections(), 2);

            let server = FakeServer::start(&script);
            let mut options = server.options();
            options.retry = Retry::None;
            let error = promptly(|| Client::new(options).command(&["GET", "k"]).unwrap_err());
            assert_error(&error, ErrorKind::Disconnected, Outcome::Unknown);
        }
    }
}

#[test]
fn a_reset_in_the_middle_of_a_reply_is_not_seen_by_a_read() {
    let server = FakeServer::follow("reset_mid_reply");
    assert_eq!(text(&Client::new(server.options()).command(&["GET", "k"]).unwrap()), "whole");
}

#[test]
fn a_write_of_which_only_a_part_left_is_sent_again_whole() {
    let value = vec![b'x'; LARGE];
    for read in [1, 1000, 100_000] {
        let server =
            FakeServer::start(&format!("READ {read}\nRESET\nCONNECTION\nEXPECT APPEND k *\nSEND :1\\r\\n"));
        let mut options = server.options();
        options.retry = Retry::None;
        options.send_buffer = Some(SEND_BUFFER);
        let client = Client::new(options);
        assert_eq!(int(&promptly(|| client.command(&[b"APPEND", &b"k"[..], &value]).unwrap())), 1);
        let heard = server.heard();
        assert_eq!((heard.len(), heard[0].connection), (1, 1));
        assert_eq!(
            heard[0].line.len(),
            "APPEND k ".len() + LARGE,
            "never half a command on a new connection"
        );
    }
}

#[test]
fn a_write_of_which_only_a_part_left_is_not_applied_if_there_is_no_other_connection() {
    once_more_after_a_stall(|| {
        let server = FakeServer::start("READ 1000\nRESET\nCONNECTION\nRAW\nCLOSE");
        let mut options = server.options();
        options.send_buffer = Some(SEND_BUFFER);
        options.timeout = Some(Duration::from_millis(500));
        let client = Client::new(options);
        let error = promptly(|| client.command(&[b"APPEND", &b"k"[..], &vec![b'x'; LARGE]]).unwrap_err());
        assert_eq!(error.outcome(), Some(Outcome::NotApplied), "{error:?}");
        assert_eq!(error.progress(), Some(progress(0, 0, 1)));
        assert!(server.connections() > 2, "it was tried again until the deadline");
    });
}

#[test]
fn a_pipeline_cut_at_any_byte_of_its_replies_counts_them_exactly() {
    let replies = ":1\r\n:22\r\n:333\r\n";
    for end in ["CLOSE", "RESET"] {
        for eager_bytes in [0, 1] {
            for sent in 0..replies.len() {
                let server = FakeServer::start(&format!(
                    "EXPECT INCR a\nEXPECT INCR b\nEXPECT INCR c\nSEND {}\n{end}\nCONNECTION\nEXPECT GET k\nSEND _\\r\\n",
                    replies[..sent].escape_default()
                ));
                let mut options = server.options();
                options.eager_bytes = eager_bytes;
                let client = Client::new(options);
                let mut pipeline = client.pipeline();
                for key in ["a", "b", "c"] {
                    pipeline.command(&["INCR", key]).unwrap();
                }
                let mut seen = Vec::new();
                let error = promptly(|| {
                    pipeline
                        .execute_stream(&mut |nodes, _| {
                            seen.extend(nodes.iter().map(|node| node.value));
                            true
                        })
                        .unwrap_err()
                });
                let whole = replies[..sent].matches("\r\n").count();
                assert_error(&error, ErrorKind::Disconnected, Outcome::Unknown);
                assert_eq!(
                    error.progress(),
                    Some(progress(whole as u64, 3 - whole as u64, 0)),
                    "{sent} {end}"
                );
                assert_eq!(seen, [1, 22, 333][..whole]);
                assert!(client.command(&["GET", "k"]).unwrap().root().is_null());
                assert!(pipeline.is_empty());
            }
        }
    }
}

#[test]
fn a_pipeline_that_only_reads_is_asked_again_as_long_as_nothing_was_handed_out() {
    let server = FakeServer::start(
        "EXPECT GET a\nEXPECT GET b\nRESET\nCONNECTION\nEXPECT GET a\nEXPECT GET b\nSEND +A\\r\\n+B\\r\\n",
    );
    let client = Client::new(server.options());
    let mut pipeline = client.pipeline();
    pipeline.command(&["GET", "a"]).unwrap().command(&["GET", "b"]).unwrap();
    let reply = pipeline.execute().unwrap();
    let texts: Vec<_> = reply.root().children().map(|value| value.as_str().unwrap()).collect();
    assert_eq!(texts, ["A", "B"]);
}

#[test]
fn a_pipeline_of_which_only_a_part_left_tells_both_parts() {
    // The first command is heard whole, the second never leaves.
    let server = FakeServer::start("EXPECT INCR a\nREAD 1000\nRESET");
    let mut options = server.options();
    options.send_buffer = Some(SEND_BUFFER);
    options.eager_bytes = 0;
    let client = Client::new(options);
    let mut pipeline = client.pipeline();
    pipeline.command(&["INCR", "a"]).unwrap();
    pipeline.command(&[b"SET", &b"k"[..], &vec![b'x'; LARGE]]).unwrap();
    pipeline.command(&["INCR", "b"]).unwrap();
    let error = promptly(|| pipeline.execute().unwrap_err());
    assert_error(&error, ErrorKind::Disconnected, Outcome::Unknown);
    assert_eq!(error.progress(), Some(progress(0, 1, 2)));
}

#[test]
fn a_transaction_cut_before_its_last_byte_left_is_sent_again_as_a_whole() {
    for read in [1, 20, 100_000] {
        let server = FakeServer::start(&format!(
            "READ {read}\nRESET\nCONNECTION\nEXPECT MULTI\nEXPECT APPEND k *\nEXPECT INCR n\nEXPECT EXEC
             SEND +OK\\r\\n+QUEUED\\r\\n+QUEUED\\r\\n*2\\r\\n:1\\r\\n:2\\r\\n"
        ));
        let mut options = server.options();
        options.retry = Retry::None;
        options.send_buffer = Some(SEND_BUFFER);
        let client = Client::new(options);
        let mut transaction = client.transaction();
        transaction.command(&[b"APPEND", &b"k"[..], &vec![b'x'; LARGE]]).unwrap();
        transaction.command(&["INCR", "n"]).unwrap();
        let reply = promptly(|| transaction.execute().unwrap());
        assert_eq!(reply.root().get(1).unwrap().as_int(), Some(2));
    }
}

#[test]
fn a_transaction_that_left_is_unknown_as_a_whole_and_not_sent_again() {
    let replies = "+OK\r\n+QUEUED\r\n*1\r\n:1\r\n";
    for end in ["CLOSE", "RESET"] {
        for sent in 0..replies.len() {
            let server = FakeServer::start(&format!(
                "EXPECT MULTI\nEXPECT INCR n\nEXPECT EXEC\nSEND {}\n{end}\nCONNECTION\nEXPECT GET k\nSEND _\\r\\n",
                replies[..sent].escape_default()
            ));
            let client = Client::new(server.options());
            let mut transaction = client.transaction();
            transaction.command(&["INCR", "n"]).unwrap();
            let error = promptly(|| transaction.execute().unwrap_err());
            assert_error(&error, ErrorKind::Disconnected, Outcome::Unknown);
            assert_eq!(error.progress(), Some(progress(0, 1, 0)));
            assert!(client.command(&["GET", "k"]).unwrap().root().is_null());
        }
    }
}

#[test]
fn a_transaction_says_nothing_before_it_is_executed() {
    let server = FakeServer::start("EXPECT GET first\nSEND _\\r\\n");
    let client = Client::new(server.options());
    let mut transaction = client.transaction();
    for _ in 0..10_000 {
        transaction.command(&["INCR", "n"]).unwrap();
    }
    client.command(&["GET", "first"]).unwrap();
    assert_eq!(server.lines(), ["GET first"]);
}

#[test]
fn transactions_of_many_threads_are_not_mixed() {
    let server = LiveServer::start();
    let client = server.client();
    thread::scope(|scope| {
        for _ in 0..4 {
            let client = client.clone();
            scope.spawn(move || {
                for _ in 0..50 {
                    let mut transaction = client.transaction();
                    for _ in 0..50 {
                        transaction.command(&["INCR", "n"]).unwrap();
                    }
                    let reply = transaction.execute().unwrap();
                    let numbers: Vec<_> =
                        reply.root().children().map(|value| value.as_int().unwrap()).collect();
                    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
                    client.command(&["INCR", "n"]).unwrap();
                }
            });
        }
    });
    assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 4 * 50 * 51 + 1);
}

/// The ledger shows what the server did, whatever the client says.
#[test]
fn a_ledger_agrees_with_the_outcomes_wherever_the_request_is_cut() {
    let server = LiveServer::start();
    let proxy = Proxy::to(server.port());
    let witness = server.client();
    let client = Client::new(proxy.options());
    let entry = |n: usize| format!("entry-{n:02}");
    let request = format!("*3\r\n$5\r\nRPUSH\r\n$6\r\nledger\r\n$8\r\n{}\r\n", entry(0));
    for cut in [Cut::Fin, Cut::Rst] {
        witness.command(&["DEL", "ledger"]).unwrap();
        for passed in 1..=request.len() {
            client.connect().unwrap();
            proxy.cut_after(Way::ToServer, passed, cut);
            let entry = entry(passed);
            let result = promptly(|| client.command(&["RPUSH", "ledger", &entry]));
            let count = int(&witness.command(&["EXISTS", "ledger"]).unwrap());
            if passed < request.len() {
                let error = result.expect_err("half a command");
                assert_error(&error, ErrorKind::Disconnected, Outcome::Unknown);
                assert_eq!(count, 0, "after {passed} bytes");
            } else if let Err(error) = result {
                assert_eq!(error.outcome(), Some(Outcome::Unknown), "the server may have run it: {error:?}");
            }
        }
        let ledger = witness.command(&["LRANGE", "ledger", "0", "-1"]).unwrap();
        assert!(ledger.root().len() <= 1, "never twice");
    }
}

#[test]
fn a_ledger_agrees_with_the_outcomes_wherever_the_reply_is_cut() {
    let server = LiveServer::start();
    let proxy = Proxy::to(server.port());
    let witness = server.client();
    let client = Client::new(proxy.options());
    let value = "0123456789";
    witness.command(&["SET", "k", value]).unwrap();
    for cut in [Cut::Fin, Cut::Rst] {
        witness.command(&["DEL", "n"]).unwrap();
        for (round, passed) in (1.."$10\r\n0123456789\r\n".len()).enumerate() {
            client.connect().unwrap();
            proxy.cut_after(Way::ToClient, passed, cut);
            assert_eq!(
                text(&promptly(|| client.command(&["GET", "k"]).unwrap())),
                value,
                "a read is asked again"
            );

            client.connect().unwrap();
            proxy.cut_after(Way::ToClient, 1 + passed % 3, cut);
            let error = promptly(|| client.command(&["INCR", "n"]).unwrap_err());
            assert_error(&error, ErrorKind::Disconnected, Outcome::Unknown);
            assert_eq!(text(&witness.command(&["GET", "n"]).unwrap()), (round + 1).to_string(), "once each");
        }
    }
}

#[test]
fn a_server_killed_under_an_eager_pipeline_leaves_an_exact_account() {
    once_more_after_a_stall(|| {
        for options in [LiveServer::tcp_options, LiveServer::options] {
            let mut server = LiveServer::start();
            let mut options = options(&server);
            options.timeout = Some(Duration::from_secs(2));
            let client = Client::new(options);
            let mut pipeline = client.pipeline();
            for _ in 0..20_000 {
                pipeline.command(&["INCR", "n"]).unwrap();
            }
            server.kill();
            for _ in 0..20_000 {
                pipeline.command(&["INCR", "n"]).unwrap();
            }
            let mut seen = 0;
            let error = promptly(|| {
                pipeline
                    .execute_stream(&mut |nodes, _| {
                        seen += nodes.len() as u64;
                        true
                    })
                    .unwrap_err()
            });
            let Progress { replied, unknown, not_applied } = error.progress().unwrap();
            assert_eq!(replied + unknown + not_applied, 40_000, "{error:?}");
            assert!(replied <= 20_000 && seen <= replied && not_applied > 0, "{seen} {error:?}");
            server.restart();
            pipeline.command(&["INCR", "n"]).unwrap();
            let reply = pipeline.execute().unwrap();
            assert_eq!(reply.root().get(0).unwrap().as_int(), Some(1), "the pipeline is as good as new");
        }
    });
}

#[test]
fn an_eager_pipeline_whose_connection_cannot_be_replaced_is_exact_about_what_left() {
    let server = FakeServer::start("EXPECT INCR a\nWAIT end\nRESET\nCONNECTION\nRAW\nCLOSE");
    let mut options = server.options();
    options.eager_bytes = 1;
    let client = Client::new(options);
    let mut pipeline = client.pipeline();
    pipeline.command(&["INCR", "a"]).unwrap();
    server.open("end");
    server.wait_closed(0);
    pipeline.command(&["INCR", "b"]).unwrap();
    pipeline.command(&["INCR", "c"]).unwrap();
    let error = promptly(|| pipeline.execute().unwrap_err());
    let progress = Progress { replied: 0, unknown: 1, not_applied: 2 };
    assert_eq!(error.progress(), Some(progress), "{error:?}");
    assert!(!error.message().contains("greeting"), "the first failure is the one to tell: {error:?}");
}

#[test]
fn a_client_that_was_connected_waits_for_the_server_to_come_back() {
    let mut server = LiveServer::start();
    let mut options = server.options();
    options.retry = Retry::None;
    let client = Client::new(options);
    client.connect().unwrap();
    server.kill();
    let waiting = thread::spawn(move || client.command(&["INCR", "n"]));
    server.restart();
    assert_eq!(int(&waiting.join().unwrap().unwrap()), 1);
}

#[test]
fn a_client_that_was_connected_gives_up_at_its_deadline() {
    once_more_after_a_stall(|| {
        let mut server = LiveServer::start();
        for mut options in [server.options(), server.tcp_options()] {
            options.timeout = Some(Duration::from_millis(300));
            let client = Client::new(options);
            client.connect().unwrap();
            server.kill();
            let error = promptly(|| client.command(&["INCR", "n"]).unwrap_err());
            assert_error(&error, ErrorKind::Connect, Outcome::NotApplied);
            server.restart();
            assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 1);
        }
    });
}

#[test]
fn threads_under_a_cut_connection_all_learn_their_outcome() {
    let server = LiveServer::start();
    let proxy = Proxy::to(server.port());
    let witness = server.client();
    let client = Client::new(proxy.options());
    for round in 0..10 {
        client.connect().unwrap();
        let key = format!("ledger:{round}");
        let outcomes: Vec<_> = thread::scope(|scope| {
            proxy.cut_after(Way::ToClient, 20 + 7 * round, if round % 2 == 0 { Cut::Rst } else { Cut::Fin });
            let threads: Vec<_> = (0..8)
                .map(|name| {
                    let (client, key) = (&client, &key);
                    scope.spawn(move || {
                        let token = name.to_string();
                        let calls = (0..20).map(|_| client.command(&["RPUSH", key, &token]));
                        calls
                            .map(|result| result.map(drop).map_err(|error| error.outcome().unwrap()))
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let ledger = witness.command(&["LRANGE", &key, "0", "-1"]).unwrap();
        for (name, results) in outcomes.iter().enumerate() {
            let token = name.to_string();
            let entries = ledger.root().children().filter(|value| value.as_str() == Some(&token)).count();
            let replied = results.iter().filter(|result| result.is_ok()).count();
            let unknown = results.iter().filter(|result| **result == Err(Outcome::Unknown)).count();
            assert_eq!(replied + unknown, 20, "what was proved not applied was sent again: {results:?}");
            assert!((replied..=replied + unknown).contains(&entries), "{entries} {results:?}");
        }
    }
}

#[test]
fn a_transaction_cut_after_its_first_replies_but_before_its_last_byte_is_sent_again() {
    let server = FakeServer::start(
        "EXPECT MULTI
         SEND +OK\\r\\n
         READ 100000
         RESET
         CONNECTION
         EXPECT MULTI
         EXPECT APPEND k *
         EXPECT EXEC
         SEND +OK\\r\\n+QUEUED\\r\\n*1\\r\\n:1\\r\\n",
    );
    let mut options = server.options();
    options.send_buffer = Some(SEND_BUFFER);
    let client = Client::new(options);
    let mut transaction = client.transaction();
    transaction.command(&[b"APPEND", &b"k"[..], &vec![b'x'; LARGE]]).unwrap();
    let reply = promptly(|| transaction.execute().unwrap());
    assert_eq!(reply.root().get(0).unwrap().as_int(), Some(1));
}

#[test]
fn a_connection_that_ended_after_a_timeout_costs_no_call() {
    once_more_after_a_stall(|| {
        let server = FakeServer::start(
            "EXPECT GET slow
             WAIT end
             CLOSE
             CONNECTION
             EXPECT INCR n
             SEND :1\\r\\n",
        );
        let mut options = server.options();
        options.timeout = Some(Duration::from_millis(400));
        let client = Client::new(options);
        let error = out_of_time(|| client.command(&["GET", "slow"]).unwrap_err());
        assert_error(&error, ErrorKind::Timeout, Outcome::Unknown);
        server.open("end");
        server.wait_closed(0);
        assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 1);
    });
}

#[test]
fn what_was_answered_is_handed_out_although_nobody_can_be_asked_about_the_rest() {
    let server = FakeServer::start("REPEAT 64\nEXPECT GET k\nEND\nSEND +v\\r\\n TIMES 64\nCLOSE");
    let mut options = server.options();
    options.fail_fast = true;
    let client = Client::new(options);
    let mut pipeline = client.pipeline();
    for _ in 0..64 {
        pipeline.command(&["GET", "k"]).unwrap();
    }
    server.wait_closed(0);
    server.finish();
    pipeline.command(&["MODULE.GET", "k"]).unwrap();
    let mut seen = 0;
    let error = pipeline
        .execute_stream(&mut |nodes, _| {
            seen += nodes.len() as u64;
            true
        })
        .unwrap_err();
    assert_error(&error, ErrorKind::Connect, Outcome::NotApplied);
    assert_eq!((seen, error.progress()), (64, Some(progress(64, 0, 1))));
}
