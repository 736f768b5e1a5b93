//! One caller at work on a link.

mod leader;
mod listening;

use std::time::{Duration, Instant};

use self::leader::Turn;
use super::calls::{Call, CallId};
use super::followers::Number;
use super::relay::{Guard, Inner, Relay};
use super::sink::{Sink, Streamed};
use super::state::State;
use super::terms::Terms;
use super::thread_mark::ThreadMark;
use crate::error::{Error, ErrorKind, Outcome, Progress, Result};
use crate::proto::{Form, Request};
use crate::resp::Node;
use crate::transport::{Patience, closed};

pub(super) type Held<'a> = Guard<'a, State>;

/// A caller at work: the link, the state that belonged to this process when the work began, and the thread.
///
/// Whoever forks in the middle of it comes back to the parent's state, which answers no more; see [`Relay::lock`].
pub(super) struct Caller<'a> {
    terms: &'a Terms,
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

impl<'a> Caller<'a> {
    pub(super) fn new(terms: &'a Terms, relay: &'a Relay<State>) -> Self {
        Self { terms, relay, me: ThreadMark::current() }
    }

    /// Queues a request and drives it to its end.
    pub(super) fn call(
        &self,
        mut request: Request,
        write: &dyn Fn(&mut Vec<u8>),
        patience: &Patience<'_>,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let commands = request.own_commands();
        let not_applied = Progress { not_applied: commands, ..Progress::default() };
        let mut state = self.lock().map_err(|error| error.with_progress(not_applied))?;
        if state.followers().is_led_by(self.me) {
            return Err(reentrant().with_progress(not_applied));
        }
        self.freshen(&mut state);
        let id = state.calls.open(request.form == Form::Transaction, sink.can_begin_again());
        request.token = id;
        if let Err(error) = state.connection.push(request, write) {
            state.calls.close(id);
            return Err(error.with_progress(not_applied));
        }
        state.calls.get_mut(id).add_request();
        // Who leads writes what has gathered when it has handed out what came, which is soon if the server is near.
        if state.followers().is_led() && !state.is_at_hand {
            state.flush();
        }
        self.drive(state, id, patience, sink)
            .map_err(|error| error.or_progress(Progress { unknown: commands, ..Progress::default() }))
    }

    /// If the server closed the connection, or said something that nothing had asked for, this is the moment to find out: the
    /// command is not at stake yet. Where somebody reads already, that one will.
    pub(super) fn freshen(&self, state: &mut Held<'_>) {
        if !state.followers().is_led()
            && state.reader.is_some()
            && let Err(error) = state.drain()
        {
            self.lose(state, error);
        }
    }

    /// The state with a connection that was good a moment ago. Fails as soon as connecting has failed once.
    pub(super) fn ready(&self, patience: &Patience<'_>) -> Result<Held<'a>> {
        let mut state = self.lock()?;
        if state.followers().is_led_by(self.me) {
            return Err(reentrant());
        }
        self.freshen(&mut state);
        let (failures, _) = state.connection.failure();
        let _connecting = Connecting(self);
        loop {
            if state.connection.is_up() {
                state.followers().resign(self.me);
                return Ok(state);
            }
            let verdict = match state.connection.failure() {
                (count, Some(error)) if count > failures => Err(error.clone()),
                _ => state.connection.demand(),
            };
            if let Err(error) = verdict {
                return Err(self.leave(state, error));
            }
            let after_signal;
            (state, after_signal) = self.step(state, None, patience, &mut Streamed(&mut |_, _| true))?;
            let verdict;
            (state, verdict) = self.look_up(state, patience, after_signal)?;
            if let Err(error) = verdict
                && !state.connection.is_up()
            {
                return Err(self.leave(state, error.with_outcome(Outcome::NotApplied)));
            }
        }
    }

    /// Waits until a call is settled, connecting, writing and reading for everybody while nobody else does.
    pub(super) fn drive(
        &self,
        mut state: Held<'a>,
        id: CallId,
        patience: &Patience<'_>,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        if state.followers().is_led_by(self.me) {
            return Err(self.give_up(state, id, reentrant()));
        }
        let mut waiting =
            Waiting { caller: self, id, is_over: false, unwinds_already: std::thread::panicking() };
        let mut steps = 0_u32;
        loop {
            let call = state.calls.get_mut(id);
            if call.is_stopped() {
                waiting.is_over = true;
                return Err(self.give_up(state, id, cancelled()));
            }
            if call.take_void() {
                sink.begin_again();
            }
            let (kept, is_settled) = (call.take_kept(), call.is_settled());
            if is_settled {
                waiting.is_over = true;
                let call = state.calls.close(id);
                self.step_down(&mut state);
                drop(state);
                return self.conclude(call, kept, sink);
            }
            if let Some((nodes, bytes)) = kept {
                if !sink.can_begin_again() {
                    state.connection.mark_delivered(id);
                }
                state.is_at_hand &= !state.followers().is_led_by(self.me);
                drop(state);
                let go_on = sink.part(&nodes, &bytes);
                state = self.lock()?;
                if !go_on {
                    waiting.is_over = true;
                    return Err(self.give_up(state, id, cancelled()));
                }
            }
            let after_signal;
            (state, after_signal) = self.step(state, Some(id), patience, sink)?;
            steps += 1;
            // The first time it is mostly over, and a clock costs something. After that, none of this goes on without one.
            if steps == 1 && state.calls.get(id).is_settled() {
                continue;
            }
            let verdict;
            (state, verdict) = self.look_up(state, patience, after_signal)?;
            if let Err(error) = verdict
                && !state.calls.get(id).is_settled()
            {
                waiting.is_over = true;
                return Err(self.give_up(state, id, error));
            }
        }
    }

    /// Does what is to be done next for everybody, or sleeps until there is news. Whether a signal handler ran.
    fn step(
        &self,
        mut state: Held<'a>,
        id: Option<CallId>,
        patience: &Patience<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(Held<'a>, bool)> {
        if state.followers().lead(self.me) {
            let (state, Turn { signal }) = self.turn(state, id, patience, sink)?;
            return Ok((state, signal));
        }
        Ok((self.follow(state, id, true, patience)?, false))
    }

    /// Looks at the clock, and asks whether the wait may go on.
    fn look_up(
        &self,
        mut state: Held<'a>,
        patience: &Patience<'_>,
        after_signal: bool,
    ) -> Result<(Held<'a>, Result<()>)> {
        let now = Instant::now();
        if state.connection.next_timeout().has_passed(now) {
            let (connection, mut owner) = state.parts(None);
            let timeout = connection.on_timeout(&mut owner);
            spread_news(&mut state);
            if let Err(error) = timeout {
                self.lose(&mut state, error);
            }
        }
        if !after_signal && !patience.wants_to_ask(now) {
            return Ok((state, patience.check(now, false)));
        }
        // The hook may use this very client, so it runs without the lock and without the lead.
        state.followers().resign(self.me);
        drop(state);
        let verdict = patience.check(now, after_signal);
        Ok((self.lock()?, verdict))
    }

    /// The end of a call that is settled: the last replies that others have kept for it, and the result.
    fn conclude(&self, call: Call, kept: Option<(Vec<Node>, Vec<u8>)>, sink: &mut dyn Sink) -> Result<()> {
        let replied = call.progress().replied;
        let goes_on = kept.is_none_or(|(nodes, bytes)| sink.part(&nodes, &bytes));
        call.into_result()?;
        if goes_on {
            return Ok(());
        }
        Err(cancelled().with_progress(Progress { replied, ..Progress::default() }))
    }

    /// Sleeps until there is news of a call, the lead falls to this thread, or it is time to look at `patience`.
    pub(super) fn follow(
        &self,
        mut state: Held<'a>,
        id: Option<CallId>,
        can_lead: bool,
        patience: &Patience<'_>,
    ) -> Result<Held<'a>> {
        let is_lively = state.is_lively
            && state.followers().len() < LOITERERS
            && self.terms.options.spin > Duration::ZERO;
        let now = Instant::now();
        state.wait(
            self.me,
            can_lead,
            patience.slice(now),
            |parker| {
                let crowd = &self.terms.crowd;
                while is_lively && !parker.is_woken() && now.elapsed() < LOITER && !crowd.is_dense() {
                    crowd.give_way();
                }
            },
            |state, number| {
                if let Some(id) = id {
                    state.calls.watch(id, number.0);
                }
            },
            |state| self.mend(state),
        )
    }

    /// The connection is lost because of `error`: what cannot go on is settled with it, and whoever waits for its socket wakes
    /// up.
    pub(super) fn lose(&self, state: &mut Held<'_>, error: Error) {
        state.lose(error);
        spread_news(state);
        state.followers().depose();
    }

    pub(super) fn close(&self, mut state: Held<'_>) {
        state.close(closed("client"));
        spread_news(&mut state);
        state.followers().depose();
        state.followers().call_all();
    }

    /// Somebody panicked while changing the state: whatever the connection was in the middle of, it is over.
    fn mend(&self, state: &mut Held<'_>) {
        state.close(Error::new(ErrorKind::Panic, "an earlier panic left the connection in doubt"));
        spread_news(state);
        state.renew(self.terms);
        state.followers().dissolve();
    }

    /// Ends a call that is not settled.
    fn give_up(&self, mut state: Held<'a>, id: CallId, error: Error) -> Error {
        let is_late = error.kind() == ErrorKind::Timeout;
        let progress = self.release(&mut state, id, is_late);
        self.leave(state, error.with_progress(progress))
    }

    /// Ends this caller's part in the state without a result.
    fn leave(&self, mut state: Held<'a>, error: Error) -> Error {
        self.step_down(&mut state);
        error.with_address(&self.terms.options.address())
    }

    /// Leaves the lead to another. Where there is none, nobody would go on connecting.
    fn step_down(&self, state: &mut Held<'a>) {
        state.followers().resign(self.me);
        if !state.connection.is_up() && !state.followers().is_led() {
            state.abort_idle_attempt();
        }
    }

    /// Takes the caller away from a call and tells the fate of its commands.
    pub(super) fn release(&self, state: &mut Held<'_>, id: CallId, is_late: bool) -> Progress {
        let (connection, mut owner) = state.parts(None);
        let gave_up = connection.give_up(id, is_late, &mut owner);
        let ended = state.calls.close(id).progress();
        let Some(gave_up) = gave_up else { return ended };
        if let Some(error) = gave_up.ends {
            self.lose(state, error);
        }
        gave_up.progress + ended
    }

    #[inline]
    pub(super) fn lock(&self) -> Result<Held<'a>> {
        self.relay.lock(|state| self.mend(state))
    }
}

/// A call inside [`Caller::drive`]. If a callback's panic takes it out of there, its request is given up like any other.
struct Waiting<'v, 'a> {
    caller: &'v Caller<'a>,
    id: CallId,
    /// The call is not this caller's any more.
    is_over: bool,
    /// The call itself was made by a destructor during a panic, which is none of its business.
    unwinds_already: bool,
}

impl Drop for Waiting<'_, '_> {
    fn drop(&mut self) {
        if !self.is_over
            && std::thread::panicking()
            && !self.unwinds_already
            && let Ok(mut state) = self.caller.lock()
        {
            self.caller.release(&mut state, self.id, false);
            self.caller.step_down(&mut state);
        }
    }
}

/// A caller inside [`Caller::ready`]. If the interrupt hook's panic takes it out of there, others can connect.
struct Connecting<'v, 'a>(&'v Caller<'a>);

impl Drop for Connecting<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Ok(mut state) = self.0.lock()
        {
            self.0.step_down(&mut state);
        }
    }
}

fn reentrant() -> Error {
    Error::not_applied(ErrorKind::Busy, "a call from inside a callback of the same client")
}

pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the reply callback asked to stop")
}

/// Wakes those whose calls have got something.
pub(super) fn spread_news(state: &mut Held<'_>) {
    let Inner { followers, value } = state.inner();
    for number in value.calls.take_told() {
        followers.call(Number(number));
    }
    if !value.listeners.is_empty() {
        listening::spread_events(state);
    }
}
