//! Which names there are, by the kind of event.

use std::collections::BTreeMap;

/// What is behind a name, as far as it is known before there is an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Shape {
    /// Any JSON: what the crowd answered, or what a task shows. Its members are known only when there is an event.
    Any,
    /// One value without members, and what it is in words: `a number`.
    One(&'static str),
    /// Members, and no others.
    Members(BTreeMap<&'static str, Shape>),
}

impl Shape {
    /// Members with these names.
    #[must_use]
    pub fn members<const N: usize>(members: [(&'static str, Shape); N]) -> Self {
        Self::Members(members.into())
    }
}

/// The names that a text or condition may use.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Scope {
    kind: String,
    names: BTreeMap<&'static str, Shape>,
}

const TEXT: Shape = Shape::One("a text");
const NUMBER: Shape = Shape::One("a number");
const TRUTH: Shape = Shape::One("true or false");
const LIST: Shape = Shape::One("a list");

/// The kind of event that carries an analysis.
pub(crate) const ANALYSED: &str = "task.analysed";

impl Scope {
    /// The names that there are for events of this kind: `event` and `project` always, `task` where the kind begins with `task.`, and
    /// for `task.analysed` those of the analysis. The crate's README lists them.
    #[must_use]
    pub fn of_kind(kind: &str) -> Self {
        let mut names = BTreeMap::from([("event", event()), ("project", project())]);
        if kind.starts_with("task.") {
            names.insert("task", task());
        }
        if kind == ANALYSED {
            names.extend(analysis());
        }
        Self { kind: kind.to_owned(), names }
    }

    /// The same with one more name, or another shape for a name.
    #[must_use]
    pub fn with(mut self, name: &'static str, shape: Shape) -> Self {
        self.names.insert(name, shape);
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Shape> {
        self.names.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.names.keys().copied()
    }

    /// Why a name that exists for another kind of event is not there for this one; none when it exists for no kind.
    pub(crate) fn elsewhere(&self, name: &str) -> Option<String> {
        let of = if name == "task" {
            "events about a task"
        } else if analysis().iter().any(|(known, _)| *known == name) {
            "`task.analysed`"
        } else {
            return None;
        };
        Some(format!("`{name}` is there for {of}, not for `{}`", self.kind))
    }
}

fn event() -> Shape {
    Shape::members([
        ("id", TEXT),
        ("kind", TEXT),
        ("occurred_at", TEXT),
        ("attempt", NUMBER),
        ("origin", TEXT),
        ("rerun", TRUTH),
        ("emitted_by", TEXT),
    ])
}

fn project() -> Shape {
    Shape::members([("name", TEXT), ("platform", TEXT), ("platform_id", TEXT), ("title", TEXT), ("url", TEXT)])
}

fn task() -> Shape {
    Shape::members([
        ("id", TEXT),
        ("info", Shape::Any),
        ("redundancy", NUMBER),
        ("completed", TRUTH),
        ("gold", TRUTH),
        ("gold_answer", Shape::Any),
    ])
}

/// The members of an analysis, as in `wit/analysis.schema.json`.
pub(crate) fn analysis() -> [(&'static str, Shape); 15] {
    let previous = Shape::members([("revision", NUMBER), ("answer", Shape::Any), ("decided", TRUTH), ("tie", TRUTH)]);
    [
        ("answer", Shape::Any),
        ("votes", NUMBER),
        ("total", NUMBER),
        ("agreement", NUMBER),
        ("tie", TRUTH),
        ("decided", TRUTH),
        ("reason", TEXT),
        ("tied", LIST),
        ("tally", LIST),
        ("tally_left_out", NUMBER),
        ("questions", Shape::Any),
        ("revision", NUMBER),
        ("previous", previous),
        ("answers", LIST),
        ("answers_left_out", NUMBER),
    ]
}
