//! A shadow run: a version of a plugin, or other settings, on events that a host has stored, beside the version in use, without any effect.
//!
//! Both are run here, each on the same events in their order, and compared with each other. What the host has recorded would not do to
//! compare with: it holds no changes of state, an effect only where its once key was not spent, and what older versions and settings
//! made. So a difference is the doing of the change alone. Each of the two begins with an empty state, which then becomes its own: what a
//! difference leads to in later events is part of what the change does. Both see the task as it was, what the runs of that time read
//! besides, and a clock that stands at that time. What is not kept is asked of nobody: such an event is not comparable, and says so.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::export::{ExportError, snapshot};
use super::outcome::{self, Ending, Outcome};
use super::state::State;
use crate::config;
use crate::event::{Event, EventKind, Standing};
use crate::id::{EventId, PluginName};
use crate::plugin::call::{self, Call};
use crate::plugin::load::Component;
use crate::plugin::reads::Fixed;
use crate::store::{Run, Store, StoreError};
use world::{Recorded, Then};

mod world;

/// Events that are read from the store at a time.
const PAGE: u32 = 256;

/// A component, and the plugin of a project that runs it.
pub struct Version {
    /// The component.
    pub component: Component,
    /// The plugin: its settings, grants and limits.
    pub plugin: config::Plugin,
}

impl Version {
    fn hears(&self, event: &Event) -> bool {
        self.plugin.hears(&event.kind, event.emitted_by.as_ref()) && self.component.handles(&event.kind)
    }
}

/// What is compared with what, on which events.
pub struct Trial<'t> {
    /// The project.
    pub project: &'t config::Project,
    /// The version in use.
    pub in_use: &'t Version,
    /// The one that is tried.
    pub tried: &'t Version,
    /// The events are the newest ones that either of the two hears, at most so many.
    pub last: usize,
    /// Is told before each event how many are done, and of how many.
    pub tell: &'t (dyn Fn(usize, usize) + Send + Sync),
}

/// Why there is nothing to compare.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A snapshot cannot be read.
    #[error(transparent)]
    Snapshot(#[from] ExportError),
}

/// One event.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// Its id.
    pub event: EventId,
    /// What happened.
    pub kind: EventKind,
    /// The task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// How the plugin's last run on it ended when it happened; none where it has not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<String>,
    /// What the two came to.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What two versions come to on an event.
#[derive(Debug, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// The same.
    Same {
        /// How both end.
        outcome: Ending,
    },
    /// Something else.
    Differs {
        /// In what.
        parts: Vec<Part>,
        /// What the version in use would do.
        in_use: Box<Outcome>,
        /// What the one that is tried would do.
        tried: Box<Outcome>,
    },
    /// Nobody can say.
    NotComparable {
        /// Why.
        why: String,
    },
}

/// A part of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// How it ends, and why.
    Ending,
    /// What it asks for.
    Effects,
    /// What it tells other plugins.
    Events,
    /// What it remembers.
    State,
}

/// Runs both versions on the events, the oldest first. Nothing is written, and nobody is asked.
///
/// # Errors
///
/// [`TrialError`].
pub async fn trial(store: &dyn Store, trial: &Trial<'_>) -> Result<Vec<Compared>, TrialError> {
    let mut runners = [Runner::of(trial.in_use), Runner::of(trial.tried)];
    let mut compared = Vec::new();
    let events = events(store, trial).await?;
    let all = events.len();
    for event in events {
        (trial.tell)(compared.len(), all);
        let runs = store.runs(event.id).await?;
        let own = |run: &&(_, Run)| run.0 == trial.in_use.plugin.name && run.1.component.is_some();
        let last = runs.iter().rfind(own).map(|(_, run)| run.clone());
        let verdict = match then(store, trial, &event, &runs, last.as_ref()).await? {
            Err(why) => Verdict::NotComparable { why },
            Ok(then) => both(&mut runners, trial.project, &event, &Arc::new(then)).await,
        };
        let recorded = last.map(|run| run.outcome);
        compared.push(Compared { event: event.id, kind: event.kind, task: event.task, recorded, verdict });
    }
    Ok(compared)
}

/// The events, the oldest first.
async fn events(store: &dyn Store, trial: &Trial<'_>) -> Result<Vec<Event>, StoreError> {
    let mut wanted = Vec::new();
    let mut before = None;
    loop {
        let page = store.latest_events(&trial.project.name, before, PAGE).await?;
        let Some((oldest, _)) = page.last() else { break };
        before = Some(oldest.id);
        let is_wanted = |(event, standing): &(Event, Standing)| {
            *standing == Standing::Accepted && (trial.in_use.hears(event) || trial.tried.hears(event))
        };
        wanted.extend(page.into_iter().filter(is_wanted).map(|(event, _)| event));
        if wanted.len() >= trial.last {
            break;
        }
    }
    wanted.truncate(trial.last);
    wanted.reverse();
    Ok(wanted)
}

/// The world as it was, or what is missing of it.
async fn then(
    store: &dyn Store,
    trial: &Trial<'_>,
    event: &Event,
    runs: &[(PluginName, Run)],
    last: Option<&Run>,
) -> Result<Result<Then, String>, TrialError> {
    if event.is_bare() {
        return Ok(Err("what the sender said was let go (`[keep]`)".to_owned()));
    }
    let snapshot = snapshot(store, event, trial.project).await?;
    if snapshot.is_none() && event.task.is_some() {
        return Ok(Err("what the platform said of the task is not kept".to_owned()));
    }
    let fixed = Fixed { now: last.map_or(event.received_at, |run| run.started_at), seed: 0 };
    // The plugin's own last run has the last word.
    let recorded = Recorded::of(runs.iter().map(|(_, run)| run).chain(last));
    Ok(Ok(Then { snapshot: snapshot.map(Arc::new), recorded, fixed, missing: Mutex::default() }))
}

/// Both versions on one event.
async fn both(runners: &mut [Runner<'_>; 2], project: &config::Project, event: &Event, then: &Arc<Then>) -> Verdict {
    let [in_use, tried] = runners;
    let in_use = in_use.run(project, event, then).await;
    let tried = tried.run(project, event, then).await;
    let missing = then.missing.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(first) = missing.first() {
        return Verdict::NotComparable { why: format!("it asked for what is not recorded: {first}") };
    }
    let parts = parts(&in_use, &tried);
    if parts.is_empty() {
        return Verdict::Same { outcome: tried.outcome };
    }
    Verdict::Differs { parts, in_use: Box::new(in_use), tried: Box::new(tried) }
}

/// In what two outcomes differ.
fn parts(one: &Outcome, other: &Outcome) -> Vec<Part> {
    let differ = [
        (Part::Ending, one.outcome != other.outcome || one.reason != other.reason),
        (Part::Effects, one.effects != other.effects),
        (Part::Events, one.events != other.events),
        (Part::State, one.state != other.state),
    ];
    differ.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part).collect()
}

/// One version, with what it remembers by now.
struct Runner<'v> {
    version: &'v Version,
    plugin: Arc<config::Plugin>,
    state: Arc<Mutex<State>>,
}

impl<'v> Runner<'v> {
    fn of(version: &'v Version) -> Self {
        Self { version, plugin: Arc::new(version.plugin.clone()), state: Arc::default() }
    }

    async fn run(&mut self, project: &config::Project, event: &Event, then: &Arc<Then>) -> Outcome {
        if !self.version.hears(event) {
            return Outcome::nothing();
        }
        let connections = project.connections.clone();
        let call = Call {
            event: Arc::new(event.clone()),
            attempt: 1,
            rerun: false,
            plugin: Arc::clone(&self.plugin),
            reads: Arc::new(world::World { then: Arc::clone(then), state: Arc::clone(&self.state), connections }),
            derived: 0,
        };
        let report = Box::pin(call::handle(&self.version.component, call)).await;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = outcome::tried(&self.version.component, report, self.plugin.limits, &state).outcome;
        for (key, value) in &outcome.state {
            match value {
                Some(value) => drop(state.insert(key.clone(), value.clone())),
                None => drop(state.remove(key)),
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests;
