//! What the event loop and the pool have in common: calls are submitted under a token, and come back with it.

use std::collections::HashMap;
use std::time::Duration;

use oxipipe::{Completion, Completions, Error, Outcome, Pipeline, Pool};

use super::driver::{Call, Driver, End, Ended, Form, Ticket};
use crate::support::LONG;
use crate::support::pace::Stopwatch;

/// One of them.
pub(crate) trait Submit {
    fn submit(&mut self, args: &[Vec<u8>], token: u64) -> Result<(), Error>;
    fn submit_pipeline(&mut self, pipeline: &mut Pipeline, token: u64) -> Result<(), Error>;
    /// Takes what has completed, and waits about so long if there is nothing.
    fn pull(&mut self, batch: &mut Completions, at_most: Duration);
    fn cancel(&mut self, token: u64) -> Option<Outcome>;
    fn close(&mut self);
    fn failures(&mut self) -> Option<u64>;
}

pub(crate) struct Submitting<C> {
    client: C,
    batch: Completions,
    next: Ticket,
    running: HashMap<Ticket, Stopwatch>,
    ended: HashMap<Ticket, Ended>,
}

impl<C: Submit> Submitting<C> {
    pub(super) fn over(client: C) -> Self {
        Self { client, batch: Completions::new(), next: 0, running: HashMap::new(), ended: HashMap::new() }
    }

    /// Gives a ticket to what `submit` submits. A refusal is its end.
    fn enter(&mut self, submit: impl FnOnce(&mut C, u64) -> Result<(), Error>) -> Ticket {
        self.next += 1;
        let (token, watch) = (self.next, Stopwatch::start());
        match submit(&mut self.client, token) {
            Ok(()) => drop(self.running.insert(token, watch)),
            Err(error) => {
                self.ended.insert(token, Ended { end: End::Failed(error), took: watch.took() });
            }
        }
        token
    }

    fn finish(&mut self, ticket: Ticket) -> End {
        let watch = Stopwatch::start();
        while watch.elapsed() < LONG {
            if let Some(ended) = self.take(ticket) {
                return ended.end;
            }
            self.pump(Duration::from_millis(1));
        }
        End::Never
    }
}

impl<C: Submit> Driver for Submitting<C> {
    fn start(&mut self, call: Call) -> Ticket {
        self.enter(|client, token| match call.form {
            Form::Command => client.submit(&call.commands[0], token),
            _ => client.submit_pipeline(&mut detached(&call)?, token),
        })
    }

    fn pump(&mut self, at_most: Duration) {
        self.client.pull(&mut self.batch, at_most);
        for completion in self.batch.iter() {
            let Some(watch) = self.running.remove(&completion.token) else { continue };
            let ended = Ended { end: end(&completion), took: watch.took() };
            self.ended.insert(completion.token, ended);
        }
    }

    fn take(&mut self, ticket: Ticket) -> Option<Ended> {
        self.ended.remove(&ticket)
    }

    fn cancel(&mut self, ticket: Ticket) -> Option<Outcome> {
        let outcome = self.client.cancel(ticket);
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
        self.finish(ticket)
    }

    fn after_refusal(&mut self, full: &Pool, lines: &[&str]) -> End {
        let mut pipeline = detached(&Call::atomic(lines)).expect("commands for a pipeline");
        assert!(!full.try_submit_pipeline(&mut pipeline, Some(1)).expect("a full pool"));
        let ticket = self.enter(|client, token| client.submit_pipeline(&mut pipeline, token));
        self.finish(ticket)
    }

    fn failures(&mut self) -> Option<u64> {
        self.client.failures()
    }
}

fn detached(call: &Call) -> Result<Pipeline, Error> {
    let mut pipeline = Pipeline::detached(call.form == Form::Atomic);
    for args in &call.commands {
        pipeline.command(args)?;
    }
    Ok(pipeline)
}

fn end(completion: &Completion<'_>) -> End {
    match completion.reply() {
        Ok(reply) => End::Reply(reply, completion.server_error().map(<[u8]>::to_vec)),
        Err(error) => End::Failed(error),
    }
}
