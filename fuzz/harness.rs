//! What the fuzz targets check.
//!
//! One function per target, each taking any bytes and panicking when the crate misbehaves. They are
//! shared between the libFuzzer targets in `fuzz_targets/` and `tests/resp_fuzz_short.rs`, which
//! replays the corpora and a bounded number of mutations with an ordinary `cargo test`.

use oxipipe::resp::{
    Limits, Node, Parsed, Parser, ProtocolErrorKind, Reply, ReplyBuilder, encode_command, encode_packed,
    whole_commands,
};

#[path = "../tests/support/oracle.rs"]
pub mod oracle;

use oracle::{Decoded, Item, Tree};

/// Whatever the bytes: no panic, nodes that stay inside their bounds and cost no more than their
/// bytes, and an error that stays. The first byte chooses the limits.
pub fn parser(data: &[u8]) {
    let Some((&choice, input)) = data.split_first() else { return };
    let mut parser = Parser::new(limits(choice));
    let mut builder = ReplyBuilder::with_root_array();
    let mut nodes = Vec::new();
    let mut pos = 0;
    let mut replies = 0;
    let mut push_from = None;
    let error = loop {
        let before = pos;
        let parsed = parser.parse(input, &mut pos, &mut nodes);
        assert!(before <= pos && pos <= input.len());
        match parsed {
            Ok(Parsed::Interrupted) => push_from = Some(nodes.len()),
            // It is no part of the reply that it interrupts.
            Ok(Parsed::Push) if push_from.is_some() => nodes.truncate(push_from.take().unwrap_or(0)),
            Ok(Parsed::Incomplete { missing }) => {
                assert!(missing > 0);
                break None;
            }
            Ok(_) => {
                assert!(pos > before, "a reply of no bytes");
                replies += 1;
            }
            Err(error) => break Some(error),
        }
    };
    assert!(nodes.len() <= input.len() / 3 + 1, "every value takes three bytes");
    for node in oracle::flat(&nodes, input) {
        assert!(!node.kind.is_aggregate() || node.value == 0, "a subtree size in the streamed form");
    }
    if let Some(from) = push_from {
        nodes.truncate(from);
    }
    if let Some(error) = error {
        assert_eq!(parser.parse(input, &mut pos, &mut nodes), Err(error.clone()));
        assert_eq!(parser.parse(b":1\r\n", &mut 0, &mut nodes), Err(error.clone()));
        assert!(error.message.is_ascii() && error.message.len() < 200);
    }
    builder.append(&nodes, input);
    let reply = builder.finish();
    assert_eq!(reply.root().len(), replies);
    assert_eq!(reply.root().children().count(), replies);
    assert_eq!(reply.nodes()[0].value as usize, reply.nodes().len() - 1);
    assert!(reply.bytes().len() <= input.len());
}

/// The parser says what the oracle says, reply by reply. The first byte chooses the limits.
pub fn parser_vs_oracle(data: &[u8]) {
    let Some((&choice, input)) = data.split_first() else { return };
    let limits = limits(choice);
    agree(&expected(input, limits), &drive(input, limits, &[]));
}

/// The parser says the same however its input is cut. The first byte chooses the limits, the next
/// four the cuts.
pub fn split_anywhere(data: &[u8]) {
    let Some((&[choice, seed @ ..], input)) = data.split_first_chunk::<5>() else { return };
    let limits = limits(choice);
    let expected = expected(input, limits);
    let mut random = Random::new(u64::from(u32::from_le_bytes(seed)));
    for longest in [1, 2, 7, 64] {
        let mut cuts = Vec::new();
        let mut at = 0;
        while at < input.len() && cuts.len() < 10_000 {
            at += 1 + random.below(longest);
            cuts.push(at.min(input.len()));
        }
        agree(&expected, &drive(input, limits, &cuts));
    }
}

/// The oracle reads back what the encoder wrote, and every cut holds as many whole commands as it
/// should. The input is a list of commands: number of arguments, then length and bytes of each.
pub fn encode(data: &[u8]) {
    let commands = commands(data);
    let mut encoded = Vec::new();
    let mut packed = Vec::new();
    let mut ends = Vec::new();
    for args in &commands {
        encode_command(&mut encoded, args);
        let lens: Vec<u32> = args.iter().map(|arg| arg.len() as u32).collect();
        let slab = args.concat();
        assert_eq!(encode_packed(&mut packed, &slab, &lens), Some(slab.len()));
        ends.push(encoded.len());
    }
    assert_eq!(encoded, packed);

    let mut rest = &encoded[..];
    for args in &commands {
        let Decoded::Whole(item, used) = oracle::decode(rest, Limits::default()) else {
            panic!("not decodable: {rest:?}");
        };
        let strings = args.iter().map(|arg| Tree::String(arg.to_vec()).into()).collect();
        assert_eq!(item, Tree::Array(strings).into());
        rest = &rest[used..];
    }
    assert!(rest.is_empty());

    let step = 1 + encoded.len() / 500;
    for sent in (0..=encoded.len()).step_by(step) {
        assert_eq!(whole_commands(&encoded, sent), ends.iter().filter(|end| **end <= sent).count());
    }
    assert_eq!(whole_commands(&encoded, usize::MAX), commands.len());
}

/// What an input held, in comparable form.
#[derive(Debug)]
pub struct Run {
    /// Each top-level value with the offset of its end.
    pub replies: Vec<(Item, usize)>,
    pub error: Option<ProtocolErrorKind>,
}

/// What the oracle finds in `input`.
pub fn expected(input: &[u8], limits: Limits) -> Run {
    let mut run = Run { replies: Vec::new(), error: None };
    let mut at = 0;
    loop {
        let (pushes, decoded) = oracle::decode_all(&input[at..], limits);
        run.replies.extend(pushes.into_iter().map(|(push, end)| (push, at + end)));
        match decoded {
            Decoded::Whole(item, used) => {
                at += used;
                run.replies.push((item, at));
            }
            Decoded::Incomplete => return run,
            Decoded::Bad(kind) => {
                run.error = Some(kind);
                return run;
            }
        }
    }
}

/// What the parser finds in `input` when it arrives up to one of `cuts` at a time, the rest last.
/// Every arrival is presented in a fresh buffer.
pub fn drive(input: &[u8], limits: Limits, cuts: &[usize]) -> Run {
    let mut run = Run { replies: Vec::new(), error: None };
    let mut parser = Parser::new(limits);
    let (mut builder, mut interrupted) = (ReplyBuilder::new(), None);
    let mut consumed = 0;
    let mut needed = 0;
    for &end in cuts.iter().chain([&input.len()]) {
        // A copy of its own: nothing may be remembered by address, and reading beyond is caught.
        let window = input[consumed..end].to_vec();
        let mut pos = 0;
        let mut nodes = Vec::new();
        loop {
            nodes.clear();
            let before = pos;
            let parsed = parser.parse(&window, &mut pos, &mut nodes);
            builder.append(&nodes, &window);
            match parsed {
                Ok(Parsed::Incomplete { missing }) => {
                    if end < needed {
                        assert_eq!((pos, nodes.len()), (0, 0), "progress with bytes missing");
                    }
                    needed = end + missing;
                    break;
                }
                Ok(Parsed::Interrupted) => {
                    assert!(interrupted.is_none(), "a push inside of a push");
                    interrupted = Some(std::mem::take(&mut builder));
                }
                Ok(parsed) => {
                    assert!(end >= needed, "a reply with bytes missing");
                    assert!(pos > before);
                    let around = interrupted.take().unwrap_or_default();
                    let reply = std::mem::replace(&mut builder, around).finish();
                    let item = checked(&reply);
                    let is_push = matches!(item.tree, Tree::Push(_));
                    assert_eq!(parsed, if is_push { Parsed::Push } else { Parsed::Reply });
                    run.replies.push((item, consumed + pos));
                }
                Err(error) => {
                    run.error = Some(error.kind);
                    assert_eq!(parser.parse(&window, &mut pos, &mut nodes), Err(error));
                    return run;
                }
            }
        }
        consumed += pos;
    }
    run
}

/// Panics unless both runs found the same.
pub fn agree(expected: &Run, found: &Run) {
    assert_eq!(found.replies, expected.replies);
    assert_eq!(found.error, expected.error);
}

/// The item in a reply, whose tape must be exactly the one that the item calls for.
pub fn checked(reply: &Reply) -> Item {
    let item = oracle::item_of(reply);
    assert_eq!(oracle::flat(reply.nodes(), reply.bytes()), oracle::tape(&item));
    item
}

/// The streamed nodes of a whole input.
pub fn nodes_of(input: &[u8]) -> Vec<Node> {
    let mut parser = Parser::new(Limits::default());
    let mut nodes = Vec::new();
    let mut pos = 0;
    while pos < input.len() {
        let parsed = parser.parse(input, &mut pos, &mut nodes).expect("valid RESP");
        assert!(!matches!(parsed, Parsed::Incomplete { .. }), "a whole number of replies");
    }
    nodes
}

/// A small, fast, deterministic source of randomness (xorshift64*).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        // The generator must not start at 0, and small seeds should not start alike.
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }
}

/// Limits for a byte: the defaults (with a depth that the recursive oracle survives) or narrow ones
/// that short inputs can reach.
fn limits(choice: u8) -> Limits {
    let wide = Limits { depth: 100, ..Limits::default() };
    let narrow = Limits { depth: 2, line: Limits::MIN_LINE, bulk: 8, total: 100 };
    match choice % 4 {
        0 => wide,
        1 => narrow,
        2 => Limits { depth: 1, ..wide },
        _ => Limits { total: 16, ..wide },
    }
}

fn commands(data: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut rest = data;
    let mut commands = Vec::new();
    while let Some((&argc, behind)) = rest.split_first() {
        rest = behind;
        let mut args = Vec::new();
        for _ in 0..argc {
            let Some((&len, behind)) = rest.split_first() else { break };
            let (arg, behind) = behind.split_at(usize::from(len).min(behind.len()));
            args.push(arg);
            rest = behind;
        }
        commands.push(args);
    }
    commands
}
