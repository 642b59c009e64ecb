//! What Appen posts: a signal and a payload, which is a Unit, a Judgment, a Job, or a list of such.
//!
//! The signal is not covered by the signature, but the payload is, and what is taken from it decides which job and task it is.

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha1::{Digest as _, Sha1};

use super::{EVENTS_MAX, OtherProject, id, redact, set_aside, unreadable};
use crate::clock::Timestamp;
use crate::config::Project;
use crate::event::{EventKind, Normalised, Standing};
use crate::id::hex;
use crate::platform::fields::Fields;
use crate::verify::Form;

/// So much of an unknown signal is kept.
const SIGNAL_CHARS_MAX: usize = 64;

pub(super) fn normalise(project: &Project, form: Form) -> Result<Vec<Normalised>, OtherProject> {
    let digest = hex(form.payload_sha1.clone().finalize().as_slice());
    let Some(kind) = kind(&form.signal) else { return ignored(project, &form, &digest).map(|event| vec![event]) };
    let read = match form.payload.trim_start().starts_with('[') {
        true => list(project, &kind, &form.payload)?,
        false => one(project, &kind, &form.payload, &digest)?.map(|event| vec![event]),
    };
    Ok(read.unwrap_or_else(|| vec![unreadable(project, &digest, about(&form), &form.payload)]))
}

/// What a signal means to the host.
fn kind(signal: &str) -> Option<EventKind> {
    match signal {
        "unit_complete" => Some(EventKind::TASK_COMPLETED),
        "new_judgments" => Some(EventKind::TASK_ANSWERED),
        "job_data_processed" => Some(EventKind::PROJECT_LOADED),
        "job_complete" => Some(EventKind::PROJECT_COMPLETED),
        _ => None,
    }
}

/// Each item of a list is an event of its own, told apart by its own text: two judgments of one unit may stand in one list.
/// None when it is no list of what the kind wants, or longer than a request may be.
fn list(project: &Project, kind: &EventKind, text: &str) -> Result<Option<Vec<Normalised>>, OtherProject> {
    let items: Vec<&RawValue> = match serde_json::from_str(text) {
        Ok(items) => items,
        Err(_) => return Ok(None),
    };
    if items.is_empty() || items.len() > EVENTS_MAX {
        return Ok(None);
    }
    let mut events = Vec::with_capacity(items.len());
    for item in items {
        match one(project, kind, item.get(), &hex(Sha1::digest(item.get()).as_slice()))? {
            Some(event) => events.push(event),
            None => return Ok(None),
        }
    }
    Ok(Some(events))
}

/// The event that one Unit, Judgment or Job stands for; none when it is not of the shape that the kind wants.
fn one(project: &Project, kind: &EventKind, text: &str, digest: &str) -> Result<Option<Normalised>, OtherProject> {
    let Ok(said) = Fields::parse(text) else { return Ok(None) };
    let is_job = [EventKind::PROJECT_LOADED, EventKind::PROJECT_COMPLETED].contains(kind);
    let Some(job) = id_in(&said, if is_job { "id" } else { "job_id" }) else { return Ok(None) };
    if !is_own(project, job) {
        return Err(OtherProject);
    }
    // A Judgment has an id of its own and names its unit; a Unit is the task itself.
    let judgment = said.has("unit_id");
    let task = match is_job {
        true => None,
        false => match id_in(&said, if judgment { "unit_id" } else { "id" }) {
            Some(task) => Some(task),
            None => return Ok(None),
        },
    };
    let Ok(payload) = redact::payload(text) else { return Ok(None) };
    let updated_at = moment(&said, "updated_at");
    let unit = task.map_or_else(String::new, |task| format!("{task:012}/"));
    Ok(Some(Normalised {
        standing: Standing::Accepted,
        kind: kind.clone(),
        task: task.map(|task| task.to_string()),
        occurred_at: updated_at.or_else(|| moment(&said, "created_at")),
        // The same unit with another payload is a revision, not a repeat.
        dedup_key: format!("{kind}/{job:012}/{unit}{digest}"),
        freshness: updated_at.filter(|_| task.is_some() && !judgment).map(|at| freshness(at, &said)),
        rerun: false,
        payload,
    }))
}

/// Sorts the revisions of a unit: by `updated_at` in UTC, then by the number of judgments.
fn freshness(updated_at: Timestamp, unit: &Fields<'_>) -> String {
    let judgments = id_in(unit, "judgments_count").unwrap_or(0);
    format!("{:015}/{judgments:010}", updated_at.as_millisecond().max(0))
}

/// RFC 3339 with an offset.
fn moment(said: &Fields<'_>, name: &str) -> Option<Timestamp> {
    said.text(name)?.parse().ok()
}

/// As [`id`], of a payload that is not parsed.
fn id_in(said: &Fields<'_>, name: &str) -> Option<u64> {
    id(Some(&serde_json::from_str(said.json(name)?).ok()?))
}

/// Verified, but the host does not know the signal. What belongs to another job is refused here too.
fn ignored(project: &Project, form: &Form, digest: &str) -> Result<Normalised, OtherProject> {
    let mut about = about(form);
    if form.empty {
        return Ok(set_aside(Standing::Ignored, "empty", about));
    }
    let signal: String = form.signal.chars().take(SIGNAL_CHARS_MAX).collect();
    let key = format!("{signal}/{digest}");
    match serde_json::from_str::<Value>(&form.payload) {
        Ok(mut payload) => {
            if id(payload.get("job_id")).is_some_and(|job| !is_own(project, job)) {
                return Err(OtherProject);
            }
            redact::value(&mut payload);
            about.insert("payload".to_owned(), payload);
            Ok(set_aside(Standing::Ignored, &key, about))
        }
        Err(_) if form.payload.is_empty() => Ok(set_aside(Standing::Ignored, &key, about)),
        Err(_) => Ok(unreadable(project, &key, about, &form.payload)),
    }
}

/// What is kept beside a payload that is not an event's.
fn about(form: &Form) -> Map<String, Value> {
    let signal: String = form.signal.chars().take(SIGNAL_CHARS_MAX).collect();
    Map::from_iter([("signal".to_owned(), Value::String(signal))])
}

/// Whether this is the job that the project stands for.
fn is_own(project: &Project, job: u64) -> bool {
    project.platform.project.parse() == Ok(job)
}
