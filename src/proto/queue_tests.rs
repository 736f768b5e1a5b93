use super::super::request::Form;
use super::*;
use crate::resp::encode_command;

fn push_until(queue: &mut Queue, token: u64, form: Form, commands: &[&[&str]], deadline: Deadline) -> usize {
    let before = queue.bytes.len();
    let request = Request::new(token, form, commands.len() as u32, deadline);
    queue.push(request, |out| commands.iter().for_each(|args| encode_command(out, args)));
    queue.bytes.len() - before
}

fn push(queue: &mut Queue, token: u64, form: Form, commands: &[&[&str]]) -> usize {
    push_until(queue, token, form, commands, Deadline::never())
}

fn get(queue: &mut Queue, token: u64) -> usize {
    push(queue, token, Form::Command, &[&["GET", &token.to_string()]])
}

/// Whether the server can have seen the command that it answers.
fn count_reply(queue: &mut Queue) -> bool {
    let (has_left, _) = queue.count_reply();
    has_left || queue.front_is_answered_in_time()
}

fn text(queue: &mut Queue) -> String {
    String::from_utf8(queue.unsent().to_vec()).unwrap()
}

fn abandon(queue: &mut Queue, token: u64) -> Progress {
    queue.abandon(token).unwrap().progress
}

fn tokens(queue: &mut Queue) -> Vec<u64> {
    std::iter::from_fn(|| queue.answering().is_some().then(|| queue.pop_front()))
        .map(|request| request.token)
        .collect()
}

#[test]
fn what_has_not_begun_to_leave_can_be_taken_back_from_anywhere() {
    let mut queue = Queue::new();
    for token in 1..=4 {
        get(&mut queue, token);
    }
    let one = get(&mut Queue::new(), 1);
    queue.advance(one + 1, 0);
    assert_eq!(
        (queue.begun(), queue.in_flight(), queue.waiting()),
        (2, 2, 2),
        "the second has begun to leave"
    );
    assert_eq!(
        (queue.is_waiting(2), queue.is_waiting(3), queue.is_waiting(9)),
        (Some(false), Some(true), None)
    );
    assert_eq!(abandon(&mut queue, 3), Progress { not_applied: 1, ..Progress::default() });
    assert_eq!(abandon(&mut queue, 2), Progress { unknown: 1, ..Progress::default() });
    assert!(queue.abandon(2).is_none());
    assert!(text(&mut queue).ends_with("*2\r\n$3\r\nGET\r\n$1\r\n4\r\n"));
    assert!(!text(&mut queue).contains("\r\n3\r\n"));

    let rest = queue.unsent().len();
    queue.advance(rest, 0);
    assert_eq!(tokens(&mut queue), [1, 2, 4]);
    assert!(queue.is_empty() && queue.unsent().is_empty());
}

#[test]
fn no_token_names_a_question() {
    let mut queue = Queue::new();
    push(&mut queue, 7, Form::Question, &[&["COMMAND", "INFO", "X"]]);
    assert!(queue.abandon(7).is_none() && queue.is_waiting(7).is_none());
    get(&mut queue, 7);
    assert_eq!(queue.is_waiting(7), Some(true));
    assert_eq!(abandon(&mut queue, 7).not_applied, 1);
    assert!(text(&mut queue).contains("COMMAND") && !text(&mut queue).contains("GET"));
}

#[test]
fn what_is_taken_back_leaves_the_rest_in_order() {
    for (kept, backwards) in [(2, false), (2, true), (3, false), (7, true), (1000, false), (1000, true)] {
        let (mut queue, mut one_by_one) = (Queue::new(), Queue::new());
        for token in 1..=500 {
            get(&mut queue, token);
        }
        let first = get(&mut Queue::new(), 1);
        queue.advance(first, 0);
        let mut victims: Vec<u64> = (2..=500).filter(|token| token % kept != 0).collect();
        if backwards {
            victims.reverse();
        }
        for (number, token) in victims.iter().enumerate() {
            assert_eq!(abandon(&mut queue, *token), Progress { not_applied: 1, ..Progress::default() });
            assert!(queue.abandon(*token).is_none());
            assert_eq!(queue.waiting(), 499 - number - 1);
        }
        let rest: Vec<u64> = (2..=500).filter(|token| token % kept == 0).collect();
        for token in &rest {
            get(&mut one_by_one, *token);
        }
        assert_eq!((queue.begun(), queue.waiting()), (1, rest.len()));
        assert_eq!(queue.unsent_bytes(), one_by_one.unsent_bytes());
        assert_eq!(queue.all_bytes(), first + one_by_one.all_bytes());
        assert_eq!(text(&mut queue), text(&mut one_by_one));
        let left = queue.unsent_bytes();
        queue.advance(left, 0);
        assert_eq!(tokens(&mut queue)[1..], rest);
        assert!(queue.is_empty());
    }
}

#[test]
fn deadlines_pass_in_any_order() {
    let start = Instant::now();
    let at = |seconds| start + std::time::Duration::from_secs(seconds);
    let mut queue = Queue::new();
    let mut sent = 0;
    for (token, seconds) in [(1, 9), (2, 3), (3, 5), (4, 1), (5, 7)] {
        let size = push_until(&mut queue, token, Form::Command, &[&["GET", "k"]], Deadline::at(at(seconds)));
        sent += if token <= 2 { size } else { 0 };
    }
    queue.advance(sent, 0);
    let expire = |queue: &mut Queue, seconds| {
        let mut ended = Vec::new();
        queue.expire(at(seconds), |request, _, has_begun| ended.push((request.token, has_begun)));
        ended
    };
    assert_eq!(queue.next_step().remaining(start), Some(at(1) - start));
    assert_eq!(expire(&mut queue, 0), []);
    assert_eq!(expire(&mut queue, 4), [(2, true), (4, false)]);
    assert_eq!(queue.next_step().remaining(start), Some(at(5) - start));
    assert_eq!(expire(&mut queue, 9), [(1, true), (3, false), (5, false)]);
    assert_eq!((queue.begun(), queue.waiting()), (2, 0), "what has begun waits for its replies");
    assert!(queue.next_step().remaining(start).is_none() && queue.unsent().is_empty());
}

#[test]
fn a_command_that_waits_on_the_server_gets_that_time_when_it_begins_to_leave() {
    use crate::command::Blocking;
    let start = Instant::now();
    let second = std::time::Duration::from_secs(1);
    for (blocking, late) in [(Blocking::For(9 * second), Some(10 * second)), (Blocking::Forever, None)] {
        let mut queue = Queue::new();
        let mut request = Request::new(1, Form::Command, 1, Deadline::at(start + second));
        request.blocking = Some(blocking);
        queue.push(request, |out| encode_command(out, &["BLPOP", "k", "9"]));
        assert_eq!(queue.next_step().remaining(start), Some(second));
        queue.advance(1, 0);
        queue.expire(start + 2 * second, |_, _, _| panic!("its time has not come"));
        assert_eq!(queue.next_step().remaining(start), late);
    }
}

#[test]
fn what_was_refused_for_the_moment_leaves_again_when_it_is_due() {
    let start = Instant::now();
    let due = |millis| start + std::time::Duration::from_millis(millis);
    let mut queue = Queue::new();
    let sent: usize = (1..=3).map(|token| get(&mut queue, token)).sum();
    let whole = text(&mut queue);
    queue.advance(sent, 0);
    for (expected, millis) in [(1, 10), (2, 20), (3, 15)] {
        assert_eq!(queue.front_mut().token, expected);
        assert!(count_reply(&mut queue));
        queue.defer_front(due(millis));
    }
    assert_eq!((queue.begun(), queue.waiting(), queue.all_bytes(), queue.is_empty()), (0, 3, sent, false));
    assert_eq!(queue.next_step().remaining(start), Some(due(10) - start));
    queue.release(due(15));
    assert_eq!(queue.unsent_bytes(), whole.len() / 3);
    assert_eq!(abandon(&mut queue, 3), Progress { not_applied: 1, ..Progress::default() });
    queue.release(due(20));
    let left = queue.unsent().len();
    queue.advance(left, 0);
    assert_eq!(queue.front_mut().refusals, 1);
    assert_eq!(tokens(&mut queue), [1, 2], "in order, whatever the pauses");
}

#[test]
fn what_was_refused_for_the_moment_ends_at_its_deadline_and_does_not_leave_after_it() {
    let start = Instant::now();
    let at = |millis| start + std::time::Duration::from_millis(millis);
    let mut queue = Queue::new();
    let size = push_until(&mut queue, 1, Form::Command, &[&["GET", "a"]], Deadline::at(at(50)));
    queue.advance(size, 0);
    assert!(count_reply(&mut queue));
    queue.defer_front(at(10));
    let mut ended = Vec::new();
    // Whoever looks at the clock was busy meanwhile.
    queue.expire(at(60), |request, progress, has_begun| ended.push((request.token, progress, has_begun)));
    queue.release(at(60));
    assert_eq!(ended, [(1, Progress { not_applied: 1, ..Progress::default() }, false)]);
    assert!(queue.is_empty() && queue.unsent().is_empty());
}

#[test]
fn what_is_committed_cannot_be_taken_back_and_has_not_left_either() {
    let start = Instant::now();
    let due = start + std::time::Duration::from_secs(1);
    let mut queue = Queue::new();
    let [one, two] = [1, 2].map(|token| get(&mut queue, token));
    let three = push_until(&mut queue, 3, Form::Command, &[&["SET", "c", "3"]], Deadline::at(due));
    get(&mut queue, 4);
    let whole = text(&mut queue);
    // The first has left, and a part of the third is committed.
    queue.advance(one, two + 1);
    assert_eq!((queue.begun(), queue.waiting(), queue.in_flight(), queue.is_inside()), (3, 1, 3, true));
    let waits = [2, 3, 4].map(|token| queue.is_waiting(token).unwrap());
    assert_eq!(waits, [false, false, true]);
    assert_eq!(abandon(&mut queue, 2), Progress { unknown: 1, ..Progress::default() });
    assert_eq!(abandon(&mut queue, 4), Progress { not_applied: 1, ..Progress::default() });
    let mut ended = Vec::new();
    queue.expire(due, |request, progress, has_begun| ended.push((request.token, progress, has_begun)));
    assert_eq!(ended, [(3, Progress { unknown: 1, ..Progress::default() }, true)]);
    assert_eq!(text(&mut queue), whole[one..one + two + three], "to be offered again as it was");
    // A failed write says nothing of what was committed before.
    queue.advance(0, 0);
    assert_eq!(queue.begun(), 3);
    assert!(count_reply(&mut queue));
    queue.pop_front();
    assert!(!count_reply(&mut queue), "of the second nothing has left");
    queue.take_back_reply();

    let mut fates = Vec::new();
    queue.rewind(|request, _, fate| {
        fates.push((request.token, fate.not_applied));
        false
    });
    assert_eq!(fates, [(2, 1), (3, 1)], "a record that has not left cannot be read");
}

#[test]
fn a_reply_to_what_has_not_left_is_none() {
    let mut queue = Queue::new();
    let size = push(&mut queue, 1, Form::Pipeline, &[&["GET", "a"], &["GET", "b"]]);
    queue.advance(size - 1, 0);
    assert!(count_reply(&mut queue));
    assert!(!count_reply(&mut queue));
    queue.take_back_reply();
    queue.advance(1, 0);
    assert!(count_reply(&mut queue));
}

#[test]
fn after_a_lost_connection_only_what_may_be_sent_again_is() {
    let mut queue = Queue::new();
    let mut sent = 0;
    for token in 1..=3 {
        sent += get(&mut queue, token);
    }
    sent += push(&mut queue, 4, Form::Pipeline, &[&["SET", "k", "1"], &["SET", "k", "2"]]);
    let transaction: &[&[&str]] = &[&["MULTI"], &["INCR", "k"], &["EXEC"]];
    let size = push(&mut queue, 5, Form::Transaction, transaction);
    get(&mut queue, 6);
    queue.advance(sent + size - 1, 0);
    count_reply(&mut queue);
    queue.pop_front();
    abandon(&mut queue, 2);

    let mut settled = Vec::new();
    queue.rewind(|request, _, fate| {
        let keeps = fate.is_untouched() || request.token == 3;
        if !keeps {
            settled.push((request.token, fate.unknown, fate.not_applied));
        }
        keeps
    });
    assert_eq!(settled, [(2, 1, 0), (4, 2, 0)], "the abandoned one, and writes that may have been applied");
    assert!(text(&mut queue).starts_with("*2\r\n$3\r\nGET\r\n$1\r\n3\r\n*1\r\n$5\r\nMULTI"));
    assert!(text(&mut queue).ends_with("$1\r\n6\r\n"));
    assert_eq!((queue.begun(), queue.waiting()), (0, 3));
    let losses: Vec<_> =
        queue.requests.iter().map(|request| (request.losses, request.lonely_losses)).collect();
    assert_eq!(losses, [(1, 0), (1, 0), (0, 0)], "in company, and what never left does not count");
}

#[test]
fn replied_bytes_make_room_while_the_queue_never_empties() {
    let mut queue = Queue::new();
    let mut outstanding = 0;
    for token in 0..100_000 {
        outstanding += get(&mut queue, token);
        if token >= 10 {
            let bytes = queue.unsent().len();
            queue.advance(bytes, 0);
            let request = queue.pop_front();
            assert_eq!(request.token, token - 10);
            outstanding -= request.bytes;
        }
        assert_eq!(queue.all_bytes(), outstanding);
    }
    assert!(queue.bytes.len() < 3 * SLACK, "{}", queue.bytes.len());
}
