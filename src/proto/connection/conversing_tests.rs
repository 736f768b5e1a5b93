use std::time::Duration;

use proptest::prelude::*;

use super::super::tests::Talk;
use super::*;
use crate::command::{self, Place};
use crate::deadline::Deadline;
use crate::error::Outcome;
use crate::options::{Options, Overflow};
use crate::proto::request::Request;
use crate::resp;

impl Talk {
    /// Asks for something as who has a lease does.
    fn ask(&mut self, token: u64, line: &str) -> Result<()> {
        let args: Vec<_> = line.split(' ').collect();
        let effect = command::admit(&args, Place::Dedicated).unwrap().effect;
        let (form, replies) = Form::of_single(effect, args.len());
        let deadline = Deadline::at(self.now + Duration::from_secs(5));
        let request = Request::new(token, form, replies, deadline);
        self.connection.push(request, |out| resp::encode_command(out, &args))
    }

    fn leave(&mut self) {
        self.flush();
        self.connection.settle(&mut self.owner);
    }

    fn events(&mut self) -> Vec<String> {
        let text = |value: resp::Value<'_>| match value.as_int() {
            Some(number) => number.to_string(),
            None => value.as_str().unwrap_or("nil").to_owned(),
        };
        std::iter::from_fn(|| self.connection.next_event())
            .map(|event| {
                let words = event.message.as_ref().map(|message| match message.root().bytes() {
                    Some(_) => text(message.root()),
                    None => message.root().children().map(text).collect::<Vec<_>>().join(" "),
                });
                format!("{:?} {}", event.kind, words.unwrap_or_default())
            })
            .collect()
    }

    /// The words of what answered a request, or how it failed.
    fn answer(&mut self, token: u64) -> String {
        let Some(end) = self.owner.ended.remove(&token) else { return "nothing yet".into() };
        if let Some(error) = end {
            return format!("{:?}", error.kind());
        }
        let Some(replies) = self.owner.replies.remove(&token) else { return "silence".into() };
        let replies = replies.finish();
        let text = |value: resp::Value<'_>| match value.as_int() {
            Some(number) => number.to_string(),
            None => value.as_str().unwrap_or("nil").to_owned(),
        };
        let words = replies.root().children().map(|reply| match reply.bytes() {
            Some(_) => text(reply),
            None => reply.children().map(text).collect::<Vec<_>>().join(" "),
        });
        words.collect::<Vec<_>>().join("; ")
    }
}

/// What is asked, what the server says to all of it, what answers each, and what nobody asked for.
struct Script {
    speaks: u8,
    asked: &'static [&'static str],
    said: &'static str,
    answers: &'static [&'static str],
    events: &'static [&'static str],
}

const SCRIPTS: &[Script] = &[
    Script {
        speaks: 3,
        asked: &["GET x", "SUBSCRIBE a b", "GET x", "UNSUBSCRIBE", "GET x"],
        said: ">3\r\n+invalidate\r\n*0\r\n:1\r\n$1\r\nx\r\n>3\r\n+subscribe\r\n+a\r\n:1\r\n>3\r\n+message\r\n+a\r\n+m1\r\n\
               >3\r\n+subscribe\r\n+b\r\n:2\r\n*3\r\n+message\r\n+a\r\n+b\r\n>3\r\n+message\r\n+b\r\n+m2\r\n\
               >3\r\n+unsubscribe\r\n+a\r\n:1\r\n>3\r\n+unsubscribe\r\n+b\r\n:0\r\n+end\r\n",
        answers: &[
            "x",
            "subscribe a 1; subscribe b 2",
            "message a b",
            "unsubscribe a 1; unsubscribe b 0",
            "end",
        ],
        events: &["Push invalidate nil 1", "Message message a m1", "Message message b m2"],
    },
    Script {
        speaks: 2,
        asked: &[
            "GET x",
            "SUBSCRIBE a b",
            "PING",
            "PSUBSCRIBE p*",
            "UNSUBSCRIBE",
            "PUNSUBSCRIBE",
            "LRANGE l 0 -1",
        ],
        said: "$1\r\nx\r\n*3\r\n+subscribe\r\n+a\r\n:1\r\n*3\r\n+subscribe\r\n+b\r\n:2\r\n*3\r\n+message\r\n+a\r\n+m1\r\n\
               *2\r\n+pong\r\n$0\r\n\r\n*4\r\n+pmessage\r\n+p*\r\n+pq\r\n+m2\r\n*3\r\n+psubscribe\r\n+p*\r\n:3\r\n\
               *3\r\n+unsubscribe\r\n+b\r\n:2\r\n*3\r\n+unsubscribe\r\n+a\r\n:1\r\n*3\r\n+punsubscribe\r\n+p*\r\n:0\r\n\
               *3\r\n+message\r\n+a\r\n+b\r\n",
        answers: &[
            "x",
            "subscribe a 1; subscribe b 2",
            "pong ",
            "psubscribe p* 3",
            "unsubscribe b 2; unsubscribe a 1",
            "punsubscribe p* 0",
            "message a b",
        ],
        events: &["Message message a m1", "Message pmessage p* pq m2"],
    },
    Script {
        speaks: 3,
        asked: &["SUBSCRIBE a b c", "SSUBSCRIBE s", "SUNSUBSCRIBE", "SUBSCRIBE", "PING"],
        said: "-NOPERM no\r\n>3\r\n+ssubscribe\r\n+s\r\n:1\r\n>3\r\n+sunsubscribe\r\n+s\r\n:0\r\n-ERR arguments\r\n+PONG\r\n",
        answers: &["NOPERM no", "ssubscribe s 1", "sunsubscribe s 0", "ERR arguments", "PONG"],
        events: &[],
    },
    // Servers before Redis 7.2 send what a transaction publishes to its own connection in the middle of its results.
    Script {
        speaks: 3,
        asked: &["SUBSCRIBE a", "MULTI", "PUBLISH a x", "PING", "EXEC", "ECHO end"],
        said: ">3\r\n+subscribe\r\n+a\r\n:1\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n>3\r\n+message\r\n+a\r\n+x\r\n:1\r\n\
               >3\r\n+message\r\n+a\r\n+y\r\n+PONG\r\n+end\r\n",
        answers: &["subscribe a 1", "OK", "QUEUED", "QUEUED", "1 PONG", "end"],
        events: &["Message message a x", "Message message a y"],
    },
    Script {
        speaks: 3,
        asked: &["MONITOR", "RESET", "GET x"],
        said: "+OK\r\n+1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"\r\n+1339518084.1 [0 lua] \"get\"\r\n+RESET\r\n+12.5\r\n",
        answers: &["OK", "RESET", "12.5"],
        events: &[
            "Monitor 1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"",
            "Monitor 1339518084.1 [0 lua] \"get\"",
        ],
    },
    Script {
        speaks: 3,
        asked: &["CLIENT REPLY OFF", "GET x", "CLIENT REPLY ON", "CLIENT REPLY SKIP", "GET x", "GET x"],
        said: "+OK\r\n+OK\r\n+OK\r\n|1\r\n+attr\r\n:1\r\n*2\r\n$3\r\nabc\r\n:7\r\n",
        answers: &["silence", "silence", "OK", "silence", "silence", "abc 7"],
        events: &[],
    },
];

fn check(script: &Script, feed: impl Fn(&mut Talk, &str)) {
    let mut talk = Talk::with(Options { protocol: 3, ..Options::default() });
    talk.connection.demand().unwrap();
    talk.greet();
    assert_eq!(talk.events(), ["Up "]);
    talk.connection.pin(true);
    if script.speaks == 2 {
        talk.ask(0, "HELLO 2").unwrap();
        talk.leave();
        talk.hear("*0\r\n").unwrap();
        assert_eq!(talk.answer(0), "");
        assert_eq!(talk.connection.server().unwrap().protocol, 2);
    }
    for (token, line) in script.asked.iter().enumerate() {
        talk.ask(token as u64, line).unwrap();
    }
    talk.leave();
    feed(&mut talk, script.said);
    let answers: Vec<_> = (0..script.asked.len()).map(|token| talk.answer(token as u64)).collect();
    assert_eq!(answers, script.answers);
    assert_eq!(talk.events(), script.events);
    assert!(talk.connection.is_empty() && talk.connection.in_flight() == 0);
}

#[test]
fn what_answers_and_what_tells_is_told_apart_however_the_network_cuts_it() {
    for script in SCRIPTS {
        check(script, |talk, said| talk.hear(said).unwrap());
        for cut in 1..script.said.len() {
            check(script, |talk, said| talk.hear_in_two(said, cut).unwrap());
        }
        // A byte at a time.
        check(script, |talk, said| {
            let (mut from, mut to) = (0, 0);
            while to < said.len() {
                to += 1;
                from += talk.consume(&said[from..to]).unwrap();
            }
            assert_eq!(from, to);
        });
    }
}

/// What a server and who asks it may do, in any order.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Get,
    Subscribe(usize),
    Refused,
    UnsubscribeAll,
    /// The server says something to whoever listens.
    Message,
    Push,
}

/// Plays the server: what is asked, what it says, and what that comes to.
fn play(speaks: u8, turns: &[Turn]) -> (Vec<String>, String, Vec<String>, Vec<String>) {
    let (mut asked, mut said, mut answers, mut events) = (Vec::new(), String::new(), Vec::new(), Vec::new());
    let mut channels: Vec<String> = Vec::new();
    let mark = if speaks == 2 { '*' } else { '>' };
    for (number, turn) in turns.iter().enumerate() {
        match turn {
            Turn::Get => {
                asked.push("GET x".into());
                let text = if speaks == 2 && !channels.is_empty() { "ERR Can't" } else { "message" };
                let kind = if text == "message" { '+' } else { '-' };
                said += &format!("{kind}{text}\r\n");
                answers.push(text.to_owned());
            }
            Turn::Subscribe(count) => {
                let names: Vec<_> = (0..*count).map(|index| format!("c{number}.{index}")).collect();
                asked.push(format!("SUBSCRIBE {}", names.join(" ")));
                let mut confirmed = Vec::new();
                for name in names {
                    channels.push(name.clone());
                    said += &format!("{mark}3\r\n+subscribe\r\n+{name}\r\n:{}\r\n", channels.len());
                    confirmed.push(format!("subscribe {name} {}", channels.len()));
                }
                answers.push(confirmed.join("; "));
            }
            Turn::Refused => {
                asked.push("SUBSCRIBE no way".into());
                said += "-NOPERM no\r\n";
                answers.push("NOPERM no".into());
            }
            Turn::UnsubscribeAll => {
                asked.push("UNSUBSCRIBE".into());
                let mut confirmed = Vec::new();
                while let Some(name) = channels.pop() {
                    said += &format!("{mark}3\r\n+unsubscribe\r\n+{name}\r\n:{}\r\n", channels.len());
                    confirmed.push(format!("unsubscribe {name} {}", channels.len()));
                }
                if confirmed.is_empty() {
                    said += &format!("{mark}3\r\n+unsubscribe\r\n_\r\n:0\r\n");
                    confirmed.push("unsubscribe nil 0".into());
                }
                answers.push(confirmed.join("; "));
            }
            Turn::Message => {
                let Some(name) = channels.last() else { continue };
                said += &format!("{mark}3\r\n+message\r\n+{name}\r\n$3\r\n{number:3}\r\n");
                events.push(format!("Message message {name} {number:3}"));
            }
            Turn::Push if speaks == 2 => {}
            Turn::Push => {
                said += &format!("|1\r\n+a\r\n:1\r\n>2\r\n+invalidate\r\n:{number}\r\n");
                events.push(format!("Push invalidate {number}"));
            }
        }
    }
    (asked, said, answers, events)
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        3 => Just(Turn::Get),
        2 => (1_usize..4).prop_map(Turn::Subscribe),
        1 => Just(Turn::Refused),
        1 => Just(Turn::UnsubscribeAll),
        3 => Just(Turn::Message),
        1 => Just(Turn::Push),
    ]
}

proptest! {
    #[test]
    fn any_conversation_comes_out_as_it_was_held(
        speaks in 2_u8..=3,
        turns in proptest::collection::vec(turn(), 1..40),
        mut cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let (asked, said, answers, events) = play(speaks, &turns);
        let mut talk = Talk::new();
        talk.connection.pin(true);
        talk.events();
        talk.ask(1000, &format!("HELLO {speaks}")).unwrap();
        talk.leave();
        talk.hear("*0\r\n").unwrap();
        for (token, line) in asked.iter().enumerate() {
            talk.ask(token as u64, line).unwrap();
        }
        talk.leave();
        if !said.is_empty() {
            cuts.sort_by_key(|cut| cut.index(said.len()));
        }
        let mut from = 0;
        for to in cuts.iter().filter(|_| !said.is_empty()).map(|cut| cut.index(said.len())) {
            from += talk.consume(&said[from..to.max(from)]).unwrap();
        }
        talk.hear(&said[from..]).unwrap();
        let heard: Vec<_> = (0..asked.len()).map(|token| talk.answer(token as u64)).collect();
        prop_assert_eq!(heard, answers);
        prop_assert_eq!(talk.events(), events);
        prop_assert!(talk.connection.is_empty());
    }
}

#[test]
fn a_reply_that_has_begun_before_is_ended_when_the_conversation_changes() {
    let mut talk = Talk::new();
    talk.send(1, "LRANGE");
    talk.flush();
    let rest = {
        let said = "*3\r\n:1\r\n:2\r\n:3\r\n";
        let consumed = talk.consume(&said[..9]).unwrap();
        said[consumed..].to_owned()
    };
    talk.ask(2, "SUBSCRIBE a").unwrap();
    talk.leave();
    talk.hear(&(rest + ">3\r\n+subscribe\r\n+a\r\n:1\r\n")).unwrap();
    assert_eq!((talk.answer(1), talk.answer(2)), ("1 2 3".into(), "subscribe a 1".into()));
}

#[test]
fn a_subscription_that_is_given_up_is_confirmed_to_nobody_and_shifts_nothing() {
    let mut talk = Talk::new();
    talk.ask(1, "SUBSCRIBE a b").unwrap();
    talk.ask(2, "GET x").unwrap();
    talk.leave();
    let gave_up = talk.connection.give_up(1, false, &mut talk.owner).unwrap();
    assert_eq!(gave_up.progress.outcome(), Some(Outcome::Unknown));
    talk.hear(">3\r\n+subscribe\r\n+a\r\n:1\r\n>3\r\n+subscribe\r\n+b\r\n:2\r\n+x\r\n").unwrap();
    assert_eq!((talk.answer(1), talk.answer(2)), ("nothing yet".into(), "x".into()));
    // It is subscribed all the same.
    talk.ask(3, "UNSUBSCRIBE").unwrap();
    talk.leave();
    talk.hear(">3\r\n+unsubscribe\r\n+a\r\n:1\r\n>3\r\n+unsubscribe\r\n+b\r\n:0\r\n").unwrap();
    assert_eq!(talk.answer(3), "unsubscribe a 1; unsubscribe b 0");
}

#[test]
fn each_is_told_what_became_of_it_when_the_connection_is_lost() {
    let mut talk = Talk::new();
    talk.connection.pin(true);
    talk.ask(1, "SUBSCRIBE a b").unwrap();
    talk.ask(2, "CLIENT REPLY OFF").unwrap();
    talk.leave();
    talk.ask(3, "INCR n").unwrap();
    talk.hear(">3\r\n+subscribe\r\n+a\r\n:1\r\n").unwrap();
    talk.lose();
    assert_eq!([talk.fate(1), talk.fate(2), talk.fate(3)], [(0, 1, 0), (0, 1, 0), (0, 0, 1)]);
    assert_eq!(talk.events(), ["Up ", "Down "]);
    assert_eq!(talk.ask(4, "PING").unwrap_err().kind(), ErrorKind::Disconnected);
}

#[test]
fn a_reply_to_nothing_ends_the_connection() {
    let mut talk = Talk::new();
    talk.ask(1, "CLIENT REPLY OFF").unwrap();
    talk.ask(2, "GET x").unwrap();
    talk.leave();
    talk.hear("+OK\r\n").unwrap();
    assert_eq!([talk.answer(1), talk.answer(2)], ["silence", "silence"]);
    assert_eq!(talk.hear("+what\r\n").unwrap_err().kind(), ErrorKind::Protocol);
    let mut talk = Talk::new();
    talk.ask(1, "SUBSCRIBE a").unwrap();
    talk.leave();
    talk.hear(">3\r\n+subscribe\r\n+a\r\n:1\r\n").unwrap();
    let begun = talk.consume("+O").unwrap();
    talk.ask(2, "PING").unwrap();
    talk.leave();
    assert_eq!(talk.hear(&"+OK\r\n"[begun..]).unwrap_err().kind(), ErrorKind::Protocol);
}

#[test]
fn a_silence_that_the_server_refuses_ends_the_connection_before_anybody_is_told_wrong() {
    for refusal in ["-NOPERM no\r\n", "+QUEUED\r\n"] {
        let mut talk = Talk::new();
        talk.connection.pin(true);
        for (token, line) in ["GET x", "CLIENT REPLY SKIP", "SET x 1", "GET x"].iter().enumerate() {
            talk.ask(token as u64, line).unwrap();
        }
        talk.leave();
        talk.hear(&format!("+x\r\n{refusal}{refusal}+OK\r\n+1\r\n")).unwrap_err();
        talk.lose();
        let refused = &refusal[1..refusal.len() - 2];
        assert_eq!([talk.answer(0), talk.answer(1)], ["x", refused]);
        assert_eq!([talk.fate(2), talk.fate(3)], [(0, 1, 0), (0, 1, 0)]);
    }
}

#[test]
fn what_others_count_on_cannot_be_taken_back_for_itself() {
    for (given_up, ends) in [(1, true), (2, true), (3, false)] {
        let mut talk = Talk::new();
        for (token, line) in ["GET x", "CLIENT REPLY SKIP", "SET x 1", "GET x"].iter().enumerate() {
            talk.ask(token as u64, line).unwrap();
        }
        let gave_up = talk.connection.give_up(given_up, false, &mut talk.owner).unwrap();
        assert_eq!(gave_up.ends.is_some(), ends, "{given_up}");
    }
}

#[test]
fn a_consumer_that_does_not_come_stops_the_reading_or_loses_the_oldest() {
    let message = ">3\r\n+message\r\n+a\r\n+m\r\n";
    for overflow in [Overflow::DropOldest, Overflow::StopReading] {
        let mut options = Options::default();
        (options.events.bytes, options.events.overflow) = (1000, overflow);
        let mut talk = Talk::with(options);
        talk.connection.demand().unwrap();
        talk.greet();
        talk.hear(&message.repeat(100)).unwrap();
        assert_eq!(talk.connection.is_full(), overflow == Overflow::StopReading);
        let events: Vec<_> = std::iter::from_fn(|| talk.connection.next_event()).collect();
        let dropped: u64 = events.iter().map(|event| event.dropped).sum();
        assert_eq!(events.len() as u64 + dropped, 101);
        assert_eq!(overflow == Overflow::StopReading, events.len() >= 100, "{}", events.len());
        assert!(!talk.connection.is_full());
    }
}
