//! How long one call waits, and what may end its waiting earlier.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Deadline;
use crate::deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::options::Interrupt;

/// The limits of one call's waiting: its deadline, the interrupt hook, and whether the client was closed.
///
/// A sleep lasts at most [`slice`](Self::slice), after which [`check`](Self::check) decides whether to go on.
pub(crate) struct Patience<'a> {
    deadline: Deadline,
    interrupt: Option<&'a Interrupt>,
    closed: &'a AtomicBool,
    ask_at: Cell<Instant>,
}

/// A signal that arrives just before a sleep begins does not end it; so sleeps are cut into pieces of this length, and Ctrl-C
/// takes no longer than this to be noticed.
const SLICE: Duration = Duration::from_millis(100);

impl<'a> Patience<'a> {
    pub(crate) fn new(
        deadline: Deadline,
        interrupt: Option<&'a Interrupt>,
        closed: &'a AtomicBool,
        now: Instant,
    ) -> Self {
        Self { deadline, interrupt, closed, ask_at: Cell::new(now + SLICE) }
    }

    /// The same with an earlier deadline.
    pub(crate) fn until(&self, deadline: Deadline) -> Self {
        Self { deadline: self.deadline.or_earlier(deadline), ask_at: self.ask_at.clone(), ..*self }
    }

    /// How long to sleep at most before the next check; `None` for as long as it takes.
    pub(crate) fn slice(&self, now: Instant) -> Option<Duration> {
        let remaining = self.deadline.remaining(now);
        if self.interrupt.is_none() {
            return remaining;
        }
        Some(remaining.map_or(SLICE, |remaining| remaining.min(SLICE)))
    }

    /// How long to sleep at most where nothing but time can end the sleep, closing the client included.
    pub(crate) fn look(&self, now: Instant) -> Duration {
        self.deadline.remaining(now).map_or(SLICE, |remaining| remaining.min(SLICE))
    }

    /// Whether the waiting may go on. The interrupt hook is asked after a signal and every so often, never with a lock held
    /// by the caller.
    pub(crate) fn check(&self, now: Instant, after_signal: bool) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(closed("client"));
        }
        if self.deadline.has_passed(now) {
            return Err(deadline::missed());
        }
        if let Some(interrupt) = self.interrupt
            && (after_signal || self.ask_at.get() <= now)
        {
            self.ask_at.set(now + SLICE);
            if interrupt.stops() {
                return Err(Error::new(ErrorKind::Interrupted, "the wait was interrupted"));
            }
        }
        Ok(())
    }

    /// Whether [`check`](Self::check) would ask the hook; it must then be called without locks.
    pub(crate) fn wants_to_ask(&self, now: Instant) -> bool {
        self.interrupt.is_some() && self.ask_at.get() <= now
    }
}

/// The error of every call on a client, a pool or a connection that was closed.
pub(crate) fn closed(what: &str) -> Error {
    Error::new(ErrorKind::Closed, format!("the {what} is closed"))
}
