//! One thread at a time, checked: what makes misuse of an exclusive handle a status instead of a
//! data race.

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU8, Ordering};

use crate::error::{Error, ErrorKind, Result};

/// A value that one call at a time may use. Like a `Mutex` that never waits, with one atomic
/// operation on the way in and a plain store on the way out: adding a command to a pipeline takes
/// little longer than that.
pub(super) struct Exclusive<T> {
    state: AtomicU8,
    value: UnsafeCell<T>,
}

/// The right to use the value, until it is dropped.
pub(super) struct Entered<'a, T>(&'a Exclusive<T>);

const IDLE: u8 = 0;
const IN_USE: u8 = 1;
const POISONED: u8 = 2;

// SAFETY: the value is reachable only through `Entered`, of which there is at most one.
unsafe impl<T: Send> Sync for Exclusive<T> {}

impl<T> Exclusive<T> {
    pub(super) fn new(value: T) -> Self {
        Self { state: AtomicU8::new(IDLE), value: UnsafeCell::new(value) }
    }

    /// # Errors
    /// `Busy` while another call is inside, `Poisoned` after one panicked there. Whoever wanted to submit something knows
    /// what that means for it; who wanted to wait or to look learns nothing about any command.
    #[inline]
    pub(super) fn enter(&self) -> Result<Entered<'_, T>> {
        match self.state.compare_exchange(IDLE, IN_USE, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Ok(Entered(self)),
            Err(state) => Err(refusal(state)),
        }
    }

    /// Whether a call is inside at this moment.
    pub(super) fn is_in_use(&self) -> bool {
        self.state.load(Ordering::Relaxed) == IN_USE
    }
}

#[cold]
fn refusal(state: u8) -> Error {
    if state == POISONED {
        Error::new(ErrorKind::Poisoned, "an earlier panic left this handle in an unknown state: free it")
    } else {
        Error::new(ErrorKind::Busy, "the handle is in use by another call")
    }
}

impl<T> Deref for Entered<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: `self` is the only `Entered` of this value.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Entered<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and it is borrowed mutably.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Entered<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let state = if std::thread::panicking() { POISONED } else { IDLE };
        self.0.state.store(state, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T>(value: &Exclusive<T>) -> ErrorKind {
        value.enter().err().expect("the value is not free").kind()
    }

    #[test]
    fn the_second_call_is_told_busy_and_the_next_one_enters() {
        let value = Exclusive::new(1);
        let mut first = value.enter().unwrap();
        *first += 1;
        assert!(value.is_in_use());
        assert_eq!(refused(&value), ErrorKind::Busy);
        drop(first);
        assert_eq!(*value.enter().unwrap(), 2);
    }

    #[test]
    fn threads_never_meet_inside() {
        let value = Exclusive::new((0_u64, 0_u64));
        let entered: u64 = std::thread::scope(|scope| {
            let work = || {
                let mut entered = 0;
                while entered < 10_000 {
                    let Ok(mut inside) = value.enter() else { continue };
                    let (a, b) = &mut *inside;
                    assert_eq!(a, b);
                    *a += 1;
                    *b += 1;
                    entered += 1;
                }
                entered
            };
            let threads = [scope.spawn(work), scope.spawn(work)];
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(*value.enter().unwrap(), (entered, entered));
    }

    #[test]
    fn a_panic_inside_poisons() {
        let value = Exclusive::new(1);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _inside = value.enter();
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        assert_eq!(refused(&value), ErrorKind::Poisoned);
        assert!(!value.is_in_use());
    }
}
