//! The numbers that every language shares, and their names.

use std::ffi::c_char;

use crate::error::{ErrorKind, Outcome};
use crate::options::Retry;

/// What a call came to: OXP_OK, a positive number for another state that is no failure (only where
/// a function says so), or a negative OXP_ERR_* number.
///
/// The numbers come in blocks: -1 use of the library, -100 operating system, -200 protocol, -300
/// server's refusal, -500 time and cancellation, -900 bugs. Later versions may add numbers; treat
/// an unknown negative one as a failure.
pub type oxp_status = i32;

/// The call did what it says.
pub const OXP_OK: i32 = 0;
/// There is nothing yet: time ran out, or nobody waited.
pub const OXP_AGAIN: i32 = 1;
/// There is nothing, and nothing will come.
pub const OXP_DONE: i32 = 2;
/// The queue is full; nothing was queued.
pub const OXP_FULL: i32 = 3;
/// The command was added, and sending what has been gathered is due: see oxp_pipeline_set_manual.
pub const OXP_DUE: i32 = 4;
/// An argument is wrong: NULL, a number out of range, a length that does not fit. Nothing was sent.
pub const OXP_ERR_ARG: i32 = -1;
/// The handle is in use by another thread, or the call came from inside a callback of the same
/// client. Nothing was sent.
pub const OXP_ERR_BUSY: i32 = -2;
/// The client was closed.
pub const OXP_ERR_CLOSED: i32 = -3;
/// An earlier OXP_ERR_PANIC left this handle in an unknown state; all it is good for is being
/// freed.
pub const OXP_ERR_POISONED: i32 = -4;
/// The command would change the state of a connection that others share (such as SUBSCRIBE or
/// MULTI). Nothing was sent.
pub const OXP_ERR_REFUSED: i32 = -5;
/// The caller's buffer is too small.
pub const OXP_ERR_SHORT: i32 = -6;
/// The handle belongs to the parent process, from which this one was forked, and cannot go on here.
pub const OXP_ERR_FORKED: i32 = -7;
/// The operating system reported an error on an established connection.
pub const OXP_ERR_IO: i32 = -100;
/// No connection could be made.
pub const OXP_ERR_CONNECT: i32 = -101;
/// The host name could not be resolved.
pub const OXP_ERR_RESOLVE: i32 = -102;
/// The server closed the connection.
pub const OXP_ERR_DISCONNECTED: i32 = -103;
/// The system has no memory for what the server sent. The connection is given up.
pub const OXP_ERR_NO_MEMORY: i32 = -104;
/// The peer sent something that is not RESP, or a reply that nothing asked for.
pub const OXP_ERR_PROTOCOL: i32 = -200;
/// A reply exceeds one of the limits set in the options.
pub const OXP_ERR_LIMIT: i32 = -201;
/// The server did not accept the user or password, or wants some.
pub const OXP_ERR_AUTH: i32 = -300;
/// The server refused the connection otherwise: too many clients, protected mode, unknown database.
pub const OXP_ERR_HANDSHAKE: i32 = -301;
/// The server answered a command of a pool with an error: reported by oxp_pool_flush.
pub const OXP_ERR_REPLY: i32 = -302;
/// The call's deadline passed.
pub const OXP_ERR_TIMEOUT: i32 = -500;
/// The caller's oxp_part_fn said stop.
pub const OXP_ERR_CANCELLED: i32 = -501;
/// The caller's oxp_interrupt_fn said stop.
pub const OXP_ERR_INTERRUPTED: i32 = -502;
/// A bound was reached: that on commands that wait, or that on connections of one's own, which is 1,024
/// for each client or pool. Nothing was queued or sent.
pub const OXP_ERR_QUEUE_FULL: i32 = -503;
/// A bug in this library, contained: it panicked. The handle that the call worked on is poisoned.
pub const OXP_ERR_PANIC: i32 = -900;

/// No command was involved, or every command has its reply.
pub const OXP_OUTCOME_NONE: i32 = 0;
/// Proved not applied: the server cannot have seen the whole command. Safe to send again.
pub const OXP_OUTCOME_NOT_APPLIED: i32 = 1;
/// The command left and its reply did not arrive: it may or may not have been applied.
pub const OXP_OUTCOME_UNKNOWN: i32 = 2;
/// The server said no.
pub const OXP_OUTCOME_REJECTED: i32 = 3;

/// The name of a status, such as "OXP_ERR_TIMEOUT", for logs; static, never NULL, "unknown" for an
/// unknown number.
///
/// Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn oxp_status_name(status: oxp_status) -> *const c_char {
    let name = match status {
        OXP_OK => c"OXP_OK",
        OXP_AGAIN => c"OXP_AGAIN",
        OXP_DONE => c"OXP_DONE",
        OXP_FULL => c"OXP_FULL",
        OXP_DUE => c"OXP_DUE",
        OXP_ERR_ARG => c"OXP_ERR_ARG",
        OXP_ERR_BUSY => c"OXP_ERR_BUSY",
        OXP_ERR_CLOSED => c"OXP_ERR_CLOSED",
        OXP_ERR_POISONED => c"OXP_ERR_POISONED",
        OXP_ERR_REFUSED => c"OXP_ERR_REFUSED",
        OXP_ERR_SHORT => c"OXP_ERR_SHORT",
        OXP_ERR_FORKED => c"OXP_ERR_FORKED",
        OXP_ERR_IO => c"OXP_ERR_IO",
        OXP_ERR_CONNECT => c"OXP_ERR_CONNECT",
        OXP_ERR_RESOLVE => c"OXP_ERR_RESOLVE",
        OXP_ERR_DISCONNECTED => c"OXP_ERR_DISCONNECTED",
        OXP_ERR_NO_MEMORY => c"OXP_ERR_NO_MEMORY",
        OXP_ERR_PROTOCOL => c"OXP_ERR_PROTOCOL",
        OXP_ERR_LIMIT => c"OXP_ERR_LIMIT",
        OXP_ERR_AUTH => c"OXP_ERR_AUTH",
        OXP_ERR_HANDSHAKE => c"OXP_ERR_HANDSHAKE",
        OXP_ERR_REPLY => c"OXP_ERR_REPLY",
        OXP_ERR_TIMEOUT => c"OXP_ERR_TIMEOUT",
        OXP_ERR_CANCELLED => c"OXP_ERR_CANCELLED",
        OXP_ERR_INTERRUPTED => c"OXP_ERR_INTERRUPTED",
        OXP_ERR_QUEUE_FULL => c"OXP_ERR_QUEUE_FULL",
        OXP_ERR_PANIC => c"OXP_ERR_PANIC",
        _ => c"unknown",
    };
    name.as_ptr()
}

/// The name of an outcome: "NONE", "NOT_APPLIED", "UNKNOWN" or "REJECTED"; static, never NULL,
/// "unknown" for an unknown number.
///
/// Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn oxp_outcome_name(outcome: i32) -> *const c_char {
    let name = match outcome {
        OXP_OUTCOME_NONE => c"NONE",
        OXP_OUTCOME_NOT_APPLIED => c"NOT_APPLIED",
        OXP_OUTCOME_UNKNOWN => c"UNKNOWN",
        OXP_OUTCOME_REJECTED => c"REJECTED",
        _ => c"unknown",
    };
    name.as_ptr()
}

// The header can only be generated from literals, so the numbers stand twice; here they are held
// together.
const _: () = {
    assert!(OXP_ERR_ARG == ErrorKind::Argument as i32);
    assert!(OXP_ERR_BUSY == ErrorKind::Busy as i32);
    assert!(OXP_ERR_CLOSED == ErrorKind::Closed as i32);
    assert!(OXP_ERR_POISONED == ErrorKind::Poisoned as i32);
    assert!(OXP_ERR_REFUSED == ErrorKind::Refused as i32);
    assert!(OXP_ERR_SHORT == ErrorKind::Short as i32);
    assert!(OXP_ERR_FORKED == ErrorKind::Forked as i32);
    assert!(OXP_ERR_IO == ErrorKind::Io as i32);
    assert!(OXP_ERR_CONNECT == ErrorKind::Connect as i32);
    assert!(OXP_ERR_RESOLVE == ErrorKind::Resolve as i32);
    assert!(OXP_ERR_DISCONNECTED == ErrorKind::Disconnected as i32);
    assert!(OXP_ERR_NO_MEMORY == ErrorKind::NoMemory as i32);
    assert!(OXP_ERR_PROTOCOL == ErrorKind::Protocol as i32);
    assert!(OXP_ERR_LIMIT == ErrorKind::Limit as i32);
    assert!(OXP_ERR_AUTH == ErrorKind::Auth as i32);
    assert!(OXP_ERR_HANDSHAKE == ErrorKind::Handshake as i32);
    assert!(OXP_ERR_REPLY == ErrorKind::Reply as i32);
    assert!(OXP_ERR_QUEUE_FULL == ErrorKind::QueueFull as i32);
    assert!(OXP_ERR_TIMEOUT == ErrorKind::Timeout as i32);
    assert!(OXP_ERR_CANCELLED == ErrorKind::Cancelled as i32);
    assert!(OXP_ERR_INTERRUPTED == ErrorKind::Interrupted as i32);
    assert!(OXP_ERR_PANIC == ErrorKind::Panic as i32);
    assert!(OXP_OUTCOME_NOT_APPLIED == Outcome::NotApplied as i32);
    assert!(OXP_OUTCOME_UNKNOWN == Outcome::Unknown as i32);
    assert!(OXP_OUTCOME_REJECTED == Outcome::Rejected as i32);
    assert!(super::OXP_RETRY_NONE == Retry::None as u32);
    assert!(super::OXP_RETRY_READS == Retry::Reads as u32);
};
