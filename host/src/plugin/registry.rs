//! Which components and projects are in use. One pointer, swapped whole, so that whoever looks sees one complete state.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::Timestamp;
use crate::config;
use crate::event::EventKind;
use crate::id::{ComponentName, Digest, PluginName, ProjectName};
use crate::platform::Platform;
use crate::plugin::load::Component;

/// Components and projects, as they are now.
#[derive(Default)]
pub struct Catalogue {
    /// By the name that `describe` gives.
    pub components: BTreeMap<ComponentName, Arc<Component>>,
    /// By the name of their file.
    pub projects: BTreeMap<ProjectName, Arc<Project>>,
    /// What became of their files.
    pub status: Status,
}

/// What became of the files in both folders when they were last loaded, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Each component file there is, in the order of their paths.
    pub components: Vec<LoadStatus>,
    /// Each project file there is, in the order of their paths.
    pub projects: Vec<LoadStatus>,
    /// What is wrong with the folders themselves: one cannot be read, or holds too many files.
    pub folders: Vec<String>,
}

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoadStatus {
    /// The file.
    pub file: PathBuf,
    /// The component's or project's name, where it is known.
    pub name: Option<String>,
    /// The version of the component that is in use; none for a project.
    pub version: Option<String>,
    /// The digest of what is in use from this file; none while nothing is.
    pub digest: Option<Digest>,
    /// Since when that has been in use.
    pub since: Option<Timestamp>,
    /// Why the file as it is now is not what is in use, or cannot be used to the full; and since when. None when all is well.
    pub last_error: Option<(Timestamp, String)>,
    /// What does not keep it from being used, but should be looked at: a plugin that waits for its component.
    pub warnings: Vec<String>,
}

/// A project with its plugins bound to the components they run.
pub struct Project {
    /// What its file says.
    pub config: config::Project,
    /// Its plugins.
    pub plugins: Vec<Bound>,
    /// Its platform.
    pub platform: Arc<dyn Platform>,
}

/// A plugin of a project and the component it runs.
#[derive(Clone)]
pub struct Bound {
    /// What the project's file says.
    pub config: Arc<config::Plugin>,
    /// The component; none while there is none of the name. Its invocations wait until there is.
    pub component: Option<Arc<Component>>,
}

impl Project {
    /// The plugins that are to handle an event. One whose component is missing counts as wanting whatever its `on` and
    /// `from` let through; once the component is there, it decides.
    #[must_use]
    pub fn listeners(&self, kind: &EventKind, emitted_by: Option<&PluginName>) -> Vec<PluginName> {
        self.plugins
            .iter()
            .filter(|plugin| plugin.config.hears(kind, emitted_by))
            .filter(|plugin| plugin.component.as_ref().is_none_or(|component| component.handles(kind)))
            .map(|plugin| plugin.config.name.clone())
            .collect()
    }

    /// Whether a plugin's component is missing, so that its events wait.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.plugins.iter().any(|plugin| plugin.component.is_none())
    }

    /// The plugin of this name.
    #[must_use]
    pub fn plugin(&self, name: &PluginName) -> Option<&Bound> {
        self.plugins.iter().find(|plugin| plugin.config.name == *name)
    }
}

/// The pointer.
#[derive(Default)]
pub struct Registry {
    current: ArcSwap<Catalogue>,
    changes: watch::Sender<u64>,
    looked: Mutex<Option<Instant>>,
}

impl Registry {
    /// What is in use now.
    #[must_use]
    pub fn now(&self) -> arc_swap::Guard<Arc<Catalogue>> {
        self.current.load()
    }

    /// The project of this name.
    #[must_use]
    pub fn project(&self, name: &str) -> Option<Arc<Project>> {
        let name: ProjectName = name.parse().ok()?;
        self.current.load().projects.get(&name).cloned()
    }

    /// Tells of each [`Registry::swap`] from now on. Several in a row may be told as one.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// When the folders were last looked at; none before the first time.
    #[must_use]
    pub fn looked_at(&self) -> Option<Instant> {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the folders were looked at just now.
    pub fn note_look(&self) {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Puts another state in the place of the present one, for whoever looks from now on.
    pub fn swap(&self, next: Catalogue) {
        self.current.store(Arc::new(next));
        self.changes.send_modify(|count| *count += 1);
    }
}
