//! Encoded commands on their way out, and which of them the kernel has taken in whole.

use std::collections::VecDeque;

use crate::resp;

/// A queue of encoded commands in chunks. A chunk starts at a command's first byte, so that on failure the commands that
/// left can be counted exactly by walking one chunk, and nothing has to be remembered per command.
#[derive(Default)]
pub(crate) struct Outbound {
    chunks: VecDeque<Chunk>,
    /// Bytes of the front chunk that the kernel has taken.
    sent: usize,
    /// Sequence number of the front chunk's first command, or of the next command if there is no chunk.
    front: u64,
    /// An emptied chunk kept to be filled again.
    spare: Vec<u8>,
}

#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    commands: u64,
}

/// Chunks are filled up to this size; a larger command gets a chunk of its own.
const CHUNK: usize = 64 * 1024;

impl Outbound {
    /// Appends `commands` commands, which `write` encodes into about `size_hint` bytes. Returns the number of bytes.
    pub(crate) fn push(
        &mut self,
        size_hint: usize,
        commands: u64,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> usize {
        if self.chunks.back().is_none_or(|back| back.bytes.len() + size_hint > CHUNK) {
            let mut bytes = std::mem::take(&mut self.spare);
            bytes.reserve(size_hint);
            self.chunks.push_back(Chunk { bytes, commands: 0 });
        }
        let back = self.chunks.back_mut().expect("invariant: a chunk was just made sure of");
        let before = back.bytes.len();
        write(&mut back.bytes);
        back.commands += commands;
        back.bytes.len() - before
    }

    /// What is to be written next; empty when everything has left.
    pub(crate) fn pending(&self) -> &[u8] {
        self.chunks.front().map_or(&[], |front| &front.bytes[self.sent..])
    }

    /// Records that the kernel took `count` bytes of [`pending`](Self::pending).
    pub(crate) fn advance(&mut self, count: usize) {
        self.sent += count;
        if self.chunks.front().is_some_and(|front| front.bytes.len() == self.sent) {
            let mut front = self.chunks.pop_front().expect("invariant: there is a front chunk");
            self.front += front.commands;
            self.sent = 0;
            front.bytes.clear();
            if front.bytes.capacity() <= 2 * CHUNK {
                self.spare = front.bytes;
            }
        }
    }

    /// Takes back the last `bytes` bytes, which hold `commands` commands, if none of them has left. True if it did.
    pub(crate) fn retract(&mut self, bytes: usize, commands: u64) -> bool {
        let is_front = self.chunks.len() == 1;
        let Some(back) = self.chunks.back_mut() else { return false };
        let Some(kept) = back.bytes.len().checked_sub(bytes) else { return false };
        if is_front && self.sent > kept {
            return false;
        }
        back.bytes.truncate(kept);
        back.commands -= commands;
        if kept == 0 || (is_front && self.sent == kept) {
            let emptied = self.chunks.pop_back().expect("invariant: there is a back chunk");
            self.front += if is_front { emptied.commands } else { 0 };
            if is_front {
                self.sent = 0;
            }
        }
        true
    }

    /// Sequence number of the first command that the kernel has not taken in whole: all before it may have been applied,
    /// it and all after it cannot have been.
    pub(crate) fn first_unsent(&self) -> u64 {
        let partly = self.chunks.front().map_or(0, |front| resp::whole_commands(&front.bytes, self.sent));
        self.front + partly as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(outbound: &mut Outbound, args: &[&str]) -> usize {
        outbound.push(64, 1, |out| resp::encode_command(out, args))
    }

    #[test]
    fn commands_count_as_sent_only_when_their_last_byte_left() {
        let mut outbound = Outbound::default();
        let one = push(&mut outbound, &["SET", "a", "1"]);
        let two = push(&mut outbound, &["GET", "a"]);
        outbound.advance(one - 1);
        assert_eq!(outbound.first_unsent(), 0);
        outbound.advance(1);
        assert_eq!(outbound.first_unsent(), 1);
        outbound.advance(two);
        assert_eq!(outbound.first_unsent(), 2);
        assert!(outbound.pending().is_empty());
        push(&mut outbound, &["PING"]);
        assert_eq!(outbound.first_unsent(), 2);
    }

    #[test]
    fn a_large_command_gets_its_own_chunk_and_numbers_go_on() {
        let mut outbound = Outbound::default();
        push(&mut outbound, &["PING"]);
        let large = "x".repeat(3 * CHUNK);
        outbound.push(large.len() + 64, 1, |out| resp::encode_command(out, &["SET", "k", &large]));
        push(&mut outbound, &["PING"]);
        assert_eq!(outbound.chunks.len(), 3);
        while !outbound.pending().is_empty() {
            let count = outbound.pending().len().min(10_000);
            outbound.advance(count);
        }
        assert_eq!(outbound.first_unsent(), 3);
    }

    #[test]
    fn unsent_commands_at_the_end_can_be_taken_back() {
        let mut outbound = Outbound::default();
        let one = push(&mut outbound, &["SET", "a", "1"]);
        let two = push(&mut outbound, &["GET", "a"]);
        assert!(outbound.retract(two, 1));
        assert_eq!(outbound.pending().len(), one);
        outbound.advance(1);
        assert!(!outbound.retract(one, 1));
        outbound.advance(one - 1);
        assert_eq!(outbound.first_unsent(), 1);
        let three = push(&mut outbound, &["PING"]);
        assert!(outbound.retract(three, 1));
        assert!(outbound.pending().is_empty());
        assert_eq!(outbound.first_unsent(), 1);
    }

    #[test]
    fn taking_back_all_that_follows_a_sent_part_empties_the_queue() {
        let mut outbound = Outbound::default();
        let one = push(&mut outbound, &["PING"]);
        let two = push(&mut outbound, &["PING"]);
        outbound.advance(one);
        assert!(outbound.retract(two, 1));
        assert_eq!(outbound.first_unsent(), 1);
        assert!(outbound.pending().is_empty());
    }
}
