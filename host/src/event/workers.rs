//! Other names for workers in JSON: where their ids stand, found in one way for all who must not know them. Pure.

use serde_json::{Map, Value};

/// Members of JSON objects that hold a worker's id, in payloads, task results and whatever plugins write.
const WORKER_MEMBERS: [&str; 6] = ["worker", "worker_id", "worker-id", "user_id", "user", "recipient"];
/// A member whose value has ids of workers for keys.
const BY_WORKER: &str = "workers";
/// Texts may hold JSON that holds text that holds JSON; beyond this many of them nobody looks.
const DEPTH_MAX: u32 = 4;

/// Puts aliases in the place of workers' ids.
pub(crate) struct Renaming<'a> {
    /// The alias of an id; none for one that stays.
    pub(crate) alias: &'a mut dyn FnMut(&str) -> Option<String>,
    /// One more member that holds a worker's id.
    pub(crate) member: Option<&'a str>,
    /// Members that are left out wherever they stand.
    pub(crate) left_out: &'a [&'a str],
}

impl Renaming<'_> {
    /// JSON text with aliases; none when nothing of it changes, or when it is no JSON.
    pub(crate) fn text(&mut self, text: &str) -> Option<String> {
        self.inner(text, DEPTH_MAX)
    }

    fn inner(&mut self, text: &str, depth: u32) -> Option<String> {
        let mut value = serde_json::from_str(text).ok()?;
        self.value(&mut value, depth).then(|| value.to_string())
    }

    /// Whether anything was changed.
    fn value(&mut self, value: &mut Value, depth: u32) -> bool {
        match value {
            // Each is looked at: `any` would stop at the first.
            Value::Array(values) => values.iter_mut().fold(false, |changed, value| self.value(value, depth) | changed),
            Value::Object(members) => {
                let before = members.len();
                members.retain(|name, _| !self.left_out.contains(&name.as_str()));
                let left_out = members.len() < before;
                members.iter_mut().fold(left_out, |changed, (name, value)| self.member(name, value, depth) | changed)
            }
            Value::String(text) if depth > 0 && text.starts_with(['{', '[']) => match self.inner(text, depth - 1) {
                Some(aliased) => {
                    *text = aliased;
                    true
                }
                None => false,
            },
            _ => false,
        }
    }

    fn member(&mut self, name: &str, value: &mut Value, depth: u32) -> bool {
        let names_worker = WORKER_MEMBERS.contains(&name) || self.member == Some(name);
        if names_worker && let Some(alias) = self.alias_of(value) {
            *value = alias.into();
            return true;
        }
        let renamed = match value.as_object_mut() {
            Some(by_worker) if name == BY_WORKER => self.keys(by_worker),
            _ => false,
        };
        self.value(value, depth) | renamed
    }

    /// An id is written as a text or as a number.
    fn alias_of(&mut self, value: &Value) -> Option<String> {
        match value {
            Value::String(id) => (self.alias)(id),
            Value::Number(id) => (self.alias)(&id.to_string()),
            _ => None,
        }
    }

    /// Those with an alias stand last.
    fn keys(&mut self, by_worker: &mut Map<String, Value>) -> bool {
        let (mut kept, mut aliased) = (Map::new(), Vec::new());
        for (id, value) in std::mem::take(by_worker) {
            match (self.alias)(&id) {
                Some(alias) => aliased.push((alias, value)),
                None => {
                    kept.insert(id, value);
                }
            }
        }
        let changed = !aliased.is_empty();
        *by_worker = kept;
        by_worker.extend(aliased);
        changed
    }
}
