//! Bytes as decisions.

/// Bytes as decisions.
pub(super) struct Script<'a> {
    pub(super) bytes: &'a [u8],
}

impl Script<'_> {
    pub(super) fn is_over(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn byte(&mut self) -> usize {
        let Some((&first, rest)) = self.bytes.split_first() else { return USUAL };
        self.bytes = rest;
        usize::from(first)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.byte() % bound.max(1)
    }

    /// Mostly small, sometimes all of it.
    pub(super) fn length(&mut self, all: usize) -> usize {
        match self.byte() {
            choice @ 0..128 => choice.min(all),
            choice @ 128..192 => all * (choice - 128) / 64,
            _ => all,
        }
    }
}

/// What is decided after the end of a script: servers accept greetings and answer plainly.
pub(super) const USUAL: usize = 51;
