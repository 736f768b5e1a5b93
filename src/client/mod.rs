//! One client of one server, for callers that block.

mod learned;

use std::sync::Arc;

use self::learned::Learned;
use crate::command::{self, Blocking};
use crate::driver::{Lender, Lent, Link, Payload};
use crate::error::Result;
use crate::options::Options;
use crate::pipeline::Pipeline;
use crate::resp::{self, Node, Reply, ReplyBuilder};

/// A client of one server. Cheap to clone; all clones share one connection, from any number of threads.
///
/// There is no thread behind it: a call does its own reading and writing. A lost connection is made again by the next call.
///
/// A command that waits on the server (BLPOP, XREAD with BLOCK, ...) gets a connection of its own while it waits, so that it
/// holds up nobody. Commands that change the connection are refused; [`lease`](Self::lease) is the place for them.
#[derive(Clone)]
pub struct Client {
    core: Arc<Core>,
}

/// What all clones share.
struct Core {
    connection: Connection,
    lender: Arc<Lender>,
    learned: Learned,
}

enum Connection {
    Shared(Arc<Link>),
    Leased(Lent),
}

impl Client {
    /// A client that connects when it is first used.
    pub fn new(options: Options) -> Self {
        let lender = Arc::new(Lender::new(options.clone()));
        Self::on(Connection::Shared(Arc::new(Link::new(options))), lender)
    }

    /// A connected client for a URL such as `redis://localhost:6379/0` or `unix:///run/redis.sock`.
    ///
    /// # Errors
    /// `Argument` for a bad URL, and all errors of [`connect`](Self::connect).
    pub fn open(url: &str) -> Result<Self> {
        let client = Self::new(Options::from_url(url)?);
        client.connect()?;
        Ok(client)
    }

    /// Connects now, if there is no connection.
    ///
    /// # Errors
    /// `Resolve`, `Connect`, `Timeout`, `Auth`, `Handshake`, `Protocol` or `Disconnected`, whichever step failed.
    pub fn connect(&self) -> Result<()> {
        self.link().connect()
    }

    /// Sends one command and waits for its reply. An error reply of the server is a reply, not an `Err`.
    ///
    /// # Errors
    /// The call failed; [`outcome`](crate::Error::outcome) says what may have happened to the command.
    pub fn command<A: AsRef<[u8]>>(&self, args: &[A]) -> Result<Reply> {
        let mut reply = ReplyBuilder::new();
        self.command_stream(args, &mut |nodes, bytes| {
            reply.append(nodes, bytes);
            true
        })?;
        Ok(reply.finish())
    }

    /// Like [`command`](Self::command), but hands out the reply in parts while it arrives.
    ///
    /// Each part holds whole nodes in preorder; a part may end inside an aggregate. String offsets are relative to the bytes of
    /// the same part, which are gone when `sink` returns. `sink` returns false to stop: the rest of the reply is swallowed.
    /// It must not use this client, which would be answered with `Busy`.
    ///
    /// # Errors
    /// As for [`command`](Self::command); `Cancelled` if `sink` stopped.
    pub fn command_stream<A: AsRef<[u8]>>(
        &self,
        args: &[A],
        sink: &mut dyn FnMut(&[Node], &[u8]) -> bool,
    ) -> Result<()> {
        self.admit(args.iter().map(AsRef::as_ref))?;
        let blocking = self.blocking(args)?;
        let payload = Payload {
            commands: 1,
            size_hint: args.iter().map(|arg| arg.as_ref().len()).sum(),
            write: &|out| resp::encode_command(out, args),
            read_only: &|| command::is_read_only(args[0].as_ref(), args.get(1).map(AsRef::as_ref)),
            blocking,
            atomic: false,
        };
        match (&blocking, &self.core.connection) {
            (Some(_), Connection::Shared(_)) => self.core.lender.lend()?.call(&payload, sink),
            _ => self.link().call(&payload, sink),
        }
    }

    /// A client of its own connection, for commands that a shared one refuses because they would change it for everybody: WATCH,
    /// MULTI, SELECT, CLIENT TRACKING and the like. Only commands without exactly one reply (SUBSCRIBE, MONITOR, ...) are
    /// refused here, too.
    ///
    /// The connection is there when this returns. If it is lost later, it is not made again, because what was set on it would be
    /// lost silently: calls fail with `Disconnected` and NOT_APPLIED. When the last clone is dropped, the connection is kept
    /// for the next lease if nothing was changed on it, else it is closed. Closing this client closes its leases.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    pub fn lease(&self) -> Result<Self> {
        let lender = &self.core.lender;
        Ok(Self::on(Connection::Leased(lender.lease()?), Arc::clone(lender)))
    }

    /// A pipeline: its commands begin to leave while it is still being built.
    pub fn pipeline(&self) -> Pipeline {
        Pipeline::new(self, false)
    }

    /// An atomic pipeline (MULTI/EXEC): nothing is sent before `execute`, and the server runs all of it at once.
    pub fn transaction(&self) -> Pipeline {
        Pipeline::new(self, true)
    }

    /// Closes the client, all its clones and its leases for good: calls in flight fail, waiting threads wake up. Closing twice is
    /// fine. Closing a lease closes only that.
    pub fn close(&self) {
        self.link().close();
        if !self.is_leased() {
            self.core.lender.close();
        }
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.link().is_closed()
    }

    /// The options it was made with.
    pub fn options(&self) -> &Options {
        self.link().options()
    }

    fn on(connection: Connection, lender: Arc<Lender>) -> Self {
        Self { core: Arc::new(Core { connection, lender, learned: Learned::new() }) }
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        match &self.core.connection {
            Connection::Shared(link) => link,
            Connection::Leased(lent) => lent,
        }
    }

    pub(crate) fn is_leased(&self) -> bool {
        matches!(self.core.connection, Connection::Leased(_))
    }

    pub(crate) fn lender(&self) -> &Arc<Lender> {
        &self.core.lender
    }

    /// Refuses what has no place on this connection, and remembers what changes it.
    #[inline]
    pub(crate) fn admit<'a>(&self, args: impl Iterator<Item = &'a [u8]>) -> Result<()> {
        match &self.core.connection {
            Connection::Shared(_) => command::refuse(args),
            Connection::Leased(lent) => {
                if command::refuse_on_lease(args)? {
                    lent.mark_changed();
                }
                Ok(())
            }
        }
    }

    #[inline]
    fn blocking<A: AsRef<[u8]>>(&self, args: &[A]) -> Result<Option<Blocking>> {
        if command::is_known(args[0].as_ref()) {
            return Ok(command::blocking(args));
        }
        self.blocking_unknown(args[0].as_ref())
    }

    /// What the server says about a command that the table does not know. Such a command does not say how long it waits. On a
    /// leased connection nothing is asked, which might stand between MULTI and EXEC.
    pub(crate) fn blocking_unknown(&self, name: &[u8]) -> Result<Option<Blocking>> {
        match &self.core.connection {
            Connection::Shared(link) => {
                Ok(self.core.learned.blocks(name, link)?.then_some(Blocking::Forever))
            }
            Connection::Leased(_) => Ok(None),
        }
    }

    /// Whether nothing has to be asked for [`blocking_unknown`](Self::blocking_unknown).
    pub(crate) fn has_asked(&self, name: &[u8]) -> bool {
        self.is_leased() || self.core.learned.recall(name).is_some()
    }
}
