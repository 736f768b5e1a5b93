//! The building blocks of everything that threads share, so that tests can put a model checker under it.
//!
//! They are the standard library's. With `RUSTFLAGS="--cfg shuttle"` the unit tests of this crate get those of shuttle
//! instead, which runs every thread of a test on one and tries out their interleavings (`make test-shuttle`).

#[allow(unused_imports, reason = "a kit for all who share state between threads")]
#[cfg(not(all(test, shuttle)))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, atomic};

#[allow(unused_imports, reason = "as above")]
#[cfg(all(test, shuttle))]
pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard, PoisonError, atomic};

/// Takes a lock whether or not somebody panicked while holding it, and tells whether somebody did since it was last asked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> (MutexGuard<'_, T>, bool) {
    match mutex.lock() {
        Ok(guard) => (guard, false),
        Err(poisoned) => {
            #[cfg(not(all(test, shuttle)))]
            mutex.clear_poison();
            (poisoned.into_inner(), true)
        }
    }
}
