//! Submissions that wait for an answer about their commands, or behind such.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::{Route, Submission};
use crate::command::Stranger;
use crate::deadline::Deadline;

/// A line of them, in the order in which they came.
///
/// It may become long. So what is done for each submission, or in each turn, does not look at all of it; that is only done for a
/// question, for its answer, and when the time of one is up.
#[derive(Default)]
pub(super) struct Parked {
    /// By their places.
    line: BTreeMap<u64, (Submission, Vec<u8>)>,
    next_place: u64,
    /// Their tokens, each with its place: several may have the same.
    tokens: BTreeSet<(u64, u64)>,
    /// How many are to go over the shared connection with that number.
    shared: Vec<usize>,
    bytes: usize,
    /// None has a deadline before this one.
    earliest: Deadline,
}

impl Parked {
    pub(super) fn len(&self) -> usize {
        self.line.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn earliest(&self) -> Deadline {
        self.earliest
    }

    pub(super) fn front(&self) -> Option<&Submission> {
        self.line.first_key_value().map(|(_, (submission, _))| submission)
    }

    /// Names that were not asked about yet, those of the first submission first.
    pub(super) fn strangers(&self) -> impl Iterator<Item = &Stranger> {
        self.line.values().flat_map(|(submission, _)| &submission.strangers)
    }

    /// Whether there is one before it that has to go over the same connection.
    pub(super) fn precedes(&self, route: Route) -> bool {
        // Only what names its connection has an order, among what goes over the same one.
        matches!(route, Route::Shared(index) if self.shared.get(index).is_some_and(|&count| count > 0))
    }

    pub(super) fn push(&mut self, submission: Submission, bytes: Vec<u8>) {
        if let Route::Shared(index) = submission.route {
            self.shared.resize(self.shared.len().max(index + 1), 0);
            self.shared[index] += 1;
        }
        self.bytes += bytes.len();
        self.earliest = self.earliest.or_earlier(submission.request.deadline);
        self.tokens.insert((submission.request.token, self.next_place));
        self.line.insert(self.next_place, (submission, bytes));
        self.next_place += 1;
    }

    pub(super) fn pop_front(&mut self) -> Option<(Submission, Vec<u8>)> {
        let (&place, _) = self.line.first_key_value()?;
        self.remove(place)
    }

    /// Takes out the first one with this token.
    pub(super) fn cancel(&mut self, token: u64) -> Option<Submission> {
        let &(_, place) = self.tokens.range((token, 0)..=(token, u64::MAX)).next()?;
        self.remove(place).map(|(submission, _)| submission)
    }

    /// Takes out those whose deadline has passed.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Submission> {
        if !self.earliest.has_passed(now) {
            return Vec::new();
        }
        let late = self.remove_if(|submission| submission.request.deadline.has_passed(now));
        let deadlines = self.line.values().map(|(submission, _)| submission.request.deadline);
        self.earliest = deadlines.fold(Deadline::never(), Deadline::or_earlier);
        late
    }

    pub(super) fn remove_if(&mut self, is_over: impl Fn(&Submission) -> bool) -> Vec<Submission> {
        let over = self.line.iter().filter(|(_, (submission, _))| is_over(submission));
        let places: Vec<_> = over.map(|(&place, _)| place).collect();
        places.into_iter().filter_map(|place| Some(self.remove(place)?.0)).collect()
    }

    /// Tells all of them which strangers block, as far as that is `known`.
    pub(super) fn learn(&mut self, known: impl Fn(&Stranger) -> Option<bool>) {
        for (submission, _) in self.line.values_mut() {
            let before = submission.route;
            submission.learn(&known);
            if before != submission.route {
                leave(&mut self.shared, before);
            }
        }
    }

    fn remove(&mut self, place: u64) -> Option<(Submission, Vec<u8>)> {
        let (submission, bytes) = self.line.remove(&place)?;
        self.tokens.remove(&(submission.request.token, place));
        leave(&mut self.shared, submission.route);
        self.bytes -= bytes.len();
        if self.line.is_empty() {
            self.earliest = Deadline::never();
        }
        Some((submission, bytes))
    }
}

fn leave(shared: &mut [usize], route: Route) {
    if let Route::Shared(index) = route {
        shared[index] -= 1;
    }
}
