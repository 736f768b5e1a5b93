//! One client's connection as its callers see it: always there, shared by any number of threads.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::backoff::{Backoff, chance};
use super::thread_mark::ThreadMark;
use super::wire::{Fill, Reader, Wire};
use crate::error::{Error, ErrorKind, Outcome, Progress, Result};
use crate::options::{Options, Retry};
use crate::proto::{Received, RequestId, Requests};
use crate::resp::{Kind, Node};
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

struct State {
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

/// Commands to be sent as one call.
pub(crate) struct Payload<'a> {
    pub(crate) commands: u64,
    /// About how many bytes `write` will write.
    pub(crate) size_hint: usize,
    /// Encodes all the commands; called again for each attempt.
    pub(crate) write: &'a dyn Fn(&mut Vec<u8>),
    /// Whether sending everything twice does no harm. Asked only after a failure.
    pub(crate) read_only: &'a dyn Fn() -> bool,
    /// The server decides how long this takes: no deadline.
    pub(crate) may_block: bool,
    /// The commands are MULTI ... EXEC: none is applied before the last byte has left.
    pub(crate) atomic: bool,
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

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// Connects if there is no connection.
    pub(crate) fn connect(&self) -> Result<()> {
        self.ready(&self.patience(self.options.timeout)).map(drop)
    }

    /// Sends commands and hands their replies to `sink` as they arrive. What is proved not applied is tried again until the
    /// deadline, and so are reads.
    pub(crate) fn call(&self, payload: &Payload<'_>, sink: Sink<'_>) -> Result<()> {
        let patience = self.patience(if payload.may_block { None } else { self.options.timeout });
        let mut backoff = Backoff::default();
        loop {
            let mut delivered = false;
            let mut refusal = None;
            let result = self.attempt(payload, &patience, &mut |nodes, bytes| {
                if !delivered && payload.commands == 1 && is_transient_refusal(nodes, bytes) {
                    refusal = Some((nodes.to_vec(), bytes.to_vec()));
                    return true;
                }
                delivered = true;
                sink(nodes, bytes)
            });
            let error = match (result, refusal) {
                (Ok(()), None) => return Ok(()),
                (Ok(()), Some((nodes, bytes))) => {
                    // The server asked for patience, so not even the first try comes at once.
                    if backoff.tries() == 0 {
                        backoff.next(0.0);
                    }
                    if self.pause(backoff.next(chance()), &patience).is_err() {
                        sink(&nodes, &bytes);
                        return Ok(());
                    }
                    continue;
                }
                (Err(error), _) => payload.judge(error),
            };
            if delivered
                || !self.may_retry(&error, payload)
                || self.pause(backoff.next(chance()), &patience).is_err()
            {
                return Err(error);
            }
        }
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
        if let Err(error) = wire.drain(requests) {
            self.lose(&mut state, error);
        }
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
        if let Some(wire) = &state.wire {
            wire.shut_down();
        }
        self.lose(&mut state, closed());
        self.changed.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn attempt(&self, payload: &Payload<'_>, patience: &Patience<'_>, sink: Sink<'_>) -> Result<()> {
        let mut state = self.ready(patience).map_err(|error| {
            error.with_progress(Progress { replied: 0, unknown: 0, not_applied: payload.commands })
        })?;
        let State { wire: Some(wire), requests, .. } = &mut *state else {
            unreachable!("ready() leaves a connection")
        };
        let id = requests.open(payload.may_block);
        wire.session.enqueue(requests, id, payload.commands, payload.size_hint, payload.write);
        wire.flush();
        self.drive(state, id, patience, sink)
    }

    /// The state with a connection that was good a moment ago.
    fn ready<'a>(&'a self, patience: &Patience<'_>) -> Result<MutexGuard<'a, State>> {
        let mut state = self.lock();
        loop {
            if self.is_closed() {
                return Err(closed().with_outcome(Outcome::NotApplied));
            }
            if let State { wire: Some(wire), requests, .. } = &mut *state {
                // With nothing in flight the server has nothing to say. If it closed the connection, or says something all
                // the same, this is the moment to find out: no command is at stake yet.
                if wire.session.is_idle()
                    && let Err(error) = wire.drain(requests)
                {
                    self.lose(&mut state, error);
                    continue;
                }
                return Ok(state);
            }
            state = match state.driver {
                Some(thread) if thread == ThreadMark::current() => return Err(reentrant()),
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
        let result = Wire::establish(&self.options, &patience.until(deadline));
        let mut state = self.lock();
        state.driver = None;
        self.wake(&state);
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
        loop {
            if let Some((nodes, bytes)) = state.requests.get_mut(id).take_kept() {
                drop(state);
                let go_on = self.deliver(id, sink, &nodes, &bytes);
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
                    Err(error) => return Err(self.give_up(self.lock(), id, error)),
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
                                if let Err(error) = verdict {
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
        let (interest, may_poll) = (wire.interest(), wire.may_poll());
        let mut reader =
            wire.reader.take().expect("invariant: without a driver the reading half is in its place");
        state.driver = Some(ThreadMark::current());
        drop(state);

        let fill = reader.fill(interest, may_poll, patience.slice(Instant::now()));

        let mut state = self.lock();
        state.driver = None;
        if state.epoch != epoch {
            return (state, Turn::On { signal: false });
        }
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
                    let mut nodes = std::mem::take(wire.session.part());
                    state.driver = Some(ThreadMark::current());
                    drop(state);
                    let go_on = self.deliver(id, sink, &nodes, reader.window());
                    state = self.lock();
                    state.driver = None;
                    if state.epoch != epoch {
                        return (state, Turn::On { signal: false });
                    }
                    nodes.clear();
                    let wire = state.wire.as_mut().expect("invariant: same epoch, same connection");
                    *wire.session.part() = nodes;
                    if !go_on {
                        // What else is in this window belongs to others, so parsing goes on without this caller.
                        stopped = Some(self.release(&mut state, id));
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
    fn deliver(&self, id: RequestId, sink: Sink<'_>, nodes: &[Node], bytes: &[u8]) -> bool {
        catch_unwind(AssertUnwindSafe(|| sink(nodes, bytes))).unwrap_or_else(|panic| {
            let mut state = self.lock();
            state.driver = None;
            self.lose(&mut state, Error::new(ErrorKind::Panic, "a reply callback panicked"));
            state.requests.close(id);
            drop(state);
            resume_unwind(panic)
        })
    }

    /// Sleeps until something changes. Returns without the lock if the call's patience is at an end.
    fn follow<'a>(
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

    /// The connection is lost because of `error`: everything in flight is settled with it.
    fn lose(&self, state: &mut State, error: Error) {
        let Some(wire) = state.wire.take() else { return };
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
        self.locate(error.with_progress(self.release(&mut state, id)))
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

    fn may_retry(&self, error: &Error, payload: &Payload<'_>) -> bool {
        match error.kind() {
            ErrorKind::Connect | ErrorKind::Resolve => self.lock().was_up,
            ErrorKind::Handshake => {
                self.lock().was_up && error.message().starts_with("ERR max number of clients")
            }
            ErrorKind::Io | ErrorKind::Disconnected => match error.outcome() {
                Some(Outcome::NotApplied) => self.lock().was_up,
                Some(Outcome::Unknown) => self.options.retry == Retry::Reads && (payload.read_only)(),
                _ => false,
            },
            _ => false,
        }
    }

    /// Waits before another try; an error if the call has no time for it.
    fn pause(&self, delay: Duration, patience: &Patience<'_>) -> Result<()> {
        let end = Instant::now() + delay;
        if patience.deadline().has_passed(end) {
            return Err(Error::new(ErrorKind::Timeout, "no time for another try"));
        }
        let patience_of_pause = patience.until(Deadline::after(end, Some(Duration::ZERO)));
        loop {
            let now = Instant::now();
            patience.check(now, false)?;
            if now >= end {
                return Ok(());
            }
            // Followed rather than slept through, so that closing the client ends it.
            match self.follow(self.lock(), &patience_of_pause) {
                Err(error) if error.kind() != ErrorKind::Timeout => return Err(error),
                _ => {}
            }
        }
    }

    fn patience(&self, timeout: Option<Duration>) -> Patience<'_> {
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

    fn lock(&self) -> MutexGuard<'_, State> {
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
            self.lose(&mut state, Error::new(ErrorKind::Disconnected, "the process forked"));
        }
        state
    }
}

impl Payload<'_> {
    /// The fate of the caller's commands, given that of the commands on the wire.
    fn judge(&self, error: Error) -> Error {
        let (true, Some(progress)) = (self.atomic, error.progress()) else { return error };
        // Two commands of the wire, MULTI and EXEC, are not the caller's.
        let commands = self.commands - 2;
        error.with_progress(match progress.not_applied {
            0 => Progress { replied: 0, unknown: commands, not_applied: 0 },
            _ => Progress { replied: 0, unknown: 0, not_applied: commands },
        })
    }
}

fn put_back(state: &mut State, reader: Reader) {
    if let Some(wire) = &mut state.wire {
        wire.reader = Some(reader);
    }
}

/// Whether the server refused to look at the command for a reason that passes.
fn is_transient_refusal(nodes: &[Node], bytes: &[u8]) -> bool {
    let Some(node) = nodes.first().filter(|node| node.kind == Kind::Error as u8) else { return false };
    let text = &bytes[node.value as usize..][..node.len as usize];
    [&b"LOADING "[..], b"MASTERDOWN ", b"TRYAGAIN ", b"CLUSTERDOWN "]
        .iter()
        .any(|prefix| text.starts_with(prefix))
}

fn reentrant() -> Error {
    Error::not_applied(ErrorKind::Busy, "a call from inside a callback of the same client")
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the reply callback asked to stop")
}
