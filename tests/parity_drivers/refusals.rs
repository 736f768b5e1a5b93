//! Errors that the server answers with, and commands that are not sent at all.

use oxipipe::Retry;

use super::deadlines::SHORT;
use super::scenario::{Scenario, scenario};

const PASSING: [&str; 4] = ["LOADING", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN"];

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut table: Vec<_> = PASSING
        .map(|word| {
            scenario(format!("a server that says {word} is asked again"))
                .script(format!("REPEAT 3\nEXPECT INCR n\nSEND -{word} for a while\\r\\n\nEND\nOBEY"))
                // Nothing happened yet, so this is no matter of the option.
                .options(|options| options.retry = Retry::None)
                .call("INCR n", "4")
                .executed("INCR n", 4)
                .connections(1)
        })
        .into();
    table.extend(PASSING.map(|word| {
        scenario(format!("a server that says {word} until the deadline has the last word"))
            .script(format!("REPEAT *\nEXPECT INCR n\nSEND -{word} for ever\\r\\n\nEND"))
            .options(|options| options.timeout = Some(SHORT))
            .then(move |t| {
                let end = t.command("INCR n");
                t.expect("INCR n", &end, &format!("!{word} for ever"));
            })
            .executed("INCR n", 2..=60)
            .connections(1)
    }));
    table.extend([
        scenario("a server that says LOADING to a read is asked again, and others are served meanwhile")
            .script("EXPECT GET a\nSEND -LOADING for a while\\r\\n\nOBEY")
            .then(|t| {
                let a = t.start("GET a");
                t.hears(1);
                t.run("GET b", "b");
                t.ends("GET a", a, "a");
            })
            .executed("GET a", 2)
            .executed("GET b", 1),
        scenario("LOADING in a pipeline stands in its command's place")
            .script("EXPECT INCR a\nEXPECT INCR b\nSEND -LOADING for a while\\r\\n:2\\r\\n")
            .pipeline(&["INCR a", "INCR b"], "[!LOADING for a while, 2]")
            .executed("INCR*", 2),
        scenario("LOADING inside a transaction stands in its command's place and is not repeated")
            .script(
                "EXPECT MULTI\nEXPECT INCR a\nEXPECT EXEC
                 SEND +OK\\r\\n-LOADING for a while\\r\\n-EXECABORT Transaction discarded\\r\\n",
            )
            .atomic(&["INCR a"], "[!LOADING for a while]")
            .executed("INCR a", 1),
        scenario("other refusals are replies at once").then(|t| {
            for refusal in [
                "MOVED 3999 127.0.0.1:6381",
                "ASK 3999 127.0.0.1:6381",
                "NOSCRIPT No matching script.",
                "READONLY You can't write against a read only replica.",
                "WRONGTYPE Operation against a key holding the wrong kind of value",
                "OOM command not allowed when used memory > 'maxmemory'.",
                "BUSY Redis is busy running a script.",
                "MISCONF no",
                "NOREPLICAS Not enough good replicas to write.",
                "LOADINGS are not LOADING",
                "ERR no",
            ] {
                let word = refusal.split(' ').next().expect("a word");
                t.round(word, &format!("EXPECT INCR n\nSEND -{refusal}\\r\\n\nOBEY"));
                t.run("INCR n", &format!("!{refusal}"));
                t.run("GET next", "next");
                t.executed("INCR n", 1);
            }
        }),
        scenario("an error behind an attribute is an error")
            .script(
                "EXPECT SET k v\nSEND |1\\r\\n+why\\r\\n+so\\r\\n-ERR no\\r\\n\nEXPECT SET k v
                     EXPECT SET l v
                     SEND +OK\\r\\n|1\\r\\n+why\\r\\n|1\\r\\n+a\\r\\n+b\\r\\n+so\\r\\n-ERR nor this\\r\\n
                     OBEY",
            )
            .call("SET k v", "!ERR no")
            .pipeline(&["SET k v", "SET l v"], "[OK, !ERR nor this]")
            .then(|t| {
                // A pool counts what failed: the command, and the pipeline.
                let failures = t.driver().failures();
                t.check(matches!(failures, None | Some(2)), &format!("counted {failures:?} failures"));
            }),
        scenario("what would change the connection, or has no single reply, is not sent")
            .script("OBEY")
            .then(|t| {
                for line in [
                    "SELECT 1",
                    "AUTH secret",
                    "HELLO 3",
                    "RESET",
                    "MULTI",
                    "EXEC",
                    "DISCARD",
                    "WATCH k",
                    "UNWATCH",
                    "SUBSCRIBE c",
                    "MONITOR",
                    "WAIT 1 0",
                    "CLIENT REPLY OFF",
                    "client tracking on",
                    "QUIT",
                    "READONLY",
                    "READWRITE",
                    "ASKING",
                    "CLIENT SETNAME me",
                    "CLIENT NO-EVICT ON",
                    "client no-touch on",
                ] {
                    t.run(line, "Refused NOT_APPLIED");
                    let end = t.pipeline(&["SET a b", line]);
                    t.expect(&format!("{line} in a pipeline"), &end, "Refused NOT_APPLIED");
                }
                let end = t.command("CLIENT SETNAME me");
                // The option that lasts.
                t.says("CLIENT SETNAME", &end, "client_name");
                t.run("GET next", "next");
                let heard = t.heard_on(0);
                t.check(heard == ["GET next"], &format!("heard {heard:?}"));
            })
            .connections(1),
        scenario("a command without a name is an error of the argument")
            .script("OBEY")
            .call("", "Argument NOT_APPLIED")
            .connections(0),
    ]);
    table
}
