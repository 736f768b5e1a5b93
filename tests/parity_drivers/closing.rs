//! Clients that are closed, and processes that are forked.

use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::driver::{Call, Driver, Kind};
use super::losses::small_buffer;
use super::scenario::{Scenario, scenario};
use super::trial::Trial;
use super::wording::{describe, is_as};
use crate::support::kernel;

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("close before any use connects to nobody, and calls are refused afterwards")
            .script("OBEY")
            .then(|t| t.close())
            .call("INCR n", "Closed NOT_APPLIED")
            .call("BLPOP q 0", "Closed NOT_APPLIED")
            .then(|t| {
                t.close();
                let end = t.pipeline(&["INCR n", "INCR n"]);
                t.expect("a pipeline", &end, "Closed NOT_APPLIED*");
                let end = t.atomic(&["INCR n", "INCR n"]);
                t.expect("a transaction", &end, "Closed NOT_APPLIED*");
            })
            .connections(0),
        scenario("close while commands are in flight: they are unknown, and the connection ends")
            .script("EXPECT APPEND a *\nEXPECT GET *\nEXPECT INCR c\nEXPECT APPEND c *\nHANG")
            .then(|t| {
                // So large that a pool, which gathers small ones, sends each at once.
                let write = t.start("APPEND a @17001");
                t.hears(1);
                let read = t.start("GET @17002");
                t.hears(2);
                let pipeline = t.start_call(Call::pipeline(&["INCR c", "APPEND c @17003"]));
                t.hears(4);
                t.close();
                t.ends("APPEND a", write, "Closed UNKNOWN");
                t.ends("GET", read, "Closed UNKNOWN");
                t.ends("the pipeline", pipeline, "Closed UNKNOWN 0/2/0");
                t.run("PING", "Closed NOT_APPLIED");
                t.until("the end of the connection", |t| t.fake().is_gone(0));
            })
            .executed("APPEND a*", 1)
            .executed("INCR c", 1)
            .connections(1),
        scenario("close while a transaction is in flight: it is unknown as a whole")
            .script(
                "EXPECT MULTI\nEXPECT INCR a\nEXPECT INCR b\nEXPECT EXEC\nSEND +OK\\r\\n+QUEUED\\r\\n\nHANG",
            )
            .then(|t| {
                let atomic = t.start_call(Call::atomic(&["INCR a", "INCR b"]));
                t.hears(4);
                t.close();
                t.ends("the transaction", atomic, "Closed UNKNOWN 0/2/0");
            })
            .executed("EXEC", 1),
        scenario("close while a pipeline is answered in part: the rest is unknown")
            .script("EXPECT INCR a\nEXPECT INCR b\nEXPECT INCR c\nSEND :1\\r\\n:2\nNOTE half\nHANG")
            .then(|t| {
                let pipeline = t.start_call(Call::pipeline(&["INCR a", "INCR b", "INCR c"]));
                t.hears(4);
                t.until("the half to be read", |t| kernel::is_read(t.fake().port()));
                t.close();
                t.ends("the pipeline", pipeline, "Closed UNKNOWN 1/2/0");
            })
            .executed("INCR*", 3),
        scenario("close while a command leaves: it and what is behind it are not applied")
            .script("EXPECT PING\nSEND +PONG\\r\\n\nWAIT go\nOBEY")
            .options(small_buffer)
            .call("PING", "PONG")
            .then(|t| {
                let large = t.start("APPEND k @8388608");
                t.until("a part to arrive", |t| kernel::has_arrived(t.fake().port()));
                let write = t.start("INCR n");
                t.pass(std::time::Duration::from_millis(20));
                t.close();
                t.ends("what has left in part", large, "Closed NOT_APPLIED");
                t.ends("INCR n", write, "Closed NOT_APPLIED");
                t.open("go");
            })
            .executed("APPEND*", 0)
            .executed("INCR n", 0),
        scenario("close while the connection is made: nothing is applied")
            .script("RAW\nHANG")
            .options(|options| options.connect_timeout = None)
            .then(|t| {
                let calls = [
                    t.start("INCR n"),
                    t.start_call(Call::pipeline(&["INCR n", "INCR n"])),
                    t.start_call(Call::atomic(&["INCR n"])),
                    t.start("BLPOP q 0"),
                ];
                t.until("a connection", |t| t.fake().connections() >= 1);
                t.close();
                for call in calls {
                    t.ends("a call", call, "Closed NOT_APPLIED*");
                }
                t.until("the end of the connection", |t| t.fake().is_gone(0));
            })
            .executed("INCR n", 0),
        scenario("close while a blocking command waits: it is unknown, and ends at the server, too")
            .script("OBEY BLPOP ...\nHANG")
            .then(|t| {
                let waits = t.start("BLPOP q 0");
                t.hears(1);
                t.close();
                t.ends("BLPOP", waits, "Closed UNKNOWN");
                t.until("the end of its connection", |t| t.fake().is_gone(0));
            }),
        scenario("close while the server is away: what waited for it is not applied").live(&[]).then(|t| {
            t.run("PING", "PONG");
            t.live().kill();
            let calls = [t.start("INCR n"), t.start_call(Call::pipeline(&["INCR n", "INCR n"]))];
            t.pass(std::time::Duration::from_millis(100));
            t.close();
            for call in calls {
                t.ends("a call", call, "Closed NOT_APPLIED* | Connect NOT_APPLIED*");
            }
        }),
        scenario("a child has its own connection, and the parent does not notice")
            .script("OBEY")
            .alone()
            .then(|t| {
                t.run("GET parent", "parent");
                let kind = t.kind;
                in_child(t, move |driver| {
                    // An event loop's descriptor is part of a loop that the child does not have: it is to open another client.
                    let wanted: [(Call, &str); 4] = if kind == Kind::EventLoop {
                        ["GET child", "INCR child", "BLPOP child 0", "GET again"]
                            .map(|line| (Call::command(line), "Forked NOT_APPLIED"))
                    } else {
                        [
                            (Call::command("GET child"), "child"),
                            (Call::command("INCR child"), "1"),
                            (Call::pipeline(&["GET a", "GET b"]), "[a, b]"),
                            (Call::atomic(&["GET a", "GET b"]), "[a, b]"),
                        ]
                    };
                    for (call, wanted) in wanted {
                        let words = describe(&driver.here(call));
                        if !is_as(&words, wanted) {
                            return Err(format!("expected {wanted}, got {words}"));
                        }
                    }
                    driver.close();
                    Ok(())
                });
                t.run("GET parent", "parent");
                t.run("INCR parent", "1");
                let heard = t.heard_on(0);
                t.check(heard == ["GET parent", "GET parent", "INCR parent"], &format!("heard {heard:?}"));
            })
            .connections(1..=2),
        scenario("what is in flight during a fork is the parent's, and its child's calls are its own")
            .script("EXPECT INCR slow\nWAIT late\nSEND :77\\r\\n\nOBEY\nCONNECTION\nOBEY")
            .alone()
            .then(|t| {
                let slow = t.start("INCR slow");
                t.hears(1);
                let kind = t.kind;
                in_child(t, move |driver| {
                    let wanted = if kind == Kind::EventLoop { "Forked NOT_APPLIED" } else { "child" };
                    for _ in 0..2 {
                        let words = describe(&driver.here(Call::command("GET child")));
                        if words != wanted {
                            return Err(format!("expected {wanted}, got {words}"));
                        }
                    }
                    Ok(())
                });
                t.open("late");
                t.ends("INCR slow", slow, "77");
                t.run("GET next", "next");
                let heard = t.heard_on(0);
                t.check(heard == ["INCR slow", "GET next"], &format!("heard {heard:?}"));
            }),
    ]
}

/// Forks; the child does `work`. It must be content, within half a minute.
fn in_child(t: &mut Trial, work: impl FnOnce(&mut dyn Driver) -> Result<(), String>) {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors.
    assert_eq!(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) }, 0);
    // SAFETY: both are ours alone.
    let [mut read, mut write] = ends.map(|fd| unsafe { std::fs::File::from_raw_fd(fd) });
    let driver = t.driver();
    // SAFETY: the child does `work` with the library and the allocator, which a child of a threaded process may.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork failed");
    if child == 0 {
        // SAFETY: the alarm's default action ends the child.
        unsafe { libc::alarm(30) };
        let result = catch_unwind(AssertUnwindSafe(|| work(driver)));
        let text = match result {
            Ok(Ok(())) => "content".to_owned(),
            Ok(Err(text)) => text,
            Err(_) => "panicked".to_owned(),
        };
        let _ = write.write_all(text.as_bytes());
        // SAFETY: ends the child.
        unsafe { libc::_exit(0) };
    }
    drop(write);
    let mut text = String::new();
    read.read_to_string(&mut text).expect("what the child says");
    let mut status = 0;
    // SAFETY: waits for our own child, with a valid place for its status.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    t.check(text == "content", &format!("the child: {text:?}, status {status}"));
}
