//! Noticing that a connection has stopped answering.

use std::time::{Duration, Instant};

/// Counts the calls in a row that ended at their deadline without any reply in between.
///
/// One call that takes too long says nothing about the connection: its reply comes late and is swallowed. But if a reply gets
/// lost on the way, every later one is taken for the one before, and each call would end at its deadline for ever. So a
/// connection on which [`CALLS`] calls in a row got nothing, over at least [`SPAN`], is given up.
#[derive(Default)]
pub(super) struct Stall {
    calls: u32,
    since: Option<Instant>,
}

const CALLS: u32 = 3;
const SPAN: Duration = Duration::from_secs(1);

impl Stall {
    /// A call got a reply.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// A call ended at its deadline; whether that is enough.
    pub(super) fn missed(&mut self, now: Instant) -> bool {
        self.calls += 1;
        let since = *self.since.get_or_insert(now);
        self.calls >= CALLS && now.duration_since(since) >= SPAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_calls_over_a_second_are_enough_and_a_reply_starts_anew() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut stall = Stall::default();
        assert!(!stall.missed(at(0)));
        assert!(!stall.missed(at(2000)));
        stall.answered();
        for millis in [3000, 3100, 3200, 3900] {
            assert!(!stall.missed(at(millis)), "{millis}");
        }
        assert!(stall.missed(at(4000)));
    }
}
