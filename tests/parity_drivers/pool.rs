//! The pool, of one connection, so that the order of commands is that of the others.

use std::time::Duration;

use oxipipe::{Completions, Error, Options, Outcome, Pipeline, Pool, Pulled};

use super::submitting::{Submit, Submitting};
use crate::support::LONG;

pub(crate) fn new(options: Options) -> Submitting<Pool> {
    Submitting::over(Pool::new(options, 1).expect("a pool of one connection"))
}

impl Submit for Pool {
    fn submit(&mut self, args: &[Vec<u8>], token: u64) -> Result<(), Error> {
        Self::submit(self, args, Some(token))
    }

    fn submit_pipeline(&mut self, pipeline: &mut Pipeline, token: u64) -> Result<(), Error> {
        Self::submit_pipeline(self, pipeline, Some(token))
    }

    fn pull(&mut self, batch: &mut Completions, at_most: Duration) {
        match self.next(batch, Some(at_most)) {
            Ok(Pulled::Some | Pulled::TimedOut) => {}
            Ok(Pulled::Nothing) => std::thread::sleep(at_most),
            Err(error) => panic!("the pool is broken: {error:?}"),
        }
    }

    fn cancel(&mut self, token: u64) -> Option<Outcome> {
        Self::cancel(self, token)
    }

    fn close(&mut self) {
        Self::close(self, Some(Duration::ZERO)).expect("a pool can be closed");
    }

    fn failures(&mut self) -> Option<u64> {
        Some(self.flush(Some(LONG)).expect("everything ends").0)
    }
}
