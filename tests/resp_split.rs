//! Replies of every type, cut anywhere, are what they are whole (P01, P02, P12).
//!
//! The naive oracle decides what each input holds; the parser gets it in pieces, each in a fresh
//! buffer.

use oxipipe::resp::Limits;

#[path = "../fuzz/harness.rs"]
#[allow(dead_code, unreachable_pub, reason = "this file needs a part of it")]
mod harness;

use harness::oracle::{Item, Tree};
use harness::{Random, agree, drive, expected};

/// Whole inputs, each of one or more replies; together every type in every position that matters.
const CORPUS: &[&[u8]] = &[
    // RESP2.
    b"+OK\r\n",
    b"+\r\n",
    b"-ERR unknown command\r\n",
    b":0\r\n:1\r\n:-1\r\n:+7\r\n:9223372036854775807\r\n:-9223372036854775808\r\n",
    b"$0\r\n\r\n$3\r\nfoo\r\n$-1\r\n",
    b"$26\r\nabcdefghijklmnopqrstuvwxyz\r\n",
    b"*0\r\n*-1\r\n*2\r\n$3\r\nfoo\r\n$3\r\nbar\r\n",
    b"*3\r\n:1\r\n*2\r\n*0\r\n:2\r\n*1\r\n*1\r\n*1\r\n$1\r\nx\r\n:3\r\n",
    // RESP3.
    b"_\r\n#t\r\n#f\r\n",
    b",1.5\r\n,10\r\n,-0\r\n,inf\r\n,-inf\r\n,nan\r\n,-nan\r\n,1e100\r\n",
    b"(3492890328409238509324850943850943825024385\r\n(-1\r\n",
    b"!21\r\nSYNTAX invalid syntax\r\n",
    b"=15\r\ntxt:Some string\r\n=4\r\nmkd:\r\n",
    b"%2\r\n+first\r\n:1\r\n%1\r\n:2\r\n_\r\n~0\r\n%0\r\n",
    b"~5\r\n+orange\r\n+apple\r\n#t\r\n:100\r\n~1\r\n:999\r\n",
    b"|1\r\n+key-popularity\r\n%2\r\n$1\r\na\r\n,0.1923\r\n$1\r\nb\r\n,0.0012\r\n*2\r\n:2039123\r\n:9543892\r\n",
    b"*3\r\n:1\r\n:2\r\n|1\r\n+ttl\r\n:3600\r\n:3\r\n:4\r\n",
    b"|0\r\n:1\r\n|1\r\n+a\r\n+b\r\n|1\r\n|1\r\n+c\r\n+d\r\n+e\r\n+f\r\n*0\r\n",
    // P12: errors and nulls inside, pushes between and inside, a sentinel after each.
    b"*4\r\n:1\r\n-WRONGTYPE no\r\n!5\r\nERR x\r\n:2\r\n:777\r\n",
    b"*3\r\n:1\r\n$-1\r\n:3\r\n:777\r\n*2\r\n*-1\r\n_\r\n:777\r\n",
    b">2\r\n+invalidate\r\n*1\r\n$3\r\nfoo\r\n:777\r\n>0\r\n:777\r\n",
    b":1\r\n>3\r\n+message\r\n+ch\r\n$5\r\nhello\r\n:2\r\n>1\r\n>1\r\n:1\r\n:777\r\n",
    b"*2\r\n>1\r\n+between\r\n:1\r\n:777\r\n:778\r\n",
    b"*2\r\n%1\r\n>2\r\n+a\r\n|1\r\n>0\r\n:1\r\n:2\r\n+k\r\n>0\r\n:1\r\n:2\r\n>1\r\n*1\r\n:1\r\n:777\r\n",
    b"|1\r\n+a\r\n:1\r\n>1\r\n+annotated\r\n:777\r\n",
    b"%2\r\n*1\r\n:1\r\n:2\r\n%1\r\n:1\r\n:2\r\n~1\r\n:3\r\n:777\r\n",
    // Lone CR and LF are text in a line.
    b"+a\nb\r\n+a\rb\r\n+\n\r\n+\r\r\n-\r\n",
    // Lines of lengths around that of the short cut, numbers around its digits.
    b"+aaaaaaaaaaaaaaaaaaaaaa\r\n+aaaaaaaaaaaaaaaaaaaaaaa\r\n+aaaaaaaaaaaaaaaaaaaaaaaa\r\n",
    b":123456789012345678\r\n:1234567890123456789\r\n:0000000000000000000001\r\n",
];

#[test]
fn p01_every_type_cut_at_every_byte() {
    let mut tried = 0;
    for input in CORPUS {
        let expected = expected(input, Limits::default());
        assert_eq!(expected.replies.last().unwrap().1, input.len(), "the corpus is valid");
        for cut in 0..=input.len() {
            agree(&expected, &drive(input, Limits::default(), &[cut]));
            tried += 1;
        }
    }
    assert!(tried > 1000);
}

#[test]
fn p01_byte_by_byte() {
    for input in CORPUS {
        let cuts: Vec<usize> = (0..=input.len()).collect();
        agree(&expected(input, Limits::default()), &drive(input, Limits::default(), &cuts));
    }
}

#[test]
fn p01_every_two_cuts() {
    for input in CORPUS.iter().filter(|input| input.len() <= 60) {
        let expected = expected(input, Limits::default());
        for first in 0..=input.len() {
            for second in first..=input.len() {
                agree(&expected, &drive(input, Limits::default(), &[first, second]));
            }
        }
    }
}

#[test]
fn p01_random_cuts_of_everything_in_one_stream() {
    let stream = CORPUS.concat();
    let expected = expected(&stream, Limits::default());
    let mut random = Random::new(1);
    for round in 0..200 {
        let longest = 1 + round % 50;
        let mut cuts = vec![0];
        while *cuts.last().unwrap() < stream.len() {
            cuts.push((cuts.last().unwrap() + random.below(longest + 1)).min(stream.len()));
        }
        agree(&expected, &drive(&stream, Limits::default(), &cuts));
    }
}

#[test]
fn p01_every_prefix_is_incomplete() {
    for input in CORPUS {
        for end in 0..input.len() {
            agree(&expected(&input[..end], Limits::default()), &drive(&input[..end], Limits::default(), &[]));
        }
    }
}

/// Text that looks like protocol, as bulk string, error blob and verbatim text, alone and in arrays,
/// cut right before it and everywhere else.
#[test]
fn p02_text_that_begins_with_a_marker() {
    let beginnings: [&[u8]; 17] = [
        b"+", b"-ERR", b":1", b"$", b"*", b"_", b"#t", b",1", b"(1", b"!", b"=", b"%", b"~", b">", b"|",
        b"\r\n", b"\n",
    ];
    let endings: [&[u8]; 4] = [b"", b"1\r\n", b"\r\n:1\r\n", b"-1\r\n\r"];
    for beginning in beginnings {
        for ending in endings {
            let text = [beginning, ending].concat();
            let items: Vec<Item> = vec![
                Tree::String(text.clone()).into(),
                Tree::Error { text: text.clone(), blob: true }.into(),
                Tree::Verbatim { format: b"txt".to_vec(), text: text.clone() }.into(),
                Tree::Array(vec![Tree::String(text.clone()).into(), Tree::Null.into()]).into(),
                Tree::Integer(777).into(),
            ];
            let mut wire = Vec::new();
            items.iter().for_each(|item| harness::oracle::encode(item, &mut wire));
            for cut in 0..=wire.len() {
                let found = drive(&wire, Limits::default(), &[cut]);
                let found: Vec<Item> = found.replies.into_iter().map(|(item, _)| item).collect();
                assert_eq!(found, items);
            }
        }
    }
}

/// Long runs of such values behind each other: any misreading would shift the rest.
#[test]
fn p02_a_long_stream_of_them() {
    let mut random = Random::new(2);
    let alphabet = b">*$-+_:%~|!=(,#\r\n1";
    let mut wire = Vec::new();
    let mut texts = Vec::new();
    for _ in 0..100_000 {
        let text: Vec<u8> = (0..random.below(12)).map(|_| alphabet[random.below(alphabet.len())]).collect();
        harness::oracle::encode(&Tree::String(text.clone()).into(), &mut wire);
        texts.push(text);
    }
    let mut cuts = Vec::new();
    let mut at = 0;
    while at < wire.len() {
        at += 1 + random.below(40);
        cuts.push(at.min(wire.len()));
    }
    let found = drive(&wire, Limits::default(), &cuts);
    assert_eq!(found.replies.len(), texts.len());
    for ((item, _), text) in found.replies.into_iter().zip(texts) {
        assert_eq!(item.tree, Tree::String(text));
    }
}
