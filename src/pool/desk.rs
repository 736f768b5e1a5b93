//! Where a pool's callers and its thread meet.

use std::time::{Duration, Instant};

use super::exchange::{Exchange, Intake, Phase, Settled};
use super::{NO_TOKEN, Pulled};
use crate::deadline::Deadline;
use crate::driver::nonblocking::{Completions, Route, Submission};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::options::QueueLimits;
use crate::proto::{Form, Request};
use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use crate::transport::{Patience, fork};

/// The place where submissions are handed in and results are handed out.
///
/// One lock guards all of it; it is held for moments only: to encode one submission, to swap a buffer, to count. The thread
/// takes everything that has been handed in at once and hands back everything that has completed at once, so the lock costs
/// little per command however fast the pool is. (docs/adr/0008 has the comparison with a lock-free queue.)
pub(super) struct Desk {
    exchange: Mutex<Exchange>,
    /// There may be room for a submission again.
    room: Condvar,
    /// Something completed, or the thread ended.
    progress: Condvar,
}

/// What the thread has to do besides turning its connections.
pub(super) struct Orders {
    /// End everything that is outstanding.
    pub(super) end: bool,
    /// Submissions that will not complete.
    pub(super) cancelled: Vec<u64>,
    /// Nobody has been told of events since somebody came for them.
    pub(super) tell_of_events: bool,
}

/// Whether the thread may sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sleep {
    Yes,
    No,
    /// There will be nothing to do any more.
    ForEver,
}

impl Desk {
    pub(super) fn new(limits: QueueLimits, is_closed: bool) -> Self {
        Self {
            exchange: Mutex::new(Exchange::new(limits, is_closed)),
            room: Condvar::new(),
            progress: Condvar::new(),
        }
    }

    /// Hands in a submission, encoded by `write`, and calls `wake` if the thread sleeps. Waits for room as long as `patience`
    /// lasts; without any patience, false if there is no room.
    pub(super) fn submit(
        &self,
        mut submission: Submission,
        write: &dyn Fn(&mut Vec<u8>),
        patience: Option<&Patience<'_>>,
        wake: impl FnOnce(),
    ) -> Result<bool> {
        let mut exchange = self.lock();
        loop {
            exchange.check_open()?;
            if exchange.has_room() {
                break;
            }
            let Some(patience) = patience else { return Ok(false) };
            exchange.waiting_for_room += 1;
            let (guard, verdict) = wait(&self.room, exchange, patience, || self.lock())
                .map_err(|error| error.with_outcome(Outcome::NotApplied))?;
            exchange = guard;
            exchange.waiting_for_room -= 1;
            verdict
                .map_err(|error| match error.kind() {
                    ErrorKind::Timeout => {
                        Error::new(ErrorKind::Timeout, "the pool's queue stayed full until the deadline")
                    }
                    _ => error,
                })
                .map_err(|error| error.with_outcome(Outcome::NotApplied))?;
        }
        exchange.hand_in(&mut submission.request, write);
        let must_wake = std::mem::take(&mut exchange.asleep);
        exchange.intake.submissions.push(submission);
        drop(exchange);
        if must_wake {
            wake();
        }
        Ok(true)
    }

    /// Hands in one submission for each route, whether there is room or not, and waits until all of them have completed.
    pub(super) fn ask_all(
        &self,
        routes: impl Iterator<Item = Route>,
        bytes: &[u8],
        deadline: Deadline,
        patience: &Patience<'_>,
        wake: impl FnOnce(),
    ) -> Result<()> {
        let mut exchange = self.lock();
        exchange.check_open()?;
        let next = exchange.next_seq;
        let own = exchange.epochs.start_own(next);
        for route in routes {
            let mut request = Request::new(NO_TOKEN, Form::Command, 1, deadline);
            request.keeps_reply = false;
            let mut submission = Submission::new(request, route);
            exchange.hand_in(&mut submission.request, &|out| out.extend_from_slice(bytes));
            exchange.intake.submissions.push(submission);
        }
        exchange.start_epoch();
        exchange.asleep = false;
        drop(exchange);
        wake();
        let verdict = self.await_that(patience, |exchange| exchange.epochs.is_complete(own)).map(drop);
        if is_forked(&verdict) {
            return verdict;
        }
        let mut exchange = self.lock();
        if let Err(error) = verdict {
            exchange.epochs.give_up_own(own);
            return Err(error);
        }
        let failure = exchange.epochs.take_own(own);
        exchange.check_whole()?;
        failure.map_or(Ok(()), Err)
    }

    /// Waits until there are results and takes all of them.
    pub(super) fn pull(&self, into: &mut Completions, patience: &Patience<'_>) -> Result<Pulled> {
        into.clear();
        let result = self.await_that(patience, |exchange| !exchange.done.is_empty() || exchange.awaited == 0);
        match result {
            Ok(exchange) if exchange.done.is_empty() => {
                exchange.check_whole()?;
                Ok(Pulled::Nothing)
            }
            Ok(exchange) => {
                self.hand_out(exchange, into);
                Ok(Pulled::Some)
            }
            Err(error) if error.kind() == ErrorKind::Timeout => Ok(Pulled::TimedOut),
            Err(error) => Err(error),
        }
    }

    /// Waits until there are events, which are the caller's then. False if time ran out first.
    pub(super) fn await_events(&self, patience: &Patience<'_>) -> Result<bool> {
        match self.await_that(patience, |exchange| exchange.has_events) {
            Ok(mut exchange) => {
                exchange.has_events = false;
                exchange.check_whole().map(|()| true)
            }
            Err(error) if error.kind() == ErrorKind::Timeout => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// For the thread: there are events.
    pub(super) fn tell_of_events(&self) {
        let mut exchange = self.lock();
        exchange.has_events = true;
        let wakes_progress = exchange.waiting_for_progress > 0;
        drop(exchange);
        if wakes_progress {
            self.progress.notify_all();
        }
    }

    /// Waits until everything handed in so far has completed.
    pub(super) fn await_all(&self, patience: &Patience<'_>) -> Result<()> {
        let mut exchange = self.lock();
        exchange.start_epoch();
        let until = exchange.next_seq;
        drop(exchange);
        let exchange = self
            .await_that(patience, |exchange| exchange.epochs.are_complete_until(until))
            .map_err(|error| match error.kind() {
                ErrorKind::Timeout => Error::new(
                    ErrorKind::Timeout,
                    "not everything that was submitted has completed within the time allowed",
                ),
                _ => error,
            })?;
        exchange.check_whole()
    }

    /// Takes all results there are.
    pub(super) fn take(&self, into: &mut Completions) {
        into.clear();
        self.hand_out(self.lock(), into);
    }

    /// How many submissions of complete epochs failed since this was last asked, and how the first of them did.
    pub(super) fn take_failures(&self) -> (u64, Option<Error>) {
        let mut exchange = self.lock();
        let next = exchange.next_seq;
        exchange.epochs.take_failures(next)
    }

    fn hand_out(&self, mut exchange: MutexGuard<'_, Exchange>, into: &mut Completions) {
        std::mem::swap(&mut exchange.done, into);
        let must_notify = exchange.waiting_for_room > 0;
        drop(exchange);
        if must_notify {
            self.room.notify_all();
        }
    }

    /// Removes a submission that the thread has not taken over. Whether it was there.
    pub(super) fn retract(&self, token: u64) -> bool {
        let mut exchange = self.lock();
        let intake = &mut exchange.intake;
        let Some(index) = intake.submissions.iter().position(|submission| submission.request.token == token)
        else {
            return false;
        };
        let from =
            intake.submissions[..index].iter().map(|submission| submission.request.bytes).sum::<usize>();
        let request = intake.submissions.remove(index).request;
        intake.bytes.drain(from..from + request.bytes);
        intake.whole -= request.bytes;
        self.forget(exchange, request.seq);
        true
    }

    /// A submission was taken away from its submitter and will not complete.
    pub(super) fn cancelled(&self, seq: u64) {
        self.forget(self.lock(), seq);
    }

    fn forget(&self, mut exchange: MutexGuard<'_, Exchange>, seq: u64) {
        if matches!(exchange.phase, Phase::Broken(_)) {
            // Nothing is outstanding any more.
            return;
        }
        exchange.awaited -= 1;
        exchange.settle(seq, None);
        exchange.cancelled.push(seq);
        drop(exchange);
        self.room.notify_all();
        self.progress.notify_all();
    }

    /// For the thread: takes over everything that was handed in.
    pub(super) fn collect(&self, into: &mut Intake, in_nodes: u64) -> Orders {
        debug_assert!(into.submissions.is_empty() && into.bytes.is_empty() && into.whole == 0);
        let mut exchange = self.lock();
        exchange.asleep = false;
        std::mem::swap(&mut exchange.intake, into);
        exchange.in_nodes = in_nodes + into.bytes.len() as u64;
        let orders = Orders {
            end: matches!(exchange.phase, Phase::Ending),
            cancelled: std::mem::take(&mut exchange.cancelled),
            tell_of_events: !exchange.has_events,
        };
        // What was taken away from its submitter made room for bytes only now.
        let wakes_room = exchange.waiting_for_room > 0 && exchange.has_room();
        drop(exchange);
        if wakes_room {
            self.room.notify_all();
        }
        orders
    }

    /// For the thread: hands back what has completed: `all` is counted, and of it `visible` handed out. `bytes` are still on
    /// their way.
    pub(super) fn publish(&self, settled: &[Settled], visible: &mut Completions, in_nodes: u64) {
        let mut exchange = self.lock();
        for Settled { seq, is_quiet, failure } in settled {
            exchange.settle(*seq, failure.as_ref());
            exchange.quiet -= u64::from(*is_quiet);
        }
        exchange.awaited -= visible.len() as u64;
        exchange.in_nodes = in_nodes;
        exchange.done.append(visible);
        let (wakes_room, wakes_progress) =
            (exchange.waiting_for_room > 0 && exchange.has_room(), exchange.waiting_for_progress > 0);
        drop(exchange);
        if wakes_room {
            self.room.notify_all();
        }
        if wakes_progress {
            self.progress.notify_all();
        }
    }

    /// For the thread: whether it may sleep now. After that every submission wakes it.
    pub(super) fn may_sleep(&self) -> Sleep {
        let mut exchange = self.lock();
        match exchange.phase {
            Phase::Ending => return Sleep::No,
            Phase::Closing if exchange.outstanding == 0 => return Sleep::ForEver,
            Phase::Ended => return Sleep::ForEver,
            _ => {}
        }
        if !exchange.intake.submissions.is_empty() || !exchange.cancelled.is_empty() {
            return Sleep::No;
        }
        exchange.asleep = true;
        Sleep::Yes
    }

    /// For the thread: it ends, because of `failure` if it has one.
    pub(super) fn end(&self, failure: Option<Error>) {
        let mut exchange = self.lock();
        exchange.phase = match failure {
            None => Phase::Ended,
            Some(error) => {
                exchange.break_off();
                Phase::Broken(error)
            }
        };
        drop(exchange);
        self.room.notify_all();
        self.progress.notify_all();
    }

    /// Whether submissions are taken.
    pub(super) fn check_open(&self) -> Result<()> {
        self.lock().check_open()
    }

    /// Refuses submissions from now on. `is_running`: there is a thread, to which [`finish`](Self::finish) has to be said.
    pub(super) fn refuse(&self, is_running: bool) {
        let mut exchange = self.lock();
        if matches!(exchange.phase, Phase::Open) {
            exchange.phase = if is_running { Phase::Closing } else { Phase::Ended };
        }
        drop(exchange);
        self.room.notify_all();
        self.progress.notify_all();
    }

    /// Waits for what is outstanding as long as `patience` lasts; then has it ended.
    pub(super) fn finish(&self, patience: &Patience<'_>, wake: impl Fn()) -> Result<()> {
        wake();
        let verdict = self.await_that(patience, |exchange| exchange.outstanding == 0).map(drop);
        if is_forked(&verdict) {
            return verdict;
        }
        let mut exchange = self.lock();
        if matches!(exchange.phase, Phase::Closing) {
            exchange.phase = Phase::Ending;
        }
        drop(exchange);
        wake();
        match verdict {
            Err(error) if error.kind() == ErrorKind::Timeout => Ok(()),
            other => other,
        }
    }

    fn await_that(
        &self,
        patience: &Patience<'_>,
        condition: impl Fn(&Exchange) -> bool,
    ) -> Result<MutexGuard<'_, Exchange>> {
        let mut exchange = self.lock();
        loop {
            if condition(&exchange) || matches!(exchange.phase, Phase::Broken(_) | Phase::Ended) {
                return Ok(exchange);
            }
            exchange.waiting_for_progress += 1;
            let (guard, verdict) = wait(&self.progress, exchange, patience, || self.lock())?;
            exchange = guard;
            exchange.waiting_for_progress -= 1;
            // What came at the last moment counts.
            if !condition(&exchange) {
                verdict?;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Exchange> {
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sleeps until something changes, or as long as `patience` allows. The hook is asked without the lock.
///
/// An error if the hook has forked and this is the child: the desk is the parent's then, its lock included.
fn wait<'a>(
    condition: &Condvar,
    exchange: MutexGuard<'a, Exchange>,
    patience: &Patience<'_>,
    lock: impl FnOnce() -> MutexGuard<'a, Exchange>,
) -> Result<(MutexGuard<'a, Exchange>, Result<()>)> {
    let now = Instant::now();
    let slice = patience.slice(now).unwrap_or(Duration::MAX);
    if slice.is_zero() {
        return Ok((exchange, patience.check(now, false)));
    }
    let (exchange, _) = condition.wait_timeout(exchange, slice).unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    if patience.wants_to_ask(now) {
        drop(exchange);
        let generation = fork::generation();
        let verdict = patience.check(now, false);
        if generation != fork::generation() {
            return Err(Error::new(
                ErrorKind::Forked,
                "the process was forked during the wait; what was submitted before belongs to the parent",
            ));
        }
        return Ok((lock(), verdict));
    }
    let verdict = patience.check(now, false);
    Ok((exchange, verdict))
}

/// Whether this is a child that must not touch what belongs to its parent.
fn is_forked<T>(verdict: &Result<T>) -> bool {
    matches!(verdict, Err(error) if error.kind() == ErrorKind::Forked)
}

#[cfg(all(test, not(shuttle)))]
#[path = "desk_tests.rs"]
mod tests;

#[cfg(all(test, shuttle))]
#[path = "desk_models.rs"]
mod models;
