//! The blocking client: each call has a thread of its own.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use oxipipe::{Client, Error, ErrorKind, Interrupt, Options, Outcome, Pool, Reply};

use super::driver::{Call, Driver, End, Ended, Form, Ticket};
use crate::support::LONG;
use crate::support::pace::{Stopwatch, Took};

pub(crate) struct Blocking {
    client: Client,
    calls: HashMap<Ticket, Running>,
    next: Ticket,
    given_up: Arc<Mutex<HashSet<ThreadId>>>,
}

struct Running {
    thread: ThreadId,
    result: Receiver<(End, Took)>,
    ended: Option<(End, Took)>,
}

impl Blocking {
    /// `cancels`: calls can be cancelled, as a signal handler does it.
    pub(crate) fn new(mut options: Options, cancels: bool) -> Self {
        let given_up = Arc::new(Mutex::new(HashSet::new()));
        if cancels {
            let given_up = Arc::clone(&given_up);
            options.interrupt =
                Some(Interrupt::new(move || given_up.lock().unwrap().contains(&thread::current().id())));
        }
        Self { client: Client::new(options), calls: HashMap::new(), next: 0, given_up }
    }
}

impl Driver for Blocking {
    fn start(&mut self, call: Call) -> Ticket {
        let client = self.client.clone();
        let (sender, result) = channel();
        let watch = Stopwatch::start();
        let thread = thread::spawn(move || {
            let end = end(&client, &call);
            let _ = sender.send((end, watch.took()));
        });
        self.next += 1;
        let running = Running { thread: thread.thread().id(), result, ended: None };
        self.calls.insert(self.next, running);
        self.next
    }

    fn pump(&mut self, at_most: Duration) {
        thread::sleep(at_most);
    }

    fn take(&mut self, ticket: Ticket) -> Option<Ended> {
        let running = self.calls.get_mut(&ticket)?;
        running.look(Duration::ZERO);
        let (end, took) = running.ended.take()?;
        self.calls.remove(&ticket);
        Some(Ended { end, took })
    }

    fn cancel(&mut self, ticket: Ticket) -> Option<Outcome> {
        let running = self.calls.get_mut(&ticket)?;
        self.given_up.lock().unwrap().insert(running.thread);
        running.look(LONG);
        match &running.ended {
            Some((End::Failed(error), _)) if error.kind() == ErrorKind::Interrupted => error.outcome(),
            _ => None,
        }
    }

    fn close(&mut self) {
        self.client.close();
    }

    fn here(&mut self, call: Call) -> End {
        end(&self.client, &call)
    }

    fn after_refusal(&mut self, full: &Pool, lines: &[&str]) -> End {
        let mut pipeline = self.client.transaction();
        for args in Call::atomic(lines).commands {
            pipeline.command(&args).expect("a command for a pipeline");
        }
        assert!(!full.try_submit_pipeline(&mut pipeline, Some(1)).expect("a full pool"));
        End::of(Form::Atomic, pipeline.execute())
    }

    fn failures(&mut self) -> Option<u64> {
        None
    }
}

impl Running {
    fn look(&mut self, patience: Duration) {
        if self.ended.is_none() {
            self.ended = match self.result.recv_timeout(patience) {
                Ok(ended) => Some(ended),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some((End::Panicked, Took::default())),
            };
        }
    }
}

fn end(client: &Client, call: &Call) -> End {
    End::of(call.form, result(client, call))
}

fn result(client: &Client, call: &Call) -> Result<Reply, Error> {
    let mut pipeline = match call.form {
        Form::Command => return client.command(&call.commands[0]),
        Form::Pipeline => client.pipeline(),
        Form::Atomic => client.transaction(),
    };
    for args in &call.commands {
        pipeline.command(args)?;
    }
    pipeline.execute()
}
