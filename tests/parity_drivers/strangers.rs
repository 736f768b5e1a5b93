//! Commands that the table does not know: the server is asked, within the deadline, and nothing is made up.

use std::time::Duration;

use oxipipe::Retry;

use super::driver::Kind;
use super::scenario::{Scenario, scenario};
use super::trial::Trial;
use super::wording::describe;

/// Far enough apart, once and twice, for a machine that is busy with other things.
const TIME: Duration = Duration::from_secs(2);

fn timely(t: &mut Trial) {
    let took = t.took;
    t.check(took >= TIME.mul_f32(0.9), &format!("took {took:?}, less than its deadline"));
    t.check(took < TIME.mul_f32(1.75), &format!("took {took:?}, with a deadline of {TIME:?}"));
}

pub(super) fn scenarios() -> Vec<Scenario> {
    const ASKS_NOBODY: &str = "event loops and pools go by the table alone (docs/semantics.md)";
    // Its name, its number of arguments and its flags are what COMMAND INFO begins with.
    let blocking = "*1\\r\\n*6\\r\\n$5\\r\\nqueue\\r\\n:-2\\r\\n*2\\r\\n+write\\r\\n+blocking\\r\\n:0\\r\\n:0\\r\\n:0\\r\\n";
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
                let call = t.start_call(super::driver::Call::pipeline(&lines));
                // With an event loop or a pool it goes elsewhere as a whole.
                t.until("the first part", |t| t.fake().lines().len() >= 64);
                t.pass(TIME.mul_f32(0.75));
                t.open("late");
                let end = t.end(call);
                t.check(describe(&end).starts_with("Timeout UNKNOWN"), &format!("got {}", describe(&end)));
                let took = t.took;
                t.check(took < TIME.mul_f32(1.5), &format!("took {took:?}, with a deadline of {TIME:?}"));
            })
            .executed("BLPOP*", 0),
        scenario("pipelines of commands that nobody knows are sent in order, once")
            .script("OBEY")
            .pipeline(&["M.A a", "M.B b", "GET c", "M.A d"], "[a, b, c, d]")
            .pipeline(&["M.A a", "M.C b"], "[a, b]")
            .atomic(&["M.D a", "M.E b"], "[a, b]")
            .executed("M.A a", 2)
            .executed("M.*", 7),
        scenario("a command of which the server says that it blocks does not hold up others")
            .script(format!(
                "OBEY COMMAND INFO MODULE.POP\nSEND {blocking}\nOBEY\nCONNECTION
                 OBEY MODULE.POP ...\nWAIT go\nSEND +element\\r\\n\nOBEY"
            ))
            .except(Kind::EventLoop, ASKS_NOBODY)
            .except(Kind::Pool, ASKS_NOBODY)
            .then(|t| {
                let pop = t.start("MODULE.POP k");
                t.hears(2);
                t.run("GET a", "a");
                t.open("go");
                t.ends("MODULE.POP", pop, "element");
            })
            .executed("MODULE.POP k", 1),
        scenario("a question that was not answered in time is asked again, and not taken for a no")
            .script(format!(
                "OBEY COMMAND INFO MODULE.POP\nWAIT late\nSEND {blocking}
                 OBEY COMMAND INFO MODULE.POP\nSEND {blocking}\nOBEY\nCONNECTION
                 OBEY MODULE.POP ...\nSEND +element\\r\\n\nOBEY"
            ))
            .options(|options| options.timeout = Some(Duration::from_secs(1)))
            .except(Kind::EventLoop, ASKS_NOBODY)
            .except(Kind::Pool, ASKS_NOBODY)
            .then(|t| {
                let end = t.command("MODULE.POP k");
                t.expect("the first", &end, "Timeout NOT_APPLIED | Timeout UNKNOWN");
                t.open("late");
                t.run("GET a", "a");
                t.run("MODULE.POP k", "element");
            }),
        scenario("a server that refuses to tell of its commands is asked them all the same")
            .script(
                "OBEY COMMAND INFO MODULE.GET
                     SEND -NOPERM this user has no permissions to run the 'command|info' command\\r\\n
                     OBEY",
            )
            .except(Kind::EventLoop, ASKS_NOBODY)
            .except(Kind::Pool, ASKS_NOBODY)
            .call("MODULE.GET k", "k")
            .call("MODULE.GET l", "l")
            .executed("COMMAND INFO MODULE.GET", 1)
            .executed("MODULE.GET*", 2),
    ]
}
