use super::*;
use crate::driver::blocking::Streamed;
use crate::driver::refusing_tests as refusing;
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
