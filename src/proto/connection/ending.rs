//! How things end: a lost connection, a failed attempt, a deadline.

use std::time::Instant;

use super::{Connection, Phase, STALLED};
use crate::command::{self, Place};
use crate::deadline::{self, Deadline};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::options::Retry;
use crate::proto::event::EventKind;
use crate::proto::greeting::Lost;
use crate::proto::owner::Owner;
use crate::proto::request::Form;
use crate::proto::retry::{self, Loss};
use crate::resp;

impl Connection {
    /// The socket is closed because of `error`, or was never there. What cannot have been applied, and what only reads, is sent
    /// again over the next one; the rest fails.
    pub(crate) fn lost(&mut self, error: Error, owner: &mut impl Owner) {
        self.incoming.nodes.clear();
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Up => self.lost_up(error, owner),
            Phase::Greeting(greeting) => match greeting.on_lost(error) {
                Lost::GreetPlainly => {
                    self.greets_plainly = true;
                    self.phase = Phase::WantsDial;
                }
                Lost::Fail(error) => self.connecting_failed(error, owner),
            },
            Phase::WantsDial | Phase::Dialing => self.connecting_failed(error, owner),
            other => self.phase = other,
        }
    }

    fn lost_up(&mut self, error: Error, owner: &mut impl Owner) {
        let address = self.options.address();
        let error = error.with_address(&address);
        self.tell(EventKind::Down, None, Some(error.clone()));
        let condemnation = self.last_words.take().map(|words| {
            let message = format!("the server ended the connection: {words}");
            Error::new(ErrorKind::Protocol, message).with_address(&address)
        });
        let repeats_reads = self.options.retry == Retry::Reads;
        let loss = Loss { kind: error.kind(), repeats_reads, is_final: self.is_pinned };
        self.queue.rewind(|request, bytes, fate| {
            let again = retry::resends_after_loss(&loss, request, fate, || only_reads(request.form, bytes));
            match again {
                true => owner.forget(request),
                false if request.abandoned => {}
                false => {
                    let reason = condemnation.as_ref().filter(|_| request.is_condemned()).unwrap_or(&error);
                    owner.failed(request, reason.clone().with_progress(fate));
                }
            }
            again
        });
        if self.is_pinned {
            self.close(&lease_lost().with_address(&self.options.address()), owner);
        } else if !self.queue.is_empty() {
            self.phase = Phase::Pausing(owner.now() + self.backoff.next(owner.chance()));
        }
    }

    /// There is no connection for what waits: keeps it for another try if there was one before and the reason may pass.
    fn connecting_failed(&mut self, error: Error, owner: &mut impl Owner) {
        (self.attempt_until, self.greets_plainly) = (None, false);
        let error = error.with_outcome(Outcome::NotApplied).with_address(&self.options.address());
        self.failures += 1;
        self.failure = Some(error.clone());
        if self.is_pinned {
            // Whoever waits for what it has to tell asks for nothing that could fail.
            self.tell(EventKind::Down, None, Some(error.clone()));
        }
        if !retry::may_connect_later(&error, owner.was_up(), self.options.fail_fast) {
            self.fail_all(&error, owner);
        } else if !self.queue.is_empty() {
            self.phase = Phase::Pausing(owner.now() + self.backoff.next_after_first(owner.chance()));
        }
    }

    pub(super) fn fail_all(&mut self, error: &Error, owner: &mut impl Owner) {
        let address = self.options.address();
        self.queue.drain(|request, fate| {
            if !request.abandoned {
                owner.failed(&request, error.clone().with_address(&address).with_progress(fate));
            }
        });
    }

    /// When to call [`on_timeout`](Self::on_timeout) at the latest.
    pub(crate) fn next_timeout(&self) -> Deadline {
        let own = match (&self.phase, self.attempt_until) {
            (Phase::Pausing(until), _) => Deadline::at(*until),
            (Phase::Greeting(_), Some(until)) => until,
            _ => return self.queue.next_step(),
        };
        self.queue.next_step().or_earlier(own)
    }

    /// Ends requests whose time is up, and does what was put off until now.
    ///
    /// # Errors
    /// The connection is to be given up.
    pub(crate) fn on_timeout(&mut self, owner: &mut impl Owner) -> Result<()> {
        let now = owner.now();
        if !self.next_timeout().has_passed(now) {
            return Ok(());
        }
        let ends = self.expire(now, owner);
        self.queue.release(now);
        match &self.phase {
            Phase::Pausing(_) if self.queue.is_empty() => self.phase = Phase::Idle,
            Phase::Pausing(until) if *until <= now => self.phase = Phase::WantsDial,
            Phase::Greeting(_) if self.attempt_until.is_some_and(|until| until.has_passed(now)) => {
                return Err(Error::new(ErrorKind::Timeout, "the greeting took too long"));
            }
            _ => {}
        }
        ends.map_or(Ok(()), Err)
    }

    fn expire(&mut self, now: Instant, owner: &mut impl Owner) -> Option<Error> {
        let late = deadline::missed();
        let late = late.with_address(&self.options.address());
        // One that others met with long ago says nothing.
        let failure = self.failure.as_ref().filter(|_| self.failures > self.failures_before);
        let stall = &mut self.stall;
        // What waits behind others on a connection that is up has missed a reply like those.
        let is_behind = matches!(self.phase, Phase::Up) && self.queue.begun() > 0;
        let mut ends = None;
        self.queue.expire(now, |request, progress, has_begun| {
            // Why it never left says more than that time ran out.
            let error = failure.filter(|_| !has_begun).unwrap_or(&late).clone();
            owner.forget(request);
            owner.failed(request, error.with_progress(progress));
            if let Some(why) = request.ends_connection(has_begun) {
                ends = Some(Error::new(ErrorKind::Disconnected, why));
            } else if (has_begun || is_behind) && stall.missed(now) {
                ends = Some(Error::new(ErrorKind::Disconnected, STALLED));
            }
        });
        ends
    }
}

/// Why nothing goes over a connection any more that was not to be made again.
pub(crate) fn lease_lost() -> Error {
    let message = "the leased connection is lost, and with it what was set on it: lease another";
    Error::not_applied(ErrorKind::Disconnected, message)
}

/// Whether all of a request's commands only read; of a transaction, those between MULTI and EXEC.
fn only_reads(form: Form, bytes: &[u8]) -> bool {
    let is_frame = |name: &[u8]| form == Form::Transaction && matches!(name, b"MULTI" | b"EXEC");
    resp::encoded_commands(bytes).all(|args| {
        is_frame(args[0]) || command::admit(&args, Place::Dedicated).is_ok_and(|it| it.is_read_only())
    })
}
