//! What PYBOSSA means when it does not say yes, and what people can do about it. Pure.
//!
//! Its own errors are JSON objects with `exception_cls` and `exception_msg`; a status alone says little, since a wrong type, an unknown
//! field and a lost database all are 415. What is not of its own shape is somebody else's: a proxy's page, which will pass.

use serde::Deserialize;

use crate::connection::Response;
use crate::id::ProjectName;
use crate::platform::PlatformError;

/// Of PYBOSSA's own words, people are shown so many characters of the first line: further on it quotes what was sent.
const QUOTED_CHARS_MAX: usize = 160;
/// Exceptions that PYBOSSA answers with 415 and that are about its own database: they pass.
const PASSING: &[&str] =
    &["OperationalError", "InterfaceError", "InternalError", "TimeoutError", "PendingRollbackError", "InvalidRequestError"];

/// What a call was for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The server's address.
    pub(super) address: &'a str,
    /// The project's name on this host.
    pub(super) project: &'a ProjectName,
    /// The project's name on the server.
    pub(super) short_name: &'a str,
    /// `save result 12 of task 7`.
    pub(super) what: &'a str,
    /// Whether it was to change something.
    pub(super) writes: bool,
}

/// PYBOSSA's shapes of an error.
#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    exception_cls: Option<String>,
    #[serde(default)]
    exception_msg: Option<String>,
    /// Of the shape that the web framework itself answers with.
    #[serde(default)]
    code: Option<u16>,
}

/// Says what an answer means.
///
/// # Errors
///
/// Whatever is no yes.
pub(super) fn verdict(asked: Asked<'_>, response: &Response) -> Result<(), PlatformError> {
    let Asked { address, project, short_name, what, .. } = asked;
    let status = response.status;
    let own: ErrorBody = serde_json::from_slice(&response.body).unwrap_or_default();
    let later = |why: String| Err(PlatformError::Later { after: response.wait, why });
    let refused = |why: String| Err(PlatformError::Refused { why });
    let key_refused = |why: String| Err(PlatformError::KeyRefused { why });
    match (status, own.exception_cls.as_deref()) {
        (200..=299, _) => Ok(()),
        (300..=399, _) => {
            let to = response.location.as_deref().unwrap_or("another address");
            refused(format!(
                "`{address}` sends calls of project `{project}` on to `{to}` (status {status}), which is not followed: set `platform.url` to PYBOSSA's own address"
            ))
        }
        (429, _) => later(format!("PYBOSSA at `{address}` allows no more calls for now (to {what} for project `{project}`)")),
        (500.., _) => later(format!("PYBOSSA at `{address}` failed with status {status} (to {what} for project `{project}`)")),
        (401, Some(_)) => key_refused(format!(
            "PYBOSSA at `{address}` does not know the API key of project `{project}` (to {what}): set `platform.api_key`"
        )),
        (403, Some(_)) => key_refused(format!(
            "the API key of project `{project}` is of nobody who may {what} on PYBOSSA at `{address}`: set `platform.api_key` to the \
             key of an owner of `{short_name}`"
        )),
        (404, Some(_)) => Err(PlatformError::Missing { why: format!("PYBOSSA at `{address}` has nothing there (to {what})") }),
        (_, Some(class)) if PASSING.contains(&class) => {
            later(format!("PYBOSSA at `{address}` has trouble with its database (to {what} for project `{project}`)"))
        }
        (_, Some(class)) => no(asked, status, class, own.exception_msg.as_deref().unwrap_or_default()),
        (_, None) if own.code == Some(status) => no(asked, status, "the web framework", "the call was not understood"),
        (_, None) => later(format!(
            "`{address}` answered with status {status} and a page that is not PYBOSSA's (to {what} for project `{project}`); if it \
             stays so, look at `platform.url`"
        )),
    }
}

/// A definite no, with PYBOSSA's own reason.
fn no(asked: Asked<'_>, status: u16, class: &str, message: &str) -> Result<(), PlatformError> {
    let Asked { address, project, what, writes, .. } = asked;
    let message: String = message.lines().next().unwrap_or_default().chars().take(QUOTED_CHARS_MAX).collect();
    let class: String = class.chars().filter(char::is_ascii_alphanumeric).take(QUOTED_CHARS_MAX).collect();
    let fix = if writes { "what is written must change" } else { "is this a PYBOSSA of version 4?" };
    let why = format!("PYBOSSA at `{address}` refuses to {what} for project `{project}` (status {status}, {class}: {message}): {fix}");
    Err(PlatformError::Refused { why })
}

#[cfg(test)]
mod tests;
