//! One client of one server, for somebody else's event loop.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Waker};

use crate::command::{self, Admission, Apart, Blocking, Packed, Place, Stranger};
use crate::deadline::Deadline;
use crate::driver::dedicated::{Leases, Tie};
use crate::driver::nonblocking::{Completions, Nodes, Route, WAKE};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::options::Options;
use crate::pipeline::Pipeline;
use crate::proto::{Event, Form, Request, Server};
use crate::resp;
use crate::transport::{closed, fork};

/// A client that never waits: an event loop watches its one descriptor, and calls [`process`](Self::process) when that is
/// readable or when [`timeout`](Self::timeout) has run out.
///
/// Submissions are queued at once and leave together at the next `process`; what has completed is taken with
/// [`next`](Self::next). It connects when something is submitted, and again after a failure. Blocking commands get a
/// connection of their own. To be used by one thread at a time.
pub struct Async {
    nodes: Nodes,
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    options: Arc<Options>,
    /// The waker was used since the last `process`.
    is_awake: bool,
    submitted: u64,
    is_closed: bool,
    generation: u64,
    leases: Leases,
    /// Of a lease: what ties it to the client that it was leased from.
    tie: Option<Arc<Tie>>,
}

/// Events taken at once.
const EVENTS: usize = 64;
/// Default bound on the submissions without a reply.
const QUEUE: u64 = 1_000_000;

impl Async {
    /// A client that connects when it is first used.
    ///
    /// # Errors
    /// `Io` or `NoMemory` if the system has no descriptor or memory left, `Argument` for options that cannot work.
    pub fn new(options: Options) -> Result<Self> {
        options.check()?;
        Self::with(Arc::new(options))
    }

    fn with(options: Arc<Options>) -> Result<Self> {
        let failed = |error: io::Error| {
            Error::from_io(ErrorKind::Io, "cannot make a poll", &error).with_outcome(Outcome::NotApplied)
        };
        let generation = fork::generation();
        let poll = Poll::new().map_err(failed)?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE).map_err(failed)?);
        let registry = poll.registry().try_clone().map_err(failed)?;
        let nodes = Nodes::new(Arc::clone(&options), 1, false, registry, Arc::clone(&waker));
        Ok(Self {
            nodes,
            poll,
            events: Events::with_capacity(EVENTS),
            waker,
            options,
            is_awake: false,
            submitted: 0,
            is_closed: false,
            generation,
            leases: Leases::default(),
            tie: None,
        })
    }

    /// A client of a connection of its own with the same options, for commands that a shared one refuses because they would
    /// change it for everybody, or because more or fewer replies come than one: WATCH, MULTI, SELECT, SUBSCRIBE, MONITOR,
    /// CLIENT REPLY and the like. It has its own descriptor, and it connects at once.
    ///
    /// A subscription completes with its confirmations, an array of them; messages come as [events](Self::next_events). If the
    /// connection is lost, it is not made again, because what was set on it would be lost silently: submissions fail with
    /// `Disconnected` and NOT_APPLIED. Closing this client closes its leases.
    ///
    /// # Errors
    /// As for [`new`](Self::new); `Closed`, `Forked`, `QueueFull` if there are 1,024 of them.
    pub fn lease(&mut self) -> Result<Self> {
        self.check_open()?;
        let mut lease = Self::with(Arc::clone(&self.options))?;
        let waker = Arc::clone(&lease.waker);
        // A failure means that the lease is gone, or is being woken.
        lease.tie = Some(self.leases.tie(move || drop(waker.wake()))?);
        lease.nodes.pin()?;
        lease.wake();
        Ok(lease)
    }

    /// How long the loop may wait for the descriptor before it calls [`process`](Self::process) all the same; `None`: for ever.
    pub fn timeout(&self) -> Option<Duration> {
        if self.is_foreign() {
            return None;
        }
        self.nodes.next_step().remaining(Instant::now())
    }

    /// Does all that can be done without waiting: connects, writes what was submitted, reads replies, ends what is overdue.
    ///
    /// # Errors
    /// `Io` if the system's poll failed; `Forked` in a child process.
    pub fn process(&mut self) -> Result<()> {
        self.check_process()?;
        if self.tie.as_ref().is_some_and(|tie| tie.is_cut()) {
            self.close();
        }
        self.is_awake = false;
        match self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                return Err(Error::from_io(ErrorKind::Io, "polling failed", &error));
            }
            _ => {}
        }
        for event in &self.events {
            self.nodes.on_event(event);
        }
        if self.nodes.turn(Instant::now()) {
            self.wake();
        }
        Ok(())
    }

    /// Queues a command; `token` comes back with its completion.
    ///
    /// # Errors
    /// Nothing was queued: `Argument`, `Refused`, `Closed`, `Forked`, or `QueueFull` if too much waits to be sent.
    pub fn submit<A: AsRef<[u8]>>(&mut self, args: &[A], token: u64) -> Result<()> {
        let admission = command::admit(args, self.place())?;
        self.check_room()?;
        let stranger = admission.stranger(args);
        let write = |out: &mut Vec<u8>| resp::encode_command(out, args);
        self.enter(&admission, args.len(), stranger, token, self.deadline(), write)
    }

    /// Queues many commands at once: `bytes` holds all arguments end to end, `lens` their lengths, `argcs` the number of
    /// arguments of each command, `tokens` the token of each.
    ///
    /// # Errors
    /// As for [`submit`](Self::submit), of the first command that was not queued; how many were before it is the first of the two
    /// results. `Argument` if the numbers do not add up, and then none was.
    pub fn submit_packed(
        &mut self,
        bytes: &[u8],
        lens: &[u32],
        argcs: &[u32],
        tokens: &[u64],
    ) -> (usize, Result<()>) {
        let commands = self.check_open().and_then(|()| Packed::with_tokens(bytes, lens, argcs, tokens));
        let (deadline, place) = (self.deadline(), self.place());
        let mut last = None;
        let (load, mut bytes) = (self.nodes.load() as u64, self.nodes.bytes() as u64);
        let mut queued = 0;
        let result = commands.and_then(|mut commands| {
            commands.try_for_each(|(command, token)| {
                let admission = command.admit(command.found_after(&mut last), place)?;
                self.check_limits(load + queued as u64, bytes)?;
                let stranger = admission.stranger(&[command.name()]);
                let write = |out: &mut Vec<u8>| command.encode(out);
                self.enter(&admission, command.lens.len(), stranger, token, deadline, write)?;
                queued += 1;
                bytes += command.bytes.len() as u64;
                Ok(())
            })
        });
        (queued, result)
    }

    fn enter(
        &mut self,
        admission: &Admission,
        argc: usize,
        stranger: Option<Stranger>,
        token: u64,
        deadline: Deadline,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        let (form, replies) = Form::of_single(admission.effect, argc);
        let request = self.request(form, replies, admission.blocking, token, deadline);
        let apart = Apart::of(admission.blocking.is_some(), admission.ends_another());
        match stranger {
            // A list that is known to be empty is not moved about.
            None => self.queue(request, apart, Vec::new(), write),
            Some(stranger) => self.queue_stranger(request, apart, stranger, write),
        }
    }

    #[cold]
    fn queue_stranger(
        &mut self,
        request: Request,
        apart: Apart,
        stranger: Stranger,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        self.queue(request, apart, vec![stranger], write)
    }

    /// Queues all commands of a pipeline, which is empty afterwards; they complete together. Its command names stay readable.
    ///
    /// # Errors
    /// As for [`submit`](Self::submit); `Argument` if the pipeline is empty or has begun to send over its own client. It is
    /// unchanged then.
    pub fn submit_pipeline(&mut self, pipeline: &mut Pipeline, token: u64) -> Result<()> {
        self.check_room()?;
        let gathered = pipeline.gather(self.is_lease())?;
        let bytes = gathered.bytes;
        let (apart, strangers) = (gathered.apart, gathered.strangers.to_vec());
        let request =
            self.request(gathered.form, gathered.commands, gathered.blocking, token, self.deadline());
        self.queue(request, apart, strangers, |out| out.extend_from_slice(bytes))?;
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
        Ok(self.nodes.cancel(token, Instant::now()).map(|(outcome, _)| outcome))
    }

    /// Removes a submission of which nothing has left: true. False if it is too late: it goes on as if nothing had happened.
    /// `None` if there is no such submission, or no more.
    ///
    /// # Errors
    /// `Forked` in a child process.
    pub fn retract(&mut self, token: u64) -> Result<Option<bool>> {
        self.check_process()?;
        Ok(self.nodes.retract(token).map(|removed| removed.is_some()))
    }

    /// Takes all that has completed; what `into` held is forgotten.
    pub fn next(&mut self, into: &mut Completions) {
        into.clear();
        into.take(self.nodes.done());
    }

    /// Closes the connections for good. Everything outstanding completes with `Closed` and its outcome.
    pub fn close(&mut self) {
        if !self.is_closed && !self.is_foreign() {
            self.nodes.close(&closed("client"), Instant::now());
            self.leases.cut();
            self.wake();
        }
        self.is_closed = true;
    }

    /// Who was greeted last: the server's own words and the protocol version that is spoken. `None` before the first connection.
    pub fn server(&self) -> Option<Arc<Server>> {
        self.nodes.server().cloned()
    }

    /// Takes all events that have come and that nobody has taken; what `into` held is forgotten. See [`Event`].
    ///
    /// # Errors
    /// `Closed`, or `Disconnected` for a lease that is lost, when there are none any more; `Forked` in a child process.
    pub fn next_events(&mut self, into: &mut Vec<Event>) -> Result<()> {
        into.clear();
        self.check_process()?;
        // What was not read for want of room makes the descriptor readable no more by itself.
        if self.nodes.next_events(into) {
            self.wake();
        }
        match self.nodes.end().filter(|_| into.is_empty()) {
            Some(end) => Err(end.clone().without_outcome()),
            None => Ok(()),
        }
    }

    /// The options it was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Of what is submitted now.
    fn deadline(&self) -> Deadline {
        Deadline::after(Instant::now(), self.options.timeout)
    }

    fn request(
        &self,
        form: Form,
        commands: u32,
        blocking: Option<Blocking>,
        token: u64,
        deadline: Deadline,
    ) -> Request {
        let mut request = Request::new(token, form, commands, deadline);
        (request.seq, request.blocking) = (self.submitted, blocking);
        request
    }

    #[inline(always)]
    fn queue(
        &mut self,
        request: Request,
        apart: Apart,
        strangers: Vec<Stranger>,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        let (route, strangers) = match self.is_lease() {
            // What it is asked goes over its one connection, between MULTI and EXEC perhaps.
            true => (Route::Shared(0), Vec::new()),
            false => (Route::apart(apart).unwrap_or(Route::Shared(0)), strangers),
        };
        self.nodes.push(request, route, strangers, 0, write)?;
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

    fn is_lease(&self) -> bool {
        self.tie.is_some()
    }

    fn place(&self) -> Place {
        if self.is_lease() { Place::Dedicated } else { Place::Shared }
    }

    fn check_open(&self) -> Result<()> {
        self.check_process().map_err(|error| error.with_outcome(Outcome::NotApplied))?;
        if self.is_closed || self.tie.as_ref().is_some_and(|tie| tie.is_cut()) {
            return Err(closed("client").with_outcome(Outcome::NotApplied));
        }
        Ok(())
    }

    fn check_room(&self) -> Result<()> {
        self.check_open()?;
        self.check_limits(self.nodes.load() as u64, self.nodes.bytes() as u64)
    }

    #[inline]
    fn check_limits(&self, load: u64, bytes: u64) -> Result<()> {
        let limits = self.options.queue;
        if load >= limits.commands.unwrap_or(QUEUE) || bytes >= limits.bytes {
            return Err(Error::not_applied(ErrorKind::QueueFull, "too many commands wait for this server"));
        }
        Ok(())
    }

    fn check_process(&self) -> Result<()> {
        if self.is_foreign() {
            return Err(Error::new(
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
