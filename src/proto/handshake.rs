//! The first words on a new connection.

use crate::error::{Error, ErrorKind};
use crate::options::{Options, Secret};
use crate::resp::{Kind, Reply, Value};

/// Greets the server in one flight where it can: everything is sent at once and judged when all replies are there.
///
/// ```text
///   Hello --all well--> done
///     |  HELLO unknown or not permitted, or RESP2 wanted
///     v
///   Plain --all well--> done
/// ```
///
/// Any error here ends the connection: a half-greeted one is never used, so a late reply can never shift others.
pub(crate) struct Handshake {
    flight: Flight,
    words: Vec<Word>,
    db: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flight {
    Hello,
    Plain,
}

/// One command of a flight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word {
    Hello,
    Auth,
    Select,
    SetName,
    LibName,
    LibVersion,
}

/// What to do after the replies of a flight.
pub(crate) enum Step {
    /// The connection is ready.
    Done,
    /// Send the commands of the next flight.
    Again,
}

impl Handshake {
    pub(crate) fn new(options: &Options) -> Self {
        let flight = if options.protocol >= 3 { Flight::Hello } else { Flight::Plain };
        let mut handshake = Self { flight, words: Vec::new(), db: options.db.to_string() };
        handshake.plan(options);
        handshake
    }

    /// The commands to send now. May be empty in RESP2 with nothing to say, which the caller takes as done.
    pub(crate) fn commands<'a>(&'a self, o: &'a Options) -> Vec<Vec<&'a [u8]>> {
        let command = |word: &Word| -> Vec<&'a [u8]> {
            match word {
                Word::Hello => {
                    let mut hello: Vec<&[u8]> = vec![b"HELLO", b"3"];
                    if let Some(password) = password(o) {
                        hello.extend([&b"AUTH"[..], username(o).unwrap_or("default").as_bytes(), password]);
                    }
                    hello
                }
                Word::Auth => {
                    let mut auth: Vec<&[u8]> = vec![b"AUTH"];
                    auth.extend(username(o).map(str::as_bytes));
                    auth.extend(password(o));
                    auth
                }
                Word::Select => vec![b"SELECT", self.db.as_bytes()],
                Word::SetName => {
                    vec![b"CLIENT", b"SETNAME", o.client_name.as_deref().unwrap_or_default().as_bytes()]
                }
                Word::LibName => vec![b"CLIENT", b"SETINFO", b"LIB-NAME", o.lib_name.as_bytes()],
                Word::LibVersion => vec![b"CLIENT", b"SETINFO", b"LIB-VER", o.lib_version.as_bytes()],
            }
        };
        self.words.iter().map(command).collect()
    }

    /// Judges the replies of the flight, one per command, in order.
    pub(crate) fn judge(&mut self, options: &Options, replies: &Reply) -> Result<Step, Error> {
        for (index, word) in self.words.clone().into_iter().enumerate() {
            let reply = replies.root().get(index).ok_or_else(not_a_server)?;
            match (word, reply.error()) {
                (Word::Hello, None) if !matches!(reply.kind(), Kind::Map | Kind::Array) => {
                    return Err(not_a_server());
                }
                (Word::Auth | Word::Select, None) if !is_ok(reply) => return Err(not_a_server()),
                (_, None) => {}
                (Word::Hello, Some(text)) => {
                    if !is_hello_unknown(text) {
                        return Err(refused(text));
                    }
                    self.flight = Flight::Plain;
                    self.plan(options);
                    return Ok(Step::Again);
                }
                (Word::Auth | Word::Select, Some(text)) => return Err(refused(text)),
                // A server that does not know these, or a user who may not, is as good without.
                (Word::SetName | Word::LibName | Word::LibVersion, Some(_)) => {}
            }
        }
        Ok(Step::Done)
    }

    /// What the server had against us, if it said so before the connection ended.
    pub(crate) fn refusal(&self, replies: &Reply) -> Option<Error> {
        let text = replies.root().get(0)?.error()?;
        (!is_hello_unknown(text)).then(|| refused(text))
    }

    fn plan(&mut self, options: &Options) {
        self.words.clear();
        match self.flight {
            Flight::Hello => self.words.push(Word::Hello),
            Flight::Plain if password(options).is_some() => self.words.push(Word::Auth),
            Flight::Plain => {}
        }
        if options.db != 0 {
            self.words.push(Word::Select);
        }
        if options.client_name.is_some() {
            self.words.push(Word::SetName);
        }
        self.words.extend([Word::LibName, Word::LibVersion]);
    }
}

fn username(options: &Options) -> Option<&str> {
    options.username.as_deref()
}

/// A user without a password authenticates with an empty one, as ACL users with `nopass` do.
fn password(options: &Options) -> Option<&[u8]> {
    match (&options.password, &options.username) {
        (Some(secret), _) => Some(Secret::expose(secret).as_bytes()),
        (None, Some(_)) => Some(b""),
        (None, None) => None,
    }
}

/// Whether the server refused HELLO for not knowing it or for keeping this user from it, rather than for the credentials.
fn is_hello_unknown(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    text.starts_with(b"NOPROTO")
        || text.starts_with(b"NOPERM")
        || lower.starts_with(b"err unknown command")
        || lower.starts_with(b"unknown command")
        || lower.starts_with(b"err command not supported")
}

fn refused(text: &[u8]) -> Error {
    let is_auth =
        [&b"NOAUTH"[..], b"WRONGPASS", b"ERR invalid password", b"ERR Client sent AUTH", b"ERR AUTH"]
            .iter()
            .any(|prefix| text.starts_with(prefix));
    let kind = if is_auth { ErrorKind::Auth } else { ErrorKind::Handshake };
    let mut message = sanitised(text);
    if text.starts_with(b"NOAUTH") {
        // The server's own text advises commands that are not the caller's to send.
        message =
            format!("the server wants a password, and the client's options have none; it said: {message}");
    }
    Error::not_applied(kind, message)
}

fn not_a_server() -> Error {
    Error::not_applied(ErrorKind::Handshake, "the peer does not answer the greeting as a Redis server does")
}

fn is_ok(reply: Value<'_>) -> bool {
    reply.kind() == Kind::Status && reply.bytes() == Some(b"OK")
}

/// A server's text, fit for a message: control characters escaped, cut at 512 bytes.
fn sanitised(text: &[u8]) -> String {
    let cut = &text[..text.len().min(512)];
    String::from_utf8_lossy(cut)
        .chars()
        .flat_map(|c| {
            let escaped: Vec<char> = if c.is_control() { c.escape_default().collect() } else { vec![c] };
            escaped
        })
        .collect()
}

#[cfg(test)]
#[path = "handshake_tests.rs"]
mod tests;
