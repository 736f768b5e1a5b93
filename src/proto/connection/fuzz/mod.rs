//! A connection driven by any bytes, beside a naive model that numbers every reply. The fuzz target `connection` runs it, and
//! `cargo test` from fixed seeds.
//!
//! The bytes are a script: what is asked for, how much leaves or is committed to, what the server says and where the network
//! cuts it, what is given up, and when connections are lost. Each command bears a number and its reply bears the same. The model
//! keeps lists where the connection keeps offsets, and knows:
//!
//! * what is to be written, to the byte: all requests that wait, in their order, and nothing of those that were given up;
//! * that each request ends once: with the replies to its own commands, with an error, or taken back;
//! * the fate of each command of what fails, from what left and what was answered;
//! * that a request over which the server ends the connection is told so, in the server's words, and is not sent again;
//! * what goes out again after a loss: nothing that the server may have carried out, reads apart;
//! * that a server that only says what it should is never refused, and that one reply too many, one too early and what is no
//!   RESP always are;
//! * that nothing outlives its deadline, and that with a good server everything comes to its end.
mod asked;
mod asking;
mod books;
mod hearing;
mod script;
mod server;

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use self::asked::{Asked, Place, check_numbers, sum};
use self::books::Books;
use self::script::Script;
use self::server::Said;
use super::*;
use crate::command::Blocking;
use crate::options::Retry;
use crate::proto::request::Form;
use crate::proto::retry;
use crate::resp;

/// Runs one script. Panics where the connection and the model differ.
pub(crate) fn run(script: &[u8], start: Instant) {
    let mut world = World::new(script, start);
    while !world.script.is_over() {
        world.step();
        world.compare();
    }
    world.finish();
}

/// Why requests fail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Lost,
    Late,
    Received,
}

struct World<'a> {
    script: Script<'a>,
    connection: Connection,
    books: Books,
    asked: Vec<Asked>,
    /// Those that wait, in order.
    waiting: Vec<usize>,
    /// Those that have begun to leave over this connection, in order.
    begun: VecDeque<usize>,
    next_token: u64,
    next_number: u64,
    /// What was greeted with and has not been answered.
    greeting: Vec<u8>,
    /// What the server has said, from the first byte that was not consumed, and how much of it has arrived.
    wire: Vec<u8>,
    arrived: usize,
    /// Where in `wire` each of its sayings ends.
    said: VecDeque<(usize, Said)>,
    pushes: u64,
    /// The server has said something that ends the connection when it has arrived.
    is_wrong: bool,
    is_closed: bool,
    is_pinned: bool,
}

const LONG: Duration = Duration::from_secs(100_000);

impl<'a> World<'a> {
    fn new(script: &'a [u8], start: Instant) -> Self {
        let mut script = Script { bytes: script };
        let choice = script.byte();
        let options = Options {
            client_info: choice & 1 == 0,
            fail_fast: choice & 6 == 6,
            retry: if choice & 24 == 24 { Retry::None } else { Retry::Reads },
            ..Options::default()
        };
        Self {
            script,
            connection: Connection::new(Arc::new(options), retry::on_reply_error),
            books: Books {
                replies: BTreeMap::new(),
                ended: Vec::new(),
                marks: Vec::new(),
                takes_runs: choice & 32 == 0,
                direct: None,
                in_place: Cell::new(None),
                was_up: false,
                now: start,
            },
            asked: Vec::new(),
            waiting: Vec::new(),
            begun: VecDeque::new(),
            next_token: 1,
            next_number: 1000,
            greeting: Vec::new(),
            wire: Vec::new(),
            arrived: 0,
            said: VecDeque::new(),
            pushes: 0,
            is_wrong: false,
            is_closed: false,
            is_pinned: false,
        }
    }

    fn step(&mut self) {
        match self.script.below(24) {
            0..4 => self.push(),
            4..7 => self.send(),
            7..10 => self.answer(false),
            10..13 => self.hear(),
            13 => self.give_up(),
            14 => {
                let millis = [0, 1, 10, 20, 100, 700, 1500, 6000][self.script.below(8)];
                self.later(Duration::from_millis(millis));
            }
            15 => {
                let kind = [ErrorKind::Disconnected, ErrorKind::Io, ErrorKind::Panic][self.script.below(3)];
                self.lose(Error::new(kind, "gone"));
            }
            16 => self.misbehave(),
            17 => self.say_push(),
            18 => match self.script.below(16) {
                0 => {
                    self.is_pinned = !self.is_pinned;
                    self.connection.pin(self.is_pinned);
                }
                1 => self.books.takes_runs = !self.books.takes_runs,
                2 => {
                    if let Some(&front) = self.begun.front() {
                        self.connection.mark_delivered(self.asked[front].token);
                    }
                }
                3 => drop(self.connection.demand()),
                4 => {
                    if self.connection.abort_idle_attempt() {
                        assert!(self.waiting.is_empty() && self.begun.is_empty());
                        self.new_wire();
                    }
                }
                5 if self.script.below(8) == 0 => self.close(),
                _ => self.books.direct = self.some_token(),
            },
            19..22 => self.connect(),
            _ => {
                // What is usual: all goes out, all is answered, all arrives.
                self.connect();
                self.send_up_to(usize::MAX, 0);
                self.answer(true);
                self.hear_up_to(usize::MAX);
            }
        }
    }

    /// What can be read off the connection.
    fn compare(&mut self) {
        assert!(self.books.marks.is_empty());
        let all = |place| self.asked.iter().filter(move |asked| asked.place == place);
        let bytes = |place| all(place).map(|asked| asked.bytes.len()).sum::<usize>();
        assert_eq!(
            self.connection.bytes(),
            bytes(Place::Waiting) + bytes(Place::Begun) + bytes(Place::Deferred)
        );
        let in_flight: usize =
            self.begun.iter().map(|&seq| self.asked[seq].ends.len() - self.asked[seq].answered).sum();
        assert_eq!(self.connection.in_flight(), in_flight as u64);
        assert_eq!(self.connection.begun(), self.begun.len());
        let waiting = self.waiting.len() + all(Place::Deferred).count();
        assert_eq!(self.connection.waiting().0, waiting);
        assert_eq!(self.connection.is_empty(), waiting + self.begun.len() == 0);
        let is_inside =
            self.begun.back().is_some_and(|&last| self.asked[last].sent < self.asked[last].bytes.len());
        assert_eq!(self.connection.is_inside(), is_inside);
        let next = self.connection.next_timeout();
        for asked in self.asked.iter().filter(|asked| asked.is_open) {
            let is_forever = asked.has_begun_once && asked.blocking == Some(Blocking::Forever);
            if let Some(deadline) = asked.deadline.filter(|_| !is_forever) {
                let time = Duration::from_millis(if asked.blocking.is_some() && asked.has_begun_once {
                    500
                } else {
                    0
                });
                assert!(next.has_passed(deadline + time), "a deadline that nobody looks at");
            }
            assert!(asked.place != Place::Deferred || next.has_passed(self.books.now + LONG));
        }
        let bytes = self.connection.bytes();
        self.find_released();
        assert_eq!(text(self.connection.queue.unsent()), text(&self.expected_unsent()));
        assert_eq!(bytes, self.connection.bytes());
    }

    /// With a server that behaves everything that is open comes to its end.
    fn finish(&mut self) {
        self.connection.pin(false);
        self.is_pinned = false;
        if self.is_wrong {
            self.lose(Error::new(ErrorKind::Disconnected, "gone"));
        }
        for _ in 0..200 {
            if self.asked.iter().all(|asked| !asked.is_open) {
                break;
            }
            self.usual();
            self.compare();
        }
        for (seq, asked) in self.asked.iter().enumerate() {
            assert!(!asked.is_open, "{seq} never ends, {:?}", asked.place);
        }
        self.close();
        assert_eq!(self.connection.bytes(), 0);
        assert!(self.connection.is_empty());
    }

    fn usual(&mut self) {
        match self.connection.wants() {
            Wants::Traffic => {
                self.send_up_to(usize::MAX, 0);
                self.answer(true);
                self.hear_up_to(usize::MAX);
                self.later(Duration::from_millis(50));
            }
            _ => self.connect(),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// xorshift64*
    fn random(state: &mut u64) -> u64 {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 24
    }

    /// `OXIPIPE_TEST_SCRIPTS` sets how many.
    #[test]
    fn a_connection_does_what_the_naive_model_does() {
        let scripts =
            std::env::var("OXIPIPE_TEST_SCRIPTS").map_or(2000, |number| number.parse().expect("a number"));
        let start = Instant::now();
        for seed in 1..=scripts {
            let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed) | 1;
            let len = 20 + random(&mut state) % 400;
            let script: Vec<u8> = (0..len).map(|_| random(&mut state) as u8).collect();
            if fails(&script, start) {
                panic!("script {seed} fails, and so does {:?}", shortened(script, start));
            }
        }
    }

    /// Those that a fuzzer begins with, or has found.
    #[test]
    fn every_script_of_the_corpus_passes() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/connection");
        let paths: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!paths.is_empty());
        paths.iter().for_each(|path| run(&std::fs::read(path).unwrap(), Instant::now()));
    }

    fn fails(script: &[u8], start: Instant) -> bool {
        std::panic::catch_unwind(|| run(script, start)).is_err()
    }

    /// Leaves out whatever is not needed for the failure.
    fn shortened(mut script: Vec<u8>, start: Instant) -> Vec<u8> {
        let mut size = script.len() / 2;
        while size > 0 {
            let mut at = 0;
            while at < script.len() {
                let mut less = script.clone();
                less.drain(at..(at + size).min(script.len()));
                match fails(&less, start) {
                    true => script = less,
                    false => at += size,
                }
            }
            size /= 2;
        }
        script
    }
}
