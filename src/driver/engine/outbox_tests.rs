use super::super::Form;
use super::*;
use crate::resp::encode_command;
use crate::transport::Deadline;

fn push(outbox: &mut Outbox, token: u64, form: Form, commands: &[&[&str]]) -> usize {
    let mut bytes = Vec::new();
    for args in commands {
        encode_command(&mut bytes, args);
    }
    let entry = Entry {
        token,
        seq: token,
        deadline: Deadline::never(),
        bytes: bytes.len(),
        commands: commands.len() as u32,
        replied: 0,
        form,
        keeps_reply: true,
        abandoned: false,
    };
    outbox.push(entry, &bytes);
    bytes.len()
}

fn get(outbox: &mut Outbox, token: u64) -> usize {
    push(outbox, token, Form::Command, &[&["GET", &token.to_string()]])
}

fn text(outbox: &mut Outbox) -> String {
    String::from_utf8(outbox.unsent().to_vec()).unwrap()
}

#[test]
fn what_has_not_begun_to_leave_can_be_taken_back_from_anywhere() {
    let mut outbox = Outbox::default();
    for token in 1..=4 {
        get(&mut outbox, token);
    }
    let one = get(&mut Outbox::default(), 1);
    assert_eq!(outbox.advance(one + 1), 2, "the second command has begun to leave");
    assert_eq!((outbox.begun(), outbox.waiting()), (2, 2));

    let third = outbox.position(3).unwrap();
    assert_eq!(outbox.abandon(third).0, Progress { not_applied: 1, ..Progress::default() });
    let second = outbox.position(2).unwrap();
    assert_eq!(outbox.abandon(second).0, Progress { unknown: 1, ..Progress::default() });
    assert_eq!(outbox.position(2), None);
    assert!(text(&mut outbox).ends_with("*2\r\n$3\r\nGET\r\n$1\r\n4\r\n"));
    assert!(!text(&mut outbox).contains("\r\n3\r\n"));

    let rest = outbox.unsent().len();
    assert_eq!(outbox.advance(rest), 1);
    let tokens: Vec<_> = std::iter::from_fn(|| outbox.pop_front()).map(|entry| entry.token).collect();
    assert_eq!(tokens, [1, 2, 4]);
    assert!(outbox.is_empty() && outbox.unsent().is_empty());
}

#[test]
fn what_is_taken_back_leaves_the_rest_in_order() {
    for (kept, backwards) in [(2, false), (2, true), (3, false), (7, true), (1000, false), (1000, true)] {
        let mut outbox = Outbox::default();
        let mut one_by_one = Outbox::default();
        for token in 1..=500 {
            get(&mut outbox, token);
        }
        let first = get(&mut Outbox::default(), 1);
        assert_eq!(outbox.advance(first), 1);
        let mut victims: Vec<u64> = (2..=500).filter(|token| token % kept != 0).collect();
        if backwards {
            victims.reverse();
        }
        for (number, token) in victims.iter().enumerate() {
            let index = outbox.position(*token).unwrap();
            assert_eq!(outbox.abandon(index).0, Progress { not_applied: 1, ..Progress::default() });
            assert_eq!(outbox.position(*token), None);
            assert_eq!(outbox.waiting(), 499 - number - 1);
        }
        let rest: Vec<u64> = (2..=500).filter(|token| token % kept == 0).collect();
        for token in &rest {
            get(&mut one_by_one, *token);
        }
        assert_eq!((outbox.begun(), outbox.waiting()), (1, rest.len()));
        assert_eq!(outbox.unsent_bytes(), one_by_one.unsent_bytes());
        assert_eq!(outbox.bytes(), first + one_by_one.bytes());
        assert_eq!(outbox.first_awaited().unwrap().1.token, 1);
        assert_eq!(text(&mut outbox), text(&mut one_by_one));
        let left = outbox.unsent_bytes();
        assert_eq!(outbox.advance(left), rest.len() as u64);
        let tokens: Vec<_> = std::iter::from_fn(|| outbox.pop_front()).map(|entry| entry.token).collect();
        assert_eq!(tokens[1..], rest);
        assert!(outbox.is_empty());
    }
}

#[test]
fn the_first_that_somebody_waits_for() {
    let mut outbox = Outbox::default();
    for token in 1..=4 {
        get(&mut outbox, token);
    }
    let sent = get(&mut Outbox::default(), 1) * 3;
    outbox.advance(sent);
    for token in [2, 1, 3, 4] {
        let index = outbox.position(token).unwrap();
        outbox.abandon(index);
        let expected =
            [Some(1), Some(3), Some(4), None][[2, 1, 3, 4].iter().position(|t| *t == token).unwrap()];
        assert_eq!(outbox.first_awaited().map(|(_, entry)| entry.token), expected);
    }
    get(&mut outbox, 5);
    assert_eq!(outbox.first_awaited().map(|(index, entry)| (index, entry.token)), Some((3, 5)));
    outbox.pop_front();
    assert_eq!(outbox.first_awaited().map(|(index, entry)| (index, entry.token)), Some((2, 5)));
    assert!(!outbox.is_empty());
}

#[test]
fn after_a_lost_connection_only_what_may_be_sent_again_is() {
    let mut outbox = Outbox::default();
    let mut sent = 0;
    for token in 1..=3 {
        sent += get(&mut outbox, token);
    }
    sent += push(&mut outbox, 4, Form::Pipeline, &[&["SET", "k", "1"], &["SET", "k", "2"]]);
    let transaction: &[&[&str]] = &[&["MULTI"], &["INCR", "k"], &["EXEC"]];
    let size = push(&mut outbox, 5, Form::Transaction, transaction);
    get(&mut outbox, 6);
    outbox.advance(sent + size - 1);
    outbox.front_mut().unwrap().replied = 1;
    outbox.pop_front();
    let second = outbox.position(2).unwrap();
    outbox.abandon(second);

    let mut settled = Vec::new();
    outbox.rewind(
        |entry, _, progress| progress.is_untouched() || entry.token == 3,
        |entry, progress| settled.push((entry.token, progress.unknown, progress.not_applied)),
    );
    assert_eq!(settled, [(2, 1, 0), (4, 2, 0)], "the abandoned one, and writes that may have been applied");
    assert!(text(&mut outbox).starts_with("*2\r\n$3\r\nGET\r\n$1\r\n3\r\n*1\r\n$5\r\nMULTI"));
    assert!(text(&mut outbox).ends_with("$1\r\n6\r\n"));
    assert_eq!((outbox.begun(), outbox.waiting()), (0, 3));
}

#[test]
fn replied_bytes_make_room_while_the_outbox_never_empties() {
    let mut outbox = Outbox::default();
    let mut outstanding = 0;
    for token in 0..100_000 {
        outstanding += get(&mut outbox, token);
        if token >= 10 {
            let bytes = outbox.unsent().len();
            outbox.advance(bytes);
            let entry = outbox.pop_front().unwrap();
            assert_eq!(entry.token, token - 10);
            outstanding -= entry.bytes;
        }
        assert_eq!(outbox.bytes(), outstanding);
    }
    assert!(outbox.bytes.len() < 3 * SLACK, "{}", outbox.bytes.len());
}
