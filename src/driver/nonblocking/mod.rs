//! Connections that nobody waits for: what turns under event loops and pools.
//!
//! * [`Nodes`] holds the connections and is turned by its owner, who also waits for the sockets (mio).
//! * [`Questions`] are what the server is asked before a [`Submission`] can take its [`Route`] over them.
//!   [`Parked`] is what waits for the answer.
//! * [`Endpoint`] is one connection with its socket.
//! * [`Batch`] has results, many at a time and without an allocation for each; [`Delivery`] puts them there. [`Completions`] are
//!   batches on their way to whoever pulls them.
//!
//! Nothing here waits: time is a parameter, readiness comes in as events, and everything that can be done is done in
//! [`Nodes::turn`].

mod batch;
mod completions;
mod delivery;
mod endpoint;
mod nodes;
mod parked;
mod questions;
mod submission;

pub(crate) use batch::Batch;
pub use batch::Completion;
pub use completions::Completions;
use delivery::{Delivery, Gathering};
use endpoint::{Endpoint, Surroundings};
pub(crate) use nodes::{Nodes, WAKE};
use parked::Parked;
use questions::Questions;
pub(crate) use submission::{Route, Submission};
