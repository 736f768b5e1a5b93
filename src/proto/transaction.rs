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
pub(crate) fn results(replies: &Reply, commands: usize) -> Result<Reply> {
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
        Kind::Error => in_place(root, exec, commands),
        Kind::Array if exec.len() != commands => Err(Error::new(
            ErrorKind::Protocol,
            "EXEC answered with another number of replies than it had commands",
        )
        .with_outcome(Outcome::Unknown)),
        Kind::Array | Kind::Null => subtree(replies, exec),
        _ => Err(Error::new(ErrorKind::Protocol, "EXEC answered with something else than replies")
            .with_outcome(Outcome::Unknown)),
    }
}

/// An array or null inside a reply as a reply of its own.
fn subtree(replies: &Reply, value: Value<'_>) -> Result<Reply> {
    let descendants = if value.kind() == Kind::Array { value.node().value as usize } else { 0 };
    let nodes = &replies.nodes()[value.index()..][..=descendants];
    let mut builder = ReplyBuilder::new();
    builder.try_append(nodes, replies.bytes())?;
    Ok(builder.finish())
}

/// Each command's own error if it has one, else that of EXEC.
fn in_place(root: Value<'_>, exec: Value<'_>, commands: usize) -> Result<Reply> {
    let mut builder = ReplyBuilder::with_root_array();
    for reply in root.children().skip(1).take(commands) {
        let text = reply.error().or(exec.error()).unwrap_or_default();
        let node = Node { kind: Kind::Error as u8, len: text.len() as u32, ..Node::default() };
        builder.try_append(&[node], text)?;
    }
    Ok(builder.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::{Limits, Parsed, Parser};

    fn of(wire: &str, commands: usize) -> Result<Reply> {
        let mut parser = Parser::new(Limits::default());
        let mut builder = ReplyBuilder::with_root_array();
        let (mut pos, mut nodes) = (0, Vec::new());
        while let Parsed::Reply = parser.parse(wire.as_bytes(), &mut pos, &mut nodes).unwrap() {
            builder.append(&nodes, wire.as_bytes());
            nodes.clear();
        }
        results(&builder.finish(), commands)
    }

    #[test]
    fn the_array_of_exec_is_the_result() {
        let reply =
            of("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n*2\r\n:1\r\n$1\r\na\r\n-WRONGTYPE x\r\n", 2).unwrap();
        assert_eq!(reply.root().len(), 2);
        assert_eq!(reply.root().get(0).unwrap().get(1).unwrap().bytes(), Some(&b"a"[..]));
        assert_eq!(reply.root().get(1).unwrap().error(), Some(&b"WRONGTYPE x"[..]));
    }

    #[test]
    fn a_discarded_transaction_has_an_error_in_each_place() {
        let reply = of("+OK\r\n-ERR one\r\n+QUEUED\r\n-EXECABORT all\r\n", 2).unwrap();
        let errors: Vec<_> = reply.root().children().map(|reply| reply.error().unwrap()).collect();
        assert_eq!(errors, [&b"ERR one"[..], b"EXECABORT all"]);
    }

    #[test]
    fn a_watched_key_gives_null() {
        assert!(of("+OK\r\n+QUEUED\r\n_\r\n", 1).unwrap().root().is_null());
        assert!(of("+OK\r\n+QUEUED\r\n*-1\r\n", 1).unwrap().root().is_null());
    }

    #[test]
    fn what_was_no_transaction_is_an_error() {
        for wire in [
            "-NOPERM multi\r\n+OK\r\n-ERR EXEC without MULTI\r\n",
            "+OK\r\n+QUEUED\r\n+OK\r\n",
            "+OK\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n",
            "+OK\r\n+QUEUED\r\n%1\r\n:1\r\n:2\r\n",
        ] {
            let error = of(wire, 1).unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome()),
                (ErrorKind::Protocol, Some(Outcome::Unknown)),
                "{wire}"
            );
        }
    }
}
