//! How long to wait before the next try.

use std::time::Duration;

/// Exponential with full jitter, the first try at once: waits a random part of 10 ms, 20 ms, 40 ms ... 2 s.
///
/// Full jitter, because many clients lose the same server at the same moment and must not all come back together.
#[derive(Default)]
pub(super) struct Backoff {
    tries: u32,
}

const BASE: Duration = Duration::from_millis(10);
const CAP: Duration = Duration::from_secs(2);

impl Backoff {
    /// After so many tries.
    pub(super) fn after(tries: u32) -> Self {
        Self { tries }
    }

    /// The next delay; `random` is uniform in 0..1.
    pub(super) fn next(&mut self, random: f64) -> Duration {
        let delay = self.delay(random);
        self.tries = self.tries.saturating_add(1);
        delay
    }

    /// The next delay, leaving out the first one, which is none.
    pub(super) fn next_after_first(&mut self, random: f64) -> Duration {
        self.tries = self.tries.max(1);
        self.next(random)
    }

    /// The delay before the next try, which does not count yet.
    pub(super) fn delay(&self, random: f64) -> Duration {
        let Some(doublings) = self.tries.checked_sub(1) else { return Duration::ZERO };
        // 2^20 times the base is far beyond the cap.
        let ceiling = CAP.min(BASE * (1 << doublings.min(20)));
        ceiling.mul_f64(random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_cap_and_the_first_is_none() {
        let mut backoff = Backoff::default();
        let delays: Vec<_> = (0..12).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(delays, [0, 10, 20, 40, 80, 160, 320, 640, 1280, 2000, 2000, 2000]);
        assert_eq!(backoff.next(0.5).as_millis(), 1000);
        assert_eq!(Backoff::after(3).delay(1.0).as_millis(), 40);
        for _ in 0..100 {
            assert!(backoff.next(0.99) <= CAP);
        }
    }
}
