//! One connection's bytes: what carries them, what it has received, whether it is ready, and what went wrong first.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use super::bytes::Bytes;
use super::inbox::Inbox;
use super::{Interest, Socket, Wake, wait};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Options;

/// Both directions of a connected socket.
///
/// What is promised here can be promised of an encrypted connection, too: see [`Bytes`], the one object through which both
/// halves go.
///
/// The receiving half can be taken out, so that its holder reads and uses what arrives without keeping others from sending.
pub(crate) struct Channel {
    bytes: Arc<Bytes>,
    /// `None` while somebody holds it.
    receiver: Option<Receiver>,
    /// What events have told and trying has not contradicted: see [`on_event`](Self::on_event).
    readable: bool,
    writable: bool,
    /// The peer is done: read on to the end.
    ended: bool,
    /// Writing failed. Replies that are already on their way are still read; their end is the end of the connection.
    write_failure: Option<Error>,
}

/// The receiving half.
pub(crate) struct Receiver {
    bytes: Arc<Bytes>,
    inbox: Inbox,
}

/// What writing came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Bytes that have left.
    pub(crate) left: usize,
    /// Bytes behind them that will, as they are: they have to be offered again, and cannot be taken back.
    pub(crate) committed: usize,
}

/// What trying to read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// There are new bytes.
    Data,
    /// There are none; why the waiting ended.
    Nothing(Wake),
}

impl Channel {
    /// The options say how the bytes travel.
    pub(crate) fn new(socket: Socket, options: &Options) -> Self {
        let bytes = Arc::new(Bytes::new(socket, options));
        Self {
            receiver: Some(Receiver { bytes: Arc::clone(&bytes), inbox: Inbox::new() }),
            bytes,
            // Something may have come together with the connection.
            readable: true,
            writable: true,
            ended: false,
            write_failure: None,
        }
    }

    /// Readiness as an event loop tells it, once per change: the channel remembers it.
    pub(crate) fn on_event(&mut self, readable: bool, writable: bool, ended: bool) {
        self.readable |= readable || ended;
        self.writable |= writable;
        self.ended |= ended;
    }

    /// Writes what goes without waiting; where nothing has left, nothing more goes now. A failure shows when reading reaches the
    /// end.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Written {
        if self.write_failure.is_some() {
            return Written::default();
        }
        match self.bytes.write(bytes) {
            Ok(left) => return Written { left, committed: self.bytes.committed() },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
            Err(error) => {
                self.write_failure = Some(broken("writing failed", &error));
                self.readable = true;
            }
        }
        Written { left: 0, committed: self.bytes.committed() }
    }

    /// Whether there is something to write, be it the channel's own, as far as it may leave now.
    #[inline]
    pub(crate) fn wants_write(&self, has_unsent: bool) -> bool {
        self.bytes.wants_write(has_unsent)
    }

    /// Whether a write is worth trying, for those who get events.
    pub(crate) fn is_writable(&self, has_unsent: bool) -> bool {
        self.writable && self.write_failure.is_none() && self.wants_write(has_unsent)
    }

    /// Whether a write has failed and reading has not been tried since, which mostly finds out why.
    pub(crate) fn has_failed(&self) -> bool {
        self.write_failure.is_some() && self.readable
    }

    /// Reads once without waiting, for those who get events; whether there are new bytes in the [`window`](Self::window).
    ///
    /// # Errors
    /// The connection is lost.
    pub(crate) fn read(&mut self) -> Result<bool> {
        let receiver = self.receiver.as_mut().expect("invariant: nobody has taken the receiving half");
        if !self.readable {
            return Ok(false);
        }
        match receiver.fill() {
            Ok(true) => {
                self.readable = self.ended || receiver.may_have_more();
                Ok(true)
            }
            Ok(false) => {
                self.readable = false;
                Ok(false)
            }
            Err(error) => Err(self.cause(error)),
        }
    }

    /// What was read and not consumed.
    pub(crate) fn window(&self) -> &[u8] {
        self.receiver.as_ref().map_or(&[], Receiver::window)
    }

    /// Drops the first `count` bytes of the window.
    pub(crate) fn consume(&mut self, count: usize) {
        if let Some(receiver) = &mut self.receiver {
            receiver.consume(count);
        }
    }

    /// Takes out the receiving half for good, unless somebody has it.
    pub(crate) fn take_receiver(&mut self) -> Option<Receiver> {
        self.receiver.take()
    }

    /// What a wait has to wait for.
    pub(crate) fn interest(&self, has_unsent: bool) -> Interest {
        let writes = self.write_failure.is_none() && self.wants_write(has_unsent);
        if writes { Interest::ReadWrite } else { Interest::Read }
    }

    /// The error to report when reading ended with `error`: the first sign of trouble is the better explanation.
    pub(crate) fn cause(&self, error: Error) -> Error {
        match &self.write_failure {
            Some(first) if error.kind() == ErrorKind::Disconnected => first.clone(),
            _ => error,
        }
    }

    /// Ends the connection for whoever waits for it.
    pub(crate) fn shut_down(&self) {
        self.bytes.socket().shut_down();
    }
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> RawFd {
        self.bytes.socket().as_raw_fd()
    }
}

impl Receiver {
    /// Reads once without waiting; whether there was anything.
    ///
    /// # Errors
    /// The connection is lost.
    #[inline]
    pub(crate) fn fill(&mut self) -> Result<bool> {
        match self.inbox.fill(&mut &*self.bytes) {
            Ok(0) => Err(Error::new(ErrorKind::Disconnected, "the server closed the connection")),
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(broken("reading failed", &error)),
        }
    }

    /// Whether filling once more may bring something, be the socket quiet.
    fn may_have_more(&self) -> bool {
        self.bytes.may_have_more(self.inbox.is_full())
    }

    /// Sleeps until there may be something to read, or to write according to `interest`, for up to `timeout`, and reads once.
    /// The only place where a connection is waited for by sleeping: what waits inside is asked for first.
    ///
    /// # Errors
    /// The connection is lost.
    pub(crate) fn sleep(&mut self, interest: Interest, timeout: Option<Duration>) -> Result<Fill> {
        let woken = match self.bytes.may_have_more(false) {
            true => Ok(Wake::Ready),
            false => wait(self.bytes.socket(), interest, timeout),
        };
        match woken {
            Ok(Wake::Ready) if self.fill()? => Ok(Fill::Data),
            Ok(wake) => Ok(Fill::Nothing(wake)),
            Err(error) => Err(broken("waiting failed", &error)),
        }
    }

    /// What was read and not consumed.
    pub(crate) fn window(&self) -> &[u8] {
        self.inbox.window()
    }

    /// Drops the first `count` bytes of the window.
    pub(crate) fn consume(&mut self, count: usize) {
        self.inbox.consume(count);
    }
}

/// An I/O error on an established connection. A reset is the server going away, however it shows.
fn broken(context: &str, error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
            ErrorKind::Disconnected
        }
        _ => ErrorKind::Io,
    };
    Error::from_io(kind, context, error)
}

#[cfg(test)]
#[path = "channel_tests.rs"]
mod tests;
