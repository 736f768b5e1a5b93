//! The only code that touches sockets: names to addresses, connecting, reading, writing and waiting.
//!
//! Knows nothing of RESP. TLS will be a second kind of [`Socket`]; nothing outside this folder will notice.

mod deadline;
mod dial;
mod dialer;
pub(crate) mod fork;
mod inbox;
mod patience;
mod resolve;
pub(crate) mod signals;
mod socket;
mod wait;

pub(crate) use deadline::Deadline;
pub(crate) use dial::dial;
pub(crate) use dialer::Dialer;
pub(crate) use inbox::Inbox;
pub(crate) use patience::{Patience, closed};
pub(crate) use socket::Socket;
pub(crate) use wait::{Interest, Wake, several_processors, wait};
