//! Host names to addresses, on a thread that may be given up.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::signals;
use crate::error::{Error, ErrorKind, Result};

/// A name on its way to becoming addresses.
pub(super) enum Resolving {
    /// A literal address.
    Known(SocketAddr),
    Asked(Arc<Answer>),
}

/// Where the resolver leaves its answer. Not a channel: waiting on one makes the standard library allocate an identity for the
/// calling thread, which it never frees in threads that it did not start.
#[derive(Default)]
pub(super) struct Answer {
    slot: Mutex<Option<std::io::Result<Vec<SocketAddr>>>>,
    given: Condvar,
}

/// Starts to resolve.
///
/// The system's resolver cannot be told to stop, so it runs on a thread of its own, which calls `wake` when it is done; given
/// up, it goes on until the resolver returns. A literal address needs none of this.
pub(super) fn start(host: &str, port: u16, wake: impl FnOnce() + Send + 'static) -> Result<Resolving> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(Resolving::Known(SocketAddr::new(ip, port)));
    }
    let answer = Arc::new(Answer::default());
    let (resolver, name) = (Arc::clone(&answer), host.to_owned());
    signals::spawn_without("oxipipe-resolve", move || {
        resolver.give((name.as_str(), port).to_socket_addrs().map(Iterator::collect));
        wake();
    })
    .map_err(|error| Error::from_io(ErrorKind::Resolve, "cannot start the resolver", &error))?;
    Ok(Resolving::Asked(answer))
}

impl Resolving {
    /// All addresses of the host, in the system's order of preference; gives itself back if there is no answer yet.
    pub(super) fn poll(self, host: &str) -> Result<Result<Vec<SocketAddr>, Self>> {
        let answer = match self {
            Self::Known(address) => return Ok(Ok(vec![address])),
            Self::Asked(answer) => answer,
        };
        let Some(addresses) = answer.take() else { return Ok(Err(Self::Asked(answer))) };
        let addresses = addresses.map_err(|error| {
            Error::from_io(ErrorKind::Resolve, &format!("cannot resolve {host:?}"), &error)
        })?;
        if addresses.is_empty() {
            return Err(Error::new(ErrorKind::Resolve, format!("{host:?} has no address")));
        }
        Ok(Ok(addresses))
    }

    /// Waits for the answer, at most for `time`.
    pub(super) fn wait(&self, time: Duration) {
        if let Self::Asked(answer) = self {
            let slot = answer.slot.lock().unwrap_or_else(PoisonError::into_inner);
            // Whether it came or not, `poll` will tell.
            drop(answer.given.wait_timeout_while(slot, time, |slot| slot.is_none()));
        }
    }
}

impl Answer {
    fn take(&self) -> Option<std::io::Result<Vec<SocketAddr>>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn give(&self, addresses: std::io::Result<Vec<SocketAddr>>) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(addresses);
        self.given.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_resolvers_thread_handles_no_signal() {
        let (tell, hear) = mpsc::channel();
        // The hook runs on the resolver's thread.
        let resolving = start("localhost", 1, move || tell.send(signals::blocked_here()).unwrap()).unwrap();
        let blocked = hear.recv().unwrap();
        for signal in
            [libc::SIGINT, libc::SIGTERM, libc::SIGCHLD, libc::SIGUSR1, libc::SIGALRM, libc::SIGPROF]
        {
            assert!(blocked.contains(&signal), "{signal}");
        }
        assert!(matches!(resolving.poll("localhost"), Ok(Ok(_))));
    }
}
