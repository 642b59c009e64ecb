//! `application/x-www-form-urlencoded`, read strictly: what a signature covers must have one reading only.

use http::HeaderMap;
use sha1::{Digest as _, Sha1};

/// A form has no more fields than this. Appen sends three.
const FIELDS_MAX: usize = 32;

/// The fields of a post that we know; others were there or not, it does not matter.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// The body was empty: someone tries out whether the hook is there.
    pub empty: bool,
    /// What happened. Not covered by the signature.
    pub signal: String,
    /// The payload's text as it was before encoding; it is what the signature covers.
    pub payload: String,
    /// The signature; none when there is no such field.
    pub signature: Option<String>,
    /// The SHA-1 of `payload`, begun once for the signature and for the dedup key.
    pub payload_sha1: Sha1,
}

/// Why a body is no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// The content type says that it is something else.
    #[error("the body must be of type `application/x-www-form-urlencoded`")]
    OtherType,
    /// A `%` is not followed by two hexadecimal digits.
    #[error("the form has a `%` without two hexadecimal digits after it")]
    BadEscape,
    /// A decoded name or value is not UTF-8.
    #[error("the form is not UTF-8")]
    NotUtf8,
    /// Which of the two would the signature cover?
    #[error("the form has a field twice")]
    FieldTwice,
    /// More fields than any sender has.
    #[error("the form has more than 32 fields")]
    TooManyFields,
}

pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Form, FormError> {
    if body.is_empty() {
        return Ok(Form { empty: true, ..Form::default() });
    }
    if headers.get(http::header::CONTENT_TYPE).is_some_and(|value| !is_form(value.as_bytes())) {
        return Err(FormError::OtherType);
    }
    let mut form = Form::default();
    let mut names: Vec<String> = Vec::with_capacity(3);
    for pair in body.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
        if names.len() == FIELDS_MAX {
            return Err(FormError::TooManyFields);
        }
        let equals = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at(equals);
        let name = decode(name)?;
        if names.contains(&name) {
            return Err(FormError::FieldTwice);
        }
        let value = decode(value.get(1..).unwrap_or_default())?;
        match name.as_str() {
            "signal" => form.signal = value,
            "payload" => form.payload = value,
            "signature" => form.signature = Some(value),
            _ => {}
        }
        names.push(name);
    }
    form.payload_sha1.update(form.payload.as_bytes());
    Ok(form)
}

/// Whether a content type is a form's, whatever parameters follow.
fn is_form(content_type: &[u8]) -> bool {
    let essence = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// `+` is a space, `%XX` a byte in either case. Anything else stands for itself.
fn decode(encoded: &[u8]) -> Result<String, FormError> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(&byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => match (rest.next().and_then(hex), rest.next().and_then(hex)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(FormError::BadEscape),
            },
            plain => plain,
        });
    }
    String::from_utf8(decoded).map_err(|_| FormError::NotUtf8)
}

/// The value of a hexadecimal digit.
pub(super) fn hex(digit: &u8) -> Option<u8> {
    char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
