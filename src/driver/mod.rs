//! Turns the crank: joins `proto` and `transport` for callers that block.
//!
//! * [`Link`] is one client's connection as callers see it: always there, reconnecting by itself, shared by any number of
//!   threads.
//! * [`Wire`] is one connection while it lasts.

mod backoff;
mod call;
pub(crate) mod engine;
mod lender;
mod line;
mod link;
mod overdue;
mod parker;
mod payload;
mod relay;
mod spin;
mod thread_mark;
mod turn;
mod visit;
mod wire;

pub(crate) use lender::{Lender, Lent};
pub(crate) use link::{Link, Ticket};
pub(crate) use payload::Payload;
pub(crate) use visit::cancelled;
