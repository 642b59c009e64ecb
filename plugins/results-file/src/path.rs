//! Where a file is: a path that stays below its folder, whatever the crowd answered.

use crowdhook_texts::{Context, Facts, Text};
use serde_json::{Map, Value};

/// Bytes of a path at most, as the host takes them.
pub const BYTES_MAX: usize = 200;

/// Characters of a value in a path at most.
const VALUE_CHARS_MAX: usize = 80;

/// The path for an event.
///
/// Values are made fit for one part of a path before they are filled in: they make no folders, hide no file, and leave none.
///
/// # Errors
///
/// A value is missing, or the path is none that the host takes; in words for the operator.
pub fn path(text: &Text, facts: &Facts) -> Result<String, String> {
    let path = text.render(&Context::new(&fit(facts.clone()))).map_err(|error| format!("`path`: {error}"))?;
    check(&path).map_err(|why| format!("`path` has become `{path}`, which {why}"))?;
    Ok(path)
}

/// Why nothing that is filled in could make a path of this source.
///
/// # Errors
///
/// What is wrong with the text around the places to be filled in.
pub fn check_around(source: &str) -> Result<(), String> {
    let mut around = String::new();
    let mut rest = source;
    while let Some(start) = ["{{", "{%", "{#"].iter().filter_map(|open| rest.find(open)).min() {
        let (before, place) = rest.split_at(start);
        let end = ["}}", "%}", "#}"].iter().filter_map(|close| place.find(close)).min().map_or(place.len(), |end| end + 2);
        around.push_str(before);
        // A comment or a block may leave nothing, and then what follows counts by itself; a value leaves something.
        if place.starts_with("{{") {
            around.push('x');
        }
        rest = place.get(end..).unwrap_or_default();
    }
    around.push_str(rest);
    check(&around)
}

/// Why a path is none that the host takes.
fn check(path: &str) -> Result<(), String> {
    if path.len() > BYTES_MAX {
        return Err(format!("has {} bytes, and may have {BYTES_MAX}: cut what is filled in with `| truncate(20)`", path.len()));
    }
    if path.chars().any(char::is_control) || path.contains('\\') {
        return Err("has a character that no path may have".to_owned());
    }
    match path.split('/').find(|part| part.is_empty() || part.starts_with('.')) {
        Some("") => Err("has an empty name in it".to_owned()),
        Some(part) => Err(format!("has `{part}` in it, and names may not begin with a dot")),
        None => Ok(()),
    }
}

/// The facts with all texts made fit for one part of a path.
fn fit(facts: Facts) -> Facts {
    let mut facts = facts;
    facts.event.task_id = facts.event.task_id.map(|id| fit_text(&id));
    facts.analysis = facts.analysis.map(fit_value);
    if let Some(project) = &mut facts.project {
        project.title = fit_text(&project.title);
        project.url = project.url.as_deref().map(fit_text);
    }
    if let Some(task) = &mut facts.task {
        task.info = fit_value(std::mem::take(&mut task.info));
        task.gold_answer = task.gold_answer.take().map(fit_value);
    }
    facts
}

fn fit_value(value: Value) -> Value {
    match value {
        Value::String(text) => fit_text(&text).into(),
        Value::Array(values) => values.into_iter().map(fit_value).collect(),
        Value::Object(members) => {
            let members: Map<String, Value> = members.into_iter().map(|(name, value)| (fit_text(&name), fit_value(value))).collect();
            members.into()
        }
        other => other,
    }
}

/// The text with `_` for what has a meaning in paths, here or on other systems that the folder may be kept in step with.
fn fit_text(text: &str) -> String {
    let unfit = |one: char| one.is_control() || matches!(one, '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*');
    let fit: String = text.chars().take(VALUE_CHARS_MAX).map(|one| if unfit(one) { '_' } else { one }).collect();
    match fit.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None if fit.is_empty() => "_".to_owned(),
        None => fit,
    }
}

#[cfg(test)]
mod tests;
