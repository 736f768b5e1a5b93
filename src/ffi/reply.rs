//! Replies for C: the tape as it is, and accessors that walk it.

use std::ptr::null;

use crate::resp::{Node, Reply};

use super::boundary::contain;
use super::handle::{self, Alive, Handle};
use super::pointer::put;
use super::status::{OXP_ERR_ARG, OXP_OK, oxp_status};

/// What the server answered, whole: a tree of values, stored as one array of nodes in preorder and
/// one array of bytes. It never changes. Free it with oxp_reply_free; everything that its functions
/// point to is valid until then.
///
/// A value is named by its index in the node array; 0 is the whole reply. The accessors check every
/// index, and treat the index of an attribute (OXP_TYPE_ATTRIBUTE) as that of the value behind it,
/// so that attributes never get in the way; who wants them finds them among the nodes.
///
/// Lifetime: independent of the client. Threads: any, concurrently.
pub struct oxp_reply {
    alive: Alive,
    reply: Reply,
}

/// One value in a reply, 16 bytes. The nodes of a reply are in preorder: an aggregate stands before
/// its children.
///
/// ```text
/// type                     value                         len
/// STATUS ERROR STRING      offset of the first byte      number of bytes
/// BIG_NUMBER VERBATIM      (in oxp_reply_bytes)
/// INTEGER                  int64_t, same bits            0
/// DOUBLE                   double, same bits             0
/// BOOLEAN                  0 or 1                        0
/// NULL                     0                             0
/// ARRAY SET PUSH           nodes in the subtree below    number of children
/// MAP ATTRIBUTE            nodes in the subtree below    number of children: 2 for each pair
/// ```
///
/// The sibling after node i is at i + 1 + value for aggregates, at i + 1 for all others. An
/// attribute stands before the value it annotates; it is not counted in its parent's len. In the
/// parts of a stream, value of an aggregate is 0. The text of a VERBATIM is preceded, in the bytes,
/// by the three letters of its format and a colon.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct oxp_node {
    /// An OXP_TYPE_* number.
    pub r#type: u8,
    /// Bit 0 of an ERROR: it arrived in the length-prefixed form. All other bits are 0 for now.
    pub flags: u8,
    /// 0 for now.
    pub reserved: u16,
    /// Number of bytes or of children.
    pub len: u32,
    /// The number, the offset or the size of the subtree.
    pub value: u64,
}

/// No value, such as the GET of a missing key.
pub const OXP_TYPE_NULL: u32 = 0;
/// A short text such as OK.
pub const OXP_TYPE_STATUS: u32 = 1;
/// The server's error text, such as "ERR unknown command". The call itself succeeded.
pub const OXP_TYPE_ERROR: u32 = 2;
/// A 64 bit integer.
pub const OXP_TYPE_INTEGER: u32 = 3;
/// Any bytes.
pub const OXP_TYPE_STRING: u32 = 4;
/// A double.
pub const OXP_TYPE_DOUBLE: u32 = 5;
/// True or false.
pub const OXP_TYPE_BOOLEAN: u32 = 6;
/// An integer of any length, as decimal text.
pub const OXP_TYPE_BIG_NUMBER: u32 = 7;
/// A text with a format.
pub const OXP_TYPE_VERBATIM: u32 = 8;
/// A list of values.
pub const OXP_TYPE_ARRAY: u32 = 9;
/// Keys and values, alternating.
pub const OXP_TYPE_MAP: u32 = 10;
/// Values without an order.
pub const OXP_TYPE_SET: u32 = 11;
/// A message from the server that answers no command.
pub const OXP_TYPE_PUSH: u32 = 12;
/// Keys and values about the value that follows.
pub const OXP_TYPE_ATTRIBUTE: u32 = 13;

/// Frees a reply. reply may be NULL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_free(reply: *mut oxp_reply) {
    if !reply.is_null() {
        // SAFETY: pointers come from C under the contract of this module.
        contain(|| drop(unsafe { handle::take_back(reply) }));
    }
}

/// The type of the whole reply: an OXP_TYPE_* number; OXP_TYPE_NULL for a NULL reply. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_type(reply: *const oxp_reply) -> u32 {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { oxp_reply_type_at(reply, 0) }
}

/// The type of the value at an index: an OXP_TYPE_* number; OXP_TYPE_NULL if there is no such
/// value. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_type_at(reply: *const oxp_reply, index: usize) -> u32 {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { node(reply, index) }.map_or(OXP_TYPE_NULL, |node| node.r#type.into())
}

/// The nodes of a reply, for reading it in one go.
///
/// nodes, count   receive the borrowed array; either may be NULL. NULL and 0 for a NULL reply.
///
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_nodes(
    reply: *const oxp_reply,
    nodes: *mut *const oxp_node,
    count: *mut usize,
) {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        let tape = borrow(reply).map(oxp_reply::nodes);
        put(nodes, tape.map_or(null(), <[oxp_node]>::as_ptr));
        put(count, tape.map_or(0, <[oxp_node]>::len));
    }
}

/// The bytes of all strings of a reply, for the offsets in its nodes.
///
/// bytes, len   receive the borrowed array; either may be NULL. NULL and 0 for a NULL reply.
///
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_bytes(reply: *const oxp_reply, bytes: *mut *const u8, len: *mut usize) {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        let arena = borrow(reply).map(|reply| reply.reply.bytes());
        put(bytes, arena.map_or(null(), <[u8]>::as_ptr));
        put(len, arena.map_or(0, <[u8]>::len));
    }
}

/// The index of child number i of the aggregate at index, counted from 0; SIZE_MAX if there is
/// none. In a MAP, even children are keys and odd ones their values. The time grows with i: to
/// visit all children, take the first one and go on with oxp_reply_next. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_child(reply: *const oxp_reply, index: usize, i: usize) -> usize {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { borrow(reply) }.and_then(|reply| child(reply.nodes(), index, i)).unwrap_or(usize::MAX)
}

/// The index of the value that follows the one at index and everything below it: its next sibling,
/// if it has one (count them with oxp_reply_len of the parent). SIZE_MAX at the end of the reply.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_next(reply: *const oxp_reply, index: usize) -> usize {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { borrow(reply) }.and_then(|reply| next(reply.nodes(), index)).unwrap_or(usize::MAX)
}

/// Number of children of an aggregate (twice that of the pairs for a MAP), number of bytes of a
/// string; 0 for every other value and where there is none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_len(reply: *const oxp_reply, index: usize) -> usize {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { node(reply, index) }.map_or(0, |node| node.len as usize)
}

/// The number in an INTEGER.
///
/// value   receives it; 0 if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if the value at index is not an INTEGER or value is NULL. Since
/// 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_integer(
    reply: *const oxp_reply,
    index: usize,
    value: *mut i64,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { scalar(reply, index, OXP_TYPE_INTEGER, value, 0, |bits| bits as i64) }
}

/// The number in a DOUBLE.
///
/// value   receives it; 0 if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if the value at index is not a DOUBLE or value is NULL. Since
/// 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_double(
    reply: *const oxp_reply,
    index: usize,
    value: *mut f64,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { scalar(reply, index, OXP_TYPE_DOUBLE, value, 0.0, f64::from_bits) }
}

/// What a BOOLEAN says.
///
/// value   receives it; false if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if the value at index is not a BOOLEAN or value is NULL. Since
/// 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_boolean(
    reply: *const oxp_reply,
    index: usize,
    value: *mut bool,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { scalar(reply, index, OXP_TYPE_BOOLEAN, value, false, |bits| bits != 0) }
}

/// The bytes of a STATUS, ERROR, STRING, BIG_NUMBER or VERBATIM. Not NUL-terminated.
///
/// bytes, len   receive the borrowed bytes; NULL and 0 if the call fails. len may be NULL.
///
/// Returns OXP_OK, or OXP_ERR_ARG if the value at index is of another type or bytes is NULL. Since
/// 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_string(
    reply: *const oxp_reply,
    index: usize,
    bytes: *mut *const u8,
    len: *mut usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(bytes, null());
        put(len, 0);
        let Some(text) = borrow(reply).and_then(|reply| reply.text(index)) else { return OXP_ERR_ARG };
        if bytes.is_null() {
            return OXP_ERR_ARG;
        }
        put(bytes, text.as_ptr());
        put(len, text.len());
    }
    OXP_OK
}

impl oxp_reply {
    pub(super) fn new(reply: Reply) -> Self {
        Self { alive: Alive::new(), reply }
    }

    fn nodes(&self) -> &[oxp_node] {
        as_c(self.reply.nodes())
    }

    fn text(&self, index: usize) -> Option<&[u8]> {
        let nodes = self.nodes();
        let node = &nodes[value_at(nodes, index)?];
        let is_text = matches!(
            node.r#type.into(),
            OXP_TYPE_STATUS | OXP_TYPE_ERROR | OXP_TYPE_STRING | OXP_TYPE_BIG_NUMBER | OXP_TYPE_VERBATIM
        );
        let start = node.value as usize;
        is_text.then(|| self.reply.bytes().get(start..start.checked_add(node.len as usize)?)).flatten()
    }
}

impl Handle for oxp_reply {
    fn alive(&self) -> &Alive {
        &self.alive
    }
}

/// The same nodes under their C name.
pub(super) fn as_c(nodes: &[Node]) -> &[oxp_node] {
    // SAFETY: both are `repr(C)` with the same fields at the same places, as asserted below.
    unsafe { std::slice::from_raw_parts(nodes.as_ptr().cast(), nodes.len()) }
}

/// The index itself, or that of the value behind the attributes there.
fn value_at(nodes: &[oxp_node], mut index: usize) -> Option<usize> {
    while u32::from(nodes.get(index)?.r#type) == OXP_TYPE_ATTRIBUTE {
        index = after(nodes, index);
    }
    Some(index)
}

/// Where the subtree at an index ends.
fn after(nodes: &[oxp_node], index: usize) -> usize {
    let node = &nodes[index];
    let below = if is_aggregate(node) { node.value as usize } else { 0 };
    index.saturating_add(1).saturating_add(below)
}

fn next(nodes: &[oxp_node], index: usize) -> Option<usize> {
    value_at(nodes, after(nodes, value_at(nodes, index)?))
}

fn child(nodes: &[oxp_node], index: usize, i: usize) -> Option<usize> {
    let parent = value_at(nodes, index)?;
    if !is_aggregate(&nodes[parent]) || i >= nodes[parent].len as usize {
        return None;
    }
    (0..i).try_fold(value_at(nodes, parent + 1)?, |sibling, _| next(nodes, sibling))
}

fn is_aggregate(node: &oxp_node) -> bool {
    (OXP_TYPE_ARRAY..=OXP_TYPE_ATTRIBUTE).contains(&node.r#type.into())
}

unsafe fn borrow<'a>(reply: *const oxp_reply) -> Option<&'a oxp_reply> {
    // SAFETY: pointers come from C under the contract of this module.
    let reply = unsafe { reply.as_ref() }?;
    reply.alive.check();
    Some(reply)
}

unsafe fn node<'a>(reply: *const oxp_reply, index: usize) -> Option<&'a oxp_node> {
    // SAFETY: pointers come from C under the contract of this module.
    let nodes = unsafe { borrow(reply) }?.nodes();
    value_at(nodes, index).map(|index| &nodes[index])
}

unsafe fn scalar<T>(
    reply: *const oxp_reply,
    index: usize,
    kind: u32,
    out: *mut T,
    empty: T,
    convert: impl FnOnce(u64) -> T,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(out, empty);
        match node(reply, index) {
            Some(node) if u32::from(node.r#type) == kind && !out.is_null() => put(out, convert(node.value)),
            _ => return OXP_ERR_ARG,
        }
    }
    OXP_OK
}

const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<oxp_node>() == 16 && align_of::<oxp_node>() == 8);
    assert!(size_of::<Node>() == size_of::<oxp_node>() && align_of::<Node>() == align_of::<oxp_node>());
    assert!(offset_of!(oxp_node, r#type) == 0 && offset_of!(Node, kind) == 0);
    assert!(offset_of!(oxp_node, flags) == 1 && offset_of!(Node, flags) == 1);
    assert!(offset_of!(oxp_node, reserved) == 2 && offset_of!(Node, reserved) == 2);
    assert!(offset_of!(oxp_node, len) == 4 && offset_of!(Node, len) == 4);
    assert!(offset_of!(oxp_node, value) == 8 && offset_of!(Node, value) == 8);
};

#[cfg(test)]
mod tests {
    use super::*;

    /// `|{k: v} [1, |{a: [2, 3]} [4, 5], 6]`: attributes at the top and inside, one with an aggregate.
    fn annotated() -> Vec<oxp_node> {
        let node = |kind: u32, len, value| oxp_node { r#type: kind as u8, flags: 0, reserved: 0, len, value };
        vec![
            node(OXP_TYPE_ATTRIBUTE, 2, 2),
            node(OXP_TYPE_STRING, 1, 0),
            node(OXP_TYPE_STRING, 1, 1),
            node(OXP_TYPE_ARRAY, 3, 10), // 3: the root
            node(OXP_TYPE_INTEGER, 0, 1),
            node(OXP_TYPE_ATTRIBUTE, 2, 4),
            node(OXP_TYPE_STRING, 1, 2),
            node(OXP_TYPE_ARRAY, 2, 2),
            node(OXP_TYPE_INTEGER, 0, 2),
            node(OXP_TYPE_INTEGER, 0, 3),
            node(OXP_TYPE_ARRAY, 2, 2), // 10: the annotated child
            node(OXP_TYPE_INTEGER, 0, 4),
            node(OXP_TYPE_INTEGER, 0, 5),
            node(OXP_TYPE_INTEGER, 0, 6),
        ]
    }

    #[test]
    fn attributes_are_looked_through() {
        let nodes = annotated();
        assert_eq!(value_at(&nodes, 0), Some(3));
        assert_eq!([0, 1, 2, 3].map(|i| child(&nodes, 0, i)), [Some(4), Some(10), Some(13), None]);
        assert_eq!(next(&nodes, 4), Some(10));
        assert_eq!(next(&nodes, 5), Some(13));
        assert_eq!(next(&nodes, 13), None);
        assert_eq!(next(&nodes, 99), None);
        assert_eq!(child(&nodes, 4, 0), None);
        assert_eq!(child(&nodes, 5, 1), Some(12));
    }
}
