//! Connections that nobody waits for: the engine under event loops and pools.
//!
//! * [`Engine`] holds the connections and is turned by its owner, who also waits for the sockets (mio).
//! * [`Lane`] is one connection as submissions see it: always there, connecting and reconnecting by itself.
//! * [`Stream`] is one connection while it lasts.
//! * [`Outbox`] and [`Entry`] are what was submitted and has no reply yet, from the first byte to the last.
//! * [`Completions`] are the results, many at a time and without an allocation for each.
//!
//! Nothing here waits: time is a parameter, readiness comes in as events, and everything that can be done is done in
//! [`Engine::turn`].

mod boundary;
mod completions;
mod core;
mod entry;
mod inflow;
mod lane;
mod outbox;
mod stream;

pub(crate) use self::core::{Engine, Route, WAKE, closed};
pub use completions::{Completion, Completions};
pub(crate) use entry::{Entry, Form, deadline_of};
use inflow::Inflow;
use lane::{Lane, Surroundings};
use outbox::Outbox;
use stream::Stream;
