//! The fuzz targets without a fuzzer: every corpus entry, and mutations of them from fixed seeds.
//!
//! Finds what a few seconds can find, the same on every run. `cargo fuzz run <target>` goes on from
//! there.

use std::fs;
use std::path::Path;

#[path = "../fuzz/harness.rs"]
#[allow(dead_code, unreachable_pub, reason = "this file needs a part of it")]
mod harness;

use harness::Random;

#[test]
fn parser() {
    replay_and_mutate("parser", harness::parser);
}

#[test]
fn parser_vs_oracle() {
    replay_and_mutate("parser_vs_oracle", harness::parser_vs_oracle);
}

#[test]
fn split_anywhere() {
    replay_and_mutate("split_anywhere", harness::split_anywhere);
}

#[test]
fn encode() {
    replay_and_mutate("encode", harness::encode);
}

/// Mutations tried of each corpus entry.
const MUTATIONS: usize = 2_000;

fn replay_and_mutate(target: &str, run: fn(&[u8])) {
    let entries = corpus(target);
    assert!(!entries.is_empty());
    let mut random = Random::new(target.len() as u64);
    for entry in &entries {
        run(entry);
        for _ in 0..MUTATIONS {
            run(&mutated(entry, &entries, &mut random));
        }
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// `entry` with a few changes of the kinds that break parsers.
fn mutated(entry: &[u8], entries: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    const TOKENS: [&[u8]; 24] = [
        b"\r\n",
        b"\r",
        b"\n",
        b"-1",
        b"0",
        b"?",
        b"+",
        b"-",
        b":",
        b"$",
        b"*",
        b"_",
        b"#",
        b",",
        b"(",
        b"!",
        b"=",
        b"%",
        b"~",
        b">",
        b"|",
        b"4294967296",
        b"9223372036854775807",
        b"|1\r\n+k\r\n+v\r\n",
    ];
    let mut bytes = entry.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(6)).min(bytes.len());
        match random.below(6) {
            0 => drop(bytes.splice(at..at, TOKENS[random.below(TOKENS.len())].iter().copied())),
            1 => drop(bytes.splice(at..end, TOKENS[random.below(TOKENS.len())].iter().copied())),
            2 => drop(bytes.drain(at..end)),
            3 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            4 => bytes.truncate(at),
            _ => {
                let other = &entries[random.below(entries.len())];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
        }
    }
    bytes
}
