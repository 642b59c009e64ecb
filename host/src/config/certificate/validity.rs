//! When a certificate ends: the one thing that we want of it and that no crate of ours tells. Reads as much of DER (X.690) as leads to
//! it (RFC 5280, 4.1).

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::clock::Timestamp;

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version, which may be left out.
const VERSION: u8 = 0xA0;

/// The moment after which `certificate` counts no longer; none when it is not one.
pub(super) fn end(certificate: &[u8]) -> Option<Timestamp> {
    let (signed, _) = content(certificate, SEQUENCE)?;
    let (mut rest, _) = content(signed, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = value(rest)?.2;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        rest = value(rest)?.2;
    }
    let (validity, _) = content(rest, SEQUENCE)?;
    let (_, _, from_end) = value(validity)?;
    let (tag, text, _) = value(from_end)?;
    moment(tag, std::str::from_utf8(text).ok()?)
}

/// Years of two digits are of 1950 to 2049.
fn moment(tag: u8, text: &str) -> Option<Timestamp> {
    let whole = match tag {
        UTC_TIME if text.get(..2)? >= "50" => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let civil: DateTime = strtime::parse("%Y%m%d%H%M%SZ", whole).ok()?.to_datetime().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// What a value of this tag holds, and what follows it.
fn content(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = value(bytes)?;
    (tag == wanted).then_some((content, rest))
}

/// The tag of the first value, what it holds, and what follows it.
fn value(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    /// What is shorter has its length in one byte.
    const LONG: u8 = 0x80;
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        first if first < LONG => (usize::from(first), rest),
        // The length of the length; no certificate has four gigabytes.
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests;
