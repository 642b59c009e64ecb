//! What any sender posts about one task → the host's words, by the pointers of the project's file. Pure.

use std::collections::HashSet;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::config::{AnswerAt, Generic, Pointer};
use crate::event::EventKind;
use crate::id::PLATFORM_ID_BYTES_MAX;
use crate::platform::{Answer, Task};

/// A number above this counts milliseconds since 1970, and seconds up to it: the year 5138 in seconds, 1973 in milliseconds.
const SECONDS_MAX: f64 = 1e11;

/// The task `id` of an event of `kind`, and the answers that came with it, oldest first where each of them has a time.
///
/// # Errors
///
/// What cannot be read, for people. Values do not stand in it.
pub fn task_of(shape: &Generic, kind: &EventKind, id: &str, event: &Value) -> Result<(Task, Vec<Answer>), String> {
    let mut answers = Vec::new();
    let mut ids = HashSet::new();
    for (index, posted) in posted_answers(shape, event)?.iter().enumerate() {
        let answer = answer_of(&shape.answer, id, index + 1, posted)?;
        // Whoever reads answers in pages goes on behind the last id it saw.
        if !ids.insert(answer.id.clone()) {
            return Err(format!("answer {} has the id of one before it", index + 1));
        }
        answers.push(answer);
    }
    if answers.iter().all(|answer| answer.submitted_at.is_some()) {
        answers.sort_by_key(|answer| answer.submitted_at);
    }
    let info = shape.task_info.as_ref().and_then(|at| at.find(event));
    let task = Task {
        id: id.to_owned(),
        // Nobody says how many are wanted; of a completed task, those it has are as many.
        redundancy: u32::try_from(answers.len()).unwrap_or(u32::MAX),
        completed: *kind == EventKind::TASK_COMPLETED,
        gold: false,
        gold_answer: None,
        info: info.map_or_else(|| "{}".to_owned(), Value::to_string),
        extra: "{}".to_owned(),
    };
    Ok((task, answers))
}

/// A list, one answer alone, or nothing.
fn posted_answers<'e>(shape: &Generic, event: &'e Value) -> Result<&'e [Value], String> {
    let Some(at) = &shape.answers else { return Ok(&[]) };
    match at.find(event) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(answers)) => Ok(answers),
        Some(one @ Value::Object(_)) => Ok(std::slice::from_ref(one)),
        Some(_) => Err(format!("`{at}` holds no list of answers")),
    }
}

fn answer_of(shape: &AnswerAt, task: &str, place: usize, answer: &Value) -> Result<Answer, String> {
    let found = |at: &Option<Pointer>| at.as_ref().and_then(|at| at.find(answer));
    let id = match &shape.id {
        Some(at) => id_of(at.find(answer)).ok_or_else(|| format!("answer {place} has no id at `{at}`"))?,
        None => place.to_string(),
    };
    let worker = match found(&shape.worker) {
        None | Some(Value::Null) => None,
        there => Some(id_of(there).ok_or_else(|| format!("answer {place} has a worker that is neither a text nor a whole number"))?),
    };
    let value = match &shape.value {
        Some(at) => at.find(answer).ok_or_else(|| format!("answer {place} has no value at `{at}`"))?,
        None => answer,
    };
    Ok(Answer {
        id,
        task: task.to_owned(),
        worker,
        value: value.to_string(),
        submitted_at: found(&shape.time).and_then(moment_of),
        trust: found(&shape.trust).and_then(number_of).filter(|trust| (0.0..=1.0).contains(trust)),
        set_aside: found(&shape.set_aside).is_some_and(says_yes),
        extra: "{}".to_owned(),
    })
}

/// An id as text: a text that is not empty, or a whole number, of at most [`PLATFORM_ID_BYTES_MAX`] bytes.
#[must_use]
pub fn id_of(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= PLATFORM_ID_BYTES_MAX && !text.contains(char::is_control)).then_some(text)
}

/// A moment: RFC 3339 with an offset, or seconds or milliseconds since 1970.
#[must_use]
pub fn moment_of(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            let number = number.as_f64()?;
            let millis = if number.abs() > SECONDS_MAX { number } else { number * 1000.0 };
            #[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and what lies beyond year 9999 is refused")]
            Timestamp::from_millisecond(millis as i64).ok()
        }
        _ => None,
    }
}

/// A number, or a text that holds one.
fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Anything but null, false, zero and what is empty.
fn says_yes(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty() && text != "false",
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}
