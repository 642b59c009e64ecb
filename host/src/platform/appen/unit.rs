//! What Appen posts about one unit → the host's words. Pure. Values that people made pass through as they were written.
//!
//! `unit_complete` posts a unit with all its judgments. `new_judgments` posts a judgment by one account and a unit with the judgments so
//! far by another, so both are taken, and either may come as a list of one.

use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::platform::fields::{Fields, quoted};
use crate::platform::{Answer, Task};

/// A unit with the judgments that came with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// The job it belongs to, where the payload says so.
    pub job: Option<String>,
    /// The unit.
    pub task: Task,
    /// Its judgments, oldest first; the one that was posted when that was a judgment alone.
    pub answers: Vec<Answer>,
    /// When the unit changed last, where the payload says so.
    pub updated_at: Option<Timestamp>,
    /// How many judgments Appen counts for it.
    pub judgments_count: u32,
}

/// Reads a payload about one unit: a unit, a judgment, or a list of one of them.
///
/// # Errors
///
/// What the payload is instead, for people.
pub fn unit_of(payload: &str) -> Result<Unit, String> {
    let fields = match payload.trim_start().starts_with('[') {
        true => match serde_json::from_str::<Vec<&RawValue>>(payload).as_deref() {
            Ok([only]) => Fields::parse(only.get()),
            Ok(list) => return Err(format!("the payload is a list of {} things where one unit was expected", list.len())),
            Err(_) => return Err("the payload is no JSON".to_owned()),
        },
        false => Fields::parse(payload),
    };
    let fields = fields.map_err(|_| "the payload is no JSON object".to_owned())?;
    if fields.has("unit_id") { of_judgment(&fields) } else { of_unit(&fields) }
}

fn of_unit(unit: &Fields<'_>) -> Result<Unit, String> {
    // A job has an id too, but no job that it belongs to and nothing that people were shown.
    if !["job_id", "data", "results"].iter().any(|name| unit.has(name)) {
        return Err("the payload is no unit: it may be a job".to_owned());
    }
    let id = unit.id("id").ok_or("the payload is a unit without an id")?;
    let results = unit.object("results").unwrap_or_default();
    let judgments = results.objects("judgments").unwrap_or_default();
    let mut answers = judgments.iter().map(|judgment| answer(judgment, &id)).collect::<Result<Vec<_>, _>>()?;
    answers.sort_by_cached_key(|answer| answer.id.parse::<u64>().ok());

    let told = u32::try_from(answers.len()).unwrap_or(u32::MAX);
    let judgments_count = unit.count("judgments_count").unwrap_or(told);
    let state = unit.text("state").unwrap_or_default();
    let data = unit.object("data").unwrap_or_default();
    let gold = is_gold(&state) || judgments.iter().any(|judgment| judgment.is_set("golden"));
    let known = ["id", "data", "results"];
    let mut extra = unit.rest(|name| known.contains(&name));
    if results.names().any(|name| name != "judgments") {
        extra.pop();
        extra.push_str(if extra.len() > 1 { ",\"results\":" } else { "\"results\":" });
        extra.push_str(&results.rest(|name| name == "judgments"));
        extra.push('}');
    }
    let task = Task {
        id,
        // Appen does not tell how many it wants; of a unit that has all it wants, those it has are as many.
        redundancy: judgments_count.max(told),
        completed: is_completed(&state),
        gold,
        gold_answer: gold.then(|| gold_answer(&data)).flatten(),
        info: unit.json("data").unwrap_or("{}").to_owned(),
        extra,
    };
    Ok(Unit { job: unit.id("job_id"), task, answers, updated_at: moment(unit, "updated_at"), judgments_count })
}

fn of_judgment(judgment: &Fields<'_>) -> Result<Unit, String> {
    let id = judgment.id("unit_id").ok_or("the payload is a judgment without a unit")?;
    let state = judgment.text("unit_state").unwrap_or_default();
    let data = judgment.object("unit_data").unwrap_or_default();
    let gold = is_gold(&state) || judgment.is_set("golden");
    let job = judgment.id("job_id");
    let task = Task {
        redundancy: 1,
        completed: is_completed(&state),
        gold,
        gold_answer: gold.then(|| gold_answer(&data)).flatten(),
        info: judgment.json("unit_data").unwrap_or("{}").to_owned(),
        extra: job.as_deref().map_or_else(|| "{}".to_owned(), |job| format!("{{\"job_id\":{}}}", quoted(job))),
        id: id.clone(),
    };
    Ok(Unit { job, task, answers: vec![answer(judgment, &id)?], updated_at: moment(judgment, "created_at"), judgments_count: 1 })
}

fn answer(judgment: &Fields<'_>, unit: &str) -> Result<Answer, String> {
    let known = ["id", "unit_id", "worker_id", "data", "unit_data", "trust", "created_at", "ip", "email"];
    let data = judgment.object("data");
    let trust = judgment.number("trust").or_else(|| judgment.number("worker_trust"));
    Ok(Answer {
        id: judgment.id("id").ok_or("the payload holds a judgment without an id")?,
        task: judgment.id("unit_id").unwrap_or_else(|| unit.to_owned()),
        worker: judgment.id("worker_id"),
        // What begins with `_` is Appen's own: clicks, and such.
        value: match data {
            Some(data) => data.rest(|name| name.starts_with('_')),
            None => judgment.json("data").unwrap_or("null").to_owned(),
        },
        submitted_at: moment(judgment, "created_at"),
        trust: trust.filter(|trust| (0.0..=1.0).contains(trust)),
        set_aside: judgment.is_set("rejected") || judgment.is_set("tainted"),
        extra: judgment.rest(|name| known.contains(&name) || name.starts_with('_')),
    })
}

/// Whether a unit in this state has all the judgments it needs. The state is signed; the signal beside it is not.
fn is_completed(state: &str) -> bool {
    matches!(state, "judged" | "finalized")
}

fn is_gold(state: &str) -> bool {
    matches!(state, "golden" | "hidden_gold")
}

/// The right answers of a test question stand among what was uploaded, as `<question>_gold`: question → answer.
fn gold_answer(data: &Fields<'_>) -> Option<String> {
    let mut answers = Vec::new();
    for name in data.names() {
        let Some(question) = name.strip_suffix("_gold").filter(|question| !question.is_empty()) else { continue };
        if let Some(answer) = data.json(name).filter(|answer| !matches!(*answer, "\"\"" | "[]")) {
            answers.push(format!("{}:{answer}", quoted(question)));
        }
    }
    (!answers.is_empty()).then(|| format!("{{{}}}", answers.join(",")))
}

fn moment(fields: &Fields<'_>, name: &str) -> Option<Timestamp> {
    fields.text(name)?.parse().ok()
}

#[cfg(test)]
mod tests;
