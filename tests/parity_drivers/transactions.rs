//! Transactions that the server refuses, stops or discards, and pipelines that are empty or were offered elsewhere first.

use oxipipe::Pool;

use super::driver::{Kind, Ticket};
use super::scenario::{Scenario, scenario};
use super::wording::describe;

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("a transaction is one block for the server")
            .live(&[])
            .atomic(&["SET a 1", "INCR a", "GET a", "LPUSH a x"], "[OK, 2, 2, !WRONGTYPE*")
            .call("GET a", "2"),
        scenario("a transaction that the server discards is an error in each place")
            .live(&[])
            .atomic(&["INCR a", "SET a", "INCR a"], "[!EXECABORT*")
            .then(|t| {
                let end = t.atomic(&["INCR a", "SET a", "INCR a"]);
                t.says("the second", &end, "wrong number of arguments");
                t.same("the transaction", describe(&end));
            })
            .call("GET a", "null"),
        scenario("a transaction that a watched key stopped is null")
            .script(
                "REPEAT 2\nEXPECT MULTI\nEXPECT INCR n\nEXPECT EXEC
                     SEND +OK\\r\\n+QUEUED\\r\\n_\\r\\n\nEND\nREPEAT 1\nEXPECT MULTI
                     EXPECT INCR n\nEXPECT INCR m\nEXPECT EXEC
                     SEND +OK\\r\\n+QUEUED\\r\\n+QUEUED\\r\\n*-1\\r\\n\nEND\nOBEY",
            )
            .atomic(&["INCR n"], "null")
            .atomic(&["INCR n"], "null")
            .atomic(&["INCR n", "INCR m"], "null")
            .call("GET next", "next"),
        scenario("MULTI that the user may not say: the commands ran without a transaction, and that is told")
            .live(&[])
            .then(|t| {
                let witness = t.witness();
                witness.command(&["ACL", "SETUSER", "default", "-multi"]).expect("a user without MULTI");
                let end = t.atomic(&["INCR a", "INCR b"]);
                t.expect("the transaction", &end, "Protocol UNKNOWN 0/2/0");
                t.says("the transaction", &end, "NOPERM");
                t.run("GET a", "1");
                t.run("GET b", "1");
            }),
        scenario("EXEC that answers with another number of replies is a fault of the peer")
            .script(
                "EXPECT MULTI\nEXPECT INCR a\nEXPECT INCR b\nEXPECT EXEC
                     SEND +OK\\r\\n+QUEUED\\r\\n+QUEUED\\r\\n*1\\r\\n:1\\r\\n\nOBEY",
            )
            .atomic(&["INCR a", "INCR b"], "Protocol UNKNOWN 0/2/0")
            .executed("EXEC", 1),
        scenario("a transaction on a server that is loading is not repeated")
            .script("EXPECT MULTI\nEXPECT INCR a\nEXPECT EXEC\nSEND -LOADING for a while\\r\\n TIMES 3\nOBEY")
            .then(|t| {
                let end = t.atomic(&["INCR a"]);
                t.says("the transaction", &end, "LOADING");
                t.same("the transaction", describe(&end));
            })
            .executed("INCR a", 1),
        scenario("an empty pipeline asks nobody")
            .script("OBEY")
            .then(|t| {
                // Where results are pulled there would be nothing to pull: `submit_pipeline` refuses it.
                let wanted = if t.kind == Kind::Blocking { "[]" } else { "Argument NOT_APPLIED" };
                let end = t.pipeline(&[]);
                t.expect("the pipeline", &end, wanted);
                let end = t.atomic(&[]);
                t.expect("the transaction", &end, wanted);
            })
            .connections(0),
        scenario("a transaction that a full pool refused runs once where it goes then")
            .script("OBEY")
            .then(|t| {
                // It never connects, so one submission fills it.
                let nobody = super::trial::Server::nobody();
                let mut options = t.plain_options();
                if let super::trial::Server::Nobody(socket) = &nobody {
                    options.port =
                        socket.local_addr().expect("an address").as_socket().expect("of TCP").port();
                }
                options.queue.commands = Some(1);
                let full = Pool::new(options, 1).expect("a pool");
                full.submit(&["PING"], Some(1)).expect("room for one");
                for n in 1..=3 {
                    let end = t.driver().after_refusal(&full, &["INCR n", "GET k"]);
                    t.expect("the transaction", &end, &format!("[{n}, k]"));
                    t.run("GET next", "next");
                }
            })
            .executed("EXEC", 3)
            .executed("INCR n", 3)
            .connections(1),
        scenario("replies to many pipelines and commands under way find their owners").live(&[]).then(|t| {
            let mut calls: Vec<(Ticket, String)> = Vec::new();
            for n in 0..40 {
                let echo = |part: &str| format!("ECHO {n}{part}");
                let (a, b) = (echo("a"), echo("b"));
                let lines = [a.as_str(), b.as_str()];
                let call = match n % 3 {
                    0 => super::driver::Call::command(&a),
                    1 => super::driver::Call::pipeline(&lines),
                    _ => super::driver::Call::atomic(&lines),
                };
                let wanted = if n % 3 == 0 { format!("{n}a") } else { format!("[{n}a, {n}b]") };
                calls.push((t.start_call(call), wanted));
            }
            for (ticket, wanted) in calls {
                t.ends("a call", ticket, &wanted);
            }
        }),
    ]
}
