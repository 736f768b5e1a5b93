//! A caller that waits for what nobody asked for.

use std::cell::Cell;
use std::time::Instant;

use super::super::followers::Number;
use super::super::sink::Streamed;
use super::{Caller, Connecting, Held, reentrant};
use crate::error::{ErrorKind, Result};
use crate::proto::{Event, Wants};
use crate::transport::Patience;

impl<'a> Caller<'a> {
    /// Waits until there are events and takes all of them; reads for everybody meanwhile, if nobody else does. It does not
    /// connect. False if time ran out first.
    pub(in super::super) fn listen(&self, patience: &Patience<'_>, into: &mut Vec<Event>) -> Result<bool> {
        let mut state = self.lock()?;
        if state.followers().is_led_by(self.me) {
            return Err(reentrant().without_outcome());
        }
        self.freshen(&mut state);
        let _listening = Connecting(self);
        loop {
            if state.connection.has_events() {
                take(&mut state, into);
                self.step_down(&mut state);
                return Ok(true);
            }
            if let Some(error) = state.connection.end() {
                let error = error.clone().without_outcome();
                return Err(self.leave(state, error));
            }
            let after_signal;
            (state, after_signal) = match state.connection.wants() {
                // Whoever wants something of the connection takes the lead.
                Wants::Nothing => {
                    state.followers().resign(self.me);
                    (self.follow_events(state, false, patience)?, false)
                }
                _ if state.followers().lead(self.me) => {
                    let (state, turn) = self.turn(state, None, patience, &mut Streamed(&mut |_, _| true))?;
                    (state, turn.signal)
                }
                _ => (self.follow_events(state, true, patience)?, false),
            };
            let verdict;
            (state, verdict) = self.look_up(state, patience, after_signal)?;
            match verdict {
                Err(_) if state.connection.has_events() => {}
                Err(error) if error.kind() == ErrorKind::Timeout => {
                    self.step_down(&mut state);
                    return Ok(false);
                }
                Err(error) => return Err(self.leave(state, error)),
                Ok(()) => {}
            }
        }
    }

    /// Sleeps until there are events, the lead falls to this thread, or it is time to look at `patience`.
    fn follow_events(&self, state: Held<'a>, can_lead: bool, patience: &Patience<'_>) -> Result<Held<'a>> {
        let me = Cell::new(None);
        let mut state = state.wait(
            self.me,
            can_lead,
            patience.slice(Instant::now()),
            |_| {},
            |state, number| {
                me.set(Some(number.0));
                state.listeners.push(number.0);
            },
            |state| self.mend(state),
        )?;
        state.listeners.retain(|&number| Some(number) != me.get());
        Ok(state)
    }
}

/// All there are. Whoever waits to read on, because there was no room for more, wakes up.
fn take(state: &mut Held<'_>, into: &mut Vec<Event>) {
    let was_full = state.connection.is_full();
    into.extend(std::iter::from_fn(|| state.connection.next_event()));
    if was_full {
        state.followers().call_all();
    }
}

/// Wakes those that wait for events, if there are any events.
pub(super) fn spread_events(state: &mut Held<'_>) {
    if !state.connection.has_events() {
        return;
    }
    for number in std::mem::take(&mut state.listeners) {
        state.followers().call(Number(number));
    }
}
