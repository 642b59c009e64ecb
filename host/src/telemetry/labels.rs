//! The labels of metrics. Each value is a word of ours or a name that somebody has given in a file; ids, tasks, workers and
//! addresses are none.

use std::collections::HashSet;
use std::fmt::{self, Write as _};

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

use crate::event::{EventKind, PlatformKind};
use crate::id::{PluginName, ProjectName, Scope};

/// Stands for all names beyond the limit.
const OTHER: &str = "other";

/// Kinds of event that have a label of their own: those that come from outside.
const KINDS: [&str; 4] = ["task.completed", "task.answered", "project.loaded", "project.completed"];

/// How runs end, as their records say it.
const RUN_OUTCOMES: [&str; 7] = ["ok", "retry", "rejected", "trapped", "parked", "unconfirmed", "not wanted"];

/// The names that are in use now. Series of others are no longer told.
#[derive(Debug, Default)]
pub struct Names {
    /// Projects.
    pub projects: HashSet<ProjectName>,
    /// Plugins of projects.
    pub plugins: HashSet<Scope>,
    /// Connections of projects.
    pub connections: HashSet<(ProjectName, String)>,
}

/// Labels with names that people give, so that there may be any number of them.
pub(super) trait Named: Clone + Eq + std::hash::Hash {
    /// The same, for all names beyond the limit together.
    fn others(&self) -> Self;
    /// Whether its names are in use.
    fn is_in_use(&self, names: &Names) -> bool;
}

/// Of a request to the public listener.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfRequest {
    pub(super) outcome: &'static str,
    pub(super) reason: &'static str,
}

/// Of an event that came in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfEvent {
    pub(super) project: Name<ProjectName>,
    pub(super) platform: &'static str,
    pub(super) kind: &'static str,
    pub(super) outcome: &'static str,
}

/// Of a plugin in a project.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfPlugin {
    pub(super) project: Name<ProjectName>,
    pub(super) plugin: Name<PluginName>,
}

/// Of a run, by how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfRun {
    pub(super) project: Name<ProjectName>,
    pub(super) plugin: Name<PluginName>,
    pub(super) outcome: &'static str,
}

/// Of a connection of a project.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfConnection {
    pub(super) project: Name<ProjectName>,
    pub(super) connection: Name<String>,
}

/// Of an attempt to deliver, by its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfAttempt {
    pub(super) project: Name<ProjectName>,
    pub(super) connection: Name<String>,
    pub(super) verdict: &'static str,
}

/// Of an attempt to deliver, by what was to be done and its verdict: words of ours alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfEffect {
    pub(super) effect: &'static str,
    pub(super) verdict: &'static str,
}

/// Of anything that has one word as its label.
macro_rules! one_label {
    ($(#[$doc:meta])* $name:ident, $label:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
        pub(super) struct $name {
            pub(super) $label: &'static str,
        }
    };
}

one_label! {
    /// By what became of it.
    ByOutcome, outcome
}
one_label! {
    /// By what it is about: invocations or deliveries, components or projects.
    ByWhat, what
}
one_label! {
    /// By who listens there.
    OfListener, listener
}
one_label! {
    /// By file of the store.
    ByFile, file
}

/// Hosts, by how they stand.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByState {
    pub(super) state: &'static str,
}

/// What waits, by where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfWaiting {
    pub(super) what: &'static str,
    pub(super) state: &'static str,
}

/// A name that somebody gave, or all those beyond the limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name<T> {
    One(T),
    Others,
}

impl<T: fmt::Debug + AsStr> EncodeLabelValue for Name<T> {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(match self {
            Self::One(name) => name.as_str(),
            Self::Others => OTHER,
        })
    }
}

pub(super) trait AsStr {
    fn as_str(&self) -> &str;
}

macro_rules! as_str {
    ($($name:ty),*) => {
        $(impl AsStr for $name {
            fn as_str(&self) -> &str {
                <$name>::as_str(self)
            }
        })*
    };
}

as_str!(ProjectName, PluginName, String);

impl OfEvent {
    pub(super) fn new(project: &ProjectName, platform: PlatformKind, kind: &EventKind, outcome: &'static str) -> Self {
        Self { project: Name::One(project.clone()), platform: platform.as_str(), kind: known(&KINDS, kind.as_str()), outcome }
    }
}

fn known(words: &[&'static str], wanted: &str) -> &'static str {
    words.iter().find(|word| **word == wanted).copied().unwrap_or(OTHER)
}

impl OfPlugin {
    pub(super) fn new(scope: &Scope) -> Self {
        Self { project: Name::One(scope.project.clone()), plugin: Name::One(scope.plugin.clone()) }
    }
}

impl OfRun {
    pub(super) fn new(scope: &Scope, outcome: &str) -> Self {
        let outcome = known(&RUN_OUTCOMES, outcome);
        Self { project: Name::One(scope.project.clone()), plugin: Name::One(scope.plugin.clone()), outcome }
    }
}

impl OfConnection {
    pub(super) fn new(project: &ProjectName, connection: &str) -> Self {
        Self { project: Name::One(project.clone()), connection: Name::One(connection.to_owned()) }
    }
}

impl OfAttempt {
    pub(super) fn new(project: &ProjectName, connection: &str, verdict: &'static str) -> Self {
        Self { project: Name::One(project.clone()), connection: Name::One(connection.to_owned()), verdict }
    }
}

impl Named for OfEvent {
    fn others(&self) -> Self {
        Self { project: Name::Others, ..self.clone() }
    }

    fn is_in_use(&self, names: &Names) -> bool {
        matches!(&self.project, Name::One(project) if names.projects.contains(project))
    }
}

impl Named for OfPlugin {
    fn others(&self) -> Self {
        Self { project: Name::Others, plugin: Name::Others }
    }

    fn is_in_use(&self, names: &Names) -> bool {
        is_plugin(&self.project, &self.plugin, names)
    }
}

impl Named for OfRun {
    fn others(&self) -> Self {
        Self { project: Name::Others, plugin: Name::Others, ..self.clone() }
    }

    fn is_in_use(&self, names: &Names) -> bool {
        is_plugin(&self.project, &self.plugin, names)
    }
}

impl Named for OfConnection {
    fn others(&self) -> Self {
        Self { project: Name::Others, connection: Name::Others }
    }

    fn is_in_use(&self, names: &Names) -> bool {
        is_connection(&self.project, &self.connection, names)
    }
}

impl Named for OfAttempt {
    fn others(&self) -> Self {
        Self { project: Name::Others, connection: Name::Others, ..self.clone() }
    }

    fn is_in_use(&self, names: &Names) -> bool {
        is_connection(&self.project, &self.connection, names)
    }
}

fn is_plugin(project: &Name<ProjectName>, plugin: &Name<PluginName>, names: &Names) -> bool {
    match (project, plugin) {
        (Name::One(project), Name::One(plugin)) => names.plugins.contains(&Scope { project: project.clone(), plugin: plugin.clone() }),
        _ => false,
    }
}

fn is_connection(project: &Name<ProjectName>, connection: &Name<String>, names: &Names) -> bool {
    match (project, connection) {
        (Name::One(project), Name::One(connection)) => names.connections.contains(&(project.clone(), connection.clone())),
        _ => false,
    }
}
