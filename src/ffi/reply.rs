//! Replies for C: the tape as it is, and accessors that walk it.

use std::ptr::{null, null_mut};

use crate::error::{Error, Result};
use crate::resp::{Kind, Node, Reply, Value};

use super::boundary::{boundary, contain, contain_or};
use super::handle::{self, Alive, Handle};
use super::pointer::{self, put};
use super::status::oxp_status;

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
/// parts of a stream, value says nothing in aggregates. The text of a VERBATIM is preceded, in the
/// bytes, by the three letters of its format and a colon.
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
    contain_or(OXP_TYPE_NULL, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe { value_at(reply, index) }.map_or(OXP_TYPE_NULL, |value| value.kind() as u32)
    })
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
    contain(|| {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe {
            let tape = pointer::borrow(reply).map(|reply| as_c(reply.reply.nodes()));
            put(nodes, tape.as_ref().map_or(null(), |tape| tape.as_ptr()));
            put(count, tape.as_ref().map_or(0, |tape| tape.len()));
        }
    })
}

/// The bytes of all strings of a reply, for the offsets in its nodes.
///
/// bytes, len   receive the borrowed array; either may be NULL. NULL and 0 for a NULL reply.
///
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_bytes(reply: *const oxp_reply, bytes: *mut *const u8, len: *mut usize) {
    contain(|| {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe {
            let arena = pointer::borrow(reply).map(|reply| reply.reply.bytes());
            put(bytes, arena.as_ref().map_or(null(), |arena| arena.as_ptr()));
            put(len, arena.as_ref().map_or(0, |arena| arena.len()));
        }
    })
}

/// The index of child number i of the aggregate at index, counted from 0; SIZE_MAX if there is
/// none. In a MAP, even children are keys and odd ones their values. The time grows with i: to
/// visit all children, take the first one and go on with oxp_reply_next. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_child(reply: *const oxp_reply, index: usize, i: usize) -> usize {
    contain_or(usize::MAX, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe { value_at(reply, index) }.ok().and_then(|value| value.get(i)).map_or(usize::MAX, Value::index)
    })
}

/// The index of the value that belongs to a key of the MAP at index, or of an ARRAY of keys and
/// values, alternating, which is how servers that speak RESP2 write a map. The time grows with the
/// number of keys.
///
/// key, key_len   the bytes of the key, which is a text in the reply.
///
/// Returns the index; SIZE_MAX if there is no such key, or no map. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_get(
    reply: *const oxp_reply,
    index: usize,
    key: *const u8,
    key_len: usize,
) -> usize {
    contain_or(usize::MAX, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe {
            let Ok(key) = pointer::slice(key, key_len) else { return usize::MAX };
            let map = value_at(reply, index).ok().filter(|map| matches!(map.kind(), Kind::Map | Kind::Array));
            let mut children = map.iter().flat_map(|map| map.children());
            while let (Some(name), Some(value)) = (children.next(), children.next()) {
                if name.bytes() == Some(key) {
                    return value.index();
                }
            }
            usize::MAX
        }
    })
}

/// The index of the value that follows the one at index and everything below it: its next sibling,
/// if it has one (count them with oxp_reply_len of the parent). SIZE_MAX at the end of the reply.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_next(reply: *const oxp_reply, index: usize) -> usize {
    contain_or(usize::MAX, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe { value_at(reply, index).and_then(|value| value_at(reply, after(value))) }
            .map_or(usize::MAX, Value::index)
    })
}

/// Number of children of an aggregate (twice that of the pairs for a MAP), number of bytes of a
/// string; 0 for every other value and where there is none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_len(reply: *const oxp_reply, index: usize) -> usize {
    contain_or(0, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe { value_at(reply, index) }.map_or(0, Value::len)
    })
}

/// The number in an INTEGER.
///
/// value   receives it; 0 if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if the value at index is not an INTEGER or value is NULL. Since
/// 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_integer(
    reply: *const oxp_reply,
    index: usize,
    value: *mut i64,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { read(reply, index, value, 0, Value::as_int) }
}

/// The number in a DOUBLE.
///
/// value   receives it; 0 if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if the value at index is not a DOUBLE or value is NULL. Since
/// 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_double(
    reply: *const oxp_reply,
    index: usize,
    value: *mut f64,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { read(reply, index, value, 0.0, Value::as_double) }
}

/// What a BOOLEAN says.
///
/// value   receives it; false if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if the value at index is not a BOOLEAN or value is NULL. Since
/// 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_boolean(
    reply: *const oxp_reply,
    index: usize,
    value: *mut bool,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { read(reply, index, value, false, Value::as_bool) }
}

/// The bytes of a STATUS, ERROR, STRING, BIG_NUMBER or VERBATIM. Not NUL-terminated.
///
/// bytes, len   receive the borrowed bytes; NULL and 0 if the call fails. len may be NULL.
///
/// Returns OXP_OK, or OXP_ERR_ARG if the value at index is of another type or bytes is NULL. Since
/// 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_reply_string(
    reply: *const oxp_reply,
    index: usize,
    bytes: *mut *const u8,
    len: *mut usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(len, 0);
        boundary(null_mut(), || {
            let bytes = pointer::out(bytes, null())?;
            let text = value_at(reply, index)?.bytes().ok_or_else(another_type)?;
            *bytes = text.as_ptr();
            put(len, text.len());
            Ok(())
        })
    }
}

impl oxp_reply {
    pub(super) fn new(reply: Reply) -> Self {
        Self { alive: Alive::new(), reply }
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

/// The value at an index, or the one behind the attributes there.
unsafe fn value_at<'a>(reply: *const oxp_reply, index: usize) -> Result<Value<'a>> {
    // SAFETY: pointers come from C under the contract of this module.
    let reply = &unsafe { pointer::borrow(reply)? }.reply;
    let at = |index| reply.at(index).ok_or_else(|| Error::argument("the reply has no value at this index"));
    let mut value = at(index)?;
    while value.kind() == Kind::Attribute {
        value = at(after(value))?;
    }
    Ok(value)
}

/// Where the subtree of a value ends.
fn after(value: Value<'_>) -> usize {
    let node = value.node();
    let below = if node.is_aggregate() { node.value as usize } else { 0 };
    value.index().saturating_add(1).saturating_add(below)
}

unsafe fn read<'a, T>(
    reply: *const oxp_reply,
    index: usize,
    out: *mut T,
    empty: T,
    convert: impl FnOnce(Value<'a>) -> Option<T>,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(null_mut(), || {
            let out = pointer::out(out, empty)?;
            *out = convert(value_at(reply, index)?).ok_or_else(another_type)?;
            Ok(())
        })
    }
}

fn another_type() -> Error {
    Error::argument("the value is of another type")
}

const _: () = {
    assert!(OXP_TYPE_NULL == Kind::Null as u32);
    assert!(OXP_TYPE_STATUS == Kind::Status as u32);
    assert!(OXP_TYPE_ERROR == Kind::Error as u32);
    assert!(OXP_TYPE_INTEGER == Kind::Integer as u32);
    assert!(OXP_TYPE_STRING == Kind::String as u32);
    assert!(OXP_TYPE_DOUBLE == Kind::Double as u32);
    assert!(OXP_TYPE_BOOLEAN == Kind::Boolean as u32);
    assert!(OXP_TYPE_BIG_NUMBER == Kind::BigNumber as u32);
    assert!(OXP_TYPE_VERBATIM == Kind::Verbatim as u32);
    assert!(OXP_TYPE_ARRAY == Kind::Array as u32);
    assert!(OXP_TYPE_MAP == Kind::Map as u32);
    assert!(OXP_TYPE_SET == Kind::Set as u32);
    assert!(OXP_TYPE_PUSH == Kind::Push as u32);
    assert!(OXP_TYPE_ATTRIBUTE == Kind::Attribute as u32);
};

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
    use crate::resp::{Limits, Parsed, Parser, ReplyBuilder};

    use super::*;

    fn reply(wire: &[u8]) -> oxp_reply {
        let (mut nodes, mut at) = (Vec::new(), 0);
        let parsed = Parser::new(Limits::default()).parse(wire, &mut at, &mut nodes).unwrap();
        assert!(matches!(parsed, Parsed::Reply));
        let mut builder = ReplyBuilder::new();
        builder.append(&nodes, wire);
        oxp_reply::new(builder.finish())
    }

    #[test]
    fn attributes_are_looked_through() {
        // |{k: v} [1, |{a: [2, 3]} [4, 5], 6]
        let reply =
            reply(b"|1\r\n+k\r\n+v\r\n*3\r\n:1\r\n|1\r\n+a\r\n*2\r\n:2\r\n:3\r\n*2\r\n:4\r\n:5\r\n:6\r\n");
        // SAFETY: the reply lives on this stack.
        unsafe {
            assert_eq!(oxp_reply_type(&reply), OXP_TYPE_ARRAY);
            assert_eq!(oxp_reply_len(&reply, 0), 3);
            assert_eq!([0, 1, 2, 3].map(|i| oxp_reply_child(&reply, 0, i)), [4, 10, 13, usize::MAX]);
            assert_eq!(oxp_reply_next(&reply, 4), 10);
            assert_eq!(oxp_reply_next(&reply, 5), 13);
            assert_eq!([oxp_reply_next(&reply, 13), oxp_reply_next(&reply, 99)], [usize::MAX; 2]);
            assert_eq!(oxp_reply_child(&reply, 4, 0), usize::MAX);
            assert_eq!(oxp_reply_child(&reply, 5, 1), 12);
        }
    }
}
