//! Tells who may speak: `Unverified` → `Verified`. Pure; knows nothing of sockets and of the database.
//!
//! A request passes two doors. The hook's own (token in the path, name and password) stands before the body is read, so a
//! stranger can make us hold no bytes. Signatures need the body: those that the project asks of any sender, and the dialect's own
//! (Appen's). Only [`request`] makes a [`Verified`], and `normalise` takes nothing else.

use bytes::Bytes;
use http::HeaderMap;

use crate::clock::Timestamp;
use crate::config::{Hook, Project};
use crate::event::PlatformKind;

pub mod appen;
pub mod form;
mod header;
mod hmac;
pub mod hook;
mod standard;

pub use form::{Form, FormError};

/// Proof that the hook's own door was passed. Only [`caller`] gives it.
#[derive(Debug)]
pub struct Admitted(());

/// A request whose caller may use the hook, and of which nothing more is known yet.
#[derive(Debug)]
pub struct Unverified {
    /// What stands behind the `?` of its address.
    pub query: Option<String>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, whole.
    pub body: Bytes,
    /// When it came.
    pub received_at: Timestamp,
}

/// A request that its sender could rightly make. Nobody but this module makes one.
#[derive(Debug)]
pub struct Verified(Content);

/// What a verified request holds.
#[derive(Debug)]
pub enum Content {
    /// PYBOSSA: the query and a body that is text.
    Pybossa {
        /// What stands behind the `?`.
        query: Option<String>,
        /// The body, which is UTF-8.
        body: Bytes,
    },
    /// Appen: the form's fields.
    Appen(Form),
    /// Any other sender: a body that is text.
    Generic {
        /// The body, which is UTF-8.
        body: Bytes,
        /// The `webhook-id`, where a signature covers it.
        webhook_id: Option<String>,
    },
}

impl Verified {
    /// What it holds.
    #[must_use]
    pub fn into_content(self) -> Content {
        self.0
    }
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such project, or the token in the path is wrong: the caller must not learn which.
    #[error("there is no such hook")]
    NoSuchHook,
    /// Name or password is missing or wrong.
    #[error("user name or password is missing or wrong")]
    WrongPassword,
    /// The project has signing tokens and the request bears no signature.
    #[error("the signature is missing")]
    SignatureMissing,
    /// A signature does not match the payload.
    #[error("the signature does not match the payload")]
    SignatureWrong,
    /// A header that is to hold a secret does not.
    #[error("a header is missing or wrong")]
    HeaderWrong,
    /// The project asks for an HMAC of the body, and there is none.
    #[error("the signature is missing")]
    HmacMissing,
    /// The HMAC does not match the body.
    #[error("the signature does not match the body")]
    HmacWrong,
    /// The project asks for the three headers of Standard Webhooks, and they are not there once each.
    #[error("a header of Standard Webhooks is missing, or there twice")]
    StandardMissing,
    /// No signature of Standard Webhooks matches.
    #[error("the signature does not match")]
    StandardWrong,
    /// Rightly signed, but too long ago, or by a clock that is ahead.
    #[error("the timestamp is too far from now")]
    Stale,
    /// The body is no form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The body is no text.
    #[error("the body is not UTF-8")]
    NotUtf8,
}

/// Whether whoever presents `token` (from the path) and `headers` may use `hook`. None stands for a project that does not
/// exist; it takes as long to refuse as a wrong token.
///
/// # Errors
///
/// [`Refusal::NoSuchHook`], [`Refusal::WrongPassword`] and [`Refusal::HeaderWrong`].
pub fn caller(hook: Option<&Hook>, token: Option<&str>, headers: &HeaderMap) -> Result<Admitted, Refusal> {
    hook::admit(hook, token, headers.get(http::header::AUTHORIZATION))?;
    if let Some(wanted) = hook.and_then(|hook| hook.header.as_ref()) {
        header::check(wanted, headers)?;
    }
    Ok(Admitted(()))
}

/// Verifies what an admitted caller sent to `project`. The proof is used up: one proof, one request.
///
/// # Errors
///
/// Any [`Refusal`] that is about the body and its signature.
pub fn request(project: &Project, _admitted: Admitted, request: Unverified) -> Result<Verified, Refusal> {
    if let Some(wanted) = &project.hook.hmac {
        hmac::check(wanted, &request.headers, &request.body)?;
    }
    let webhook_id = match &project.hook.standard_webhooks {
        Some(wanted) => Some(standard::check(wanted, &request)?),
        None => None,
    };
    match project.platform.kind {
        PlatformKind::Pybossa => {
            // PYBOSSA signs nothing: the hook's own door is all there is. What it says is confirmed later, through its API.
            if std::str::from_utf8(&request.body).is_err() {
                return Err(Refusal::NotUtf8);
            }
            Ok(Verified(Content::Pybossa { query: request.query, body: request.body }))
        }
        PlatformKind::Appen => {
            let form = form::parse(&request.headers, &request.body)?;
            appen::check(&form, &request.headers, &project.platform.signing_tokens)?;
            Ok(Verified(Content::Appen(form)))
        }
        PlatformKind::Generic => {
            if std::str::from_utf8(&request.body).is_err() {
                return Err(Refusal::NotUtf8);
            }
            Ok(Verified(Content::Generic { body: request.body, webhook_id }))
        }
    }
}

#[cfg(test)]
mod tests;
