//! What is sent is what was asked for (P17): any bytes, any number of arguments.

use oxipipe::resp::{Limits, encode_command, encode_packed, whole_commands};

#[path = "../fuzz/harness.rs"]
#[allow(dead_code, unreachable_pub, reason = "this file needs a part of it")]
mod harness;

use harness::Random;
use harness::oracle::{self, Decoded, Tree};

/// The arguments of the one command that `encoded` is, as the oracle reads them.
fn arguments(encoded: &[u8]) -> Vec<Vec<u8>> {
    let wide = Limits { bulk: usize::MAX, ..Limits::default() };
    let Decoded::Whole(item, used) = oracle::decode(encoded, wide) else { panic!("no command") };
    assert_eq!(used, encoded.len());
    let Tree::Array(items) = item.tree else { panic!("no array") };
    items
        .into_iter()
        .map(|item| match item.tree {
            Tree::String(text) => text,
            other => panic!("not a string: {other:?}"),
        })
        .collect()
}

fn encoded<A: AsRef<[u8]>>(args: &[A]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_command(&mut out, args);
    out
}

#[test]
fn the_bytes_are_these() {
    assert_eq!(encoded(&["PING"]), b"*1\r\n$4\r\nPING\r\n");
    assert_eq!(encoded(&["SET", "key", ""]), b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$0\r\n\r\n");
    assert_eq!(encoded::<&str>(&[]), b"*0\r\n");
    let long = "x".repeat(1000);
    assert_eq!(encoded(&[&long]), format!("*1\r\n$1000\r\n{long}\r\n").into_bytes());
}

#[test]
fn commands_are_appended() {
    let mut out = b"before".to_vec();
    encode_command(&mut out, &["A"]);
    encode_command(&mut out, &["B"]);
    assert_eq!(out, b"before*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n");
}

#[test]
fn p17_all_byte_values() {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let singles: Vec<Vec<u8>> = all.iter().map(|byte| vec![*byte]).collect();
    assert_eq!(arguments(&encoded(&singles)), singles);
    assert_eq!(arguments(&encoded(&[&all, &b"\r\n$1\r\n\0".to_vec()])), [all, b"\r\n$1\r\n\0".to_vec()]);
}

#[test]
fn p17_every_length_around_the_digits() {
    for len in (0..=1100).chain([9_999, 10_000, 99_999, 100_000, 1_000_000]) {
        let arg = vec![b'x'; len];
        assert_eq!(arguments(&encoded(&[&arg])), [arg]);
    }
}

#[test]
fn p17_every_number_of_arguments_up_to_a_million() {
    for argc in (0..=110).chain([999, 1000, 1_000_000]) {
        let encoded = encoded(&vec!["a"; argc]);
        let header = format!("*{argc}\r\n");
        assert!(encoded.starts_with(header.as_bytes()));
        assert_eq!(encoded.len(), header.len() + argc * "$1\r\na\r\n".len());
        assert_eq!(whole_commands(&encoded, encoded.len()), 1);
        assert_eq!(whole_commands(&encoded, encoded.len() - 1), 0);
    }
}

#[test]
fn p17_a_value_of_512_mib() {
    // Zeros, because untouched pages of zeros take no memory: only the copy does.
    let value = vec![0; 512 << 20];
    let mut out = Vec::new();
    encode_command(&mut out, &[&b"SET"[..], b"key", &value]);
    let header = b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$536870912\r\n";
    assert!(out.starts_with(header));
    assert!(out[header.len()..].starts_with(&value));
    assert_eq!(out.len(), header.len() + value.len() + 2);
    assert_eq!(whole_commands(&out, out.len()), 1);
}

#[test]
fn p17_ten_thousand_random_commands() {
    let mut random = Random::new(3);
    for _ in 0..10_000 {
        let args: Vec<Vec<u8>> = (0..1 + random.below(8))
            .map(|_| (0..random.below(130)).map(|_| random.below(256) as u8).collect())
            .collect();
        let encoded = encoded(&args);
        assert_eq!(arguments(&encoded), args);

        let lens: Vec<u32> = args.iter().map(|arg| arg.len() as u32).collect();
        let mut packed = Vec::new();
        assert_eq!(encode_packed(&mut packed, &args.concat(), &lens), Some(args.concat().len()));
        assert_eq!(packed, encoded);
    }
}

#[test]
fn a_slab_may_hold_more_but_not_less() {
    let mut out = Vec::new();
    assert_eq!(encode_packed(&mut out, b"GETkeymore", &[3, 3]), Some(6));
    assert_eq!(out, encoded(&["GET", "key"]));
    out.clear();
    for lens in [&[3, 8][..], &[11], &[u32::MAX], &[u32::MAX, u32::MAX, u32::MAX]] {
        assert_eq!(encode_packed(&mut out, b"GETkeymore", lens), None);
        assert!(out.is_empty());
    }
}

#[test]
fn whole_commands_at_every_cut() {
    let mut stream = Vec::new();
    let mut ends = Vec::new();
    let long = "x".repeat(150);
    for args in
        [&["PING"][..], &["SET", "k", "\r\n*1\r\n$4\r\nPING\r\n"], &[], &["SET", "", &long], &["A"; 12]]
    {
        encode_command(&mut stream, args);
        ends.push(stream.len());
    }
    for sent in 0..=stream.len() + 3 {
        let expected = ends.iter().filter(|end| **end <= sent).count();
        assert_eq!(whole_commands(&stream, sent), expected, "{sent} bytes");
        // The same when no more than those bytes are at hand.
        assert_eq!(whole_commands(&stream[..sent.min(stream.len())], sent), expected);
    }
}
