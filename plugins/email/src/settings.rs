//! What a project may set, as people write it and as the rest of the plugin reads it.
//!
//! The host checks settings against [`SCHEMA`] before it hands them over; [`parse`] says what the schema cannot. Defaults are
//! filled in here and nowhere else.

pub use crowdhook_plugin::Problem;
use crowdhook_texts::{Condition, Escape, Scope, Shape, Text, Uses};
use serde::Deserialize;

/// The settings' JSON Schema, for `describe`.
pub const SCHEMA: &str = include_str!("settings.schema.json");

/// Settings as people write them. The schema describes them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    on: On,
    #[serde(default)]
    to: Vec<String>,
    #[serde(default)]
    cc: Vec<String>,
    #[serde(default)]
    bcc: Vec<String>,
    reply_to: Option<String>,
    #[serde(default)]
    workers: Workers,
    when: Option<String>,
    subject: Option<String>,
    text: Option<String>,
    html: Option<String>,
    #[serde(default)]
    attach: Attach,
    #[serde(default)]
    worker_ids: bool,
    #[serde(default = "live")]
    origins: Vec<String>,
}

/// Which events lead to a mail.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
pub enum On {
    /// What the answers to a task come to.
    #[default]
    #[serde(rename = "task.analysed")]
    Task,
    /// All tasks of the project are completed.
    #[serde(rename = "project.completed")]
    Project,
}

/// Which of those who answered get a mail, each their own.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Workers {
    /// Nobody.
    #[default]
    None,
    /// Those whose answer counts.
    Counted,
    /// Those whose answer agrees with the result.
    Agreeing,
}

/// What is attached.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Attach {
    /// Nothing.
    #[default]
    None,
    /// The analysis as JSON.
    Json,
    /// The answers as CSV.
    Csv,
}

/// Settings that cannot be wrong any more.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the schema describes them, for people and for the host")]
pub struct Settings {
    pub on: On,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
    pub reply_to: Option<String>,
    pub workers: Workers,
    pub when: Option<Condition>,
    pub subject: Text,
    pub text: Text,
    pub html: Option<Text>,
    pub attach: Attach,
    pub worker_ids: bool,
    pub origins: Vec<String>,
}

impl Settings {
    /// What has to be read before the texts can be filled in.
    #[must_use]
    pub fn uses(&self) -> Uses {
        let when = self.when.as_ref().map(Condition::uses).unwrap_or_default();
        let html = self.html.as_ref().map(Text::uses).unwrap_or_default();
        when.and(html).and(self.subject.uses()).and(self.text.uses())
    }
}

impl On {
    /// The kind of event, as it is called everywhere.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Task => "task.analysed",
            Self::Project => "project.completed",
        }
    }

    /// The names that texts may use.
    fn scope(self) -> Scope {
        let scope = Scope::of_kind(self.kind());
        if self == Self::Task {
            return scope;
        }
        let number = Shape::One("a number");
        let names = ["count", "decided", "undecided", "ties", "share"];
        scope.with("tasks", Shape::members(names.map(|name| (name, number.clone()))))
    }

    /// The subject, text and HTML where the settings have none.
    fn defaults(self) -> [&'static str; 3] {
        match self {
            Self::Task => {
                [include_str!("defaults/task.subject.txt"), include_str!("defaults/task.txt"), include_str!("defaults/task.html")]
            }
            Self::Project => {
                [include_str!("defaults/project.subject.txt"), include_str!("defaults/project.txt"), include_str!("defaults/project.html")]
            }
        }
    }
}

fn live() -> Vec<String> {
    vec!["live".to_owned()]
}

impl crowdhook_plugin::Settings for Settings {
    fn schema() -> String {
        SCHEMA.to_owned()
    }

    fn read(json: &str) -> Result<Self, Vec<Problem>> {
        parse(json)
    }
}

/// Reads settings and fills in the defaults.
///
/// # Errors
///
/// All that is wrong with them. The host's check by the schema comes first, so wrong types and unknown keys are
/// seen by those only who run the plugin without it.
pub fn parse(json: &str) -> Result<Settings, Vec<Problem>> {
    let raw: Raw = serde_json::from_str(json).map_err(|error| vec![Problem::new("", error)])?;
    let mut problems = Vec::new();
    check_recipients(&raw, &mut problems);
    let scope = raw.on.scope();
    let mut text = |at: &str, source: &str, escape| {
        let text = Text::parse(source, escape, &scope);
        text.map_err(|error| problems.push(Problem::new(at, error))).ok()
    };
    let [subject, plain, html] = raw.on.defaults();
    let subject = text("/subject", raw.subject.as_deref().unwrap_or(subject), Escape::None);
    // A text of one's own beside the HTML that comes along would say two things.
    let html = raw.html.as_deref().or(raw.text.is_none().then_some(html)).filter(|html| !html.is_empty());
    let html = html.and_then(|html| text("/html", html, Escape::Html));
    let plain = text("/text", raw.text.as_deref().unwrap_or(plain), Escape::None);
    let when = raw.when.and_then(|when| {
        let condition = Condition::parse(&when, &scope);
        condition.map_err(|error| problems.push(Problem::new("/when", error))).ok()
    });
    match (subject, plain) {
        (Some(subject), Some(text)) if problems.is_empty() => Ok(Settings {
            on: raw.on,
            to: raw.to,
            cc: raw.cc,
            bcc: raw.bcc,
            reply_to: raw.reply_to,
            workers: raw.workers,
            when,
            subject,
            text,
            html,
            attach: raw.attach,
            worker_ids: raw.worker_ids,
            origins: raw.origins,
        }),
        _ => Err(problems),
    }
}

fn check_recipients(raw: &Raw, problems: &mut Vec<Problem>) {
    for (name, addresses) in [("to", &raw.to), ("cc", &raw.cc), ("bcc", &raw.bcc)] {
        for (index, address) in addresses.iter().enumerate() {
            check_address(format!("/{name}/{index}"), address, problems);
        }
    }
    if let Some(address) = &raw.reply_to {
        check_address("/reply_to".to_owned(), address, problems);
    }
    if raw.to.is_empty() && raw.workers == Workers::None {
        let copies = if raw.cc.is_empty() && raw.bcc.is_empty() { "" } else { " beside the copies" };
        problems.push(Problem::new("", format!("a mail needs somebody to go to{copies}: set `to = [\"ann@example.org\"]`, or `workers`")));
    }
    if raw.on == On::Project && raw.workers != Workers::None {
        problems.push(Problem::new(
            "/workers",
            "a `project.completed` names nobody who answered: leave `workers` out, or set `on = \"task.analysed\"`",
        ));
    }
    if raw.to.is_empty() && raw.workers != Workers::None && !(raw.cc.is_empty() && raw.bcc.is_empty()) {
        let at = if raw.cc.is_empty() { "/bcc" } else { "/cc" };
        problems.push(Problem::new(at, "each worker gets a mail of their own, without copies: name these people in `to`"));
    }
}

fn check_address(at: String, address: &str, problems: &mut Vec<Problem>) {
    let parts: Vec<&str> = address.split('@').collect();
    let odd = |one: char| one.is_whitespace() || one.is_control() || "<>()[],;:\\\"".contains(one);
    let good =
        matches!(parts.as_slice(), [user, host] if !user.is_empty() && !host.is_empty() && !host.starts_with('.') && !host.ends_with('.'));
    if !good || address.contains(odd) {
        problems.push(Problem::new(at, format!("`{}` is no plain address: write `ann@example.org`", address.escape_debug())));
    }
}

#[cfg(test)]
mod tests;
