//! Callers that wait: their own threads write and read, there is none in the background.
//!
//! * [`Link`] is one connection shared by any number of threads.
//! * `caller` is one thread at work on it: it queues its commands and drives them to their end.
//! * `leader` is what one of them does for all; `followers` are the others; `relay` is the lock that they take turns with.
//! * `calls` is what they are waiting for, `sink` where it goes.
//! * `spin` says for how long a wait is one awake, `crowd` whether others have the processor meanwhile.
//! * [`Lender`] has connections for one caller at a time.

mod caller;
mod calls;
mod crowd;
mod followers;
mod lender;
mod link;
mod parker;
mod reader;
mod relay;
mod sink;
mod spin;
mod state;
mod terms;
mod thread_mark;

pub(crate) use caller::cancelled;
pub(crate) use lender::{Lender, Lent};
pub(crate) use link::{Link, Ticket, Work};
pub(crate) use sink::{Collected, Sink, Streamed};
