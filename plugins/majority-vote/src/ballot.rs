//! Which answers count, and what each of them says.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::normal;
use crate::settings::{Lists, PerWorker, Rules, Settings, Weights};

/// One person's answer, as the platform tells it; oldest first where there are several.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The platform's id.
    pub id: String,
    /// The worker's; none for an anonymous answer.
    pub worker: Option<String>,
    /// What was answered; none when that is no JSON.
    pub value: Option<Value>,
    /// The platform's trust in the worker; none when it has no such notion.
    pub trust: Option<f64>,
    /// Whether the platform itself does not count it.
    pub set_aside: bool,
}

/// Why an answer does not count.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum WhyNot {
    /// The platform does not count it.
    SetAside,
    /// The same worker answered again, and the last answer counts.
    NotTheLast,
    /// The same worker had answered before, and the first answer counts.
    NotTheFirst,
    /// It weighs nothing.
    NoTrust,
    /// Its value is no JSON.
    NotJson,
    /// It has nothing at this JSON Pointer.
    Missing(String),
    /// It says nothing.
    Blank,
}

impl fmt::Display for WhyNot {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetAside => to.write_str("set aside by the platform"),
            Self::NotTheLast => to.write_str("the worker answered again, and the last answer counts"),
            Self::NotTheFirst => to.write_str("the worker had answered before, and the first answer counts"),
            Self::NoTrust => to.write_str("the platform's trust in the worker is 0"),
            Self::NotJson => to.write_str("not JSON"),
            Self::Missing(pointer) => write!(to, "nothing at `{pointer}`"),
            Self::Blank => to.write_str("blank"),
        }
    }
}

/// What each answer weighs, or why it does not count whatever it says; in the order of the answers.
#[must_use]
pub fn admit(answers: &[Answer], settings: &Settings) -> Vec<Result<f64, WhyNot>> {
    let mut admitted: Vec<_> = answers.iter().map(|answer| weigh(answer, settings)).collect();
    let (counted, why_not) = match settings.per_worker {
        PerWorker::All => return admitted,
        PerWorker::First => (Counted::First, WhyNot::NotTheFirst),
        PerWorker::Last => (Counted::Last, WhyNot::NotTheLast),
    };
    let chosen = chosen(answers, &admitted, counted);
    for (at, (answer, admitted)) in answers.iter().zip(&mut admitted).enumerate() {
        let Some(worker) = answer.worker.as_deref() else {
            continue;
        };
        if admitted.is_ok() && chosen.get(worker) != Some(&at) {
            *admitted = Err(why_not.clone());
        }
    }
    admitted
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Counted {
    First,
    Last,
}

/// The answer of each worker that counts, by its place.
fn chosen<'a>(answers: &'a [Answer], admitted: &[Result<f64, WhyNot>], counted: Counted) -> BTreeMap<&'a str, usize> {
    let mut chosen = BTreeMap::new();
    for (at, (answer, admitted)) in answers.iter().zip(admitted).enumerate() {
        let Some(worker) = answer.worker.as_deref() else {
            continue;
        };
        if admitted.is_ok() && (counted == Counted::Last || !chosen.contains_key(worker)) {
            chosen.insert(worker, at);
        }
    }
    chosen
}

fn weigh(answer: &Answer, settings: &Settings) -> Result<f64, WhyNot> {
    if answer.set_aside && settings.skip_set_aside {
        return Err(WhyNot::SetAside);
    }
    if answer.value.is_none() {
        return Err(WhyNot::NotJson);
    }
    match (settings.weights, answer.trust) {
        (Weights::Trust, Some(trust)) if trust.is_finite() => {
            let weight = trust.clamp(0.0, 1.0);
            if weight > 0.0 { Ok(weight) } else { Err(WhyNot::NoTrust) }
        }
        _ => Ok(1.0),
    }
}

/// What one answer says to one question.
#[derive(Clone, Debug)]
pub struct Vote {
    /// Whose it is: the answer's place.
    pub answer: usize,
    /// What it weighs.
    pub weight: f64,
    /// What it chose, each value once. One as a rule; more, or none at all, where lists are taken apart.
    pub choices: Vec<Choice>,
}

/// A value that somebody chose.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The same for values that are the same.
    pub key: String,
    /// The value as it is shown.
    pub value: Value,
}

/// Reads the vote of the answer at the place `answer`, with this weight, out of its value.
///
/// # Errors
///
/// It says nothing to this question.
pub fn read(answer: usize, weight: f64, value: &Value, pointer: &str, rules: &Rules) -> Result<Vote, WhyNot> {
    let Some(value) = at(value, pointer) else {
        return Err(WhyNot::Missing(pointer.to_owned()));
    };
    let value = normal::shown(value, rules);
    let values = match value {
        Value::Array(values) if rules.lists != Lists::Whole => members(values, rules)?,
        value if is_blank(&value, rules) => return Err(WhyNot::Blank),
        value => vec![value],
    };
    let mut choices: Vec<Choice> = Vec::with_capacity(values.len());
    for value in values {
        let key = normal::key(&value, rules);
        if !choices.iter().any(|choice| choice.key == key) {
            choices.push(Choice { key, value });
        }
    }
    Ok(Vote { answer, weight, choices })
}

/// What the JSON Pointer points at: [`Value::pointer`], which writes each name anew, without that where no name is escaped.
fn at<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    if let (Value::Object(members), Some(names)) = (value, pointer.strip_prefix('/')) {
        let (name, _) = names.split_once('/').unwrap_or((names, ""));
        if !name.contains('~') {
            let (_, rest) = names.split_at(name.len());
            return at(members.get(name)?, rest);
        }
    }
    value.pointer(pointer)
}

/// The values in a list that say something.
///
/// With `lists = "set"` an empty list says that nothing is in the set; otherwise it says nothing.
fn members(values: Vec<Value>, rules: &Rules) -> Result<Vec<Value>, WhyNot> {
    let said: Vec<Value> = values.into_iter().filter(|value| !is_blank(value, rules)).collect();
    if said.is_empty() && rules.lists != Lists::Set {
        if rules.count_blank {
            return Ok(vec![Value::Array(Vec::new())]);
        }
        return Err(WhyNot::Blank);
    }
    Ok(said)
}

fn is_blank(value: &Value, rules: &Rules) -> bool {
    let blank = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        _ => false,
    };
    blank && !rules.count_blank
}

#[cfg(test)]
mod tests;
