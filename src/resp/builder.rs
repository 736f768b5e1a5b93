//! Streamed nodes to an owned reply.
//!
//! The parser's nodes point into a receive window that is about to be reused; the builder copies
//! what they point at and fills in the subtree sizes, which only become known when an aggregate is
//! complete. It trusts its input to come from a [`Parser`](super::Parser), in order. The driver
//! calls it once per parsed part.

use std::alloc::{Layout, handle_alloc_error};

use super::error::OutOfMemory;
use super::node::{Kind, Node};
use super::reply::Reply;

/// Collects the parts of one reply, or of many replies under one root.
#[derive(Debug, Default)]
pub struct ReplyBuilder {
    nodes: Vec<Node>,
    bytes: Vec<u8>,
    /// The first node is an array that counts the top-level replies.
    rooted: bool,
    /// An attribute was seen, so readers have to look for them.
    attributes: bool,
    /// Where the top-level reply under way begins; the length of `nodes` between replies.
    reply_at: usize,
    /// Aggregates not complete yet, outermost first.
    open: Vec<Frame>,
}

impl ReplyBuilder {
    /// A builder for one reply.
    pub fn new() -> Self {
        Self::default()
    }

    /// A builder whose reply is an array of every top-level reply appended.
    pub fn with_root_array() -> Self {
        Self { nodes: vec![Node::new(Kind::Array, 0, 0)], rooted: true, reply_at: 1, ..Self::default() }
    }

    /// Copies `part`, whose strings are in `window`. A part may begin and end anywhere in a reply,
    /// even with several replies in it. For what a server sends: how much that is, it decides.
    ///
    /// # Errors
    ///
    /// When there is no memory for it. The builder is then as it was.
    pub fn try_append(&mut self, part: &[Node], window: &[u8]) -> Result<(), OutOfMemory> {
        let first = self.nodes.len();
        let aggregates = try_copy_part(&mut self.nodes, &mut self.bytes, part, window)?;
        if self.open.is_empty() && !aggregates {
            self.completed(self.nodes.len(), part.len() as u32);
        } else {
            self.link(first);
        }
        Ok(())
    }

    /// As [`try_append`](Self::try_append), for what is small; without memory the process ends, as
    /// with any vector.
    pub fn append(&mut self, part: &[Node], window: &[u8]) {
        self.try_append(part, window).unwrap_or_else(|OutOfMemory| no_memory(part));
    }

    /// Whether nothing has been appended, or nothing since the last [`take_part`](Self::take_part).
    pub fn is_empty(&self) -> bool {
        self.nodes_len() == 0
    }

    /// Nodes held, without the root array.
    pub fn nodes_len(&self) -> usize {
        self.nodes.len() - usize::from(self.rooted)
    }

    /// Bytes of strings held.
    pub(crate) fn byte_count(&self) -> usize {
        self.bytes.len()
    }

    /// Takes out what has accumulated, in streamed form and without the root array: aggregates have
    /// `value` 0 and the last one may be incomplete. For streaming: whoever takes parts has no use
    /// for [`finish`](Self::finish), which knows only of what was not taken.
    pub fn take_part(&mut self) -> (Vec<Node>, Vec<u8>) {
        let kept = usize::from(self.rooted);
        let mut nodes =
            if self.rooted { self.nodes.split_off(kept) } else { std::mem::take(&mut self.nodes) };
        for node in nodes.iter_mut().filter(|node| node.is_aggregate()) {
            node.value = 0;
        }
        for frame in &mut self.open {
            frame.at = TAKEN;
        }
        self.reply_at = kept;
        (nodes, std::mem::take(&mut self.bytes))
    }

    /// The reply. One that is not complete is left out; with nothing left the reply is null.
    pub fn finish(mut self) -> Reply {
        self.nodes.truncate(self.reply_at);
        if self.rooted {
            self.nodes[0].value = self.nodes.len() as u64 - 1;
        } else if self.nodes.is_empty() {
            self.nodes.push(Node::new(Kind::Null, 0, 0));
        }
        Reply::from_parts(self.nodes, self.bytes, self.attributes)
    }

    /// Follows the structure of the nodes from `first` on.
    fn link(&mut self, first: usize) {
        for at in first..self.nodes.len() {
            let node = self.nodes[at];
            let attribute = node.kind == Kind::Attribute as u8;
            self.attributes |= attribute;
            if node.is_aggregate() && node.len > 0 {
                self.open.push(Frame { at, remaining: node.len, attribute });
                continue;
            }
            if !attribute {
                self.close(at);
            }
        }
    }

    /// The value that ends with node `last` is complete: so may be the aggregates around it.
    #[inline]
    fn close(&mut self, last: usize) {
        while let Some(frame) = self.open.last_mut() {
            frame.remaining -= 1;
            if frame.remaining > 0 {
                return;
            }
            let Frame { at, attribute, .. } = *frame;
            self.open.pop();
            if at != TAKEN {
                self.nodes[at].value = (last - at) as u64;
            }
            if attribute {
                return;
            }
        }
        self.completed(last + 1, 1);
    }

    /// So many more top-level replies are complete, the last of them before node `end`.
    #[inline]
    fn completed(&mut self, end: usize, replies: u32) {
        self.reply_at = end;
        if self.rooted {
            self.nodes[0].len = self.nodes[0].len.saturating_add(replies);
        }
    }
}

/// Appends nodes to a tape and the text that they point at, in `window`, to its arena. Whether there are aggregates among them.
/// Without memory for both, neither changes.
pub(crate) fn try_copy_part(
    tape: &mut Vec<Node>,
    arena: &mut Vec<u8>,
    part: &[Node],
    window: &[u8],
) -> Result<bool, OutOfMemory> {
    let scan = Scan::of(part);
    tape.try_reserve(part.len())?;
    let shift = match scan.text {
        Some((from, to)) => {
            // One copy for all strings, with the few header bytes between them: several times
            // faster than one by one, and the arena never gets larger than the wire was.
            let shift = (arena.len() as u64).wrapping_sub(from as u64);
            let text = window.get(from..to).unwrap_or_default();
            arena.try_reserve(text.len())?;
            arena.extend_from_slice(text);
            shift
        }
        None => 0,
    };
    tape.extend(part.iter().map(|node| Node {
        value: node.value.wrapping_add(if node.is_text() { shift } else { 0 }),
        ..*node
    }));
    Ok(scan.aggregates)
}

#[cold]
fn no_memory(part: &[Node]) -> ! {
    handle_alloc_error(Layout::for_value(part))
}

/// An aggregate whose end has not come yet.
#[derive(Debug)]
struct Frame {
    /// Its node, or `TAKEN`.
    at: usize,
    /// Children still to come; one that is open itself counts.
    remaining: u32,
    attribute: bool,
}

/// What a part consists of.
struct Scan {
    /// Where in the window its strings are, from the first to the last.
    text: Option<(usize, usize)>,
    aggregates: bool,
}

impl Scan {
    fn of(part: &[Node]) -> Self {
        let text = part.iter().find(|node| node.is_text()).map(|first| {
            // The format of verbatim text lies before its offset and has to come along.
            let prefix = if first.kind == Kind::Verbatim as u8 { 4 } else { 0 };
            let last = part.iter().rfind(|node| node.is_text()).unwrap_or(first);
            ((first.value - prefix) as usize, last.value as usize + last.len as usize)
        });
        // No early exit, so that it runs at the speed of memory.
        let aggregates = part.iter().fold(false, |any, node| any | node.is_aggregate());
        Self { text, aggregates }
    }
}

/// The place of a node that `take_part` handed out.
const TAKEN: usize = usize::MAX;
