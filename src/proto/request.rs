//! What somebody asked for: one command or several, sent and answered together.

use crate::command::{Blocking, Effect, Replies};
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
    /// Whether the reply is kept; if not, only whether it was an error.
    pub(crate) keeps_reply: bool,
    /// Nobody waits for it any more: its replies are swallowed, so that nobody else's are shifted.
    pub(crate) abandoned: bool,
    /// Something of its replies is in the owner's hands, so that it cannot be sent again.
    pub(super) delivered: bool,
    /// With so many replies, the last of which said so, it is why the server ends the connection; or [`NEVER`].
    condemned_at: u32,
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
    /// One command that does something to the conversation. One that subscribes has a confirmation for each of its names, or an
    /// error; where it has no names, how many are awaited is known when the first comes.
    Special(Effect),
    Pipeline,
    /// A piece of a pipeline whose other pieces are requests of their own: what is lost of it is not sent again by itself.
    Portion,
    /// MULTI, the commands, EXEC.
    Transaction,
    /// A command of the owner's own, which no token names.
    Question,
    /// One command to which no reply comes.
    Silent,
}

impl Form {
    /// Of a single command with so many arguments, its name included, and the replies that are awaited.
    #[inline]
    pub(crate) fn of_single(effect: Option<Effect>, args: usize) -> (Self, u32) {
        match effect {
            None => (Self::Command, 1),
            Some(effect) if effect.is_subscription() => {
                (Self::Special(effect), u32::try_from(args - 1).unwrap_or(u32::MAX))
            }
            Some(effect) => (Self::Special(effect), 1),
        }
    }

    pub(crate) fn effect(self) -> Option<Effect> {
        match self {
            Self::Special(effect) => Some(effect),
            _ => None,
        }
    }

    pub(crate) fn is_subscription(self) -> bool {
        self.effect().is_some_and(Effect::is_subscription)
    }

    /// Whether the server says nothing to it or to what comes after it.
    pub(super) fn silences(self) -> bool {
        matches!(self, Self::Special(Effect::Replies(Replies::Off | Replies::Skip)))
    }

    /// Whether a refusal of its one command is a refusal of all of it.
    pub(super) fn is_single(self) -> bool {
        matches!(self, Self::Command | Self::Question | Self::Special(_)) && !self.is_subscription()
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
            keeps_reply: true,
            abandoned: false,
            delivered: false,
            condemned_at: NEVER,
            losses: 0,
            lonely_losses: 0,
            refusals: 0,
        }
    }

    /// The submitter's commands: without the frame of a transaction.
    pub(crate) fn own_commands(&self) -> u64 {
        match self.form {
            Form::Transaction => u64::from(self.commands) - 2,
            Form::Special(_) | Form::Silent => 1,
            Form::Command | Form::Pipeline | Form::Portion | Form::Question => u64::from(self.commands),
        }
    }

    /// Whether it is the submitter's, who calls it by this name.
    pub(super) fn is_called(&self, token: u64) -> bool {
        self.token == token && self.form != Form::Question
    }

    /// No reply to it will come.
    #[cold]
    pub(super) fn silence(&mut self) {
        (self.form, self.commands) = (Form::Silent, 0);
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

    /// Why a connection on which it is given up, begun or not, is of no use any more.
    pub(super) fn ends_connection(&self, has_begun: bool) -> Option<&'static str> {
        let is_counted_on = self.form == Form::Silent || self.form.silences();
        match has_begun {
            // Its reply may never come.
            true => self.blocking.map(|_| "a blocking command was given up"),
            false => is_counted_on
                .then_some("what others counted on was given up: which replies come, and which do not"),
        }
    }

    /// It begins to leave: from now on the server may take its time.
    pub(super) fn begin(&mut self) {
        match &mut self.blocking {
            None => {}
            // Once, however often it leaves.
            Some(Blocking::For(time)) => self.deadline = self.deadline.plus(std::mem::take(time)),
            Some(Blocking::Forever) => self.deadline = Deadline::never(),
        }
    }
}
