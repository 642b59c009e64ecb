//! How loading went, as whoever loads tells it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::clock::Timestamp;

/// How loading a file of the drop folder, or a project's file, went so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadStatus {
    /// The file.
    pub file: PathBuf,
    /// The component's or the project's name; none when it was never loaded.
    pub name: Option<String>,
    /// The component's version; none for a project, or when it was never loaded.
    pub version: Option<String>,
    /// The digest of what is in use.
    pub digest: Option<String>,
    /// Since when that is in use.
    pub since: Option<Timestamp>,
    /// Why the last try failed; none when it did not. What was in use before still is.
    pub last_error: Option<LastError>,
}

/// When and why a try to load failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastError {
    /// When.
    pub at: Timestamp,
    /// Why, for people.
    pub text: String,
}

/// Whoever loads components and projects, and counts what comes in.
pub trait StatusSource: Send + Sync {
    /// How each file of the drop folder fared.
    fn components(&self) -> Vec<LoadStatus>;

    /// How each project's file fared.
    fn projects(&self) -> Vec<LoadStatus>;

    /// Counts since the start, by name: requests, refusals. Those of [`crate::telemetry`] are added to them.
    fn counters(&self) -> BTreeMap<String, u64>;
}

/// Has nothing to tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStatus;

impl StatusSource for NoStatus {
    fn components(&self) -> Vec<LoadStatus> {
        Vec::new()
    }

    fn projects(&self) -> Vec<LoadStatus> {
        Vec::new()
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}
