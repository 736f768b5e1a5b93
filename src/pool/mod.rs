//! Many connections to one server, and a thread that keeps them busy.
//!
//! * [`Pool`] is what callers hold.
//! * [`Desk`](desk::Desk) is where callers and the thread meet, under one lock; who has to wait, waits there.
//! * [`Exchange`](exchange::Exchange) is what they share: what was submitted and what has completed.
//! * [`Epochs`](epochs::Epochs) count what was submitted between two barriers.
//! * [`Worker`] is the thread: it turns the connections.
//! * [`Ordering`](ordering::Ordering) puts results into the order of submission, where that is wanted.

mod desk;
mod epochs;
mod exchange;
mod ordering;
mod worker;

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use self::worker::Worker;
use crate::client::Client;
use crate::command::{self, Apart, Blocking, Packed, Place};
use crate::deadline::Deadline;
use crate::driver::blocking::Lender;
use crate::driver::nonblocking::{Completions, Route, Submission};
use crate::error::{Error, Outcome, Result};
use crate::options::Options;
use crate::pipeline::Pipeline;
use crate::proto::{Event, Form, Request, Server};
use crate::resp;
use crate::transport::{Patience, closed, fork};

/// Several connections to one server, fed from a bounded queue by a thread of its own.
///
/// Threads submit commands and go on; results are pulled, many at a time. Blocking commands get connections of their own.
/// Results come as they come unless [`Options::ordered_results`] says otherwise, and commands spread over the connections
/// unless [`Options::key_affinity`] keeps those with the same key together: without it nothing is promised about their order.
///
/// The thread starts with the first submission. A forked child starts anew with empty hands: what the parent submitted is the
/// parent's.
pub struct Pool {
    options: Arc<Options>,
    connections: usize,
    closed: AtomicBool,
    worker: fork::PerProcess<Arc<Worker>>,
    lender: Arc<Lender>,
}

/// What pulling results came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulled {
    /// Here they are.
    Some,
    /// Time ran out before there were any.
    TimedOut,
    /// There are none, and none will come: nothing is outstanding.
    Nothing,
}

/// What a close cut short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Submissions that may or may not have been applied.
    pub unknown: u64,
    /// Submissions that were not applied.
    pub not_applied: u64,
}

/// For submissions whose success nobody wants to hear of: they complete without a trace, failures are counted for
/// [`Pool::flush`].
pub(crate) const NO_TOKEN: u64 = u64::MAX;

/// Whoever waits for what has a deadline of its own waits so much longer.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl Pool {
    /// A pool that connects and starts its thread when it is first used.
    ///
    /// # Errors
    /// `Argument` for no connections or more than 10,000, or for options that cannot work.
    pub fn new(options: Options, connections: usize) -> Result<Self> {
        if !(1..=10_000).contains(&connections) {
            return Err(Error::argument("a pool has from 1 to 10,000 connections"));
        }
        options.check()?;
        let options = Arc::new(options);
        let worker = Arc::new(Worker::new(Arc::clone(&options), connections, false));
        Ok(Self {
            lender: Arc::new(Lender::new(Arc::clone(&options), Arc::default())),
            options,
            connections,
            closed: AtomicBool::new(false),
            worker: fork::PerProcess::new(worker),
        })
    }

    /// Waits until every connection has been up.
    ///
    /// # Errors
    /// The first failure.
    pub fn connect(&self) -> Result<()> {
        let worker = self.worker();
        let timeout = self.options.timeout;
        // What ends at the deadline says why; there is time to hear it.
        let patience = self.patience(worker, timeout.map(|time| time.saturating_add(LAST_WORDS)));
        let deadline = Deadline::after(Instant::now(), timeout);
        worker.ask_all(b"*1\r\n$4\r\nPING\r\n", deadline, &patience)
    }

    /// Submits a command; `token` comes back with its completion. Waits while the queue is full, but no longer than the
    /// options' timeout. With `None` for a token only failures are counted.
    ///
    /// # Errors
    /// Nothing was submitted: `Argument`, `Refused`, `Closed`, `Timeout` if the queue stayed full.
    pub fn submit<A: AsRef<[u8]>>(&self, args: &[A], token: Option<u64>) -> Result<()> {
        self.enter(args, token, true).map(drop)
    }

    /// Like [`submit`](Self::submit), but does not wait: false if the queue is full.
    ///
    /// # Errors
    /// As for [`submit`](Self::submit).
    pub fn try_submit<A: AsRef<[u8]>>(&self, args: &[A], token: Option<u64>) -> Result<bool> {
        self.enter(args, token, false)
    }

    /// Submits all commands of a pipeline, which go over one connection, complete together and are empty afterwards. Its
    /// command names stay readable. Waits like [`submit`](Self::submit).
    ///
    /// # Errors
    /// As for [`submit`](Self::submit); `Argument` if the pipeline is empty or has begun to send over its own client. It is
    /// unchanged then.
    pub fn submit_pipeline(&self, pipeline: &mut Pipeline, token: Option<u64>) -> Result<()> {
        self.enter_pipeline(pipeline, token, true).map(drop)
    }

    /// Like [`submit_pipeline`](Self::submit_pipeline), but does not wait: false if the queue is full.
    ///
    /// # Errors
    /// As for [`submit_pipeline`](Self::submit_pipeline).
    pub fn try_submit_pipeline(&self, pipeline: &mut Pipeline, token: Option<u64>) -> Result<bool> {
        self.enter_pipeline(pipeline, token, false)
    }

    fn enter_pipeline(&self, pipeline: &mut Pipeline, token: Option<u64>, waits: bool) -> Result<bool> {
        let gathered = pipeline.gather(false)?;
        let route = match Route::apart(gathered.apart) {
            Some(route) => route,
            // The first key of all decides.
            None if self.options.key_affinity => self.route_of(
                resp::encoded_commands(gathered.bytes)
                    .find_map(|args| command::first_key(&args).map(<[u8]>::to_vec))
                    .as_deref(),
            ),
            None => Route::Any,
        };
        let request = self.request(token, gathered.form, gathered.commands, gathered.blocking);
        let submission = Submission { request, route, strangers: gathered.strangers.to_vec() };
        let submitted = self.hand_in(submission, &|out| out.extend_from_slice(gathered.bytes), waits)?;
        if submitted {
            pipeline.handed_over();
        }
        Ok(submitted)
    }

    /// Submits many commands, one after the other: `bytes` holds all arguments end to end, `lens` their lengths, `argcs` the number
    /// of arguments of each command, `tokens` the token of each; `u64::MAX` is none. Waits like [`submit`](Self::submit).
    ///
    /// # Errors
    /// As for [`submit`](Self::submit), of the first command that was not submitted; how many were before it is the first of the
    /// two results. `Argument` if the numbers do not add up, and then none was.
    pub fn submit_packed(
        &self,
        bytes: &[u8],
        lens: &[u32],
        argcs: &[u32],
        tokens: &[u64],
    ) -> (usize, Result<()>) {
        let (submitted, result) = self.enter_packed(bytes, lens, argcs, tokens, true);
        (submitted, result.map(drop))
    }

    /// Like [`submit_packed`](Self::submit_packed), but does not wait: false if the queue was full before all of them were in it.
    ///
    /// # Errors
    /// As for [`submit_packed`](Self::submit_packed).
    pub fn try_submit_packed(
        &self,
        bytes: &[u8],
        lens: &[u32],
        argcs: &[u32],
        tokens: &[u64],
    ) -> (usize, Result<bool>) {
        self.enter_packed(bytes, lens, argcs, tokens, false)
    }

    fn enter_packed(
        &self,
        bytes: &[u8],
        lens: &[u32],
        argcs: &[u32],
        tokens: &[u64],
        waits: bool,
    ) -> (usize, Result<bool>) {
        let mut submitted = 0;
        let result = Packed::with_tokens(bytes, lens, argcs, tokens).and_then(|mut commands| {
            // Ends with the first that there is no room for.
            let refused = commands.try_fold((), |(), (command, token)| {
                let args: Vec<_> = command.iter().collect();
                let token = (token != NO_TOKEN).then_some(token);
                match self.enter(&args, token, waits) {
                    Ok(true) => submitted += 1,
                    other => return Err(other),
                }
                Ok(())
            });
            refused.map_or_else(|other| other, |()| Ok(true))
        });
        (submitted, result)
    }

    fn enter<A: AsRef<[u8]>>(&self, args: &[A], token: Option<u64>, waits: bool) -> Result<bool> {
        let admission = command::admit(args, Place::Shared)?;
        let apart = Apart::of(admission.blocking.is_some(), admission.ends_another());
        let route = match Route::apart(apart) {
            Some(route) => route,
            None if self.options.key_affinity => self.route_of(admission.keys(args).next()),
            None => Route::Any,
        };
        let request = self.request(token, Form::Command, 1, admission.blocking);
        let strangers = admission.stranger(args).into_iter().collect();
        let submission = Submission { request, route, strangers };
        self.hand_in(submission, &|out| resp::encode_command(out, args), waits)
    }

    fn request(&self, token: Option<u64>, form: Form, commands: u32, blocking: Option<Blocking>) -> Request {
        let deadline = Deadline::after(Instant::now(), self.options.timeout);
        let mut request = Request::new(token.unwrap_or(NO_TOKEN), form, commands, deadline);
        request.blocking = blocking;
        request.keeps_reply = token.is_some();
        request
    }

    fn hand_in(&self, submission: Submission, write: &dyn Fn(&mut Vec<u8>), waits: bool) -> Result<bool> {
        let worker = self.worker();
        worker.start()?;
        // Only who waits has to look at the clock again.
        let patience = waits.then(|| self.patience(worker, self.options.timeout));
        worker.desk.submit(submission, write, patience.as_ref(), || worker.wake())
    }

    /// Takes the submitter away from a submission, which will not complete then. Commands that have not begun to leave are
    /// removed and `NotApplied`; the reply to others will be swallowed, their outcome is `Unknown`. `None` if there is no
    /// such submission, or no more.
    pub fn cancel(&self, token: u64) -> Option<Outcome> {
        if token == NO_TOKEN { None } else { self.worker().cancel(token) }
    }

    /// Removes a submission of which nothing has left: true. False if it is too late: it goes on as if nothing had happened.
    /// `None` if there is no such submission, or no more.
    pub fn retract(&self, token: u64) -> Option<bool> {
        if token == NO_TOKEN { None } else { self.worker().retract(token) }
    }

    /// Waits until something has completed and takes all of it; what `into` held is forgotten.
    ///
    /// Several threads may pull; each result goes to one of them.
    ///
    /// # Errors
    /// `Interrupted` by the options' hook; `Panic` if the thread has failed.
    pub fn next(&self, into: &mut Completions, timeout: Option<Duration>) -> Result<Pulled> {
        let worker = self.worker();
        worker.desk.pull(into, &self.patience(worker, timeout))
    }

    /// Waits until everything submitted so far has completed, and takes all results; what `into` held is forgotten.
    ///
    /// # Errors
    /// As for [`next`](Self::next); `Timeout`. Nothing is taken then.
    pub fn drain(&self, into: &mut Completions, timeout: Option<Duration>) -> Result<()> {
        // Also if the wait fails: what is in there then is nothing of what it waited for.
        into.clear();
        let worker = self.worker();
        worker.desk.await_all(&self.patience(worker, timeout))?;
        worker.desk.take(into);
        Ok(())
    }

    /// Waits until everything submitted so far has completed. Results stay where they are.
    ///
    /// Returns how many submissions have failed since the last flush and why the one submitted first of them did: its own
    /// error, or one of kind `Reply` with the server's text.
    ///
    /// # Errors
    /// As for [`drain`](Self::drain); failures then stay to be reported.
    pub fn flush(&self, timeout: Option<Duration>) -> Result<(u64, Option<Error>)> {
        let worker = self.worker();
        let patience = self.patience(worker, timeout);
        worker.desk.await_all(&patience)?;
        Ok(worker.desk.take_failures())
    }

    /// Closes the pool for good. Submissions are refused from now on; those outstanding have `grace` (`None`: any time) to complete,
    /// and what is left then completes with `Closed` and its outcome, and is counted. Whoever waits wakes up. Results can still be pulled.
    ///
    /// # Errors
    /// `Interrupted` by the options' hook during the grace; the pool is closed all the same.
    pub fn close(&self, grace: Option<Duration>) -> Result<Lost> {
        self.closed.store(true, Ordering::Release);
        self.lender.close();
        let worker = self.worker();
        worker.close(&self.patience(worker, grace))
    }

    /// Waits until there are events and takes all of them; what `into` held is forgotten. False if time ran out first. See
    /// [`Event`]: each names its connection, and those of one connection are in order. Several threads may pull; each event
    /// goes to one of them.
    ///
    /// # Errors
    /// `Closed` when the pool is closed and there are none; `Interrupted` by the options' hook; `Panic` if the thread has failed.
    pub fn next_events(&self, into: &mut Vec<Event>, timeout: Option<Duration>) -> Result<bool> {
        into.clear();
        let worker = self.worker();
        worker.next_events(into, &self.patience(worker, timeout))
    }

    /// A client of a connection of its own: see [`Client::lease`]. Closing the pool closes it.
    ///
    /// # Errors
    /// As for [`Client::lease`].
    pub fn lease(&self) -> Result<Client> {
        if self.is_closed() {
            return Err(closed("pool").with_outcome(Outcome::NotApplied));
        }
        Client::leased_from(&self.lender)
    }

    /// Who was greeted last: the server's own words and the protocol version that is spoken. `None` before the first connection.
    pub fn server(&self) -> Option<Arc<Server>> {
        self.worker().server()
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The options it was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Number of its shared connections.
    pub fn connections(&self) -> usize {
        self.connections
    }

    fn route_of(&self, key: Option<&[u8]>) -> Route {
        let Some(key) = key else { return Route::Any };
        let mut hasher = DefaultHasher::new();
        hasher.write(key);
        Route::Shared((hasher.finish() % self.connections as u64) as usize)
    }

    fn patience<'a>(&'a self, worker: &'a Worker, timeout: Option<Duration>) -> Patience<'a> {
        let now = Instant::now();
        let deadline = Deadline::after(now, timeout);
        Patience::new(deadline, self.options.interrupt.as_ref(), worker.never_closed(), now)
    }

    /// This process's worker.
    fn worker(&self) -> &Arc<Worker> {
        let renew = || Worker::new(Arc::clone(&self.options), self.connections, self.is_closed());
        self.worker.get(|| Arc::new(renew()))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let _ = self.close(Some(Duration::ZERO));
    }
}
