//! What a length-prefixed value or an aggregate announces.
//!
//! A pure function on a complete header line. It is here that declared sizes are believed or not;
//! nothing is ever reserved from them.

use super::error::ProtocolError;
use super::limits::Limits;
use super::node::Kind;
use super::number::{self, BadLength};

/// The announcement in a header line.
pub(super) enum Declared {
    Null,
    Bytes { kind: Kind, len: usize },
    Elements { kind: Kind, len: u32 },
}

/// What the header line of a length-prefixed value or an aggregate declares.
pub(super) fn declared(marker: u8, line: &[u8], limits: &Limits) -> Result<Declared, ProtocolError> {
    let declared = match number::length(line) {
        Ok(Some(declared)) => declared,
        Ok(None) if matches!(marker, b'$' | b'*') => return Ok(Declared::Null),
        Ok(None) | Err(BadLength::Malformed) => {
            let what = match (marker, line) {
                (_, b"?") => "streamed strings and aggregates are not supported",
                (b'$' | b'!' | b'=', _) => "not the length of a string",
                _ => "not a number of elements",
            };
            return Err(ProtocolError::malformed(what, line));
        }
        // A number no limit allows; say so with the limit it meets below.
        Err(BadLength::TooLarge) => u64::MAX,
    };

    let kind = match marker {
        b'$' => Kind::String,
        b'!' => Kind::Error,
        b'=' => Kind::Verbatim,
        b'*' => Kind::Array,
        b'%' => Kind::Map,
        b'~' => Kind::Set,
        b'>' => Kind::Push,
        _ => Kind::Attribute,
    };
    if !kind.is_aggregate() {
        return match usize::try_from(declared) {
            Ok(len) if len <= limits.bulk => {
                if kind == Kind::Verbatim && len < VERBATIM_PREFIX {
                    return Err(ProtocolError::malformed("verbatim text without format", line));
                }
                Ok(Declared::Bytes { kind, len })
            }
            _ => Err(ProtocolError::limit("length of a string", limits.bulk)),
        };
    }
    let elements = match kind {
        Kind::Map | Kind::Attribute => declared.checked_mul(2),
        _ => Some(declared),
    };
    match elements.and_then(|elements| u32::try_from(elements).ok()) {
        Some(len) => Ok(Declared::Elements { kind, len }),
        None => Err(ProtocolError::limit("number of elements", u32::MAX as usize)),
    }
}

/// Bytes of the format of verbatim text and the `:` behind it.
pub(super) const VERBATIM_PREFIX: usize = 4;
