//! Components and project files, as they come and go.

use std::path::Path;
use std::time::Duration;

use tracing::{error, info};

use super::observe;
use crate::id::{ComponentName, Digest, ProjectName};
use crate::telemetry::metrics::Metrics;

/// What there is to say of a component.
#[derive(Clone, Copy, Debug)]
pub struct ComponentSaid<'a> {
    /// Its name.
    pub name: &'a ComponentName,
    /// Its own version.
    pub version: &'a str,
    /// Its file's digest.
    pub digest: &'a Digest,
    /// Its file.
    pub file: &'a Path,
}

impl Metrics {
    /// A component that was not there is in use from now on.
    pub fn component_loaded(&self, said: ComponentSaid<'_>, compiled_in: Duration) {
        let loads = &self.all().loads;
        loads.components.loaded.inc();
        observe(&loads.compile_duration, compiled_in);
        let ComponentSaid { name, version, digest, file } = said;
        info!(
            target: "crowdhook::plugin", component = %name, version, digest = %digest, file = %file.display(),
            "Loaded component `{name}` {version} ({}) from `{}`", digest.short(), file.display()
        );
    }

    /// A component is in use in the place of `old`.
    pub fn component_replaced(&self, said: ComponentSaid<'_>, old: ComponentSaid<'_>, compiled_in: Duration) {
        let loads = &self.all().loads;
        loads.components.replaced.inc();
        observe(&loads.compile_duration, compiled_in);
        let ComponentSaid { name, version, digest, file } = said;
        info!(
            target: "crowdhook::plugin", component = %name, version, digest = %digest, file = %file.display(),
            "Replaced component `{name}` {} ({}) by {version} ({}) from `{}`",
            old.version, old.digest.short(), digest.short(), file.display()
        );
    }

    /// A component is in use no longer.
    pub fn component_removed(&self, said: ComponentSaid<'_>) {
        self.all().loads.components.removed.inc();
        let ComponentSaid { name, version, digest, file } = said;
        info!(
            target: "crowdhook::plugin", component = %name, version, digest = %digest, file = %file.display(),
            "Removed component `{name}` {version} ({}): `{}` is gone", digest.short(), file.display()
        );
    }

    /// A project's file is in use from now on, in the place of another one or not.
    pub fn project_loaded(&self, name: &ProjectName, digest: &Digest, plugins: usize, replaces: bool) {
        let (projects, what) = (&self.all().loads.projects, if replaces { "Replaced" } else { "Loaded" });
        if replaces {
            projects.replaced.inc()
        } else {
            projects.loaded.inc()
        };
        info!(
            target: "crowdhook::plugin", project = %name, digest = %digest, plugins,
            "{what} project `{name}` ({}) with {plugins} plugins", digest.short()
        );
    }

    /// A project is in use no longer.
    pub fn project_removed(&self, name: &ProjectName, file: &Path) {
        self.all().loads.projects.removed.inc();
        info!(
            target: "crowdhook::plugin", project = %name, file = %file.display(),
            "Removed project `{name}`: `{}` is gone; its rows wait", file.display()
        );
    }

    /// A file is refused as it is now; what was in use of it still is. `problems` begin with its name.
    pub fn file_refused(&self, file: &Path, is_component: bool, problems: &str) {
        let loads = &self.all().loads;
        if is_component { &loads.components } else { &loads.projects }.refused.inc();
        error!(target: "crowdhook::plugin", file = %file.display(), "Refused {problems}");
    }
}
