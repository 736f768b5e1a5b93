//! Event-loop clients on a real server.

mod support;

use std::collections::HashMap;

use oxipipe::{Async, Completions, ErrorKind, Kind, Outcome, Pipeline};
use support::event_loop::{run, wait};
use support::live_server::LiveServer;
use support::pace::once_more_after_a_stall;

fn client(server: &LiveServer) -> Async {
    Async::new(server.options()).unwrap()
}

#[test]
fn commands_of_one_turn_come_back_with_their_tokens() {
    let server = LiveServer::start();
    let mut client = client(&server);
    for n in 0..1000_u64 {
        client.submit(&["ECHO", &n.to_string()], n).unwrap();
    }
    let mut next = 0;
    run(&mut client, 1000, |batch| {
        for completion in batch.iter() {
            let reply = completion.reply().unwrap();
            assert_eq!((completion.token, completion.replies), (next, 1));
            assert_eq!(reply.root().bytes(), Some(next.to_string().as_bytes()));
            next += 1;
        }
    });
    assert_eq!(next, 1000);
}

#[test]
fn replies_of_every_shape_and_size_stay_whole() {
    let server = LiveServer::start();
    let blocking = server.client();
    let big = "x".repeat(3_000_000);
    blocking.command(&["SET", "big", &big]).unwrap();
    for n in 0..5000 {
        blocking.command(&["RPUSH", "list", &format!("element {n}")]).unwrap();
    }
    let mut client = client(&server);
    let mut token = 0;
    for _ in 0..3 {
        for args in [
            &["GET", "big"][..],
            &["LRANGE", "list", "0", "-1"],
            &["HELLO?"],
            &["PING"],
            &["CONFIG", "GET", "max*"],
            &["LRANGE", "list", "0", "1"],
        ] {
            client.submit(args, token).unwrap();
            token += 1;
        }
    }
    run(&mut client, token as usize, |batch| {
        for completion in batch.iter() {
            let reply = completion.reply().unwrap();
            let root = reply.root();
            match completion.token % 6 {
                0 => assert_eq!(root.bytes(), Some(big.as_bytes())),
                1 => {
                    assert_eq!(root.len(), 5000);
                    assert!(
                        root.children()
                            .enumerate()
                            .all(|(n, value)| { value.bytes() == Some(format!("element {n}").as_bytes()) })
                    );
                }
                2 => assert_eq!(root.kind(), Kind::Error),
                3 => assert_eq!(root.bytes(), Some(&b"PONG"[..])),
                4 => assert!(root.len() > 4 && matches!(root.kind(), Kind::Map | Kind::Array)),
                _ => assert_eq!(root.len(), 2),
            }
        }
    });
}

#[test]
fn pipelines_complete_as_a_whole() {
    let server = LiveServer::start();
    let mut client = client(&server);
    let mut plain = Pipeline::detached(false);
    for n in 0..10_000 {
        plain.command(&["HSET", "h", &n.to_string(), "1"]).unwrap();
    }
    let mut atomic = Pipeline::detached(true);
    atomic.command(&["INCR", "n"]).unwrap().command(&["LPUSH", "n", "x"]).unwrap();
    let mut invalid = Pipeline::detached(true);
    invalid.command(&["INCR", "n"]).unwrap().command(&["NOSUCH"]).unwrap();

    client.submit_pipeline(&mut plain, 1).unwrap();
    client.submit_pipeline(&mut atomic, 2).unwrap();
    client.submit_pipeline(&mut invalid, 3).unwrap();
    client.submit(&["GET", "n"], 4).unwrap();
    assert_eq!((plain.len(), plain.command_name(9999)), (0, Some(&b"HSET"[..])));
    assert_eq!(client.submit_pipeline(&mut plain, 5).unwrap_err().kind(), ErrorKind::Argument);
    assert_eq!(plain.execute().unwrap().root().len(), 0);
    plain.command(&["PING"]).unwrap();
    assert_eq!(plain.execute().unwrap_err().kind(), ErrorKind::Argument);

    run(&mut client, 4, |batch| {
        for completion in batch.iter() {
            let reply = completion.reply().unwrap();
            let root = reply.root();
            match completion.token {
                1 => {
                    assert_eq!((completion.replies, root.len()), (10_000, 10_000));
                    assert!(root.children().all(|value| value.as_int() == Some(1)));
                }
                2 => {
                    assert_eq!(root.get(0).unwrap().as_int(), Some(1));
                    assert!(root.get(1).unwrap().error().unwrap().starts_with(b"WRONGTYPE"));
                }
                3 => assert!(root.children().all(|value| value.kind() == Kind::Error)),
                _ => assert_eq!(root.bytes(), Some(&b"1"[..])),
            }
        }
    });
}

#[test]
fn a_cancelled_command_is_removed_before_it_leaves_and_swallowed_after() {
    let server = LiveServer::start();
    let mut client = client(&server);
    client.submit(&["SET", "a", "1"], 1).unwrap();
    client.submit(&["SET", "b", "1"], 2).unwrap();
    client.submit(&["SET", "c", "1"], 3).unwrap();
    assert_eq!(client.cancel(2).unwrap(), Some(Outcome::NotApplied));
    assert_eq!(client.cancel(2).unwrap(), None);
    run(&mut client, 2, |_| {});

    client.submit(&["SET", "d", "1"], 4).unwrap();
    client.submit(&["ECHO", "x"], 5).unwrap();
    client.process().unwrap();
    if let Some(outcome) = client.cancel(4).unwrap() {
        assert_eq!(outcome, Outcome::Unknown);
    }
    let mut echoed = None;
    while echoed.is_none() {
        wait(&client, client.timeout());
        client.process().unwrap();
        let mut batch = Completions::new();
        client.next(&mut batch);
        for completion in batch.iter() {
            if completion.token == 5 {
                echoed = Some(completion.reply().unwrap());
            }
        }
    }
    assert_eq!(echoed.unwrap().root().bytes(), Some(&b"x"[..]));
    let exists = server.client().command(&["EXISTS", "a", "b", "c", "d"]).unwrap();
    assert_eq!(exists.root().as_int(), Some(3));
}

#[test]
fn a_blocking_command_keeps_nobody_waiting() {
    let server = LiveServer::start();
    let mut client = client(&server);
    for token in 0..20 {
        client.submit(&["BLPOP", &format!("queue {token}"), "0"], token).unwrap();
    }
    client.submit(&["PING"], 100).unwrap();
    run(&mut client, 1, |batch| assert!(batch.iter().all(|completion| completion.token == 100)));
    for token in 0..20 {
        client.submit(&["RPUSH", &format!("queue {token}"), "x"], 200).unwrap();
    }
    let mut seen = HashMap::new();
    run(&mut client, 40, |batch| {
        for completion in batch.iter() {
            *seen.entry(completion.token).or_insert(0) += 1;
            assert!(completion.error.is_none());
        }
    });
    assert_eq!(seen.len(), 21);
    // Idle connections are given back, all but a few.
    let mut connections = usize::MAX;
    while connections > 10 {
        client.submit(&["CLIENT", "LIST"], 0).unwrap();
        run(&mut client, 1, |batch| {
            for completion in batch.iter() {
                let text = completion.reply().unwrap();
                connections = text.root().bytes().unwrap().iter().filter(|byte| **byte == b'\n').count();
            }
        });
    }
}

#[test]
fn closing_ends_everything_and_says_how() {
    let server = LiveServer::start();
    let mut client = client(&server);
    client.submit(&["PING"], 1).unwrap();
    run(&mut client, 1, |_| {});
    client.submit(&["BLPOP", "k", "0"], 2).unwrap();
    while !server
        .client()
        .command(&["CLIENT", "LIST"])
        .unwrap()
        .root()
        .bytes()
        .unwrap()
        .windows(9)
        .any(|w| w == b"cmd=blpop")
    {
        client.process().unwrap();
    }
    client.submit(&["SET", "k2", "v"], 3).unwrap();
    client.close();
    client.close();
    assert_eq!(client.submit(&["PING"], 4).unwrap_err().kind(), ErrorKind::Closed);
    let mut batch = Completions::new();
    client.next(&mut batch);
    let outcomes: HashMap<_, _> = batch
        .iter()
        .map(|completion| {
            let error = completion.error.unwrap();
            assert_eq!(error.kind(), ErrorKind::Closed);
            (completion.token, error.outcome().unwrap())
        })
        .collect();
    assert_eq!(outcomes, HashMap::from([(2, Outcome::Unknown), (3, Outcome::NotApplied)]));
    assert_eq!(client.timeout(), None);
}

#[test]
fn a_server_that_is_not_there_fails_at_once_and_a_full_queue_says_so() {
    let mut options = support::tcp(1);
    options.queue.commands = Some(3);
    let mut client = Async::new(options).unwrap();
    for token in 0..3 {
        client.submit(&["PING"], token).unwrap();
    }
    let full = client.submit(&["PING"], 3).unwrap_err();
    assert_eq!((full.kind(), full.outcome()), (ErrorKind::QueueFull, Some(Outcome::NotApplied)));
    run(&mut client, 3, |batch| {
        for completion in batch.iter() {
            let error = completion.error.unwrap();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Some(Outcome::NotApplied)));
        }
    });
    client.submit(&["PING"], 4).unwrap();
    run(&mut client, 1, |_| {});
}

#[test]
fn after_the_server_came_back_what_was_not_applied_goes_on() {
    once_more_after_a_stall(|| {
        let mut server = LiveServer::start();
        let mut client = client(&server);
        client.submit(&["PING"], 0).unwrap();
        run(&mut client, 1, |_| {});
        server.kill();
        client.submit(&["SET", "k", "v"], 1).unwrap();
        client.process().unwrap();
        client.submit(&["GET", "k"], 2).unwrap();
        for _ in 0..3 {
            client.process().unwrap();
        }
        server.restart();
        let mut seen = 0;
        run(&mut client, 2, |batch| {
            for completion in batch.iter() {
                match completion.token {
                    1 => assert!(
                        completion.error.is_none_or(|error| error.outcome() == Some(Outcome::Unknown))
                    ),
                    _ => assert!(completion.error.is_none()),
                }
                seen += 1;
            }
        });
        assert_eq!(seen, 2);
    });
}
