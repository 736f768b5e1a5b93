//! One call, tried as often as that is safe.

use std::time::{Duration, Instant};

use super::backoff::{Backoff, chance};
use super::link::{Link, Sink};
use super::payload::Payload;
use super::visit::{Visit, cancelled};
use crate::error::{Error, ErrorKind, Outcome, Progress, Result};
use crate::options::Retry;
use crate::resp::{Kind, Node, ReplyBuilder};
use crate::transport::{Deadline, Patience};

impl Link {
    /// Sends commands and hands their replies to `sink` as they arrive. What is proved not applied is tried again until the
    /// deadline, and so are reads.
    pub(crate) fn call(&self, payload: &Payload<'_>, sink: Sink<'_>) -> Result<()> {
        let visit = self.visit();
        let start = self.patience(self.options().timeout);
        let end = if payload.blocking.is_some() { &self.patience_with(payload.blocking) } else { &start };
        let mut backoff = Backoff::default();
        loop {
            let mut delivered = false;
            // Replies that may turn out not to be the caller's: a refusal to be tried again, or a transaction's.
            let mut kept = ReplyBuilder::new();
            let mut is_refused = false;
            let result = visit.attempt(payload, &start, end, &mut |nodes, bytes| {
                is_refused |= !delivered && payload.commands == 1 && is_transient_refusal(nodes, bytes);
                if is_refused || payload.atomic {
                    kept.append(nodes, bytes);
                    return true;
                }
                delivered = true;
                sink(nodes, bytes)
            });
            match result.map_err(|error| payload.judge(error)) {
                Err(error) => {
                    let may_retry = !delivered && visit.may_retry(self, &error, payload);
                    if !may_retry || visit.pause(backoff.next(chance()), &start).is_err() {
                        return Err(error);
                    }
                }
                Ok(()) => {
                    // A server that asks for patience gets it: not even the first try comes at once.
                    if is_refused && visit.pause(backoff.next_after_first(chance()), &start).is_ok() {
                        continue;
                    }
                    if !kept.is_empty() {
                        let (nodes, bytes) = kept.take_part();
                        if !sink(&nodes, &bytes) {
                            let replied = payload.commands;
                            return Err(
                                cancelled().with_progress(Progress { replied, ..Progress::default() })
                            );
                        }
                    }
                    return Ok(());
                }
            }
        }
    }
}

impl Visit<'_> {
    fn may_retry(&self, link: &Link, error: &Error, payload: &Payload<'_>) -> bool {
        if link.is_pinned() {
            return false;
        }
        match error.kind() {
            ErrorKind::Connect | ErrorKind::Resolve => self.was_up(),
            ErrorKind::Handshake => self.was_up() && error.message().starts_with("ERR max number of clients"),
            ErrorKind::Io | ErrorKind::Disconnected => match error.outcome() {
                Some(Outcome::NotApplied) => self.was_up(),
                Some(Outcome::Unknown) => link.options().retry == Retry::Reads && (payload.read_only)(),
                _ => false,
            },
            _ => false,
        }
    }

    /// Waits before another try; an error if the call has no time for it.
    fn pause(&self, delay: Duration, patience: &Patience<'_>) -> Result<()> {
        let end = Instant::now() + delay;
        if patience.deadline().has_passed(end) {
            return Err(Error::new(ErrorKind::Timeout, "no time for another try"));
        }
        let until_end = patience.until(Deadline::after(end, Some(Duration::ZERO)));
        loop {
            let now = Instant::now();
            patience.check(now, false)?;
            if now >= end {
                return Ok(());
            }
            // Followed rather than slept through, so that closing the client ends it.
            self.follow(self.lock()?, None, false, &until_end)?;
        }
    }
}

/// Whether the server refused to look at the command for a reason that passes.
fn is_transient_refusal(nodes: &[Node], bytes: &[u8]) -> bool {
    let Some(node) = nodes.first().filter(|node| node.kind == Kind::Error as u8) else { return false };
    let text = &bytes[node.value as usize..][..node.len as usize];
    [&b"LOADING "[..], b"MASTERDOWN ", b"TRYAGAIN ", b"CLUSTERDOWN "]
        .iter()
        .any(|prefix| text.starts_with(prefix))
}
