//! What a scenario sees of a client, whichever of the three it is.

use std::time::Duration;

use oxipipe::{Error, Outcome, Pool, Reply};

use crate::support::pace::Took;

/// The three of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Blocking,
    EventLoop,
    Pool,
}

pub(crate) const KINDS: [Kind; 3] = [Kind::Blocking, Kind::EventLoop, Kind::Pool];

/// Calls that were started, by number.
pub(crate) type Ticket = u64;

pub(crate) trait Driver {
    /// Starts a call. A refusal is its end, too.
    fn start(&mut self, call: Call) -> Ticket;
    /// Lets the client work, for about so long, or until something has ended.
    fn pump(&mut self, at_most: Duration);
    /// How a call ended, once it has; only once.
    fn take(&mut self, ticket: Ticket) -> Option<Ended>;
    /// Takes the caller away from a call: what became of its commands. `None` if it had ended.
    fn cancel(&mut self, ticket: Ticket) -> Option<Outcome>;
    /// For good, at once.
    fn close(&mut self);
    /// Without another thread, for a process that has only one.
    fn here(&mut self, call: Call) -> End;
    /// An atomic pipeline that a full pool refuses first.
    fn after_refusal(&mut self, full: &Pool, lines: &[&str]) -> End;
    /// So many calls have failed since this was last asked, for a driver that counts.
    fn failures(&mut self) -> Option<u64>;
}

/// One call: a command or a pipeline.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) form: Form,
    pub(crate) commands: Vec<Vec<Vec<u8>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Command,
    Pipeline,
    Atomic,
}

/// What a call came to.
pub(crate) enum End {
    /// The server's answer, and the text of the error that it counts as, if it does.
    Reply(Reply, Option<Vec<u8>>),
    Failed(Error),
    /// Nothing, as long as anybody waited.
    Never,
    Panicked,
}

pub(crate) struct Ended {
    pub(crate) end: End,
    pub(crate) took: Took,
}

impl Call {
    /// Of words with spaces between; `@n` stands for a value of n bytes, `~` for a space within a word.
    pub(crate) fn command(line: &str) -> Self {
        Self { form: Form::Command, commands: vec![words(line)] }
    }

    pub(crate) fn pipeline(lines: &[&str]) -> Self {
        Self { form: Form::Pipeline, commands: lines.iter().map(|line| words(line)).collect() }
    }

    pub(crate) fn atomic(lines: &[&str]) -> Self {
        Self { form: Form::Atomic, ..Self::pipeline(lines) }
    }
}

fn words(line: &str) -> Vec<Vec<u8>> {
    let word = |word: &str| match word.strip_prefix('@').and_then(|digits| digits.parse().ok()) {
        Some(len) => vec![b'x'; len],
        None => word.replace('~', " ").into_bytes(),
    };
    line.split(' ').map(word).collect()
}

impl End {
    pub(crate) fn of(form: Form, result: Result<Reply, Error>) -> Self {
        match result {
            Ok(reply) => {
                let error = server_error(form, &reply);
                Self::Reply(reply, error)
            }
            Err(error) => Self::Failed(error),
        }
    }
}

/// The error that a reply is, or the first one of a pipeline's replies.
pub(crate) fn server_error(form: Form, reply: &Reply) -> Option<Vec<u8>> {
    let root = reply.root();
    let error = match form {
        Form::Command => root.error(),
        _ => root.children().find_map(|child| child.error()),
    };
    error.map(<[u8]>::to_vec)
}
