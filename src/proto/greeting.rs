//! The first words on a new connection.

use zeroize::Zeroizing;

use super::server::Server;
use crate::error::{Error, ErrorKind};
use crate::options::{Options, Secret};
use crate::resp::{self, Kind, Node, Reply, ReplyBuilder, Value};

/// Greets the server in one flight where it can: everything is sent at once and judged when all replies are there.
///
/// ```text
///   Hello --all well--> done
///     |  HELLO refused for whatever reason but the credentials, or the connection closed over it, or RESP2 wanted
///     v
///   Plain --all well--> done
/// ```
///
/// Proxies refuse HELLO in words of their own or hang up, so no wording is looked for. A connection that was closed over it is
/// made once more, and greeted plainly from the start. Any other error ends the connection: a half-greeted one is never used,
/// so a late reply can never shift others.
pub(super) struct Greeting {
    flight: Flight,
    words: Vec<Word>,
    /// What to send; it may hold the password.
    bytes: Zeroizing<Vec<u8>>,
    sent: usize,
    replies: ReplyBuilder,
    /// Replies still to come.
    awaited: usize,
    /// How HELLO was refused, for when the plain greeting is not to the server's liking either.
    refusal: Option<Error>,
    server: Server,
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
    NoEvict,
    NoTouch,
    LibName,
    LibVersion,
    Ping,
}

/// What to do after a reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There are more replies to come, and perhaps more to send.
    Waits,
    /// The connection is ready.
    Done(Server),
}

/// What to do when the connection is lost during the greeting.
pub(super) enum Lost {
    /// Connect once more, without HELLO.
    GreetPlainly,
    Fail(Error),
}

impl Greeting {
    /// `plain`: the server has hung up over HELLO.
    pub(super) fn new(options: &Options, plain: bool) -> Self {
        let flight = if options.protocol >= 3 && !plain { Flight::Hello } else { Flight::Plain };
        let mut greeting = Self {
            flight,
            words: Vec::new(),
            bytes: Zeroizing::default(),
            sent: 0,
            replies: ReplyBuilder::with_root_array(),
            awaited: 0,
            refusal: None,
            server: Server::unknown(),
        };
        // A server that does not know HELLO does not know CLIENT SETINFO.
        greeting.plan(options, options.client_info && !plain);
        greeting
    }

    pub(super) fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    pub(super) fn advance(&mut self, count: usize) {
        self.sent += count;
    }

    /// Whether a reply is to come.
    pub(super) fn is_awaiting(&self) -> bool {
        self.awaited > 0
    }

    /// Takes a part of the replies; with the last one of a flight they are judged. `ends`: a reply ends with it.
    pub(super) fn hear(
        &mut self,
        options: &Options,
        part: &[Node],
        window: &[u8],
        ends: bool,
    ) -> Result<Step, Error> {
        self.replies.append(part, window);
        self.awaited -= usize::from(ends);
        if self.awaited > 0 || !ends {
            return Ok(Step::Waits);
        }
        let replies = std::mem::replace(&mut self.replies, ReplyBuilder::with_root_array()).finish();
        self.judge(options, &replies)
    }

    /// Judges the replies of the flight, one per command, in order.
    fn judge(&mut self, options: &Options, replies: &Reply) -> Result<Step, Error> {
        for (index, word) in self.words.clone().into_iter().enumerate() {
            let reply = replies.root().get(index).ok_or_else(not_a_server)?;
            match (word, reply.error()) {
                (Word::Hello, None) => self.server = Server::from_hello(reply).ok_or_else(not_a_server)?,
                (Word::Hello, Some(text)) => {
                    let refusal = refused(text);
                    if is_final(&refusal) {
                        return Err(refusal);
                    }
                    self.refusal = Some(refusal);
                    self.flight = Flight::Plain;
                    self.plan(options, false);
                    return Ok(Step::Waits);
                }
                (Word::Ping, None) if reply.bytes() == Some(b"PONG") => {}
                (Word::Ping, None) => return Err(not_a_server()),
                (_, None) if !is_ok(reply) => return Err(not_a_server()),
                (_, None) => {}
                (_, Some(text)) if text.starts_with(b"NOAUTH") => return Err(refused(text)),
                // A server that does not know these, or a user who may not, is as good without.
                (Word::LibName | Word::LibVersion | Word::Ping, Some(_)) => {}
                (_, Some(text)) => return Err(refused(text)),
            }
        }
        Ok(Step::Done(self.server.clone()))
    }

    /// The connection ended before the greeting did.
    pub(super) fn on_lost(mut self, error: Error) -> Lost {
        let is_cut = matches!(error.kind(), ErrorKind::Disconnected | ErrorKind::Io);
        if !is_cut && error.kind() != ErrorKind::Timeout {
            return Lost::Fail(error);
        }
        // A server that refuses says why and hangs up: what it said counts for more.
        let replies = std::mem::take(&mut self.replies).finish();
        let said = replies.root().get(0).and_then(Value::error).map(refused);
        if self.flight == Flight::Hello && is_cut && said.as_ref().is_none_or(|said| !is_final(said)) {
            return Lost::GreetPlainly;
        }
        Lost::Fail(said.or(self.refusal).unwrap_or_else(|| match error.kind() {
            ErrorKind::Disconnected => {
                Error::new(ErrorKind::Disconnected, "the server closed the connection during the greeting")
            }
            ErrorKind::Timeout => {
                Error::new(ErrorKind::Timeout, "the server did not answer the greeting in time")
            }
            _ => error,
        }))
    }

    /// Chooses the words of the present flight and writes them down.
    fn plan(&mut self, options: &Options, tells_library: bool) {
        self.words.clear();
        match self.flight {
            Flight::Hello => self.words.push(Word::Hello),
            Flight::Plain if password(options).is_some() => self.words.push(Word::Auth),
            Flight::Plain => {}
        }
        let optional = [
            (Word::Select, options.db != 0),
            (Word::SetName, options.client_name.is_some()),
            (Word::NoEvict, options.client_no_evict),
            (Word::NoTouch, options.client_no_touch),
            (Word::LibName, tells_library),
            (Word::LibVersion, tells_library),
        ];
        self.words.extend(optional.iter().filter(|(_, wanted)| *wanted).map(|(word, _)| *word));
        if self.words.is_empty() {
            // Nothing to say, and yet something has to show that there is a server.
            self.words.push(Word::Ping);
        }
        self.awaited = self.words.len();
        self.write(options);
    }

    fn write(&mut self, o: &Options) {
        let db = o.db.to_string();
        let args = |word: &Word| -> Vec<&[u8]> {
            match word {
                Word::Hello => match password(o) {
                    Some(password) => {
                        vec![b"HELLO", b"3", b"AUTH", username(o).unwrap_or("default").as_bytes(), password]
                    }
                    None => vec![b"HELLO", b"3"],
                },
                Word::Auth => match (username(o), password(o).unwrap_or_default()) {
                    (Some(username), password) => vec![b"AUTH", username.as_bytes(), password],
                    (None, password) => vec![b"AUTH", password],
                },
                Word::Select => vec![b"SELECT", db.as_bytes()],
                Word::SetName => {
                    vec![b"CLIENT", b"SETNAME", o.client_name.as_deref().unwrap_or_default().as_bytes()]
                }
                Word::NoEvict => vec![b"CLIENT", b"NO-EVICT", b"ON"],
                Word::NoTouch => vec![b"CLIENT", b"NO-TOUCH", b"ON"],
                Word::LibName => vec![b"CLIENT", b"SETINFO", b"LIB-NAME", o.lib_name.as_bytes()],
                Word::LibVersion => vec![b"CLIENT", b"SETINFO", b"LIB-VER", o.lib_version.as_bytes()],
                Word::Ping => vec![b"PING"],
            }
        };
        self.bytes = resp::encode_secret_commands(&self.words.iter().map(args).collect::<Vec<_>>());
        self.sent = 0;
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

/// Whether a refusal of HELLO would be one of any greeting: for the credentials, or because the server takes nobody.
fn is_final(refusal: &Error) -> bool {
    let message = refusal.message();
    refusal.kind() == ErrorKind::Auth
        || message.starts_with("ERR max number of clients")
        || message.starts_with("DENIED ")
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
        message.insert_str(
            0,
            "the server wants to see credentials that the client's options do not have; it said: ",
        );
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
pub(super) fn sanitised(text: &[u8]) -> String {
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
#[path = "greeting_tests.rs"]
mod tests;
