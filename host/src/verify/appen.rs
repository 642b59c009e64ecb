//! Appen's signature: the SHA-1 of the payload's text and the secret webhook token after it, in hexadecimal digits, in the form's
//! field `signature`, in the header `X-Signature`, or both.
//!
//! The secret is a suffix, so whoever can make two texts of one SHA-1 has two payloads with one signature. TLS and basic
//! authentication belong beside it.

use http::HeaderMap;
use sha1::Digest as _;
use subtle::{Choice, ConstantTimeEq as _};

use super::Refusal;
use super::form::{Form, hex};
use crate::secret::Secret;

/// The header that may carry the signature.
const HEADER: &str = "x-signature";

/// Every signature that the request bears must be right by one of `tokens`; the same one for all of them. Without tokens nothing is
/// asked: then the hook's own door is all there is. An empty post claims nothing and passes.
pub(super) fn check(form: &Form, headers: &HeaderMap, tokens: &[Secret]) -> Result<(), Refusal> {
    if tokens.is_empty() || form.empty {
        return Ok(());
    }
    let field = form.signature.as_deref().map(str::as_bytes);
    let in_headers = headers.get_all(HEADER).iter().map(http::HeaderValue::as_bytes);
    let mut given: Vec<[u8; 20]> = Vec::with_capacity(1);
    let mut unlike = false;
    for text in field.into_iter().chain(in_headers).filter(|text| !text.is_empty()) {
        match digest(text) {
            Some(digest) => given.push(digest),
            None => unlike = true,
        }
    }
    if unlike {
        return Err(Refusal::SignatureWrong);
    }
    if given.is_empty() {
        return Err(Refusal::SignatureMissing);
    }
    let right = tokens.iter().fold(Choice::from(0), |right, token| {
        let expected: [u8; 20] = form.payload_sha1.clone().chain_update(token.reveal().as_bytes()).finalize().into();
        right | given.iter().fold(Choice::from(1), |all, digest| all & digest.ct_eq(&expected))
    });
    if right.into() { Ok(()) } else { Err(Refusal::SignatureWrong) }
}

/// The digest that forty hexadecimal digits stand for.
fn digest(text: &[u8]) -> Option<[u8; 20]> {
    let (pairs, rest) = text.as_chunks::<2>();
    let mut digest = [0; 20];
    if !rest.is_empty() || pairs.len() != digest.len() {
        return None;
    }
    for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
        *byte = hex(high)? << 4 | hex(low)?;
    }
    Some(digest)
}
