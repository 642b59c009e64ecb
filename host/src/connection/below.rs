//! What a plugin asks of a web service, before it leaves: a path that lies below the connection's address and stays there, and
//! headers that say nothing in the host's name. Pure.
//!
//! The path is refused rather than mended. What leads elsewhere does so because two programs read it differently, so
//! whatever a server, a proxy or a framework on the other side may take for a way up or out is refused in every spelling.

use url::Url;

/// A path with its query is no longer, in bytes.
const PATH_BYTES_MAX: usize = 8 << 10;
/// Headers of one request.
const HEADERS_MAX: usize = 50;
/// Names and values of them together.
const HEADERS_BYTES_MAX: usize = 16 << 10;
/// A path that is still encoded after it was decoded so often hides something.
const DECODED_MAX: usize = 4;

/// The host writes these, or they would tell the other side to read another path, method or sender than the request has.
const HEADERS_OF_THE_HOST: [&str; 22] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "idempotency-key",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
];
const HEADER_FAMILIES_OF_THE_HOST: [&str; 2] = ["proxy-", "x-forwarded-"];

/// Why a request cannot leave like this, for its author.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It cannot be right.
    #[error("{0}")]
    Invalid(String),
    /// It is too large.
    #[error("{0}")]
    TooLarge(String),
}

impl Wrong {
    fn path(why: &str) -> Self {
        Self::Invalid(format!("`path` {why}"))
    }
}

/// Refuses a path that could lead anywhere but below an address; empty means the address itself.
///
/// # Errors
///
/// What is wrong with it.
pub fn check_path(path: &str) -> Result<(), Wrong> {
    if path.len() > PATH_BYTES_MAX {
        return Err(Wrong::TooLarge(format!("`path` has {} bytes, and may have {PATH_BYTES_MAX}", path.len())));
    }
    if !path.is_empty() && !path.starts_with('/') {
        return Err(Wrong::path("must begin with `/`, or be empty: the host is the connection's"));
    }
    if path.contains(|letter: char| letter.is_control() || letter.is_whitespace()) {
        return Err(Wrong::path("holds a space or a control character: encode it, a space as `%20`"));
    }
    if path.contains(['\\', '#']) {
        return Err(Wrong::path("holds a `\\` or a `#`"));
    }
    let parts = path.split_once('?').map_or(path, |(parts, _)| parts);
    check_parts(parts)
}

/// Refuses ways up and out, also those that show when the path is decoded once more than it should be.
fn check_parts(parts: &str) -> Result<(), Wrong> {
    if parts.starts_with("//") {
        return Err(Wrong::path("begins with `//`, which names a host"));
    }
    if !is_encoded_well(parts.as_bytes()) {
        return Err(Wrong::path("holds a `%` that two hexadecimal digits do not follow: write `%25` for the sign itself"));
    }
    let slashes = count_slashes(parts.as_bytes());
    let mut decoded = parts.as_bytes().to_vec();
    for _ in 0..DECODED_MAX {
        if decoded.split(|byte| *byte == b'/').any(is_way_up) {
            return Err(Wrong::path("holds a part `.` or `..`"));
        }
        let next = decode(&decoded);
        if next.iter().any(|byte| *byte < 0x20 || *byte == 0x7f) {
            return Err(Wrong::path("holds an encoded control character"));
        }
        if count_slashes(&next) > slashes {
            return Err(Wrong::path("holds an encoded `/` or `\\`"));
        }
        if next == decoded {
            return Ok(());
        }
        decoded = next;
    }
    Err(Wrong::path("is encoded several times over"))
}

fn count_slashes(text: &[u8]) -> usize {
    text.iter().filter(|byte| matches!(byte, b'/' | b'\\')).count()
}

/// `.` and `..`, also with parameters as some servers strip them: `..;x=1`.
fn is_way_up(part: &[u8]) -> bool {
    let name = part.split(|byte| *byte == b';').next().unwrap_or(part);
    matches!(name, b"." | b"..")
}

/// Whether two hexadecimal digits follow each `%`.
fn is_encoded_well(text: &[u8]) -> bool {
    let is_digit = |place: usize| text.get(place).is_some_and(u8::is_ascii_hexdigit);
    text.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(place, _)| is_digit(place + 1) && is_digit(place + 2))
}

/// Decoded once; a `%` that stands for nothing stays, as where programs are lenient.
fn decode(text: &[u8]) -> Vec<u8> {
    percent_encoding::percent_decode(text).collect()
}

/// The address of `path` below `base`.
///
/// # Errors
///
/// As [`check_path`].
pub fn join(base: &Url, path: &str) -> Result<Url, Wrong> {
    check_path(path)?;
    let mut root = base.clone();
    root.set_query(None);
    root.set_fragment(None);
    if path.is_empty() {
        return Ok(root);
    }
    let root_path = root.path().trim_end_matches('/').to_owned();
    let (parts, query) = path.split_once('?').map_or((path, None), |(parts, query)| (parts, Some(query)));
    let mut url = root.clone();
    url.set_path(&format!("{root_path}{parts}"));
    url.set_query(query);
    // What the checks above did not foresee ends here.
    let stays = url.origin() == base.origin()
        && url.username() == base.username()
        && url.password() == base.password()
        && url.fragment().is_none()
        && url.path().strip_prefix(root_path.as_str()).is_some_and(|below| below.starts_with('/'));
    if stays { Ok(url) } else { Err(Wrong::path("leads out of the connection's address")) }
}

/// Refuses headers that are none, and those that are not the plugin's to write; `own` is the header that the connection's key travels in.
///
/// # Errors
///
/// What is wrong with which of them.
pub fn check_headers(headers: &[(String, String)], own: Option<&str>) -> Result<(), Wrong> {
    if headers.len() > HEADERS_MAX {
        return Err(Wrong::TooLarge(format!("there are {} headers, and there may be {HEADERS_MAX}", headers.len())));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > HEADERS_BYTES_MAX {
        return Err(Wrong::TooLarge(format!("the headers have {bytes} bytes, and may have {HEADERS_BYTES_MAX}")));
    }
    headers.iter().try_for_each(|(name, value)| check_header(name, value, own))
}

fn check_header(name: &str, value: &str, own: Option<&str>) -> Result<(), Wrong> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(Wrong::Invalid(format!("`{}` is no name of a header", name.escape_debug())));
    }
    if !value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Err(Wrong::Invalid(format!(
            "the value of the header `{name}` holds something else than visible ASCII characters and spaces"
        )));
    }
    let lower = name.to_ascii_lowercase();
    let of_the_host =
        HEADERS_OF_THE_HOST.contains(&lower.as_str()) || HEADER_FAMILIES_OF_THE_HOST.iter().any(|family| lower.starts_with(family));
    if of_the_host {
        return Err(Wrong::Invalid(format!("the header `{name}` is the host's to write; leave it out")));
    }
    if own.is_some_and(|own| lower == own.to_ascii_lowercase()) {
        return Err(Wrong::Invalid(format!("the header `{name}` holds the connection's key; leave it out")));
    }
    Ok(())
}

/// Refuses a path whose query has the parameter `own`, in which the connection's key travels.
///
/// # Errors
///
/// When it does.
pub fn check_query(path: &str, own: Option<&str>) -> Result<(), Wrong> {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    match own {
        Some(own) if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == own) => {
            Err(Wrong::path(&format!("has the query parameter `{own}`, which holds the connection's key; leave it out")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
