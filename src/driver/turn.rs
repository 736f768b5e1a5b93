//! What the caller that leads does for all.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::{Duration, Instant};

use super::link::{Sink, State};
use super::visit::{Held, Visit, spread_news};
use super::wire::{Fill, Reader};
use crate::error::{Error, ErrorKind, Progress, Result};
use crate::proto::{Received, RequestId};
use crate::resp::Node;
use crate::transport::{Interest, Patience, Wake};

/// How one crank of the leader ended.
pub(super) enum Turn {
    /// Go on; whether a signal handler ran.
    On { signal: bool },
    /// The sink asked to stop; the fate of its commands.
    Stopped(Progress),
}

/// Threads that were woken a moment ago are about to call again. Giving them the processor up to that many times before
/// writing gathers their commands, so that the server answers them together.
///
/// Measured on loopback with two processors, 2026-11-20: two threads make twice as many calls as without, eight half as many
/// more; four times or eight is the same.
const YIELDS: usize = 4;

/// A server that answers within this time is near: what is queued while its answer is awaited can wait for it, too.
const NEAR: Duration = Duration::from_millis(1);

impl<'a> Visit<'a> {
    /// One crank as the leader: write, wait, read, hand out.
    pub(super) fn turn(
        &self,
        mut state: Held<'a>,
        id: RequestId,
        patience: &Patience<'_>,
        sink: Sink<'_>,
    ) -> Result<(Held<'a>, Turn)> {
        let epoch = state.epoch;
        state.is_at_hand = true;
        for _ in 0..YIELDS {
            if state.line().len() >= state.company {
                break;
            }
            drop(state);
            thread::yield_now();
            state = self.lock()?;
            if state.epoch != epoch || state.requests.get(id).has_news() {
                return Ok((state, Turn::On { signal: false }));
            }
        }
        let waiting = state.line().len();
        state.company = waiting.max(state.company - state.company.div_ceil(8));
        let has_company = state.company > 0;
        let wire = state.wire.as_mut().expect("invariant: an open request has a connection");
        wire.flush();
        let in_flight = wire.session.in_flight();
        let mut reader =
            wire.reader.take().expect("invariant: who leads finds the reading half in its place");
        drop(state);

        let fill = match reader.poll(in_flight, has_company) {
            Ok(true) => Ok(Fill::Data),
            Ok(false) => self.sleep(&mut reader, epoch, patience)?,
            Err(error) => Err(error),
        };

        let mut state = self.lock()?;
        if state.epoch != epoch {
            return Ok((state, Turn::On { signal: false }));
        }
        match fill {
            Ok(Fill::Data) => {
                state.is_lively = reader.is_lively();
                self.hand_out(state, reader, id, sink)
            }
            Ok(Fill::Nothing(wake)) => {
                put_back(&mut state, reader);
                Ok((state, Turn::On { signal: wake == Wake::Signal }))
            }
            Err(error) => {
                self.lose(&mut state, error);
                Ok((state, Turn::On { signal: false }))
            }
        }
    }

    /// Sleeps until there is something to read or `patience` wants to be asked.
    fn sleep(&self, reader: &mut Reader, epoch: u64, patience: &Patience<'_>) -> Result<Result<Fill>> {
        let gone = Ok(Ok(Fill::Nothing(Wake::Ready)));
        if reader.is_near {
            // What others queue meanwhile leaves together, as soon as this wakes up.
            let Some(interest) = self.fall_asleep(epoch, true)? else { return gone };
            let slice = patience.slice(Instant::now()).unwrap_or(NEAR);
            match reader.sleep(interest, Some(slice.min(NEAR))) {
                Ok(Fill::Nothing(Wake::Elapsed)) => reader.is_near = false,
                other => return Ok(other),
            }
        }
        let Some(interest) = self.fall_asleep(epoch, false)? else { return gone };
        let start = Instant::now();
        let fill = reader.sleep(interest, patience.slice(start));
        reader.is_near = matches!(fill, Ok(Fill::Data)) && start.elapsed() < NEAR;
        Ok(fill)
    }

    /// Writes what is queued and says whether others may leave their commands to this thread. `None` if the connection is gone.
    fn fall_asleep(&self, epoch: u64, is_at_hand: bool) -> Result<Option<Interest>> {
        let mut state = self.lock()?;
        state.is_at_hand = is_at_hand;
        let is_same = state.epoch == epoch;
        Ok(state.wire.as_mut().filter(|_| is_same).map(|wire| {
            wire.flush();
            wire.interest()
        }))
    }

    /// Parses what the reader has; the replies of `id` go straight to `sink`, in place.
    fn hand_out(
        &self,
        mut state: Held<'a>,
        mut reader: Reader,
        id: RequestId,
        sink: Sink<'_>,
    ) -> Result<(Held<'a>, Turn)> {
        let epoch = state.epoch;
        let mut pos = 0;
        let mut stopped = None;
        loop {
            let is_alone = state.line().len() == 0;
            let State { wire: Some(wire), requests, .. } = &mut *state else {
                unreachable!("a connection of the same epoch is there")
            };
            // In company the caller's own reply waits until another leads: to take it may mean to wait for an interpreter's lock.
            let direct = (stopped.is_none() && is_alone).then_some(id);
            match wire.session.receive(reader.window(), &mut pos, requests, direct) {
                Ok(Received::Part) => {
                    wire.overdue.answered();
                    let mut nodes = std::mem::take(wire.session.part());
                    spread_news(&mut state);
                    state.is_at_hand = false;
                    drop(state);
                    let go_on = self.deliver(sink, &nodes, reader.window());
                    state = self.lock()?;
                    if state.epoch != epoch {
                        return Ok((state, Turn::On { signal: false }));
                    }
                    nodes.clear();
                    state.is_at_hand = true;
                    let wire = state.wire.as_mut().expect("invariant: same epoch, same connection");
                    *wire.session.part() = nodes;
                    if !go_on {
                        // What else is in this window belongs to others, so parsing goes on without this caller.
                        stopped = Some(self.release(&mut state, id));
                        if state.epoch != epoch {
                            break;
                        }
                    }
                }
                Ok(Received::Starved) => {
                    reader.consume(pos);
                    put_back(&mut state, reader);
                    spread_news(&mut state);
                    break;
                }
                Err(error) => {
                    self.lose(&mut state, error);
                    break;
                }
            }
        }
        Ok((state, stopped.map_or(Turn::On { signal: false }, Turn::Stopped)))
    }

    /// Calls the sink, without the lock. If it panics, the connection goes with it: what it would have read is lost.
    pub(super) fn deliver(&self, sink: Sink<'_>, nodes: &[Node], bytes: &[u8]) -> bool {
        catch_unwind(AssertUnwindSafe(|| sink(nodes, bytes))).unwrap_or_else(|panic| {
            if let Ok(mut state) = self.lock() {
                self.lose(&mut state, Error::new(ErrorKind::Panic, "a reply callback panicked"));
            }
            resume_unwind(panic)
        })
    }
}

fn put_back(state: &mut State, reader: Reader) {
    if let Some(wire) = &mut state.wire {
        wire.reader = Some(reader);
    }
}
