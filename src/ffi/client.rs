//! Clients and single commands.

use std::ffi::{c_char, c_void};
use std::ptr::null_mut;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::resp::Node;

use super::boundary::{boundary, contain, contain_or};
use super::error::oxp_error;
use super::handle::{self, Alive, Handle};
use super::options::{from_url, oxp_options};
use super::pointer;
use super::reply::{as_c, oxp_node, oxp_reply};
use super::slice::{arguments, oxp_slice, unpack};
use super::status::oxp_status;

/// A client of one server. It connects when it is first used, or when told to, and connects again
/// after a failure.
///
/// Calls block until the reply is there or the deadline passes. Several threads may call at once on
/// one connection; each gets its own reply. A command that waits on the server, such as BLPOP, gets
/// a connection of its own meanwhile, so that it holds up no other. A child made by fork() may go
/// on using the client: it gets a connection of its own.
///
/// Lifetime: until freed; handles made by oxp_client_clone, and pipelines, keep what they need of
/// it, so the order of freeing does not matter. Threads: any, concurrently; but freeing a handle
/// that another thread is using is undefined: close first, which ends the other calls, or give each
/// thread a clone.
pub struct oxp_client {
    alive: Alive,
    client: Client,
}

/// Receives a part of a streamed answer: some whole nodes in preorder, continuing where the part
/// before ended. A part may end inside an aggregate.
///
/// user_data   what was passed with the callback.
/// nodes       borrowed until the callback returns; value says nothing in aggregates.
/// count       number of nodes, at least 1.
/// bytes       borrowed until the callback returns; what the offsets in these nodes refer to.
///
/// Returns 0 to go on; anything else stops the call, which then returns OXP_ERR_CANCELLED.
///
/// Called on the calling thread, inside the call. It must not use the same client or pipeline (see
/// docs/abi.md, Callbacks), nor leave by longjmp or a C++ exception.
pub type oxp_part_fn = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        nodes: *const oxp_node,
        count: usize,
        bytes: *const u8,
    ) -> i32,
>;

/// Connects to the server that a URL names: oxp_options_from_url, oxp_client_open and
/// oxp_client_connect in one.
///
/// url, url_len   the URL; NULL with 0 stands for localhost:6379.
/// out            own: the client, for oxp_client_free; NULL if the call fails.
/// err            may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG for a bad URL; OXP_ERR_RESOLVE, OXP_ERR_CONNECT, OXP_ERR_AUTH,
/// OXP_ERR_HANDSHAKE, OXP_ERR_IO, OXP_ERR_DISCONNECTED, OXP_ERR_NO_MEMORY, OXP_ERR_PROTOCOL,
/// OXP_ERR_LIMIT, OXP_ERR_TIMEOUT or OXP_ERR_INTERRUPTED if no connection was made. A system without
/// descriptors or threads left is OXP_ERR_CONNECT or OXP_ERR_RESOLVE, with its errno. Threads: any,
/// concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_connect(
    url: *const c_char,
    url_len: usize,
    out: *mut *mut oxp_client,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            let client = Client::new(from_url(url, url_len)?);
            client.connect()?;
            *out = handle::give(oxp_client::new(client));
            Ok(())
        })
    }
}

/// Makes a client without connecting; that happens when it is first used.
///
/// options   borrowed for the call; the client keeps a copy.
/// out       own: the client, for oxp_client_free; NULL if the call fails.
/// err       may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG for a NULL; OXP_ERR_BUSY while a setter uses the options. Threads: any,
/// concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_open(
    options: *const oxp_options,
    out: *mut *mut oxp_client,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            *out = handle::give(oxp_client::new(Client::new(pointer::borrow(options)?.get()?)));
            Ok(())
        })
    }
}

/// Connects now, unless connected.
///
/// err   may be NULL.
///
/// Returns as oxp_connect, OXP_ERR_CLOSED after oxp_client_close, and OXP_ERR_BUSY from inside a
/// callback of this client. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_connect(client: *mut oxp_client, err: *mut oxp_error) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { boundary(err, || pointer::borrow(client)?.client.connect()) }
}

/// Makes a second handle of the same client: same connection, same state; to be freed on its own.
///
/// out   own: the new handle, for oxp_client_free; NULL if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG for a NULL. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_clone(client: *mut oxp_client, out: *mut *mut oxp_client) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(null_mut(), || {
            let out = pointer::out(out, null_mut())?;
            *out = handle::give(oxp_client::new(pointer::borrow(client)?.client.clone()));
            Ok(())
        })
    }
}

/// Leases a connection of one's own, as a client: for commands that a shared connection refuses
/// because they would change it for everybody (WATCH, MULTI, SELECT, CLIENT TRACKING, ...), or because
/// they have more or fewer replies than one (SUBSCRIBE and its kin, MONITOR, CLIENT REPLY). Messages
/// come with oxp_client_next_events.
///
/// The connection is made before this returns. If it is lost later, it is not made again, because
/// what was set on it would be lost silently: calls return OXP_ERR_DISCONNECTED. Freed, it is kept
/// for the next lease if nothing was changed on it, else closed; the next lease, for which nothing is
/// made, may get no OXP_EVENT_UP. Closing the client it came from closes it as well; closing it closes
/// nothing else.
///
/// client   borrowed for the call.
/// out      own: the lease, for oxp_client_free; NULL if the call fails.
/// err      may be NULL.
///
/// Returns as oxp_connect; OXP_ERR_CLOSED after oxp_client_close; OXP_ERR_QUEUE_FULL if 1,024
/// connections are lent, to leases and to commands that wait on the server, such as BLPOP. Threads:
/// any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_lease(
    client: *mut oxp_client,
    out: *mut *mut oxp_client,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            *out = handle::give(oxp_client::new(pointer::borrow(client)?.client.lease()?));
            Ok(())
        })
    }
}

/// The descriptor of the socket, for an event loop that wants to know when a lease may have events:
/// call oxp_client_next_events with a timeout of 0 until it says OXP_AGAIN, then wait for the
/// descriptor to be readable. It is not to be read, written or closed. The connection of a lease does
/// not change; that of another client may at any time.
///
/// Returns it; -1 without a connection, and for NULL. Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_fd(client: *const oxp_client) -> i32 {
    contain_or(-1, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe { pointer::borrow(client) }.ok().and_then(|client| client.client.descriptor()).unwrap_or(-1)
    })
}

/// Closes the connection for good, for all handles of this client: calls that wait in other threads
/// end, and these and all later ones return OXP_ERR_CLOSED. Closing again does nothing. The handle
/// must still be freed. client may be NULL.
///
/// Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_close(client: *mut oxp_client) {
    contain(|| {
        // SAFETY: pointers come from C under the contract of this module.
        if let Ok(client) = unsafe { pointer::borrow(client) } {
            client.client.close();
        }
    });
}

/// Whether oxp_client_close was called; true for NULL. Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_is_closed(client: *const oxp_client) -> bool {
    contain_or(true, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe { pointer::borrow(client) }.map_or(true, |client| client.client.is_closed())
    })
}

/// Frees a handle; the last one of a client closes the connection. client may be NULL.
///
/// Threads: any, but no other call may be using this handle. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_free(client: *mut oxp_client) {
    if !client.is_null() {
        // SAFETY: pointers come from C under the contract of this module.
        contain(|| drop(unsafe { handle::take_back(client) }));
    }
}

/// Sends one command and waits for its reply.
///
/// args, argc   the command's name and arguments, any bytes; borrowed for the call.
/// out          own: the reply, for oxp_reply_free; NULL if the call fails.
/// err          may be NULL.
///
/// Returns OXP_OK also if the server answers with an error: that is a reply of type OXP_TYPE_ERROR.
/// Otherwise OXP_ERR_ARG, OXP_ERR_BUSY, OXP_ERR_CLOSED and OXP_ERR_REFUSED before anything is sent, and
/// OXP_ERR_QUEUE_FULL for a command that needs a connection of its own, such as BLPOP, if 1,024 are
/// lent; any status of oxp_connect if a connection had to be made; OXP_ERR_IO, OXP_ERR_DISCONNECTED,
/// OXP_ERR_NO_MEMORY, OXP_ERR_PROTOCOL, OXP_ERR_LIMIT, OXP_ERR_TIMEOUT or OXP_ERR_INTERRUPTED, and
/// then oxp_error_outcome says what became of the command. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_command(
    client: *mut oxp_client,
    args: *const oxp_slice,
    argc: usize,
    out: *mut *mut oxp_reply,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            let reply = pointer::borrow(client)?.client.command(arguments(args, argc)?)?;
            *out = handle::give(oxp_reply::new(reply));
            Ok(())
        })
    }
}

/// Sends one command whose arguments lie one after the other, and waits for its reply; for language
/// bindings.
///
/// bytes, len   all arguments without anything in between; borrowed for the call.
/// lens, argc   the length of each; their sum is len.
/// out          own: the reply, for oxp_reply_free; NULL if the call fails.
/// err          may be NULL.
///
/// Returns as oxp_client_command. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_command_packed(
    client: *mut oxp_client,
    bytes: *const u8,
    len: usize,
    lens: *const u32,
    argc: usize,
    out: *mut *mut oxp_reply,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            let args = unpack(pointer::slice(bytes, len)?, pointer::slice(lens, argc)?)?;
            let reply = pointer::borrow(client)?.client.command(&args)?;
            *out = handle::give(oxp_reply::new(reply));
            Ok(())
        })
    }
}

/// Sends one command and hands over its reply in parts, as they arrive: for replies too large to
/// hold as a whole. Confirmations of a subscription come one after the other, without an
/// OXP_TYPE_ARRAY around them.
///
/// args, argc   the command's name and arguments; borrowed for the call.
/// part         called for each part, in order.
/// user_data    passed to it; may be NULL.
/// err          may be NULL.
///
/// Returns as oxp_client_command, and OXP_ERR_CANCELLED if part said stop. Threads: any,
/// concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_command_stream(
    client: *mut oxp_client,
    args: *const oxp_slice,
    argc: usize,
    part: oxp_part_fn,
    user_data: *mut c_void,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let args = arguments(args, argc)?;
            let mut sink = sink(part, user_data)?;
            pointer::borrow(client)?.client.command_stream(args, &mut sink)
        })
    }
}

/// The same for a command whose arguments lie one after the other; for language bindings.
///
/// bytes, len   all arguments without anything in between; borrowed for the call.
/// lens, argc   the length of each; their sum is len.
/// part         called for each part, in order.
/// user_data    passed to it; may be NULL.
/// err          may be NULL.
///
/// Returns as oxp_client_command_stream. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_command_stream_packed(
    client: *mut oxp_client,
    bytes: *const u8,
    len: usize,
    lens: *const u32,
    argc: usize,
    part: oxp_part_fn,
    user_data: *mut c_void,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let args = unpack(pointer::slice(bytes, len)?, pointer::slice(lens, argc)?)?;
            let mut sink = sink(part, user_data)?;
            pointer::borrow(client)?.client.command_stream(&args, &mut sink)
        })
    }
}

impl oxp_client {
    pub(super) fn new(client: Client) -> Self {
        Self { alive: Alive::new(), client }
    }

    pub(super) fn get(&self) -> &Client {
        &self.client
    }
}

impl Handle for oxp_client {
    fn alive(&self) -> &Alive {
        &self.alive
    }
}

/// The C callback as the Rust one: true means go on.
pub(super) fn sink(part: oxp_part_fn, user_data: *mut c_void) -> Result<impl FnMut(&[Node], &[u8]) -> bool> {
    let part = part.ok_or_else(|| Error::argument("the callback is NULL"))?;
    Ok(move |nodes: &[Node], bytes: &[u8]| {
        let nodes = as_c(nodes);
        // SAFETY: the contract of `oxp_part_fn`; the pointers are valid until it returns.
        unsafe { part(user_data, nodes.as_ptr(), nodes.len(), bytes.as_ptr()) == 0 }
    })
}
