//! One connection as a state machine without I/O: bytes, time and requests go in, bytes, replies and deadlines come out.
//!
//! * [`Connection`] is all of it: always there, connecting and reconnecting by itself. Everything that a connection decides is
//!   decided in here, once for all drivers.
//! * [`Request`] is what somebody asked for; `queue` holds them with their bytes, in order.
//! * `fate` says what became of a request's commands, `retry` which failures are worth another try, `backoff` when.
//! * `greeting` decides what a new connection says first and judges the answers; [`Server`] is what it learned.
//! * `conversation` is for connections on which not every command has one reply; [`Event`] is what comes besides replies.
//! * `incoming` finds where replies and pushes end; `stall` notices that a connection has stopped answering.
//! * [`Owner`] is who gets the replies.
//!
//! No sockets, no clock and no random numbers here: `driver` has them.

mod backoff;
mod connection;
mod conversation;
mod event;
mod fate;
mod greeting;
mod incoming;
mod owner;
mod queue;
mod request;
mod retry;
mod server;
mod stall;
pub(crate) mod transaction;

#[cfg(fuzzing)]
pub(crate) use connection::fuzz;
pub(crate) use connection::{Connection, Received, Wants, lease_lost};
pub use event::{Event, EventKind};
pub(crate) use owner::Owner;
pub(crate) use request::{Form, Request};
#[cfg(test)]
pub(crate) use retry::Verdict;
pub(crate) use retry::{ReplyRule, on_reply_error};
pub use server::Server;
