//! How much a peer may send.
//!
//! These are bounds on hostile or broken peers, not on memory in use: nothing is ever reserved from
//! a declared length, so a limit costs nothing until bytes have really arrived.

/// Bounds the parser enforces; going over one is a [`Limit`](super::ProtocolErrorKind::Limit) error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Aggregates inside each other, attributes included. Default 1024.
    pub depth: usize,
    /// Bytes in a line, without its type byte and CRLF. Default 64 KiB, at least
    /// [`Limits::MIN_LINE`].
    pub line: usize,
    /// Bytes in one string, error or verbatim payload. Default 512 MiB, always below 4 GiB.
    pub bulk: usize,
    /// Bytes on the wire of one top-level reply, attributes included. Default unlimited.
    pub total: usize,
}

impl Limits {
    /// Smallest line limit in force; any number fits, so numbers never need checking.
    pub const MIN_LINE: usize = 64;

    /// The limits as enforced, with each value brought into its range.
    pub(super) fn clamped(self) -> Self {
        Self { line: self.line.max(Self::MIN_LINE), bulk: self.bulk.min(u32::MAX as usize - 2), ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 1024, line: 64 << 10, bulk: 512 << 20, total: usize::MAX }
    }
}
