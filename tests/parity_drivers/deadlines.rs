//! Calls whose time runs out: what is told of them, and whose the replies are that come later.

use std::time::Duration;

use super::driver::{Call, Kind};
use super::losses::small_buffer;
use super::scenario::{Scenario, scenario};
use super::trial::Trial;
use crate::support::kernel;

/// Long enough to send something on a busy machine, short enough to wait for.
pub(super) const SHORT: Duration = Duration::from_secs(1);

fn short(options: &mut oxipipe::Options) {
    options.timeout = Some(SHORT);
}

fn on_time(t: &mut Trial) {
    t.took_at_least(SHORT, "the call");
    t.took_less_than(5 * SHORT, "the call");
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut table = vec![
        scenario("a late reply is swallowed and the next call gets its own")
            .script("EXPECT INCR slow\nWAIT late\nSEND :77\\r\\n\nOBEY")
            .options(short)
            .call("INCR slow", "Timeout UNKNOWN")
            .then(|t| {
                t.took_at_least(SHORT, "giving it up");
                t.open("late");
            })
            .call("GET next", "next")
            .call("INCR n", "1")
            .executed("INCR slow", 1)
            .connections(1),
        scenario("a read that is late is not asked again on the same connection")
            .script("EXPECT GET slow\nWAIT late\nSEND $4\\r\\nlate\\r\\n\nOBEY")
            .options(short)
            .call("GET slow", "Timeout UNKNOWN")
            .then(|t| t.open("late"))
            .call("GET next", "next")
            .executed("GET slow", 1)
            .connections(1),
        scenario("a reply that the deadline cuts in half is swallowed to its end")
            .script(
                "EXPECT SORT slow\nSEND *3\\r\\n$4\\r\\nlate\\r\\n$8\\r\\nla\nWAIT late
                     SEND te too\\r\\n:3\\r\\n\nOBEY",
            )
            .options(short)
            .call("SORT slow", "Timeout UNKNOWN")
            .then(|t| t.open("late"))
            .call("GET next", "next")
            .connections(1),
        scenario("a pipeline out of time tells how far it came and shifts nothing")
            .script(
                "REPEAT 10\nEXPECT INCR n\nEND\nSEND :1\\r\\n TIMES 4\nWAIT late
                     SEND :1\\r\\n TIMES 6\nOBEY",
            )
            .options(short)
            .then(|t| {
                let end = t.pipeline(&["INCR n"; 10]);
                t.expect("the pipeline", &end, "Timeout UNKNOWN 4/6/0");
                t.open("late");
            })
            .call("GET next", "next")
            .executed("INCR n", 10)
            .connections(1),
        scenario("a transaction out of time is unknown as a whole and shifts nothing")
            .script(
                "EXPECT MULTI\nEXPECT INCR n\nEXPECT INCR m\nEXPECT EXEC
                     SEND +OK\\r\\n+QUEUED\\r\\n\nWAIT late
                     SEND +QUEUED\\r\\n*2\\r\\n:1\\r\\n:2\\r\\n\nOBEY",
            )
            .options(short)
            .atomic(&["INCR n", "INCR m"], "Timeout UNKNOWN 0/2/0")
            .then(|t| t.open("late"))
            .call("GET next", "next")
            .executed("EXEC", 1)
            .connections(1),
        scenario("what has not begun to leave when its time is up is not applied")
            .script("EXPECT PING\nSEND +PONG\\r\\n\nWAIT go\nOBEY")
            .options(|options| {
                small_buffer(options);
                short(options);
            })
            .call("PING", "PONG")
            .then(|t| {
                // A part of it fills the kernel's buffers.
                let large = t.start("APPEND k @8388608");
                t.until("a part to arrive", |t| kernel::has_arrived(t.fake().port()));
                let write = t.start("INCR n");
                let pipeline = t.start_call(Call::pipeline(&["INCR n", "GET a", "INCR m"]));
                let atomic = t.start_call(Call::atomic(&["INCR n", "INCR m"]));
                t.ends("what has begun to leave", large, "Timeout UNKNOWN");
                t.ends("a command behind it", write, "Timeout NOT_APPLIED");
                t.ends("a pipeline behind it", pipeline, "Timeout NOT_APPLIED 0/0/3");
                t.ends("a transaction behind it", atomic, "Timeout NOT_APPLIED 0/0/2");
                t.open("go");
                t.until("what has begun to leave to arrive", |t| {
                    let end = t.command("GET next");
                    matches!(super::wording::describe(&end).as_str(), "next")
                });
            })
            .call("INCR n", "1")
            .executed("APPEND*", 1)
            .executed("INCR m", 0)
            .connections(1),
        scenario("a server that stops reading in the middle of a pipeline leaves three kinds of commands")
            .script("EXPECT INCR a\nSEND :1\\r\\n\nEXPECT INCR b\nSTALL")
            .options(|options| {
                small_buffer(options);
                short(options);
            })
            // The third has left in part, and will go on to leave if it can.
            .pipeline(
                &["INCR a", "INCR b", "SET k @8388608", "INCR c"],
                "Timeout UNKNOWN 1/3/0 | Timeout UNKNOWN 1/2/1 | Timeout UNKNOWN 1/1/2",
            )
            .executed("INCR c", 0)
            .executed("INCR a", 1),
        scenario("three timeouts in a row over more than a second give the connection up")
            .script("EXPECT PING\nSEND +PONG\\r\\n\nHANG\nCONNECTION\nOBEY")
            .options(short)
            .call("PING", "PONG")
            .then(|t| {
                let mut timeouts = 0;
                loop {
                    let end = t.command("INCR n");
                    let words = super::wording::describe(&end);
                    // A pool may gather a command behind one without a reply, and so not send it.
                    t.expect("INCR n", &end, "Timeout UNKNOWN | Timeout NOT_APPLIED | 1");
                    if words == "1" {
                        break;
                    }
                    timeouts += 1;
                    if timeouts > 10 {
                        return t.fail("it is never given up".to_owned());
                    }
                }
                t.check(timeouts >= 3, &format!("given up after {timeouts} timeouts"));
            })
            // On a busy machine one may take longer than there is time.
            .connections(2..=4),
        scenario("replies between timeouts keep the connection")
            .script(
                "OBEY INCR a\nWAIT 1\nSEND :1\\r\\n\nOBEY INCR a\nWAIT 2\nSEND :2\\r\\n
                     OBEY INCR a\nWAIT 3\nSEND :3\\r\\n\nOBEY",
            )
            .options(|options| options.timeout = Some(Duration::from_millis(600)))
            .then(|t| {
                for gate in ["1", "2", "3"] {
                    t.run("INCR a", "Timeout UNKNOWN");
                    t.open(gate);
                    t.until("a reply", |t| super::wording::describe(&t.command("GET k")) == "k");
                }
            })
            .executed("INCR a", 3)
            .connections(1),
        scenario("a reply that got lost on the way shifts nothing to anybody, and costs one connection")
            .script(
                "EXPECT GET lost\nREPEAT 4\nEXPECT GET n\nSEND +shifted\\r\\n\nEND\nHANG
                     CONNECTION\nOBEY",
            )
            .options(|options| options.timeout = Some(Duration::from_millis(600)))
            .then(|t| {
                t.run("GET lost", "Timeout UNKNOWN");
                for _ in 0..8 {
                    let end = t.command("GET n");
                    let words = super::wording::describe(&end);
                    // A pool may gather a command behind one without a reply, and so not send it.
                    t.expect("GET n", &end, "Timeout UNKNOWN | Timeout NOT_APPLIED | n");
                    if words == "n" {
                        return;
                    }
                }
                t.fail("it is never given up".to_owned());
            })
            .connections(2),
        scenario("a trickle does not stretch a deadline")
            .script("EXPECT SORT k\nSEND *1000000\\r\\n\nDRIP 2 :1\\r\\n")
            .options(short)
            .call("SORT k", "Timeout UNKNOWN")
            .then(|t| {
                on_time(t);
            }),
        scenario("many calls that a silent server keeps each meet their own deadline")
            .script("HANG")
            .options(short)
            .then(|t| {
                let calls: Vec<_> = (0..8).map(|n| t.start(&format!("INCR {n}"))).collect();
                for (n, call) in calls.into_iter().enumerate() {
                    t.ends(&format!("INCR {n}"), call, "Timeout UNKNOWN | Timeout NOT_APPLIED");
                    on_time(t);
                }
            })
            .connections(1),
        scenario("a full queue takes no more, and what it took keeps its deadline")
            .script("RAW\nSTALL")
            .options(|options| {
                options.queue.commands = Some(3);
                options.connect_timeout = None;
                short(options);
            })
            .except(Kind::Blocking, "a caller that blocks is a bound by itself (docs/adr/0005)")
            .then(|t| {
                let calls: Vec<_> = (0..3).map(|_| t.start("INCR n")).collect();
                let more = t.start("INCR n");
                // An event loop cannot wait for room, a pool does so until the deadline.
                let full = if t.kind == Kind::Pool { "Timeout NOT_APPLIED" } else { "QueueFull NOT_APPLIED" };
                t.ends("one too many", more, full);
                for call in calls {
                    t.ends("one that was taken", call, "Timeout NOT_APPLIED");
                }
            })
            .executed("INCR n", 0),
    ];
    table.push(
        scenario("a deadline counts from the call on, the wait for a connection included")
            .script("RAW\nSTALL")
            .options(|options| {
                options.connect_timeout = None;
                short(options);
            })
            .then(|t| {
                let calls = [
                    t.start("INCR n"),
                    t.start_call(Call::pipeline(&["INCR n", "INCR n"])),
                    t.start_call(Call::atomic(&["INCR n", "INCR n"])),
                ];
                let wanted =
                    ["Timeout NOT_APPLIED", "Timeout NOT_APPLIED 0/0/2", "Timeout NOT_APPLIED 0/0/2"];
                for (call, wanted) in calls.into_iter().zip(wanted) {
                    t.ends("a call without a connection", call, wanted);
                    on_time(t);
                }
            })
            .executed("INCR n", 0),
    );
    table
}
