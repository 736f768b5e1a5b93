//! For tests of what an encrypted connection needs: bytes that travel in records, without the encryption.
//!
//! A record is a kind, the length of what is in it, and that, disguised. As with the real ones a part of a record is worth
//! nothing, each side begins with a greeting of its own before anything else may be said, and either may be asked for an answer
//! of which whoever uses the connection knows nothing.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::Mutex;

use super::Socket;

/// The side of the library.
pub(super) struct Records {
    socket: Socket,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// To be written, in order.
    frames: VecDeque<Frame>,
    /// The other side has greeted.
    is_greeted: bool,
    /// Read and not a whole record yet.
    raw: Vec<u8>,
    /// What was in records that are whole, and nobody has taken.
    inside: VecDeque<u8>,
    /// At most so much of it is given at a time.
    portion: usize,
    /// The socket had no more.
    is_drained: bool,
}

struct Frame {
    wire: VecDeque<u8>,
    /// What is in it, if that was given to be written.
    plain: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Greeting,
    Data,
    /// Wants an `Answer`.
    Question,
    Answer,
}

const HEADER: usize = 5;

impl Records {
    pub(super) fn new(socket: Socket, portion: usize) -> Self {
        let frames = [Frame::new(Kind::Greeting, &[])].into();
        Self { socket, inner: Mutex::new(Inner { frames, portion, ..Inner::default() }) }
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Everything that is offered goes into one record as soon as the one before has left.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.inner.lock().unwrap();
        let mut left = 0;
        loop {
            while let Some(frame) = inner.frames.front_mut() {
                let offered = &bytes[left..];
                if offered.is_empty() && !frame.plain.is_empty() {
                    return Ok(left);
                }
                assert!(offered.starts_with(&frame.plain), "other bytes than those that are committed");
                match frame.leave(&self.socket) {
                    Ok(()) => left += frame.plain.len(),
                    Err(_) if left > 0 => return Ok(left),
                    Err(error) => return Err(error),
                }
                inner.frames.pop_front();
            }
            if left == bytes.len() || !inner.is_greeted {
                return Ok(left);
            }
            inner.frames.push_back(Frame::new(Kind::Data, &bytes[left..]));
        }
    }

    pub(super) fn committed(&self) -> usize {
        self.inner.lock().unwrap().frames.iter().map(|frame| frame.plain.len()).sum()
    }

    pub(super) fn wants_write(&self, has_unsent: bool) -> bool {
        let inner = self.inner.lock().unwrap();
        match inner.frames.front() {
            Some(frame) if frame.plain.is_empty() => true,
            _ => has_unsent && inner.is_greeted,
        }
    }

    pub(super) fn may_have_more(&self) -> bool {
        let inner = self.inner.lock().unwrap();
        !inner.inside.is_empty() || !inner.is_drained
    }

    pub(super) fn read(&self, room: &mut [u8]) -> io::Result<usize> {
        let mut inner = self.inner.lock().unwrap();
        while inner.inside.is_empty() {
            let mut buffer = [0; 4096];
            inner.is_drained = true;
            match (&self.socket).read(&mut buffer)? {
                0 => return Ok(0),
                count => inner.take(&buffer[..count]),
            }
            inner.is_drained = false;
        }
        let most = room.len().min(inner.portion);
        inner.inside.read(&mut room[..most])
    }
}

impl Inner {
    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        while let Some((kind, plain)) = next_record(&mut self.raw) {
            match kind {
                Kind::Greeting => self.is_greeted = true,
                Kind::Data => self.inside.extend(plain),
                Kind::Question => self.frames.push_back(Frame::new(Kind::Answer, &[])),
                Kind::Answer => panic!("nothing was asked"),
            }
        }
    }
}

impl Frame {
    fn new(kind: Kind, plain: &[u8]) -> Self {
        Self { wire: record(kind, plain).into(), plain: plain.to_vec() }
    }

    /// Whether all of it has left, or why not.
    fn leave(&mut self, socket: &Socket) -> io::Result<()> {
        while !self.wire.is_empty() {
            let count = socket.write(self.wire.as_slices().0)?;
            self.wire.drain(..count);
        }
        Ok(())
    }
}

fn record(kind: Kind, plain: &[u8]) -> Vec<u8> {
    let mut wire = vec![kind as u8];
    wire.extend((plain.len() as u32).to_be_bytes());
    wire.extend(disguised(plain));
    wire
}

fn next_record(raw: &mut Vec<u8>) -> Option<(Kind, Vec<u8>)> {
    let header = raw.get(..HEADER)?;
    let end = HEADER + u32::from_be_bytes(header[1..].try_into().unwrap()) as usize;
    let plain = disguised(raw.get(HEADER..end)?).collect();
    let kind = [Kind::Greeting, Kind::Data, Kind::Question, Kind::Answer][usize::from(header[0])];
    raw.drain(..end);
    Some((kind, plain))
}

fn disguised(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().map(|byte| byte ^ 0x5a)
}

/// The side of a server, which waits.
pub(crate) struct Peer<S> {
    stream: S,
    raw: Vec<u8>,
    /// What was said to it and is not taken yet.
    pub(crate) heard: Vec<u8>,
}

impl<S: Read + Write> Peer<S> {
    /// Hears the greeting, and greets.
    pub(crate) fn meet(stream: S) -> Self {
        let mut peer = Self { stream, raw: Vec::new(), heard: Vec::new() };
        assert_eq!(peer.next(), Some(Kind::Greeting));
        peer.stream.write_all(&record(Kind::Greeting, &[])).unwrap();
        peer
    }

    /// Waits for more in [`heard`](Self::heard); false at the end.
    pub(crate) fn hear(&mut self) -> bool {
        match self.next() {
            Some(kind) => {
                assert_eq!(kind, Kind::Data);
                true
            }
            None => false,
        }
    }

    /// Says each in a record of its own, in one piece.
    pub(crate) fn say(&mut self, plain: &[&str]) {
        let records: Vec<_> = plain.iter().flat_map(|plain| record(Kind::Data, plain.as_bytes())).collect();
        self.stream.write_all(&records).unwrap();
    }

    /// Asks for the answer that no user knows of, and waits for it.
    pub(crate) fn ask(&mut self) {
        self.stream.write_all(&record(Kind::Question, &[])).unwrap();
        assert_eq!(self.next(), Some(Kind::Answer), "nothing else is on its way");
    }

    fn next(&mut self) -> Option<Kind> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            if let Some((kind, plain)) = next_record(&mut self.raw) {
                self.heard.extend(plain);
                return Some(kind);
            }
            match self.stream.read(&mut buffer).unwrap_or(0) {
                0 => return None,
                count => self.raw.extend_from_slice(&buffer[..count]),
            }
        }
    }
}
