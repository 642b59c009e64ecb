//! Makes events of what platforms send: `Verified` → `Vec<Normalised>`, each dialect in its own file. Pure; knows nothing of
//! sockets and of the database.
//!
//! Secrets are taken out here, so that nothing behind this module ever sees one.

use serde_json::{Map, Value};

use crate::config::Project;
use crate::event::{EventKind, Normalised, Standing};
use crate::platform::Completed;
use crate::verify::{Content, Verified};

mod appen;
mod generic;
mod pybossa;
mod redact;

/// One request holds no more events than this.
pub const EVENTS_MAX: usize = 1000;

/// Shorter secrets of a project are not looked for in what was sent: a password of four letters may well be somebody's answer.
const OWN_SECRET_BYTES_MIN: usize = 16;

/// The payload speaks of another project than the hook stands for, and all of it does where it is a list of a generic sender's.
/// Nothing of it is kept.
///
/// On PYBOSSA any user with webhook rights can have anybody's ids sent to his own project's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload is about another project than this hook")]
pub struct OtherProject;

/// Makes events of a request to `project`'s hook: at least one, at most [`EVENTS_MAX`].
///
/// What the dialect does not know becomes an event that is kept and not dispatched ([`Standing::Ignored`]); what cannot be
/// parsed is kept as it came but for its secrets ([`Standing::Unreadable`]).
///
/// # Errors
///
/// [`OtherProject`]: refuse the request.
pub fn normalise(project: &Project, request: Verified) -> Result<Vec<Normalised>, OtherProject> {
    let mut events = match request.into_content() {
        Content::Pybossa { query, body } => pybossa::normalise(project, query.as_deref(), &body).map(|event| vec![event]),
        Content::Appen(form) => appen::normalise(project, form),
        Content::Generic { body, webhook_id } => generic::normalise(project, &body, webhook_id.as_deref()),
    }?;
    // Some senders repeat the address of the hook that they call, under whatever key.
    let mut own = project.secrets();
    own.retain(|secret| secret.len() >= OWN_SECRET_BYTES_MIN);
    for event in &mut events {
        if let Some(payload) = redact::own(&event.payload, &own) {
            event.payload = payload;
        }
    }
    Ok(events)
}

/// The event that the hook would have brought for a completed task of `project`, which the platform knows as `platform_id`: the same
/// dedup key and, but for the time it was fired at, the same payload. None when the task was completed without a result, for
/// which there is no hook either, or when its ids are none.
#[must_use]
pub fn completed_task(project: &Project, platform_id: &str, completed: &Completed) -> Option<Normalised> {
    pybossa::completed_task(project, platform_id, completed)
}

/// The event of a project on PYBOSSA that is completed, for the `round`th time.
#[must_use]
pub fn completed_project(project: &Project, platform_id: &str, round: u32) -> Normalised {
    pybossa::completed_project(project, platform_id, round)
}

/// An event that is kept and not dispatched. `key` tells a repeat of it.
fn set_aside(standing: Standing, key: &str, payload: Map<String, Value>) -> Normalised {
    let kind = EventKind::HOST_UNKNOWN;
    Normalised {
        standing,
        dedup_key: format!("{kind}/{}/{key}", standing.as_str()),
        kind,
        task: None,
        occurred_at: None,
        freshness: None,
        rerun: false,
        payload: Value::Object(payload).to_string(),
    }
}

/// What came and could not be parsed, without its secrets.
fn unreadable(project: &Project, key: &str, mut about: Map<String, Value>, raw: &str) -> Normalised {
    about.insert("raw".to_owned(), redact::text(raw, &project.secrets()).into());
    set_aside(Standing::Unreadable, key, about)
}

/// A platform's id: a whole number, or such a number as text. Leading zeros are dropped, so one id has one form.
fn id(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

impl Project {
    /// Every secret that could stand in what someone sends us.
    fn secrets(&self) -> Vec<&str> {
        let secrets = self.hook.secrets().chain(&self.platform.api_key).chain(&self.platform.signing_tokens);
        secrets.map(crate::secret::Secret::reveal).filter(|secret| !secret.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests;
