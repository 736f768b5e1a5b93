//! One connection of the engine while it lasts.

use std::io;

use crate::driver::wire::broken;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::{Received, RequestId, Requests, Session};
use crate::resp::{Limits, Node};
use crate::transport::{Inbox, Socket};

/// A socket and the session spoken over it. Readiness comes in as events, once per change: the stream remembers it.
pub(super) struct Stream {
    socket: Socket,
    inbox: Inbox,
    session: Session,
    requests: Requests,
    /// The one request that all commands belong to here: the outbox knows whose they are.
    all: RequestId,
    readable: bool,
    writable: bool,
    /// The peer is done: read on to the end.
    ended: bool,
    write_failure: Option<Error>,
}

/// Reads without a pause; what is left then waits until others had their turn.
const READS: usize = 16;

impl Stream {
    pub(super) fn new(socket: Socket, limits: Limits) -> Self {
        let mut requests = Requests::default();
        let all = requests.open(false);
        Self {
            socket,
            inbox: Inbox::new(),
            session: Session::new(limits),
            requests,
            all,
            // Something may have come together with the connection.
            readable: true,
            writable: true,
            ended: false,
            write_failure: None,
        }
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    pub(super) fn on_event(&mut self, readable: bool, writable: bool, ended: bool) {
        self.readable |= readable || ended;
        self.writable |= writable;
        self.ended |= ended;
    }

    /// Whether a write is worth trying.
    pub(super) fn is_writable(&self) -> bool {
        self.writable && self.write_failure.is_none()
    }

    /// Writes what the kernel takes and returns how much that was. A failure shows when reading reaches the end.
    pub(super) fn write(&mut self, bytes: &[u8]) -> usize {
        match self.socket.write(bytes) {
            Ok(count) => return count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
            Err(error) => {
                self.write_failure = Some(broken("writing failed", &error));
                self.readable = true;
            }
        }
        0
    }

    /// Whether a write has failed and reading has not found out why yet.
    pub(super) fn has_failed(&self) -> bool {
        self.write_failure.is_some()
    }

    /// Expects the replies to so many more commands.
    pub(super) fn expect(&mut self, commands: u64) {
        self.session.expect(&mut self.requests, self.all, commands, 0);
    }

    pub(super) fn in_flight(&self) -> u64 {
        self.session.in_flight()
    }

    /// Reads what is there and hands replies to `part` as they arrive. True if there is more to read.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn read(&mut self, mut part: impl FnMut(&[Node], &[u8])) -> Result<bool> {
        let mut reads = 0;
        while self.readable {
            if reads == READS {
                return Ok(true);
            }
            reads += 1;
            match self.inbox.fill(&mut &self.socket) {
                Ok(0) => {
                    let end = Error::new(ErrorKind::Disconnected, "the server closed the connection");
                    // The first sign of trouble is the better explanation.
                    return Err(self.write_failure.take().unwrap_or(end));
                }
                Ok(_) => self.readable = self.ended || self.inbox.is_full(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.readable = false;
                    continue;
                }
                Err(error) => return Err(broken("reading failed", &error)),
            }
            let mut pos = 0;
            loop {
                let window = self.inbox.window();
                match self.session.receive(window, &mut pos, &mut self.requests, Some(self.all))? {
                    Received::Part => {
                        part(self.session.part(), window);
                        self.session.part().clear();
                    }
                    Received::Starved => break,
                }
            }
            self.inbox.consume(pos);
        }
        Ok(false)
    }
}
