//! An established connection: commands in flight, and whose reply comes next.

use std::collections::VecDeque;

use super::outbound::Outbound;
use super::requests::{RequestId, Requests};
use crate::error::{Error, ErrorKind, Progress};
use crate::resp::{Kind, Limits, Node, Parsed, Parser, ProtocolError, ProtocolErrorKind};

/// The order of commands on the wire is the order of their replies, and there is nothing else to match them by. So every
/// command gets a sequence number when it is queued, runs of one request's commands wait in `in_flight` in that order, and
/// each reply belongs to the front run.
pub(crate) struct Session {
    parser: Parser,
    outbound: Outbound,
    in_flight: VecDeque<Run>,
    /// Sequence number of the next command to be queued.
    next: u64,
    /// Parsed and not yet handed on.
    nodes: Vec<Node>,
    /// The parser stands inside a push message, whose beginning was dropped.
    inside_push: bool,
}

/// Consecutive commands of one request.
struct Run {
    request: RequestId,
    first: u64,
    commands: u64,
    replied: u64,
    bytes: usize,
}

/// What [`Session::receive`] came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// [`Session::part`] holds replies for the request asked for; call again after having taken them.
    Part,
    /// The window is used up.
    Starved,
}

impl Session {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            parser: Parser::new(limits),
            outbound: Outbound::default(),
            in_flight: VecDeque::new(),
            next: 0,
            nodes: Vec::new(),
            inside_push: false,
        }
    }

    /// Queues `commands` commands of a request; `write` encodes them into about `size_hint` bytes.
    pub(crate) fn enqueue(
        &mut self,
        requests: &mut Requests,
        request: RequestId,
        commands: u64,
        size_hint: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let bytes = self.outbound.push(size_hint, commands, write);
        self.expect(requests, request, commands, bytes);
    }

    /// Counts commands of a request as in flight; `bytes` of them are among the pending ones.
    pub(crate) fn expect(
        &mut self,
        requests: &mut Requests,
        request: RequestId,
        commands: u64,
        bytes: usize,
    ) {
        requests.get_mut(request).add_commands(commands);
        match self.in_flight.back_mut() {
            Some(run) if run.request == request => {
                run.commands += commands;
                run.bytes += bytes;
            }
            _ => self.in_flight.push_back(Run { request, first: self.next, commands, replied: 0, bytes }),
        }
        self.next += commands;
    }

    /// Bytes to be written next; empty if there are none.
    pub(crate) fn pending(&self) -> &[u8] {
        self.outbound.pending()
    }

    /// `count` of the pending bytes were written.
    pub(crate) fn written(&mut self, count: usize) {
        self.outbound.advance(count);
    }

    /// Number of commands whose replies are still to come.
    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.front().map_or(0, |run| self.next - (run.first + run.replied))
    }

    /// Reads replies from `window[*pos..]` and gives them to their requests.
    ///
    /// Replies of `direct` are not kept but left in [`part`](Self::part), string offsets relative to `window`, so that its
    /// caller can use them where they are.
    pub(crate) fn receive(
        &mut self,
        window: &[u8],
        pos: &mut usize,
        requests: &mut Requests,
        direct: Option<RequestId>,
    ) -> Result<Received, Error> {
        loop {
            let start = self.nodes.len();
            let parsed = match self.parser.parse(window, pos, &mut self.nodes) {
                Ok(parsed) => parsed,
                Err(error) => {
                    // Whole replies before the fault are good. If they are `direct`'s, it gets them now and the parser
                    // repeats the error at the next call.
                    self.nodes.truncate(start);
                    if let (false, Some(run)) = (self.nodes.is_empty(), self.in_flight.front())
                        && self.hand_on(run.request, window, requests, direct)
                    {
                        return Ok(Received::Part);
                    }
                    return Err(protocol_error(error));
                }
            };
            match parsed {
                Parsed::Push => {
                    self.nodes.truncate(start);
                    self.inside_push = false;
                }
                Parsed::Reply => {
                    let Some(run) = self.in_flight.front_mut() else { return Err(surplus()) };
                    run.replied += 1;
                    requests.get_mut(run.request).add_replies(1);
                    if run.replied == run.commands {
                        let request = run.request;
                        self.in_flight.pop_front();
                        if self.hand_on(request, window, requests, direct) {
                            return Ok(Received::Part);
                        }
                        requests.sweep(request);
                    }
                }
                Parsed::Incomplete { .. } => {
                    if self.inside_push
                        || self.nodes.get(start).is_some_and(|node| node.kind == Kind::Push as u8)
                    {
                        self.inside_push = true;
                        self.nodes.truncate(start);
                    }
                    if !self.nodes.is_empty() {
                        let Some(run) = self.in_flight.front() else { return Err(surplus()) };
                        if self.hand_on(run.request, window, requests, direct) {
                            return Ok(Received::Part);
                        }
                    }
                    return Ok(Received::Starved);
                }
            }
        }
    }

    /// Gives the gathered nodes to their request. True if they are `direct`'s and left for it.
    fn hand_on(
        &mut self,
        request: RequestId,
        window: &[u8],
        requests: &mut Requests,
        direct: Option<RequestId>,
    ) -> bool {
        if direct == Some(request) {
            return true;
        }
        requests.get_mut(request).keep(&self.nodes, window);
        self.nodes.clear();
        requests.tell(request);
        false
    }

    /// The replies that [`Received::Part`] announced. Whoever takes the vector gives it back, for its memory.
    pub(crate) fn part(&mut self) -> &mut Vec<Node> {
        &mut self.nodes
    }

    /// Takes the caller away from a request. Commands that have not left and can be taken back are; the replies to the
    /// others will be swallowed. Returns the fate of the commands.
    pub(crate) fn abandon(&mut self, requests: &mut Requests, id: RequestId) -> Progress {
        let mut retracted = 0;
        if let Some(run) = self.in_flight.back()
            && run.request == id
            && run.replied == 0
            && self.outbound.retract(run.bytes, run.commands)
        {
            retracted = run.commands;
            self.next -= retracted;
            self.in_flight.pop_back();
        }
        let mut progress = requests.get(id).progress(0);
        progress.unknown -= retracted;
        progress.not_applied = retracted;
        requests.get_mut(id).take_back_commands(retracted);
        requests.abandon(id);
        progress
    }

    /// The connection is lost: settles every request in flight with `error` and the fate of its own commands.
    pub(crate) fn fail(self, requests: &mut Requests, error: &Error) {
        let first_unsent = self.outbound.first_unsent();
        // A request can have several runs: sum them up first, then settle each request once.
        let mut unsent: Vec<(RequestId, u64)> = Vec::new();
        for run in &self.in_flight {
            let count = (run.first + run.commands).saturating_sub(first_unsent.max(run.first));
            match unsent.iter_mut().find(|(id, _)| *id == run.request) {
                Some((_, sum)) => *sum += count,
                None => unsent.push((run.request, count)),
            }
        }
        for (id, unsent) in unsent {
            requests.get_mut(id).fail(error.clone(), unsent);
            requests.tell(id);
            requests.sweep(id);
        }
    }
}

fn surplus() -> Error {
    Error::new(ErrorKind::Protocol, "the server sent a reply that nothing had asked for")
}

fn protocol_error(error: ProtocolError) -> Error {
    let kind = match error.kind {
        ProtocolErrorKind::Malformed => ErrorKind::Protocol,
        ProtocolErrorKind::Limit => ErrorKind::Limit,
    };
    Error::new(kind, error.message)
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
