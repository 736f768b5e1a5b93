//! The first words on a connection, and servers that do not like them.

use std::time::Duration;

use oxipipe::Secret;

use super::deadlines::SHORT;
use super::driver::End;
use super::scenario::{Scenario, scenario};
use super::trial::Trial;
use crate::support::LONG;

/// What servers and proxies say that do not know HELLO or do not allow it.
const REFUSALS: [&str; 11] = [
    "-ERR unknown command 'HELLO'",
    "-ERR Unknown command `HELLO`, with args beginning with: `3`",
    "-ERR unknown command",
    "-NOPROTO unsupported protocol version",
    "-NOPERM this user has no permissions to run the 'hello' command",
    "-unsupported command 'HELLO'",
    "-ERR unsupported command `hello`",
    "-invalid request",
    "-ERR command not allowed",
    "-ERR Proxy unsupported",
    "-ERR",
];

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut table: Vec<_> = REFUSALS
        .map(|refusal| {
            scenario(format!("HELLO that is refused leads to RESP2: {refusal}"))
                .script(format!("RAW\nEXPECT HELLO 3\nSEND {refusal}\\r\\n\nOBEY"))
                .call("GET k", "k")
                .call("INCR n", "1")
                .executed("HELLO*", 1)
                // With HELLO it may have been said; afterwards it is left out.
                .executed("CLIENT SETINFO LIB-NAME*", 0..=1)
                .connections(1)
        })
        .into();
    table.extend(fallbacks());
    table.extend(refused());
    table.extend(no_servers());
    table.extend(names());
    table
}

fn fallbacks() -> [Scenario; 7] {
    let closed = |end: &str| {
        scenario(format!("a connection that ends at HELLO is made again without it ({end})"))
            .script(format!("RAW\nEXPECT HELLO 3\n{end}\nCONNECTION\nRAW\nOBEY"))
            .call("GET k", "k")
            .executed("HELLO*", 1)
            .executed("CLIENT SETINFO LIB-NAME*", 0)
            .connections(2)
    };
    [
        closed("CLOSE"),
        closed("RESET"),
        scenario("a connection that ends at HELLO is made again with password, database and name")
            .script("RAW\nEXPECT HELLO 3 AUTH ann secret\nCLOSE\nCONNECTION\nRAW\nOBEY")
            .options(everything)
            .call("GET k", "k")
            .then(|t| {
                let said = t.heard_on(1);
                let wanted = ["AUTH ann secret", "SELECT 3", "CLIENT SETNAME me", "GET k"];
                if said != wanted {
                    t.fail(format!("expected {wanted:?}, heard {said:?}"));
                }
            }),
        scenario("HELLO that is refused leads to RESP2 with password, database and name")
            .script("RAW\nEXPECT HELLO 3 AUTH ann secret\nSEND -ERR unknown command 'HELLO'\\r\\n
                     OBEY AUTH ann secret\nSEND +OK\\r\\n\nOBEY")
            .options(everything)
            .call("GET k", "k")
            .then(|t| {
                let said = t.heard_on(0);
                let auth = said.iter().position(|line| line == "AUTH ann secret");
                let after = &said[auth.unwrap_or(said.len())..];
                let wanted = ["AUTH ann secret", "SELECT 3", "CLIENT SETNAME me", "GET k"];
                if after != wanted {
                    t.fail(format!("expected {wanted:?} at the end, heard {said:?}"));
                }
            }),
        scenario("a server that always hangs up is told as such, after one try without HELLO")
            .script("RAW\nREAD 5\nCLOSE")
            .call("INCR n", "Disconnected NOT_APPLIED")
            .executed("INCR n", 0)
            .connections(2),
        scenario("RESP2 is spoken without HELLO when asked for")
            .script("RAW\nOBEY")
            .options(|options| options.protocol = 2)
            .call("GET k", "k")
            .executed("HELLO*", 0)
            .connections(1),
        scenario("pushes between single bytes of a greeting do not count")
            .script(
                "RAW\nEXPECT HELLO 3\nEXPECT CLIENT SETINFO LIB-NAME *\nEXPECT CLIENT SETINFO LIB-VER *\nSPLIT 1
                 SEND >2\\r\\n+invalidate\\r\\n_\\r\\n%2\\r\\n+server\\r\\n+redis\\r\\n+proto\\r\\n:3\\r\\n
                 SEND >2\\r\\n+invalidate\\r\\n_\\r\\n+OK\\r\\n+OK\\r\\n>1\\r\\n+x\\r\\n
                 SPLIT 100\nOBEY",
            )
            .call("INCR n", "1")
            .connections(1),
    ]
}

fn everything(options: &mut oxipipe::Options) {
    options.username = Some("ann".into());
    options.password = Some(Secret::new("secret"));
    options.db = 3;
    options.client_name = Some("me".into());
}

/// Wrong credentials, no room, no such database: not retried, and told in the server's words.
fn refused() -> Vec<Scenario> {
    let mut table: Vec<_> = [
        "-WRONGPASS invalid username-password pair or user is disabled.",
        "-NOAUTH HELLO must be called with the client already authenticated",
        "-ERR invalid password",
        "-ERR Client sent AUTH, but no password is set",
    ]
    .map(|refusal| {
        scenario(format!("credentials that are refused are an error of their own: {refusal}"))
            .script(format!("RAW\nREAD 1\nSEND {refusal}\\r\\n+OK\\r\\n+OK\\r\\n\nHANG"))
            .options(|options| options.password = Some(Secret::new("open-sesame")))
            .then(move |t| {
                let end = t.command("INCR n");
                t.expect("INCR n", &end, "Auth NOT_APPLIED");
                t.says("INCR n", &end, &refusal[1..8]);
                if let End::Failed(error) = &end {
                    t.check(
                        !format!("{error} {error:?}").contains("sesame"),
                        "the password is in the message",
                    );
                }
            })
            .connections(1)
    })
    .into();
    table.extend([
        scenario("a password that the server wants and the options lack is an error of its own")
            .live(&["--requirepass", "secret"])
            .call("INCR n", "Auth NOT_APPLIED"),
        scenario("a database that there is not is the server's refusal")
            .live(&[])
            .options(|options| options.db = 99)
            .then(|t| {
                let end = t.command("INCR n");
                t.expect("INCR n", &end, "Handshake NOT_APPLIED");
                t.says("INCR n", &end, "DB index is out of range");
            }),
        scenario("a full server is told in its own words at the first connection")
            .follows("max_clients")
            .then(|t| {
                let end = t.command("INCR n");
                t.expect("INCR n", &end, "Handshake NOT_APPLIED");
                t.says("INCR n", &end, "max number of clients");
                t.took_less_than(LONG / 2, "trying");
            })
            .connections(1..=2),
        scenario("a full server is waited for by who was connected before")
            .script(
                "OBEY INCR a\nCLOSE\nCONNECTION\nRAW\nSEND -ERR max number of clients reached\\r\\n\nCLOSE
                 CONNECTION\nRAW\nSEND -ERR max number of clients reached\\r\\n\nCLOSE\nCONNECTION\nRAW\nOBEY",
            )
            .call("INCR a", "Disconnected UNKNOWN")
            .call("INCR b", "1")
            .executed("INCR b", 1),
        scenario("protected mode is told in the server's words")
            .follows("protected_mode")
            .then(|t| {
                let end = t.command("INCR n");
                t.expect("INCR n", &end, "Handshake NOT_APPLIED");
                t.says("INCR n", &end, "DENIED");
            })
            .connections(1..=2),
    ]);
    table
}

fn no_servers() -> Vec<Scenario> {
    let mirror = |protocol: u8, set: fn(&mut oxipipe::Options)| {
        scenario(format!("a peer that sends back what it gets is no server (RESP{protocol})"))
            .script("RAW\nMIRROR")
            .options(set)
            .call("SET a b", "Handshake NOT_APPLIED")
            .call("INCR n", "Handshake NOT_APPLIED")
            .connections(2)
    };
    vec![
        mirror(3, |_| {}),
        mirror(2, |options| options.protocol = 2),
        scenario("a peer that sends back what it gets is no server, with password and database")
            .script("RAW\nMIRROR")
            .options(everything)
            .call("SET a b", "Handshake NOT_APPLIED")
            .connections(1),
        scenario("a peer that sends back what it gets is no server, for who was connected before")
            .script("OBEY INCR a\nCLOSE\nCONNECTION\nRAW\nMIRROR")
            .call("INCR a", "Disconnected UNKNOWN")
            .call("INCR b", "Handshake NOT_APPLIED")
            .atomic(&["INCR b"], "Handshake NOT_APPLIED"),
        scenario("HELLO that is answered with a mere status is no server's")
            .script("RAW\nREAD 1\nSEND +OK\\r\\n+OK\\r\\n+OK\\r\\n\nHANG")
            .call("INCR n", "Handshake NOT_APPLIED")
            .connections(1),
        scenario("a web server is no server")
            .follows("http_server")
            .call("INCR n", "Protocol NOT_APPLIED")
            .connections(1),
        scenario("nobody there at the first connection is told at once")
            .nobody()
            .call("INCR n", "Connect NOT_APPLIED")
            .then(|t| {
                t.took_less_than(LONG / 2, "trying");
            }),
        scenario("a silent server costs the time for connecting, not that of the call")
            .follows("silent")
            .options(|options| options.connect_timeout = Some(SHORT))
            .call("INCR n", "Timeout NOT_APPLIED")
            .then(|t| {
                t.took_at_least(SHORT, "connecting");
                t.took_less_than(LONG / 2, "connecting");
            })
            .connections(1),
        scenario("a silent server costs the time of the call where that is shorter")
            .follows("silent")
            .options(|options| {
                options.connect_timeout = None;
                options.timeout = Some(SHORT);
            })
            .call("INCR n", "Timeout NOT_APPLIED")
            .pipeline(&["INCR a", "INCR b"], "Timeout NOT_APPLIED 0/0/2")
            .connections(1..=2),
        scenario("a connection that could not be made in its time is tried again while the call has time")
            .script("OBEY INCR a\nCLOSE\nCONNECTION\nRAW\nSTALL\nCONNECTION\nOBEY")
            .options(|options| options.connect_timeout = Some(SHORT))
            .call("INCR a", "Disconnected UNKNOWN")
            .call("INCR b", "1")
            .executed("INCR b", 1)
            .connections(3),
        scenario("a server that was there and is gone is waited for until the deadline")
            .live(&[])
            .options(|options| options.timeout = Some(Duration::from_secs(5)))
            .then(|t| {
                t.run("PING", "PONG");
                t.live().kill();
                t.run("INCR n", "Connect NOT_APPLIED");
                // It need not begin a pause of up to two seconds for which there is no time.
                t.took_at_least(Duration::from_millis(2500), "waiting for its return");
                let end = t.pipeline(&["INCR n", "INCR n"]);
                t.expect("a pipeline", &end, "Connect NOT_APPLIED 0/0/2");
                t.took_at_least(Duration::from_millis(2500), "waiting for its return again");
            }),
        scenario("a server that was there and comes back after more than a second has not been missed")
            .proxied()
            .then(|t| {
                let witness = t.witness();
                t.run("PING", "PONG");
                t.proxy().take_down();
                witness.command(&["CLIENT", "KILL", "TYPE", "normal"]).expect("a server");
                t.until("the end of the connection", |t| {
                    let options = t.plain_options();
                    crate::support::kernel::is_ended(options.port)
                });
                let (write, pipeline) = (t.start("INCR n"), pipeline_of_two(t));
                // So long is the outage that is to go unnoticed.
                t.pass(Duration::from_secs(3));
                t.proxy().bring_up();
                let ends = [t.end(write), t.end(pipeline)];
                // In either order: the blocking client's calls are threads of their own.
                let all = ends.each_ref().map(super::wording::describe).concat();
                t.check(
                    ["1[2, 3]", "3[1, 2]"].contains(&all.as_str()),
                    &format!("expected 1, 2 and 3, got {all}"),
                );
            }),
    ]
}

fn pipeline_of_two(t: &mut Trial) -> super::driver::Ticket {
    t.start_call(super::driver::Call::pipeline(&["INCR n", "INCR n"]))
}

fn names() -> [Scenario; 2] {
    let greeting = "EXPECT HELLO 3\nEXPECT CLIENT SETNAME *\nEXPECT CLIENT SETINFO LIB-NAME *
                    EXPECT CLIENT SETINFO LIB-VER *
                    SEND %2\\r\\n+server\\r\\n+redis\\r\\n+proto\\r\\n:3\\r\\n";
    [
        scenario("a client name that the server does not take is an error")
            .script(format!(
                "RAW\n{greeting}\nSEND -NOPERM no permissions to run the 'client|setname' command\\r\\n+OK\\r\\n+OK\\r\\n\nHANG"
            ))
            .options(|options| options.client_name = Some("me".into()))
            .call("INCR n", "Handshake NOT_APPLIED")
            .connections(1),
        scenario("a server that refuses to hear of the library is as good")
            .script(format!("RAW\n{greeting}\nSEND +OK\\r\\n
                             SEND -ERR unknown subcommand\\r\\n TIMES 2\nOBEY"))
            .options(|options| options.client_name = Some("me".into()))
            .call("INCR n", "1")
            .connections(1),
    ]
}
