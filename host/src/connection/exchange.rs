//! One call over HTTP, and what became of it. The only file that speaks to `reqwest`.

use std::error::Error;
use std::sync::Once;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::HeaderValue;
use http::response::Parts;
use http::{HeaderMap, Method};
use reqwest::{Client, redirect};
use url::Url;

use super::{Limits, egress, trust};

/// An idle connection is kept for the next call this long.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// What makes calls to one address.
#[derive(Debug)]
pub(super) struct Exchange {
    limits: Limits,
    client: Result<Client, String>,
}

/// A call, ready to leave.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    /// Below the connection's address.
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) keep: Keep,
}

/// How much is kept of the body of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// All of it; one that is larger is an error.
    Whole { bytes_max: usize },
    /// Its beginning. The status alone counts: the rest, or a body that breaks off, is of no importance.
    Beginning { bytes_max: usize },
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ExchangeError {
    /// It will never work.
    Never(String),
    /// The body is larger than so many bytes.
    TooLarge(usize),
    /// No whole answer came.
    Broken { why: String, sent: bool },
}

impl Exchange {
    pub(super) fn new(base: &Url, limits: Limits) -> Self {
        let client = match egress::check_base(base) {
            Ok(()) => client(base, limits),
            Err(what) => Err(format!("is {what}, where this host does not connect")),
        };
        Self { limits, client }
    }

    /// Makes the call and reads the answer.
    pub(super) async fn make(&self, call: Outgoing) -> Result<(Parts, Bytes), ExchangeError> {
        let client = self.client.as_ref().map_err(|why| ExchangeError::Never(why.clone()))?;
        let request = client.request(call.method, call.url).headers(call.headers).body(call.body);
        let response = request.send().await.map_err(|error| self.broken(error))?;
        match call.keep {
            Keep::Whole { bytes_max } => self.whole(response, bytes_max).await,
            Keep::Beginning { bytes_max } => Ok(beginning(response, bytes_max).await),
        }
    }

    async fn whole(&self, mut response: reqwest::Response, bytes_max: usize) -> Result<(Parts, Bytes), ExchangeError> {
        if response.content_length().is_some_and(|length| length > bytes_max as u64) {
            return Err(ExchangeError::TooLarge(bytes_max));
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(error))? {
            if chunk.len() > bytes_max - body.len() {
                return Err(ExchangeError::TooLarge(bytes_max));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((parts(response), body.freeze()))
    }

    /// What happened, without the address: its query might hold what must not be seen.
    fn broken(&self, error: reqwest::Error) -> ExchangeError {
        let error = error.without_url();
        let mut cause: &dyn Error = &error;
        loop {
            if let Some(forbidden) = cause.downcast_ref::<egress::Forbidden>() {
                return ExchangeError::Never(format!("cannot be called: {forbidden}"));
            }
            match cause.source() {
                Some(deeper) => cause = deeper,
                None => break,
            }
        }
        let sent = !error.is_connect();
        let why = match (error.is_timeout(), sent) {
            (true, false) => format!("did not take the call within {} s", self.limits.connect.as_secs_f64()),
            (true, true) => format!("gave no whole answer within {} s", self.limits.whole.as_secs_f64()),
            (false, false) => match trust::advice(&error) {
                Some(advice) => format!("cannot be reached: {advice}"),
                None => format!("cannot be reached: {cause}"),
            },
            (false, true) => format!("broke off: {cause}"),
        };
        ExchangeError::Broken { why, sent }
    }
}

async fn beginning(mut response: reqwest::Response, bytes_max: usize) -> (Parts, Bytes) {
    let mut body = BytesMut::new();
    while let (true, Ok(Some(chunk))) = (body.len() < bytes_max, response.chunk().await) {
        body.extend(chunk.iter().take(bytes_max - body.len()));
    }
    (parts(response), body.freeze())
}

fn parts(response: reqwest::Response) -> Parts {
    http::Response::<reqwest::Body>::from(response).into_parts().0
}

fn client(base: &Url, limits: Limits) -> Result<Client, String> {
    static PROVIDER: Once = Once::new();
    // An error says that somebody has installed one already, which is as good.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let unusable = |why: String| format!("cannot be called from this machine: {why}");
    let builder = Client::builder()
        .user_agent(concat!("crowdhook/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .timeout(limits.whole)
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .pool_idle_timeout(IDLE_MAX)
        .pool_max_idle_per_host(limits.at_once)
        .dns_resolver(egress::Resolver);
    let builder = if base.scheme() == "http" {
        // A machine that has no authorities installed can still call its own loopback.
        builder.tls_certs_only([])
    } else {
        builder.tls_backend_preconfigured(trust::of_system().map_err(unusable)?)
    };
    builder.build().map_err(|error| unusable(error.source().map_or_else(|| error.to_string(), ToString::to_string)))
}

/// The parts are joined under the base, whatever they hold.
pub(super) fn address(base: &Url, path: &[&str], query: &[(&str, &str)]) -> Url {
    let mut url = base.clone();
    url.set_fragment(None);
    url.set_query(None);
    if let Ok(mut parts) = url.path_segments_mut() {
        parts.pop_if_empty().extend(path);
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url
}

/// The header in which a key travels; none for a key that no header may hold.
pub(super) fn secret_header(secret: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(secret).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests;
