//! Which command stands at which place of a pipeline, in two bytes each.

/// The names of a pipeline's commands in order. Names are interned, because pipelines repeat a few names many times.
#[derive(Default)]
pub(crate) struct CommandLog {
    names: Vec<Box<[u8]>>,
    ids: Vec<u16>,
}

/// Stands for every name that found no place; more distinct names than this hardly ever meet in one pipeline.
const OVERFLOW: u16 = 256;

impl CommandLog {
    /// Whether the name is one that the table does not know and that is new in here.
    #[inline]
    pub(crate) fn push(&mut self, name: &[u8]) -> bool {
        // The same command as before is by far the most common case.
        if let Some(&id) = self.ids.last()
            && self.names.get(usize::from(id)).is_some_and(|known| **known == *name)
        {
            self.ids.push(id);
            return false;
        }
        let names = self.names.len();
        let id = self.intern(name);
        self.ids.push(id);
        self.names.len() > names && !super::is_known(name)
    }

    fn intern(&mut self, name: &[u8]) -> u16 {
        if let Some(id) = self.names.iter().position(|known| **known == *name) {
            return id as u16;
        }
        if self.names.len() == usize::from(OVERFLOW) {
            return OVERFLOW;
        }
        self.names.push(name.into());
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
        Some(self.names.get(usize::from(id)).map_or(b"?", |name| name))
    }

    /// Whether every command only reads. Subcommands are not kept, so container commands count as writes.
    pub(crate) fn all_read_only(&self) -> bool {
        self.names.len() < usize::from(OVERFLOW)
            && self.names.iter().all(|name| super::is_read_only(name, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
