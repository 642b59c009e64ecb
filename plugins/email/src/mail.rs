//! From an event to mails: to whom, and what they say.

use std::collections::BTreeSet;

use crowdhook_texts::{Context, Facts, TextError, one_line};
use serde_json::Value;

use crate::attachment::{self, Attachment, Audience};
use crate::settings::{Settings, Workers};

/// Workers that get a mail about one task, at most: each is an effect of its own.
pub const WORKERS_MAX: usize = 50;

/// Characters of a subject, at most.
const SUBJECT_MAX: usize = 200;

/// A mail, ready to be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mail {
    /// To whom.
    pub to: To,
    /// One line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// The result as a file.
    pub attachment: Option<Attachment>,
    /// Under which it happens once.
    pub once: String,
}

/// To whom a mail goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum To {
    /// The addresses in the settings, with their copies.
    Addresses,
    /// One worker, by the platform's id.
    Worker(String),
}

/// What comes of an event.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outcome {
    /// The mails.
    pub mails: Vec<Mail>,
    /// How many workers were left out, since there are more than [`WORKERS_MAX`].
    pub left_out: usize,
}

/// The mails about a task. `payload` is the text of the analysis, as it came.
///
/// # Errors
///
/// Condition or text cannot be evaluated, in words for the operator.
pub fn about_task(facts: &Facts, payload: &str, settings: &Settings) -> Result<Outcome, String> {
    let Some(task_id) = &facts.event.task_id else { return Err("a `task.analysed` about no task".to_owned()) };
    let analysis = facts.analysis.as_ref().unwrap_or(&Value::Null);
    let Some(written) = write(&Context::new(facts), settings)? else { return Ok(Outcome::default()) };
    let file = |audience| attachment::of_task(task_id, payload, analysis, audience, settings);
    let mut mails = Vec::new();
    if !settings.to.is_empty() {
        let once = format!("email/{task_id}");
        mails.push(Mail { attachment: file(Audience::Owners), once, ..written.clone() });
    }
    let workers = workers(analysis, settings.workers);
    let left_out = workers.len().saturating_sub(WORKERS_MAX);
    for worker in workers.into_iter().take(WORKERS_MAX) {
        let once = format!("email/{task_id}/worker/{worker}");
        mails.push(Mail { to: To::Worker(worker.to_owned()), attachment: file(Audience::Workers), once, ..written.clone() });
    }
    Ok(Outcome { mails, left_out })
}

/// The mail about a project. `tasks` is what is remembered of its tasks.
///
/// # Errors
///
/// As [`about_task`].
pub fn about_project(facts: &Facts, tasks: &Value, settings: &Settings) -> Result<Outcome, String> {
    let Some(written) = write(&Context::new(facts).with("tasks", tasks), settings)? else { return Ok(Outcome::default()) };
    let attachment = attachment::of_project(&facts.event.project, tasks, settings);
    let mail = Mail { attachment, once: format!("email/event/{}", facts.event.id), ..written };
    Ok(Outcome { mails: vec![mail], left_out: 0 })
}

/// Fills in the texts; none where the condition does not hold.
fn write(context: &Context, settings: &Settings) -> Result<Option<Mail>, String> {
    let at = |name: &'static str| move |error: TextError| format!("`{name}`: {error}");
    if let Some(when) = &settings.when
        && !when.holds(context).map_err(at("when"))?
    {
        return Ok(None);
    }
    let subject = settings.subject.render(context).map_err(at("subject"))?;
    let text = settings.text.render(context).map_err(at("text"))?;
    let html = settings.html.as_ref().map(|html| html.render(context)).transpose().map_err(at("html"))?;
    Ok(Some(Mail { to: To::Addresses, subject: subject_line(&subject), text, html, attachment: None, once: String::new() }))
}

/// A subject is a header: what came in from the crowd must not begin another one.
fn subject_line(subject: &str) -> String {
    let line = one_line(subject);
    if line.is_empty() {
        return "(no subject)".to_owned();
    }
    if line.chars().nth(SUBJECT_MAX).is_none() {
        return line;
    }
    line.chars().take(SUBJECT_MAX - 1).chain(['…']).collect()
}

/// Those who answered and are to get a mail, each once.
fn workers(analysis: &Value, which: Workers) -> BTreeSet<&str> {
    let answers = analysis.get("answers").and_then(Value::as_array).into_iter().flatten();
    let is = |answer: &Value, name: &str| answer.get(name).and_then(Value::as_bool).unwrap_or(false);
    let chosen = answers.filter(|answer| match which {
        Workers::None => false,
        Workers::Counted => is(answer, "counted"),
        Workers::Agreeing => is(answer, "counted") && is(answer, "agrees"),
    });
    chosen.filter_map(|answer| answer.get("worker").and_then(Value::as_str)).collect()
}

#[cfg(test)]
mod tests;
