//! What tests of a whole client need: servers, real and pretended, a faulty network, and a process of their own.

#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod event_loop;
pub(crate) mod fake_server;
pub(crate) mod kernel;
pub(crate) mod ledger_server;
pub(crate) mod live_server;
pub(crate) mod own_process;
pub(crate) mod proxy;

use std::time::{Duration, Instant};

use oxipipe::{Error, ErrorKind, Options, Outcome, Reply};

/// Far longer than anything here takes, far shorter than a hang. Never a measure of speed.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Options for a TCP server on this machine.
pub(crate) fn tcp(port: u16) -> Options {
    let mut options = Options::default();
    options.host = "127.0.0.1".into();
    options.port = port;
    options.timeout = Some(LONG);
    options
}

/// The text of a status, error or string reply.
#[track_caller]
pub(crate) fn text(reply: &Reply) -> &str {
    reply.root().as_str().unwrap_or_else(|| panic!("not a text: {reply:?}"))
}

/// The number of an integer reply.
#[track_caller]
pub(crate) fn int(reply: &Reply) -> i64 {
    reply.root().as_int().unwrap_or_else(|| panic!("not an integer: {reply:?}"))
}

/// Kind and outcome in one comparison, with the whole error in the failure text.
#[track_caller]
pub(crate) fn assert_error(error: &Error, kind: ErrorKind, outcome: Outcome) {
    assert_eq!((error.kind(), error.outcome()), (kind, Some(outcome)), "{error:?}");
}

/// Waits for something that another process or thread is about to do.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LONG, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Runs `work` and checks that it did not hang.
#[track_caller]
pub(crate) fn promptly<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    assert!(start.elapsed() < LONG, "took {:?}", start.elapsed());
    result
}
