//! The thread of a pool.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Waker};

use super::desk::{Desk, Sleep};
use super::exchange::{Intake, Settled};
use super::ordering::Ordering;
use super::{Lost, NO_TOKEN};
use crate::deadline::Deadline;
use crate::driver::nonblocking::{Batch, Completions, Nodes, Route, Submission, WAKE};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::options::Options;
use crate::proto::{Event, Server};
use crate::transport::{Patience, closed, signals};

/// Everything of a pool that belongs to one process. The thread and its sockets come with the first use.
///
/// Where both locks are needed, the nodes' is taken before the desk's.
pub(super) struct Worker {
    pub(super) desk: Desk,
    options: Arc<Options>,
    connections: usize,
    machine: OnceLock<Machine>,
    thread: Mutex<Option<JoinHandle<()>>>,
    lost: Mutex<Lost>,
    never_closed: AtomicBool,
}

struct Machine {
    /// Held by the thread except while it sleeps.
    nodes: Mutex<Nodes>,
    waker: Arc<Waker>,
}

/// Events taken at once.
const EVENTS: usize = 256;

impl Worker {
    pub(super) fn new(options: Arc<Options>, connections: usize, is_closed: bool) -> Self {
        Self {
            desk: Desk::new(options.queue, is_closed),
            options,
            connections,
            machine: OnceLock::new(),
            thread: Mutex::new(None),
            lost: Mutex::new(Lost::default()),
            never_closed: AtomicBool::new(false),
        }
    }

    /// Waiting for a pool ends with what the desk says, not with a flag.
    pub(super) fn never_closed(&self) -> &AtomicBool {
        &self.never_closed
    }

    /// Starts the thread, unless it runs.
    pub(super) fn start(self: &Arc<Self>) -> Result<()> {
        if self.machine.get().is_some() {
            return Ok(());
        }
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if self.machine.get().is_some() {
            return Ok(());
        }
        // Nobody would ever end the thread of a pool that is closed.
        self.desk.check_open()?;
        let failed = |what| {
            move |error: io::Error| {
                Error::from_io(ErrorKind::Io, what, &error).with_outcome(Outcome::NotApplied)
            }
        };
        let poll = Poll::new().map_err(failed("cannot make a poll"))?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE).map_err(failed("cannot make a waker"))?);
        let registry = poll.registry().try_clone().map_err(failed("cannot make a poll"))?;
        let options = Arc::clone(&self.options);
        let nodes = Nodes::new(options, self.connections, true, registry, Arc::clone(&waker));
        let worker = Arc::clone(self);
        let handle = signals::spawn_without("oxipipe-pool", move || worker.run(poll))
            .map_err(failed("cannot start the pool's thread"))?;
        // The thread waits for it.
        let _ = self.machine.set(Machine { nodes: Mutex::new(nodes), waker });
        *thread = Some(handle);
        Ok(())
    }

    pub(super) fn wake(&self) {
        if let Some(machine) = self.machine.get() {
            // It can only fail for a counter that is full, and then the thread is being woken.
            let _ = machine.waker.wake();
        }
    }

    /// Sends these bytes over every connection and waits for the replies.
    pub(super) fn ask_all(
        self: &Arc<Self>,
        bytes: &[u8],
        deadline: Deadline,
        patience: &Patience<'_>,
    ) -> Result<()> {
        self.start()?;
        let routes = (0..self.connections).map(Route::Shared);
        self.desk.ask_all(routes, bytes, deadline, patience, || self.wake())
    }

    pub(super) fn cancel(&self, token: u64) -> Option<Outcome> {
        let machine = self.machine.get()?;
        let mut nodes = machine.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if self.desk.retract(token) {
            self.wake();
            return Some(Outcome::NotApplied);
        }
        let (outcome, seq) = nodes.cancel(token, Instant::now())?;
        self.desk.cancelled(seq);
        self.wake();
        Some(outcome)
    }

    pub(super) fn retract(&self, token: u64) -> Option<bool> {
        let machine = self.machine.get()?;
        let mut nodes = machine.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.desk.retract(token) {
            let Some(seq) = nodes.retract(token)? else { return Some(false) };
            self.desk.cancelled(seq);
        }
        self.wake();
        Some(true)
    }

    /// Ends the pool and the thread; what was lost by it.
    pub(super) fn close(&self, patience: &Patience<'_>) -> Result<Lost> {
        // With this lock, so that no thread can start after the pool was found to have none.
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let is_running = thread.is_some();
        self.desk.refuse(is_running);
        drop(thread);
        if !is_running {
            return Ok(Lost::default());
        }
        let verdict = self.desk.finish(patience, || self.wake());
        if matches!(&verdict, Err(error) if error.kind() == ErrorKind::Forked) {
            // There is no thread in this process.
            return Err(verdict.expect_err("invariant: it was just seen"));
        }
        self.join();
        let lost = *self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        verdict.map(|()| lost)
    }

    /// Waits until there are events and takes them. False if time ran out first.
    pub(super) fn next_events(&self, into: &mut Vec<Event>, patience: &Patience<'_>) -> Result<bool> {
        loop {
            if self.take_events(into) {
                return Ok(true);
            }
            if !self.desk.await_events(patience)? {
                return Ok(false);
            }
            // The wait ends with the pool, too.
            if !self.take_events(into) {
                self.desk.check_open().map_err(Error::without_outcome)?;
            }
        }
    }

    fn take_events(&self, into: &mut Vec<Event>) -> bool {
        let Some(machine) = self.machine.get() else { return false };
        let mut nodes = machine.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if nodes.next_events(into) {
            // There is room to read on.
            let _ = machine.waker.wake();
        }
        !into.is_empty()
    }

    pub(super) fn server(&self) -> Option<Arc<Server>> {
        let nodes = self.machine.get()?.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.server().cloned()
    }

    fn join(&self) {
        let handle = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = handle {
            // Its panics are caught.
            let _ = handle.join();
        }
    }

    fn run(&self, poll: Poll) {
        let failure = catch_unwind(AssertUnwindSafe(|| self.serve(poll))).unwrap_or_else(|_| {
            Some(Error::new(ErrorKind::Panic, "a bug in oxipipe: the pool's thread panicked"))
        });
        self.desk.end(failure);
    }

    /// Turns the connections until the pool is closed; the reason if it cannot go on.
    fn serve(&self, mut poll: Poll) -> Option<Error> {
        let machine = self.machine.wait();
        let mut events = Events::with_capacity(EVENTS);
        let mut intake = Intake::default();
        let mut books =
            Books { ordering: self.options.ordered_results.then(Ordering::default), ..Books::default() };
        loop {
            let mut nodes = machine.nodes.lock().unwrap_or_else(PoisonError::into_inner);
            let orders = self.desk.collect(&mut intake, (nodes.bytes() + books.held_back()) as u64);
            let now = Instant::now();
            nodes.set_now(now);
            hand_over(&mut intake, &mut nodes);
            let bytes_before = nodes.bytes() + books.held_back();
            for event in &events {
                nodes.on_event(event);
            }
            let more = nodes.turn(now);
            if orders.tell_of_events && nodes.has_events() {
                self.desk.tell_of_events();
            }
            if orders.end {
                nodes.close(&closed("pool"), now);
                for completion in nodes.done().iter() {
                    if let Some(error) = completion.error {
                        self.lost.lock().unwrap_or_else(PoisonError::into_inner).add(error);
                    }
                }
            }
            books.close(nodes.done(), &orders.cancelled, orders.end);
            // Replies that were swallowed make room, too.
            let bytes = nodes.bytes() + books.held_back();
            if !books.settled.is_empty() || !books.due.is_empty() || bytes != bytes_before {
                self.desk.publish(&books.settled, &mut books.due, bytes as u64);
                books.settled.clear();
            }
            let step = nodes.next_step();
            drop(nodes);
            if orders.end {
                return None;
            }
            let timeout = match self.desk.may_sleep() {
                Sleep::ForEver => {
                    // The connections do not outlive the pool's end, whoever still holds the pool.
                    let mut nodes = machine.nodes.lock().unwrap_or_else(PoisonError::into_inner);
                    nodes.close(&closed("pool"), Instant::now());
                    return None;
                }
                Sleep::Yes if !more => step.remaining(Instant::now()),
                Sleep::Yes | Sleep::No => Some(Duration::ZERO),
            };
            match poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    return Some(Error::from_io(ErrorKind::Io, "polling failed", &error));
                }
                _ => {}
            }
        }
    }
}

/// From the desk to the nodes.
fn hand_over(intake: &mut Intake, nodes: &mut Nodes) {
    let mut at = 0;
    for Submission { request, route, strangers } in intake.submissions.drain(..) {
        let bytes = &intake.bytes[at..at + request.bytes];
        at += request.bytes;
        let (token, seq) = (request.token, request.seq);
        if let Err(error) =
            nodes.push(request, route, strangers, bytes.len(), |out| out.extend_from_slice(bytes))
        {
            nodes.done().push_bare(token, seq, Some(error));
        }
    }
    intake.clear();
}

/// What has completed, on its way to the desk.
#[derive(Default)]
pub(super) struct Books {
    pub(super) settled: Vec<Settled>,
    /// To be handed out.
    pub(super) due: Completions,
    pub(super) ordering: Option<Ordering>,
}

impl Books {
    /// Bytes of results that wait for those before them.
    fn held_back(&self) -> usize {
        self.ordering.as_ref().map_or(0, Ordering::size)
    }

    /// Counts everything in `done`, which is empty afterwards, and moves to `due` what is; all that is left if it is the `end`.
    pub(super) fn close(&mut self, done: &mut Batch, cancelled: &[u64], end: bool) {
        let Some(ordering) = &mut self.ordering else {
            self.settled.extend(done.with_seqs().map(|(seq, completion)| Settled::of(seq, &completion)));
            done.retain(|item| item.token != NO_TOKEN);
            return self.due.take(done);
        };
        cancelled.iter().for_each(|&seq| ordering.skip(seq));
        for index in 0..done.len() {
            let result = done.detach(index);
            let (seq, completion) = result.with_seqs().next().expect("invariant: it is one completion");
            let settled = Settled::of(seq, &completion);
            match settled.is_quiet {
                true => ordering.skip(seq),
                false => ordering.add(seq, result),
            }
            self.settled.push(settled);
        }
        done.clear();
        ordering.release(&mut self.due);
        if end {
            ordering.release_all(&mut self.due);
        }
    }
}

/// Sums up what a close ended.
impl Lost {
    pub(super) fn add(&mut self, error: &Error) {
        if error.kind() != ErrorKind::Closed {
            return;
        }
        match error.outcome() {
            Some(Outcome::NotApplied) => self.not_applied += 1,
            _ => self.unknown += 1,
        }
    }
}
