//! The short cut for what servers send most.
//!
//! Small numbers, short status lines, strings and array headers that lie whole in the window, in
//! their plainest spelling. These functions never refuse anything: whatever they do not recognise at
//! a glance is left to the parser's general path, which alone decides what is an error.

use super::node::{Kind, Node};

/// A scalar or a plain array header of the most frequent form, whole in the window. `None` says
/// nothing about the bytes: the caller looks at them again.
#[inline(always)]
pub(super) fn short_value(window: &[u8], at: usize, bulk_limit: usize) -> Option<(Node, usize)> {
    if window.get(at) == Some(&b'*') {
        let (count, used) = short_length(&window[at + 1..])?;
        return Some((Node::new(Kind::Array, count as u32, 0), at + 1 + used));
    }
    short_scalar(window, at, bulk_limit)
}

/// As [`short_value`], without arrays.
#[inline(always)]
pub(super) fn short_scalar(window: &[u8], at: usize, bulk_limit: usize) -> Option<(Node, usize)> {
    let (&marker, rest) = window.get(at..)?.split_first()?;
    match marker {
        b':' => {
            let (number, used) = match rest {
                [b'-', rest @ ..] => {
                    let (number, used) = short_number(rest)?;
                    (-(number as i64), used + 1)
                }
                _ => {
                    let (number, used) = short_number(rest)?;
                    (number as i64, used)
                }
            };
            Some((Node::new(Kind::Integer, 0, number as u64), at + 1 + used))
        }
        b'$' => {
            let (len, used) = match rest.first_chunk().and_then(tiny_length) {
                Some(tiny) => tiny,
                None => short_length(rest).map(|(len, used)| (len as usize, used))?,
            };
            if len > bulk_limit || rest.get(used + len..used + len + 2)? != b"\r\n" {
                return None;
            }
            let text_at = at + 1 + used;
            Some((Node::new(Kind::String, len as u32, text_at as u64), text_at + len + 2))
        }
        b'+' => {
            let len = short_line(rest)?;
            Some((Node::new(Kind::Status, len as u32, at as u64 + 1), at + 1 + len + 2))
        }
        b'_' if rest.starts_with(b"\r\n") => Some((Node::new(Kind::Null, 0, 0), at + 3)),
        _ => None,
    }
}

/// A number of at most `SHORT_DIGITS` digits with its CRLF, and the bytes of both.
#[inline(always)]
fn short_number(text: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (index, &byte) in text.iter().enumerate().take(SHORT_DIGITS + 1) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            let ends = byte == b'\r' && index > 0 && text.get(index + 1) == Some(&b'\n');
            return ends.then_some((number, index + 2));
        }
        number = number * 10 + u64::from(digit);
    }
    None
}

/// As [`short_number`], without leading zeros, and below 2^32.
#[inline(always)]
fn short_length(text: &[u8]) -> Option<(u64, usize)> {
    let (number, used) = short_number(text)?;
    let leading_zero = text[0] == b'0' && used > 3;
    (!leading_zero && number <= u64::from(u32::MAX)).then_some((number, used))
}

/// A length of one, two or three digits with its CRLF, and the bytes of both: nearly every string's. Spelled out, because as
/// a loop it takes as long as all the rest of an element.
#[inline(always)]
fn tiny_length(text: &[u8; 5]) -> Option<(usize, usize)> {
    let digit = |index: usize| usize::from(text[index].wrapping_sub(b'0'));
    let (first, second, third) = (digit(0), digit(1), digit(2));
    match text {
        [_, b'\r', b'\n', ..] if first <= 9 => Some((first, 3)),
        [b'1'..=b'9', _, b'\r', b'\n', _] if second <= 9 => Some((first * 10 + second, 4)),
        [b'1'..=b'9', _, _, b'\r', b'\n'] if second <= 9 && third <= 9 => {
            Some((first * 100 + second * 10 + third, 5))
        }
        _ => None,
    }
}

/// The length of a line that ends within `SHORT_LINE` bytes.
#[inline(always)]
fn short_line(text: &[u8]) -> Option<usize> {
    // Not `windows(2)`: the answer is nearly always the third byte, so a plain loop wins.
    for (index, &byte) in text.iter().enumerate().take(SHORT_LINE) {
        if byte == b'\r' {
            return (text.get(index + 1) == Some(&b'\n')).then_some(index);
        }
    }
    None
}

/// Digits that fit in 64 bits whatever they are, sign or no sign.
const SHORT_DIGITS: usize = 18;
/// Below `Limits::MIN_LINE`, so the short cut cannot exceed the line limit.
const SHORT_LINE: usize = 24;
