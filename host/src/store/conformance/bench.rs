//! What the cases have in common: a store, a clock that stands still, and short words for what is asked of both.

use std::sync::Arc;
use std::time::Duration;

use super::Open;
use crate::clock::{Clock, Timestamp, after, from_millis};
use crate::effect::Effect;
use crate::event::{Event, EventKind, Origin, PlatformKind, Standing};
use crate::id::{EventId, PluginName, ProjectName, Scope};
use crate::store::{
    Acceptance, Accepted, Again, Claimed, ClaimedDelivery, Completion, DeliveryOutcome, Emitted, Finished, Outcome, Requested, Run,
    StateChange, Store,
};

/// How long the cases lease for.
pub(in crate::store) const LEASE: Duration = Duration::from_secs(60);

/// A store that is tried.
pub(in crate::store) struct Bench {
    open: Open,
    /// None only while it is opened again.
    store: Option<Arc<dyn Store>>,
    pub(in crate::store) clock: Clock,
}

impl Bench {
    pub(in crate::store) fn new(open: Open) -> Self {
        let clock = Clock::manual(from_millis(1_700_000_000_000));
        Self { store: Some(open(&clock, 100_000)), open, clock }
    }

    pub(in crate::store) fn store(&self) -> &Arc<dyn Store> {
        self.store.as_ref().unwrap()
    }

    /// Closes the store and opens it on the same data, where `waiting_max` may wait.
    pub(in crate::store) async fn restart_with(&mut self, waiting_max: usize) {
        self.store().close().await;
        self.store = None;
        self.store = Some((self.open)(&self.clock, waiting_max));
    }

    pub(in crate::store) async fn restart(&mut self) {
        self.restart_with(100_000).await;
    }

    /// Lets go of the store without a word and opens it on the same data.
    pub(in crate::store) fn crash(&mut self) {
        self.store = None;
        self.store = Some((self.open)(&self.clock, 100_000));
    }

    pub(in crate::store) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(in crate::store) fn in_seconds(&self, seconds: u64) -> Timestamp {
        after(self.now(), Duration::from_secs(seconds))
    }

    pub(in crate::store) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(in crate::store) async fn accept(&self, acceptance: Acceptance) -> Accepted {
        self.store().accept(vec![acceptance]).await.unwrap()[0]
    }

    /// Accepts an event of project `birds` about `task` for plugin `vote`.
    pub(in crate::store) async fn accept_task(&self, task: &str) -> EventId {
        match self.accept(completed("birds", task, &["vote"])).await {
            Accepted::New(id) => id,
            other => panic!("{other:?}"),
        }
    }

    /// What is due now; nothing when a claim would wait.
    pub(in crate::store) async fn claim_up_to(&self, limit: usize, per_plugin: usize) -> Vec<Claimed> {
        self.store().claim_now(limit, per_plugin, LEASE).await.unwrap()
    }

    pub(in crate::store) async fn claim(&self) -> Vec<Claimed> {
        self.claim_up_to(1_000, 1_000).await
    }

    /// The one that is due.
    pub(in crate::store) async fn claim_one(&self) -> Claimed {
        let mut claimed = self.claim().await;
        assert_eq!(claimed.len(), 1, "one invocation is due");
        claimed.remove(0)
    }

    pub(in crate::store) async fn claim_deliveries(&self) -> Vec<ClaimedDelivery> {
        self.store().claim_deliveries_now(1_000, 1_000, LEASE).await.unwrap()
    }

    pub(in crate::store) async fn finish(&self, claimed: &Claimed, outcome: Outcome) -> Finished {
        let name = match &outcome {
            Outcome::Done(_) => "ok",
            Outcome::Retry { .. } => "retry",
            Outcome::Parked { .. } => "parked",
            Outcome::Dead => "dead",
            Outcome::Unconfirmed => "unconfirmed",
        };
        self.store().finish(claimed.lease, outcome, self.run(name)).await.unwrap()
    }

    /// Finishes well with `completion`, which must be recorded.
    pub(in crate::store) async fn complete(&self, claimed: &Claimed, completion: Completion) {
        assert_eq!(self.finish(claimed, Outcome::Done(completion)).await, Finished::Recorded);
    }

    /// Accepts an event and completes its invocation with `completion`.
    pub(in crate::store) async fn handle(&self, task: &str, completion: Completion) -> EventId {
        let id = self.accept_task(task).await;
        let claimed = self.claim_one().await;
        self.complete(&claimed, completion).await;
        id
    }

    pub(in crate::store) async fn delivered(&self, delivery: &ClaimedDelivery) -> Finished {
        let outcome = DeliveryOutcome::Delivered { receipt: "200".to_owned() };
        self.store().finish_delivery(delivery.lease, outcome).await.unwrap()
    }

    pub(in crate::store) fn run(&self, outcome: &str) -> Run {
        run_at(self.now(), outcome)
    }
}

pub(in crate::store) fn run_at(started_at: Timestamp, outcome: &str) -> Run {
    Run {
        component: Some("c0ffee".to_owned()),
        settings: Some("5e77".to_owned()),
        started_at,
        duration_ms: 3,
        cpu_ms: 2,
        memory_bytes: Some(1_500_000),
        outcome: outcome.to_owned(),
        reason: String::new(),
        log: "[]".to_owned(),
        read: "{}".to_owned(),
    }
}

pub(in crate::store) fn scope(project: &str, plugin: &str) -> Scope {
    Scope { project: project.parse().unwrap(), plugin: plugin.parse().unwrap() }
}

pub(in crate::store) fn plugins(names: &[&str]) -> Vec<PluginName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

pub(in crate::store) fn event(project: &str, task: Option<&str>) -> Event {
    let id = EventId::new();
    Event {
        id,
        project: project.parse::<ProjectName>().unwrap(),
        platform: PlatformKind::Pybossa,
        kind: EventKind::TASK_COMPLETED,
        task: task.map(str::to_owned),
        occurred_at: from_millis(1_600_000_000_123),
        received_at: from_millis(1_700_000_000_456),
        origin: Origin::Live,
        emitted_by: None,
        root: id,
        depth: 0,
        payload: r#"{"event":"task_completed"}"#.to_owned(),
    }
}

/// That `task` was completed, for the plugins of that name.
pub(in crate::store) fn completed(project: &str, task: &str, names: &[&str]) -> Acceptance {
    Acceptance {
        event: event(project, Some(task)),
        standing: Standing::Accepted,
        dedup_key: format!("task.completed/{project}/{task}/1"),
        freshness: None,
        again: Again::Never,
        plugins: plugins(names),
        snapshot: None,
    }
}

/// As [`completed`], asked for again.
pub(in crate::store) fn rerun(project: &str, task: &str, names: &[&str]) -> Acceptance {
    Acceptance { again: Again::Rerun, ..completed(project, task, names) }
}

pub(in crate::store) fn saving(task: &str, info: &str) -> Requested {
    Requested {
        effect: Effect::SaveResult { task: task.to_owned(), result: Some("7".to_owned()), info: info.to_owned() },
        connection: Some("pybossa".to_owned()),
        task: Some(task.to_owned()),
        once: None,
    }
}

pub(in crate::store) fn with_effects(effects: Vec<Requested>) -> Completion {
    Completion { effects, ..Completion::default() }
}

pub(in crate::store) fn with_changes(changes: Vec<StateChange>) -> Completion {
    Completion { changes, ..Completion::default() }
}

pub(in crate::store) fn set(key: &str, value: &str) -> StateChange {
    StateChange::Set(key.to_owned(), value.to_owned())
}

/// An event that the holder of `claimed` emits for the plugins of that name.
pub(in crate::store) fn emitting(claimed: &Claimed, names: &[&str]) -> Emitted {
    let event = Event {
        kind: "task.analysed".parse().unwrap(),
        root: claimed.event.root,
        depth: claimed.event.depth + 1,
        emitted_by: Some(claimed.plugin.clone()),
        origin: claimed.event.origin,
        payload: r#"{"answer":"heron"}"#.to_owned(),
        ..event(claimed.event.project.as_str(), claimed.event.task.as_deref())
    };
    Emitted { event, plugins: plugins(names), once: None }
}

/// What `cargo xtask soak` was told.
#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
pub(in crate::store) fn number(name: &str, usual: usize) -> usize {
    let name = format!("CROWDHOOK_SOAK_{name}");
    std::env::var(&name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("`{name}` is no number: {text}")))
}
