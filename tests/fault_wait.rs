//! Waits that end early: deadlines, interrupts, closing, callbacks that stop (T02-T05, T12).

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use oxipipe::{Client, ErrorKind, Interrupt, Options, Outcome};
use support::fake_server::FakeServer;
use support::live_server::LiveServer;
use support::pace::once_more_after_a_stall;
use support::{LONG, assert_error, eventually, int, out_of_time, promptly, text};

/// Long enough for any call that is answered while the machine does not stall, short enough to wait for.
const SHORT: Duration = Duration::from_millis(400);

/// Connected, so that the short time is for the call alone.
fn hasty(mut options: Options) -> Client {
    options.timeout = Some(SHORT);
    let client = Client::new(options);
    eventually("a connection", || client.connect().is_ok());
    client
}

#[test]
fn a_late_reply_is_swallowed_and_the_connection_stays() {
    once_more_after_a_stall(|| {
        let server = FakeServer::start(
            "EXPECT GET slow
             WAIT late
             SEND $4\\r\\nlate\\r\\n
             EXPECT GET next
             SEND $4\\r\\nnext\\r\\n",
        );
        let client = hasty(server.options());
        let error = out_of_time(|| client.command(&["GET", "slow"]).unwrap_err());
        assert_error(&error, ErrorKind::Timeout, Outcome::Unknown);
        server.open("late");
        assert_eq!(text(&client.command(&["GET", "next"]).unwrap()), "next");
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn a_late_reply_that_is_cut_in_half_by_the_deadline_is_swallowed() {
    once_more_after_a_stall(|| {
        let server = FakeServer::start(
            "EXPECT LRANGE slow 0 -1
             SEND *3\\r\\n$4\\r\\nlate\\r\\n$8\\r\\nla
             WAIT late
             SEND te too\\r\\n:3\\r\\n
             EXPECT GET next
             SEND $4\\r\\nnext\\r\\n",
        );
        let client = hasty(server.options());
        let error = out_of_time(|| client.command(&["LRANGE", "slow", "0", "-1"]).unwrap_err());
        assert_error(&error, ErrorKind::Timeout, Outcome::Unknown);
        server.open("late");
        assert_eq!(text(&client.command(&["GET", "next"]).unwrap()), "next");
    });
}

#[test]
fn a_late_reply_of_50_megabytes_is_swallowed() {
    let server = FakeServer::start(
        "EXPECT GET slow
         WAIT late
         SEND $50000000\\r\\n
         SEND x TIMES 50000000
         SEND \\r\\n
         EXPECT GET next
         SEND $4\\r\\nnext\\r\\n",
    );
    // The first gives up by the hook, so that the second may take its time.
    let gives_up = Arc::new(AtomicBool::new(false));
    let mut options = server.options();
    let hook = Arc::clone(&gives_up);
    options.interrupt = Some(Interrupt::new(move || hook.load(Ordering::Relaxed)));
    let client = Client::new(options);
    client.connect().unwrap();
    gives_up.store(true, Ordering::Relaxed);
    let error = promptly(|| client.command(&["GET", "slow"]).unwrap_err());
    assert_error(&error, ErrorKind::Interrupted, Outcome::Unknown);
    gives_up.store(false, Ordering::Relaxed);
    server.open("late");
    assert_eq!(text(&client.command(&["GET", "next"]).unwrap()), "next");
}

#[test]
fn a_trickle_does_not_stretch_the_deadline() {
    once_more_after_a_stall(|| {
        for (name, send) in
            [("a string", "$1000000\\r\\n"), ("an array", "*1000000\\r\\n"), ("nothing yet", "$1")]
        {
            let server = FakeServer::start(&format!("EXPECT GET k\nSEND {send}\nDRIP 2 :1\\r\\n"));
            let mut options = server.options();
            if name == "nothing yet" {
                options.limits.line = 1 << 20;
            }
            let client = hasty(options);
            let start = Instant::now();
            let error = promptly(|| client.command(&["GET", "k"]).unwrap_err());
            if error.kind() != ErrorKind::Protocol {
                assert_error(&error, ErrorKind::Timeout, Outcome::Unknown);
                assert!(start.elapsed() >= SHORT);
            }
        }
    });
}

#[test]
fn a_flood_does_not_stretch_the_deadline() {
    once_more_after_a_stall(|| {
        let server = FakeServer::start(
            "EXPECT LRANGE k 0 -1\nSEND *100000000\\r\\n\nREPEAT *\nSEND :1\\r\\n TIMES 10000\nEND",
        );
        let client = hasty(server.options());
        let mut parts = 0_u64;
        let error = promptly(|| {
            client
                .command_stream(&["LRANGE", "k", "0", "-1"], &mut |_, _| {
                    parts += 1;
                    true
                })
                .unwrap_err()
        });
        assert_error(&error, ErrorKind::Timeout, Outcome::Unknown);
        assert!(parts > 0);
    });
}

#[test]
fn a_pipeline_out_of_time_tells_how_far_it_came_and_shifts_nothing() {
    once_more_after_a_stall(|| {
        for eager_bytes in [0, 1] {
            let server = FakeServer::start(
                "REPEAT 10
                 EXPECT INCR n
                 END
                 SEND :1\\r\\n TIMES 4
                 WAIT late
                 SEND :1\\r\\n TIMES 6
                 EXPECT GET next
                 SEND $4\\r\\nnext\\r\\n",
            );
            let mut options = server.options();
            options.eager_bytes = eager_bytes;
            let client = hasty(options);
            let mut pipeline = client.pipeline();
            for _ in 0..10 {
                pipeline.command(&["INCR", "n"]).unwrap();
            }
            let error = promptly(|| pipeline.execute().unwrap_err());
            assert_error(&error, ErrorKind::Timeout, Outcome::Unknown);
            let progress = error.progress().unwrap();
            assert_eq!((progress.replied, progress.unknown, progress.not_applied), (4, 6, 0));
            server.open("late");
            assert_eq!(text(&client.command(&["GET", "next"]).unwrap()), "next");
        }
    });
}

#[test]
fn a_transaction_out_of_time_is_unknown_as_a_whole() {
    once_more_after_a_stall(|| {
        let server = FakeServer::start(
            "EXPECT MULTI
             EXPECT INCR n
             EXPECT EXEC
             SEND +OK\\r\\n+QUEUED\\r\\n
             WAIT late
             SEND *1\\r\\n:1\\r\\n
             EXPECT GET next
             SEND $4\\r\\nnext\\r\\n",
        );
        let client = hasty(server.options());
        let mut transaction = client.transaction();
        transaction.command(&["INCR", "n"]).unwrap();
        let error = promptly(|| transaction.execute().unwrap_err());
        assert_error(&error, ErrorKind::Timeout, Outcome::Unknown);
        assert_eq!(error.progress().unwrap().unknown, 1);
        server.open("late");
        assert_eq!(text(&client.command(&["GET", "next"]).unwrap()), "next");
    });
}

#[test]
fn a_server_that_stands_still_executes_what_was_told_to_be_unknown_and_nothing_twice() {
    once_more_after_a_stall(|| {
        let server = LiveServer::start();
        for options in [server.options(), server.tcp_options()] {
            let client = hasty(options);
            client.command(&["DEL", "n"]).unwrap();
            server.stop();
            let error = promptly(|| client.command(&["INCR", "n"]).unwrap_err());
            server.cont();
            assert_error(&error, ErrorKind::Timeout, Outcome::Unknown);
            assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 2);
        }
    });
}

#[test]
fn a_call_that_never_left_is_taken_back() {
    once_more_after_a_stall(|| {
        let server = LiveServer::start();
        let mut options = server.options();
        options.send_buffer = Some(4096);
        let client = hasty(options);
        client.connect().unwrap();
        server.stop();
        // This one fills the kernel's buffers, so the next cannot leave.
        let large = vec![b'x'; 8 * 1024 * 1024];
        let error = promptly(|| client.command(&[b"SET", &b"large"[..], &large]).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Timeout);
        let error = promptly(|| client.command(&["INCR", "n"]).unwrap_err());
        assert_error(&error, ErrorKind::Timeout, Outcome::NotApplied);
        let mut pipeline = client.pipeline();
        for _ in 0..10 {
            pipeline.command(&["INCR", "n"]).unwrap();
        }
        let error = promptly(|| pipeline.execute().unwrap_err());
        assert_error(&error, ErrorKind::Timeout, Outcome::NotApplied);
        assert_eq!(error.progress().unwrap().not_applied, 10);
        server.cont();
        eventually("the large value", || {
            client.command(&["STRLEN", "large"]).is_ok_and(|reply| int(&reply) == large.len() as i64)
        });
        assert!(
            client.command(&["GET", "n"]).unwrap().root().is_null(),
            "what was not applied was not applied"
        );
    });
}

#[test]
fn a_server_that_stops_reading_does_not_hold_a_pipeline_beyond_its_deadline() {
    let server = FakeServer::start("STALL");
    let client = hasty(server.options());
    let mut pipeline = client.pipeline();
    let value = vec![b'x'; 1 << 20];
    promptly(|| {
        for _ in 0..20 {
            pipeline.command(&[b"SET", &b"k"[..], &value]).unwrap();
        }
    });
    let error = promptly(|| pipeline.execute().unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
    let progress = error.progress().unwrap();
    assert_eq!(progress.replied + progress.unknown + progress.not_applied, 20);
    assert_eq!(progress.replied, 0);
}

#[test]
fn replies_on_their_way_are_delivered_although_the_server_reads_no_more() {
    once_more_after_a_stall(|| {
        let server = FakeServer::start("EXPECT INCR a\nSEND :1\\r\\n\nSTALL");
        let client = hasty(server.options());
        let mut pipeline = client.pipeline();
        pipeline.command(&["INCR", "a"]).unwrap();
        pipeline.command(&[b"SET", &b"k"[..], &vec![b'x'; 20 << 20]]).unwrap();
        let mut seen = Vec::new();
        let error = promptly(|| {
            pipeline
                .execute_stream(&mut |nodes, _| {
                    seen.extend(nodes.iter().map(|node| node.value));
                    true
                })
                .unwrap_err()
        });
        assert_eq!((error.kind(), seen), (ErrorKind::Timeout, vec![1]), "{error:?}");
        assert_eq!(error.progress().unwrap().replied, 1);
    });
}

#[test]
fn each_of_many_threads_meets_its_own_deadline() {
    once_more_after_a_stall(|| {
        let server = FakeServer::follow("stalled");
        let client = hasty(server.options());
        client.connect().unwrap();
        promptly(|| {
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        let error = client.command(&["GET", "k"]).unwrap_err();
                        assert_error(&error, ErrorKind::Timeout, Outcome::Unknown);
                    });
                }
            });
        });
    });
}

#[test]
fn closing_wakes_all_who_wait() {
    let server = LiveServer::start();
    let mut options = server.options();
    options.timeout = None;
    let client = Client::new(options);
    client.connect().unwrap();
    // The one that reads, those that follow it, and one that waits on the server on a connection of its own.
    server.stop();
    let waiting: Vec<_> = ["BLPOP nothing 0", "GET k", "INCR n", "GET k"]
        .into_iter()
        .map(|line| {
            let client = client.clone();
            thread::spawn(move || client.command(&line.split(' ').collect::<Vec<_>>()))
        })
        .collect();
    client.close();
    eventually("the end of the calls", || waiting.iter().all(thread::JoinHandle::is_finished));
    for thread in waiting {
        let error = thread.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error:?}");
        assert!(error.outcome().is_some());
    }
    server.cont();
}

#[test]
fn closing_ends_the_wait_for_a_server_that_is_gone() {
    let mut server = LiveServer::start();
    let mut options = server.options();
    options.timeout = None;
    let client = Client::new(options);
    client.connect().unwrap();
    server.kill();
    let waiting = thread::spawn({
        let client = client.clone();
        move || client.command(&["INCR", "n"])
    });
    client.close();
    eventually("the end of the call", || waiting.is_finished());
    let error = waiting.join().unwrap().unwrap_err();
    assert_eq!(error.outcome(), Some(Outcome::NotApplied), "{error:?}");
}

#[test]
fn the_hook_ends_a_wait_and_replies_stay_aligned() {
    let server = LiveServer::start();
    let stop = Arc::new(AtomicBool::new(false));
    let mut options = server.options();
    let hook = Arc::clone(&stop);
    options.interrupt = Some(Interrupt::new(move || hook.load(Ordering::Relaxed)));
    let client = Client::new(options);
    client.connect().unwrap();
    stop.store(true, Ordering::Relaxed);
    let witness = server.client();
    server.stop();
    let error = promptly(|| client.command(&["INCR", "n"]).unwrap_err());
    assert_error(&error, ErrorKind::Interrupted, Outcome::Unknown);
    let mut pipeline = client.pipeline();
    for _ in 0..100 {
        pipeline.command(&["INCR", "n"]).unwrap();
    }
    let error = promptly(|| pipeline.execute().unwrap_err());
    assert_error(&error, ErrorKind::Interrupted, Outcome::Unknown);
    assert_eq!(error.progress().unwrap().unknown, 100);
    stop.store(false, Ordering::Relaxed);
    server.cont();
    for token in ["one", "two"] {
        assert_eq!(text(&client.command(&["ECHO", token]).unwrap()), token);
    }
    assert_eq!(text(&witness.command(&["GET", "n"]).unwrap()), "101");
}

#[test]
fn a_blocking_command_that_was_interrupted_does_not_block_the_next_call() {
    let server = LiveServer::start();
    let stop = Arc::new(AtomicBool::new(false));
    let mut options = server.options();
    options.timeout = Some(LONG);
    let hook = Arc::clone(&stop);
    options.interrupt = Some(Interrupt::new(move || hook.load(Ordering::Relaxed)));
    let client = Client::new(options);
    client.connect().unwrap();
    stop.store(true, Ordering::Relaxed);
    let error = promptly(|| client.command(&["BLPOP", "nothing", "0"]).unwrap_err());
    assert_error(&error, ErrorKind::Interrupted, Outcome::Unknown);
    stop.store(false, Ordering::Relaxed);
    assert_eq!(int(&promptly(|| client.command(&["INCR", "n"])).unwrap()), 1);
    let witness = server.client();
    witness.command(&["RPUSH", "nothing", "element"]).unwrap();
    assert_eq!(int(&witness.command(&["LLEN", "nothing"]).unwrap()), 1, "nobody waits for it any more");
}

#[test]
fn a_blocking_command_given_up_ends_at_the_server_too_and_another_one_goes_on() {
    let server = LiveServer::start();
    let me = thread::current().id();
    let mut options = server.options();
    // Only this thread gives up.
    options.interrupt = Some(Interrupt::new(move || thread::current().id() == me));
    let client = Client::new(options);
    let witness = server.client();
    let (reading, blocked) = thread::scope(|scope| {
        let reading = scope.spawn(|| client.command(&["BLPOP", "one", "0"]));
        eventually("the first to block", || {
            text(&witness.command(&["CLIENT", "LIST"]).unwrap()).contains("cmd=blpop")
        });
        let blocked = client.command(&["BLPOP", "two", "0"]);
        eventually("the server to notice", || {
            text(&witness.command(&["CLIENT", "LIST"]).unwrap()).lines().count() == 2
        });
        witness.command(&["RPUSH", "one", "element"]).unwrap();
        (reading.join().unwrap(), blocked)
    });
    assert_error(&blocked.unwrap_err(), ErrorKind::Interrupted, Outcome::Unknown);
    assert_eq!(reading.unwrap().root().len(), 2);
}

#[test]
fn the_hook_ends_a_greeting() {
    let server = FakeServer::follow("silent");
    let mut options = server.options();
    options.connect_timeout = None;
    options.interrupt = Some(Interrupt::new(|| true));
    let error = promptly(|| Client::new(options).command(&["INCR", "n"]).unwrap_err());
    assert_error(&error, ErrorKind::Interrupted, Outcome::NotApplied);
    server.wait_gone(0);
}

#[test]
fn the_hook_may_use_the_very_client_that_waits() {
    let server = FakeServer::start(
        "EXPECT GET slow
         EXPECT INCR hooked
         SEND $4\\r\\nslow\\r\\n:7\\r\\n",
    );
    let slot: Arc<Mutex<Option<Client>>> = Arc::default();
    let seen = Arc::new(AtomicU32::new(0));
    let mut options = server.options();
    options.interrupt = Some(Interrupt::new({
        let (slot, seen) = (Arc::clone(&slot), Arc::clone(&seen));
        move || {
            // Taken, so that the call from here does not come here again.
            let client = slot.lock().unwrap().take();
            if let Some(client) = client {
                seen.store(int(&client.command(&["INCR", "hooked"]).unwrap()) as u32, Ordering::Relaxed);
            }
            false
        }
    }));
    let client = Client::new(options);
    *slot.lock().unwrap() = Some(client.clone());
    assert_eq!(text(&promptly(|| client.command(&["GET", "slow"]).unwrap())), "slow");
    assert_eq!(seen.load(Ordering::Relaxed), 7);
}

#[test]
fn a_call_from_inside_a_callback_is_refused_and_shifts_nothing() {
    let server = LiveServer::start();
    let client = server.client();
    let mut kinds = Vec::new();
    client
        .command_stream(&["ECHO", "outer"], &mut |nodes, bytes| {
            assert_eq!(&bytes[nodes[0].value as usize..][..5], b"outer");
            kinds.push(client.command(&["ECHO", "inner"]).unwrap_err().kind());
            true
        })
        .unwrap();
    assert_eq!(kinds, [ErrorKind::Busy]);
    for token in ["one", "two"] {
        assert_eq!(text(&client.command(&["ECHO", token]).unwrap()), token);
    }
}

#[test]
fn a_callback_may_use_another_client() {
    let server = LiveServer::start();
    let (client, other) = (server.client(), server.client());
    let mut inner = String::new();
    client
        .command_stream(&["ECHO", "outer"], &mut |_, _| {
            inner = text(&other.command(&["ECHO", "inner"]).unwrap()).to_owned();
            true
        })
        .unwrap();
    assert_eq!(inner, "inner");
}

#[test]
fn a_slow_callback_holds_up_nobody_beyond_their_deadline() {
    once_more_after_a_stall(|| {
        let server = LiveServer::start();
        let client = hasty(server.options());
        client.connect().unwrap();
        let other = thread::scope(|scope| {
            let mut other = None;
            client
                .command_stream(&["ECHO", "x"], &mut |_, _| {
                    let client = client.clone();
                    let waiting = scope.spawn(move || client.command(&["ECHO", "y"]));
                    other = Some(promptly(|| waiting.join().unwrap()));
                    true
                })
                .unwrap();
            other.unwrap()
        });
        assert_error(&other.unwrap_err(), ErrorKind::Timeout, Outcome::Unknown);
        assert_eq!(text(&client.command(&["ECHO", "z"]).unwrap()), "z");
    });
}

/// Calls and deadlines that meet: each call has one end, and no reply goes astray (T02).
#[test]
fn replies_that_race_with_their_deadlines_are_never_mixed_up() {
    let server = LiveServer::start();
    let mut options = server.options();
    options.timeout = Some(Duration::from_micros(300));
    options.connect_timeout = None;
    let impatient = Client::new(options);
    eventually("a first connection", || impatient.connect().is_ok());
    let (mut replies, mut timeouts) = (0, 0);
    for n in 0..3000 {
        let token = n.to_string();
        match impatient.command(&["ECHO", &token]) {
            Ok(reply) => {
                assert_eq!(text(&reply), token);
                replies += 1;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
                timeouts += 1;
            }
        }
    }
    assert_eq!(replies + timeouts, 3000);
}

#[test]
fn a_call_from_inside_a_callback_is_not_sent() {
    let server = LiveServer::start();
    let client = server.client();
    let mut errors = Vec::new();
    client
        .command_stream(&["ECHO", "outer"], &mut |_, _| {
            errors.push(client.command(&["INCR", "n"]).unwrap_err());
            true
        })
        .unwrap();
    assert_error(&errors[0], ErrorKind::Busy, Outcome::NotApplied);
    assert!(client.command(&["GET", "n"]).unwrap().root().is_null());
}

#[test]
fn a_blocking_command_without_a_server_ends() {
    let mut server = LiveServer::start();
    let mut options = server.options();
    options.timeout = Some(Duration::from_millis(300));
    let client = Client::new(options);
    client.connect().unwrap();
    server.kill();
    let waiting = thread::spawn(move || client.command(&["BLPOP", "nothing", "1"]));
    eventually("the end of the call", || waiting.is_finished());
    assert_eq!(waiting.join().unwrap().unwrap_err().outcome(), Some(Outcome::NotApplied));
}

#[test]
fn a_hook_that_panics_while_connecting_does_not_lock_the_client() {
    let server = FakeServer::start("RAW\nHANG\nCONNECTION\nEXPECT INCR n\nSEND :1\\r\\n");
    let armed = Arc::new(AtomicBool::new(true));
    let mut options = server.options();
    options.timeout = Some(LONG);
    let hook = Arc::clone(&armed);
    options.interrupt = Some(Interrupt::new(move || {
        if hook.swap(false, Ordering::Relaxed) {
            resume_unwind(Box::new("on purpose"));
        }
        false
    }));
    let client = Client::new(options);
    let connecting = thread::spawn({
        let client = client.clone();
        move || client.connect()
    });
    assert!(connecting.join().is_err());
    assert_eq!(int(&promptly(|| client.command(&["INCR", "n"])).unwrap()), 1);
}

#[test]
fn a_panic_over_kept_replies_is_nothing_to_the_connection() {
    let server = FakeServer::start(
        "EXPECT INCR b
         SEND :1\\r\\n
         EXPECT GET slow
         EXPECT GET next
         SEND +slow\\r\\n+next\\r\\n",
    );
    let mut options = server.options();
    options.eager_bytes = 1;
    options.timeout = Some(10 * LONG);
    let client = Client::new(options);
    let mut pipeline = client.pipeline();
    pipeline.command(&["INCR", "b"]).unwrap();
    let reading = thread::spawn({
        let client = client.clone();
        move || client.command(&["GET", "slow"])
    });
    server.wait_heard(2);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        pipeline.execute_stream(&mut |_, _| resume_unwind(Box::new("on purpose")))
    }));
    assert!(panic.is_err());
    assert_eq!(text(&client.command(&["GET", "next"]).unwrap()), "next");
    assert_eq!(text(&reading.join().unwrap().unwrap()), "slow");
}

#[test]
fn a_panic_over_replies_of_a_lost_connection_is_nothing_to_the_next() {
    let server = LiveServer::start();
    let mut options = server.options();
    options.timeout = Some(Duration::from_millis(500));
    let client = Client::new(options);
    let id = || client.command(&["CLIENT", "ID"]).map(|reply| int(&reply));
    let before = id().unwrap();
    let (reached, goes_on) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let panicking = scope.spawn(|| {
            client.command_stream(&["ECHO", "x"], &mut |_, _| {
                reached.wait();
                goes_on.wait();
                resume_unwind(Box::new("on purpose"))
            })
        });
        reached.wait();
        // Nobody reads, so calls go without replies until that is enough.
        eventually("another connection", || id().is_ok_and(|id| id != before));
        let next = id().unwrap();
        goes_on.wait();
        assert!(panicking.join().is_err());
        assert_eq!(id().unwrap(), next);
    });
}

#[test]
fn a_timeout_always_says_what_became_of_the_command() {
    let server = LiveServer::start();
    let mut options = server.tcp_options();
    options.timeout = Some(Duration::from_micros(700));
    options.connect_timeout = None;
    let client = Client::new(options);
    eventually("a first connection", || client.connect().is_ok());
    thread::scope(|scope| {
        for name in 0..6 {
            let client = &client;
            scope.spawn(move || {
                for n in 0..3000 {
                    let token = format!("{name}.{n}");
                    match client.command(&["ECHO", &token]) {
                        Ok(reply) => assert_eq!(text(&reply), token),
                        Err(error) => assert!(error.outcome().is_some(), "{error:?}"),
                    }
                }
            });
        }
    });
}

#[test]
fn a_blocking_command_may_be_stopped_in_the_middle_of_its_reply() {
    let server = LiveServer::start();
    let client = server.client();
    for _ in 0..3 {
        client.command(&["RPUSH", "list", &"x".repeat(3_000_000)]).unwrap();
        let error = client.command_stream(&["BLPOP", "list", "0"], &mut |_, _| false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
        assert_eq!(text(&client.command(&["ECHO", "token"]).unwrap()), "token");
    }
}

#[test]
fn a_call_made_while_a_panic_unwinds_is_a_call_like_any_other() {
    struct SaysGoodbye(Client);
    impl Drop for SaysGoodbye {
        fn drop(&mut self) {
            self.0.command(&["SET", "goodbye", "said"]).unwrap();
        }
    }
    let server = LiveServer::start();
    let client = server.client();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _guard = SaysGoodbye(client.clone());
        resume_unwind(Box::new("on purpose"));
    }));
    assert!(panic.is_err());
    assert_eq!(text(&client.command(&["GET", "goodbye"]).unwrap()), "said");
}

#[test]
fn p11_a_reply_lost_on_the_way_shifts_nothing_and_does_not_silence_the_connection_for_ever() {
    once_more_after_a_stall(|| {
        let server = FakeServer::start(
            "EXPECT GET n
             REPEAT 3
             EXPECT GET n
             SEND +shifted\\r\\n
             END
             CONNECTION
             EXPECT GET n
             SEND +right\\r\\n",
        );
        let client = hasty(server.options());
        // Each later reply is taken for the one before, so nobody gets a wrong one; after a second of this, enough is enough.
        let mut lost = 0;
        let right = loop {
            match promptly(|| client.command(&["GET", "n"])) {
                Ok(reply) => break reply,
                Err(error) => assert_error(&error, ErrorKind::Timeout, Outcome::Unknown),
            }
            lost += 1;
            assert!(lost < 10, "it is never given up");
        };
        assert_eq!(text(&right), "right");
        assert!(lost >= 3, "{lost}");
    });
}
