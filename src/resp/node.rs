//! One element of a reply tape.
//!
//! A tape is a preorder sequence of fixed-size nodes, so that a whole reply is two allocations and
//! a binding can walk it without calling back. This file only describes a node; the parser and the
//! builder make them, [`Value`](super::Value) and the bindings read them.

/// What a [`Node`] is. The numbers are stable and are the same in the C ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// No value: `_`, `$-1` or `*-1`.
    Null = 0,
    /// A simple string, `+`.
    Status = 1,
    /// An error, `-` or (with [`Node::BLOB`] set) `!`.
    Error = 2,
    /// A signed 64-bit integer, `:`.
    Integer = 3,
    /// A binary-safe string, `$`.
    String = 4,
    /// A double, `,`; infinities and NaN included.
    Double = 5,
    /// A boolean, `#`.
    Boolean = 6,
    /// A decimal integer of any size, `(`, kept as text.
    BigNumber = 7,
    /// Text with a three-letter format, `=`.
    Verbatim = 8,
    /// An ordered collection, `*`.
    Array = 9,
    /// Keys and values in turn, `%`.
    Map = 10,
    /// A collection the server calls a set, `~`; order is kept and duplicates are not removed.
    Set = 11,
    /// Out-of-band data, `>`; inside another aggregate it is an element like any other.
    Push = 12,
    /// Keys and values that annotate the value which follows, `|`.
    Attribute = 13,
}

impl Kind {
    /// The kind with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Null,
            1 => Self::Status,
            2 => Self::Error,
            3 => Self::Integer,
            4 => Self::String,
            5 => Self::Double,
            6 => Self::Boolean,
            7 => Self::BigNumber,
            8 => Self::Verbatim,
            9 => Self::Array,
            10 => Self::Map,
            11 => Self::Set,
            12 => Self::Push,
            13 => Self::Attribute,
            _ => return None,
        })
    }

    /// Whether nodes of this kind have children.
    pub fn is_aggregate(self) -> bool {
        self as u8 >= Self::Array as u8
    }

    /// Whether nodes of this kind point at bytes.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Status | Self::Error | Self::String | Self::BigNumber | Self::Verbatim)
    }
}

/// One element of a tape; 16 bytes, the same layout as `oxp_node`.
///
/// | kind | `len` | `value` |
/// |---|---|---|
/// | `Null` | 0 | 0 |
/// | `Status` `Error` `String` `BigNumber` | bytes | offset of the first byte |
/// | `Verbatim` | bytes of text | offset of the text; the format and `:` are the 4 bytes before it |
/// | `Integer` | 0 | the `i64`, bit for bit |
/// | `Double` | 0 | the bits of the `f64` |
/// | `Boolean` | 0 | 0 or 1 |
/// | `Array` `Set` `Push` | direct children | nodes in the subtree, without this one |
/// | `Map` `Attribute` | twice the number of pairs | nodes in the subtree, without this one |
///
/// Offsets count from the start of the window (streamed form) or arena (owned form). In the
/// streamed form the `value` of an aggregate is 0.
///
/// An attribute's pairs follow it, and then the value it annotates. It is no child of the aggregate
/// around it (so not in its `len`) but lies in its subtree (so its nodes are in its `value`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Node {
    /// The number of a [`Kind`].
    pub kind: u8,
    /// Bit set; see [`Node::BLOB`].
    pub flags: u8,
    /// Always 0.
    pub reserved: u16,
    /// Bytes of text or direct children.
    pub len: u32,
    /// Number, offset or subtree size; see the table above.
    pub value: u64,
}

impl Node {
    /// Flag of an [`Error`](Kind::Error) that came in the length-prefixed form `!`.
    pub const BLOB: u8 = 1;

    /// The kind of this node. Unknown numbers, which no node made by this crate has, read as null.
    pub fn kind(&self) -> Kind {
        Kind::from_number(self.kind).unwrap_or(Kind::Null)
    }

    /// Whether this node has children. Cheaper than asking [`kind`](Self::kind).
    #[inline]
    pub fn is_aggregate(&self) -> bool {
        self.kind >= Kind::Array as u8
    }

    /// Whether this node points at bytes. Cheaper than asking [`kind`](Self::kind).
    #[inline]
    pub fn is_text(&self) -> bool {
        const TEXT: u32 = 1 << Kind::Status as u8
            | 1 << Kind::Error as u8
            | 1 << Kind::String as u8
            | 1 << Kind::BigNumber as u8
            | 1 << Kind::Verbatim as u8;
        self.kind < 32 && TEXT >> self.kind & 1 != 0
    }

    /// A node without flags.
    #[inline]
    pub(super) fn new(kind: Kind, len: u32, value: u64) -> Self {
        Self { kind: kind as u8, flags: 0, reserved: 0, len, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_sixteen_bytes() {
        assert_eq!(size_of::<Node>(), 16);
        assert_eq!(align_of::<Node>(), 8);
    }

    #[test]
    fn shortcuts_agree_with_the_kind() {
        for number in 0..=u8::MAX {
            let node = Node { kind: number, ..Node::default() };
            match Kind::from_number(number) {
                Some(kind) => {
                    assert_eq!(kind as u8, number);
                    assert_eq!(node.kind(), kind);
                    assert_eq!(node.is_text(), kind.is_text());
                    assert_eq!(node.is_aggregate(), kind.is_aggregate());
                }
                None => assert_eq!(node.kind(), Kind::Null),
            }
        }
    }
}
