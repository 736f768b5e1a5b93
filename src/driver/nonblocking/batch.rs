//! Results that came together.

use crate::error::{Error, Progress, Result};
use crate::resp::{self, Kind, Node, OutOfMemory, Reply, ReplyBuilder, ReplyEnds, value_at};

/// What submissions came to, in the order in which they completed.
///
/// The replies share one tape and one arena, so that a thousand of them cost no more allocations than one. To be filled again
/// and again; it keeps its memory.
#[derive(Default)]
pub(crate) struct Batch {
    items: Vec<Item>,
    nodes: Vec<Node>,
    bytes: Vec<u8>,
    /// Replies that were handed on as they are.
    large: Vec<(Vec<Node>, Vec<u8>)>,
    /// What these take in bytes.
    large_size: usize,
    errors: Vec<Error>,
}

/// One of them.
#[derive(Clone, Copy)]
pub(crate) struct Item {
    pub(crate) token: u64,
    pub(crate) seq: u64,
    replies: u64,
    first: usize,
    count: usize,
    shape: Shape,
    /// Which of `large` the nodes are in; `NOWHERE`: in the common tape.
    source: u32,
    /// Which of `errors` it failed with, or `NOWHERE`.
    error: u32,
}

/// One completed submission.
#[derive(Clone, Copy)]
pub struct Completion<'a> {
    /// As it was given with the submission.
    pub token: u64,
    /// Number of top-level replies in `nodes`: one for a command, one per command for a pipeline, fewer after a failure. Over a
    /// lease also one per confirmation for SUBSCRIBE and its kin, and none for what CLIENT REPLY silences and for a transaction
    /// that a watched key stopped.
    pub replies: u64,
    /// The replies in preorder, with nothing around several; the `value` of an aggregate says nothing.
    pub nodes: &'a [Node],
    /// What the offsets in `nodes` refer to.
    pub bytes: &'a [u8],
    /// Why it failed. A server's error is a reply, not a failure.
    pub error: Option<&'a Error>,
    shape: Shape,
}

/// What the replies of a submission are together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// The one reply to a command, or none.
    Single,
    /// Those of a pipeline, however many they are.
    Several,
    /// A transaction that a watched key stopped.
    Null,
}

const NOWHERE: u32 = u32::MAX;
/// From this many bytes on a reply that came in several parts is handed on without copying it once more.
const LARGE: usize = 16 * 1024;
/// Buffers above this size are given back when the batch is cleared.
pub(super) const KEEP: usize = 8 * 1024 * 1024;

impl Batch {
    /// Number of completed submissions in it.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The completion at this place.
    pub(crate) fn get(&self, index: usize) -> Option<Completion<'_>> {
        self.items.get(index).map(|item| self.completion(item))
    }

    /// All of them in order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = Completion<'_>> {
        self.items.iter().map(|item| self.completion(item))
    }

    /// Forgets everything but the memory.
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.nodes.clear();
        self.bytes.clear();
        self.large.clear();
        self.large_size = 0;
        self.errors.clear();
        if self.memory() > KEEP {
            *self = Self::default();
        }
    }

    /// What its buffers take in bytes, filled or not.
    pub(super) fn memory(&self) -> usize {
        let nodes = self.nodes.capacity() * size_of::<Node>();
        self.items.capacity() * size_of::<Item>() + nodes + self.bytes.capacity()
    }

    fn completion(&self, item: &Item) -> Completion<'_> {
        let (nodes, bytes) = match self.large.get(item.source as usize) {
            Some((nodes, bytes)) => (nodes, bytes),
            None => (&self.nodes, &self.bytes),
        };
        Completion {
            token: item.token,
            replies: item.replies,
            nodes: &nodes[item.first..][..item.count],
            bytes,
            error: self.errors.get(item.error as usize),
            shape: item.shape,
        }
    }

    /// Adds single replies that lie one after the other in a receive window: `marks` has token, sequence number and number of
    /// nodes of each.
    ///
    /// # Errors
    /// There is no memory for them: nothing was added, and `marks` is as it was.
    pub(super) fn push_run(
        &mut self,
        nodes: &[Node],
        window: &[u8],
        marks: &mut Vec<(u64, u64, u32)>,
    ) -> Result<(), OutOfMemory> {
        let mut first = self.nodes.len();
        resp::try_copy_part(&mut self.nodes, &mut self.bytes, nodes, window)?;
        self.items.extend(marks.drain(..).map(|(token, seq, count)| {
            let count = count as usize;
            let item = Item {
                token,
                seq,
                replies: 1,
                first,
                count,
                shape: Shape::Single,
                source: NOWHERE,
                error: NOWHERE,
            };
            first += count;
            item
        }));
        Ok(())
    }

    /// Adds what came in several parts: an array of all the replies, or null for none.
    pub(super) fn push_gathered(
        &mut self,
        token: u64,
        seq: u64,
        gathered: Reply,
        is_pipeline: bool,
        error: Option<Error>,
    ) {
        let error = self.add_error(error);
        let root = gathered.nodes()[0];
        let shape = match (is_pipeline, root.kind == Kind::Null as u8) {
            (false, _) => Shape::Single,
            (true, false) => Shape::Several,
            (true, true) => Shape::Null,
        };
        let replies = if root.kind == Kind::Array as u8 { u64::from(root.len) } else { 0 };
        let count = gathered.nodes().len() - 1;
        let (nodes, bytes) = gathered.into_parts();
        let is_large = bytes.len() >= LARGE || nodes.len() * size_of::<Node>() >= LARGE;
        let first = self.nodes.len();
        // Where there is no memory for a copy, it is not needed either.
        let is_copied =
            !is_large && resp::try_copy_part(&mut self.nodes, &mut self.bytes, &nodes[1..], &bytes).is_ok();
        let (first, source) = if is_copied { (first, NOWHERE) } else { (1, self.add_large((nodes, bytes))) };
        let item = Item { token, seq, replies, first, count, shape, source, error };
        self.items.push(item);
    }

    /// Adds one without a reply: a failed one, or one whose reply nobody wants.
    pub(crate) fn push_bare(&mut self, token: u64, seq: u64, error: Option<Error>) {
        let error = self.add_error(error);
        let (replies, first, count) = (0, 0, 0);
        self.items.push(Item {
            token,
            seq,
            replies,
            first,
            count,
            shape: Shape::Single,
            source: NOWHERE,
            error,
        });
    }

    fn add_error(&mut self, error: Option<Error>) -> u32 {
        match error {
            Some(error) => {
                self.errors.push(error);
                self.errors.len() as u32 - 1
            }
            None => NOWHERE,
        }
    }

    fn add_large(&mut self, reply: (Vec<Node>, Vec<u8>)) -> u32 {
        self.large_size += reply.0.len() * size_of::<Node>() + reply.1.len();
        self.large.push(reply);
        self.large.len() as u32 - 1
    }

    /// About how many bytes the replies take.
    pub(crate) fn size(&self) -> usize {
        self.nodes.len() * size_of::<Node>() + self.bytes.len() + self.large_size
    }

    /// Sequence numbers with their completions, for whoever counts them.
    pub(crate) fn with_seqs(&self) -> impl Iterator<Item = (u64, Completion<'_>)> {
        self.items.iter().map(|item| (item.seq, self.completion(item)))
    }

    /// Leaves only those for which `visible` says so.
    pub(crate) fn retain(&mut self, mut visible: impl FnMut(&Item) -> bool) {
        self.items.retain(|item| visible(item));
    }

    /// One of them in a batch of its own. A large reply is moved there, others are copied; one for which there is no memory is
    /// a failure from then on.
    pub(crate) fn detach(&mut self, index: usize) -> Self {
        let item = self.items[index];
        let mut own = Self::default();
        if let Some(large) = self.large.get_mut(item.source as usize) {
            let source = own.add_large(std::mem::take(large));
            let error = own.add_error(self.errors.get(item.error as usize).cloned());
            own.items.push(Item { source, error, ..item });
            return own;
        }
        let completion = self.completion(&item);
        match resp::try_copy_part(&mut own.nodes, &mut own.bytes, completion.nodes, completion.bytes) {
            Ok(_) => {
                let error = own.add_error(completion.error.cloned());
                own.items.push(Item { first: 0, error, ..item });
            }
            Err(no_memory) => {
                let unknown = Progress { unknown: item.replies, ..Progress::default() };
                let progress = completion.error.and_then(Error::progress).unwrap_or(unknown);
                own.push_bare(item.token, item.seq, Some(Error::from(no_memory).with_progress(progress)));
            }
        }
        own
    }
}

impl Completion<'_> {
    /// A copy of the reply that stands on its own; of a pipeline an array of its replies, of a transaction that a
    /// watched key stopped null.
    ///
    /// # Errors
    /// The failure of the submission.
    pub fn reply(&self) -> Result<Reply> {
        if let Some(error) = self.error {
            return Err(error.clone());
        }
        let mut builder = match self.shape {
            Shape::Several => ReplyBuilder::with_root_array(),
            Shape::Single | Shape::Null => ReplyBuilder::new(),
        };
        builder.try_append(self.nodes, self.bytes)?;
        Ok(builder.finish())
    }

    /// The text of the server's error, if the reply is one; of a pipeline that of the first of its replies that are.
    pub fn server_error(&self) -> Option<&[u8]> {
        let mut nodes = self.nodes;
        loop {
            let node = nodes.get(value_at(nodes))?;
            if node.kind == Kind::Error as u8 {
                return self.bytes.get(node.value as usize..)?.get(..node.len as usize);
            }
            if self.shape != Shape::Several {
                return None;
            }
            nodes = &nodes[ReplyEnds::default().advance(nodes)?..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_detached_is_whole_and_a_large_one_is_not_copied() {
        let mut batch = Batch::default();
        let window = "x".repeat(LARGE);
        for (token, len) in [(1, 3), (2, LARGE), (3, 5)] {
            let node = Node { kind: Kind::Status as u8, len: len as u32, ..Node::default() };
            let mut gathered = ReplyBuilder::with_root_array();
            gathered.append(&[node], window.as_bytes());
            let error = (token == 3).then(|| Error::argument("three"));
            batch.push_gathered(token, token, gathered.finish(), false, error);
        }
        for (index, len) in [3, LARGE, 5].into_iter().enumerate() {
            let place = batch.get(index).unwrap().bytes.as_ptr();
            let own = batch.detach(index);
            let completion = own.get(0).unwrap();
            assert_eq!((own.len(), completion.token, completion.replies), (1, index as u64 + 1, 1));
            assert_eq!((completion.nodes[0].len as usize, completion.bytes.len()), (len, len));
            assert_eq!(completion.bytes.as_ptr() == place, len == LARGE);
            assert_eq!(completion.error.is_some(), len == 5);
        }
    }
}
