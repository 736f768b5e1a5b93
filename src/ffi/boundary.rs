//! Where Rust ends: no panic and no `Error` crosses into C, only a status.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, ErrorKind, Outcome, Result};

use super::error::oxp_error;
use super::status::{OXP_OK, oxp_status};

/// Runs the body of an exported function and turns its end into a status, with the detail in `err`.
///
/// Unwind safety: what a panic can leave half done is behind `Exclusive`, which poisons itself, or
/// behind the client's own locks.
///
/// # Safety
/// `err` is NULL or a live error object that nobody else uses during the call.
#[inline]
pub(super) unsafe fn boundary(err: *mut oxp_error, body: impl FnOnce() -> Result<()>) -> oxp_status {
    // SAFETY: the caller's contract.
    unsafe { boundary_with_state(err, || body().map(|()| OXP_OK)) }
}

/// Like [`boundary`], for a function with more than one way to succeed: the body returns its status.
///
/// # Safety
/// As for [`boundary`].
#[inline]
pub(super) unsafe fn boundary_with_state(
    err: *mut oxp_error,
    body: impl FnOnce() -> Result<oxp_status>,
) -> oxp_status {
    let error = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(state)) => return state,
        Ok(Err(error)) => error,
        Err(payload) => panicked(&*payload),
    };
    // SAFETY: the caller's contract.
    unsafe { fail(err, error) }
}

/// Runs the body of an exported function that has no way to report a failure.
pub(super) fn contain(body: impl FnOnce()) {
    contain_or((), body);
}

/// The same for one that returns something: what it returns where there is nothing to return.
#[inline]
pub(super) fn contain_or<T>(neutral: T, body: impl FnOnce() -> T) -> T {
    // The panic hook has already printed what happened; there is nobody else to tell.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(neutral)
}

#[cold]
unsafe fn fail(err: *mut oxp_error, error: Error) -> oxp_status {
    let status = error.kind() as oxp_status;
    // SAFETY: the contract of `boundary`.
    if let Some(err) = unsafe { err.as_mut() } {
        err.set(error);
    }
    status
}

#[cold]
fn panicked(payload: &(dyn Any + Send)) -> Error {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text");
    Error::new(ErrorKind::Panic, format!("a bug in oxipipe: {text}")).with_outcome(Outcome::Unknown)
}

#[cfg(test)]
mod tests {
    use std::ptr::null_mut;

    use super::super::error::{oxp_error_free, oxp_error_new, oxp_error_outcome, oxp_error_status};
    use super::super::status::{OXP_ERR_ARG, OXP_ERR_PANIC, OXP_OUTCOME_NOT_APPLIED};
    use super::*;

    #[test]
    fn errors_and_panics_become_statuses() {
        // SAFETY: `err` is made here, used by this thread only and freed at the end.
        unsafe {
            let mut err = null_mut();
            assert_eq!(oxp_error_new(&mut err), OXP_OK);
            assert_eq!(boundary(err, || Ok(())), OXP_OK);
            assert_eq!(oxp_error_status(err), OXP_OK);

            assert_eq!(boundary(err, || Err(Error::argument("no"))), OXP_ERR_ARG);
            assert_eq!(oxp_error_status(err), OXP_ERR_ARG);
            assert_eq!(oxp_error_outcome(err), OXP_OUTCOME_NOT_APPLIED);

            assert_eq!(boundary(err, || panic!("on {}", "purpose")), OXP_ERR_PANIC);
            assert_eq!((*err).text(), "a bug in oxipipe: on purpose [UNKNOWN]");
            oxp_error_free(err);

            assert_eq!(boundary(null_mut(), || Err(Error::argument("no"))), OXP_ERR_ARG);
            assert_eq!(boundary(null_mut(), || panic!("on purpose")), OXP_ERR_PANIC);
        }
        contain(|| panic!("on purpose"));
    }
}
