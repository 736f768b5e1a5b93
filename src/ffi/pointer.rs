//! C pointers to Rust references: every NULL check of the ABI is here.

use crate::error::{Error, Result};

use super::handle::Handle;

/// More bytes than a process can have: its half of an address space of 57 bits. A length beyond it is wrong whatever it is the
/// length of, and is refused before anybody asks for as much memory; one up to it can be added to and multiplied by what stands
/// around an argument without an overflow.
pub(super) const MOST_BYTES: usize = isize::MAX as usize >> if usize::BITS == 64 { 7 } else { 0 };

/// A handle that C lends for the call.
///
/// # Safety
/// `ptr` is NULL or a live handle that nobody frees during the call, nor changes through another
/// pointer.
#[inline]
pub(super) unsafe fn borrow<'a, T: Handle>(ptr: *const T) -> Result<&'a T> {
    // SAFETY: the caller's contract.
    let handle = unsafe { ptr.as_ref() }.ok_or_else(null)?;
    handle.alive().check();
    Ok(handle)
}

/// `len` values that C lends for the call; NULL with 0 is the empty slice.
///
/// # Safety
/// If `data` is not NULL it points to `len` values that stay unchanged for as long as the result is
/// used.
#[inline]
pub(super) unsafe fn slice<'a, T>(data: *const T, len: usize) -> Result<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() || !data.is_aligned() || len > MOST_BYTES / size_of::<T>() {
        return Err(Error::argument("a pointer is NULL or misaligned, or its length is impossible"));
    }
    // SAFETY: checked above as far as that is possible; the rest is the caller's contract.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// UTF-8 text that C lends for the call.
///
/// # Safety
/// As for [`slice`].
pub(super) unsafe fn text<'a>(data: *const std::ffi::c_char, len: usize) -> Result<&'a str> {
    // SAFETY: the caller's contract; a char and a byte are the same size.
    let bytes = unsafe { slice(data.cast::<u8>(), len)? };
    std::str::from_utf8(bytes).map_err(|_| Error::argument("a text is not UTF-8"))
}

/// The place for a result. Holds `empty` from the first moment, so that a failed call leaves
/// nothing to misuse.
///
/// # Safety
/// `ptr` is NULL or may be written.
#[inline]
pub(super) unsafe fn out<'a, T>(ptr: *mut T, empty: T) -> Result<&'a mut T> {
    if ptr.is_null() {
        return Err(null());
    }
    // SAFETY: not NULL, and the caller's contract. Written before it is borrowed: it may be
    // uninitialised.
    unsafe {
        ptr.write(empty);
        Ok(&mut *ptr)
    }
}

/// Writes a result that the caller may not want.
///
/// # Safety
/// As for [`out`].
pub(super) unsafe fn put<T>(ptr: *mut T, value: T) {
    if !ptr.is_null() {
        // SAFETY: the caller's contract.
        unsafe { ptr.write(value) };
    }
}

/// For calls that submit nothing: what such a call is refused for says nothing about what became of a command.
#[inline]
pub(super) fn of_wait<T>(result: Result<T>) -> Result<T> {
    result.map_err(Error::without_outcome)
}

#[cold]
fn null() -> Error {
    Error::argument("a pointer is NULL that must not be")
}
