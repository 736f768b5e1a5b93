//! What the server has said about commands that are not in the table.

use std::collections::HashMap;
use std::time::Instant;

use crate::driver::blocking::{Collected, Link, Work};
use crate::error::{ErrorKind, Outcome, Progress, Result};
use crate::proto::Form;
use crate::resp::{self, Kind, Reply, Value};
use crate::sync::{Mutex, lock};
use crate::transport::fork::PerProcess;

/// Which unknown commands block, asked once per name. Commands of modules, and of servers newer than the table.
pub(super) struct Learned(PerProcess<Mutex<Answers>>);

type Answers = HashMap<Box<[u8]>, bool>;

/// Programs use few names; one that makes them up must not fill the memory.
const LIMIT: usize = 1000;

impl Learned {
    pub(super) fn new() -> Self {
        Self(PerProcess::new(Mutex::default()))
    }

    /// What has been said before.
    pub(super) fn recall(&self, name: &[u8]) -> Option<bool> {
        lock(self.0.get(Mutex::default)).0.get(name.to_ascii_uppercase().as_slice()).copied()
    }

    /// Whether the server may hold back the reply to one of these commands. Asks over `link` about those that were never asked
    /// about, within the time of a call that began at `start`. No answer counts as no; without a connection, the next call asks
    /// again.
    ///
    /// # Errors
    /// The caller is not to wait any longer.
    #[cold]
    pub(super) fn blocks(&self, names: &[&[u8]], link: &Link, start: Instant) -> Result<bool> {
        let (mut blocks, mut unknown) = (false, Vec::new());
        for name in names {
            match self.recall(name) {
                Some(known) => blocks |= known,
                None => unknown.push(name.to_ascii_uppercase()),
            }
        }
        if unknown.is_empty() {
            return Ok(blocks);
        }
        let reply = match ask(&unknown, link, start) {
            Ok(reply) => reply,
            Err(error) => match error.kind() {
                ErrorKind::Timeout | ErrorKind::Interrupted | ErrorKind::Closed | ErrorKind::Busy => {
                    // The question is not the caller's command, of which nothing has left.
                    return Err(error.with_progress(Progress::default()).with_outcome(Outcome::NotApplied));
                }
                _ => return Ok(blocks),
            },
        };
        let mut answers = lock(self.0.get(Mutex::default)).0;
        for (index, name) in unknown.into_iter().enumerate() {
            let answer = reply.root().get(index).is_some_and(flags_say_blocking);
            blocks |= answer;
            if answers.len() < LIMIT {
                answers.insert(name.into(), answer);
            }
        }
        Ok(blocks)
    }
}

fn ask(names: &[Vec<u8>], link: &Link, start: Instant) -> Result<Reply> {
    let mut args = vec![&b"COMMAND"[..], b"INFO"];
    args.extend(names.iter().map(Vec::as_slice));
    let write = &|out: &mut Vec<u8>| resp::encode_command(out, &args);
    let work = Work { form: Form::Command, commands: 1, write, blocking: None, start };
    let mut reply = Collected::reply();
    let result = link.call(&work, &mut reply);
    reply.finish(result)
}

/// `COMMAND INFO` answers with an array whose elements have the flags in the third place, or are null for an unknown command.
fn flags_say_blocking(command: Value<'_>) -> bool {
    let Some(flags) = command.get(2) else { return false };
    matches!(flags.kind(), Kind::Array | Kind::Set)
        && flags.children().any(|flag| flag.bytes() == Some(b"blocking"))
}
