//! Bytes to nodes, incrementally.
//!
//! The parser owns no bytes: it is shown a window, says how far it got and what it found, and is
//! shown the rest again when more has arrived. It does no I/O, copies no strings and reserves
//! nothing from a declared length. The connection state machine calls it and must close the
//! connection on an error.
//!
//! States, all between two calls:
//!
//! | state | meaning | left by |
//! |---|---|---|
//! | `Value` | a value begins at `pos`; its first `scanned` bytes hold no line end | a whole line |
//! | `Bulk` | header consumed, payload of known length begins at `pos` | payload and CRLF |
//! | `Failed` | the stream is broken | never |
//!
//! Nesting is a stack of counters of values still to come, so no recursion and no cost per level
//! but eight bytes that the peer paid for with at least four.

use memchr::memchr;

use super::error::ProtocolError;
use super::limits::Limits;
use super::node::{Kind, Node};
use super::number::{self, BadLength};

/// What one call of [`Parser::parse`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A reply is complete; with a top-level attribute, that came first in the same nodes.
    Reply,
    /// A top-level push is complete; it answers no command.
    Push,
    /// The window is used up. What is complete so far has been emitted.
    Incomplete {
        /// At least this many more bytes are needed before anything new can be emitted or consumed;
        /// never 0. A lower bound, not a promise.
        missing: usize,
    },
}

/// An incremental RESP2 and RESP3 parser for one byte stream.
#[derive(Debug)]
pub struct Parser {
    limits: Limits,
    state: State,
    /// Nothing of a reply has been consumed or looked at: the short cut may be tried.
    resting: bool,
    /// The top-level value under way is a push.
    push: bool,
    /// Bytes of the reply under way that earlier calls consumed.
    wire: usize,
    /// The innermost open aggregate, or the one value awaited at top level.
    top: Frame,
    /// The aggregates around `top`, outermost first.
    outer: Vec<Frame>,
}

impl Parser {
    /// A parser at the start of a stream.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits: limits.clamped(),
            state: State::Value { scanned: 0 },
            resting: true,
            push: false,
            wire: 0,
            top: Frame::ROOT,
            outer: Vec::new(),
        }
    }

    /// Parses one top-level value from `window[*pos..]`.
    ///
    /// Advances `*pos` past everything consumed and appends nodes in streamed form, their offsets
    /// relative to the start of `window`. On [`Parsed::Incomplete`] call again with
    /// `window[*pos..]` and more bytes behind it; they may have moved to another buffer, so use the
    /// nodes emitted so far before moving. Bytes before `*pos` are never looked at again.
    ///
    /// # Errors
    ///
    /// When the bytes are no RESP or exceed a limit. Every later call returns the same error.
    #[inline]
    pub fn parse(
        &mut self,
        window: &[u8],
        pos: &mut usize,
        nodes: &mut Vec<Node>,
    ) -> Result<Parsed, ProtocolError> {
        if self.resting {
            let short = short_scalar(window, *pos, self.limits.bulk)
                .filter(|(_, next)| next - *pos <= self.limits.total);
            if let Some((node, next)) = short {
                nodes.push(node);
                *pos = next;
                return Ok(Parsed::Reply);
            }
        }
        self.resume(window, pos, nodes)
    }

    /// The general case of [`parse`](Self::parse): keeps the accounts around [`run`](Self::run).
    fn resume(
        &mut self,
        window: &[u8],
        pos: &mut usize,
        nodes: &mut Vec<Node>,
    ) -> Result<Parsed, ProtocolError> {
        let start = *pos;
        let ceiling = start.saturating_add(self.limits.total - self.wire);
        let parsed = self.run(window, pos, nodes, ceiling);
        match &parsed {
            Ok(Parsed::Incomplete { .. }) => {
                self.resting = false;
                self.wire += *pos - start;
            }
            Ok(Parsed::Reply | Parsed::Push) => {
                self.resting = true;
                self.wire = 0;
                self.push = false;
                self.top = Frame::ROOT;
            }
            Err(error) => {
                self.resting = false;
                self.state = State::Failed(Box::new(error.clone()));
            }
        }
        parsed
    }

    /// Parses values until the top-level one is complete or the window is used up.
    ///
    /// `ceiling` is the offset in `window` that the reply must not pass.
    fn run(
        &mut self,
        window: &[u8],
        pos: &mut usize,
        nodes: &mut Vec<Node>,
        ceiling: usize,
    ) -> Result<Parsed, ProtocolError> {
        // `at` and `top` are copies so that the loop over a flat array keeps them in registers.
        let mut at = *pos;
        let mut top = self.top;
        loop {
            let short = match self.state {
                State::Value { scanned: 0 } => short_value(window, at, self.limits.bulk),
                _ => None,
            };
            let node = match short {
                Some((node, next)) => {
                    at = next;
                    node
                }
                None => match self.any_value(window, &mut at, ceiling) {
                    Ok(Step::Value(node)) => node,
                    Ok(Step::Wait(missing)) => {
                        *pos = at;
                        self.top = top;
                        return Ok(Parsed::Incomplete { missing });
                    }
                    Err(error) => {
                        *pos = at;
                        return Err(error);
                    }
                },
            };
            if at > ceiling {
                return Err(ProtocolError::limit("size of a reply", self.limits.total));
            }

            if node.is_aggregate() {
                if self.outer.len() >= self.limits.depth {
                    return Err(ProtocolError::limit("nesting of a reply", self.limits.depth));
                }
                nodes.push(node);
                *pos = at;
                if self.outer.is_empty() && node.kind == Kind::Push as u8 {
                    self.push = true;
                }
                let attribute = node.kind == Kind::Attribute as u8;
                if node.len > 0 {
                    self.outer.push(top);
                    top = Frame { remaining: node.len, attribute };
                    continue;
                }
                if attribute {
                    continue;
                }
            } else {
                nodes.push(node);
            }

            // A value is complete, and with it perhaps the aggregates it was the last one of. An
            // attribute completes nothing: the value it annotates is still to come.
            top.remaining -= 1;
            while top.remaining == 0 {
                let Some(parent) = self.outer.pop() else {
                    *pos = at;
                    return Ok(if self.push { Parsed::Push } else { Parsed::Reply });
                };
                let attribute = top.attribute;
                top = parent;
                if attribute {
                    break;
                }
                top.remaining -= 1;
            }
        }
    }

    /// One value of any type at `*at`, or how many bytes are missing. Consumes the header of a
    /// length-prefixed value as soon as it is whole.
    fn any_value(&mut self, window: &[u8], at: &mut usize, ceiling: usize) -> Result<Step, ProtocolError> {
        let scanned = match &self.state {
            State::Value { scanned } => *scanned,
            State::Bulk { kind, len } => return self.payload(window, at, *kind, *len),
            State::Failed(error) => return Err(ProtocolError::clone(error)),
        };

        let rest = window.get(*at..).unwrap_or_default();
        let Some(&marker) = rest.first() else {
            return Ok(Step::Wait(SHORTEST_VALUE));
        };
        if !is_marker(marker) {
            return Err(ProtocolError::malformed("the peer does not speak RESP, it sent", rest));
        }
        let line = match find_line(rest, scanned, self.limits.line) {
            Line::Whole(line) => line,
            Line::Partial { missing } => {
                self.state = State::Value { scanned: rest.len() };
                return Ok(Step::Wait(missing));
            }
            Line::TooLong => {
                return Err(ProtocolError::limit("length of a line", self.limits.line));
            }
        };
        self.state = State::Value { scanned: 0 };
        let text_at = *at + 1;
        let after = text_at + line.len() + 2;

        let text = |kind| Node::new(kind, line.len() as u32, text_at as u64);
        let node = match marker {
            b'+' => text(Kind::Status),
            b'-' => text(Kind::Error),
            b':' => match number::integer(line) {
                Some(number) => Node::new(Kind::Integer, 0, number as u64),
                None => return Err(ProtocolError::malformed("not a 64-bit integer", line)),
            },
            b',' => match number::double(line) {
                Some(number) => Node::new(Kind::Double, 0, number.to_bits()),
                None => return Err(ProtocolError::malformed("not a double", line)),
            },
            b'#' => match line {
                b"t" => Node::new(Kind::Boolean, 0, 1),
                b"f" => Node::new(Kind::Boolean, 0, 0),
                _ => return Err(ProtocolError::malformed("not a boolean", line)),
            },
            b'(' if number::is_big_number(line) => text(Kind::BigNumber),
            b'(' => return Err(ProtocolError::malformed("not a big number", line)),
            b'_' if line.is_empty() => Node::new(Kind::Null, 0, 0),
            b'_' => return Err(ProtocolError::malformed("not a null", line)),
            _ => match self.declared(marker, line)? {
                Declared::Null => Node::new(Kind::Null, 0, 0),
                Declared::Elements { kind, len } => Node::new(kind, len, 0),
                Declared::Bytes { kind, len } => {
                    if after.saturating_add(len).saturating_add(2) > ceiling {
                        return Err(ProtocolError::limit("size of a reply", self.limits.total));
                    }
                    *at = after;
                    return self.payload(window, at, kind, len);
                }
            },
        };
        *at = after;
        Ok(Step::Value(node))
    }

    /// What the header line of a length-prefixed value or an aggregate declares.
    fn declared(&self, marker: u8, line: &[u8]) -> Result<Declared, ProtocolError> {
        let declared = match number::length(line) {
            Ok(Some(declared)) => declared,
            Ok(None) if matches!(marker, b'$' | b'*') => return Ok(Declared::Null),
            Ok(None) | Err(BadLength::Malformed) => {
                let what = match (marker, line) {
                    (_, b"?") => "streamed strings and aggregates are not supported",
                    (b'$' | b'!' | b'=', _) => "not the length of a string",
                    _ => "not a number of elements",
                };
                return Err(ProtocolError::malformed(what, line));
            }
            // A number no limit allows; say so with the limit it meets below.
            Err(BadLength::TooLarge) => u64::MAX,
        };

        let kind = match marker {
            b'$' => Kind::String,
            b'!' => Kind::Error,
            b'=' => Kind::Verbatim,
            b'*' => Kind::Array,
            b'%' => Kind::Map,
            b'~' => Kind::Set,
            b'>' => Kind::Push,
            _ => Kind::Attribute,
        };
        if !kind.is_aggregate() {
            return match usize::try_from(declared) {
                Ok(len) if len <= self.limits.bulk => {
                    if kind == Kind::Verbatim && len < VERBATIM_PREFIX {
                        return Err(ProtocolError::malformed("verbatim text without format", line));
                    }
                    Ok(Declared::Bytes { kind, len })
                }
                _ => Err(ProtocolError::limit("length of a string", self.limits.bulk)),
            };
        }
        let elements = match kind {
            Kind::Map | Kind::Attribute => declared.checked_mul(2),
            _ => Some(declared),
        };
        match elements.and_then(|elements| u32::try_from(elements).ok()) {
            Some(len) => Ok(Declared::Elements { kind, len }),
            None => Err(ProtocolError::limit("number of elements", u32::MAX as usize)),
        }
    }

    /// The payload at `*at` whose header said `len` bytes.
    fn payload(
        &mut self,
        window: &[u8],
        at: &mut usize,
        kind: Kind,
        len: usize,
    ) -> Result<Step, ProtocolError> {
        let rest = window.get(*at..).unwrap_or_default();
        let Some(end) = rest.get(len..len + 2) else {
            self.state = State::Bulk { kind, len };
            return Ok(Step::Wait(len + 2 - rest.len()));
        };
        self.state = State::Value { scanned: 0 };
        if end != b"\r\n" {
            return Err(ProtocolError::malformed("string without CRLF behind it", &rest[len..]));
        }
        let mut node = Node::new(kind, len as u32, *at as u64);
        if kind == Kind::Verbatim {
            if rest[VERBATIM_PREFIX - 1] != b':' {
                return Err(ProtocolError::malformed("verbatim text without format", &rest[..len]));
            }
            node.len -= VERBATIM_PREFIX as u32;
            node.value += VERBATIM_PREFIX as u64;
        } else if kind == Kind::Error {
            node.flags = Node::BLOB;
        }
        *at += len + 2;
        Ok(Step::Value(node))
    }
}

/// What the parser remembers between two calls beside the nesting.
#[derive(Debug)]
enum State {
    Value { scanned: usize },
    Bulk { kind: Kind, len: usize },
    Failed(Box<ProtocolError>),
}

/// An open aggregate.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Values still to come; an aggregate that is still open itself counts.
    remaining: u32,
    attribute: bool,
}

impl Frame {
    /// The stream itself, as a place for one value.
    const ROOT: Self = Self { remaining: 1, attribute: false };
}

enum Step {
    Value(Node),
    Wait(usize),
}

enum Declared {
    Null,
    Bytes { kind: Kind, len: usize },
    Elements { kind: Kind, len: u32 },
}

enum Line<'a> {
    /// The text between the type byte and CRLF.
    Whole(&'a [u8]),
    Partial {
        missing: usize,
    },
    TooLong,
}

/// The line at the start of `rest`, of which `scanned` bytes are known to hold no line end.
///
/// Only CRLF ends a line: some modules send lone line feeds in status lines, and taking those for
/// the end would shift every later reply.
fn find_line(rest: &[u8], scanned: usize, limit: usize) -> Line<'_> {
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

/// A scalar or a plain array header of the most frequent form, whole in the window. `None` says
/// nothing about the bytes: [`Parser::any_value`] looks at them again.
#[inline(always)]
fn short_value(window: &[u8], at: usize, bulk_limit: usize) -> Option<(Node, usize)> {
    if window.get(at) == Some(&b'*') {
        let (count, used) = short_length(&window[at + 1..])?;
        return Some((Node::new(Kind::Array, count as u32, 0), at + 1 + used));
    }
    short_scalar(window, at, bulk_limit)
}

/// As [`short_value`], without arrays.
#[inline(always)]
fn short_scalar(window: &[u8], at: usize, bulk_limit: usize) -> Option<(Node, usize)> {
    let (&marker, rest) = window.get(at..)?.split_first()?;
    match marker {
        b':' => {
            let (number, used) = match rest {
                [b'-', rest @ ..] => {
                    let (number, used) = short_number(rest)?;
                    (-(number as i64), used + 1)
                }
                _ => {
                    let (number, used) = short_number(rest)?;
                    (number as i64, used)
                }
            };
            Some((Node::new(Kind::Integer, 0, number as u64), at + 1 + used))
        }
        b'$' => {
            let (len, used) = short_length(rest)?;
            let len = len as usize;
            if len > bulk_limit || rest.get(used + len..used + len + 2)? != b"\r\n" {
                return None;
            }
            let text_at = at + 1 + used;
            Some((Node::new(Kind::String, len as u32, text_at as u64), text_at + len + 2))
        }
        b'+' => {
            let len = short_line(rest)?;
            Some((Node::new(Kind::Status, len as u32, at as u64 + 1), at + 1 + len + 2))
        }
        b'_' if rest.starts_with(b"\r\n") => Some((Node::new(Kind::Null, 0, 0), at + 3)),
        _ => None,
    }
}

/// A number of at most `SHORT_DIGITS` digits with its CRLF, and the bytes of both.
#[inline(always)]
fn short_number(text: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (index, &byte) in text.iter().enumerate().take(SHORT_DIGITS + 1) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            let ends = byte == b'\r' && index > 0 && text.get(index + 1) == Some(&b'\n');
            return ends.then_some((number, index + 2));
        }
        number = number * 10 + u64::from(digit);
    }
    None
}

/// As [`short_number`], without leading zeros, and below 2^32.
#[inline(always)]
fn short_length(text: &[u8]) -> Option<(u64, usize)> {
    let (number, used) = short_number(text)?;
    let leading_zero = text[0] == b'0' && used > 3;
    (!leading_zero && number <= u64::from(u32::MAX)).then_some((number, used))
}

/// The length of a line that ends within `SHORT_LINE` bytes.
#[inline(always)]
fn short_line(text: &[u8]) -> Option<usize> {
    // Not `windows(2)`: the answer is nearly always the third byte, so a plain loop wins.
    for (index, &byte) in text.iter().enumerate().take(SHORT_LINE) {
        if byte == b'\r' {
            return (text.get(index + 1) == Some(&b'\n')).then_some(index);
        }
    }
    None
}

/// Whether a value can begin with this byte.
fn is_marker(byte: u8) -> bool {
    matches!(
        byte,
        b'+' | b'-'
            | b':'
            | b'$'
            | b'*'
            | b'_'
            | b'#'
            | b','
            | b'('
            | b'!'
            | b'='
            | b'%'
            | b'~'
            | b'>'
            | b'|'
    )
}

/// Bytes of `_` and CRLF.
const SHORTEST_VALUE: usize = 3;
/// Bytes of the format of verbatim text and the `:` behind it.
const VERBATIM_PREFIX: usize = 4;
/// Digits that fit in 64 bits whatever they are, sign or no sign.
const SHORT_DIGITS: usize = 18;
/// Below `Limits::MIN_LINE`, so the short cut cannot exceed the line limit.
const SHORT_LINE: usize = 24;
