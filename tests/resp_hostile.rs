//! What a hostile or broken peer sends, and what the parser makes of it.
//!
//! Named after the fault cases: P04 depth, P06 to P08 lengths and counts, P09 endless lines, P12
//! alignment, P13 unknown types. What these cost in memory is in `resp_memory.rs`.

use std::thread;

use oxipipe::resp::{
    Kind, Limits, Node, Parsed, Parser, ProtocolError, ProtocolErrorKind, Reply, ReplyBuilder,
};

/// The first result that is not a complete reply, with the whole input presented at once.
fn outcome(input: &[u8], limits: Limits) -> Result<usize, ProtocolError> {
    let mut parser = Parser::new(limits);
    let mut nodes = Vec::new();
    let mut pos = 0;
    loop {
        if let Parsed::Incomplete { missing } = parser.parse(input, &mut pos, &mut nodes)? {
            return Ok(missing);
        }
    }
}

fn kind(input: &[u8], limits: Limits) -> Option<ProtocolErrorKind> {
    outcome(input, limits).err().map(|error| error.kind)
}

const MALFORMED: Option<ProtocolErrorKind> = Some(ProtocolErrorKind::Malformed);
const LIMIT: Option<ProtocolErrorKind> = Some(ProtocolErrorKind::Limit);

/// Each way to open an aggregate with one more value inside to come.
const OPENINGS: [&[u8]; 6] =
    [b"*1\r\n", b"%1\r\n:1\r\n", b"~1\r\n", b">1\r\n", b"|1\r\n:1\r\n", b"*2\r\n:1\r\n"];

#[test]
fn p04_deep_nesting_is_an_error_at_the_limit() {
    in_a_small_thread(|| {
        for opening in OPENINGS {
            let hostile = opening.repeat(1_000_000);
            assert_eq!(kind(&hostile, Limits::default()), LIMIT);
            let mut parser = Parser::new(Limits::default());
            let (mut pos, mut nodes) = (0, Vec::new());
            parser.parse(&hostile, &mut pos, &mut nodes).unwrap_err();
            let opened = nodes.iter().filter(|node| node.is_aggregate()).count();
            assert_eq!(opened, Limits::default().depth);
        }
    });
}

#[test]
fn p04_at_the_limit_is_accepted_and_one_more_is_not() {
    for opening in OPENINGS {
        let mut input = opening.repeat(1024);
        input.extend(b":1\r\n".repeat(4 * 1024));
        assert!(outcome(&input, Limits::default()).is_ok());
        let mut input = opening.repeat(1025);
        input.extend(b":1\r\n".repeat(4 * 1024));
        assert_eq!(kind(&input, Limits::default()), LIMIT);
    }
    // An empty aggregate is a level too, or the limit would depend on what is inside.
    assert_eq!(kind(b"*1\r\n*0\r\n", Limits { depth: 1, ..Limits::default() }), LIMIT);
}

/// With the limit lifted, parsing, building, walking, cloning and dropping a million levels take no
/// stack in proportion to the depth.
#[test]
fn p04_no_stack_in_proportion_to_depth() {
    in_a_small_thread(|| {
        let levels = 1_000_000;
        for opening in [&b"*1\r\n"[..], b"~1\r\n", b">1\r\n"] {
            let mut input = opening.repeat(levels);
            input.extend_from_slice(b":7\r\n");
            let reply = one_reply(&input, Limits { depth: usize::MAX, ..Limits::default() });
            let mut value = reply.root();
            let mut depth = 0;
            while let Some(child) = value.get(0) {
                value = child;
                depth += 1;
            }
            assert_eq!((depth, value.as_int()), (levels, Some(7)));
            drop(reply.clone());
            drop(reply);
        }
        let mut input = b"|1\r\n:1\r\n".repeat(levels);
        input.extend(b":1\r\n".repeat(levels + 1));
        let reply = one_reply(&input, Limits { depth: usize::MAX, ..Limits::default() });
        assert_eq!(reply.root().as_int(), Some(1));
        assert!(reply.root().attribute().is_some());
    });
}

#[test]
fn p06_bad_string_lengths() {
    for marker in ["$", "!", "="] {
        for bad in
            ["-2", "+5", "05", "00", "", "a", "1a", " 1", "1 ", "-", "-01", "--1", "1.0", "0x5", "\u{661}"]
        {
            assert_eq!(
                kind(format!("{marker}{bad}\r\nhello\r\n").as_bytes(), Limits::default()),
                MALFORMED,
                "{bad}"
            );
        }
        for huge in [
            "536870913",
            "4294967295",
            "4294967296",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "99999999999999999999999999999999999999",
        ] {
            assert_eq!(kind(format!("{marker}{huge}\r\n").as_bytes(), Limits::default()), LIMIT, "{huge}");
        }
        assert_eq!(outcome(format!("{marker}536870912\r\n").as_bytes(), Limits::default()), Ok(536_870_914));
    }
    assert_eq!(outcome(b"$-1\r\n", Limits::default()), Ok(3));
    assert_eq!(kind(b"!-1\r\n", Limits::default()), MALFORMED);
    assert_eq!(kind(b"=-1\r\n", Limits::default()), MALFORMED);
}

#[test]
fn p06_a_string_must_end_where_it_says() {
    for bad in
        [&b"$3\r\nfoox\r\n"[..], b"$3\r\nfo\r\n\r\n", b"$3\r\nfoo\n\r", b"$0\r\nx\r\n", b"!1\r\nab\r\n"]
    {
        assert_eq!(kind(bad, Limits::default()), MALFORMED, "{bad:?}");
    }
}

#[test]
fn p06_bad_integers() {
    for bad in ["", "+", "-", "1.5", "1e3", "9223372036854775808", "-9223372036854775809", "--1", "+-1", "1 "]
    {
        assert_eq!(kind(format!(":{bad}\r\n").as_bytes(), Limits::default()), MALFORMED, "{bad}");
    }
}

#[test]
fn p07_huge_counts_wait_for_their_elements() {
    for marker in ["*", "~", ">"] {
        let header = format!("{marker}4294967295\r\n");
        assert!(outcome(header.as_bytes(), Limits::default()).is_ok());
        assert_eq!(kind(format!("{marker}4294967296\r\n").as_bytes(), Limits::default()), LIMIT);
    }
    assert!(outcome(&b"*1000000\r\n".repeat(1000), Limits::default()).is_ok());
}

#[test]
fn p07_bad_counts() {
    for marker in ["*", "%", "~", ">", "|"] {
        for bad in ["-2", "+1", "01", "", "x", "1x"] {
            assert_eq!(
                kind(format!("{marker}{bad}\r\n:1\r\n").as_bytes(), Limits::default()),
                MALFORMED,
                "{bad}"
            );
        }
    }
    for marker in ["%", "~", ">", "|"] {
        assert_eq!(kind(format!("{marker}-1\r\n").as_bytes(), Limits::default()), MALFORMED);
    }
}

#[test]
fn p08_doubling_a_map_count_does_not_overflow() {
    for marker in ["%", "|"] {
        for huge in [
            "2147483648",
            "4294967295",
            "4611686018427387904",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
        ] {
            assert_eq!(kind(format!("{marker}{huge}\r\n").as_bytes(), Limits::default()), LIMIT, "{huge}");
        }
        assert!(outcome(format!("{marker}2147483647\r\n").as_bytes(), Limits::default()).is_ok());
    }
}

#[test]
fn p09_an_endless_line_is_an_error_at_the_limit() {
    let limits = Limits { line: 1000, ..Limits::default() };
    for marker in b"+-:,(#_$!=*%~>|" {
        // In one piece, without its end.
        let mut line = vec![*marker];
        line.resize(1 + 1000, b'1');
        assert!(outcome(&line, limits).is_ok());
        line.push(b'1');
        assert_eq!(kind(&line, limits), LIMIT);

        // Byte by byte: refused as soon as the limit is passed.
        let mut parser = Parser::new(limits);
        let mut nodes = Vec::new();
        for end in 1..line.len() {
            let parsed = parser.parse(&line[..end], &mut 0, &mut nodes);
            assert!(matches!(parsed, Ok(Parsed::Incomplete { .. })));
        }
        parser.parse(&line, &mut 0, &mut nodes).unwrap_err();
    }
}

#[test]
fn p09_a_line_at_the_limit_is_accepted() {
    for (len, expected) in [(1000, None), (1001, LIMIT)] {
        let line = [b"+", &vec![b'a'; len][..], b"\r\n"].concat();
        assert_eq!(kind(&line, Limits { line: 1000, ..Limits::default() }), expected);
    }
    // A carriage return behind the last byte allowed may yet be the end.
    let line = [b"+", &vec![b'a'; 1000][..], b"\r"].concat();
    assert_eq!(outcome(&line, Limits { line: 1000, ..Limits::default() }), Ok(1));
}

#[test]
fn a_reply_may_not_exceed_its_total() {
    let limits = |total| Limits { total, ..Limits::default() };
    let reply = b"*2\r\n$3\r\nfoo\r\n:1\r\n";
    assert_eq!(kind(reply, limits(reply.len())), None);
    assert_eq!(kind(reply, limits(reply.len() - 1)), LIMIT);
    // The limit is per reply, and short replies meet it too.
    assert_eq!(kind(&reply.repeat(3), limits(reply.len())), None);
    assert_eq!(kind(b":1\r\n:1\r\n", limits(4)), None);
    assert_eq!(kind(b":1\r\n", limits(3)), LIMIT);
    // Known from the header: nothing is awaited.
    assert_eq!(kind(b"$100\r\n", limits(107)), LIMIT);
    assert_eq!(kind(b"$100\r\n", limits(108)), None);
    // In pieces it adds up.
    let mut parser = Parser::new(limits(1000));
    let mut nodes = Vec::new();
    parser.parse(b"*4294967295\r\n", &mut 0, &mut nodes).unwrap();
    let refused = (0..).find(|_| parser.parse(b":1\r\n", &mut 0, &mut nodes).is_err());
    assert_eq!(refused, Some((1000 - 13) / 4));
}

#[test]
fn p12_the_sentinel_behind_every_type_in_every_position_is_read() {
    let values: [&[u8]; 15] = [
        b"+x\r\n",
        b"-E x\r\n",
        b":5\r\n",
        b"$1\r\nx\r\n",
        b"$-1\r\n",
        b"*-1\r\n",
        b"_\r\n",
        b"#t\r\n",
        b",nan\r\n",
        b"(12345678901234567890123\r\n",
        b"!3\r\nE x\r\n",
        b"=5\r\ntxt:x\r\n",
        b"%1\r\n*1\r\n:1\r\n:2\r\n",
        b"~1\r\n*1\r\n:1\r\n",
        b"|1\r\n+a\r\n:1\r\n:2\r\n",
    ];
    for value in values {
        for position in 0..3 {
            let mut input = b"*3\r\n".to_vec();
            for place in 0..3 {
                input.extend_from_slice(if place == position { value } else { b":1\r\n" });
            }
            input.extend_from_slice(b">1\r\n+push\r\n:777\r\n");
            let mut parser = Parser::new(Limits::default());
            let mut builder = ReplyBuilder::with_root_array();
            let mut pos = 0;
            let mut found = Vec::new();
            while pos < input.len() {
                let mut nodes = Vec::new();
                found.push(parser.parse(&input, &mut pos, &mut nodes).unwrap());
                builder.append(&nodes, &input);
            }
            assert_eq!(found, [Parsed::Reply, Parsed::Push, Parsed::Reply]);
            let reply = builder.finish();
            assert_eq!(reply.root().get(0).unwrap().len(), 3);
            assert_eq!(reply.root().get(2).unwrap().as_int(), Some(777));
        }
    }
}

#[test]
fn p13_an_unknown_type_is_an_error_that_shows_what_came() {
    for byte in 0..=u8::MAX {
        let known = b"+-:$*_#,(!=%~>|".contains(&byte);
        assert_eq!(kind(&[byte], Limits::default()).is_none(), known, "{byte}");
        assert_eq!(kind(&[b"*2\r\n:1\r\n", &[byte][..]].concat(), Limits::default()).is_none(), known);
    }
    let message = |input: &[u8]| outcome(input, Limits::default()).unwrap_err().to_string();
    assert!(message(b"HTTP/1.1 400 Bad Request\r\n").contains("\"HTTP/1.1 400 Bad Request\\r\\n\""));
    assert!(message(b"SSH-2.0-OpenSSH_9.9\r\n").contains("SSH-2.0-OpenSSH_9.9"));
    assert!(message(b"\x15\x03\x03\x00\x02\x02\x28").contains("\\x15\\x03\\x03\\x00\\x02\\x02("));
    let long = message(&[b"<html>\x1b[31m", &[b'x'; 1000][..]].concat());
    assert!(long.contains("\"<html>\\x1b[31mx") && long.ends_with("xxx...\"") && long.len() < 140);
}

#[test]
fn p13_streamed_types_are_errors() {
    for streamed in
        [&b"$?\r\n;4\r\nHell\r\n;0\r\n"[..], b"*?\r\n:1\r\n.\r\n", b"%?\r\n", b"~?\r\n", b">?\r\n", b"|?\r\n"]
    {
        let error = outcome(streamed, Limits::default()).unwrap_err();
        assert_eq!(error.kind, ProtocolErrorKind::Malformed);
        assert!(error.message.contains("streamed"), "{error}");
    }
    assert_eq!(kind(b".\r\n", Limits::default()), MALFORMED);
    assert_eq!(kind(b";4\r\nHell\r\n", Limits::default()), MALFORMED);
}

#[test]
fn bad_scalars_are_errors() {
    for bad in [
        &b"_x\r\n"[..],
        b"_\n\r\n",
        b"#\r\n",
        b"#x\r\n",
        b"#tt\r\n",
        b",\r\n",
        b",1,5\r\n",
        b",0x10\r\n",
        b", 1\r\n",
        b",\xff\r\n",
        b"(\r\n",
        b"(1.5\r\n",
        b"(-\r\n",
        b"=3\r\ntxt\r\n",
        b"=4\r\ntxtx\r\n",
    ] {
        assert_eq!(kind(bad, Limits::default()), MALFORMED, "{bad:?}");
    }
}

#[test]
fn an_error_stays() {
    let mut parser = Parser::new(Limits::default());
    let mut nodes = Vec::new();
    let mut pos = 0;
    let input = b":1\r\nHTTP";
    assert_eq!(parser.parse(input, &mut pos, &mut nodes), Ok(Parsed::Reply));
    let error = parser.parse(input, &mut pos, &mut nodes).unwrap_err();
    for _ in 0..3 {
        let mut pos = 0;
        assert_eq!(parser.parse(b":1\r\n", &mut pos, &mut nodes), Err(error.clone()));
        assert_eq!((pos, nodes.len()), (0, 1));
    }
}

/// What was searched for a line end once is not searched again: even changing it goes unnoticed.
#[test]
fn nothing_is_scanned_twice() {
    let mut parser = Parser::new(Limits::default());
    let mut nodes = Vec::new();
    let waits = |parsed| matches!(parsed, Ok(Parsed::Incomplete { .. }));
    assert!(waits(parser.parse(b"+abcd", &mut 0, &mut nodes)));
    assert!(waits(parser.parse(b"+\r\n\r\nefg", &mut 0, &mut nodes)));
    let mut pos = 0;
    assert_eq!(parser.parse(b"+\r\n\r\n\r\n\r\n", &mut pos, &mut nodes), Ok(Parsed::Reply));
    assert_eq!(nodes, [Node { kind: Kind::Status as u8, len: 6, value: 1, ..Node::default() }]);
    assert_eq!(pos, 9);
}

/// A payload in small pieces: the header is consumed once and the exact remainder asked for.
#[test]
fn a_payload_asks_for_what_is_missing() {
    let mut parser = Parser::new(Limits::default());
    let mut nodes = Vec::new();
    let mut pos = 0;
    let payload = vec![b'x'; 100_000];
    assert_eq!(
        parser.parse(b"$100000\r\n", &mut pos, &mut nodes),
        Ok(Parsed::Incomplete { missing: 100_002 })
    );
    assert_eq!(pos, 9);
    for have in [0, 1, 50_000, 99_999, 100_000] {
        let mut pos = 0;
        let parsed = parser.parse(&payload[..have], &mut pos, &mut nodes);
        assert_eq!(parsed, Ok(Parsed::Incomplete { missing: 100_002 - have }));
        assert_eq!((pos, nodes.len()), (0, 0));
    }
    let whole = [&payload[..], b"\r\n"].concat();
    assert_eq!(parser.parse(&whole, &mut 0, &mut nodes), Ok(Parsed::Reply));
    assert_eq!((nodes[0].len, nodes[0].value), (100_000, 0));
}

#[test]
fn nonsense_positions_do_not_panic() {
    let mut parser = Parser::new(Limits::default());
    let mut nodes = Vec::new();
    assert_eq!(parser.parse(b":1\r\n", &mut 100, &mut nodes), Ok(Parsed::Incomplete { missing: 3 }));
}

/// The one reply that `input` is.
fn one_reply(input: &[u8], limits: Limits) -> Reply {
    let mut parser = Parser::new(limits);
    let (mut pos, mut nodes) = (0, Vec::new());
    assert!(matches!(parser.parse(input, &mut pos, &mut nodes), Ok(Parsed::Reply | Parsed::Push)));
    assert_eq!(pos, input.len());
    let mut builder = ReplyBuilder::new();
    builder.append(&nodes, input);
    builder.finish()
}

/// Runs `test` with 128 KiB of stack.
fn in_a_small_thread(test: fn()) {
    thread::Builder::new().stack_size(128 << 10).spawn(test).unwrap().join().unwrap();
}
