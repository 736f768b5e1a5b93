//! Results in the order of submission.

use std::collections::BTreeMap;

use crate::driver::nonblocking::Completions;

/// Holds results back until those before them are there.
#[derive(Default)]
pub(super) struct Ordering {
    /// Sequence number of the submission whose result comes next.
    next: u64,
    /// Results that came too early, each in a batch of its own; without one where there is nothing to show.
    early: BTreeMap<u64, Option<Completions>>,
    /// What these take in bytes.
    size: usize,
    scratch: Completions,
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

    /// Replaces what has completed by what is due.
    pub(super) fn sort(&mut self, batch: &mut Completions, is_visible: impl Fn(u64) -> bool) {
        for (seq, completion) in batch.with_seqs() {
            if !is_visible(completion.token) {
                self.early.insert(seq, None);
            } else {
                let mut own = Completions::default();
                own.push_copy(seq, &completion);
                self.size += own.size();
                self.early.insert(seq, Some(own));
            }
        }
        batch.clear();
        self.release(batch);
    }

    /// Hands out everything that is due.
    pub(super) fn release(&mut self, out: &mut Completions) {
        while let Some(entry) = self.early.first_entry()
            && *entry.key() == self.next
        {
            if let Some(mut own) = entry.remove() {
                self.size -= own.size();
                self.scratch.append(&mut own);
            }
            self.next += 1;
        }
        out.append(&mut self.scratch);
    }

    /// Hands out everything, due or not, because nothing more will come.
    pub(super) fn release_all(&mut self, out: &mut Completions) {
        self.size = 0;
        for (_, own) in std::mem::take(&mut self.early) {
            if let Some(mut own) = own {
                out.append(&mut own);
            }
        }
    }
}
