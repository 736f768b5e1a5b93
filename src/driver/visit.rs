//! One caller at work on a link.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::{Duration, Instant};

use super::link::{Link, Sink, State};
use super::payload::Payload;
use super::relay::{Guard, Inner, Relay};
use super::thread_mark::ThreadMark;
use super::turn::Turn;
use super::wire::Wire;
use crate::error::{Error, ErrorKind, Outcome, Progress, Result};
use crate::proto::{Request, RequestId};
use crate::resp::Node;
use crate::transport::{Deadline, Patience, closed};

pub(super) type Held<'a> = Guard<'a, State>;

/// A caller at work: the link, the state that belonged to this process when the work began, and the thread.
///
/// Whoever forks in the middle of it comes back to the parent's state, which answers no more; see [`Relay::lock`].
pub(super) struct Visit<'a> {
    link: &'a Link,
    relay: &'a Relay<State>,
    me: ThreadMark,
}

/// So many callers wait awake for news, giving the processor to whoever wants it. More would only be in each other's way.
///
/// Measured on loopback with two processors, 2026-11-20: waking a thread that sleeps takes several microseconds of the waker's
/// time and of its own; two to eight threads make a third more calls if they need not be woken.
const LOITERERS: usize = 8;
/// And for so long. Most round trips are shorter where it is worth it at all.
const LOITER: Duration = Duration::from_micros(50);

impl<'a> Visit<'a> {
    pub(super) fn new(link: &'a Link, relay: &'a Relay<State>) -> Self {
        Self { link, relay, me: ThreadMark::current() }
    }

    /// Whether there ever was a connection.
    pub(super) fn was_up(&self) -> bool {
        self.lock().is_ok_and(|state| state.was_up)
    }

    /// Sends commands once, before `start` runs out, and hands their replies to `sink`, before `end` does.
    pub(super) fn attempt(
        &self,
        payload: &Payload<'_>,
        start: &Patience<'_>,
        end: &Patience<'_>,
        sink: Sink<'_>,
    ) -> Result<()> {
        let commands = payload.commands;
        let mut state = self.ready(start).map_err(|error| {
            error.with_progress(Progress { not_applied: commands, ..Progress::default() })
        })?;
        let Inner { line, value } = state.inner();
        let State { wire: Some(wire), requests, is_at_hand, .. } = value else {
            unreachable!("ready() leaves a connection")
        };
        let id = requests.open(payload.blocking.is_some());
        wire.session.enqueue(requests, id, commands, payload.size_hint, payload.write);
        // Who leads writes what has gathered when it has handed out what came, which is soon if the server is near.
        if line.is_led() && !*is_at_hand {
            wire.flush();
        }
        self.drive(state, id, end, sink)
            .map_err(|error| error.or_progress(Progress { unknown: commands, ..Progress::default() }))
    }

    /// The state with a connection that was good a moment ago.
    pub(super) fn ready(&self, patience: &Patience<'_>) -> Result<Held<'a>> {
        let mut state = self.lock()?;
        if state.line().is_led_by(self.me) {
            return Err(reentrant());
        }
        let result = loop {
            if self.link.is_closed() {
                break Err(closed().with_outcome(Outcome::NotApplied));
            }
            let Inner { line, value } = state.inner();
            if let State { wire: Some(wire), requests, .. } = value {
                // If the server closed the connection, or said something that nothing had asked for, this is the moment to
                // find out: the command is not at stake yet. Where somebody reads already, that one will.
                if !line.is_led()
                    && let Err(error) = wire.drain(requests)
                {
                    self.lose(&mut state, error);
                    continue;
                }
                break Ok(());
            }
            if self.link.is_pinned() {
                break Err(self.locate(Error::not_applied(ErrorKind::Disconnected, LEASE_LOST)));
            }
            if state.line().lead(self.me) {
                state = self.establish(state, patience)?;
            } else {
                state = self
                    .follow(state, None, true, patience)
                    .and_then(|state| self.check(state, patience))
                    .map_err(|error| error.with_outcome(Outcome::NotApplied))?;
            }
        };
        state.line().resign(self.me);
        result.map(|()| state)
    }

    /// Connects; needs the lead and frees it.
    fn establish(&self, state: Held<'a>, patience: &Patience<'_>) -> Result<Held<'a>> {
        drop(state);
        let options = self.link.options();
        let deadline = Deadline::after(Instant::now(), options.connect_timeout);
        // The interrupt hook runs in there; if it panics, others must be able to connect.
        let result = catch_unwind(AssertUnwindSafe(|| Wire::establish(options, &patience.until(deadline))));
        let mut state = self.lock().map_err(|error| error.with_outcome(Outcome::NotApplied))?;
        state.line().dissolve();
        let result = match result {
            Ok(result) => result,
            Err(panic) => {
                drop(state);
                resume_unwind(panic)
            }
        };
        let wire = result.map_err(|error| self.locate(error.with_outcome(Outcome::NotApplied)))?;
        if !self.link.is_closed() {
            state.wire = Some(wire);
            state.was_up = true;
        }
        Ok(state)
    }

    /// Waits until `id` is settled, reading for everybody while nobody else does.
    pub(super) fn drive(
        &self,
        mut state: Held<'a>,
        id: RequestId,
        patience: &Patience<'_>,
        sink: Sink<'_>,
    ) -> Result<()> {
        if state.line().is_led_by(self.me) {
            return Err(self.give_up(state, id, reentrant()));
        }
        let mut waiting =
            Waiting { visit: self, id, is_over: false, unwinds_already: std::thread::panicking() };
        loop {
            let request = state.requests.get_mut(id);
            let (kept, is_settled) = (request.take_kept(), request.is_settled());
            if kept.is_some()
                && let Some(wire) = &mut state.wire
            {
                wire.overdue.answered();
            }
            if is_settled {
                waiting.is_over = true;
                let request = state.requests.close(id);
                state.line().resign(self.me);
                drop(state);
                return self.conclude(request, kept, sink);
            }
            if let Some((nodes, bytes)) = kept {
                state.is_at_hand &= !state.line().is_led_by(self.me);
                drop(state);
                let go_on = self.deliver(sink, &nodes, &bytes);
                state = self.lock()?;
                if !go_on {
                    return Err(self.give_up(state, id, cancelled()));
                }
                continue;
            }
            let mut after_signal = false;
            if state.line().lead(self.me) {
                let (held, turn) = self.turn(state, id, patience, sink)?;
                state = held;
                match turn {
                    Turn::Stopped(progress) => {
                        waiting.is_over = true;
                        state.line().resign(self.me);
                        return Err(self.locate(cancelled().with_progress(progress)));
                    }
                    Turn::On { signal } => after_signal = signal,
                }
            } else {
                state = self.follow(state, Some(id), true, patience)?;
            }
            if state.requests.get(id).has_news() {
                continue;
            }
            let now = Instant::now();
            let verdict = if after_signal || patience.wants_to_ask(now) {
                // The hook may use this very client, so it runs without the lock and without the lead.
                state.line().resign(self.me);
                drop(state);
                let verdict = patience.check(now, after_signal);
                state = self.lock()?;
                verdict
            } else {
                patience.check(now, false)
            };
            if let Err(error) = verdict
                && !state.requests.get(id).is_settled()
            {
                waiting.is_over = true;
                return Err(self.give_up(state, id, error));
            }
        }
    }

    /// The end of a call whose request is settled: the last replies that others have kept for it, and the result.
    fn conclude(&self, request: Request, kept: Option<(Vec<Node>, Vec<u8>)>, sink: Sink<'_>) -> Result<()> {
        let replied = request.progress(0).replied;
        let goes_on = kept.is_none_or(|(nodes, bytes)| self.deliver(sink, &nodes, &bytes));
        request.into_result()?;
        if goes_on {
            return Ok(());
        }
        Err(cancelled().with_progress(Progress { replied, ..Progress::default() }))
    }

    /// Sleeps until there is news of `request`, the lead falls to this thread, or it is time to look at `patience`.
    pub(super) fn follow(
        &self,
        mut state: Held<'a>,
        request: Option<RequestId>,
        can_lead: bool,
        patience: &Patience<'_>,
    ) -> Result<Held<'a>> {
        let is_lively =
            state.is_lively && state.line().len() < LOITERERS && self.link.options().spin > Duration::ZERO;
        let now = Instant::now();
        state.wait(
            self.me,
            can_lead,
            patience.slice(now),
            |parker| {
                while is_lively && !parker.is_woken() && now.elapsed() < LOITER {
                    thread::yield_now();
                }
            },
            |state, number| {
                if let Some(id) = request {
                    state.requests.watch(id, number.0);
                }
            },
            |state| self.mend(state),
        )
    }

    /// Whether a wait may go on.
    pub(super) fn check(&self, mut state: Held<'a>, patience: &Patience<'_>) -> Result<Held<'a>> {
        let now = Instant::now();
        if !patience.wants_to_ask(now) {
            return match patience.check(now, false) {
                Ok(()) => Ok(state),
                Err(error) => {
                    state.line().resign(self.me);
                    Err(error)
                }
            };
        }
        state.line().resign(self.me);
        drop(state);
        patience.check(now, false)?;
        self.lock()
    }

    /// The connection is lost because of `error`: everything in flight is settled with it, and whoever waits for its socket
    /// wakes up.
    pub(super) fn lose(&self, state: &mut Held<'_>, error: Error) {
        let Some(wire) = state.wire.take() else { return };
        wire.shut_down();
        state.epoch += 1;
        let error = self.locate(wire.cause(error));
        wire.session.fail(&mut state.requests, &error);
        spread_news(state);
        state.line().depose();
    }

    /// Somebody panicked while changing the state: whatever the connection was in the middle of, it is over.
    fn mend(&self, state: &mut Held<'_>) {
        self.lose(state, Error::new(ErrorKind::Panic, "an earlier panic left the connection in doubt"));
        state.line().dissolve();
    }

    /// Ends a call whose request is not settled.
    fn give_up(&self, mut state: Held<'a>, id: RequestId, error: Error) -> Error {
        state.line().resign(self.me);
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
    pub(super) fn release(&self, state: &mut Held<'_>, id: RequestId) -> Progress {
        let State { wire, requests, .. } = &mut **state;
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
        progress
    }

    pub(super) fn locate(&self, error: Error) -> Error {
        error.with_address(&self.link.options().address())
    }

    pub(super) fn lock(&self) -> Result<Held<'a>> {
        self.relay.lock(|state| self.mend(state))
    }
}

/// A call inside [`Visit::drive`]. If a callback's panic takes it out of there, its request is given up like any other.
struct Waiting<'v, 'a> {
    visit: &'v Visit<'a>,
    id: RequestId,
    /// The request is not this call's any more.
    is_over: bool,
    /// The call itself was made by a destructor during a panic, which is none of its business.
    unwinds_already: bool,
}

impl Drop for Waiting<'_, '_> {
    fn drop(&mut self) {
        if !self.is_over
            && std::thread::panicking()
            && !self.unwinds_already
            && let Ok(mut state) = self.visit.lock()
        {
            self.visit.release(&mut state, self.id);
            state.line().resign(self.visit.me);
        }
    }
}

const LEASE_LOST: &str =
    "the leased connection is lost, and with it what was set on it: free it and lease another";

fn reentrant() -> Error {
    Error::not_applied(ErrorKind::Busy, "a call from inside a callback of the same client")
}

pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the reply callback asked to stop")
}

/// Wakes those whose requests have got something.
pub(super) fn spread_news(state: &mut Held<'_>) {
    let Inner { line, value } = state.inner();
    for number in value.requests.take_told() {
        line.call(super::line::Number(number));
    }
}
