//! oxipipe: a Redis/Valkey client that pumps data at the server's own speed and says exactly what happened when it cannot.
//!
//! ```no_run
//! use oxipipe::Client;
//!
//! let client = Client::open("redis://localhost:6379")?;
//! client.command(&["SET", "greeting", "hello"])?;
//! let mut pipeline = client.pipeline();
//! for n in 0..10_000 {
//!     pipeline.command(&["HSET", "words", &format!("word|{n}"), "1"])?;
//! }
//! let replies = pipeline.execute()?;
//! assert_eq!(replies.root().len(), 10_000);
//! # Ok::<(), oxipipe::Error>(())
//! ```
//!
//! # Layout
//!
//! One command travels from left to right through these modules and its reply comes back the same way; each module imports
//! only from those before it.
//!
//! * [`resp`]: bytes to commands and replies. No sockets, no clock.
//! * `proto`: one connection as a state machine without I/O: everything that it decides is decided there, for all drivers.
//! * `transport`: the only code that touches sockets: names, connecting, channels, waiting.
//! * `driver`: turns the crank: joins `proto` and `transport`. `blocking` for callers that wait, `nonblocking` for event loops
//!   and pools, `dedicated` for connections that one caller has to itself.
//! * [`Client`], [`Pipeline`], [`Async`], [`Pool`]: the Rust API.
//! * `ffi`: the C ABI, one file per C type. Nothing imports it.
//!
//! Beside them stand the words they all share: [`Error`], [`Options`] (with its URL syntax), `deadline` and `command`, the
//! table of what is known about each server command. `sync` has the locks that threads share, exchangeable for those of a
//! model checker.

mod aio;
mod client;
mod command;
mod deadline;
mod driver;
mod error;
#[cfg(feature = "capi")]
pub mod ffi;
mod options;
mod pipeline;
mod pool;
mod proto;
pub mod resp;
mod sync;
mod transport;
mod url;

/// What fuzz targets need from inside.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    /// A connection against its naive model: see `src/proto/connection/fuzz.rs`.
    pub fn connection(script: &[u8]) {
        crate::proto::fuzz::run(script, std::time::Instant::now());
    }
}

pub use aio::Async;
pub use client::Client;
pub use driver::nonblocking::{Completion, Completions};
pub use error::{Error, ErrorKind, Outcome, Progress, Result};
pub use options::{EventLimits, Interrupt, Options, Overflow, QueueLimits, Retry, Secret};
pub use pipeline::Pipeline;
pub use pool::{Lost, Pool, Pulled};
pub use proto::{Event, EventKind, Server};
pub use resp::{Kind, Limits, Node, Reply, Value};
