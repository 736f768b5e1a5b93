//! Where top-level replies end.

use super::node::{Kind, Node};

/// Follows streamed nodes from reply to reply without keeping them.
#[derive(Default)]
pub(crate) struct ReplyEnds {
    /// Aggregates under way, outermost first.
    open: Vec<Open>,
}

struct Open {
    /// Children still to come.
    left: u32,
    attribute: bool,
}

impl ReplyEnds {
    /// Takes nodes up to the end of the reply under way and says how many; `None` if all of them belong to it and more has to
    /// come.
    #[inline]
    pub(crate) fn advance(&mut self, nodes: &[Node]) -> Option<usize> {
        if self.open.is_empty() && nodes.first().is_some_and(|node| !node.is_aggregate()) {
            return Some(1);
        }
        self.walk(nodes)
    }

    fn walk(&mut self, nodes: &[Node]) -> Option<usize> {
        for (index, node) in nodes.iter().enumerate() {
            let attribute = node.kind == Kind::Attribute as u8;
            if node.is_aggregate() && node.len > 0 {
                self.open.push(Open { left: node.len, attribute });
            } else if !attribute && self.close() {
                return Some(index + 1);
            }
        }
        None
    }

    /// A value is complete, and with it perhaps the aggregates around it. True if that was the reply.
    fn close(&mut self) -> bool {
        while let Some(open) = self.open.last_mut() {
            open.left -= 1;
            if open.left > 0 {
                return false;
            }
            let attribute = open.attribute;
            self.open.pop();
            if attribute {
                // What it annotates is still to come.
                return false;
            }
        }
        true
    }
}

/// The index of the value itself in the nodes of one whole reply: behind the attributes that annotate it, if there are any.
pub(crate) fn value_at(reply: &[Node]) -> usize {
    let mut at = 0;
    while reply.get(at).is_some_and(|node| node.kind == Kind::Attribute as u8) {
        // Its entries are as many values, each of which ends like a reply.
        let entries = reply[at].len;
        at += 1;
        for _ in 0..entries {
            at += ReplyEnds::default().advance(&reply[at..]).unwrap_or(reply.len() - at);
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::{Limits, Parser};

    /// The number of nodes of each top-level reply, nodes handed over `step` at a time.
    fn ends(wire: &str, step: usize) -> Vec<usize> {
        let (mut parser, mut pos, mut nodes) = (Parser::new(Limits::default()), 0, Vec::new());
        while pos < wire.len() {
            parser.parse(wire.as_bytes(), &mut pos, &mut nodes).unwrap();
        }
        let (mut walk, mut ends, mut size) = (ReplyEnds::default(), Vec::new(), 0);
        for part in nodes.chunks(step) {
            let mut rest = part;
            while !rest.is_empty() {
                match walk.advance(rest) {
                    Some(count) => {
                        ends.push(size + count);
                        size = 0;
                        rest = &rest[count..];
                    }
                    None => {
                        size += rest.len();
                        rest = &[];
                    }
                }
            }
        }
        ends
    }

    #[test]
    fn replies_end_where_their_last_node_does_however_they_are_cut() {
        let wire = "+OK\r\n*2\r\n:1\r\n*2\r\n$1\r\na\r\n_\r\n*0\r\n|1\r\n+k\r\n:1\r\n*1\r\n|1\r\n+k\r\n*1\r\n:1\r\n:5\r\n%1\r\n+a\r\n*0\r\n:9\r\n";
        for step in [1, 2, 3, 100] {
            assert_eq!(ends(wire, step), [1, 5, 1, 9, 3, 1], "{step}");
        }
    }

    #[test]
    fn a_value_is_found_behind_its_attributes() {
        for (wire, at) in [
            ("-ERR\r\n", 0),
            ("|1\r\n+k\r\n*2\r\n:1\r\n:2\r\n-ERR\r\n", 5),
            ("|0\r\n|2\r\n+a\r\n+b\r\n|1\r\n+c\r\n+d\r\n:4\r\n:5\r\n$1\r\na\r\n", 9),
        ] {
            let (mut parser, mut pos, mut nodes) = (Parser::new(Limits::default()), 0, Vec::new());
            parser.parse(wire.as_bytes(), &mut pos, &mut nodes).unwrap();
            assert_eq!(value_at(&nodes), at, "{wire}");
        }
        assert_eq!(value_at(&[]), 0);
    }
}
