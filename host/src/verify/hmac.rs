//! An HMAC of the body as it came, in a header: GitHub's `X-Hub-Signature-256`, Shopify's `X-Shopify-Hmac-Sha256`, and their like.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{KeyInit, Mac};
use http::HeaderMap;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::{Choice, ConstantTimeEq as _};

use super::Refusal;
use super::form::hex;
use crate::config::{Encoding, Hash, Hmac};

/// Every signature in the header must be right by one of the secrets; the same one for all of them. Nobody sends several.
pub(super) fn check(wanted: &Hmac, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let mut given: Vec<Vec<u8>> = Vec::with_capacity(1);
    for value in headers.get_all(&wanted.header).iter().filter(|value| !value.is_empty()) {
        given.push(signature(wanted, value.as_bytes()).ok_or(Refusal::HmacWrong)?);
    }
    if given.is_empty() {
        return Err(Refusal::HmacMissing);
    }
    let right = wanted.secrets.iter().fold(Choice::from(0), |right, secret| {
        let expected = tag_of(wanted.hash, secret.reveal().as_bytes(), &[body]);
        right | given.iter().fold(Choice::from(1), |all, given| all & given.ct_eq(&expected))
    });
    if right.into() { Ok(()) } else { Err(Refusal::HmacWrong) }
}

/// The bytes of a signature, where it is written as it should be.
fn signature(wanted: &Hmac, value: &[u8]) -> Option<Vec<u8>> {
    let encoded = value.strip_prefix(wanted.prefix.as_bytes())?;
    match wanted.encoding {
        Encoding::Base64 => BASE64.decode(encoded).ok(),
        Encoding::Hex => match encoded.as_chunks::<2>() {
            (pairs, []) => pairs.iter().map(|[high, low]| Some(hex(high)? << 4 | hex(low)?)).collect(),
            _ => None,
        },
    }
}

/// The HMAC of `parts`, one after the other.
pub(super) fn tag_of(hash: Hash, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    match hash {
        Hash::Sha1 => tag::<hmac::Hmac<Sha1>>(key, parts),
        Hash::Sha256 => tag::<hmac::Hmac<Sha256>>(key, parts),
        Hash::Sha512 => tag::<hmac::Hmac<Sha512>>(key, parts),
    }
}

fn tag<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests;
