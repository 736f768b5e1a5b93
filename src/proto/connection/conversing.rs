//! What comes in where not every command has one reply: see [`Conversation`].

use std::sync::Arc;

use super::receiving::give;
use super::{Connection, Received};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Overflow;
use crate::proto::backoff::Backoff;
use crate::proto::conversation::{Answer, Conversation, Heard};
use crate::proto::event::{Event, EventKind};
use crate::proto::greeting::sanitised;
use crate::proto::incoming::{Spoken, surplus};
use crate::proto::owner::Owner;
use crate::proto::request::Form;
use crate::resp::{Kind, Node, Reply, Value};

impl Connection {
    /// Looks at a request that asks for more or less than one reply, or comes after such a one.
    #[cold]
    pub(super) fn ask(&mut self, form: Form) -> Result<Answer> {
        let speaks = self.server.as_ref().map_or(self.options.protocol, |server| server.protocol);
        self.conversation.get_or_insert_with(|| Box::new(Conversation::new(speaks))).ask(form)
    }

    /// Ends requests that have left and await no reply. To be called when something has left.
    pub(crate) fn settle(&mut self, owner: &mut impl Owner) {
        while self.conversation.is_some() && self.fault.is_none() && self.queue.has_silent_front() {
            let request = self.queue.pop_front();
            if !request.abandoned {
                owner.complete(&request);
            }
        }
    }

    /// Whether [`settle`](Self::settle) may find something.
    #[inline]
    pub(crate) fn is_conversing(&self) -> bool {
        self.conversation.is_some()
    }

    /// Whether there may be more to do about it than to write and to read: see [`settle`](Self::settle) and
    /// [`is_full`](Self::is_full).
    #[inline]
    pub(crate) fn is_special(&self) -> bool {
        self.conversation.is_some() || self.options.events.overflow == Overflow::StopReading
    }

    /// As [`receive`](Self::receive), value by value: what it is, is known of whole ones only.
    #[cold]
    pub(super) fn converse<O: Owner>(
        &mut self,
        window: &[u8],
        pos: &mut usize,
        owner: &mut O,
    ) -> Result<Received> {
        while self.fault.is_none() {
            match self.incoming.next_value(window, pos, self.queue.begun() > 0) {
                Ok(Spoken::Value { value, is_push, is_awaited }) => {
                    self.hear(value, is_push, is_awaited, owner)?;
                }
                Ok(Spoken::Rest { nodes, bytes }) => {
                    self.queue.count_reply();
                    self.answer(&nodes, &bytes, true, owner)?;
                }
                Ok(Spoken::Starved) => return Ok(Received::Starved),
                Err(error) => self.fault = Some(error),
            }
        }
        Err(self.fault.clone().expect("invariant: without a fault it goes on"))
    }

    fn hear(&mut self, value: Reply, is_push: bool, is_awaited: bool, owner: &mut impl Owner) -> Result<()> {
        let conversation = self.conversation.as_mut().expect("invariant: this is one");
        let front = self.queue.answering().filter(|_| is_awaited);
        // Before what was said is counted.
        let awaited =
            front.as_ref().map(|front| (front.form, front.commands, conversation.confirmations(front.form)));
        let heard = conversation.hear(&value, is_push, front.as_deref());
        if let Heard::Event(kind) = heard {
            self.tell(kind, Some(value), None);
            return Ok(());
        }
        let Some((form, commands, confirmations)) = awaited else { return Err(surplus()) };
        if form == Form::Silent {
            // It was not to be answered, and what else this may be an answer to cannot be told.
            return Err(surplus());
        }
        if form.is_subscription() && commands == 0 {
            self.queue.expect(confirmations);
        }
        let is_error = value.root().kind() == Kind::Error;
        let (has_left, _) = self.queue.count_reply();
        if !has_left && (form.silences() || !self.queue.front_is_answered_in_time()) {
            self.answered_early(value.root().error());
            if !is_error {
                return Ok(());
            }
        }
        if let Some(text) = value.root().error() {
            self.note_last_words(text);
        }
        if form.silences() {
            return self.hear_agreement(value, owner);
        }
        if heard == Heard::Refusal {
            let replied = self.queue.front_mut().replied;
            self.queue.expect(replied);
        }
        let is_done = !is_error && !is_status(value.root(), b"QUEUED");
        let (nodes, bytes) = value.into_parts();
        self.answer(&nodes, &bytes, is_done, owner)
    }

    /// The server has switched off replies, or refused to.
    fn hear_agreement(&mut self, said: Reply, owner: &mut impl Owner) -> Result<()> {
        if is_status(said.root(), b"OK") {
            self.note_answer();
            self.end_front(true, owner);
            return Ok(());
        }
        let why = "the server refused CLIENT REPLY, so that which replies come after it cannot be told";
        self.fault = Some(Error::new(ErrorKind::Disconnected, why));
        let (nodes, bytes) = said.into_parts();
        self.answer(&nodes, &bytes, false, owner)
    }

    /// Hands on a reply, or the rest of one, that has been counted. `is_done`: what it answers is carried out.
    fn answer(&mut self, nodes: &[Node], bytes: &[u8], is_done: bool, owner: &mut impl Owner) -> Result<()> {
        self.note_answer();
        let front = self.queue.front_mut();
        give(owner, front, nodes, bytes)?;
        if front.replied == front.commands {
            self.end_front(is_done, owner);
        }
        Ok(())
    }

    fn note_answer(&mut self) {
        if !self.queue.front_mut().abandoned {
            self.stall.answered();
            self.backoff = Backoff::default();
        }
    }

    /// The first request has all that it is to get.
    fn end_front(&mut self, is_done: bool, owner: &mut impl Owner) {
        let request = self.queue.pop_front();
        if let Some(conversation) = &mut self.conversation {
            conversation.answered(request.form, is_done);
            let speaks = conversation.speaks();
            if let Some(server) = self.server.as_mut().filter(|server| server.protocol != speaks) {
                Arc::make_mut(server).protocol = speaks;
            }
        }
        if !request.abandoned {
            owner.complete(&request);
        }
        self.settle(owner);
    }

    /// The server answered what it cannot have seen whole, with an error or not, and nothing may follow on this connection: the
    /// rest of the command would be taken for another one. An error is an answer all the same: it says why the server did not
    /// want to see the rest.
    #[cold]
    pub(super) fn answered_early(&mut self, error: Option<&[u8]>) {
        let kind = if error.is_some() { ErrorKind::Disconnected } else { ErrorKind::Protocol };
        self.fault = Some(Error::new(kind, "the server answered a command before it had left"));
        // Not what it said of others before.
        self.last_words = error.map(sanitised);
        if error.is_none() {
            self.queue.take_back_reply();
        }
        self.queue.front_mut().condemn();
    }

    /// Something happened that nobody had asked for just then.
    pub(super) fn tell(&mut self, kind: EventKind, message: Option<Reply>, reason: Option<Error>) {
        self.events.add(Event::new(kind, self.server.as_deref(), message, reason));
    }
}

fn is_status(reply: Value<'_>, word: &[u8]) -> bool {
    reply.kind() == Kind::Status && reply.bytes() == Some(word)
}

#[cfg(test)]
#[path = "conversing_tests.rs"]
mod tests;
