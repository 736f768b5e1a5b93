//! All connections of one event-loop client or pool.

use std::sync::Arc;
use std::time::Instant;

use mio::{Registry, Token, Waker};
use slab::Slab;

use super::{Completions, Entry, Lane, Surroundings};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::options::Options;
use crate::transport::Deadline;

/// The connections and what was submitted over them. It never waits: its owner waits for the poll that belongs to the
/// registry, passes on the events and calls [`turn`](Self::turn).
pub(crate) struct Engine {
    /// Shared by all submissions.
    lanes: Vec<Lane>,
    /// Each for one blocking command at a time.
    leased: Slab<Lane>,
    /// Of these, connected ones that nobody uses.
    idle: Vec<usize>,
    rotation: Rotation,
    common: Surroundings,
}

/// Where a submission goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// A shared connection, whichever has least to do.
    Any,
    /// The shared connection with this number.
    Lane(usize),
    /// A connection of its own: the server may hold back the reply for as long as it likes.
    Lease,
}

/// Which lane gets the next submissions: some at a time, because few large writes cost everybody less than many small ones.
#[derive(Default)]
struct Rotation {
    lane: usize,
    entries: usize,
    bytes: usize,
}

const ROUND_ENTRIES: usize = 64;
const ROUND_BYTES: usize = 16 * 1024;
/// Blocking commands that can wait at the same time. Beyond that something is wrong with the program.
const MAX_LEASED: usize = 1024;
/// Connections kept for the next blocking command.
const MAX_IDLE: usize = 8;
/// Not a lane's token: the waker's.
pub(crate) const WAKE: Token = Token(usize::MAX);

impl Engine {
    /// `gathers`: prefer few writes to early ones.
    pub(crate) fn new(
        options: Arc<Options>,
        lanes: usize,
        gathers: bool,
        registry: Registry,
        waker: Arc<Waker>,
    ) -> Self {
        let common = Surroundings {
            options,
            registry,
            waker,
            token: WAKE,
            now: Instant::now(),
            out: Completions::default(),
            was_up: false,
            gathers,
        };
        Self {
            lanes: (0..lanes).map(|_| Lane::new(false)).collect(),
            leased: Slab::new(),
            idle: Vec::new(),
            rotation: Rotation::default(),
            common,
        }
    }

    /// Tells the time for what is queued next.
    pub(crate) fn set_now(&mut self, now: Instant) {
        self.common.now = now;
    }

    /// Takes a submission. Nothing leaves before the next [`turn`](Self::turn).
    ///
    /// # Errors
    /// `QueueFull` if more blocking commands wait than there can be connections for.
    pub(crate) fn queue(&mut self, route: Route, entry: Entry, bytes: &[u8]) -> Result<()> {
        match route {
            Route::Lane(lane) => self.lanes[lane].queue(entry, bytes),
            Route::Any => {
                let lane = self.next_lane(bytes.len());
                self.lanes[lane].queue(entry, bytes);
            }
            Route::Lease => {
                let key = match self.idle.pop() {
                    Some(key) => key,
                    None if self.leased.len() >= MAX_LEASED => {
                        return Err(Error::not_applied(
                            ErrorKind::QueueFull,
                            "too many blocking commands wait at the same time",
                        ));
                    }
                    None => self.leased.insert(Lane::new(true)),
                };
                self.leased[key].queue(entry, bytes);
            }
        }
        Ok(())
    }

    fn next_lane(&mut self, bytes: usize) -> usize {
        let now = self.common.now;
        let Rotation { lane, entries, bytes: total } = &mut self.rotation;
        if *entries >= ROUND_ENTRIES
            || *total >= ROUND_BYTES
            || *entries == 0
            || self.lanes[*lane].is_stuck(now)
        {
            let from = *lane + 1;
            let count = self.lanes.len();
            let order = (0..count).map(|step| (from + step) % count);
            *lane = order
                .min_by_key(|&index| {
                    let lane = &self.lanes[index];
                    (!lane.is_up(), lane.is_stuck(now), lane.load())
                })
                .expect("invariant: there is a lane");
            (*entries, *total) = (0, 0);
        }
        *entries += 1;
        *total += bytes;
        *lane
    }

    /// Submissions of which nothing has left, and their bytes.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let sum = |(a, b), (c, d)| (a + c, b + d);
        self.lanes.iter().map(Lane::waiting).fold((0, 0), sum)
    }

    /// Bytes of everything without a reply.
    pub(crate) fn bytes(&self) -> usize {
        self.lanes.iter().chain(self.leased.iter().map(|(_, lane)| lane)).map(Lane::bytes).sum()
    }

    /// Something happened to a socket.
    pub(crate) fn on_event(&mut self, event: &mio::event::Event) {
        let Token(index) = event.token();
        let lane = match index.checked_sub(self.lanes.len()) {
            None => self.lanes.get_mut(index),
            Some(key) => self.leased.get_mut(key),
        };
        if let Some(lane) = lane {
            let ended = event.is_read_closed() || event.is_error();
            lane.on_event(event.is_readable(), event.is_writable(), ended);
        }
    }

    /// Reads, writes, connects and ends what is overdue, as far as that goes without waiting. True if there is more to do at
    /// once.
    pub(crate) fn turn(&mut self, now: Instant) -> bool {
        let Self { lanes, leased, idle, common, .. } = self;
        let mut more = false;
        common.now = now;
        for (index, lane) in lanes.iter_mut().enumerate() {
            common.token = Token(index);
            more |= lane.advance(common);
        }
        if leased.is_empty() {
            return more;
        }
        leased.retain(|key, lane| {
            common.token = Token(lanes.len() + key);
            more |= lane.advance(common);
            if !lane.is_empty() || idle.contains(&key) && lane.is_up() {
                return true;
            }
            idle.retain(|&other| other != key);
            if lane.is_up() && idle.len() < MAX_IDLE {
                idle.push(key);
                return true;
            }
            lane.close(&closed(), common);
            false
        });
        more
    }

    /// When to call [`turn`](Self::turn) at the latest, events apart.
    pub(crate) fn next_step(&self) -> Deadline {
        let lanes = self.lanes.iter().chain(self.leased.iter().map(|(_, lane)| lane));
        lanes.fold(Deadline::never(), |earliest, lane| earliest.or_earlier(lane.next_step()))
    }

    /// Takes the submitter away from a submission: it will not complete. The fate of its commands and its sequence number, or
    /// `None` if there is no such submission (any more).
    pub(crate) fn cancel(&mut self, token: u64, now: Instant) -> Option<(Outcome, u64)> {
        self.common.now = now;
        self.lanes
            .iter_mut()
            .chain(self.leased.iter_mut().map(|(_, lane)| lane))
            .find_map(|lane| lane.cancel(token, &mut self.common))
    }

    /// Removes a submission of which nothing has left: its sequence number. `Some(None)` if it is too late, `None` if there is
    /// no such submission (any more).
    pub(crate) fn retract(&mut self, token: u64) -> Option<Option<u64>> {
        self.lanes
            .iter_mut()
            .chain(self.leased.iter_mut().map(|(_, lane)| lane))
            .find_map(|lane| lane.retract(token))
    }

    /// Ends everything with `error` and the fate of each, and all connections.
    pub(crate) fn close(&mut self, error: &Error, now: Instant) {
        self.common.now = now;
        for lane in self.lanes.iter_mut().chain(self.leased.iter_mut().map(|(_, lane)| lane)) {
            lane.close(error, &mut self.common);
        }
        self.leased.clear();
        self.idle.clear();
    }

    /// What has completed since it was last emptied.
    pub(crate) fn done(&mut self) -> &mut Completions {
        &mut self.common.out
    }
}

/// The error of everything that a close ends.
pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the client was closed")
}
