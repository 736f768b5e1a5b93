//! Declared sizes cost nothing: only received bytes do (P06, P07, P09).
//!
//! A counting allocator shows it, so this file has a process and one test thread at a time to
//! itself: the counter is per thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

use oxipipe::resp::{Kind, Limits, Node, OutOfMemory, Parsed, Parser, ReplyBuilder};

/// Counts what the current thread asks for. Freed memory is not subtracted: a reservation given
/// back at once would be one too many as well. Blocks above a size can be refused.
struct Counting;

thread_local! {
    static ASKED: Cell<usize> = const { Cell::new(0) };
    static LARGEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

// SAFETY: forwards to the system allocator; the counter neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.set(ASKED.get() + layout.size());
        if layout.size() > LARGEST.get() {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above; the block came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ASKED.set(ASKED.get() + size);
        if size > LARGEST.get() {
            return ptr::null_mut();
        }
        // SAFETY: as above; the block came from `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes asked for while `run` ran on this thread.
fn asked<T>(run: impl FnOnce() -> T) -> (usize, T) {
    let before = ASKED.get();
    let result = run();
    (ASKED.get() - before, result)
}

/// Bytes asked for to parse `input` and build what is complete of it.
fn cost(input: &[u8]) -> usize {
    asked(|| {
        let mut parser = Parser::new(Limits::default());
        let mut nodes: Vec<Node> = Vec::new();
        let mut pos = 0;
        while let Ok(Parsed::Reply | Parsed::Push) = parser.parse(input, &mut pos, &mut nodes) {}
        let mut builder = ReplyBuilder::new();
        builder.append(&nodes, input);
        builder.finish()
    })
    .0
}

/// A few small vectors and an error message.
const SMALL: usize = 1024;

#[test]
fn the_counter_counts() {
    assert!(asked(|| Vec::<u8>::with_capacity(12_345)).0 >= 12_345);
}

#[test]
fn p06_nothing_is_allocated_from_declared_lengths() {
    for header in [
        "$536870912\r\n",
        "$536870913\r\n",
        "$9223372036854775807\r\n",
        "!536870912\r\n",
        "=536870912\r\n",
        "$-2\r\n",
        "$+5\r\n",
        "*3\r\n$536870912\r\nabc",
    ] {
        let cost = cost(header.as_bytes());
        assert!(cost < SMALL, "{header:?} cost {cost} bytes");
    }
}

#[test]
fn p07_nothing_is_allocated_from_declared_counts() {
    for header in
        ["*4294967295\r\n", "%2147483647\r\n", "~4294967295\r\n", ">4294967295\r\n", "|2147483647\r\n"]
    {
        let cost = cost(header.as_bytes());
        assert!(cost < SMALL, "{header:?} cost {cost} bytes");
    }
    // Nested: a node and a counter a level, and what vectors that double ask for on the way.
    let levels = 1000;
    let cost = cost(&b"*1000000\r\n".repeat(levels));
    assert!(cost < levels * 200, "{cost} bytes for {levels} levels");
}

#[test]
fn p07_memory_follows_the_bytes_received() {
    for elements in [1_000, 10_000, 100_000] {
        let mut input = b"*4294967295\r\n".to_vec();
        input.extend(b":1\r\n".repeat(elements));
        let cost = cost(&input);
        assert!(cost < SMALL + elements * 16 * 5, "{cost} bytes for {elements} elements");
    }
}

#[test]
fn p09_waiting_for_a_line_allocates_nothing() {
    let line = [b"+", &[b'a'; 60_000][..]].concat();
    let mut parser = Parser::new(Limits::default());
    let mut nodes = Vec::new();
    let (bytes, ()) = asked(|| {
        for end in 0..line.len() {
            parser.parse(&line[..end], &mut 0, &mut nodes).unwrap();
        }
    });
    assert_eq!(bytes, 0);
}

#[test]
fn parsing_into_room_allocates_nothing() {
    let input = b":1\r\n+OK\r\n$3\r\nfoo\r\n*2\r\n:1\r\n,1.5\r\n_\r\n=5\r\ntxt:x\r\n".repeat(100);
    let mut parser = Parser::new(Limits::default());
    let mut nodes = Vec::with_capacity(1_000);
    // The stack of open aggregates gets its first room here.
    parser.parse(b"*1\r\n:1\r\n", &mut 0, &mut nodes).unwrap();
    let (bytes, ()) = asked(|| {
        let mut pos = 0;
        while pos < input.len() {
            parser.parse(&input, &mut pos, &mut nodes).unwrap();
        }
    });
    assert_eq!(bytes, 0);
}

#[test]
fn a_reply_is_no_larger_than_its_wire_bytes_and_nodes() {
    let input = b"$3\r\nfoo\r\n:1\r\n".repeat(1_000);
    let mut parser = Parser::new(Limits::default());
    let (mut pos, mut nodes) = (0, Vec::new());
    while pos < input.len() {
        parser.parse(&input, &mut pos, &mut nodes).unwrap();
    }
    let (bytes, reply) = asked(|| {
        let mut builder = ReplyBuilder::new();
        builder.append(&nodes, &input);
        builder.finish()
    });
    assert!(bytes <= input.len() + nodes.len() * 16 + 64);
    assert_eq!(reply.nodes().len(), 2_000);
}

/// The result of `run` on a system that has no block larger than `largest` bytes.
fn with_blocks_up_to<T>(largest: usize, run: impl FnOnce() -> T) -> T {
    LARGEST.set(largest);
    let result = run();
    LARGEST.set(usize::MAX);
    result
}

/// Nodes of `input`, which is whole replies.
fn parsed(input: &[u8]) -> Vec<Node> {
    let (mut parser, mut nodes, mut pos) = (Parser::new(Limits::default()), Vec::new(), 0);
    while pos < input.len() {
        parser.parse(input, &mut pos, &mut nodes).unwrap();
    }
    nodes
}

#[test]
fn m05_without_memory_for_a_part_the_builder_is_as_it_was() {
    let text = [&b"$100000\r\n"[..], &[b'x'; 100_000], b"\r\n"].concat();
    let numbers = b":7\r\n".repeat(10_000);
    for input in [text, numbers] {
        let (small, large) = (parsed(b"$5\r\nfirst\r\n"), parsed(&input));
        let mut builder = ReplyBuilder::with_root_array();
        builder.append(&small, b"$5\r\nfirst\r\n");
        assert_eq!(with_blocks_up_to(50_000, || builder.try_append(&large, &input)), Err(OutOfMemory));
        assert_eq!(builder.nodes_len(), 1);
        // Later there is some.
        builder.try_append(&large, &input).unwrap();
        let reply = builder.finish();
        assert_eq!(reply.root().len(), 1 + large.len());
        assert_eq!(reply.root().get(0).unwrap().bytes(), Some(&b"first"[..]));
        let last = reply.root().get(large.len()).unwrap();
        assert!(last.as_int() == Some(7) || last.bytes().is_some_and(|bytes| bytes.len() == 100_000));
    }
}

#[test]
fn m05_an_aggregate_that_is_cut_by_the_want_of_memory_is_left_out() {
    let (whole, window) = (parsed(b":1\r\n"), b":1\r\n");
    let rest = b":2\r\n".repeat(10_000);
    let mut builder = ReplyBuilder::with_root_array();
    builder.append(&whole, window);
    builder.append(&[Node { kind: Kind::Array as u8, len: 10_000, ..whole[0] }], b"");
    let nodes = parsed(&rest);
    builder.append(&nodes[..1], &rest);
    assert!(with_blocks_up_to(50_000, || builder.try_append(&nodes[1..], &rest)).is_err());
    assert_eq!(builder.finish().root().len(), 1);
}
