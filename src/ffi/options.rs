//! How a client connects and behaves: an opaque object with one setter per option.

use std::ffi::{c_char, c_void};
use std::ptr::null_mut;
use std::sync::{PoisonError, RwLock, TryLockError};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::options::{EventLimits, Interrupt, Options, Overflow, Retry, queue_bytes, unless_zero};

use super::boundary::{boundary, boundary_with_state, contain};
use super::error::oxp_error;
use super::handle::{self, Alive, Handle};
use super::pointer::{self, put};
use super::status::{OXP_DONE, OXP_OK, oxp_status};

/// How a client connects and behaves. Make one with oxp_options_new or oxp_options_from_url, set
/// what should differ from the defaults, pass it to oxp_client_open any number of times, free it.
/// Clients keep a copy.
///
/// Setters copy what they are given. They answer OXP_ERR_ARG for NULL options and for a value that
/// does not fit, which includes what the system would refuse later; the option then stays as it
/// was. Texts are UTF-8 with a length; only a password may hold a NUL. A path may be any other bytes,
/// too.
///
/// Lifetime: independent of the clients made from it. Threads: any, one at a time (concurrent
/// oxp_client_open is fine); a setter that meets another call answers OXP_ERR_BUSY.
pub struct oxp_options {
    alive: Alive,
    // A lock that is only ever tried: it detects misuse, and poisons itself.
    options: RwLock<Options>,
}

/// A pipeline that has gathered this many commands sends them, however few bytes they have. A later
/// version may have another number.
pub const OXP_EAGER_COMMANDS: u32 = 64;
const _: () = assert!(OXP_EAGER_COMMANDS == crate::pipeline::EAGER_COMMANDS);
/// Commands whose outcome is unknown are not sent again.
pub const OXP_RETRY_NONE: u32 = 0;
/// Commands that only read are sent again, within the deadline, when a lost connection left their
/// outcome unknown.
pub const OXP_RETRY_READS: u32 = 1;

/// Asked during a wait whether to go on waiting; nonzero stops the call, which then returns
/// OXP_ERR_INTERRUPTED.
///
/// Called on the waiting thread with no lock held, after each signal (EINTR) and at least ten times
/// a second. It must not call into the same client (see docs/abi.md, Callbacks), nor leave by
/// longjmp or a C++ exception.
/// user_data is what was registered with it.
pub type oxp_interrupt_fn = Option<unsafe extern "C" fn(user_data: *mut c_void) -> i32>;

/// Releases user data that was registered with a callback. Called exactly once, on any thread, when
/// no client, pipeline or options object can call the callback any more.
pub type oxp_drop_fn = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// Makes options with the defaults: localhost:6379, database 0, RESP3, 5 s per call, 3 s for
/// connecting.
///
/// out   own: the options, for oxp_options_free; NULL if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if out is NULL. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_new(out: *mut *mut oxp_options) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(null_mut(), || {
            let out = pointer::out(out, null_mut())?;
            *out = handle::give(oxp_options::new(Options::default()));
            Ok(())
        })
    }
}

/// Makes options from a URL; "valkey" may be written for "redis", and docs/urls.md has the options.
///
/// ```text
/// redis://[user[:password]@][host][:port][/db][?option=value&...]
/// unix://[user[:password]@]/path[?option=value&...]
/// ```
///
/// url, len   the URL, UTF-8; NULL with 0 stands for the defaults.
/// out        own: the options, for oxp_options_free; NULL if the call fails.
/// err        may be NULL; says which part of the URL is wrong, without repeating it.
///
/// Returns OXP_OK, or OXP_ERR_ARG for anything that is not such a URL. Threads: any, concurrently.
/// Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_from_url(
    url: *const c_char,
    len: usize,
    out: *mut *mut oxp_options,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            *out = handle::give(oxp_options::new(from_url(url, len)?));
            Ok(())
        })
    }
}

/// Frees options. options may be NULL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_free(options: *mut oxp_options) {
    if !options.is_null() {
        // SAFETY: pointers come from C under the contract of this module.
        contain(|| drop(unsafe { handle::take_back(options) }));
    }
}

/// Sets the host name or IP address. Empty: localhost.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_host(
    options: *mut oxp_options,
    host: *const c_char,
    len: usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { set_text(options, "host", host, len) }
}

/// Sets the TCP port. Default 6379.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_port(options: *mut oxp_options, port: u16) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.port = port;
            Ok(())
        })
    }
}

/// Sets the path of a Unix socket, which takes the place of host and port: at most 107 bytes, any
/// but NUL. Empty: TCP again.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_unix_path(
    options: *mut oxp_options,
    path: *const c_char,
    len: usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { set_text(options, "unix_path", path, len) }
}

/// Sets the number of the database that every new connection selects. Default 0.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_db(options: *mut oxp_options, db: u32) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.db = db;
            Ok(())
        })
    }
}

/// Sets the ACL user. Empty: the server's default user.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_username(
    options: *mut oxp_options,
    name: *const c_char,
    len: usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { set_text(options, "username", name, len) }
}

/// Sets the password, which may hold any UTF-8. Empty: none. The library erases its copies when they
/// are freed.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_password(
    options: *mut oxp_options,
    password: *const c_char,
    len: usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { set_text(options, "password", password, len) }
}

/// Sets the name of the connections, as in CLIENT SETNAME: printable ASCII without spaces, as
/// servers want it. Empty: none.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_client_name(
    options: *mut oxp_options,
    name: *const c_char,
    len: usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { set_text(options, "client_name", name, len) }
}

/// Sets whether the server should rather evict other clients than these connections when clients use
/// too much memory, as CLIENT NO-EVICT. Default false.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_client_no_evict(
    options: *mut oxp_options,
    no_evict: bool,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.client_no_evict = no_evict;
            Ok(())
        })
    }
}

/// Sets whether commands leave alone when and how often a key was used last, as CLIENT NO-TOUCH
/// (servers since 7.2). Default false.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_client_no_touch(
    options: *mut oxp_options,
    no_touch: bool,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.client_no_touch = no_touch;
            Ok(())
        })
    }
}

/// Sets whether the server is told the library's name and version, as CLIENT SETINFO (servers since
/// 7.2). Default true.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_client_info(options: *mut oxp_options, info: bool) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.client_info = info;
            Ok(())
        })
    }
}

/// Sets the library name told to the server, as in CLIENT SETINFO LIB-NAME; for language bindings.
/// Printable ASCII without spaces. Empty: "oxipipe".
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_lib_name(
    options: *mut oxp_options,
    name: *const c_char,
    len: usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { set_text(options, "lib_name", name, len) }
}

/// Sets the library version told to the server, as in CLIENT SETINFO LIB-VER; for language bindings.
/// Printable ASCII without spaces. Empty: the version of this library.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_lib_version(
    options: *mut oxp_options,
    version: *const c_char,
    len: usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { set_text(options, "lib_version", version, len) }
}

/// Sets the RESP version to ask for: 3 (falls back to 2 on servers that do not know it) or 2.
/// Default 3.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_protocol(options: *mut oxp_options, version: u32) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.protocol = match version {
                2 => 2,
                3 => 3,
                _ => return Err(Error::argument("unknown protocol")),
            };
            Ok(())
        })
    }
}

/// Sets the time for one whole call in milliseconds, from resolving the name to the last reply. 0:
/// no limit. Default 5000.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_timeout_ms(options: *mut oxp_options, timeout: u64) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.timeout = optional_ms(timeout);
            Ok(())
        })
    }
}

/// Sets the time for resolving, connecting and the handshake in milliseconds, inside that of the
/// whole call. 0: only the latter counts. Default 3000.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_connect_timeout_ms(
    options: *mut oxp_options,
    timeout: u64,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.connect_timeout = optional_ms(timeout);
            Ok(())
        })
    }
}

/// Sets how long a wait polls the socket before it sleeps, in microseconds: less latency for some
/// processor time. Waits for a pipeline poll up to twice as long. 0: sleep at once. Default 50.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_spin_us(options: *mut oxp_options, spin: u32) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.spin = Duration::from_micros(spin.into());
            Ok(())
        })
    }
}

/// Sets whether TCP keepalive probes are sent. Default true.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_keepalive(options: *mut oxp_options, keepalive: bool) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.tcp_keepalive = keepalive;
            Ok(())
        })
    }
}

/// Sets how long sent data may stay unacknowledged before a TCP connection counts as dead, in
/// milliseconds, less than 2^31. 0: the system's choice. Default 10000.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_user_timeout_ms(
    options: *mut oxp_options,
    timeout: u64,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.tcp_user_timeout = optional_ms(timeout);
            Ok(())
        })
    }
}

/// Sets how many bytes of commands a pipeline gathers before it starts to send while more are being
/// added; OXP_EAGER_COMMANDS commands are enough, too. 0: it sends at execute only. Default 16384.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_eager_bytes(options: *mut oxp_options, bytes: usize) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.eager_bytes = bytes;
            Ok(())
        })
    }
}

/// Bounds what waits in an oxp_async or an oxp_pool made with these options.
///
/// commands   how many submissions may wait: in an oxp_async for replies (default 1,000,000), in an
///            oxp_pool from being submitted until the result is pulled (default 10,000); 0 for the
///            default.
/// bytes      how many bytes they may have together, in a pool results included; 0 for the default,
///            64 MiB. One submission may go beyond it.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_queue_limits(
    options: *mut oxp_options,
    commands: u64,
    bytes: u64,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.queue.commands = unless_zero(commands);
            options.queue.bytes = queue_bytes(bytes);
            Ok(())
        })
    }
}

/// Sets whether an oxp_pool hands out completions in the order of submission. Default false: as they
/// come.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_ordered_results(
    options: *mut oxp_options,
    ordered: bool,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.ordered_results = ordered;
            Ok(())
        })
    }
}

/// Sets whether an oxp_pool sends commands with the same first key over the same connection, so that
/// the server gets them in the order of submission. Default false.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_key_affinity(
    options: *mut oxp_options,
    affinity: bool,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.key_affinity = affinity;
            Ok(())
        })
    }
}

/// Sets which commands are sent again although the server may have applied them: an OXP_RETRY_*
/// number. What is proved not applied is sent again in any case, within the deadline. Default
/// OXP_RETRY_READS.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_retry(options: *mut oxp_options, retry: u32) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.retry = match retry {
                OXP_RETRY_NONE => Retry::None,
                OXP_RETRY_READS => Retry::Reads,
                _ => return Err(Error::argument("unknown retry policy")),
            };
            Ok(())
        })
    }
}

/// Sets whether commands fail at once while a server that was there before cannot be reached.
/// Default false: they wait for its return until their deadline. Where there was no connection yet,
/// they fail at once in any case.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_fail_fast(options: *mut oxp_options, fail_fast: bool) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.fail_fast = fail_fast;
            Ok(())
        })
    }
}

/// Sets how deep a reply may be nested. Default 1024.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_max_depth(options: *mut oxp_options, depth: usize) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.limits.depth = depth;
            Ok(())
        })
    }
}

/// Sets how long one string of a reply may be, in bytes. Default 512 MiB.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_max_bulk_bytes(
    options: *mut oxp_options,
    bytes: usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.limits.bulk = bytes;
            Ok(())
        })
    }
}

/// Sets how long one line of the protocol may be, such as a status or an error, in bytes. Default 64
/// KiB.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_max_line_bytes(
    options: *mut oxp_options,
    bytes: usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.limits.line = bytes;
            Ok(())
        })
    }
}

/// Sets how long one whole reply may be on the wire, in bytes. Default SIZE_MAX: no limit.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_max_reply_bytes(
    options: *mut oxp_options,
    bytes: usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.limits.total = bytes;
            Ok(())
        })
    }
}

/// Sets the sizes of the kernel's socket buffers in bytes, each less than 2^31. 0: the system's
/// choice, which is the default and nearly always right.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_socket_buffers(
    options: *mut oxp_options,
    send_bytes: usize,
    receive_bytes: usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.send_buffer = unless_zero(send_bytes);
            options.receive_buffer = unless_zero(receive_bytes);
            Ok(())
        })
    }
}

/// Sets any option by its name, with its value as text: all those that a URL may have behind its ?
/// (docs/urls.md lists them), and host, port and unix_path. An empty text and 0 mean what they mean to
/// the option's own function; a time above 0 is at least a nanosecond.
///
/// name, name_len     the option, such as connect_timeout.
/// value, value_len   its value, such as 1.5 for a time in seconds; a switch is true or false.
/// err                may be NULL; for an unknown name the message lists all names, for a value that
///                    does not fit it says what the option takes, without repeating the value.
///
/// Returns OXP_OK; OXP_ERR_ARG, and nothing was set; OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set(
    options: *mut oxp_options,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let (name, value) =
                (pointer::text(name, name_len)?, pointer::slice(value.cast::<u8>(), value_len)?);
            pointer::borrow(options)?.options.try_write().map_err(refusal)?.set_bytes(name, value)
        })
    }
}

/// The value of an option as text, as oxp_options_set takes it, which then makes it the same.
///
/// Without a value are username, client_name and unix_path unless they are set, and send_buffer,
/// receive_buffer and queue_commands while the choice is the system's or the library's. Not given out
/// are a password, and a path that is not UTF-8. All others have a value, and no value is empty.
///
/// name, name_len   the option.
/// buffer           receives the text, without a NUL; may be NULL if size is 0.
/// size             bytes that buffer has room for.
/// len              receives the length of the text; 0 if there is none. May be NULL.
/// err              may be NULL; for an unknown name the message lists all names.
///
/// Returns OXP_OK; OXP_DONE if the option has no value, or one that is not given out; OXP_ERR_SHORT if
/// the buffer is too small, and *len says what is needed; OXP_ERR_ARG for an unknown name;
/// OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_get(
    options: *const oxp_options,
    name: *const c_char,
    name_len: usize,
    buffer: *mut c_char,
    size: usize,
    len: *mut usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(len, 0);
        boundary_with_state(err, || {
            let name = pointer::text(name, name_len)?;
            let options = pointer::borrow(options)?.options.try_read().map_err(refusal)?;
            let Some(value) = options.get(name)? else { return Ok(OXP_DONE) };
            if buffer.is_null() && size > 0 {
                return Err(Error::argument("the buffer is NULL and has a size"));
            }
            put(len, value.len());
            if value.len() > size {
                return Err(Error::not_applied(ErrorKind::Short, "the buffer is too small for the value"));
            }
            // SAFETY: the caller promises room for `size` bytes.
            std::ptr::copy_nonoverlapping(value.as_ptr(), buffer.cast(), value.len());
            Ok(OXP_OK)
        })
    }
}

/// When more waits to be taken than this of what a connection has to tell besides replies, the oldest
/// is dropped and counted.
pub const OXP_EVENTS_DROP_OLDEST: u32 = 0;
/// When more waits than this, the connection is read no further, replies included, until some is
/// taken. The server keeps what it has to say for a while, and hangs up if that becomes too much.
pub const OXP_EVENTS_STOP_READING: u32 = 1;

/// Bounds what waits to be taken by oxp_client_next_events and its kin.
///
/// bytes      for each connection, about; default 1 MiB. What one read brings may go beyond it where
///            reading stops, and so may the newest event, which always stays.
/// overflow   an OXP_EVENTS_* number: what happens to more; default OXP_EVENTS_DROP_OLDEST.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_event_limits(
    options: *mut oxp_options,
    bytes: usize,
    overflow: u32,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            let overflow = match overflow {
                OXP_EVENTS_DROP_OLDEST => Overflow::DropOldest,
                OXP_EVENTS_STOP_READING => Overflow::StopReading,
                _ => return Err(Error::argument("overflow is an OXP_EVENTS_* number")),
            };
            options.events = EventLimits { bytes, overflow };
            Ok(())
        })
    }
}

/// Sets a function that can stop a waiting call, for example because a signal handler asked for it.
///
/// interrupt   see oxp_interrupt_fn; NULL: none, which is the default.
/// user_data   passed to it; may be NULL. It must be usable from every thread that uses the
///             clients.
/// drop        releases user_data, exactly once, also if this call fails; may be NULL.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_options_set_interrupt(
    options: *mut oxp_options,
    interrupt: oxp_interrupt_fn,
    user_data: *mut c_void,
    drop: oxp_drop_fn,
) -> oxp_status {
    // Whatever happens from here on, this releases the user data once.
    let hook = Hook { interrupt, user_data, drop };
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        set(options, |options| {
            options.interrupt = hook.interrupt.is_some().then(|| Interrupt::new(move || hook.asks_to_stop()));
            Ok(())
        })
    }
}

impl oxp_options {
    fn new(options: Options) -> Self {
        Self { alive: Alive::new(), options: RwLock::new(options) }
    }

    /// A copy, for a client.
    pub(super) fn get(&self) -> Result<Options> {
        self.options.try_read().map(|options| options.clone()).map_err(refusal)
    }
}

impl Handle for oxp_options {
    fn alive(&self) -> &Alive {
        &self.alive
    }
}

/// The options in a URL; no URL is the defaults.
pub(super) unsafe fn from_url(url: *const c_char, len: usize) -> Result<Options> {
    if url.is_null() && len == 0 {
        return Ok(Options::default());
    }
    // SAFETY: pointers come from C under the contract of this module.
    Options::from_url(unsafe { pointer::text(url, len)? })
}

unsafe fn set(options: *mut oxp_options, change: impl FnOnce(&mut Options) -> Result<()>) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(null_mut(), || {
            let options = pointer::borrow(options)?;
            let mut options = options.options.try_write().map_err(refusal)?;
            let mut changed = options.clone();
            change(&mut changed)?;
            changed.check()?;
            *options = changed;
            Ok(())
        })
    }
}

fn refusal<T>(error: TryLockError<T>) -> Error {
    match error {
        TryLockError::WouldBlock => {
            Error::not_applied(ErrorKind::Busy, "the options are in use by another call")
        }
        TryLockError::Poisoned(PoisonError { .. }) => {
            Error::not_applied(ErrorKind::Poisoned, "an earlier panic left the options in an unknown state")
        }
    }
}

/// As by its name, so that what an empty text means is written once.
unsafe fn set_text(options: *mut oxp_options, name: &str, text: *const c_char, len: usize) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { oxp_options_set(options, name.as_ptr().cast(), name.len(), text, len, null_mut()) }
}

fn optional_ms(ms: u64) -> Option<Duration> {
    unless_zero(Duration::from_millis(ms))
}

/// A callback from C with its user data.
struct Hook {
    interrupt: oxp_interrupt_fn,
    user_data: *mut c_void,
    drop: oxp_drop_fn,
}

// SAFETY: the contract of `oxp_options_set_interrupt` says that the user data is for any thread.
unsafe impl Send for Hook {}
// SAFETY: as above.
unsafe impl Sync for Hook {}

impl Hook {
    fn asks_to_stop(&self) -> bool {
        // SAFETY: the contract of `oxp_options_set_interrupt`; `drop` has not run yet.
        self.interrupt.is_some_and(|interrupt| unsafe { interrupt(self.user_data) } != 0)
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // SAFETY: the contract of `oxp_options_set_interrupt`; this is the only call.
            unsafe { drop(self.user_data) };
        }
    }
}
