//! Whether an answer is the right one of a test question.

use serde_json::Value;

/// Whether `answer` is what `gold` says.
///
/// An object of questions holds when the answer has the right value to each of them; what else the answer says does not
/// matter. A list, or a text of several lines (which is how Appen keeps them), names several right values: a list in the
/// answer has to be that very set, any other value one of them. Texts are compared without regard to case and to white space at
/// their ends, and a number is the same as its text, since forms send numbers as text.
#[must_use]
pub fn fits(gold: &Value, answer: &Value) -> bool {
    match gold {
        Value::Object(questions) => questions.iter().all(|(name, right)| answer.get(name).is_some_and(|given| fits_one(right, given))),
        right => fits_one(right, answer),
    }
}

fn fits_one(right: &Value, given: &Value) -> bool {
    let right = match right {
        Value::Array(values) => values.iter().map(plain).collect(),
        Value::String(lines) => lines.lines().map(fold).filter(|line| !line.is_empty()).collect(),
        value => vec![plain(value)],
    };
    match given {
        Value::Array(values) => {
            let given: Vec<String> = values.iter().map(plain).collect();
            given.iter().all(|value| right.contains(value)) && right.iter().all(|value| given.contains(value))
        }
        value => right.contains(&plain(value)),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => fold(text),
        // `3.0` and `3` are the same number, which a float shows the same way.
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    }
}

fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests;
