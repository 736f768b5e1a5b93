//! Connections of one client that are lent to one caller at a time.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use super::link::Link;
use crate::driver::dedicated::Shelf;
use crate::error::{Outcome, Result};
use crate::options::Options;
use crate::sync::{Mutex, MutexGuard, lock};
use crate::transport::closed;
use crate::transport::fork::{self, PerProcess};

/// Lends connections, for commands that would hold up or change a shared one, and keeps some that came back.
pub(crate) struct Lender {
    options: Arc<Options>,
    /// There was a connection to the server before, this or another.
    was_up: Arc<AtomicBool>,
    closed: AtomicBool,
    stock: PerProcess<Mutex<Stock>>,
}

#[derive(Default)]
struct Stock {
    shelf: Shelf<Idle>,
    /// So that closing the client reaches them.
    lent: Vec<Weak<Link>>,
}

/// One on the shelf.
struct Idle(Arc<Link>);

impl PartialEq for Idle {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A connection of one's own until dropped.
pub(crate) struct Lent {
    lender: Arc<Lender>,
    link: Arc<Link>,
    is_changed: AtomicBool,
    /// The process that it was lent in.
    generation: u64,
}

impl Lender {
    pub(crate) fn new(options: Arc<Options>, was_up: Arc<AtomicBool>) -> Self {
        Self { options, was_up, closed: AtomicBool::new(false), stock: PerProcess::new(Mutex::default()) }
    }

    /// A connection for one command at a time. If it is lost, it is made again like any other.
    pub(crate) fn lend(self: &Arc<Self>) -> Result<Lent> {
        self.lend_or(|| Arc::clone(&self.options))
    }

    /// One from the shelf, or one with these options.
    fn lend_or(self: &Arc<Self>, options: impl FnOnce() -> Arc<Options>) -> Result<Lent> {
        let mut stock = self.stock();
        // Looked at with the lock held, so that `close` finds either this or what is lent.
        if self.closed.load(Ordering::Acquire) {
            return Err(closed("client").with_outcome(Outcome::NotApplied));
        }
        let Idle(link) =
            stock.shelf.lend(|| Idle(Arc::new(Link::new(options(), Arc::clone(&self.was_up)))))?;
        stock.lent.retain(|lent| lent.strong_count() > 0);
        stock.lent.push(Arc::downgrade(&link));
        let (lender, is_changed) = (Arc::clone(self), AtomicBool::new(false));
        Ok(Lent { lender, link, is_changed, generation: fork::generation() })
    }

    /// A connection for a command that ends another one, which keeps the server from greeting anybody as usual.
    pub(crate) fn lend_bare(self: &Arc<Self>) -> Result<Lent> {
        let mut bare = None;
        let lent = self.lend_or(|| Arc::clone(bare.insert(Arc::new(self.options.bare()))))?;
        if bare.is_some() {
            // Not for anybody who wants a database.
            lent.mark_changed();
        }
        Ok(lent)
    }

    /// A connection that is there, and is not made again when it is lost: what was set on it would be lost silently.
    pub(crate) fn lease(self: &Arc<Self>) -> Result<Lent> {
        let lent = self.lend()?;
        lent.link.connect()?;
        lent.link.pin(true);
        Ok(lent)
    }

    /// Closes everything, lent or not.
    pub(crate) fn close(&self) {
        let mut stock = self.stock();
        self.closed.store(true, Ordering::Release);
        let idle = stock.shelf.take_idle();
        let lent = std::mem::take(&mut stock.lent);
        drop(stock);
        let idle = idle.into_iter().map(|Idle(link)| link);
        idle.chain(lent.iter().filter_map(Weak::upgrade)).for_each(|link| link.close());
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        lock(self.stock.get(Mutex::default)).0
    }
}

impl Lent {
    /// The connection is not as it was: nobody else must get it.
    pub(crate) fn mark_changed(&self) {
        self.is_changed.store(true, Ordering::Relaxed);
    }
}

impl Deref for Lent {
    type Target = Arc<Link>;

    fn deref(&self) -> &Arc<Link> {
        &self.link
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.generation != fork::generation() {
            // This process has not lent anything.
            return;
        }
        let is_good = !self.is_changed.load(Ordering::Relaxed) && self.link.is_at_rest();
        if is_good {
            self.link.pin(false);
        }
        let mut stock = self.lender.stock();
        stock.lent.retain(|lent| !std::ptr::eq(lent.as_ptr(), Arc::as_ptr(&self.link)));
        let is_open = !self.lender.closed.load(Ordering::Acquire);
        let left_over = stock.shelf.take_back(Idle(Arc::clone(&self.link)), is_good && is_open);
        drop(stock);
        if let Some(Idle(link)) = left_over {
            link.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_closed_lender_lends_nothing() {
        let lender = Arc::new(Lender::new(Arc::new(Options::default()), Arc::default()));
        drop(lender.lend().unwrap());
        lender.close();
        assert_eq!(lender.lend().err().unwrap().kind(), ErrorKind::Closed);
    }
}
