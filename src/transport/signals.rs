//! Keeping signals away from threads that the program knows nothing of.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::thread::{self, JoinHandle};

/// Starts a thread on which no signal is ever handled: it is born with all of them blocked. Those sent to the process
/// interrupt a thread of the program instead, which may be waiting for just that.
///
/// # Errors
/// The system has no memory or no room for another thread.
pub(crate) fn spawn_without(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let _blocked = Blocked::new();
    thread::Builder::new().name(name.into()).spawn(run)
}

/// All signals are blocked in this thread while it lives. A new thread inherits that.
struct Blocked {
    before: libc::sigset_t,
}

impl Blocked {
    fn new() -> Self {
        Self { before: set_mask(libc::SIG_BLOCK, &all()) }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        set_mask(libc::SIG_SETMASK, &self.before);
    }
}

fn all() -> libc::sigset_t {
    let mut all = MaybeUninit::uninit();
    // SAFETY: sigfillset fills in the whole set, and cannot fail for a valid pointer.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        all.assume_init()
    }
}

/// Changes the mask of this thread and returns what it was.
fn set_mask(how: i32, set: &libc::sigset_t) -> libc::sigset_t {
    let mut before = MaybeUninit::uninit();
    // SAFETY: both sets are valid for the call, which fails only for an unknown `how`; else it fills in `before`.
    unsafe {
        libc::sigemptyset(before.as_mut_ptr());
        let failure = libc::pthread_sigmask(how, ptr::from_ref(set), before.as_mut_ptr());
        debug_assert_eq!(failure, 0);
        before.assume_init()
    }
}

/// The signals blocked in this thread.
#[cfg(test)]
pub(super) fn blocked_here() -> Vec<i32> {
    let mut none = MaybeUninit::uninit();
    // SAFETY: sigemptyset fills in the whole set; sigismember only looks at it.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        let now = set_mask(libc::SIG_BLOCK, &none.assume_init());
        (1..32).filter(|&signal| libc::sigismember(&raw const now, signal) == 1).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_born_deaf_and_its_parent_still_hears() {
        let before = blocked_here();
        let (tell, hear) = std::sync::mpsc::channel();
        spawn_without("deaf", move || tell.send(blocked_here()).unwrap()).unwrap().join().unwrap();
        // These two cannot be blocked.
        let expected: Vec<i32> =
            (1..32).filter(|signal| ![libc::SIGKILL, libc::SIGSTOP].contains(signal)).collect();
        assert_eq!(hear.recv().unwrap(), expected);
        assert_eq!(blocked_here(), before);
    }
}
