//! What a project may set, as people write it and as the rest of the plugin reads it.
//!
//! The host checks settings against [`SCHEMA`] before it hands them over; [`parse`] says what the schema cannot. Defaults are
//! filled in here and nowhere else.

use crowdhook_plugin::Origin;
pub use crowdhook_plugin::Problem;
use crowdhook_texts::{Condition, Scope, Uses};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::leaf::{Leaf, Template};

/// The settings' JSON Schema, for `describe`.
pub const SCHEMA: &str = include_str!("settings.schema.json");

/// The kind of event that this plugin handles.
pub const KIND: &str = "task.analysed";

/// The member of a spawned task's `info` that says where it comes from.
pub const MARK: &str = "crowdhook";

/// How many answers a task may be made to want, by default.
const CAP: u32 = 10;

/// Settings that cannot be wrong any more.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Why an event may be here to be acted on.
    pub origins: Vec<Origin>,
    /// Create a task.
    pub spawn: Option<Spawn>,
    /// Ask for more answers.
    pub more: Option<More>,
}

/// Create a task in another project.
#[derive(Clone, Debug)]
pub struct Spawn {
    /// Which analyses lead to it.
    pub when: Condition,
    /// The project's name.
    pub project: String,
    /// What people are shown, by member.
    pub info: Vec<(String, Template)>,
    /// Answers wanted; none for the platform's default.
    pub redundancy: Option<u32>,
    /// 0 to 1; none for the platform's default.
    pub priority: Option<f64>,
    /// How many for the events of one day.
    pub per_day: u32,
    /// How long a chain may be.
    pub depth_max: u32,
}

/// Ask for more answers.
#[derive(Clone, Debug)]
pub struct More {
    /// Which analyses lead to it.
    pub when: Condition,
    /// How many.
    pub wanted: Wanted,
    /// How many in all at most.
    pub cap: u32,
}

/// How many answers are asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// So many more than there are.
    Add(u32),
    /// So many in all.
    To(u32),
}

impl Settings {
    /// Whether events that are here for this reason are acted on.
    #[must_use]
    pub fn acts_on(&self, origin: Origin) -> bool {
        self.origins.contains(&origin)
    }

    /// What has to be read: the task in any case, for its depth and its redundancy.
    #[must_use]
    pub fn uses(&self) -> Uses {
        let task = Uses { task: true, ..Uses::default() };
        let more = self.more.as_ref().map_or(task, |more| task.and(more.when.uses()));
        self.spawn.as_ref().map_or(more, |spawn| {
            let uses = more.and(spawn.when.uses());
            spawn.info.iter().fold(uses, |uses, (_, template)| uses.and(template.uses()))
        })
    }
}

/// Settings as people write them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default = "origins")]
    origins: Vec<Origin>,
    spawn: Option<RawSpawn>,
    more_answers: Option<RawMore>,
}

fn origins() -> Vec<Origin> {
    vec![Origin::Live, Origin::Rerun, Origin::Replay]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpawn {
    #[serde(default = "decided")]
    when: String,
    project: String,
    info: Map<String, Value>,
    redundancy: Option<u32>,
    priority: Option<f64>,
    #[serde(default = "per_day")]
    per_day: u32,
    #[serde(default = "depth_max")]
    depth_max: u32,
}

fn decided() -> String {
    "decided".to_owned()
}

fn per_day() -> u32 {
    1000
}

fn depth_max() -> u32 {
    3
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMore {
    #[serde(default = "not_decided")]
    when: String,
    add: Option<u32>,
    to: Option<u32>,
    #[serde(default = "cap")]
    cap: u32,
}

fn not_decided() -> String {
    "not decided".to_owned()
}

fn cap() -> u32 {
    CAP
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
/// All that is wrong with them.
pub fn parse(json: &str) -> Result<Settings, Vec<Problem>> {
    let raw: Raw = serde_json::from_str(json).map_err(|error| vec![Problem::new("", error.to_string())])?;
    let scope = Scope::of_kind(KIND);
    let mut problems = Vec::new();
    if raw.spawn.is_none() && raw.more_answers.is_none() {
        problems.push(Problem::new("", "there is nothing to do: write a table `spawn`, a table `more_answers`, or both"));
    }
    let spawn = raw.spawn.and_then(|raw| spawn(raw, &scope, &mut problems));
    let more = raw.more_answers.and_then(|raw| more(&raw, &scope, &mut problems));
    if problems.is_empty() { Ok(Settings { origins: raw.origins, spawn, more }) } else { Err(problems) }
}

fn spawn(raw: RawSpawn, scope: &Scope, problems: &mut Vec<Problem>) -> Option<Spawn> {
    let when = condition("/spawn/when", &raw.when, scope, problems);
    if raw.info.contains_key(MARK) {
        let message = format!("the plugin itself says in `{MARK}` where the task comes from: give the member another name");
        problems.push(Problem::new(format!("/spawn/info/{MARK}"), message));
    }
    let members = raw.info.into_iter().map(|(name, value)| {
        let at = format!("/spawn/info/{}", escape(&name));
        (name, template(&at, value, scope, problems))
    });
    let info = members.collect();
    Some(Spawn {
        when: when?,
        project: raw.project,
        info,
        redundancy: raw.redundancy,
        priority: raw.priority,
        per_day: raw.per_day,
        depth_max: raw.depth_max,
    })
}

/// Reads what people are shown, leaf by leaf. Where a leaf is wrong there is a problem, and null in its place.
fn template(at: &str, value: Value, scope: &Scope, problems: &mut Vec<Problem>) -> Template {
    match value {
        Value::String(source) => match Leaf::parse(&source, scope) {
            Ok(leaf) => Template::Leaf(Box::new(leaf)),
            Err(error) => {
                problems.push(Problem::new(at, error.quoting(&source)));
                Template::Plain(Value::Null)
            }
        },
        Value::Array(values) => {
            let each = values.into_iter().enumerate();
            Template::List(each.map(|(place, value)| template(&format!("{at}/{place}"), value, scope, problems)).collect())
        }
        Value::Object(members) => {
            let each = members.into_iter();
            let member = |(name, value): (String, Value)| {
                let at = format!("{at}/{}", escape(&name));
                (name, template(&at, value, scope, problems))
            };
            Template::Members(each.map(member).collect())
        }
        plain => Template::Plain(plain),
    }
}

fn more(raw: &RawMore, scope: &Scope, problems: &mut Vec<Problem>) -> Option<More> {
    let when = condition("/more_answers/when", &raw.when, scope, problems);
    let wanted = match (raw.add, raw.to) {
        (Some(_), Some(_)) => {
            problems.push(Problem::new("/more_answers/to", "`add` and `to` both say how many are wanted: leave one of them out"));
            return None;
        }
        (None, Some(to)) if to > raw.cap => {
            let message = format!("`to` is {to}, and `cap` allows {}: write `cap = {to}`, or a smaller `to`", raw.cap);
            problems.push(Problem::new("/more_answers/to", message));
            return None;
        }
        (None, Some(to)) => Wanted::To(to),
        (add, None) => Wanted::Add(add.unwrap_or(2)),
    };
    Some(More { when: when?, wanted, cap: raw.cap })
}

fn condition(at: &str, source: &str, scope: &Scope, problems: &mut Vec<Problem>) -> Option<Condition> {
    let condition = Condition::parse(source, scope);
    condition.map_err(|error| problems.push(Problem::new(at, error.quoting(source)))).ok()
}

/// A name as it stands in a JSON Pointer.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
