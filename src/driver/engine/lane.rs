//! A connection as submissions see it: always there.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token, Waker};

use super::{Completions, Entry, Inflow, Outbox, Stream};
use crate::command;
use crate::driver::backoff::{Backoff, chance};
use crate::driver::overdue::Overdue;
use crate::error::{Error, ErrorKind, Outcome, Progress, Result};
use crate::options::{Options, Retry};
use crate::proto::{Handshake, Step};
use crate::resp::{self, ReplyBuilder};
use crate::transport::{Deadline, Dialer, Socket};

/// One connection that comes when it is needed and comes back when it is lost, and the submissions that go over it, in order.
///
/// ```text
///   Idle --something to send--> Dialing --> Greeting --> Up --lost--> Pausing --> Dialing ...
///     ^----- nothing to send ------'-----------'----------'
/// ```
pub(super) struct Lane {
    phase: Phase,
    outbox: Outbox,
    inflow: Inflow,
    overdue: Overdue,
    backoff: Backoff,
    /// When a reply last came, or something was sent while none was outstanding.
    last_reply: Instant,
    /// When the last connection was lost, until there is another.
    down_since: Option<Instant>,
    /// For one blocking command at a time, whose reply may never come.
    is_leased: bool,
}

enum Phase {
    Idle,
    /// Until the next try.
    Pausing(Instant),
    Dialing(Box<Dialing>),
    Greeting(Box<Greeting>),
    Up(Box<Stream>),
}

struct Dialing {
    dialer: Dialer,
    /// Which of the dialer's sockets the events are for.
    registered: u32,
    deadline: Deadline,
}

struct Greeting {
    stream: Stream,
    handshake: Handshake,
    unsent: Vec<u8>,
    replies: ReplyBuilder,
    deadline: Deadline,
}

/// What the lanes of an engine have in common.
pub(super) struct Surroundings {
    pub(super) options: Arc<Options>,
    pub(super) registry: Registry,
    pub(super) waker: Arc<Waker>,
    /// The events of the lane in question carry it.
    pub(super) token: Token,
    pub(super) now: Instant,
    pub(super) out: Completions,
    /// A connection was up before: losing it is worth waiting for its return.
    pub(super) was_up: bool,
    /// Prefer few writes to early ones.
    pub(super) gathers: bool,
}

/// With replies on their way, this much is gathered before the next write where the owner prefers few writes to early ones:
/// the server serves a connection's commands in order, so those behind lose nothing.
const GATHER_BYTES: usize = 16 * 1024;
const GATHER_ENTRIES: usize = 64;
/// A connection without a reply for so long gets no more submissions that another could take: a slow command may be in front.
const STUCK: Duration = Duration::from_millis(1);
/// For so long what can still be sent waits for a server that went away: a restart goes unnoticed, and of a dead server
/// everybody hears soon.
const OUTAGE: Duration = Duration::from_secs(1);

impl Lane {
    pub(super) fn new(is_leased: bool) -> Self {
        Self {
            phase: Phase::Idle,
            outbox: Outbox::default(),
            inflow: Inflow::default(),
            overdue: Overdue::default(),
            backoff: Backoff::default(),
            last_reply: Instant::now(),
            down_since: None,
            is_leased,
        }
    }

    pub(super) fn queue(&mut self, entry: Entry, bytes: &[u8]) {
        self.outbox.push(entry, bytes);
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Up(_))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Submissions of which nothing has left, and their bytes.
    pub(super) fn waiting(&self) -> (usize, usize) {
        (self.outbox.waiting(), self.outbox.unsent_bytes())
    }

    /// Whether what it sent has waited for a reply longer than others should wait behind it.
    pub(super) fn is_stuck(&self, now: Instant) -> bool {
        self.outbox.begun() > 0 && now.saturating_duration_since(self.last_reply) > STUCK
    }

    /// Bytes of submissions without a reply.
    pub(super) fn bytes(&self) -> usize {
        self.outbox.bytes()
    }

    /// Submissions without a reply.
    pub(super) fn load(&self) -> usize {
        self.outbox.waiting() + self.outbox.begun()
    }

    pub(super) fn on_event(&mut self, readable: bool, writable: bool, ended: bool) {
        match &mut self.phase {
            Phase::Greeting(greeting) => greeting.stream.on_event(readable, writable, ended),
            Phase::Up(stream) => stream.on_event(readable, writable, ended),
            Phase::Idle | Phase::Pausing(_) | Phase::Dialing(_) => {}
        }
    }

    /// When there is something to do at the latest, events apart.
    pub(super) fn next_step(&self) -> Deadline {
        let own = match &self.phase {
            Phase::Pausing(until) => Deadline::at(*until),
            Phase::Dialing(dialing) => dialing.dialer.next_step(),
            Phase::Greeting(greeting) => greeting.deadline,
            Phase::Idle | Phase::Up(_) => Deadline::never(),
        };
        match self.outbox.first_awaited() {
            Some((_, entry)) => own.or_earlier(entry.deadline),
            None => own,
        }
    }

    /// Does everything that can be done now. True if there is more that had to be left for the next time.
    pub(super) fn advance(&mut self, s: &mut Surroundings) -> bool {
        self.expire(s);
        loop {
            let step = match std::mem::replace(&mut self.phase, Phase::Idle) {
                Phase::Idle if self.outbox.is_empty() => return false,
                Phase::Idle => start(s),
                Phase::Pausing(until) if s.now < until => {
                    self.phase = Phase::Pausing(until);
                    return false;
                }
                Phase::Pausing(_) => start(s),
                Phase::Dialing(dialing) => dial(dialing, s),
                Phase::Greeting(greeting) => greet(greeting, s),
                Phase::Up(stream) => {
                    let more = self.exchange(stream, s);
                    // A connection that was lost may be wanted again at once.
                    if matches!(self.phase, Phase::Up(_)) || self.outbox.is_empty() {
                        return more;
                    }
                    continue;
                }
            };
            match step {
                Ok(Progression::On(phase)) => {
                    if let Phase::Up(_) = phase {
                        s.was_up = true;
                        self.down_since = None;
                    }
                    self.phase = phase;
                }
                Ok(Progression::Waits(phase)) => {
                    self.phase = phase;
                    return false;
                }
                Err(error) => self.connecting_failed(error, s),
            }
        }
    }

    /// Reads and writes on a connection that is up.
    fn exchange(&mut self, mut stream: Box<Stream>, s: &mut Surroundings) -> bool {
        let before = s.out.len();
        let (inflow, outbox) = (&mut self.inflow, &mut self.outbox);
        let more = match stream.read(|nodes, window| inflow.take(nodes, window, outbox, &mut s.out)) {
            Ok(more) => more,
            Err(error) => {
                self.lose(&stream, error, s);
                return false;
            }
        };
        if s.out.len() > before {
            self.overdue.answered();
            self.last_reply = s.now;
            // Not when it came up: a server that hangs up on each command would be called without end.
            self.backoff = Backoff::default();
        }
        if self.outbox.is_torn() {
            let reason = "the server answered a command before it had left";
            self.lose(&stream, Error::new(ErrorKind::Protocol, reason), s);
            return false;
        }
        let (count, bytes) = self.waiting();
        // The rest of a command that has begun to leave never waits: its own reply depends on it.
        let may_gather = s.gathers && stream.in_flight() > 0 && !self.outbox.is_inside();
        if !may_gather || count >= GATHER_ENTRIES || bytes >= GATHER_BYTES {
            if stream.in_flight() == 0 {
                self.last_reply = s.now;
            }
            while stream.is_writable() && !self.outbox.unsent().is_empty() {
                let count = stream.write(self.outbox.unsent());
                stream.expect(self.outbox.advance(count));
            }
        }
        // A failed write shows when reading reaches the end.
        let more = more || stream.has_failed();
        self.phase = Phase::Up(stream);
        more
    }

    /// Ends submissions whose time is up. Their replies, if they come, are swallowed.
    fn expire(&mut self, s: &mut Surroundings) {
        match self.outbox.first_awaited() {
            Some((_, entry)) if entry.deadline.has_passed(s.now) => {}
            _ => return,
        }
        let error = Error::new(ErrorKind::Timeout, "the deadline of the call passed")
            .with_address(&s.options.address());
        let (out, overdue, now, is_leased) = (&mut s.out, &mut self.overdue, s.now, self.is_leased);
        let mut gives_up = false;
        self.outbox.expire(now, |entry, progress| {
            out.push_bare(entry.token, entry.seq, Some(error.clone().with_progress(progress)));
            // What has not begun to leave says nothing about the connection.
            gives_up |= progress.not_applied == 0 && (is_leased || overdue.missed(now));
        });
        if self.outbox.is_first_abandoned() {
            self.inflow.forget();
        }
        if gives_up {
            self.drop_connection("several calls in a row got no reply in time", s);
        }
    }

    /// Takes the submitter away from the submission with this token; the fate of its commands.
    pub(super) fn cancel(&mut self, token: u64, s: &mut Surroundings) -> Option<(Outcome, u64)> {
        let index = self.outbox.position(token)?;
        let has_begun = index < self.outbox.begun();
        let (progress, seq) = self.abandon(index);
        if has_begun && self.is_leased {
            // Its reply may never come, and nothing behind it would be answered before.
            self.drop_connection("a blocking command was given up", s);
        }
        Some((progress.outcome().unwrap_or(Outcome::Unknown), seq))
    }

    /// Removes the submission with this token, if nothing of it has left: its sequence number. `Some(None)` if it is too late.
    pub(super) fn retract(&mut self, token: u64) -> Option<Option<u64>> {
        let index = self.outbox.position(token)?;
        if index < self.outbox.begun() {
            return Some(None);
        }
        Some(Some(self.abandon(index).1))
    }

    fn abandon(&mut self, index: usize) -> (Progress, u64) {
        if index == 0 {
            self.inflow.forget();
        }
        self.outbox.abandon(index)
    }

    fn drop_connection(&mut self, reason: &str, s: &mut Surroundings) {
        if let Phase::Up(stream) = std::mem::replace(&mut self.phase, Phase::Idle) {
            self.lose(&stream, Error::new(ErrorKind::Disconnected, reason), s);
        }
    }

    /// The connection is gone. What cannot have been applied, and what only reads, is sent again over the next one; the rest
    /// fails.
    fn lose(&mut self, stream: &Stream, error: Error, s: &mut Surroundings) {
        deregister(stream.socket(), s);
        let error = error.with_address(&s.options.address());
        let is_broken = matches!(error.kind(), ErrorKind::Io | ErrorKind::Disconnected);
        let repeats_reads = is_broken && s.options.retry == Retry::Reads;
        let mut replies = self.inflow.cut_off();
        self.outbox.rewind(
            |_, bytes, progress| {
                progress.is_untouched() || (repeats_reads && progress.replied == 0 && only_reads(bytes))
            },
            |entry, progress| {
                Inflow::fail(&entry, replies.take(), error.clone().with_progress(progress), &mut s.out);
            },
        );
        self.overdue = Overdue::default();
        // While nobody misses the server, nobody knows how long it has been away.
        (self.down_since, self.phase) = match self.outbox.is_empty() {
            true => (None, Phase::Idle),
            false => (Some(s.now), Phase::Pausing(s.now + self.backoff.next(chance()))),
        };
    }

    /// There is no connection for what waits: fails it, or tries again if there was one before and the reason may pass.
    fn connecting_failed(&mut self, error: Error, s: &mut Surroundings) {
        let may_pass = match error.kind() {
            ErrorKind::Connect
            | ErrorKind::Resolve
            | ErrorKind::Timeout
            | ErrorKind::Io
            | ErrorKind::Disconnected => true,
            ErrorKind::Handshake => error.message().starts_with("ERR max number of clients"),
            _ => false,
        };
        let since = *self.down_since.get_or_insert(s.now);
        if may_pass && s.was_up && s.now.duration_since(since) < OUTAGE {
            self.phase = Phase::Pausing(s.now + self.backoff.next_after_first(chance()));
        } else {
            self.phase = Phase::Idle;
            // From now on whatever comes fails at once, until there is a server again.
            s.was_up = false;
            self.fail_all(&error, s);
        }
    }

    /// Ends everything that was submitted, and the connection.
    pub(super) fn close(&mut self, error: &Error, s: &mut Surroundings) {
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Up(stream) => deregister(stream.socket(), s),
            Phase::Greeting(greeting) => deregister(greeting.stream.socket(), s),
            Phase::Dialing(dialing) => {
                if let Some(socket) = dialing.dialer.socket() {
                    deregister(socket, s);
                }
            }
            Phase::Idle | Phase::Pausing(_) => {}
        }
        self.fail_all(error, s);
    }

    fn fail_all(&mut self, error: &Error, s: &mut Surroundings) {
        let error = error.clone().with_address(&s.options.address());
        let mut replies = self.inflow.cut_off();
        self.outbox.drain(|entry, progress| {
            Inflow::fail(&entry, replies.take(), error.clone().with_progress(progress), &mut s.out);
        });
    }
}

/// How a step towards a connection ended.
enum Progression {
    On(Phase),
    /// For an event or a moment.
    Waits(Phase),
}

fn start(s: &mut Surroundings) -> Result<Progression> {
    // Submissions have deadlines of their own; a server that never answers must not keep the lane busy beyond them.
    let deadline = Deadline::after(s.now, s.options.connect_timeout.or(s.options.timeout));
    let waker = Arc::clone(&s.waker);
    let dialer = Dialer::start(&s.options, deadline, move || {
        // A failure means that the engine is gone.
        let _ = waker.wake();
    })?;
    Ok(Progression::On(Phase::Dialing(Box::new(Dialing { dialer, registered: 0, deadline }))))
}

fn dial(mut dialing: Box<Dialing>, s: &mut Surroundings) -> Result<Progression> {
    let connected = dialing.dialer.advance(&s.options, s.now)?;
    let attempts = dialing.dialer.attempts();
    if let Some(socket) = connected.as_ref().or_else(|| dialing.dialer.socket())
        && dialing.registered != attempts
    {
        let interest = Interest::READABLE | Interest::WRITABLE;
        s.registry
            .register(&mut SourceFd(&socket.as_raw_fd()), s.token, interest)
            .map_err(|error| Error::from_io(ErrorKind::Connect, "cannot watch the socket", &error))?;
        dialing.registered = attempts;
    }
    let Some(socket) = connected else {
        return Ok(Progression::Waits(Phase::Dialing(dialing)));
    };
    let deadline = dialing.deadline;
    let mut greeting = Greeting {
        stream: Stream::new(socket, s.options.limits),
        handshake: Handshake::new(&s.options),
        unsent: Vec::new(),
        replies: ReplyBuilder::with_root_array(),
        deadline,
    };
    greeting.speak(&s.options);
    Ok(Progression::On(Phase::Greeting(Box::new(greeting))))
}

fn greet(mut greeting: Box<Greeting>, s: &mut Surroundings) -> Result<Progression> {
    let step = greeting.advance(s);
    match step {
        Ok(Some(Step::Done)) => Ok(Progression::On(Phase::Up(Box::new(greeting.stream)))),
        Ok(Some(Step::Again)) => {
            greeting.speak(&s.options);
            Ok(Progression::On(Phase::Greeting(greeting)))
        }
        Ok(None) if !greeting.deadline.has_passed(s.now) => Ok(Progression::Waits(Phase::Greeting(greeting))),
        Ok(None) => {
            deregister(greeting.stream.socket(), s);
            Err(Error::new(ErrorKind::Timeout, "the server did not answer the greeting in time"))
        }
        Err(error) => {
            deregister(greeting.stream.socket(), s);
            Err(error)
        }
    }
}

impl Greeting {
    /// Queues the words of the present flight.
    fn speak(&mut self, options: &Options) {
        self.replies = ReplyBuilder::with_root_array();
        let commands = self.handshake.commands(options);
        for args in &commands {
            resp::encode_command(&mut self.unsent, args);
        }
        self.stream.expect(commands.len() as u64);
    }

    /// Writes and reads; the verdict once all replies of the flight are there.
    fn advance(&mut self, s: &Surroundings) -> Result<Option<Step>> {
        while self.stream.is_writable() && !self.unsent.is_empty() {
            let count = self.stream.write(&self.unsent);
            self.unsent.drain(..count);
        }
        let replies = &mut self.replies;
        let result = self.stream.read(|nodes, window| replies.append(nodes, window));
        if result.is_ok() && self.stream.in_flight() > 0 {
            return Ok(None);
        }
        let replies = std::mem::take(&mut self.replies).finish();
        // A server that refuses says why and hangs up: what it said counts for more.
        result.map_err(|error| {
            self.handshake.refusal(&replies).unwrap_or_else(|| match error.kind() {
                ErrorKind::Disconnected => Error::new(
                    ErrorKind::Disconnected,
                    "the server closed the connection during the greeting",
                ),
                _ => error,
            })
        })?;
        self.handshake.judge(&s.options, &replies).map(Some)
    }
}

/// Before a socket is closed: a forked child may still hold it, and then closing alone would not end its events.
fn deregister(socket: &Socket, s: &Surroundings) {
    let _ = s.registry.deregister(&mut SourceFd(&socket.as_raw_fd()));
}

fn only_reads(bytes: &[u8]) -> bool {
    resp::encoded_commands(bytes).all(|args| command::is_read_only(args[0], args.get(1).copied()))
}
