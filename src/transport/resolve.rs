//! Host names to addresses, within a deadline.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;

use crate::error::{Error, ErrorKind, Result};

/// All addresses of a host, in the system's order of preference.
///
/// The system's resolver cannot be told to stop, so it runs on a thread of its own, and `wait` decides how long to listen
/// for its answer: it gets the receiving end and returns `None` when its time is up. A literal address needs none of this.
pub(super) fn resolve(
    host: &str,
    port: u16,
    wait: impl FnOnce(
        &mpsc::Receiver<std::io::Result<Vec<SocketAddr>>>,
    ) -> Result<std::io::Result<Vec<SocketAddr>>>,
) -> Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let (answer, inbox) = mpsc::channel();
    let name = host.to_owned();
    thread::Builder::new()
        .name("oxipipe-resolve".into())
        .spawn(move || {
            // Nobody may be listening any more; that is all right.
            let _ = answer.send((name.as_str(), port).to_socket_addrs().map(Iterator::collect));
        })
        .map_err(|error| Error::from_io(ErrorKind::Resolve, "cannot start the resolver", &error))?;
    let addresses = wait(&inbox)?
        .map_err(|error| Error::from_io(ErrorKind::Resolve, &format!("cannot resolve {host:?}"), &error))?;
    if addresses.is_empty() {
        return Err(Error::new(ErrorKind::Resolve, format!("{host:?} has no address")));
    }
    Ok(addresses)
}
