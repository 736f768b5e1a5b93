//! RESP2 and RESP3: bytes to replies and commands to bytes.
//!
//! This is the wire format and nothing else: no sockets, no clock, no knowledge of what a command
//! means, and no import from the rest of the crate. The connection state machine feeds received
//! bytes to a [`Parser`]; a [`ReplyBuilder`] turns the nodes that come out into an owned
//! [`Reply`]; [`encode_command`] writes what is sent.
//!
//! Two forms of a reply exist. The *streamed* form is what the parser emits: [`Node`]s in preorder
//! whose strings point into the receive window, aggregates without a subtree size, possibly cut in
//! the middle of a reply. The *owned* form is a [`Reply`]: the same nodes with subtree sizes filled
//! in, pointing into an arena of their own. Both are flat, so parsing, walking and dropping take
//! constant stack whatever the nesting.

mod builder;
mod encode;
mod error;
mod header;
mod limits;
mod line;
mod node;
mod number;
mod parser;
mod reply;
mod reply_ends;
mod short;
mod value;
mod writer;

pub use builder::ReplyBuilder;
pub(crate) use builder::try_copy_part;
pub use encode::{encode_command, encode_packed, encode_secret_commands, whole_commands};
pub(crate) use encode::{encoded_commands, leading_commands};
pub use error::{OutOfMemory, ProtocolError, ProtocolErrorKind};
pub use limits::Limits;
pub use node::{Kind, Node};
pub(crate) use parser::Underway;
pub use parser::{Parsed, Parser};
pub use reply::Reply;
pub(crate) use reply_ends::{ReplyEnds, value_at};
pub use value::{Children, Value};
#[cfg(feature = "capi")]
pub(crate) use writer::FRAME;
