//! One client's connection as its callers see it: always there, shared by any number of threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::relay::Relay;
use super::visit::Visit;
use super::wire::Wire;
use crate::command::Blocking;
use crate::error::{Error, ErrorKind, Progress, Result};
use crate::options::Options;
use crate::proto::{RequestId, Requests};
use crate::resp::Node;
use crate::transport::fork::{self, PerProcess};
use crate::transport::{Deadline, Patience, closed};

/// Takes replies as they arrive: whole nodes in preorder and the bytes that their strings lie in. False to stop.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(&[Node], &[u8]) -> bool;

/// A connection shared by callers that block.
///
/// There is no thread behind it. A caller queues its commands, and if nobody else does it, it *leads*: it writes what all have
/// queued, reads for everybody and hands out replies until it has its own; then another waiting caller takes over. The lock
/// is held for queueing, writing and parsing, never while waiting for the socket and never while a callback runs.
///
/// A lost connection fails what was in flight and is made again when somebody next needs it.
pub(crate) struct Link {
    options: Options,
    closed: AtomicBool,
    /// The connection must not be made again.
    pinned: AtomicBool,
    relay: PerProcess<Relay<State>>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) wire: Option<Wire>,
    pub(super) requests: Requests,
    /// Counts connections, so that who reads notices that its own is gone.
    pub(super) epoch: u64,
    /// A connection was up before: losing it is worth waiting for its return.
    pub(super) was_up: bool,
    /// Whoever leads will soon write what others queue: it is awake and in no callback, or the server is near.
    pub(super) is_at_hand: bool,
    /// Replies come so soon that waiting for them awake pays.
    pub(super) is_lively: bool,
    /// How many other callers there have been lately. Between two calls they are nowhere to be seen, so it is forgotten slowly.
    pub(super) company: usize,
}

/// A pipeline that has begun to send. Must be given back to [`Link::finish`] or [`Link::abandon`].
pub(crate) struct Ticket {
    id: RequestId,
    commands: u64,
    generation: u64,
}

impl Link {
    pub(crate) fn new(options: Options) -> Self {
        let relay = PerProcess::new(Relay::new(State::default()));
        Self { options, closed: AtomicBool::new(false), pinned: AtomicBool::new(false), relay }
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// Connects if there is no connection.
    pub(crate) fn connect(&self) -> Result<()> {
        self.visit().ready(&self.patience(self.options.timeout)).map(drop)
    }

    /// Sends commands of a pipeline that is still being built and keeps the replies that have come meanwhile. Never waits for
    /// the server except to connect.
    ///
    /// False if the pipeline has failed before: nothing was sent and [`finish`](Self::finish) will tell.
    pub(crate) fn feed(&self, ticket: &mut Option<Ticket>, commands: u64, bytes: &[u8]) -> Result<bool> {
        let visit = self.visit();
        // Before a new connection is made for what cannot go on anyway: `finish` has the reason, and it is a better one.
        if let Some(ticket) = ticket
            && (ticket.is_the_parents() || visit.lock()?.requests.get(ticket.id).failed())
        {
            return Ok(false);
        }
        let mut state = visit.ready(&self.patience(self.options.timeout))?;
        let State { wire: Some(wire), requests, .. } = &mut *state else {
            unreachable!("ready() leaves a connection")
        };
        let ticket = ticket.get_or_insert_with(|| Ticket {
            id: requests.open(false),
            commands: 0,
            generation: fork::generation(),
        });
        if requests.get(ticket.id).failed() {
            return Ok(false);
        }
        ticket.commands += commands;
        wire.session.enqueue(requests, ticket.id, commands, bytes.len(), |out| out.extend_from_slice(bytes));
        wire.flush();
        Ok(true)
    }

    /// Waits for the replies of a pipeline that was fed and hands them to `sink`.
    pub(crate) fn finish(&self, ticket: Ticket, blocking: Option<Blocking>, sink: Sink<'_>) -> Result<()> {
        if ticket.is_the_parents() {
            return Err(forked().with_progress(ticket.unknown()));
        }
        let visit = self.visit();
        let patience = self.patience_with(blocking);
        let result = visit.lock().and_then(|state| visit.drive(state, ticket.id, &patience, sink));
        result.map_err(|error| error.or_progress(ticket.unknown()))
    }

    /// Gives a fed pipeline up; its replies will be swallowed.
    pub(crate) fn abandon(&self, ticket: &Ticket) {
        let visit = self.visit();
        if !ticket.is_the_parents()
            && let Ok(mut state) = visit.lock()
        {
            visit.release(&mut state, ticket.id);
        }
    }

    /// Closes for good: whatever is in flight fails, whoever waits wakes up. May be called any number of times.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let visit = self.visit();
        if let Ok(mut state) = visit.lock() {
            visit.lose(&mut state, closed());
            state.line().call_all();
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// From now on a connection that is lost stays lost, or is made again as usual.
    pub(super) fn pin(&self, pinned: bool) {
        self.pinned.store(pinned, Ordering::Relaxed);
    }

    pub(super) fn is_pinned(&self) -> bool {
        self.pinned.load(Ordering::Relaxed)
    }

    /// Whether there is a connection on which nothing is under way.
    pub(super) fn is_at_rest(&self) -> bool {
        self.visit()
            .lock()
            .is_ok_and(|state| state.wire.as_ref().is_some_and(|wire| wire.session.in_flight() == 0))
    }

    pub(super) fn patience(&self, timeout: Option<Duration>) -> Patience<'_> {
        let now = Instant::now();
        Patience::new(Deadline::after(now, timeout), self.options.interrupt.as_ref(), &self.closed, now)
    }

    /// For commands that the server may hold back: their own time comes on top.
    pub(super) fn patience_with(&self, blocking: Option<Blocking>) -> Patience<'_> {
        let timeout = self.options.timeout;
        self.patience(match blocking {
            None => timeout,
            Some(Blocking::For(time)) => timeout.and_then(|timeout| timeout.checked_add(time)),
            Some(Blocking::Forever) => None,
        })
    }

    pub(super) fn visit(&self) -> Visit<'_> {
        let relay = self.relay.get(|| Relay::new(State::default()));
        Visit::new(self, relay)
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
