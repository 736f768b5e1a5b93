//! Event-loop clients: cancellation, deadlines, blocking commands, and servers that go wrong at every point (T01-T06, T10, T12, C03).

mod support;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use oxipipe::{Async, Completion, Completions, Error, ErrorKind, Outcome, Pipeline, Retry};
use support::event_loop::{run, wait};
use support::fake_server::FakeServer;
use support::ledger_server::Random;
use support::live_server::LiveServer;
use support::own_process::in_own_process;
use support::pace::{Stopwatch, once_more_after_a_stall};
use support::proxy::{Cut, Proxy, Way};
use support::{PATIENCE, assert_error, eventually, out_of_time};

/// Turns the client until `stop` says so.
#[track_caller]
fn turn_until(client: &mut Async, mut stop: impl FnMut() -> bool) {
    let watch = Stopwatch::start();
    while !stop() {
        client.process().unwrap();
        assert!(watch.elapsed() < PATIENCE, "it never came to that");
        wait(client, Some(Duration::from_millis(1)));
    }
}

/// Submits one command and runs the loop until it has completed.
#[track_caller]
fn ask<T>(client: &mut Async, args: &[&str], mut judge: impl FnMut(Completion<'_>) -> T) -> T {
    client.submit(args, u64::MAX - 1).unwrap();
    let mut result = None;
    run(client, 1, |batch| result = batch.iter().last().map(&mut judge).or(result.take()));
    result.expect("one completion")
}

fn succeeded(completion: Completion<'_>) -> String {
    completion.reply().unwrap().root().as_str().unwrap_or_default().to_owned()
}

fn failed(completion: Completion<'_>) -> Error {
    completion.error.expect("a failure").clone()
}

#[test]
fn a_hundred_thousand_cancellations_shift_no_reply_and_cost_no_connection() {
    let server = LiveServer::start();
    let proxy = Proxy::to(server.port());
    let mut client = Async::new(proxy.options()).unwrap();
    ask(&mut client, &["PING"], succeeded);
    let mut random = Random::new(1);
    let (mut cancelled, mut token) = (0, 0_u64);
    let mut open: Vec<u64> = Vec::new();
    let mut batch = Completions::new();
    while cancelled < 100_000 {
        for _ in 0..64 {
            client.submit(&["ECHO", &token.to_string()], token).unwrap();
            open.push(token);
            token += 1;
        }
        // Some are caught before they leave, most of them after.
        for turn in 0..3 {
            for _ in 0..random.below(60) {
                let victim = open.swap_remove(random.below(open.len() as u64) as usize);
                cancelled += u64::from(client.cancel(victim).unwrap().is_some());
                if open.is_empty() {
                    break;
                }
            }
            if turn < 2 {
                client.process().unwrap();
            }
            client.next(&mut batch);
            for completion in batch.iter() {
                assert_eq!(succeeded(completion), completion.token.to_string());
                open.retain(|&other| other != completion.token);
            }
            if open.is_empty() {
                break;
            }
        }
    }
    let rest = open.len();
    run(&mut client, rest, |batch| {
        for completion in batch.iter() {
            assert_eq!(succeeded(completion), completion.token.to_string());
        }
    });
    assert_eq!(ask(&mut client, &["ECHO", "end"], succeeded), "end");
    assert_eq!(proxy.connections(), 1);
    assert_eq!(client.timeout(), None, "nothing is left to wait for");
}

#[test]
fn a_late_reply_of_fifty_megabytes_is_swallowed_and_leaves_no_memory() {
    in_own_process("a_late_reply_of_fifty_megabytes_is_swallowed_and_leaves_no_memory", || {
        const SIZE: usize = 50 * 1024 * 1024;
        let server = FakeServer::start(&format!(
            "EXPECT GET big\nWAIT late\nSEND ${SIZE}\\r\\n\nREPEAT 50\nSEND x TIMES 1048576\nEND\nSEND \\r\\n\n\
             NOTE sent\nREPEAT *\nEXPECT PING\nSEND +PONG\\r\\n\nEND"
        ));
        let mut options = server.options();
        options.timeout = Some(Duration::from_millis(300));
        let mut client = Async::new(options).unwrap();
        let error = out_of_time(|| ask(&mut client, &["GET", "big"], failed));
        assert_error(&error, ErrorKind::Timeout, Outcome::Unknown);
        server.open("late");
        turn_until(&mut client, || server.lines().contains(&"sent".to_owned()));
        // Its own deadline may pass before the rest has come; then it is asked again.
        eventually("the reply behind the late one", || {
            ask(&mut client, &["PING"], |completion| completion.error.is_none())
        });
        assert_eq!(server.connections(), 1);
        let resident: usize =
            std::fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        assert!(resident * 4096 < SIZE, "{resident} pages");
    });
}

#[test]
fn a_deadline_covers_resolving_connecting_queueing_and_waiting() {
    // The kernel connects, nobody answers the greeting; then somebody who answers the greeting only.
    for script in ["RAW\nSTALL", "STALL"] {
        let server = FakeServer::start(script);
        let mut options = server.options();
        options.timeout = Some(Duration::from_millis(200));
        let mut client = Async::new(options).unwrap();
        let mut deadline = || {
            let start = Instant::now();
            for token in 0..100 {
                client.submit(&["SET", "k", "v"], token).unwrap();
            }
            let mut errors = Vec::new();
            run(&mut client, 100, |batch| errors.extend(batch.iter().map(failed)));
            assert!(start.elapsed() >= Duration::from_millis(200));
            assert!(errors.iter().all(|error| error.kind() == ErrorKind::Timeout), "{errors:?}");
            assert!(errors.iter().all(|error| error.outcome() == errors[0].outcome()), "{errors:?}");
            errors.remove(0)
        };
        if script == "RAW\nSTALL" {
            assert_error(&deadline(), ErrorKind::Timeout, Outcome::NotApplied);
        } else {
            assert_error(&out_of_time(deadline), ErrorKind::Timeout, Outcome::Unknown);
        }
    }
}

#[test]
fn a_server_that_hangs_at_any_step_of_the_greeting_costs_its_time_and_no_more() {
    let steps = [
        "RAW\nHANG",
        "RAW\nREAD 10\nHANG",
        "RAW\nREAD 20\nSEND %1\\r\\n$5\\r\\nproto\\r\\n:3\\r\\n\nHANG",
        "RAW\nREAD 20\nSEND %1\\r\\n$5\\r\\nproto\\r\\n:3\\r\\n\nSEND +OK\\r\\n\nSEND +O\nHANG",
    ];
    for step in steps {
        let server = FakeServer::start(&format!("{step}\nCONNECTION\nEXPECT INCR n\nSEND :1\\r\\n"));
        let mut options = server.options();
        options.connect_timeout = Some(Duration::from_millis(300));
        options.password = Some(oxipipe::Secret::new("secret"));
        options.db = 3;
        options.client_name = Some("name".into());
        let mut client = Async::new(options).unwrap();
        let error = ask(&mut client, &["INCR", "n"], failed);
        assert_error(&error, ErrorKind::Timeout, Outcome::NotApplied);
        server.wait_gone(0);
        // A connection that takes longer, because the machine is slow, is made again: nothing has left.
        eventually("a connection", || {
            let error = ask(&mut client, &["INCR", "n"], |completion| completion.error.cloned());
            error.is_none_or(|error| {
                assert_error(&error, ErrorKind::Timeout, Outcome::NotApplied);
                false
            })
        });
        assert_eq!(server.lines(), ["INCR n"]);
    }
}

#[test]
fn wherever_a_conversation_is_cut_everyone_hears_what_became_of_his_command() {
    let replies = ["+OK\r\n", "$5\r\nwhole\r\n", ":7\r\n"];
    let stream = replies.concat();
    for end in ["CLOSE", "RESET"] {
        for cut in 0..=stream.len() {
            let server = FakeServer::start(&format!(
                "EXPECT SET a 1\nEXPECT GET b\nEXPECT INCR c\nSEND {}\n{end}\nCONNECTION\nEXPECT GET b\nSEND $5\\r\\nagain\\r\\n",
                stream[..cut].escape_default()
            ));
            for _ in 0..1 {
                let mut client = Async::new(server.options()).unwrap();
                client.submit(&["SET", "a", "1"], 0).unwrap();
                client.submit(&["GET", "b"], 1).unwrap();
                client.submit(&["INCR", "c"], 2).unwrap();
                let mut ends = HashMap::new();
                run(&mut client, 3, |batch| {
                    for completion in batch.iter() {
                        let end = completion.reply().map(|reply| format!("{:?}", reply.root()));
                        ends.insert(completion.token, end);
                    }
                });
                let mut whole = 0;
                for (token, reply) in replies.iter().enumerate() {
                    whole += reply.len();
                    match &ends[&(token as u64)] {
                        // A reset may overtake what was sent before it.
                        Ok(_) => assert!(cut >= whole || token == 1),
                        Err(error) => {
                            assert!(token != 1, "reads are asked again");
                            assert!(cut < whole || end == "RESET", "{end} after {cut}");
                            assert_error(error, ErrorKind::Disconnected, Outcome::Unknown);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn rubbish_and_surplus_end_the_connection_and_only_what_was_sent() {
    for bad in ["rubbish\\r\\n", "$-7\\r\\n", "+OK\\r\\n+OK\\r\\n+OK\\r\\n"] {
        let server = FakeServer::start(&format!(
            "EXPECT SET a 1\nSEND {bad}\nHANG\nCONNECTION\nREPEAT *\nEXPECT PING\nSEND +PONG\\r\\n\nEND"
        ));
        let mut client = Async::new(server.options()).unwrap();
        let error = ask(&mut client, &["SET", "a", "1"], |completion| completion.error.cloned());
        match error {
            Some(error) => assert_error(&error, ErrorKind::Protocol, Outcome::Unknown),
            None => assert!(bad.starts_with('+'), "{bad}"),
        }
        assert_eq!(ask(&mut client, &["PING"], succeeded), "PONG");
        assert_eq!(server.connections(), 2, "{bad}");
    }
}

#[test]
fn a_blocking_command_has_its_own_time_and_its_own_connection() {
    once_more_after_a_stall(|| {
        let server = LiveServer::start();
        let admin = server.client();
        let mut options = server.options();
        options.timeout = Some(Duration::from_millis(600));
        options.retry = Retry::None;
        let mut client = Async::new(options).unwrap();
        let shared =
            ask(&mut client, &["CLIENT", "ID"], |completion| completion.reply().unwrap().root().as_int());
        // Longer than the client's deadline, which is added to its own.
        ask(&mut client, &["BLPOP", "nothing", "0.8"], |completion| {
            assert_eq!(completion.reply().unwrap().root().kind(), oxipipe::Kind::Null);
        });
        let blocked = || -> Vec<String> {
            let list = admin.command(&["CLIENT", "LIST"]).unwrap();
            let lines = list.root().as_str().unwrap().lines().map(str::to_owned);
            let is_blocked = |line: &String| {
                line.split(' ').any(|field| field.starts_with("flags=") && field.contains('b'))
            };
            lines.filter(is_blocked).collect()
        };
        // Given up: its connection goes, no other.
        client.submit(&["BLPOP", "nothing", "0"], 7).unwrap();
        turn_until(&mut client, || blocked().len() == 1);
        assert_eq!(client.cancel(7).unwrap(), Some(Outcome::Unknown));
        turn_until(&mut client, || blocked().is_empty());
        // Killed: unknown, at once.
        client.submit(&["BLPOP", "nothing", "0"], 8).unwrap();
        turn_until(&mut client, || blocked().len() == 1);
        let id = blocked()[0].split(' ').next().unwrap().strip_prefix("id=").unwrap().to_owned();
        admin.command(&["CLIENT", "KILL", "ID", &id]).unwrap();
        run(&mut client, 1, |batch| {
            for completion in batch.iter() {
                assert_error(&failed(completion), ErrorKind::Disconnected, Outcome::Unknown);
            }
        });
        let now =
            ask(&mut client, &["CLIENT", "ID"], |completion| completion.reply().unwrap().root().as_int());
        assert_eq!(now, shared);
    });
}

#[test]
fn blocking_commands_end_with_their_server() {
    let mut server = LiveServer::start();
    let mut client = Async::new(server.options()).unwrap();
    for token in 0..3 {
        client.submit(&["BLPOP", &format!("k{token}"), "0"], token).unwrap();
    }
    let admin = server.client();
    let waiting = || {
        let list = admin.command(&["INFO", "clients"]).unwrap();
        list.root().as_str().unwrap().contains("blocked_clients:3")
    };
    turn_until(&mut client, waiting);
    server.kill();
    run(&mut client, 3, |batch| {
        for completion in batch.iter() {
            assert_error(&failed(completion), ErrorKind::Disconnected, Outcome::Unknown);
        }
    });
}

#[test]
fn pipelines_and_transactions_that_were_given_up_shift_nobody() {
    let server = LiveServer::start();
    let proxy = Proxy::to(server.port());
    let mut client = Async::new(proxy.options()).unwrap();
    ask(&mut client, &["PING"], succeeded);
    for round in 0..100 {
        let mut pipeline = Pipeline::detached(round % 2 == 0);
        for n in 0..10_000 {
            pipeline.command(&["ECHO", &n.to_string()]).unwrap();
        }
        client.submit_pipeline(&mut pipeline, 1).unwrap();
        client.submit(&["ECHO", &round.to_string()], 2).unwrap();
        for _ in 0..round % 7 {
            client.process().unwrap();
        }
        let cancelled = client.cancel(1).unwrap();
        let mut seen = None;
        run(&mut client, 1 + usize::from(cancelled.is_none()), |batch| {
            for completion in batch.iter() {
                match completion.token {
                    1 => assert_eq!(completion.replies, 10_000),
                    _ => seen = Some(succeeded(completion)),
                }
            }
        });
        assert_eq!(seen, Some(round.to_string()), "{cancelled:?}");
    }
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn what_is_cancelled_before_it_leaves_never_leaves() {
    let server = FakeServer::start("REPEAT *\nEXPECT PING\nSEND +PONG\\r\\n\nEND");
    let mut client = Async::new(server.options()).unwrap();
    for round in 0..3 {
        // Before there is a connection, while it is made, and when it is there.
        for token in 0..100 {
            client.submit(&["SET", "k", &token.to_string()], token).unwrap();
        }
        if round == 1 {
            client.cancel(99).unwrap();
            client.submit(&["SET", "k", "99"], 99).unwrap();
        }
        for token in 0..100 {
            assert_eq!(client.cancel(token).unwrap(), Some(Outcome::NotApplied));
        }
        assert_eq!(ask(&mut client, &["PING"], succeeded), "PONG");
    }
    assert_eq!(server.lines(), ["PING"; 3]);
}

#[test]
fn a_silent_network_is_noticed_by_deadlines_and_left_behind() {
    once_more_after_a_stall(|| {
        let server = LiveServer::start();
        let proxy = Proxy::to(server.port());
        let mut options = proxy.options();
        options.timeout = Some(Duration::from_millis(400));
        let mut client = Async::new(options).unwrap();
        ask(&mut client, &["PING"], succeeded);
        proxy.cut_after(Way::ToServer, 1, Cut::Silence);
        let mut failures = 0;
        // Three timeouts over a second give the connection up.
        while ask(&mut client, &["INCR", "n"], |completion| completion.error.is_some()) {
            failures += 1;
            assert!(failures < 10);
        }
        assert!(failures >= 3);
        assert_eq!(proxy.connections(), 2);
    });
}

#[test]
fn a_reply_that_is_there_when_its_deadline_has_passed_is_heard_once_at_most() {
    once_more_after_a_stall(|| {
        let server = FakeServer::start(
            "EXPECT PING\nSEND +PONG\\r\\n\nEXPECT INCR n\nWAIT go\nSEND :1\\r\\n\nEXPECT INCR n\nSEND :2\\r\\n",
        );
        let mut options = server.options();
        options.timeout = Some(Duration::from_millis(400));
        let mut client = Async::new(options).unwrap();
        ask(&mut client, &["PING"], succeeded);
        client.submit(&["INCR", "n"], 1).unwrap();
        client.process().unwrap();
        server.wait_heard(2);
        // From here on nobody reads before the deadline has passed.
        server.open("go");
        support::kernel::wait_until_readable(server.port());
        while client.timeout().is_some_and(|time| !time.is_zero()) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut batch = Completions::new();
        client.process().unwrap();
        client.next(&mut batch);
        assert_eq!(batch.len(), 1);
        assert_error(&failed(batch.get(0).unwrap()), ErrorKind::Timeout, Outcome::Unknown);
        // Whatever became of the first one, the second gets its own.
        client.submit(&["INCR", "n"], 2).unwrap();
        run(&mut client, 1, |batch| {
            for completion in batch.iter() {
                assert_eq!(completion.token, 2);
                assert_eq!(completion.reply().unwrap().root().as_int(), Some(2));
            }
        });
    });
}

#[test]
fn what_waits_for_an_answer_about_its_command_takes_room_once() {
    let server = FakeServer::start("OBEY COMMAND INFO M.GET\nWAIT go\nSEND *1\\r\\n_\\r\\n\nOBEY");
    let mut options = server.options();
    options.queue.commands = Some(3);
    let mut client = Async::new(options).unwrap();
    for (token, line) in [["M.GET", "a"], ["GET", "b"]].iter().enumerate() {
        client.submit(line, token as u64).unwrap();
    }
    turn_until(&mut client, || server.lines().len() == 1);
    // The question itself takes none.
    client.submit(&["M.GET", "c"], 2).unwrap();
    assert_eq!(client.submit(&["GET", "d"], 3).unwrap_err().kind(), ErrorKind::QueueFull);
    assert_eq!(client.cancel(1).unwrap(), Some(Outcome::NotApplied));
    client.submit(&["GET", "d"], 4).unwrap();
    assert_eq!(client.submit(&["GET", "e"], 5).unwrap_err().kind(), ErrorKind::QueueFull);
    server.open("go");
    let mut heard = Vec::new();
    run(&mut client, 3, |batch| {
        heard.extend(batch.iter().map(|completion| (completion.token, succeeded(completion))));
    });
    assert_eq!(heard, [(0, "a".to_owned()), (2, "c".to_owned()), (4, "d".to_owned())]);
    assert_eq!(server.lines(), ["COMMAND INFO M.GET", "M.GET a", "M.GET c", "GET d"]);
}
