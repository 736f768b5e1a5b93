//! Writes one command at the end of a buffer.

use std::ptr;

/// Makes room once and then writes without asking the buffer each time whether there is any: half of the time that a pipeline
/// takes goes into writing its commands. What has been written belongs to the buffer when it is [finished](Self::finish).
pub(super) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Where the next byte goes: in the capacity of `out`, behind what has been written.
    at: *mut u8,
    /// So many bytes are reserved there.
    left: usize,
}

impl<'a> Writer<'a> {
    /// For a command with so many arguments, of so many bytes together.
    #[inline]
    pub(super) fn new(out: &'a mut Vec<u8>, args: usize, payload: usize) -> Self {
        let most = most(args, payload);
        out.reserve(most);
        let at = out.spare_capacity_mut().as_mut_ptr().cast();
        let mut writer = Self { out, at, left: most };
        if args < 10 {
            writer.put([b'*', b'0' + args as u8]);
        } else {
            writer.put([b'*']);
            writer.copy(itoa::Buffer::new().format(args).as_bytes());
        }
        writer
    }

    /// Writes the end of what is before it and an argument without its own end. Arguments are mostly short: two digits cover
    /// nearly all, and what stands between two arguments is then written at once.
    #[inline(always)]
    pub(super) fn argument(&mut self, arg: &[u8]) {
        let len = arg.len();
        if len < 10 {
            self.put([b'\r', b'\n', b'$', b'0' + len as u8, b'\r', b'\n']);
        } else if len < 100 {
            let (tens, ones) = (b'0' + (len / 10) as u8, b'0' + (len % 10) as u8);
            self.put([b'\r', b'\n', b'$', tens, ones, b'\r', b'\n']);
        } else {
            self.put(*b"\r\n$");
            self.copy(itoa::Buffer::new().format(len).as_bytes());
            self.put(*b"\r\n");
        }
        self.copy(arg);
    }

    #[inline]
    pub(super) fn finish(mut self) {
        self.put(*b"\r\n");
        let len = self.at.addr() - self.out.as_ptr().addr();
        // SAFETY: `at` began at the end of the buffer, and has moved by what `put` and `copy` have written behind it.
        unsafe { self.out.set_len(len) };
    }

    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        let to = self.take(N).cast::<[u8; N]>();
        // SAFETY: `take` gives a place for N bytes. It is aligned as bytes are.
        unsafe { to.write(bytes) };
    }

    #[inline]
    fn copy(&mut self, bytes: &[u8]) {
        let to = self.take(bytes.len());
        // SAFETY: `take` gives a place for so many bytes, in a buffer that only this writer has, so that `bytes` is not in it.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
    }

    /// The place for so many more bytes, inside the capacity of the buffer.
    ///
    /// # Panics
    /// There was to be less than that.
    #[inline]
    fn take(&mut self, bytes: usize) -> *mut u8 {
        assert!(bytes <= self.left, "more than the writer was told of");
        self.left -= bytes;
        let place = self.at;
        // SAFETY: `left` bytes at `at` were reserved by `new`, and nothing has used the buffer since.
        self.at = unsafe { place.add(bytes) };
        place
    }
}

/// Bytes of such a command at most. There is no overflow where the arguments are in memory; of what C merely claims, `ffi` has
/// refused what there cannot be.
#[inline]
pub(super) fn most(args: usize, payload: usize) -> usize {
    payload + (args + 1) * FRAME
}

/// Upper bound of the bytes around an argument: marker, 20 digits and two CRLF.
pub(crate) const FRAME: usize = 25;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_stays_and_every_length_is_written() {
        for len in [0, 1, 9, 10, 99, 100, 12_345] {
            let (arg, mut out) = (vec![b'x'; len], b"before".to_vec());
            let mut writer = Writer::new(&mut out, 1, len);
            writer.argument(&arg);
            writer.finish();
            let text = String::from_utf8(out).unwrap();
            assert_eq!(text, format!("before*1\r\n${len}\r\n{}\r\n", "x".repeat(len)));
        }
    }

    #[test]
    fn what_is_not_finished_never_was() {
        let mut out = b"before".to_vec();
        Writer::new(&mut out, 12, 100).argument(b"more");
        assert_eq!(out, b"before");
    }

    #[test]
    #[should_panic(expected = "more than the writer was told of")]
    fn nothing_is_written_behind_the_room() {
        let mut out = Vec::new();
        Writer::new(&mut out, 1, 3).argument(&[0; 100]);
    }
}
