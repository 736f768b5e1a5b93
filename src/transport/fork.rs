//! Knowing that this process is a forked child.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

static GENERATION: AtomicU64 = AtomicU64::new(0);
static REGISTER: Once = Once::new();

/// How many forks lie between the first use of this library and this process. A connection made under another number
/// belongs to the parent and must not be used.
///
/// A counter kept by a fork handler costs a load; asking for the process id costs a system call each time.
pub(crate) fn generation() -> u64 {
    REGISTER.call_once(|| {
        // SAFETY: the handler only touches an atomic, which is allowed in the child of a threaded process.
        unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    });
    GENERATION.load(Ordering::Relaxed)
}

unsafe extern "C" fn forked() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}
