//! What is in use, with what has to be remembered of it: since when, from which file, and what was said about that file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use super::content::{Content, Parsed, is_same_platform};
use super::plan::{Chosen, Offered, Plan};
use super::sources::Sources;
use super::tracked::Files;
use super::{MakePlatform, is_component_file};
use crate::clock::{Clock, Timestamp};
use crate::config::{Problems, Severity};
use crate::id::{ComponentName, ProjectName};
use crate::plugin::load::Component;
use crate::plugin::registry::{Bound, Catalogue, LoadStatus, Project, Status};
use crate::telemetry::{ComponentSaid, Metrics};

/// What is in use.
#[derive(Default)]
pub(super) struct InUse {
    clock: Clock,
    components: BTreeMap<ComponentName, (Offered, Timestamp)>,
    projects: BTreeMap<ProjectName, Running>,
    /// What was last said of a file, and since when it is so.
    said: BTreeMap<PathBuf, (Timestamp, String)>,
    warned: BTreeMap<PathBuf, Vec<String>>,
    folders: Vec<String>,
    metrics: Metrics,
}

struct Running {
    parsed: Arc<Parsed>,
    project: Arc<Project>,
    since: Timestamp,
}

impl InUse {
    /// Nothing. What comes and goes is counted in `metrics`.
    pub(super) fn new(metrics: Metrics) -> Self {
        Self { metrics, ..Self::default() }
    }

    /// The component that comes from this file.
    pub(super) fn component_of(&self, path: &Path) -> Option<Arc<Component>> {
        self.components.values().find(|(offered, _)| offered.file == path).map(|(offered, _)| Arc::clone(&offered.component))
    }

    pub(super) fn offered(&self) -> BTreeMap<ComponentName, Offered> {
        self.components.iter().map(|(name, (offered, _))| (name.clone(), offered.clone())).collect()
    }

    pub(super) fn parsed(&self) -> impl Iterator<Item = (ProjectName, Arc<Parsed>)> {
        self.projects.iter().map(|(name, running)| (name.clone(), Arc::clone(&running.parsed)))
    }

    /// When the next component that no file offers is gone for good.
    pub(super) fn next_deadline(&self, grace: Duration) -> Option<Instant> {
        self.components.values().filter_map(|(offered, _)| offered.orphaned.map(|since| since + grace)).min()
    }

    /// Does what the plan says, and says what changed. Gives the project files that are new in use.
    pub(super) fn follow(&mut self, plan: Plan, sources: &Sources, make_platform: &MakePlatform) -> Vec<Arc<Parsed>> {
        let now = self.clock.now();
        self.follow_components(plan.components, now);
        let warnings = plan.projects.values().map(|chosen| (chosen.parsed.config.file.clone(), warnings_of(chosen))).collect();
        let good = self.follow_projects(plan.projects, &plan.refused, now, make_platform);
        self.say(&plan.refused, now);
        self.warn(warnings);
        let troubles = [&sources.components.trouble, &sources.projects.trouble];
        let folders: Vec<String> = troubles.into_iter().flatten().cloned().collect();
        for trouble in folders.iter().filter(|trouble| !self.folders.contains(trouble)) {
            warn!("{trouble}");
        }
        self.folders = folders;
        good
    }

    fn follow_components(&mut self, planned: BTreeMap<ComponentName, Offered>, now: Timestamp) {
        let mut before = std::mem::take(&mut self.components);
        for (name, offered) in planned {
            let compiled_in = offered.component.compiled_in;
            let since = match before.remove(&name) {
                Some((old, since)) if old.component.digest == offered.component.digest => since,
                Some((old, _)) => {
                    self.metrics.component_replaced(said(&name, &offered), said(&name, &old), compiled_in);
                    now
                }
                None => {
                    self.metrics.component_loaded(said(&name, &offered), compiled_in);
                    now
                }
            };
            self.components.insert(name, (offered, since));
        }
        for (name, (old, _)) in before {
            self.metrics.component_removed(said(&name, &old));
        }
    }

    fn follow_projects(
        &mut self,
        planned: BTreeMap<ProjectName, Chosen>,
        refused: &BTreeMap<PathBuf, Problems>,
        now: Timestamp,
        make_platform: &MakePlatform,
    ) -> Vec<Arc<Parsed>> {
        let mut before = std::mem::take(&mut self.projects);
        let mut good = Vec::new();
        for (name, chosen) in planned {
            let old = before.remove(&name);
            let is_same = old.as_ref().is_some_and(|old| old.parsed.says == chosen.parsed.says);
            if !is_same && !refused.contains_key(&chosen.parsed.config.file) {
                good.push(Arc::clone(&chosen.parsed));
            }
            if !is_same {
                self.metrics.project_loaded(&name, &chosen.parsed.digest, chosen.binding.bound.len(), old.is_some());
            }
            self.projects.insert(name, run(chosen, old, is_same, now, make_platform));
        }
        for (name, old) in before {
            self.metrics.project_removed(&name, &old.parsed.config.file);
        }
        good
    }

    /// Says what was refused, once as long as it stays the same.
    fn say(&mut self, refused: &BTreeMap<PathBuf, Problems>, now: Timestamp) {
        let mut before = std::mem::take(&mut self.said);
        for (path, problems) in refused {
            let text = problems.to_string();
            let since = match before.remove(path) {
                Some((since, said)) if said == text => since,
                _ => {
                    self.metrics.file_refused(path, is_component_file(path), &text);
                    now
                }
            };
            self.said.insert(path.clone(), (since, text));
        }
    }

    fn warn(&mut self, warnings: BTreeMap<PathBuf, Vec<String>>) {
        for (path, texts) in &warnings {
            let known = self.warned.get(path);
            for text in texts.iter().filter(|text| known.is_none_or(|known| !known.contains(text))) {
                warn!(file = %path.display(), "{text}");
            }
        }
        self.warned = warnings;
    }

    /// What whoever looks is to see.
    pub(super) fn catalogue(&self, sources: &Sources) -> Catalogue {
        let components = self.components.iter().map(|(name, (offered, _))| (name.clone(), Arc::clone(&offered.component))).collect();
        let projects = self.projects.iter().map(|(name, running)| (name.clone(), Arc::clone(&running.project))).collect();
        let status = Status {
            components: self.component_status(&sources.components),
            projects: self.project_status(&sources.projects),
            folders: self.folders.clone(),
        };
        Catalogue { components, projects, status }
    }

    fn component_status(&self, files: &Files<Content<Arc<Component>>>) -> Vec<LoadStatus> {
        let status = |path: &PathBuf, latest: Option<&Content<Arc<Component>>>| {
            let used = self.components.iter().find(|(_, (offered, _))| offered.file == *path && offered.orphaned.is_none());
            let used = used.or_else(|| self.components.iter().find(|(_, (offered, _))| offered.file == *path));
            let offered = latest.and_then(|content| content.holds.as_ref().ok()).map(|component| component.name.to_string());
            LoadStatus {
                file: path.clone(),
                name: used.map(|(name, _)| name.to_string()).or(offered),
                version: used.map(|(_, (offered, _))| offered.component.description.version.clone()),
                digest: used.map(|(_, (offered, _))| offered.component.digest),
                since: used.map(|(_, (_, since))| *since),
                last_error: self.said.get(path).cloned(),
                warnings: Vec::new(),
            }
        };
        files.files.iter().map(|(path, file)| status(path, file.latest.as_ref())).collect()
    }

    fn project_status(&self, files: &Files<Content<Arc<Parsed>>>) -> Vec<LoadStatus> {
        let status = |path: &PathBuf| {
            let name = super::plan::name_of(path);
            let running = name.as_ref().and_then(|name| self.projects.get(name));
            LoadStatus {
                file: path.clone(),
                name: name.as_ref().map(ToString::to_string),
                version: None,
                digest: running.map(|running| running.parsed.digest),
                since: running.map(|running| running.since),
                last_error: self.said.get(path).cloned(),
                warnings: self.warned.get(path).cloned().unwrap_or_default(),
            }
        };
        files.files.keys().map(status).collect()
    }
}

/// The project as it is to run: the old one where nothing of it changes, else a new one, with the old one's platform where that will do.
fn run(chosen: Chosen, old: Option<Running>, is_same: bool, now: Timestamp, make_platform: &MakePlatform) -> Running {
    let since = old.as_ref().filter(|_| is_same).map_or(now, |old| old.since);
    if let Some(old) = &old
        && is_same
        && is_same_binding(&old.project.plugins, &chosen.binding.bound)
    {
        return Running { parsed: chosen.parsed, project: Arc::clone(&old.project), since };
    }
    let config = chosen.parsed.config.clone();
    let platform = match old {
        Some(old) if is_same_platform(&old.parsed.config.platform, &config.platform) => Arc::clone(&old.project.platform),
        _ => make_platform(&config),
    };
    let project = Project { config, plugins: chosen.binding.bound, platform };
    Running { parsed: chosen.parsed, project: Arc::new(project), since }
}

fn said<'a>(name: &'a ComponentName, offered: &'a Offered) -> ComponentSaid<'a> {
    let component = &offered.component;
    ComponentSaid { name, version: &component.description.version, digest: &component.digest, file: &offered.file }
}

fn is_same_binding(one: &[Bound], other: &[Bound]) -> bool {
    let digest = |bound: &Bound| bound.component.as_ref().map(|component| component.digest);
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| one.config.name == other.config.name && digest(one) == digest(other))
}

fn warnings_of(chosen: &Chosen) -> Vec<String> {
    let all = chosen.parsed.warnings.iter().chain(chosen.binding.problems.iter());
    all.filter(|problem| problem.severity == Severity::Warning).map(ToString::to_string).collect()
}
