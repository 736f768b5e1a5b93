//! A point in time that a whole call has to meet.

use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};

/// Absolute and monotonic; there is none for a call without limit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// `None`, or a time too far away for the clock, is never.
    pub(crate) fn after(now: Instant, timeout: Option<Duration>) -> Self {
        Self(timeout.and_then(|timeout| now.checked_add(timeout)))
    }

    pub(crate) fn never() -> Self {
        Self(None)
    }

    /// This very moment.
    pub(crate) fn at(moment: Instant) -> Self {
        Self(Some(moment))
    }

    #[must_use]
    pub(crate) fn or_earlier(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(a), Some(b)) => Self(Some(a.min(b))),
            (a, b) => Self(a.or(b)),
        }
    }

    /// The same with so much more time.
    #[must_use]
    pub(crate) fn plus(self, time: Duration) -> Self {
        Self(self.0.and_then(|at| at.checked_add(time)))
    }

    pub(crate) fn has_passed(self, now: Instant) -> bool {
        self.0.is_some_and(|at| at <= now)
    }

    /// Time left; `None` without limit.
    pub(crate) fn remaining(self, now: Instant) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(now))
    }
}

/// What is told of a call that has not met it.
pub(crate) fn missed() -> Error {
    Error::new(ErrorKind::Timeout, "the deadline of the call passed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_of_two_deadlines_counts() {
        let now = Instant::now();
        let soon = Deadline::after(now, Some(Duration::from_secs(1)));
        let late = Deadline::after(now, Some(Duration::from_secs(9)));
        assert_eq!(soon.or_earlier(late).remaining(now), Some(Duration::from_secs(1)));
        let never = Deadline::after(now, None);
        assert_eq!(never.or_earlier(late).remaining(now), Some(Duration::from_secs(9)));
        assert_eq!(never.or_earlier(never).remaining(now), None);
        assert!(!soon.has_passed(now));
        assert!(soon.has_passed(now + Duration::from_secs(1)));
        assert!(!Deadline::after(now, Some(Duration::MAX)).has_passed(now));
    }
}
