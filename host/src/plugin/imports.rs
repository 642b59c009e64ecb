//! What a guest may call, one file an interface. Here: what they share.

mod badges;
mod crowd;
mod effects;
mod email;
mod events;
mod files;
mod http;
mod log;
mod results;
mod state;
mod tasks;

use std::time::Duration;

use serde::de::IgnoredAny;

use super::bindings::crowdhook::plugin::types;
pub(super) use super::bindings::crowdhook::plugin::types::Failure;
use super::guest::{Guest, Handling};
use crate::backoff::Backoff;
use crate::connection::ConnectionError;
use crate::platform::PlatformError;
use crate::store::StoreError;

impl types::Host for Guest {}

impl Guest {
    /// The call that is being handled.
    fn handling(&mut self) -> Result<&mut Handling, Failure> {
        self.handling.as_mut().ok_or_else(|| Failure::NotGranted("only `handle` may use this".into()))
    }
}

impl Handling {
    /// The failure to tell the guest when the platform gave no answer. Where that may pass, it is remembered, so that the
    /// invocation is parked and not counted as an attempt.
    fn platform_failure(&mut self, error: PlatformError) -> Failure {
        match error {
            PlatformError::Later { after, why } => {
                self.wait_for(after, &why);
                Failure::Retry(why)
            }
            PlatformError::Unconfirmed { why } => {
                self.wait_for(None, &why);
                Failure::Retry(why)
            }
            PlatformError::KeyRefused { why } | PlatformError::Refused { why } | PlatformError::Missing { why } => Failure::Reject(why),
        }
    }

    /// The failure to tell the guest when a service gave no answer, as with a platform. A key that is refused is the operator's to mend:
    /// the invocation waits for it.
    fn service_failure(&mut self, error: ConnectionError) -> Failure {
        match error {
            ConnectionError::Later { after, why, .. } => {
                self.wait_for(after, &why);
                Failure::Retry(why)
            }
            ConnectionError::KeyRefused { why } => {
                self.wait_for(Some(Backoff::PARKED.longest), &why);
                Failure::Retry(why)
            }
            ConnectionError::TooLarge { why } => Failure::OverLimit(why),
            ConnectionError::Refused { why } => Failure::Reject(why),
        }
    }

    /// The failure to tell the guest when our own store gave no answer.
    fn store_failure(&mut self, error: &StoreError) -> Failure {
        let why = error.to_string();
        self.wait_for(None, &why);
        Failure::Retry(why)
    }

    fn wait_for(&mut self, after: Option<Duration>, why: &str) {
        self.waits_for = Some((after, why.to_owned()));
    }

    /// Whether the project's file grants `effect` to the plugin.
    fn granted(&self, effect: &str) -> Result<(), Failure> {
        if self.plugin.allow.iter().any(|allowed| allowed == effect) {
            return Ok(());
        }
        Err(Failure::NotGranted(format!(
            "plugin `{name}` may not use `{effect}`: add \"{effect}\" to `allow` below `[plugins.{name}]` in the project's file",
            name = self.plugin.name
        )))
    }
}

/// Refuses text that is no JSON, or longer than `bytes_max`.
fn check_json(what: &str, text: &str, bytes_max: usize) -> Result<(), Failure> {
    if text.len() > bytes_max {
        return Err(Failure::OverLimit(format!("{what} has {} bytes, and may have {bytes_max}", text.len())));
    }
    serde_json::from_str::<IgnoredAny>(text).map(drop).map_err(|error| {
        Failure::Invalid(format!("{what} is not JSON: {error}; let `JSON.stringify`, `json.dumps` or `serde_json::to_string` write it"))
    })
}

/// Refuses text that is no JSON object, or longer than `bytes_max`.
fn check_object(what: &str, text: &str, bytes_max: usize) -> Result<(), Failure> {
    check_json(what, text, bytes_max)?;
    if text.trim_start().starts_with('{') { Ok(()) } else { Err(Failure::Invalid(format!("{what} is not a JSON object"))) }
}
