//! A server that follows a script, for conversations that a real one will not hold.
//!
//! A script is text, one step per line; `tests/conversations/README.md` describes it for all languages. It is divided into
//! connections: the first to be accepted follows the first part, and so on; the last part serves all that come after it.

mod script;

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use oxipipe::Options;

use self::script::{Step, matches, parse};
use super::pace::Stopwatch;
use super::{PATIENCE, kernel, tcp};

pub(crate) struct FakeServer {
    port: u16,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    connections: usize,
    heard: Vec<Heard>,
    /// Connections whose end was announced, and those that are over.
    closed: HashSet<usize>,
    gone: HashSet<usize>,
    gates: HashSet<String>,
    failures: Vec<String>,
    stop: bool,
}

/// A command that the server heard after the greeting, or a `NOTE` of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Counts from 0.
    pub(crate) connection: usize,
    /// The arguments, separated by spaces.
    pub(crate) line: String,
}

/// What HELLO is answered with.
const GREETING: &[u8] = b"%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n";

/// How often a thread that waits for its peer looks whether the test is over.
const LOOK: Duration = Duration::from_millis(20);

impl FakeServer {
    /// Starts with a script.
    pub(crate) fn start(script: &str) -> Self {
        let parts = parse(script);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        let shared = Arc::new(Shared::default());
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept_all(&listener, &parts, &shared)
        });
        Self { port, shared, accepting: Some(accepting) }
    }

    /// Starts with the script `tests/conversations/<name>.txt`.
    pub(crate) fn follow(name: &str) -> Self {
        let path = format!("{}/tests/conversations/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        Self::start(&std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}")))
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn options(&self) -> Options {
        tcp(self.port)
    }

    /// Lets the steps `WAIT name` pass, those to come as well.
    pub(crate) fn open(&self, name: &str) {
        self.lock().gates.insert(name.to_owned());
        self.shared.changed.notify_all();
    }

    pub(crate) fn connections(&self) -> usize {
        self.lock().connections
    }

    /// The commands heard so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.lock().heard.clone()
    }

    /// Whether `CLOSE` or `RESET` was done on a connection.
    pub(crate) fn has_closed(&self, connection: usize) -> bool {
        self.lock().closed.contains(&connection)
    }

    /// Whether a connection is over for both sides.
    pub(crate) fn is_gone(&self, connection: usize) -> bool {
        self.lock().gone.contains(&connection)
    }

    /// Ends all connections: the number there were of them, everything that was heard, and what went wrong with the script.
    pub(crate) fn finish(mut self) -> (usize, Vec<Heard>, Vec<String>) {
        self.stop();
        let mut state = self.lock();
        (state.connections, std::mem::take(&mut state.heard), std::mem::take(&mut state.failures))
    }

    /// The commands heard so far, without their connections.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.heard().into_iter().map(|heard| heard.line).collect()
    }

    /// Waits until `count` commands were heard.
    #[track_caller]
    pub(crate) fn wait_heard(&self, count: usize) {
        self.wait(|state| state.heard.len() >= count, "another command");
    }

    /// Waits until `CLOSE` or `RESET` was done and the client's kernel knows. It has no other connection meanwhile.
    #[track_caller]
    pub(crate) fn wait_closed(&self, connection: usize) {
        self.wait(|state| state.closed.contains(&connection), "the server's end of a connection");
        kernel::wait_until_ended(self.port);
    }

    /// Waits until a connection is over for both sides.
    #[track_caller]
    pub(crate) fn wait_gone(&self, connection: usize) {
        self.wait(|state| state.gone.contains(&connection), "the end of a connection");
    }

    #[track_caller]
    fn wait(&self, condition: impl Fn(&State) -> bool, what: &str) {
        let watch = Stopwatch::start();
        let mut state = self.lock();
        while !condition(&state) {
            assert!(
                watch.elapsed() < PATIENCE,
                "waited in vain for {what}: {:?} {:?}",
                state.heard,
                state.failures
            );
            state = self.shared.changed.wait_timeout(state, LOOK).expect("no thread panics with the lock").0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("no thread panics with the lock")
    }
}

impl FakeServer {
    fn stop(&mut self) {
        self.lock().stop = true;
        self.shared.changed.notify_all();
        if let Some(accepting) = self.accepting.take() {
            // Wakes the thread that accepts.
            let _ = TcpStream::connect(("127.0.0.1", self.port));
            accepting.join().expect("the fake server did not panic");
        }
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.stop();
        let failures = std::mem::take(&mut self.lock().failures);
        assert!(failures.is_empty() || thread::panicking(), "the conversation went wrong: {failures:#?}");
    }
}

fn accept_all(listener: &TcpListener, parts: &[Vec<Step>], shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    for stream in listener.incoming() {
        let index = {
            let mut state = shared.state.lock().unwrap();
            if state.stop {
                break;
            }
            state.connections += 1;
            state.connections - 1
        };
        let Ok(stream) = stream else { continue };
        let steps = parts[index.min(parts.len() - 1)].clone();
        let shared = Arc::clone(shared);
        threads.push(thread::spawn(move || Conversation::hold(stream, index, &steps, &shared)));
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// One connection's side of the script.
struct Conversation<'a> {
    stream: TcpStream,
    index: usize,
    shared: &'a Shared,
    input: Vec<u8>,
    piece: usize,
}

/// Why a conversation does not go on.
enum End {
    /// The client is gone, or the test is over.
    Over,
    /// The script says so.
    Close,
    Reset,
}

type Go<T = ()> = Result<T, End>;

impl<'a> Conversation<'a> {
    fn hold(stream: TcpStream, index: usize, steps: &[Step], shared: &'a Shared) {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(LOOK)).unwrap();
        stream.set_write_timeout(Some(LOOK)).unwrap();
        let mut this = Conversation { stream, index, shared, input: Vec::new(), piece: usize::MAX };
        let greets = !matches!(steps.first(), Some(Step::Raw));
        let end = (if greets { this.greet() } else { Ok(()) })
            .and_then(|()| this.run(steps))
            .and_then(|()| this.listen());
        match end {
            Err(End::Close) => {
                // Closing with unread bytes would reset; so the rest is read after the end was announced.
                let _ = this.stream.shutdown(Shutdown::Write);
                shared.state.lock().unwrap().closed.insert(index);
                shared.changed.notify_all();
                while this.fill().is_ok() {
                    this.input.clear();
                }
            }
            Err(End::Reset) => socket2::SockRef::from(&this.stream).set_linger(Some(Duration::ZERO)).unwrap(),
            _ => {}
        }
        drop(this);
        let mut state = shared.state.lock().unwrap();
        state.closed.insert(index);
        state.gone.insert(index);
        drop(state);
        shared.changed.notify_all();
    }

    fn run(&mut self, steps: &[Step]) -> Go {
        for step in steps {
            match step {
                Step::Raw => {}
                Step::Expect(pattern) => {
                    let args = self.command()?;
                    self.note(&args);
                    if !matches(pattern, &args) {
                        self.fail(format!("expected {pattern:?}, heard {:?}", line(&args)));
                        return Err(End::Close);
                    }
                }
                Step::Read(count) => {
                    while self.input.len() < *count {
                        let missing = *count - self.input.len();
                        self.fill_at_most(missing)?;
                    }
                    self.input.drain(..count);
                }
                Step::Send(bytes) => self.send(bytes)?,
                Step::Split(size) => self.piece = *size,
                Step::Drip(pause, bytes) => loop {
                    self.send(bytes)?;
                    self.sleep(Some(*pause))?;
                },
                Step::Wait(name) => self.wait_for(|state| state.gates.contains(name))?,
                Step::Note(text) => self.note(&[text.clone().into_bytes()]),
                Step::Obey(until) => self.obey(until)?,
                Step::Mirror => loop {
                    let input = std::mem::take(&mut self.input);
                    self.send(&input)?;
                    self.fill()?;
                },
                Step::Repeat(Some(count), steps) => {
                    for _ in 0..*count {
                        self.run(steps)?;
                    }
                }
                Step::Repeat(None, steps) => loop {
                    self.run(steps)?;
                },
                Step::Hang => loop {
                    self.input.clear();
                    self.fill()?;
                },
                Step::Stall => self.sleep(None)?,
                Step::Close => return Err(End::Close),
                Step::Reset => return Err(End::Reset),
            }
        }
        Ok(())
    }

    /// Answers the greeting as a server does that knows RESP3; its last command is the library's version, or a PING where there is
    /// nothing else to say. Where less is said, it is over with the first command that is no part of it.
    fn greet(&mut self) -> Go {
        let mut said_hello = false;
        loop {
            let (args, used) = self.peek()?;
            let args = line(&args);
            let words: Vec<_> = args.split(' ').collect();
            let is_word = match words[..] {
                ["CLIENT", word, ..] => matches!(word, "SETNAME" | "SETINFO" | "NO-EVICT" | "NO-TOUCH"),
                [word, ..] => matches!(word, "HELLO" | "AUTH" | "SELECT" | "PING"),
                [] => false,
            };
            if said_hello && !is_word {
                return Ok(());
            }
            self.input.drain(..used);
            match words[0] {
                "HELLO" => self.send(GREETING)?,
                "PING" => return self.send(b"+PONG\r\n"),
                _ if is_word => self.send(b"+OK\r\n")?,
                _ => {
                    self.fail(format!("{args:?} is not part of a greeting"));
                    return Err(End::Close);
                }
            }
            said_hello |= words[0] == "HELLO";
            if args.starts_with("CLIENT SETINFO LIB-VER") {
                return Ok(());
            }
        }
    }

    /// A very small server, which does what it is told until it hears a certain command. It notes that, too, but leaves the
    /// answer to the steps that follow.
    fn obey(&mut self, until: &[String]) -> Go {
        let mut queued: Option<Vec<Vec<Vec<u8>>>> = None;
        loop {
            let args = self.command()?;
            self.note(&args);
            if !until.is_empty() && matches(until, &args) {
                return Ok(());
            }
            let mut reply = Vec::new();
            match (args[0].to_ascii_uppercase().as_slice(), &mut queued) {
                (b"MULTI", _) => {
                    queued = Some(Vec::new());
                    reply.extend_from_slice(b"+OK\r\n");
                }
                (b"EXEC", _) => {
                    let commands = queued.take().unwrap_or_default();
                    reply.extend_from_slice(format!("*{}\r\n", commands.len()).as_bytes());
                    commands.iter().for_each(|args| self.execute(args, &mut reply));
                }
                (_, Some(queued)) => {
                    queued.push(args);
                    reply.extend_from_slice(b"+QUEUED\r\n");
                }
                (_, None) => self.execute(&args, &mut reply),
            }
            self.send(&reply)?;
        }
    }

    /// INCR counts how often it was heard with this key, on all connections; what reads answers with its last argument; to
    /// `COMMAND INFO` it says that no command blocks.
    fn execute(&self, args: &[Vec<u8>], reply: &mut Vec<u8>) {
        match args[0].to_ascii_uppercase().as_slice() {
            b"HELLO" => reply.extend_from_slice(GREETING),
            b"PING" => reply.extend_from_slice(b"+PONG\r\n"),
            b"INCR" => {
                let line = line(args);
                let state = self.shared.state.lock().unwrap();
                let count = state.heard.iter().filter(|heard| heard.line == line).count();
                reply.extend_from_slice(format!(":{count}\r\n").as_bytes());
            }
            b"APPEND" => {
                let len = args.last().map_or(0, Vec::len);
                reply.extend_from_slice(format!(":{len}\r\n").as_bytes());
            }
            b"COMMAND" => {
                let names = args.get(2..).unwrap_or_default();
                reply.extend_from_slice(format!("*{}\r\n", names.len()).as_bytes());
                names.iter().for_each(|_| reply.extend_from_slice(b"*3\r\n+name\r\n:-2\r\n*0\r\n"));
            }
            b"AUTH" | b"SELECT" | b"CLIENT" | b"SET" => reply.extend_from_slice(b"+OK\r\n"),
            _ => {
                let last = args.last().expect("a command has a name");
                reply.extend_from_slice(format!("${}\r\n", last.len()).as_bytes());
                reply.extend_from_slice(last);
                reply.extend_from_slice(b"\r\n");
            }
        }
    }

    /// The script is over: notes what else is said, without an answer.
    fn listen(&mut self) -> Go {
        loop {
            let args = self.command()?;
            self.note(&args);
        }
    }

    fn note(&self, args: &[Vec<u8>]) {
        let heard = Heard { connection: self.index, line: line(args) };
        self.shared.state.lock().unwrap().heard.push(heard);
        self.shared.changed.notify_all();
    }

    fn fail(&self, what: String) {
        self.shared.state.lock().unwrap().failures.push(format!("connection {}: {what}", self.index));
        self.shared.changed.notify_all();
    }

    /// One whole command.
    fn command(&mut self) -> Go<Vec<Vec<u8>>> {
        let (args, used) = self.peek()?;
        self.input.drain(..used);
        Ok(args)
    }

    /// The next command and its length, without taking it.
    fn peek(&mut self) -> Go<(Vec<Vec<u8>>, usize)> {
        loop {
            if let Some(next) = decode(&self.input) {
                return Ok(next);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Go {
        self.fill_at_most(64 * 1024)
    }

    fn fill_at_most(&mut self, count: usize) -> Go {
        let mut buffer = vec![0; count.min(64 * 1024)];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(End::Over),
                Ok(count) => {
                    self.input.extend_from_slice(&buffer[..count]);
                    return Ok(());
                }
                Err(error) => self.tolerate(&error)?,
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Go {
        for mut piece in bytes.chunks(self.piece.max(1)) {
            while !piece.is_empty() {
                match self.stream.write(piece) {
                    Ok(count) => piece = &piece[count..],
                    Err(error) => self.tolerate(&error)?,
                }
            }
        }
        Ok(())
    }

    fn tolerate(&self, error: &io::Error) -> Go {
        let again = matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
        );
        if again && !self.shared.state.lock().unwrap().stop { Ok(()) } else { Err(End::Over) }
    }

    /// Does nothing for a while, or until the test is over.
    fn sleep(&self, pause: Option<Duration>) -> Go {
        let start = Instant::now();
        self.wait_for(|_| pause.is_some_and(|pause| start.elapsed() >= pause))
    }

    fn wait_for(&self, condition: impl Fn(&State) -> bool) -> Go {
        let mut state = self.shared.state.lock().unwrap();
        while !condition(&state) {
            if state.stop {
                return Err(End::Over);
            }
            state = self.shared.changed.wait_timeout(state, Duration::from_millis(1)).unwrap().0;
        }
        Ok(())
    }
}

fn line(args: &[Vec<u8>]) -> String {
    args.iter().map(|arg| String::from_utf8_lossy(arg)).collect::<Vec<_>>().join(" ")
}

/// The first command of the input and its length, once it is whole.
fn decode(input: &[u8]) -> Option<(Vec<Vec<u8>>, usize)> {
    let mut at = 0;
    let number = |mark: u8, at: &mut usize| -> Option<usize> {
        let end = input[*at..].iter().position(|&byte| byte == b'\n')? + *at;
        assert_eq!(input[*at], mark, "not a command: {:?}", String::from_utf8_lossy(&input[..end]));
        let digits = std::str::from_utf8(&input[*at + 1..end - 1]).expect("digits");
        *at = end + 1;
        Some(digits.parse().expect("a number"))
    };
    let count = number(b'*', &mut at)?;
    let mut args = Vec::with_capacity(count);
    for _ in 0..count {
        let len = number(b'$', &mut at)?;
        args.push(input.get(at..at + len)?.to_vec());
        input.get(at + len..at + len + 2)?;
        at += len + 2;
    }
    Some((args, at))
}
