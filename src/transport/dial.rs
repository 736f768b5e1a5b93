//! From options to a connected socket, within a deadline.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockAddr;

use super::{Deadline, Interest, Patience, Socket, Wake, resolve, wait};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Options;

/// A Unix socket whose backlog is full cannot be waited for; this long until the next try.
const BACKLOG_PAUSE: Duration = Duration::from_millis(2);

/// Resolves and connects. A name with several addresses gets them tried in order, each with an equal share of the time left.
pub(crate) fn dial(options: &Options, patience: &Patience<'_>) -> Result<Socket> {
    let addresses = match &options.unix_path {
        Some(path) => {
            vec![SockAddr::unix(path).map_err(|error| connect_error("the path of the Unix socket", &error))?]
        }
        None => resolve::resolve(&options.host, options.port, |answer| listen(answer, patience))?
            .into_iter()
            .map(SockAddr::from)
            .collect(),
    };
    let mut last = None;
    for (index, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let share = patience.deadline().remaining(now).map(|time| time / (addresses.len() - index) as u32);
        match connect(address, options, &patience.until(Deadline::after(now, share))) {
            Ok(socket) => return Ok(socket),
            Err(error) if matches!(error.kind(), ErrorKind::Closed | ErrorKind::Interrupted) => {
                return Err(error);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.expect("invariant: there is at least one address"))
}

fn connect(address: &SockAddr, options: &Options, patience: &Patience<'_>) -> Result<Socket> {
    let socket = loop {
        match Socket::start(address, options) {
            Ok(socket) => break socket,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                thread::sleep(BACKLOG_PAUSE);
                patience.check(Instant::now(), false).map_err(in_time)?;
            }
            Err(error) => return Err(connect_error("cannot connect", &error)),
        }
    };
    loop {
        let slice = patience.look(Instant::now());
        let wake = wait(&socket, Interest::ReadWrite, Some(slice))
            .map_err(|error| connect_error("cannot wait for the connection", &error))?;
        if wake == Wake::Ready {
            socket.connected().map_err(|error| connect_error("cannot connect", &error))?;
            return Ok(socket);
        }
        patience.check(Instant::now(), wake == Wake::Signal).map_err(in_time)?;
    }
}

fn listen(answer: &resolve::Answer, patience: &Patience<'_>) -> Result<io::Result<Vec<SocketAddr>>> {
    loop {
        let slice = patience.look(Instant::now());
        match answer.take(slice) {
            Some(answer) => return Ok(answer),
            None => patience.check(Instant::now(), false).map_err(in_time)?,
        }
    }
}

fn connect_error(context: &str, error: &io::Error) -> Error {
    Error::from_io(ErrorKind::Connect, context, error)
}

/// Says in a deadline's error what took so long.
fn in_time(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Timeout => {
            Error::new(ErrorKind::Timeout, "no connection was made within the time allowed")
        }
        _ => error,
    }
}
