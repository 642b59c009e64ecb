//! Keeps what is in use in step with the folders of components and of projects. The only writer of the [`Registry`].
//!
//! Word of a change, or the periodic look, leads to a scan: what has another stamp than before is read when it holds still,
//! and made into a component or a project beside the path of events. Then everything that the files offer is judged together
//! (`plan`), and one pointer is swapped. What is refused leaves the old in use and says why.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use self::content::Parsed;
use self::in_use::InUse;
use self::kept::Kept;
use self::notices::Notices;
use self::plan::Plan;
use self::sources::{Done, Noted, Sources};
use super::engine::Engine;
use super::registry::Registry;
use crate::config::load::Context;
use crate::config::{self, Problems};
use crate::id::ProjectName;
use crate::platform::Platform;
use crate::telemetry::Metrics;

mod check;
mod content;
mod folder;
mod in_use;
mod kept;
mod notices;
mod plan;
mod sources;
mod tracked;

pub use check::check_all;

/// No more component files than this are loaded from a folder; the rest is left out, with an error.
pub const COMPONENTS_MAX: usize = 256;
/// What a plugin did not answer in time, or refused, is asked again so often: the machine may have been busy.
const RETRIES: u32 = 3;

/// How long the reloader waits for what. The defaults make a good file live within a second.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// After word of a change until the folder is looked at, counted anew with each further word. Default 50 ms.
    pub debounce: Duration,
    /// After the first word of a change, the folder is looked at in any case. Default 500 ms.
    pub debounce_max: Duration,
    /// After a file did not hold still, until it is read again. Default 50 ms.
    pub settle: Duration,
    /// From one look at the folders to the next when no word of a change comes. Default 1 s.
    pub rescan: Duration,
    /// The same, where the system cannot tell of changes. Default 300 ms.
    pub rescan_alone: Duration,
    /// A file that is gone stays in use for so long, for it may be about to come back. Default 2 s.
    pub grace: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            debounce: Duration::from_millis(50),
            debounce_max: Duration::from_millis(500),
            settle: Duration::from_millis(50),
            rescan: Duration::from_secs(1),
            rescan_alone: Duration::from_millis(300),
            grace: Duration::from_secs(2),
        }
    }
}

/// Makes the client of a project's platform. Called when a project is loaded and when its `[platform]` has changed; as long as that
/// stays the same, so does the client, with its pace and what it remembers.
pub type MakePlatform = Box<dyn Fn(&config::Project) -> Arc<dyn Platform> + Send + Sync>;

/// What a [`Reloader`] works with.
pub struct Setup {
    /// The drop folder of components.
    pub components: PathBuf,
    /// The folder of project files.
    pub projects: PathBuf,
    /// Where the last good project files are kept.
    pub kept: PathBuf,
    /// What project files are read against.
    pub context: Context,
    /// Compiles and asks.
    pub engine: Engine,
    /// What is kept in step.
    pub registry: Arc<Registry>,
    /// Makes platforms.
    pub make_platform: MakePlatform,
    /// Where loads are counted.
    pub metrics: Metrics,
    /// How long to wait for what.
    pub times: Times,
    /// Whether to ask the system to tell of changes. Without, the folders are only looked at again and again.
    pub watch: bool,
}

impl Setup {
    /// With the folders of `host`, the process's environment, and the usual times.
    #[must_use]
    pub fn of(host: &config::Host, engine: Engine, registry: Arc<Registry>, (make_platform, metrics): (MakePlatform, Metrics)) -> Self {
        Self {
            components: host.plugins.clone(),
            projects: host.projects.clone(),
            kept: host.data.join("projects"),
            context: Context::of(host),
            engine,
            registry,
            make_platform,
            metrics,
            times: Times::default(),
            watch: true,
        }
    }
}

/// Loads components and projects, and loads them again when their files change.
pub struct Reloader {
    registry: Arc<Registry>,
    make_platform: MakePlatform,
    times: Times,
    notices: Notices,
    kept: Kept,
    sources: Sources,
    in_use: InUse,
    /// What a cold start falls back on, for the projects whose files are broken.
    fallbacks: BTreeMap<ProjectName, Arc<Parsed>>,
    /// When word of changes is followed, and by when at the latest.
    due: Option<(Instant, Instant)>,
    scanned: Instant,
    /// A file did not hold still: look again soon.
    unsettled: bool,
    /// When to judge once more what was refused, and how often still.
    judge_again: Option<Instant>,
    judgements_left: u32,
}

/// Whether a path is taken for a component's file: it ends in `.wasm` and is not hidden. Editors and copying tools write under
/// other names first.
#[must_use]
pub fn is_component_file(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_some_and(|extension| extension == "wasm")
}

impl Reloader {
    /// Loads everything that lies in both folders, and returns when it is in use. A project whose file is broken runs on as it
    /// was last good, if that was kept; what cannot be loaded at all is missing, and its status says why.
    pub async fn start(setup: Setup) -> Self {
        let Setup { components, projects, kept, context, engine, registry, make_platform, metrics, times, watch } = setup;
        let mut reloader = Self {
            registry,
            make_platform,
            times,
            notices: Notices::new(watch),
            kept: Kept(kept),
            sources: Sources::new(components, projects, context, engine),
            in_use: InUse::new(metrics),
            fallbacks: BTreeMap::new(),
            due: None,
            scanned: Instant::now(),
            // What changed before the folders were watched shows in one more look.
            unsettled: true,
            judge_again: None,
            judgements_left: RETRIES,
        };
        let linked = reloader.sources.load_all(&reloader.times, &reloader.in_use).await;
        reloader.arm(&linked);
        let plan = reloader.plan().await;
        reloader.fall_back(&plan);
        reloader.judge().await;
        reloader.fallbacks.clear();
        reloader.registry.note_look();
        reloader
    }

    /// Keeps everything in step until `shutdown`.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        loop {
            let next = self.next_look();
            let changed = tokio::select! {
                () = &mut shutdown => return,
                () = self.notices.noticed() => {
                    self.put_off();
                    false
                }
                Some(done) = self.sources.reading.join_next() => self.finished(done),
                () = sleep_until(next) => {
                    let asked_again = self.judge_again.take_if(|at| *at <= Instant::now()).is_some();
                    self.scan().await || asked_again
                }
            };
            let mut changed = changed;
            while let Some(done) = self.sources.reading.try_join_next() {
                changed |= self.finished(done);
            }
            if changed {
                self.judge().await;
            }
        }
    }

    /// Word came: look when no more has come for a while.
    fn put_off(&mut self) {
        let now = Instant::now();
        let latest = self.due.map_or(now + self.times.debounce_max, |(_, latest)| latest);
        self.due = Some(((now + self.times.debounce).min(latest), latest));
    }

    fn next_look(&self) -> Instant {
        let rescan = if self.notices.can_come() { self.times.rescan } else { self.times.rescan_alone };
        let soon = self.scanned + self.times.settle;
        let deadlines = [
            self.due.map(|(at, _)| at),
            self.unsettled.then_some(soon),
            self.judge_again,
            self.sources.components.next_deadline(self.times.grace),
            self.sources.projects.next_deadline(self.times.grace),
            self.in_use.next_deadline(self.times.grace),
        ];
        // However many deadlines have passed, one look follows the other at a distance.
        deadlines.into_iter().flatten().min().map_or(self.scanned + rescan, |at| at.min(self.scanned + rescan)).max(soon)
    }

    async fn scan(&mut self) -> bool {
        self.due = None;
        self.unsettled = false;
        self.scanned = Instant::now();
        let (changed, linked) = self.sources.scan(&self.times, &self.in_use).await;
        self.registry.note_look();
        self.arm(&linked);
        changed || self.in_use.next_deadline(self.times.grace).is_some_and(|at| at <= self.scanned)
    }

    fn arm(&mut self, linked: &BTreeSet<PathBuf>) {
        self.notices.arm(&[&self.sources.components.folder, &self.sources.projects.folder], linked);
    }

    fn finished(&mut self, done: Result<Done, tokio::task::JoinError>) -> bool {
        let noted = match done {
            Ok(done) => self.sources.done(done, &self.times),
            Err(error) => {
                tracing::error!(error = %error, "A file was not read: {error}");
                Noted::Nothing
            }
        };
        self.unsettled |= noted == Noted::Unsettled;
        if noted == Noted::New {
            // Its stamp may be too coarse to show what came right after it.
            self.unsettled = true;
            self.judgements_left = RETRIES;
        }
        noted == Noted::New
    }

    async fn plan(&mut self) -> Plan {
        self.sources.plan(&self.in_use, &self.fallbacks, self.times.grace).await
    }

    /// Decides what is to be in use, and puts it in use.
    async fn judge(&mut self) {
        let plan = self.plan().await;
        self.judge_again = None;
        if !plan.refused.is_empty() && self.judgements_left > 0 {
            self.judgements_left -= 1;
            self.judge_again = Some(Instant::now() + self.times.rescan);
        }
        let to_keep = self.in_use.follow(plan, &self.sources, &self.make_platform);
        self.registry.swap(self.in_use.catalogue(&self.sources));
        let kept = self.kept.clone();
        let keeping = tokio::task::spawn_blocking(move || {
            for parsed in to_keep {
                if let Err(error) = kept.keep(&parsed.config.name, &parsed.text) {
                    tracing::warn!(project = %parsed.config.name, error = %error, "The good file of project `{}` cannot be kept", parsed.config.name);
                }
            }
        });
        if let Err(error) = keeping.await {
            tracing::error!(error = %error, "The good project files cannot be kept: {error}");
        }
    }

    /// Takes the kept files of those projects that would be missing.
    fn fall_back(&mut self, plan: &Plan) {
        for path in self.sources.projects.files.keys() {
            let Some(name) = plan::name_of(path).filter(|name| !plan.projects.contains_key(name)) else { continue };
            let Some(text) = self.kept.text(&name) else { continue };
            match content::parse(path, text, &self.sources.context) {
                Ok(parsed) => {
                    let digest = parsed.digest.short();
                    tracing::warn!(project = %name, digest, "Project `{name}` runs on as it was last good ({digest}), for its file is broken");
                    self.fallbacks.insert(name, Arc::new(parsed));
                }
                Err(problems) => log_lost(&name, &problems),
            }
        }
    }
}

fn log_lost(name: &ProjectName, problems: &Problems) {
    tracing::warn!(project = %name, error = %problems, "What was last good of project `{name}` cannot be used any more: {problems}");
}
