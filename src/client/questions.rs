//! What a client asks its server before it sends commands that the table does not know.

use std::time::Instant;

use crate::command::{Learned, Question, Stranger, had_no_connection};
use crate::driver::blocking::{Collected, Link, Work};
use crate::error::{Error, ErrorKind, Outcome, Progress, Result};
use crate::proto::Form;
use crate::resp::Reply;
use crate::sync::{Mutex, lock};
use crate::transport::fork::PerProcess;

/// Asks once per name.
pub(super) struct Questions(PerProcess<Mutex<Learned>>);

impl Questions {
    pub(super) fn new() -> Self {
        Self(PerProcess::new(Mutex::default()))
    }

    /// What has been said before.
    pub(super) fn recall(&self, name: &Stranger) -> Option<bool> {
        lock(self.0.get(Mutex::default)).0.recall(name)
    }

    /// Whether the server may hold back the reply to one of these commands. Asks over `link` about those that were never asked
    /// about, within the time of a call that began at `start`. A question that got lost counts as answered with no, and the next
    /// call asks again.
    ///
    /// # Errors
    /// There is no connection for the call either, or the caller is not to wait any longer.
    #[cold]
    pub(super) fn blocks(&self, names: &[Stranger], link: &Link, start: Instant) -> Result<bool> {
        let blocks = names.iter().any(|name| self.recall(name) == Some(true));
        let question = Question::about(names.iter().filter(|name| self.recall(name).is_none()));
        if blocks || question.is_empty() {
            return Ok(blocks);
        }
        let reply = match ask(&question, link, start) {
            Ok(reply) => Some(reply),
            Err(error) if had_no_connection(&error) || is_callers(&error) => {
                // The question is not the caller's command, of which nothing has left.
                return Err(error.with_progress(Progress::default()).with_outcome(Outcome::NotApplied));
            }
            Err(_) => None,
        };
        let answers = question.answers(reply.as_ref().map(Reply::root));
        let blocks = answers.any_blocks();
        lock(self.0.get(Mutex::default)).0.keep(answers);
        Ok(blocks)
    }
}

/// Whether it is the caller's time, hook or client that ended the question.
fn is_callers(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Interrupted | ErrorKind::Closed | ErrorKind::Busy)
}

fn ask(question: &Question, link: &Link, start: Instant) -> Result<Reply> {
    let write = &|out: &mut Vec<u8>| question.encode(out);
    let work = Work { form: Form::Command, commands: 1, write, blocking: None, start };
    let mut reply = Collected::reply();
    let result = link.call(&work, &mut reply);
    reply.finish(result)
}
