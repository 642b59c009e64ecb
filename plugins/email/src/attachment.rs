//! The result as a file.

use crowdhook_texts::csv;
use serde_json::{Value, json};

use crate::settings::{Attach, Settings};

/// A file that goes with a mail.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attachment {
    /// As the recipient sees it.
    pub name: String,
    /// For instance `text/csv`.
    pub media_type: &'static str,
    /// What is in it.
    pub content: String,
}

/// Who is to see a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Audience {
    /// The project's own people, who may see each answer, and whose it is where the settings say so.
    Owners,
    /// Somebody who answered, and is not to see what others did.
    Workers,
}

/// Bytes of an id in the name of a file.
const ID_BYTES_MAX: usize = 80;

/// The file about a task; none where nothing is to be attached. `payload` is the text of `analysis`, as it came.
#[must_use]
pub fn of_task(task_id: &str, payload: &str, analysis: &Value, audience: Audience, settings: &Settings) -> Option<Attachment> {
    let (content, of) = match (settings.attach, audience) {
        (Attach::None, _) => return None,
        (Attach::Json, Audience::Owners) if settings.worker_ids => (payload.to_owned(), Attach::Json),
        (Attach::Json, Audience::Owners) => (without_workers(analysis).to_string(), Attach::Json),
        (Attach::Json, Audience::Workers) => (without_answers(analysis).to_string(), Attach::Json),
        (Attach::Csv, Audience::Owners) => (answers(task_id, analysis, settings.worker_ids), Attach::Csv),
        (Attach::Csv, Audience::Workers) => (tally(task_id, analysis), Attach::Csv),
    };
    Some(named(&format!("task-{}", plain(task_id)), content, of))
}

/// The file about a whole project; none where nothing is to be attached.
#[must_use]
pub fn of_project(project: &str, tasks: &Value, settings: &Settings) -> Option<Attachment> {
    let names = ["count", "decided", "undecided", "ties", "share"];
    let content = match settings.attach {
        Attach::None => return None,
        Attach::Json => json!({ "project": project, "tasks": tasks }).to_string(),
        Attach::Csv => {
            let cells = |first: &str, value: &dyn Fn(&str) -> Value| {
                let mut cells = vec![Value::from(first)];
                cells.extend(names.iter().map(|name| value(name)));
                csv::line(&cells)
            };
            cells("project", &|name| name.into()) + &cells(project, &|name| tasks.get(name).cloned().unwrap_or_default())
        }
    };
    Some(named(&format!("project-{}", plain(project)), content, settings.attach))
}

fn named(stem: &str, content: String, of: Attach) -> Attachment {
    let (ending, media_type) = if of == Attach::Csv { ("csv", "text/csv") } else { ("json", "application/json") };
    Attachment { name: format!("{stem}.{ending}"), media_type, content }
}

/// An id as it may stand in the name of a file.
fn plain(id: &str) -> String {
    let plain = id.chars().map(|one| if one.is_ascii_alphanumeric() || one == '-' { one } else { '_' });
    plain.take(ID_BYTES_MAX).collect()
}

fn without_answers(analysis: &Value) -> Value {
    let mut analysis = analysis.clone();
    if let Some(members) = analysis.as_object_mut() {
        members.shift_remove("answers");
        members.shift_remove("answers_left_out");
    }
    analysis
}

fn without_workers(analysis: &Value) -> Value {
    let mut analysis = analysis.clone();
    for answer in analysis.get_mut("answers").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(members) = answer.as_object_mut() {
            members.shift_remove("worker");
        }
    }
    analysis
}

/// A line for each answer.
fn answers(task_id: &str, analysis: &Value, worker_ids: bool) -> String {
    let columns = [
        ("id", "answer"),
        ("worker", "worker"),
        ("value", "value"),
        ("counted", "counted"),
        ("agrees", "agrees"),
        ("weight", "weight"),
        ("why_not", "why_not"),
    ];
    let columns = || columns.iter().filter(|(name, _)| worker_ids || *name != "worker");
    let header: Vec<Value> = std::iter::once("task").chain(columns().map(|(_, title)| *title)).map(Value::from).collect();
    let mut text = csv::line(&header);
    for answer in analysis.get("answers").and_then(Value::as_array).into_iter().flatten() {
        let mut cells = vec![Value::from(task_id)];
        cells.extend(columns().map(|(name, _)| answer.get(*name).cloned().unwrap_or_default()));
        text.push_str(&csv::line(&cells));
    }
    text
}

/// A line for each value, with its votes; with several questions, for each value of each.
fn tally(task_id: &str, analysis: &Value) -> String {
    let mut text = csv::line(&["task", "question", "value", "votes"].map(Value::from));
    let mut add = |question: &str, verdict: &Value| {
        for line in verdict.get("tally").and_then(Value::as_array).into_iter().flatten() {
            let of = |name: &str| line.get(name).cloned().unwrap_or_default();
            text.push_str(&csv::line(&[task_id.into(), question.into(), of("value"), of("votes")]));
        }
    };
    add("", analysis);
    for (question, verdict) in analysis.get("questions").and_then(Value::as_object).into_iter().flatten() {
        add(question, verdict);
    }
    text
}

#[cfg(test)]
mod tests;
