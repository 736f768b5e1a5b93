//! Where one waiting thread sleeps.

use std::time::Duration;

use crate::sync::atomic::{AtomicU8, Ordering};
use crate::sync::{Condvar, Mutex, PoisonError};

/// A bed for one thread at a time, with one alarm: a wake-up that comes before the sleep is not lost.
///
/// Not the standard library's: parking makes it allocate an identity for the calling thread, which it never frees in threads
/// that it did not start.
#[derive(Default)]
pub(super) struct Parker {
    state: AtomicU8,
    lock: Mutex<()>,
    alarm: Condvar,
}

const UP: u8 = 0;
const ASLEEP: u8 = 1;
const WOKEN: u8 = 2;

impl Parker {
    /// Whether an alarm has come that the next [`park`](Self::park) will return upon.
    pub(super) fn is_woken(&self) -> bool {
        self.state.load(Ordering::Acquire) == WOKEN
    }

    /// Sleeps until woken, for at most `timeout`. May also return early without a reason.
    pub(super) fn park(&self, timeout: Option<Duration>) {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if self.state.compare_exchange(UP, ASLEEP, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            match timeout {
                Some(timeout) => drop(self.alarm.wait_timeout(guard, timeout)),
                None => drop(self.alarm.wait(guard)),
            }
        }
        self.state.store(UP, Ordering::Release);
    }

    pub(super) fn wake(&self) {
        if self.state.swap(WOKEN, Ordering::AcqRel) == ASLEEP {
            // Once the lock has been free, the sleeper waits for the alarm or has woken up.
            drop(self.lock.lock());
            self.alarm.notify_one();
        }
    }
}
