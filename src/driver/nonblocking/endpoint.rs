//! One connection with its socket, turned by events.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token, Waker};

use super::{Batch, Delivery, Gathering};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::options::Options;
use crate::proto::{Connection, Event, ReplyRule, Request, Server, Wants, on_reply_error};
use crate::resp::Reply;
use crate::transport::{Channel, Dialer, Written};

/// A [`Connection`] and what carries it. What is decided, is decided there; here it is done.
pub(super) struct Endpoint {
    connection: Connection,
    carrier: Carrier,
    gathering: Gathering,
    /// When a reply last came, or something was sent while none was outstanding.
    last_reply: Instant,
    is_bare: bool,
}

enum Carrier {
    None,
    Dialing(Box<Dialing>),
    Open(Box<Channel>),
}

struct Dialing {
    dialer: Dialer,
    /// Which of the dialer's sockets the events are for.
    registered: u32,
}

/// What the nodes of one owner have in common.
pub(super) struct Surroundings {
    pub(super) options: Arc<Options>,
    pub(super) registry: Registry,
    pub(super) waker: Arc<Waker>,
    /// The events of the node in question carry it.
    pub(super) token: Token,
    pub(super) now: Instant,
    pub(super) out: Batch,
    /// What came of the owner's own question: an array of the one reply.
    pub(super) answer: Option<Result<Reply>>,
    /// A connection was up before.
    pub(super) was_up: bool,
    /// Prefer few writes to early ones.
    pub(super) gathers: bool,
}

/// With replies on their way, this much is gathered before the next write where the owner prefers few writes to early ones:
/// the server serves a connection's commands in order, so those behind lose nothing.
const GATHER_BYTES: usize = 16 * 1024;
const GATHER_REQUESTS: usize = 64;
/// A connection without a reply for so long gets no more submissions that another could take: a slow command may be in front.
const STUCK: Duration = Duration::from_millis(1);
/// Reads without a pause; what is left then waits until others had their turn and the clock was looked at.
const READS: usize = 4;

impl Endpoint {
    /// `rule`: what happens to error replies before anybody sees them.
    pub(super) fn new(options: &Arc<Options>, rule: ReplyRule, now: Instant) -> Self {
        Self {
            connection: Connection::new(Arc::clone(options), rule),
            carrier: Carrier::None,
            gathering: Gathering::default(),
            last_reply: now,
            is_bare: false,
        }
    }

    /// One for a command that ends another: it is greeted with nothing but what it takes to be let in.
    pub(super) fn bare(options: &Options, now: Instant) -> Self {
        Self { is_bare: true, ..Self::new(&Arc::new(options.bare()), on_reply_error, now) }
    }

    pub(super) fn is_bare(&self) -> bool {
        self.is_bare
    }

    pub(super) fn push(&mut self, request: Request, write: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        self.connection.push(request, write)
    }

    pub(super) fn is_up(&self) -> bool {
        self.connection.is_up()
    }

    /// Whether it could not be made the last time.
    pub(super) fn has_failed(&self) -> bool {
        self.connection.failure().1.is_some()
    }

    /// Whether nobody waits for a reply.
    pub(super) fn is_forsaken(&self) -> bool {
        self.connection.is_forsaken()
    }

    /// Whether it is connected and nothing is under way on it.
    pub(super) fn is_at_rest(&self) -> bool {
        self.is_up() && self.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.connection.is_empty()
    }

    /// Whether what it sent has waited for a reply longer than others should wait behind it.
    pub(super) fn is_stuck(&self, now: Instant) -> bool {
        self.connection.begun() > 0 && now.saturating_duration_since(self.last_reply) > STUCK
    }

    /// Bytes of submissions without a reply.
    pub(super) fn bytes(&self) -> usize {
        self.connection.bytes()
    }

    /// Submissions without a reply.
    pub(super) fn load(&self) -> usize {
        self.connection.waiting().0 + self.connection.begun()
    }

    pub(super) fn server(&self) -> Option<&Arc<Server>> {
        self.connection.server()
    }

    pub(super) fn next_events(&mut self, into: &mut Vec<Event>) {
        into.extend(std::iter::from_fn(|| self.connection.next_event()));
    }

    pub(super) fn has_events(&self) -> bool {
        self.connection.has_events()
    }

    /// See [`Connection::end`].
    pub(super) fn end(&self) -> Option<&Error> {
        self.connection.end()
    }

    /// Whether it is not read until events are taken.
    pub(super) fn is_full(&self) -> bool {
        self.connection.is_full()
    }

    /// It is to be made although there is nothing to send, and not made again.
    pub(super) fn pin(&mut self) -> Result<()> {
        self.connection.pin(true);
        self.connection.demand()
    }

    pub(super) fn on_event(&mut self, readable: bool, writable: bool, ended: bool) {
        if let Carrier::Open(channel) = &mut self.carrier {
            channel.on_event(readable, writable, ended);
        }
    }

    /// When there is something to do at the latest, events apart.
    pub(super) fn next_step(&self) -> Deadline {
        let own = self.connection.next_timeout();
        match &self.carrier {
            Carrier::Dialing(dialing) => own.or_earlier(dialing.dialer.next_step()),
            _ => own,
        }
    }

    /// Does everything that can be done now. True if there is more that had to be left for the next time.
    pub(super) fn advance(&mut self, s: &mut Surroundings) -> bool {
        loop {
            let timeout = self.with_owner(s, |connection, owner| connection.on_timeout(owner));
            if let Err(error) = timeout {
                self.lose(error, s);
            }
            let step = match self.connection.wants() {
                Wants::Nothing => return false,
                Wants::Pause if self.connection.next_timeout().has_passed(s.now) => continue,
                Wants::Pause => return false,
                Wants::Dial => self.start(s),
                Wants::Dialed => match self.dial(s) {
                    Ok(false) => return false,
                    other => other.map(drop),
                },
                Wants::Traffic => match self.exchange(s) {
                    Ok(more) => return more,
                    Err(error) => Err(error),
                },
            };
            // A connection that was lost may be wanted again at once.
            if let Err(error) = step {
                self.lose(error, s);
            }
        }
    }

    fn start(&mut self, s: &mut Surroundings) -> Result<()> {
        let deadline = self.connection.on_dial(s.now);
        let waker = Arc::clone(&s.waker);
        let dialer = Dialer::start(&s.options, deadline, move || {
            // A failure means that its owner is gone.
            let _ = waker.wake();
        })?;
        self.carrier = Carrier::Dialing(Box::new(Dialing { dialer, registered: 0 }));
        Ok(())
    }

    /// Whether the socket is connected.
    fn dial(&mut self, s: &mut Surroundings) -> Result<bool> {
        let Carrier::Dialing(dialing) = &mut self.carrier else {
            unreachable!("a connection that is being made has a dialer")
        };
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
        let Some(socket) = connected else { return Ok(false) };
        self.carrier = Carrier::Open(Box::new(Channel::new(socket, &s.options)));
        self.connection.on_dialed();
        Ok(true)
    }

    /// Reads and writes. True if there is more to be done at once.
    fn exchange(&mut self, s: &mut Surroundings) -> Result<bool> {
        let Self { connection, carrier: Carrier::Open(channel), gathering, last_reply, .. } = self else {
            unreachable!("a connection with traffic has a channel")
        };
        let before = s.out.len();
        let mut reads = 0;
        while reads < READS && !connection.is_full() && channel.read()? {
            reads += 1;
            let mut owner = s.delivery(gathering);
            let mut pos = 0;
            connection.receive(channel.window(), &mut pos, &mut owner)?;
            channel.consume(pos);
        }
        if s.out.len() > before {
            *last_reply = s.now;
        }
        let (waiting, bytes) = connection.waiting();
        let is_quiet = connection.in_flight() == 0;
        // The rest of a command that has begun to leave never waits: its own reply depends on it.
        // Neither does what the channel has to say by itself: the server may wait for that.
        let may_gather = s.gathers && !is_quiet && !connection.is_inside() && !channel.wants_write(false);
        if !may_gather || waiting >= GATHER_REQUESTS || bytes >= GATHER_BYTES {
            if is_quiet {
                *last_reply = s.now;
            }
            while channel.is_writable(connection.has_unsent()) {
                let Written { left, committed } = channel.write(connection.unsent());
                connection.advance(left, committed);
                if left == 0 {
                    break;
                }
            }
            if connection.is_conversing() {
                connection.settle(&mut s.delivery(gathering));
            }
        }
        // A failed write shows when reading reaches the end.
        Ok(reads == READS || channel.has_failed())
    }

    /// Takes the submitter away from the submission with this token; the fate of its commands and its number.
    pub(super) fn cancel(&mut self, token: u64, s: &mut Surroundings) -> Option<(Outcome, u64)> {
        let gave_up = self.with_owner(s, |connection, owner| connection.give_up(token, false, owner))?;
        if let Some(error) = gave_up.ends {
            self.lose(error, s);
        }
        Some((gave_up.progress.outcome().unwrap_or(Outcome::Unknown), gave_up.seq))
    }

    /// Removes the submission with this token, if nothing of it has left: its number. `Some(None)` if it is too late.
    pub(super) fn retract(&mut self, token: u64, s: &mut Surroundings) -> Option<Option<u64>> {
        if !self.connection.is_waiting(token)? {
            return Some(None);
        }
        Some(self.cancel(token, s).map(|(_, seq)| seq))
    }

    /// The socket is of no use any more.
    fn lose(&mut self, error: Error, s: &mut Surroundings) {
        self.let_go(s);
        self.with_owner(s, |connection, owner| connection.lost(error, owner));
    }

    /// Ends everything that was submitted, and the connection.
    pub(super) fn close(&mut self, error: &Error, s: &mut Surroundings) {
        self.let_go(s);
        self.with_owner(s, |connection, owner| connection.close(error, owner));
    }

    /// Closes the socket, after taking it out of the registry: a forked child may still hold it, and then closing alone would
    /// not end its events.
    fn let_go(&mut self, s: &mut Surroundings) {
        let carrier = std::mem::replace(&mut self.carrier, Carrier::None);
        let fd = match &carrier {
            Carrier::Open(channel) => channel.as_raw_fd(),
            Carrier::Dialing(dialing) => match dialing.dialer.socket() {
                Some(socket) => socket.as_raw_fd(),
                None => return,
            },
            Carrier::None => return,
        };
        let _ = s.registry.deregister(&mut SourceFd(&fd));
    }

    fn with_owner<R>(
        &mut self,
        s: &mut Surroundings,
        work: impl FnOnce(&mut Connection, &mut Delivery<'_>) -> R,
    ) -> R {
        work(&mut self.connection, &mut s.delivery(&mut self.gathering))
    }
}

impl Surroundings {
    fn delivery<'a>(&'a mut self, gathering: &'a mut Gathering) -> Delivery<'a> {
        let Self { out, answer, now, was_up, .. } = self;
        Delivery { gathering, out, answer, now: *now, was_up }
    }
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
