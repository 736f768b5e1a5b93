//! What somebody asked for: one command or several, sent and answered together.

use crate::command::{Blocking, Effect};
use crate::deadline::Deadline;

/// One entry of the queue, between its submission and its last reply.
pub(crate) struct Request {
    /// The owner's name for it.
    pub(crate) token: u64,
    /// Its place among all submissions of the owner, where the owner numbers them.
    pub(crate) seq: u64,
    /// When it has to be complete. A command that waits on the server gets that time on top when it begins to leave.
    pub(crate) deadline: Deadline,
    /// How long the server may hold back the reply.
    pub(crate) blocking: Option<Blocking>,
    /// Encoded length.
    pub(crate) bytes: usize,
    /// Replies that are awaited: one for each command on the wire, of others than that see [`Form`].
    pub(crate) commands: u32,
    /// Replies that have come for them.
    pub(crate) replied: u32,
    /// Of these, how many its owner has got. The others are on their way there, or there is no memory for them.
    pub(super) handed_on: u32,
    pub(crate) form: Form,
    pub(crate) effect: Effect,
    /// Whether the reply is kept; if not, only whether it was an error.
    pub(crate) keeps_reply: bool,
    /// Nobody waits for it any more: its replies are swallowed, so that nobody else's are shifted.
    pub(crate) abandoned: bool,
    /// Something of its replies is in the owner's hands, so that it cannot be sent again.
    pub(super) delivered: bool,
    /// With so many replies, the last of which said so, it is why the server ends the connection; or [`NEVER`].
    condemned_at: u32,
    /// Its deadline has the time on the server in it.
    pub(super) extended: bool,
    /// Connections that were lost while it was under way.
    pub(super) losses: u8,
    /// Of these, the last ones in a row on which nothing else was.
    pub(super) lonely_losses: u8,
    /// Times that the server asked for patience.
    pub(super) refusals: u8,
}

/// What the commands of a request are together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Command,
    Pipeline,
    /// A piece of a pipeline whose other pieces are requests of their own: what is lost of it is not sent again by itself.
    Portion,
    /// MULTI, the commands, EXEC.
    Transaction,
    /// A command of the owner's own, which no token names.
    Question,
    /// One command with a confirmation for each of its names, or an error. Where it has none, how many are awaited is known when
    /// the first comes.
    Subscription,
    /// One command to which no reply comes.
    Silent,
}

impl Form {
    /// Of a single command with so many arguments, its name included, and the replies that are awaited.
    #[inline]
    pub(crate) fn of_single(effect: Effect, args: usize) -> (Self, u32) {
        match effect.is_subscription() {
            false => (Self::Command, 1),
            true => (Self::Subscription, u32::try_from(args - 1).unwrap_or(u32::MAX)),
        }
    }
}

/// More replies than any request has. Not an `Option`: compared as a whole, it makes valgrind complain of what `None` leaves
/// undefined.
const NEVER: u32 = u32::MAX;

impl Request {
    /// A request of which nothing has happened yet.
    pub(crate) fn new(token: u64, form: Form, commands: u32, deadline: Deadline) -> Self {
        Self {
            token,
            seq: 0,
            deadline,
            blocking: None,
            bytes: 0,
            commands,
            replied: 0,
            handed_on: 0,
            form,
            effect: Effect::None,
            keeps_reply: true,
            abandoned: false,
            delivered: false,
            condemned_at: NEVER,
            extended: false,
            losses: 0,
            lonely_losses: 0,
            refusals: 0,
        }
    }

    /// The submitter's commands: without the frame of a transaction.
    pub(crate) fn own_commands(&self) -> u64 {
        match self.form {
            Form::Transaction => u64::from(self.commands) - 2,
            Form::Subscription | Form::Silent => 1,
            Form::Command | Form::Pipeline | Form::Portion | Form::Question => u64::from(self.commands),
        }
    }

    /// Whether it is the submitter's, who calls it by this name.
    pub(super) fn is_called(&self, token: u64) -> bool {
        self.token == token && self.form != Form::Question
    }

    /// Whether a refusal of its one command is a refusal of all of it.
    pub(super) fn is_single(&self) -> bool {
        matches!(self.form, Form::Command | Form::Question)
    }

    /// The server ends the connection because of it. A further reply says that it does not.
    pub(super) fn is_condemned(&self) -> bool {
        self.condemned_at == self.replied
    }

    pub(super) fn condemn(&mut self) {
        self.condemned_at = self.replied;
    }

    /// It is to be sent again, and nothing that was said about it counts.
    pub(super) fn start_over(&mut self) {
        (self.replied, self.handed_on, self.condemned_at) = (0, 0, NEVER);
    }

    /// Whether its reply may never come, so that a connection on which it is given up is of no use any more.
    pub(super) fn may_block(&self) -> bool {
        self.blocking.is_some()
    }

    /// It begins to leave: from now on the server may take its time.
    pub(super) fn begin(&mut self) {
        if let Some(blocking) = self.blocking
            && !std::mem::replace(&mut self.extended, true)
        {
            self.deadline = match blocking {
                Blocking::For(time) => self.deadline.plus(time),
                Blocking::Forever => Deadline::never(),
            };
        }
    }
}
