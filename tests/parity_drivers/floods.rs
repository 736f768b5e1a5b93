//! Deadlines while data keeps coming, and whether one can still close.

use std::time::Duration;

use super::deadlines::SHORT;
use super::scenario::{Scenario, scenario};
use super::trial::Trial;
use crate::support::LONG;
use crate::support::pace::Stopwatch;

/// Not by much beyond its deadline. Both sides have a processor each until then, or their share of a busy machine.
fn timely(t: &mut Trial, what: &str) {
    t.spent_less_than(10 * SHORT, what);
}

/// Much to read, little to keep.
const NUMBERS: &str =
    "REPEAT *\nSEND ,0.10000000000000000000000000000000000000000000000000000000001\\r\\n TIMES 3000\nEND";
const PUSHES: &str = "REPEAT *\nSEND >2\\r\\n+message\\r\\n+x\\r\\n TIMES 3000\nEND";

fn short(options: &mut oxipipe::Options) {
    options.timeout = Some(SHORT);
}

pub(super) fn scenarios() -> Vec<Scenario> {
    [
        scenario("an endless reply does not stretch a deadline")
            .script(format!("EXPECT SORT k\nSEND *4000000000\\r\\n\n{NUMBERS}"))
            .options(short)
            .call("SORT k", "Timeout UNKNOWN")
            .then(|t| timely(t, "SORT")),
        scenario("an endless reply does not stretch a deadline while others keep calling")
            // Once several calls in a row have got nothing, what has not left goes over another connection.
            .script(format!(
                "EXPECT SORT k\nSEND *4000000000\\r\\n\n{NUMBERS}\nCONNECTION\nREPEAT *\nEXPECT INCR n\nEND"
            ))
            .options(short)
            .then(|t| {
                let first = t.start("SORT k");
                t.hears(1);
                let watch = Stopwatch::start();
                let mut others = Vec::new();
                let end = loop {
                    if let Some(end) = t.end_now(first) {
                        break end;
                    }
                    if watch.elapsed() > 8 * SHORT {
                        return t.fail("SORT goes on and on".to_owned());
                    }
                    others.push(t.start("INCR n"));
                    t.pass(Duration::from_millis(200));
                };
                t.expect("SORT", &end, "Timeout UNKNOWN");
                timely(t, "SORT");
                for other in others {
                    t.ends("INCR", other, "Timeout UNKNOWN | Timeout NOT_APPLIED | Disconnected UNKNOWN");
                    timely(t, "INCR");
                }
            }),
        scenario("an endless reply in a pipeline does not stretch a deadline")
            .script(format!(
                "EXPECT INCR a\nEXPECT SORT k\nEXPECT INCR b\nSEND :1\\r\\n*4000000000\\r\\n\n{NUMBERS}"
            ))
            .options(short)
            .then(|t| {
                let end = t.pipeline(&["INCR a", "SORT k", "INCR b"]);
                t.expect("the pipeline", &end, "Timeout UNKNOWN 1/2/0");
                timely(t, "the pipeline");
            }),
        scenario("a flood of pushes during the greeting does not stretch a deadline")
            .script(format!("RAW\nREAD 1\n{PUSHES}"))
            .options(short)
            .call("INCR n", "Timeout NOT_APPLIED")
            .then(|t| timely(t, "INCR n")),
        scenario("a flood of pushes during the greeting does not stretch the time for connecting")
            .script(format!("RAW\nREAD 1\n{PUSHES}"))
            .options(|options| options.connect_timeout = Some(SHORT))
            .call("INCR n", "Timeout NOT_APPLIED")
            .then(|t| timely(t, "INCR n")),
        scenario("a flood of pushes before a command does not stretch a deadline")
            .script(format!("EXPECT PING\nSEND +PONG\\r\\n\nWAIT flood\nNOTE flood\n{PUSHES}"))
            .options(short)
            .call("PING", "PONG")
            .then(|t| {
                t.open("flood");
                t.hears(2);
            })
            // Whether it could leave in all this depends.
            .call("INCR n", "Timeout NOT_APPLIED | Timeout UNKNOWN")
            .then(|t| timely(t, "INCR n")),
        scenario("a flood of pushes behind a command does not stretch a deadline")
            .script(format!("EXPECT INCR n\nNOTE flood\n{PUSHES}"))
            .options(short)
            .call("INCR n", "Timeout UNKNOWN")
            .then(|t| timely(t, "INCR n")),
        scenario("a flood of pushes does not keep a client from being closed")
            .script(format!("EXPECT PING\nSEND +PONG\\r\\n\nWAIT flood\nNOTE flood\n{PUSHES}"))
            .options(|options| options.timeout = Some(LONG))
            .call("PING", "PONG")
            .then(|t| {
                t.open("flood");
                t.hears(2);
                let write = t.start("INCR n");
                t.pass(Duration::from_millis(100));
                let watch = Stopwatch::start();
                t.close();
                let took = watch.elapsed();
                t.check(took < LONG / 2, &format!("closing took {took:?}"));
                t.ends("INCR n", write, "Closed NOT_APPLIED | Closed UNKNOWN");
            }),
        scenario("a flood of pushes during the greeting does not keep a client from being closed")
            .script(format!("RAW\nREAD 1\nNOTE flood\n{PUSHES}"))
            .options(|options| {
                options.timeout = Some(LONG);
                options.connect_timeout = None;
            })
            .then(|t| {
                let write = t.start("INCR n");
                t.hears(1);
                let watch = Stopwatch::start();
                t.close();
                let took = watch.elapsed();
                t.check(took < LONG / 2, &format!("closing took {took:?}"));
                t.ends("INCR n", write, "Closed NOT_APPLIED");
            }),
    ]
    .into_iter()
    // Each takes all of two processors.
    .map(Scenario::alone)
    .collect()
}
