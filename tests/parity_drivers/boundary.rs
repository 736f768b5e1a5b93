//! Replies that nobody asked for, and answers to what has not left.

use super::driver::{Call, End};
use super::losses::small_buffer;
use super::scenario::{Scenario, scenario};
use super::trial::Trial;
use super::wording::describe;
use crate::support::LONG;
use crate::support::pace::Stopwatch;

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut table = surplus();
    table.extend(early());
    table
}

/// Where this goes wrong, nothing is answered any more.
fn patient(options: &mut oxipipe::Options) {
    options.timeout = Some(LONG / 4);
}

/// Replies that nothing asked for. What they end is the connection; the next call has another and its own reply.
fn surplus() -> Vec<Scenario> {
    let idle = |name: &str, sent: &str| {
        scenario(format!("{name} while nothing is outstanding is given to nobody"))
            .script(format!(
                "EXPECT GET a\nSEND $1\\r\\na\\r\\n\nWAIT go\nSEND {sent}\nNOTE sent\nHANG\nCONNECTION\nOBEY"
            ))
            .options(patient)
            .call("GET a", "a")
            .then(|t| {
                t.open("go");
                t.hears(2);
                t.delivered();
            })
            .call("INCR n", "1")
            .call("GET next", "next")
            .executed("INCR n", 1)
            .connections(2)
    };
    let behind = |name: &str, sent: &str| {
        scenario(format!("{name} right behind the right reply is given to nobody"))
            .script(format!("EXPECT GET a\nSEND $1\\r\\na\\r\\n{sent}\nHANG\nCONNECTION\nOBEY"))
            .options(patient)
            .call("GET a", "a")
            .call("GET next", "next")
            .connections(2)
    };
    let stolen = "$6\\r\\nstolen\\r\\n";
    let push = ">2\\r\\n+invalidate\\r\\n_\\r\\n";
    vec![
        idle("a surplus reply", stolen),
        idle("the first byte of a surplus reply", "$"),
        idle("the first half of a surplus reply", "$6\\r\\nsto"),
        idle("the first half of a surplus array", "*2\\r\\n$6\\r\\nstolen\\r\\n"),
        idle("a surplus reply behind a push", &format!("{push}{stolen}")),
        idle("half a surplus reply behind a push", &format!("{push}$6\\r\\nsto")),
        idle("a surplus reply behind an attribute", &format!("|1\\r\\n+k\\r\\n+v\\r\\n{stolen}")),
        idle("a surplus error", "-ERR Protocol error: too big inline request\\r\\n"),
        idle("something that is no reply", "HTTP/1.1 400 Bad Request\\r\\n"),
        behind("a surplus reply", stolen),
        behind("half a surplus reply", "$6\\r\\nsto"),
        behind("a surplus reply behind a push", &format!("{push}{stolen}")),
        scenario("a surplus reply that begins before the next command and ends after it is given to nobody")
            .script(
                "EXPECT GET a\nSEND $1\\r\\na\\r\\n$6\\r\\nsto\nOBEY GET b
                 SEND len\\r\\n$1\\r\\nb\\r\\n\nHANG\nCONNECTION\nOBEY",
            )
            .call("GET a", "a")
            .then(|t| t.delivered())
            .call("GET b", "b")
            .call("GET c", "c")
            .executed("GET b", 1..=2)
            .connections(2),
        scenario("pushes while nothing is outstanding are dropped, whole or cut, and the connection stays")
            .script(format!(
                "EXPECT GET a\nSEND {push}$1\\r\\na\\r\\n{push}>2\\r\\n+inv\nNOTE cut
                 EXPECT GET b\nSEND alidate\\r\\n_\\r\\n$1\\r\\nb\\r\\n\nOBEY"
            ))
            .call("GET a", "a")
            .then(|t| {
                t.hears(2);
                t.delivered();
            })
            .call("GET b", "b")
            .call("GET c", "c")
            .connections(1),
        scenario("more replies than a pipeline has commands are given to nobody")
            .script("EXPECT INCR a\nEXPECT INCR b\nSEND :1\\r\\n:2\\r\\n:3\\r\\n\nHANG\nCONNECTION\nOBEY")
            .pipeline(&["INCR a", "INCR b"], "[1, 2]")
            .call("GET next", "next")
            .connections(2),
        scenario("bytes that are no reply end the connection, and what has left is unknown").then(|t| {
            for nonsense in [
                "?what\\r\\n",
                "$abc\\r\\n",
                ":12x\\r\\n",
                "*-5\\r\\n",
                "$3\\r\\nabcde\\r\\n",
                "\\x00\\x00\\x00\\x00",
            ] {
                t.round(
                    nonsense,
                    &format!("EXPECT INCR a\nEXPECT GET b\nSEND :1\\r\\n{nonsense}\nHANG\nCONNECTION\nOBEY"),
                );
                let end = t.pipeline(&["INCR a", "GET b"]);
                t.expect("the pipeline", &end, "Protocol UNKNOWN 1/1/0");
                t.run("GET next", "next");
                t.connections(2);
            }
        }),
        scenario("a reply beyond a limit ends the connection, and what has left is unknown")
            .script("EXPECT GET a\nEXPECT GET b\nSEND $1\\r\\na\\r\\n$99999\\r\\n\nHANG\nCONNECTION\nOBEY")
            .options(|options| options.limits.bulk = 1000)
            .pipeline(&["GET a", "GET b"], "Limit UNKNOWN 1/1/0")
            .call("GET next", "next")
            .connections(2),
    ]
}

/// Answers to commands that have not left.
fn early() -> Vec<Scenario> {
    let script = |sent: &str, then: &str| format!("READ 1000\nSEND {sent}\n{then}\nCONNECTION\nOBEY");
    let mut table = Vec::new();
    for then in ["STALL", "CLOSE", "RESET"] {
        table.push(
            scenario(format!("a reply to a command that has not left whole is no reply ({then})"))
                .script(script("+OK\\r\\n", then))
                .options(small_buffer)
                .then(move |t| {
                    let end = t.command("APPEND k @8388608");
                    // A reset may overtake the reply, and then it never came.
                    let wanted = if then == "RESET" {
                        "Protocol UNKNOWN | Protocol NOT_APPLIED | 8388608"
                    } else {
                        "Protocol UNKNOWN | Protocol NOT_APPLIED"
                    };
                    t.expect("APPEND", &end, wanted);
                    t.took_less_than(LONG / 4, "hearing what was there");
                    if then != "RESET" {
                        t.same("APPEND", describe(&end));
                    }
                    soon(t, "GET next", |t| t.run("GET next", "next"));
                })
                .connections(2),
        );
        table.push(
            scenario(format!("more replies than commands of a pipeline have left do no harm ({then})"))
                .script(script(":1\\r\\n TIMES 3", then))
                .options(|options| {
                    small_buffer(options);
                    options.retry = oxipipe::Retry::None;
                })
                .then(move |t| {
                    let lines = ["APPEND a @8388608", "APPEND b @10", "APPEND c @10"];
                    let end = t.pipeline(&lines);
                    let wanted = if then == "RESET" {
                        "Protocol UNKNOWN* | Protocol NOT_APPLIED* | [8388608, 10, 10]"
                    } else {
                        "Protocol UNKNOWN* | Protocol NOT_APPLIED*"
                    };
                    t.expect("the pipeline", &end, wanted);
                    if then != "RESET" {
                        t.same("the pipeline", describe(&end));
                    }
                    soon(t, "GET next", |t| t.run("GET next", "next"));
                })
                .connections(2),
        );
    }
    table.push(
        scenario("a server that refuses what has not left whole is heard, and what is behind it is served")
            .script("READ 1000\nSEND -ERR Protocol error: invalid bulk length\\r\\n\nSTALL\nCONNECTION\nOBEY")
            .options(small_buffer)
            .then(|t| {
                let large = t.start("APPEND k @8388608");
                t.until("a part to arrive", |t| t.fake().connections() == 1);
                let behind = t.start("INCR n");
                let pipeline = t.start_call(Call::pipeline(&["GET a", "GET b"]));
                let end = t.end(large);
                t.says("APPEND", &end, "invalid bulk length");
                t.took_less_than(LONG / 4, "hearing what was there");
                let is_reply = matches!(end, End::Reply(..));
                t.same("APPEND", if is_reply { "a reply".to_owned() } else { describe(&end) });
                soon(t, "what is behind it", |t| {
                    t.ends("INCR n", behind, "1");
                    t.ends("a pipeline", pipeline, "[a, b]");
                });
            })
            .executed("INCR n", 1),
    );
    table
}

/// It does not have to wait until the kernel gives up the old connection.
fn soon(t: &mut Trial, what: &str, work: impl FnOnce(&mut Trial)) {
    let watch = Stopwatch::start();
    work(t);
    let took = watch.elapsed();
    t.check(took < LONG / 4, &format!("{what} took {took:?} more"));
}
