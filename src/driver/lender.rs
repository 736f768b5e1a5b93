//! Connections of one client that are lent to one caller at a time.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use super::link::Link;
use crate::error::{Outcome, Result};
use crate::options::Options;
use crate::sync::{Mutex, MutexGuard, lock};
use crate::transport::closed;
use crate::transport::fork::PerProcess;

/// Lends connections, for commands that would hold up or change a shared one, and keeps some that came back.
pub(crate) struct Lender {
    options: Options,
    closed: AtomicBool,
    shelf: PerProcess<Mutex<Shelf>>,
}

#[derive(Default)]
struct Shelf {
    idle: Vec<Arc<Link>>,
    /// So that closing the client reaches them.
    lent: Vec<Weak<Link>>,
}

/// More idle connections than this are not kept.
const IDLE: usize = 4;

/// A connection of one's own until dropped.
pub(crate) struct Lent {
    lender: Arc<Lender>,
    link: Arc<Link>,
    is_changed: AtomicBool,
}

impl Lender {
    pub(crate) fn new(options: Options) -> Self {
        Self { options, closed: AtomicBool::new(false), shelf: PerProcess::new(Mutex::default()) }
    }

    /// A connection for one blocking command at a time. If it is lost, it is made again like any other.
    pub(crate) fn lend(self: &Arc<Self>) -> Result<Lent> {
        let mut shelf = self.shelf();
        // Looked at with the lock held, so that `close` finds either this or what is lent.
        if self.closed.load(Ordering::Acquire) {
            return Err(closed().with_outcome(Outcome::NotApplied));
        }
        let link = shelf.idle.pop().unwrap_or_else(|| Arc::new(Link::new(self.options.clone())));
        shelf.lent.retain(|lent| lent.strong_count() > 0);
        shelf.lent.push(Arc::downgrade(&link));
        Ok(Lent { lender: Arc::clone(self), link, is_changed: AtomicBool::new(false) })
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
        let mut shelf = self.shelf();
        self.closed.store(true, Ordering::Release);
        let Shelf { idle, lent } = std::mem::take(&mut *shelf);
        drop(shelf);
        idle.into_iter().chain(lent.iter().filter_map(Weak::upgrade)).for_each(|link| link.close());
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        lock(self.shelf.get(Mutex::default)).0
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
        let is_good = !self.is_changed.load(Ordering::Relaxed) && self.link.is_at_rest();
        if is_good {
            self.link.pin(false);
            let mut shelf = self.lender.shelf();
            shelf.lent.retain(|lent| !std::ptr::eq(lent.as_ptr(), Arc::as_ptr(&self.link)));
            if shelf.idle.len() < IDLE && !self.lender.closed.load(Ordering::Acquire) {
                shelf.idle.push(Arc::clone(&self.link));
                return;
            }
        }
        self.link.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_closed_lender_lends_nothing() {
        let lender = Arc::new(Lender::new(Options::default()));
        drop(lender.lend().unwrap());
        lender.close();
        assert_eq!(lender.lend().err().unwrap().kind(), ErrorKind::Closed);
    }
}
