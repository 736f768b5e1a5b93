//! Commands as other languages hand them over: one slab of bytes and two lists of numbers.

use crate::error::{Error, Result};

/// Walks over packed commands.
pub(super) struct Packed<'a> {
    bytes: &'a [u8],
    lens: &'a [u32],
    argcs: std::slice::Iter<'a, u32>,
}

/// One command of them: its arguments end to end, and their lengths.
pub(super) struct PackedCommand<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) lens: &'a [u32],
}

impl<'a> Packed<'a> {
    /// Checks that the numbers add up: `argcs` to the number of `lens`, `lens` to the number of `bytes`.
    pub(super) fn new(bytes: &'a [u8], lens: &'a [u32], argcs: &'a [u32]) -> Result<Self> {
        let sum = |numbers: &[u32]| numbers.iter().map(|&n| u64::from(n)).sum::<u64>();
        if sum(lens) != bytes.len() as u64 || sum(argcs) != lens.len() as u64 {
            return Err(Error::argument("the lengths of packed commands do not add up"));
        }
        Ok(Self { bytes, lens, argcs: argcs.iter() })
    }
}

impl<'a> Iterator for Packed<'a> {
    type Item = PackedCommand<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (lens, lens_after) = self.lens.split_at(*self.argcs.next()? as usize);
        let size = lens.iter().map(|&len| len as usize).sum();
        let (bytes, bytes_after) = self.bytes.split_at(size);
        (self.lens, self.bytes) = (lens_after, bytes_after);
        Some(PackedCommand { bytes, lens })
    }
}

impl<'a> PackedCommand<'a> {
    /// Empty for a command without arguments.
    pub(super) fn name(&self) -> &'a [u8] {
        self.lens.first().map_or(&[], |&len| &self.bytes[..len as usize])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.bytes;
        self.lens.iter().map(move |&len| {
            let (arg, after) = rest.split_at(len as usize);
            rest = after;
            arg
        })
    }
}
