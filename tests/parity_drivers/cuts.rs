//! Where replies end, however they are cut: a server that numbers its replies shows who gets which.

use super::driver::{Call, End};
use super::scenario::{Scenario, scenario};
use super::trial::Trial;
use crate::support::ledger_server::Random;
use crate::support::{LONG, kernel};

pub(super) fn scenarios() -> Vec<Scenario> {
    let whole = |name: &str, wire: &'static str, first: &'static str| {
        scenario(format!("{name}, cut at every byte, shifts nothing"))
            .options(patient)
            .then(move |t| everywhere(t, wire, 1, |t, end| t.expect("GET 0", end, first)))
    };
    // What the server says in between is no part of the reply that it says it in.
    let twice = |name: &str, wire: &'static str, first: &'static str| {
        scenario(format!("{name}, cut at any byte and after any line, shifts nothing"))
            .options(patient)
            .then(move |t| everywhere(t, wire, 2, |t, end| t.expect("GET 0", end, first)))
    };
    vec![
        whole("an attribute before a push", "|1\r\n+k\r\n+v\r\n>3\r\n+a\r\n+b\r\n+c\r\n$2\r\nr0\r\n", "r0"),
        whole(
            "an attribute inside an attribute before a push",
            "|1\r\n+k\r\n|1\r\n+a\r\n+b\r\n+v\r\n>1\r\n|1\r\n+k\r\n+v\r\n+a\r\n$2\r\nr0\r\n",
            "r0",
        ),
        whole(
            "an attribute before and one inside a reply",
            "|1\r\n+k\r\n|1\r\n+a\r\n+b\r\n+v\r\n*2\r\n:1\r\n|1\r\n+k\r\n*1\r\n+v\r\n:2\r\n",
            "[1, 2]",
        ),
        whole("a push inside a push", ">2\r\n+a\r\n>1\r\n*1\r\n:1\r\n>0\r\n$2\r\nr0\r\n", "r0"),
        whole(
            "an attribute before a push and one before a reply",
            "|1\r\n+k\r\n+v\r\n>1\r\n+a\r\n|1\r\n+l\r\n+v\r\n-ERR r0\r\n",
            "!ERR r0",
        ),
        twice("a push at the beginning of a reply", "*2\r\n>1\r\n:9\r\n:1\r\n:2\r\n", "[1, 2]"),
        twice("a push at the end of a reply", "*2\r\n:1\r\n>1\r\n:9\r\n:2\r\n", "[1, 2]"),
        twice("a push inside an attribute's value", "|1\r\n+k\r\n>1\r\n:9\r\n:0\r\n$2\r\nr0\r\n", "r0"),
        twice("an empty push inside a reply", "*2\r\n>0\r\n:1\r\n:2\r\n", "[1, 2]"),
        scenario("replies in single bytes are the same replies")
            .script(
                "SPLIT 1\nREPEAT 3\nEXPECT GET k\nEND
                 SEND $12\\r\\nsplit\\r\\nvalue\\r\\n_\\r\\n*2\\r\\n:1\\r\\n%1\\r\\n+k\\r\\n*1\\r\\n:5\\r\\n
                 SPLIT 1000\nOBEY",
            )
            .pipeline(&["GET k", "GET k", "GET k"], "[split\r\nvalue, null, [1, %[k, [5]]]]")
            .call("GET next", "next")
            .connections(1),
        scenario("numbered replies among any pushes and attributes, cut anywhere, find their owners")
            .options(patient)
            .then(|t| (0..150).for_each(|seed| anything(t, seed))),
    ]
}

/// Where this goes wrong, nothing is answered any more.
fn patient(options: &mut oxipipe::Options) {
    options.timeout = Some(LONG / 4);
}

/// Answers with arrays that hold the number of the command, split behind their headers, the first one for certain.
const NUMBERED: &str = "EXPECT GET 1\nSEND *3\\r\\n\nNOTE split\nWAIT split\nSEND :1\\r\\n:1\\r\\n:1\\r\\n
    EXPECT GET 2\nSEND *3\\r\\n\nSEND :2\\r\\n\nSEND :2\\r\\n:2\\r\\n
    EXPECT GET 3\nEXPECT GET 4\nSEND *2\\r\\n:3\\r\\n:3\\r\\n*1\\r\\n:4\\r\\n";

/// Sends `wire` cut at every byte, and with two cuts also at every byte and after every line before it; numbered replies follow.
fn everywhere(t: &mut Trial, wire: &str, cuts: usize, judge: impl Fn(&mut Trial, &End)) {
    let mut places = Vec::new();
    for first in 1..wire.len() {
        places.push(vec![first]);
        // What begins a segment of its own is what was taken wrongly.
        if cuts > 1 && wire[..first].ends_with("\r\n") {
            places.extend((first + 1..wire.len()).map(|second| vec![first, second]));
        }
    }
    let mut bad = 0;
    for places in places {
        let before = t.failures.len();
        in_segments(t, wire, &places, &judge);
        bad += usize::from(t.failures.len() > before);
        if bad == 3 {
            return t.fail("the other cuts were not tried".to_owned());
        }
    }
}

fn in_segments(t: &mut Trial, wire: &str, cuts: &[usize], judge: impl Fn(&mut Trial, &End)) {
    let mut script = "EXPECT GET 0\n".to_owned();
    let mut from = 0;
    for (index, &cut) in cuts.iter().enumerate() {
        script += &format!("SEND {}\nNOTE cut\nWAIT {index}\n", spelled(&wire.as_bytes()[from..cut]));
        from = cut;
    }
    script += &format!(
        "SEND {}\n{NUMBERED}\nCONNECTION\n{NUMBERED}\nCONNECTION\nOBEY",
        spelled(&wire.as_bytes()[from..])
    );
    t.round(&format!("cut at {cuts:?}"), &script);
    let call = t.start("GET 0");
    for index in 0..cuts.len() {
        t.until("a segment", |t| t.fake().lines().len() > index + 1 || t.fake().is_gone(0));
        t.until("somebody to read the segment", |t| {
            // Or it was enough to end the connection.
            kernel::is_read(t.fake().port()) || t.fake().is_gone(0)
        });
        t.open(&index.to_string());
    }
    let end = t.end(call);
    judge(t, &end);
    let first = t.start("GET 1");
    t.until("a header by itself", |t| {
        t.fake().lines().last().is_some_and(|line| line == "split") && kernel::is_read(t.fake().port())
    });
    t.open("split");
    t.ends("GET 1", first, "[1, 1, 1]");
    t.run("GET 2", "[2, 2, 2]");
    let end = t.pipeline(&["GET 3", "GET 4"]);
    t.expect("GET 3, GET 4", &end, "[[3, 3], [4]]");
    // Another one only if the first was given up.
    t.connections(1..=2);
}

/// Commands and pipelines whose replies hold their numbers, among what else a server may send, cut where chance will have it.
fn anything(t: &mut Trial, seed: u64) {
    if t.failures.len() > 5 {
        return;
    }
    let random = &mut Random::new(seed);
    let mut calls = Vec::new();
    let mut script = String::new();
    let mut number = 0;
    for _ in 0..1 + random.below(4) {
        let count = 1 + random.below(3);
        let numbers: Vec<_> = (number..number + count).collect();
        number += count;
        let mut wire = Vec::new();
        let mut wanted = Vec::new();
        for n in &numbers {
            script += &format!("EXPECT GET {n}\n");
            wanted.push(numbered(random, *n, &mut wire));
        }
        surroundings(random, &mut wire);
        let mut rest = &wire[..];
        while !rest.is_empty() {
            let size = if random.chance(700) { 1 + random.below(9) as usize } else { rest.len() };
            let (segment, others) = rest.split_at(size.min(rest.len()));
            script += &format!("SEND {}\n", spelled(segment));
            rest = others;
        }
        calls.push((numbers, wanted));
    }
    t.round(&format!("seed {seed}"), &format!("{script}OBEY\nCONNECTION\nOBEY"));
    for (numbers, wanted) in calls {
        let lines: Vec<_> = numbers.iter().map(|n| format!("GET {n}")).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        if let ([line], [wanted]) = (&lines[..], &wanted[..]) {
            t.run(line, wanted);
        } else {
            let ticket = t.start_call(Call::pipeline(&lines));
            t.ends("a pipeline", ticket, &format!("[{}]", wanted.join(", ")));
        }
    }
    t.run("GET next", "next");
    t.connections(1);
}

/// A reply with this number in it, and what it should look like.
fn numbered(random: &mut Random, n: u64, wire: &mut Vec<u8>) -> String {
    surroundings(random, wire);
    if random.chance(300) {
        attribute(random, 2, wire);
    }
    let digits = n.to_string();
    let (text, words) = match random.below(5) {
        0 => (format!(":{n}\r\n"), digits),
        1 => (format!("${}\r\n{digits}\r\n", digits.len()), digits),
        2 => (format!("*2\r\n:{n}\r\n|1\r\n+k\r\n*1\r\n+v\r\n*1\r\n+{n}\r\n"), format!("[{n}, [{n}]]")),
        3 => (format!("%1\r\n+k\r\n~1\r\n:{n}\r\n"), format!("%[k, [{n}]]")),
        _ => (format!("-ERR {n}\r\n"), format!("!ERR {n}")),
    };
    wire.extend_from_slice(text.as_bytes());
    words
}

/// Pushes, some of them with an attribute in front.
fn surroundings(random: &mut Random, wire: &mut Vec<u8>) {
    while random.chance(400) {
        if random.chance(400) {
            attribute(random, 2, wire);
        }
        match random.below(4) {
            0 => wire.extend_from_slice(b">0\r\n"),
            1 => wire.extend_from_slice(b">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n"),
            2 => wire.extend_from_slice(b">1\r\n>1\r\n:7\r\n"),
            _ => {
                wire.extend_from_slice(b">2\r\n");
                attribute(random, 1, wire);
                wire.extend_from_slice(b"+a\r\n%1\r\n+k\r\n:1\r\n");
            }
        }
    }
}

fn attribute(random: &mut Random, depth: u32, wire: &mut Vec<u8>) {
    wire.extend_from_slice(b"|1\r\n+k\r\n");
    if depth > 0 && random.chance(300) {
        attribute(random, depth - 1, wire);
    }
    wire.extend_from_slice(if random.chance(300) { b"*2\r\n:1\r\n:2\r\n" } else { b"+v\r\n" });
}

/// Bytes for a script, in which blanks at either end of a line are none.
fn spelled(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace(' ', "\\x20")
}
