//! Standard Webhooks (<https://www.standardwebhooks.com>), version `v1`: an HMAC-SHA256 of id, timestamp and body. What signs by a
//! private key (`v1a`) is passed over.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderMap, HeaderName};
use subtle::{Choice, ConstantTimeEq as _};

use super::hmac::tag_of;
use super::{Refusal, Unverified};
use crate::clock::Timestamp;
use crate::config::{Hash, StandardWebhooks};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// So many signatures of a list are looked at: a sender has one for each secret that it is changing.
const SIGNATURES_MAX: usize = 16;

/// One signature of the list must be right by one of the secrets, and the timestamp near. The id that they cover.
///
/// The timestamp is looked at last: whoever cannot sign learns nothing about our clock.
pub(super) fn check(wanted: &StandardWebhooks, request: &Unverified) -> Result<String, Refusal> {
    let header = |name| only(&request.headers, &name).ok_or(Refusal::StandardMissing);
    let (id, timestamp, signatures) = (header(ID)?, header(TIMESTAMP)?, header(SIGNATURE)?);
    let given: Vec<Vec<u8>> = signatures
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .filter_map(|encoded| BASE64.decode(encoded).ok())
        .take(SIGNATURES_MAX)
        .collect();
    let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &request.body];
    let right = wanted.secrets.iter().filter_map(StandardWebhooks::key).fold(Choice::from(0), |right, key| {
        let expected = tag_of(Hash::Sha256, &key, &parts);
        given.iter().fold(right, |right, given| right | given.ct_eq(&expected))
    });
    if !bool::from(right) {
        return Err(Refusal::StandardWrong);
    }
    let seconds: i64 = timestamp.parse().map_err(|_| Refusal::StandardWrong)?;
    if is_near(seconds, request.received_at, wanted.window.as_secs()) { Ok(id.to_owned()) } else { Err(Refusal::Stale) }
}

fn is_near(seconds: i64, now: Timestamp, window: u64) -> bool {
    seconds.abs_diff(now.as_second()) <= window
}

/// The text of a header that is there once and not empty.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().filter(|text| !text.is_empty()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
