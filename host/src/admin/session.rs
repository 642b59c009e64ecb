//! How a browser shows that it may ask: a cookie that the host signed with the admin token, and links by which it gets one.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::clock::{self, Timestamp};
use crate::id::hex;
use crate::secret::Secret;

/// The cookie's name. Cookies do not tell ports apart, and two hosts may run on one machine: each looks through all of that name.
const COOKIE: &str = "crowdhook";
/// A browser is let in for so long.
const SESSION: Duration = Duration::from_secs(30 * 24 * 3_600);
/// A link lets in whoever opens it first, within this.
const LINK: Duration = Duration::from_secs(60);
/// As many links are open at a time; a further one closes the oldest.
const LINKS_MAX: usize = 16;
/// Random bytes in a link.
const CODE_BYTES: usize = 24;

/// Links that nobody has opened yet.
#[derive(Debug, Default)]
pub struct Links(Mutex<Vec<(Secret, Timestamp)>>);

impl Links {
    /// The code of a new link.
    ///
    /// # Errors
    ///
    /// As [`Secret::random`].
    pub(super) fn make(&self, now: Timestamp) -> io::Result<Secret> {
        let code = Secret::random(CODE_BYTES)?;
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() >= LINKS_MAX {
            links.remove(0);
        }
        links.push((code.clone(), clock::after(now, LINK)));
        Ok(code)
    }

    /// Whether a code is one that was made within the last minute; it opens nothing a second time.
    pub(super) fn open(&self, code: &str, now: Timestamp) -> bool {
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|(_, until)| *until > now);
        let found = links.iter().position(|(known, _)| known.matches(code));
        found.map(|index| links.remove(index)).is_some()
    }
}

/// The header that lets a browser in. No page of another site can have it sent along, and no script can read it.
pub(super) fn cookie(token: &Secret, now: Timestamp) -> HeaderValue {
    let until = clock::after(now, SESSION).as_second();
    let value = format!("{COOKIE}={until}.{}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", signed(token, until), SESSION.as_secs());
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static(""))
}

/// The header that takes the cookie away again.
pub(super) fn no_cookie() -> HeaderValue {
    HeaderValue::from_static("crowdhook=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// Whether a request has a cookie that this host gave, and that still counts.
pub(super) fn is_let_in(headers: &HeaderMap, token: &Secret, now: Timestamp) -> bool {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    cookies.filter_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('=')).any(|value| {
        let Some((until, signature)) = value.split_once('.') else { return false };
        let Ok(until) = until.parse::<i64>() else { return false };
        until > now.as_second() && Secret::new(&signed(token, until)).matches(signature)
    })
}

/// HMAC-SHA256 of the session's end, under the admin token: who has a new token is asked for it anew.
fn signed(token: &Secret, until: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.reveal().as_bytes()).expect("a key may have any length");
    mac.update(b"crowdhook session until ");
    mac.update(until.to_string().as_bytes());
    hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests;
