//! Numbers in lines, strictly.
//!
//! Pure functions on the text of a complete line; only the parser calls them. Lengths and counts are
//! held to one spelling because a lenient length is how streams get out of step; integers follow
//! the RESP grammar (optional sign, decimal digits).

/// Why a length was refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BadLength {
    /// Not a decimal number in its one spelling.
    Malformed,
    /// A number, but of 2^64 or more.
    TooLarge,
}

/// A length or count: decimal digits without sign or leading zeros. `-1`, the old spelling of
/// null, is `None`.
pub(super) fn length(line: &[u8]) -> Result<Option<u64>, BadLength> {
    match line {
        b"-1" => Ok(None),
        b"0" => Ok(Some(0)),
        [b'1'..=b'9', ..] if line.iter().all(u8::is_ascii_digit) => {
            digits(line).map(Some).ok_or(BadLength::TooLarge)
        }
        _ => Err(BadLength::Malformed),
    }
}

/// A signed 64-bit integer: optional `+` or `-`, then digits. `None` if it is none or out of range.
pub(super) fn integer(line: &[u8]) -> Option<i64> {
    let (negative, rest) = sign(line);
    let magnitude = digits(rest)?;
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// A double: what `strtod` reads in the C locale, without hexadecimal; `inf` and `nan` in any case
/// and with any sign (servers before 7.2 send `-nan`).
pub(super) fn double(line: &[u8]) -> Option<f64> {
    std::str::from_utf8(line).ok()?.parse().ok()
}

/// Whether `line` is an integer of any size.
pub(super) fn is_big_number(line: &[u8]) -> bool {
    let (_, rest) = sign(line);
    !rest.is_empty() && rest.iter().all(u8::is_ascii_digit)
}

/// Splits off an optional sign; true is negative.
fn sign(line: &[u8]) -> (bool, &[u8]) {
    match line {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, line),
    }
}

/// One or more decimal digits, below 2^64.
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_spelling() {
        assert_eq!(length(b"0"), Ok(Some(0)));
        assert_eq!(length(b"10"), Ok(Some(10)));
        assert_eq!(length(b"-1"), Ok(None));
        assert_eq!(length(b"18446744073709551615"), Ok(Some(u64::MAX)));
        assert_eq!(length(b"18446744073709551616"), Err(BadLength::TooLarge));
        for bad in ["", "-", "-2", "-0", "-01", "+5", "00", "01", "1a", "a", " 1", "1 ", "?", "1."] {
            assert_eq!(length(bad.as_bytes()), Err(BadLength::Malformed), "{bad:?}");
        }
    }

    #[test]
    fn integers_span_exactly_64_bits() {
        assert_eq!(integer(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(integer(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(integer(b"+5"), Some(5));
        assert_eq!(integer(b"-0"), Some(0));
        assert_eq!(integer(b"007"), Some(7));
        for bad in ["", "-", "+", "--1", "9223372036854775808", "-9223372036854775809", "1.0", "1 "] {
            assert_eq!(integer(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn doubles_include_the_odd_ones() {
        assert_eq!(double(b"1.5e3"), Some(1500.0));
        assert_eq!(double(b"-inf"), Some(f64::NEG_INFINITY));
        assert!(double(b"-nan").is_some_and(f64::is_nan));
        for bad in ["", ".", "1,5", "0x10", " 1", "1 ", "e5", "\u{e9}"] {
            assert_eq!(double(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn big_numbers_are_digits() {
        assert!(is_big_number(b"-3492890328409238509324850943850943825024385"));
        assert!(is_big_number(b"+0"));
        for bad in ["", "-", "1.0", "1e5", "0x1"] {
            assert!(!is_big_number(bad.as_bytes()), "{bad:?}");
        }
    }
}
