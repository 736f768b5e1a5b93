//! The owner of the connection.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Instant;

use super::super::{Error, Node, Owner, Request, Result};
use crate::resp::{OutOfMemory, ReplyBuilder};

/// The owner: requests are told apart by their `seq`, which is their index in the model.
pub(super) struct Books {
    pub(super) replies: BTreeMap<u64, ReplyBuilder>,
    pub(super) ended: Vec<(u64, Option<Error>)>,
    pub(super) marks: Vec<(u64, usize)>,
    pub(super) takes_runs: bool,
    pub(super) direct: Option<u64>,
    /// The request that was last said to be used in place.
    pub(super) in_place: Cell<Option<u64>>,
    pub(super) was_up: bool,
    pub(super) now: Instant,
}

impl Books {
    pub(super) fn append(&mut self, seq: u64, nodes: &[Node], window: &[u8]) {
        self.replies.entry(seq).or_insert_with(ReplyBuilder::with_root_array).append(nodes, window);
    }
}

impl Owner for Books {
    const TAKES_RUNS: bool = true;

    fn now(&self) -> Instant {
        self.now
    }

    fn chance(&self) -> f64 {
        0.5
    }

    fn was_up(&self) -> bool {
        self.was_up
    }

    fn came_up(&mut self) {
        self.was_up = true;
    }

    fn joins_run(&mut self, request: &Request, nodes: usize, is_error: bool) -> bool {
        let joins = self.takes_runs && (request.keeps_reply || is_error);
        if joins {
            self.marks.push((request.seq, nodes));
        }
        joins
    }

    fn run(&mut self, mut nodes: &[Node], window: &[u8]) -> Result<(), OutOfMemory> {
        for (seq, count) in std::mem::take(&mut self.marks) {
            self.append(seq, &nodes[..count], window);
            self.ended.push((seq, None));
            nodes = &nodes[count..];
        }
        assert!(nodes.is_empty(), "a run is what joined it");
        Ok(())
    }

    fn is_direct(&self, request: &Request) -> bool {
        let is_direct = self.direct == Some(request.token);
        if is_direct {
            self.in_place.set(Some(request.seq));
        }
        is_direct
    }

    fn can_take_back(&self, _: &Request) -> bool {
        false
    }

    fn part(&mut self, request: &Request, nodes: &[Node], window: &[u8]) -> Result<(), OutOfMemory> {
        assert!(!request.abandoned, "{} hears of what it has given up", request.seq);
        self.append(request.seq, nodes, window);
        Ok(())
    }

    fn complete(&mut self, request: &Request) {
        assert!(!request.abandoned);
        self.ended.push((request.seq, None));
    }

    fn forget(&mut self, request: &Request) {
        self.replies.remove(&request.seq);
    }

    fn failed(&mut self, request: &Request, error: Error) {
        self.ended.push((request.seq, Some(error)));
    }
}
