//! Connecting, one step at a time.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockAddr;

use super::resolve::{self, Resolving};
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
    pub(crate) fn start(
        options: &Options,
        deadline: Deadline,
        wake: impl FnOnce() + Send + 'static,
    ) -> Result<Self> {
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
                    Ok(true) => return Ok(Some(socket)),
                    Ok(false) if until.has_passed(now) => self.last = Some(in_time()),
                    Ok(false) => {
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
    pub(super) fn wait(&self, time: Duration, now: Instant) -> Result<Wake> {
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

/// Says what took so long.
pub(super) fn in_time() -> Error {
    Error::new(ErrorKind::Timeout, "no connection was made within the time allowed")
}
