//! Reading a reply from Rust.
//!
//! A [`Value`] is a place in a reply: a reference and an index, free to copy. Accessors answer
//! `None` for a value of another kind and never convert between kinds.

use super::node::{Kind, Node};
use super::reply::Reply;

/// A value inside a [`Reply`].
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    reply: &'a Reply,
    index: usize,
}

impl<'a> Value<'a> {
    pub(super) fn new(reply: &'a Reply, index: usize) -> Self {
        Self { reply, index }
    }

    /// What this value is.
    pub fn kind(self) -> Kind {
        self.node().kind()
    }

    /// Its node, in owned form.
    pub fn node(self) -> Node {
        self.reply.node(self.index)
    }

    /// Its index in [`Reply::nodes`].
    pub fn index(self) -> usize {
        self.index
    }

    /// Whether this is null.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The number of an integer.
    pub fn as_int(self) -> Option<i64> {
        let node = self.node();
        (node.kind() == Kind::Integer).then_some(node.value as i64)
    }

    /// The number of a double.
    pub fn as_double(self) -> Option<f64> {
        let node = self.node();
        (node.kind() == Kind::Double).then(|| f64::from_bits(node.value))
    }

    /// The truth of a boolean.
    pub fn as_bool(self) -> Option<bool> {
        let node = self.node();
        (node.kind() == Kind::Boolean).then_some(node.value != 0)
    }

    /// The bytes of anything that is text: status, error, string, big number, verbatim.
    pub fn bytes(self) -> Option<&'a [u8]> {
        let node = self.node();
        if !node.is_text() {
            return None;
        }
        let from = usize::try_from(node.value).ok()?;
        self.reply.bytes().get(from..from.checked_add(node.len as usize)?)
    }

    /// As [`bytes`](Self::bytes), if it is UTF-8.
    pub fn as_str(self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// The message of an error, with its code in front: `WRONGTYPE Operation against ...`.
    pub fn error(self) -> Option<&'a [u8]> {
        if self.kind() == Kind::Error { self.bytes() } else { None }
    }

    /// The three letters of the format of verbatim text, `txt` or `mkd` so far.
    pub fn verbatim_format(self) -> Option<&'a [u8]> {
        let node = self.node();
        if node.kind() != Kind::Verbatim {
            return None;
        }
        let text = usize::try_from(node.value).ok()?;
        self.reply.bytes().get(text.checked_sub(4)?..text.checked_sub(1)?)
    }

    /// Bytes of text, or direct children of an aggregate (keys and values of a map both count);
    /// 0 for everything else.
    pub fn len(self) -> usize {
        self.node().len as usize
    }

    /// Whether [`len`](Self::len) is 0.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The child at position `i` of an aggregate. Takes time in proportion to `i`; to visit all,
    /// use [`children`](Self::children).
    pub fn get(self, i: usize) -> Option<Self> {
        self.children().nth(i)
    }

    /// The direct children of an aggregate, keys and values in turn for a map. Attributes are
    /// skipped; a child's own is its [`attribute`](Self::attribute).
    pub fn children(self) -> Children<'a> {
        let node = self.node();
        let remaining = if node.is_aggregate() { node.len as usize } else { 0 };
        Children { reply: self.reply, next: self.index + 1, remaining }
    }

    /// The attribute right before this value. In a reply that has attributes this takes time in
    /// proportion to the values before it.
    pub fn attribute(self) -> Option<Self> {
        self.reply.attribute_of(self.index).map(|index| Self::new(self.reply, index))
    }
}

/// Iterator over the children of an aggregate; see [`Value::children`].
#[derive(Clone, Debug)]
pub struct Children<'a> {
    reply: &'a Reply,
    next: usize,
    remaining: usize,
}

impl<'a> Iterator for Children<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.remaining = self.remaining.checked_sub(1)?;
        let mut index = self.next;
        while self.reply.node(index).kind() == Kind::Attribute {
            index = self.reply.after(index);
        }
        self.next = self.reply.after(index);
        Some(Value::new(self.reply, index))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Children<'_> {}
