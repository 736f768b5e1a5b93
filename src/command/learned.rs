//! What the server says about commands that are not in the table: those of modules, and of servers newer than the table.

use std::collections::{BTreeSet, HashMap};

use crate::error::{Error, ErrorKind};
use crate::resp::{self, Kind, Value};

/// The name of a command that the table does not know, in upper case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Stranger(Box<[u8]>);

/// Which of them block, as far as the server has said.
#[derive(Default)]
pub(crate) struct Learned(HashMap<Stranger, bool>);

/// What the server is asked: `COMMAND INFO` with these names.
#[derive(Default)]
pub(crate) struct Question(BTreeSet<Stranger>);

/// What is to be assumed of each of some commands now.
pub(crate) struct Answers(HashMap<Stranger, Answer>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// It blocks or not, and will the next time.
    Lasting(bool),
    /// Nothing was said of it that lasts. For those that wait now this is a no.
    Passing,
}

/// Programs use few names; one that makes them up must not fill the memory, nor ask about all of them at once.
const LIMIT: usize = 1000;

impl Stranger {
    pub(crate) fn new(name: &[u8]) -> Self {
        Self(name.to_ascii_uppercase().into())
    }

    /// Adds it to `names`, which are in order, unless it is there, or there are as many as can be asked about at once.
    pub(crate) fn join(self, names: &mut Vec<Self>) {
        if let Err(place) = names.binary_search(&self)
            && names.len() < LIMIT
        {
            names.insert(place, self);
        }
    }
}

impl Learned {
    pub(crate) fn recall(&self, name: &Stranger) -> Option<bool> {
        self.0.get(name).copied()
    }

    /// Keeps those that last.
    pub(crate) fn keep(&mut self, answers: Answers) {
        let room = LIMIT.saturating_sub(self.0.len());
        let lasting = answers.0.into_iter().filter_map(|(name, answer)| match answer {
            Answer::Lasting(blocks) => Some((name, blocks)),
            Answer::Passing => None,
        });
        self.0.extend(lasting.take(room));
    }
}

impl Answers {
    /// Whether this command is to be treated as one that blocks, if it was asked about.
    pub(crate) fn of(&self, name: &Stranger) -> Option<bool> {
        self.0.get(name).map(|&answer| answer == Answer::Lasting(true))
    }

    /// Whether one of them is.
    pub(crate) fn any_blocks(&self) -> bool {
        self.0.values().any(|&answer| answer == Answer::Lasting(true))
    }
}

impl Question {
    pub(crate) fn about<'a>(names: impl Iterator<Item = &'a Stranger>) -> Self {
        let mut question = BTreeSet::new();
        for name in names {
            if question.len() == LIMIT {
                break;
            }
            if !question.contains(name) {
                question.insert(name.clone());
            }
        }
        Self(question)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is about one of these.
    pub(crate) fn is_about(&self, names: &[Stranger]) -> bool {
        names.iter().any(|name| self.0.contains(name))
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let names = self.0.iter().map(|Stranger(name)| &**name);
        let args: Vec<_> = [&b"COMMAND"[..], b"INFO"].into_iter().chain(names).collect();
        resp::encode_command(out, &args);
    }

    /// What the server's reply says, or none that came.
    pub(crate) fn answers(self, reply: Option<Value<'_>>) -> Answers {
        let of = |index| match reply {
            Some(reply) if is_refused_for_good(reply) => Answer::Lasting(false),
            Some(reply) => reply.get(index).map_or(Answer::Passing, described),
            None => Answer::Passing,
        };
        Answers(self.0.into_iter().enumerate().map(|(index, name)| (name, of(index))).collect())
    }
}

/// The server describes each command by an array that has the flags in the third place, or by null if it does not know it. It
/// may know it later, when the module is there.
fn described(command: Value<'_>) -> Answer {
    match command.get(2) {
        Some(flags) if matches!(flags.kind(), Kind::Array | Kind::Set) => {
            Answer::Lasting(flags.children().any(|flag| flag.bytes() == Some(b"blocking")))
        }
        _ => Answer::Passing,
    }
}

/// Whether the server never tells this client: it must not know, or there is no such question in an old server, in a proxy, or
/// under that name. Other errors, such as BUSY, are of the moment.
fn is_refused_for_good(reply: Value<'_>) -> bool {
    let Some(text) = reply.bytes().filter(|_| reply.kind() == Kind::Error) else { return false };
    let text = text.to_ascii_lowercase();
    let says = |words: &[u8]| text.windows(words.len()).any(|part| part == words);
    text.starts_with(b"noperm ")
        || says(b"unknown command")
        || says(b"unknown subcommand")
        || says(b"unsupported command")
}

/// Whether a question failed for want of a connection, so that the commands that it is about fail likewise. After other failures
/// they are sent all the same: a server may hang up over the question alone.
pub(crate) fn had_no_connection(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Resolve | ErrorKind::Connect | ErrorKind::Handshake | ErrorKind::Auth)
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

    fn strangers<const N: usize>(names: &[&str; N]) -> [Stranger; N] {
        names.map(|name| Stranger::new(name.as_bytes()))
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
        let names = strangers(&["m.get", "m.new", "m.pop", "m.other"]);
        assert_eq!(
            names.each_ref().map(|name| answers.of(name)),
            [Some(false), Some(false), Some(true), None]
        );
        assert!(answers.any_blocks());
        let mut learned = Learned::default();
        learned.keep(answers);
        // What the server does not know is not kept.
        assert_eq!(names.map(|name| learned.recall(&name)), [Some(false), None, Some(true), None]);
    }

    /// Whether such a reply is kept; it is a no in any case.
    fn is_kept(reply: &str) -> bool {
        let [name] = strangers(&["m.pop"]);
        let reply = parsed(reply);
        let answers = Question::about([&name].into_iter()).answers(Some(reply.root()));
        assert!(answers.of(&name) == Some(false) && !answers.any_blocks());
        let mut learned = Learned::default();
        learned.keep(answers);
        learned.recall(&name).is_some()
    }

    #[test]
    fn what_is_no_answer_is_a_no_and_is_kept_only_if_it_lasts() {
        for reply in [
            "-NOPERM no\r\n",
            "-ERR unknown command 'COMMAND'\r\n",
            "-ERR Unknown subcommand or wrong number of arguments for 'INFO'. Try COMMAND HELP.\r\n",
            "-unsupported command 'command'\r\n",
            "!23\r\nERR unknown command 'X'\r\n",
        ] {
            assert!(is_kept(reply), "{reply}");
        }
        for reply in [
            "-BUSY Redis is busy running a script.\r\n",
            "-LOADING Redis is loading the dataset in memory\r\n",
            "-ERR connection refused\r\n",
            "+OK\r\n",
            "+unknown command\r\n",
            "*0\r\n",
            "*1\r\n_\r\n",
            "*1\r\n+blocking\r\n",
            "*1\r\n*3\r\n:1\r\n:2\r\n+blocking\r\n",
        ] {
            assert!(!is_kept(reply), "{reply}");
        }
        let [name] = strangers(&["m.pop"]);
        assert_eq!(Question::about([&name].into_iter()).answers(None).of(&name), Some(false));
    }

    #[test]
    fn what_is_remembered_and_what_is_asked_at_once_has_a_bound() {
        let names: Vec<_> = (0..2 * LIMIT).map(|n| Stranger::new(n.to_string().as_bytes())).collect();
        let refused = parsed("-NOPERM no\r\n");
        let mut learned = Learned::default();
        for part in names.chunks(LIMIT) {
            let answers = Question::about(part.iter()).answers(Some(refused.root()));
            assert_eq!(answers.0.len(), LIMIT);
            learned.keep(answers);
        }
        assert_eq!(learned.0.len(), LIMIT);
        let again = || names.iter().flat_map(|name| [name; 3]);
        assert_eq!(Question::about(again()).0.len(), LIMIT);
        let mut gathered = Vec::new();
        again().for_each(|name| name.clone().join(&mut gathered));
        assert!(gathered.len() == LIMIT && Question::about(gathered.iter()).0.len() == LIMIT);
    }
}
