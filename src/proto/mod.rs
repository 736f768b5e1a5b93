//! One connection as a state machine without I/O: bytes and requests go in, bytes and replies come out.
//!
//! * [`Handshake`] decides what a new connection says first and judges the answers.
//! * [`Session`] is the connection after that: it numbers the commands, keeps what has not left yet ([`Outbound`]), matches
//!   replies with the commands in flight, and tells the fate of each when the connection dies.
//! * [`Requests`] holds what callers are waiting for; it outlives sessions, because a failure has to be told too.
//!
//! No sockets and no clock here; `driver` owns both.

mod handshake;
mod outbound;
mod requests;
mod session;
pub(crate) mod transaction;

pub(crate) use handshake::{Handshake, Step};
pub(crate) use requests::{Request, RequestId, Requests};
pub(crate) use session::{Received, Session};
