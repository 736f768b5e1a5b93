//! What a server said of itself, and what it says without being asked.

use std::ptr::{null, null_mut};
use std::sync::Arc;

use crate::error::Result;
use crate::proto::Server;

use super::aio::{self, oxp_async};
use super::boundary::{boundary_with_state, contain, contain_or};
use super::client::oxp_client;
use super::error::oxp_error;
use super::handle::{self, Alive, Handle};
use super::pointer::{self, of_wait, put};
use super::pool::oxp_pool;
use super::status::{OXP_AGAIN, OXP_OK, oxp_status};

/// What a server said of itself when a connection was made: a snapshot that never changes. All but
/// the protocol is unknown where the connection was not greeted with HELLO, as with
/// oxp_options_set_protocol 2 or behind some proxies.
///
/// Lifetime: independent of the client. Threads: any, concurrently.
pub struct oxp_server {
    alive: Alive,
    server: Arc<Server>,
}

/// Who the client's connection was greeted by last; it may be lost since.
///
/// client   borrowed for the call.
/// out      own: what the server said, for oxp_server_free; NULL if there is nothing.
/// err      may be NULL.
///
/// Returns OXP_OK; OXP_AGAIN if there was no connection yet; OXP_ERR_ARG. Threads: any,
/// concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_server(
    client: *const oxp_client,
    out: *mut *mut oxp_server,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { server(out, err, || Ok(pointer::borrow(client)?.get().server())) }
}

/// Who the event-loop client's connection was greeted by last; it may be lost since.
///
/// client   borrowed for the call.
/// out      own: what the server said, for oxp_server_free; NULL if there is nothing.
/// err      may be NULL.
///
/// Returns OXP_OK; OXP_AGAIN if there was no connection yet; OXP_ERR_ARG; OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_server(
    client: *const oxp_async,
    out: *mut *mut oxp_server,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { server(out, err, || Ok(aio::enter(client)?.server())) }
}

/// Who the first of the pool's connections that was made was greeted by last; it may be lost since.
///
/// pool   borrowed for the call.
/// out    own: what the server said, for oxp_server_free; NULL if there is nothing.
/// err    may be NULL.
///
/// Returns OXP_OK; OXP_AGAIN if there was no connection yet; OXP_ERR_ARG. Threads: any,
/// concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_server(
    pool: *const oxp_pool,
    out: *mut *mut oxp_server,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { server(out, err, || Ok(pointer::borrow(pool)?.get().server())) }
}

/// The version of RESP that the connection speaks: 2 or 3; 0 for NULL. Threads: any, concurrently.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_server_protocol(server: *const oxp_server) -> u32 {
    contain_or(0, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe { pointer::borrow(server) }.map_or(0, |server| server.server.protocol.into())
    })
}

/// What the server calls itself, such as redis or valkey, in UTF-8. Not NUL-terminated; NULL and 0
/// if unknown.
///
/// text, len   receive the borrowed text, valid until oxp_server_free; either may be NULL.
///
/// Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_server_name(server: *const oxp_server, text: *mut *const u8, len: *mut usize) {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { put_text(server, |server| &server.name, text, len) }
}

/// The server's version, such as 7.0.15, in UTF-8. Not NUL-terminated; NULL and 0 if unknown.
///
/// text, len   receive the borrowed text, valid until oxp_server_free; either may be NULL.
///
/// Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_server_version(
    server: *const oxp_server,
    text: *mut *const u8,
    len: *mut usize,
) {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { put_text(server, |server| &server.version, text, len) }
}

/// The server's role when the connection was made, such as master or replica, in UTF-8. Not
/// NUL-terminated; NULL and 0 if unknown.
///
/// text, len   receive the borrowed text, valid until oxp_server_free; either may be NULL.
///
/// Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_server_role(server: *const oxp_server, text: *mut *const u8, len: *mut usize) {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { put_text(server, |server| &server.role, text, len) }
}

/// How the server runs: standalone, cluster or sentinel, in UTF-8. Not NUL-terminated; NULL and 0 if
/// unknown.
///
/// text, len   receive the borrowed text, valid until oxp_server_free; either may be NULL.
///
/// Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_server_mode(server: *const oxp_server, text: *mut *const u8, len: *mut usize) {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { put_text(server, |server| &server.mode, text, len) }
}

/// The number by which the server knows the connection, as CLIENT ID gives it; 0 if unknown, and for
/// NULL. Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_server_connection_id(server: *const oxp_server) -> u64 {
    contain_or(0, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe { pointer::borrow(server) }.map_or(0, |server| server.server.connection_id.unwrap_or(0))
    })
}

/// Frees what a server said and everything borrowed from it. server may be NULL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_server_free(server: *mut oxp_server) {
    if !server.is_null() {
        // SAFETY: pointers come from C under the contract of this module.
        contain(|| drop(unsafe { handle::take_back(server) }));
    }
}

impl Handle for oxp_server {
    fn alive(&self) -> &Alive {
        &self.alive
    }
}

unsafe fn server(
    out: *mut *mut oxp_server,
    err: *mut oxp_error,
    find: impl FnOnce() -> Result<Option<Arc<Server>>>,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary_with_state(err, || {
            let out = of_wait(pointer::out(out, null_mut()))?;
            let Some(server) = of_wait(find())? else { return Ok(OXP_AGAIN) };
            *out = handle::give(oxp_server { alive: Alive::new(), server });
            Ok(OXP_OK)
        })
    }
}

unsafe fn put_text(
    server: *const oxp_server,
    which: impl FnOnce(&Server) -> &Option<String>,
    text: *mut *const u8,
    len: *mut usize,
) {
    // SAFETY: pointers come from C under the contract of this module.
    contain(|| unsafe {
        let found = pointer::borrow(server).ok().and_then(|server| which(&server.server).as_deref());
        put(text, found.map_or(null(), str::as_ptr));
        put(len, found.map_or(0, str::len));
    });
}
