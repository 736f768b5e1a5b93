//! Sleeping until a socket is ready.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::Socket;

/// What to wait for. Readability is always wanted: replies have to be read while commands wait to be written, or both sides
/// would stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    ReadWrite,
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// The socket can be read or written, or has failed: trying will tell.
    Ready,
    /// The time is up.
    Elapsed,
    /// A signal handler ran.
    Signal,
}

/// Whether another processor can run the server while this one polls.
///
/// Counts the machine's processors, not those this process may use: a client bound to one of them gains as much from polling as
/// any other, as long as the server is not bound to the same one.
pub(crate) fn several_processors() -> bool {
    // Not a lock that is taken once: a fork could leave it closed.
    static PROCESSORS: AtomicI64 = AtomicI64::new(0);
    let mut count = PROCESSORS.load(Ordering::Relaxed);
    if count == 0 {
        // SAFETY: sysconf has no preconditions.
        count = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }.max(1);
        PROCESSORS.store(count, Ordering::Relaxed);
    }
    count > 1
}

/// Sleeps until the socket is ready, a signal arrives or the time is up. `None` waits for ever.
pub(crate) fn wait(socket: &Socket, interest: Interest, timeout: Option<Duration>) -> io::Result<Wake> {
    let events = match interest {
        Interest::Read => libc::POLLIN,
        Interest::ReadWrite => libc::POLLIN | libc::POLLOUT,
    };
    let mut entry = libc::pollfd { fd: socket.as_raw_fd(), events, revents: 0 };
    // Rounded up: waking a little late is harmless, waking early would make the caller spin.
    let millis = timeout
        .map_or(-1, |timeout| i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX));
    // SAFETY: `entry` is one valid pollfd for the duration of the call, and the count says one.
    let ready = unsafe { libc::poll(&raw mut entry, 1, millis) };
    match ready {
        0 => Ok(Wake::Elapsed),
        1.. => Ok(Wake::Ready),
        _ => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(Wake::Signal),
            error => Err(error),
        },
    }
}
