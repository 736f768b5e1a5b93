//! Pools: little room, servers that go away, closing at any moment, and what they leave behind (L06-L08, M02, M13, G01-G03).

mod support;

use std::fs;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use oxipipe::{Async, Completions, ErrorKind, Lost, Outcome, Pipeline, Pool, Pulled};
use support::event_loop;
use support::fake_server::FakeServer;
use support::ledger_server::{LedgerServer, Malice};
use support::live_server::LiveServer;
use support::own_process::in_own_process;
use support::pace::{Stopwatch, once_more_after_a_stall};
use support::proxy::Proxy;
use support::{LONG, PATIENCE, assert_error, eventually, promptly};

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).unwrap().count()
}

fn resident_bytes() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn a_producer_faster_than_its_server_waits_and_then_hears_that_nothing_was_done() {
    in_own_process("a_producer_faster_than_its_server_waits_and_then_hears_that_nothing_was_done", || {
        // Reads the greeting and nothing more.
        let server = FakeServer::start("STALL");
        let mut options = server.options();
        options.timeout = Some(Duration::from_millis(200));
        options.queue.bytes = 8 * 1024 * 1024;
        let pool = Pool::new(options, 2).unwrap();
        let value = vec![b'x'; 100_000];
        let before = resident_bytes();
        let (mut accepted, mut refused) = (0_u64, 0);
        while refused < 3 {
            match pool.submit(&[b"SET", &b"k"[..], &value], Some(accepted)) {
                Ok(()) => accepted += 1,
                Err(error) => {
                    assert_error(&error, ErrorKind::Timeout, Outcome::NotApplied);
                    refused += 1;
                }
            }
            assert!(accepted < 10_000, "the bound does not hold");
        }
        // The bound, once in the engine and once in the intake, and what the allocator keeps of growing buffers.
        assert!(resident_bytes() - before < 64 * 1024 * 1024, "{}", resident_bytes() - before);
        let (mut batch, mut seen) = (Completions::new(), 0);
        while seen < accepted {
            assert_eq!(pool.next(&mut batch, Some(LONG)).unwrap(), Pulled::Some);
            for completion in batch.iter() {
                assert_eq!(completion.error.unwrap().kind(), ErrorKind::Timeout);
            }
            seen += batch.len() as u64;
        }
        assert_eq!((seen, pool.next(&mut batch, None).unwrap()), (accepted, Pulled::Nothing));
    });
}

#[test]
fn a_short_absence_of_the_server_is_not_noticed_by_what_had_not_left() {
    once_more_after_a_stall(|| {
        let server = LiveServer::start();
        let proxy = Proxy::to(server.port());
        let pool = Pool::new(proxy.options(), 1).unwrap();
        pool.connect().unwrap();
        proxy.take_down();
        server.client().command(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
        // The only connection is gone before the next one is asked for.
        let before = proxy.connections();
        let mut batch = Completions::new();
        let mut token = 0;
        while proxy.connections() == before {
            // Some may still be written to the dead connection.
            pool.submit(&["GET", "k"], Some(token)).unwrap();
            token += 1;
            thread::sleep(Duration::from_millis(1));
        }
        pool.submit(&["INCR", "n"], Some(token)).unwrap();
        proxy.bring_up();
        promptly(|| pool.drain(&mut batch, Some(LONG)).unwrap());
        assert_eq!(batch.len() as u64, token + 1);
        for completion in batch.iter() {
            assert!(completion.error.is_none(), "{:?}", completion.error);
        }
    });
}

#[test]
fn what_has_not_left_waits_for_a_server_that_is_away_until_its_own_deadline() {
    let server = LiveServer::start();
    let proxy = Proxy::to(server.port());
    let mut options = proxy.options();
    let mut batch = Completions::new();
    let go_away = || {
        proxy.take_down();
        server.client().command(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
    };

    options.timeout = Some(LONG);
    let patient = Pool::new(options.clone(), 1).unwrap();
    patient.connect().unwrap();
    go_away();
    patient.submit(&["GET", "n"], Some(1)).unwrap();
    thread::sleep(Duration::from_millis(1500));
    patient.submit(&["INCR", "n"], Some(2)).unwrap();
    proxy.bring_up();
    patient.drain(&mut batch, Some(LONG)).unwrap();
    assert_eq!(batch.len(), 2);
    assert!(batch.iter().all(|completion| completion.error.is_none()));
    drop(patient);

    options.timeout = Some(Duration::from_secs(2));
    let pool = Pool::new(options, 1).unwrap();
    while pool.connect().is_err() {}
    go_away();
    let mut ask = || {
        pool.submit(&["INCR", "n"], Some(1)).unwrap();
        pool.drain(&mut batch, Some(LONG)).unwrap();
        batch
            .get(0)
            .unwrap()
            .error
            .map(|error| (error.kind() != ErrorKind::Timeout, error.outcome().unwrap()))
    };
    // What was written to the dead connection is unknown; the first one that was not has waited, and knows why.
    while ask() != Some((true, Outcome::NotApplied)) {}
}

#[test]
fn with_fail_fast_everything_fails_without_a_server_until_it_is_back() {
    let server = LiveServer::start();
    let proxy = Proxy::to(server.port());
    let mut options = proxy.options();
    options.timeout = Some(Duration::from_secs(600));
    options.fail_fast = true;
    let pool = Pool::new(options, 1).unwrap();
    pool.connect().unwrap();
    proxy.take_down();
    server.client().command(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
    let mut batch = Completions::new();
    let ask = |batch: &mut Completions| {
        pool.submit(&["INCR", "n"], Some(1)).unwrap();
        promptly(|| pool.drain(batch, Some(LONG)).unwrap());
        batch.get(0).unwrap().error.map(|error| error.outcome().unwrap())
    };
    // Those that were written to the dead connection are unknown; the first one that was not has waited.
    while ask(&mut batch) != Some(Outcome::NotApplied) {}
    let watch = Stopwatch::start();
    for _ in 0..20 {
        assert_eq!(ask(&mut batch), Some(Outcome::NotApplied));
    }
    assert!(watch.elapsed() < PATIENCE / 2, "each of them waited");
    proxy.bring_up();
    eventually("the server again", || ask(&mut batch).is_none());
}

#[test]
fn closing_wakes_everybody_who_waits() {
    let server = FakeServer::start("HANG");
    let mut options = server.options();
    options.timeout = None;
    options.queue.commands = Some(1);
    for grace in [Some(Duration::ZERO), Some(Duration::from_millis(30))] {
        let pool = Pool::new(options.clone(), 2).unwrap();
        pool.submit(&["SET", "k", "v"], Some(0)).unwrap();
        let begun = Barrier::new(9);
        thread::scope(|scope| {
            let (pool, begun) = (&pool, &begun);
            let mut ends = Vec::new();
            for _ in 0..2 {
                ends.push(scope.spawn(move || {
                    begun.wait();
                    let error = pool.submit(&["SET", "k", "v"], Some(1)).unwrap_err();
                    assert_error(&error, ErrorKind::Closed, Outcome::NotApplied);
                }));
                ends.push(scope.spawn(move || {
                    begun.wait();
                    let mut batch = Completions::new();
                    // One of them gets it.
                    pool.next(&mut batch, None).unwrap();
                }));
                ends.push(scope.spawn(move || {
                    begun.wait();
                    pool.flush(None).unwrap();
                }));
                ends.push(scope.spawn(move || {
                    begun.wait();
                    assert_eq!(pool.connect().unwrap_err().kind(), ErrorKind::Closed);
                }));
            }
            begun.wait();
            let lost = promptly(|| pool.close(grace).unwrap());
            assert!(lost.unknown + lost.not_applied >= 1);
            ends.into_iter().for_each(|end| end.join().unwrap());
        });
        assert_eq!(pool.close(None).unwrap(), Lost::default());
    }
}

#[test]
fn closing_at_any_moment_ends_every_submission_once() {
    let server = LiveServer::start();
    for round in 0..60_u64 {
        let mut options = server.options();
        options.queue.commands = Some(50);
        options.ordered_results = round.is_multiple_of(2);
        let pool = Pool::new(options, 1 + round as usize % 3).unwrap();
        let (accepted, seen, is_over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            let (pool, accepted, seen, is_over) = (&pool, &accepted, &seen, &is_over);
            for thread in 0..2 {
                scope.spawn(move || {
                    for n in 0.. {
                        match pool.submit(&["ECHO", "x"], Some(thread * 1_000_000 + n)) {
                            Ok(()) => accepted.fetch_add(1, Ordering::Relaxed),
                            Err(error) => {
                                return assert_error(&error, ErrorKind::Closed, Outcome::NotApplied);
                            }
                        };
                        if n % 5 == 0 && pool.cancel(thread * 1_000_000 + n).is_some() {
                            accepted.fetch_sub(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            scope.spawn(move || {
                let mut batch = Completions::new();
                while !is_over.load(Ordering::Relaxed) {
                    pool.next(&mut batch, Some(Duration::from_millis(1))).unwrap();
                    seen.fetch_add(batch.len() as u64, Ordering::Relaxed);
                }
            });
            scope.spawn(move || {
                while !pool.is_closed() {
                    pool.flush(None).unwrap();
                }
            });
            eventually("some work", || seen.load(Ordering::Relaxed) > round);
            promptly(|| {
                pool.close(Some(if round.is_multiple_of(3) { LONG } else { Duration::ZERO })).unwrap()
            });
            is_over.store(true, Ordering::Relaxed);
        });
        let mut batch = Completions::new();
        while pool.next(&mut batch, Some(LONG)).unwrap() == Pulled::Some {
            seen.fetch_add(batch.len() as u64, Ordering::Relaxed);
        }
        assert_eq!(seen.into_inner(), accepted.into_inner(), "round {round}");
    }
}

/// By its name: sanitizers have threads of their own.
fn has_thread(name: &str) -> bool {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .any(|comm| comm.trim_end() == name)
}

#[test]
fn a_pool_that_is_dropped_with_work_outstanding_takes_its_thread_along() {
    in_own_process("a_pool_that_is_dropped_with_work_outstanding_takes_its_thread_along", || {
        let server = FakeServer::start("HANG");
        let files = entries("/proc/self/fd");
        let mut options = server.options();
        options.timeout = None;
        let pool = Pool::new(options, 3).unwrap();
        for token in 0..1000 {
            pool.submit(&["SET", "k", "v"], Some(token)).unwrap();
        }
        eventually("three connections", || server.connections() == 3);
        // It names itself.
        eventually("its thread", || has_thread("oxipipe-pool"));
        promptly(|| drop(pool));
        (0..3).for_each(|connection| server.wait_gone(connection));
        eventually("the end of its thread", || !has_thread("oxipipe-pool"));
        eventually("the end of its descriptors", || entries("/proc/self/fd") <= files + 3);
    });
}

#[test]
fn a_burst_on_a_cold_pool_makes_as_many_connections_as_were_asked_for() {
    let server = LiveServer::start();
    let pool = Pool::new(server.tcp_options(), 4).unwrap();
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| (0..500).for_each(|_| pool.submit(&["INCR", "n"], None).unwrap()));
        }
    });
    assert_eq!(pool.flush(Some(LONG)).unwrap().0, 0);
    let client = server.client();
    assert_eq!(client.command(&["GET", "n"]).unwrap().root().as_str(), Some("10000"));
    let list = client.command(&["CLIENT", "LIST", "TYPE", "normal"]).unwrap();
    let lines = list.root().as_str().unwrap().lines().count();
    assert!(lines <= 1 + 4, "{lines} connections");
}

#[test]
fn idle_connections_that_died_with_a_server_cost_nobody_an_error() {
    let mut server = LiveServer::start();
    let pool = Pool::new(server.tcp_options(), 50).unwrap();
    pool.connect().unwrap();
    server.restart();
    support::kernel::wait_until_ended(server.port());
    for _ in 0..2000 {
        pool.submit(&["INCR", "n"], None).unwrap();
    }
    let (failed, first) = pool.flush(Some(LONG)).unwrap();
    assert_eq!(failed, 0, "{first:?}");
}

#[test]
fn ten_thousand_clients_and_pools_leave_nothing_behind() {
    in_own_process("ten_thousand_clients_and_pools_leave_nothing_behind", || {
        let server = LiveServer::start();
        let mut batch = Completions::new();
        let mut cycle = |n: usize| {
            let options = if n.is_multiple_of(3) { server.tcp_options() } else { server.options() };
            if n.is_multiple_of(2) {
                let mut client = Async::new(options).unwrap();
                client.submit(&["PING"], 1).unwrap();
                match n % 8 {
                    0 => {}
                    2 => client.process().unwrap(),
                    _ => event_loop::run(&mut client, 1, |_| {}),
                }
            } else {
                let pool = Pool::new(options, 1 + n % 3).unwrap();
                if n % 8 != 1 {
                    pool.submit(&["PING"], Some(1)).unwrap();
                }
                if n % 8 > 3 {
                    pool.drain(&mut batch, Some(LONG)).unwrap();
                    assert_eq!(batch.len(), 1);
                }
            }
        };
        (0..200).for_each(&mut cycle);
        let (threads, files, memory) =
            (entries("/proc/self/task"), entries("/proc/self/fd"), resident_bytes());
        (0..10_000).for_each(&mut cycle);
        // A thread that was joined is still listed for a moment.
        eventually("the end of the last thread", || entries("/proc/self/task") <= threads);
        assert_eq!(entries("/proc/self/fd"), files);
        let grown = resident_bytes().saturating_sub(memory);
        assert!(grown < 4 * 1024 * 1024, "{grown} bytes more");
    });
}

#[test]
fn whoever_has_nothing_to_do_sleeps() {
    in_own_process("whoever_has_nothing_to_do_sleeps", || {
        let server = LiveServer::start();
        let pool = Pool::new(server.options(), 3).unwrap();
        pool.connect().unwrap();
        let mut client = Async::new(server.options()).unwrap();
        client.submit(&["PING"], 1).unwrap();
        event_loop::run(&mut client, 1, |_| {});
        client.process().unwrap();
        // None while it runs or waits for a processor.
        let switches = || -> Option<u64> {
            let of_pool =
                fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path()).find(|task| {
                    fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "oxipipe-pool")
                });
            let status = fs::read_to_string(of_pool.unwrap().join("status")).unwrap();
            let lines = status.lines().filter_map(|line| line.split_once("ctxt_switches:"));
            status
                .contains("(sleeping)")
                .then(|| lines.map(|(_, count)| count.trim().parse::<u64>().unwrap()).sum())
        };
        // It has gone to sleep once nothing changes while others work.
        let other = server.client();
        let work = || (0..2000).for_each(|_| drop(other.command(&["PING"]).unwrap()));
        let mut before = switches();
        eventually("the thread to fall asleep", || {
            work();
            let now = switches();
            now.is_some() && std::mem::replace(&mut before, now) == now
        });
        work();
        eventually("the thread to be asleep again", || switches().is_some());
        // Not even now and then. A process that is stopped and goes on is scheduled, too.
        let woken = switches().expect("it sleeps") - before.expect("it slept");
        assert!(woken <= 4, "{woken}");
        assert_eq!(client.timeout(), None);
        let mut entry =
            libc::pollfd { fd: std::os::fd::AsRawFd::as_raw_fd(&client), events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid entry.
        assert_eq!(unsafe { libc::poll(&raw mut entry, 1, 0) }, 0);
    });
}

#[test]
fn a_full_queue_a_dying_connection_and_a_close_at_once_end_in_one_answer_for_each() {
    for seed in 0..15_u64 {
        let malice = Malice { cuts: 200, stalls: 0, stall: Duration::ZERO };
        let server = LedgerServer::start(seed, malice);
        let mut options = server.options();
        options.queue.commands = Some(3);
        let pool = Pool::new(options, 2).unwrap();
        let (accepted, seen) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            let (pool, accepted, seen) = (&pool, &accepted, &seen);
            for thread in 0..3 {
                scope.spawn(move || {
                    for n in 0.. {
                        let token = thread * 1_000_000 + n;
                        match pool.submit(&["LPUSH", "key", &token.to_string()], Some(token)) {
                            Ok(()) => accepted.fetch_add(1, Ordering::Relaxed),
                            Err(error) => {
                                return assert_error(&error, ErrorKind::Closed, Outcome::NotApplied);
                            }
                        };
                    }
                });
            }
            scope.spawn(move || {
                let mut batch = Completions::new();
                while !pool.is_closed() {
                    pool.next(&mut batch, Some(Duration::from_millis(1))).unwrap();
                    seen.fetch_add(batch.len() as u64, Ordering::Relaxed);
                }
            });
            eventually("some work", || seen.load(Ordering::Relaxed) > seed);
            promptly(|| pool.close(Some(Duration::from_millis(seed % 3))).unwrap());
        });
        let mut batch = Completions::new();
        while pool.next(&mut batch, Some(LONG)).unwrap() == Pulled::Some {
            seen.fetch_add(batch.len() as u64, Ordering::Relaxed);
        }
        assert_eq!(seen.into_inner(), accepted.into_inner(), "seed {seed}");
    }
}

#[test]
fn results_outlive_their_pool_and_whoever_cancels_is_served_under_load() {
    let server = LiveServer::start();
    let pool = Pool::new(server.options(), 3).unwrap();
    let is_over = AtomicBool::new(false);
    let mut last = Completions::new();
    thread::scope(|scope| {
        let (pool, is_over) = (&pool, &is_over);
        for _ in 0..2 {
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    pool.submit(&["ECHO", "load"], None).unwrap();
                }
            });
        }
        promptly(|| {
            for token in 0..500 {
                pool.submit(&["ECHO", "x"], Some(token)).unwrap();
                pool.cancel(token);
            }
        });
        pool.submit(&["ECHO", "kept"], Some(1000)).unwrap();
        let is_kept = |batch: &Completions| batch.iter().any(|completion| completion.token == 1000);
        while !is_kept(&last) {
            assert_eq!(pool.next(&mut last, Some(LONG)).unwrap(), Pulled::Some);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    drop(pool);
    let kept = last.iter().find(|completion| completion.token == 1000).unwrap().reply().unwrap();
    drop(last);
    assert_eq!(kept.root().as_str(), Some("kept"));
}

#[test]
fn a_close_without_grace_ends_one_that_still_waits() {
    let server = LiveServer::start();
    let pool = Pool::new(server.options(), 2).unwrap();
    pool.connect().unwrap();
    pool.submit(&["BLPOP", "nothing", "0"], Some(1)).unwrap();
    thread::scope(|scope| {
        let patient = scope.spawn(|| pool.close(None).unwrap());
        eventually("the first close", || pool.is_closed());
        promptly(|| pool.close(Some(Duration::ZERO)).unwrap());
        let lost = patient.join().unwrap();
        assert_eq!(lost.unknown + lost.not_applied, 1);
    });
    assert_eq!(pool.close(None).unwrap(), oxipipe::Lost::default());
}

#[test]
fn what_has_to_stay_behind_a_question_to_the_server_does_and_the_rest_goes_on() {
    // One connection for the key, perhaps another for the question, and at least one more.
    let server = FakeServer::start("OBEY COMMAND INFO M.SET\nWAIT go\nSEND *1\\r\\n_\\r\\n\nOBEY");
    let mut options = server.options();
    (options.key_affinity, options.ordered_results) = (true, true);
    let pool = Pool::new(options, 3).unwrap();
    let mut pipeline = Pipeline::detached(false);
    pipeline.command(&["SET", "key", "0"]).unwrap().command(&["M.SET", "key", "1"]).unwrap();
    pool.submit_pipeline(&mut pipeline, Some(0)).unwrap();
    server.wait_heard(1);
    pool.submit(&["GET", "key"], Some(1)).unwrap();
    let keys: Vec<_> = (2..20).map(|token| format!("key{token}")).collect();
    for (token, key) in (2..).zip(&keys) {
        pool.submit(&["GET", key], Some(token)).unwrap();
    }
    eventually("what goes over another connection", || server.lines().len() > 3);
    assert!(!server.lines().iter().any(|line| line.ends_with(" key") || line.starts_with("SET")));
    server.open("go");
    let (mut batch, mut tokens) = (Completions::new(), Vec::new());
    while pool.next(&mut batch, Some(LONG)).unwrap() == Pulled::Some {
        assert!(batch.iter().all(|completion| completion.error.is_none()));
        tokens.extend(batch.iter().map(|completion| completion.token));
    }
    assert!(tokens.into_iter().eq(0..20));
    pool.close(None).unwrap();
    let (_, heard, failures) = server.finish();
    assert!(failures.is_empty(), "{failures:?}");
    let on = |connection| {
        let all = heard.iter().filter(move |heard| heard.connection == connection);
        all.map(|heard| &*heard.line).filter(|line| !line.starts_with("COMMAND")).collect::<Vec<_>>()
    };
    let connection = heard.iter().find(|heard| heard.line == "M.SET key 1").unwrap().connection;
    let behind = on(connection);
    assert_eq!(behind[..3], ["SET key 0", "M.SET key 1", "GET key"]);
    let number = |line: &&str| line.strip_prefix("GET key").unwrap().parse::<u64>().unwrap();
    assert!(behind[3..].iter().map(number).is_sorted());
    for other in (0..3).filter(|&other| other != connection) {
        assert!(on(other).iter().map(number).is_sorted());
    }
    assert_eq!(heard.len(), 22);
}
