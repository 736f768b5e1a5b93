//! The only code that touches sockets: names to addresses, connecting, reading, writing and waiting.
//!
//! Knows nothing of RESP. A connection is a [`Channel`]; how its bytes travel is nobody else's business.

mod bytes;
mod channel;
mod dialer;
pub(crate) mod fork;
mod inbox;
mod patience;
#[cfg(test)]
pub(crate) mod records_tests;
mod resolve;
pub(crate) mod signals;
mod socket;
mod wait;
mod zeroed;

pub(crate) use crate::deadline::Deadline;
pub(crate) use channel::{Channel, Fill, Receiver, Written};
pub(crate) use dialer::Dialer;
pub(crate) use patience::{Patience, closed};
pub(crate) use socket::Socket;
pub(crate) use wait::{Interest, Wake, several_processors, wait};
