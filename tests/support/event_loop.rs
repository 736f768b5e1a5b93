//! The smallest event loop: one event-loop client and poll(2).

use std::os::fd::AsRawFd;
use std::time::Duration;

use oxipipe::{Async, Completions};

use super::pace::Stopwatch;
use super::{LONG, PATIENCE};

/// Runs the client until `count` submissions have completed, and hands each batch to `take`.
#[track_caller]
pub(crate) fn run(client: &mut Async, mut count: usize, mut take: impl FnMut(&Completions)) {
    let mut batch = Completions::new();
    let watch = Stopwatch::start();
    loop {
        client.process().unwrap();
        client.next(&mut batch);
        take(&batch);
        count = count.checked_sub(batch.len()).expect("no more completions than submissions");
        if count == 0 {
            return;
        }
        assert!(watch.elapsed() < PATIENCE, "{count} submissions never completed");
        wait(client, client.timeout());
    }
}

/// Waits for the client's descriptor, at most so long.
pub(crate) fn wait(client: &Async, timeout: Option<Duration>) {
    let mut entry = libc::pollfd { fd: client.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let timeout = timeout.unwrap_or(LONG).min(LONG).as_nanos().div_ceil(1_000_000) as i32;
    // SAFETY: one valid entry for the duration of the call.
    unsafe { libc::poll(&raw mut entry, 1, timeout) };
}
