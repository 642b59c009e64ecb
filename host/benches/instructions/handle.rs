//! One invocation as `dispatch` does it: what it needs is gathered, it is run in a sandbox, and what came of it is put into the form in which
//! the store takes it.

use std::sync::Arc;

use anyhow::{Context as _, bail};

use crowdhook::event::Event;
use crowdhook::id::{EventId, Scope};
use crowdhook::plugin::call::{self, Call, Ended, Report};
use crowdhook::plugin::registry::{Bound, Project};
use crowdhook::store::{Claimed, Completion, Emitted, Requested, Run, Store};

use super::world::World;

/// Makes the snapshot of the event, and runs the plugin on it.
pub(crate) async fn run(store: &dyn Store, project: &Arc<Project>, bound: &Bound, claimed: &Claimed) -> anyhow::Result<Report> {
    let component = bound.component.clone().context("the component did not load")?;
    let scope = Scope { project: claimed.event.project.clone(), plugin: claimed.plugin.clone() };
    let snapshot = Arc::new(project.platform.snapshot(&claimed.event).await?);
    let reads = World { snapshot, state: store.get_state(&scope, "no/such/key").await?, project: Arc::clone(project) };
    let call = Call {
        event: Arc::new(claimed.event.clone()),
        attempt: claimed.attempt,
        rerun: claimed.rerun,
        plugin: Arc::clone(&bound.config),
        reads: Arc::new(reads),
        derived: claimed.derived,
    };
    Ok(call::handle(&component, call).await)
}

/// What a run of `majority-vote` wants stored, and the record of it.
pub(crate) fn asked(project: &Project, claimed: &Claimed, report: Report) -> anyhow::Result<(Completion, Run)> {
    let Ended::Ok(wanted) = report.ended else { bail!("the plugin did not end well: {:?}", report.ended) };
    let cause = &claimed.event;
    let effects =
        wanted.asked.effects.into_iter().map(|(effect, once)| Requested { connection: None, task: cause.task.clone(), effect, once });
    let events = wanted.asked.events.into_iter().map(|derived| Emitted {
        plugins: project.listeners(&derived.kind, Some(&claimed.plugin)),
        once: derived.once,
        event: Event {
            id: EventId::new(),
            kind: derived.kind,
            emitted_by: Some(claimed.plugin.clone()),
            depth: cause.depth.saturating_add(1),
            payload: derived.payload,
            ..cause.clone()
        },
    });
    let completion = Completion { effects: effects.collect(), events: events.collect(), reads: wanted.reads, changes: wanted.changes };
    if completion.effects.len() != 1 || completion.events.len() != 1 {
        bail!("the plugin asked for something else: {completion:?}");
    }
    let run = Run {
        component: Some("c0ffee".to_owned()),
        settings: Some("5e77".to_owned()),
        started_at: cause.received_at,
        duration_ms: 1,
        cpu_ms: 1,
        memory_bytes: Some(report.memory_bytes as u64),
        outcome: "ok".to_owned(),
        reason: String::new(),
        log: "[]".to_owned(),
        read: report.read,
    };
    Ok((completion, run))
}
