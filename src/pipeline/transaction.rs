//! The replies to MULTI, the queued commands and EXEC, as one reply per command.

use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::resp::{Kind, Node, Reply, ReplyBuilder, Value};

/// From the array of all replies on the wire to the array that the caller expects.
///
/// ```text
///   MULTI +OK   commands +QUEUED ...      EXEC array            -> the array
///   MULTI +OK   some -ERR at queueing     EXEC -EXECABORT       -> those errors in their places, EXECABORT in the others
///   MULTI +OK   commands +QUEUED ...      EXEC nil              -> null
///   MULTI -ERR  (the commands ran alone)  EXEC -ERR             -> an error: it was no transaction
/// ```
pub(super) fn results(replies: &Reply, commands: usize) -> Result<Reply> {
    let root = replies.root();
    let (Some(multi), Some(exec)) = (root.get(0), root.get(commands + 1)) else {
        return Err(Error::new(ErrorKind::Protocol, "a transaction has too few replies"));
    };
    if let Some(text) = multi.error() {
        let text = String::from_utf8_lossy(text);
        let message = format!("MULTI was refused, the commands ran without a transaction: {text}");
        return Err(Error::new(ErrorKind::Protocol, message).with_outcome(Outcome::Unknown));
    }
    match exec.kind() {
        Kind::Error => Ok(in_place(root, exec, commands)),
        Kind::Array if exec.len() != commands => Err(Error::new(
            ErrorKind::Protocol,
            "EXEC answered with another number of replies than it had commands",
        )
        .with_outcome(Outcome::Unknown)),
        _ => Ok(subtree(replies, exec)),
    }
}

/// One value of a reply as a reply of its own.
fn subtree(replies: &Reply, value: Value<'_>) -> Reply {
    let nodes = &replies.nodes()[value.index()..][..=value.node().value as usize];
    let mut builder = ReplyBuilder::new();
    builder.append(nodes, replies.bytes());
    builder.finish()
}

/// Each command's own error if it has one, else that of EXEC.
fn in_place(root: Value<'_>, exec: Value<'_>, commands: usize) -> Reply {
    let mut builder = ReplyBuilder::with_root_array();
    for reply in root.children().skip(1).take(commands) {
        let text = reply.error().or(exec.error()).unwrap_or_default();
        let node = Node { kind: Kind::Error as u8, len: text.len() as u32, ..Node::default() };
        builder.append(&[node], text);
    }
    builder.finish()
}
