//! Ownership of what C holds by pointer, and in debug builds the discovery of pointers that
//! outlived it.

#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicU64, Ordering};

/// A type that C holds by pointer and owns: made by [`give`], returned by [`take_back`].
///
/// A handle is always its own `Box`; what is shared between handles (a client's connection) is
/// shared behind it, so that freeing one of them twice is a mistake that can be seen.
pub(super) trait Handle: Sized {
    fn alive(&self) -> &Alive;
}

/// Puts a handle on the heap and its ownership into C's hands.
pub(super) fn give<T: Handle>(handle: T) -> *mut T {
    Box::into_raw(Box::new(handle))
}

/// Takes the ownership back; the handle is freed when the result is dropped.
///
/// # Safety
/// `ptr` came from [`give`] and is not used again.
pub(super) unsafe fn take_back<T: Handle>(ptr: *mut T) -> Box<T> {
    // SAFETY: the caller's contract.
    let handle = unsafe { Box::from_raw(ptr) };
    handle.alive().check();
    handle
}

/// A word in every handle that says "not freed yet". Release builds neither store nor check it.
pub(super) struct Alive {
    #[cfg(debug_assertions)]
    word: AtomicU64,
}

/// Not a plausible pointer, length or text, so that reused memory does not pass for a live handle.
#[cfg(debug_assertions)]
const ALIVE: u64 = 0x0a11_fe0f_a11f_e0fa;

impl Alive {
    pub(super) fn new() -> Self {
        Self {
            #[cfg(debug_assertions)]
            word: AtomicU64::new(ALIVE),
        }
    }

    /// Ends the process if the handle was freed: anything else would go on with somebody else's
    /// memory.
    #[inline]
    pub(super) fn check(&self) {
        #[cfg(debug_assertions)]
        if self.word.load(Ordering::Relaxed) != ALIVE {
            eprintln!("oxipipe: a handle was used after it was freed, or was never a handle of this type");
            std::process::abort();
        }
    }
}

#[cfg(debug_assertions)]
impl Drop for Alive {
    fn drop(&mut self) {
        self.word.store(0, Ordering::Relaxed);
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use std::mem::ManuallyDrop;
    use std::process::Command;

    use super::*;

    /// Ends in an abort, so it runs in a process of its own, where this variable is set.
    const CHILD: &str = "OXIPIPE_TEST_USE_AFTER_FREE";

    #[test]
    fn use_after_free_ends_a_debug_build() {
        let mut alive = ManuallyDrop::new(Alive::new());
        alive.check();
        if std::env::var_os(CHILD).is_some() {
            // SAFETY: the memory stays; only the mark goes, as it does in the freed handle.
            unsafe { ManuallyDrop::drop(&mut alive) };
            alive.check();
            return;
        }
        let name = "ffi::handle::tests::use_after_free_ends_a_debug_build";
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(!child.status.success());
        assert!(String::from_utf8_lossy(&child.stderr).contains("after it was freed"));
    }
}
