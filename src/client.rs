//! One client of one server, for callers that block.

use std::sync::Arc;

use crate::command;
use crate::driver::{Link, Payload};
use crate::error::Result;
use crate::options::Options;
use crate::pipeline::Pipeline;
use crate::resp::{self, Node, Reply, ReplyBuilder};

/// A client of one server. Cheap to clone; all clones share one connection, from any number of threads.
///
/// There is no thread behind it: a call does its own reading and writing. A lost connection is made again by the next call.
#[derive(Clone)]
pub struct Client {
    link: Arc<Link>,
}

impl Client {
    /// A client that connects when it is first used.
    pub fn new(options: Options) -> Self {
        Self { link: Arc::new(Link::new(options)) }
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
        self.link.connect()
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
        command::refuse(args.iter().map(AsRef::as_ref))?;
        let payload = Payload {
            commands: 1,
            size_hint: args.iter().map(|arg| arg.as_ref().len()).sum(),
            write: &|out| resp::encode_command(out, args),
            read_only: &|| command::is_read_only(args[0].as_ref(), args.get(1).map(AsRef::as_ref)),
            may_block: command::may_block(args),
            atomic: false,
        };
        self.link.call(&payload, sink)
    }

    /// A pipeline: its commands begin to leave while it is still being built.
    pub fn pipeline(&self) -> Pipeline {
        Pipeline::new(self, false)
    }

    /// An atomic pipeline (MULTI/EXEC): nothing is sent before `execute`, and the server runs all of it at once.
    pub fn transaction(&self) -> Pipeline {
        Pipeline::new(self, true)
    }

    /// Closes the client and all its clones for good: calls in flight fail, waiting threads wake up. Closing twice is fine.
    pub fn close(&self) {
        self.link.close();
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.link.is_closed()
    }

    /// The options it was made with.
    pub fn options(&self) -> &Options {
        self.link.options()
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }
}
