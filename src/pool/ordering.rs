//! Results in the order of submission.

use std::collections::BTreeMap;

use crate::driver::nonblocking::{Batch, Completions};

/// Holds results back until those before them are there.
#[derive(Default)]
pub(super) struct Ordering {
    /// Sequence number of the submission whose result comes next.
    next: u64,
    /// Results that came too early, each in a batch of its own; without one where there is nothing to show.
    early: BTreeMap<u64, Option<Batch>>,
    /// What these take in bytes.
    size: usize,
}

impl Ordering {
    /// A submission that will not complete, or whose completion nobody sees.
    pub(super) fn skip(&mut self, seq: u64) {
        self.early.insert(seq, None);
    }

    /// About how many bytes are held back.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The result of a submission.
    pub(super) fn add(&mut self, seq: u64, result: Batch) {
        self.size += result.size();
        self.early.insert(seq, Some(result));
    }

    /// Hands out everything that is due.
    pub(super) fn release(&mut self, out: &mut Completions) {
        while let Some(entry) = self.early.first_entry()
            && *entry.key() == self.next
        {
            if let Some(result) = entry.remove() {
                self.size -= result.size();
                out.push(result);
            }
            self.next += 1;
        }
    }

    /// Hands out everything, due or not, because nothing more will come.
    pub(super) fn release_all(&mut self, out: &mut Completions) {
        self.size = 0;
        std::mem::take(&mut self.early).into_values().flatten().for_each(|result| out.push(result));
    }
}
