use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::command::Blocking;
use crate::proto::request::Form;
use crate::proto::retry;
use crate::resp;
use crate::resp::{Kind, OutOfMemory, ReplyBuilder, Value};

/// What has become of each token.
#[derive(Default)]
pub(super) struct Owned {
    pub(super) replies: BTreeMap<u64, ReplyBuilder>,
    pub(super) ended: BTreeMap<u64, Option<Error>>,
    marks: Vec<(u64, usize)>,
    direct: Option<u64>,
    takes_runs: bool,
    can_take_back: bool,
    was_up: bool,
    has_no_memory: bool,
    now: Option<Instant>,
}

impl Owner for Owned {
    const TAKES_RUNS: bool = true;

    fn now(&self) -> Instant {
        self.now.expect("a test with time sets it")
    }

    fn chance(&self) -> f64 {
        1.0
    }

    fn was_up(&self) -> bool {
        self.was_up
    }

    fn came_up(&mut self) {
        self.was_up = true;
    }

    fn joins_run(&mut self, request: &Request, nodes: usize, _: bool) -> bool {
        if self.takes_runs {
            self.marks.push((request.token, nodes));
        }
        self.takes_runs
    }

    fn run(&mut self, mut nodes: &[Node], window: &[u8]) -> Result<(), OutOfMemory> {
        for (token, count) in std::mem::take(&mut self.marks) {
            self.append(token, &nodes[..count], window);
            assert!(self.ended.insert(token, None).is_none(), "{token} ends twice");
            nodes = &nodes[count..];
        }
        assert!(nodes.is_empty(), "a run is what joined it");
        Ok(())
    }

    fn is_direct(&self, request: &Request) -> bool {
        self.direct == Some(request.token)
    }

    fn can_take_back(&self, _: &Request) -> bool {
        self.can_take_back
    }

    fn part(&mut self, request: &Request, nodes: &[Node], window: &[u8]) -> Result<(), OutOfMemory> {
        if self.has_no_memory {
            return Err(OutOfMemory);
        }
        self.append(request.token, nodes, window);
        Ok(())
    }

    fn complete(&mut self, request: &Request) {
        assert!(self.ended.insert(request.token, None).is_none(), "{} ends twice", request.token);
    }

    fn forget(&mut self, request: &Request) {
        self.replies.remove(&request.token);
    }

    fn failed(&mut self, request: &Request, error: Error) {
        assert!(self.ended.insert(request.token, Some(error)).is_none(), "{} ends twice", request.token);
    }
}

impl Owned {
    fn append(&mut self, token: u64, nodes: &[Node], window: &[u8]) {
        self.replies.entry(token).or_insert_with(ReplyBuilder::with_root_array).append(nodes, window);
    }
}

/// A connection that is spoken to in text.
pub(super) struct Talk {
    pub(super) connection: Connection,
    pub(super) owner: Owned,
    pub(super) now: Instant,
}

const HELLO: &str = "%1\r\n+proto\r\n:3\r\n+OK\r\n+OK\r\n";

impl Talk {
    pub(super) fn with(options: Options) -> Self {
        let now = Instant::now();
        let owner = Owned { now: Some(now), ..Owned::default() };
        Self { connection: Connection::new(Arc::new(options), retry::on_reply_error), owner, now }
    }

    /// One that is up.
    pub(super) fn new() -> Self {
        let mut talk = Self::with(Options::default());
        talk.connection.demand().unwrap();
        talk.greet();
        talk
    }

    pub(super) fn greet(&mut self) {
        assert_eq!(self.connection.wants(), Wants::Dial);
        self.connection.on_dial(self.now);
        self.connection.on_dialed();
        self.flush();
        self.hear(HELLO).unwrap();
        assert!(self.connection.is_up());
    }

    /// After a loss.
    fn greet_again(&mut self) {
        self.connection.demand().unwrap();
        self.later(100).unwrap();
        self.greet();
    }

    fn request(&mut self, token: u64, form: Form, commands: &[&[&str]]) {
        let deadline = Deadline::at(self.now + Duration::from_secs(5));
        let request = Request::new(token, form, commands.len() as u32, deadline);
        self.connection
            .push(request, |out| commands.iter().for_each(|args| resp::encode_command(out, args)))
            .unwrap();
    }

    pub(super) fn send(&mut self, token: u64, name: &str) {
        self.request(token, Form::Command, &[&[name, "k"]]);
    }

    pub(super) fn flush(&mut self) -> usize {
        let count = self.connection.unsent().len();
        self.connection.advance(count, 0);
        count
    }

    /// Feeds text in one window.
    pub(super) fn hear(&mut self, text: &str) -> Result<()> {
        assert_eq!(self.consume(text)?, text.len(), "these tests feed what can be consumed whole");
        Ok(())
    }

    /// Feeds text in two windows, the second of which begins with what is left of the first.
    pub(super) fn hear_in_two(&mut self, text: &str, cut: usize) -> Result<()> {
        let consumed = self.consume(&text[..cut])?;
        self.hear(&text[consumed..])
    }

    /// Feeds a window; how much of it was consumed.
    pub(super) fn consume(&mut self, text: &str) -> Result<usize> {
        let mut pos = 0;
        loop {
            match self.connection.receive(text.as_bytes(), &mut pos, &mut self.owner)? {
                Received::Part => {
                    let nodes = std::mem::take(self.connection.part());
                    let token = self.owner.direct.unwrap();
                    self.owner.append(token, &nodes, text.as_bytes());
                }
                Received::Starved => return Ok(pos),
            }
        }
    }

    pub(super) fn lose(&mut self) {
        self.connection.lost(Error::new(ErrorKind::Disconnected, "gone"), &mut self.owner);
    }

    fn later(&mut self, millis: u64) -> Result<()> {
        self.now += Duration::from_millis(millis);
        self.owner.now = Some(self.now);
        self.connection.on_timeout(&mut self.owner)
    }

    /// What is to be sent, as the names of the commands.
    fn unsent(&mut self) -> Vec<String> {
        resp::encoded_commands(self.connection.unsent())
            .map(|args| String::from_utf8_lossy(args[0]).into_owned())
            .collect()
    }

    /// The replies to a request that is complete, as text.
    fn replies(&mut self, token: u64) -> Vec<String> {
        assert!(matches!(self.owner.ended.remove(&token), Some(None)), "{token} is complete");
        let replies = self.owner.replies.remove(&token).unwrap().finish();
        replies
            .root()
            .children()
            .map(|reply| format!("{:?}", reply.bytes().map(String::from_utf8_lossy)))
            .collect()
    }

    /// The fate of a request that failed.
    pub(super) fn fate(&mut self, token: u64) -> (u64, u64, u64) {
        let error = self.owner.ended.remove(&token).flatten().expect("it has failed");
        let Progress { replied, unknown, not_applied } = error.progress().unwrap();
        (replied, unknown, not_applied)
    }

    fn is_open(&self, token: u64) -> bool {
        !self.owner.ended.contains_key(&token)
    }
}

#[test]
fn replies_go_to_requests_in_the_order_of_their_commands() {
    for takes_runs in [false, true] {
        let mut talk = Talk::new();
        talk.owner.takes_runs = takes_runs;
        talk.request(1, Form::Pipeline, &[&["PING"], &["PING"]]);
        talk.send(2, "GET");
        talk.send(3, "GET");
        talk.flush();
        talk.hear("+1\r\n+2\r\n*2\r\n:1\r\n:2\r\n+3\r\n").unwrap();
        assert_eq!(talk.replies(1), ["Some(\"1\")", "Some(\"2\")"]);
        assert_eq!(talk.replies(2), ["None"]);
        assert_eq!(talk.replies(3), ["Some(\"3\")"]);
        assert!(talk.connection.is_empty());
    }
}

#[test]
fn what_is_asked_for_in_place_stays_in_place() {
    let mut talk = Talk::new();
    talk.owner.direct = Some(2);
    talk.send(1, "GET");
    talk.send(2, "KEYS");
    talk.flush();
    talk.hear("+one\r\n*3\r\n:1\r\n").unwrap();
    assert_eq!(talk.replies(1), ["Some(\"one\")"]);
    assert!(talk.is_open(2));
    talk.hear(":2\r\n:3\r\n").unwrap();
    assert_eq!(talk.replies(2), ["None"]);
}

#[test]
fn nothing_that_was_asked_for_is_sent_before_the_greeting_is_over() {
    let mut talk = Talk::with(Options::default());
    talk.send(1, "GET");
    talk.connection.on_dial(talk.now);
    assert_eq!(talk.unsent(), [""; 0]);
    talk.connection.on_dialed();
    assert_eq!(talk.unsent(), ["HELLO", "CLIENT", "CLIENT"]);
    talk.flush();
    talk.hear(HELLO).unwrap();
    assert_eq!(talk.unsent(), ["GET"]);
    assert_eq!(talk.connection.server().unwrap().protocol, 3);
}

#[test]
fn the_first_connection_fails_at_once_and_a_later_one_keeps_what_waits() {
    let mut talk = Talk::with(Options::default());
    talk.send(1, "SET");
    talk.connection.on_dial(talk.now);
    talk.connection.lost(Error::new(ErrorKind::Connect, "refused"), &mut talk.owner);
    assert_eq!(talk.fate(1), (0, 0, 1));
    assert_eq!((talk.connection.wants(), talk.connection.failure().0), (Wants::Nothing, 1));

    talk.send(2, "SET");
    talk.greet();
    talk.lose();
    for _ in 0..6 {
        assert_eq!(talk.connection.wants(), Wants::Pause);
        talk.later(700).unwrap();
        assert_eq!(talk.connection.wants(), Wants::Dial);
        talk.connection.on_dial(talk.now);
        talk.connection.lost(Error::new(ErrorKind::Connect, "refused"), &mut talk.owner);
    }
    assert!(talk.is_open(2));
    talk.later(5000).unwrap();
    let error = talk.owner.ended.get(&2).cloned().flatten().unwrap();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Some(Outcome::NotApplied)));
    assert_eq!(talk.connection.wants(), Wants::Nothing);
}

#[test]
fn what_runs_out_of_time_says_why_there_was_no_connection_for_it() {
    let mut talk = Talk::new();
    let fail = |talk: &mut Talk, message: &str| {
        assert_eq!(talk.connection.wants(), Wants::Dial);
        talk.connection.on_dial(talk.now);
        talk.connection.lost(Error::new(ErrorKind::Connect, message), &mut talk.owner);
    };
    let reason = |talk: &mut Talk, token| {
        let error = talk.owner.ended.remove(&token).flatten().unwrap();
        assert_eq!(error.outcome(), Some(Outcome::NotApplied));
        (error.kind(), error.message().split(" (").next().unwrap().to_owned())
    };
    // The last attempt counts.
    talk.send(1, "SET");
    talk.lose();
    for message in ["refused", "unreachable"] {
        talk.later(1000).unwrap();
        fail(&mut talk, message);
    }
    talk.later(5000).unwrap();
    assert_eq!(reason(&mut talk, 1), (ErrorKind::Connect, "unreachable".to_owned()));
    // One for others, who have long gone, does not.
    assert_eq!(talk.connection.wants(), Wants::Nothing);
    talk.send(2, "SET");
    talk.connection.on_dial(talk.now);
    talk.later(5000).unwrap();
    assert_eq!(reason(&mut talk, 2).0, ErrorKind::Timeout);
    // Nor does one before there was a connection.
    talk.connection.lost(Error::new(ErrorKind::Connect, "refused"), &mut talk.owner);
    talk.connection.demand().unwrap();
    talk.greet();
    talk.send(3, "SET");
    talk.lose();
    talk.later(1000).unwrap();
    talk.connection.on_dial(talk.now);
    talk.later(5000).unwrap();
    assert_eq!(reason(&mut talk, 3).0, ErrorKind::Timeout);
}

#[test]
fn with_fail_fast_nothing_waits_for_a_server_that_is_gone() {
    let mut talk = Talk::with(Options { fail_fast: true, ..Options::default() });
    talk.connection.demand().unwrap();
    talk.greet();
    talk.send(1, "SET");
    talk.lose();
    assert!(talk.is_open(1), "one try is made");
    talk.later(0).unwrap();
    talk.connection.on_dial(talk.now);
    talk.connection.lost(Error::new(ErrorKind::Connect, "refused"), &mut talk.owner);
    assert_eq!(talk.fate(1), (0, 0, 1));
}

#[test]
fn a_server_that_hangs_up_over_hello_is_called_again_without_it_in_the_same_attempt() {
    let mut talk = Talk::with(Options::default());
    talk.send(1, "GET");
    let until = talk.connection.on_dial(talk.now);
    talk.connection.on_dialed();
    talk.flush();
    talk.lose();
    assert_eq!(talk.connection.wants(), Wants::Dial);
    let later = talk.now + Duration::from_millis(1);
    assert_eq!(talk.connection.on_dial(later).remaining(later), until.remaining(later));
    talk.connection.on_dialed();
    assert_eq!(talk.unsent(), ["PING"]);
    talk.flush();
    talk.hear("+PONG\r\n").unwrap();
    assert_eq!(talk.unsent(), ["GET"]);
    assert_eq!(talk.connection.server().unwrap().protocol, 2);
}

#[test]
fn after_a_loss_reads_and_what_never_left_go_out_again_and_writes_are_unknown() {
    let mut talk = Talk::new();
    talk.send(1, "SET");
    talk.send(2, "GET");
    talk.request(3, Form::Pipeline, &[&["GET", "a"], &["SET", "a", "1"]]);
    talk.request(4, Form::Transaction, &[&["MULTI"], &["INCR", "a"], &["EXEC"]]);
    talk.request(7, Form::Transaction, &[&["MULTI"], &["GET", "a"], &["EXEC"]]);
    talk.flush();
    talk.send(5, "SET");
    talk.connection.advance(3, 0);
    talk.send(6, "SET");
    talk.lose();
    assert_eq!(talk.fate(1), (0, 1, 0));
    assert_eq!(talk.fate(3), (0, 2, 0));
    assert_eq!(talk.fate(4), (0, 1, 0));
    assert!([2, 5, 6, 7].iter().all(|&token| talk.is_open(token)));
    talk.later(0).unwrap();
    talk.greet();
    assert_eq!(talk.unsent(), ["GET", "MULTI", "GET", "EXEC", "SET", "SET"]);
}

#[test]
fn a_read_whose_reply_was_used_in_part_is_not_sent_again_unless_that_can_be_taken_back() {
    for can_take_back in [false, true] {
        let mut talk = Talk::new();
        (talk.owner.direct, talk.owner.takes_runs) = (Some(1), true);
        talk.owner.can_take_back = can_take_back;
        talk.send(1, "KEYS");
        talk.send(2, "KEYS");
        talk.flush();
        talk.hear("*2\r\n+half\r\n").unwrap();
        talk.lose();
        if !can_take_back {
            assert_eq!(talk.fate(1), (0, 1, 0));
        }
        assert_eq!(talk.owner.replies.contains_key(&1), !can_take_back);
        assert!(talk.is_open(2));
    }
}

#[test]
fn a_command_that_kills_every_connection_is_given_up() {
    let mut talk = Talk::new();
    talk.send(1, "GET");
    let mut losses = 0;
    while talk.is_open(1) {
        talk.flush();
        talk.lose();
        losses += 1;
        if talk.is_open(1) {
            talk.later(100).unwrap();
            talk.greet();
        }
    }
    assert_eq!((losses, talk.fate(1)), (3, (0, 1, 0)));
}

#[test]
fn a_connection_that_is_not_made_again_says_so_to_all_that_follow() {
    let mut talk = Talk::new();
    talk.connection.pin(true);
    talk.send(1, "GET");
    talk.flush();
    talk.send(2, "GET");
    talk.lose();
    assert_eq!((talk.fate(1), talk.fate(2)), ((0, 1, 0), (0, 0, 1)));
    let refused =
        talk.connection.push(Request::new(3, Form::Command, 1, Deadline::never()), |_| {}).unwrap_err();
    assert_eq!((refused.kind(), refused.outcome()), (ErrorKind::Disconnected, Some(Outcome::NotApplied)));
}

#[test]
fn replies_for_which_there_is_no_memory_do_not_count() {
    let mut talk = Talk::new();
    talk.request(1, Form::Pipeline, &[&["SET", "a", "1"], &["SET", "b", "1"], &["SET", "c", "1"]]);
    talk.send(2, "SET");
    talk.flush();
    talk.hear("+OK\r\n").unwrap();
    talk.owner.has_no_memory = true;
    let error = talk.hear("+OK\r\n+OK\r\n").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoMemory);
    talk.connection.lost(error, &mut talk.owner);
    assert_eq!((talk.fate(1), talk.fate(2)), ((1, 2, 0), (0, 1, 0)));
}

#[test]
fn deadlines_end_requests_and_three_in_a_row_end_the_connection() {
    let mut talk = Talk::new();
    for token in 1..=3 {
        talk.send(token, "GET");
        talk.flush();
        talk.now += Duration::from_millis(1000);
    }
    assert!(talk.later(2000).is_ok());
    assert_eq!(talk.fate(1), (0, 1, 0));
    assert!(talk.later(1000).is_ok());
    assert_eq!(talk.later(1000).unwrap_err().kind(), ErrorKind::Disconnected);
}

#[test]
fn late_replies_are_swallowed() {
    let mut talk = Talk::new();
    talk.send(1, "GET");
    talk.flush();
    talk.later(5000).unwrap();
    talk.send(2, "GET");
    talk.send(3, "GET");
    talk.flush();
    let gave_up = talk.connection.give_up(2, false, &mut talk.owner).unwrap();
    assert_eq!(gave_up.progress.outcome(), Some(Outcome::Unknown));
    talk.hear("$4\r\nlate\r\n+given up\r\n+mine\r\n").unwrap();
    assert_eq!(talk.fate(1), (0, 1, 0));
    assert_eq!(talk.replies(3), ["Some(\"mine\")"]);
    assert!(talk.is_open(2) && talk.connection.is_empty());
}

#[test]
fn all_portions_of_a_pipeline_are_given_up_together() {
    let mut talk = Talk::new();
    for count in 1..=3 {
        talk.request(1, Form::Portion, &[&["SET", "a", "1"], &["SET", "b", "1"]]);
        if count < 3 {
            talk.flush();
        }
    }
    talk.hear("+OK\r\n+OK\r\n+OK\r\n").unwrap();
    let gave_up = talk.connection.give_up(1, false, &mut talk.owner).unwrap();
    assert_eq!(gave_up.progress, Progress { replied: 1, unknown: 1, not_applied: 2 });
    assert!(talk.connection.give_up(1, false, &mut talk.owner).is_none());
}

#[test]
fn a_blocking_command_that_is_given_up_takes_its_connection_with_it() {
    let mut talk = Talk::new();
    let mut request = Request::new(1, Form::Command, 1, Deadline::at(talk.now + Duration::from_secs(1)));
    request.blocking = Some(Blocking::For(Duration::from_secs(2)));
    talk.connection.push(request, |out| resp::encode_command(out, &["BLPOP", "k", "2"])).unwrap();
    talk.flush();
    assert!(talk.later(2000).is_ok());
    assert!(talk.is_open(1));
    assert_eq!(talk.later(1000).unwrap_err().kind(), ErrorKind::Disconnected);
    assert_eq!(talk.fate(1), (0, 1, 0));
}

#[test]
fn a_refusal_that_passes_is_taken_out_and_its_command_sent_again() {
    let mut talk = Talk::new();
    talk.owner.takes_runs = true;
    talk.send(1, "GET");
    talk.send(2, "GET");
    talk.flush();
    talk.hear("-LOADING the dataset\r\n+two\r\n").unwrap();
    assert!(talk.is_open(1));
    assert_eq!(talk.replies(2), ["Some(\"two\")"]);
    assert!(talk.unsent().is_empty());
    talk.later(10).unwrap();
    assert_eq!(talk.unsent(), ["GET"]);
    talk.flush();
    talk.hear("+one\r\n").unwrap();
    assert_eq!(talk.replies(1), ["Some(\"one\")"]);
}

#[test]
fn any_rule_can_take_an_error_out_of_the_stream_before_its_submitter_sees_it() {
    fn rule(text: &[u8], _: &mut dyn FnMut() -> Duration) -> retry::Verdict {
        match text.starts_with(b"NOSCRIPT") {
            true => retry::Verdict::Resend { after: Duration::ZERO },
            false => retry::Verdict::Deliver,
        }
    }
    let mut talk = Talk::new();
    talk.connection.rule = rule;
    talk.send(1, "EVALSHA");
    talk.send(2, "EVALSHA");
    talk.flush();
    talk.hear("-NOSCRIPT no\r\n-ERR no\r\n").unwrap();
    assert_eq!(talk.replies(2), ["Some(\"ERR no\")"]);
    talk.later(0).unwrap();
    assert_eq!(talk.unsent(), ["EVALSHA"]);
}

#[test]
fn what_is_committed_stays_for_its_reply_and_is_not_applied_if_it_never_left() {
    let mut talk = Talk::new();
    talk.send(1, "INCR");
    talk.send(2, "INCR");
    let size = talk.connection.unsent().len();
    talk.connection.advance(0, size);
    assert!(talk.connection.is_inside());
    let gave_up = talk.connection.give_up(1, false, &mut talk.owner).unwrap();
    assert_eq!(gave_up.progress.outcome(), Some(Outcome::Unknown));
    talk.send(3, "INCR");
    assert_eq!(talk.unsent(), ["INCR", "INCR", "INCR"], "it leaves all the same");
    talk.connection.advance(size, 0);
    talk.hear("+1\r\n+2\r\n").unwrap();
    assert_eq!(talk.replies(2), ["Some(\"2\")"]);

    // The third has left; the fourth cannot have been carried out and goes out again.
    talk.send(4, "INCR");
    talk.connection.advance(size / 2, size / 2);
    talk.lose();
    assert_eq!(talk.fate(3), (0, 1, 0));
    talk.later(100).unwrap();
    talk.greet();
    assert_eq!(talk.unsent(), ["INCR"]);
    assert!(talk.is_open(4));
}

#[test]
fn the_servers_reason_for_hanging_up_is_told_at_once() {
    let mut talk = Talk::new();
    let size = "*3\r\n$3\r\nSET\r\n".len();
    talk.request(1, Form::Transaction, &[&["MULTI"], &["SET", "a", "huge"], &["EXEC"]]);
    talk.connection.advance("*1\r\n$5\r\nMULTI\r\n".len() + size, 0);
    talk.hear("+OK\r\n-ERR Protocol error: invalid bulk length\r\n").unwrap_err();
    talk.lose();
    let error = talk.owner.ended.get(&1).cloned().flatten().unwrap();
    assert!(error.message().contains("invalid bulk length"), "{error}");
    assert_eq!(error.outcome(), Some(Outcome::NotApplied));

    // The same where all of it is on its way: the server reads no further, and never sees EXEC.
    talk.greet_again();
    talk.request(2, Form::Transaction, &[&["MULTI"], &["SET", "a", "huge"], &["EXEC"]]);
    talk.flush();
    talk.hear("+OK\r\n-ERR Protocol error: invalid bulk length\r\n").unwrap();
    talk.lose();
    let error = talk.owner.ended.get(&2).cloned().flatten().unwrap();
    assert!(error.message().contains("invalid bulk length"), "{error}");
    assert_eq!(talk.fate(2), (0, 0, 1));
}

/// A script may say them as well: what has left behind it may have been carried out.
#[test]
fn the_servers_words_about_one_command_prove_nothing_about_the_next() {
    for form in [Form::Pipeline, Form::Portion] {
        let mut talk = Talk::new();
        talk.request(1, form, &[&["INCR", "a"], &["EVAL", "x", "0"], &["INCR", "a"], &["INCR", "b"]]);
        let last = "*2\r\n$4\r\nINCR\r\n$1\r\nb\r\n".len();
        let all = talk.connection.unsent().len();
        talk.connection.advance(all - last, 0);
        talk.hear(":1\r\n-ERR Protocol error: said by a script\r\n").unwrap();
        talk.lose();
        let error = talk.owner.ended.get(&1).cloned().flatten().unwrap();
        assert!(error.message().contains("said by a script"), "{error}");
        assert_eq!(talk.fate(1), (2, 1, 1));
    }
}

#[test]
fn a_server_that_goes_on_after_its_last_words_has_taken_them_back() {
    let mut talk = Talk::new();
    talk.request(1, Form::Pipeline, &[&["EVAL", "x", "0"], &["INCR", "a"], &["INCR", "a"]]);
    talk.request(2, Form::Transaction, &[&["MULTI"], &["SET", "a", "1"], &["SET", "b", "1"], &["EXEC"]]);
    talk.flush();
    talk.hear("-ERR Protocol error: no\r\n:1\r\n").unwrap();
    talk.lose();
    let error = talk.owner.ended.get(&1).cloned().flatten().unwrap();
    assert_eq!((error.kind(), talk.fate(1)), (ErrorKind::Disconnected, (2, 1, 0)));
    assert_eq!(talk.fate(2), (0, 2, 0));

    talk.greet_again();
    talk.request(3, Form::Transaction, &[&["MULTI"], &["SET", "a", "1"], &["SET", "b", "1"], &["EXEC"]]);
    talk.flush();
    talk.hear("+OK\r\n-ERR Protocol error: no\r\n+QUEUED\r\n").unwrap();
    talk.lose();
    assert_eq!(talk.fate(3), (0, 2, 0));

    // What was said over a connection that is lost counts for nothing over the next.
    talk.greet_again();
    talk.request(4, Form::Transaction, &[&["MULTI"], &["SET", "a", "1"], &["SET", "b", "1"], &["EXEC"]]);
    let all = talk.connection.unsent().len();
    talk.connection.advance(all - 1, 0);
    talk.hear("-ERR Protocol error: no\r\n+QUEUED\r\n").unwrap();
    talk.lose();
    assert!(talk.is_open(4), "its EXEC has not left");
    talk.greet_again();
    talk.flush();
    talk.hear("+OK\r\n").unwrap();
    talk.lose();
    assert_eq!(talk.fate(4), (0, 2, 0));
}

#[test]
fn nobody_gets_the_words_that_the_server_had_for_another() {
    let mut talk = Talk::new();
    talk.send(1, "EVAL");
    talk.flush();
    talk.hear("-ERR Protocol error: said by a script\r\n").unwrap();
    talk.send(2, "SET");
    talk.connection.advance(5, 0);
    let error = talk.hear("+OK\r\n").unwrap_err();
    talk.connection.lost(error, &mut talk.owner);
    let error = talk.owner.ended.get(&2).cloned().flatten().unwrap();
    assert!(!error.message().contains("said by a script"), "{error}");
    assert_eq!(talk.fate(2), (0, 0, 1));
}

#[test]
fn an_error_before_the_command_has_left_is_its_reply_and_the_connection_ends() {
    const ERROR: &str = "-ERR Protocol error: too big\r\n";
    const BLOB: &str = "!27\r\nERR Protocol error: too big\r\n";
    for (early, cut, is_reply) in [(ERROR, 0, true), (ERROR, 9, true), (BLOB, 9, true), ("+OK\r\n", 0, false)]
    {
        let mut talk = Talk::new();
        talk.send(1, "SET");
        talk.connection.advance(5, 0);
        let error = talk.hear_in_two(early, cut).unwrap_err();
        talk.connection.lost(error, &mut talk.owner);
        if is_reply {
            assert_eq!(talk.replies(1), ["Some(\"ERR Protocol error: too big\")"]);
        } else {
            assert_eq!(
                talk.fate(1),
                (0, 0, 1),
                "nothing of it can have been applied, and it is not tried again"
            );
        }
    }
}

#[test]
fn nothing_of_a_reply_that_comes_too_early_reaches_its_owner() {
    const ATTRIBUTE: &str = "|1\r\n+k\r\n+v\r\n";
    for value in ["+OK\r\n", "$5\r\nhello\r\n", "*2\r\n:1\r\n:2\r\n", "*2\r\n-ERR\r\n:2\r\n"] {
        for early in [value.to_owned(), format!("{ATTRIBUTE}{value}")] {
            for (cut, direct) in (0..early.len()).flat_map(|cut| [(cut, None), (cut, Some(1))]) {
                let mut talk = Talk::new();
                talk.owner.direct = direct;
                talk.request(1, Form::Pipeline, &[&["SET", "a", "1"], &["SET", "b", "1"]]);
                talk.connection.advance("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*3".len(), 0);
                talk.hear("+first\r\n").unwrap();
                let error = talk.hear_in_two(&early, cut).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Protocol);
                let heard = talk.owner.replies.remove(&1).unwrap().finish();
                assert_eq!((heard.nodes().len(), heard.bytes()), (2, &b"first"[..]), "{early} {cut}");
                talk.connection.lost(error, &mut talk.owner);
                assert_eq!(talk.fate(1), (1, 0, 1), "{early} {cut}");
            }
        }
    }
}

#[test]
fn a_reply_that_begins_too_early_is_one_if_its_command_leaves_before_it_ends() {
    for early in ["*2\r\n:1\r\n:2\r\n", "|1\r\n+k\r\n+v\r\n*2\r\n:1\r\n:2\r\n"] {
        for (cut, direct) in (0..early.len()).flat_map(|cut| [(cut, None), (cut, Some(1))]) {
            let mut talk = Talk::new();
            talk.owner.direct = direct;
            talk.send(1, "GET");
            talk.connection.advance(5, 0);
            let consumed = talk.consume(&early[..cut]).unwrap();
            assert!(talk.owner.replies.is_empty());
            talk.flush();
            talk.hear(&early[consumed..]).unwrap();
            let replies = talk.owner.replies.remove(&1).unwrap().finish();
            let reply = replies.root().get(0).unwrap();
            assert_eq!((replies.root().len(), reply.get(1).unwrap().as_int()), (1, Some(2)), "{early} {cut}");
            assert_eq!(replies.nodes()[1].kind() == Kind::Attribute, early.starts_with('|'));
        }
    }
}

#[test]
fn an_error_inside_of_a_reply_is_no_reply_however_the_network_cuts_it() {
    for (commands, fate) in [(1, (0, 0, 1)), (2, (0, 0, 2))] {
        let mut talk = Talk::new();
        let form = if commands == 1 { Form::Command } else { Form::Pipeline };
        talk.request(1, form, &[&["SET", "k"][..], &["SET", "k"]][..commands]);
        talk.connection.advance(5, 0);
        talk.hear("*2\r\n:1\r\n").unwrap();
        let error = talk.hear("-ERR inside\r\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        talk.connection.lost(error, &mut talk.owner);
        let error = talk.owner.ended.get(&1).cloned().flatten().expect("it has not succeeded");
        assert!(!error.message().contains("inside"), "{error}");
        assert_eq!(talk.fate(1), fate);
    }
}

#[test]
fn nothing_follows_what_was_answered_too_early_while_its_answer_is_in_use() {
    let mut talk = Talk::new();
    talk.owner.direct = Some(1);
    talk.send(1, "SET");
    talk.connection.advance(5, 0);
    let early = "-ERR Protocol error: too big\r\n";
    let mut pos = 0;
    let received = talk.connection.receive(early.as_bytes(), &mut pos, &mut talk.owner).unwrap();
    assert_eq!(received, Received::Part);
    // Others go on meanwhile. What they wrote would be taken for the rest of the first command.
    talk.send(2, "INCR");
    assert!(talk.unsent().is_empty() && !talk.connection.has_unsent());
    talk.lose();
    talk.later(0).unwrap();
    talk.greet();
    assert_eq!(talk.unsent(), ["INCR"]);
}

#[test]
fn pushes_are_kept_apart_from_replies() {
    let mut talk = Talk::new();
    talk.send(1, "GET");
    talk.flush();
    talk.hear(">2\r\n+invalidate\r\n_\r\n+1\r\n>2\r\n+x\r\n").unwrap();
    talk.hear(":7\r\n").unwrap();
    assert_eq!(talk.replies(1), ["Some(\"1\")"]);
    let kinds: Vec<_> = std::iter::from_fn(|| talk.connection.next_message())
        .map(|push| push.root().get(0).unwrap().as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["invalidate", "x"]);
}

/// What a transaction that publishes to its own connection gets from servers before Redis 7.2, as captured from 7.0.15.
#[test]
fn a_push_in_the_middle_of_a_reply_is_no_part_of_it_however_the_network_cuts_it() {
    let said = "*2\r\n>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n:1\r\n|1\r\n>1\r\n+p\r\n+k\r\n+v\r\n*1\r\n>0\r\n+PONG\r\n\
                +end\r\n";
    let push_kinds = |talk: &mut Talk| {
        let messages = std::iter::from_fn(|| talk.connection.next_message());
        messages.map(|push| push.root().get(0).and_then(Value::as_str).map(str::to_owned)).collect::<Vec<_>>()
    };
    let check = |direct: bool, feed: &dyn Fn(&mut Talk)| {
        let mut talk = Talk::new();
        talk.send(1, "EXEC");
        talk.send(2, "ECHO");
        talk.owner.direct = direct.then_some(1);
        talk.flush();
        feed(&mut talk);
        let reply = talk.owner.replies.remove(&1).unwrap().finish();
        let reply = reply.root().get(0).unwrap();
        assert_eq!((reply.len(), reply.get(0).unwrap().as_int()), (2, Some(1)));
        let last = reply.get(1).unwrap();
        assert_eq!(
            (last.get(0).unwrap().as_str(), last.attribute().map(Value::len)),
            (Some("PONG"), Some(2))
        );
        assert_eq!(talk.replies(2), ["Some(\"end\")"]);
        assert_eq!(push_kinds(&mut talk), [Some("message".to_owned()), Some("p".to_owned()), None]);
        assert!(talk.connection.is_empty());
    };
    for direct in [false, true] {
        check(direct, &|talk| talk.hear(said).unwrap());
        for cut in 1..said.len() {
            check(direct, &|talk| talk.hear_in_two(said, cut).unwrap());
        }
    }
}

#[test]
fn a_reply_that_nothing_asked_for_is_an_error_as_soon_as_it_begins() {
    for text in ["+OK\r\n", "*2\r\n:1\r\n", "$5\r\nhel", "|1\r\n+k\r\n+v\r\n+OK\r\n"] {
        let mut talk = Talk::new();
        let mut pos = 0;
        let error = talk.connection.receive(text.as_bytes(), &mut pos, &mut talk.owner).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{text}");
    }
    // It may be a push; once it is not, it is too late for it to become a reply.
    let mut talk = Talk::new();
    talk.hear("|1\r\n+k\r\n+v\r\n").unwrap();
    talk.send(1, "GET");
    talk.flush();
    assert_eq!(talk.hear("+OK\r\n").unwrap_err().kind(), ErrorKind::Protocol);
    assert!(talk.is_open(1));
}

/// A value on the wire; `depth` bounds what is in it.
fn value(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("+s\r\n".to_owned()),
        Just("-ERR e\r\n".to_owned()),
        Just(":7\r\n".to_owned()),
        Just("$3\r\na\r\n\r\n".to_owned()),
        Just("_\r\n".to_owned()),
        Just("$-1\r\n".to_owned()),
        Just("*0\r\n".to_owned()),
    ];
    leaf.prop_recursive(depth, 12, 3, |inner| {
        (prop_oneof![Just('*'), Just('~'), Just('%')], proptest::collection::vec(inner, 0..3)).prop_map(
            |(marker, values)| {
                let (count, values) = match marker {
                    '%' => (values.len() / 2, &values[..values.len() / 2 * 2]),
                    _ => (values.len(), &values[..]),
                };
                format!("{marker}{count}\r\n{}", values.concat())
            },
        )
    })
    .boxed()
}

fn attributes() -> impl Strategy<Value = String> {
    proptest::collection::vec(value(2).prop_map(|value| format!("|1\r\n+k\r\n{value}")), 0..2)
        .prop_map(|all| all.concat())
}

/// What a server sends between two replies, and a reply with its number in it.
fn exchange() -> impl Strategy<Value = (Vec<String>, String, String)> {
    let push = (attributes(), value(2))
        .prop_map(|(attributes, value)| format!("{attributes}>2\r\n+kind\r\n{value}"));
    (proptest::collection::vec(push, 0..3), attributes(), value(2))
}

proptest! {
    /// Every reply bears its number, whatever stands around it and however the network cuts it; nobody gets another's.
    #[test]
    fn no_reply_goes_to_another_request(
        exchanges in proptest::collection::vec(exchange(), 1..6),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        direct in any::<prop::sample::Index>(),
        takes_runs in any::<bool>(),
        abandoned in any::<prop::sample::Index>(),
    ) {
        let mut talk = Talk::new();
        talk.owner.takes_runs = takes_runs;
        talk.owner.direct = Some(direct.index(exchanges.len() + 1) as u64);
        let (mut wire, mut pushes) = (String::new(), 0);
        for (token, (before, attributes, value)) in exchanges.iter().enumerate() {
            talk.send(token as u64, "GET");
            pushes += before.len();
            wire += &format!("{}{attributes}*2\r\n:{token}\r\n{value}", before.concat());
        }
        talk.flush();
        let abandoned = abandoned.index(exchanges.len() + 1) as u64;
        talk.connection.give_up(abandoned, false, &mut talk.owner);

        let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).chain([wire.len()]).collect();
        ends.sort_unstable();
        let mut begin = 0;
        for end in ends {
            let mut pos = 0;
            let window = &wire.as_bytes()[begin..end];
            while talk.connection.receive(window, &mut pos, &mut talk.owner).unwrap() == Received::Part {
                let nodes = std::mem::take(talk.connection.part());
                talk.owner.append(talk.owner.direct.unwrap(), &nodes, window);
            }
            begin += pos;
        }
        prop_assert_eq!(begin, wire.len());
        prop_assert!(talk.connection.is_empty());
        for token in 0..exchanges.len() as u64 {
            if token == abandoned {
                prop_assert!(talk.is_open(token));
                continue;
            }
            prop_assert!(matches!(talk.owner.ended.get(&token), Some(None)));
            let replies = talk.owner.replies.remove(&token).unwrap().finish();
            prop_assert_eq!(replies.root().len(), 1);
            prop_assert_eq!(replies.root().get(0).unwrap().get(0).unwrap().as_int(), Some(token as i64));
        }
        let heard = std::iter::from_fn(|| talk.connection.next_message()).count();
        prop_assert_eq!(heard, pushes);
    }

    /// The same stream with one reply too many, or one too early, is refused wherever it is cut.
    #[test]
    fn a_surplus_reply_never_becomes_anybodys(
        (before, attributes, value) in exchange(),
        cut in any::<prop::sample::Index>(),
    ) {
        let surplus = format!("{}{attributes}{value}", before.concat());
        // A value that is a push is none.
        prop_assume!(!value.starts_with('>'));
        let mut talk = Talk::new();
        let cut = cut.index(surplus.len());
        let mut pos = 0;
        let first = talk.connection.receive(&surplus.as_bytes()[..cut], &mut pos, &mut talk.owner);
        talk.send(1, "GET");
        talk.flush();
        let result = first.and_then(|_| {
            let window = format!("{}+mine\r\n", &surplus[pos..]);
            let mut pos = 0;
            talk.connection.receive(window.as_bytes(), &mut pos, &mut talk.owner)
        });
        // If not a byte of it had come before the command left, it cannot be told from its reply.
        let begins = before.concat().len();
        if cut > begins {
            prop_assert_eq!(result.unwrap_err().kind(), ErrorKind::Protocol);
            prop_assert!(talk.is_open(1));
        }
    }
}
