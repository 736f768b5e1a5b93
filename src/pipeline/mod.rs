//! Many commands, one wait.

use std::time::Instant;

use crate::client::Client;
use crate::command::{self, Admission, Apart, Blocking, CommandLog, LookedUp, Packed, Place, Stranger};
use crate::driver::blocking::{Collected, Sink, Streamed, Ticket, Work, cancelled};
use crate::error::{Error, Progress, Result};
use crate::proto::{self, Form};
use crate::resp::{self, Node, Reply};

/// A pipeline on one client, to be used by one thread at a time.
///
/// Once [`Options::eager_bytes`](crate::Options::eager_bytes) or 64 commands are gathered, sending starts and replies are taken in while more
/// commands are added. An atomic pipeline sends nothing before [`execute`](Self::execute). Afterwards, whether it worked or
/// not, the pipeline is empty and can be used again.
pub struct Pipeline {
    /// Whose commands these are; none for a pipeline that only gathers.
    client: Option<Client>,
    /// It goes over a leased connection.
    is_for_lease: bool,
    atomic: bool,
    /// Encoded commands that were not handed to the link yet; in an atomic pipeline they follow a MULTI.
    buffer: Vec<u8>,
    buffered: u32,
    ticket: Option<Ticket>,
    /// Sending early failed, so what comes is only gathered; `execute` tries again or reports.
    held: bool,
    /// One of the commands may wait on the server. From there on they are only gathered, to run where they hold up nobody.
    blocking: Option<Blocking>,
    /// And so may one that must not wait behind what it is to end.
    apart: Apart,
    /// The names that the table of commands does not know, in order, each once.
    strangers: Vec<Stranger>,
    /// One of the commands is possible on its client's leased connection only: why no other takes them.
    lease_only: Option<Error>,
    /// The transaction in the buffer has its EXEC.
    is_complete: bool,
    log: CommandLog,
    /// The log shows the commands of the last execution and starts anew with the next command.
    executed: bool,
    /// Adding a command does not send.
    is_manual: bool,
}

/// The commands of a pipeline as one submission.
pub(crate) struct Gathered<'a> {
    pub(crate) form: Form,
    /// On the wire: with MULTI and EXEC.
    pub(crate) commands: u32,
    pub(crate) bytes: &'a [u8],
    /// They may wait on the server for so long.
    pub(crate) blocking: Option<Blocking>,
    pub(crate) apart: Apart,
    /// The server is to be asked about these first.
    pub(crate) strangers: &'a [Stranger],
}

/// This many commands are sent however few bytes they have: the server had better start early on them.
///
/// Measured on loopback, 2026-11-20: pipelines of 300 to 1,000 small commands take a seventh to a fifth less time than when only
/// bytes count, larger ones do not differ; and large values do not like to be sent in small portions.
pub(crate) const EAGER_COMMANDS: u32 = 64;
const EXEC: &[u8] = b"*1\r\n$4\r\nEXEC\r\n";
/// A buffer above this size is given back after an execution.
const KEEP: usize = 1024 * 1024;

impl Pipeline {
    pub(crate) fn new(client: &Client, atomic: bool) -> Self {
        Self::on(Some(client.clone()), client.is_leased(), atomic)
    }

    /// A pipeline of no client: gathers commands for [`Async::submit_pipeline`](crate::Async::submit_pipeline) and
    /// [`Pool::submit_pipeline`](crate::Pool::submit_pipeline).
    pub fn detached(atomic: bool) -> Self {
        Self::on(None, false, atomic)
    }

    /// The same for a [lease](crate::Async::lease): it takes what only a lease takes, and others refuse the whole.
    pub fn for_lease(atomic: bool) -> Self {
        Self::on(None, true, atomic)
    }

    fn on(client: Option<Client>, is_for_lease: bool, atomic: bool) -> Self {
        Self {
            client,
            is_for_lease,
            atomic,
            buffer: Vec::new(),
            buffered: 0,
            ticket: None,
            held: false,
            blocking: None,
            apart: Apart::No,
            strangers: Vec::new(),
            lease_only: None,
            is_complete: false,
            log: CommandLog::default(),
            executed: false,
            is_manual: false,
        }
    }

    /// Adds a command. Never waits for replies; may send what has been gathered.
    ///
    /// # Errors
    /// `Argument` for an empty command, `Refused` for one that has no place in a pipeline; nothing was added then. A connection
    /// that fails meanwhile is reported by [`execute`](Self::execute).
    #[inline]
    pub fn command<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<&mut Self> {
        let looked_up = self.log.look_up(args.first().map_or(&[], AsRef::as_ref));
        let admission = command::admit_found(looked_up.found, args, self.place())?;
        self.start();
        resp::encode_command(&mut self.buffer, args);
        self.added(args[0].as_ref(), looked_up, &admission);
        Ok(self)
    }

    /// Adds many commands at once: `bytes` holds all arguments end to end, `lens` their lengths, `argcs` the number of arguments
    /// of each command.
    ///
    /// # Errors
    /// `Argument` if the numbers do not add up, `Refused` as for [`command`](Self::command); nothing was added then.
    pub fn add_packed(&mut self, bytes: &[u8], lens: &[u32], argcs: &[u32]) -> Result<()> {
        for command in Packed::new(bytes, lens, argcs)? {
            command.admit(self.log.look_up(command.name()).found, self.place())?;
        }
        for command in Packed::new(bytes, lens, argcs)? {
            let looked_up = self.log.look_up(command.name());
            let admission = command.admit(looked_up.found, self.place())?;
            self.start();
            command.encode(&mut self.buffer);
            self.added(command.name(), looked_up, &admission);
        }
        Ok(())
    }

    /// Number of commands added since the last execution.
    pub fn len(&self) -> usize {
        if self.executed { 0 } else { self.log.len() }
    }

    /// Whether no command was added since the last execution.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits for all replies: an array with one reply per command, in order, error replies in their places.
    ///
    /// An atomic pipeline whose transaction the server discarded has an error at each place; one that a watched key stopped is
    /// a null reply. An empty pipeline is an empty array and asks nobody.
    ///
    /// # Errors
    /// The connection failed or the deadline passed; [`progress`](crate::Error::progress) tells how many commands were answered,
    /// may have been applied, or were not applied.
    pub fn execute(&mut self) -> Result<Reply> {
        if self.atomic && !self.is_empty() {
            return self.execute_atomic();
        }
        let mut replies = Collected::replies();
        let result = self.run(&mut replies);
        replies.finish(result)
    }

    /// Like [`execute`](Self::execute), but hands out the replies in parts while they arrive, one after the other without an
    /// array around them. See [`Client::command_stream`] for what a part is. No part at all means an empty pipeline or a
    /// transaction that a watched key stopped.
    ///
    /// # Errors
    /// As for [`execute`](Self::execute); `Cancelled` if `sink` stopped. Parts that were handed out before stay valid.
    pub fn execute_stream(&mut self, sink: &mut dyn FnMut(&[Node], &[u8]) -> bool) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        if self.atomic {
            let reply = self.execute_atomic()?;
            // Without the root node; a null root has no replies to show.
            return match reply.nodes() {
                [_, replies @ ..] if !replies.is_empty() && !sink(replies, reply.bytes()) => {
                    let replied = reply.root().len() as u64;
                    Err(cancelled().with_progress(Progress { replied, ..Progress::default() }))
                }
                _ => Ok(()),
            };
        }
        self.run(&mut Streamed(sink))
    }

    /// Everything but a transaction.
    fn run(&mut self, sink: &mut dyn Sink) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let total = self.log.len() as u64;
        let start = Instant::now();
        let result = match (self.ask_about_strangers(start), self.ticket.take()) {
            (Ok(()), Some(ticket)) => self.finish(ticket, start, sink),
            (Ok(()), None) => self.call(start, sink),
            (Err(error), Some(ticket)) if command::had_no_connection(&error) => {
                self.finish_fed(ticket, error, start, sink)
            }
            // Nobody waits any longer. What was fed before has its own fate.
            (Err(error), Some(ticket)) => {
                self.client().and_then(|client| Err(error.with_progress(client.link().abandon(&ticket))))
            }
            (Err(error), None) => Err(error),
        };
        self.clear();
        result.map_err(|error| account_for_all(error, total))
    }

    /// Forgets all commands. Those that have left already run all the same; their replies are swallowed.
    pub fn reset(&mut self) {
        if let (Some(ticket), Some(client)) = (self.ticket.take(), &self.client) {
            client.link().abandon(&ticket);
        }
        self.clear();
        self.log.clear();
    }

    /// The name of a command as it was given, by its place; of the last execution until another command is added.
    pub fn command_name(&self, index: usize) -> Option<&[u8]> {
        self.log.name(index)
    }

    #[inline]
    fn start(&mut self) {
        if self.executed || self.buffer.is_empty() || self.is_complete {
            self.start_anew();
        }
    }

    fn start_anew(&mut self) {
        if self.is_complete {
            // Its submission was refused, and now it goes on.
            self.buffer.truncate(self.buffer.len() - EXEC.len());
            self.is_complete = false;
        }
        if self.executed {
            self.executed = false;
            self.log.clear();
        }
        if self.atomic && self.buffer.is_empty() {
            resp::encode_command(&mut self.buffer, &["MULTI"]);
        }
    }

    #[inline]
    fn place(&self) -> Place {
        match (self.is_for_lease, self.atomic) {
            (false, _) => Place::Shared,
            (true, false) => Place::Batch,
            (true, true) => Place::Atomic,
        }
    }

    #[inline]
    fn added(&mut self, name: &[u8], looked_up: LookedUp, admission: &Admission) {
        if self.log.add(name, looked_up) {
            self.meet(name);
        }
        self.buffered += 1;
        if admission.needs_care() {
            self.take_care(admission);
        }
        if self.is_due() && !self.is_manual {
            self.feed();
        }
    }

    /// With true, adding a command never sends by itself: [`is_due`](Self::is_due) says when that would have been, and
    /// [`send`](Self::send) does it. For whoever must not wait for a connection while adding.
    pub fn set_manual(&mut self, is_manual: bool) {
        self.is_manual = is_manual;
    }

    /// See [`set_manual`](Self::set_manual).
    #[inline]
    pub fn is_manual(&self) -> bool {
        self.is_manual
    }

    /// Whether enough has been gathered to be [sent](Self::send), and may leave before [`execute`](Self::execute).
    #[inline]
    pub fn is_due(&self) -> bool {
        let eager = self.client.as_ref().map_or(0, |client| client.options().eager_bytes);
        let is_enough = self.buffer.len() >= eager || self.buffered >= EAGER_COMMANDS;
        is_enough && eager > 0 && !self.atomic && !self.held
    }

    /// Sends what has been gathered, where that may leave before [`execute`](Self::execute). Waits for nothing but a connection;
    /// one that fails is reported by `execute`.
    pub fn send(&mut self) {
        if self.buffered > 0 && !self.atomic && !self.held {
            self.feed();
        }
    }

    #[cold]
    fn take_care(&mut self, admission: &Admission) {
        if let Some(client) = &self.client {
            client.note(admission);
        }
        if self.lease_only.is_none() {
            self.lease_only = admission.shared().err();
        }
        if let Some(blocking) = admission.blocking
            && !self.atomic
        {
            // Inside a transaction no command waits.
            self.blocking = Some(blocking.and(self.blocking));
        }
        self.apart = self.apart.max(Apart::of(self.blocking.is_some(), admission.ends_another()));
        self.held |= self.apart != Apart::No;
    }

    /// Where it has to go. One that does more than end something wants the database.
    fn apart(&self) -> Apart {
        if self.apart == Apart::Bare && self.log.len() > 1 { Apart::Dedicated } else { self.apart }
    }

    /// A name that the table does not know, mostly for the first time in here. If the client has not asked the server about it either,
    /// nothing is sent before `execute`, which may wait for the answer.
    #[cold]
    fn meet(&mut self, name: &[u8]) {
        if self.atomic {
            return;
        }
        let name = Stranger::new(name);
        if let Some(client) = &self.client {
            self.held |= client.recall(&name).is_none_or(|blocking| blocking.is_some());
        }
        name.join(&mut self.strangers);
    }

    fn ask_about_strangers(&mut self, start: Instant) -> Result<()> {
        if self.strangers.is_empty() {
            return Ok(());
        }
        if let Some(blocking) = self.client()?.blocking_unknown(&self.strangers, start)? {
            self.blocking = Some(blocking);
            self.apart = Apart::Dedicated;
        }
        Ok(())
    }

    /// Sends what has been gathered. A failure is kept for `execute`.
    fn feed(&mut self) {
        let Some(client) = &self.client else { return };
        let start = Instant::now();
        match client.link().feed(&mut self.ticket, self.buffered, None, &mut self.buffer, start) {
            Ok(true) => self.buffered = 0,
            Ok(false) | Err(_) => self.held = true,
        }
    }

    /// Runs what has been gathered, where it holds up nobody. None of it has been sent yet, so all of it can be sent again.
    fn call(&self, start: Instant, sink: &mut dyn Sink) -> Result<()> {
        let (form, commands) = match self.atomic {
            true => (Form::Transaction, self.buffered + 2),
            false => (Form::Pipeline, self.buffered),
        };
        let write = &|out: &mut Vec<u8>| out.extend_from_slice(&self.buffer);
        let work = Work { form, commands, write, blocking: self.blocking, start };
        self.client()?.call(&work, self.apart(), sink)
    }

    fn finish(&mut self, ticket: Ticket, start: Instant, sink: &mut dyn Sink) -> Result<()> {
        if self.apart != Apart::No && !self.is_for_lease {
            // What has been sent comes first, so that the order is kept.
            self.client()?.link().finish(ticket, None, start, sink)?;
            let replied = self.log.len() as u64 - u64::from(self.buffered);
            // And its replies are with the caller.
            let mut sink = |nodes: &[Node], bytes: &[u8]| sink.part(nodes, bytes);
            return self.call(start, &mut Streamed(&mut sink)).map_err(|error| error.after(replied));
        }
        let link = std::sync::Arc::clone(self.client()?.link());
        let mut ticket = Some(ticket);
        let fed = match self.buffered {
            0 => Ok(true),
            commands => link.feed(&mut ticket, commands, self.blocking, &mut self.buffer, start),
        };
        let ticket = ticket.expect("invariant: feeding keeps the ticket");
        match fed {
            Ok(_) => link.finish(ticket, self.blocking, start, sink),
            Err(error) => self.finish_fed(ticket, error, start, sink),
        }
    }

    /// There is no connection for the rest, which fails with `error`. What was fed before is settled, so this hands out its
    /// replies without waiting, or has the better explanation.
    fn finish_fed(&self, ticket: Ticket, error: Error, start: Instant, sink: &mut dyn Sink) -> Result<()> {
        self.client()?.link().finish(ticket, None, start, sink)?;
        let replied = self.log.len() as u64 - u64::from(self.buffered);
        Err(error.with_progress(Progress { replied, ..Progress::default() }))
    }

    fn execute_atomic(&mut self) -> Result<Reply> {
        let commands = self.log.len();
        self.complete_transaction();
        let mut replies = Collected::replies();
        let result = self.call(Instant::now(), &mut replies);
        let result = replies.finish(result);
        self.clear();
        let unknown = Progress { unknown: commands as u64, ..Progress::default() };
        proto::transaction::results(&result?, commands).map_err(|error| error.with_progress(unknown))
    }

    fn client(&self) -> Result<&Client> {
        self.client.as_ref().ok_or_else(|| {
            Error::argument("this pipeline belongs to no client: submit it to an event-loop client or a pool")
        })
    }

    /// What was added, for a submission to a lease or to what others use. To be followed by [`handed_over`](Self::handed_over) if
    /// that worked.
    pub(crate) fn gather(&mut self, to_lease: bool) -> Result<Gathered<'_>> {
        if self.is_empty() {
            return Err(Error::argument("the pipeline is empty"));
        }
        if self.ticket.is_some() {
            return Err(Error::argument("the pipeline has begun to send over its own client: execute it"));
        }
        if let Some(refused) = self.lease_only.as_ref().filter(|_| !to_lease) {
            return Err(refused.clone());
        }
        let (mut form, mut commands) = (Form::Pipeline, self.buffered);
        if self.atomic {
            self.complete_transaction();
            (form, commands) = (Form::Transaction, commands + 2);
        }
        Ok(Gathered {
            form,
            commands,
            bytes: &self.buffer,
            blocking: self.blocking,
            apart: self.apart(),
            strangers: &self.strangers,
        })
    }

    /// Puts the EXEC behind a transaction, unless a submission that was refused has left it there.
    fn complete_transaction(&mut self) {
        if !std::mem::replace(&mut self.is_complete, true) {
            self.buffer.extend_from_slice(EXEC);
        }
    }

    /// The commands gathered are somebody else's now.
    pub(crate) fn handed_over(&mut self) {
        self.clear();
    }

    /// Ready for the next commands; the names stay until then.
    fn clear(&mut self) {
        self.buffer.clear();
        if self.buffer.capacity() > KEEP {
            self.buffer = Vec::new();
        }
        self.buffered = 0;
        self.held = false;
        self.lease_only = None;
        self.blocking = None;
        self.apart = Apart::No;
        self.strangers.clear();
        self.is_complete = false;
        self.executed = true;
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.reset();
    }
}

/// Adds the commands that were never handed to the link to those not applied.
fn account_for_all(error: Error, total: u64) -> Error {
    let Progress { replied, unknown, .. } = error.progress().unwrap_or_default();
    error.with_progress(Progress { replied, unknown, not_applied: total.saturating_sub(replied + unknown) })
}
