//! One client's connection as its callers see it: always there, shared by any number of threads.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::payload::Payload;
use super::thread_mark::ThreadMark;
use super::wire::{Fill, Reader, Wire};
use crate::error::{Error, ErrorKind, Outcome, Progress, Result};
use crate::options::Options;
use crate::proto::{Received, RequestId, Requests};
use crate::resp::Node;
use crate::transport::{Deadline, Patience, Wake, closed, fork};

/// Takes replies as they arrive: whole nodes in preorder and the bytes that their strings lie in. False to stop.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(&[Node], &[u8]) -> bool;

/// A connection shared by callers that block.
///
/// There is no thread behind it. A caller queues its commands, writes what the kernel takes, and if nobody else is reading it
/// becomes the *driver*: it reads for everybody and hands out replies until it has its own; then another waiting caller takes
/// over. The mutex is held for queueing, writing and parsing, never while waiting for the socket and never while a callback
/// runs.
///
/// A lost connection fails what was in flight and is made again when somebody next needs it.
pub(crate) struct Link {
    options: Options,
    closed: AtomicBool,
    state: Mutex<State>,
    /// Something changed that waiting callers may be waiting for.
    changed: Condvar,
}

pub(super) struct State {
    wire: Option<Wire>,
    requests: Requests,
    /// The thread that holds the reading half or is connecting.
    driver: Option<ThreadMark>,
    /// Callers asleep in `changed`.
    waiting: usize,
    /// Counts connections, so that a driver notices that its own is gone.
    epoch: u64,
    /// A connection was up before: losing it is worth waiting for its return.
    was_up: bool,
    /// See [`fork::generation`].
    generation: u64,
}

/// A pipeline that has begun to send. Must be given back to [`Link::finish`] or [`Link::abandon`].
pub(crate) struct Ticket(RequestId);

/// How one crank of the driver ended.
enum Turn {
    /// Go on; whether a signal handler ran.
    On { signal: bool },
    /// The sink asked to stop; the fate of its commands.
    Stopped(Progress),
}

impl Link {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            closed: AtomicBool::new(false),
            state: Mutex::new(State {
                wire: None,
                requests: Requests::default(),
                driver: None,
                waiting: 0,
                epoch: 0,
                was_up: false,
                generation: fork::generation(),
            }),
            changed: Condvar::new(),
        }
    }

    /// Whether there ever was a connection.
    pub(super) fn was_up(&self) -> bool {
        self.lock().was_up
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// Connects if there is no connection.
    pub(crate) fn connect(&self) -> Result<()> {
        self.ready(&self.patience(self.options.timeout)).map(drop)
    }

    /// Sends commands of a pipeline that is still being built and keeps the replies that have come meanwhile. Never waits for
    /// the server except to connect.
    ///
    /// False if the pipeline has failed before: nothing was sent and [`finish`](Self::finish) will tell.
    pub(crate) fn feed(&self, ticket: &mut Option<Ticket>, commands: u64, bytes: &[u8]) -> Result<bool> {
        // Before a new connection is made for what cannot go on anyway: `finish` has the reason, and it is a better one.
        if let Some(Ticket(id)) = ticket
            && self.lock().requests.get(*id).failed()
        {
            return Ok(false);
        }
        let mut state = self.ready(&self.patience(self.options.timeout))?;
        let State { wire: Some(wire), requests, .. } = &mut *state else {
            unreachable!("ready() leaves a connection")
        };
        let id = ticket.get_or_insert_with(|| Ticket(requests.open(false))).0;
        if requests.get(id).failed() {
            return Ok(false);
        }
        wire.session.enqueue(requests, id, commands, bytes.len(), |out| out.extend_from_slice(bytes));
        wire.flush();
        Ok(true)
    }

    /// Waits for the replies of a pipeline that was fed and hands them to `sink`.
    pub(crate) fn finish(&self, ticket: Ticket, sink: Sink<'_>) -> Result<()> {
        let patience = self.patience(self.options.timeout);
        self.drive(self.lock(), ticket.0, &patience, sink)
    }

    /// Gives a fed pipeline up; its replies will be swallowed.
    pub(crate) fn abandon(&self, ticket: Ticket) -> Progress {
        let mut state = self.lock();
        self.release(&mut state, ticket.0)
    }

    /// Closes for good: whatever is in flight fails, whoever waits wakes up. May be called any number of times.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let mut state = self.lock();
        self.lose(&mut state, closed());
        self.changed.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Sends commands once, before `start` runs out, and hands their replies to `sink`, before `end` does.
    pub(super) fn attempt(
        &self,
        payload: &Payload<'_>,
        start: &Patience<'_>,
        end: &Patience<'_>,
        sink: Sink<'_>,
    ) -> Result<()> {
        let mut state = self.ready(start).map_err(|error| {
            error.with_progress(Progress { replied: 0, unknown: 0, not_applied: payload.commands })
        })?;
        let State { wire: Some(wire), requests, .. } = &mut *state else {
            unreachable!("ready() leaves a connection")
        };
        let id = requests.open(payload.may_block);
        wire.session.enqueue(requests, id, payload.commands, payload.size_hint, payload.write);
        wire.flush();
        self.drive(state, id, end, sink)
    }

    /// The state with a connection that was good a moment ago and everything read that had come by then.
    fn ready<'a>(&'a self, patience: &Patience<'_>) -> Result<MutexGuard<'a, State>> {
        let mut state = self.lock();
        loop {
            if self.is_closed() {
                return Err(closed().with_outcome(Outcome::NotApplied));
            }
            if state.driver == Some(ThreadMark::current()) {
                return Err(reentrant());
            }
            if let State { wire: Some(wire), requests, .. } = &mut *state {
                // If the server closed the connection, or said something that nothing had asked for, this is the moment to
                // find out: the command is not at stake yet.
                if let Err(error) = wire.drain(requests) {
                    self.lose(&mut state, error);
                    continue;
                }
                return Ok(state);
            }
            state = match state.driver {
                Some(_) => {
                    self.follow(state, patience).map_err(|error| error.with_outcome(Outcome::NotApplied))?
                }
                None => self.establish(state, patience)?,
            };
        }
    }

    fn establish<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        patience: &Patience<'_>,
    ) -> Result<MutexGuard<'a, State>> {
        state.driver = Some(ThreadMark::current());
        drop(state);
        let deadline = Deadline::after(Instant::now(), self.options.connect_timeout);
        // The interrupt hook runs in there; if it panics, others must be able to connect.
        let result =
            catch_unwind(AssertUnwindSafe(|| Wire::establish(&self.options, &patience.until(deadline))));
        let mut state = self.lock();
        state.driver = None;
        self.wake(&state);
        let result = match result {
            Ok(result) => result,
            Err(panic) => {
                drop(state);
                resume_unwind(panic)
            }
        };
        let wire = result.map_err(|error| self.locate(error.with_outcome(Outcome::NotApplied)))?;
        if !self.is_closed() {
            state.wire = Some(wire);
            state.was_up = true;
        }
        Ok(state)
    }

    /// Waits until `id` is settled, reading for everybody while nobody else does.
    fn drive<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        id: RequestId,
        patience: &Patience<'_>,
        sink: Sink<'_>,
    ) -> Result<()> {
        let me = ThreadMark::current();
        let _waiting = Waiting { link: self, id, unwinds_already: std::thread::panicking() };
        loop {
            if let Some((nodes, bytes)) = state.requests.get_mut(id).take_kept() {
                if let Some(wire) = &mut state.wire {
                    wire.overdue.answered();
                }
                drop(state);
                let go_on = self.deliver(sink, &nodes, &bytes);
                state = self.lock();
                if !go_on {
                    return Err(self.give_up(state, id, cancelled()));
                }
                continue;
            }
            if state.requests.get(id).is_settled() {
                let request = state.requests.close(id);
                self.wake(&state);
                return request.into_result();
            }
            match state.driver {
                Some(thread) if thread == me => return Err(self.give_up(state, id, reentrant())),
                Some(_) => match self.follow(state, patience) {
                    Ok(guard) => state = guard,
                    Err(error) => {
                        state = self.lock();
                        // It may have been settled at the last moment.
                        if !state.requests.get(id).is_settled() {
                            return Err(self.give_up(state, id, error));
                        }
                    }
                },
                None => {
                    let (guard, turn) = self.turn(state, id, patience, sink);
                    state = guard;
                    match turn {
                        Turn::Stopped(progress) => {
                            return Err(self.locate(cancelled().with_progress(progress)));
                        }
                        Turn::On { signal } => {
                            let now = Instant::now();
                            if state.requests.get(id).is_settled() {
                                continue;
                            }
                            // The hook may use this very client, so it runs without the lock and without the lead.
                            if signal || patience.wants_to_ask(now) {
                                drop(state);
                                let verdict = patience.check(now, signal);
                                state = self.lock();
                                if let Err(error) = verdict
                                    && !state.requests.get(id).is_settled()
                                {
                                    return Err(self.give_up(state, id, error));
                                }
                            } else if let Err(error) = patience.check(now, false) {
                                return Err(self.give_up(state, id, error));
                            }
                        }
                    }
                }
            }
        }
    }

    /// One crank as the driver: write, wait, read, hand out.
    fn turn<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        id: RequestId,
        patience: &Patience<'_>,
        sink: Sink<'_>,
    ) -> (MutexGuard<'a, State>, Turn) {
        let epoch = state.epoch;
        let wire = state.wire.as_mut().expect("invariant: an open request has a connection");
        wire.flush();
        let (interest, in_flight) = (wire.interest(), wire.session.in_flight());
        let mut reader =
            wire.reader.take().expect("invariant: without a driver the reading half is in its place");
        state.driver = Some(ThreadMark::current());
        drop(state);

        let fill = reader.fill(interest, in_flight, patience.slice(Instant::now()));

        let mut state = self.lock();
        if state.epoch != epoch {
            return (state, Turn::On { signal: false });
        }
        state.driver = None;
        match fill {
            Ok(Fill::Data) => self.hand_out(state, reader, id, sink),
            Ok(Fill::Nothing(wake)) => {
                put_back(&mut state, reader);
                (state, Turn::On { signal: wake == Wake::Signal })
            }
            Err(error) => {
                self.lose(&mut state, error);
                (state, Turn::On { signal: false })
            }
        }
    }

    /// Parses what the reader has; the replies of `id` go straight to `sink`, in place.
    fn hand_out<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        mut reader: Reader,
        id: RequestId,
        sink: Sink<'_>,
    ) -> (MutexGuard<'a, State>, Turn) {
        let epoch = state.epoch;
        let mut pos = 0;
        let mut stopped = None;
        loop {
            let State { wire: Some(wire), requests, .. } = &mut *state else {
                unreachable!("a connection of the same epoch is there")
            };
            let direct = stopped.is_none().then_some(id);
            match wire.session.receive(reader.window(), &mut pos, requests, direct) {
                Ok(Received::Part) => {
                    wire.overdue.answered();
                    let mut nodes = std::mem::take(wire.session.part());
                    state.driver = Some(ThreadMark::current());
                    drop(state);
                    let go_on = self.deliver(sink, &nodes, reader.window());
                    state = self.lock();
                    if state.epoch != epoch {
                        return (state, Turn::On { signal: false });
                    }
                    state.driver = None;
                    nodes.clear();
                    let wire = state.wire.as_mut().expect("invariant: same epoch, same connection");
                    *wire.session.part() = nodes;
                    if !go_on {
                        // What else is in this window belongs to others, so parsing goes on without this caller.
                        stopped = Some(self.release(&mut state, id));
                        if state.epoch != epoch {
                            break;
                        }
                    }
                }
                Ok(Received::Starved) => {
                    reader.consume(pos);
                    put_back(&mut state, reader);
                    self.wake(&state);
                    break;
                }
                Err(error) => {
                    self.lose(&mut state, error);
                    break;
                }
            }
        }
        (state, stopped.map_or(Turn::On { signal: false }, Turn::Stopped))
    }

    /// Calls the sink, without the lock. If it panics, the connection goes with it: what it would have read is lost.
    fn deliver(&self, sink: Sink<'_>, nodes: &[Node], bytes: &[u8]) -> bool {
        catch_unwind(AssertUnwindSafe(|| sink(nodes, bytes))).unwrap_or_else(|panic| {
            self.lose(&mut self.lock(), Error::new(ErrorKind::Panic, "a reply callback panicked"));
            resume_unwind(panic)
        })
    }

    /// Sleeps until something changes. Returns without the lock if the call's patience is at an end.
    pub(super) fn follow<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        patience: &Patience<'_>,
    ) -> Result<MutexGuard<'a, State>> {
        let slice = patience.slice(Instant::now()).unwrap_or(Duration::MAX);
        state.waiting += 1;
        let (mut state, _) = self.changed.wait_timeout(state, slice).unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        let now = Instant::now();
        if patience.wants_to_ask(now) {
            drop(state);
            patience.check(now, false)?;
            return Ok(self.lock());
        }
        patience.check(now, false)?;
        Ok(state)
    }

    /// The connection is lost because of `error`: everything in flight is settled with it, and whoever waits for its socket
    /// wakes up.
    fn lose(&self, state: &mut State, error: Error) {
        if let Some(wire) = &state.wire {
            wire.shut_down();
        }
        self.settle(state, error);
    }

    /// What [`lose`](Self::lose) does to the state.
    fn settle(&self, state: &mut State, error: Error) {
        let Some(wire) = state.wire.take() else { return };
        state.driver = None;
        state.epoch += 1;
        let error = self.locate(wire.cause(error));
        wire.session.fail(&mut state.requests, &error);
        self.wake(state);
    }

    /// Ends a call whose request is not settled.
    fn give_up(&self, mut state: MutexGuard<'_, State>, id: RequestId, error: Error) -> Error {
        if state.requests.get(id).failed() {
            // It failed just now, with an error that knows more.
            return state.requests.close(id).into_result().expect_err("invariant: it failed");
        }
        let progress = self.release(&mut state, id);
        if error.kind() == ErrorKind::Timeout
            && progress.unknown > 0
            && let Some(wire) = &mut state.wire
            && wire.overdue.missed(Instant::now())
        {
            let gone = Error::new(ErrorKind::Disconnected, "several calls in a row got no reply in time");
            self.lose(&mut state, gone);
        }
        self.locate(error.with_progress(progress))
    }

    /// Takes the caller away from a request and tells the fate of its commands.
    fn release(&self, state: &mut State, id: RequestId) -> Progress {
        let State { wire, requests, .. } = &mut *state;
        let is_blocking = requests.get(id).is_blocking();
        let progress = match wire {
            Some(wire) => wire.session.abandon(requests, id),
            None => {
                let progress = requests.get(id).progress(0);
                requests.abandon(id);
                progress
            }
        };
        if is_blocking && progress.unknown > 0 {
            // Its reply may never come, and nothing behind it would be answered before.
            self.lose(state, Error::new(ErrorKind::Disconnected, "a blocking command was given up"));
        }
        self.wake(state);
        progress
    }

    pub(super) fn patience(&self, timeout: Option<Duration>) -> Patience<'_> {
        let now = Instant::now();
        Patience::new(Deadline::after(now, timeout), self.options.interrupt.as_ref(), &self.closed, now)
    }

    fn locate(&self, error: Error) -> Error {
        error.with_address(&self.options.address())
    }

    fn wake(&self, state: &State) {
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(|poisoned| {
            // A panic while the state was being changed: whatever the connection was in the middle of, it is over.
            self.state.clear_poison();
            let mut state = poisoned.into_inner();
            state.driver = None;
            self.lose(
                &mut state,
                Error::new(ErrorKind::Panic, "an earlier panic left the connection in doubt"),
            );
            state
        });
        let generation = fork::generation();
        if state.generation != generation {
            // A forked child: its copy of the socket is the parent's conversation. Dropping it closes this copy only.
            state.generation = generation;
            state.driver = None;
            state.waiting = 0;
            self.settle(&mut state, Error::new(ErrorKind::Disconnected, "the process forked"));
        }
        state
    }
}

/// A call inside [`Link::drive`]. If a callback's panic takes it out of there, its request is given up like any other.
struct Waiting<'a> {
    link: &'a Link,
    id: RequestId,
    /// The call itself was made by a destructor during a panic, which is none of its business.
    unwinds_already: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.unwinds_already {
            let mut state = self.link.lock();
            self.link.release(&mut state, self.id);
        }
    }
}

fn put_back(state: &mut State, reader: Reader) {
    if let Some(wire) = &mut state.wire {
        wire.reader = Some(reader);
    }
}

fn reentrant() -> Error {
    Error::not_applied(ErrorKind::Busy, "a call from inside a callback of the same client")
}

pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the reply callback asked to stop")
}
