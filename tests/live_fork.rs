//! Forks of processes that use event-loop clients and pools (G01-G03).

mod support;

use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use oxipipe::{Async, Completions, ErrorKind, Pool, Pulled};
use support::event_loop::{run, wait};
use support::fake_server::FakeServer;
use support::live_server::LiveServer;
use support::own_process::in_own_process;
use support::{LONG, int, promptly};

/// What a child came to: 0 if `work` said yes. It has to end in time.
#[track_caller]
fn in_child(work: impl FnOnce() -> bool) {
    // SAFETY: the child only does `work`, with one thread, and ends without running anything of the parent's.
    match unsafe { libc::fork() } {
        -1 => panic!("fork failed"),
        0 => {
            // A child that hangs must not keep the test.
            // SAFETY: system calls that concern this process alone; `_exit` ends it without the parent's exit handlers.
            unsafe {
                libc::alarm(60);
                let good = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(false);
                libc::_exit(i32::from(!good))
            }
        }
        child => {
            let mut status = 0;
            // SAFETY: waits for our own child, with a valid place for its status.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert!(libc::WIFEXITED(status), "a signal ended the child: {}", libc::WTERMSIG(status));
            assert_eq!(libc::WEXITSTATUS(status), 0, "the child was not content");
        }
    }
}

/// Drops the child's copy of something that the parent keeps.
fn drop_copy<T>(original: &T) {
    // SAFETY: the child ends before it could touch the original again, which is gone for it.
    drop(unsafe { std::ptr::read(original) });
}

#[test]
fn a_pool_goes_on_in_the_child_and_in_the_parent_whatever_its_thread_was_doing() {
    in_own_process("a_pool_goes_on_in_the_child_and_in_the_parent_whatever_its_thread_was_doing", || {
        let server = LiveServer::start();
        let mut options = server.options();
        options.queue.commands = Some(1000);
        let pool = Pool::new(options, 3).unwrap();
        pool.connect().unwrap();
        let admin = server.client();
        let pids = || {
            let list = admin.command(&["CLIENT", "LIST"]).unwrap();
            let lines =
                list.root().as_str().unwrap().lines().map(|line| line.split(' ').next().unwrap().to_owned());
            lines.collect::<Vec<_>>()
        };
        let before = pids();
        let (is_over, seen) = (AtomicBool::new(false), AtomicU64::new(0));
        thread::scope(|scope| {
            let (pool, is_over, seen) = (&pool, &is_over, &seen);
            let producers: Vec<_> = (0..2)
                .map(|thread| {
                    scope.spawn(move || {
                        let mut token = thread * 1_000_000_000;
                        while !is_over.load(Ordering::Relaxed) {
                            pool.submit(&["ECHO", &token.to_string()], Some(token)).unwrap();
                            token += 1;
                        }
                    })
                })
                .collect();
            scope.spawn(move || {
                let mut batch = Completions::new();
                loop {
                    let over = producers.iter().all(thread::ScopedJoinHandle::is_finished);
                    match pool.next(&mut batch, Some(Duration::from_millis(10))).unwrap() {
                        Pulled::Nothing if over => return,
                        _ => {}
                    }
                    for completion in batch.iter() {
                        let reply = completion.reply().unwrap();
                        assert_eq!(reply.root().as_str(), Some(completion.token.to_string().as_str()));
                        seen.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
            for round in 0..100 {
                let at = seen.load(Ordering::Relaxed);
                in_child(|| {
                    let mut batch = Completions::new();
                    if pool.next(&mut batch, Some(LONG)).unwrap() != Pulled::Nothing {
                        return false;
                    }
                    for token in 0..50_u64 {
                        pool.submit(&["ECHO", &token.to_string()], Some(token)).unwrap();
                    }
                    pool.drain(&mut batch, Some(LONG)).unwrap();
                    let good = batch.iter().all(|completion| {
                        let reply = completion.reply().unwrap();
                        reply.root().as_str() == Some(completion.token.to_string().as_str())
                    });
                    match round % 3 {
                        0 => {}
                        1 => drop(pool.close(Some(LONG)).unwrap()),
                        _ => drop_copy(pool),
                    }
                    good && batch.len() == 50
                });
                support::eventually("progress of the parent", || seen.load(Ordering::Relaxed) > at);
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let after = pids();
        assert!(
            before.iter().all(|id| after.contains(id)),
            "the parent's connections are the same: {before:?} {after:?}"
        );
    });
}

#[test]
fn nothing_of_a_child_reaches_the_parents_connections() {
    in_own_process("nothing_of_a_child_reaches_the_parents_connections", || {
        let server = FakeServer::start("REPEAT *\nEXPECT SET who *\nSEND +OK\\r\\n\nEND");
        let pool = Pool::new(server.options(), 2).unwrap();
        let mut client = Async::new(server.options()).unwrap();
        let set = |pool: &Pool, who: &str| {
            for _ in 0..200 {
                pool.submit(&["SET", "who", who], None).unwrap();
            }
            pool.flush(Some(LONG)).unwrap().0 == 0
        };
        assert!(set(&pool, "parent"));
        client.submit(&["SET", "who", "parent"], 1).unwrap();
        run(&mut client, 1, |_| {});
        let parents = server.connections();
        // Submitted, and not sent or not answered when the child is made.
        client.submit(&["SET", "who", "parent"], 2).unwrap();
        pool.submit(&["SET", "who", "parent"], None).unwrap();
        for way in 0..4 {
            in_child(|| {
                let good = set(&pool, "child");
                match way {
                    0 => drop(pool.close(None)),
                    1 => drop_copy(&pool),
                    2 => drop_copy(&client),
                    _ => {}
                }
                good
            });
        }
        assert!(set(&pool, "parent"));
        run(&mut client, 1, |_| {});
        for heard in server.heard() {
            let is_parents = heard.connection < parents;
            assert_eq!(heard.line.ends_with("parent"), is_parents, "{heard:?}");
        }
    });
}

#[test]
fn an_event_loop_client_refuses_to_work_in_a_child_and_the_parent_does_not_mind() {
    in_own_process("an_event_loop_client_refuses_to_work_in_a_child_and_the_parent_does_not_mind", || {
        let server = LiveServer::start();
        let mut client = Async::new(server.options()).unwrap();
        client.submit(&["CLIENT", "ID"], 0).unwrap();
        let mut id = 0;
        run(&mut client, 1, |batch| {
            id = batch.iter().map(|completion| int(&completion.reply().unwrap())).last().unwrap_or(id);
        });
        for round in 0..20 {
            client.submit(&["ECHO", "before"], 1).unwrap();
            if round % 2 == 0 {
                client.process().unwrap();
            }
            in_child(|| {
                let is_forked = |error: oxipipe::Error| error.kind() == ErrorKind::Forked;
                let refused = client.submit(&["SET", "k", "child"], 9).is_err_and(is_forked)
                    && client.process().is_err_and(is_forked)
                    && client.cancel(1).is_err_and(is_forked)
                    && client.timeout().is_none();
                if round % 3 == 0 {
                    client.close();
                }
                drop_copy(&client);
                // Somebody else's descriptors now have the numbers of the child's.
                let others: Vec<_> =
                    (0..20).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
                refused && others.len() == 20
            });
            client.submit(&["CLIENT", "ID"], 2).unwrap();
            promptly(|| {
                run(&mut client, 2, |batch| {
                    for completion in batch.iter().filter(|completion| completion.token == 2) {
                        assert_eq!(int(&completion.reply().unwrap()), id);
                    }
                })
            });
        }
        let fd = client.as_raw_fd();
        client.submit(&["PING"], 3).unwrap();
        wait(&client, None);
        assert_eq!(fd, client.as_raw_fd());
        assert!(server.client().command(&["GET", "k"]).unwrap().root().is_null());
    });
}

/// As Python's signal handlers may, which run while a call waits.
#[test]
fn a_hook_may_fork_while_a_pool_waits() {
    in_own_process("a_hook_may_fork_while_a_pool_waits", || {
        static CHILD: AtomicBool = AtomicBool::new(false);
        static FORKS: AtomicBool = AtomicBool::new(false);
        let server = FakeServer::start("HANG");
        let mut options = server.options();
        options.timeout = None;
        options.queue.commands = Some(2);
        options.interrupt = Some(oxipipe::Interrupt::new(|| {
            if FORKS.swap(false, Ordering::SeqCst) {
                // SAFETY: the child goes on with this one thread and ends with `_exit`.
                let child = unsafe { libc::fork() };
                CHILD.store(child == 0, Ordering::SeqCst);
                if child == 0 {
                    // SAFETY: ends a child that hangs.
                    unsafe { libc::alarm(60) };
                    return false;
                }
                let mut status = 0;
                // SAFETY: waits for our own child.
                unsafe { libc::waitpid(child, &raw mut status, 0) };
                assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "{status}");
                return true;
            }
            false
        }));
        let pool = Pool::new(options, 1).unwrap();
        pool.submit(&["SET", "who", "parent"], Some(1)).unwrap();
        pool.submit(&["SET", "who", "parent"], Some(2)).unwrap();
        for way in 0..4 {
            FORKS.store(true, Ordering::SeqCst);
            let mut batch = Completions::new();
            let error = match way {
                0 => pool.next(&mut batch, None).map(drop),
                1 => pool.flush(None).map(drop),
                2 => pool.connect(),
                _ => pool.submit(&["SET", "who", "parent"], Some(3)),
            }
            .unwrap_err();
            // Only a submission says what became of a command; a wait does not know of any.
            let outcome = (way == 3).then_some(oxipipe::Outcome::NotApplied);
            if CHILD.load(Ordering::SeqCst) {
                let good = error.kind() == ErrorKind::Forked
                    && error.outcome() == outcome
                    && pool.next(&mut batch, None).unwrap() == Pulled::Nothing;
                drop_copy(&pool);
                // SAFETY: ends the child.
                unsafe { libc::_exit(i32::from(!good)) };
            }
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Interrupted, outcome), "{way}");
        }
    });
}
