//! One signal's way out: the form, its signature, and the attempts.

use std::time::Duration;

use form_urlencoded::Serializer;
use serde_json::Value;
use sha1::{Digest as _, Sha1};
use url::Url;

use super::{Settings, Signal, SignatureIn};
use crate::id::hex;
use crate::practice::wire;

/// After so many attempts the platform gives up and switches the webhook off.
const ATTEMPTS_MAX: u32 = 30;
const FIRST_WAIT_S: f64 = 5.0;
const LAST_WAIT_S: f64 = 1800.0;

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another status than 200.
    Status(u16),
    /// 200, with a body that is neither empty nor JSON.
    Body,
    /// No answer in time.
    TooSlow,
    /// Refused, reset, or no HTTP.
    Connection,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// How long the platform waits before it, before scaling.
    pub wait: Duration,
    /// Why it failed; none when it was delivered.
    pub failure: Option<Failure>,
}

/// A signal and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The signal.
    pub signal: Signal,
    /// The payload's text, as signed.
    pub payload: String,
    /// All attempts, in order; none when there was nobody to post to.
    pub attempts: Vec<Attempt>,
    /// Whether the last attempt succeeded.
    pub delivered: bool,
}

impl Posting {
    pub(super) fn nowhere(signal: &Signal, payload: &str) -> Self {
        Self { signal: signal.clone(), payload: payload.to_owned(), attempts: Vec::new(), delivered: false }
    }
}

/// The signature of a payload's text: lower-case hex SHA-1 of the text and then the token.
#[must_use]
pub fn sign(payload: &str, token: &str) -> String {
    hex(&Sha1::new().chain_update(payload).chain_update(token).finalize())
}

/// The form of a post. The field `signature` is left out where there is none.
#[must_use]
pub fn compose(signal: &Signal, payload: &str, signature: Option<&str>) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("signal", signal.as_str()).append_pair("payload", payload);
    if let Some(signature) = signature {
        form.append_pair("signature", signature);
    }
    form.finish()
}

/// The waits before the second and all further attempts: growing evenly from 5 seconds to 30
/// minutes, about 160 minutes in all.
///
/// The platform says first, last, number and sum of its waits; the curve between is ours.
pub fn waits() -> impl Iterator<Item = Duration> {
    let steps = f64::from(ATTEMPTS_MAX - 2);
    let growth = LAST_WAIT_S / FIRST_WAIT_S;
    (0..ATTEMPTS_MAX - 1).map(move |step| Duration::from_secs_f64(FIRST_WAIT_S * growth.powf(f64::from(step) / steps)))
}

/// Makes attempts until one is delivered or all are used up.
pub(super) async fn deliver(settings: &Settings, uri: &Url, signal: &Signal, payload: &str) -> Posting {
    let mut posting = Posting::nowhere(signal, payload);
    let request = request(settings, uri, signal, payload);
    for wait in std::iter::once(Duration::ZERO).chain(waits()) {
        let scaled = wait.mul_f64(settings.wait_scale.max(0.0));
        if !scaled.is_zero() {
            tokio::time::sleep(scaled).await;
        }
        let failure = attempt(settings, uri, &request).await;
        posting.delivered = failure.is_none();
        posting.attempts.push(Attempt { wait, failure });
        if posting.delivered {
            break;
        }
    }
    posting
}

fn request(settings: &Settings, uri: &Url, signal: &Signal, payload: &str) -> String {
    let signature = sign(payload, &settings.token);
    let in_form = matches!(settings.signature_in, SignatureIn::Form | SignatureIn::Both).then_some(signature.as_str());
    let body = compose(signal, payload, in_form);
    let mut request = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nConnection: close\r\n",
        wire::target(uri),
        wire::host(uri),
        body.len(),
    );
    if matches!(settings.signature_in, SignatureIn::Header | SignatureIn::Both) {
        request.push_str(&format!("X-Signature: {signature}\r\n"));
    }
    if !uri.username().is_empty() {
        request.push_str(&format!("Authorization: {}\r\n", wire::basic(uri)));
    }
    request + "\r\n" + &body
}

async fn attempt(settings: &Settings, uri: &Url, request: &str) -> Option<Failure> {
    match tokio::time::timeout(settings.answer_timeout, wire::exchange(uri, request.as_bytes())).await {
        Err(_) => Some(Failure::TooSlow),
        Ok(Err(_)) => Some(Failure::Connection),
        Ok(Ok(response)) if response.status != 200 => Some(Failure::Status(response.status)),
        Ok(Ok(response)) => {
            let acceptable = response.body.is_empty() || serde_json::from_slice::<Value>(&response.body).is_ok();
            if acceptable { None } else { Some(Failure::Body) }
        }
    }
}
