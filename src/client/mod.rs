//! One client of one server, for callers that block.

mod questions;

use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::questions::Questions;
use crate::command::{self, Admission, Apart, Blocking, Place, Stranger};
use crate::driver::blocking::{Collected, Lender, Lent, Link, Sink, Streamed, Work};
use crate::error::{Outcome, Progress, Result};
use crate::options::Options;
use crate::pipeline::Pipeline;
use crate::proto::{Event, Form, Server};
use crate::resp::{self, Node, Reply};
use crate::transport::closed;

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
    over: Over,
    lender: Arc<Lender>,
    questions: Questions,
}

/// The connection that commands go over.
enum Over {
    Shared(Arc<Link>),
    Leased(Lent),
}

impl Client {
    /// A client that connects when it is first used.
    pub fn new(options: Options) -> Self {
        let options = Arc::new(options);
        let was_up = Arc::default();
        let lender = Arc::new(Lender::new(Arc::clone(&options), Arc::clone(&was_up)));
        Self::on(Over::Shared(Arc::new(Link::new(options, was_up))), lender)
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
        let mut reply = Collected::reply();
        let result = self.send(args, &mut reply);
        reply.finish(result)
    }

    /// Waits until there are events, which take the place of what `into` held: what the connection has to tell besides
    /// replies. False if time ran out first; `None` waits for ever. Of several threads that wait, one gets them.
    ///
    /// Nothing is connected for it. Calls of other threads go on meanwhile; only one reads.
    ///
    /// # Errors
    /// `Closed`, or `Disconnected` for a lease that is lost, when there are no events any more; `Interrupted` by the options'
    /// hook; `Busy` from inside a callback of this client.
    pub fn next_events(&self, into: &mut Vec<Event>, timeout: Option<Duration>) -> Result<bool> {
        into.clear();
        self.link().next_events(into, timeout)
    }

    /// The descriptor of the connection's socket, for an event loop that wants to know when there may be
    /// [events](Self::next_events): take those that are there, then wait for it to be readable. Of use with a lease, whose
    /// connection does not change; it is not to be read, written or closed. `None` without a connection.
    pub fn descriptor(&self) -> Option<RawFd> {
        self.link().descriptor()
    }

    /// Like [`command`](Self::command), but hands out the reply in parts while it arrives. Confirmations of a subscription come one
    /// after the other, without an array around them.
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
        self.send(args, &mut Streamed(sink))
    }

    fn send<A: AsRef<[u8]>>(&self, args: &[A], sink: &mut dyn Sink) -> Result<()> {
        let admission = command::admit(args, self.place())?;
        let (mut form, mut commands) = (Form::Command, 1);
        if admission.needs_care() {
            (form, commands) = self.take_care(&admission, args.len(), sink);
        }
        let start = Instant::now();
        let blocking = match admission.stranger(args) {
            None => admission.blocking,
            Some(name) => self
                .blocking_unknown(&[name], start)
                .map_err(|error| error.with_progress(Progress { not_applied: 1, ..Progress::default() }))?,
        };
        let write = &|out: &mut Vec<u8>| resp::encode_command(out, args);
        let work = Work { form, commands, write, blocking, start };
        self.call(&work, Apart::of(blocking.is_some(), admission.ends_another()), sink)
    }

    /// A client of its own connection, for commands that a shared one refuses because they would change it for everybody: WATCH,
    /// MULTI, SELECT, CLIENT TRACKING and the like, and for those to which more or fewer replies come than one.
    ///
    /// SUBSCRIBE and its kin are answered by an array of their confirmations; messages and the lines of MONITOR come as
    /// [events](Self::next_events). What has no reply, as CLIENT REPLY OFF and what follows it, is answered by null when it has
    /// left.
    ///
    /// The connection is there when this returns. If it is lost later, it is not made again, because what was set on it would be
    /// lost silently: calls fail with `Disconnected` and NOT_APPLIED. When the last clone is dropped, the connection is kept
    /// for the next lease if nothing was changed on it, else it is closed. Closing this client closes its leases.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect); `Closed`; `QueueFull` if too many connections are lent.
    pub fn lease(&self) -> Result<Self> {
        if self.is_closed() {
            return Err(closed("client").with_outcome(Outcome::NotApplied));
        }
        Self::leased_from(&self.core.lender)
    }

    pub(crate) fn leased_from(lender: &Arc<Lender>) -> Result<Self> {
        Ok(Self::on(Over::Leased(lender.lease()?), Arc::clone(lender)))
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

    /// Who was greeted last: the server's own words and the protocol version that is spoken. `None` before the first connection.
    pub fn server(&self) -> Option<Arc<Server>> {
        self.link().server()
    }

    /// The options it was made with.
    pub fn options(&self) -> &Options {
        self.link().options()
    }

    fn on(over: Over, lender: Arc<Lender>) -> Self {
        Self { core: Arc::new(Core { over, lender, questions: Questions::new() }) }
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        match &self.core.over {
            Over::Shared(link) => link,
            Over::Leased(lent) => lent,
        }
    }

    /// Sends commands and hands their replies to `sink`.
    pub(crate) fn call(&self, work: &Work<'_>, apart: Apart, sink: &mut dyn Sink) -> Result<()> {
        match &self.core.over {
            Over::Shared(_) if apart == Apart::Dedicated => self.core.lender.lend()?.call(work, sink),
            // Where there is nothing to wait behind, it needs no other way: there may be no room for one.
            Over::Shared(link) if apart == Apart::Bare && !link.is_at_rest() => {
                self.core.lender.lend_bare()?.call(work, sink)
            }
            _ => self.link().call(work, sink),
        }
    }

    pub(crate) fn is_leased(&self) -> bool {
        matches!(self.core.over, Over::Leased(_))
    }

    /// Which commands have a place on this connection.
    #[inline]
    fn place(&self) -> Place {
        if self.is_leased() { Place::Dedicated } else { Place::Shared }
    }

    /// Whatever a command needs that is not like nearly all.
    #[cold]
    fn take_care(&self, admission: &Admission, args: usize, sink: &mut dyn Sink) -> (Form, u32) {
        self.note(admission);
        let (form, replies) = Form::of_single(admission.effect, args);
        if form.is_subscription() {
            sink.expect_confirmations();
        }
        (form, replies)
    }

    /// Remembers a command that changes the leased connection.
    #[inline]
    pub(crate) fn note(&self, admission: &Admission) {
        if admission.changes_connection
            && let Over::Leased(lent) = &self.core.over
        {
            lent.mark_changed();
        }
    }

    /// What the server says about commands that the table does not know, within the time of a call that began at `start`. Such
    /// a command does not say how long it waits. On a leased connection nothing is asked, which might stand between MULTI and
    /// EXEC.
    pub(crate) fn blocking_unknown(&self, names: &[Stranger], start: Instant) -> Result<Option<Blocking>> {
        match &self.core.over {
            Over::Shared(link) => {
                Ok(self.core.questions.blocks(names, link, start)?.then_some(Blocking::Forever))
            }
            Over::Leased(_) => Ok(None),
        }
    }

    /// What has been learned about a command that the table does not know; `None` if the server has to be asked.
    pub(crate) fn recall(&self, name: &Stranger) -> Option<Option<Blocking>> {
        match self.is_leased() {
            true => Some(None),
            false => self.core.questions.recall(name).map(|blocks| blocks.then_some(Blocking::Forever)),
        }
    }
}
