//! One client's connection as its callers see it: always there, shared by any number of threads.

use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::caller::Caller;
use super::calls::CallId;
use super::relay::Relay;
use super::sink::Sink;
use super::state::State;
use super::terms::Terms;
use crate::command::Blocking;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Progress, Result};
use crate::options::Options;
use crate::proto::{Event, Form, ReplyRule, Request, Server, on_reply_error};
use crate::transport::Patience;
use crate::transport::fork::{self, PerProcess};

/// A connection shared by callers that block.
///
/// There is no thread behind it. A caller queues its commands, and if nobody else does it, it *leads*: it connects, writes what
/// all have queued, reads for everybody and hands out replies until it has its own; then another waiting caller takes over. The
/// lock is held for queueing, writing and parsing, never while waiting for the socket and never while a callback runs.
pub(crate) struct Link {
    terms: Terms,
    relay: PerProcess<Relay<State>>,
}

/// What is sent as one call.
pub(crate) struct Work<'a> {
    pub(crate) form: Form,
    /// On the wire; see [`Request::commands`].
    pub(crate) commands: u32,
    /// Encodes all of them.
    pub(crate) write: &'a dyn Fn(&mut Vec<u8>),
    /// The server may hold the replies back for so long.
    pub(crate) blocking: Option<Blocking>,
    /// When the call began.
    pub(crate) start: Instant,
}

/// A pipeline that has begun to send. Must be given back to [`Link::finish`] or [`Link::abandon`].
pub(crate) struct Ticket {
    id: CallId,
    commands: u64,
    generation: u64,
}

impl Link {
    /// `was_up`: there was a connection to the server before, this or another of the client.
    pub(crate) fn new(options: Arc<Options>, was_up: Arc<AtomicBool>) -> Self {
        Self::with_rule(options, was_up, on_reply_error)
    }

    /// `rule`: what happens to error replies before anybody sees them.
    fn with_rule(options: Arc<Options>, was_up: Arc<AtomicBool>, rule: ReplyRule) -> Self {
        let terms = Terms::new(options, was_up, rule);
        Self { relay: PerProcess::new(Relay::new(State::new(&terms))), terms }
    }

    pub(crate) fn options(&self) -> &Arc<Options> {
        &self.terms.options
    }

    /// Connects if there is no connection.
    pub(crate) fn connect(&self) -> Result<()> {
        self.caller().ready(&self.patience(Instant::now(), None)).map(drop)
    }

    /// Sends commands and hands their replies to `sink` as they arrive.
    pub(crate) fn call(&self, work: &Work<'_>, sink: &mut dyn Sink) -> Result<()> {
        let patience = self.patience(work.start, work.blocking);
        let deadline = Deadline::after(work.start, self.terms.options.timeout);
        let mut request = Request::new(0, work.form, work.commands, deadline);
        request.blocking = work.blocking;
        self.caller().call(request, work.write, &patience, sink)
    }

    /// Sends commands of a pipeline that is still being built, takes them out of `bytes`, and keeps the replies that have come
    /// meanwhile. Never waits for the server except to connect.
    ///
    /// False if the pipeline has failed before: nothing was sent and [`finish`](Self::finish) will tell.
    pub(crate) fn feed(
        &self,
        ticket: &mut Option<Ticket>,
        commands: u32,
        blocking: Option<Blocking>,
        bytes: &mut Vec<u8>,
        start: Instant,
    ) -> Result<bool> {
        let caller = self.caller();
        // Before a new connection is made for what cannot go on anyway: `finish` has the reason, and it is a better one.
        let has_failed = |state: &State, ticket: &Ticket| state.calls.get(ticket.id).failed();
        if let Some(ticket) = ticket
            && (ticket.is_the_parents() || has_failed(&*caller.lock()?, ticket))
        {
            return Ok(false);
        }
        let mut state = caller.ready(&self.patience(start, None))?;
        if ticket.as_ref().is_some_and(|ticket| has_failed(&state, ticket)) {
            return Ok(false);
        }
        let ticket = ticket.get_or_insert_with(|| Ticket {
            id: state.calls.open(false, false),
            commands: 0,
            generation: fork::generation(),
        });
        // Its deadline is that of whoever waits for the pipeline.
        let mut request = Request::new(ticket.id, Form::Portion, commands, Deadline::never());
        request.blocking = blocking;
        state.connection.push_buffer(request, bytes)?;
        state.calls.get_mut(ticket.id).add_request();
        ticket.commands += u64::from(commands);
        state.flush();
        Ok(true)
    }

    /// Waits for the replies of a pipeline that was fed and hands them to `sink`.
    pub(crate) fn finish(
        &self,
        ticket: Ticket,
        blocking: Option<Blocking>,
        start: Instant,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        if ticket.is_the_parents() {
            return Err(forked().with_progress(ticket.unknown()));
        }
        let caller = self.caller();
        let patience = self.patience(start, blocking);
        let result = caller.lock().and_then(|state| caller.drive(state, ticket.id, &patience, sink));
        result.map_err(|error| error.or_progress(ticket.unknown()))
    }

    /// Gives a fed pipeline up; its replies will be swallowed. The fate of its commands.
    pub(crate) fn abandon(&self, ticket: &Ticket) -> Progress {
        let caller = self.caller();
        match caller.lock() {
            Ok(mut state) if !ticket.is_the_parents() => caller.release(&mut state, ticket.id, false),
            _ => ticket.unknown(),
        }
    }

    /// Closes for good: whatever is in flight fails, whoever waits wakes up. May be called any number of times.
    pub(crate) fn close(&self) {
        self.terms.closed.store(true, Ordering::Release);
        let caller = self.caller();
        if let Ok(state) = caller.lock() {
            caller.close(state);
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.terms.closed.load(Ordering::Acquire)
    }

    /// From now on a connection that is lost stays lost, or is made again as usual.
    pub(super) fn pin(&self, is_pinned: bool) {
        self.terms.pinned.store(is_pinned, Ordering::Relaxed);
        if let Ok(mut state) = self.caller().lock() {
            state.connection.pin(is_pinned);
        }
    }

    /// Whether there is a connection on which nothing is under way.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.caller().lock().is_ok_and(|state| state.connection.is_up() && state.connection.is_empty())
    }

    /// Who was greeted last.
    pub(crate) fn server(&self) -> Option<Arc<Server>> {
        self.caller().lock().ok()?.connection.server().cloned()
    }

    /// Waits until there are events, and takes them: see [`Caller::listen`].
    pub(crate) fn next_events(&self, into: &mut Vec<Event>, timeout: Option<Duration>) -> Result<bool> {
        let now = Instant::now();
        let (interrupt, closed) = (self.terms.options.interrupt.as_ref(), &self.terms.closed);
        let patience = Patience::new(Deadline::after(now, timeout), interrupt, closed, now);
        self.caller().listen(&patience, into)
    }

    /// The descriptor of the socket, if there is a connection.
    pub(crate) fn descriptor(&self) -> Option<RawFd> {
        self.caller().lock().ok()?.channel.as_ref().map(AsRawFd::as_raw_fd)
    }

    /// For a call that began at `start`. Commands that the server may hold back get their own time on top.
    fn patience(&self, start: Instant, blocking: Option<Blocking>) -> Patience<'_> {
        let timeout = self.terms.options.timeout;
        let timeout: Option<Duration> = match blocking {
            None => timeout,
            Some(Blocking::For(time)) => timeout.and_then(|timeout| timeout.checked_add(time)),
            Some(Blocking::Forever) => None,
        };
        Patience::new(
            Deadline::after(start, timeout),
            self.terms.options.interrupt.as_ref(),
            &self.terms.closed,
            start,
        )
    }

    fn caller(&self) -> Caller<'_> {
        Caller::new(&self.terms, self.relay.get(|| Relay::new(self.new_state())))
    }

    /// As it was in the parent process, but without a connection.
    fn new_state(&self) -> State {
        let mut state = State::new(&self.terms);
        state.renew(&self.terms);
        state
    }
}

impl Ticket {
    fn is_the_parents(&self) -> bool {
        self.generation != fork::generation()
    }

    fn unknown(&self) -> Progress {
        Progress { unknown: self.commands, ..Progress::default() }
    }
}

fn forked() -> Error {
    Error::new(ErrorKind::Disconnected, "the process forked, and what was under way is the parent's")
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
