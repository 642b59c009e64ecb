//! OAuth 2 with a refresh token (RFC 6749, section 6): an access token is got at first use, renewed before it runs out, and once more
//! when the service no longer takes it.
//!
//! Callers that need a token at the same time wait for one renewal. It runs on when its caller gives up: a service may
//! have withdrawn the old refresh token by then, and the new one stands in the answer alone. New refresh tokens are kept in
//! memory. After a restart the one in the project's file is used again; with a service that takes each only once, that file must
//! be given the newest, or a refresh token that does not change.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use super::FORM;
use crate::clock::{self, Clock, Timestamp};
use crate::connection::exchange::{Keep, Outgoing, secret_header};
use crate::connection::hidden::Hidden;
use crate::connection::{Connection, ConnectionError, Limits, Response, Service};
use crate::secret::Secret;

/// A token is renewed so long before it runs out, or at half of its life if that is shorter.
const RENEWED_BEFORE: Duration = Duration::from_secs(60);
/// What a token lives that does not say so; if it is less, the service's 401 tells.
const LIFE_UNNAMED: Duration = Duration::from_secs(3600);
/// After a refusal, the service is not asked again for so long: somebody has to mend the key.
const REFUSED_WAIT: Duration = Duration::from_secs(60);
/// An answer with a token is no larger, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Of the words of a refusal, so many letters are shown.
const WORDS_SHOWN: usize = 200;

/// Who asks for tokens.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) id: Secret,
    pub(super) secret: Option<Secret>,
}

impl Client {
    /// Both as basic authentication has them.
    fn basic(&self, secret: &Secret) -> String {
        let encoded = |secret: &Secret| form_urlencoded::byte_serialize(secret.reveal().as_bytes()).collect::<String>();
        base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", encoded(&self.id), encoded(secret)))
    }
}

/// The tokens of one connection.
#[derive(Debug)]
pub(in crate::connection) struct Tokens {
    /// The connection's name.
    shown: String,
    client: Client,
    connection: Connection,
    clock: Clock,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    refresh: Secret,
    access: Option<(Secret, Timestamp)>,
    refused: Option<(String, Timestamp)>,
}

impl Held {
    /// The access token, unless it is `refused` or about to run out.
    fn usable(&self, refused: Option<&Secret>, now: Timestamp) -> Option<Secret> {
        let (access, until) = self.access.as_ref()?;
        (now < *until && refused != Some(access)).then(|| access.clone())
    }
}

/// What the service says of a token.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<String>,
}

/// What the service says when it gives none.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: String,
}

impl Tokens {
    pub(super) fn new(url: &Url, client: Client, refresh: Secret, shown: &str, clock: Clock, timeout: Duration) -> Self {
        let service = Service { base: url.clone(), shown: shown.to_owned(), rate: None, together: None };
        let limits = Limits { whole: timeout, connect: timeout.min(Limits::default().connect), ..Limits::default() };
        let held = Mutex::new(Held { refresh, access: None, refused: None });
        Self { shown: shown.to_owned(), client, connection: Connection::new(service, clock.clone(), limits), clock, held }
    }

    /// A token to be used now. `refused` is one that the service has just not taken.
    ///
    /// # Errors
    ///
    /// [`ConnectionError::KeyRefused`] when the service gives none, as long as nobody has changed the key.
    pub(super) async fn get(self: &Arc<Self>, refused: Option<&Secret>) -> Result<Secret, ConnectionError> {
        if let Some(access) = self.held.lock().await.usable(refused, self.clock.now()) {
            return Ok(access);
        }
        let (tokens, refused) = (Arc::clone(self), refused.cloned());
        let renewing = tokio::spawn(async move { tokens.renew(refused.as_ref()).await });
        renewing.await.map_err(|_| ConnectionError::Later {
            after: None,
            why: format!("`{}`: getting an access token was interrupted", self.shown),
            sent: false,
        })?
    }

    async fn renew(&self, refused: Option<&Secret>) -> Result<Secret, ConnectionError> {
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        if let Some(access) = held.usable(refused, now) {
            return Ok(access);
        }
        if let Some((why, _)) = held.refused.as_ref().filter(|(_, until)| now < *until) {
            return Err(ConnectionError::KeyRefused { why: why.clone() });
        }
        let (response, _) = self.connection.call("token", self.question(&held.refresh)).await.map_err(unsent)?;
        match self.granted(&response, &held.refresh) {
            Ok(granted) => {
                let access = Secret::new(&granted.access_token);
                held.access = Some((access.clone(), clock::after(self.clock.now(), life(granted.expires_in.as_ref()))));
                held.refresh = granted.refresh_token.map_or_else(|| held.refresh.clone(), |refresh| Secret::new(&refresh));
                held.refused = None;
                Ok(access)
            }
            Err(error) => {
                if let ConnectionError::KeyRefused { why } = &error {
                    held.access = None;
                    held.refused = Some((why.clone(), clock::after(now, REFUSED_WAIT)));
                }
                Err(error)
            }
        }
    }

    fn question(&self, refresh: &Secret) -> Outgoing {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", refresh.reveal());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        match &self.client.secret {
            None => {
                form.append_pair("client_id", self.client.id.reveal());
            }
            // Section 2.3.1: every service must take it like this.
            Some(secret) => {
                let basic = format!("Basic {}", self.client.basic(secret));
                headers.extend(secret_header(&basic).map(|value| (AUTHORIZATION, value)));
            }
        }
        Outgoing {
            method: Method::POST,
            url: self.connection.service.base.clone(),
            headers,
            body: form.finish().into(),
            keep: Keep::Whole { bytes_max: ANSWER_BYTES_MAX },
        }
    }

    fn granted(&self, response: &Response, refresh: &Secret) -> Result<Granted, ConnectionError> {
        let shown = &self.shown;
        let later = |why: String| ConnectionError::Later { after: response.wait, why, sent: false };
        match response.status {
            200..=299 => {}
            408 | 425 | 429 | 500.. => {
                return Err(later(format!("`{shown}` gave no access token now: it answered {}", response.status)));
            }
            status => {
                let refusal: Refusal = serde_json::from_slice(&response.body).unwrap_or_default();
                return Err(ConnectionError::KeyRefused { why: self.refused_words(status, &refusal, refresh) });
            }
        }
        let granted: Granted = serde_json::from_slice(&response.body)
            .map_err(|_| later(format!("`{shown}` answered with something else than an access token; look at `auth.token_url`")))?;
        let is_bearer = granted.token_type.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        if !is_bearer || secret_header(&granted.access_token).is_none() || granted.access_token.is_empty() {
            let why = format!("`{shown}` gave an access token of a kind that this host does not know; look at `auth.token_url`");
            return Err(ConnectionError::KeyRefused { why });
        }
        Ok(granted)
    }

    /// What a question for a token holds.
    fn hidden(&self, refresh: &Secret) -> Hidden {
        let basic = self.client.secret.as_ref().map(|secret| self.client.basic(secret));
        let secrets = self.client.secret.iter().chain([&self.client.id, refresh]).map(|secret| secret.reveal().to_owned());
        Hidden::of(secrets.chain(basic))
    }

    /// Words for whoever can mend it; the service's own, without what may not be seen.
    fn refused_words(&self, status: u16, refusal: &Refusal, refresh: &Secret) -> String {
        let remedy = match refusal.error.as_str() {
            "invalid_grant" => {
                "the refresh token has run out, was withdrawn, or was used before: get a new one and put it where `auth.refresh_token` looks"
            }
            "invalid_client" | "unauthorized_client" => "look at `auth.client_id` and `auth.client_secret`",
            _ => "look at `auth` of this connection",
        };
        let said = [refusal.error.as_str(), refusal.error_description.as_str()].into_iter().filter(|words| !words.is_empty());
        let said = self.hidden(refresh).taken_out_of_text(&said.collect::<Vec<_>>().join(", "));
        let said: String = said.chars().filter(|letter| !letter.is_control()).take(WORDS_SHOWN).collect();
        let said = if said.is_empty() { String::new() } else { format!(" (`{said}`)") };
        format!("`{}` gives no access token: it answered {status}{said}; {remedy}", self.shown)
    }
}

/// Whatever became of the question for a token, the call itself has not left.
fn unsent(error: ConnectionError) -> ConnectionError {
    match error {
        ConnectionError::Later { after, why, .. } => ConnectionError::Later { after, why, sent: false },
        other => other,
    }
}

/// How long a token is used.
fn life(expires_in: Option<&serde_json::Value>) -> Duration {
    let seconds = expires_in.and_then(|seconds| seconds.as_u64().or_else(|| seconds.as_str()?.trim().parse().ok()));
    let life = seconds.map_or(LIFE_UNNAMED, Duration::from_secs);
    life.saturating_sub(RENEWED_BEFORE).max(life / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_before_it_runs_out() {
        let lives = |said: serde_json::Value| life(Some(&said)).as_secs();
        assert_eq!(lives(serde_json::json!(14_400)), 14_340);
        assert_eq!(lives(serde_json::json!("3600")), 3540);
        assert_eq!(lives(serde_json::json!(60)), 30);
        assert_eq!(lives(serde_json::json!(0)), 0);
        assert_eq!(lives(serde_json::json!("soon")), 3540);
        assert_eq!(life(None).as_secs(), 3540);
    }
}
