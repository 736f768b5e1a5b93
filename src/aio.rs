//! One client of one server, for somebody else's event loop.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Waker};

use crate::command;
use crate::driver::engine::{Completions, Engine, Entry, Form, Route, WAKE, closed, deadline_of};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::options::Options;
use crate::pipeline::Pipeline;
use crate::resp;
use crate::transport::fork;

/// A client that never waits: an event loop watches its one descriptor, and calls [`process`](Self::process) when that is
/// readable or when [`timeout`](Self::timeout) has run out.
///
/// Submissions are queued at once and leave together at the next `process`; what has completed is taken with
/// [`next`](Self::next). It connects when something is submitted, and again after a failure. Blocking commands get a
/// connection of their own. To be used by one thread at a time.
pub struct Async {
    engine: Engine,
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    options: Arc<Options>,
    /// The waker was used since the last `process`.
    is_awake: bool,
    submitted: u64,
    scratch: Vec<u8>,
    is_closed: bool,
    generation: u64,
}

/// Events taken at once.
const EVENTS: usize = 64;
/// Default bound on the submissions that wait to be sent.
const QUEUE: u64 = 1_000_000;

impl Async {
    /// A client that connects when it is first used.
    ///
    /// # Errors
    /// `Io` if the system has no descriptor left.
    pub fn new(options: Options) -> Result<Self> {
        let failed = |error: io::Error| Error::from_io(ErrorKind::Io, "cannot make a poll", &error);
        let generation = fork::generation();
        let poll = Poll::new().map_err(failed)?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE).map_err(failed)?);
        let registry = poll.registry().try_clone().map_err(failed)?;
        let options = Arc::new(options);
        let engine = Engine::new(Arc::clone(&options), 1, false, registry, Arc::clone(&waker));
        Ok(Self {
            engine,
            poll,
            events: Events::with_capacity(EVENTS),
            waker,
            options,
            is_awake: false,
            submitted: 0,
            scratch: Vec::new(),
            is_closed: false,
            generation,
        })
    }

    /// How long the loop may wait for the descriptor before it calls [`process`](Self::process) all the same; `None`: for ever.
    pub fn timeout(&self) -> Option<Duration> {
        if self.is_foreign() {
            return None;
        }
        self.engine.next_step().remaining(Instant::now())
    }

    /// Does all that can be done without waiting: connects, writes what was submitted, reads replies, ends what is overdue.
    ///
    /// # Errors
    /// `Io` if the system's poll failed; `Forked` in a child process.
    pub fn process(&mut self) -> Result<()> {
        self.check_process()?;
        self.is_awake = false;
        match self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                return Err(Error::from_io(ErrorKind::Io, "polling failed", &error));
            }
            _ => {}
        }
        for event in &self.events {
            self.engine.on_event(event);
        }
        if self.engine.turn(Instant::now()) {
            self.wake();
        }
        Ok(())
    }

    /// Queues a command; `token` comes back with its completion.
    ///
    /// # Errors
    /// Nothing was queued: `Argument`, `Refused`, `Closed`, `Forked`, or `QueueFull` if too much waits to be sent.
    pub fn submit<A: AsRef<[u8]>>(&mut self, args: &[A], token: u64) -> Result<()> {
        command::refuse(args.iter().map(AsRef::as_ref))?;
        self.check_room()?;
        let blocking = command::blocking(args);
        let route = if blocking.is_some() { Route::Lease } else { Route::Lane(0) };
        let mut bytes = std::mem::take(&mut self.scratch);
        resp::encode_command(&mut bytes, args);
        let deadline = deadline_of(blocking, self.options.timeout, Instant::now());
        let result = self.queue(route, Form::Command, 1, &bytes, token, deadline);
        bytes.clear();
        if bytes.capacity() <= 64 * 1024 {
            self.scratch = bytes;
        }
        result
    }

    /// Queues all commands of a pipeline, which is empty afterwards; they complete together. Its command names stay readable.
    ///
    /// # Errors
    /// As for [`submit`](Self::submit); `Argument` if the pipeline is empty or has begun to send over its own client. It is
    /// unchanged then.
    pub fn submit_pipeline(&mut self, pipeline: &mut Pipeline, token: u64) -> Result<()> {
        self.check_room()?;
        let gathered = pipeline.gather()?;
        let (form, commands, blocks) = (gathered.form, gathered.commands, gathered.blocks);
        let route = if blocks { Route::Lease } else { Route::Lane(0) };
        let deadline = deadline_of(None, self.options.timeout, Instant::now());
        let bytes = gathered.bytes;
        self.queue(route, form, commands, bytes, token, deadline)?;
        pipeline.handed_over();
        Ok(())
    }

    /// Takes the submitter away from a submission, which will not complete then. Commands that have not begun to leave are
    /// removed and `NotApplied`; the reply to others will be swallowed, their outcome is `Unknown`. `None` if there is no
    /// such submission, or no more.
    ///
    /// # Errors
    /// `Forked` in a child process.
    pub fn cancel(&mut self, token: u64) -> Result<Option<Outcome>> {
        self.check_process()?;
        Ok(self.engine.cancel(token, Instant::now()).map(|(outcome, _)| outcome))
    }

    /// Takes all that has completed; what `into` held is forgotten.
    pub fn next(&mut self, into: &mut Completions) {
        into.clear();
        std::mem::swap(self.engine.done(), into);
    }

    /// Closes the connections for good. Everything outstanding completes with `Closed` and its outcome.
    pub fn close(&mut self) {
        if !self.is_closed && !self.is_foreign() {
            self.engine.close(&closed(), Instant::now());
            self.wake();
        }
        self.is_closed = true;
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    fn queue(
        &mut self,
        route: Route,
        form: Form,
        commands: u32,
        bytes: &[u8],
        token: u64,
        deadline: crate::transport::Deadline,
    ) -> Result<()> {
        let entry = Entry {
            token,
            seq: self.submitted,
            deadline,
            bytes: bytes.len(),
            commands,
            replied: 0,
            form,
            keeps_reply: true,
            abandoned: false,
        };
        self.engine.queue(route, entry, bytes)?;
        self.submitted += 1;
        self.wake();
        Ok(())
    }

    /// Makes the descriptor readable.
    fn wake(&mut self) {
        if !self.is_awake {
            // It can only fail for a counter that is full, which is readable as well.
            let _ = self.waker.wake();
            self.is_awake = true;
        }
    }

    fn check_room(&self) -> Result<()> {
        self.check_process()?;
        if self.is_closed {
            return Err(closed().with_outcome(Outcome::NotApplied));
        }
        let (entries, bytes) = self.engine.waiting();
        let limits = self.options.queue;
        if entries as u64 >= limits.commands.unwrap_or(QUEUE) || bytes as u64 >= limits.bytes {
            return Err(Error::not_applied(
                ErrorKind::QueueFull,
                "too many commands wait to be sent to this server",
            ));
        }
        Ok(())
    }

    fn check_process(&self) -> Result<()> {
        if self.is_foreign() {
            return Err(Error::not_applied(
                ErrorKind::Forked,
                "an event-loop client cannot be used in a forked child; open another one",
            ));
        }
        Ok(())
    }

    fn is_foreign(&self) -> bool {
        self.generation != fork::generation()
    }
}

impl AsRawFd for Async {
    /// Readable when [`process`](Self::process) has something to do, also after a submission. It never changes.
    fn as_raw_fd(&self) -> RawFd {
        self.poll.as_raw_fd()
    }
}
