//! Where a caller's replies go.

use crate::error::{Error, Result};
use crate::resp::{Kind, Node, OutOfMemory, Reply, ReplyBuilder};

/// Takes replies as they arrive: whole nodes in preorder and the bytes that their strings lie in.
pub(crate) trait Sink {
    /// Takes a part; false to stop.
    fn part(&mut self, nodes: &[Node], bytes: &[u8]) -> bool;

    /// Whether it could begin again: what has left its hands cannot be taken back.
    fn can_begin_again(&self) -> bool;

    /// What came so far is void; it comes again.
    fn begin_again(&mut self);

    /// Nothing has come, and to the one command there will be several replies, or an error.
    fn expect_confirmations(&mut self) {}
}

/// Hands parts on to a function.
pub(crate) struct Streamed<'a>(pub(crate) &'a mut dyn FnMut(&[Node], &[u8]) -> bool);

impl Sink for Streamed<'_> {
    fn part(&mut self, nodes: &[Node], bytes: &[u8]) -> bool {
        (self.0)(nodes, bytes)
    }

    fn can_begin_again(&self) -> bool {
        false
    }

    fn begin_again(&mut self) {
        unreachable!("what was handed on cannot be taken back");
    }
}

/// Keeps everything until the call is over.
pub(crate) struct Collected {
    new: fn() -> ReplyBuilder,
    replies: ReplyBuilder,
    kept: Result<(), OutOfMemory>,
    /// An error stands for all replies.
    is_one_command: bool,
}

impl Collected {
    /// For the reply to one command.
    pub(crate) fn reply() -> Self {
        Self::with(ReplyBuilder::new)
    }

    /// For those of a pipeline, as one array.
    pub(crate) fn replies() -> Self {
        Self::with(ReplyBuilder::with_root_array)
    }

    fn with(new: fn() -> ReplyBuilder) -> Self {
        Self { new, replies: new(), kept: Ok(()), is_one_command: false }
    }

    /// The reply of a call that ended with `result`. A want of memory for it is the call's failure.
    pub(crate) fn finish(self, result: Result<()>) -> Result<Reply> {
        if self.is_one_command {
            return self.finish_confirmations(result);
        }
        match (self.kept, result) {
            (Err(no_memory), Err(error)) => {
                Err(Error::from(no_memory).with_progress(error.progress().unwrap_or_default()))
            }
            (_, result) => result.map(|()| self.replies.finish()),
        }
    }

    /// As one array, or the error alone that took their place.
    #[cold]
    fn finish_confirmations(mut self, result: Result<()>) -> Result<Reply> {
        self.is_one_command = false;
        let reply = self.finish(result)?;
        let Some(error) = reply.root().get(0).filter(|first| first.kind() == Kind::Error) else {
            return Ok(reply);
        };
        let mut alone = ReplyBuilder::new();
        alone.append(&[error.node()], reply.bytes());
        Ok(alone.finish())
    }
}

impl Sink for Collected {
    fn part(&mut self, nodes: &[Node], bytes: &[u8]) -> bool {
        self.kept = self.replies.try_append(nodes, bytes);
        self.kept.is_ok()
    }

    fn can_begin_again(&self) -> bool {
        true
    }

    fn begin_again(&mut self) {
        self.replies = (self.new)();
    }

    #[cold]
    fn expect_confirmations(&mut self) {
        *self = Self { is_one_command: true, ..Self::replies() };
    }
}
