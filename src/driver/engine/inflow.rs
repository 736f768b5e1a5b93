//! Replies on their way to the entries that they belong to.

use super::boundary::Boundary;
use super::{Completions, Entry, Form, Outbox};
use crate::error::{Error, Progress};
use crate::proto::transaction;
use crate::resp::{Kind, Node, Reply, ReplyBuilder};

/// Cuts the stream of replies at the entries' ends.
///
/// Replies to single commands that arrive whole, which is nearly all of them, are copied run by run to where the consumer
/// will read them. Others are gathered until they are complete.
#[derive(Default)]
pub(super) struct Inflow {
    boundary: Boundary,
    /// Replies of the first entry that came in earlier parts.
    gathered: Option<ReplyBuilder>,
    /// Token, sequence number and number of nodes of each reply in the present run.
    marks: Vec<(u64, u64, u32)>,
}

impl Inflow {
    /// Hands streamed nodes, whose strings are in `window`, to the entries in order. A part may end inside a reply.
    pub(super) fn take(&mut self, nodes: &[Node], window: &[u8], outbox: &mut Outbox, out: &mut Completions) {
        let (mut run_from, mut at) = (0, 0);
        while at < nodes.len() {
            let entry =
                outbox.front_mut().expect("invariant: the session refuses replies that nothing asked for");
            let is_error = nodes[at].kind == Kind::Error as u8 && !self.boundary.is_inside();
            let end = self.boundary.advance(&nodes[at..]);
            let upto = end.map_or(nodes.len(), |count| at + count);
            let is_whole = end.is_some() && entry.form == Form::Command && self.gathered.is_none();
            // Of a reply that nobody wants, an error is kept all the same.
            let is_wanted = entry.keeps_reply || is_error;
            let joins_run = is_whole && is_wanted && !entry.abandoned;
            if joins_run {
                self.marks.push((entry.token, entry.seq, (upto - at) as u32));
            } else {
                self.end_run(&nodes[run_from..at], window, out);
                run_from = upto;
                if !entry.abandoned && (is_wanted || entry.form != Form::Command) {
                    self.gathered
                        .get_or_insert_with(ReplyBuilder::with_root_array)
                        .append(&nodes[at..upto], window);
                }
            }
            if end.is_some() {
                entry.replied += 1;
                if entry.replied == entry.commands {
                    let entry = outbox.pop_front().expect("invariant: there is a first entry");
                    if !joins_run {
                        self.complete(entry, out);
                    }
                }
            }
            at = upto;
        }
        self.end_run(&nodes[run_from..], window, out);
    }

    /// The replies to the first entry that are whole; for an entry that will get no more.
    pub(super) fn cut_off(&mut self) -> Option<Reply> {
        self.boundary = Boundary::default();
        self.gathered.take().map(ReplyBuilder::finish)
    }

    /// Nobody waits for the first entry any more.
    pub(super) fn forget(&mut self) {
        self.gathered = None;
    }

    fn end_run(&mut self, nodes: &[Node], window: &[u8], out: &mut Completions) {
        if !self.marks.is_empty() {
            out.push_run(nodes, window, &mut self.marks);
        }
    }

    fn complete(&mut self, entry: Entry, out: &mut Completions) {
        let replies = self.gathered.take().map(ReplyBuilder::finish);
        if entry.abandoned {
            return;
        }
        let (token, seq) = (entry.token, entry.seq);
        match (replies, entry.form) {
            (Some(replies), Form::Command) => out.push_gathered(token, seq, replies, false, None),
            (Some(replies), Form::Pipeline) => out.push_gathered(token, seq, replies, true, None),
            (Some(replies), Form::Transaction) => {
                let commands = entry.own_commands();
                match transaction::results(&replies, commands as usize) {
                    Ok(replies) => out.push_gathered(token, seq, replies, true, None),
                    Err(error) => {
                        let unknown = Progress { unknown: commands, ..Progress::default() };
                        out.push_bare(token, seq, Some(error.with_progress(unknown)));
                    }
                }
            }
            (None, _) => out.push_bare(token, seq, None),
        }
    }

    /// Ends an entry whose connection was lost.
    pub(super) fn fail(entry: &Entry, replies: Option<Reply>, error: Error, out: &mut Completions) {
        if entry.abandoned {
            return;
        }
        match replies {
            Some(replies) if entry.form == Form::Pipeline => {
                out.push_gathered(entry.token, entry.seq, replies, true, Some(error));
            }
            _ => out.push_bare(entry.token, entry.seq, Some(error)),
        }
    }
}
