//! What a request is in the model.

use std::time::{Duration, Instant};

use super::super::{Error, ErrorKind, Progress};
use crate::command::Blocking;
use crate::proto::request::Form;
use crate::resp::ReplyBuilder;

/// What a request is in the model.
pub(super) struct Asked {
    pub(super) token: u64,
    pub(super) form: Form,
    pub(super) bytes: Vec<u8>,
    /// Where its commands end.
    pub(super) ends: Vec<usize>,
    /// The number of its first command; the others count on.
    pub(super) first: u64,
    pub(super) is_read: bool,
    pub(super) deadline: Option<Instant>,
    pub(super) blocking: Option<Blocking>,
    pub(super) has_begun_once: bool,
    pub(super) place: Place,
    /// Bytes that have left over this connection.
    pub(super) sent: usize,
    /// Replies that have come whole over this connection.
    pub(super) answered: usize,
    /// Those of its replies, on the wire or not, that say that the server ends this connection, by their number among them.
    pub(super) last_words: Vec<usize>,
    /// It was answered before it had left.
    pub(super) is_early: bool,
    /// Its last reply was sent before it had left, and is no error.
    pub(super) ends_wrongly: bool,
    /// Its submitter waits for it.
    pub(super) is_open: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Waiting,
    Begun,
    Deferred,
    Gone,
}

impl Asked {
    pub(super) fn own(&self) -> u64 {
        match self.form {
            Form::Transaction => self.ends.len() as u64 - 2,
            _ => self.ends.len() as u64,
        }
    }

    /// Commands that have left whole.
    pub(super) fn left(&self) -> usize {
        self.ends.iter().filter(|end| **end <= self.sent).count()
    }

    /// The server may have carried something of it out.
    pub(super) fn may_be_applied(&self) -> bool {
        match self.form {
            Form::Transaction => self.left() == self.ends.len(),
            _ => self.left() > 0,
        }
    }

    /// The server ends the connection because of it, as far as so many replies tell.
    pub(super) fn is_condemned(&self, replied: usize) -> bool {
        self.last_words.contains(&replied)
    }

    /// Whether the error has the server's reason where it gave one, and never what it said of another.
    pub(super) fn is_told_why(&self, error: &Error, replied: usize) -> bool {
        let Some((_, reason)) = error.message().split_once("the server ended the connection: ") else {
            return !self.is_condemned(replied) || error.kind() == ErrorKind::Closed;
        };
        error.kind() == ErrorKind::Protocol && last_number(reason) == Some(self.first + replied as u64 - 1)
    }

    /// Nothing of it has left.
    pub(super) fn start_over(&mut self) {
        (self.sent, self.answered) = (0, 0);
        self.last_words.clear();
        self.ends_wrongly = false;
    }

    pub(super) fn given_up(&self, replied: usize) -> Progress {
        let (all, replied) = (self.own(), replied as u64);
        match (self.place, self.form) {
            (Place::Begun, Form::Transaction) => Progress { unknown: all, ..Progress::default() },
            (Place::Begun, _) => Progress { replied, unknown: all - replied, not_applied: 0 },
            _ => Progress { not_applied: all, ..Progress::default() },
        }
    }

    pub(super) fn cut_off(&self, replied: usize) -> Progress {
        if self.form == Form::Transaction {
            return match self.may_be_applied() && !self.is_condemned(replied) {
                true => Progress { unknown: self.own(), ..Progress::default() },
                false => Progress { not_applied: self.own(), ..Progress::default() },
            };
        }
        let (replied, left) = (replied as u64, self.left().max(replied) as u64);
        Progress { replied, unknown: left - replied, not_applied: self.own() - left }
    }

    /// So many of these bytes are its own, and leave.
    pub(super) fn send(&mut self, bytes: usize) -> usize {
        let count = bytes.min(self.bytes.len() - self.sent);
        self.sent += count;
        count
    }

    pub(super) fn has_passed(&self, now: Instant) -> bool {
        let Some(deadline) = self.deadline else { return false };
        let extra = match self.blocking.filter(|_| self.has_begun_once) {
            None => Duration::ZERO,
            Some(Blocking::For(time)) => time,
            Some(Blocking::Forever) => return false,
        };
        deadline + extra <= now
    }
}

pub(super) fn check_numbers(asked: &Asked, replies: ReplyBuilder, commands: usize) {
    let replies = replies.finish();
    assert_eq!(replies.root().len(), commands);
    for (index, reply) in replies.root().children().enumerate() {
        let own = asked.first + index as u64;
        let number = match reply.error() {
            Some(text) => last_number(std::str::from_utf8(text).unwrap_or_default()),
            None => reply.as_int().or_else(|| reply.get(0)?.as_int()).map(|number| number as u64),
        };
        assert_eq!(number, Some(own), "somebody else's reply");
    }
}

fn last_number(text: &str) -> Option<u64> {
    text.rsplit(' ').next()?.parse().ok()
}

pub(super) fn sum(progress: Progress) -> u64 {
    progress.replied + progress.unknown + progress.not_applied
}
