//! The C ABI: what `include/oxipipe/oxipipe.h` is generated from, one file per C type, in the
//! header's order.
//!
//! The comments on exported items are the header's text and speak to C readers; `docs/abi.md` is
//! the contract as a whole. Every function here is `unsafe` for one and the same reason: its
//! pointers come from C. What the caller owes is the contract's short list (valid pointers, no use
//! after free, exclusive handles used by one thread at a time); what this module owes is that NULL,
//! wrong lengths, wrong numbers and panics inside end as a status.
//!
//! Behind the exported files stand five small ones: `boundary` (panics and errors to statuses),
//! `pointer` (C pointers to Rust references), `handle` (ownership, use after free), `exclusive`
//! (one thread at a time), `slice` (argument lists).

// The Rust name of an exported type is its C name: no renaming table, and a search finds both
// sides.
#![allow(non_camel_case_types)]
// One safety contract for all exported functions, above; repeating it would only lengthen the C
// header.
#![allow(clippy::missing_safety_doc)]

// The order of the header. Blank lines keep rustfmt from sorting.
mod version;

mod status;

mod slice;

mod error;

mod options;

mod reply;

mod command;

mod client;

mod pipeline;

mod completions;

mod aio;

mod pool;

mod server;

mod events;

// Behind them.
mod boundary;
mod exclusive;
mod handle;
mod pointer;

pub use aio::*;
pub use client::*;
pub use command::*;
pub use completions::*;
pub use error::*;
pub use events::*;
pub use options::*;
pub use pipeline::*;
pub use pool::*;
pub use reply::*;
pub use server::*;
pub use slice::{oxp_slice, oxp_str};
pub use status::*;
pub use version::*;

// The thread classes that the header promises, checked: shared handles may be used by several
// threads at once, and an exclusive one that is in use answers other threads instead of racing with
// them.
const _: () = {
    const fn usable_from_all_threads<T: Send + Sync>() {}
    usable_from_all_threads::<oxp_client>();
    usable_from_all_threads::<oxp_reply>();
    usable_from_all_threads::<oxp_options>();
    usable_from_all_threads::<oxp_pipeline>();
    usable_from_all_threads::<oxp_completions>();
    usable_from_all_threads::<oxp_async>();
    usable_from_all_threads::<oxp_pool>();
    usable_from_all_threads::<oxp_server>();
    usable_from_all_threads::<oxp_events>();
};
