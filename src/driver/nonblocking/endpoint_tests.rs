use mio::{Events, Poll};

use super::*;
use crate::driver::records_tests as records;
use crate::driver::refusing_tests as refusing;
use crate::error::Progress;
use crate::proto::Form;
use crate::resp;

const NODE: Token = Token(0);
/// Whatever has not come by then does not come.
const LONG: Duration = Duration::from_secs(10);

/// An endpoint and what turns it.
struct Turned {
    node: Endpoint,
    surroundings: Surroundings,
    poll: Poll,
    /// How far its clock is ahead.
    ahead: Duration,
}

impl Turned {
    fn new(options: &Arc<Options>, rule: ReplyRule) -> Self {
        let poll = Poll::new().unwrap();
        let surroundings = Surroundings {
            registry: poll.registry().try_clone().unwrap(),
            waker: Arc::new(Waker::new(poll.registry(), Token(1)).unwrap()),
            token: NODE,
            now: Instant::now(),
            out: Batch::default(),
            answer: None,
            was_up: false,
            gathers: false,
            options: Arc::clone(options),
        };
        let node = Endpoint::new(options, rule, surroundings.now);
        Self { node, surroundings, poll, ahead: Duration::ZERO }
    }

    fn push(&mut self, request: Request, args: &[&str]) {
        self.node.push(request, |out| resp::encode_command(out, args)).unwrap();
    }

    /// A command whose reply is its token.
    fn send(&mut self, token: u64, deadline: Deadline, value: &str) {
        let mut request = Request::new(token, Form::Command, 1, deadline);
        request.seq = token;
        self.push(request, &["SET", &token.to_string(), value]);
    }

    fn until(&mut self, is_reached: impl Fn(&Endpoint, &Batch) -> bool) {
        let mut events = Events::with_capacity(8);
        loop {
            self.surroundings.now = Instant::now() + self.ahead;
            let more = self.node.advance(&mut self.surroundings);
            if is_reached(&self.node, &self.surroundings.out) {
                return;
            }
            let rest = self.node.next_step().remaining(self.surroundings.now);
            let time = if more { Duration::ZERO } else { rest.unwrap_or(LONG).min(LONG) };
            self.poll.poll(&mut events, Some(time)).unwrap();
            assert!(!events.is_empty() || time < LONG, "it waits for what does not come");
            for event in events.iter().filter(|event| event.token() == NODE) {
                self.node.on_event(event.is_readable(), event.is_writable(), event.is_read_closed());
            }
        }
    }

    fn close(&mut self) {
        self.node.close(&Error::new(ErrorKind::Closed, "closed"), &mut self.surroundings);
    }

    /// Which have got their own replies, and what became of the others, in the order of their ends.
    fn ends(&self) -> Vec<(u64, Option<Progress>)> {
        let mut ends = Vec::new();
        for completion in self.surroundings.out.iter() {
            match completion.error {
                Some(error) => ends.push((completion.token, error.progress())),
                None => {
                    let reply = completion.reply().unwrap();
                    assert_eq!(reply.root().as_str(), Some(&*completion.token.to_string()));
                    ends.push((completion.token, None));
                }
            }
        }
        ends
    }
}

#[test]
fn a_rule_takes_a_refusal_out_of_the_stream_before_it_completes_anything() {
    const SCRIPTS: u64 = 100;
    let (options, server) = refusing::start();
    let mut turned = Turned::new(&options, refusing::rule);
    for token in 0..SCRIPTS {
        let mut request = Request::new(token, Form::Command, 1, Deadline::never());
        request.seq = token;
        // What nobody wants to hear is sent again all the same.
        request.keeps_reply = token % 2 == 0;
        turned.push(request, &["EVALSHA", &token.to_string(), "0"]);
    }
    turned.until(|_, out| out.len() == SCRIPTS as usize);
    let out = &turned.surroundings.out;
    let mut completed: Vec<_> = out.iter().map(|completion| completion.token).collect();
    completed.sort_unstable();
    assert!(completed.into_iter().eq(0..SCRIPTS));
    for completion in out.iter() {
        assert!(completion.error.is_none());
        if completion.token % 2 == 0 {
            let reply = completion.reply().unwrap();
            assert_eq!(reply.root().as_str(), Some(&*completion.token.to_string()));
        }
    }
    assert!(turned.node.is_empty());
    turned.close();
    assert_eq!(server.join().unwrap().len() as u64, 2 * SCRIPTS);
}

#[test]
fn what_is_in_a_record_leaves_whoever_gives_it_up() {
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
        let mut turned = Turned::new(&options, on_reply_error);
        let soon = Deadline::at(turned.surroundings.now + 2 * LONG);
        turned.send(1, Deadline::never(), &"x".repeat(records::MUCH));
        turned.send(2, soon, "y");
        turned.until(|node, _| node.connection.begun() == 2);
        let (waiting, bytes) = turned.node.connection.waiting();
        assert!(waiting == 0 && bytes == turned.node.bytes(), "nothing has left");

        let unknown = Progress { unknown: 1, ..Progress::default() };
        assert_eq!(turned.node.retract(2, &mut turned.surroundings), Some(None));
        if is_late {
            turned.ahead = 3 * LONG;
            turned.until(|_, out| out.len() == 1);
            assert_eq!(turned.ends(), [(2, Some(unknown))]);
        } else {
            assert_eq!(turned.node.cancel(2, &mut turned.surroundings), Some((Outcome::Unknown, 2)));
        }
        turned.send(3, Deadline::never(), "z");
        go.send(()).unwrap();
        turned.until(|node, _| node.is_empty());
        let ends = turned.ends();
        assert_eq!(ends[usize::from(is_late)..], [(1, None), (3, None)]);
        assert_eq!(server.join().unwrap(), ["1", "2", "3"]);
    }
}

#[test]
fn replies_that_wait_inside_are_taken_without_another_event() {
    const COMMANDS: u64 = 200;
    let (options, server) = records::start(|server| {
        let names = server.hear(COMMANDS as usize);
        server.answer(&names);
    });
    let mut turned = Turned::new(&options, on_reply_error);
    for token in 0..COMMANDS {
        turned.send(token, Deadline::never(), "x");
    }
    turned.until(|_, out| out.len() == COMMANDS as usize);
    assert!(turned.ends().into_iter().eq((0..COMMANDS).map(|token| (token, None))));
    server.join().unwrap();
}

#[test]
fn what_the_channel_has_to_say_leaves_although_nothing_else_does() {
    for gathers in [false, true] {
        let (options, server) = records::start(|server| {
            let names = server.hear(1);
            server.ask();
            server.answer(&names);
            server.ask();
        });
        let mut turned = Turned::new(&options, on_reply_error);
        turned.surroundings.gathers = gathers;
        turned.send(1, Deadline::never(), "x");
        turned.until(|_, out| out.len() == 1);
        assert_eq!(turned.ends(), [(1, None)]);
        // The server hangs up when it has got its answer, although nothing is under way any more.
        turned.until(|node, _| !node.is_up());
        server.join().unwrap();
    }
}
