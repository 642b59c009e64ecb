//! The hook's own door: a token in the path, a name and a password, or both. Refusing takes the same time whether there is such
//! a project or not.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderValue;

use super::Refusal;
use crate::config::{Basic, Hook};
use crate::secret::Secret;

/// A refusal compares at least so many tokens, real ones or not, so that the time it takes does not tell how many there are.
/// Nobody keeps more while changing one.
const COMPARISONS_MIN: usize = 4;

/// Stands in for the tokens of a project that does not exist.
static DUMMY: LazyLock<Secret> = LazyLock::new(|| Secret::new("no token of any project is this long and this plain"));

pub(super) fn admit(hook: Option<&Hook>, token: Option<&str>, authorization: Option<&HeaderValue>) -> Result<(), Refusal> {
    let tokens = hook.map_or(&[][..], |hook| &hook.tokens);
    let known = match token {
        Some(token) => any_matches(tokens, token),
        // The path without a token is the hook's own only where a name and a password guard it instead.
        None => hook.is_some_and(|hook| hook.tokens.is_empty() && hook.basic.is_some()),
    };
    if !known {
        let compared = if token.is_some() { tokens.len() } else { 0 };
        for _ in compared..COMPARISONS_MIN {
            std::hint::black_box(DUMMY.matches(token.unwrap_or_default()));
        }
        return Err(Refusal::NoSuchHook);
    }
    match hook.and_then(|hook| hook.basic.as_ref()) {
        Some(basic) if !authorization.is_some_and(|header| knows(basic, header)) => Err(Refusal::WrongPassword),
        _ => Ok(()),
    }
}

/// Compares all of them, so that the time does not tell which one it was.
pub(super) fn any_matches(secrets: &[Secret], text: &str) -> bool {
    secrets.iter().fold(false, |found, secret| found | secret.matches(text))
}

/// Whether the header holds the name and one of the passwords. The name is compared like a secret too.
fn knows(basic: &Basic, header: &HeaderValue) -> bool {
    let Some((user, password)) = credentials(header) else { return false };
    let right_user = Secret::new(&basic.user).matches(&user);
    any_matches(&basic.passwords, &password) & right_user
}

fn credentials(header: &HeaderValue) -> Option<(String, String)> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
