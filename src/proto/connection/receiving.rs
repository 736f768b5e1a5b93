//! What comes in: replies to their owners, pushes aside, refusals that pass back into the queue.

use std::sync::Arc;

use super::{Connection, Phase, Received};
use crate::error::Result;
use crate::proto::backoff::Backoff;
use crate::proto::event::{Event, EventKind};
use crate::proto::greeting::{Step, sanitised};
use crate::proto::incoming::Next;
use crate::proto::owner::Owner;
use crate::proto::request::{Form, Request};
use crate::proto::retry;
use crate::resp::{Kind, Node, OutOfMemory};

impl Connection {
    /// Reads replies from `window[*pos..]` and hands them to their owner.
    ///
    /// # Errors
    /// The connection is to be given up. What came whole before has been handed on.
    pub(crate) fn receive<O: Owner>(
        &mut self,
        window: &[u8],
        pos: &mut usize,
        owner: &mut O,
    ) -> Result<Received> {
        if !matches!(self.phase, Phase::Up) && !self.receive_greeting(window, pos, owner)? {
            return Ok(Received::Starved);
        }
        if self.conversation.is_some() {
            return self.converse(window, pos, owner);
        }
        let (mut in_run, mut is_answered) = (false, false);
        while self.fault.is_none() {
            let from = self.incoming.nodes.len();
            let is_whole = match self.incoming.next(window, pos, self.queue.begun() > 0) {
                Ok(Next::Reply { is_whole }) => is_whole,
                Ok(Next::Push) => {
                    self.take_push();
                    continue;
                }
                Ok(next @ (Next::Starved | Next::Interrupted)) => {
                    let held = match self.queue.may_be_answered() {
                        true => self.incoming.take_held(),
                        false => match self.incoming.hold(from, window) {
                            Ok(()) => None,
                            Err(no_memory) => {
                                self.incoming.nodes.truncate(from);
                                self.fault = Some(no_memory.into());
                                break;
                            }
                        },
                    };
                    match (self.hand_on(std::mem::take(&mut in_run), from, held, window, owner)?, next) {
                        (true, _) => return Ok(Received::Part),
                        (false, Next::Interrupted) => continue,
                        (false, _) => return Ok(Received::Starved),
                    }
                }
                Err(error) => {
                    self.fault = Some(error);
                    break;
                }
            };
            let is_error = is_whole && self.incoming.nodes[from].kind == Kind::Error as u8;
            let (has_left, counted) = self.queue.count_reply();
            let front = if has_left && !is_error {
                counted
            } else {
                let is_early = !has_left && !self.queue.front_is_answered_in_time();
                if is_early && !self.is_answer_to_what_has_not_left(from, window) {
                    break;
                }
                if is_error && self.takes_out(from, window, owner) {
                    continue;
                }
                self.queue.front_mut()
            };
            if !is_answered && !front.abandoned {
                is_answered = true;
                self.stall.answered();
                // Not when it came up: a server that hangs up on each command would be called without end.
                self.backoff = Backoff::default();
            }
            if O::TAKES_RUNS && is_whole && front.form == Form::Command && !front.abandoned {
                let nodes = self.incoming.nodes.len() - from;
                if owner.joins_run(front, nodes, is_error) {
                    in_run = true;
                    self.queue.drop_front();
                    continue;
                }
            }
            if in_run {
                in_run = false;
                owner.run(&self.incoming.nodes[..from], window)?;
                self.incoming.nodes.drain(..from);
            }
            if !is_whole && let Some((nodes, bytes)) = self.incoming.take_held() {
                give(owner, front, &nodes, &bytes)?;
            }
            if front.replied == front.commands {
                let is_direct = !front.abandoned && owner.is_direct(front);
                if !is_direct {
                    give(owner, front, &self.incoming.nodes, window)?;
                    self.incoming.nodes.clear();
                }
                if !front.abandoned {
                    owner.complete(front);
                }
                self.queue.drop_front();
                if is_direct {
                    return Ok(Received::Part);
                }
            }
        }
        // Whatever came whole before the fault is good.
        match self.hand_on(in_run, self.incoming.nodes.len(), None, window, owner)? {
            true => Ok(Received::Part),
            false => Err(self.fault.clone().expect("invariant: without a fault it goes on")),
        }
    }

    /// Hands on what has been parsed: the run that ends before node `from`, and what belongs to the first request, `held` before
    /// the nodes. True if the latter is to be used in place.
    fn hand_on<O: Owner>(
        &mut self,
        in_run: bool,
        from: usize,
        held: Option<(Vec<Node>, Vec<u8>)>,
        window: &[u8],
        owner: &mut O,
    ) -> Result<bool> {
        if in_run {
            owner.run(&self.incoming.nodes[..from], window)?;
            self.incoming.nodes.drain(..from);
        }
        if self.incoming.nodes.is_empty() && held.is_none() {
            return Ok(false);
        }
        let front = self.queue.front_mut();
        if let Some((nodes, bytes)) = held {
            give(owner, front, &nodes, &bytes)?;
        }
        if !front.abandoned && owner.is_direct(front) {
            front.delivered |= !owner.can_take_back(front);
            front.handed_on = front.replied;
            return Ok(true);
        }
        give(owner, front, &self.incoming.nodes, window)?;
        self.incoming.nodes.clear();
        Ok(false)
    }

    /// See [`answered_early`](Self::answered_early). Whether it is an answer all the same.
    #[cold]
    fn is_answer_to_what_has_not_left(&mut self, at: usize, window: &[u8]) -> bool {
        let node = &self.incoming.nodes[at];
        // With something before it, it is an error inside of a reply, or one that no server annotates.
        let is_error = node.kind == Kind::Error as u8 && !self.incoming.holds_something();
        let error = is_error.then(|| text_of(node, window));
        self.answered_early(error);
        if !is_error {
            self.incoming.nodes.truncate(at);
        }
        is_error
    }

    #[cold]
    fn take_push(&mut self) {
        let push = self.incoming.take_push();
        self.tell(EventKind::of_push(&push), Some(push), None);
    }

    /// Looks at an error reply, whose one node is the last. True if its command is sent again, and nobody hears of it.
    #[cold]
    fn takes_out(&mut self, at: usize, window: &[u8], owner: &impl Owner) -> bool {
        let text = text_of(&self.incoming.nodes[at], window);
        self.note_last_words(text);
        let front = self.queue.front_mut();
        if !front.form.is_single() || self.fault.is_some() {
            return false;
        }
        let due = retry::resend_at(self.rule, text, front, self.is_pinned, || owner.now(), || owner.chance());
        let Some(due) = due else { return false };
        self.incoming.nodes.truncate(at);
        self.queue.defer_front(due);
        true
    }

    /// Some errors say that the server is about to hang up.
    pub(super) fn note_last_words(&mut self, text: &[u8]) {
        if text.starts_with(b"ERR Protocol error") {
            self.queue.front_mut().condemn();
            self.last_words = Some(sanitised(text));
        }
    }

    /// Whether the greeting is over.
    fn receive_greeting(&mut self, window: &[u8], pos: &mut usize, owner: &mut impl Owner) -> Result<bool> {
        let Phase::Greeting(greeting) = &mut self.phase else { return Ok(false) };
        loop {
            let next = self.incoming.next_in_greeting(window, pos, greeting.is_awaiting())?;
            if let Next::Push = next {
                let push = self.incoming.take_push();
                // Who it is that says so, it has yet to say.
                self.events.add(Event::new(EventKind::of_push(&push), None, Some(push), None));
                continue;
            }
            let ends = matches!(next, Next::Reply { .. });
            if let Some((nodes, bytes)) = self.incoming.take_held() {
                greeting.hear(&self.options, &nodes, &bytes, false)?;
            }
            let step = greeting.hear(&self.options, &self.incoming.nodes, window, ends)?;
            self.incoming.nodes.clear();
            if let Next::Interrupted = next {
                continue;
            }
            if let Step::Done(server) = step {
                self.phase = Phase::Up;
                if let Some(conversation) = &mut self.conversation {
                    conversation.greeted(server.protocol);
                }
                self.server = Some(Arc::new(server));
                self.tell(EventKind::Up, None, None);
                (self.attempt_until, self.greets_plainly) = (None, false);
                self.failure = None;
                owner.came_up();
                return Ok(true);
            }
            if !ends {
                return Ok(false);
            }
        }
    }
}

/// Replies of a request that nobody waits for any more are swallowed.
#[inline]
pub(super) fn give(
    owner: &mut impl Owner,
    request: &mut Request,
    nodes: &[Node],
    window: &[u8],
) -> Result<(), OutOfMemory> {
    if !request.abandoned {
        owner.part(request, nodes, window)?;
    }
    request.handed_on = request.replied;
    Ok(())
}

fn text_of<'a>(node: &Node, window: &'a [u8]) -> &'a [u8] {
    window.get(node.value as usize..).and_then(|text| text.get(..node.len as usize)).unwrap_or_default()
}
