//! What the server has said about commands that are not in the table.

use std::collections::HashMap;

use crate::driver::{Link, Payload};
use crate::error::{ErrorKind, Outcome, Progress, Result};
use crate::resp::{self, Kind, Reply, ReplyBuilder};
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

    /// Whether the server may hold back the reply to this command. Asks over `link` the first time. No answer counts as no;
    /// without a connection, the next call asks again.
    ///
    /// # Errors
    /// The caller is not to wait any longer.
    #[cold]
    pub(super) fn blocks(&self, name: &[u8], link: &Link) -> Result<bool> {
        if let Some(blocks) = self.recall(name) {
            return Ok(blocks);
        }
        let name = name.to_ascii_uppercase();
        let blocks = match ask(&name, link) {
            Ok(reply) => flags_say_blocking(&reply),
            Err(error) => match error.kind() {
                // The question must not cost every call its time.
                ErrorKind::Timeout => false,
                ErrorKind::Interrupted | ErrorKind::Closed | ErrorKind::Busy => {
                    return Err(error.with_progress(Progress::default()).with_outcome(Outcome::NotApplied));
                }
                _ => return Ok(false),
            },
        };
        let mut answers = lock(self.0.get(Mutex::default)).0;
        if answers.len() < LIMIT {
            answers.insert(name.into(), blocks);
        }
        Ok(blocks)
    }
}

fn ask(name: &[u8], link: &Link) -> Result<Reply> {
    let mut reply = ReplyBuilder::new();
    let payload = Payload {
        commands: 1,
        size_hint: name.len(),
        write: &|out| resp::encode_command(out, &[b"COMMAND".as_slice(), b"INFO", name]),
        read_only: &|| true,
        blocking: None,
        atomic: false,
    };
    let mut keep = |nodes: &[resp::Node], bytes: &[u8]| {
        reply.append(nodes, bytes);
        true
    };
    link.call(&payload, &mut keep).map(|()| reply.finish())
}

/// `COMMAND INFO` answers with an array of one command, whose third element are its flags; or of null for an unknown one.
fn flags_say_blocking(reply: &Reply) -> bool {
    let Some(flags) = reply.root().get(0).and_then(|command| command.get(2)) else { return false };
    matches!(flags.kind(), Kind::Array | Kind::Set)
        && flags.children().any(|flag| flag.bytes() == Some(b"blocking"))
}
