//! What proves to a service who calls. A kind that needs more than a header has a file of its own.

use std::sync::Arc;

use base64::Engine as _;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};

use super::ConnectionError;
use super::exchange::{Outgoing, secret_header};
use crate::clock::Clock;
use crate::config::{self, HttpService};
use crate::secret::Secret;
use oauth1::Keys;
use oauth2::Tokens;

mod oauth1;
mod oauth2;

const FORM: &str = "application/x-www-form-urlencoded";

/// How one connection proves who it is, with what it remembers for that.
#[derive(Debug)]
pub(super) enum Auth {
    None,
    Header { name: HeaderName, value: HeaderValue },
    Query { name: String, value: Secret },
    OAuth1(Keys),
    OAuth2(Arc<Tokens>),
}

impl Auth {
    /// Of the connection that people know as `shown`.
    ///
    /// # Errors
    ///
    /// When a key cannot travel: it holds a character that no header may hold.
    pub(super) fn new(service: &HttpService, shown: &str, clock: &Clock) -> Result<Self, String> {
        let in_header = |name: HeaderName, text: &str| {
            let value =
                secret_header(text).ok_or_else(|| "cannot be called: its key holds a character that no header may hold".to_owned())?;
            Ok(Self::Header { name, value })
        };
        match &service.auth {
            config::Auth::None => Ok(Self::None),
            config::Auth::Bearer { token } => in_header(AUTHORIZATION, &format!("Bearer {}", token.reveal())),
            config::Auth::Basic { user, password } => in_header(AUTHORIZATION, &basic(user, password.reveal())),
            config::Auth::Header { name, value } => {
                let name =
                    HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("cannot be called: `{name}` is no name of a header"))?;
                in_header(name, value.reveal())
            }
            config::Auth::Query { name, value } => Ok(Self::Query { name: name.clone(), value: value.clone() }),
            config::Auth::OAuth1 { consumer_key, consumer_secret, token, token_secret } => Ok(Self::OAuth1(Keys {
                consumer_key: consumer_key.clone(),
                consumer_secret: consumer_secret.clone(),
                token: token.clone(),
                token_secret: token_secret.clone(),
            })),
            config::Auth::OAuth2 { token_url, client_id, client_secret, refresh_token } => {
                let client = oauth2::Client { id: client_id.clone(), secret: client_secret.clone() };
                Ok(Self::OAuth2(Arc::new(Tokens::new(token_url, client, refresh_token.clone(), shown, clock.clone(), service.timeout))))
            }
        }
    }

    /// Puts the proof on `call`; gives the access token, where it is one that the service may have withdrawn. `refused` is such
    /// a token: another is got.
    pub(super) async fn prove(
        &self,
        call: &mut Outgoing,
        refused: Option<&Secret>,
        clock: &Clock,
    ) -> Result<Option<Secret>, ConnectionError> {
        match self {
            Self::None => {}
            Self::Header { name, value } => {
                call.headers.insert(name.clone(), value.clone());
            }
            Self::Query { name, value } => {
                call.url.query_pairs_mut().append_pair(name, value.reveal());
            }
            Self::OAuth1(keys) => {
                let is_form = call.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(is_form);
                let form = if is_form { std::str::from_utf8(&call.body).ok() } else { None };
                let stamp = oauth1::Stamp::new(clock.wall());
                let proof = oauth1::authorization(keys, call.method.as_str(), &call.url, form, &stamp);
                // Everything in it is percent-encoded, so it is a header always.
                call.headers.extend(secret_header(&proof).map(|value| (AUTHORIZATION, value)));
            }
            Self::OAuth2(tokens) => {
                let token = tokens.get(refused).await?;
                call.headers.extend(secret_header(&format!("Bearer {}", token.reveal())).map(|value| (AUTHORIZATION, value)));
                return Ok(Some(token));
            }
        }
        Ok(None)
    }

    /// What must not be seen in what the service answers, should it repeat what it was sent.
    pub(super) fn hidden(service: &HttpService) -> Vec<String> {
        let mut hidden: Vec<String> = match &service.auth {
            config::Auth::None => Vec::new(),
            config::Auth::Bearer { token } => vec![token.reveal().to_owned()],
            config::Auth::Basic { user, password } => {
                vec![password.reveal().to_owned(), basic(user, password.reveal()).trim_start_matches("Basic ").to_owned()]
            }
            config::Auth::Header { value, .. } | config::Auth::Query { value, .. } => vec![value.reveal().to_owned()],
            config::Auth::OAuth1 { consumer_key, consumer_secret, token, token_secret } => {
                [consumer_key, consumer_secret, token, token_secret].map(|secret| secret.reveal().to_owned()).to_vec()
            }
            config::Auth::OAuth2 { client_id, client_secret, refresh_token, .. } => {
                client_secret.iter().chain([client_id, refresh_token]).map(|secret| secret.reveal().to_owned()).collect()
            }
        };
        if service.url_is_secret {
            hidden.push(service.url.as_str().trim_end_matches('/').to_owned());
            hidden.push(service.url.path().trim_end_matches('/').to_owned());
        }
        hidden
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

fn is_form(content_type: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM)
}
