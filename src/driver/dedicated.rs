//! Connections that one caller has to itself: for commands that would hold up or change a shared one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use crate::error::{Error, ErrorKind, Result};

/// Which of them are lent and which lie idle. Blocking clients, event-loop clients and pools lend by the same rules; what a
/// connection is (`T`), each knows for itself.
pub(super) struct Shelf<T> {
    idle: Vec<T>,
    lent: usize,
}

/// Lent at the same time. Beyond that something is wrong with the program.
const MAX_LENT: usize = 1024;
/// Kept for the next one who needs one.
const MAX_IDLE: usize = 8;

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { idle: Vec::new(), lent: 0 }
    }
}

impl<T: PartialEq> Shelf<T> {
    /// Lends the one that came back last, or one that `make` makes.
    ///
    /// # Errors
    /// `QueueFull` if too many are lent.
    pub(super) fn lend(&mut self, make: impl FnOnce() -> T) -> Result<T> {
        if self.lent >= MAX_LENT {
            return Err(too_many());
        }
        self.lent += 1;
        Ok(self.idle.pop().unwrap_or_else(make))
    }

    /// Takes one back. If `is_good`, which means connected, unchanged and at rest, it may be kept; gives it back if it is not.
    pub(super) fn take_back(&mut self, one: T, is_good: bool) -> Option<T> {
        self.lent -= 1;
        if !is_good || self.idle.len() >= MAX_IDLE {
            return Some(one);
        }
        self.idle.push(one);
        None
    }

    /// Whether it lies idle.
    pub(super) fn holds(&self, one: &T) -> bool {
        self.idle.contains(one)
    }

    /// Takes out an idle one that is of no use any more. Whether it was there.
    pub(super) fn discard(&mut self, one: &T) -> bool {
        let index = self.idle.iter().position(|idle| idle == one);
        index.map(|index| self.idle.swap_remove(index)).is_some()
    }

    pub(super) fn take_idle(&mut self) -> Vec<T> {
        std::mem::take(&mut self.idle)
    }
}

/// The leases of one owner that are driven by somebody else: how the end of the owner reaches them.
#[derive(Default)]
pub(crate) struct Leases {
    lent: Vec<Weak<Tie>>,
}

/// What ties a lease to its owner.
pub(crate) struct Tie {
    is_cut: AtomicBool,
    /// Calls whoever drives the lease.
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Leases {
    /// One more, to which `wake` calls the attention of its driver.
    ///
    /// # Errors
    /// `QueueFull` if there are too many.
    pub(crate) fn tie(&mut self, wake: impl Fn() + Send + Sync + 'static) -> Result<Arc<Tie>> {
        self.lent.retain(|tie| tie.strong_count() > 0);
        if self.lent.len() >= MAX_LENT {
            return Err(too_many());
        }
        let tie = Arc::new(Tie { is_cut: AtomicBool::new(false), wake: Box::new(wake) });
        self.lent.push(Arc::downgrade(&tie));
        Ok(tie)
    }

    /// The owner has closed.
    pub(crate) fn cut(&mut self) {
        for tie in self.lent.drain(..).filter_map(|tie| tie.upgrade()) {
            tie.is_cut.store(true, Ordering::Release);
            (tie.wake)();
        }
    }
}

impl Tie {
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Acquire)
    }
}

fn too_many() -> Error {
    Error::not_applied(
        ErrorKind::QueueFull,
        format!("{MAX_LENT} connections are lent to one caller each, and there can be no more at a time"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_good_is_lent_again_and_few_are_kept() {
        let mut shelf = Shelf::default();
        let mut made = 0;
        let mut make = || {
            made += 1;
            made
        };
        let lent: Vec<_> = (0..=MAX_IDLE).map(|_| shelf.lend(&mut make).unwrap()).collect();
        assert_eq!(shelf.take_back(lent[0], false), Some(1));
        assert!(lent[1..].iter().all(|&one| shelf.take_back(one, true).is_none()));
        assert_eq!(shelf.lend(|| 99).unwrap(), MAX_IDLE + 1);
        assert!(shelf.holds(&2) && shelf.discard(&2) && !shelf.discard(&2));
        assert_eq!(shelf.take_idle().len(), MAX_IDLE - 2);
    }

    #[test]
    fn there_is_an_end_to_lending() {
        let mut shelf = Shelf::default();
        assert!((0..MAX_LENT).all(|one| shelf.lend(|| one).is_ok()));
        assert_eq!(shelf.lend(|| 0).unwrap_err().kind(), ErrorKind::QueueFull);
        shelf.take_back(0, true);
        assert!(shelf.lend(|| 0).is_ok());
    }
}
