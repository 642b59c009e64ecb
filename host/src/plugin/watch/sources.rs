//! The files of both folders: looks at them, reads what is new beside the path of events, and takes note of what it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::content::{self, Content, Known, Outcome, Parsed};
use super::folder::{self, Listing};
use super::in_use::InUse;
use super::plan::{self, Plan, View};
use super::tracked::Files;
use super::{COMPONENTS_MAX, RETRIES, Times, is_component_file};
use crate::config::load::{Context, PROJECTS_MAX, is_project_file};
use crate::id::ProjectName;
use crate::plugin::bind::Checks;
use crate::plugin::engine::Engine;
use crate::plugin::load::Component;

/// So many components are compiled and asked at a time. Each asks in a sandbox beyond those of events, of which the engine has two.
const LOADS_AT_ONCE: usize = 2;
/// So many project files are read at a time.
const READS_AT_ONCE: usize = 8;
/// So often both folders are looked at to load everything, before what does not hold still is left to later.
const LOOKS_MAX: u32 = 20;

/// The files of both folders and what they hold.
pub(super) struct Sources {
    pub(super) engine: Engine,
    pub(super) context: Context,
    pub(super) components: Files<Content<Arc<Component>>>,
    pub(super) projects: Files<Content<Arc<Parsed>>>,
    pub(super) checks: Checks,
    pub(super) loads: Arc<Semaphore>,
    pub(super) reads: Arc<Semaphore>,
    pub(super) reading: JoinSet<Done>,
}

/// What came of reading a file of either folder.
pub(super) enum Done {
    Component(PathBuf, Outcome<Arc<Component>>),
    Project(PathBuf, Outcome<Arc<Parsed>>),
}

impl Sources {
    pub(super) fn new(components: PathBuf, projects: PathBuf, context: Context, engine: Engine) -> Self {
        Self {
            engine,
            context,
            components: Files::new(components, COMPONENTS_MAX),
            projects: Files::new(projects, PROJECTS_MAX),
            checks: Checks::default(),
            loads: Arc::new(Semaphore::new(LOADS_AT_ONCE)),
            reads: Arc::new(Semaphore::new(READS_AT_ONCE)),
            reading: JoinSet::new(),
        }
    }

    /// Looks at both folders and begins to read what is new. Gives whether something came or went, and the linked folders.
    pub(super) async fn scan(&mut self, times: &Times, in_use: &InUse) -> (bool, BTreeSet<PathBuf>) {
        let now = Instant::now();
        let components = list(&self.components.folder, is_component_file).await;
        let projects = list(&self.projects.folder, is_project_file).await;
        let compared = self.components.compare(&components, now, times.grace);
        let mut changed = compared.changed;
        for path in compared.to_read {
            let known = Known {
                digest: self
                    .components
                    .files
                    .get(&path)
                    .and_then(|file| file.latest.as_ref())
                    .filter(|content| !content.may_pass)
                    .map(|content| content.digest),
                in_use: in_use.component_of(&path),
            };
            let (engine, loads) = (self.engine.clone(), Arc::clone(&self.loads));
            self.reading.spawn(async move {
                let _permit = loads.acquire_owned().await;
                let outcome = content::component(&engine, &path, known).await;
                Done::Component(path, outcome)
            });
        }
        let compared = self.projects.compare(&projects, now, times.grace);
        changed |= compared.changed;
        for path in compared.to_read {
            let (context, reads) = (self.context.clone(), Arc::clone(&self.reads));
            self.reading.spawn(async move {
                let _permit = reads.acquire_owned().await;
                let outcome = content::project(&path, context).await;
                Done::Project(path, outcome)
            });
        }
        let linked = components.into_iter().chain(projects).flat_map(|listing| listing.linked_folders).collect();
        (changed, linked)
    }

    /// Reads everything, and looks again while a file does not hold still. Gives the linked folders.
    pub(super) async fn load_all(&mut self, times: &Times, in_use: &InUse) -> BTreeSet<PathBuf> {
        let mut looks = 0;
        loop {
            let (_, linked) = self.scan(times, in_use).await;
            let mut settled = true;
            while let Some(done) = self.reading.join_next().await {
                settled &= done.map_or(Noted::Nothing, |done| self.done(done, times)) != Noted::Unsettled;
            }
            looks += 1;
            if settled || looks >= LOOKS_MAX {
                return linked;
            }
            sleep(times.settle).await;
        }
    }

    /// Takes note of what was read. Gives whether that is something new, and whether the file held still.
    pub(super) fn done(&mut self, done: Done, times: &Times) -> Noted {
        match done {
            Done::Component(path, outcome) => note(&mut self.components, &path, outcome, times, |_, _| true),
            Done::Project(path, outcome) => note(&mut self.projects, &path, outcome, times, |old, new| match (&old.holds, &new.holds) {
                (Ok(old), Ok(new)) => old.says != new.says,
                (Err(old), Err(new)) => old != new,
                _ => true,
            }),
        }
    }

    pub(super) async fn plan(&mut self, in_use: &InUse, fallbacks: &BTreeMap<ProjectName, Arc<Parsed>>, grace: Duration) -> Plan {
        let mut projects_in_use = fallbacks.clone();
        projects_in_use.extend(in_use.parsed());
        let view = View {
            components: &self.components,
            projects: &self.projects,
            components_in_use: in_use.offered(),
            projects_in_use,
            guest: self.context.guest,
            now: Instant::now(),
            grace,
        };
        // Plugins are asked in one of the sandboxes that loading has.
        let _permit = self.loads.acquire().await;
        let plan = plan::plan(&view, &mut self.checks).await;
        self.checks.forget_unused();
        plan
    }
}

/// What taking note of a file came to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Noted {
    New,
    Nothing,
    Unsettled,
}

fn note<T>(
    files: &mut Files<Content<T>>,
    path: &Path,
    outcome: Outcome<T>,
    times: &Times,
    differs: fn(&Content<T>, &Content<T>) -> bool,
) -> Noted {
    let Some(file) = files.files.get_mut(path) else { return Noted::Nothing };
    let (stamp, sure, content) = match outcome {
        Outcome::Unsettled => {
            file.was_not_read();
            return Noted::Unsettled;
        }
        Outcome::Same(stamp, sure) => {
            file.was_read(stamp, sure);
            return if sure { Noted::Nothing } else { Noted::Unsettled };
        }
        Outcome::New(stamp, sure, content) => (stamp, sure, content),
    };
    file.was_read(stamp, sure);
    if file.latest.as_ref().is_none_or(|old| old.digest != content.digest) {
        file.is_new();
    }
    if content.may_pass {
        file.retry(Instant::now() + times.rescan, RETRIES);
    }
    let is_new = file.latest.as_ref().is_none_or(|old| differs(old, &content));
    if is_new {
        file.latest = Some(content);
    }
    match (is_new, sure) {
        (true, _) => Noted::New,
        (false, true) => Noted::Nothing,
        (false, false) => Noted::Unsettled,
    }
}

async fn list(folder: &Path, takes: fn(&Path) -> bool) -> io::Result<Listing> {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || folder::list(&folder, takes)).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
