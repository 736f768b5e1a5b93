//! What was asked for and has no reply yet: encoded bytes and the requests that they belong to.

use std::collections::VecDeque;
use std::time::Instant;

use super::fate;
use super::request::{Form, Request};
use crate::deadline::Deadline;
use crate::error::Progress;
use crate::resp;

/// Requests in order, with their bytes in one piece: first those that have begun to leave, then those that wait.
///
/// ```text
///   bytes   |  answered  |    in flight    |   unsent    |
///           0          start             sent           end
/// ```
///
/// The bytes stay until the replies are there, so that after a lost connection what may be sent again still can be, and what
/// has not begun to leave can be taken back at any time. A request has begun to leave when the first of its bytes has, or is
/// committed to leave; only what has left counts for its fate. What is taken back stays, marked, until something is to be written:
/// callers give up by the thousand, and moving what lies behind each of them would take seconds.
pub(super) struct Queue {
    requests: VecDeque<Request>,
    bytes: Vec<u8>,
    /// Where the first request begins in `bytes`.
    start: usize,
    /// Up to where they have left.
    sent: usize,
    /// Number of requests that have begun to leave.
    begun: usize,
    /// Where the last of these ends.
    begun_end: usize,
    /// Commands of these without a reply.
    in_flight: u64,
    /// Commands of the first request that are known to have left, if it has not left whole, and the bytes that they take.
    front_left: u64,
    front_counted: usize,
    /// No request has a deadline before this one. Nothing is assumed about their order.
    earliest: Deadline,
    /// Requests that wait in vain: taken back, but still here.
    dropped: usize,
    dropped_bytes: usize,
    /// Where the search for a token begins, because they are mostly given up in the order in which they came.
    hint: usize,
    /// Refused for the moment, to leave again later; by time.
    deferred: VecDeque<Deferred>,
}

struct Deferred {
    due: Instant,
    request: Request,
    bytes: Vec<u8>,
}

/// A request that was taken away from its submitter.
pub(super) struct GivenUp {
    pub(super) progress: Progress,
    pub(super) seq: u64,
    /// Why the connection ends with it.
    pub(super) ends: Option<&'static str>,
    /// There may be others with the same token.
    pub(super) is_portion: bool,
}

/// Replied bytes are moved out once they are as many as this, and as those that stay.
const SLACK: usize = 64 * 1024;
/// A buffer above this size is given back once it is empty.
const KEEP: usize = 1024 * 1024;

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            requests: VecDeque::new(),
            bytes: Vec::new(),
            start: 0,
            sent: 0,
            begun: 0,
            begun_end: 0,
            in_flight: 0,
            front_left: 0,
            front_counted: 0,
            earliest: Deadline::never(),
            dropped: 0,
            dropped_bytes: 0,
            hint: 0,
            deferred: VecDeque::new(),
        }
    }

    /// Adds a request, whose commands `write` encodes.
    #[inline]
    pub(super) fn push(&mut self, mut request: Request, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.bytes.len();
        write(&mut self.bytes);
        request.bytes = self.bytes.len() - before;
        self.earliest = self.earliest.or_earlier(request.deadline);
        self.requests.push_back(request);
    }

    /// Adds a request whose commands are `bytes`, which is empty afterwards. The buffer itself is taken over where that saves
    /// copying it.
    pub(super) fn push_buffer(&mut self, mut request: Request, bytes: &mut Vec<u8>) {
        if self.bytes.is_empty() {
            request.bytes = bytes.len();
            std::mem::swap(&mut self.bytes, bytes);
            self.earliest = self.earliest.or_earlier(request.deadline);
            self.requests.push_back(request);
        } else {
            self.push(request, |out| out.extend_from_slice(bytes));
            bytes.clear();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.deferred.is_empty()
    }

    /// Whether nobody waits for anything in it.
    pub(super) fn is_forsaken(&self) -> bool {
        self.deferred.is_empty() && self.requests.iter().all(|request| request.abandoned)
    }

    /// What is to be written next.
    pub(super) fn unsent(&mut self) -> &[u8] {
        if self.dropped > 0 {
            self.sweep();
        }
        &self.bytes[self.sent..]
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.unsent_bytes() > 0
    }

    /// How much that is.
    pub(super) fn unsent_bytes(&self) -> usize {
        self.bytes.len() - self.sent - self.dropped_bytes
    }

    /// Bytes of all requests.
    pub(super) fn all_bytes(&self) -> usize {
        let deferred: usize = self.deferred.iter().map(|deferred| deferred.bytes.len()).sum();
        self.bytes.len() - self.start - self.dropped_bytes + deferred
    }

    /// Number of requests that have not begun to leave.
    pub(super) fn waiting(&self) -> usize {
        self.requests.len() - self.begun - self.dropped + self.deferred.len()
    }

    /// Number of requests that have.
    pub(super) fn begun(&self) -> usize {
        self.begun
    }

    /// Number of commands whose replies are on their way, or will be once the rest of them has left.
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Whether something of a request that has begun to leave has not left.
    pub(super) fn is_inside(&self) -> bool {
        self.sent < self.begun_end
    }

    /// So many more bytes have `left`, and so many behind them are `committed`: they cannot be taken back any more.
    #[inline]
    pub(super) fn advance(&mut self, left: usize, committed: usize) {
        self.sent += left;
        let bound = self.sent + committed;
        while self.begun_end < bound {
            let request = &mut self.requests[self.begun];
            request.begin();
            self.in_flight += u64::from(request.commands);
            self.begun_end += request.bytes;
            self.begun += 1;
        }
    }

    /// The request that the next reply belongs to, if one is awaited.
    pub(super) fn answering(&mut self) -> Option<&mut Request> {
        if self.begun == 0 { None } else { self.requests.front_mut() }
    }

    /// The same where a reply has come.
    #[inline]
    pub(super) fn front_mut(&mut self) -> &mut Request {
        self.requests.front_mut().expect("invariant: a reply belongs to a request that has begun")
    }

    /// Counts a reply to the first request. Whether that has left whole; if not, the reply may be
    /// [too early](Self::front_is_answered_in_time).
    #[inline]
    pub(super) fn count_reply(&mut self) -> (bool, &mut Request) {
        self.in_flight -= 1;
        let whole = self.sent - self.start;
        let front = self.front_mut();
        front.replied += 1;
        (whole >= front.bytes, front)
    }

    /// So many replies to the first request are awaited, after all.
    pub(super) fn expect(&mut self, replies: u32) {
        let front = &mut self.requests[0];
        self.in_flight = self.in_flight + u64::from(replies) - u64::from(front.commands);
        front.commands = replies;
    }

    /// Whether the first request has left whole and no reply to it is awaited.
    pub(super) fn has_silent_front(&self) -> bool {
        self.begun > 0
            && self
                .requests
                .front()
                .is_some_and(|front| front.form == Form::Silent && self.sent - self.start >= front.bytes)
    }

    /// Whether the server can have seen the command whose reply comes next, if there is one.
    pub(super) fn may_be_answered(&mut self) -> bool {
        if self.begun == 0 {
            return true;
        }
        let (has_left, _) = self.count_reply();
        let has_seen = has_left || self.front_is_answered_in_time();
        self.take_back_reply();
        has_seen
    }

    /// It was none.
    pub(super) fn take_back_reply(&mut self) {
        self.in_flight += 1;
        self.requests[0].replied -= 1;
    }

    /// Whether the server can have seen all commands of the first request that are answered. Counts on from where it stopped the
    /// last time: a long pipeline gets its first replies while it leaves.
    #[cold]
    pub(super) fn front_is_answered_in_time(&mut self) -> bool {
        let front = &self.requests[0];
        if u64::from(front.replied) > self.front_left {
            let bytes = &self.bytes[self.start + self.front_counted..self.sent];
            let (commands, counted) = resp::leading_commands(bytes, bytes.len());
            self.front_left += commands as u64;
            self.front_counted += counted;
        }
        u64::from(front.replied) <= self.front_left
    }

    /// Takes out the first request, which has all its replies. If it has not left whole, nothing may follow on its connection.
    pub(super) fn pop_front(&mut self) -> Request {
        let request = self.requests.pop_front().expect("invariant: there is a first request");
        self.went(request.bytes);
        request
    }

    /// The same where nobody has any more use for it: it need not be moved.
    #[inline]
    pub(super) fn drop_front(&mut self) {
        let bytes = self.front_mut().bytes;
        self.requests.pop_front();
        self.went(bytes);
    }

    /// The first request is gone, of so many `bytes`.
    #[inline]
    fn went(&mut self, bytes: usize) {
        debug_assert!(self.begun > 0);
        self.begun -= 1;
        (self.front_left, self.front_counted) = (0, 0);
        self.hint = self.hint.saturating_sub(1);
        self.start += bytes;
        self.sent = self.sent.max(self.start);
        if self.requests.is_empty() {
            self.reset();
        } else if self.start >= SLACK && self.start >= self.bytes.len() - self.start {
            self.bytes.drain(..self.start);
            self.sent -= self.start;
            self.begun_end -= self.start;
            self.start = 0;
        }
    }

    /// Takes out the first request, which the server refused for the moment, to send it again when it is `due`.
    pub(super) fn defer_front(&mut self, due: Instant) {
        let bytes = self.bytes[self.start..self.start + self.requests[0].bytes].to_vec();
        let mut request = self.pop_front();
        request.start_over();
        request.refusals += 1;
        self.earliest = self.earliest.or_earlier(request.deadline);
        // Not before those that were refused before it: their order is kept.
        let due = self.deferred.back().map_or(due, |last| due.max(last.due));
        self.deferred.push_back(Deferred { due, request, bytes });
    }

    /// Lets those leave that were deferred until now.
    pub(super) fn release(&mut self, now: Instant) {
        while self.deferred.front().is_some_and(|deferred| deferred.due <= now) {
            let Deferred { request, mut bytes, .. } =
                self.deferred.pop_front().expect("invariant: it is there");
            self.push_buffer(request, &mut bytes);
        }
    }

    /// When there is something to [`expire`](Self::expire) or to [`release`](Self::release), or earlier.
    #[inline]
    pub(super) fn next_step(&self) -> Deadline {
        match self.deferred.front() {
            Some(deferred) => self.earliest.or_earlier(Deadline::at(deferred.due)),
            None => self.earliest,
        }
    }

    /// Takes the submitters away from all requests whose deadline has passed, with the fate of their commands and whether
    /// they have begun to leave. Such a one stays for its replies; others are removed.
    ///
    /// All at once, because with many of them moving the rest up for each would take minutes.
    pub(super) fn expire(&mut self, now: Instant, mut settle: impl FnMut(&Request, Progress, bool)) {
        if !self.earliest.has_passed(now) {
            return;
        }
        let mut earliest = Deadline::never();
        for (index, request) in self.requests.iter_mut().enumerate().filter(|(_, request)| !request.abandoned)
        {
            if !request.deadline.has_passed(now) {
                earliest = earliest.or_earlier(request.deadline);
                continue;
            }
            request.abandoned = true;
            if index < self.begun {
                settle(request, fate::given_up(request), true);
            } else {
                self.dropped += 1;
                self.dropped_bytes += request.bytes;
                settle(request, fate::untouched(request), false);
            }
        }
        self.deferred.retain(|Deferred { request, .. }| {
            let has_passed = request.deadline.has_passed(now);
            if has_passed {
                settle(request, fate::untouched(request), false);
            } else {
                earliest = earliest.or_earlier(request.deadline);
            }
            !has_passed
        });
        self.earliest = earliest;
        self.sweep();
    }

    /// Whether this token is there and nothing of it has left; `None` if there is no such request.
    pub(super) fn is_waiting(&mut self, token: u64) -> Option<bool> {
        match self.position(token) {
            Some(index) => Some(index >= self.begun),
            None => self.deferred.iter().any(|deferred| deferred.request.is_called(token)).then_some(true),
        }
    }

    /// Takes the submitter away from a request. One that has not begun to leave will not; another stays for its replies.
    pub(super) fn abandon(&mut self, token: u64) -> Option<GivenUp> {
        let Some(index) = self.position(token) else {
            let index = self.deferred.iter().position(|deferred| deferred.request.is_called(token))?;
            let request = self.deferred.remove(index).expect("invariant: it was just found").request;
            return Some(GivenUp::new(&request, fate::untouched(&request), false));
        };
        let request = &mut self.requests[index];
        request.abandoned = true;
        if index < self.begun {
            return Some(GivenUp::new(request, fate::given_up(request), true));
        }
        let given_up = GivenUp::new(request, fate::untouched(request), false);
        self.dropped += 1;
        self.dropped_bytes += request.bytes;
        // Half of them: so that each is moved for one that is dropped, and memory is bounded by what is not.
        if self.dropped * 2 >= self.requests.len() - self.begun {
            self.sweep();
        }
        Some(given_up)
    }

    fn position(&mut self, token: u64) -> Option<usize> {
        let is_it = |request: &Request| request.is_called(token) && !request.abandoned;
        let hint = self.hint.min(self.requests.len());
        let behind = self.requests.range(hint..).position(is_it).map(|index| hint + index);
        let found = behind.or_else(|| self.requests.range(..hint).position(is_it))?;
        self.hint = found;
        Some(found)
    }

    /// Removes what was dropped.
    #[cold]
    fn sweep(&mut self) {
        if self.dropped == 0 {
            return;
        }
        let (mut from, mut to) = (self.begun_end, self.begun_end);
        for request in self.requests.split_off(self.begun) {
            let end = from + request.bytes;
            if !request.abandoned {
                self.bytes.copy_within(from..end, to);
                to += request.bytes;
                self.requests.push_back(request);
            }
            from = end;
        }
        self.bytes.truncate(to);
        (self.dropped, self.dropped_bytes, self.hint) = (0, 0, self.begun);
        if self.requests.is_empty() {
            self.reset();
        }
    }

    /// The connection is lost. Requests for which `keep` says so, given their bytes and the fate of their commands, wait to be
    /// sent from the start; the others are gone.
    pub(super) fn rewind(&mut self, mut keep: impl FnMut(&Request, &[u8], Progress) -> bool) {
        self.sweep();
        let (bytes, sent, begun) = (std::mem::take(&mut self.bytes), self.sent, self.begun);
        let requests = std::mem::take(&mut self.requests);
        let is_lonely = requests.range(..begun).filter(|request| !request.abandoned).count() == 1;
        let mut at = self.start;
        self.reset();
        for (index, mut request) in requests.into_iter().enumerate() {
            let own = &bytes[at..at + request.bytes];
            // What did not reach its owner has not come.
            request.replied = request.handed_on;
            let fate = fate::cut_off(&request, own, sent.saturating_sub(at));
            at += request.bytes;
            if index < begun {
                request.losses += 1;
                request.lonely_losses = if is_lonely { request.lonely_losses + 1 } else { 0 };
            }
            // What has not begun to leave is judged, too: the connection may not be made again.
            if keep(&request, own, fate) {
                request.start_over();
                self.push(request, |out| out.extend_from_slice(own));
            }
        }
    }

    /// Takes out everything, with the fate of each.
    pub(super) fn drain(&mut self, mut settle: impl FnMut(Request, Progress)) {
        self.sweep();
        let mut at = self.start;
        for request in std::mem::take(&mut self.requests) {
            let own = &self.bytes[at..at + request.bytes];
            let fate = fate::cut_off(&request, own, self.sent.saturating_sub(at));
            at += request.bytes;
            settle(request, fate);
        }
        for Deferred { request, .. } in std::mem::take(&mut self.deferred) {
            let fate = fate::untouched(&request);
            settle(request, fate);
        }
        self.reset();
    }

    /// There is no request left but deferred ones.
    fn reset(&mut self) {
        self.bytes.clear();
        if self.bytes.capacity() > KEEP {
            self.bytes = Vec::new();
        }
        (self.start, self.sent, self.begun, self.begun_end, self.in_flight) = (0, 0, 0, 0, 0);
        (self.front_left, self.front_counted) = (0, 0);
        (self.dropped, self.dropped_bytes, self.hint) = (0, 0, 0);
        let deadlines = self.deferred.iter().map(|deferred| deferred.request.deadline);
        self.earliest = deadlines.fold(Deadline::never(), Deadline::or_earlier);
    }
}

impl GivenUp {
    fn new(request: &Request, progress: Progress, has_begun: bool) -> Self {
        Self {
            progress,
            seq: request.seq,
            ends: request.ends_connection(has_begun),
            is_portion: request.form == Form::Portion,
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
