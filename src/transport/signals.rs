//! Keeping signals away from threads that the program knows nothing of.

use std::mem::MaybeUninit;
use std::ptr;

/// Blocks all signals in this thread. Those sent to the process then interrupt a thread of the program, which may be waiting
/// for just that.
pub(crate) fn block_all() {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset fills the set in before it is used, and the old mask is not asked for.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), ptr::null_mut());
    }
}
