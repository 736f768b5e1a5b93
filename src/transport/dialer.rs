//! Connecting, one step at a time.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockAddr;

use super::resolve::{self, Resolving};
use super::socket::Peer;
use super::{Deadline, Interest, Socket, Wake, wait};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Options;

/// From options to a connected socket, without ever waiting by itself.
///
/// A name with several addresses gets them tried in order, each with an equal share of the time left.
pub(crate) struct Dialer {
    stage: Stage,
    deadline: Deadline,
    /// Addresses still to be tried.
    addresses: std::vec::IntoIter<SockAddr>,
    /// What was wrong with the last one.
    last: Option<Error>,
    attempts: u32,
}

enum Stage {
    Resolving(Resolving),
    /// The socket becomes writable when it is decided.
    Connecting {
        socket: Socket,
        until: Deadline,
    },
    /// The backlog of a Unix socket is full, which cannot be waited for.
    Pausing {
        address: SockAddr,
        until: Instant,
    },
    /// Take the next address.
    Next,
}

/// This long until the next try where a backlog was full.
const BACKLOG_PAUSE: Duration = Duration::from_millis(2);

impl Dialer {
    /// Starts; call [`advance`](Self::advance) next. `wake` is called once from another thread if a name has to be resolved,
    /// when that is done.
    ///
    /// # Errors
    /// `Argument` for options that the system would refuse, `Resolve` if it has no room for another thread.
    pub(crate) fn start(
        options: &Options,
        deadline: Deadline,
        wake: impl FnOnce() + Send + 'static,
    ) -> Result<Self> {
        options.check()?;
        let (stage, addresses) = match &options.unix_path {
            Some(path) => {
                let address = SockAddr::unix(path)
                    .map_err(|error| connect_error("the path of the Unix socket", &error))?;
                (Stage::Next, vec![address])
            }
            None => (Stage::Resolving(resolve::start(&options.host, options.port, wake)?), Vec::new()),
        };
        Ok(Self { stage, deadline, addresses: addresses.into_iter(), last: None, attempts: 0 })
    }

    /// Goes on as far as possible without waiting; `None` if there is something to wait for.
    ///
    /// # Errors
    /// `Resolve`, `Connect`, or `Timeout` if the deadline passed.
    pub(crate) fn advance(&mut self, options: &Options, now: Instant) -> Result<Option<Socket>> {
        loop {
            match std::mem::replace(&mut self.stage, Stage::Next) {
                Stage::Resolving(resolving) => match resolving.poll(&options.host)? {
                    Ok(addresses) => {
                        self.addresses =
                            addresses.into_iter().map(SockAddr::from).collect::<Vec<_>>().into_iter();
                    }
                    Err(pending) => {
                        self.stage = Stage::Resolving(pending);
                        return if self.deadline.has_passed(now) { Err(in_time()) } else { Ok(None) };
                    }
                },
                Stage::Next => match self.addresses.next() {
                    Some(address) => self.try_address(address, options, now),
                    None => {
                        return Err(self.last.take().expect("invariant: there was at least one address"));
                    }
                },
                Stage::Connecting { socket, until } => match socket.connected() {
                    Ok(Some(Peer::Other)) => return Ok(Some(socket)),
                    Ok(Some(Peer::Itself)) => {
                        socket.abort();
                        self.last = Some(nobody_listens());
                    }
                    Ok(None) if until.has_passed(now) => self.last = Some(in_time()),
                    Ok(None) => {
                        self.stage = Stage::Connecting { socket, until };
                        return Ok(None);
                    }
                    Err(error) => self.last = Some(connect_error("cannot connect", &error)),
                },
                Stage::Pausing { address, until } => {
                    if self.deadline.has_passed(now) {
                        return Err(in_time());
                    }
                    if now < until {
                        self.stage = Stage::Pausing { address, until };
                        return Ok(None);
                    }
                    self.try_address(address, options, now);
                }
            }
        }
    }

    fn try_address(&mut self, address: SockAddr, options: &Options, now: Instant) {
        match Socket::start(&address, options) {
            Ok(socket) => {
                self.attempts += 1;
                let tries = self.addresses.len() as u32 + 1;
                let share = self.deadline.remaining(now).map(|time| time / tries);
                self.stage = Stage::Connecting { socket, until: Deadline::after(now, share) };
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.stage = Stage::Pausing { address, until: now + BACKLOG_PAUSE };
            }
            Err(error) => {
                self.last = Some(connect_error("cannot connect", &error));
                self.stage = Stage::Next;
            }
        }
    }

    /// The socket whose writability to wait for, if that is what there is to wait for.
    pub(crate) fn socket(&self) -> Option<&Socket> {
        match &self.stage {
            Stage::Connecting { socket, .. } => Some(socket),
            _ => None,
        }
    }

    /// Number of sockets so far: tells one from the next, which may have the same descriptor.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// When to call [`advance`](Self::advance) at the latest.
    pub(crate) fn next_step(&self) -> Deadline {
        match &self.stage {
            Stage::Connecting { until, .. } => *until,
            Stage::Pausing { until, .. } => self.deadline.or_earlier(Deadline::at(*until)),
            Stage::Resolving(_) | Stage::Next => self.deadline,
        }
    }

    /// Waits, for a blocking caller, until there may be something to go on with, at most for `time`.
    pub(crate) fn wait(&self, time: Duration, now: Instant) -> Result<Wake> {
        let time = self.next_step().remaining(now).map_or(time, |step| step.min(time));
        match &self.stage {
            Stage::Connecting { socket, .. } => wait(socket, Interest::ReadWrite, Some(time))
                .map_err(|error| connect_error("cannot wait for the connection", &error)),
            Stage::Resolving(resolving) => {
                resolving.wait(time);
                Ok(Wake::Elapsed)
            }
            Stage::Pausing { .. } | Stage::Next => {
                thread::sleep(time);
                Ok(Wake::Elapsed)
            }
        }
    }
}

fn connect_error(context: &str, error: &io::Error) -> Error {
    Error::from_io(ErrorKind::Connect, context, error)
}

/// Another process would have been told so by the kernel; to this one it gave its own end.
fn nobody_listens() -> Error {
    let refused = io::Error::from_raw_os_error(libc::ECONNREFUSED);
    connect_error("cannot connect: nobody listens, the socket met itself", &refused)
}

/// Says what took so long.
pub(super) fn in_time() -> Error {
    Error::new(ErrorKind::Timeout, "no connection was made within the time allowed")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::error::Outcome;

    /// A dialer whose connection has just been made with itself, and these addresses left.
    fn dialer(addresses: Vec<SockAddr>) -> Dialer {
        let (socket, _) = Socket::connected_to_itself();
        let stage = Stage::Connecting { socket, until: Deadline::never() };
        Dialer {
            stage,
            deadline: Deadline::never(),
            addresses: addresses.into_iter(),
            last: None,
            attempts: 1,
        }
    }

    #[test]
    fn a_connection_to_oneself_is_one_that_was_refused() {
        let Err(error) = dialer(Vec::new()).advance(&Options::default(), Instant::now()) else {
            panic!("a socket was taken for a server")
        };
        assert_eq!((error.kind(), error.os_error()), (ErrorKind::Connect, Some(libc::ECONNREFUSED)));
        assert!(error.message().contains("nobody listens"), "{error}");
    }

    #[test]
    fn after_a_connection_to_oneself_the_next_address_is_tried() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let options = Options::default();
        let mut dialer = dialer(vec![server.local_addr().unwrap().into()]);
        let mut connected = dialer.advance(&options, Instant::now()).unwrap();
        while connected.is_none() {
            dialer.wait(Duration::from_secs(10), Instant::now()).unwrap();
            connected = dialer.advance(&options, Instant::now()).unwrap();
        }
        assert_eq!(connected.unwrap().connected().unwrap(), Some(Peer::Other));
    }

    #[test]
    fn options_that_the_system_would_refuse_are_refused_before_anything_is_tried() {
        let options =
            Options { tcp_user_timeout: Some(Duration::from_millis(1 << 31)), ..Options::default() };
        let error = Dialer::start(&options, Deadline::never(), || {}).map(drop).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Argument, Some(Outcome::NotApplied)));
    }
}
