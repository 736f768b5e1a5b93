//! Event-loop clients and pools against servers and networks that misbehave: what is sent, what is told, what is kept.

mod support;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use oxipipe::{Async, Completions, ErrorKind, Lost, Options, Outcome, Pipeline, Pool, Pulled};
use support::event_loop::{run, wait};
use support::fake_server::FakeServer;
use support::live_server::LiveServer;
use support::own_process::in_own_process;
use support::pace::once_more_after_a_stall;
use support::proxy::Proxy;
use support::{LONG, eventually, promptly};

/// Longer than any kernel buffer that nobody empties.
const LARGE: usize = 4 * 1024 * 1024;
/// Small beside that.
const SEND_BUFFER: usize = 64 * 1024;

#[test]
fn what_the_kernel_did_not_take_at_once_is_written_later_however_little_it_is() {
    let server = LiveServer::start();
    let other = server.client();
    let mut options = server.options();
    options.send_buffer = Some(SEND_BUFFER);
    let pool = Pool::new(options, 1).unwrap();
    pool.connect().unwrap();
    let mut batch = Completions::new();
    for step in 0..60_u64 {
        // Meanwhile the server reads nothing, and the kernel takes only a part.
        let mut pause = other.pipeline();
        pause.command(&["DEBUG", "SLEEP", "0.02"]).unwrap();
        let value = vec![b'x'; 60_000 + step as usize * 8_000];
        thread::scope(|scope| {
            scope.spawn(move || pause.execute().unwrap());
            pool.submit(&[b"SET", &b"k"[..], &value], Some(step)).unwrap();
            promptly(|| pool.drain(&mut batch, Some(LONG)).unwrap());
        });
        assert!(batch.get(0).unwrap().error.is_none(), "{step}: {:?}", batch.get(0).unwrap().error);
    }
}

#[test]
fn a_reply_to_a_command_that_has_not_left_whole_ends_the_connection_and_harms_nobody() {
    for early in ["-ERR Protocol error: invalid bulk length\\r\\n", "+OK\\r\\n"] {
        let server = FakeServer::start(&format!(
            "READ 1000\nSEND {early}\nSTALL\nCONNECTION\nEXPECT SET after 1\nSEND +OK\\r\\n"
        ));
        let mut options = server.options();
        options.send_buffer = Some(SEND_BUFFER);
        let mut client = Async::new(options).unwrap();
        client.submit(&[b"APPEND", &b"k"[..], &vec![b'x'; LARGE]], 1).unwrap();
        client.submit(&["SET", "after", "1"], 2).unwrap();
        run(&mut client, 2, |batch| {
            for completion in batch.iter() {
                // An error is an answer, whenever it comes. Anything else is none to what the server cannot have seen.
                let outcome = completion.error.map(|error| (error.kind(), error.outcome()));
                let expected = (completion.token == 1 && early.starts_with('+'))
                    .then_some((ErrorKind::Protocol, Some(Outcome::NotApplied)));
                assert_eq!(outcome, expected, "{:?}", completion.error);
            }
        });
        assert_eq!(server.lines(), ["SET after 1"]);
        assert_eq!(server.connections(), 2);
    }
}

/// As a Unix socket does whose other end reads no more and goes on writing: writing fails, and reading never finds out why.
#[test]
fn a_connection_that_can_only_be_read_does_not_keep_its_thread_busy() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let (deaf, is_deaf) = mpsc::channel();
    let (over, is_over) = mpsc::channel::<()>();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 1024];
        for (last, replies) in [("LIB-VER", "%1\r\n+proto\r\n:3\r\n+OK\r\n+OK\r\n"), ("PING", "+PONG\r\n")] {
            let mut heard = String::new();
            while !heard.contains(last) {
                let count = stream.read(&mut buffer).unwrap();
                heard += std::str::from_utf8(&buffer[..count]).unwrap();
            }
            stream.write_all(replies.as_bytes()).unwrap();
        }
        stream.shutdown(Shutdown::Read).unwrap();
        deaf.send(()).unwrap();
        let _ = is_over.recv();
    });
    let mut options = Options::default();
    options.unix_path = Some(path);
    options.timeout = Some(Duration::from_millis(500));
    let mut client = Async::new(options).unwrap();
    client.submit(&["PING"], 1).unwrap();
    run(&mut client, 1, |_| ());
    is_deaf.recv().unwrap();
    client.submit(&["PING"], 2).unwrap();
    let (mut batch, mut turns) = (Completions::new(), 0);
    while batch.is_empty() {
        client.process().unwrap();
        client.next(&mut batch);
        turns += 1;
        if batch.is_empty() {
            wait(&client, client.timeout());
        }
    }
    assert!(turns < 100, "{turns} turns for one command");
    drop((client, over));
    server.join().unwrap();
}

/// A blocking client closes it as well. Kept, it would wait for a reply that may never come, and each further one with it.
#[test]
fn a_connection_of_its_own_is_closed_when_its_command_is_given_up() {
    let script =
        "EXPECT SCRIPT KILL\nHANG\n".to_owned() + &"CONNECTION\nEXPECT SCRIPT KILL\nHANG\n".repeat(3);
    let server = FakeServer::start(&script);
    let mut options = server.options();
    options.timeout = Some(Duration::from_millis(200));
    let mut client = Async::new(options).unwrap();
    for token in 0..3 {
        client.submit(&["SCRIPT", "KILL"], token).unwrap();
        run(&mut client, 1, |batch| {
            for completion in batch.iter() {
                let error = completion.error.unwrap();
                assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Some(Outcome::Unknown)));
            }
        });
        server.wait_gone(token as usize);
    }
}

#[test]
fn replies_to_more_commands_of_a_pipeline_than_have_left_do_no_harm() {
    for then in ["CLOSE", "STALL"] {
        for early in 1..=3 {
            let server = FakeServer::start(&format!(
                "READ 1000\nSEND :1\\r\\n TIMES {early}\n{then}\nCONNECTION\nREPEAT *\nEXPECT PING\nSEND +PONG\\r\\n\nEND"
            ));
            let mut options = server.options();
            options.send_buffer = Some(SEND_BUFFER);
            options.timeout = Some(Duration::from_millis(300));
            let mut client = Async::new(options).unwrap();
            let mut pipeline = Pipeline::detached(false);
            for _ in 0..3 {
                pipeline.command(&[b"APPEND", &b"k"[..], &vec![b'x'; LARGE]]).unwrap();
            }
            client.submit_pipeline(&mut pipeline, 1).unwrap();
            run(&mut client, 1, |batch| {
                for completion in batch.iter() {
                    let Some(error) = completion.error else {
                        assert_eq!(completion.replies, early);
                        continue;
                    };
                    let progress = error.progress().unwrap();
                    assert_eq!(progress.replied + progress.unknown + progress.not_applied, 3, "{error:?}");
                    assert!(progress.replied <= early, "{error:?}");
                }
            });
        }
    }
}

#[test]
fn a_server_that_hangs_up_on_every_command_is_not_called_without_end() {
    let server = FakeServer::start("EXPECT GET k\nCLOSE");
    let mut options = server.options();
    options.timeout = Some(Duration::from_secs(1));
    let mut client = Async::new(options).unwrap();
    client.submit(&["GET", "k"], 1).unwrap();
    run(&mut client, 1, |batch| assert!(batch.iter().all(|completion| completion.error.is_some())));
    assert!(server.connections() < 60, "{}", server.connections());
}

#[test]
fn a_pool_that_was_closed_before_its_first_use_starts_nothing() {
    in_own_process("a_pool_that_was_closed_before_its_first_use_starts_nothing", || {
        let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
        let before = threads();
        let pool = Pool::new(support::tcp(1), 3).unwrap();
        assert_eq!(pool.close(None).unwrap(), Lost::default());
        assert_eq!(pool.submit(&["PING"], None).unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(pool.try_submit(&["PING"], None).unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(pool.connect().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(threads(), before);
    });
}

#[test]
fn a_pool_that_was_closed_holds_no_connection() {
    for grace in [Duration::ZERO, LONG] {
        let server = FakeServer::start("REPEAT *\nEXPECT PING\nSEND +PONG\\r\\n\nEND");
        let pool = Pool::new(server.options(), 2).unwrap();
        pool.connect().unwrap();
        assert_eq!(pool.close(Some(grace)).unwrap(), Lost::default());
        server.wait_gone(0);
        server.wait_gone(1);
    }
}

#[test]
fn many_submissions_that_run_out_of_time_together_are_ended_at_once() {
    // Of the first commands all have left, of the others nothing.
    for size in [1, 100] {
        let server = FakeServer::start("STALL");
        let mut options = server.options();
        options.timeout = Some(Duration::from_millis(500));
        options.queue.bytes = u64::MAX;
        let mut client = Async::new(options).unwrap();
        let value = "x".repeat(size);
        const COUNT: u64 = 200_000;
        for token in 0..COUNT {
            client.submit(&["SET", "k", &value], token).unwrap();
        }
        let mut next = 0;
        promptly(|| {
            run(&mut client, COUNT as usize, |batch| {
                for completion in batch.iter() {
                    assert_eq!(completion.token, next);
                    assert_eq!(completion.error.unwrap().kind(), ErrorKind::Timeout);
                    next += 1;
                }
            });
        });
    }
}

#[test]
fn a_swallowed_reply_makes_room_for_those_who_wait() {
    let server = FakeServer::start(
        "EXPECT SET k *\nWAIT go\nSEND +OK\\r\\n\nREPEAT *\nEXPECT PING\nSEND +PONG\\r\\n\nEND",
    );
    let mut options = server.options();
    options.queue.bytes = 100;
    let pool = Pool::new(options, 1).unwrap();
    pool.submit(&["SET", "k", &"x".repeat(1000)], Some(1)).unwrap();
    server.wait_heard(1);
    assert_eq!(pool.cancel(1), Some(Outcome::Unknown));
    assert!(!pool.try_submit(&["PING"], Some(2)).unwrap());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.submit(&["PING"], Some(2)));
        server.open("go");
        waiting.join().unwrap().unwrap();
    });
    let mut batch = Completions::new();
    assert_eq!(pool.next(&mut batch, Some(LONG)).unwrap(), Pulled::Some);
}

#[test]
fn only_errors_that_are_a_reply_count_as_failures() {
    let server = FakeServer::start(
        "EXPECT EVAL ...\nSEND *2\\r\\n:1\\r\\n\nWAIT go\nSEND -ERR inside\\r\\n\nEXPECT SET a 1\nEXPECT LPUSH a 1\nSEND +OK\\r\\n\nSEND -WRONGTYPE no\\r\\n",
    );
    let pool = Pool::new(server.options(), 1).unwrap();
    pool.submit(&["EVAL", "return {1, redis.error_reply('inside')}", "0"], None).unwrap();
    server.wait_heard(1);
    support::kernel::wait_until_read(server.port());
    server.open("go");
    assert_eq!(pool.flush(Some(LONG)).unwrap().0, 0);
    let mut pipeline = Pipeline::detached(false);
    pipeline.command(&["SET", "a", "1"]).unwrap().command(&["LPUSH", "a", "1"]).unwrap();
    pool.submit_pipeline(&mut pipeline, None).unwrap();
    let (failed, first) = pool.flush(Some(LONG)).unwrap();
    assert_eq!((failed, first.unwrap().message()), (1, "WRONGTYPE no"));
}

#[test]
fn an_outage_begins_when_somebody_misses_the_server() {
    once_more_after_a_stall(|| {
        let server = LiveServer::start();
        let proxy = Proxy::to(server.port());
        let mut client = Async::new(proxy.options()).unwrap();
        client.submit(&["PING"], 1).unwrap();
        run(&mut client, 1, |_| {});
        let killed = server.client().command(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
        assert!(killed.root().as_int() >= Some(1));
        wait(&client, None);
        client.process().unwrap();
        // Longer than commands wait for a server that is gone.
        thread::sleep(Duration::from_millis(1100));
        proxy.take_down();
        let before = proxy.connections();
        client.submit(&["SET", "k", "v"], 2).unwrap();
        eventually("a refused connection", || {
            client.process().unwrap();
            proxy.connections() > before
        });
        client.process().unwrap();
        proxy.bring_up();
        run(&mut client, 1, |batch| {
            for completion in batch.iter() {
                assert!(completion.error.is_none(), "{:?}", completion.error);
            }
        });
    });
}

#[test]
fn pipelines_stay_behind_commands_on_the_same_key_where_that_is_wanted() {
    let server = LiveServer::start();
    let mut options = server.options();
    options.key_affinity = true;
    let pool = Pool::new(options, 8).unwrap();
    pool.connect().unwrap();
    for n in 0..2000 {
        let (list, n) = (format!("list {}", n % 11), n.to_string());
        if n.ends_with('7') {
            let mut pipeline = Pipeline::detached(n.ends_with("77"));
            pipeline.command(&["RPUSH", &list, &n]).unwrap();
            pool.submit_pipeline(&mut pipeline, None).unwrap();
        } else {
            pool.submit(&["RPUSH", &list, &n], None).unwrap();
        }
    }
    assert_eq!(pool.flush(Some(LONG)).unwrap().0, 0);
    let client = server.client();
    for list in 0..11 {
        let reply = client.command(&["LRANGE", &format!("list {list}"), "0", "-1"]).unwrap();
        let values: Vec<u64> =
            reply.root().children().map(|v| v.as_str().unwrap().parse().unwrap()).collect();
        assert!(values.is_sorted(), "{values:?}");
    }
}

#[test]
fn a_connect_that_failed_leaves_nothing_for_a_flush_to_report() {
    let server = FakeServer::start("STALL");
    let mut options = server.options();
    options.timeout = Some(Duration::from_millis(50));
    let pool = Pool::new(options, 3).unwrap();
    assert_eq!(pool.connect().unwrap_err().kind(), ErrorKind::Timeout);
    let (failed, first) = pool.flush(Some(LONG)).unwrap();
    assert!(failed == 0 && first.is_none(), "{failed} {first:?}");
}

#[test]
fn what_was_submitted_without_a_token_cannot_be_named() {
    let server = FakeServer::start("EXPECT SET k v\nWAIT go\nSEND +OK\\r\\n");
    let pool = Pool::new(server.options(), 1).unwrap();
    pool.submit(&["SET", "k", "v"], None).unwrap();
    for _ in 0..100 {
        assert_eq!(pool.cancel(u64::MAX), None);
        assert_eq!(pool.retract(u64::MAX), None);
    }
    server.open("go");
    assert_eq!(pool.flush(Some(LONG)).unwrap().0, 0);
    assert!(pool.try_submit(&["SET", "k", "v"], None).unwrap());
}
