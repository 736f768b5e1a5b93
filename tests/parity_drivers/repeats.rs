//! How often something is tried again: never what may have been applied, and nothing without end.

use std::time::Duration;

use super::driver::End;
use super::scenario::{Scenario, scenario};
use super::wording::{describe, is_as};
use crate::support::LONG;

/// At most so often does the server hear a read that ends its connection each time.
const POISON: std::ops::RangeInclusive<usize> = 2..=5;

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut table = Vec::new();
    for end in ["CLOSE", "RESET"] {
        table.push(
            scenario(format!(
                "a read that ends every connection is given up, without a deadline, too ({end})"
            ))
            .script(format!("EXPECT GET poison\n{end}"))
            .options(|options| options.timeout = None)
            .call("GET poison", "Disconnected UNKNOWN")
            .executed("GET poison", POISON),
        );
    }
    table.extend([
        scenario("a read that ends every connection is given up long before a late deadline")
            .script("EXPECT GET poison\nSEND $6\\r\\npoi\nCLOSE")
            .options(|options| options.timeout = Some(LONG))
            .call("GET poison", "Disconnected UNKNOWN")
            .then(|t| {
                t.took_less_than(LONG / 2, "trying");
            })
            .executed("GET poison", POISON),
        scenario("a pipeline of reads that ends every connection is given up")
            .script("EXPECT GET a\nEXPECT GET poison\nCLOSE")
            .options(|options| options.timeout = None)
            .pipeline(&["GET a", "GET poison"], "Disconnected UNKNOWN 0/2/0")
            .executed("GET poison", POISON),
        scenario("a transaction of reads that ends every connection is given up")
            .script("EXPECT MULTI\nEXPECT GET poison\nEXPECT EXEC\nCLOSE")
            .options(|options| options.timeout = None)
            .atomic(&["GET poison"], "Disconnected UNKNOWN")
            .executed("EXEC", POISON),
        scenario("a read that ends every connection does not cost the others in flight their right replies")
            .script("OBEY GET poison\nWAIT company\nCLOSE\nCONNECTION\nOBEY GET poison\nCLOSE")
            .options(|options| options.timeout = Some(LONG))
            .then(|t| {
                let poison = t.start("GET poison");
                t.hears(1);
                let others: Vec<_> =
                    ["GET a", "GET b", "GET c"].into_iter().map(|line| (line, t.start(line))).collect();
                // They are under way, or about to be.
                t.pass(Duration::from_millis(50));
                t.open("company");
                t.ends("GET poison", poison, "Disconnected UNKNOWN");
                for (line, ticket) in others {
                    let end = t.end(ticket);
                    let own = describe(&end);
                    if !is_as(&own, "Disconnected UNKNOWN") {
                        t.expect(line, &end, &line["GET ".len()..]);
                    }
                }
                t.run("GET afterwards", "afterwards");
            })
            .executed("GET poison", 2..=10),
        scenario("a write that ends every connection is sent once")
            .script("OBEY INCR n\nCLOSE")
            .then(|t| {
                for _ in 0..3 {
                    t.run("INCR n", "Disconnected UNKNOWN");
                }
            })
            .executed("INCR n", 3)
            .connections(3),
        scenario("a transaction that ends every connection is sent once")
            .script("OBEY EXEC\nCLOSE")
            .atomic(&["INCR n"], "Disconnected UNKNOWN")
            .executed("INCR n", 1)
            .executed("EXEC", 1),
        scenario("a write that never leaves as a whole is tried until its deadline, with pauses between")
            .script("READ 1000\nRESET")
            .options(|options| {
                super::losses::small_buffer(options);
                options.timeout = Some(Duration::from_secs(2));
            })
            .call("APPEND k @4194304", "Disconnected NOT_APPLIED | Timeout NOT_APPLIED")
            .connections(3..=60),
        scenario("a value beyond what the server takes is refused in the server's words, in a transaction")
            .live(&["--proto-max-bulk-len", "1mb"])
            .then(|t| too_large(t, "the transaction", |t, value| t.atomic(&["SET a 1", value]))),
        scenario("a value beyond what the server takes is refused in the server's words, in a pipeline")
            .live(&["--proto-max-bulk-len", "1mb"])
            .then(|t| too_large(t, "the pipeline", |t, value| t.pipeline(&["SET a 1", value]))),
        scenario("a value beyond what the server takes is refused in the server's words, by itself")
            .live(&["--proto-max-bulk-len", "1mb"])
            .then(|t| too_large(t, "the command", |t, value| t.command(value))),
    ]);
    table
}

/// The server reads the length, says what is wrong with it, and hangs up.
fn too_large(t: &mut super::trial::Trial, name: &str, call: fn(&mut super::trial::Trial, &str) -> End) {
    t.run("PING", "PONG");
    let witness = t.witness();
    let connections = |witness: &oxipipe::Client| {
        let info = witness.command(&["INFO", "stats"]).expect("a server");
        let text = info.root().as_str().expect("a text").to_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        line.expect("a number of connections").trim().parse::<u32>().expect("a number")
    };
    let before = connections(&witness);
    for value in ["SET b @2097152", "SET b @8388608"] {
        let end = call(t, value);
        t.says(name, &end, "invalid bulk length");
        t.same(
            name,
            match &end {
                End::Failed(error) => format!("{:?} {:?}", error.kind(), error.outcome()),
                End::Reply(..) => "a reply".to_owned(),
                end => describe(end),
            },
        );
    }
    let more = connections(&witness) - before;
    t.check(more <= 4, &format!("{more} connections for two calls"));
    t.run("GET b", "null");
    t.run("PING", "PONG");
}
