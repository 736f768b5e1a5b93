//! The event-loop client: it works while the scenario lets it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use oxipipe::{Async, Completion, Completions, Options, Outcome, Pipeline, Pool};

use super::driver::{Call, Driver, End, Ended, Form, Ticket};
use crate::support::LONG;
use crate::support::event_loop::wait;

pub(crate) struct EventLoop {
    client: Async,
    batch: Completions,
    next: Ticket,
    running: HashMap<Ticket, Instant>,
    ended: HashMap<Ticket, Ended>,
}

impl EventLoop {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            client: Async::new(options).expect("a descriptor"),
            batch: Completions::new(),
            next: 0,
            running: HashMap::new(),
            ended: HashMap::new(),
        }
    }

    fn collect(&mut self) {
        self.client.next(&mut self.batch);
        for completion in self.batch.iter() {
            let Some(started) = self.running.remove(&completion.token) else { continue };
            let ended = Ended { end: end(&completion), started, at: Instant::now() };
            self.ended.insert(completion.token, ended);
        }
    }
}

impl Driver for EventLoop {
    fn start(&mut self, call: Call) -> Ticket {
        self.next += 1;
        let (token, started) = (self.next, Instant::now());
        let result = match call.form {
            Form::Command => self.client.submit(&call.commands[0], token),
            _ => detached(&call).and_then(|mut pipeline| self.client.submit_pipeline(&mut pipeline, token)),
        };
        self.running.insert(token, started);
        if let Err(error) = result {
            self.running.remove(&token);
            self.ended.insert(token, Ended { end: End::Failed(error), started, at: Instant::now() });
        }
        token
    }

    fn pump(&mut self, at_most: Duration) {
        // Closed or forked, it says so to everybody who asks.
        let _ = self.client.process();
        let before = self.ended.len();
        self.collect();
        if self.ended.len() == before {
            wait(&self.client, Some(self.client.timeout().unwrap_or(at_most).min(at_most)));
            let _ = self.client.process();
            self.collect();
        }
    }

    fn take(&mut self, ticket: Ticket) -> Option<Ended> {
        self.ended.remove(&ticket)
    }

    fn cancel(&mut self, ticket: Ticket) -> Option<Outcome> {
        let outcome = self.client.cancel(ticket).ok().flatten();
        if outcome.is_some() {
            self.running.remove(&ticket);
        }
        outcome
    }

    fn close(&mut self) {
        self.client.close();
    }

    fn here(&mut self, call: Call) -> End {
        let ticket = self.start(call);
        finish(self, ticket)
    }

    fn after_refusal(&mut self, full: &Pool, lines: &[&str]) -> End {
        let mut pipeline = detached(&Call::atomic(lines)).expect("commands for a pipeline");
        assert!(!full.try_submit_pipeline(&mut pipeline, Some(1)).expect("a full pool"));
        self.next += 1;
        self.running.insert(self.next, Instant::now());
        if let Err(error) = self.client.submit_pipeline(&mut pipeline, self.next) {
            return End::Failed(error);
        }
        let ticket = self.next;
        finish(self, ticket)
    }

    fn failures(&mut self) -> Option<u64> {
        None
    }
}

pub(super) fn finish(driver: &mut dyn Driver, ticket: Ticket) -> End {
    let start = Instant::now();
    while start.elapsed() < LONG {
        if let Some(ended) = driver.take(ticket) {
            return ended.end;
        }
        driver.pump(Duration::from_millis(1));
    }
    End::Never
}

pub(super) fn detached(call: &Call) -> Result<Pipeline, oxipipe::Error> {
    let mut pipeline = Pipeline::detached(call.form == Form::Atomic);
    for args in &call.commands {
        pipeline.command(args)?;
    }
    Ok(pipeline)
}

pub(super) fn end(completion: &Completion<'_>) -> End {
    match completion.reply() {
        Ok(reply) => End::Reply(reply, completion.server_error().map(<[u8]>::to_vec)),
        Err(error) => End::Failed(error),
    }
}
