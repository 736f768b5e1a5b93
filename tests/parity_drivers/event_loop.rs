//! The event-loop client: it works while the scenario lets it.

use std::time::Duration;

use oxipipe::{Async, Completions, Error, Options, Outcome, Pipeline};

use super::submitting::{Submit, Submitting};
use crate::support::event_loop::wait;

pub(crate) fn new(options: Options) -> Submitting<Async> {
    Submitting::over(Async::new(options).expect("a descriptor"))
}

impl Submit for Async {
    fn submit(&mut self, args: &[Vec<u8>], token: u64) -> Result<(), Error> {
        self.submit(args, token)
    }

    fn submit_pipeline(&mut self, pipeline: &mut Pipeline, token: u64) -> Result<(), Error> {
        self.submit_pipeline(pipeline, token)
    }

    fn pull(&mut self, batch: &mut Completions, at_most: Duration) {
        // Closed or forked, it says so to everybody who asks.
        let _ = self.process();
        self.next(batch);
        if batch.is_empty() {
            wait(self, Some(self.timeout().unwrap_or(at_most).min(at_most)));
            let _ = self.process();
            self.next(batch);
        }
    }

    fn cancel(&mut self, token: u64) -> Option<Outcome> {
        self.cancel(token).ok().flatten()
    }

    fn close(&mut self) {
        self.close();
    }

    fn failures(&mut self) -> Option<u64> {
        None
    }
}
