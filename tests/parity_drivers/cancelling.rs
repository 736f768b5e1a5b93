//! Callers that are taken away from their calls: by `cancel`, and in a blocking client by the interrupt hook.

use oxipipe::Outcome::{NotApplied, Unknown};

use super::driver::Call;
use super::losses::small_buffer;
use super::scenario::{Scenario, scenario};
use crate::support::kernel;

pub(super) fn scenarios() -> Vec<Scenario> {
    [
        scenario("what is cancelled while the connection is made never leaves")
            .script("RAW\nWAIT go\nOBEY")
            .options(|options| options.connect_timeout = None)
            .then(|t| {
                let write = t.start("INCR n");
                t.until("a connection", |t| t.fake().connections() == 1);
                t.cancel("a command", write, NotApplied);
                let pipeline = t.start_call(Call::pipeline(&["INCR n", "INCR n"]));
                let atomic = t.start_call(Call::atomic(&["INCR n"]));
                t.cancel("a pipeline", pipeline, NotApplied);
                t.cancel("a transaction", atomic, NotApplied);
                t.open("go");
                t.run("GET next", "next");
            })
            .executed("INCR n", 0)
            .executed("MULTI", 0),
        scenario("what is cancelled after it has left is unknown, and its reply is swallowed")
            .script("EXPECT INCR n\nWAIT late\nSEND :77\\r\\n\nOBEY")
            .then(|t| {
                let write = t.start("INCR n");
                t.hears(1);
                t.cancel("INCR n", write, Unknown);
                t.open("late");
                t.run("GET next", "next");
            })
            .executed("INCR n", 1)
            .connections(1),
        scenario("a pipeline that is cancelled after some replies is unknown, and the others are swallowed")
            .script(
                "EXPECT INCR a\nEXPECT INCR b\nEXPECT INCR c\nSEND :1\\r\\n:2\nNOTE half
                     WAIT late\nSEND \\r\\n:3\\r\\n\nOBEY",
            )
            .then(|t| {
                let pipeline = t.start_call(Call::pipeline(&["INCR a", "INCR b", "INCR c"]));
                t.hears(4);
                t.until("the half to be read", |t| kernel::is_read(t.fake().port()));
                t.cancel("the pipeline", pipeline, Unknown);
                t.open("late");
                t.run("GET next", "next");
            })
            .executed("INCR*", 3)
            .connections(1),
        scenario(
            "a transaction that is cancelled after it has left is unknown, and its replies are swallowed",
        )
        .script(
            "EXPECT MULTI\nEXPECT INCR a\nEXPECT EXEC\nSEND +OK\\r\\n\nWAIT late
                     SEND +QUEUED\\r\\n*1\\r\\n:1\\r\\n\nOBEY",
        )
        .then(|t| {
            let atomic = t.start_call(Call::atomic(&["INCR a"]));
            t.hears(3);
            t.cancel("the transaction", atomic, Unknown);
            t.open("late");
            t.run("GET next", "next");
        })
        .executed("EXEC", 1)
        .connections(1),
        scenario("what is cancelled behind a command that is still leaving never leaves")
            .script("EXPECT PING\nSEND +PONG\\r\\n\nWAIT go\nOBEY")
            .options(small_buffer)
            .then(|t| {
                t.run("PING", "PONG");
                let large = t.start("APPEND k @8388608");
                t.until("a part to arrive", |t| kernel::has_arrived(t.fake().port()));
                let write = t.start("INCR n");
                t.cancel("INCR n", write, NotApplied);
                t.open("go");
                t.ends("APPEND", large, "8388608");
                t.run("GET next", "next");
            })
            .executed("INCR n", 0)
            .connections(1),
        scenario("what is cancelled between two others that have not left never leaves, and they do")
            .script("EXPECT PING\nSEND +PONG\\r\\n\nWAIT go\nOBEY")
            .options(small_buffer)
            .then(|t| {
                t.run("PING", "PONG");
                let large = t.start("APPEND k @8388608");
                t.until("a part to arrive", |t| kernel::has_arrived(t.fake().port()));
                let first = t.start("GET first");
                let write = t.start("INCR n");
                let last = t.start("GET last");
                // By now they are in a queue, if there is one.
                t.pass(std::time::Duration::from_millis(20));
                t.cancel("INCR n", write, NotApplied);
                t.open("go");
                t.ends("APPEND", large, "8388608");
                t.ends("GET first", first, "first");
                t.ends("GET last", last, "last");
            })
            .executed("INCR n", 0)
            .connections(1),
        scenario("what is cancelled while it leaves is unknown, goes on to leave, and shifts nothing")
            .script("EXPECT PING\nSEND +PONG\\r\\n\nWAIT go\nOBEY")
            .options(small_buffer)
            .then(|t| {
                t.run("PING", "PONG");
                let large = t.start("APPEND k @8388608");
                t.until("a part to arrive", |t| kernel::has_arrived(t.fake().port()));
                t.cancel("APPEND", large, Unknown);
                t.open("go");
                t.run("GET next", "next");
            })
            .executed("APPEND*", 1)
            .connections(1),
        scenario("what was cancelled and whose connection is lost is not sent again")
            .script("EXPECT GET k\nWAIT late\nCLOSE\nCONNECTION\nOBEY")
            .then(|t| {
                let read = t.start("GET k");
                t.hears(1);
                t.cancel("GET k", read, Unknown);
                t.open("late");
                t.ended(0);
                t.run("GET next", "next");
            })
            .executed("GET k", 1)
            .connections(2),
        scenario("one of many in flight is cancelled, and all others get their own replies")
            .script(
                "REPEAT 5\nEXPECT GET *\nEND\nWAIT late
                     SEND $1\\r\\n0\\r\\n$1\\r\\n1\\r\\n$1\\r\\n2\\r\\n$1\\r\\n3\\r\\n$1\\r\\n4\\r\\n
                     OBEY",
            )
            .then(|t| {
                let mut calls = Vec::new();
                for n in 0..5 {
                    // So large that a pool sends each at once.
                    calls.push(t.start(&format!("GET @{}", 17_000 + n)));
                    t.hears(n + 1);
                }
                t.cancel("one of them", calls[2], Unknown);
                t.open("late");
                for n in [0, 1, 3, 4] {
                    t.ends(&format!("GET {n}"), calls[n], &n.to_string());
                }
                t.run("GET next", "next");
            })
            .connections(1),
        scenario("what is cancelled while it waits for a server that says LOADING is not asked again")
            .script("REPEAT *\nEXPECT INCR n\nSEND -LOADING for ever\\r\\n\nEND")
            .then(|t| {
                let write = t.start("INCR n");
                t.hears(2);
                let outcome = t.driver().cancel(write);
                // Between two tries the server has refused it for certain, during one it may not have.
                t.check(outcome.is_some(), "there is no outcome");
                let before = t.fake().lines().len();
                // Long enough for another pause between two tries.
                t.pass(std::time::Duration::from_millis(500));
                let after = t.fake().lines().len();
                t.check(after <= before + 1, &format!("it was asked {} times more", after - before));
            })
            .connections(1),
    ]
    .into_iter()
    .map(Scenario::cancels)
    .collect()
}
