//! How the machine keeps pace, so that no test depends on how fast it is.
//!
//! A thread sleeps for a moment again and again. The moments it has slept make a clock that stands still whenever this process
//! could not run: patience is measured by it, so a machine that is busy or was stopped for a while is no hang. And a moment
//! that ended much too late shows that the machine stood still, which is the one excuse for a deadline that passed early.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long the thread sleeps.
const MOMENT: Duration = Duration::from_millis(10);
/// From here on a late awakening is a stall. Deadlines that tests wait for are several times as long.
const STALL: Duration = Duration::from_millis(80);

/// Moments slept, and the nanoseconds of all stalls. Without a lock, for processes that fork.
static MOMENTS: AtomicU64 = AtomicU64::new(0);
static STALLED: AtomicU64 = AtomicU64::new(0);

/// Starts the thread; what counts threads does so first. Returns the process that has it.
pub(crate) fn start() -> u32 {
    static PROCESS: OnceLock<u32> = OnceLock::new();
    *PROCESS.get_or_init(|| {
        thread::Builder::new().name("pace".into()).spawn(keep).expect("a thread");
        std::process::id()
    })
}

fn keep() {
    loop {
        let before = Instant::now();
        thread::sleep(MOMENT);
        MOMENTS.fetch_add(1, Ordering::Relaxed);
        let late = before.elapsed().saturating_sub(MOMENT);
        if late >= STALL {
            STALLED.fetch_add(late.as_nanos() as u64, Ordering::Relaxed);
        }
    }
}

/// Measures time in which this process could run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    moments: u64,
    began: Instant,
    spent: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        start();
        Self { moments: MOMENTS.load(Ordering::Relaxed), began: Instant::now(), spent: processor_time() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        // A forked child does not have the thread.
        if start() != std::process::id() {
            return self.began.elapsed();
        }
        MOMENT * (MOMENTS.load(Ordering::Relaxed) - self.moments) as u32
    }

    /// How long it was from then to now.
    pub(crate) fn took(&self) -> Took {
        let spent = processor_time() - self.spent;
        Took { by_the_clock: self.began.elapsed(), at_work: self.elapsed(), spent }
    }
}

/// How long something took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Took {
    /// What must not be over before its time is measured by this ...
    pub(crate) by_the_clock: Duration,
    /// ... and what must not take too long by this, which counts only while the process could run ...
    pub(crate) at_work: Duration,
    /// ... or, where it keeps processors busy all the time, by this: what all of its threads have got of them.
    pub(crate) spent: Duration,
}

/// What this process has got of the processors. Not from the proc file system: some tests leave no descriptor.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock is there, and `time` may be written.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert_eq!(result, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Runs a test in which a short deadline must not pass before something else has happened. If it fails, and the machine
/// was seen to stall meanwhile, it is run once more.
pub(crate) fn once_more_after_a_stall(test: impl Fn()) {
    start();
    let before = STALLED.load(Ordering::Relaxed);
    let Err(panic) = catch_unwind(AssertUnwindSafe(&test)) else { return };
    let stalled = Duration::from_nanos(STALLED.load(Ordering::Relaxed) - before);
    if stalled.is_zero() {
        resume_unwind(panic);
    }
    // Not by a macro, whose output nobody sees if all is well in the end.
    let name = thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "{name}: the machine stood still for {stalled:?}; once more");
    test();
}
