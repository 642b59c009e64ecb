//! One invocation: what it needs is gathered, it is run, and what became of it is recorded.

use std::sync::Arc;

use tracing::{debug, error};

use super::Dispatcher;
use super::judge::{self, Judgement};
use super::quarantine::Fault;
use super::reads::World;
use crate::clock::{self, Timestamp};
use crate::config;
use crate::effect::{Effect, OnceKey};
use crate::event::{Event, Origin, PlatformKind};
use crate::id::{Digest, EventId, Scope};
use crate::platform::PlatformError;
use crate::plugin::call::{self, Call, Ended, Report, Wanted};
use crate::plugin::guest::Derived;
use crate::plugin::load::Component;
use crate::plugin::registry::{Bound, Project};
use crate::store::{Claimed, Completion, Emitted, Finished, Outcome, Requested, Run};
use crate::telemetry::RunEnded;

/// The connection to a project's own platform.
const PLATFORM_CONNECTION: &str = "platform";
/// After so many conflicts in a row a run has the plugin's state to itself.
const CONFLICTS_TOGETHER_MAX: u32 = 3;
/// A run that has the state to itself meets no conflict; the limit is for what nobody foresaw.
const CONFLICTS_MAX: u32 = 20;

impl Dispatcher {
    /// Runs `claimed` until it is recorded: again at once when what it read has changed meanwhile.
    pub(super) async fn run(&self, claimed: Claimed) {
        let scope = Scope { project: claimed.event.project.clone(), plugin: claimed.plugin.clone() };
        for conflicts in 0..=CONFLICTS_MAX {
            let room = self.room(&scope);
            let (together, alone) = if conflicts < CONFLICTS_TOGETHER_MAX {
                (Some(room.alone.read().await), None)
            } else {
                (None, Some(room.alone.write().await))
            };
            let started_at = self.clock.now();
            let (outcome, run) = self.attempt(&claimed, &scope, started_at).await;
            let (fault, ended) = (Fault::of(&run), self.ended(&claimed, &outcome, &run));
            let finished = self.store.finish(claimed.lease, outcome, run).await;
            drop((together, alone));
            match finished {
                Ok(Finished::Recorded) => {
                    self.metrics.run_ended(&scope, &ended);
                    return self.hold_faulty(&scope, fault).await;
                }
                Ok(Finished::LeaseLost) => {
                    debug!(event.id = %claimed.event.id, project = %scope.project, plugin = %scope.plugin, "The lease was lost: someone else runs this, or it was given up");
                    return;
                }
                Ok(Finished::Conflict) => self.metrics.run_conflicted(&scope, claimed.event.id),
                Err(error) => {
                    // The lease runs out, and the invocation is run again: nothing of this run is stored, or all of it.
                    error!(
                        event.id = %claimed.event.id, project = %scope.project, plugin = %scope.plugin, %error,
                        "The run of `{scope}` on event `{}` could not be recorded: {error}", claimed.event.id
                    );
                    return;
                }
            }
        }
        let run = record(&Judgement { outcome: Outcome::Dead, word: "conflict", reason: String::new() }, self.clock.now());
        let due = clock::after(self.clock.now(), crate::backoff::Backoff::PARKED.longest);
        if let Err(error) = self.store.finish(claimed.lease, Outcome::Parked { due }, run).await {
            error!(
                event.id = %claimed.event.id, project = %scope.project, plugin = %scope.plugin, %error,
                "The run of `{scope}` on event `{}` could not be recorded: {error}", claimed.event.id
            );
        }
    }

    /// What there is to say of a run once its end is recorded.
    fn ended(&self, claimed: &Claimed, outcome: &Outcome, run: &Run) -> RunEnded {
        let is_live = claimed.event.origin == Origin::Live;
        RunEnded {
            event: claimed.event.id,
            root: claimed.event.root,
            emitted_by: claimed.event.emitted_by.clone().filter(|_| claimed.event.depth == 1),
            attempt: claimed.attempt,
            outcome: run.outcome.clone(),
            duration_ms: run.duration_ms,
            reason: first_line(&run.reason).to_owned(),
            again: match outcome {
                Outcome::Retry { due, .. } => Some(*due),
                _ => None,
            },
            is_dead: matches!(outcome, Outcome::Dead),
            is_done: matches!(outcome, Outcome::Done(_)),
            handled_after: match outcome {
                Outcome::Done(_) if is_live => Some(clock::between(claimed.event.received_at, self.clock.now())),
                _ => None,
            },
        }
    }

    /// One run, and what is to be recorded of it.
    async fn attempt(&self, claimed: &Claimed, scope: &Scope, started_at: Timestamp) -> (Outcome, Run) {
        let parked = |why: String| {
            self.waits.say(&scope.project, &why);
            let judgement = judge::parked(claimed, &self.limits, started_at, None, why);
            let run = record(&judgement, started_at);
            (judgement.outcome, run)
        };
        let Some(project) = self.registry.project(scope.project.as_str()) else {
            return parked(format!("project `{}` has no file at the moment", scope.project));
        };
        let Some(bound) = project.plugin(&scope.plugin).cloned() else {
            return parked(format!("the file of project `{}` has no plugin `{}` at the moment", scope.project, scope.plugin));
        };
        let Some(component) = bound.component.clone() else {
            return parked(format!("there is no component `{}` in the drop folder at the moment", bound.config.component));
        };
        if !component.handles(&claimed.event.kind) {
            let run = Run { component: Some(component.digest.to_string()), ..empty_run("not wanted", started_at) };
            return (Outcome::Done(Completion::default()), run);
        }
        let snapshot = match self.snapshots.of(project.platform.as_ref(), &claimed.event, claimed.generation).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                // A post that is early is nobody's trouble.
                if !matches!(error, PlatformError::Unconfirmed { .. }) {
                    self.waits.say(&scope.project, &error.to_string());
                }
                let judgement = judge::without_snapshot(claimed, &self.limits, started_at, error);
                debug!(
                    event.id = %claimed.event.id, project = %scope.project, plugin = %scope.plugin, reason = judgement.reason,
                    "No snapshot for event `{}`", claimed.event.id
                );
                let run = record(&judgement, started_at);
                return (judgement.outcome, run);
            }
        };
        let reads = Arc::new(World {
            scope: scope.clone(),
            store: Arc::clone(&self.store),
            project: Arc::clone(&project),
            services: self.services.clone(),
            snapshot,
            room: self.room(scope),
        });
        let call = Call {
            event: Arc::new(claimed.event.clone()),
            attempt: claimed.attempt,
            rerun: claimed.rerun,
            plugin: Arc::clone(&bound.config),
            reads,
            derived: claimed.derived,
        };
        let report = {
            let room = self.room(scope);
            let _further = if claimed.attempt > 1 { room.further.acquire().await.ok() } else { None };
            let _of_plugin = room.sandboxes.acquire().await;
            let _of_all = self.sandboxes.acquire().await;
            if self.faults.holds(scope) {
                // It was claimed before that.
                let judgement = judge::parked(claimed, &self.limits, started_at, None, "the plugin is held".to_owned());
                let run = record(&judgement, started_at);
                return (judgement.outcome, run);
            }
            let report = Box::pin(call::handle(&component, call)).await;
            // Before the next one of the plugin has its turn.
            self.faults.note(scope, &report.ended, self.limits.quarantine_after);
            self.metrics.plugin_ran(scope, (report.wall, report.cpu), report.memory_bytes);
            report
        };
        self.judge(claimed, &project, &bound, &component, report, started_at)
    }

    fn judge(
        &self,
        claimed: &Claimed,
        project: &Project,
        bound: &Bound,
        component: &Component,
        report: Report,
        started_at: Timestamp,
    ) -> (Outcome, Run) {
        let now = self.clock.now();
        let judgement = match report.ended {
            Ended::Ok(wanted) => {
                let completion = completion(claimed, project, bound, wanted, now);
                Judgement { outcome: Outcome::Done(completion), word: "ok", reason: String::new() }
            }
            Ended::Retry(why) => judge::retry(claimed, &self.limits, now, why),
            Ended::Rejected(why) => judge::rejected(why),
            Ended::Trapped(why) => judge::trapped(claimed, &self.limits, now, why),
            Ended::Parked { after, why } => {
                self.waits.say(&claimed.event.project, &why);
                judge::parked(claimed, &self.limits, now, after, why)
            }
        };
        let millis = |duration: std::time::Duration| u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
        let run = Run {
            component: Some(component.digest.to_string()),
            settings: Some(Digest::of(bound.config.settings.as_bytes()).short()),
            duration_ms: millis(report.wall),
            cpu_ms: millis(report.cpu),
            memory_bytes: Some(report.memory_bytes as u64),
            log: serde_json::to_string(&report.log).unwrap_or_else(|_| "[]".into()),
            read: report.read,
            ..record(&judgement, started_at)
        };
        (judgement.outcome, run)
    }
}

fn first_line(reason: &str) -> &str {
    reason.lines().next().unwrap_or_default()
}

fn empty_run(word: &str, started_at: Timestamp) -> Run {
    Run {
        component: None,
        settings: None,
        started_at,
        duration_ms: 0,
        cpu_ms: 0,
        memory_bytes: None,
        outcome: word.to_owned(),
        reason: String::new(),
        log: "[]".to_owned(),
        read: "{}".to_owned(),
    }
}

fn record(judgement: &Judgement, started_at: Timestamp) -> Run {
    Run { reason: judgement.reason.clone(), ..empty_run(judgement.word, started_at) }
}

/// The name of the line in which an effect waits to leave; none where the host's own record is all there is to it.
fn way_out(effect: &Effect, project: &config::Project) -> Option<String> {
    match effect {
        // Only PYBOSSA has a place for task results.
        Effect::SaveResult { .. } => (project.platform.kind == PlatformKind::Pybossa).then(|| PLATFORM_CONNECTION.to_owned()),
        Effect::CreateTask { project: Some(other), .. } => Some(format!("project:{other}")),
        Effect::CreateTask { project: None, .. } | Effect::RaiseRedundancy { .. } => Some(PLATFORM_CONNECTION.to_owned()),
        Effect::SendMail { .. } => Some(project.mail().map_or_else(|| "email".to_owned(), |mail| mail.name.clone())),
        Effect::SendRequest { connection, .. } => Some(connection.clone()),
        Effect::WriteFile { folder, .. } | Effect::AppendFile { folder, .. } => Some(format!("folder:{folder}")),
        Effect::AwardBadge { .. } | Effect::RevokeBadge { .. } => None,
    }
}

/// What a run that ended well wants stored: its effects with the way they leave, its events with those who are to hear them.
fn completion(claimed: &Claimed, project: &Project, bound: &Bound, wanted: Wanted, now: Timestamp) -> Completion {
    let requested = |(effect, once): (Effect, Option<OnceKey>)| Requested {
        connection: way_out(&effect, &project.config),
        task: effect.task().map(str::to_owned).or_else(|| claimed.event.task.clone()),
        effect,
        once,
    };
    let effects = wanted.asked.effects.into_iter().map(requested).collect();
    let events = wanted.asked.events.into_iter().map(|derived| emitted(claimed, project, bound, derived, now)).collect();
    Completion { reads: wanted.reads, changes: wanted.changes, effects, events }
}

fn emitted(claimed: &Claimed, project: &Project, bound: &Bound, derived: Derived, now: Timestamp) -> Emitted {
    let cause = &claimed.event;
    let sender = bound.config.name.clone();
    Emitted {
        plugins: project.listeners(&derived.kind, Some(&sender)),
        once: derived.once,
        event: Event {
            id: EventId::new(),
            project: cause.project.clone(),
            platform: cause.platform,
            kind: derived.kind,
            task: derived.task.or_else(|| cause.task.clone()),
            occurred_at: now,
            received_at: now,
            origin: cause.origin,
            emitted_by: Some(sender),
            root: cause.root,
            depth: cause.depth.saturating_add(1),
            payload: derived.payload,
        },
    }
}
