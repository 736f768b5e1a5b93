//! Argument lists from C, without a copy and without an allocation.

use std::ffi::{CStr, c_char};
use std::ptr::null;

use crate::error::{Error, Result};
use crate::resp;

use super::pointer::{self, MOST_BYTES};

/// Bytes that somebody else owns. `data` may be NULL if `len` is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct oxp_slice {
    /// The first byte.
    pub data: *const u8,
    /// Number of bytes.
    pub len: usize,
}

/// The bytes of a NUL-terminated text, without the NUL: an argument that nobody has to count. Of a
/// literal, OXP_LITERAL("text") is the same as an initializer.
///
/// text   borrowed for as long as the slice is used; NULL is an empty one.
///
/// Returns the slice. Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_str(text: *const c_char) -> oxp_slice {
    if text.is_null() {
        return oxp_slice { data: null(), len: 0 };
    }
    // SAFETY: the caller promises a NUL behind it.
    let len = unsafe { CStr::from_ptr(text) }.count_bytes();
    oxp_slice { data: text.cast(), len }
}

/// An `oxp_slice` that was checked. Only [`arguments`] makes them, which is what makes `as_ref`
/// sound.
#[repr(transparent)]
pub(super) struct Argument(oxp_slice);

impl AsRef<[u8]> for Argument {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        if self.0.len == 0 {
            return &[];
        }
        // SAFETY: `arguments` checked pointer and length; the caller of the exported function
        // vouches for the bytes.
        unsafe { std::slice::from_raw_parts(self.0.data, self.0.len) }
    }
}

/// The arguments of one command in C's list form.
///
/// # Safety
/// If `args` is not NULL it points to `argc` slices, and each slice's `data`, if not NULL, to `len`
/// bytes, all unchanged for as long as the result is used.
#[inline]
pub(super) unsafe fn arguments<'a>(args: *const oxp_slice, argc: usize) -> Result<&'a [Argument]> {
    // SAFETY: `Argument` is transparent over `oxp_slice`; the rest is this function's own contract.
    let args = unsafe { pointer::slice(args.cast::<Argument>(), argc)? };
    let mut payload = 0usize;
    for Argument(slice) in args {
        if slice.len > MOST_BYTES || (slice.data.is_null() && slice.len > 0) {
            return Err(impossible());
        }
        payload = payload.saturating_add(slice.len);
    }
    check_size(argc, payload)?;
    Ok(args)
}

/// Commands in packed form: the bytes of all arguments, their lengths, and how many each command has.
pub(super) struct PackedLists<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) lens: &'a [u32],
    pub(super) argcs: &'a [u32],
}

/// Packed commands in C's form. Whether the numbers add up is seen when they are walked over.
///
/// # Safety
/// As for [`pointer::slice`], of each list.
#[inline]
pub(super) unsafe fn packed<'a>(
    (bytes, len): (*const u8, usize),
    (lens, lens_count): (*const u32, usize),
    (argcs, commands): (*const u32, usize),
) -> Result<PackedLists<'a>> {
    // SAFETY: this function's own contract.
    let lists = unsafe {
        PackedLists {
            bytes: pointer::slice(bytes, len)?,
            lens: pointer::slice(lens, lens_count)?,
            argcs: pointer::slice(argcs, commands)?,
        }
    };
    check_size(lens_count.saturating_add(commands), len)?;
    Ok(lists)
}

/// That so many arguments of so many bytes together can be written down.
#[inline]
fn check_size(args: usize, payload: usize) -> Result<()> {
    let around = args.checked_add(1).and_then(|args| args.checked_mul(resp::FRAME));
    let all = around.and_then(|around| around.checked_add(payload));
    if payload > MOST_BYTES || all.is_none_or(|all| all > isize::MAX as usize) {
        return Err(impossible());
    }
    Ok(())
}

#[cold]
fn impossible() -> Error {
    Error::argument("an argument of the command is NULL, or lengths are impossible")
}

/// The arguments of one command in packed form: all bytes in one slab, and the length of each.
pub(super) fn unpack<'a>(mut bytes: &'a [u8], lens: &[u32]) -> Result<Vec<&'a [u8]>> {
    check_size(lens.len(), bytes.len())?;
    // Room for what most commands have, not for what is claimed: nobody has looked yet whether it adds up.
    let mut args = Vec::with_capacity(lens.len().min(1024));
    for &len in lens {
        let (arg, rest) = bytes.split_at_checked(len as usize).ok_or_else(lengths_do_not_fit)?;
        args.push(arg);
        bytes = rest;
    }
    if bytes.is_empty() { Ok(args) } else { Err(lengths_do_not_fit()) }
}

fn lengths_do_not_fit() -> Error {
    Error::argument("the lengths do not add up to the packed bytes")
}

const _: () = {
    assert!(size_of::<oxp_slice>() == 2 * size_of::<usize>());
    assert!(std::mem::offset_of!(oxp_slice, data) == 0);
    assert!(std::mem::offset_of!(oxp_slice, len) == size_of::<usize>());
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_lengths_must_cover_the_bytes_exactly() {
        assert_eq!(unpack(b"SETkv", &[3, 1, 1]).unwrap(), [&b"SET"[..], b"k", b"v"]);
        assert_eq!(unpack(b"", &[0, 0]).unwrap(), [b"", b""]);
        assert!(unpack(b"SETkv", &[3, 1]).is_err());
        assert!(unpack(b"SETkv", &[3, 1, 2]).is_err());
        assert!(unpack(b"x", &[u32::MAX, u32::MAX]).is_err());
    }

    #[test]
    fn null_is_an_empty_argument_but_never_a_long_one() {
        let list = |data, len| [oxp_slice { data: b"GET".as_ptr(), len: 3 }, oxp_slice { data, len }];
        let empty = list(std::ptr::null(), 0);
        // SAFETY: the list lives on this stack and its pointers are to static bytes or NULL.
        let args = unsafe { arguments(empty.as_ptr(), 2) }.unwrap();
        assert_eq!((args[0].as_ref(), args[1].as_ref()), (&b"GET"[..], &b""[..]));
        let longer = MOST_BYTES + 1;
        for (data, len) in [
            (std::ptr::null(), 1),
            (b"x".as_ptr(), usize::MAX),
            (b"x".as_ptr(), longer),
            (b"x".as_ptr(), MOST_BYTES - 2),
        ] {
            let bad = list(data, len);
            // SAFETY: as above; the bad slice is refused before it is read.
            assert!(unsafe { arguments(bad.as_ptr(), 2) }.is_err());
        }
        for count in [usize::MAX, longer, longer / size_of::<oxp_slice>()] {
            // SAFETY: such a count is refused before anything is read.
            assert!(unsafe { arguments(empty.as_ptr(), count) }.is_err());
        }
        // SAFETY: NULL with a count is refused before it is read.
        assert!(unsafe { arguments(std::ptr::null(), 1) }.is_err());
    }
}
