//! Telling threads apart.

/// Which thread this is, among those that run.
///
/// Unlike `thread::current()` it allocates nothing: the standard library never frees what it allocates for a thread that it
/// did not start, which in a host program in another language is every thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ThreadMark(usize);

impl ThreadMark {
    /// For a model checker, whose threads are all one.
    #[cfg(all(test, shuttle))]
    pub(super) fn of(number: usize) -> Self {
        Self(number)
    }

    pub(super) fn current() -> Self {
        // Each thread has its own copy of this byte, and so its own address for it.
        thread_local!(static PLACE: u8 = const { 0 });
        PLACE.with(|place| Self(std::ptr::from_ref(place).addr()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_run_at_the_same_time_differ() {
        let here = ThreadMark::current();
        assert!(here == ThreadMark::current());
        assert!(std::thread::scope(|scope| scope.spawn(|| ThreadMark::current() != here).join().unwrap()));
    }
}
