//! Pools on a real server.

mod support;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use oxipipe::{Completions, ErrorKind, Options, Outcome, Pipeline, Pool, Pulled};
use support::live_server::LiveServer;
use support::pace::once_more_after_a_stall;
use support::{LONG, eventually};

fn pool(server: &LiveServer, connections: usize, change: impl FnOnce(&mut Options)) -> Pool {
    let mut options = server.options();
    change(&mut options);
    Pool::new(options, connections).unwrap()
}

#[test]
fn every_submission_completes_once_with_its_own_reply() {
    let server = LiveServer::start();
    let pool = pool(&server, 10, |_| {});
    pool.connect().unwrap();
    const EACH: u64 = 5000;
    let seen = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..4 {
            let pool = &pool;
            scope.spawn(move || {
                for n in 0..EACH {
                    let token = thread * EACH + n;
                    pool.submit(&["ECHO", &token.to_string()], Some(token)).unwrap();
                }
            });
        }
        for _ in 0..2 {
            let (pool, seen) = (&pool, &seen);
            scope.spawn(move || {
                let mut batch = Completions::new();
                while seen.load(Ordering::Relaxed) < 4 * EACH {
                    pool.next(&mut batch, Some(Duration::from_millis(20))).unwrap();
                    for completion in batch.iter() {
                        let reply = completion.reply().unwrap();
                        assert_eq!(reply.root().bytes(), Some(completion.token.to_string().as_bytes()));
                    }
                    seen.fetch_add(batch.len() as u64, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(seen.load(Ordering::Relaxed), 4 * EACH);
    let mut batch = Completions::new();
    assert_eq!(pool.next(&mut batch, None).unwrap(), Pulled::Nothing);
    assert_eq!(pool.flush(None).unwrap().0, 0);
}

#[test]
fn a_flush_counts_failures_and_reports_the_first() {
    let server = LiveServer::start();
    let pool = pool(&server, 4, |_| {});
    for n in 0..2000 {
        let command: &[&str] = if n % 100 == 50 { &["LPUSH", "h", "x"] } else { &["HSET", "h", "f", "v"] };
        pool.submit(command, None).unwrap();
    }
    let (failed, first) = pool.flush(Some(LONG)).unwrap();
    let first = first.unwrap();
    assert_eq!((failed, first.kind(), first.outcome()), (20, ErrorKind::Reply, Some(Outcome::Rejected)));
    assert!(first.message().starts_with("WRONGTYPE"), "{first}");
    let (failed, first) = pool.flush(Some(LONG)).unwrap();
    assert!(failed == 0 && first.is_none());
}

#[test]
fn results_come_in_order_where_that_is_wanted() {
    let server = LiveServer::start();
    let pool = pool(&server, 8, |options| options.ordered_results = true);
    let mut next = 0;
    let mut batch = Completions::new();
    for n in 0..20_000 {
        let token = if n % 7 == 0 { None } else { Some(n) };
        while !pool.try_submit(&["ECHO", "x"], token).unwrap() {
            pool.next(&mut batch, None).unwrap();
            for completion in batch.iter() {
                next += u64::from(next % 7 == 0);
                assert_eq!(completion.token, next);
                next += 1;
            }
        }
    }
    pool.drain(&mut batch, Some(LONG)).unwrap();
    for completion in batch.iter() {
        next += u64::from(next % 7 == 0);
        assert_eq!(completion.token, next);
        next += 1;
    }
    // Of the last one nobody hears.
    assert_eq!(next, 19_999);
}

#[test]
fn commands_on_one_key_stay_in_order_where_that_is_wanted() {
    let server = LiveServer::start();
    let pool = pool(&server, 10, |options| options.key_affinity = true);
    for n in 0..20_000 {
        pool.submit(&["RPUSH", &format!("list {}", n % 37), &n.to_string()], None).unwrap();
    }
    assert_eq!(pool.flush(Some(LONG)).unwrap().0, 0);
    let client = server.client();
    for list in 0..37 {
        let reply = client.command(&["LRANGE", &format!("list {list}"), "0", "-1"]).unwrap();
        let values: Vec<u64> = reply
            .root()
            .children()
            .map(|value| std::str::from_utf8(value.bytes().unwrap()).unwrap().parse().unwrap())
            .collect();
        assert!(values.is_sorted() && values.len() >= 540, "{list}");
    }
}

#[test]
fn a_full_queue_waits_and_then_times_out_without_having_queued() {
    once_more_after_a_stall(|| {
        let server = LiveServer::start();
        let pool = pool(&server, 2, |options| {
            options.queue.commands = Some(10);
            options.timeout = Some(Duration::from_millis(400));
        });
        for token in 0..10 {
            pool.submit(&["INCR", "n"], Some(token)).unwrap();
        }
        assert!(!pool.try_submit(&["INCR", "n"], Some(10)).unwrap());
        let error = pool.submit(&["INCR", "n"], Some(10)).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Some(Outcome::NotApplied)));
        let mut batch = Completions::new();
        pool.drain(&mut batch, None).unwrap();
        assert_eq!(batch.len(), 10);
        assert!(pool.try_submit(&["INCR", "n"], Some(10)).unwrap());
        pool.drain(&mut batch, None).unwrap();
        assert_eq!(batch.get(0).unwrap().reply().unwrap().root().as_int(), Some(11));
    });
}

#[test]
fn a_cancelled_submission_never_completes_and_shifts_nobody() {
    let server = LiveServer::start();
    let pool = pool(&server, 3, |options| options.queue.commands = Some(100_000));
    let mut gone = HashSet::new();
    for token in 0..30_000_u64 {
        pool.submit(&["ECHO", &token.to_string()], Some(token)).unwrap();
        if token % 3 == 0 && pool.cancel(token - token % 2).is_some() {
            assert!(gone.insert(token - token % 2));
        }
    }
    let mut batch = Completions::new();
    pool.drain(&mut batch, None).unwrap();
    for completion in batch.iter() {
        assert!(!gone.contains(&completion.token));
        assert_eq!(completion.reply().unwrap().root().bytes(), Some(completion.token.to_string().as_bytes()));
    }
    assert_eq!(batch.len() + gone.len(), 30_000);
}

#[test]
fn a_close_with_grace_completes_everything_and_one_without_says_what_was_lost() {
    let server = LiveServer::start();
    let graceful = pool(&server, 3, |_| {});
    for n in 0..1000 {
        graceful.submit(&["SADD", "s", &n.to_string()], None).unwrap();
    }
    assert_eq!(graceful.close(Some(LONG)).unwrap(), oxipipe::Lost::default());
    assert_eq!(server.client().command(&["SCARD", "s"]).unwrap().root().as_int(), Some(1000));
    assert_eq!(graceful.submit(&["PING"], None).unwrap_err().kind(), ErrorKind::Closed);

    let hard = pool(&server, 1, |_| {});
    hard.connect().unwrap();
    server.client().command(&["CLIENT", "PAUSE", "100000", "WRITE"]).unwrap();
    hard.submit(&["SET", "k", "v"], Some(1)).unwrap();
    hard.submit(&["BLPOP", "k", "0"], Some(2)).unwrap();
    let waiter = thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut batch = Completions::new();
            hard.next(&mut batch, None).map(|_| batch.len())
        });
        let lost = hard.close(Some(Duration::from_millis(50))).unwrap();
        assert_eq!(lost.unknown + lost.not_applied, 2);
        waiter.join().unwrap().unwrap()
    });
    assert!(waiter > 0);
    server.client().command(&["CLIENT", "UNPAUSE"]).unwrap();
}

#[test]
fn what_a_closed_pool_says_is_that_the_pool_is_closed() {
    let server = LiveServer::start();
    let pool = pool(&server, 1, |_| {});
    pool.submit(&["BLPOP", "nothing", "0"], Some(1)).unwrap();
    pool.submit(&["BLPOP", "nothing", "0"], None).unwrap();
    pool.close(Some(Duration::ZERO)).unwrap();
    let mut batch = Completions::new();
    pool.drain(&mut batch, Some(LONG)).unwrap();
    for error in [
        pool.flush(None).unwrap().1.unwrap(),
        batch.iter().next().unwrap().reply().unwrap_err().clone(),
        pool.submit(&["PING"], None).unwrap_err(),
        pool.connect().unwrap_err(),
        pool.lease().err().unwrap(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert!(error.message().starts_with("the pool is closed"), "{error}");
    }
}

#[test]
fn pipelines_go_through_a_pool_whole() {
    let server = LiveServer::start();
    let pool = pool(&server, 5, |_| {});
    for token in 0..50 {
        let mut pipeline = Pipeline::detached(token % 2 == 0);
        for _ in 0..100 {
            pipeline.command(&["INCR", &format!("n {token}")]).unwrap();
        }
        pool.submit_pipeline(&mut pipeline, Some(token)).unwrap();
    }
    let mut batch = Completions::new();
    pool.drain(&mut batch, Some(LONG)).unwrap();
    assert_eq!(batch.len(), 50);
    for completion in batch.iter() {
        let reply = completion.reply().unwrap();
        let values: Vec<_> = reply.root().children().map(|value| value.as_int().unwrap()).collect();
        assert_eq!(values, (1..=100).collect::<Vec<_>>());
    }
}

#[test]
fn a_dead_server_ends_everything_outstanding_at_once() {
    let mut server = LiveServer::start();
    let pool = pool(&server, 4, |options| {
        // Without it, what has not left waits for the server until its deadline.
        options.fail_fast = true;
        options.timeout = Some(Duration::from_secs(600));
    });
    pool.connect().unwrap();
    server.client().command(&["CLIENT", "PAUSE", "100000", "WRITE"]).unwrap();
    for token in 0..100 {
        pool.submit(&["SET", "k", "v"], Some(token)).unwrap();
    }
    let mut batch = Completions::new();
    assert_eq!(pool.next(&mut batch, Some(Duration::from_millis(50))).unwrap(), Pulled::TimedOut);
    let observer = server.client();
    eventually("the first to have left", || {
        let list = observer.command(&["CLIENT", "LIST"]).unwrap();
        list.root().as_str().unwrap().contains("cmd=set")
    });
    server.kill();
    let (mut failed, mut unknown) = (0, 0);
    while failed < 100 {
        assert_eq!(pool.next(&mut batch, Some(LONG)).unwrap(), Pulled::Some);
        for completion in batch.iter() {
            let outcome = completion.error.unwrap().outcome();
            assert!(matches!(outcome, Some(Outcome::Unknown | Outcome::NotApplied)), "{outcome:?}");
            unknown += u64::from(outcome == Some(Outcome::Unknown));
            failed += 1;
        }
    }
    assert!(unknown > 0, "some had left");
}

#[test]
fn a_pool_without_a_server_says_so() {
    let pool = Pool::new(support::tcp(1), 3).unwrap();
    assert_eq!(pool.connect().unwrap_err().kind(), ErrorKind::Connect);
    pool.submit(&["PING"], Some(1)).unwrap();
    let (failed, first) = pool.flush(Some(LONG)).unwrap();
    assert_eq!((failed, first.unwrap().outcome()), (1, Some(Outcome::NotApplied)));
    assert_eq!(Pool::new(support::tcp(1), 0).err().unwrap().kind(), ErrorKind::Argument);
}

#[test]
fn only_what_has_not_left_is_taken_back() {
    let server = LiveServer::start();
    let pool = pool(&server, 1, |_| {});
    pool.connect().unwrap();
    assert_eq!(pool.retract(1), None);
    server.client().command(&["CLIENT", "PAUSE", "100000", "WRITE"]).unwrap();
    pool.submit(&["INCR", "n"], Some(1)).unwrap();
    // It leaves at once, although nobody answers.
    while pool.retract(1) == Some(true) {
        pool.submit(&["INCR", "n"], Some(1)).unwrap();
        thread::yield_now();
    }
    assert_eq!(pool.retract(1), Some(false));
    server.client().command(&["CLIENT", "UNPAUSE"]).unwrap();
    let mut batch = Completions::new();
    assert_eq!(pool.next(&mut batch, Some(LONG)).unwrap(), Pulled::Some);
    assert_eq!(batch.iter().map(|completion| completion.token).collect::<Vec<_>>(), [1]);
    assert_eq!(pool.retract(1), None);
    assert_eq!(pool.flush(Some(LONG)).unwrap().0, 0);
    let reply = server.client().command(&["GET", "n"]).unwrap();
    assert_eq!(reply.root().bytes(), Some(&b"1"[..]));
}

#[test]
fn a_pipeline_that_finds_no_room_stays_as_it_was() {
    let server = LiveServer::start();
    let pool = pool(&server, 1, |options| options.queue.commands = Some(1));
    let mut pipeline = Pipeline::detached(false);
    pipeline.command(&["ECHO", "a"]).unwrap();
    pool.submit(&["ECHO", "first"], Some(1)).unwrap();
    assert!(!pool.try_submit_pipeline(&mut pipeline, Some(2)).unwrap());
    assert_eq!(pipeline.len(), 1);
    let mut batch = Completions::new();
    pool.drain(&mut batch, Some(LONG)).unwrap();
    assert!(pool.try_submit_pipeline(&mut pipeline, Some(2)).unwrap());
    assert_eq!(pipeline.len(), 0);
    pool.drain(&mut batch, Some(LONG)).unwrap();
    assert_eq!(batch.iter().map(|completion| completion.token).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_slow_command_holds_up_only_what_was_behind_it() {
    let server = LiveServer::start();
    let pool = pool(&server, 3, |_| {});
    pool.connect().unwrap();
    // Held until the pause ends; what only reads is not.
    server.client().command(&["CLIENT", "PAUSE", "100000", "WRITE"]).unwrap();
    pool.submit(&["SET", "k", "v"], Some(1000)).unwrap();
    let mut batch = Completions::new();
    assert_eq!(pool.next(&mut batch, Some(Duration::from_millis(20))).unwrap(), Pulled::TimedOut);
    for token in 0..10 {
        pool.submit(&["GET", "k"], Some(token)).unwrap();
        assert_eq!(pool.next(&mut batch, Some(LONG)).unwrap(), Pulled::Some);
        assert_eq!(batch.get(0).unwrap().token, token);
    }
    server.client().command(&["CLIENT", "UNPAUSE"]).unwrap();
    assert_eq!(pool.next(&mut batch, Some(LONG)).unwrap(), Pulled::Some);
    assert_eq!(batch.get(0).unwrap().token, 1000);
}

#[test]
fn results_that_wait_for_their_turn_are_bounded_in_bytes() {
    let server = LiveServer::start();
    let mut options = server.options();
    options.ordered_results = true;
    options.timeout = Some(LONG);
    options.queue.bytes = 1_000_000;
    let pool = Pool::new(options, 4).unwrap();
    server.client().command(&["SETRANGE", "big", "99999", "x"]).unwrap();
    // The first has to wait, and so has everything behind it.
    pool.submit(&["BLPOP", "list", "0"], Some(0)).unwrap();
    let mut submitted = 0;
    support::eventually("the bound", || {
        let taken = pool.try_submit(&["GET", "big"], Some(1 + submitted)).unwrap();
        submitted += u64::from(taken);
        assert!(submitted < 1000, "nothing is bounded");
        !taken && submitted > 5
    });
    server.client().command(&["RPUSH", "list", "x"]).unwrap();
    let mut batch = Completions::new();
    let mut tokens = Vec::new();
    while tokens.len() as u64 <= submitted {
        assert_eq!(pool.next(&mut batch, Some(LONG)).unwrap(), Pulled::Some);
        tokens.extend(batch.iter().map(|completion| completion.token));
    }
    assert_eq!(tokens, (0..=submitted).collect::<Vec<_>>());
}
