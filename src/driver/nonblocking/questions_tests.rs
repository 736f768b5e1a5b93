use std::time::Duration;

use super::*;
use crate::command::{Blocking, Stranger};
use crate::driver::nonblocking::Completion;
use crate::error::{ErrorKind, Outcome};
use crate::resp::{self, Limits, Parser, ReplyBuilder};

const SHARED: Route = Route::Shared(0);

fn submission(token: u64, route: Route, strangers: &[&str], deadline: Deadline) -> Submission {
    let mut request = Request::new(token, Form::Command, 1, deadline);
    request.seq = token + 100;
    let strangers = strangers.iter().map(|name| Stranger::new(name.as_bytes())).collect();
    Submission { request, route, strangers }
}

/// Whether it is parked.
fn submit(questions: &mut Questions, token: u64, route: Route, strangers: &[&str]) -> bool {
    let mut submission = submission(token, route, strangers, Deadline::never());
    let parks = questions.holds(&mut submission);
    if parks {
        questions.park(submission, vec![b'x'; 10]);
    }
    parks
}

/// What is asked now, if anything.
fn ask(questions: &mut Questions) -> Option<String> {
    let (Submission { request, route, strangers }, bytes) = questions.ask()?;
    assert!(request.form == Form::Question && strangers.is_empty());
    // Over whichever connection answers first, and never taken for a submission.
    assert_eq!((route, request.seq), (Route::Any, u64::MAX));
    let args: Vec<_> = resp::encoded_commands(&bytes).flatten().collect();
    Some(String::from_utf8(args.join(&b' ')).unwrap())
}

/// An answer that says of each name whether it blocks.
fn answer(blocks: &[bool]) -> Result<Reply> {
    let mut wire = format!("*{}\r\n", blocks.len());
    for &blocks in blocks {
        let flag = if blocks { "blocking" } else { "write" };
        wire.push_str(&format!("*3\r\n+name\r\n:2\r\n*1\r\n+{flag}\r\n"));
    }
    let (mut pos, mut nodes, mut builder) = (0, Vec::new(), ReplyBuilder::with_root_array());
    Parser::new(Limits::default()).parse(wire.as_bytes(), &mut pos, &mut nodes).unwrap();
    builder.append(&nodes, wire.as_bytes());
    Ok(builder.finish())
}

fn hear(questions: &mut Questions, answer: Result<Reply>) {
    let mut out = Batch::default();
    questions.hear(answer, Instant::now(), &mut out);
    assert!(out.is_empty());
}

/// Tokens and routes of what leaves now.
fn released(questions: &mut Questions) -> Vec<(u64, Route)> {
    std::iter::from_fn(|| questions.release())
        .map(|(Submission { request, route, .. }, _)| {
            assert_eq!(request.blocking.is_some(), route == Route::Dedicated);
            assert!(request.blocking.is_none_or(|blocking| blocking == Blocking::Forever));
            (request.token, route)
        })
        .collect()
}

#[test]
fn what_is_parked_leaves_in_order_and_what_blocks_by_its_own_way() {
    let questions = &mut Questions::default();
    assert!(submit(questions, 1, SHARED, &["m.pop"]));
    assert!(submit(questions, 2, SHARED, &[]));
    assert!(submit(questions, 3, SHARED, &["M.GET", "m.set"]));
    assert_eq!(ask(questions), Some("COMMAND INFO M.GET M.POP M.SET".to_owned()));
    // While that is out: another stranger, and one that is asked about already.
    assert!(submit(questions, 4, SHARED, &["M.NEW"]));
    assert!(submit(questions, 5, SHARED, &["M.Pop"]));
    assert_eq!(ask(questions), None);
    assert_eq!((released(questions), questions.load(), questions.bytes()), (vec![], (5, 1), 50));
    hear(questions, answer(&[false, true, false]));
    assert_eq!(released(questions), [(1, Route::Dedicated), (2, SHARED), (3, SHARED)]);
    assert_eq!(ask(questions), Some("COMMAND INFO M.NEW".to_owned()));
    hear(questions, answer(&[false]));
    assert_eq!(released(questions), [(4, SHARED), (5, Route::Dedicated)]);
    assert!(questions.is_idle() && questions.bytes() == 0);
    // Known from now on.
    let mut known = submission(6, SHARED, &["m.get", "m.pop"], Deadline::never());
    assert!(!questions.holds(&mut known));
    assert_eq!((known.route, known.request.blocking), (Route::Dedicated, Some(Blocking::Forever)));
    assert!(!submit(questions, 7, SHARED, &["m.get"]));
}

#[test]
fn what_has_no_order_waits_for_nobody_else() {
    let questions = &mut Questions::default();
    assert!(submit(questions, 1, Route::Any, &["m.get"]));
    for route in [Route::Any, SHARED, Route::Dedicated, Route::Bare] {
        assert!(!submit(questions, 2, route, &[]));
    }
    assert!(submit(questions, 3, Route::Shared(1), &["m.set"]));
    assert!(submit(questions, 4, Route::Shared(1), &[]) && !submit(questions, 5, SHARED, &[]));
    assert!(submit(questions, 6, Route::Dedicated, &["m.pop"]));
    assert_eq!(ask(questions), Some("COMMAND INFO M.GET M.POP M.SET".to_owned()));
    hear(questions, answer(&[false, true, false]));
    let shared = Route::Shared(1);
    assert_eq!(released(questions), [(1, Route::Any), (3, shared), (4, shared), (6, Route::Dedicated)]);
}

#[test]
fn what_is_cancelled_holds_up_nobody_and_the_answer_counts_all_the_same() {
    let questions = &mut Questions::default();
    assert!(submit(questions, 1, SHARED, &["m.get"]));
    assert!(submit(questions, 2, SHARED, &[]));
    assert!(ask(questions).is_some());
    assert_eq!((questions.cancel(1), questions.cancel(1)), (Some(101), None));
    assert_eq!(released(questions), [(2, SHARED)]);
    assert!(!questions.is_due() && !questions.is_idle());
    hear(questions, answer(&[false]));
    assert!(questions.is_idle());
    assert!(!submit(questions, 3, SHARED, &["m.get"]));
}

#[test]
fn without_an_answer_what_waits_goes_on_and_the_next_one_asks_again() {
    let questions = &mut Questions::default();
    assert!(submit(questions, 1, SHARED, &["m.get"]));
    assert!(ask(questions).is_some());
    hear(questions, Err(Error::new(ErrorKind::Disconnected, "lost")));
    assert_eq!(released(questions), [(1, SHARED)]);
    assert!(submit(questions, 2, SHARED, &["m.get"]));
}

#[test]
fn where_there_is_nobody_to_ask_who_was_asked_about_ends_with_that() {
    for kind in [ErrorKind::Connect, ErrorKind::Resolve, ErrorKind::Handshake, ErrorKind::Auth] {
        let (questions, mut out) = (&mut Questions::default(), Batch::default());
        assert!(submit(questions, 1, SHARED, &["m.get"]) && submit(questions, 2, SHARED, &[]));
        assert!(ask(questions).is_some());
        assert!(
            submit(questions, 3, SHARED, &["m.new", "m.get"]) && submit(questions, 4, SHARED, &["m.new"])
        );
        questions.hear(Err(Error::new(kind, "nobody there")), Instant::now(), &mut out);
        let ends = out.with_seqs().map(|(seq, Completion { token, error, .. })| {
            let error = error.unwrap();
            (token, seq, error.kind(), error.outcome())
        });
        let not_applied = Some(Outcome::NotApplied);
        assert!(ends.eq([(1, 101, kind, not_applied), (3, 103, kind, not_applied)]));
        assert_eq!(released(questions), [(2, SHARED)]);
        assert_eq!(ask(questions), Some("COMMAND INFO M.NEW".to_owned()));
    }
}

#[test]
fn whose_time_is_up_ends_with_the_reason_and_the_others_ask_again() {
    let questions = &mut Questions::default();
    let (now, mut out) = (Instant::now(), Batch::default());
    let soon = Deadline::after(now, Some(Duration::from_secs(1)));
    questions.park(submission(1, SHARED, &["m.get"], soon), vec![b'x'; 10]);
    questions.park(submission(2, SHARED, &["m.get"], Deadline::never()), vec![b'x'; 10]);
    assert!(ask(questions).is_some());
    let then = now + Duration::from_secs(1);
    assert!(!questions.next_step().has_passed(now) && questions.next_step().has_passed(then));
    questions.hear(Err(Error::new(ErrorKind::Connect, "nobody there")), then, &mut out);
    let (seq, completion) = out.with_seqs().next().unwrap();
    let error = completion.error.unwrap();
    assert_eq!((out.len(), seq, completion.token), (1, 101, 1));
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Some(Outcome::NotApplied)));
    assert_eq!(released(questions), []);
    assert_eq!(ask(questions), Some("COMMAND INFO M.GET".to_owned()));
    questions.close(&Error::new(ErrorKind::Closed, "closed"), &mut out);
    assert!(out.len() == 2 && questions.is_idle() && questions.bytes() == 0);
}

#[test]
fn a_long_line_costs_each_of_its_submissions_little() {
    const COUNT: u64 = 50_000;
    let (start, spent) = (Instant::now(), processor_time());
    let deadline = Deadline::after(start, Some(Duration::from_secs(1000)));
    let (questions, mut out) = (&mut Questions::default(), Batch::default());
    for token in 0..COUNT {
        let (route, names): (_, &[_]) = match token {
            0..25_000 => (Route::Any, &["m.get"]),
            25_000 => (SHARED, &["m.set"]),
            _ => (Route::Shared(token as usize % 2), &[]),
        };
        let mut new = submission(token, route, names, deadline);
        if questions.holds(&mut new) {
            questions.park(new, vec![b'x'; 10]);
        }
        // As in each turn.
        assert_eq!((questions.release().is_some(), questions.ask().is_some()), (false, token == 0));
        questions.expire(start, &Error::new(ErrorKind::Timeout, "late"), &mut out);
        assert!(!questions.next_step().has_passed(start) && out.is_empty());
    }
    assert_eq!((questions.load(), questions.bytes()), ((37_500, 1), 375_000));
    // From neither end.
    for token in (0..COUNT).filter(|token| token % 4 == 2) {
        assert_eq!((questions.cancel(token), questions.cancel(token)), (Some(token + 100), None));
    }
    hear(questions, answer(&[false]));
    assert_eq!((released(questions).len(), questions.load()), (18_750, (6_250, 0)));
    let spent = processor_time() - spent;
    assert!(spent < Duration::from_secs(5), "{spent:?}");
}

/// What this thread has had of the processors, however busy they are: `utime` in proc_pid_stat(5), in hundredths of a second.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    Duration::from_millis(10 * fields.split(' ').nth(11).unwrap().parse::<u64>().unwrap())
}

#[test]
fn of_several_with_the_same_token_the_first_is_cancelled_first() {
    let questions = &mut Questions::default();
    for (token, seq) in [(2, 1), (1, 2), (1, 3)] {
        let mut submission = submission(token, SHARED, &["m.get"], Deadline::never());
        submission.request.seq = seq;
        questions.park(submission, Vec::new());
    }
    assert_eq!([(); 3].map(|()| questions.cancel(1)), [Some(2), Some(3), None]);
    assert_eq!(questions.load(), (1, 0));
}
