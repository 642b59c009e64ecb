//! The loop that looks for what a hook did not bring. PYBOSSA posts once and never again, so while the host, the network or PYBOSSA's
//! own worker was down, completed tasks went by unheard. At the start and every so often each project's results are read from
//! where they were read last, and what is not known becomes an event, the same that the hook would have made: a hook that comes
//! later brings a repeat.
//!
//! PYBOSSA has no event for a project that is completed. It is made here too: when no task is open any more.

mod rounds;
mod turns;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::clock::{self, Clock, Timestamp};
use crate::event::{Origin, PlatformKind};
use crate::id::{EventId, ProjectName};
use crate::inbox::{self, Found, Inbox};
use crate::missed::Missed;
use crate::normalise;
use crate::platform::{Completed, PlatformError};
use crate::plugin::registry::{Project, Registry};
use crate::store::{Accepted, Store, StoreError};
use crate::telemetry::Metrics;
use rounds::{Read, Rounds, came_to, settled, sure};
use turns::{COMMIT_WAIT, Due, Looked};

/// How far the results of a project were read: the id of a result row.
const READ_MARK: &str = "reconcile.read";
/// Whether the project was completed, and how often.
const ROUNDS_MARK: &str = "reconcile.rounds";
/// One look reads no more pages of a hundred; the next one goes on.
const PAGES_MAX: usize = 100;
/// What was missed for longer than this is told as old.
const LIVE_MAX: Duration = Duration::from_secs(24 * 3600);

/// Looks for what hooks did not bring.
pub struct Reconciler {
    registry: Arc<Registry>,
    store: Arc<dyn Store>,
    inbox: Inbox,
    missed: Missed,
    clock: Clock,
    every: Duration,
    metrics: Metrics,
}

/// Why a look at a project ended early.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Platform(#[from] PlatformError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Reconciler {
    /// Looks `every` so often, through the `inbox` of the store.
    #[must_use]
    pub fn new(registry: Arc<Registry>, store: Arc<dyn Store>, inbox: Inbox, (clock, every, metrics): (Clock, Duration, Metrics)) -> Self {
        let missed = Missed::new(Arc::clone(&store), inbox.clone());
        Self { registry, store, inbox, missed, clock, every, metrics }
    }

    /// Looks until `stop`. What is under way then is dropped: all of it is found again.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = self.run() => {}
            () = stop => {}
        }
    }

    async fn run(&self) {
        let calls = self.inbox.calls();
        let mut changed = self.registry.changed();
        let mut looked: HashMap<ProjectName, Looked> = HashMap::new();
        loop {
            let mut projects: Vec<Arc<Project>> = self.registry.now().projects.values().cloned().collect();
            projects.retain(|project| project.config.platform.kind == PlatformKind::Pybossa);
            looked.retain(|name, _| projects.iter().any(|project| project.config.name == *name));
            projects.sort_by_key(|project| looked.get(&project.config.name).and_then(|looked| looked.well_at));
            for project in &projects {
                self.turn(project, &mut looked).await;
            }
            let next = looked.iter().map(|(name, looked)| looked.next(calls.since(name), self.every)).min();
            let next = next.unwrap_or_else(|| Instant::now() + self.every);
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                // However often hooks are called, one round does for all.
                () = calls.something() => tokio::time::sleep(COMMIT_WAIT).await,
                _ = changed.changed() => {}
            }
        }
    }

    /// Does what is due for a project.
    async fn turn(&self, project: &Project, all: &mut HashMap<ProjectName, Looked>) {
        let name = &project.config.name;
        let (now, heard) = (Instant::now(), self.inbox.calls().since(name));
        let before = all.get(name).copied();
        let due = before.map_or(Due::Look, |looked| looked.due(now, heard, self.every));
        let mut looked = before.unwrap_or_else(|| Looked::again(None, now, heard));
        let ended = match due {
            Due::Nothing => return,
            Due::Completion => {
                looked.completion(now, heard);
                self.look_at_completion(project, None).await
            }
            Due::Look => {
                looked = Looked::again(before, now, heard);
                let ended = self.look(project, &mut looked).await;
                looked.well_at = if ended.is_ok() { Some(Instant::now()) } else { looked.well_at };
                ended
            }
        };
        all.insert(name.clone(), looked);
        if let Err(error) = ended {
            warn!(project = %name, %error, "Project `{name}` could not be looked through for what its hook did not bring; next time: {error}");
        }
    }

    /// Makes events of what was completed since the last look.
    async fn look(&self, project: &Project, looked: &mut Looked) -> Result<(), Ended> {
        let name = &project.config.name;
        let platform_id = inbox::check_binding(self.store.as_ref(), name, project.platform.as_ref()).await?.platform_id;
        let Some(mark) = self.store.mark(name, READ_MARK).await? else { return self.begin(project).await };
        let mut seen = Seen { after: mark.clone(), ..Seen::default() };
        let began = Instant::now();
        let ended = self.read(project, &platform_id, &mut seen).await;
        if seen.made > 0 {
            self.metrics.tasks_missed(name, seen.made);
        }
        let settled = settled(&seen.read, sure(looked.came_to, began));
        looked.came_to = came_to(looked.came_to, (began, Instant::now()), &seen.read);
        if let Some(read) = settled.filter(|read| read.to_string() != mark) {
            self.store.set_mark(name, READ_MARK, Some(&read.to_string())).await?;
        }
        ended?;
        self.look_at_completion(project, Some(seen.last_task)).await
    }

    /// The first look at a project: what was completed before is for `backfill`.
    async fn begin(&self, project: &Project) -> Result<(), Ended> {
        let newest = project.platform.newest_completion().await?.and_then(|completed| completed.result);
        let read = newest.map_or_else(|| "0".to_owned(), |result| result.id);
        self.store.set_mark(&project.config.name, READ_MARK, Some(&read)).await?;
        debug!(project = %project.config.name, result = read, "Results of project `{}` count from now on", project.config.name);
        self.look_at_completion(project, Some(0)).await
    }

    async fn read(&self, project: &Project, platform_id: &str, seen: &mut Seen) -> Result<(), Ended> {
        for _ in 0..PAGES_MAX {
            let page = project.platform.completions(Some(&seen.after)).await?;
            for odd in &page.odd {
                let result = odd.id.as_deref().unwrap_or("without an id");
                warn!(project = %project.config.name, result, "Left out result {result} of project `{}`: {}", project.config.name, odd.why);
            }
            let read = page.completed.iter().filter_map(Read::of);
            let odd = page.odd.iter().filter_map(|odd| Some(Read { result: odd.id.as_ref()?.parse().ok()?, at: None }));
            let read: Vec<Read> = read.chain(odd).collect();
            let tasks = page.completed.iter().filter_map(|completed| completed.task.parse().ok());
            let last_task = tasks.max().unwrap_or(0);
            let candidates = self.missed.look(project, platform_id, page.completed).await?;
            let unknown = candidates.into_iter().filter(|candidate| candidate.known.is_none()).collect();
            let now = self.clock.wall();
            let accepted = self.missed.take(project, unknown, |completed| origin(completed, now)).await?;
            seen.made += accepted.iter().filter(|accepted| matches!(accepted, Accepted::New(_))).count();
            seen.read.extend(read);
            seen.last_task = seen.last_task.max(last_task);
            match page.last {
                Some(last) if !page.ends => seen.after = last,
                _ => break,
            }
        }
        Ok(())
    }

    /// Makes an event when no task of the project is open any more. `seen` is the newest task that was seen to be completed by a look through
    /// all results; none when only the hook brought something.
    async fn look_at_completion(&self, project: &Project, seen: Option<u64>) -> Result<(), Ended> {
        let name = &project.config.name;
        let kept = self.store.mark(name, ROUNDS_MARK).await?;
        let mut rounds = kept.as_deref().and_then(|text| serde_json::from_str::<Rounds>(text).ok());
        if let Some(untold) = rounds.filter(|rounds| !rounds.told) {
            rounds = Some(self.tell(project, untold).await?);
        }
        let rounds = match (rounds, seen) {
            // Whether what the hook brought completed the project, or it was completed before, the next look through all results can tell.
            (None, None) => return Ok(()),
            (None, Some(seen)) if seen > 0 => Some(Rounds::begun_open()),
            (rounds, _) => rounds,
        };
        if rounds.is_some_and(|rounds| !rounds.may_change(seen)) {
            return Ok(());
        }
        let (open, last_task) = match how_it_stands(project).await {
            Ok(standing) => standing,
            Err(error) => {
                // What was seen now is not seen again: the next look has to ask all the same.
                if let Some(rounds) = rounds.filter(|rounds| !rounds.may_change(Some(0))) {
                    self.store.set_mark(name, ROUNDS_MARK, Some(&rounds.unasked().text())).await?;
                }
                return Err(error.into());
            }
        };
        let next = Rounds::after(rounds, open, last_task);
        if rounds != Some(next) {
            self.store.set_mark(name, ROUNDS_MARK, Some(&next.text())).await?;
        }
        if !next.told {
            self.tell(project, next).await?;
            info!(project = %name, "All tasks of project `{name}` are completed");
        }
        Ok(())
    }

    /// Makes the event of a completion that is noted, and notes that. If the host ended in between, it is made again, which is a repeat: were
    /// it noted only then, the next completion would be the repeat.
    async fn tell(&self, project: &Project, rounds: Rounds) -> Result<Rounds, Ended> {
        let name = &project.config.name;
        let platform_id = inbox::check_binding(self.store.as_ref(), name, project.platform.as_ref()).await?.platform_id;
        let normalised = normalise::completed_project(&project.config, &platform_id, rounds.completed);
        let event = Found { id: EventId::new(), normalised, origin: Origin::Live, snapshot: None };
        self.inbox.accept_found(project, vec![event]).await?;
        let told = rounds.told();
        self.store.set_mark(name, ROUNDS_MARK, Some(&told.text())).await?;
        Ok(told)
    }
}

/// Whether a project has open tasks, and which of its tasks is the newest when it has none; 0 for none.
async fn how_it_stands(project: &Project) -> Result<(bool, u64), PlatformError> {
    if project.platform.has_open_tasks().await? {
        return Ok((true, 0));
    }
    let last = project.platform.last_completed_task().await?;
    Ok((false, last.and_then(|task| task.parse().ok()).unwrap_or(0)))
}

/// What a look through the results of a project has seen.
#[derive(Default)]
struct Seen {
    after: String,
    read: Vec<Read>,
    made: usize,
    last_task: u64,
}

/// What happened within a day is told as if the hook had brought it.
fn origin(completed: &Completed, now: Timestamp) -> Origin {
    match completed.at {
        Some(at) if clock::between(at, now) > LIVE_MAX => Origin::Backfill,
        _ => Origin::Live,
    }
}
