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
