//! A header that must hold a secret, as GitLab's `X-Gitlab-Token` does. It says nothing about the body.

use http::HeaderMap;

use super::Refusal;
use super::hook::any_matches;
use crate::config::HeaderToken;

/// The header must be there once, and hold one of the secrets.
pub(super) fn check(wanted: &HeaderToken, headers: &HeaderMap) -> Result<(), Refusal> {
    let mut given = headers.get_all(&wanted.name).iter();
    let value = match (given.next(), given.next()) {
        (Some(value), None) => std::str::from_utf8(value.as_bytes()).ok(),
        _ => None,
    };
    if any_matches(&wanted.values, value.unwrap_or_default()) { Ok(()) } else { Err(Refusal::HeaderWrong) }
}

#[cfg(test)]
mod tests;
