//! Under which terms a link works.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::crowd::Crowd;
use crate::error::Error;
use crate::options::Options;
use crate::proto::{ReplyRule, lease_lost};
use crate::transport::closed;

/// What holds for a link whatever process it is in and whoever works on it.
pub(super) struct Terms {
    pub(super) options: Arc<Options>,
    /// There was a connection to the server before, this or another of the client.
    pub(super) was_up: Arc<AtomicBool>,
    /// What happens to error replies before anybody sees them.
    pub(super) rule: ReplyRule,
    pub(super) closed: AtomicBool,
    /// The connection is not made again.
    pub(super) pinned: AtomicBool,
    pub(super) crowd: Crowd,
}

impl Terms {
    pub(super) fn new(options: Arc<Options>, was_up: Arc<AtomicBool>, rule: ReplyRule) -> Self {
        Self {
            options,
            was_up,
            rule,
            closed: AtomicBool::new(false),
            pinned: AtomicBool::new(false),
            crowd: Crowd::default(),
        }
    }

    /// Why nothing can be sent over a new connection, if that is so.
    pub(super) fn end(&self) -> Option<Error> {
        match (self.closed.load(Ordering::Acquire), self.pinned.load(Ordering::Relaxed)) {
            (true, _) => Some(closed("client")),
            (false, true) => Some(lease_lost()),
            (false, false) => None,
        }
    }
}
