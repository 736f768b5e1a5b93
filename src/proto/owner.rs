//! For whom a connection works.

use std::time::Instant;

use super::request::Request;
use crate::error::Error;
use crate::resp::{Node, OutOfMemory};

/// Where a connection leaves what it has received, and what it has to ask of the world.
///
/// Replies come in order, each request's parts one after the other and then its end. Nodes are in streamed form; their strings
/// lie in the window that comes with them.
pub(crate) trait Owner {
    /// Whether whole replies are taken in runs, see [`joins_run`](Self::joins_run).
    const TAKES_RUNS: bool;

    /// The time.
    fn now(&self) -> Instant;

    /// A random number from 0 up to 1.
    fn chance(&self) -> f64;

    /// Whether there was a connection to this server before: losing it is worth waiting for its return.
    fn was_up(&self) -> bool;

    /// There is a connection.
    fn came_up(&mut self);

    /// The only reply to a single command is there, whole, and takes the last `nodes` nodes so far. True if the owner notes
    /// that and takes them later, together with their neighbours.
    fn joins_run(&mut self, request: &Request, nodes: usize, is_error: bool) -> bool;

    /// The nodes of all that joined the run.
    ///
    /// # Errors
    /// There is no memory for them: the connection is to be given up.
    fn run(&mut self, nodes: &[Node], window: &[u8]) -> Result<(), OutOfMemory>;

    /// Whether the replies of this request are to be used in place, by whoever called
    /// [`receive`](super::Connection::receive).
    fn is_direct(&self, request: &Request) -> bool;

    /// Replies, or parts of them.
    ///
    /// # Errors
    /// There is no memory for them: the connection is to be given up.
    fn part(&mut self, request: &Request, nodes: &[Node], window: &[u8]) -> Result<(), OutOfMemory>;

    /// Whether parts that were used in place can still be declared void, see [`forget`](Self::forget).
    fn can_take_back(&self, request: &Request) -> bool;

    /// All replies are there.
    fn complete(&mut self, request: &Request);

    /// It will be sent again: what came of its replies is void.
    fn forget(&mut self, request: &Request);

    /// It ends without its remaining replies. The error has the fate of its commands.
    fn failed(&mut self, request: &Request, error: Error);
}
