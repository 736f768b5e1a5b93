//! The receive buffer of one connection.

use std::io::{self, Read};

use super::zeroed::zeroed;

/// Bytes that arrived and are not consumed yet, in one piece.
///
/// The size is such that a read, the parsing and the copying of the result stay within the second-level cache. It grows
/// only when what is there fills it, never by what a peer announces, and shrinks back when it is empty.
pub(crate) struct Inbox {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

const SIZE: usize = 128 * 1024;
/// Below this much free space a read is not worth its system call.
const SMALL: usize = 16 * 1024;
/// A buffer above this size is given back once it is empty.
const KEEP: usize = 1024 * 1024;

impl Inbox {
    pub(crate) fn new() -> Self {
        Self { buffer: vec![0; SIZE], start: 0, end: 0 }
    }

    pub(crate) fn window(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.start += count;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.buffer.len() > KEEP {
                self.buffer = vec![0; SIZE];
            }
        }
    }

    /// Reads once from `source`. 0 means end of file.
    pub(crate) fn fill(&mut self, source: &mut impl Read) -> io::Result<usize> {
        self.make_room()?;
        let count = source.read(&mut self.buffer[self.end..])?;
        self.end += count;
        Ok(count)
    }

    /// Whether the last read filled it, so that there may be more to read.
    pub(crate) fn is_full(&self) -> bool {
        self.end == self.buffer.len()
    }

    fn make_room(&mut self) -> io::Result<()> {
        if self.buffer.len() - self.end >= SMALL {
            return Ok(());
        }
        let used = self.end - self.start;
        // Moving what is there costs as much as it is long; where that is most of the buffer, a larger one saves moving it
        // again and again.
        if used > self.buffer.len() / 2 {
            // A fresh zeroed buffer comes from the kernel without being touched; growing in place would write all of it.
            let mut larger = zeroed(self.buffer.len() * 2)?;
            larger[..used].copy_from_slice(self.window());
            self.buffer = larger;
        } else {
            self.buffer.copy_within(self.start..self.end, 0);
        }
        self.start = 0;
        self.end = used;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stay_in_order_while_the_buffer_moves_and_grows() {
        let sent: Vec<u8> = (0..3 * SIZE + 77).map(|n| (n % 251) as u8).collect();
        let mut source = &sent[..];
        let mut inbox = Inbox::new();
        let mut seen = Vec::new();
        let mut round = 0;
        while inbox.fill(&mut source).unwrap() > 0 {
            round += 1;
            if round % 3 == 0 {
                let count = inbox.window().len() * 2 / 3;
                seen.extend_from_slice(&inbox.window()[..count]);
                inbox.consume(count);
            }
        }
        seen.extend_from_slice(inbox.window());
        assert_eq!(seen, sent);
    }

    #[test]
    fn a_large_buffer_is_given_back_when_empty() {
        let sent = vec![7; 2 * KEEP];
        let mut source = &sent[..];
        let mut inbox = Inbox::new();
        while inbox.fill(&mut source).unwrap() > 0 {}
        assert_eq!(inbox.window().len(), sent.len());
        inbox.consume(sent.len());
        assert_eq!(inbox.buffer.len(), SIZE);
    }
}
