//! The stream of what a server sends: where replies and pushes begin and end, and what nothing had asked for.

use crate::error::{Error, ErrorKind};
use crate::resp::{
    Limits, Node, OutOfMemory, Parsed, Parser, ProtocolError, ProtocolErrorKind, Reply, ReplyBuilder,
    Underway,
};

/// Tells replies from pushes, however the network cuts them, and refuses a reply that began when none was awaited.
///
/// A value is known to be a push by its own header only. What stands before it, an attribute, may have come in a segment of its
/// own, and so nodes of an attribute are held until it is known what they annotate: handed on earlier, a push's attribute would
/// be taken for the beginning of a reply.
pub(super) struct Incoming {
    parser: Parser,
    /// Nodes of replies that were parsed and not handed on yet.
    pub(super) nodes: Vec<Node>,
    /// Earlier parts of a push, of an attribute of which it is not known yet what it annotates, or of a reply to what has not left.
    held: ReplyBuilder,
    /// The value under way began when no reply was awaited: it must not become one.
    is_orphan: bool,
    /// There is something in `held` or to be said of the value under way.
    is_undecided: bool,
    /// The value under way began in an earlier window.
    continues: bool,
    /// The push that interrupts the reply under way, as far as it has come.
    aside: ReplyBuilder,
    is_interrupted: bool,
}

/// What came next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// A reply ends with the last of [`Incoming::nodes`]; whether it also began behind those that were there before.
    Reply { is_whole: bool },
    /// See [`Incoming::take_push`].
    Push,
    /// A push comes next, in the middle of a reply whose beginning is among the nodes.
    Interrupted,
    /// The window is used up. The beginning of a reply may be among the nodes.
    Starved,
}

/// The same where values are held until they are whole.
pub(super) enum Spoken {
    /// `is_awaited`: there was a command that it may be the reply to when it began.
    Value {
        value: Reply,
        is_push: bool,
        is_awaited: bool,
    },
    /// The end of a reply whose beginning has been handed on.
    Rest {
        nodes: Vec<Node>,
        bytes: Vec<u8>,
    },
    Starved,
}

impl Incoming {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            parser: Parser::new(limits),
            nodes: Vec::new(),
            held: ReplyBuilder::new(),
            is_orphan: false,
            is_undecided: false,
            continues: false,
            aside: ReplyBuilder::new(),
            is_interrupted: false,
        }
    }

    /// Reads one value from `window[*pos..]`. `is_awaited`: there is a command whose reply may come now.
    ///
    /// # Errors
    /// What came is no RESP, exceeds a limit, or is a reply that nothing had asked for. Nodes of whole replies before it stay.
    #[inline(always)]
    pub(super) fn next(&mut self, window: &[u8], pos: &mut usize, is_awaited: bool) -> Result<Next, Error> {
        if *pos == window.len() {
            return Ok(Next::Starved);
        }
        let start = self.nodes.len();
        let parsed = self.parser.parse(window, pos, &mut self.nodes);
        if let Ok(Parsed::Reply) = parsed
            && is_awaited
            && !self.is_undecided
        {
            let is_whole = !std::mem::take(&mut self.continues);
            return Ok(Next::Reply { is_whole });
        }
        self.other(parsed, start, window, *pos, is_awaited)
    }

    /// A copy of the parser's short cut belongs on the way of replies only.
    #[inline(never)]
    fn parse_apart(&mut self, window: &[u8], pos: &mut usize) -> Result<Parsed, ProtocolError> {
        self.parser.parse(window, pos, &mut self.nodes)
    }

    /// Reads one value where not everything is a reply that looks like one: it is held until it is whole.
    ///
    /// # Errors
    /// What came is no RESP or exceeds a limit.
    pub(super) fn next_value(
        &mut self,
        window: &[u8],
        pos: &mut usize,
        is_awaited: bool,
    ) -> Result<Spoken, Error> {
        if *pos == window.len() {
            return Ok(Spoken::Starved);
        }
        let parsed = self.parse_apart(window, pos);
        let held = self.hold(0, window);
        self.nodes.clear();
        let (parsed, ()) = (parsed.map_err(protocol_error)?, held?);
        if self.is_interrupted {
            self.is_interrupted = !matches!(parsed, Parsed::Push);
            return Ok(match self.is_interrupted {
                true => Spoken::Starved,
                false => Spoken::Value { value: self.take_push(), is_push: true, is_awaited: false },
            });
        }
        self.is_orphan |= !is_awaited && !self.continues;
        let is_push = match parsed {
            Parsed::Incomplete { .. } | Parsed::Interrupted => {
                self.is_undecided |= !self.continues;
                self.continues |= self.parser.underway() != Underway::Nothing;
                self.is_interrupted = parsed == Parsed::Interrupted;
                return match self.is_interrupted {
                    true => self.next_value(window, pos, is_awaited),
                    false => Ok(Spoken::Starved),
                };
            }
            Parsed::Push => true,
            Parsed::Reply => false,
        };
        // What began before values were held has been handed on as far as it had come.
        let is_rest = self.continues && !self.is_undecided;
        let is_awaited = !std::mem::take(&mut self.is_orphan);
        (self.is_undecided, self.continues) = (false, false);
        Ok(match is_rest {
            true => {
                let (nodes, bytes) = std::mem::take(&mut self.held).take_part();
                Spoken::Rest { nodes, bytes }
            }
            false => Spoken::Value { value: std::mem::take(&mut self.held).finish(), is_push, is_awaited },
        })
    }

    /// The same where it is not worth a copy of the parser's short cut.
    #[inline(never)]
    pub(super) fn next_in_greeting(
        &mut self,
        window: &[u8],
        pos: &mut usize,
        is_awaited: bool,
    ) -> Result<Next, Error> {
        self.next(window, pos, is_awaited)
    }

    #[inline(never)]
    fn other(
        &mut self,
        parsed: Result<Parsed, ProtocolError>,
        start: usize,
        window: &[u8],
        pos: usize,
        is_awaited: bool,
    ) -> Result<Next, Error> {
        let result = match parsed {
            Ok(Parsed::Reply) => self.reply(is_awaited),
            Ok(Parsed::Push) => self.push(start, window),
            Ok(Parsed::Incomplete { .. }) => self.incomplete(start, window, pos, is_awaited),
            Ok(Parsed::Interrupted) => self.incomplete(start, window, pos, is_awaited).map(|_| {
                self.is_interrupted = true;
                Next::Interrupted
            }),
            Err(error) => Err(protocol_error(error)),
        };
        if result.is_err() {
            self.nodes.truncate(start);
        }
        result
    }

    /// Holds the nodes from `from` on: they belong to what is under way, and it is too early to hand it on.
    pub(super) fn hold(&mut self, from: usize, window: &[u8]) -> Result<(), OutOfMemory> {
        let held = if self.is_interrupted { &mut self.aside } else { &mut self.held };
        held.try_append(&self.nodes[from..], window)?;
        self.nodes.truncate(from);
        Ok(())
    }

    pub(super) fn holds_something(&self) -> bool {
        !self.held.is_empty()
    }

    /// What was held and turned out to belong to the reply under way: to be handed on before [`Self::nodes`].
    #[inline]
    pub(super) fn take_held(&mut self) -> Option<(Vec<Node>, Vec<u8>)> {
        if self.is_undecided || !self.holds_something() {
            return None;
        }
        let held = self.held.take_part();
        self.held = ReplyBuilder::new();
        Some(held)
    }

    #[cold]
    fn reply(&mut self, is_awaited: bool) -> Result<Next, Error> {
        if !is_awaited || self.is_orphan {
            return Err(surplus());
        }
        self.is_undecided = false;
        let is_whole = !std::mem::take(&mut self.continues);
        Ok(Next::Reply { is_whole })
    }

    /// The push message that has just come.
    pub(super) fn take_push(&mut self) -> Reply {
        let push = if self.aside.is_empty() { &mut self.held } else { &mut self.aside };
        std::mem::take(push).finish()
    }

    #[cold]
    fn push(&mut self, start: usize, window: &[u8]) -> Result<Next, Error> {
        self.hold(start, window)?;
        if !std::mem::take(&mut self.is_interrupted) {
            (self.is_orphan, self.is_undecided, self.continues) = (false, false, false);
        }
        Ok(Next::Push)
    }

    fn incomplete(
        &mut self,
        start: usize,
        window: &[u8],
        pos: usize,
        is_awaited: bool,
    ) -> Result<Next, Error> {
        if self.is_interrupted {
            self.hold(start, window)?;
            return Ok(Next::Starved);
        }
        match self.parser.underway() {
            Underway::Nothing => {
                // Its first byte tells whether it may become something else than a reply.
                let begins_reply = window.get(pos).is_some_and(|marker| !matches!(marker, b'>' | b'|'));
                if begins_reply && !is_awaited {
                    return Err(surplus());
                }
                if !begins_reply && pos < window.len() && !is_awaited {
                    (self.is_orphan, self.is_undecided) = (true, true);
                }
                return Ok(Next::Starved);
            }
            Underway::Reply => {
                if !is_awaited || self.is_orphan {
                    return Err(surplus());
                }
                self.is_undecided = false;
            }
            Underway::Push | Underway::Undecided => {
                self.hold(start, window)?;
                self.is_undecided = true;
                self.is_orphan |= !is_awaited && !self.continues;
            }
        }
        self.continues = true;
        Ok(Next::Starved)
    }
}

pub(super) fn surplus() -> Error {
    Error::new(ErrorKind::Protocol, "the server sent a reply that nothing had asked for")
}

fn protocol_error(error: ProtocolError) -> Error {
    let kind = match error.kind {
        ProtocolErrorKind::Malformed => ErrorKind::Protocol,
        ProtocolErrorKind::Limit => ErrorKind::Limit,
    };
    Error::new(kind, error.message)
}
