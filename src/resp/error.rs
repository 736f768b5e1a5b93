//! Why bytes were refused.
//!
//! A protocol error says the byte stream can no longer be trusted: whoever owns the connection must
//! close it. It is not a server error, which is an ordinary reply. So has it to be closed where there is
//! no memory for what arrived.

use std::collections::TryReserveError;
use std::fmt;

/// The two ways a peer can break the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolErrorKind {
    /// The bytes are not RESP.
    Malformed,
    /// The bytes are RESP but exceed a limit of [`Limits`](super::Limits) or of the tape (2^32-1
    /// elements in one aggregate).
    Limit,
}

/// The byte stream broke the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolError {
    /// Which way.
    pub kind: ProtocolErrorKind,
    /// For people; at most 80 bytes of it come from the peer, escaped to printable ASCII.
    pub message: String,
}

impl ProtocolError {
    /// An error about bytes that are not RESP, quoting the beginning of `peer`.
    #[cold]
    pub(super) fn malformed(what: &str, peer: &[u8]) -> Self {
        let message = format!("{what}: \"{}\"", excerpt(peer));
        Self { kind: ProtocolErrorKind::Malformed, message }
    }

    /// An error about too much of something.
    #[cold]
    pub(super) fn limit(what: &str, limit: usize) -> Self {
        let message = format!("{what} exceeds the limit of {limit}");
        Self { kind: ProtocolErrorKind::Limit, message }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ProtocolError {}

/// There is no memory for what arrived. Nothing has changed by trying.
///
/// Unlike a [`ProtocolError`] it is nobody's fault, but the stream cannot go on either: what does not
/// fit can be neither kept nor skipped without a loss that somebody would have to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no memory for the reply")
    }
}

impl std::error::Error for OutOfMemory {}

impl From<TryReserveError> for OutOfMemory {
    #[cold]
    fn from(_: TryReserveError) -> Self {
        Self
    }
}

/// The beginning of `bytes` as printable ASCII, at most 80 bytes of it plus an ellipsis.
fn excerpt(bytes: &[u8]) -> String {
    const LONGEST: usize = 80;
    let mut text = String::new();
    for &byte in bytes {
        let escaped = std::ascii::escape_default(byte);
        if text.len() + escaped.len() > LONGEST {
            text.push_str("...");
            break;
        }
        text.extend(escaped.map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_printable_and_short() {
        assert_eq!(excerpt(b"HTTP/1.1 400\r\n"), "HTTP/1.1 400\\r\\n");
        assert_eq!(excerpt(b"\x1b[2J\xff"), "\\x1b[2J\\xff");
        assert_eq!(excerpt(&[b'a'; 80]).len(), 80);
        assert_eq!(excerpt(&[b'a'; 81]).len(), 83);
        assert_eq!(excerpt(&[0; 81]), format!("{}...", "\\x00".repeat(20)));
    }
}
