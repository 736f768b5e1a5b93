//! One connection: what is under way on it, and what happens to it.

mod conversing;
mod ending;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod receiving;

use std::sync::Arc;
use std::time::Instant;

pub(crate) use self::ending::lease_lost;
use super::backoff::Backoff;
use super::conversation::{self, Answer, Conversation};
use super::event::{Event, Events};
use super::greeting::Greeting;
use super::incoming::Incoming;
use super::owner::Owner;
use super::queue::Queue;
use super::request::{Form, Request};
use super::retry::ReplyRule;
use super::server::Server;
use super::stall::Stall;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Outcome, Progress, Result};
use crate::options::Options;
use crate::resp::{self, Node};

/// A connection as its users see it: always there. It comes when something is to be sent and comes back when it is lost.
///
/// ```text
///   Idle --push--> WantsDial --> Dialing --> Greeting --> Up --lost--> Pausing --> WantsDial ...
///     ^                ^            |           |                         ^
///     |                '- no HELLO -------------'                         |
///     '--- nothing waits, or no point in trying ------------'--- later ---'
///
///   Down: closed, or lost and not to be made again.
/// ```
///
/// Whoever drives it calls, in any order and as often as there is something to tell:
///
/// * for its users: [`push`](Self::push), [`give_up`](Self::give_up), [`close`](Self::close);
/// * as [`wants`](Self::wants) says: [`on_dial`](Self::on_dial), then [`on_dialed`](Self::on_dialed) or [`lost`](Self::lost);
/// * with a socket: [`unsent`](Self::unsent) and [`advance`](Self::advance), [`receive`](Self::receive),
///   [`lost`](Self::lost). An error that one of the others returns means that the socket is to be closed and `lost` to be
///   called with it;
/// * when [`next_timeout`](Self::next_timeout) has come: [`on_timeout`](Self::on_timeout).
///
/// The order of commands on the wire is the order of their replies, and there is nothing else to match them by: see
/// [`Queue`](super::queue).
pub(crate) struct Connection {
    options: Arc<Options>,
    phase: Phase,
    queue: Queue,
    incoming: Incoming,
    stall: Stall,
    backoff: Backoff,
    rule: ReplyRule,
    events: Events,
    /// There is one where not every command has one reply.
    conversation: Option<Box<Conversation>>,
    /// Who was greeted last.
    server: Option<Arc<Server>>,
    /// What came is no more to be trusted from here on: to be reported when what came before has been handed on.
    fault: Option<Error>,
    /// Why the server is about to hang up, in its own words.
    last_words: Option<String>,
    /// When the present attempt to connect has to be over, however many sockets it takes.
    attempt_until: Option<Deadline>,
    /// The server has hung up over HELLO.
    greets_plainly: bool,
    /// Not to be made again once it is lost.
    is_pinned: bool,
    /// Why connecting failed, until it works, and how often it has.
    failure: Option<Error>,
    failures: u64,
    /// How often it had when the present need for a connection arose.
    failures_before: u64,
}

enum Phase {
    Idle,
    WantsDial,
    Dialing,
    Greeting(Box<Greeting>),
    Up,
    /// Until the next try.
    Pausing(Instant),
    Down(Error),
}

/// What a connection needs to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    /// Nothing: there is nothing to do, or no point in it.
    Nothing,
    /// A socket: see [`Connection::on_dial`].
    Dial,
    /// The socket that is being made.
    Dialed,
    /// Its socket read and written.
    Traffic,
    /// Time.
    Pause,
}

/// What [`Connection::receive`] came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// [`Connection::part`] holds replies to be used in place; call again after having taken them.
    Part,
    /// The window is used up.
    Starved,
}

/// What became of a submission that was taken away from its submitter.
pub(crate) struct GaveUp {
    pub(crate) progress: Progress,
    pub(crate) seq: u64,
    /// The connection is of no use any more.
    pub(crate) ends: Option<Error>,
}

impl Connection {
    pub(crate) fn new(options: Arc<Options>, rule: ReplyRule) -> Self {
        Self {
            incoming: Incoming::new(options.limits),
            events: Events::new(options.events),
            options,
            phase: Phase::Idle,
            queue: Queue::new(),
            stall: Stall::default(),
            backoff: Backoff::default(),
            rule,
            conversation: None,
            server: None,
            fault: None,
            last_words: None,
            attempt_until: None,
            greets_plainly: false,
            is_pinned: false,
            failure: None,
            failures: 0,
            failures_before: 0,
        }
    }

    // What its users do.

    /// Queues a request, whose commands `write` encodes. Nothing of it has left when this returns.
    ///
    /// # Errors
    /// The connection is not made again; `Refused`: the request has no place in the conversation.
    #[inline]
    pub(crate) fn push(&mut self, mut request: Request, write: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        self.demand()?;
        let answer = self.answer_to(request.form)?;
        if answer == Answer::Silence {
            request.silence();
        }
        self.queue.push(request, |out| {
            if answer == Answer::Agreement {
                resp::encode_command(out, &conversation::LOUDLY);
            }
            write(out);
        });
        Ok(())
    }

    /// The same with its commands in a buffer, which is empty afterwards.
    pub(crate) fn push_buffer(&mut self, mut request: Request, bytes: &mut Vec<u8>) -> Result<()> {
        self.demand()?;
        match self.answer_to(request.form)? {
            Answer::Replies => {}
            Answer::Silence => request.silence(),
            Answer::Agreement => {
                let mut before = Vec::new();
                resp::encode_command(&mut before, &conversation::LOUDLY);
                bytes.splice(..0, before);
            }
        }
        self.queue.push_buffer(request, bytes);
        Ok(())
    }

    /// How a request of this form will be answered, if it is queued now.
    #[inline]
    fn answer_to(&mut self, form: Form) -> Result<Answer> {
        // What asks for more or less than one reply, or comes after what did.
        match matches!(form, Form::Special(_)) || self.conversation.is_some() {
            false => Ok(Answer::Replies),
            true => self.ask(form),
        }
    }

    /// Asks for a connection although there may be nothing to send.
    #[inline]
    pub(crate) fn demand(&mut self) -> Result<()> {
        match &self.phase {
            Phase::Up => {}
            Phase::Idle => {
                self.phase = Phase::WantsDial;
                self.failures_before = self.failures;
            }
            Phase::Down(error) => return Err(error.clone()),
            _ => {}
        }
        Ok(())
    }

    /// Takes the submitter away from all requests with this token, which end without another word. What has not begun to leave
    /// will not; the replies to the rest are swallowed when they come. `None` if there is no such request (any more).
    pub(crate) fn give_up(&mut self, token: u64, is_late: bool, owner: &mut impl Owner) -> Option<GaveUp> {
        let mut sum: Option<GaveUp> = None;
        while let Some(given_up) = self.queue.abandon(token) {
            let gave_up =
                sum.get_or_insert(GaveUp { progress: Progress::default(), seq: given_up.seq, ends: None });
            gave_up.progress = gave_up.progress + given_up.progress;
            if let Some(why) = given_up.ends {
                gave_up.ends = Some(Error::new(ErrorKind::Disconnected, why));
            }
            if !given_up.is_portion {
                break;
            }
        }
        if let Some(gave_up) = &mut sum
            && is_late
            && matches!(self.phase, Phase::Up)
            && self.queue.begun() > 0
            && self.stall.missed(owner.now())
        {
            gave_up.ends = Some(Error::new(ErrorKind::Disconnected, STALLED));
        }
        if let Some(front) = self.queue.answering().filter(|front| front.abandoned) {
            owner.forget(front);
        }
        sum
    }

    /// Whether the request with this token has not begun to leave; `None` if there is no such request (any more).
    pub(crate) fn is_waiting(&mut self, token: u64) -> Option<bool> {
        self.queue.is_waiting(token)
    }

    /// Something of the replies to the first request has left the owner's hands: it cannot be sent again.
    pub(crate) fn mark_delivered(&mut self, token: u64) {
        if let Some(front) = self.queue.answering().filter(|front| front.token == token) {
            front.delivered = true;
        }
    }

    /// From now on a connection that is lost, once it was up, stays lost, or is made again as usual.
    pub(crate) fn pin(&mut self, is_pinned: bool) {
        self.is_pinned = is_pinned;
    }

    /// Ends everything with `error` and the fate of each. The socket is to be closed.
    pub(crate) fn close(&mut self, error: &Error, owner: &mut impl Owner) {
        self.phase = Phase::Down(error.clone().with_outcome(Outcome::NotApplied));
        self.fail_all(error, owner);
    }

    /// Gives up connecting if nobody waits for it any more. The socket in the making, if there is one, is to be closed then.
    pub(crate) fn abort_idle_attempt(&mut self) -> bool {
        let is_idle = self.queue.is_empty()
            && matches!(self.phase, Phase::WantsDial | Phase::Dialing | Phase::Greeting(_));
        if is_idle {
            self.phase = Phase::Idle;
            (self.attempt_until, self.greets_plainly) = (None, false);
        }
        is_idle
    }

    // What its driver does.

    pub(crate) fn wants(&self) -> Wants {
        match self.phase {
            Phase::Idle | Phase::Down(_) => Wants::Nothing,
            Phase::WantsDial => Wants::Dial,
            Phase::Dialing => Wants::Dialed,
            Phase::Greeting(_) | Phase::Up => Wants::Traffic,
            Phase::Pausing(_) => Wants::Pause,
        }
    }

    /// A socket is being made from now on; until when it has to be connected.
    pub(crate) fn on_dial(&mut self, now: Instant) -> Deadline {
        self.phase = Phase::Dialing;
        // Requests have deadlines of their own; a server that never answers must not keep anybody busy beyond them.
        let time = self.options.connect_timeout.or(self.options.timeout);
        *self.attempt_until.get_or_insert_with(|| Deadline::after(now, time))
    }

    /// The socket is connected.
    pub(crate) fn on_dialed(&mut self) {
        self.incoming = Incoming::new(self.options.limits);
        (self.fault, self.last_words, self.stall) = (None, None, Stall::default());
        self.phase = Phase::Greeting(Box::new(Greeting::new(&self.options, self.greets_plainly)));
    }

    /// What is to be written next; empty if there is nothing, or if nothing may follow any more.
    #[inline]
    pub(crate) fn unsent(&mut self) -> &[u8] {
        match &self.phase {
            Phase::Up if self.fault.is_none() => self.queue.unsent(),
            Phase::Greeting(greeting) => greeting.unsent(),
            _ => &[],
        }
    }

    pub(crate) fn has_unsent(&self) -> bool {
        match &self.phase {
            Phase::Up => self.fault.is_none() && self.queue.has_unsent(),
            Phase::Greeting(greeting) => !greeting.unsent().is_empty(),
            _ => false,
        }
    }

    /// Of [`unsent`](Self::unsent), so many bytes have `left`, and so many behind them are `committed`: they will leave whatever
    /// happens, unless the connection is lost before, and are offered until they have.
    #[inline]
    pub(crate) fn advance(&mut self, left: usize, committed: usize) {
        match &mut self.phase {
            Phase::Greeting(greeting) => greeting.advance(left),
            _ => self.queue.advance(left, committed),
        }
    }

    /// The replies that [`Received::Part`] announced. Whoever takes the vector gives it back, for its memory.
    pub(crate) fn part(&mut self) -> &mut Vec<Node> {
        &mut self.incoming.nodes
    }

    // What can be known of it.

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Up)
    }

    /// Whether nothing is asked of it.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether nobody waits for what is asked of it, if there is anything.
    pub(crate) fn is_forsaken(&self) -> bool {
        self.queue.is_forsaken()
    }

    /// Commands whose replies are on their way.
    pub(crate) fn in_flight(&self) -> u64 {
        self.queue.in_flight()
    }

    /// Requests that have not begun to leave, and bytes to be written.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.queue.waiting(), self.queue.unsent_bytes())
    }

    /// Requests that have begun to leave.
    pub(crate) fn begun(&self) -> usize {
        self.queue.begun()
    }

    /// Whether something of a request that has begun to leave has not left.
    pub(crate) fn is_inside(&self) -> bool {
        self.queue.is_inside()
    }

    /// Bytes of requests without a reply.
    pub(crate) fn bytes(&self) -> usize {
        self.queue.all_bytes()
    }

    /// Who was greeted last.
    pub(crate) fn server(&self) -> Option<&Arc<Server>> {
        self.server.as_ref()
    }

    /// How often connecting has failed, and why the last time.
    pub(crate) fn failure(&self) -> (u64, Option<&Error>) {
        (self.failures, self.failure.as_ref())
    }

    /// Why nothing can be sent any more, if that is so.
    pub(crate) fn end(&self) -> Option<&Error> {
        match &self.phase {
            Phase::Down(error) => Some(error),
            _ => None,
        }
    }

    /// The oldest event that nobody has taken.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        self.events.next()
    }

    /// The oldest of what the server said; what was before it is gone.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn next_message(&mut self) -> Option<crate::resp::Reply> {
        std::iter::from_fn(|| self.next_event()).find_map(|event| event.message)
    }

    pub(crate) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Whether it is not to be read until events are taken.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.events.is_full()
    }
}

const STALLED: &str = "several calls in a row got no reply in time";

#[cfg(test)]
mod tests;
