//! Building a reply from parts, and reading it.

use oxipipe::resp::{Kind, Limits, Node, Parsed, Parser, Reply, ReplyBuilder};

#[path = "../fuzz/harness.rs"]
#[allow(dead_code, unreachable_pub, reason = "this file needs a part of it")]
mod harness;

use harness::{checked, nodes_of, oracle};

fn reply(wire: &[u8]) -> Reply {
    let mut builder = ReplyBuilder::new();
    builder.append(&nodes_of(wire), wire);
    let reply = builder.finish();
    checked(&reply);
    reply
}

#[test]
fn accessors_answer_for_their_kind_only() {
    let wire = b"*10\r\n:-5\r\n,2.5\r\n#t\r\n_\r\n+OK\r\n-ERR no\r\n$3\r\na\xffb\r\n(123\r\n=7\r\ntxt:abc\r\n~1\r\n:1\r\n";
    let reply = reply(wire);
    let values: Vec<_> = reply.root().children().collect();
    let answers = |answer: fn(oxipipe::resp::Value<'_>) -> bool| -> Vec<usize> {
        (0..values.len()).filter(|&i| answer(values[i])).collect()
    };
    assert_eq!(answers(|value| value.as_int() == Some(-5)), [0]);
    assert_eq!(answers(|value| value.as_int().is_some()), [0]);
    assert_eq!(answers(|value| value.as_double().is_some()), [1]);
    assert_eq!(answers(|value| value.as_bool().is_some()), [2]);
    assert_eq!(answers(|value| value.is_null()), [3]);
    assert_eq!(answers(|value| value.bytes().is_some()), [4, 5, 6, 7, 8]);
    assert_eq!(answers(|value| value.as_str().is_some()), [4, 5, 7, 8]);
    assert_eq!(answers(|value| value.error().is_some()), [5]);
    assert_eq!(answers(|value| value.verbatim_format() == Some(b"txt")), [8]);
    assert_eq!(answers(|value| !value.is_empty()), [4, 5, 6, 7, 8, 9]);
    assert_eq!(values[8].as_str(), Some("abc"));
    assert_eq!(values[9].get(0).and_then(|value| value.as_int()), Some(1));
    assert!(values[9].get(1).is_none() && values[0].get(0).is_none());
    assert_eq!(reply.at(1).map(|value| value.kind()), Some(Kind::Integer));
    assert!(reply.at(reply.nodes().len()).is_none());
}

#[test]
fn attributes_are_beside_the_values_not_among_them() {
    let reply = reply(b"|1\r\n+a\r\n:1\r\n*3\r\n:10\r\n|1\r\n+ttl\r\n:3600\r\n|0\r\n*1\r\n:20\r\n:30\r\n");
    let root = reply.root();
    assert_eq!((root.kind(), root.len(), root.children().count()), (Kind::Array, 3, 3));
    assert_eq!(root.attribute().unwrap().get(0).unwrap().as_str(), Some("a"));
    let inner = root.get(1).unwrap();
    assert_eq!(inner.get(0).unwrap().as_int(), Some(20));
    let nearest = inner.attribute().unwrap();
    assert!(nearest.is_empty());
    assert_eq!(nearest.attribute().unwrap().get(1).unwrap().as_int(), Some(3600));
    assert!(nearest.attribute().unwrap().attribute().is_none());
    assert!(root.get(0).unwrap().attribute().is_none());
    assert!(root.get(2).unwrap().attribute().is_none());
    // Subtrees include attributes: the sibling behind is found by the size alone.
    let sibling = root.index() + 1 + root.node().value as usize;
    assert_eq!(sibling, reply.nodes().len());
}

/// Parts cut between any two nodes build the same reply as one part.
#[test]
fn parts_may_end_anywhere() {
    let wire: &[u8] = b"*3\r\n%1\r\n+k\r\n=5\r\ntxt:v\r\n|1\r\n+x\r\n*0\r\n*2\r\n$1\r\na\r\n:1\r\n_\r\n";
    let nodes = nodes_of(wire);
    let whole = checked(&reply(wire));
    for first in 0..=nodes.len() {
        for second in first..=nodes.len() {
            let mut builder = ReplyBuilder::new();
            builder.append(&nodes[..first], wire);
            builder.append(&nodes[first..second], wire);
            builder.append(&nodes[second..], wire);
            assert_eq!(checked(&builder.finish()), whole);
        }
    }
}

#[test]
fn a_root_array_counts_its_replies() {
    let wire: &[u8] = b":1\r\n*2\r\n:2\r\n:3\r\n|1\r\n+a\r\n+b\r\n$1\r\nx\r\n+OK\r\n-ERR\r\n";
    let nodes = nodes_of(wire);
    for cut in 0..=nodes.len() {
        let mut builder = ReplyBuilder::with_root_array();
        assert!(builder.is_empty());
        builder.append(&nodes[..cut], wire);
        builder.append(&nodes[cut..], wire);
        assert_eq!(builder.nodes_len(), nodes.len());
        let reply = builder.finish();
        checked(&reply);
        assert_eq!((reply.root().len(), reply.root().children().count()), (5, 5));
        assert_eq!(reply.root().get(2).unwrap().attribute().unwrap().len(), 2);
        assert_eq!(reply.root().get(4).unwrap().error(), Some(&b"ERR"[..]));
    }
}

#[test]
fn only_complete_replies_are_in_the_result() {
    let wire: &[u8] = b":1\r\n|1\r\n+a\r\n+b\r\n*2\r\n:2\r\n:3\r\n";
    let nodes = nodes_of(wire);
    for kept in 0..nodes.len() {
        let mut builder = ReplyBuilder::with_root_array();
        builder.append(&nodes[..kept], wire);
        let reply = builder.finish();
        assert_eq!(reply.root().children().count(), usize::from(kept > 0));
        checked(&reply);
    }
    let mut builder = ReplyBuilder::new();
    builder.append(&nodes[1..5], wire);
    assert!(builder.finish().root().is_null());
    assert!(ReplyBuilder::new().finish().root().is_null());
    assert!(ReplyBuilder::with_root_array().finish().root().is_empty());
}

/// Parts taken out while a reply streams by are, put behind each other, the streamed nodes.
#[test]
fn parts_taken_out_are_in_streamed_form() {
    let wire: &[u8] = b"*2\r\n*2\r\n$1\r\na\r\n=5\r\ntxt:v\r\n%1\r\n+k\r\n:2\r\n:5\r\n";
    let nodes = nodes_of(wire);
    for rooted in [false, true] {
        for size in 1..=nodes.len() {
            let mut builder = if rooted { ReplyBuilder::with_root_array() } else { ReplyBuilder::new() };
            let mut streamed = Vec::new();
            for part in nodes.chunks(size) {
                builder.append(part, wire);
                assert!(!builder.is_empty());
                let (nodes, bytes) = builder.take_part();
                assert!(builder.is_empty());
                streamed.extend(oracle::flat(&nodes, &bytes));
            }
            assert_eq!(streamed, oracle::flat(&nodes, wire));
        }
    }
}

#[test]
fn a_reply_can_cross_threads() {
    fn crosses<T: Send + Sync + Clone + 'static>() {}
    crosses::<Reply>();
    fn moves<T: Send + 'static>() {}
    moves::<Parser>();
    moves::<ReplyBuilder>();
}

#[test]
fn offsets_count_from_the_start_of_the_window() {
    let window = b"rubbish+OK\r\n";
    let (mut pos, mut nodes) = (7, Vec::new());
    assert_eq!(Parser::new(Limits::default()).parse(window, &mut pos, &mut nodes), Ok(Parsed::Reply));
    assert_eq!(nodes, [Node { kind: Kind::Status as u8, len: 2, value: 8, ..Node::default() }]);
    assert_eq!(pos, window.len());
}
