//! Replies on their way to the completions.

use std::time::Instant;

use super::Batch;
use crate::driver::chance;
use crate::error::{Error, Progress};
use crate::proto::{Form, Owner, Request, transaction};
use crate::resp::{Kind, Node, OutOfMemory, Reply, ReplyBuilder, value_at};

/// What one connection is in the middle of.
#[derive(Default)]
pub(super) struct Gathering {
    /// Replies to the request that is being answered, if they did not come whole: its number and what has come.
    replies: Option<(u64, ReplyBuilder)>,
    /// Token, number and nodes of each reply in the present run.
    marks: Vec<(u64, u64, u32)>,
}

/// The owner of a connection while its socket is served.
///
/// Replies to single commands that arrive whole, which is nearly all of them, are copied run by run to where the consumer
/// will read them. Others are gathered until they are complete.
pub(super) struct Delivery<'a> {
    pub(super) gathering: &'a mut Gathering,
    pub(super) out: &'a mut Batch,
    /// To the owner's own question.
    pub(super) answer: &'a mut Option<Result<Reply, Error>>,
    pub(super) now: Instant,
    pub(super) was_up: &'a mut bool,
}

impl Gathering {
    fn take(&mut self, request: &Request) -> Option<Reply> {
        self.replies.take_if(|(seq, _)| *seq == request.seq).map(|(_, replies)| replies.finish())
    }
}

impl Owner for Delivery<'_> {
    const TAKES_RUNS: bool = true;

    fn now(&self) -> Instant {
        self.now
    }

    fn chance(&self) -> f64 {
        chance()
    }

    fn was_up(&self) -> bool {
        *self.was_up
    }

    fn came_up(&mut self) {
        *self.was_up = true;
    }

    #[inline]
    fn joins_run(&mut self, request: &Request, nodes: usize, is_error: bool) -> bool {
        // Of a reply that nobody wants, an error is kept all the same.
        let joins = request.keeps_reply || is_error;
        if joins {
            self.gathering.marks.push((request.token, request.seq, nodes as u32));
        }
        joins
    }

    fn run(&mut self, nodes: &[Node], window: &[u8]) -> Result<(), OutOfMemory> {
        let result = self.out.push_run(nodes, window, &mut self.gathering.marks);
        // Whatever of it is left has no reply any more.
        for (token, seq, _) in self.gathering.marks.drain(..) {
            let unknown = Progress { unknown: 1, ..Progress::default() };
            self.out.push_bare(token, seq, Some(Error::from(OutOfMemory).with_progress(unknown)));
        }
        result
    }

    fn is_direct(&self, _: &Request) -> bool {
        false
    }

    fn can_take_back(&self, _: &Request) -> bool {
        true
    }

    fn part(&mut self, request: &Request, nodes: &[Node], window: &[u8]) -> Result<(), OutOfMemory> {
        let replies = &mut self.gathering.replies;
        // Behind an attribute there may be an error.
        let may_be_error = nodes.first().is_some_and(|node| node.kind == Kind::Attribute as u8);
        if request.form != Form::Command || request.keeps_reply || may_be_error || replies.is_some() {
            let (_, replies) = replies.get_or_insert_with(|| (request.seq, ReplyBuilder::with_root_array()));
            replies.try_append(nodes, window)?;
        }
        Ok(())
    }

    fn complete(&mut self, request: &Request) {
        let (token, seq) = (request.token, request.seq);
        let Some(replies) = self.gathering.take(request) else {
            return self.out.push_bare(token, seq, None);
        };
        match request.form {
            form if form.is_subscription() => {
                let is_confirmed = !is_error(&replies);
                self.out.push_gathered(token, seq, replies, is_confirmed, None);
            }
            Form::Command | Form::Special(_) if !request.keeps_reply && !is_error(&replies) => {
                self.out.push_bare(token, seq, None)
            }
            Form::Command | Form::Special(_) => self.out.push_gathered(token, seq, replies, false, None),
            Form::Question => *self.answer = Some(Ok(replies)),
            Form::Silent => self.out.push_bare(token, seq, None),
            Form::Pipeline | Form::Portion => self.out.push_gathered(token, seq, replies, true, None),
            Form::Transaction => {
                let commands = request.own_commands();
                match transaction::results(&replies, commands as usize) {
                    Ok(replies) => self.out.push_gathered(token, seq, replies, true, None),
                    Err(error) => {
                        let unknown = Progress { unknown: commands, ..Progress::default() };
                        self.out.push_bare(token, seq, Some(error.with_progress(unknown)));
                    }
                }
            }
        }
    }

    fn forget(&mut self, request: &Request) {
        self.gathering.take(request);
    }

    fn failed(&mut self, request: &Request, error: Error) {
        let (token, seq) = (request.token, request.seq);
        match self.gathering.take(request) {
            Some(replies) if request.form == Form::Pipeline => {
                self.out.push_gathered(token, seq, replies, true, Some(error));
            }
            _ if request.form == Form::Question => *self.answer = Some(Err(error)),
            _ => self.out.push_bare(token, seq, Some(error)),
        }
    }
}

/// Whether the one reply in there is an error.
fn is_error(replies: &Reply) -> bool {
    let reply = &replies.nodes()[1..];
    reply.get(value_at(reply)).is_some_and(|node| node.kind == Kind::Error as u8)
}
