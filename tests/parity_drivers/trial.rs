//! One scenario under one driver.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use oxipipe::{Client, Options, Outcome, Progress};
use socket2::{Domain, Socket, Type};

use super::blocking::Blocking;
use super::driver::{Call, Driver, End, Form, Kind, Ticket, server_error};
use super::wording::{describe, is_as};
use super::{event_loop, pool};
use crate::support::fake_server::{FakeServer, Heard};
use crate::support::live_server::LiveServer;
use crate::support::pace::{Stopwatch, Took};
use crate::support::proxy::Proxy;
use crate::support::{LONG, kernel, tcp};

/// Beyond every deadline of the table.
const PATIENCE: Duration = Duration::from_secs(30);
const MOMENT: Duration = Duration::from_millis(1);

/// A client under test, its server, and what was found wrong with them.
pub(crate) struct Trial {
    pub(crate) kind: Kind,
    set: fn(&mut Options),
    cancels: bool,
    driver: Option<Box<dyn Driver>>,
    server: Server,
    calls: HashMap<Ticket, (Form, usize)>,
    /// What a scripted server heard, and how many connections it had, once it is stopped.
    ledger: (usize, Vec<Heard>),
    /// How long the last call took.
    took: Took,
    round: String,
    pub(crate) failures: Vec<String>,
    /// What has to be the same under every driver, whatever it is.
    pub(crate) observed: Vec<(String, String)>,
}

pub(crate) enum Server {
    None,
    Scripted(FakeServer),
    Live(LiveServer, Option<Proxy>),
    /// A port that somebody has and at which nobody listens.
    Nobody(Socket),
}

impl Trial {
    pub(crate) fn new(kind: Kind, set: fn(&mut Options), cancels: bool) -> Self {
        Self {
            kind,
            set,
            cancels,
            driver: None,
            server: Server::None,
            calls: HashMap::new(),
            ledger: (0, Vec::new()),
            took: Took::default(),
            round: String::new(),
            failures: Vec::new(),
            observed: Vec::new(),
        }
    }

    /// Begins anew, with a client of a server that follows this script.
    pub(crate) fn begin(&mut self, script: &str) {
        self.begin_with(Server::Scripted(FakeServer::start(script)));
    }

    /// As [`begin`](Self::begin), where a scenario has several; the name of each stands before what is wrong with it.
    pub(crate) fn round(&mut self, name: &str, script: &str) {
        self.begin(script);
        self.round = name.to_owned();
    }

    pub(crate) fn begin_with(&mut self, server: Server) {
        self.finish();
        self.server = server;
        let mut options = self.plain_options();
        (self.set)(&mut options);
        self.driver = Some(match self.kind {
            Kind::Blocking => Box::new(Blocking::new(options, self.cancels)),
            Kind::EventLoop => Box::new(event_loop::new(options)),
            Kind::Pool => Box::new(pool::new(options)),
        });
    }

    /// Options for the server, without those of the scenario.
    pub(crate) fn plain_options(&self) -> Options {
        match &self.server {
            Server::None => unreachable!("a scenario begins with a server"),
            Server::Scripted(server) => server.options(),
            Server::Live(_, Some(proxy)) => proxy.options(),
            Server::Live(server, None) => server.tcp_options(),
            Server::Nobody(socket) => {
                tcp(socket.local_addr().expect("an address").as_socket().expect("of TCP").port())
            }
        }
    }

    /// Closes the client and stops a scripted server: its ledger is complete then.
    pub(crate) fn finish(&mut self) {
        if let Some(mut driver) = self.driver.take() {
            driver.close();
        }
        self.calls.clear();
        if let Server::Scripted(server) = std::mem::replace(&mut self.server, Server::None) {
            let (connections, heard, failures) = server.finish();
            self.ledger = (connections, heard);
            for failure in failures {
                self.fail(format!("the server: {failure}"));
            }
        }
    }

    pub(crate) fn driver(&mut self) -> &mut dyn Driver {
        self.driver.as_deref_mut().expect("a scenario begins with a server")
    }

    pub(crate) fn fake(&self) -> &FakeServer {
        match &self.server {
            Server::Scripted(server) => server,
            _ => unreachable!("this scenario has a script"),
        }
    }

    pub(crate) fn live(&mut self) -> &mut LiveServer {
        match &mut self.server {
            Server::Live(server, _) => server,
            _ => unreachable!("this scenario has a real server"),
        }
    }

    pub(crate) fn proxy(&self) -> &Proxy {
        match &self.server {
            Server::Live(_, Some(proxy)) => proxy,
            _ => unreachable!("this scenario has a proxy"),
        }
    }

    /// A client of its own, which sees what the server did.
    pub(crate) fn witness(&mut self) -> Client {
        self.live().client()
    }

    pub(crate) fn start(&mut self, line: &str) -> Ticket {
        self.start_call(Call::command(line))
    }

    pub(crate) fn start_call(&mut self, call: Call) -> Ticket {
        let about = (call.form, call.commands.len());
        let ticket = self.driver().start(call);
        self.calls.insert(ticket, about);
        ticket
    }

    /// The end of a call, once it has come.
    pub(crate) fn end(&mut self, ticket: Ticket) -> End {
        let start = Stopwatch::start();
        while start.elapsed() < PATIENCE {
            if let Some(end) = self.end_now(ticket) {
                return end;
            }
            self.driver().pump(MOMENT);
        }
        End::Never
    }

    /// The end of a call, if it has come.
    pub(crate) fn end_now(&mut self, ticket: Ticket) -> Option<End> {
        let ended = self.driver().take(ticket)?;
        self.took = ended.took;
        let (form, commands) = self.calls.remove(&ticket).expect("a call that was started");
        self.check_sense(form, commands as u64, &ended.end);
        Some(ended.end)
    }

    /// The last call was not given up before this.
    pub(crate) fn took_at_least(&mut self, time: Duration, what: &str) {
        let took = self.took;
        self.check(took.by_the_clock >= time, &format!("{what} took {took:?}, less than {time:?}"));
    }

    /// The last call did not go on for longer.
    pub(crate) fn took_less_than(&mut self, time: Duration, what: &str) {
        let took = self.took;
        self.check(took.at_work < time, &format!("{what} took {took:?}, more than {time:?}"));
    }

    /// The same for one that keeps the processors busy.
    pub(crate) fn spent_less_than(&mut self, time: Duration, what: &str) {
        let took = self.took;
        self.check(
            took.spent < time,
            &format!("{what} took {took:?}, and more than {time:?} of the processors"),
        );
    }

    pub(crate) fn command(&mut self, line: &str) -> End {
        let ticket = self.start(line);
        self.end(ticket)
    }

    pub(crate) fn pipeline(&mut self, lines: &[&str]) -> End {
        let ticket = self.start_call(Call::pipeline(lines));
        self.end(ticket)
    }

    pub(crate) fn atomic(&mut self, lines: &[&str]) -> End {
        let ticket = self.start_call(Call::atomic(lines));
        self.end(ticket)
    }

    /// Runs a command to its end, which must be as wanted.
    pub(crate) fn run(&mut self, line: &str, wanted: &str) {
        let end = self.command(line);
        self.expect(line, &end, wanted);
    }

    pub(crate) fn ends(&mut self, name: &str, ticket: Ticket, wanted: &str) {
        let end = self.end(ticket);
        self.expect(name, &end, wanted);
    }

    pub(crate) fn cancel(&mut self, name: &str, ticket: Ticket, wanted: Outcome) {
        let outcome = self.driver().cancel(ticket);
        if outcome != Some(wanted) {
            self.fail(format!("cancel of {name}: expected {}, got {outcome:?}", wanted.name()));
        }
    }

    /// Closes the client; the scenario goes on.
    pub(crate) fn close(&mut self) {
        self.driver().close();
    }

    pub(crate) fn expect(&mut self, name: &str, end: &End, wanted: &str) {
        let words = describe(end);
        if !is_as(&words, wanted) {
            let said = match end {
                End::Failed(error) => format!(" ({error})"),
                _ => String::new(),
            };
            self.fail(format!("{name}: expected {wanted}, got {words}{said}"));
        }
    }

    /// The server's words are in the error, or in the reply that is one.
    pub(crate) fn says(&mut self, name: &str, end: &End, text: &str) {
        let said = match end {
            End::Failed(error) => error.to_string(),
            _ => describe(end),
        };
        if !said.contains(text) {
            self.fail(format!("{name}: does not say {text:?}: {said}"));
        }
    }

    /// Something that no document decides, and that all drivers have to see alike.
    pub(crate) fn same(&mut self, name: &str, what: impl Into<String>) {
        self.observed.push((format!("{}{name}", self.prefix()), what.into()));
    }

    pub(crate) fn check(&mut self, holds: bool, what: &str) {
        if !holds {
            self.fail(what.to_owned());
        }
    }

    pub(crate) fn fail(&mut self, what: String) {
        let what = format!("{}{what}", self.prefix());
        self.failures.push(what);
    }

    /// Waits while the client works. False, and a failure, if it never comes.
    pub(crate) fn until(&mut self, what: &str, mut condition: impl FnMut(&mut Self) -> bool) -> bool {
        let start = Stopwatch::start();
        while !condition(self) {
            if start.elapsed() >= LONG {
                self.fail(format!("waited in vain for {what}"));
                return false;
            }
            self.driver().pump(MOMENT);
        }
        true
    }

    /// Lets so much time pass, in which the client works.
    pub(crate) fn pass(&mut self, time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {
            self.driver().pump(MOMENT);
        }
    }

    /// Waits until the server has heard so many commands, notes included.
    pub(crate) fn hears(&mut self, count: usize) -> bool {
        self.until("what the server should hear", |t| t.fake().lines().len() >= count)
    }

    /// Opens a gate of the script.
    pub(crate) fn open(&mut self, gate: &str) {
        self.fake().open(gate);
    }

    /// Waits until the server has ended a connection and the client's kernel knows.
    pub(crate) fn ended(&mut self, connection: usize) -> bool {
        self.until("the end of a connection", |t| {
            t.fake().has_closed(connection) && kernel::is_ended(t.fake().port())
        })
    }

    /// Waits until what the server sent is with the client's kernel, and lets the client look at it if it looks at all.
    pub(crate) fn delivered(&mut self) {
        self.until("the delivery", |t| kernel::is_delivered(t.fake().port()));
        self.driver().pump(MOMENT);
    }

    /// Stops everything; then a scripted server must have heard a command so many times. `*` at the end stands for any more.
    pub(crate) fn executed(&mut self, line: &str, wanted: impl Into<Times>) {
        self.finish();
        let count = self.ledger.1.iter().filter(|heard| is_as(&heard.line, line)).count();
        let Times(least, most) = wanted.into();
        if !(least..=most).contains(&count) {
            let heard: Vec<_> = self.ledger.1.iter().map(|heard| shortened(&heard.line)).collect();
            self.fail(format!(
                "{line} was heard {count} times, expected {}; in all: {heard:?}",
                times(least, most)
            ));
        }
    }

    /// Stops everything; then a scripted server must have had so many connections.
    pub(crate) fn connections(&mut self, wanted: impl Into<Times>) {
        self.finish();
        let (count, Times(least, most)) = (self.ledger.0, wanted.into());
        if !(least..=most).contains(&count) {
            self.fail(format!("{count} connections, expected {}", times(least, most)));
        }
    }

    /// What the server heard on a connection. Stops everything.
    pub(crate) fn heard_on(&mut self, connection: usize) -> Vec<String> {
        self.finish();
        let heard = self.ledger.1.iter().filter(|heard| heard.connection == connection);
        heard.map(|heard| heard.line.clone()).collect()
    }

    fn prefix(&self) -> String {
        if self.round.is_empty() { String::new() } else { format!("[{}] ", self.round) }
    }

    /// What holds for every call: the numbers add up, the outcome follows from them, and what counts as an error is one.
    fn check_sense(&mut self, form: Form, commands: u64, end: &End) {
        match end {
            End::Reply(reply, counted) => {
                let is_error = server_error(form, reply);
                if *counted != is_error {
                    let text = |error: &Option<Vec<u8>>| {
                        error.as_deref().map(|text| String::from_utf8_lossy(text).into_owned())
                    };
                    self.fail(format!(
                        "a reply that is the error {:?} counts as {:?}",
                        text(&is_error),
                        text(counted)
                    ));
                }
            }
            End::Failed(error) => {
                let Some(progress) = error.progress() else { return };
                let Progress { replied, unknown, not_applied } = progress;
                let sum =
                    [replied, unknown, not_applied].iter().try_fold(0, |sum: u64, &n| sum.checked_add(n));
                if sum != Some(commands) {
                    self.fail(format!("{progress:?} of {commands} commands"));
                }
                if error.outcome() != progress.outcome() {
                    self.fail(format!("the outcome {:?} with {progress:?}", error.outcome()));
                }
            }
            End::Never | End::Panicked => {}
        }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        // Before the server, whose thread may wait for the client.
        if let Some(mut driver) = self.driver.take()
            && !std::thread::panicking()
        {
            driver.close();
        }
    }
}

impl Server {
    pub(crate) fn nobody() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        socket.bind(&address.into()).expect("a free port");
        Self::Nobody(socket)
    }
}

/// From so many times to so many.
pub(crate) struct Times(usize, usize);

impl From<usize> for Times {
    fn from(count: usize) -> Self {
        Self(count, count)
    }
}

impl From<std::ops::RangeInclusive<usize>> for Times {
    fn from(range: std::ops::RangeInclusive<usize>) -> Self {
        Self(*range.start(), *range.end())
    }
}

fn times(least: usize, most: usize) -> String {
    if least == most { least.to_string() } else { format!("from {least} to {most}") }
}

fn shortened(line: &str) -> String {
    line.chars().take(60).collect()
}
