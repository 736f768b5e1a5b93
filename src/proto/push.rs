//! What a server says without being asked.

use std::collections::VecDeque;

use crate::resp::Reply;

/// One push message of RESP3: its kind and what it says, as one reply.
#[derive(Debug)]
pub(crate) struct Push(pub(super) Reply);

/// Push messages that nobody has taken yet. They are bounded in bytes; the oldest goes first, and is counted.
#[derive(Default)]
pub(super) struct Pushes {
    kept: VecDeque<Push>,
    bytes: usize,
    dropped: u64,
}

/// More than this is not kept for a reader who does not come.
const KEEP: usize = 1024 * 1024;

impl Pushes {
    pub(super) fn add(&mut self, push: Push) {
        self.bytes += push.size();
        self.kept.push_back(push);
        while self.bytes > KEEP {
            let oldest = self.kept.pop_front().expect("invariant: no bytes without a push");
            self.bytes -= oldest.size();
            self.dropped += 1;
        }
    }

    /// The oldest.
    pub(super) fn next(&mut self) -> Option<Reply> {
        let push = self.kept.pop_front()?;
        self.bytes -= push.size();
        Some(push.0)
    }

    /// How many were dropped since this was last asked.
    pub(super) fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }
}

impl Push {
    fn size(&self) -> usize {
        size_of_val(self.0.nodes()) + self.0.bytes().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::{Kind, Node, ReplyBuilder};

    fn push(len: usize) -> Push {
        let mut builder = ReplyBuilder::new();
        let text = vec![b'x'; len];
        builder.append(&[Node { kind: Kind::Status as u8, len: len as u32, ..Node::default() }], &text);
        Push(builder.finish())
    }

    #[test]
    fn the_oldest_are_dropped_and_counted_where_nobody_takes_them() {
        let mut pushes = Pushes::default();
        for _ in 0..3 {
            pushes.add(push(KEEP / 2 - 100));
        }
        assert_eq!((pushes.kept.len(), pushes.take_dropped(), pushes.take_dropped()), (2, 1, 0));
        pushes.add(push(2 * KEEP));
        assert_eq!((pushes.kept.len(), pushes.bytes, pushes.take_dropped()), (0, 0, 3));
        pushes.add(push(5));
        assert_eq!(pushes.next().unwrap().bytes(), b"xxxxx");
        assert!(pushes.next().is_none());
        assert_eq!(pushes.bytes, 0);
    }
}
