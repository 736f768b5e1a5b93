//! Where a line ends.
//!
//! Every value begins with a line; the parser looks for its end here, once per byte however the bytes
//! arrive.

use memchr::memchr;

/// What is known about a line.
pub(super) enum Line<'a> {
    /// The text between the type byte and CRLF.
    Whole(&'a [u8]),
    /// No end yet; at least so many bytes are missing.
    Partial { missing: usize },
    /// Longer than the limit, whether or not it has ended.
    TooLong,
}

/// The line at the start of `rest`, of which `scanned` bytes are known to hold no line end.
///
/// Only CRLF ends a line: some modules send lone line feeds in status lines, and taking those for
/// the end would shift every later reply.
pub(super) fn find_line(rest: &[u8], scanned: usize, limit: usize) -> Line<'_> {
    let longest = limit.saturating_add(3);
    let rest = &rest[..rest.len().min(longest)];
    let mut from = scanned.max(1).min(rest.len());
    while let Some(found) = memchr(b'\n', &rest[from..]) {
        let newline = from + found;
        if newline > 1 && rest[newline - 1] == b'\r' {
            return Line::Whole(&rest[1..newline - 1]);
        }
        from = newline + 1;
    }
    // The last byte may be the CR of the end to come.
    let ends_in_cr = rest.len() > 1 && rest.ends_with(b"\r");
    if rest.len() - 1 - usize::from(ends_in_cr) > limit {
        return Line::TooLong;
    }
    Line::Partial { missing: if ends_in_cr { 1 } else { 2 } }
}
