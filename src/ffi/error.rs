//! What went wrong, in an object that the caller makes once and passes to every call.

use std::ffi::c_char;
use std::fmt::Write;
use std::ptr::{null, null_mut};

use crate::error::{Error, Outcome};

use super::boundary::{boundary, contain, contain_or};
use super::handle::{self, Alive, Handle};
use super::pointer::{self, put};
use super::status::{OXP_OK, OXP_OUTCOME_NONE, oxp_status};

/// The detail of a failure: status, outcome, text, address, numbers. Make one with oxp_error_new,
/// pass it to any number of calls, free it at the end.
///
/// A call that fails fills it in; a call that succeeds leaves it as it was, so look at it only
/// after a failure. What its functions point to is valid until the object is passed to another
/// call, cleared or freed.
///
/// Lifetime: independent of all other handles. Threads: any, one at a time (concurrent reading is
/// fine).
pub struct oxp_error {
    alive: Alive,
    error: Option<Error>,
    /// With a NUL behind it, if there is any.
    text: String,
}

/// Makes an empty error object.
///
/// out   own: the object, for oxp_error_free; NULL if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if out is NULL. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_error_new(out: *mut *mut oxp_error) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(null_mut(), || {
            let out = pointer::out(out, null_mut())?;
            *out = handle::give(oxp_error { alive: Alive::new(), error: None, text: String::new() });
            Ok(())
        })
    }
}

/// Frees an error object. error may be NULL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_error_free(error: *mut oxp_error) {
    if !error.is_null() {
        // SAFETY: pointers come from C under the contract of this module.
        contain(|| drop(unsafe { handle::take_back(error) }));
    }
}

/// Empties an error object, as if new. error may be NULL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_error_clear(error: *mut oxp_error) {
    contain(|| {
        // SAFETY: pointers come from C under the contract of this module.
        if let Some(error) = unsafe { error.as_mut() } {
            error.alive.check();
            error.error = None;
            error.text.clear();
        }
    })
}

/// The status that the failed call returned.
///
/// error   may be NULL.
///
/// Returns it, any of OXP_ERR_*; OXP_OK if the object is empty or NULL. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_error_status(error: *const oxp_error) -> oxp_status {
    contain_or(OXP_OK, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe { detail(error) }.map_or(OXP_OK, |error| error.kind() as oxp_status)
    })
}

/// What became of the commands that have no reply: an OXP_OUTCOME_* number. OXP_OUTCOME_UNKNOWN as
/// soon as one command may have been applied; OXP_OUTCOME_NONE if the object is empty or NULL.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_error_outcome(error: *const oxp_error) -> i32 {
    contain_or(OXP_OUTCOME_NONE, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe { detail(error) }
            .and_then(Error::outcome)
            .map_or(OXP_OUTCOME_NONE, |outcome: Outcome| outcome as i32)
    })
}

/// What happened, in words for people: one line of UTF-8 with the server's address and the fate of
/// the commands, without passwords, keys or values. Not NUL-terminated; empty if the object is
/// empty or NULL.
///
/// text, len   receive the borrowed text; either may be NULL.
///
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_error_message(error: *const oxp_error, text: *mut *const u8, len: *mut usize) {
    contain(|| {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe {
            let message = error.as_ref().map_or("", oxp_error::text);
            put(text, message.as_ptr());
            put(len, message.len());
        }
    })
}

/// The same text as oxp_error_message gives, NUL-terminated: for printf.
///
/// Returns the borrowed text; empty if the object is empty or NULL, never NULL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_error_text(error: *const oxp_error) -> *const c_char {
    contain_or(c"".as_ptr(), || {
        // SAFETY: pointers come from C under the contract of this module.
        let text = unsafe { error.as_ref() }.filter(|error| !error.text().is_empty());
        text.map_or(c"".as_ptr(), |error| error.text.as_ptr().cast())
    })
}

/// The operating system's error number (errno), or 0 if none was involved. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_error_os_code(error: *const oxp_error) -> i32 {
    contain_or(0, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe { detail(error) }.and_then(Error::os_error).unwrap_or(0)
    })
}

/// The server's address, host:port or the path of a Unix socket, in UTF-8. Not NUL-terminated; NULL
/// and 0 if no server was involved.
///
/// text, len   receive the borrowed text; either may be NULL.
///
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_error_address(error: *const oxp_error, text: *mut *const u8, len: *mut usize) {
    contain(|| {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe {
            let address = detail(error).and_then(Error::address);
            put(text, address.map_or(null(), str::as_ptr));
            put(len, address.map_or(0, str::len));
        }
    })
}

/// How far a failed pipeline came, in commands. The three numbers add up to its length; all are 0
/// after other failures.
///
/// replied       receives the number of commands whose reply arrived.
/// unknown       receives the number that left without a reply: they may or may not have been
///               applied.
/// not_applied   receives the number that the server cannot have applied.
///
/// Each may be NULL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_error_progress(
    error: *const oxp_error,
    replied: *mut u64,
    unknown: *mut u64,
    not_applied: *mut u64,
) {
    contain(|| {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe {
            let progress = detail(error).and_then(Error::progress).unwrap_or_default();
            put(replied, progress.replied);
            put(unknown, progress.unknown);
            put(not_applied, progress.not_applied);
        }
    })
}

impl oxp_error {
    pub(super) fn set(&mut self, error: Error) {
        self.alive.check();
        self.text.clear();
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{error}\0");
        self.error = Some(error);
    }

    pub(super) fn text(&self) -> &str {
        self.alive.check();
        self.text.strip_suffix('\0').unwrap_or_default()
    }
}

impl Handle for oxp_error {
    fn alive(&self) -> &Alive {
        &self.alive
    }
}

unsafe fn detail<'a>(error: *const oxp_error) -> Option<&'a Error> {
    // SAFETY: pointers come from C under the contract of this module.
    let error = unsafe { error.as_ref() }?;
    error.alive.check();
    error.error.as_ref()
}
