//! What was submitted and has no reply yet.

use std::collections::VecDeque;
use std::time::Instant;

use super::Entry;
use crate::error::Progress;
use crate::resp;

/// Entries in order, with their bytes in one piece: first those that have begun to leave, then those that wait.
///
/// The bytes stay until the replies are there, so that after a lost connection what may be sent again still can be, and what
/// has not begun to leave can be taken back at any time. What is taken back stays, marked, until something is to be written:
/// callers give up by the thousand, and moving what lies behind each of them would take seconds.
#[derive(Default)]
pub(super) struct Outbox {
    entries: VecDeque<Entry>,
    bytes: Vec<u8>,
    /// Where the first entry begins in `bytes`.
    start: usize,
    /// Up to where the kernel has taken them.
    sent: usize,
    /// Number of entries of which something has left.
    begun: usize,
    /// Where the last of these ends.
    begun_end: usize,
    /// Number of entries at the front that nobody waits for.
    abandoned: usize,
    /// Entries that wait in vain: taken back, but still here.
    dropped: usize,
    dropped_bytes: usize,
    /// Where the search for a token begins, because they are mostly given up in the order in which they came.
    hint: usize,
    /// An entry got all its replies before it had left whole: what is on the wire now ends inside of it.
    is_torn: bool,
}

/// Replied bytes are moved out once they are as many as this, and as those that stay.
const SLACK: usize = 64 * 1024;
/// A buffer above this size is given back once it is empty.
const KEEP: usize = 1024 * 1024;

impl Outbox {
    pub(super) fn push(&mut self, entry: Entry, bytes: &[u8]) {
        debug_assert_eq!(entry.bytes, bytes.len());
        self.bytes.extend_from_slice(bytes);
        self.entries.push_back(entry);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What is to be written next.
    pub(super) fn unsent(&mut self) -> &[u8] {
        self.sweep();
        &self.bytes[self.sent..]
    }

    /// How much that is.
    pub(super) fn unsent_bytes(&self) -> usize {
        self.bytes.len() - self.sent - self.dropped_bytes
    }

    /// Bytes of all entries.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len() - self.start - self.dropped_bytes
    }

    /// Number of entries of which nothing has left.
    pub(super) fn waiting(&self) -> usize {
        self.entries.len() - self.begun - self.dropped
    }

    /// Number of entries of which something has left.
    pub(super) fn begun(&self) -> usize {
        self.begun
    }

    /// Whether only a part of an entry has left.
    pub(super) fn is_inside(&self) -> bool {
        self.sent < self.begun_end
    }

    /// Whether the server answered an entry of which it cannot have seen the end. Nothing may follow on its connection: it
    /// would be taken for the rest.
    pub(super) fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// The kernel took `count` more bytes; how many commands begin with that to be in flight.
    pub(super) fn advance(&mut self, count: usize) -> u64 {
        self.sent += count;
        let mut commands = 0;
        while self.begun_end < self.sent {
            let entry = &self.entries[self.begun];
            commands += u64::from(entry.commands);
            self.begun_end += entry.bytes;
            self.begun += 1;
        }
        commands
    }

    /// The entry that the next reply belongs to.
    pub(super) fn front_mut(&mut self) -> Option<&mut Entry> {
        self.entries.front_mut()
    }

    /// Takes out the first entry, which has all its replies.
    pub(super) fn pop_front(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        debug_assert!(self.begun > 0);
        self.begun -= 1;
        self.abandoned = self.abandoned.saturating_sub(1);
        self.hint = self.hint.saturating_sub(1);
        self.start += entry.bytes;
        if self.sent < self.start {
            self.is_torn = true;
            self.sent = self.start;
        }
        if self.entries.is_empty() {
            let is_torn = self.is_torn;
            self.reset();
            self.is_torn = is_torn;
        } else if self.start >= SLACK && self.start >= self.bytes.len() - self.start {
            self.bytes.drain(..self.start);
            self.sent -= self.start;
            self.begun_end -= self.start;
            self.start = 0;
        }
        Some(entry)
    }

    /// The first entry that somebody waits for: the one whose deadline comes first, because submissions are served in order.
    pub(super) fn first_awaited(&self) -> Option<(usize, &Entry)> {
        let mut entries = self.entries.iter().enumerate().skip(self.abandoned);
        entries.find(|(_, entry)| !entry.abandoned)
    }

    /// Takes the submitters away from all entries whose deadline has passed, with the fate of their commands. One that has
    /// begun to leave stays for its replies; others are removed.
    ///
    /// All at once, because with many of them moving the rest up for each would take minutes.
    pub(super) fn expire(&mut self, now: Instant, mut settle: impl FnMut(&Entry, Progress)) {
        let first = match self.first_awaited() {
            Some((index, entry)) if entry.deadline.has_passed(now) => index,
            _ => return,
        };
        for entry in self.entries.range_mut(first.min(self.begun)..self.begun) {
            if !entry.abandoned && entry.deadline.has_passed(now) {
                entry.abandoned = true;
                settle(entry, given_up(entry));
            }
        }
        self.count_abandoned();
        match self.entries.get(self.begun) {
            Some(entry) if entry.deadline.has_passed(now) => {}
            _ => return,
        }
        for entry in self.entries.range_mut(self.begun..) {
            if !entry.abandoned && entry.deadline.has_passed(now) {
                entry.abandoned = true;
                self.dropped += 1;
                self.dropped_bytes += entry.bytes;
                settle(entry, untouched(entry));
            }
        }
        self.sweep();
    }

    fn count_abandoned(&mut self) {
        let more = self.entries.range(self.abandoned..self.begun).take_while(|entry| entry.abandoned).count();
        self.abandoned += more;
    }

    /// Whether nobody waits for the entry that the next reply belongs to.
    pub(super) fn is_first_abandoned(&self) -> bool {
        self.abandoned > 0
    }

    pub(super) fn position(&mut self, token: u64) -> Option<usize> {
        let is_it = |entry: &Entry| entry.token == token && !entry.abandoned;
        let hint = self.hint.min(self.entries.len());
        let behind = self.entries.range(hint..).position(is_it).map(|index| hint + index);
        let found = behind.or_else(|| self.entries.range(..hint).position(is_it))?;
        self.hint = found;
        Some(found)
    }

    /// Takes the submitter away from an entry. One that has not begun to leave will not; another stays for its replies.
    /// Returns the fate of its commands, and its sequence number.
    pub(super) fn abandon(&mut self, index: usize) -> (Progress, u64) {
        let entry = &mut self.entries[index];
        entry.abandoned = true;
        if index < self.begun {
            let ended = (given_up(entry), entry.seq);
            self.count_abandoned();
            return ended;
        }
        let ended = (untouched(entry), entry.seq);
        self.dropped += 1;
        self.dropped_bytes += entry.bytes;
        // Half of them: so that each is moved for one that is dropped, and memory is bounded by what is not.
        if self.dropped >= self.waiting() {
            self.sweep();
        }
        ended
    }

    /// Removes what was dropped.
    fn sweep(&mut self) {
        if self.dropped == 0 {
            return;
        }
        let (mut from, mut to) = (self.begun_end, self.begun_end);
        for entry in self.entries.split_off(self.begun) {
            let end = from + entry.bytes;
            if !entry.abandoned {
                self.bytes.copy_within(from..end, to);
                to += entry.bytes;
                self.entries.push_back(entry);
            }
            from = end;
        }
        self.bytes.truncate(to);
        (self.dropped, self.dropped_bytes, self.hint) = (0, 0, self.begun);
        if self.entries.is_empty() {
            self.reset();
        }
    }

    /// The connection is lost. Entries for which `keep` says so, given their bytes and the fate of their commands, wait to be
    /// sent from the start; the others are taken out and handed to `settle`.
    pub(super) fn rewind(
        &mut self,
        mut keep: impl FnMut(&Entry, &[u8], Progress) -> bool,
        mut settle: impl FnMut(Entry, Progress),
    ) {
        self.sweep();
        let (bytes, sent) = (std::mem::take(&mut self.bytes), self.sent);
        let (entries, begun) = (std::mem::take(&mut self.entries), self.begun);
        let mut at = self.start;
        self.reset();
        for (index, mut entry) in entries.into_iter().enumerate() {
            let own = &bytes[at..at + entry.bytes];
            let progress = fate(&entry, own, sent.saturating_sub(at));
            at += entry.bytes;
            if !entry.abandoned && (index >= begun || keep(&entry, own, progress)) {
                entry.replied = 0;
                self.bytes.extend_from_slice(own);
                self.entries.push_back(entry);
            } else {
                settle(entry, progress);
            }
        }
    }

    /// Takes out everything, with the fate of each.
    pub(super) fn drain(&mut self, mut settle: impl FnMut(Entry, Progress)) {
        self.sweep();
        let mut at = self.start;
        for entry in std::mem::take(&mut self.entries) {
            let progress = fate(&entry, &self.bytes[at..at + entry.bytes], self.sent.saturating_sub(at));
            at += entry.bytes;
            settle(entry, progress);
        }
        self.reset();
    }

    fn reset(&mut self) {
        self.bytes.clear();
        if self.bytes.capacity() > KEEP {
            self.bytes = Vec::new();
        }
        (self.start, self.sent, self.begun, self.begun_end) = (0, 0, 0, 0);
        (self.abandoned, self.is_torn) = (0, false);
        (self.dropped, self.dropped_bytes, self.hint) = (0, 0, 0);
    }
}

/// What is known of the commands of an entry that has begun to leave and that nobody waits for any more.
fn given_up(entry: &Entry) -> Progress {
    let (replied, all) = (u64::from(entry.replied).min(entry.own_commands()), entry.own_commands());
    match entry.form {
        super::Form::Transaction => Progress { unknown: all, ..Progress::default() },
        _ => Progress { replied, unknown: all - replied, not_applied: 0 },
    }
}

fn untouched(entry: &Entry) -> Progress {
    Progress { not_applied: entry.own_commands(), ..Progress::default() }
}

/// What is known of the commands of an entry of which `sent` bytes left, if no further reply comes.
fn fate(entry: &Entry, bytes: &[u8], sent: usize) -> Progress {
    let left = match entry.form {
        _ if sent >= bytes.len() => u64::from(entry.commands),
        _ if sent == 0 => 0,
        _ => resp::whole_commands(bytes, sent) as u64,
    };
    let commands = entry.own_commands();
    if entry.form == super::Form::Transaction {
        // Without its EXEC none of it is applied.
        let is_out = left == u64::from(entry.commands);
        return match is_out {
            true => Progress { unknown: commands, ..Progress::default() },
            false => Progress { not_applied: commands, ..Progress::default() },
        };
    }
    let replied = u64::from(entry.replied);
    // A server that answers what it has not seen is out of its mind, but no reason to be, too.
    let left = left.max(replied);
    Progress { replied, unknown: left - replied, not_applied: commands - left }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
