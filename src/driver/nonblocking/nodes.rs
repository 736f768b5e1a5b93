//! All connections of one event-loop client or pool.

use std::sync::Arc;
use std::time::Instant;

use mio::{Registry, Token, Waker};
use slab::Slab;

use super::{Batch, Endpoint, Questions, Route, Submission, Surroundings};
use crate::command::Stranger;
use crate::deadline::{self, Deadline};
use crate::driver::dedicated::Shelf;
use crate::error::{Error, Outcome, Result};
use crate::options::Options;
use crate::proto::{Event, Request, Server, on_reply_error};
use crate::transport::closed;

/// The connections and what was submitted over them. It never waits: its owner waits for the poll that belongs to the
/// registry, passes on the events and calls [`turn`](Self::turn).
pub(crate) struct Nodes {
    /// For all submissions.
    shared: Vec<Endpoint>,
    /// Each for one command at a time, which has it to itself.
    dedicated: Slab<Endpoint>,
    /// Which of these wait for the next.
    shelf: Shelf<usize>,
    rotation: Rotation,
    questions: Questions,
    common: Surroundings,
}

/// Which connection gets the next submissions: some at a time, because few large writes cost everybody less than many small
/// ones.
#[derive(Default)]
struct Rotation {
    index: usize,
    requests: usize,
    bytes: usize,
}

const ROUND_REQUESTS: usize = 64;
const ROUND_BYTES: usize = 16 * 1024;
/// Not a connection's token: the waker's.
pub(crate) const WAKE: Token = Token(usize::MAX);

impl Nodes {
    /// `gathers`: prefer few writes to early ones.
    pub(crate) fn new(
        options: Arc<Options>,
        shared: usize,
        gathers: bool,
        registry: Registry,
        waker: Arc<Waker>,
    ) -> Self {
        let now = Instant::now();
        Self {
            shared: (0..shared).map(|_| Endpoint::new(&options, on_reply_error, now)).collect(),
            dedicated: Slab::new(),
            shelf: Shelf::default(),
            rotation: Rotation::default(),
            questions: Questions::default(),
            common: Surroundings {
                options,
                registry,
                waker,
                token: WAKE,
                now,
                out: Batch::default(),
                answer: None,
                was_up: false,
                gathers,
            },
        }
    }

    /// Tells the time for what is pushed next.
    pub(crate) fn set_now(&mut self, now: Instant) {
        self.common.now = now;
    }

    /// Takes a [`Submission`], which `write` encodes into about `size` bytes; in parts, so that it is moved once. Nothing leaves
    /// before the next [`turn`](Self::turn).
    ///
    /// # Errors
    /// `QueueFull` if more commands have connections of their own than there can be; `Closed`. A submission that has to wait for
    /// what the server says about its commands, or behind such a one, completes with such an error instead.
    #[inline]
    pub(crate) fn push(
        &mut self,
        request: Request,
        route: Route,
        strangers: Vec<Stranger>,
        size: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        if strangers.is_empty() && self.questions.is_idle() {
            return self.send(route, request, size, write);
        }
        self.push_behind_questions(Submission { request, route, strangers }, size, write)
    }

    #[cold]
    fn push_behind_questions(
        &mut self,
        mut submission: Submission,
        size: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        if submission.route == Route::Any && self.shared.len() == 1 {
            // Whoever has only one connection counts on its order.
            submission.route = Route::Shared(0);
        }
        if self.questions.holds(&mut submission) {
            let mut bytes = Vec::with_capacity(size);
            write(&mut bytes);
            self.questions.park(submission, bytes);
            return Ok(());
        }
        self.send(submission.route, submission.request, size, write)
    }

    #[inline]
    fn send(
        &mut self,
        route: Route,
        request: Request,
        size: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        let route = match route {
            // Where there is nothing to wait behind, it needs no other way: there may be no room for one.
            Route::Bare => self.shared.iter().position(Endpoint::is_at_rest).map_or(route, Route::Shared),
            _ => route,
        };
        match route {
            Route::Shared(index) => self.shared[index].push(request, write),
            Route::Any => {
                let index = self.next_shared(size);
                self.shared[index].push(request, write)
            }
            Route::Dedicated | Route::Bare => {
                let Self { dedicated, common, .. } = self;
                let key = self.shelf.lend(|| {
                    dedicated.insert(match route {
                        Route::Bare => Endpoint::bare(&common.options, common.now),
                        _ => Endpoint::new(&common.options, on_reply_error, common.now),
                    })
                })?;
                self.dedicated[key].push(request, write)
            }
        }
    }

    fn next_shared(&mut self, size: usize) -> usize {
        let now = self.common.now;
        let Rotation { index, requests, bytes } = &mut self.rotation;
        if *requests >= ROUND_REQUESTS
            || *bytes >= ROUND_BYTES
            || *requests == 0
            || self.shared[*index].is_stuck(now)
        {
            let from = *index + 1;
            let count = self.shared.len();
            let order = (0..count).map(|step| (from + step) % count);
            *index = order
                .min_by_key(|&index| {
                    let node = &self.shared[index];
                    // Behind a slow command it takes longer than to connect, if connecting works.
                    (node.has_failed(), node.is_stuck(now), !node.is_up(), node.load())
                })
                .expect("invariant: there is a shared connection");
            (*requests, *bytes) = (0, 0);
        }
        *requests += 1;
        *bytes += size;
        *index
    }

    /// Submissions without a reply over shared connections.
    pub(crate) fn load(&self) -> usize {
        let (parked, asked) = self.questions.load();
        self.shared.iter().map(Endpoint::load).sum::<usize>().saturating_sub(asked) + parked
    }

    /// Bytes of everything without a reply.
    pub(crate) fn bytes(&self) -> usize {
        self.all().map(Endpoint::bytes).sum::<usize>() + self.questions.bytes()
    }

    /// Who was greeted last on the first of the shared connections that was.
    pub(crate) fn server(&self) -> Option<&Arc<Server>> {
        self.all().find_map(Endpoint::server)
    }

    /// Takes the events of the shared connections; those of one are in order. True if one of them was not read any further for
    /// want of room. Those that come and go with a command have nothing to tell that matters.
    pub(crate) fn next_events(&mut self, into: &mut Vec<Event>) -> bool {
        self.shared.iter_mut().fold(false, |was_full, node| {
            let is_full = node.is_full();
            node.next_events(into);
            was_full || is_full
        })
    }

    /// Why nothing can be sent any more, if that is so.
    pub(crate) fn end(&self) -> Option<&Error> {
        self.shared.first().and_then(Endpoint::end)
    }

    pub(crate) fn has_events(&self) -> bool {
        self.shared.iter().any(Endpoint::has_events)
    }

    /// The shared connections are to be made at once; those that are lost, once they were up, stay lost.
    pub(crate) fn pin(&mut self) -> Result<()> {
        self.shared.iter_mut().try_for_each(Endpoint::pin)
    }

    /// Something happened to a socket.
    pub(crate) fn on_event(&mut self, event: &mio::event::Event) {
        let Token(index) = event.token();
        let node = match index.checked_sub(self.shared.len()) {
            None => self.shared.get_mut(index),
            Some(key) => self.dedicated.get_mut(key),
        };
        if let Some(node) = node {
            let ended = event.is_read_closed() || event.is_error();
            node.on_event(event.is_readable(), event.is_writable(), ended);
        }
    }

    /// Reads, writes, connects and ends what is overdue, as far as that goes without waiting. True if there is more to do at
    /// once.
    pub(crate) fn turn(&mut self, now: Instant) -> bool {
        self.common.now = now;
        if self.questions.is_idle() {
            return self.advance();
        }
        self.ask();
        let more = self.advance();
        self.hear() || more
    }

    /// Sends what the server is to be asked.
    fn ask(&mut self) {
        self.release();
        if let Some((Submission { request, route, .. }, bytes)) = self.questions.ask()
            && let Err(error) = self.send(route, request, bytes.len(), |out| out.extend_from_slice(&bytes))
        {
            self.common.answer = Some(Err(error));
        }
    }

    /// Takes in the answer, if it is there, and sends what waited for it. True if that is to be followed by another turn.
    fn hear(&mut self) -> bool {
        let Self { questions, common, .. } = self;
        if let Some(answer) = common.answer.take() {
            questions.hear(answer, common.now, &mut common.out);
        }
        if questions.next_step().has_passed(common.now) {
            let late = deadline::missed().with_address(&common.options.address());
            questions.expire(common.now, &late, &mut common.out);
        }
        self.release() || self.questions.is_due()
    }

    /// Sends what need not wait for an answer any longer. Whether there was anything.
    fn release(&mut self) -> bool {
        let mut any = false;
        while let Some((Submission { request, route, .. }, bytes)) = self.questions.release() {
            any = true;
            let (token, seq) = (request.token, request.seq);
            if let Err(error) = self.send(route, request, bytes.len(), |out| out.extend_from_slice(&bytes)) {
                self.common.out.push_bare(token, seq, Some(error));
            }
        }
        any
    }

    /// Lets each connection do what it can.
    fn advance(&mut self) -> bool {
        let Self { shared, dedicated, shelf, common, .. } = self;
        let mut more = false;
        for (index, node) in shared.iter_mut().enumerate() {
            common.token = Token(index);
            more |= node.advance(common);
        }
        if dedicated.is_empty() {
            return more;
        }
        dedicated.retain(|key, node| {
            common.token = Token(shared.len() + key);
            more |= node.advance(common);
            let is_kept = match (node.is_forsaken(), shelf.holds(&key)) {
                (false, _) => true,
                // A reply that nobody waits for may never come.
                (true, false) => shelf.take_back(key, node.is_at_rest() && !node.is_bare()).is_none(),
                // Nobody uses it, and it may have been lost.
                (true, true) => node.is_up() || !shelf.discard(&key),
            };
            if !is_kept {
                node.close(&closed("connection"), common);
            }
            is_kept
        });
        more
    }

    /// When to call [`turn`](Self::turn) at the latest, events apart.
    pub(crate) fn next_step(&self) -> Deadline {
        let parked = self.questions.next_step();
        self.all().fold(parked, |earliest, node| earliest.or_earlier(node.next_step()))
    }

    /// Takes the submitter away from a submission: it will not complete. The fate of its commands and its number, or `None` if
    /// there is no such submission (any more).
    pub(crate) fn cancel(&mut self, token: u64, now: Instant) -> Option<(Outcome, u64)> {
        self.common.now = now;
        if let Some(seq) = self.questions.cancel(token) {
            return Some((Outcome::NotApplied, seq));
        }
        let Self { shared, dedicated, common, .. } = self;
        all_mut(shared, dedicated).find_map(|node| node.cancel(token, common))
    }

    /// Removes a submission of which nothing has left: its number. `Some(None)` if it is too late, `None` if there is no such
    /// submission (any more).
    pub(crate) fn retract(&mut self, token: u64) -> Option<Option<u64>> {
        if let Some(seq) = self.questions.cancel(token) {
            return Some(Some(seq));
        }
        let Self { shared, dedicated, common, .. } = self;
        all_mut(shared, dedicated).find_map(|node| node.retract(token, common))
    }

    /// Ends everything with `error` and the fate of each, and all connections.
    pub(crate) fn close(&mut self, error: &Error, now: Instant) {
        self.common.now = now;
        let Self { shared, dedicated, questions, common, .. } = self;
        questions.close(&error.clone().with_address(&common.options.address()), &mut common.out);
        all_mut(shared, dedicated).for_each(|node| node.close(error, common));
        self.dedicated.clear();
        self.shelf = Shelf::default();
    }

    /// What has completed since it was last emptied.
    pub(crate) fn done(&mut self) -> &mut Batch {
        &mut self.common.out
    }

    fn all(&self) -> impl Iterator<Item = &Endpoint> {
        self.shared.iter().chain(self.dedicated.iter().map(|(_, node)| node))
    }
}

fn all_mut<'a>(
    shared: &'a mut [Endpoint],
    dedicated: &'a mut Slab<Endpoint>,
) -> impl Iterator<Item = &'a mut Endpoint> {
    shared.iter_mut().chain(dedicated.iter_mut().map(|(_, node)| node))
}
