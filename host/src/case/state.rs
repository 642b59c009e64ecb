//! What a plugin keeps in a case or a trial, read as the store would have it read.

use std::collections::BTreeMap;

use crate::store::StateEntry;

/// What a plugin keeps, by its keys.
pub(super) type State = BTreeMap<String, String>;

pub(super) fn get(state: &State, key: &str) -> Option<StateEntry> {
    state.get_key_value(key).map(entry)
}

/// Up to `limit` entries whose keys start with `prefix`, behind the key `after`.
pub(super) fn scan(state: &State, prefix: &str, after: Option<&str>, limit: u32) -> Vec<StateEntry> {
    let wanted = |key: &str| key.starts_with(prefix) && after.is_none_or(|after| key > after);
    state.iter().filter(|(key, _)| wanted(key)).map(entry).take(limit as usize).collect()
}

/// What all keys and values take.
pub(super) fn bytes(state: &State) -> u64 {
    state.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum()
}

fn entry((key, value): (&String, &String)) -> StateEntry {
    StateEntry { key: key.clone(), value: value.clone(), version: 1 }
}
