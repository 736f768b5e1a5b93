//! What the server is asked about commands that the table does not know, and who waits for the answer.

use std::time::Instant;

use super::{Batch, Parked, Route, Submission};
use crate::command::{Learned, Question, had_no_connection};
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
    parked: Parked,
    /// What is asked, and until when the server may answer.
    asked: Option<(Question, Deadline)>,
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
        self.parked.precedes(submission.route) || !submission.strangers.is_empty()
    }

    pub(super) fn park(&mut self, submission: Submission, bytes: Vec<u8>) {
        self.parked.push(submission, bytes);
    }

    /// The first of what is parked, if it need not wait any longer, with its bytes.
    pub(super) fn release(&mut self) -> Option<(Submission, Vec<u8>)> {
        self.parked.front().filter(|first| first.strangers.is_empty())?;
        self.parked.pop_front()
    }

    /// Whether there is something to ask, once everything was [released](Self::release) that could be.
    pub(super) fn is_due(&self) -> bool {
        self.asked.is_none() && self.parked.front().is_some_and(|first| !first.strangers.is_empty())
    }

    /// The next question, if one is due: to be sent, and its answer to be passed to [`hear`](Self::hear).
    pub(super) fn ask(&mut self) -> Option<(Submission, Vec<u8>)> {
        if !self.is_due() {
            return None;
        }
        let question = Question::about(self.parked.strangers());
        let mut bytes = Vec::new();
        question.encode(&mut bytes);
        let deadline = self.parked.front()?.request.deadline;
        let mut request = Request::new(0, Form::Question, 1, deadline);
        // None of the owner's, which count from 0.
        request.seq = u64::MAX;
        self.asked = Some((question, deadline));
        // The answer is the same over each connection, so it may be one that answers now.
        Some((Submission::new(request, Route::Any), bytes))
    }

    /// Takes in the answer. None is as good as a no, for those that wait for it now; but where there was nobody to ask, they fail
    /// with that, as they would have without a question.
    pub(super) fn hear(&mut self, answer: Result<Reply>, now: Instant, out: &mut Batch) {
        let Some((question, deadline)) = self.asked.take() else { return };
        let answers = match answer {
            Ok(reply) => question.answers(reply.root().get(0)),
            // Those whose time is up, too, hear why. Others ask again.
            Err(error) if deadline.has_passed(now) => return self.expire(now, &error, out),
            Err(error) if had_no_connection(&error) => {
                let is_about = |submission: &Submission| question.is_about(&submission.strangers);
                return end(self.parked.remove_if(is_about), &error, out);
            }
            Err(_) => question.answers(None),
        };
        self.parked.learn(|name| answers.of(name));
        self.learned.keep(answers);
    }

    /// When to call [`expire`](Self::expire), or earlier.
    pub(super) fn next_step(&self) -> Deadline {
        self.parked.earliest()
    }

    /// Ends what has waited for too long.
    pub(super) fn expire(&mut self, now: Instant, error: &Error, out: &mut Batch) {
        end(self.parked.expire(now), error, out);
    }

    /// Ends everything.
    pub(super) fn close(&mut self, error: &Error, out: &mut Batch) {
        self.asked = None;
        end(self.parked.remove_if(|_| true), error, out);
    }

    /// Takes out one that is parked: its number.
    pub(super) fn cancel(&mut self, token: u64) -> Option<u64> {
        self.parked.cancel(token).map(|submission| submission.request.seq)
    }

    /// Submissions that are parked, and questions among those that are not.
    pub(super) fn load(&self) -> (usize, usize) {
        (self.parked.len(), usize::from(self.asked.is_some()))
    }

    pub(super) fn bytes(&self) -> usize {
        self.parked.bytes()
    }
}

/// Nothing of them has left.
fn end(submissions: Vec<Submission>, error: &Error, out: &mut Batch) {
    for Submission { request, .. } in submissions {
        let fate = Progress { not_applied: request.own_commands(), ..Progress::default() };
        out.push_bare(request.token, request.seq, Some(error.clone().with_progress(fate)));
    }
}

#[cfg(test)]
#[path = "questions_tests.rs"]
mod tests;
