//! One connection while it lasts: a socket and the session spoken over it.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::overdue::Overdue;
use super::spin::Spin;
use crate::error::{Error, ErrorKind, Result};
use crate::options::Options;
use crate::proto::{Handshake, Received, Requests, Session, Step};
use crate::resp::{self, ReplyBuilder};
use crate::transport::{Inbox, Interest, Patience, Socket, Wake, dial, wait};

/// A connection that has been greeted.
///
/// The reading half can be taken out, so that its holder waits for the socket and uses what arrives without keeping others
/// from queueing and sending.
pub(crate) struct Wire {
    pub(super) session: Session,
    pub(super) overdue: Overdue,
    /// `None` while somebody holds it.
    pub(super) reader: Option<Reader>,
    socket: Arc<Socket>,
    /// Writing failed. Replies that are already on their way are still read; their end is the end of the connection.
    write_failure: Option<Error>,
}

/// The reading half.
pub(super) struct Reader {
    socket: Arc<Socket>,
    inbox: Inbox,
    spin: Spin,
    /// The server has answered without delay lately.
    pub(super) is_near: bool,
}

/// What trying to read came to.
pub(super) enum Fill {
    /// There are new bytes.
    Data,
    /// There are none; why the waiting ended.
    Nothing(Wake),
}

impl Wire {
    /// Connects and greets, all within the options' connect timeout. Errors say that nothing was applied.
    pub(super) fn establish(options: &Options, patience: &Patience<'_>) -> Result<Self> {
        let socket = Arc::new(dial(options, patience)?);
        let mut wire = Self {
            session: Session::new(options.limits),
            overdue: Overdue::default(),
            reader: Some(Reader {
                socket: Arc::clone(&socket),
                inbox: Inbox::new(),
                spin: Spin::new(options.spin),
                is_near: true,
            }),
            socket,
            write_failure: None,
        };
        let mut handshake = Handshake::new(options);
        loop {
            let commands = handshake.commands(options);
            let mut replies = ReplyBuilder::with_root_array();
            let result = wire.exchange(&commands, &mut replies, patience);
            let replies = replies.finish();
            // A server that refuses says why and hangs up: what it said counts for more.
            result.map_err(|error| {
                handshake.refusal(&replies).unwrap_or_else(|| match error.kind() {
                    ErrorKind::Disconnected => Error::new(
                        ErrorKind::Disconnected,
                        "the server closed the connection during the greeting",
                    ),
                    ErrorKind::Timeout => {
                        Error::new(ErrorKind::Timeout, "the server did not answer the greeting in time")
                    }
                    _ => error,
                })
            })?;
            match handshake.judge(options, &replies)? {
                Step::Done => return Ok(wire),
                Step::Again => {}
            }
        }
    }

    /// Sends commands and waits for their replies, while nobody else uses the connection. After a failure, `replies` has
    /// those that came.
    fn exchange(
        &mut self,
        commands: &[Vec<&[u8]>],
        replies: &mut ReplyBuilder,
        patience: &Patience<'_>,
    ) -> Result<()> {
        let mut requests = Requests::default();
        let id = requests.open(false);
        for args in commands {
            self.session.enqueue(&mut requests, id, 1, 0, |out| resp::encode_command(out, args));
        }
        let mut reader = self.reader.take().expect("invariant: a new connection is used by one thread");
        while !requests.get(id).is_settled() {
            self.flush();
            let slice = patience.look(Instant::now());
            match reader.fill(self.interest(), Some(slice))? {
                Fill::Nothing(wake) => patience.check(Instant::now(), wake == Wake::Signal)?,
                Fill::Data => {
                    let mut pos = 0;
                    while self.session.receive(reader.window(), &mut pos, &mut requests, Some(id))?
                        == Received::Part
                    {
                        replies.append(self.session.part(), reader.window());
                        self.session.part().clear();
                    }
                    reader.consume(pos);
                }
            }
        }
        self.reader = Some(reader);
        Ok(())
    }

    /// Writes what the kernel takes. A failure shows when reading reaches the end.
    pub(super) fn flush(&mut self) {
        while self.write_failure.is_none() && !self.session.pending().is_empty() {
            match self.socket.write(self.session.pending()) {
                Ok(count) => self.session.written(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => self.write_failure = Some(broken("writing failed", &error)),
            }
        }
    }

    /// What the next wait has to wait for.
    pub(super) fn interest(&self) -> Interest {
        let has_unsent = self.write_failure.is_none() && !self.session.pending().is_empty();
        if has_unsent { Interest::ReadWrite } else { Interest::Read }
    }

    /// Reads what is there without waiting and keeps the replies for their owners.
    pub(super) fn drain(&mut self, requests: &mut Requests) -> Result<()> {
        let Some(reader) = self.reader.as_mut() else { return Ok(()) };
        while reader.fill_now()? {
            let mut pos = 0;
            self.session.receive(reader.window(), &mut pos, requests, None)?;
            reader.consume(pos);
        }
        Ok(())
    }

    /// Ends the connection for whoever waits for it.
    pub(super) fn shut_down(&self) {
        self.socket.shut_down();
    }

    /// The error to report when reading ended with `error`: the first sign of trouble is the better explanation.
    pub(super) fn cause(&self, error: Error) -> Error {
        match &self.write_failure {
            Some(first) if error.kind() == ErrorKind::Disconnected => first.clone(),
            _ => error,
        }
    }
}

impl Reader {
    /// Reads once, after sleeping for up to `timeout` if there is nothing.
    fn fill(&mut self, interest: Interest, timeout: Option<Duration>) -> Result<Fill> {
        if self.fill_now()? { Ok(Fill::Data) } else { self.sleep(interest, timeout) }
    }

    /// Sleeps until the socket is ready, for up to `timeout`, and reads once.
    pub(super) fn sleep(&mut self, interest: Interest, timeout: Option<Duration>) -> Result<Fill> {
        match wait(&self.socket, interest, timeout) {
            Ok(Wake::Ready) if self.fill_now()? => Ok(Fill::Data),
            Ok(wake) => Ok(Fill::Nothing(wake)),
            Err(error) => Err(broken("waiting failed", &error)),
        }
    }

    /// Reads, and does so again and again for as long as that is worth it according to how many commands are in flight; whether
    /// there was anything. With company, others get the processor in between.
    pub(super) fn poll(&mut self, in_flight: u64, has_company: bool) -> Result<bool> {
        if self.fill_now()? {
            return Ok(true);
        }
        let budget = self.spin.budget(in_flight);
        if budget.is_zero() {
            return Ok(false);
        }
        let start = Instant::now();
        let mut data_came = false;
        while !data_came && start.elapsed() < budget {
            if has_company {
                thread::yield_now();
            } else {
                // Reading takes the socket's lock, which the arriving data needs as well: leave it alone in between.
                for _ in 0..20 {
                    std::hint::spin_loop();
                }
            }
            data_came = self.fill_now()?;
        }
        self.spin.record(data_came);
        Ok(data_came)
    }

    /// Whether polling has been worth it lately.
    pub(super) fn is_lively(&self) -> bool {
        self.spin.is_lively()
    }

    /// Reads once without waiting; whether there was anything.
    fn fill_now(&mut self) -> Result<bool> {
        match self.inbox.fill(&mut &*self.socket) {
            Ok(0) => Err(Error::new(ErrorKind::Disconnected, "the server closed the connection")),
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(broken("reading failed", &error)),
        }
    }

    pub(super) fn window(&self) -> &[u8] {
        self.inbox.window()
    }

    /// Drops the first `count` bytes of the window.
    pub(super) fn consume(&mut self, count: usize) {
        self.inbox.consume(count);
    }
}

/// An I/O error on an established connection. A reset is the server going away, however it shows.
pub(super) fn broken(context: &str, error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
            ErrorKind::Disconnected
        }
        _ => ErrorKind::Io,
    };
    Error::from_io(kind, context, error)
}
