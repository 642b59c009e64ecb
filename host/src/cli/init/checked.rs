//! What may be answered to a question or stand behind a flag: each gives what is used from then on, or why it cannot be.

use crate::config::{self, Pointer};

/// An address of a web service.
pub(super) fn web_address(text: &str) -> Result<String, String> {
    match config::parse_web_address(text) {
        Ok(url) => Ok(url.as_str().trim_end_matches('/').to_owned()),
        Err(wrong) => Err(format!("`{text}` {wrong}: write it as in a browser, https://crowd.example.org")),
    }
}

/// Anything but nothing.
pub(super) fn some(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("this cannot be left out".to_owned()) } else { Ok(text.to_owned()) }
}

/// The name of an environment variable.
pub(super) fn variable(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name { Ok(text.to_owned()) } else { Err(format!("`{text}` is no name of a variable: letters, digits and `_`")) }
}

/// A JSON Pointer, or nothing for the whole.
pub(super) fn pointer(text: &str) -> Result<String, String> {
    text.parse::<Pointer>()
        .map(|_| text.to_owned())
        .map_err(|_| format!("`{text}` is no JSON Pointer: `/animal`, or `/form/animal` further down"))
}

/// A plain address of somebody.
pub(super) fn email(text: &str) -> Result<String, String> {
    let is_address = text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'))
        && text.chars().all(|letter| letter.is_ascii_graphic() && !"<>(),;\"\\".contains(letter));
    if is_address { Ok(text.to_owned()) } else { Err(format!("`{text}` is no e-mail address: `ann@example.org`")) }
}
