//! Requests to other web services, through connections that the project names: a plugin gives the path below a connection's address, and
//! sees neither host nor secret. Let the name of the connection be a setting.

use serde::Serialize;

use crate::{Json, Result, host};

/// One header line. Names are compared without regard to case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header {
    /// As in `accept`.
    pub name: String,
    /// Visible characters and spaces.
    pub value: String,
}

impl Header {
    /// A header line.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// What a service answered, whatever the status.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// 100 to 599.
    pub status: u16,
    /// As they came, in lower case, without `set-cookie`.
    pub headers: Vec<Header>,
    /// The bytes, unpacked if they came compressed.
    pub body: Vec<u8>,
}

/// Something to be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Below the connection's address: begins with `/` and may hold a query, or is empty.
    pub path: String,
    /// Give a `content-type` when there is a body.
    pub headers: Vec<Header>,
    /// Text, as a rule JSON; at most 1 MiB.
    pub body: String,
}

impl Request {
    /// A request with a body of JSON, and the header that says so.
    ///
    /// # Errors
    ///
    /// As [`Json::of`].
    pub fn json(method: impl Into<String>, path: impl Into<String>, body: &(impl Serialize + ?Sized)) -> Result<Self> {
        let headers = vec![Header::new("content-type", "application/json")];
        Ok(Self { method: method.into(), path: path.into(), headers, body: Json::of(body)?.into_text() })
    }
}

/// Reads with GET, now, while the plugin waits. Any status is an answer and no failure.
///
/// # Errors
///
/// [`Failure::Retry`](crate::Failure::Retry) when there was no answer; [`Failure::OverLimit`](crate::Failure::OverLimit) beyond 10 calls in
/// one `handle`, or 2 MiB of body.
pub fn fetch(connection: &str, path: &str, headers: &[Header]) -> Result<Response> {
    host::http_fetch(connection, path, headers)
}

/// Asks for a request that changes something. It leaves after commit, at least once, always with the same `idempotency-key`; the plugin
/// does not see the answer.
///
/// # Errors
///
/// What the host answers: a connection that is not granted, a path that is none.
pub fn send(connection: &str, request: Request, once: Option<&str>) -> Result<()> {
    host::http_send(connection, request, once)
}
