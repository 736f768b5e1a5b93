//! Forked children of programs whose threads are in the middle of calls on one client (G01-G04, G07, G09).

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;

use oxipipe::{Client, ErrorKind, Interrupt};
use support::live_server::LiveServer;
use support::own_process::in_own_process;
use support::{LONG, int, text};

const FORKS: usize = 300;

/// Forks; the child does `work`, is killed if that takes too long, and ends without anything of the parent's.
fn fork(work: impl FnOnce() -> bool) -> libc::pid_t {
    // SAFETY: the child uses the library and the allocator, which a child of a threaded process may.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: the alarm's default action ends the child.
        unsafe { libc::alarm(20) };
        let good = catch_unwind(AssertUnwindSafe(work)).unwrap_or(false);
        // SAFETY: ends the child.
        unsafe { libc::_exit(i32::from(!good)) }
    }
    assert!(child > 0, "fork failed");
    child
}

fn ended_well(child: libc::pid_t) -> bool {
    let mut status = 0;
    // SAFETY: waits for our own child, with a valid place for its status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    status == 0
}

fn echoes(client: &Client, token: &str) -> bool {
    client.command(&["ECHO", token]).is_ok_and(|reply| text(&reply) == token)
}

/// G01 to G03: whatever the other threads were doing, whatever locks they held.
#[test]
fn children_of_a_busy_program_call_and_close_without_touching_the_parents_connections() {
    in_own_process(
        "children_of_a_busy_program_call_and_close_without_touching_the_parents_connections",
        || {
            let server = LiveServer::start();
            let client = server.client();
            let lease = client.lease().unwrap();
            let over = AtomicBool::new(false);
            thread::scope(|scope| {
                for thread in 0..8 {
                    let (client, over) = (&client, &over);
                    scope.spawn(move || {
                        for n in 0.. {
                            if over.load(Ordering::Relaxed) {
                                return;
                            }
                            let token = format!("{thread} {n}");
                            assert!(echoes(client, &token));
                            if n % 16 == 0 {
                                client.command(&["BLPOP", "nothing", "0.001"]).unwrap();
                                let mut pipeline = client.pipeline();
                                for _ in 0..100 {
                                    pipeline.command(&["ECHO", &token]).unwrap();
                                }
                                let replies = pipeline.execute().unwrap();
                                assert!(
                                    replies.root().children().all(|reply| reply.as_str() == Some(&token))
                                );
                            }
                        }
                    });
                }
                let good = (0..FORKS).all(|n| {
                    ended_well(fork(|| {
                        let token = format!("child {n}");
                        let good = echoes(&client, &token)
                            && client.command(&["BLPOP", "nothing", "0.001"]).is_ok()
                            && lease.command(&["PING"]).is_err();
                        match n % 3 {
                            0 => client.close(),
                            1 => drop(client.clone()),
                            _ => {}
                        }
                        good
                    }))
                });
                over.store(true, Ordering::Relaxed);
                assert!(good);
            });
            assert!(echoes(&lease, "the parent's lease"));
        },
    );
}

/// G04: as gunicorn and others do it: used before the fork, then by several children at once, and by the parent.
#[test]
fn preforked_workers_share_nothing() {
    in_own_process("preforked_workers_share_nothing", || {
        let server = LiveServer::start();
        let client = server.client();
        assert!(echoes(&client, "before"));
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                let client = client.clone();
                fork(move || {
                    thread::scope(|scope| {
                        let calls: Vec<_> = (0..4)
                            .map(|thread| {
                                let client = &client;
                                scope.spawn(move || {
                                    (0..500).all(|n| echoes(client, &format!("{worker} {thread} {n}")))
                                })
                            })
                            .collect();
                        calls.into_iter().all(|call| call.join().unwrap_or(false))
                    })
                })
            })
            .collect();
        for n in 0..500 {
            assert!(echoes(&client, &format!("parent {n}")));
        }
        assert!(workers.into_iter().all(ended_well));
    });
}

/// A signal handler that runs while a call waits may fork, and then the child comes back into the middle of that call.
#[test]
fn a_call_that_forks_ends_in_the_child_and_goes_on_in_the_parent() {
    in_own_process("a_call_that_forks_ends_in_the_child_and_goes_on_in_the_parent", || {
        let server = LiveServer::start();
        let child = Arc::new(AtomicI32::new(-1));
        let armed = Arc::new(AtomicBool::new(false));
        let (of_hook, is_armed, parent) = (Arc::clone(&child), Arc::clone(&armed), std::process::id());
        let other = server.client();
        let mut options = server.options();
        options.timeout = Some(LONG);
        options.interrupt = Some(Interrupt::new(move || {
            if is_armed.swap(false, Ordering::Relaxed) {
                // SAFETY: the child goes on to the end of the call and then ends by _exit.
                let child = unsafe { libc::fork() };
                of_hook.store(child, Ordering::Relaxed);
                if child != 0 {
                    other.command(&["CLIENT", "UNPAUSE"]).unwrap();
                }
            }
            false
        }));
        let client = Client::new(options);
        assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 1);
        server.client().command(&["CLIENT", "PAUSE", "100000", "WRITE"]).unwrap();
        armed.store(true, Ordering::Relaxed);
        let result = client.command(&["INCR", "n"]);
        if std::process::id() != parent {
            let ended = result.is_err_and(|error| {
                error.kind() == ErrorKind::Disconnected && error.message().contains("forked")
            });
            let good = ended && echoes(&client, "child");
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(!good)) };
        }
        assert_eq!(int(&result.unwrap()), 2, "once, by the parent");
        assert!(ended_well(child.load(Ordering::Relaxed)));
        assert_eq!(text(&client.command(&["GET", "n"]).unwrap()), "2");
    });
}

/// G07: nothing is kept for a thread that has ended.
#[test]
fn short_lived_threads_leave_nothing_behind() {
    in_own_process("short_lived_threads_leave_nothing_behind", || {
        let server = LiveServer::start();
        let client = server.client();
        let round = || {
            thread::scope(|scope| {
                for n in 0..16 {
                    let client = &client;
                    scope.spawn(move || assert!(echoes(client, &n.to_string())));
                }
            });
        };
        let resident = || {
            let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
            statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
        };
        (0..100).for_each(|_| round());
        let before = resident();
        (0..600).for_each(|_| round());
        let grown = resident().saturating_sub(before);
        assert!(grown < 2 << 20, "{grown} bytes for 9,600 threads");
    });
}

/// G09: a thread that calls without pause keeps nobody from being served.
#[test]
fn a_hot_thread_starves_no_light_one() {
    let server = LiveServer::start();
    let client = server.client();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let hot = scope.spawn(|| {
            let mut calls = 0_u64;
            while !over.load(Ordering::Relaxed) {
                assert!(echoes(&client, "hot"));
                calls += 1;
            }
            calls
        });
        let light: Vec<_> = (0..15)
            .map(|thread| {
                let client = &client;
                scope.spawn(move || {
                    for n in 0..200 {
                        // Each call ends within its deadline, or this fails.
                        assert!(echoes(client, &format!("{thread} {n}")));
                        thread::yield_now();
                    }
                })
            })
            .collect();
        let good = light.into_iter().all(|thread| thread.join().is_ok());
        over.store(true, Ordering::Relaxed);
        assert!(good && hot.join().unwrap() > 0);
    });
}
