//! What is known about an event, as texts and conditions see it.

use std::collections::BTreeMap;

use minijinja::Value;
use minijinja::value::Serde;
use serde_json::{Value as Json, json};

use crate::scope;

/// The event itself, as in the interface's `event`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of `event` in wit/types.wit")]
pub struct Event {
    pub id: String,
    pub kind: String,
    pub project: String,
    pub platform: String,
    pub task_id: Option<String>,
    pub occurred_at: String,
    pub attempt: u32,
    pub origin: String,
    pub rerun: bool,
    pub emitted_by: Option<String>,
}

impl Event {
    /// Whether it is of this kind and is here for one of these reasons (`live`, `backfill`, `rerun`, `replay`).
    ///
    /// One that was handled before is not, unless events that come again are wanted.
    #[must_use]
    pub fn is_wanted(&self, kind: &str, origins: &[String]) -> bool {
        let again = self.rerun && !origins.iter().any(|origin| origin == "rerun" || origin == "replay");
        self.kind == kind && origins.contains(&self.origin) && !again
    }
}

/// The project as people know it, as in the interface's `project-info`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of `project-info` in wit/crowd.wit")]
pub struct Project {
    pub title: String,
    pub url: Option<String>,
    pub platform_id: String,
}

/// The event's task, as in the interface's `task`.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of `task` in wit/crowd.wit")]
pub struct Task {
    pub info: Json,
    pub redundancy: u32,
    pub completed: bool,
    pub gold: bool,
    pub gold_answer: Option<Json>,
}

/// All that is known about an event. What no text asks for ([`Uses`]) need not be read, and is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The event.
    pub event: Event,
    /// Its project.
    pub project: Option<Project>,
    /// Its task.
    pub task: Option<Task>,
    /// What a `task.analysed` carries.
    pub analysis: Option<Json>,
}

/// What has to be read before texts can be filled in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Uses {
    /// The project's title, address or id on the platform.
    pub project: bool,
    /// More of the task than its id.
    pub task: bool,
}

impl Uses {
    /// What names like `task.info.url` ask for.
    pub(crate) fn of<'a>(names: impl Iterator<Item = &'a String>) -> Self {
        let mut uses = Self::default();
        for name in names {
            let mut parts = name.split('.');
            match (parts.next(), parts.next()) {
                (Some("project"), member) => uses.project |= !matches!(member, Some("name" | "platform")),
                (Some("task"), member) => uses.task |= member != Some("id"),
                _ => {}
            }
        }
        uses
    }

    /// What these or others ask for.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { project: self.project || other.project, task: self.task || other.task }
    }
}

/// The values behind the names, ready to be filled in.
#[derive(Clone, Debug)]
pub struct Context {
    values: BTreeMap<String, Value>,
    /// The same of what the project's owner wrote, or the host: the crowd had no hand in it.
    trusted: BTreeMap<String, Value>,
}

impl Context {
    /// The values of an event. What an analysis leaves out is there as null, an empty list or 0.
    #[must_use]
    pub fn new(facts: &Facts) -> Self {
        let mut values = BTreeMap::new();
        let mut trusted = BTreeMap::new();
        for (name, value) in [("event", event(&facts.event)), ("project", project(facts))] {
            values.insert(name.to_owned(), Value::from(Serde(&value)));
            trusted.insert(name.to_owned(), safe(&value));
        }
        if let Some(task) = task(facts) {
            values.insert("task".to_owned(), Value::from(Serde(&task)));
        }
        if let Some(analysis) = &facts.analysis {
            for (name, _) in scope::analysis() {
                let value = analysis.get(name).cloned().unwrap_or_else(|| absent(name));
                values.insert(name.to_owned(), Value::from(Serde(&value)));
            }
        }
        Self { values, trusted }
    }

    /// The same with one more value, which the crowd may have had a hand in.
    #[must_use]
    pub fn with(mut self, name: &str, value: &Json) -> Self {
        self.values.insert(name.to_owned(), Value::from(Serde(value)));
        self.trusted.remove(name);
        self
    }

    pub(crate) fn values(&self) -> Value {
        self.values.clone().into()
    }

    /// The values, with texts that the crowd had no hand in marked as safe.
    pub(crate) fn marked(&self) -> Value {
        let mut values = self.values.clone();
        values.extend(self.trusted.clone());
        values.into()
    }
}

/// The texts of a flat object, marked as safe.
fn safe(object: &Json) -> Value {
    let members = object.as_object().into_iter().flatten();
    let marked = members.map(|(name, value)| {
        let value = value.as_str().map_or_else(|| Value::from(Serde(value)), |text| Value::from_safe_string(text.to_owned()));
        (name.clone(), value)
    });
    marked.collect::<BTreeMap<String, Value>>().into()
}

fn event(event: &Event) -> Json {
    json!({
        "id": event.id,
        "kind": event.kind,
        "occurred_at": event.occurred_at,
        "attempt": event.attempt,
        "origin": event.origin,
        "rerun": event.rerun,
        "emitted_by": event.emitted_by,
    })
}

fn project(facts: &Facts) -> Json {
    let mut project = json!({ "name": facts.event.project, "platform": facts.event.platform });
    if let (Some(read), Some(members)) = (&facts.project, project.as_object_mut()) {
        members.insert("platform_id".to_owned(), read.platform_id.clone().into());
        members.insert("title".to_owned(), read.title.clone().into());
        members.insert("url".to_owned(), read.url.clone().into());
    }
    project
}

fn task(facts: &Facts) -> Option<Json> {
    let mut task = json!({ "id": facts.event.task_id.as_ref()? });
    if let (Some(read), Some(members)) = (&facts.task, task.as_object_mut()) {
        members.insert("info".to_owned(), read.info.clone());
        members.insert("redundancy".to_owned(), read.redundancy.into());
        members.insert("completed".to_owned(), read.completed.into());
        members.insert("gold".to_owned(), read.gold.into());
        members.insert("gold_answer".to_owned(), read.gold_answer.clone().unwrap_or_default());
    }
    Some(task)
}

/// What stands for a member that an analysis may leave out.
fn absent(name: &str) -> Json {
    match name {
        "tied" | "tally" | "answers" => json!([]),
        "questions" => json!({}),
        "tally_left_out" | "answers_left_out" => json!(0),
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests;
