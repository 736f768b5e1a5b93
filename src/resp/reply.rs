//! An owned reply.
//!
//! A reply is a tape of [`Node`]s and the arena their strings are in: two allocations, immutable,
//! dropped without looking at the structure. Only [`ReplyBuilder`](super::ReplyBuilder) makes one.
//! Rust callers read it through [`Value`]; bindings walk the tape.

use super::node::{Kind, Node};
use super::value::Value;

/// A complete reply of the server, or an array of many.
#[derive(Clone, Debug)]
pub struct Reply {
    nodes: Vec<Node>,
    bytes: Vec<u8>,
    attributes: bool,
}

impl Reply {
    /// A reply of a tape in owned form; `attributes` says whether it has any.
    pub(super) fn from_parts(nodes: Vec<Node>, bytes: Vec<u8>, attributes: bool) -> Self {
        Self { nodes, bytes, attributes }
    }

    /// Tape and arena.
    pub(crate) fn into_parts(self) -> (Vec<Node>, Vec<u8>) {
        (self.nodes, self.bytes)
    }

    /// The tape in preorder, never empty. It begins with the root, or with attributes of the root.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The arena that the offsets of text nodes count in. Between the strings it may hold other
    /// bytes of the reply.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The reply proper, behind its attributes.
    pub fn root(&self) -> Value<'_> {
        let mut index = 0;
        while self.nodes.get(index).is_some_and(|node| node.kind() == Kind::Attribute) {
            index = self.after(index);
        }
        Value::new(self, index)
    }

    /// The value at this index of the tape, or `None` past its end.
    pub fn at(&self, index: usize) -> Option<Value<'_>> {
        (index < self.nodes.len()).then(|| Value::new(self, index))
    }

    /// The node at `index`; past the end a null, so that readers need not care.
    pub(super) fn node(&self, index: usize) -> Node {
        self.nodes.get(index).copied().unwrap_or_default()
    }

    /// The index behind the subtree at `index`.
    pub(super) fn after(&self, index: usize) -> usize {
        let node = self.node(index);
        let below = if node.is_aggregate() { node.value as usize } else { 0 };
        index.saturating_add(1).saturating_add(below)
    }

    /// The attribute right before the value at `index`.
    ///
    /// A preorder tape cannot be read backwards, so this goes down from the root. Servers hardly
    /// ever send attributes; without any the answer costs nothing.
    pub(super) fn attribute_of(&self, index: usize) -> Option<usize> {
        if !self.attributes {
            return None;
        }
        let mut attribute = None;
        let mut at = 0;
        while at < index {
            let next = self.after(at);
            if index < next {
                attribute = None;
                at += 1;
            } else {
                attribute = (self.node(at).kind() == Kind::Attribute).then_some(at);
                at = next;
            }
        }
        attribute
    }
}
