use super::*;
use crate::driver::blocking::Streamed;
use crate::driver::records_tests as records;
use crate::driver::refusing_tests as refusing;
use crate::error::Outcome;
use crate::resp::{self, ReplyBuilder};

/// What a call got, as text, and in how many parts.
fn evalsha(link: &Link, form: Form, scripts: &[&str]) -> (Vec<String>, usize) {
    let (mut replies, mut parts) = (ReplyBuilder::with_root_array(), 0);
    let write = &|out: &mut Vec<u8>| {
        scripts.iter().for_each(|script| resp::encode_command(out, &["EVALSHA", script, "0"]));
    };
    let commands = scripts.len() as u32;
    let work = Work { form, commands, write, blocking: None, start: Instant::now() };
    let mut keep = |nodes: &[resp::Node], bytes: &[u8]| {
        parts += 1;
        replies.append(nodes, bytes);
        true
    };
    link.call(&work, &mut Streamed(&mut keep)).unwrap();
    let replies = replies.finish();
    let text = |reply: resp::Value<'_>| String::from_utf8(reply.bytes().unwrap().to_vec()).unwrap();
    (replies.root().children().map(text).collect(), parts)
}

#[test]
fn a_rule_takes_a_refusal_out_of_the_stream_before_the_caller_sees_it() {
    let (options, server) = refusing::start();
    let link = Link::with_rule(options, Arc::default(), refusing::rule);
    assert_eq!(evalsha(&link, Form::Command, &["one"]), (vec!["one".to_owned()], 1));
    // What others get of a pipeline is theirs to judge: its replies have their places.
    assert_eq!(evalsha(&link, Form::Pipeline, &["one", "two"]).0, ["one", "NOSCRIPT No matching script."]);
    link.close();
    assert_eq!(server.join().unwrap(), ["one", "one", "one", "two"]);
}

#[test]
fn callers_that_are_refused_in_company_all_get_their_own() {
    const CALLERS: usize = 4;
    const CALLS: usize = 50;
    let (options, server) = refusing::start();
    let link = Link::with_rule(options, Arc::default(), refusing::rule);
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let link = &link;
            scope.spawn(move || {
                for call in 0..CALLS {
                    let script = format!("{caller}-{call}");
                    assert_eq!(evalsha(link, Form::Command, &[&script]), (vec![script], 1));
                }
            });
        }
    });
    link.close();
    assert_eq!(server.join().unwrap().len(), 2 * CALLERS * CALLS);
}

/// Commands whose replies are their first arguments.
fn set(out: &mut Vec<u8>, commands: &[(&str, &str)]) {
    commands.iter().for_each(|(name, value)| resp::encode_command(out, &["SET", name, value]));
}

fn call(link: &Link, start: Instant, commands: &[(&str, &str)]) -> Result<()> {
    let form = if commands.len() == 1 { Form::Command } else { Form::Pipeline };
    let write = &|out: &mut Vec<u8>| set(out, commands);
    let work = Work { form, commands: commands.len() as u32, write, blocking: None, start };
    let mut replies = ReplyBuilder::with_root_array();
    let mut keep = |nodes: &[resp::Node], bytes: &[u8]| {
        replies.append(nodes, bytes);
        true
    };
    link.call(&work, &mut Streamed(&mut keep))?;
    let replies = replies.finish();
    let got = replies.root().children().map(|reply| reply.as_str());
    assert!(got.eq(commands.iter().map(|(name, _)| Some(*name))), "somebody else's replies");
    Ok(())
}

#[test]
fn what_is_in_a_record_leaves_whoever_gives_it_up() {
    let much = "x".repeat(records::MUCH);
    for is_late in [false, true] {
        let (go, may_go) = std::sync::mpsc::channel();
        let (options, server) = records::start(move |server| {
            may_go.recv().unwrap();
            let names = server.hear(2);
            server.answer(&names);
            let more = server.hear(1);
            server.answer(&more);
            [names, more].concat()
        });
        let timeout = options.timeout.unwrap();
        let link = Link::new(options, Arc::default());
        link.connect().unwrap();
        let commands = [("one", &*much), ("two", "y")];
        if is_late {
            // It is so late that it is given up as soon as the kernel takes no more.
            let error = call(&link, Instant::now() - timeout, &commands).unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Some(Outcome::Unknown)));
        } else {
            let (mut ticket, mut bytes) = (None, Vec::new());
            set(&mut bytes, &commands);
            assert!(link.feed(&mut ticket, 2, None, &mut bytes, Instant::now()).unwrap());
            assert_eq!(link.abandon(&ticket.unwrap()), Progress { unknown: 2, ..Progress::default() });
        }
        go.send(()).unwrap();
        call(&link, Instant::now(), &[("three", "z")]).unwrap();
        assert_eq!(server.join().unwrap(), ["one", "two", "three"]);
    }
}

#[test]
fn replies_that_wait_inside_are_taken_before_anybody_sleeps() {
    let names: Vec<_> = (0..200).map(|number| number.to_string()).collect();
    let commands: Vec<_> = names.iter().map(|name| (&**name, "x")).collect();
    let (options, server) = records::start(|server| {
        let names = server.hear(200);
        server.answer(&names);
    });
    call(&Link::new(options, Arc::default()), Instant::now(), &commands).unwrap();
    server.join().unwrap();
}

#[test]
fn what_the_channel_has_to_say_leaves_although_nothing_else_does() {
    let (options, server) = records::start(|server| {
        let names = server.hear(1);
        server.ask();
        server.answer(&names);
    });
    call(&Link::new(options, Arc::default()), Instant::now(), &[("one", "x")]).unwrap();
    server.join().unwrap();
}
