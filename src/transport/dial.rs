//! From options to a connected socket, for callers that wait.

use std::time::Instant;

use super::dialer::{Dialer, in_time};
use super::{Patience, Socket, Wake};
use crate::error::{ErrorKind, Result};
use crate::options::Options;

/// Resolves and connects within the patience of a call.
pub(crate) fn dial(options: &Options, patience: &Patience<'_>) -> Result<Socket> {
    let mut dialer = Dialer::start(options, patience.deadline(), || {})?;
    loop {
        let now = Instant::now();
        if let Some(socket) = dialer.advance(options, now)? {
            return Ok(socket);
        }
        let wake = dialer.wait(patience.look(now), now)?;
        patience.check(Instant::now(), wake == Wake::Signal).map_err(|error| match error.kind() {
            ErrorKind::Timeout => in_time(),
            _ => error,
        })?;
    }
}
