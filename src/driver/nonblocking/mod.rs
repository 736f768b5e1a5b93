//! Connections that nobody waits for: what turns under event loops and pools.
//!
//! * [`Nodes`] holds the connections and is turned by its owner, who also waits for the sockets (mio).
//! * [`Questions`] are what the server is asked before a [`Submission`] can take its [`Route`] over them.
//! * [`Endpoint`] is one connection with its socket.
//! * [`Completions`] are the results, many at a time and without an allocation for each; [`Delivery`] puts them there.
//!
//! Nothing here waits: time is a parameter, readiness comes in as events, and everything that can be done is done in
//! [`Nodes::turn`].

mod completions;
mod delivery;
mod endpoint;
mod nodes;
mod questions;
mod submission;

pub use completions::{Completion, Completions};
use delivery::{Delivery, Gathering};
use endpoint::{Endpoint, Surroundings};
pub(crate) use nodes::{Nodes, WAKE};
use questions::Questions;
pub(crate) use submission::{Route, Submission};
