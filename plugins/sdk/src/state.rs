//! What a plugin remembers from event to event: text under keys, private to this plugin in this project.
//!
//! Reads see what this call has written before, and otherwise what is stored. Writes are stored when `handle` returns `Ok`, all of them or
//! none. If meanwhile another call has changed anything that this one read, the host runs this call again from the start: read-then-write is safe.
//!
//! A key is 1 to 200 bytes; put the larger part first, as in `votes/<task id>`. A value is at most 64 KiB.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Json, OrReject, Result, host};

/// A key and its value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The key, whole, with its prefix.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// The text under a key; none when there is none.
///
/// # Errors
///
/// What the host answers: a key that is none, say.
pub fn get(key: &str) -> Result<Option<String>> {
    host::state_get(key)
}

/// Sets a text, in the place of any other.
///
/// # Errors
///
/// [`Failure::OverLimit`](crate::Failure::OverLimit) for too long a key or value, or more than 256 MiB in all.
pub fn set(key: &str, value: &str) -> Result<()> {
    host::state_set(key, value)
}

/// What [`write()`] left under a key; none when there is none.
///
/// # Errors
///
/// As [`get`], and [`Failure::Reject`](crate::Failure::Reject) for what is of another shape: an earlier version of the plugin wrote something else, say.
pub fn read<T: DeserializeOwned>(key: &str) -> Result<Option<T>> {
    let text = get(key)?;
    text.map(|text| serde_json::from_str(&text)).transpose().or_reject(format_args!("what is remembered under `{key}` cannot be read"))
}

/// Sets a value of any type, as JSON.
///
/// # Errors
///
/// As [`set`], and as [`Json::of`].
pub fn write(key: &str, value: &(impl Serialize + ?Sized)) -> Result<()> {
    set(key, Json::of(value)?.as_str())
}

/// Removes a key. Nothing happens when there is none.
///
/// # Errors
///
/// What the host answers.
pub fn remove(key: &str) -> Result<()> {
    host::state_remove(key)
}

/// Adds to a counter, which starts at 0. A count that is added to and not read never conflicts with other calls; [`get`] reads it, as decimal text.
///
/// # Errors
///
/// [`Failure::Invalid`](crate::Failure::Invalid) when the value is no whole number.
pub fn increment(key: &str, by: i32) -> Result<()> {
    host::state_increment(key, by)
}

/// Entries whose key starts with `prefix`, in the order of the keys' bytes: up to `limit` (at most 100) after the key `after`, or from the
/// first one. An empty list is the end.
///
/// # Errors
///
/// What the host answers.
pub fn scan(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Entry>> {
    host::state_scan(prefix, after, limit)
}
