//! How the bytes of a connection travel: as they are, or in whatever an encrypted connection puts them into.

use std::io::{self, Read};

#[cfg(test)]
use super::records_tests::Records;
use super::socket::Socket;
use crate::options::Options;

/// The one object that both halves of a [`Channel`](super::Channel) read and write through.
///
/// Whatever there is to know about it is asked here and inferred nowhere else, so that an encrypted connection can be one more
/// variant. What it has to promise, and what drivers may rely on:
///
/// * Bytes have *left* when the kernel has all that it takes to read them: for those in a record, its last byte. A record of
///   which a part is missing cannot be read, so that until then nothing in it can have been applied.
/// * Bytes in a record that has not left are *committed*: they will leave as they are, before any others. They are offered
///   again until they have left, and only while they are offered does their record get on.
/// * Reading never writes: what it makes necessary to say waits until somebody writes, so that whoever writes learns of all
///   that has left.
/// * Neither waits for the other with nobody knowing: [`wants_write`](Self::wants_write) says whether writing could get on. A
///   handshake has something to write before there is anything to read, and commands cannot leave before it has been read.
pub(super) enum Bytes {
    Plain(Socket),
    #[cfg(test)]
    Records(Records),
}

impl Bytes {
    #[cfg_attr(not(test), expect(unused_variables, reason = "there is one way so far"))]
    pub(super) fn new(socket: Socket, options: &Options) -> Self {
        #[cfg(test)]
        if let Some(portion) = options.records {
            return Self::Records(Records::new(socket, portion));
        }
        Self::Plain(socket)
    }

    /// Writes what goes without waiting, of its own and of `bytes`, and returns how many of the latter have left.
    #[inline]
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            #[cfg(test)]
            Self::Records(records) => records.write(bytes),
        }
    }

    /// How many bytes behind those that have left are committed.
    #[inline]
    pub(super) fn committed(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            #[cfg(test)]
            Self::Records(records) => records.committed(),
        }
    }

    /// Whether there is something to write that the socket has to take: what waits to be sent, if it may leave, or something of
    /// its own.
    #[inline]
    pub(super) fn wants_write(&self, has_unsent: bool) -> bool {
        match self {
            Self::Plain(_) => has_unsent,
            #[cfg(test)]
            Self::Records(records) => records.wants_write(has_unsent),
        }
    }

    /// Whether the next read may bring something although nothing new comes to the socket. `filled`: the last one filled the
    /// room it was given, and has not been followed by a wait.
    #[inline]
    pub(super) fn may_have_more(&self, filled: bool) -> bool {
        match self {
            Self::Plain(_) => filled,
            #[cfg(test)]
            Self::Records(records) => records.may_have_more(),
        }
    }

    #[inline]
    pub(super) fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            #[cfg(test)]
            Self::Records(records) => records.socket(),
        }
    }
}

/// `WouldBlock`: there is nothing inside, and nothing more in the socket.
impl Read for &Bytes {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Bytes::Plain(socket) => (&mut &*socket).read(buffer),
            #[cfg(test)]
            Bytes::Records(records) => records.read(buffer),
        }
    }
}
