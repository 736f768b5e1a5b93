//! What a pool's callers and its thread share under the lock of their desk.

use super::NO_TOKEN;
use super::epochs::Epochs;
use crate::driver::nonblocking::{Completion, Completions, Submission};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::options::QueueLimits;
use crate::proto::Request;
use crate::transport::closed;

/// All of it. The desk has the lock, and waits and wakes where this changes.
pub(super) struct Exchange {
    pub(super) intake: Intake,
    pub(super) done: Completions,
    pub(super) max_submissions: u64,
    pub(super) max_bytes: u64,
    /// Handed in and neither completed nor cancelled.
    pub(super) outstanding: u64,
    /// Those whose completion somebody will be given, and has not been given yet.
    pub(super) awaited: u64,
    /// Those outstanding of which nobody will hear.
    pub(super) quiet: u64,
    /// Bytes that the thread has taken over and that are not done with.
    pub(super) in_nodes: u64,
    pub(super) next_seq: u64,
    pub(super) epochs: Epochs,
    /// Cancelled submissions that the thread has not heard of.
    pub(super) cancelled: Vec<u64>,
    /// The thread sleeps, or is about to: it has to be woken.
    pub(super) asleep: bool,
    pub(super) phase: Phase,
    /// There are events that nobody has come for.
    pub(super) has_events: bool,
    /// Callers asleep in `room` and `progress`.
    pub(super) waiting_for_room: usize,
    pub(super) waiting_for_progress: usize,
}

#[derive(Clone)]
pub(super) enum Phase {
    Open,
    /// No more submissions; what is outstanding goes on.
    Closing,
    /// What is outstanding is to be ended.
    Ending,
    /// The thread has ended, or never began.
    Ended,
    /// The thread has failed.
    Broken(Error),
}

/// Submissions on their way to the thread: their bytes in one piece. The desk numbers them and counts their bytes.
#[derive(Default)]
pub(super) struct Intake {
    pub(super) submissions: Vec<Submission>,
    pub(super) bytes: Vec<u8>,
    /// Number of bytes of all submissions.
    pub(super) whole: usize,
}

/// The end of one submission, for the books.
pub(super) struct Settled {
    pub(super) seq: u64,
    /// Nobody hears of it.
    pub(super) is_quiet: bool,
    pub(super) failure: Option<Error>,
}

/// Default bound on submissions.
const QUEUE: u64 = 10_000;
/// An intake buffer above this size is given back.
const KEEP: usize = 1024 * 1024;

impl Exchange {
    pub(super) fn new(limits: QueueLimits, is_closed: bool) -> Self {
        Self {
            intake: Intake::default(),
            done: Completions::default(),
            max_submissions: limits.commands.unwrap_or(QUEUE).max(1),
            max_bytes: limits.bytes.max(1),
            outstanding: 0,
            awaited: 0,
            quiet: 0,
            in_nodes: 0,
            next_seq: 0,
            epochs: Epochs::new(),
            cancelled: Vec::new(),
            asleep: false,
            phase: if is_closed { Phase::Ended } else { Phase::Open },
            has_events: false,
            waiting_for_room: 0,
            waiting_for_progress: 0,
        }
    }

    pub(super) fn check_open(&self) -> Result<()> {
        match &self.phase {
            Phase::Open => Ok(()),
            Phase::Broken(error) => Err(error.clone().with_outcome(Outcome::NotApplied)),
            Phase::Closing | Phase::Ending | Phase::Ended => {
                Err(closed("pool").with_outcome(Outcome::NotApplied))
            }
        }
    }

    /// Whether the thread is well.
    pub(super) fn check_whole(&self) -> Result<()> {
        match &self.phase {
            Phase::Broken(error) => Err(error.clone().with_outcome(Outcome::Unknown)),
            _ => Ok(()),
        }
    }

    pub(super) fn has_room(&self) -> bool {
        let bytes = self.intake.bytes.len() as u64 + self.in_nodes + self.done.size() as u64;
        self.awaited + self.quiet + (self.done.len() as u64) < self.max_submissions && bytes < self.max_bytes
    }

    pub(super) fn hand_in(&mut self, request: &mut Request, write: &dyn Fn(&mut Vec<u8>)) {
        // What a caller's argument left behind that panicked while it was encoded.
        self.intake.bytes.truncate(self.intake.whole);
        write(&mut self.intake.bytes);
        request.bytes = self.intake.bytes.len() - self.intake.whole;
        self.intake.whole += request.bytes;
        request.seq = self.next_seq;
        self.next_seq += 1;
        self.outstanding += 1;
        *if request.token == NO_TOKEN { &mut self.quiet } else { &mut self.awaited } += 1;
        self.epochs.count();
    }

    pub(super) fn start_epoch(&mut self) {
        self.epochs.start(self.next_seq);
    }

    /// The end of the submission `seq`.
    pub(super) fn settle(&mut self, seq: u64, failure: Option<&Error>) {
        self.outstanding -= 1;
        self.epochs.settle(seq, failure);
    }

    /// Nothing that is outstanding will complete.
    pub(super) fn break_off(&mut self) {
        (self.outstanding, self.awaited, self.quiet) = (0, 0, 0);
        self.epochs.break_off();
    }
}

impl Intake {
    pub(super) fn clear(&mut self) {
        self.submissions.clear();
        self.bytes.clear();
        self.whole = 0;
        if self.bytes.capacity() > KEEP {
            self.bytes = Vec::new();
        }
    }
}

impl Settled {
    // Called for every completion, from two places: on its own it would not be inlined in either.
    #[inline(always)]
    pub(super) fn of(seq: u64, completion: &Completion<'_>) -> Self {
        let failure = completion.error.cloned().or_else(|| {
            completion.server_error().map(|text| {
                let text = String::from_utf8_lossy(&text[..text.len().min(512)]).into_owned();
                Error::new(ErrorKind::Reply, text).with_outcome(Outcome::Rejected)
            })
        });
        Self { seq, is_quiet: completion.token == NO_TOKEN, failure }
    }
}
