//! An alias in the place of a worker's id, in texts that the store keeps. Pure.

use serde_json::{Map, Value};

use crate::event::WORKER_MEMBERS;
use crate::store::Forgotten;

/// A member whose value has ids of workers for keys.
const BY_WORKER: &str = "workers";
/// The part of a once key behind which a worker's id stands.
const WORKER: &str = "worker";
/// Texts may hold JSON that holds text that holds JSON; beyond this many of them nobody looks.
const DEPTH_MAX: u32 = 4;

/// `text` with the alias in the place of the id; none when it does not hold it.
pub(super) fn in_text(text: &str, forgotten: &Forgotten) -> Option<String> {
    // Parsing all that is kept would take long; most of it does not hold these letters at all.
    if !text.contains(&forgotten.worker) {
        return None;
    }
    let mut value = serde_json::from_str(text).ok()?;
    in_value(&mut value, forgotten, DEPTH_MAX).then(|| value.to_string())
}

/// A once key with the alias in the place of the id, as in `email/7/worker/31`; none when it does not hold it.
pub(super) fn in_key(key: &str, forgotten: &Forgotten) -> Option<String> {
    let parts: Vec<&str> = key.split('/').collect();
    let names = |at: usize| at.checked_sub(1).and_then(|before| parts.get(before)) == Some(&WORKER);
    let is_worker = |(at, part): (usize, &&str)| *part == forgotten.worker && names(at);
    if !parts.iter().enumerate().any(is_worker) {
        return None;
    }
    let new = parts.iter().enumerate().map(|(at, part)| if is_worker((at, part)) { forgotten.alias.as_str() } else { part });
    Some(new.collect::<Vec<_>>().join("/"))
}

fn in_value(value: &mut Value, forgotten: &Forgotten, depth: u32) -> bool {
    match value {
        Value::Array(values) => {
            let mut changed = false;
            for value in values {
                changed |= in_value(value, forgotten, depth);
            }
            changed
        }
        Value::Object(members) => in_object(members, forgotten, depth),
        Value::String(text) if depth > 0 && text.starts_with(['{', '[']) => {
            let Ok(mut inner) = serde_json::from_str(text) else { return false };
            let changed = in_value(&mut inner, forgotten, depth - 1);
            if changed {
                *text = inner.to_string();
            }
            changed
        }
        _ => false,
    }
}

fn in_object(members: &mut Map<String, Value>, forgotten: &Forgotten, depth: u32) -> bool {
    let mut changed = false;
    for (name, value) in members {
        let is_workers = WORKER_MEMBERS.contains(&name.as_str()) || forgotten.member.as_ref() == Some(name);
        if is_workers && is(value, &forgotten.worker) {
            *value = Value::String(forgotten.alias.clone());
            changed = true;
            continue;
        }
        if let (BY_WORKER, Some(by_worker)) = (name.as_str(), value.as_object_mut())
            && let Some(of_worker) = by_worker.shift_remove(&forgotten.worker)
        {
            by_worker.insert(forgotten.alias.clone(), of_worker);
            changed = true;
        }
        changed |= in_value(value, forgotten, depth);
    }
    changed
}

/// Whether `value` is this id, written as a text or as a number.
fn is(value: &Value, id: &str) -> bool {
    match value {
        Value::String(text) => text == id,
        Value::Number(number) => number.to_string() == id,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seven() -> Forgotten {
        Forgotten { worker: "7".to_owned(), alias: "forgotten-1".to_owned(), member: Some("by".to_owned()) }
    }

    #[test]
    fn an_id_is_replaced_where_a_worker_stands_and_nowhere_else() {
        let cases = [
            (r#"{"worker":"7","task":"7"}"#, Some(r#"{"worker":"forgotten-1","task":"7"}"#)),
            (
                r#"{"answers":[{"user_id":7,"id":7},{"user_id":17}]}"#,
                Some(r#"{"answers":[{"user_id":"forgotten-1","id":7},{"user_id":17}]}"#),
            ),
            (r#"{"extra":"{\"worker_id\":\"7\"}"}"#, Some(r#"{"extra":"{\"worker_id\":\"forgotten-1\"}"}"#)),
            (r#"{"labels":[{"by":"7","id":"7"}]}"#, Some(r#"{"labels":[{"by":"forgotten-1","id":"7"}]}"#)),
            (
                r#"{"tasks":{"7":1},"workers":{"7":[2,null],"8":[1,null]}}"#,
                Some(r#"{"tasks":{"7":1},"workers":{"8":[1,null],"forgotten-1":[2,null]}}"#),
            ),
            (r#"{"task":"7"}"#, None),
            (r#"{"worker":"8","weight":7}"#, None),
            ("7 is no JSON", None),
        ];
        for (text, expected) in cases {
            assert_eq!(in_text(text, &seven()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_once_key_loses_the_worker_and_keeps_the_task() {
        assert_eq!(in_key("email/7/worker/7", &seven()).as_deref(), Some("email/7/worker/forgotten-1"));
        assert_eq!(in_key("email/7/worker/8", &seven()), None);
        assert_eq!(in_key("7", &seven()), None);
    }
}
