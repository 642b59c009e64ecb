//! One call over HTTP, and what became of it. The only file that speaks to `reqwest`.

use std::error::Error;
use std::sync::Once;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::response::Parts;
use reqwest::{Client, redirect};
use url::Url;

use super::{Limits, Request, egress};

/// An idle connection is kept for the next call this long.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// What makes calls to one address.
#[derive(Debug)]
pub(super) struct Exchange {
    base: Url,
    limits: Limits,
    client: Result<Client, String>,
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
        Self { base: base.clone(), limits, client }
    }

    /// Makes the call and reads the whole answer.
    pub(super) async fn make(&self, request: Request<'_>) -> Result<(Parts, Bytes), ExchangeError> {
        let client = self.client.as_ref().map_err(|why| ExchangeError::Never(why.clone()))?;
        let url = address(&self.base, request.path, request.query);
        let mut builder = client.request(request.method, url);
        if let Some(secret) = request.authorization {
            builder = builder.header(AUTHORIZATION, header_of(secret.reveal())?);
        }
        if let Some(json) = request.json {
            builder = builder.header(CONTENT_TYPE, "application/json").body(json);
        }
        let response = builder.send().await.map_err(|error| self.broken(error))?;
        self.read(response).await
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<(Parts, Bytes), ExchangeError> {
        let bytes_max = self.limits.body_bytes_max;
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
        let (parts, _) = http::Response::<reqwest::Body>::from(response).into_parts();
        Ok((parts, body.freeze()))
    }

    /// What happened, without the address: its query might hold what must not be seen.
    fn broken(&self, error: reqwest::Error) -> ExchangeError {
        let error = error.without_url();
        let mut cause: &dyn Error = &error;
        while let Some(deeper) = cause.source() {
            if let Some(forbidden) = cause.downcast_ref::<egress::Forbidden>() {
                return ExchangeError::Never(format!("cannot be called: {forbidden}"));
            }
            cause = deeper;
        }
        if let Some(forbidden) = cause.downcast_ref::<egress::Forbidden>() {
            return ExchangeError::Never(format!("cannot be called: {forbidden}"));
        }
        let sent = !error.is_connect();
        let why = match (error.is_timeout(), sent) {
            (true, false) => format!("did not take the call within {} s", self.limits.connect.as_secs_f64()),
            (true, true) => format!("gave no whole answer within {} s", self.limits.whole.as_secs_f64()),
            (false, false) => format!("cannot be reached: {cause}"),
            (false, true) => format!("broke off: {cause}"),
        };
        ExchangeError::Broken { why, sent }
    }
}

fn client(base: &Url, limits: Limits) -> Result<Client, String> {
    static PROVIDER: Once = Once::new();
    // An error says that somebody has installed one already, which is as good.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let mut builder = Client::builder()
        .user_agent(concat!("crowdhook/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .timeout(limits.whole)
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .pool_idle_timeout(IDLE_MAX)
        .pool_max_idle_per_host(limits.at_once)
        .dns_resolver(egress::Resolver);
    if base.scheme() == "http" {
        // Without this a machine that has no certificates installed could not even call its own loopback.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| {
        let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        format!("cannot be called from this machine: {cause}")
    })
}

/// The parts are joined under the base, whatever they hold.
fn address(base: &Url, path: &[&str], query: &[(&str, &str)]) -> Url {
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

fn header_of(secret: &str) -> Result<HeaderValue, ExchangeError> {
    let refused = |_| ExchangeError::Never("cannot be called: the key holds a character that no header may hold".to_owned());
    let mut value = HeaderValue::from_str(secret).map_err(refused)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
