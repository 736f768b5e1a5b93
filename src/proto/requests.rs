//! What callers are waiting for.

use slab::Slab;

use crate::error::{Error, Progress};
use crate::resp::{Node, ReplyBuilder};

/// Names one request while it is in [`Requests`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(usize);

/// All requests that somebody waits for or whose replies still have to be swallowed.
#[derive(Default)]
pub(crate) struct Requests {
    slab: Slab<Request>,
    /// Watchers with news.
    told: Vec<u64>,
}

/// One call: one command, or the commands of one pipeline.
///
/// It is *open* from its first command to its last reply. A caller that gives up marks it *abandoned*: its place among the
/// commands in flight stays, so that the replies still to come are swallowed and nobody else's are shifted.
#[derive(Default)]
pub(crate) struct Request {
    /// Replies that arrived while another thread was reading, or before the caller asked.
    replies: ReplyBuilder,
    commands: u64,
    replied: u64,
    failure: Option<Error>,
    abandoned: bool,
    /// The server may hold back the reply for as long as it likes.
    blocking: bool,
    /// Whom to tell when there is something to fetch.
    watcher: Option<u64>,
}

/// A watcher comes for its replies when all are there, or when so many bytes are.
const PORTION: usize = 64 * 1024;

impl Requests {
    pub(crate) fn open(&mut self, blocking: bool) -> RequestId {
        RequestId(self.slab.insert(Request { blocking, ..Request::default() }))
    }

    /// Ends a request that is settled, or that never had a command.
    pub(crate) fn close(&mut self, id: RequestId) -> Request {
        self.slab.remove(id.0)
    }

    pub(crate) fn get(&self, id: RequestId) -> &Request {
        &self.slab[id.0]
    }

    pub(crate) fn get_mut(&mut self, id: RequestId) -> &mut Request {
        &mut self.slab[id.0]
    }

    /// Takes the caller away from a request; the request itself goes when its last reply has.
    pub(crate) fn abandon(&mut self, id: RequestId) {
        let request = self.get_mut(id);
        request.abandoned = true;
        request.watcher = None;
        request.replies = ReplyBuilder::default();
        self.sweep(id);
    }

    /// Puts `watcher` on the list of [`take_told`](Self::take_told), once, when the request is settled or has replies enough
    /// to be fetched.
    pub(crate) fn watch(&mut self, id: RequestId, watcher: u64) {
        self.get_mut(id).watcher = Some(watcher);
    }

    /// Watchers whose requests have news.
    pub(crate) fn take_told(&mut self) -> impl Iterator<Item = u64> + '_ {
        self.told.drain(..)
    }

    /// Looks whether the watcher of a request is to be told.
    pub(super) fn tell(&mut self, id: RequestId) {
        let request = &mut self.slab[id.0];
        if request.watcher.is_some()
            && (request.is_settled() || request.replies.byte_count() >= PORTION)
            && let Some(watcher) = request.watcher.take()
        {
            self.told.push(watcher);
        }
    }

    /// Removes an abandoned request that nothing refers to any more.
    pub(crate) fn sweep(&mut self, id: RequestId) {
        let request = self.get(id);
        if request.abandoned && request.is_settled() {
            self.slab.remove(id.0);
        }
    }
}

impl Request {
    /// Whether everything sent so far has its reply, or none will come any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.failure.is_some() || self.replied == self.commands
    }

    /// Whether its caller has something to do: it is settled, or replies were kept.
    pub(crate) fn has_news(&self) -> bool {
        self.is_settled() || !self.replies.is_empty()
    }

    pub(crate) fn is_blocking(&self) -> bool {
        self.blocking
    }

    pub(crate) fn failed(&self) -> bool {
        self.failure.is_some()
    }

    pub(crate) fn into_result(self) -> Result<(), Error> {
        self.failure.map_or(Ok(()), Err)
    }

    pub(crate) fn add_commands(&mut self, count: u64) {
        self.commands += count;
    }

    pub(crate) fn take_back_commands(&mut self, count: u64) {
        self.commands -= count;
    }

    pub(crate) fn add_replies(&mut self, count: u64) {
        self.replied += count;
    }

    /// Keeps replies for a caller who will come for them.
    pub(crate) fn keep(&mut self, part: &[Node], window: &[u8]) {
        if !self.abandoned {
            self.replies.append(part, window);
        }
    }

    /// Replies kept so far, as one part.
    pub(crate) fn take_kept(&mut self) -> Option<(Vec<Node>, Vec<u8>)> {
        (!self.replies.is_empty()).then(|| self.replies.take_part())
    }

    /// The fate of the commands if no further reply came, `unsent` of them not having left.
    pub(crate) fn progress(&self, unsent: u64) -> Progress {
        Progress {
            replied: self.replied,
            unknown: self.commands - self.replied - unsent,
            not_applied: unsent,
        }
    }

    /// Ends the request without its remaining replies, of which `unsent` belong to commands that did not leave.
    pub(crate) fn fail(&mut self, error: Error, unsent: u64) {
        self.failure = Some(error.with_progress(self.progress(unsent)));
    }
}
