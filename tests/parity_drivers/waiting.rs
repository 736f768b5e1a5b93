//! Commands that wait on the server: how long, at whose cost, and what ends them.

use std::time::Duration;

use oxipipe::{Client, Outcome::Unknown};

use super::driver::{Call, End};
use super::scenario::{Scenario, scenario};
use super::trial::Trial;
use super::wording::describe;
use crate::support::LONG;

/// Shorter than what the server is asked to wait.
fn hasty(options: &mut oxipipe::Options) {
    options.timeout = Some(Duration::from_millis(500));
}

/// Waits until so many connections of a real server wait for an element.
fn blocked(t: &mut Trial, witness: &Client, count: usize) {
    let wanted = format!("blocked_clients:{count}\r\n");
    t.until(&format!("{count} that block"), |_| {
        let info = witness.command(&["INFO", "clients"]).expect("a server");
        info.root().as_str().expect("a text").contains(&wanted)
    });
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut table = alone_and_in_pipelines();
    table.extend(beside_others());
    table.extend(enders());
    table
}

fn alone_and_in_pipelines() -> Vec<Scenario> {
    vec![
        scenario("a blocking command has the client's time on top of its own")
            .live(&[])
            .options(hasty)
            .call("BLPOP q 1.5", "null")
            .call("blmove q r LEFT LEFT 1.2", "null")
            .call("XREAD BLOCK 1200 STREAMS s $", "null")
            .call("BZMPOP 1.2 1 z MIN", "null"),
        scenario("a pipeline has the time of the blocking commands in it on top")
            .live(&[])
            .options(hasty)
            .pipeline(&["SET a 1", "BLPOP q 1.5", "PING"], "[OK, null, PONG]")
            .pipeline(&["BLPOP q 0.7", "BLPOP q 0.7", "GET a"], "[null, null, 1]"),
        scenario("inside a transaction nothing blocks")
            .live(&[])
            .options(hasty)
            .atomic(&["SET a 1", "BLPOP q 0", "GET a"], "[OK, null, 1]"),
        scenario("a blocking command whose server says nothing ends when both times have passed")
            .script("OBEY BLPOP ...\nHANG")
            .options(hasty)
            .call("BLPOP q 1", "Timeout UNKNOWN")
            .then(|t| {
                let least = Duration::from_millis(1500);
                t.took_at_least(least, "BLPOP");
                t.took_less_than(5 * least, "BLPOP");
            })
            .call("GET next", "next | Timeout UNKNOWN")
            .executed("BLPOP*", 1),
        scenario("a blocking command for ever has no deadline, and gets what comes")
            .live(&[])
            .options(hasty)
            .then(|t| {
                let witness = t.witness();
                let waits = t.start("BLPOP q 0");
                blocked(t, &witness, 1);
                t.pass(Duration::from_millis(1200));
                witness.command(&["RPUSH", "q", "element"]).expect("a server");
                t.ends("BLPOP", waits, "[q, element]");
            }),
        scenario("a blocking command whose server hangs up is unknown and not sent again").then(|t| {
            for end in ["CLOSE", "RESET"] {
                t.round(end, &format!("OBEY BLPOP ...\n{end}"));
                t.run("BLPOP q 0", "Disconnected UNKNOWN");
                t.run("GET next", "next");
                t.executed("BLPOP*", 1);
            }
        }),
        scenario("a blocking command that the server refuses for a while is asked again")
            .script(
                "OBEY BLPOP ...\nSEND -LOADING for a while\\r\\n\nOBEY BLPOP ...
                     SEND *2\\r\\n+q\\r\\n+element\\r\\n\nOBEY",
            )
            .call("BLPOP q 0", "[q, element]")
            .executed("BLPOP*", 2),
        scenario("what stands around a blocking command in a pipeline keeps its order").live(&[]).pipeline(
            &["RPUSH q a", "BLPOP q 5", "RPUSH q b", "BLPOP q 5", "LLEN q"],
            "[1, [q, a], 1, [q, b], 0]",
        ),
        scenario("a pipeline with a blocking command whose connection is lost tells how far it came")
            .script("OBEY BLPOP ...\nCLOSE")
            .pipeline(&["INCR a", "BLPOP q 0", "INCR b"], "Disconnected UNKNOWN 1/2/0")
            .executed("BLPOP*", 1),
    ]
}

fn beside_others() -> Vec<Scenario> {
    vec![
        scenario("blocking commands do not hold up others").live(&[]).then(|t| {
            let witness = t.witness();
            let waits: Vec<_> = (0..3).map(|n| t.start(&format!("BLPOP q{n} 0"))).collect();
            blocked(t, &witness, 3);
            t.run("INCR n", "1");
            let end = t.pipeline(&["INCR n", "PING"]);
            t.expect("a pipeline", &end, "[2, PONG]");
            let end = t.atomic(&["INCR n"]);
            t.expect("a transaction", &end, "[3]");
            for (n, call) in waits.into_iter().enumerate() {
                witness.command(&["RPUSH", &format!("q{n}"), "element"]).expect("a server");
                t.ends("BLPOP", call, &format!("[q{n}, element]"));
            }
        }),
        scenario("a pipeline that blocks does not hold up others").live(&[]).then(|t| {
            let witness = t.witness();
            let waits = t.start_call(Call::pipeline(&["SET a 1", "BLPOP q 0", "GET a"]));
            blocked(t, &witness, 1);
            t.run("INCR n", "1");
            witness.command(&["RPUSH", "q", "element"]).expect("a server");
            t.ends("the pipeline", waits, "[OK, [q, element], 1]");
        }),
        scenario(
            "a blocking command that is cancelled ends at the server, too, and costs no other connection",
        )
        .live(&[])
        .cancels()
        .then(|t| {
            let witness = t.witness();
            let id = describe(&t.command("CLIENT ID"));
            let waits = t.start("BLPOP q 0");
            let stays = t.start("BLPOP r 0");
            blocked(t, &witness, 2);
            t.cancel("BLPOP q", waits, Unknown);
            blocked(t, &witness, 1);
            witness.command(&["RPUSH", "q", "element"]).expect("a server");
            t.run("LLEN q", "1");
            witness.command(&["RPUSH", "r", "element"]).expect("a server");
            t.ends("BLPOP r", stays, "[r, element]");
            t.run("CLIENT ID", &id);
        }),
        scenario("a blocking command whose time is up ends at the server, too")
            .script("OBEY BLPOP ...\nHANG\nCONNECTION\nOBEY BLPOP ...\nHANG\nCONNECTION\nOBEY")
            .options(hasty)
            .then(|t| {
                t.run("GET a", "a");
                t.run("BLPOP q 0.5", "Timeout UNKNOWN");
                t.until("the end of its connection", |t| t.fake().is_gone(1));
                t.run("GET b", "b");
                t.check(!t.fake().is_gone(0), "the shared connection is gone");
            })
            .executed("BLPOP*", 1),
        scenario("a blocking command that is killed is unknown, and the shared connection stays")
            .live(&[])
            .then(|t| {
                let witness = t.witness();
                let id = describe(&t.command("CLIENT ID"));
                let waits = t.start("BLPOP q 0");
                blocked(t, &witness, 1);
                let list = witness.command(&["CLIENT", "LIST"]).expect("a server");
                let text = list.root().as_str().expect("a text").to_owned();
                let line = text.lines().find(|line| line.contains("cmd=blpop")).expect("who blocks");
                let blocking = line.split([' ', '=']).nth(1).expect("its id");
                witness.command(&["CLIENT", "KILL", "ID", blocking]).expect("a server");
                t.ends("BLPOP", waits, "Disconnected UNKNOWN");
                t.run("CLIENT ID", &id);
            }),
    ]
}

/// Commands whose purpose is to end others.
fn enders() -> Vec<Scenario> {
    let killed = |t: &mut Trial, spin: &str, kill: &str, wanted: &str| {
        let witness = t.witness();
        // Outside, in case it does not work.
        let running = t.start(spin);
        t.until("a server that is busy", |_| {
            let reply = witness.command(&["GET", "k"]);
            reply.is_ok_and(|reply| reply.root().error().is_some_and(|text| text.starts_with(b"BUSY")))
        });
        t.run(kill, "OK");
        let _ = witness.command(&kill.split(' ').collect::<Vec<_>>());
        let end = t.end(running);
        t.says("what ran", &end, wanted);
        t.check(matches!(end, End::Reply(..)), "what ran has no reply");
        t.run("PING", "PONG");
    };
    let busy: &[&str] = &["--busy-reply-threshold", "50"];
    let quick = |options: &mut oxipipe::Options| options.timeout = Some(Duration::from_secs(5));
    vec![
        scenario("SCRIPT KILL does not wait behind the script")
            .live(busy)
            .options(quick)
            .then(move |t| killed(t, SPIN, "SCRIPT KILL", "Script killed")),
        scenario("FUNCTION KILL does not wait behind the function").live(busy).options(quick).then(
            move |t| {
                let witness = t.witness();
                let code = "#!lua name=l\nredis.register_function('spin', function() while true do end end)";
                witness.command(&["FUNCTION", "LOAD", code]).expect("a server");
                killed(t, "FCALL spin 0", "FUNCTION KILL", "killed");
            },
        ),
        scenario("SHUTDOWN NOSAVE does not wait behind the script").live(busy).options(quick).then(|t| {
            let witness = t.witness();
            let running = t.start(SPIN);
            t.until("a server that is busy", |_| {
                let reply = witness.command(&["GET", "k"]);
                reply.is_ok_and(|reply| reply.root().error().is_some_and(|text| text.starts_with(b"BUSY")))
            });
            let shutdown = t.command("SHUTDOWN NOSAVE");
            // It has no reply: the server is gone.
            t.expect("SHUTDOWN NOSAVE", &shutdown, "Disconnected UNKNOWN");
            t.ends("the script", running, "Disconnected UNKNOWN");
            // Whatever has become of it.
            t.live().kill();
        }),
        scenario("CLIENT UNBLOCK ends what blocks on the same client").live(&[]).then(|t| {
            let witness = t.witness();
            let waits = t.start("BLPOP q 0");
            blocked(t, &witness, 1);
            let list = witness.command(&["CLIENT", "LIST"]).expect("a server");
            let text = list.root().as_str().expect("a text").to_owned();
            let line = text.lines().find(|line| line.contains("cmd=blpop")).expect("who blocks");
            let id = line.split([' ', '=']).nth(1).expect("its id").to_owned();
            t.run(&format!("CLIENT UNBLOCK {id}"), "1");
            t.ends("BLPOP", waits, "null");
        }),
        scenario("what ends others goes beside a command that is not answered")
            .script("OBEY EVAL ...\nHANG\nCONNECTION\nOBEY")
            .options(|options| options.timeout = Some(LONG / 2))
            .then(|t| {
                let running = t.start("EVAL spin 0");
                t.hears(1);
                for line in
                    ["SCRIPT KILL", "FUNCTION KILL", "CLIENT UNBLOCK 7", "CLIENT KILL ID 7", "script kill"]
                {
                    // The server says OK to what it is told of clients, and the last word to anything else.
                    let last = line.split(' ').next_back().expect("a word");
                    t.run(line, if line.starts_with("CLIENT") { "OK" } else { last });
                }
                t.close();
                t.ends("EVAL", running, "Closed UNKNOWN");
            }),
    ]
}

/// Until it is killed.
const SPIN: &str = "EVAL while~true~do~end 0";
