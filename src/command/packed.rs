//! Commands as other languages hand them over: one slab of bytes and two lists of numbers.

use super::{Admission, Found, Place, admit_found};
use crate::error::{Error, Result};
use crate::resp;

/// Walks over packed commands.
pub(crate) struct Packed<'a> {
    bytes: &'a [u8],
    lens: &'a [u32],
    argcs: std::slice::Iter<'a, u32>,
}

/// One command of them: its arguments end to end, and their lengths.
pub(crate) struct PackedCommand<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) lens: &'a [u32],
}

impl<'a> Packed<'a> {
    /// Checks that the numbers add up: `argcs` to the number of `lens`, `lens` to the number of `bytes`.
    pub(crate) fn new(bytes: &'a [u8], lens: &'a [u32], argcs: &'a [u32]) -> Result<Self> {
        let sum = |numbers: &[u32]| numbers.iter().map(|&n| u64::from(n)).sum::<u64>();
        if sum(lens) != bytes.len() as u64 || sum(argcs) != lens.len() as u64 {
            return Err(Error::argument("the lengths of packed commands do not add up"));
        }
        Ok(Self { bytes, lens, argcs: argcs.iter() })
    }
}

impl<'a> Packed<'a> {
    /// The same with a token for each command.
    pub(crate) fn with_tokens(
        bytes: &'a [u8],
        lens: &'a [u32],
        argcs: &'a [u32],
        tokens: &'a [u64],
    ) -> Result<impl Iterator<Item = (PackedCommand<'a>, u64)> + use<'a>> {
        if tokens.len() != argcs.len() {
            return Err(Error::argument("there is not one token for each of the packed commands"));
        }
        Ok(Self::new(bytes, lens, argcs)?.zip(tokens.iter().copied()))
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
    /// As [`admit`](super::admit), given what was found of its name.
    #[inline]
    pub(crate) fn admit(&self, found: Found, place: Place) -> Result<Admission> {
        match found {
            // Nearly every command, before a list is made of its arguments.
            Some(info) if info.is_plain() => Ok(Admission::plain(Some(info))),
            found => admit_found(found, &self.iter().collect::<Vec<_>>(), place),
        }
    }

    #[inline]
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        resp::encode_packed(out, self.bytes, self.lens).expect("invariant: the numbers add up");
    }

    /// Looks up the name, if it is not that of the `last` command, as it mostly is.
    #[inline]
    pub(crate) fn found_after(&self, last: &mut Option<(&'a [u8], Found)>) -> Found {
        let name = self.name();
        match *last {
            Some((before, found)) if before == name => found,
            _ => last.insert((name, super::find(name))).1,
        }
    }

    /// Empty for a command without arguments.
    pub(crate) fn name(&self) -> &'a [u8] {
        self.lens.first().map_or(&[], |&len| &self.bytes[..len as usize])
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.bytes;
        self.lens.iter().map(move |&len| {
            let (arg, after) = rest.split_at(len as usize);
            rest = after;
            arg
        })
    }
}
