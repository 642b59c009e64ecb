//! What was completed before anybody here could hear of it, or before a plugin was added, handled after all: a page of completed tasks at
//! a time. Whoever asks for pages says how fast; how far they came stands in the store, so that a run which was stopped goes on.
//!
//! Origin is `backfill`, and plugins that tell people something leave such events alone.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::{Origin, PlatformKind, Standing};
use crate::id::{EventId, PluginName, ProjectName};
use crate::inbox;
use crate::missed::{Candidate, Missed};
use crate::platform::{Completed, Page, PlatformError};
use crate::plugin::registry::Project;
use crate::store::{Accepted, Store, StoreError};

/// What a plugin must be granted to write into results.
const RESULTS: &str = "results";
/// Tasks in a page at most, and when nobody says how many.
pub const ROWS_MAX: usize = 100;
/// To be waited when the platform does not say how long, or the inbox is full.
const WAIT_USUAL: Duration = Duration::from_secs(5);
/// To be waited when a page of the project is being done for somebody else.
const TURN_WAIT: Duration = Duration::from_secs(1);

/// What is said about Appen, whose API lists no units.
const APPEN_POSTS: &str = "Appen was asked to post the job's test questions to the hook. It posts them at no other time; of finished rows its \
     API sends nothing again, so those that the host missed stay missed";
/// The same before it is asked.
const APPEN_WOULD_POST: &str = "Appen would be asked to post the job's test questions to the hook. It posts them at no other time; of finished \
     rows its API sends nothing again, so those that the host missed stay missed";

/// What is wanted of a page.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// Only look: nothing is recorded, not even how far one came. `progress` of the page before says where to go on.
    pub dry_run: bool,
    /// Also tasks in whose result something stands already.
    pub overwrite: bool,
    /// Have this plugin alone handle events that are known and that it never had.
    pub plugin: Option<PluginName>,
    /// Tasks in the page, 1 to 100; 100 when nothing is said.
    pub rows: Option<usize>,
    /// Begin anew, wherever a run before this one came.
    pub restart: bool,
    /// How far a dry run came.
    pub progress: Option<Progress>,
}

/// How far a backfill came, by the ids of tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The first task of all.
    pub first: u64,
    /// The last task of the last page.
    pub at: u64,
    /// The last task that was completed when it began.
    pub last: u64,
}

/// What came of a page.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Tasks in the page.
    pub found: usize,
    /// Tasks that are handled now; in a dry run, that would be.
    pub made: usize,
    /// Tasks that were handled here before.
    pub known: usize,
    /// Tasks that were left out.
    pub skipped: Vec<Skipped>,
    /// Whether there is no page behind it.
    pub done: bool,
    /// Whether this goes on where a run before had stopped.
    pub resumed: bool,
    /// How far this is; none when there was nothing.
    pub progress: Option<Progress>,
    /// Nothing was done: ask again after this many milliseconds.
    pub wait_ms: Option<u64>,
    /// Why one has to wait, or what else people should know.
    pub note: Option<String>,
}

impl Report {
    fn skip(&mut self, task: Option<String>, reason: Reason) {
        self.skipped.push(Skipped { task, reason, why: reason.why().to_owned() });
    }
}

/// A task that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The task, as far as it is known.
    pub task: Option<String>,
    /// The reason, for programs.
    pub reason: Reason,
    /// The reason, for people.
    pub why: String,
}

/// Why a task is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It was completed without a result.
    NoResult,
    /// Something stands in its result already.
    HasInfo,
    /// One plugin alone is wanted, and the event is not known.
    NotKnown,
    /// One plugin alone is wanted, and it listens to nothing that is known of the task.
    NotHeard,
    /// One plugin alone is wanted, and what is to be handled was let go.
    LetGo,
    /// The platform shows something else than a completed task of the project.
    Odd,
}

impl Reason {
    /// For people.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::NoResult => "completed without a result (its redundancy was lowered), so there is nothing to write to",
            Self::HasInfo => "something stands in its result already (`--overwrite` takes it too)",
            Self::NotKnown => "not handled here before, so there is nothing to join (run without `--plugin` first)",
            Self::NotHeard => "there is no event about it that the plugin listens to",
            Self::LetGo => "handled so long ago that its details were let go (`keep.details_days`)",
            Self::Odd => "the platform shows something odd",
        }
    }
}

/// Why a page was not done.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The project has no plugin of this name.
    #[error("{0}")]
    Plugin(String),
    /// The platform refuses.
    #[error(transparent)]
    Platform(PlatformError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Does pages, one of each project at a time.
pub struct Backfill {
    store: Arc<dyn Store>,
    missed: Missed,
    /// Projects of which a page is being done.
    busy: Mutex<BTreeSet<ProjectName>>,
}

impl Backfill {
    /// Records through `missed`, whose store is `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, missed: Missed) -> Self {
        Self { store, missed, busy: Mutex::default() }
    }

    /// Does the next page of `project`.
    ///
    /// # Errors
    ///
    /// When it will not go on by itself. What passes is a report that says how long to wait.
    pub async fn page(&self, project: &Project, wanted: &Wanted) -> Result<Report, BackfillError> {
        let Some(_turn) = Turn::of(&self.busy, &project.config.name) else {
            return Ok(wait(Some(TURN_WAIT), "somebody else does a page of this project".to_owned()));
        };
        if let Some(plugin) = &wanted.plugin {
            check_plugin(project, plugin)?;
        }
        let done = match project.config.platform.kind {
            // Of a generic sender no call is known, which it says itself.
            PlatformKind::Pybossa | PlatformKind::Generic => self.tasks(project, wanted).await,
            PlatformKind::Appen => test_questions(project, wanted.dry_run).await,
        };
        match done {
            Err(BackfillError::Platform(PlatformError::Later { after, why })) => Ok(wait(after, why)),
            Err(BackfillError::Store(error @ StoreError::Full { .. })) => Ok(wait(None, error.to_string())),
            done => done,
        }
    }

    async fn tasks(&self, project: &Project, wanted: &Wanted) -> Result<Report, BackfillError> {
        let name = &project.config.name;
        let platform_id = inbox::check_binding(self.store.as_ref(), name, project.platform.as_ref()).await?.platform_id;
        let mark = mark(wanted);
        let before = match (wanted.dry_run, wanted.restart) {
            (true, _) => wanted.progress.clone(),
            (false, true) => None,
            (false, false) => self.store.mark(name, &mark).await?.and_then(|text| serde_json::from_str(&text).ok()),
        };
        let after = before.as_ref().map(|before: &Progress| before.at.to_string());
        let page = project.platform.completed_tasks(after.as_deref(), wanted.rows.unwrap_or(ROWS_MAX)).await?;
        let progress = progress(project, before.as_ref(), &page).await?;
        let mut report = Report {
            done: page.ends,
            resumed: before.is_some(),
            found: page.completed.len() + page.odd.len(),
            progress,
            ..Report::default()
        };
        let chosen = self.choose(project, &platform_id, wanted, page, &mut report).await?;
        match &wanted.plugin {
            Some(plugin) => self.hand_to(project, plugin, chosen, wanted.dry_run, &mut report).await?,
            None if wanted.dry_run => report.made = chosen.len(),
            None => {
                let accepted = self.missed.take(project, chosen, |_| Origin::Backfill).await?;
                report.made = accepted.iter().filter(|accepted| matches!(accepted, Accepted::New(_))).count();
                report.known += accepted.len() - report.made;
            }
        }
        if wanted.dry_run {
            return Ok(report);
        }
        let text = report.progress.as_ref().filter(|_| !report.done).map(|progress| serde_json::json!(progress).to_string());
        self.store.set_mark(name, &mark, text.as_deref()).await?;
        Ok(report)
    }

    /// Lets one plugin handle what it never had of tasks that are known.
    async fn hand_to(
        &self,
        project: &Project,
        plugin: &PluginName,
        chosen: Vec<Candidate>,
        dry_run: bool,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        for Candidate { completed, known, .. } in chosen {
            let Some(root) = known else { continue };
            if self.store.event(root).await?.is_none_or(|(event, _)| event.is_bare()) {
                report.skip(Some(completed.task), Reason::LetGo);
                continue;
            }
            let events = self.missed.heard_by(project, plugin, root).await?;
            if events.is_empty() {
                report.skip(Some(completed.task), Reason::NotHeard);
                continue;
            }
            let joins = match dry_run {
                true => self.would_join(&events, plugin).await?,
                false => self.store.join(&events, plugin, Origin::Backfill).await? > 0,
            };
            report.made += usize::from(joins);
            report.known += usize::from(!joins);
        }
        Ok(())
    }

    /// Whether a plugin never had one of these events, as far as its runs tell. One that was let go cannot be handled any more.
    async fn would_join(&self, events: &[EventId], plugin: &PluginName) -> Result<bool, StoreError> {
        for event in events {
            let is_there = self.store.event(*event).await?.is_some_and(|(_, standing)| standing == Standing::Accepted);
            if is_there && !self.store.runs(*event).await?.iter().any(|(of, _)| of == plugin) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Which tasks of a page become events; the others are reported.
    async fn choose(
        &self,
        project: &Project,
        platform_id: &str,
        wanted: &Wanted,
        page: Page,
        report: &mut Report,
    ) -> Result<Vec<Candidate>, BackfillError> {
        for odd in page.odd {
            report.skipped.push(Skipped { task: odd.id, reason: Reason::Odd, why: odd.why });
        }
        let (with_result, without): (Vec<Completed>, Vec<_>) = page.completed.into_iter().partition(|completed| completed.result.is_some());
        for completed in without {
            report.skip(Some(completed.task), Reason::NoResult);
        }
        let spares_info = !wanted.overwrite && wanted.plugin.as_ref().is_none_or(|plugin| may_save_results(project, plugin));
        let mut chosen = Vec::new();
        for candidate in self.missed.look(project, platform_id, with_result).await? {
            let has_info = candidate.completed.result.as_ref().is_some_and(|result| result.info.is_some());
            match (candidate.known.is_some(), wanted.plugin.is_some()) {
                (true, false) => report.known += 1,
                (false, true) => report.skip(Some(candidate.completed.task), Reason::NotKnown),
                _ if has_info && spares_info => report.skip(Some(candidate.completed.task), Reason::HasInfo),
                _ => chosen.push(candidate),
            }
        }
        Ok(chosen)
    }
}

/// The only page of its project, until this is dropped, which also happens when whoever asked for it goes away.
struct Turn<'a> {
    busy: &'a Mutex<BTreeSet<ProjectName>>,
    project: &'a ProjectName,
}

impl<'a> Turn<'a> {
    fn of(busy: &'a Mutex<BTreeSet<ProjectName>>, project: &'a ProjectName) -> Option<Self> {
        let is_free = busy.lock().unwrap_or_else(PoisonError::into_inner).insert(project.clone());
        is_free.then(|| Self { busy, project })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(self.project);
    }
}

impl From<PlatformError> for BackfillError {
    fn from(error: PlatformError) -> Self {
        Self::Platform(error)
    }
}

/// How far a page comes. Where it begins, it is asked up to where it will go.
async fn progress(project: &Project, before: Option<&Progress>, page: &Page) -> Result<Option<Progress>, PlatformError> {
    let number = |id: &str| id.parse::<u64>().ok();
    let Some(at) = page.last.as_deref().and_then(number) else { return Ok(before.cloned()) };
    if let Some(before) = before {
        return Ok(Some(Progress { at, last: before.last.max(at), ..*before }));
    }
    let first = page.completed.first().and_then(|completed| number(&completed.task)).unwrap_or(at);
    let last = match page.ends {
        true => None,
        false => project.platform.last_completed_task().await?.as_deref().and_then(number),
    };
    Ok(Some(Progress { first, at, last: last.unwrap_or(at).max(at) }))
}

/// Runs that want different things come on separately.
fn mark(wanted: &Wanted) -> String {
    let overwrite = if wanted.overwrite { ".overwrite" } else { "" };
    let plugin = wanted.plugin.as_ref().map(|plugin| format!(".plugin.{plugin}")).unwrap_or_default();
    format!("backfill{overwrite}{plugin}")
}

fn check_plugin(project: &Project, plugin: &PluginName) -> Result<(), BackfillError> {
    let name = &project.config.name;
    if project.plugin(plugin).is_none() {
        let known: Vec<&str> = project.plugins.iter().map(|plugin| plugin.config.name.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(BackfillError::Plugin(format!("project `{name}` has no plugin `{plugin}`: its plugins are {known}")));
    }
    Ok(())
}

fn may_save_results(project: &Project, plugin: &PluginName) -> bool {
    project.plugin(plugin).is_some_and(|plugin| plugin.config.allow.iter().any(|grant| grant == RESULTS))
}

async fn test_questions(project: &Project, dry_run: bool) -> Result<Report, BackfillError> {
    let note = if dry_run { APPEN_WOULD_POST } else { APPEN_POSTS };
    if !dry_run {
        project.platform.post_test_questions().await?;
    }
    Ok(Report { done: true, note: Some(note.to_owned()), ..Report::default() })
}

fn wait(after: Option<Duration>, why: String) -> Report {
    let wait = u64::try_from(after.unwrap_or(WAIT_USUAL).as_millis()).unwrap_or(u64::MAX);
    Report { wait_ms: Some(wait.max(1)), note: Some(why), ..Report::default() }
}
