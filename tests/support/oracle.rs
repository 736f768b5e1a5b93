//! RESP, decoded the obvious way.
//!
//! A recursive decoder of a whole input into a tree, and the writer that goes with it. Slow, never
//! incremental, and written to be checked by eye: it decides what the real parser must do. Tests and
//! fuzz targets use it; it shares no code with the crate but the names of kinds and limits.

#![allow(dead_code, unreachable_pub, reason = "each file that includes this uses a part of it")]

use oxipipe::resp::{Kind, Limits, Node, ProtocolErrorKind, Reply, Value};

/// A value with the attributes before it, outermost first.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub attributes: Vec<Vec<Self>>,
    pub tree: Tree,
}

/// A value. Doubles are kept as bits so that NaN equals itself; maps are keys and values in turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    Null,
    Status(Vec<u8>),
    Error { text: Vec<u8>, blob: bool },
    Integer(i64),
    String(Vec<u8>),
    Double(u64),
    Boolean(bool),
    BigNumber(Vec<u8>),
    Verbatim { format: Vec<u8>, text: Vec<u8> },
    Array(Vec<Item>),
    Map(Vec<Item>),
    Set(Vec<Item>),
    Push(Vec<Item>),
}

/// What stands at the start of an input.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// A value and how many bytes it takes.
    Whole(Item, usize),
    Incomplete,
    Bad(ProtocolErrorKind),
}

/// Why a decoding stopped.
pub enum Stop {
    Incomplete,
    Bad(ProtocolErrorKind),
}

const MALFORMED: Stop = Stop::Bad(ProtocolErrorKind::Malformed);
const LIMIT: Stop = Stop::Bad(ProtocolErrorKind::Limit);

impl From<Tree> for Item {
    fn from(tree: Tree) -> Self {
        Self { attributes: Vec::new(), tree }
    }
}

/// Decodes the value at the start of `input`.
pub fn decode(input: &[u8], limits: Limits) -> Decoded {
    decode_all(input, limits).1
}

/// The same with the pushes that interrupt it, each with the offset of its end.
pub fn decode_all(input: &[u8], limits: Limits) -> (Vec<(Item, usize)>, Decoded) {
    let mut decoder = Decoder { input, at: 0, limits, is_in_push: false, pushes: Vec::new() };
    let decoded = match decoder.item(0) {
        Ok(item) => Decoded::Whole(item, decoder.at),
        Err(Stop::Incomplete) => Decoded::Incomplete,
        Err(Stop::Bad(kind)) => Decoded::Bad(kind),
    };
    (decoder.pushes, decoded)
}

struct Decoder<'a> {
    input: &'a [u8],
    at: usize,
    limits: Limits,
    is_in_push: bool,
    pushes: Vec<(Item, usize)>,
}

impl Decoder<'_> {
    fn item(&mut self, depth: usize) -> Result<Item, Stop> {
        let mut attributes = Vec::new();
        loop {
            match self.input.get(self.at) {
                Some(b'|') => {
                    self.at += 1;
                    let pairs = self.count(2)?;
                    attributes.push(self.elements(pairs, depth)?);
                }
                // It has come in between, and is no part of what it stands in.
                Some(b'>') if depth > 0 && !self.is_in_push => {
                    let tree = self.tree(0)?;
                    self.pushes.push((tree.into(), self.at));
                }
                _ => return Ok(Item { attributes, tree: self.tree(depth)? }),
            }
        }
    }

    fn tree(&mut self, depth: usize) -> Result<Tree, Stop> {
        let Some(&marker) = self.input.get(self.at) else { return Err(Stop::Incomplete) };
        self.at += 1;
        let tree = match marker {
            b'+' => Tree::Status(self.line()?),
            b'-' => Tree::Error { text: self.line()?, blob: false },
            b':' => Tree::Integer(self.text_line()?.parse().map_err(|_| MALFORMED)?),
            b',' => {
                let number: f64 = self.text_line()?.parse().map_err(|_| MALFORMED)?;
                Tree::Double(number.to_bits())
            }
            b'#' => match self.line()?.as_slice() {
                b"t" => Tree::Boolean(true),
                b"f" => Tree::Boolean(false),
                _ => return Err(MALFORMED),
            },
            b'(' => {
                let text = self.text_line()?;
                let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
                if digits.is_empty() || digits.contains(|c: char| !c.is_ascii_digit()) {
                    return Err(MALFORMED);
                }
                Tree::BigNumber(text.into_bytes())
            }
            b'_' if self.line()?.is_empty() => Tree::Null,
            b'_' => return Err(MALFORMED),
            b'$' if self.is_old_null() => Tree::Null,
            b'*' if self.is_old_null() => Tree::Null,
            b'$' => Tree::String(self.bulk(0)?),
            b'!' => Tree::Error { text: self.bulk(0)?, blob: true },
            b'=' => {
                let mut format = self.bulk(4)?;
                let text = format.split_off(4);
                if format.pop() != Some(b':') {
                    return Err(MALFORMED);
                }
                Tree::Verbatim { format, text }
            }
            b'*' => Tree::Array(self.aggregate(1, depth)?),
            b'%' => Tree::Map(self.aggregate(2, depth)?),
            b'~' => Tree::Set(self.aggregate(1, depth)?),
            b'>' => {
                let around = std::mem::replace(&mut self.is_in_push, true);
                let items = self.aggregate(1, depth)?;
                self.is_in_push = around;
                Tree::Push(items)
            }
            _ => return Err(MALFORMED),
        };
        self.within_total(self.at)?;
        Ok(tree)
    }

    fn aggregate(&mut self, factor: u64, depth: usize) -> Result<Vec<Item>, Stop> {
        let count = self.count(factor)?;
        self.elements(count, depth)
    }

    fn elements(&mut self, count: u64, depth: usize) -> Result<Vec<Item>, Stop> {
        self.within_total(self.at)?;
        if depth >= self.limits.depth {
            return Err(LIMIT);
        }
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.item(depth + 1)?);
        }
        Ok(items)
    }

    fn count(&mut self, factor: u64) -> Result<u64, Stop> {
        let count = self.length()? * u128::from(factor);
        if count > u128::from(u32::MAX) { Err(LIMIT) } else { Ok(count as u64) }
    }

    /// A payload of at least `shortest` bytes.
    fn bulk(&mut self, shortest: u128) -> Result<Vec<u8>, Stop> {
        let len = self.length()?;
        if len > self.limits.bulk as u128 {
            return Err(LIMIT);
        }
        if len < shortest {
            return Err(MALFORMED);
        }
        let end = self.at + len as usize;
        self.within_total(end + 2)?;
        let Some(crlf) = self.input.get(end..end + 2) else { return Err(Stop::Incomplete) };
        if crlf != b"\r\n" {
            return Err(MALFORMED);
        }
        let payload = self.input[self.at..end].to_vec();
        self.at = end + 2;
        Ok(payload)
    }

    /// A length or count; huge ones come back as a number that no limit allows.
    fn length(&mut self) -> Result<u128, Stop> {
        let text = self.text_line()?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let canonical = text == "0" || !text.starts_with('0');
        if !digits || !canonical {
            return Err(MALFORMED);
        }
        Ok(text.parse().unwrap_or(u128::from(u64::MAX)).min(u128::from(u64::MAX)))
    }

    fn is_old_null(&mut self) -> bool {
        let is_null = self.input[self.at..].starts_with(b"-1\r\n");
        if is_null {
            self.at += 4;
        }
        is_null
    }

    fn text_line(&mut self) -> Result<String, Stop> {
        String::from_utf8(self.line()?).map_err(|_| MALFORMED)
    }

    fn line(&mut self) -> Result<Vec<u8>, Stop> {
        let rest = &self.input[self.at..];
        match rest.windows(2).position(|pair| pair == b"\r\n") {
            Some(len) if len > self.limits.line => Err(LIMIT),
            Some(len) => {
                self.at += len + 2;
                Ok(rest[..len].to_vec())
            }
            None => {
                let sure = rest.strip_suffix(b"\r").unwrap_or(rest).len();
                Err(if sure > self.limits.line { LIMIT } else { Stop::Incomplete })
            }
        }
    }

    fn within_total(&self, end: usize) -> Result<(), Stop> {
        if end > self.limits.total { Err(LIMIT) } else { Ok(()) }
    }
}

/// Writes an item as a server would.
pub fn encode(item: &Item, out: &mut Vec<u8>) {
    let line = |out: &mut Vec<u8>, marker: u8, text: &[u8]| {
        out.push(marker);
        out.extend_from_slice(text);
        out.extend_from_slice(b"\r\n");
    };
    let bulk = |out: &mut Vec<u8>, marker: u8, payload: &[u8]| {
        line(out, marker, payload.len().to_string().as_bytes());
        out.extend_from_slice(payload);
        out.extend_from_slice(b"\r\n");
    };
    let aggregate = |out: &mut Vec<u8>, marker: u8, factor: usize, items: &[Item]| {
        line(out, marker, (items.len() / factor).to_string().as_bytes());
        items.iter().for_each(|item| encode(item, out));
    };
    for pairs in &item.attributes {
        aggregate(out, b'|', 2, pairs);
    }
    match &item.tree {
        Tree::Null => line(out, b'_', b""),
        Tree::Status(text) => line(out, b'+', text),
        Tree::Error { text, blob: false } => line(out, b'-', text),
        Tree::Error { text, blob: true } => bulk(out, b'!', text),
        Tree::Integer(number) => line(out, b':', number.to_string().as_bytes()),
        Tree::String(text) => bulk(out, b'$', text),
        Tree::Double(bits) => line(out, b',', f64::from_bits(*bits).to_string().as_bytes()),
        Tree::Boolean(truth) => line(out, b'#', if *truth { b"t" } else { b"f" }),
        Tree::BigNumber(text) => line(out, b'(', text),
        Tree::Verbatim { format, text } => bulk(out, b'=', &[&format[..], b":", text].concat()),
        Tree::Array(items) => aggregate(out, b'*', 1, items),
        Tree::Map(items) => aggregate(out, b'%', 2, items),
        Tree::Set(items) => aggregate(out, b'~', 1, items),
        Tree::Push(items) => aggregate(out, b'>', 1, items),
    }
}

/// A node with its text in place of an offset, so that tapes in different arenas compare equal.
#[derive(Clone, Debug, PartialEq)]
pub struct Flat {
    pub kind: Kind,
    pub flags: u8,
    pub len: u32,
    /// 0 for text.
    pub value: u64,
    /// With the format and `:` in front for verbatim text.
    pub text: Vec<u8>,
}

/// The tape that an item must become.
pub fn tape(item: &Item) -> Vec<Flat> {
    let mut tape = Vec::new();
    flatten(item, &mut tape);
    tape
}

fn flatten(item: &Item, tape: &mut Vec<Flat>) {
    fn aggregate(kind: Kind, items: &[Item], tape: &mut Vec<Flat>) {
        let at = tape.len();
        tape.push(Flat { kind, flags: 0, len: items.len() as u32, value: 0, text: Vec::new() });
        items.iter().for_each(|item| flatten(item, tape));
        tape[at].value = (tape.len() - at - 1) as u64;
    }
    for pairs in &item.attributes {
        aggregate(Kind::Attribute, pairs, tape);
    }
    let number = |kind, value| Flat { kind, flags: 0, len: 0, value, text: Vec::new() };
    let text =
        |kind, text: &[u8]| Flat { kind, flags: 0, len: text.len() as u32, value: 0, text: text.to_vec() };
    match &item.tree {
        Tree::Null => tape.push(number(Kind::Null, 0)),
        Tree::Integer(value) => tape.push(number(Kind::Integer, *value as u64)),
        Tree::Double(bits) => tape.push(number(Kind::Double, *bits)),
        Tree::Boolean(truth) => tape.push(number(Kind::Boolean, u64::from(*truth))),
        Tree::Status(bytes) => tape.push(text(Kind::Status, bytes)),
        Tree::Error { text: bytes, blob } => {
            tape.push(Flat { flags: u8::from(*blob), ..text(Kind::Error, bytes) });
        }
        Tree::String(bytes) => tape.push(text(Kind::String, bytes)),
        Tree::BigNumber(bytes) => tape.push(text(Kind::BigNumber, bytes)),
        Tree::Verbatim { format, text: bytes } => {
            tape.push(Flat { text: [&format[..], b":", bytes].concat(), ..text(Kind::Verbatim, bytes) })
        }
        Tree::Array(items) => aggregate(Kind::Array, items, tape),
        Tree::Map(items) => aggregate(Kind::Map, items, tape),
        Tree::Set(items) => aggregate(Kind::Set, items, tape),
        Tree::Push(items) => aggregate(Kind::Push, items, tape),
    }
}

/// Nodes with their texts, which lie in `bytes`; every offset must be inside.
pub fn flat(nodes: &[Node], bytes: &[u8]) -> Vec<Flat> {
    nodes
        .iter()
        .map(|node| {
            let kind = Kind::from_number(node.kind).expect("a known kind");
            assert_eq!(node.reserved, 0);
            let (value, text) = if kind.is_text() {
                let from = node.value as usize - if kind == Kind::Verbatim { 4 } else { 0 };
                (0, bytes[from..node.value as usize + node.len as usize].to_vec())
            } else {
                (node.value, Vec::new())
            };
            Flat { kind, flags: node.flags, len: node.len, value, text }
        })
        .collect()
}

/// A reply as an item, through its public accessors.
pub fn item_of(reply: &Reply) -> Item {
    item(reply.root())
}

fn item(value: Value<'_>) -> Item {
    let children = |value: Value<'_>| value.children().map(item).collect::<Vec<_>>();
    let mut attributes = Vec::new();
    let mut before = value.attribute();
    while let Some(attribute) = before {
        attributes.insert(0, children(attribute));
        before = attribute.attribute();
    }
    let bytes = || value.bytes().expect("text").to_vec();
    let tree = match value.kind() {
        Kind::Null => Tree::Null,
        Kind::Status => Tree::Status(bytes()),
        Kind::Error => {
            let text = value.error().expect("an error").to_vec();
            Tree::Error { text, blob: value.node().flags == Node::BLOB }
        }
        Kind::Integer => Tree::Integer(value.as_int().expect("an integer")),
        Kind::String => Tree::String(bytes()),
        Kind::Double => Tree::Double(value.as_double().expect("a double").to_bits()),
        Kind::Boolean => Tree::Boolean(value.as_bool().expect("a boolean")),
        Kind::BigNumber => Tree::BigNumber(bytes()),
        Kind::Verbatim => {
            Tree::Verbatim { format: value.verbatim_format().expect("a format").to_vec(), text: bytes() }
        }
        Kind::Array => Tree::Array(children(value)),
        Kind::Map => Tree::Map(children(value)),
        Kind::Set => Tree::Set(children(value)),
        Kind::Push => Tree::Push(children(value)),
        Kind::Attribute => panic!("an attribute in the place of a value"),
    };
    Item { attributes, tree }
}
