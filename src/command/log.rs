//! Which command stands at which place of a pipeline, in two bytes each.

use super::Found;

/// The names of a pipeline's commands in order. Names are interned, because pipelines repeat a few names many times.
#[derive(Default)]
pub(crate) struct CommandLog {
    names: Vec<Name>,
    ids: Vec<u16>,
}

struct Name {
    /// As it was given.
    text: Box<[u8]>,
    found: Found,
}

/// What looking up a name came to.
#[derive(Clone, Copy)]
pub(crate) struct LookedUp {
    pub(crate) found: Found,
    /// It is the name of the command before.
    is_repeated: bool,
}

/// Stands for every name that found no place; more distinct names than this hardly ever meet in one pipeline.
const OVERFLOW: u16 = 256;

impl CommandLog {
    /// Looks up a name. The same name as that of the command before, by far the most common case, is not searched for.
    #[inline]
    pub(crate) fn look_up(&self, name: &[u8]) -> LookedUp {
        match self.last() {
            Some(last) if *last.text == *name => LookedUp { found: last.found, is_repeated: true },
            _ => LookedUp { found: super::find(name), is_repeated: false },
        }
    }

    /// Adds a command that was looked up since the last one was added. Whether its name is one that the table does not know and
    /// that is new in here, or found no place.
    #[inline]
    pub(crate) fn add(&mut self, name: &[u8], looked_up: LookedUp) -> bool {
        if looked_up.is_repeated
            && let Some(&id) = self.ids.last()
        {
            self.ids.push(id);
            return false;
        }
        let names = self.names.len();
        let id = self.intern(name, looked_up.found);
        self.ids.push(id);
        looked_up.found.is_none() && (self.names.len() > names || id == OVERFLOW)
    }

    #[inline]
    fn last(&self) -> Option<&Name> {
        self.names.get(usize::from(*self.ids.last()?))
    }

    fn intern(&mut self, name: &[u8], found: Found) -> u16 {
        if let Some(id) = self.names.iter().position(|known| *known.text == *name) {
            return id as u16;
        }
        if self.names.len() == usize::from(OVERFLOW) {
            return OVERFLOW;
        }
        self.names.push(Name { text: name.into(), found });
        (self.names.len() - 1) as u16
    }

    pub(crate) fn clear(&mut self) {
        self.names.clear();
        self.ids.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn name(&self, index: usize) -> Option<&[u8]> {
        let id = *self.ids.get(index)?;
        Some(self.names.get(usize::from(id)).map_or(b"?", |name| &name.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the name is a stranger's and new in there.
    fn add(log: &mut CommandLog, line: &str) -> bool {
        let args: Vec<_> = line.split(' ').collect();
        let looked_up = log.look_up(args[0].as_bytes());
        let found = super::super::find(args[0].as_bytes());
        assert!(looked_up.found.map(|info| info.name) == found.map(|info| info.name));
        log.add(args[0].as_bytes(), looked_up)
    }

    #[test]
    fn names_come_back_in_order_and_strangers_are_told_once() {
        let mut log = CommandLog::default();
        for (line, is_new_stranger) in [
            ("SET k v", false),
            ("SET l v", false),
            ("GET k", false),
            ("X.Y k", true),
            ("X.Y k", false),
            ("SET k v", false),
            ("X.Y k", false),
            ("get k", false),
        ] {
            assert_eq!(add(&mut log, line), is_new_stranger, "{line}");
        }
        let names: Vec<_> = (0..log.len()).map(|index| log.name(index).unwrap()).collect();
        assert_eq!(names, [&b"SET"[..], b"SET", b"GET", b"X.Y", b"X.Y", b"SET", b"X.Y", b"get"]);
        assert_eq!(log.name(8), None);
        log.clear();
        assert_eq!(log.len(), 0);
    }

    #[test]
    fn too_many_names_share_a_question_mark() {
        let mut log = CommandLog::default();
        for n in 0..1000 {
            // None goes unasked.
            assert!(add(&mut log, &format!("CMD{n}")));
        }
        assert!(add(&mut log, "CMD500") && !add(&mut log, "CMD50") && !add(&mut log, "GET"));
        assert_eq!(log.name(255), Some(&b"CMD255"[..]));
        assert_eq!(log.name(999), Some(&b"?"[..]));
    }
}
