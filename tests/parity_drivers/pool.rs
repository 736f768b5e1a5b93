//! The pool, of one connection, so that the order of commands is that of the others.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use oxipipe::{Completions, Options, Outcome, Pool, Pulled};

use super::driver::{Call, Driver, End, Ended, Form, Ticket};
use super::event_loop::{detached, end, finish};
use crate::support::LONG;

pub(crate) struct Pooled {
    pool: Pool,
    batch: Completions,
    next: Ticket,
    running: HashMap<Ticket, Instant>,
    ended: HashMap<Ticket, Ended>,
}

impl Pooled {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            pool: Pool::new(options, 1).expect("a pool of one connection"),
            batch: Completions::new(),
            next: 0,
            running: HashMap::new(),
            ended: HashMap::new(),
        }
    }
}

impl Driver for Pooled {
    fn start(&mut self, call: Call) -> Ticket {
        self.next += 1;
        let (token, started) = (self.next, Instant::now());
        let result = match call.form {
            Form::Command => self.pool.submit(&call.commands[0], Some(token)),
            _ => {
                detached(&call).and_then(|mut pipeline| self.pool.submit_pipeline(&mut pipeline, Some(token)))
            }
        };
        self.running.insert(token, started);
        if let Err(error) = result {
            self.running.remove(&token);
            self.ended.insert(token, Ended { end: End::Failed(error), started, at: Instant::now() });
        }
        token
    }

    fn pump(&mut self, at_most: Duration) {
        match self.pool.next(&mut self.batch, Some(at_most)) {
            Ok(Pulled::Some) => {
                for completion in self.batch.iter() {
                    let Some(started) = self.running.remove(&completion.token) else { continue };
                    let ended = Ended { end: end(&completion), started, at: Instant::now() };
                    self.ended.insert(completion.token, ended);
                }
            }
            Ok(Pulled::Nothing) => std::thread::sleep(at_most),
            Ok(Pulled::TimedOut) => {}
            Err(error) => panic!("the pool is broken: {error:?}"),
        }
    }

    fn take(&mut self, ticket: Ticket) -> Option<Ended> {
        self.ended.remove(&ticket)
    }

    fn cancel(&mut self, ticket: Ticket) -> Option<Outcome> {
        let outcome = self.pool.cancel(ticket);
        if outcome.is_some() {
            self.running.remove(&ticket);
        }
        outcome
    }

    fn close(&mut self) {
        self.pool.close(Some(Duration::ZERO)).expect("a pool can be closed");
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
        if let Err(error) = self.pool.submit_pipeline(&mut pipeline, Some(self.next)) {
            return End::Failed(error);
        }
        let ticket = self.next;
        finish(self, ticket)
    }

    fn failures(&mut self) -> Option<u64> {
        Some(self.pool.flush(Some(LONG)).expect("everything ends").0)
    }
}
