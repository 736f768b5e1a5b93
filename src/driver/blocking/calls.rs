//! What callers are waiting for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use slab::Slab;

use crate::driver::chance;
use crate::error::{Error, Progress};
use crate::proto::{Form, Owner, Request};
use crate::resp::{Node, OutOfMemory, ReplyBuilder};

/// Names one call while it is in [`Calls`]: the token of its requests.
pub(super) type CallId = u64;

/// All calls that somebody waits for.
#[derive(Default)]
pub(super) struct Calls {
    slab: Slab<Call>,
    /// Watchers with news.
    told: Vec<u64>,
}

/// One call: one request, or those of one pipeline that was sent in portions.
#[derive(Default)]
pub(super) struct Call {
    /// Replies that arrived while another thread was reading, or before the caller asked.
    replies: ReplyBuilder,
    /// Requests of it that have not ended.
    open: u32,
    /// The fate of the commands of those that have.
    progress: Progress,
    failure: Option<Error>,
    /// Its replies are of use only all together, and may be void until then.
    is_atomic: bool,
    can_begin_again: bool,
    /// What its caller has got is void.
    is_void: bool,
    /// The caller wants no more of it.
    is_stopped: bool,
    /// Whom to tell when there is something to fetch.
    watcher: Option<u64>,
}

/// A watcher comes for its replies when all are there, or when so many bytes are.
const PORTION: usize = 64 * 1024;

impl Calls {
    /// `is_atomic`: its replies are of use only all together. `can_begin_again`: what its caller has got can be taken back.
    pub(super) fn open(&mut self, is_atomic: bool, can_begin_again: bool) -> CallId {
        self.slab.insert(Call { is_atomic, can_begin_again, ..Call::default() }) as CallId
    }

    /// Ends a call that is settled, or whose requests were given up.
    pub(super) fn close(&mut self, id: CallId) -> Call {
        self.slab.remove(id as usize)
    }

    pub(super) fn get(&self, id: CallId) -> &Call {
        &self.slab[id as usize]
    }

    pub(super) fn get_mut(&mut self, id: CallId) -> &mut Call {
        &mut self.slab[id as usize]
    }

    /// Puts `watcher` on the list of [`take_told`](Self::take_told), once, when the call has news.
    pub(super) fn watch(&mut self, id: CallId, watcher: u64) {
        self.get_mut(id).watcher = Some(watcher);
    }

    /// Watchers whose calls have news.
    pub(super) fn take_told(&mut self) -> impl Iterator<Item = u64> + '_ {
        self.told.drain(..)
    }

    /// Changes a call, and notes whether its watcher is to be told.
    #[inline]
    fn change<R>(&mut self, id: CallId, change: impl FnOnce(&mut Call) -> R) -> R {
        let call = &mut self.slab[id as usize];
        let result = change(call);
        if call.watcher.is_some()
            && (call.is_settled() || !call.is_atomic && call.replies.byte_count() >= PORTION)
            && let Some(watcher) = call.watcher.take()
        {
            self.told.push(watcher);
        }
        result
    }
}

impl Call {
    pub(super) fn add_request(&mut self) {
        self.open += 1;
    }

    /// Whether everything sent so far has its replies, or none will come any more.
    pub(super) fn is_settled(&self) -> bool {
        self.open == 0
    }

    /// Whether its caller has something to do: it is settled, or replies were kept.
    pub(super) fn has_news(&self) -> bool {
        self.is_settled() || !self.is_atomic && !self.replies.is_empty()
    }

    /// Whether what the caller has got is void, which is told once.
    pub(super) fn take_void(&mut self) -> bool {
        std::mem::take(&mut self.is_void)
    }

    /// The caller wants no more replies.
    pub(super) fn stop(&mut self) {
        self.is_stopped = true;
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    pub(super) fn failed(&self) -> bool {
        self.failure.is_some()
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    pub(super) fn into_result(self) -> Result<(), Error> {
        self.failure.map_or(Ok(()), |error| Err(error.with_progress(self.progress)))
    }

    /// Replies kept so far, as one part.
    pub(super) fn take_kept(&mut self) -> Option<(Vec<Node>, Vec<u8>)> {
        (!self.replies.is_empty() && self.has_news()).then(|| self.replies.take_part())
    }
}

/// The owner of a connection while one of its callers serves it.
pub(super) struct Delivery<'a> {
    pub(super) calls: &'a mut Calls,
    pub(super) was_up: &'a AtomicBool,
    /// Whose replies are used in place.
    pub(super) direct: Option<CallId>,
}

impl Owner for Delivery<'_> {
    const TAKES_RUNS: bool = false;

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn chance(&self) -> f64 {
        chance()
    }

    fn was_up(&self) -> bool {
        self.was_up.load(Ordering::Relaxed)
    }

    fn came_up(&mut self) {
        self.was_up.store(true, Ordering::Relaxed);
    }

    fn joins_run(&mut self, _: &Request, _: usize, _: bool) -> bool {
        false
    }

    fn run(&mut self, _: &[Node], _: &[u8]) -> Result<(), OutOfMemory> {
        Ok(())
    }

    fn is_direct(&self, request: &Request) -> bool {
        self.direct == Some(request.token) && request.form != Form::Transaction
    }

    fn part(&mut self, request: &Request, nodes: &[Node], window: &[u8]) -> Result<(), OutOfMemory> {
        self.calls.change(request.token, |call| match call.is_stopped {
            true => Ok(()),
            false => call.replies.try_append(nodes, window),
        })
    }

    fn complete(&mut self, request: &Request) {
        self.calls.change(request.token, |call| {
            call.open -= 1;
            call.progress.replied += request.own_commands();
        });
    }

    fn forget(&mut self, request: &Request) {
        // A request that nobody waits for may bear the token of another call by now.
        if !request.abandoned
            && let Some(call) = self.calls.slab.get_mut(request.token as usize)
        {
            call.replies = ReplyBuilder::default();
            call.is_void = call.can_begin_again;
        }
    }

    fn can_take_back(&self, request: &Request) -> bool {
        self.calls.get(request.token).can_begin_again
    }

    fn failed(&mut self, request: &Request, error: Error) {
        self.calls.change(request.token, |call| {
            call.open -= 1;
            call.progress = call.progress + error.progress().unwrap_or_default();
            call.failure.get_or_insert(error);
        });
    }
}
