//! A lock whose users take turns in leading.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use super::followers::{Followers, Number};
use super::parker::Parker;
use super::thread_mark::ThreadMark;
use crate::error::{Error, ErrorKind, Result};
use crate::sync::{Mutex, MutexGuard, lock};
use crate::transport::fork;

/// State that threads share, and the [`Followers`] of those that wait for one of them to do something about it.
///
/// Each waiter sleeps by itself and is woken for a reason of its own. Wake-ups go out when the lock is open again, so that
/// nobody wakes up only to find it closed.
pub(super) struct Relay<T> {
    generation: u64,
    inner: Mutex<Inner<T>>,
}

pub(super) struct Inner<T> {
    pub(super) followers: Followers,
    pub(super) value: T,
}

/// The lock, held.
pub(super) struct Guard<'a, T> {
    relay: &'a Relay<T>,
    /// `None` only while it is dropped.
    inner: Option<MutexGuard<'a, Inner<T>>>,
}

impl<T> Relay<T> {
    pub(super) fn new(value: T) -> Self {
        Self {
            generation: fork::generation(),
            inner: Mutex::new(Inner { followers: Followers::default(), value }),
        }
    }

    /// Takes the lock. `mend` is called if somebody panicked while holding it.
    ///
    /// # Errors
    /// This process is a child of the one that the state belongs to; whoever held the lock then, holds it for ever.
    #[inline]
    pub(super) fn lock(&self, mend: impl FnOnce(&mut Guard<'_, T>)) -> Result<Guard<'_, T>> {
        if self.generation != fork::generation() {
            return Err(forked());
        }
        let (inner, is_poisoned) = lock(&self.inner);
        let mut guard = Guard { relay: self, inner: Some(inner) };
        if is_poisoned {
            mend(&mut guard);
        }
        Ok(guard)
    }
}

impl<'a, T> Guard<'a, T> {
    /// Opens the lock and sleeps until called, offered the lead, or the time is up. `announce` is told by which number to
    /// call; `loiter` may put off the sleep for a while. Whether the thread leads is to be looked up afterwards.
    pub(super) fn wait(
        mut self,
        me: ThreadMark,
        can_lead: bool,
        timeout: Option<Duration>,
        loiter: impl FnOnce(&Parker),
        announce: impl FnOnce(&mut T, Number),
        mend: impl FnOnce(&mut Guard<'_, T>),
    ) -> Result<Self> {
        let (number, parker) = self.followers().join(can_lead);
        announce(&mut self, number);
        let relay = self.relay;
        drop(self);
        loiter(&parker);
        parker.park(timeout);
        let mut guard = relay.lock(mend)?;
        guard.followers().leave(number, parker, me);
        Ok(guard)
    }

    pub(super) fn followers(&mut self) -> &mut Followers {
        &mut self.inner().followers
    }

    pub(super) fn inner(&mut self) -> &mut Inner<T> {
        self.inner.as_mut().expect("invariant: only drop takes it")
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner.as_ref().expect("invariant: only drop takes it").value
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner().value
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        let Some(mut inner) = self.inner.take() else { return };
        let woken = inner.followers.take_woken();
        drop(inner);
        // A forked child has nobody to wake, and the beds of those it left behind may be locked.
        if !woken.is_empty() && self.relay.generation == fork::generation() {
            woken.iter().for_each(|parker| parker.wake());
        }
    }
}

fn forked() -> Error {
    Error::new(ErrorKind::Disconnected, "the process forked during the call, which is the parent's")
}

#[cfg(all(test, shuttle))]
#[path = "relay_models.rs"]
mod models;
