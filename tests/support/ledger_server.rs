//! A server that keeps a ledger of what it executed and treats its clients badly, as its seed will have it.
//!
//! It knows LPUSH, GET, BLPOP, MULTI and EXEC. The first argument of a command (the one behind the key of LPUSH) is a token, and
//! every reply contains it. So does it do with commands that nobody knows, of which it says that they block if their names begin with
//! B. It splits replies anywhere, mixes pushes and attributes in, answers with errors and with long strings, stalls,
//! and hangs up before, between and after executing and answering.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use oxipipe::Options;

use super::tcp;

pub(crate) struct LedgerServer {
    port: u16,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    ledger: Mutex<Vec<Executed>>,
    streams: Mutex<Vec<TcpStream>>,
    stop: Mutex<bool>,
}

/// A write that was executed.
#[derive(Clone, Debug)]
pub(crate) struct Executed {
    pub(crate) connection: usize,
    /// LPUSH's key; empty for BLPOP.
    pub(crate) key: String,
    pub(crate) token: u64,
}

/// How bad it is.
#[derive(Clone, Copy)]
pub(crate) struct Malice {
    /// Of 1000 commands so many end the connection in one way or another.
    pub(crate) cuts: u32,
    /// Of 1000 commands so many are followed by a pause of `stall`.
    pub(crate) stalls: u32,
    pub(crate) stall: Duration,
}

impl LedgerServer {
    pub(crate) fn start(seed: u64, malice: Malice) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        let shared = Arc::new(Shared::default());
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let mut threads = Vec::new();
                for (connection, stream) in listener.incoming().enumerate() {
                    if *shared.stop.lock().unwrap() {
                        break;
                    }
                    let Ok(stream) = stream else { continue };
                    stream.set_nodelay(true).unwrap();
                    shared.streams.lock().unwrap().push(stream.try_clone().unwrap());
                    let random = Random::new(seed.wrapping_mul(1_000_003) + connection as u64);
                    let shared = Arc::clone(&shared);
                    threads.push(thread::spawn(move || {
                        let input = Vec::new();
                        let mut talk = Talk { stream, connection, shared: &shared, random, malice, input };
                        // A connection ends when either side has had enough.
                        let _ = talk.hold();
                        let _ = talk.stream.shutdown(std::net::Shutdown::Both);
                    }));
                }
                for thread in threads {
                    thread.join().expect("the server did not panic");
                }
            }
        });
        Self { port, shared, accepting: Some(accepting) }
    }

    pub(crate) fn options(&self) -> Options {
        tcp(self.port)
    }

    /// Ends all connections and says what was executed, in order.
    pub(crate) fn stop(mut self) -> Vec<Executed> {
        self.end();
        std::mem::take(&mut self.shared.ledger.lock().unwrap())
    }

    fn end(&mut self) {
        let Some(accepting) = self.accepting.take() else { return };
        *self.shared.stop.lock().unwrap() = true;
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        for stream in self.shared.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        accepting.join().expect("the server did not panic");
    }
}

impl Drop for LedgerServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// xorshift: good enough, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..8 {
            random.next();
        }
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }

    /// True `of` times in 1000.
    pub(crate) fn chance(&mut self, of: u32) -> bool {
        self.below(1000) < u64::from(of)
    }
}

struct Talk<'a> {
    stream: TcpStream,
    connection: usize,
    shared: &'a Shared,
    random: Random,
    malice: Malice,
    input: Vec<u8>,
}

/// The conversation is over.
struct Over;

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

impl Talk<'_> {
    fn hold(&mut self) -> Result<(), Over> {
        let mut queued: Option<Vec<Vec<String>>> = None;
        loop {
            let args = self.command()?;
            if self.random.chance(self.malice.stalls) {
                thread::sleep(self.malice.stall);
            }
            let cut = self.random.chance(self.malice.cuts).then(|| self.random.below(3));
            if cut == Some(0) {
                return Err(Over);
            }
            let mut reply = Vec::new();
            match (args[0].as_str(), &mut queued) {
                ("HELLO", _) => reply.extend_from_slice(b"%1\r\n$5\r\nproto\r\n:3\r\n"),
                ("CLIENT" | "SELECT", _) => reply.extend_from_slice(b"+OK\r\n"),
                ("COMMAND", _) => describe(&args[2..], &mut reply),
                ("PING", _) => reply.extend_from_slice(b"+PONG\r\n"),
                ("MULTI", _) => {
                    queued = Some(Vec::new());
                    reply.extend_from_slice(b"+OK\r\n");
                }
                ("EXEC", _) => {
                    let commands = queued.take().expect("EXEC comes after MULTI");
                    reply.extend_from_slice(format!("*{}\r\n", commands.len()).as_bytes());
                    for args in commands {
                        self.execute(&args, &mut reply);
                    }
                }
                (_, Some(queued)) => {
                    queued.push(args);
                    reply.extend_from_slice(b"+QUEUED\r\n");
                }
                (_, None) => {
                    if self.random.chance(30) {
                        reply.extend_from_slice(b">2\r\n$4\r\npush\r\n$3\r\nany\r\n");
                    }
                    self.execute(&args, &mut reply);
                }
            }
            match cut {
                Some(1) => return Err(Over),
                Some(_) => {
                    let part = self.random.below(reply.len() as u64) as usize;
                    self.stream.write_all(&reply[..part])?;
                    return Err(Over);
                }
                None => self.send(&reply)?,
            }
        }
    }

    fn execute(&mut self, args: &[String], reply: &mut Vec<u8>) {
        let (key, token) = match args[0].as_str() {
            "LPUSH" => (args[1].clone(), &args[2]),
            _ => (String::new(), &args[1]),
        };
        if args[0] != "GET" {
            let entry = Executed { connection: self.connection, key, token: token.parse().expect("a token") };
            self.shared.ledger.lock().unwrap().push(entry);
        }
        let long = match self.random.below(100) {
            0 => self.random.below(300_000) as usize,
            1..10 => 100,
            _ => 0,
        };
        let text = format!("{token} {}", "x".repeat(long));
        let text = match self.random.below(20) {
            0 => format!("-ERR {token}\r\n"),
            1 => format!("*2\r\n*1\r\n${}\r\n{text}\r\n:1\r\n", text.len()),
            2 => format!("|1\r\n+why\r\n+so\r\n${}\r\n{text}\r\n", text.len()),
            _ => format!("${}\r\n{text}\r\n", text.len()),
        };
        reply.extend_from_slice(text.as_bytes());
    }

    fn send(&mut self, mut bytes: &[u8]) -> Result<(), Over> {
        while !bytes.is_empty() {
            let piece = match self.random.below(4) {
                0 => (1 + self.random.below(20) as usize).min(bytes.len()),
                _ => bytes.len(),
            };
            self.stream.write_all(&bytes[..piece])?;
            bytes = &bytes[piece..];
        }
        Ok(())
    }

    fn command(&mut self) -> Result<Vec<String>, Over> {
        loop {
            if let Some((args, used)) = decode(&self.input) {
                self.input.drain(..used);
                return Ok(args);
            }
            let size = if self.random.below(4) == 0 { 7 } else { 64 * 1024 };
            let mut buffer = vec![0; size];
            match self.stream.read(&mut buffer)? {
                0 => return Err(Over),
                count => self.input.extend_from_slice(&buffer[..count]),
            }
        }
    }
}

/// The first command of the input and its length, once it is whole.
fn decode(input: &[u8]) -> Option<(Vec<String>, usize)> {
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
        args.push(String::from_utf8(input.get(at..at + len)?.to_vec()).expect("text"));
        input.get(at + len..at + len + 2)?;
        at += len + 2;
    }
    Some((args, at))
}

/// What `COMMAND INFO` says.
fn describe(names: &[String], reply: &mut Vec<u8>) {
    reply.extend_from_slice(format!("*{}\r\n", names.len()).as_bytes());
    for name in names {
        let flag = if name.starts_with('B') { "blocking" } else { "write" };
        reply.extend_from_slice(format!("*3\r\n+{name}\r\n:-2\r\n*1\r\n+{flag}\r\n").as_bytes());
    }
}
