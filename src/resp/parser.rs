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

use super::error::ProtocolError;
use super::header::{Declared, VERBATIM_PREFIX, declared};
use super::limits::Limits;
use super::line::{Line, find_line};
use super::node::{Kind, Node};
use super::number;
use super::short::{short_scalar, short_value};

/// What one call of [`Parser::parse`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A reply is complete; with a top-level attribute, that came first in the same nodes.
    Reply,
    /// A push is complete; it answers no command.
    Push,
    /// A push comes in the middle of a reply, of which it is no part: the next calls go on with the push, and then with the rest
    /// of the reply. What has come of that has been emitted. Servers before Redis 7.2 do so when a transaction publishes to its
    /// own connection.
    Interrupted,
    /// The window is used up. What is complete so far has been emitted.
    Incomplete {
        /// At least this many more bytes are needed before anything new can be emitted or consumed;
        /// never 0. A lower bound, not a promise.
        missing: usize,
    },
}

/// The answer of [`Parser::underway`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Underway {
    Nothing,
    /// Only an attribute has come, or a part of one: what it annotates is still to come.
    Undecided,
    Reply,
    Push,
}

/// An incremental RESP2 and RESP3 parser for one byte stream.
#[derive(Debug)]
pub struct Parser {
    limits: Limits,
    state: State,
    /// Nothing of a reply has been consumed or looked at: the short cut may be tried.
    resting: bool,
    /// A push is under way.
    push: bool,
    /// The reply that it interrupts.
    interrupted: Option<Box<Interrupted>>,
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
            interrupted: None,
            wire: 0,
            top: Frame::ROOT,
            outer: Vec::new(),
        }
    }

    /// What the top-level value under way is, as far as its consumed bytes tell. A push that interrupts it is none.
    pub(crate) fn underway(&self) -> Underway {
        let (outer, top) = match &self.interrupted {
            Some(interrupted) => (&interrupted.outer, &interrupted.top),
            None if self.push => return Underway::Push,
            None => (&self.outer, &self.top),
        };
        match (outer.get(1).or((!outer.is_empty()).then_some(top)), &self.state) {
            (Some(outermost), _) if outermost.attribute => Underway::Undecided,
            (Some(_), _) | (None, State::Bulk { .. }) => Underway::Reply,
            (None, _) if self.wire == 0 => Underway::Nothing,
            (None, _) => Underway::Undecided,
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
    #[inline(always)]
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
    #[inline(never)]
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
            Ok(Parsed::Incomplete { .. } | Parsed::Interrupted) => {
                self.resting = false;
                self.wire += *pos - start;
            }
            Ok(Parsed::Reply | Parsed::Push) => {
                self.push = false;
                match self.interrupted.take() {
                    None => {
                        self.resting = true;
                        self.wire = 0;
                        self.top = Frame::ROOT;
                    }
                    Some(interrupted) => {
                        self.wire += *pos - start;
                        (self.top, self.outer) = (interrupted.top, interrupted.outer);
                    }
                }
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
            let begin = at;
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
                if node.kind == Kind::Push as u8 && !self.push {
                    self.push = true;
                    if !self.outer.is_empty() {
                        let outer = std::mem::take(&mut self.outer);
                        self.interrupted = Some(Box::new(Interrupted { top, outer }));
                        self.top = Frame::ROOT;
                        *pos = begin;
                        return Ok(Parsed::Interrupted);
                    }
                }
                if self.outer.len() >= self.limits.depth {
                    return Err(ProtocolError::limit("nesting of a reply", self.limits.depth));
                }
                nodes.push(node);
                *pos = at;
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
            _ => match declared(marker, line, &self.limits)? {
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

/// What was open when a push came in between.
#[derive(Debug)]
struct Interrupted {
    top: Frame,
    outer: Vec<Frame>,
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
