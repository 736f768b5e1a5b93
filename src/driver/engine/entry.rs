//! One submission on its way.

use std::time::{Duration, Instant};

use crate::command::Blocking;
use crate::transport::Deadline;

/// One command or pipeline between its submission and its last reply.
pub(crate) struct Entry {
    /// The submitter's name for it.
    pub(crate) token: u64,
    /// Its place among all submissions of its owner.
    pub(crate) seq: u64,
    pub(crate) deadline: Deadline,
    /// Encoded length.
    pub(crate) bytes: usize,
    /// Commands on the wire.
    pub(crate) commands: u32,
    /// Replies that have come for them.
    pub(crate) replied: u32,
    pub(crate) form: Form,
    /// Whether the reply is kept; if not, only whether it was an error.
    pub(crate) keeps_reply: bool,
    /// Nobody waits for it any more: its replies are swallowed, so that nobody else's are shifted.
    pub(crate) abandoned: bool,
}

/// What the commands of an entry are together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Command,
    Pipeline,
    /// MULTI, the commands, EXEC.
    Transaction,
}

impl Entry {
    /// The submitter's commands: without the frame of a transaction.
    pub(super) fn own_commands(&self) -> u64 {
        match self.form {
            Form::Transaction => u64::from(self.commands) - 2,
            Form::Command | Form::Pipeline => u64::from(self.commands),
        }
    }
}

/// When a submission made `now` has to be complete: a blocking one gets the time that it may wait on the server on top.
pub(crate) fn deadline_of(blocking: Option<Blocking>, timeout: Option<Duration>, now: Instant) -> Deadline {
    let timeout = match blocking {
        None => timeout,
        Some(Blocking::Forever) => None,
        Some(Blocking::For(time)) => timeout.and_then(|timeout| timeout.checked_add(time)),
    };
    Deadline::after(now, timeout)
}
