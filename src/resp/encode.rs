//! Commands to bytes.
//!
//! A command is an array of bulk strings, in every protocol version. These functions append to a
//! buffer and neither know nor check what a command means; the client and its pipelines call them.
//! One rule is the caller's: a command has at least one argument, because a server answers `*0`
//! with nothing and every later reply would go to the wrong caller.

use memchr::memchr;
use zeroize::Zeroizing;

use super::writer::{self, Writer};

/// Appends one command. Arguments may hold any bytes and any number of them.
pub fn encode_command<A: AsRef<[u8]>>(out: &mut Vec<u8>, args: &[A]) {
    let mut writer = Writer::new(out, args.len(), payload(args));
    for arg in args {
        writer.argument(arg.as_ref());
    }
    writer.finish();
}

#[inline]
fn payload<A: AsRef<[u8]>>(args: &[A]) -> usize {
    args.iter().map(|arg| arg.as_ref().len()).sum()
}

/// Commands with a password in them, in a buffer that is erased when it is dropped. It is made as long
/// as it has to be and never grows, which would leave a copy behind.
pub fn encode_secret_commands<A: AsRef<[u8]>>(commands: &[Vec<A>]) -> Zeroizing<Vec<u8>> {
    let len = commands.iter().map(|args| writer::most(args.len(), payload(args))).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    for args in commands {
        encode_command(&mut out, args);
    }
    out
}

/// Appends one command whose arguments lie one behind the other in `bytes`, and returns how many
/// bytes of it they are. `None`, with nothing appended, if `lens` goes beyond `bytes`.
#[must_use]
pub fn encode_packed(out: &mut Vec<u8>, bytes: &[u8], lens: &[u32]) -> Option<usize> {
    let payload: usize = lens.iter().try_fold(0usize, |sum, &len| sum.checked_add(len as usize))?;
    let mut rest = bytes.get(..payload)?;
    let mut writer = Writer::new(out, lens.len(), payload);
    for &len in lens {
        let (arg, behind) = rest.split_at(len as usize);
        writer.argument(arg);
        rest = behind;
    }
    writer.finish();
    Some(payload)
}

/// The number of whole commands in `encoded[..sent]`.
///
/// `encoded` begins with a command and was written by this module; it may go on beyond `sent`.
/// Time is in proportion to the arguments sent, not their bytes.
pub fn whole_commands(encoded: &[u8], sent: usize) -> usize {
    leading_commands(encoded, sent).0
}

/// The number of whole commands in `encoded[..sent]`, as [`whole_commands`] counts them, and where the last of them ends.
pub(crate) fn leading_commands(encoded: &[u8], sent: usize) -> (usize, usize) {
    let sent = sent.min(encoded.len());
    let mut commands = 0;
    let mut at = 0;
    while let Some(end) = command_end(encoded, at, sent) {
        commands += 1;
        at = end;
    }
    (commands, at)
}

/// The end of the command at `at`, unless it goes beyond `sent`.
fn command_end(encoded: &[u8], at: usize, sent: usize) -> Option<usize> {
    let (argc, mut at) = read_header(encoded.get(..sent)?, at)?;
    for _ in 0..argc {
        let (len, payload) = read_header(&encoded[..sent], at)?;
        at = payload.checked_add(len)?.checked_add(2)?;
        if at > sent {
            return None;
        }
    }
    Some(at)
}

/// The commands in `encoded`, which this module wrote, each with its arguments.
pub(crate) fn encoded_commands(encoded: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (argc, mut next) = read_header(encoded, at)?;
        let mut args = Vec::with_capacity(argc.min(64));
        for _ in 0..argc {
            let (len, payload) = read_header(encoded, next)?;
            args.push(encoded.get(payload..payload.checked_add(len)?)?);
            next = payload + len + 2;
        }
        at = next;
        Some(args)
    })
}

/// Digits and CRLF.
const LONGEST_NUMBER: usize = 22;

/// The number in the header at `at` and the offset behind it, if it is whole.
fn read_header(encoded: &[u8], at: usize) -> Option<(usize, usize)> {
    let digits = encoded.get(at.checked_add(1)?..)?;
    let newline = memchr(b'\n', &digits[..digits.len().min(LONGEST_NUMBER)])?;
    let number = std::str::from_utf8(digits[..newline].strip_suffix(b"\r")?).ok()?;
    Some((number.parse().ok()?, at + 1 + newline + 1))
}
