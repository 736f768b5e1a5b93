//! What a forked child has to know and to leave alone.
//!
//! The child of a threaded process has one thread and a copy of everything else: locks that will never be opened because
//! their holders do not exist here, and descriptors of conversations that are the parent's. So nothing in here takes a lock,
//! state that a lock protects is replaced rather than repaired ([`PerProcess`]), and descriptors are taken out of the
//! conversation before the child runs its first line ([`Registered`]).

use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, Ordering};

static GENERATION: AtomicU64 = AtomicU64::new(0);
static HANDLER_IS_SET: AtomicBool = AtomicBool::new(false);
static DESCRIPTORS: Block = Block::new();

/// Says which process of a line of forks this is: it changes in every child. A connection made under another number belongs
/// to an ancestor and must not be used.
///
/// A counter kept by a fork handler costs a load; asking for the process id costs a system call each time.
pub(crate) fn generation() -> u64 {
    if !HANDLER_IS_SET.load(Ordering::Acquire) {
        set_handler();
    }
    GENERATION.load(Ordering::Relaxed)
}

#[cold]
fn set_handler() {
    // Two threads that come here at once set two handlers, which does no harm. A lock that a fork may leave closed would.
    // SAFETY: the handler keeps to what is allowed in the child of a threaded process.
    unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    HANDLER_IS_SET.store(true, Ordering::Release);
}

/// Only async-signal-safe calls and atomics: the fork may have come at any point of any other thread.
unsafe extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    DESCRIPTORS.replace_all();
}

/// The state that belongs to this process alone. A child gets a new one when it first asks.
///
/// The parent's is left behind in the child, neither used nor freed: its locks may be closed for ever, and the thread that
/// forked may have been in the middle of it. Such a thread notices that [`generation`] has changed and keeps its hands off.
pub(crate) struct PerProcess<T> {
    current: AtomicPtr<Owned<T>>,
}

struct Owned<T> {
    generation: u64,
    value: T,
}

impl<T> PerProcess<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { current: AtomicPtr::new(Owned::boxed(generation(), value)) }
    }

    /// This process's value; made by `renew` if the one that is there is an ancestor's.
    #[inline]
    pub(crate) fn get(&self, renew: impl FnOnce() -> T) -> &T {
        // SAFETY: it came from `boxed`, and what was ever current is only freed by `drop`.
        let owned = unsafe { &*self.current.load(Ordering::Acquire) };
        if owned.generation == generation() { &owned.value } else { self.renew(renew) }
    }

    #[cold]
    fn renew(&self, renew: impl FnOnce() -> T) -> &T {
        let generation = generation();
        let new = Owned::boxed(generation, renew());
        let mut current = self.current.load(Ordering::Acquire);
        loop {
            // SAFETY: as in `get`.
            let owned = unsafe { &*current };
            if owned.generation == generation {
                // Another thread of this process was faster.
                // SAFETY: it was made above and nobody else has seen it.
                drop(unsafe { Box::from_raw(new) });
                return &owned.value;
            }
            match self.current.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire) {
                // SAFETY: as in `get`.
                Ok(_) => return unsafe { &(*new).value },
                Err(other) => current = other,
            }
        }
    }
}

impl<T> Owned<T> {
    fn boxed(generation: u64, value: T) -> *mut Self {
        Box::into_raw(Box::new(Self { generation, value }))
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let current = *self.current.get_mut();
        // SAFETY: it came from `boxed`, and there is no other reference left.
        unsafe {
            if (*current).generation == generation() {
                drop(Box::from_raw(current));
            }
        }
    }
}

// SAFETY: hands out `&T` to any thread, and drops a `T` on the thread that drops it.
unsafe impl<T: Send + Sync> Send for PerProcess<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for PerProcess<T> {}

/// A descriptor of this process that a child must not use: while this exists, each fork gives the child the end of a closed
/// socket pair in its place. Whatever the child still does with it meets the end of the file and reaches nobody, and the number
/// is not given to another file meanwhile.
///
/// To be made as soon as the descriptor exists and dropped *before* it is closed.
pub(crate) struct Registered(&'static AtomicI32);

impl Registered {
    pub(crate) fn new(fd: RawFd) -> Self {
        // Makes sure of the handler.
        generation();
        Self(DESCRIPTORS.put(fd))
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.0.store(FREE, Ordering::Release);
    }
}

/// Places for descriptors; another block follows when all are taken. Blocks are never freed, so that the handler can walk over
/// them whatever else is going on.
struct Block {
    places: [AtomicI32; PLACES],
    next: AtomicPtr<Self>,
}

const PLACES: usize = 62;
const FREE: i32 = -1;

impl Block {
    const fn new() -> Self {
        Self { places: [const { AtomicI32::new(FREE) }; PLACES], next: AtomicPtr::new(ptr::null_mut()) }
    }

    fn put(&'static self, fd: RawFd) -> &'static AtomicI32 {
        let mut block = self;
        loop {
            let free = block.places.iter().find(|place| {
                place.load(Ordering::Relaxed) == FREE
                    && place.compare_exchange(FREE, fd, Ordering::AcqRel, Ordering::Relaxed).is_ok()
            });
            match free {
                Some(place) => return place,
                None => block = block.next_or_new(),
            }
        }
    }

    fn next(&self) -> Option<&'static Self> {
        // SAFETY: null, or a block that is never freed.
        unsafe { self.next.load(Ordering::Acquire).as_ref() }
    }

    fn next_or_new(&self) -> &'static Self {
        self.next().unwrap_or_else(|| {
            let new = Box::into_raw(Box::new(Self::new()));
            match self.next.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire) {
                // SAFETY: it was just made and is never freed.
                Ok(_) => unsafe { &*new },
                Err(other) => {
                    // SAFETY: nobody else has seen the new one; the other is a block that is never freed.
                    unsafe {
                        drop(Box::from_raw(new));
                        &*other
                    }
                }
            }
        })
    }

    /// Runs in the child, before anything else of it.
    fn replace_all(&'static self) {
        let mut dead_end = DeadEnd::new();
        let mut block = Some(self);
        while let Some(Self { places, .. }) = block {
            for fd in places.iter().map(|place| place.load(Ordering::Acquire)).filter(|&fd| fd != FREE) {
                dead_end.put_at(fd);
            }
            block = block.and_then(Self::next);
        }
    }
}

/// One end of a socket pair whose other end is closed: reading it finds the end, writing fails. It is a socket, so that
/// whatever works on sockets works on it, too.
struct DeadEnd(Option<OwnedFd>);

impl DeadEnd {
    fn new() -> Self {
        let mut pair = [FREE; 2];
        // SAFETY: `pair` has room for two descriptors.
        let made = unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, pair.as_mut_ptr()) } == 0;
        Self(made.then(|| {
            // SAFETY: both are open and nobody else's; the second one is closed here.
            unsafe {
                libc::close(pair[1]);
                OwnedFd::from_raw_fd(pair[0])
            }
        }))
    }

    fn put_at(&mut self, fd: RawFd) {
        use std::os::fd::AsRawFd;
        if self.0.is_none() {
            // There were no free descriptors. Closing this one may give us some.
            // SAFETY: the descriptor is open and its owner is told by what comes in its place; see `Registered`.
            unsafe { libc::close(fd) };
            *self = Self::new();
        }
        let Some(end) = &self.0 else { return };
        if end.as_raw_fd() == fd {
            // It has taken the very place; it must stay, and the next one needs another.
            std::mem::forget(self.0.take());
            *self = Self::new();
            return;
        }
        // SAFETY: both are numbers of descriptors; a failure leaves `fd` as it was.
        unsafe {
            libc::dup2(end.as_raw_fd(), fd);
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_value_is_renewed_once_per_process() {
        let value = PerProcess::new(1);
        assert_eq!(*value.get(|| 2), 1);
        let exits_with_zero = in_a_child(|| *value.get(|| 2) == 2 && *value.get(|| 3) == 2);
        assert!(exits_with_zero);
        assert_eq!(*value.get(|| 2), 1);
    }

    #[test]
    fn a_child_has_dead_ends_in_the_place_of_registered_descriptors() {
        let pairs: Vec<_> = (0..3 * PLACES).map(|_| UnixStream::pair().unwrap()).collect();
        let mut places: Vec<_> = pairs.iter().map(|(ours, _)| Registered::new(ours.as_raw_fd())).collect();
        let mut kept = places.remove(5);
        kept = {
            drop(kept);
            Registered::new(pairs[5].0.as_raw_fd())
        };
        assert!(in_a_child(|| {
            pairs.iter().all(|(ours, _)| {
                (&mut &*ours).write(b"x").is_err() && matches!((&mut &*ours).read(&mut [0]), Ok(0))
            })
        }));
        drop((places, kept));
        for (mut ours, mut theirs) in pairs {
            ours.write_all(b"y").unwrap();
            let mut byte = [0];
            theirs.read_exact(&mut byte).unwrap();
            assert_eq!(byte, *b"y");
        }
    }

    /// Whether `work` said yes in a forked child, which has this one thread and must not allocate much.
    fn in_a_child(work: impl FnOnce() -> bool) -> bool {
        // SAFETY: the child only does `work` and ends without running anything of the parent's.
        match unsafe { libc::fork() } {
            -1 => panic!("fork failed"),
            0 => {
                let good = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(false);
                // SAFETY: ends the child.
                unsafe { libc::_exit(i32::from(!good)) }
            }
            child => {
                let mut status = 0;
                // SAFETY: waits for our own child, with a valid place for its status.
                assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
                libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
            }
        }
    }
}
