//! What a pool's callers and its thread share.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Lost, NO_TOKEN, Pulled};
use crate::driver::engine::{Completion, Completions, Form, Route, closed};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use crate::transport::{Deadline, Patience, fork};

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

struct Exchange {
    intake: Intake,
    done: Completions,
    max_submissions: u64,
    max_bytes: u64,
    /// Handed in and neither completed nor cancelled.
    outstanding: u64,
    /// Those whose completion somebody will be given, and has not been given yet.
    awaited: u64,
    /// Those outstanding of which nobody will hear.
    quiet: u64,
    /// Bytes that the thread has taken over and that are not done with.
    in_engine: u64,
    next_seq: u64,
    /// What was submitted between two barriers, oldest first; never empty.
    epochs: VecDeque<Epoch>,
    /// Cancelled submissions that the thread has not heard of.
    cancelled: Vec<u64>,
    /// The thread sleeps, or is about to: it has to be woken.
    asleep: bool,
    phase: Phase,
    /// Callers asleep in `room` and `progress`.
    waiting_for_room: usize,
    waiting_for_progress: usize,
}

#[derive(Clone)]
enum Phase {
    Open,
    /// No more submissions; what is outstanding goes on.
    Closing,
    /// What is outstanding is to be ended.
    Ending,
    /// The thread has ended, or never began.
    Ended,
    /// The thread has failed.
    Broken(Error),
}

/// Submissions from `from` on, up to the next epoch's.
struct Epoch {
    from: u64,
    outstanding: u64,
    failed: u64,
    /// The failure of the first of them that failed.
    first: Option<(u64, Error)>,
    asker: Asker,
}

/// For whom an epoch counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// The next flush.
    Flush,
    /// A caller of `ask_all`, who takes it away.
    Waiting,
    /// Nobody: that caller has given up.
    Gone,
}

/// Submissions on their way to the thread: their bytes in one piece.
#[derive(Default)]
pub(super) struct Intake {
    pub(super) submissions: Vec<Submission>,
    pub(super) bytes: Vec<u8>,
    /// Number of bytes of all submissions.
    whole: usize,
}

/// One submission as it is handed in.
pub(super) struct Submission {
    pub(super) token: u64,
    /// Given by the desk.
    pub(super) seq: u64,
    pub(super) deadline: Deadline,
    /// Given by the desk.
    pub(super) bytes: usize,
    pub(super) commands: u32,
    pub(super) form: Form,
    pub(super) route: Route,
}

/// What the thread has to do besides turning the engine.
pub(super) struct Orders {
    /// End everything that is outstanding.
    pub(super) end: bool,
    /// Submissions that will not complete.
    pub(super) cancelled: Vec<u64>,
}

/// Default bound on submissions.
const QUEUE: u64 = 10_000;
/// An intake buffer above this size is given back.
const KEEP: usize = 1024 * 1024;

impl Desk {
    pub(super) fn new(limits: crate::options::QueueLimits, is_closed: bool) -> Self {
        Self {
            exchange: Mutex::new(Exchange {
                intake: Intake::default(),
                done: Completions::default(),
                max_submissions: limits.commands.unwrap_or(QUEUE).max(1),
                max_bytes: limits.bytes.max(1),
                outstanding: 0,
                awaited: 0,
                quiet: 0,
                in_engine: 0,
                next_seq: 0,
                epochs: VecDeque::from([Epoch::starting(0)]),
                cancelled: Vec::new(),
                asleep: false,
                phase: if is_closed { Phase::Ended } else { Phase::Open },
                waiting_for_room: 0,
                waiting_for_progress: 0,
            }),
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
            let (guard, verdict) = wait(&self.room, exchange, patience, || self.lock())?;
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
        exchange.hand_in(&mut submission, write);
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
        patience: &Patience<'_>,
        wake: impl FnOnce(),
    ) -> Result<()> {
        let mut exchange = self.lock();
        exchange.check_open()?;
        exchange.start_epoch();
        exchange.epochs.back_mut().expect("invariant: there is an epoch").asker = Asker::Waiting;
        let deadline = patience.deadline();
        for route in routes {
            let (token, form) = (NO_TOKEN, Form::Command);
            let mut submission = Submission { token, seq: 0, deadline, bytes: 0, commands: 1, form, route };
            exchange.hand_in(&mut submission, &|out| out.extend_from_slice(bytes));
            exchange.intake.submissions.push(submission);
        }
        let from = exchange.epochs.back().expect("invariant: there is an epoch").from;
        exchange.start_epoch();
        exchange.asleep = false;
        drop(exchange);
        wake();
        let is_complete = |exchange: &Exchange| {
            exchange.epochs.iter().all(|epoch| epoch.from != from || epoch.outstanding == 0)
        };
        let verdict = self.await_that(patience, is_complete).map(drop);
        if is_forked(&verdict) {
            return verdict;
        }
        let mut exchange = self.lock();
        let index = exchange.epochs.iter().position(|epoch| epoch.from == from);
        let index = index.expect("invariant: only its asker takes it away");
        if let Err(error) = verdict {
            exchange.epochs[index].asker = Asker::Gone;
            return Err(error);
        }
        let epoch = exchange.epochs.remove(index);
        exchange.check_whole()?;
        match epoch.and_then(|epoch| epoch.first) {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
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

    /// Waits until everything handed in so far has completed.
    pub(super) fn await_all(&self, patience: &Patience<'_>) -> Result<()> {
        let mut exchange = self.lock();
        exchange.start_epoch();
        let until = exchange.next_seq;
        drop(exchange);
        let exchange = self
            .await_that(patience, |exchange| {
                exchange.epochs.iter().all(|epoch| epoch.from >= until || epoch.outstanding == 0)
            })
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
        let (mut failed, mut first) = (0, None);
        for epoch in exchange.epochs.iter_mut().take_while(|epoch| epoch.outstanding == 0) {
            if epoch.asker == Asker::Flush {
                failed += std::mem::take(&mut epoch.failed);
                first = first.or(epoch.first.take().map(|(_, error)| error));
            }
        }
        exchange.merge_epochs();
        (failed, first)
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
        let Some(index) = intake.submissions.iter().position(|submission| submission.token == token) else {
            return false;
        };
        let from = intake.submissions[..index].iter().map(|submission| submission.bytes).sum::<usize>();
        let submission = intake.submissions.remove(index);
        intake.bytes.drain(from..from + submission.bytes);
        intake.whole -= submission.bytes;
        self.forget(exchange, submission.seq);
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
    pub(super) fn collect(&self, into: &mut Intake, in_engine: u64) -> Orders {
        debug_assert!(into.submissions.is_empty() && into.bytes.is_empty() && into.whole == 0);
        let mut exchange = self.lock();
        exchange.asleep = false;
        std::mem::swap(&mut exchange.intake, into);
        exchange.in_engine = in_engine + into.bytes.len() as u64;
        Orders {
            end: matches!(exchange.phase, Phase::Ending),
            cancelled: std::mem::take(&mut exchange.cancelled),
        }
    }

    /// For the thread: hands back what has completed: `all` is counted, and of it `visible` handed out. `bytes` are still on
    /// their way.
    pub(super) fn publish(&self, settled: &[Settled], visible: &mut Completions, in_engine: u64) {
        let mut exchange = self.lock();
        for Settled { seq, is_quiet, failure } in settled {
            exchange.settle(*seq, failure.as_ref());
            exchange.quiet -= u64::from(*is_quiet);
        }
        exchange.awaited -= visible.len() as u64;
        exchange.in_engine = in_engine;
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
                // Nothing that is outstanding will complete.
                exchange.outstanding = 0;
                exchange.awaited = 0;
                exchange.quiet = 0;
                for epoch in &mut exchange.epochs {
                    epoch.outstanding = 0;
                }
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

/// Whether the thread may sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sleep {
    Yes,
    No,
    /// There will be nothing to do any more.
    ForEver,
}

/// The end of one submission, for the books.
pub(super) struct Settled {
    pub(super) seq: u64,
    /// Nobody hears of it.
    pub(super) is_quiet: bool,
    pub(super) failure: Option<Error>,
}

impl Settled {
    pub(super) fn of(seq: u64, completion: &Completion<'_>) -> Self {
        let failure = completion.error.cloned().or_else(|| {
            completion.server_error().map(|text| {
                let text = String::from_utf8_lossy(&text[..text.len().min(512)]).into_owned();
                Error::new(ErrorKind::Reply, text).with_outcome(Outcome::Rejected)
            })
        });
        Self { seq, is_quiet: completion.token == NO_TOKEN, failure }
    }
}

impl Exchange {
    fn check_open(&self) -> Result<()> {
        match &self.phase {
            Phase::Open => Ok(()),
            Phase::Broken(error) => Err(error.clone().with_outcome(Outcome::NotApplied)),
            Phase::Closing | Phase::Ending | Phase::Ended => {
                Err(Error::not_applied(ErrorKind::Closed, "the pool is closed"))
            }
        }
    }

    /// Whether the thread is well.
    fn check_whole(&self) -> Result<()> {
        match &self.phase {
            Phase::Broken(error) => Err(error.clone().with_outcome(Outcome::Unknown)),
            _ => Ok(()),
        }
    }

    fn has_room(&self) -> bool {
        let bytes = self.intake.bytes.len() as u64 + self.in_engine + self.done.size() as u64;
        self.awaited + self.quiet + (self.done.len() as u64) < self.max_submissions && bytes < self.max_bytes
    }

    fn hand_in(&mut self, submission: &mut Submission, write: &dyn Fn(&mut Vec<u8>)) {
        // What a caller's argument left behind that panicked while it was encoded.
        self.intake.bytes.truncate(self.intake.whole);
        write(&mut self.intake.bytes);
        submission.bytes = self.intake.bytes.len() - self.intake.whole;
        self.intake.whole += submission.bytes;
        submission.seq = self.next_seq;
        self.next_seq += 1;
        self.outstanding += 1;
        *if submission.token == NO_TOKEN { &mut self.quiet } else { &mut self.awaited } += 1;
        self.epochs.back_mut().expect("invariant: there is an epoch").outstanding += 1;
    }

    fn start_epoch(&mut self) {
        self.merge_epochs();
        let last = self.epochs.back_mut().expect("invariant: there is an epoch");
        if last.from == self.next_seq {
            return;
        }
        self.epochs.push_back(Epoch::starting(self.next_seq));
    }

    /// Makes one of complete epochs, so that who waits often without ever asking for failures does not pile them up.
    fn merge_epochs(&mut self) {
        self.epochs.retain(|epoch| epoch.asker != Asker::Gone || epoch.outstanding > 0);
        let next = self.next_seq;
        while let (Some(first), Some(second)) = (self.epochs.front(), self.epochs.get(1))
            && (first.outstanding, first.asker) == (0, Asker::Flush)
            && (second.outstanding, second.asker) == (0, Asker::Flush)
        {
            let first = self.epochs.pop_front().expect("invariant: it was just there");
            let second = self.epochs.front_mut().expect("invariant: it was just there");
            second.from = first.from;
            second.failed += first.failed;
            second.first = first.first.or(second.first.take());
        }
        if self.epochs.is_empty() {
            self.epochs.push_back(Epoch::starting(next));
        }
    }

    fn settle(&mut self, seq: u64, failure: Option<&Error>) {
        self.outstanding -= 1;
        let epoch = self.epochs.iter_mut().rev().find(|epoch| epoch.from <= seq);
        let epoch = epoch.expect("invariant: the epoch of what is outstanding stays");
        epoch.outstanding -= 1;
        if let Some(error) = failure {
            epoch.failed += 1;
            if epoch.first.as_ref().is_none_or(|(first, _)| seq < *first) {
                epoch.first = Some((seq, error.clone()));
            }
        }
    }
}

impl Epoch {
    fn starting(from: u64) -> Self {
        Self { from, outstanding: 0, failed: 0, first: None, asker: Asker::Flush }
    }
}

impl Intake {
    pub(super) fn clear(&mut self) {
        self.submissions.clear();
        self.bytes.clear();
        self.whole = 0;
        if self.bytes.capacity() > KEEP {
            self.bytes = Vec::new();
        }
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
            return Err(Error::not_applied(
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

/// Sums up what a close ended.
impl Lost {
    pub(super) fn add(&mut self, error: &Error) {
        if error.kind() != closed().kind() {
            return;
        }
        match error.outcome() {
            Some(Outcome::NotApplied) => self.not_applied += 1,
            _ => self.unknown += 1,
        }
    }
}

#[cfg(all(test, not(shuttle)))]
#[path = "exchange_tests.rs"]
mod tests;

#[cfg(all(test, shuttle))]
#[path = "exchange_models.rs"]
mod models;
