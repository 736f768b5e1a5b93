//! Host names to addresses, within a deadline.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// Where the resolver leaves its answer. Not a channel: waiting on one makes the standard library allocate an identity for the
/// calling thread, which it never frees in threads that it did not start.
#[derive(Default)]
pub(super) struct Answer {
    slot: Mutex<Option<std::io::Result<Vec<SocketAddr>>>>,
    given: Condvar,
}

impl Answer {
    /// The answer, if it comes within this time.
    pub(super) fn take(&self, timeout: Duration) -> Option<std::io::Result<Vec<SocketAddr>>> {
        let slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut slot, _) = self
            .given
            .wait_timeout_while(slot, timeout, |slot| slot.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        slot.take()
    }

    fn give(&self, addresses: std::io::Result<Vec<SocketAddr>>) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(addresses);
        self.given.notify_one();
    }
}

/// All addresses of a host, in the system's order of preference.
///
/// The system's resolver cannot be told to stop, so it runs on a thread of its own, and `wait` decides how long to listen
/// for its answer. A literal address needs none of this.
pub(super) fn resolve(
    host: &str,
    port: u16,
    wait: impl FnOnce(&Answer) -> Result<std::io::Result<Vec<SocketAddr>>>,
) -> Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let answer = Arc::new(Answer::default());
    let (resolver, name) = (Arc::clone(&answer), host.to_owned());
    thread::Builder::new()
        .name("oxipipe-resolve".into())
        .spawn(move || resolver.give((name.as_str(), port).to_socket_addrs().map(Iterator::collect)))
        .map_err(|error| Error::from_io(ErrorKind::Resolve, "cannot start the resolver", &error))?;
    let addresses = wait(&answer)?
        .map_err(|error| Error::from_io(ErrorKind::Resolve, &format!("cannot resolve {host:?}"), &error))?;
    if addresses.is_empty() {
        return Err(Error::new(ErrorKind::Resolve, format!("{host:?} has no address")));
    }
    Ok(addresses)
}
