//! Which command stands at which place of a pipeline, in two bytes each.

use super::{Admission, Found};

/// The names of a pipeline's commands in order. Names are interned, because pipelines repeat a few names many times.
#[derive(Default)]
pub(crate) struct CommandLog {
    names: Vec<Name>,
    ids: Vec<u16>,
    has_writes: bool,
}

struct Name {
    /// As it was given.
    text: Box<[u8]>,
    found: Found,
}

/// Stands for every name that found no place; more distinct names than this hardly ever meet in one pipeline.
const OVERFLOW: u16 = 256;

impl CommandLog {
    /// What the table has under this name. Searched only if the command before has another.
    #[inline]
    pub(crate) fn find(&self, name: &[u8]) -> Found {
        match self.last() {
            Some(last) if *last.text == *name => last.found,
            _ => super::find(name),
        }
    }

    /// Adds a command that was admitted. Whether its name is one that the table does not know and that is new in here.
    #[inline]
    pub(crate) fn add(&mut self, name: &[u8], admission: &Admission) -> bool {
        self.has_writes |= !admission.is_read_only();
        // The same command as before is by far the most common case.
        if let (Some(last), Some(&id)) = (self.last(), self.ids.last())
            && *last.text == *name
        {
            self.ids.push(id);
            return false;
        }
        let names = self.names.len();
        let id = self.intern(name);
        self.ids.push(id);
        self.names.len() > names && !admission.is_known()
    }

    /// As [`add`](Self::add), by the name alone; so container commands count as writes.
    #[inline]
    pub(crate) fn push(&mut self, name: &[u8]) -> bool {
        self.add(name, &Admission::of_name(self.find(name)))
    }

    fn last(&self) -> Option<&Name> {
        self.names.get(usize::from(*self.ids.last()?))
    }

    fn intern(&mut self, name: &[u8]) -> u16 {
        if let Some(id) = self.names.iter().position(|known| *known.text == *name) {
            return id as u16;
        }
        if self.names.len() == usize::from(OVERFLOW) {
            return OVERFLOW;
        }
        self.names.push(Name { text: name.into(), found: super::find(name) });
        (self.names.len() - 1) as u16
    }

    pub(crate) fn clear(&mut self) {
        self.names.clear();
        self.ids.clear();
        self.has_writes = false;
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn name(&self, index: usize) -> Option<&[u8]> {
        let id = *self.ids.get(index)?;
        Some(self.names.get(usize::from(id)).map_or(b"?", |name| &name.text))
    }

    /// Whether every command only reads.
    pub(crate) fn all_read_only(&self) -> bool {
        !self.has_writes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Place, admit_found};

    #[test]
    fn names_come_back_in_order() {
        let mut log = CommandLog::default();
        for name in ["SET", "SET", "GET", "SET"] {
            log.push(name.as_bytes());
        }
        let names: Vec<_> = (0..log.len()).map(|index| log.name(index).unwrap()).collect();
        assert_eq!(names, [b"SET", b"SET", b"GET", b"SET"]);
        assert_eq!(log.name(4), None);
        assert!(!log.all_read_only());
        log.clear();
        log.push(b"get");
        assert!(log.all_read_only());
    }

    #[test]
    fn one_search_serves_admission_and_log_for_as_long_as_the_name_stays_the_same() {
        let mut log = CommandLog::default();
        let mut add = |line: &str| {
            let args: Vec<_> = line.split(' ').collect();
            let found = log.find(args[0].as_bytes());
            assert!(
                found.map(|info| info.name) == super::super::find(args[0].as_bytes()).map(|info| info.name)
            );
            let admission = admit_found(found, &args, Place::Shared).unwrap();
            let is_new_stranger = log.add(args[0].as_bytes(), &admission);
            (is_new_stranger, log.all_read_only())
        };
        assert_eq!(add("GET k"), (false, true));
        assert_eq!(add("GET l"), (false, true));
        assert_eq!(add("OBJECT FREQ k"), (false, true));
        assert_eq!(add("OBJECT HELP"), (false, false));
        assert_eq!(add("X.Y k"), (true, false));
        assert_eq!(add("X.Y k"), (false, false));
        assert_eq!(add("get k"), (false, false));
        assert_eq!(log.name(6), Some(&b"get"[..]));
        log.clear();
        assert!(log.all_read_only() && log.len() == 0);
    }

    #[test]
    fn too_many_names_share_a_question_mark_and_count_as_writes() {
        let mut log = CommandLog::default();
        for n in 0..1000 {
            log.push(format!("CMD{n}").as_bytes());
        }
        assert_eq!(log.name(255), Some(&b"CMD255"[..]));
        assert_eq!(log.name(999), Some(&b"?"[..]));
        assert!(!log.all_read_only());
    }
}
