//! Which components and projects are in use. One pointer, swapped whole, so that whoever looks sees one complete state.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::config;
use crate::event::EventKind;
use crate::id::{ComponentName, PluginName, ProjectName};
use crate::platform::Platform;
use crate::plugin::load::Component;

/// Components and projects, as they are now.
#[derive(Default)]
pub struct Catalogue {
    /// By the name that `describe` gives.
    pub components: BTreeMap<ComponentName, Arc<Component>>,
    /// By the name of their file.
    pub projects: BTreeMap<ProjectName, Arc<Project>>,
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

    /// Puts another state in the place of the present one, for whoever looks from now on.
    pub fn swap(&self, next: Catalogue) {
        self.current.store(Arc::new(next));
    }
}
