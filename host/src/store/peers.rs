//! The hosts that share a store, as each of them told of itself.

use crate::clock::Timestamp;
use crate::id::{Digest, PluginName, ProjectName};

/// What a host has loaded: a project's file, or with a plugin the component that this one runs. It can do what needs that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The project.
    pub project: ProjectName,
    /// The plugin; none for the project's file itself.
    pub plugin: Option<PluginName>,
    /// The component's version; none for a file.
    pub version: Option<String>,
    /// The digest of the component or of the file.
    pub digest: Digest,
}

/// One of the hosts that share a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// What it is called among them.
    pub name: String,
    /// Its version.
    pub version: String,
    /// When it took its place.
    pub started_at: Timestamp,
    /// When it last told that it is at work.
    pub seen_at: Timestamp,
    /// Whether that was lately enough to count on it.
    pub is_at_work: bool,
    /// What it has loaded, in the order of the projects' and plugins' names.
    pub loaded: Vec<Loaded>,
}

/// What the others make of a host that told them of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// They know it.
    Still,
    /// They had forgotten it, and know it again.
    Again,
    /// Another one took its place: it has the same name and started later. This one may write nothing any more.
    Replaced,
}
