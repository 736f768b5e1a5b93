//! Commands that the table does not know: the server is asked, within the deadline, and nothing is made up.

use std::time::Duration;

use oxipipe::{Outcome::NotApplied, Retry, Secret};

use super::driver::{Call, Kind};
use super::scenario::{Scenario, scenario};
use super::trial::Trial;
use super::wording::describe;

/// Far enough apart, once and twice, for a machine that is busy with other things.
const TIME: Duration = Duration::from_secs(2);

/// What `COMMAND INFO` has about one that blocks: its name, its number of arguments and its flags come first.
const BLOCKS: &str =
    "*6\\r\\n$5\\r\\nqueue\\r\\n:-2\\r\\n*2\\r\\n+write\\r\\n+blocking\\r\\n:0\\r\\n:0\\r\\n:0\\r\\n";

/// About one that does not.
const PASSES: &str = "*3\\r\\n+get\\r\\n:2\\r\\n*0\\r\\n";

fn timely(t: &mut Trial) {
    t.took_at_least(TIME.mul_f32(0.9), "it");
    t.took_less_than(TIME.mul_f32(1.75), "it");
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut table = sent_all_the_same();
    table.extend(asked_about());
    table.extend(without_an_answer());
    table
}

fn sent_all_the_same() -> Vec<Scenario> {
    vec![
        scenario("a command that nobody knows is sent, and is no read")
            .script("OBEY MODULE.READ ...\nCLOSE\nCONNECTION\nOBEY")
            .options(|options| options.retry = Retry::Reads)
            .call("MODULE.READ k", "Disconnected UNKNOWN")
            .call("MODULE.OTHER k", "k")
            .executed("MODULE.READ k", 1)
            .executed("MODULE.OTHER k", 1),
        scenario("a command that nobody knows keeps to one deadline, the question to the server included")
            .script("HANG")
            .options(|options| options.timeout = Some(TIME))
            .then(|t| {
                let end = t.command("MODULE.WRITE k");
                // Whether it has left depends on whether the question came first.
                t.expect("MODULE.WRITE", &end, "Timeout NOT_APPLIED | Timeout UNKNOWN");
                timely(t);
            }),
        scenario("a pipeline of commands that nobody knows keeps to one deadline")
            .script("HANG")
            .options(|options| options.timeout = Some(TIME))
            .then(|t| {
                let end =
                    t.pipeline(&["M.A k", "M.B k", "M.C k", "M.D k", "M.E k", "M.F k", "M.G k", "M.H k"]);
                t.expect("the pipeline", &end, "Timeout NOT_APPLIED 0/0/8 | Timeout UNKNOWN 0/8/0");
                timely(t);
            }),
        scenario("a pipeline that has left in part keeps to one deadline")
            .script("REPEAT 64\nEXPECT GET k\nEND\nWAIT late\nSEND _\\r\\n TIMES 64\nHANG\nCONNECTION\nHANG")
            .options(|options| options.timeout = Some(TIME))
            .then(|t| {
                let mut lines = vec!["GET k"; 70];
                lines.push("BLPOP k 0.1");
                let call = t.start_call(Call::pipeline(&lines));
                // With an event loop or a pool it goes elsewhere as a whole.
                t.until("the first part", |t| t.fake().lines().len() >= 64);
                t.pass(TIME.mul_f32(0.75));
                t.open("late");
                let end = t.end(call);
                t.check(describe(&end).starts_with("Timeout UNKNOWN"), &format!("got {}", describe(&end)));
                t.took_less_than(TIME.mul_f32(1.5), "it");
            })
            .executed("BLPOP*", 0),
        scenario("pipelines of commands that nobody knows are sent in order, once")
            .script("OBEY")
            .pipeline(&["M.A a", "M.B b", "GET c", "M.A d"], "[a, b, c, d]")
            .pipeline(&["M.A a", "M.C b"], "[a, b]")
            .atomic(&["M.D a", "M.E b"], "[a, b]")
            .executed("M.A a", 2)
            .executed("M.*", 7),
    ]
}

fn asked_about() -> Vec<Scenario> {
    vec![
        scenario("a command of which the server says that it blocks does not hold up others")
            .script(format!(
                "OBEY COMMAND INFO MODULE.POP\nSEND *1\\r\\n{BLOCKS}\nOBEY\nCONNECTION
                 OBEY MODULE.POP ...\nWAIT go\nSEND +element\\r\\n\nOBEY"
            ))
            .options(|options| options.timeout = Some(Duration::from_millis(500)))
            .then(|t| {
                let pop = t.start("MODULE.POP k");
                t.hears(2);
                t.run("GET a", "a");
                // It has no deadline either.
                t.pass(Duration::from_millis(1200));
                t.open("go");
                t.ends("MODULE.POP", pop, "element");
                t.run("module.pop l", "l");
            })
            .executed("COMMAND*", 1)
            .executed("MODULE.POP k", 1)
            .connections(2),
        scenario("a command of which the server says that it does not block goes with all others, and is asked about once")
            .script("OBEY")
            .call("MODULE.GET a", "a")
            .call("module.get b", "b")
            .pipeline(&["Module.Get c", "GET d"], "[c, d]")
            .executed("COMMAND INFO MODULE.GET", 1)
            .executed("COMMAND*", 1)
            .connections(1),
        scenario("what is submitted behind a command that the server is asked about stays behind it")
            .script("OBEY COMMAND INFO MODULE.A\nWAIT go\nSEND *1\\r\\n_\\r\\n\nOBEY")
            .except(Kind::Blocking, "there each call has a thread of its own")
            .then(|t| {
                let first = t.start("MODULE.A a");
                t.hears(1);
                let calls = ["GET b", "MODULE.B c", "module.a d", "GET e"].map(|line| t.start(line));
                let pipeline = t.start_call(Call::pipeline(&["GET f", "MODULE.A g"]));
                t.pass(Duration::from_millis(20));
                t.open("go");
                t.ends("the first", first, "a");
                for (call, wanted) in calls.into_iter().zip(["b", "c", "d", "e"]) {
                    t.ends("a command behind it", call, wanted);
                }
                t.ends("the pipeline", pipeline, "[f, g]");
                let heard = t.heard_on(0);
                let commands: Vec<_> =
                    heard.iter().filter(|line| !line.starts_with("COMMAND")).map(String::as_str).collect();
                let wanted =
                    ["MODULE.A a", "GET b", "MODULE.B c", "module.a d", "GET e", "GET f", "MODULE.A g"];
                t.check(commands == wanted, &format!("the server heard {commands:?}"));
            })
            .connections(1),
        scenario("a pipeline with a command of which the server says that it blocks holds up nobody")
            .script(format!(
                "OBEY COMMAND INFO MODULE.GET MODULE.POP\nSEND *2\\r\\n{PASSES}{BLOCKS}\nOBEY\nCONNECTION
                 OBEY MODULE.POP ...\nWAIT go\nSEND +element\\r\\n\nOBEY"
            ))
            .options(|options| options.timeout = Some(Duration::from_millis(500)))
            .then(|t| {
                let pops =
                    t.start_call(Call::pipeline(&["SET a 1", "MODULE.POP k", "MODULE.GET l", "GET a"]));
                t.hears(3);
                t.run("MODULE.GET b", "b");
                t.pass(Duration::from_millis(1200));
                t.open("go");
                t.ends("the pipeline", pops, "[OK, element, l, a]");
            })
            .executed("COMMAND*", 1)
            .connections(2),
        scenario("inside a transaction no command blocks, and nothing is asked")
            .script("OBEY")
            .atomic(&["MODULE.POP a", "GET b"], "[a, b]")
            .executed("COMMAND*", 0)
            .connections(1),
        scenario("the question to a server that is not ready yet is asked again")
            .script(format!(
                "OBEY COMMAND INFO MODULE.POP\nSEND -LOADING for a while\\r\\n
                 OBEY COMMAND INFO MODULE.POP\nSEND *1\\r\\n{BLOCKS}\nOBEY\nCONNECTION\nOBEY"
            ))
            .call("MODULE.POP k", "k")
            .call("MODULE.POP l", "l")
            .executed("COMMAND*", 2)
            .connections(2),
    ]
}

fn without_an_answer() -> Vec<Scenario> {
    let mut table = in_passing();
    table.extend(in_vain());
    table
}

/// What the server says of the moment is not kept, what it says for good is.
fn in_passing() -> Vec<Scenario> {
    vec![
        scenario("a command of a module that is loaded later is asked about again").then(|t| {
            for (name, says) in [
                ("a server that is busy", "-BUSY Redis is busy running a script."),
                ("a server that does not know it yet", "*1\\r\\n_"),
                ("a server that says something else", "+OK"),
            ] {
                t.round(
                    name,
                    &format!(
                        "OBEY COMMAND INFO MODULE.POP\nSEND {says}\\r\\n
                         OBEY COMMAND INFO MODULE.POP\nSEND *1\\r\\n{BLOCKS}\nOBEY\nCONNECTION\nOBEY"
                    ),
                );
                for line in ["MODULE.POP k", "MODULE.POP l", "MODULE.POP m"] {
                    t.run(line, &line[line.len() - 1..]);
                }
                t.executed("COMMAND*", 2);
                t.connections(2);
            }
        }),
        scenario("a server that cannot be asked is asked once about each command").then(|t| {
            for says in [
                "ERR unknown command 'COMMAND', with args beginning with: 'INFO' 'MODULE.GET'",
                "ERR Unknown subcommand or wrong number of arguments for 'INFO'. Try COMMAND HELP.",
                "NOPERM this user has no permissions to run the 'command|info' command",
            ] {
                t.round(says, &format!("OBEY COMMAND INFO MODULE.GET\nSEND -{says}\\r\\n\nOBEY"));
                t.run("MODULE.GET k", "k");
                t.run("MODULE.GET l", "l");
                t.executed("COMMAND*", 1);
                t.connections(1);
            }
        }),
    ]
}

fn in_vain() -> Vec<Scenario> {
    vec![
        scenario("a question that was not answered in time is asked again, and not taken for a no")
            .script(format!(
                "OBEY COMMAND INFO MODULE.POP\nWAIT late\nSEND *1\\r\\n{BLOCKS}
                 OBEY COMMAND INFO MODULE.POP\nSEND *1\\r\\n{BLOCKS}\nOBEY\nCONNECTION
                 OBEY MODULE.POP ...\nSEND +element\\r\\n\nOBEY"
            ))
            .options(|options| options.timeout = Some(Duration::from_secs(1)))
            .then(|t| {
                t.run("MODULE.POP k", "Timeout NOT_APPLIED");
                t.open("late");
                t.run("GET a", "a");
                t.run("MODULE.POP k", "element");
            })
            .executed("MODULE.POP*", 1),
        scenario("a pipeline about which the server was asked in vain is not applied")
            .script("OBEY COMMAND INFO MODULE.POP\nHANG")
            .options(|options| options.timeout = Some(Duration::from_millis(500)))
            .pipeline(&["SET a 1", "MODULE.POP k"], "Timeout NOT_APPLIED 0/0/2")
            .executed("SET*", 0),
        scenario("a connection that is lost with the question loses no command, and the next one asks again")
            .script("OBEY COMMAND INFO MODULE.GET\nCLOSE\nCONNECTION\nOBEY")
            .call("MODULE.GET k", "k")
            .call("MODULE.GET l", "l")
            .call("MODULE.GET m", "m")
            .executed("COMMAND INFO MODULE.GET", 2)
            .executed("MODULE.GET*", 3)
            .connections(2),
        scenario("a command that is cancelled while the server is asked about it never leaves")
            .script(format!("OBEY COMMAND INFO MODULE.POP\nWAIT late\nSEND *1\\r\\n{BLOCKS}\nOBEY"))
            .cancels()
            .then(|t| {
                let pop = t.start("MODULE.POP k");
                t.hears(1);
                t.cancel("MODULE.POP", pop, NotApplied);
                t.open("late");
                t.run("GET next", "next");
            })
            .executed("MODULE.POP*", 0)
            .connections(1),
        scenario("a client that is closed while the server is asked ends what waits for the answer")
            .script("OBEY COMMAND INFO MODULE.POP\nHANG")
            .then(|t| {
                let pop = t.start("MODULE.POP k");
                t.hears(1);
                t.close();
                t.ends("MODULE.POP", pop, "Closed NOT_APPLIED");
            })
            .executed("MODULE.POP*", 0),
        scenario("where there is nobody to ask, a command that nobody knows fails like any other")
            .nobody()
            .call("MODULE.GET k", "Connect NOT_APPLIED")
            .pipeline(&["GET k", "MODULE.GET k"], "Connect NOT_APPLIED 0/0/2")
            .call("GET k", "Connect NOT_APPLIED"),
        scenario(
            "a command about which nobody can be asked is not sent unasked to a server that is there later",
        )
        .script("RAW\nREAD 1\nSEND -WRONGPASS no\\r\\n+OK\\r\\n+OK\\r\\n\nHANG\nCONNECTION\nOBEY")
        .options(|options| options.password = Some(Secret::new("open-sesame")))
        .call("MODULE.GET k", "Auth NOT_APPLIED")
        .pipeline(&["MODULE.GET k", "GET l"], "[k, l]")
        .executed("COMMAND INFO MODULE.GET", 1)
        .connections(2),
        scenario("a command that nobody knows waits for its server, and says why in vain")
            .live(&[])
            .options(|options| options.timeout = Some(Duration::from_secs(1)))
            .then(|t| {
                t.run("PING", "PONG");
                t.live().kill();
                t.run("MODULE.GET k", "Connect NOT_APPLIED");
            }),
    ]
}
