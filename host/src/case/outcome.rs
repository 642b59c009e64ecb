//! What came of a case, in the shape in which it is shown, kept and compared.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::state::State;
use crate::config::GuestLimits;
use crate::effect::{Effect, OnceKey};
use crate::plugin::call::{Ended, Report};
use crate::plugin::guest::{Derived, LogLine};
use crate::plugin::load::Component;
use crate::store::StateChange;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// All that it asked for would be stored.
    Ok,
    /// It would be called again later, and that would count as an attempt.
    Retry,
    /// The event would be given up.
    Rejected,
    /// A panic, an uncaught exception, or a limit.
    Trapped,
    /// It would be called again later, uncounted.
    Parked,
}

impl Ending {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Retry => "retry",
            Self::Rejected => "rejected",
            Self::Trapped => "trapped",
            Self::Parked => "parked",
        }
    }
}

/// What a plugin would have done: `expected.json`. The same each time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// How it ended.
    pub outcome: Ending,
    /// Why, where it did not end well.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What it asks for, in order. What a plugin writes as JSON text stands here as JSON.
    #[serde(default)]
    pub effects: Vec<Value>,
    /// The entries of its state that it changed, with what they hold then; null for one that it removed.
    #[serde(default)]
    pub state: BTreeMap<String, Option<String>>,
    /// What it tells other plugins, in order.
    #[serde(default)]
    pub events: Vec<Value>,
}

impl Outcome {
    /// Of a plugin that has nothing to do.
    pub(super) fn nothing() -> Self {
        Self { outcome: Ending::Ok, reason: String::new(), effects: Vec::new(), state: BTreeMap::new(), events: Vec::new() }
    }
}

/// What came of a case, and what else its author wants to know.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    /// The component's name.
    pub component: String,
    /// What it would have done.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Where it stopped, with the guest's own functions; of a trap alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trap: Option<String>,
    /// What it logged and printed.
    pub log: Vec<LogLine>,
    /// What it used up.
    pub used: Used,
}

/// What a call used up of each limit.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Used {
    /// CPU time in milliseconds.
    pub cpu_ms: Share<f64>,
    /// Computing and waiting, in milliseconds.
    pub wall_ms: Share<f64>,
    /// Memory at its end, in bytes.
    pub memory_bytes: Share<usize>,
    /// Effects and events.
    pub effects: Share<usize>,
    /// Everything in them together.
    pub effects_bytes: Share<usize>,
    /// Lines of its log.
    pub log_lines: Share<usize>,
    /// Everything in them together.
    pub log_bytes: Share<usize>,
}

/// So much of so much.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Share<T> {
    /// What was used.
    pub used: T,
    /// What may be.
    pub limit: T,
}

/// What came of a run on `state`.
pub(super) fn tried(component: &Component, report: Report, limits: GuestLimits, state: &State) -> Tried {
    let used = used(&report, limits);
    let mut trap = None;
    let mut outcome = Outcome::nothing();
    (outcome.outcome, outcome.reason) = match report.ended {
        Ended::Ok(wanted) => {
            outcome.state = wanted.changes.into_iter().map(|change| changed(change, state)).collect();
            outcome.effects = wanted.asked.effects.into_iter().map(|(effect, once)| effect_shown(&effect, once)).collect();
            outcome.events = wanted.asked.events.into_iter().map(event_shown).collect();
            (Ending::Ok, String::new())
        }
        Ended::Retry(why) => (Ending::Retry, why),
        Ended::Rejected(why) => (Ending::Rejected, why),
        Ended::Parked { why, .. } => (Ending::Parked, why),
        Ended::Trapped(why) => {
            let reason = trap_in_short(&why);
            trap = Some(why);
            (Ending::Trapped, reason)
        }
    };
    Tried { component: component.name.to_string(), outcome, trap, log: report.log, used }
}

/// The limit, the guest's last words, or the trap, without the places in the component, which change with each build.
fn trap_in_short(why: &str) -> String {
    let first = why.lines().next().unwrap_or_default();
    let cause = why.lines().rev().find_map(|line| line.split_once("wasm trap: "));
    match cause {
        Some((_, cause)) if first.starts_with("error while executing") => cause.trim().to_owned(),
        _ => first.to_owned(),
    }
}

fn used(report: &Report, limits: GuestLimits) -> Used {
    let millis = |time: Duration| (time.as_secs_f64() * 10_000.0).round() / 10.0;
    let written = report.log.iter().filter(|line| !["stdout", "stderr"].contains(&line.level));
    let bytes = |line: &LogLine| line.message.len() + line.fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    Used {
        cpu_ms: Share { used: millis(report.cpu), limit: millis(limits.cpu) },
        wall_ms: Share { used: millis(report.wall), limit: millis(limits.wall) },
        memory_bytes: Share { used: report.memory_bytes, limit: limits.memory_bytes },
        effects: Share { used: report.asked, limit: limits.effects },
        effects_bytes: Share { used: report.asked_bytes, limit: limits.effects_bytes },
        // The line that tells of lines which were dropped is the host's.
        log_lines: Share { used: written.clone().count().min(limits.log_lines), limit: limits.log_lines },
        log_bytes: Share { used: written.map(bytes).sum::<usize>().min(limits.log_bytes), limit: limits.log_bytes },
    }
}

fn changed(change: StateChange, state: &State) -> (String, Option<String>) {
    match change {
        StateChange::Set(key, value) => (key, Some(value)),
        StateChange::Remove(key) => (key, None),
        StateChange::Increment(key, by) => {
            let before: i64 = state.get(&key).and_then(|value| value.parse().ok()).unwrap_or(0);
            (key, Some(before.saturating_add(by).to_string()))
        }
    }
}

fn event_shown(event: Derived) -> Value {
    let mut shown = Map::new();
    shown.insert("kind".to_owned(), event.kind.to_string().into());
    shown.extend(event.task.map(|task| ("task".to_owned(), task.into())));
    shown.insert("payload".to_owned(), unfolded(&event.payload));
    shown.extend(event.once.map(|once| ("once".to_owned(), once.into())));
    Value::Object(shown)
}

fn effect_shown(effect: &Effect, once: Option<OnceKey>) -> Value {
    let mut shown = serde_json::to_value(effect).unwrap_or_default();
    // The row of the result is the platform's affair.
    match effect {
        Effect::SaveResult { .. } => remove(&mut shown, "result"),
        Effect::WriteFile { content, .. } => readable(&mut shown, &content.0),
        _ => {}
    }
    for pointer in ["/info", "/task/info", "/task/extra", "/badge/evidence", "/request/body"] {
        let Some(text) = shown.pointer_mut(pointer) else { continue };
        let is_body = pointer == "/request/body";
        if let Some(json) = text.as_str().filter(|text| !is_body || text.starts_with(['{', '['])).map(unfolded) {
            *text = json;
        }
    }
    for attachment in shown.pointer_mut("/mail/attachments").and_then(Value::as_array_mut).into_iter().flatten() {
        let content = attachment.get("content").and_then(Value::as_str).and_then(|content| STANDARD.decode(content).ok());
        readable(attachment, &content.unwrap_or_default());
    }
    if let (Some(shown), Some(once)) = (shown.as_object_mut(), once) {
        shown.insert("once".to_owned(), once.into());
    }
    without_nulls(&mut shown);
    shown
}

fn unfolded(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// Bytes that are text are shown as such.
fn readable(shown: &mut Value, content: &[u8]) {
    if let (Some(shown), Ok(text)) = (shown.as_object_mut(), std::str::from_utf8(content)) {
        shown.shift_remove("content");
        shown.insert("text".to_owned(), text.into());
    }
}

fn remove(shown: &mut Value, key: &str) {
    if let Some(shown) = shown.as_object_mut() {
        shown.shift_remove(key);
    }
}

/// What an effect does not say is left out. Nulls within what a plugin wrote stand for themselves.
fn without_nulls(shown: &mut Value) {
    let Some(shown) = shown.as_object_mut() else { return };
    shown.retain(|key, value| !value.is_null() || key == "info");
    for part in ["task", "mail", "request", "badge"] {
        if let Some(part) = shown.get_mut(part).and_then(Value::as_object_mut) {
            part.retain(|key, value| !value.is_null() || ["info", "extra", "evidence", "body"].contains(&key.as_str()));
        }
    }
}

#[cfg(test)]
mod tests;
