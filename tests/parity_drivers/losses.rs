//! Connections that end before, while and after a command leaves.

use std::time::Duration;

use oxipipe::{Options, Retry};

use super::driver::{Call, Kind};
use super::scenario::{Scenario, scenario};
use crate::support::kernel;

/// Small beside the value of 4 MiB that is sent: it never leaves as a whole.
pub(super) fn small_buffer(options: &mut Options) {
    options.send_buffer = Some(64 * 1024);
    options.eager_bytes = 0;
}

fn never_again(options: &mut Options) {
    options.retry = Retry::None;
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut table = Vec::new();
    for end in ["CLOSE", "RESET"] {
        table.extend(after_leaving(end));
        table.extend(before_leaving(end));
    }
    table.extend([
        scenario("reads and writes in flight together: each has its own fate")
            .script(
                "EXPECT SET a *\nEXPECT GET *\nEXPECT APPEND c *\nEXPECT GET *\nSEND +O\nRESET
                 CONNECTION\nOBEY",
            )
            .then(|t| {
                // So large that a pool, which gathers small ones, sends each at once.
                let lines = ["SET a @17001", "GET @17002", "APPEND c @17003", "GET @17004"];
                let mut tickets = Vec::new();
                for (index, line) in lines.into_iter().enumerate() {
                    tickets.push((line, t.start(line)));
                    t.hears(index + 1);
                }
                let wanted = ["Disconnected UNKNOWN", "17002 bytes", "Disconnected UNKNOWN", "17004 bytes"];
                for ((line, ticket), wanted) in tickets.into_iter().zip(wanted) {
                    t.ends(line, ticket, wanted);
                }
            })
            .executed("SET a*", 1)
            .executed("APPEND c*", 1)
            .executed("GET *", 4),
        scenario("what is sent again keeps its order, and what had not left comes after it")
            .script("EXPECT GET *\nWAIT end\nRESET\nCONNECTION\nOBEY")
            .except(
                Kind::Blocking,
                "calls at the same time are those of several threads, which have no order",
            )
            .then(|t| {
                let calls: Vec<_> = (0..100).map(|n| (n, t.start(&format!("GET {n}")))).collect();
                t.hears(1);
                t.open("end");
                for (n, call) in calls {
                    t.ends("GET", call, &n.to_string());
                }
                let wanted: Vec<_> = (0..100).map(|n| format!("GET {n}")).collect();
                let heard = t.heard_on(1);
                t.check(heard == wanted, &format!("heard {heard:?}"));
            }),
        // Only with a reset: a server that closes in good order might read on and get the rest.
        scenario("a write of which a part has left is sent again whole")
            .script("READ 1000\nRESET\nCONNECTION\nOBEY")
            .options(|options| {
                small_buffer(options);
                never_again(options);
            })
            .call("APPEND k @4194304", "4194304")
            .executed("APPEND*", 1)
            .connections(2),
        scenario("a write of which a part has left and for which no other connection comes is not applied")
            .script("READ 1000\nRESET\nCONNECTION\nRAW\nCLOSE")
            .options(|options| {
                small_buffer(options);
                options.timeout = Some(Duration::from_secs(4));
            })
            .then(|t| {
                let end = t.command("APPEND k @4194304");
                t.expect(
                    "APPEND",
                    &end,
                    "Disconnected NOT_APPLIED | Timeout NOT_APPLIED | Connect NOT_APPLIED",
                );
                t.same("APPEND", super::wording::describe(&end));
                // It need not begin a pause of up to two seconds for which there is no time.
                t.took_at_least(Duration::from_millis(1500), "waiting for another connection");
            })
            .executed("APPEND*", 0),
        scenario("a pipeline of which a part has left tells the parts")
            .script("EXPECT INCR a\nREAD 1000\nRESET\nCONNECTION\nOBEY")
            .options(small_buffer)
            .pipeline(&["INCR a", "SET k @4194304", "INCR b"], "Disconnected UNKNOWN 0/1/2")
            .call("GET next", "next")
            .executed("INCR a", 1)
            .executed("INCR b", 0),
        scenario(
            "a pipeline whose first reply has come while its second command leaves tells all three fates",
        )
        .script("EXPECT INCR a\nSEND :1\\r\\n\nNOTE answered\nWAIT cut\nREAD 1000\nRESET\nCONNECTION\nOBEY")
        .options(small_buffer)
        .then(|t| {
            let pipeline = t.start_call(Call::pipeline(&["INCR a", "SET k @4194304", "INCR b"]));
            t.hears(2);
            t.until("the reply to be read", |t| kernel::is_read(t.fake().port()));
            t.open("cut");
            t.ends("the pipeline", pipeline, "Disconnected NOT_APPLIED 1/0/2");
        })
        .executed("INCR a", 1)
        .executed("INCR b", 0),
        scenario("a pipeline of which nothing has left as a whole is sent again")
            .script("READ 1000\nRESET\nCONNECTION\nOBEY")
            .options(|options| {
                small_buffer(options);
                never_again(options);
            })
            .pipeline(&["APPEND k @4194304", "INCR a"], "[4194304, 1]")
            .executed("APPEND*", 1)
            .executed("INCR a", 1),
        scenario("a transaction whose EXEC has not left is sent again as a whole")
            .script("READ 1000\nRESET\nCONNECTION\nOBEY")
            .options(|options| {
                small_buffer(options);
                never_again(options);
            })
            .atomic(&["APPEND k @4194304", "INCR n"], "[4194304, 1]")
            .executed("INCR n", 1)
            .executed("EXEC", 1),
        scenario("a transaction that is answered before its EXEC has left is sent again as a whole")
            .script("EXPECT MULTI\nSEND +OK\\r\\n\nREAD 100000\nRESET\nCONNECTION\nOBEY")
            .options(small_buffer)
            .atomic(&["APPEND k @4194304", "INCR n"], "[4194304, 1]")
            .executed("EXEC", 1),
        scenario("a connection for which no descriptor is left was not made, and nothing is applied")
            .live(&[])
            .options(|options| options.timeout = Some(super::deadlines::SHORT))
            .alone()
            .then(|t| {
                let limit = descriptors();
                let call = t.start("INCR n");
                let pipeline = t.start_call(Call::pipeline(&["INCR n", "INCR n"]));
                let ends = [t.end(call), t.end(pipeline)];
                drop(limit);
                let wanted = [
                    "Connect NOT_APPLIED | Io NOT_APPLIED",
                    "Connect NOT_APPLIED 0/0/2 | Io NOT_APPLIED 0/0/2",
                ];
                for (end, wanted) in ends.iter().zip(wanted) {
                    // A pool that could not start refuses the submission as a whole.
                    t.expect("without a descriptor", end, &format!("{wanted} | Io NOT_APPLIED"));
                }
                t.run("INCR n", "1");
            }),
        scenario("a connection that ended after a timeout costs no call")
            .script("EXPECT SET slow 1\nWAIT end\nCLOSE\nCONNECTION\nOBEY")
            .options(|options| {
                never_again(options);
                options.timeout = Some(super::deadlines::SHORT);
            })
            .call("SET slow 1", "Timeout UNKNOWN")
            .then(|t| {
                t.open("end");
                t.ended(0);
            })
            .call("INCR n", "1")
            .executed("INCR n", 1),
    ]);
    table
}

fn after_leaving(end: &str) -> Vec<Scenario> {
    let name = |what: &str| format!("{what} ({end})");
    let lost = |before: &str| format!("{before}\n{end}\nCONNECTION\nOBEY");
    vec![
        scenario(name("a write that has left is unknown and is not sent again"))
            .script(lost("EXPECT INCR n"))
            .call("INCR n", "Disconnected UNKNOWN")
            .call("GET next", "next")
            .executed("INCR n", 1)
            .connections(2),
        scenario(name("a read that has left is asked again"))
            .script(lost("EXPECT GET k"))
            .call("GET k", "k")
            .executed("GET k", 2)
            .connections(2),
        scenario(name("a read is unknown where nothing is to be repeated"))
            .script(lost("EXPECT GET k"))
            .options(never_again)
            .call("GET k", "Disconnected UNKNOWN")
            .call("GET next", "next")
            .executed("GET k", 1),
        scenario(name("a write whose reply was cut is unknown"))
            .script(lost("EXPECT INCR n\nSEND :1"))
            .call("INCR n", "Disconnected UNKNOWN")
            .executed("INCR n", 1),
        scenario(name("a read whose reply was cut is asked again"))
            .script(lost("EXPECT LRANGE k 0 9\nSEND *3\\r\\n$3\\r\\nlos\\r\\n$3\\r\\nt"))
            .call("LRANGE k 0 9", "9")
            .executed("LRANGE k 0 9", 2),
        scenario(name("a pipeline of writes tells how many were answered"))
            .script(lost("EXPECT INCR a\nEXPECT INCR b\nEXPECT INCR c\nSEND :1\\r\\n:"))
            .pipeline(&["INCR a", "INCR b", "INCR c"], "Disconnected UNKNOWN 1/2/0")
            .call("GET next", "next")
            .executed("INCR*", 3),
        scenario(name("a pipeline that only reads is asked again"))
            .script(lost("EXPECT GET a\nEXPECT GET b\nSEND $1"))
            .pipeline(&["GET a", "GET b"], "[a, b]")
            .executed("GET*", 4),
        scenario(name("a pipeline that only reads and was answered in part is not asked again"))
            .script(lost("EXPECT GET a\nEXPECT GET b\nSEND $1\\r\\na\\r\\n"))
            .pipeline(&["GET a", "GET b"], "Disconnected UNKNOWN 1/1/0")
            .executed("GET*", 2),
        scenario(name("a pipeline with one write is not asked again"))
            .script(lost("EXPECT GET a\nEXPECT INCR b"))
            .pipeline(&["GET a", "INCR b"], "Disconnected UNKNOWN 0/2/0")
            .executed("GET a", 1)
            .executed("INCR b", 1),
        scenario(name("a transaction that has left is unknown as a whole"))
            .script(lost("EXPECT MULTI\nEXPECT INCR n\nEXPECT EXEC\nSEND +OK\\r\\n+QUEUED\\r\\n*1\\r\\n"))
            .atomic(&["INCR n"], "Disconnected UNKNOWN")
            .call("GET next", "next")
            .executed("INCR n", 1)
            .executed("EXEC", 1),
        scenario(name("a transaction that only reads is asked again"))
            .script(lost("EXPECT MULTI\nEXPECT GET a\nEXPECT STRLEN b\nEXPECT EXEC\nSEND +OK\\r\\n"))
            .atomic(&["GET a", "STRLEN b"], "[a, b]")
            .executed("EXEC", 2)
            .executed("GET a", 2),
        scenario(name("what reads is known by the table, subcommands and small letters included")).then({
            let end = end.to_owned();
            move |t| {
                for line in [
                    "OBJECT ENCODING k",
                    "object freq k",
                    "MEMORY USAGE k",
                    "XINFO STREAM k",
                    "get k",
                    "SORT_RO k",
                    "TTL k",
                    "SCAN k",
                ] {
                    t.round(line, &format!("EXPECT {line}\n{end}\nCONNECTION\nOBEY"));
                    t.run(line, "k");
                    t.executed(line, 2);
                }
                for line in [
                    "CONFIG SET maxmemory 0",
                    "config resetstat",
                    "SPOP k",
                    "GETDEL k",
                    "GETEX k",
                    "EVAL return 0",
                    "FCALL f 0",
                    "SORT k",
                    "XGROUP CREATE k g",
                    "OBJECT",
                    "SCRIPT FLUSH",
                ] {
                    t.round(line, &format!("EXPECT {line}\n{end}\nCONNECTION\nOBEY"));
                    t.run(line, "Disconnected UNKNOWN");
                    t.run("GET next", "next");
                    t.executed(line, 1);
                }
            }
        }),
    ]
}

fn before_leaving(end: &str) -> Vec<Scenario> {
    let name = |what: &str| format!("{what} ({end})");
    vec![
        scenario(name("a connection that ended before the command costs nothing"))
            .script(format!("EXPECT PING\nSEND +PONG\\r\\n\nWAIT end\n{end}\nCONNECTION\nOBEY"))
            .options(never_again)
            .call("PING", "PONG")
            .then(|t| {
                t.open("end");
                t.ended(0);
            })
            .call("INCR n", "1")
            .executed("INCR n", 1)
            .connections(2),
    ]
}

/// No descriptor more can be had until it is dropped.
fn descriptors() -> Limit {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a valid place for the limit.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }, 0);
    let none = libc::rlimit { rlim_cur: 0, ..limit };
    // SAFETY: a valid limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none) }, 0);
    Limit(limit)
}

struct Limit(libc::rlimit);

impl Drop for Limit {
    fn drop(&mut self) {
        // SAFETY: the limit that there was.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const self.0) };
    }
}
