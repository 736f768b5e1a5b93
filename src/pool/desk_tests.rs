use std::sync::atomic::AtomicBool;

use super::*;
use crate::deadline::Deadline;
use crate::driver::nonblocking::Batch;
use crate::options::Options;

fn desk(commands: u64) -> Desk {
    let mut limits = Options::default().queue;
    limits.commands = Some(commands);
    Desk::new(limits, false)
}

static OPEN: AtomicBool = AtomicBool::new(false);

fn patience() -> Patience<'static> {
    Patience::new(Deadline::never(), None, &OPEN, Instant::now())
}

fn submit(desk: &Desk, token: u64) {
    let submission = Submission::new(Request::new(token, Form::Command, 1, Deadline::never()), Route::Any);
    assert!(desk.submit(submission, &|out| out.push(b'x'), None, || {}).unwrap());
}

/// What the thread does when a server answers everything, or refuses it.
fn complete(desk: &Desk, failure: Option<&Error>) {
    let mut intake = Intake::default();
    desk.collect(&mut intake, 0);
    let (mut done, mut settled) = (Batch::default(), Vec::new());
    for Submission { request: Request { token, seq, .. }, .. } in intake.submissions {
        let is_quiet = token == NO_TOKEN;
        settled.push(Settled { seq, is_quiet, failure: failure.cloned() });
        if !is_quiet {
            done.push_bare(token, seq, None);
        }
    }
    let mut due = Completions::default();
    due.take(&mut done);
    desk.publish(&settled, &mut due, 0);
}

fn broken() -> Error {
    Error::new(ErrorKind::Panic, "broken")
}

#[test]
fn who_waits_often_without_asking_for_failures_piles_up_nothing() {
    let desk = desk(10);
    let mut batch = Completions::default();
    for token in 0..1000 {
        submit(&desk, token);
        complete(&desk, Some(&broken()));
        desk.await_all(&patience()).unwrap();
        desk.take(&mut batch);
    }
    assert!(desk.lock().epochs.len() < 4);
    assert_eq!(desk.take_failures().0, 1000);
    assert_eq!(desk.take_failures().0, 0);
}

#[test]
fn the_failure_of_what_was_submitted_first_is_reported_first() {
    let desk = desk(10);
    for token in 0..3 {
        submit(&desk, token);
    }
    let failure = |text: &str| Some(Error::new(ErrorKind::Reply, text));
    let settled = |seq, text: &str| Settled { seq, is_quiet: false, failure: failure(text) };
    desk.collect(&mut Intake::default(), 0);
    let mut done = Completions::default();
    desk.publish(&[settled(2, "third"), settled(1, "second"), settled(0, "first")], &mut done, 0);
    let (failed, first) = desk.take_failures();
    assert_eq!((failed, first.unwrap().message()), (3, "first"));
}

#[test]
fn a_thread_that_failed_is_told_to_everybody_and_leaves_nothing_to_count() {
    let desk = desk(10);
    submit(&desk, 1);
    submit(&desk, NO_TOKEN);
    let seq = 0;
    desk.end(Some(broken()));
    let mut batch = Completions::default();
    assert_eq!(desk.pull(&mut batch, &patience()).unwrap_err().kind(), ErrorKind::Panic);
    assert_eq!(desk.await_all(&patience()).unwrap_err().kind(), ErrorKind::Panic);
    // Whoever cancels now is late.
    desk.cancelled(seq);
    assert!(desk.retract(1));
    let exchange = desk.lock();
    assert_eq!((exchange.outstanding, exchange.awaited, exchange.quiet), (0, 0, 0));
}

#[test]
fn asking_a_pool_whose_thread_fails_meanwhile_says_so() {
    let desk = desk(10);
    let result =
        desk.ask_all([Route::Shared(0)].into_iter(), b"PING", Deadline::never(), &patience(), || {
            desk.end(Some(broken()))
        });
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Panic);
}

#[test]
fn a_flush_does_not_take_what_another_caller_asked_for() {
    let desk = desk(10);
    submit(&desk, NO_TOKEN);
    let result = desk.ask_all(
        [Route::Shared(0), Route::Shared(1)].into_iter(),
        b"PING",
        Deadline::never(),
        &patience(),
        || {
            complete(&desk, Some(&broken()));
            let (failed, _) = desk.take_failures();
            assert_eq!(failed, 1);
        },
    );
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Panic);
    assert_eq!(desk.take_failures().0, 0);
}

#[test]
fn a_submission_whose_encoding_fails_half_way_leaves_no_bytes() {
    let desk = desk(10);
    let broken = Submission::new(Request::new(1, Form::Command, 1, Deadline::never()), Route::Any);
    let write = |out: &mut Vec<u8>| {
        out.extend_from_slice(b"half a comm");
        panic!("an argument that has no bytes");
    };
    let attempt = std::panic::AssertUnwindSafe(|| desk.submit(broken, &write, None, || {}));
    assert!(std::panic::catch_unwind(attempt).is_err());
    submit(&desk, 2);
    submit(&desk, 3);
    assert!(desk.retract(2));
    let mut intake = Intake::default();
    desk.collect(&mut intake, 0);
    assert_eq!(intake.bytes[..intake.whole], *b"x");
    assert_eq!(intake.submissions.iter().map(|submission| submission.request.token).collect::<Vec<_>>(), [3]);
    assert_eq!(desk.lock().outstanding, 1);
}
