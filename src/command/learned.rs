//! What the server says about commands that are not in the table: those of modules, and of servers newer than the table.

use std::collections::{BTreeSet, HashMap};

use crate::resp::{self, Kind, Value};

/// The name of a command that the table does not know, in upper case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Stranger(Box<[u8]>);

/// Which of them block, as far as the server has been asked.
#[derive(Default)]
pub(crate) struct Learned(Answers);

/// What the server is asked: `COMMAND INFO` with these names.
#[derive(Default)]
pub(crate) struct Question(BTreeSet<Stranger>);

/// For each of some commands whether it blocks.
pub(crate) type Answers = HashMap<Stranger, bool>;

/// Programs use few names; one that makes them up must not fill the memory, nor ask about all of them at once.
const LIMIT: usize = 1000;

impl Stranger {
    pub(crate) fn new(name: &[u8]) -> Self {
        Self(name.to_ascii_uppercase().into())
    }
}

impl Learned {
    pub(crate) fn recall(&self, name: &Stranger) -> Option<bool> {
        self.0.get(name).copied()
    }

    pub(crate) fn keep(&mut self, answers: Answers) {
        let room = LIMIT.saturating_sub(self.0.len());
        self.0.extend(answers.into_iter().take(room));
    }
}

impl Question {
    pub(crate) fn about<'a>(names: impl Iterator<Item = &'a Stranger>) -> Self {
        Self(names.take(LIMIT).cloned().collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let names = self.0.iter().map(|Stranger(name)| &**name);
        let args: Vec<_> = [&b"COMMAND"[..], b"INFO"].into_iter().chain(names).collect();
        resp::encode_command(out, &args);
    }

    /// What the server's reply says. No answer counts as no, and so does an error: the server may not tell everybody.
    pub(crate) fn answers(self, reply: Option<Value<'_>>) -> Answers {
        let of = |index| reply.and_then(|reply| reply.get(index)).is_some_and(flags_say_blocking);
        self.0.into_iter().enumerate().map(|(index, name)| (name, of(index))).collect()
    }
}

/// The server describes each command by an array that has the flags in the third place, or by null if it does not know it.
fn flags_say_blocking(command: Value<'_>) -> bool {
    let Some(flags) = command.get(2) else { return false };
    matches!(flags.kind(), Kind::Array | Kind::Set)
        && flags.children().any(|flag| flag.bytes() == Some(b"blocking"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::{Limits, Parser, Reply, ReplyBuilder};

    fn parsed(wire: &str) -> Reply {
        let (mut pos, mut nodes, mut builder) = (0, Vec::new(), ReplyBuilder::new());
        Parser::new(Limits::default()).parse(wire.as_bytes(), &mut pos, &mut nodes).unwrap();
        builder.append(&nodes, wire.as_bytes());
        builder.finish()
    }

    fn strangers(names: &[&str]) -> Vec<Stranger> {
        names.iter().map(|name| Stranger::new(name.as_bytes())).collect()
    }

    #[test]
    fn a_question_has_each_name_once_and_the_answers_fit_their_names() {
        let question = Question::about(strangers(&["m.pop", "M.GET", "M.Pop", "m.new"]).iter());
        let mut bytes = Vec::new();
        question.encode(&mut bytes);
        let args: Vec<_> = resp::encoded_commands(&bytes).flatten().collect();
        assert_eq!(args, [&b"COMMAND"[..], b"INFO", b"M.GET", b"M.NEW", b"M.POP"]);
        let reply = parsed(
            "*3\r\n*3\r\n+m.get\r\n:2\r\n*1\r\n+readonly\r\n*-1\r\n\
              *3\r\n+m.pop\r\n:2\r\n~2\r\n+write\r\n+blocking\r\n",
        );
        let answers = question.answers(Some(reply.root()));
        let of: Vec<_> = strangers(&["m.get", "m.new", "m.pop"]).iter().map(|name| answers[name]).collect();
        assert_eq!(of, [false, false, true]);
    }

    #[test]
    fn what_is_no_answer_is_a_no() {
        for reply in [
            "-NOPERM no\r\n",
            "+OK\r\n",
            "*0\r\n",
            "*1\r\n+blocking\r\n",
            "*1\r\n*3\r\n:1\r\n:2\r\n+blocking\r\n",
        ] {
            let reply = parsed(reply);
            let answers = Question::about(strangers(&["m.pop"]).iter()).answers(Some(reply.root()));
            assert_eq!(answers.into_values().collect::<Vec<_>>(), [false]);
        }
        assert_eq!(Question::about(strangers(&["a", "b"]).iter()).answers(None).len(), 2);
    }

    #[test]
    fn what_is_remembered_and_what_is_asked_at_once_has_a_bound() {
        let names: Vec<_> = (0..2 * LIMIT).map(|n| Stranger::new(n.to_string().as_bytes())).collect();
        let mut learned = Learned::default();
        for part in names.chunks(LIMIT) {
            let answers = Question::about(part.iter()).answers(None);
            assert_eq!(answers.len(), LIMIT);
            learned.keep(answers);
        }
        assert_eq!(learned.0.len(), LIMIT);
        assert_eq!(Question::about(names.iter()).answers(None).len(), LIMIT);
    }
}
