//! What the caller that leads does for all.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use super::super::calls::CallId;
use super::super::reader::Reader;
use super::super::sink::Sink;
use super::{Caller, Held, spread_news};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::{Received, Wants};
use crate::transport::{Dialer, Fill, Interest, Patience, Wake};

/// How one crank of the leader ended.
pub(super) struct Turn {
    /// Whether a signal handler ran.
    pub(super) signal: bool,
}

const QUIETLY: Turn = Turn { signal: false };

/// Threads that were woken a moment ago are about to call again. Giving them the processor up to that many times before
/// writing gathers their commands, so that the server answers them together.
///
/// Measured on loopback with two processors, 2026-11-20: two threads make twice as many calls as without, eight half as many
/// more; four times or eight is the same.
const YIELDS: usize = 4;

/// A server that answers within this time is near: what is queued while its answer is awaited can wait for it, too.
const NEAR: Duration = Duration::from_millis(1);

impl<'a> Caller<'a> {
    /// One crank as the leader: whatever the connection wants next.
    pub(super) fn turn(
        &self,
        mut state: Held<'a>,
        id: Option<CallId>,
        patience: &Patience<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(Held<'a>, Turn)> {
        match state.connection.wants() {
            Wants::Traffic => self.exchange(state, id, patience, sink),
            Wants::Dial => {
                let deadline = state.connection.on_dial(Instant::now());
                match Dialer::start(&self.terms.options, deadline, || {}) {
                    Ok(dialer) => state.dialer = Some(dialer),
                    Err(error) => self.lose(&mut state, error),
                }
                Ok((state, QUIETLY))
            }
            Wants::Dialed => self.dial(state, patience),
            Wants::Pause | Wants::Nothing => {
                // Followed rather than slept through, so that closing the client ends it.
                let until = patience.until(state.connection.next_timeout());
                Ok((self.follow(state, id, false, &until)?, QUIETLY))
            }
        }
    }

    /// Goes on connecting, and waits for that.
    fn dial(&self, mut state: Held<'a>, patience: &Patience<'_>) -> Result<(Held<'a>, Turn)> {
        let Some(mut dialer) = state.dialer.take() else {
            self.lose(&mut state, Error::new(ErrorKind::Connect, "connecting was interrupted"));
            return Ok((state, QUIETLY));
        };
        let (epoch, step) = (state.epoch, state.connection.next_timeout());
        drop(state);
        let options = &self.terms.options;
        let now = Instant::now();
        let mut wake = Wake::Ready;
        let result = dialer.advance(options, now).and_then(|connected| {
            if connected.is_none() {
                wake = dialer.wait(patience.until(step).look(now), now)?;
            }
            Ok(connected)
        });
        let mut state = self.lock()?;
        if state.epoch == epoch {
            match result {
                Ok(Some(socket)) => state.carry(socket, options),
                Ok(None) => state.dialer = Some(dialer),
                Err(error) => self.lose(&mut state, error),
            }
        }
        Ok((state, Turn { signal: wake == Wake::Signal }))
    }

    /// Writes, waits, reads, hands out.
    fn exchange(
        &self,
        mut state: Held<'a>,
        id: Option<CallId>,
        patience: &Patience<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(Held<'a>, Turn)> {
        let epoch = state.epoch;
        state.is_at_hand = true;
        for _ in 0..YIELDS {
            if state.followers().len() >= state.company || self.terms.crowd.is_dense() {
                break;
            }
            drop(state);
            self.terms.crowd.give_way();
            state = self.lock()?;
            if state.epoch != epoch || id.is_some_and(|id| state.calls.get(id).has_news()) {
                return Ok((state, QUIETLY));
            }
        }
        let waiting = state.followers().len();
        state.company = waiting.max(state.company - state.company.div_ceil(8));
        let has_company = state.company > 0;
        state.flush();
        if state.connection.is_special() {
            // What awaits no reply is over when it has left.
            spread_news(&mut state);
            if id.is_some_and(|id| state.calls.get(id).has_news()) {
                return Ok((state, QUIETLY));
            }
            if state.connection.is_full() {
                // Whoever takes events wakes everybody.
                state.followers().resign(self.me);
                return Ok((self.follow(state, id, false, patience)?, QUIETLY));
            }
        }
        let in_flight = state.connection.in_flight();
        let mut reader =
            state.reader.take().expect("invariant: who leads finds the receiving half in its place");
        drop(state);

        let fill = match reader.poll(in_flight, has_company.then_some(&self.terms.crowd)) {
            Ok(true) => Ok(Fill::Data),
            Ok(false) => self.sleep(&mut reader, epoch, patience)?,
            Err(error) => Err(error),
        };

        let mut state = self.lock()?;
        if state.epoch != epoch {
            return Ok((state, QUIETLY));
        }
        match fill {
            Ok(Fill::Data) => {
                state.is_lively = reader.is_lively();
                self.hand_out(state, reader, id, sink)
            }
            Ok(Fill::Nothing(wake)) => {
                state.reader = Some(reader);
                Ok((state, Turn { signal: wake == Wake::Signal }))
            }
            Err(error) => {
                self.lose(&mut state, error);
                Ok((state, QUIETLY))
            }
        }
    }

    /// Sleeps until there is something to read or `patience` wants to be asked.
    fn sleep(&self, reader: &mut Reader, epoch: u64, patience: &Patience<'_>) -> Result<Result<Fill>> {
        let gone = Ok(Ok(Fill::Nothing(Wake::Ready)));
        if reader.is_near {
            // What others queue meanwhile leaves together, as soon as this wakes up.
            let Some((interest, slice)) = self.fall_asleep(epoch, true, patience)? else { return gone };
            match reader.sleep(interest, Some(slice.unwrap_or(NEAR).min(NEAR))) {
                Ok(Fill::Nothing(Wake::Elapsed)) => reader.is_near = false,
                other => return Ok(other),
            }
        }
        let Some((interest, slice)) = self.fall_asleep(epoch, false, patience)? else { return gone };
        let start = Instant::now();
        let fill = reader.sleep(interest, slice);
        reader.is_near = matches!(fill, Ok(Fill::Data)) && start.elapsed() < NEAR;
        Ok(fill)
    }

    /// Writes what is queued and says whether others may leave their commands to this thread. What to wait for and how long;
    /// `None` if the connection is gone.
    fn fall_asleep(
        &self,
        epoch: u64,
        is_at_hand: bool,
        patience: &Patience<'_>,
    ) -> Result<Option<(Interest, Option<Duration>)>> {
        let mut state = self.lock()?;
        state.is_at_hand = is_at_hand;
        if state.epoch != epoch {
            return Ok(None);
        }
        state.flush();
        let has_unsent = state.connection.has_unsent();
        let slice = patience.until(state.connection.next_timeout()).slice(Instant::now());
        Ok(state.channel.as_ref().map(|channel| (channel.interest(has_unsent), slice)))
    }

    /// Parses what the reader has; the replies of `id` go straight to `sink`, in place.
    #[inline]
    fn hand_out(
        &self,
        mut state: Held<'a>,
        mut reader: Reader,
        id: Option<CallId>,
        sink: &mut dyn Sink,
    ) -> Result<(Held<'a>, Turn)> {
        let (epoch, was_up) = (state.epoch, state.connection.is_up());
        let (mut pos, mut wants_more) = (0, true);
        loop {
            // In company the caller's own reply waits until another leads: to take it may mean to wait for an interpreter's lock.
            let is_alone = state.followers().len() == 0;
            let (connection, mut owner) = state.parts(id.filter(|_| is_alone && wants_more));
            match connection.receive(reader.window(), &mut pos, &mut owner) {
                Ok(Received::Part) => {
                    let mut nodes = std::mem::take(connection.part());
                    let id = id.expect("invariant: only a caller's replies are used in place");
                    let kept = state.calls.get_mut(id).take_kept();
                    spread_news(&mut state);
                    state.is_at_hand = false;
                    drop(state);
                    let go_on = self.with_window(epoch, || {
                        kept.is_none_or(|(nodes, bytes)| sink.part(&nodes, &bytes))
                            && sink.part(&nodes, reader.window())
                    });
                    state = self.lock()?;
                    if !go_on {
                        // What else is in this window belongs to others, so parsing goes on without this caller.
                        wants_more = false;
                        state.calls.get_mut(id).stop();
                    }
                    if state.epoch != epoch {
                        return Ok((state, QUIETLY));
                    }
                    nodes.clear();
                    state.is_at_hand = true;
                    *state.connection.part() = nodes;
                }
                Ok(Received::Starved) => {
                    reader.consume(pos);
                    state.reader = Some(reader);
                    spread_news(&mut state);
                    if !was_up && state.connection.is_up() {
                        // Some wait for nothing else.
                        state.followers().call_all();
                    }
                    break;
                }
                Err(error) => {
                    self.lose(&mut state, error);
                    break;
                }
            }
        }
        Ok((state, QUIETLY))
    }

    /// Lets the sink work, without the lock. If it panics, what has been read and belongs to others is lost with the reader, and
    /// so the connection is; not one that was made meanwhile because this one is gone.
    fn with_window(&self, epoch: u64, work: impl FnOnce() -> bool) -> bool {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
            if let Ok(mut state) = self.lock()
                && state.epoch == epoch
            {
                self.lose(&mut state, Error::new(ErrorKind::Panic, "a reply callback panicked"));
            }
            resume_unwind(panic)
        })
    }
}
