//! Large buffers of zeros, if there is memory for them.

use std::alloc::{Layout, alloc_zeroed};
use std::io;

/// As `vec![0; len]`, which comes from the kernel without being touched, but with an error where that would end the process.
///
/// # Errors
/// `OutOfMemory`.
pub(super) fn zeroed(len: usize) -> io::Result<Vec<u8>> {
    if len == 0 {
        return Ok(Vec::new());
    }
    let no_memory = || io::Error::from(io::ErrorKind::OutOfMemory);
    let layout = Layout::array::<u8>(len).map_err(|_| no_memory())?;
    // SAFETY: the layout is not of size 0.
    let start = unsafe { alloc_zeroed(layout) };
    if start.is_null() {
        return Err(no_memory());
    }
    // SAFETY: the global allocator gave this block for that many bytes of alignment 1, and all of them are 0.
    Ok(unsafe { Vec::from_raw_parts(start, len, len) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_zeros_or_there_is_an_error() {
        assert_eq!(zeroed(0).unwrap(), []);
        let mut buffer = zeroed(100_000).unwrap();
        assert_eq!(buffer, vec![0; 100_000]);
        buffer.resize(200_000, 1);
        assert_eq!(buffer[99_999..100_001], [0, 1]);
        for len in [usize::MAX, isize::MAX as usize, isize::MAX as usize / 2] {
            assert_eq!(zeroed(len).unwrap_err().kind(), io::ErrorKind::OutOfMemory, "{len}");
        }
    }
}
