//! What the server is asked about commands that the table does not know, and who waits for the answer.

use std::collections::VecDeque;
use std::time::Instant;

use super::{Batch, Route, Submission};
use crate::command::{Learned, Question};
use crate::deadline::Deadline;
use crate::error::{Error, Progress, Result};
use crate::proto::{Form, Request};
use crate::resp::Reply;

/// Asks once per name. Submissions with such commands are parked until the server has said whether these block, and so is what
/// must not overtake them.
///
/// One question is out at a time, about the commands of all that are parked then. So what is parked leaves in the order in which
/// it came.
#[derive(Default)]
pub(super) struct Questions {
    learned: Learned,
    parked: VecDeque<Parked>,
    /// Of what is parked.
    bytes: usize,
    /// What is asked, and until when the server may answer.
    asked: Option<(Question, Deadline)>,
}

struct Parked {
    submission: Submission,
    bytes: Vec<u8>,
}

impl Questions {
    /// Whether nobody waits, and nothing is asked.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.parked.is_empty() && self.asked.is_none()
    }

    /// Whether a submission has to be parked. What has been learned before is noted in it.
    #[cold]
    pub(super) fn holds(&self, submission: &mut Submission) -> bool {
        submission.learn(|name| self.learned.recall(name));
        // Only what names its connection has an order, among what goes over the same one.
        let is_behind = matches!(submission.route, Route::Shared(_))
            && self.parked.iter().any(|parked| parked.submission.route == submission.route);
        is_behind || !submission.strangers.is_empty()
    }

    pub(super) fn park(&mut self, submission: Submission, bytes: Vec<u8>) {
        self.bytes += bytes.len();
        self.parked.push_back(Parked { submission, bytes });
    }

    /// The first of what is parked, if it need not wait any longer, with its bytes.
    pub(super) fn release(&mut self) -> Option<(Submission, Vec<u8>)> {
        self.parked.front().filter(|parked| parked.submission.strangers.is_empty())?;
        let Parked { submission, bytes } = self.parked.pop_front()?;
        self.bytes -= bytes.len();
        Some((submission, bytes))
    }

    /// Whether there is something to ask.
    pub(super) fn is_due(&self) -> bool {
        self.asked.is_none() && self.parked.iter().any(|parked| !parked.submission.strangers.is_empty())
    }

    /// The next question, if one is due: to be sent, and its answer to be passed to [`hear`](Self::hear).
    pub(super) fn ask(&mut self) -> Option<(Submission, Vec<u8>)> {
        let first = match self.is_due() {
            true => &self.parked.front()?.submission,
            false => return None,
        };
        let question = Question::about(self.parked.iter().flat_map(|parked| &parked.submission.strangers));
        let mut bytes = Vec::new();
        question.encode(&mut bytes);
        let deadline = first.request.deadline;
        let request = Request::new(0, Form::Question, 1, deadline);
        let route = if let Route::Shared(_) = first.route { first.route } else { Route::Any };
        self.asked = Some((question, deadline));
        Some((Submission::new(request, route), bytes))
    }

    /// Takes in the answer. None is as good as a no, for those that wait for it now.
    pub(super) fn hear(&mut self, answer: Result<Reply>, now: Instant, out: &mut Batch) {
        let Some((question, deadline)) = self.asked.take() else { return };
        let answers = match answer {
            Ok(reply) => question.answers(reply.root().get(0)),
            // Those whose time is up, too, hear why. Others ask again.
            Err(error) if deadline.has_passed(now) => return self.expire(now, &error, out),
            Err(_) => question.answers(None),
        };
        for parked in &mut self.parked {
            parked.submission.learn(|name| answers.of(name));
        }
        self.learned.keep(answers);
    }

    /// When to call [`expire`](Self::expire).
    pub(super) fn next_step(&self) -> Deadline {
        let deadlines = self.parked.iter().map(|parked| parked.submission.request.deadline);
        deadlines.fold(Deadline::never(), Deadline::or_earlier)
    }

    /// Ends what has waited for too long.
    pub(super) fn expire(&mut self, now: Instant, error: &Error, out: &mut Batch) {
        self.end(|request| request.deadline.has_passed(now), error, out);
    }

    /// Ends everything.
    pub(super) fn close(&mut self, error: &Error, out: &mut Batch) {
        self.asked = None;
        self.end(|_| true, error, out);
    }

    fn end(&mut self, is_over: impl Fn(&Request) -> bool, error: &Error, out: &mut Batch) {
        let Self { parked, bytes: sum, .. } = self;
        parked.retain(|Parked { submission: Submission { request, .. }, bytes }| {
            let is_over = is_over(request);
            if is_over {
                *sum -= bytes.len();
                let fate = Progress { not_applied: request.own_commands(), ..Progress::default() };
                out.push_bare(request.token, request.seq, Some(error.clone().with_progress(fate)));
            }
            !is_over
        });
    }

    /// Takes out one that is parked: its number.
    pub(super) fn cancel(&mut self, token: u64) -> Option<u64> {
        let index = self.parked.iter().position(|parked| parked.submission.request.token == token)?;
        let parked = self.parked.remove(index)?;
        self.bytes -= parked.bytes.len();
        Some(parked.submission.request.seq)
    }

    /// Submissions that are parked, and questions among those that are not.
    pub(super) fn load(&self) -> (usize, usize) {
        (self.parked.len(), usize::from(self.asked.is_some()))
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
#[path = "questions_tests.rs"]
mod tests;
