//! What was submitted between two barriers, counted together.

use std::collections::VecDeque;

use crate::error::Error;

/// All epochs, oldest first; never empty. The last one takes what is submitted now.
pub(super) struct Epochs(VecDeque<Epoch>);

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

impl Epochs {
    pub(super) fn new() -> Self {
        Self(VecDeque::from([Epoch::starting(0)]))
    }

    /// Starts an epoch with the submission `next`, unless the last one is empty.
    pub(super) fn start(&mut self, next: u64) {
        self.merge(next);
        if self.last().from != next {
            self.0.push_back(Epoch::starting(next));
        }
    }

    /// Starts one that is counted for its caller alone, which takes it away or gives it up. Its name.
    pub(super) fn start_own(&mut self, next: u64) -> u64 {
        self.start(next);
        let own = self.last();
        own.asker = Asker::Waiting;
        own.from
    }

    /// One more submission.
    pub(super) fn count(&mut self) {
        self.last().outstanding += 1;
    }

    /// The end of the submission `seq`.
    pub(super) fn settle(&mut self, seq: u64, failure: Option<&Error>) {
        let epoch = self.0.iter_mut().rev().find(|epoch| epoch.from <= seq);
        let epoch = epoch.expect("invariant: the epoch of what is outstanding stays");
        epoch.outstanding -= 1;
        if let Some(error) = failure {
            epoch.failed += 1;
            if epoch.first.as_ref().is_none_or(|(first, _)| seq < *first) {
                epoch.first = Some((seq, error.clone()));
            }
        }
    }

    /// Nothing that is outstanding will complete.
    pub(super) fn break_off(&mut self) {
        for epoch in &mut self.0 {
            epoch.outstanding = 0;
        }
    }

    /// Whether everything before the submission `until` has completed.
    pub(super) fn are_complete_until(&self, until: u64) -> bool {
        self.0.iter().all(|epoch| epoch.from >= until || epoch.outstanding == 0)
    }

    /// Whether the epoch of this name has completed.
    pub(super) fn is_complete(&self, from: u64) -> bool {
        self.0.iter().all(|epoch| epoch.from != from || epoch.outstanding == 0)
    }

    /// Takes one's own epoch away: the failure of the first of its submissions that failed.
    pub(super) fn take_own(&mut self, from: u64) -> Option<Error> {
        let index = self.position(from);
        let (_, error) = self.0.remove(index)?.first?;
        Some(error)
    }

    /// Nobody waits for one's own epoch any more.
    pub(super) fn give_up_own(&mut self, from: u64) {
        let index = self.position(from);
        self.0[index].asker = Asker::Gone;
    }

    /// How many submissions of complete epochs failed since this was last asked, and how the first of them did. `next` is the
    /// next submission.
    pub(super) fn take_failures(&mut self, next: u64) -> (u64, Option<Error>) {
        let (mut failed, mut first) = (0, None);
        for epoch in self.0.iter_mut().take_while(|epoch| epoch.outstanding == 0) {
            if epoch.asker == Asker::Flush {
                failed += std::mem::take(&mut epoch.failed);
                first = first.or(epoch.first.take().map(|(_, error)| error));
            }
        }
        self.merge(next);
        (failed, first)
    }

    /// Makes one of complete epochs, so that who waits often without ever asking for failures does not pile them up.
    fn merge(&mut self, next: u64) {
        self.0.retain(|epoch| epoch.asker != Asker::Gone || epoch.outstanding > 0);
        while let (Some(first), Some(second)) = (self.0.front(), self.0.get(1))
            && (first.outstanding, first.asker) == (0, Asker::Flush)
            && (second.outstanding, second.asker) == (0, Asker::Flush)
        {
            let first = self.0.pop_front().expect("invariant: it was just there");
            let second = self.0.front_mut().expect("invariant: it was just there");
            second.from = first.from;
            second.failed += first.failed;
            second.first = first.first.or(second.first.take());
        }
        if self.0.is_empty() {
            self.0.push_back(Epoch::starting(next));
        }
    }

    fn last(&mut self) -> &mut Epoch {
        self.0.back_mut().expect("invariant: there is an epoch")
    }

    fn position(&self, from: u64) -> usize {
        let index = self.0.iter().position(|epoch| epoch.from == from);
        index.expect("invariant: only its asker takes it away")
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Epoch {
    fn starting(from: u64) -> Self {
        Self { from, outstanding: 0, failed: 0, first: None, asker: Asker::Flush }
    }
}
