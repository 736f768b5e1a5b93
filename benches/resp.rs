//! Nanoseconds per reply parsed and built, and per command encoded.
//!
//! `cargo bench --bench resp` prints one line per case: the best of several runs, which is what the
//! code can do when nothing else wants the machine.

use std::hint::black_box;
use std::time::Instant;

use oxipipe::resp::{Limits, Node, Parsed, Parser, ReplyBuilder, encode_command};

fn main() {
    for (name, reply) in [
        ("integer", &b":1\r\n"[..]),
        ("integer of 10 digits", b":1234567890\r\n"),
        ("status", b"+OK\r\n"),
        ("null", b"_\r\n"),
        ("string of 3", b"$3\r\nfoo\r\n"),
        ("string of 20", b"$20\r\nabcdefghijklmnopqrst\r\n"),
        ("double", b",3.141592653589793\r\n"),
        ("error", b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("array of 2", b"*2\r\n$3\r\nfoo\r\n:1\r\n"),
    ] {
        let wire = reply.repeat((64 << 10) / reply.len());
        let replies = wire.len() / reply.len();
        measure(&format!("parse {name}"), replies, || parse_all(&wire).len());
        measure(&format!("parse and build {name}"), replies, || {
            let mut builder = ReplyBuilder::with_root_array();
            builder.append(&parse_all(&wire), &wire);
            builder.finish().nodes().len()
        });
    }

    let elements = 5_000;
    let mut wire = format!("*{elements}\r\n").into_bytes();
    wire.extend(b"$8\r\nelement1\r\n".repeat(elements));
    measure("parse element of an array of strings", elements, || parse_all(&wire).len());
    let nodes = parse_all(&wire);
    measure("build element of an array of strings", elements, || {
        let mut builder = ReplyBuilder::new();
        builder.append(&nodes, &wire);
        builder.finish().nodes().len()
    });

    let mut out = Vec::new();
    let mut encode = |name: &str, args: &[&str]| {
        measure(&format!("encode {name}"), 1_000, || {
            out.clear();
            for _ in 0..1_000 {
                encode_command(&mut out, black_box(args));
            }
            out.len()
        });
    };
    encode("HSET words word|123 1", &["HSET", "words", "word|123", "1"]);
    encode("PING", &["PING"]);
    encode("SET key, 200 bytes", &["SET", "key", &"v".repeat(200)]);
}

/// Every reply in `wire`, one call each.
fn parse_all(wire: &[u8]) -> Vec<Node> {
    let mut parser = Parser::new(Limits::default());
    let mut nodes = Vec::with_capacity(wire.len() / 3);
    let mut pos = 0;
    loop {
        match parser.parse(wire, &mut pos, &mut nodes) {
            Ok(Parsed::Incomplete { .. }) => return nodes,
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Prints the best time of one of `operations` that `run` does.
fn measure(name: &str, operations: usize, mut run: impl FnMut() -> usize) {
    let best = (0..200)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    println!("{name:<40} {:7.2} ns", best.as_nanos() as f64 / operations as f64);
}
