//! What tests of a whole client need: servers, real and pretended, a faulty network, and a process of their own.

#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod event_loop;
pub(crate) mod fake_server;
pub(crate) mod kernel;
pub(crate) mod ledger_server;
pub(crate) mod live_server;
pub(crate) mod own_process;
pub(crate) mod pace;
pub(crate) mod proxy;

use std::time::Duration;

use oxipipe::{Error, ErrorKind, Options, Outcome, Reply};
use pace::Stopwatch;

/// A deadline that is not to pass, whatever else the machine does. Never a measure of speed.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// How long a test waits before it takes a wait for a hang, in time in which it could run ([`Stopwatch`]). Far longer than
/// anything here takes, far shorter than [`LONG`].
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Options for a TCP server on this machine.
pub(crate) fn tcp(port: u16) -> Options {
    let mut options = Options::default();
    options.host = "127.0.0.1".into();
    options.port = port;
    options.timeout = Some(LONG);
    options.connect_timeout = Some(LONG);
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
    let watch = Stopwatch::start();
    while !condition() {
        assert!(watch.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Runs `work` and checks that it did not hang, nor wait for a deadline of [`LONG`].
#[track_caller]
pub(crate) fn promptly<T>(work: impl FnOnce() -> T) -> T {
    let watch = Stopwatch::start();
    let result = work();
    assert!(watch.elapsed() < PATIENCE, "took {:?}", watch.elapsed());
    result
}

/// How a call ends whose deadline passes after it has left. If the machine was so slow that it had not left by then, it is
/// made again: it has not been sent, so whatever the server expects is still to come.
#[track_caller]
pub(crate) fn out_of_time(mut call: impl FnMut() -> Error) -> Error {
    let watch = Stopwatch::start();
    loop {
        let error = promptly(&mut call);
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
        if error.outcome() != Some(Outcome::NotApplied) || watch.elapsed() >= PATIENCE {
            return error;
        }
    }
}
