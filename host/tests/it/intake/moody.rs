//! A real store that can be made to refuse, fail or wait, and remembers what it was given.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use crowdhook::event::{Event, Origin, Standing};
use crowdhook::id::{BadgeId, Digest, EventId, InvocationId, PluginName, ProjectName, Scope};
use crowdhook::store::browse::Browse;
use crowdhook::store::figures::{Analysed, Sample};
use crowdhook::store::sqlite::{Options, SqliteStore};
use crowdhook::store::{
    Acceptance, Accepted, Binding, Claimed, ClaimedDelivery, Cutoff, DeadLetter, DeliveryOutcome, DeliveryRecord, Finished, ForgetStep,
    Forgotten, GivenUp, KeptBadge, KeptResult, Lease, Outcome, Quarantine, Replayed, ReplayedEvent, Run, StateEntry, Store, StoreError,
    Totals, Unfinished, Vitals, Walked, WantedBadges, WantedDead,
};
use tempfile::TempDir;
use tokio::sync::watch;

/// How the store behaves from now on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    Works,
    Full,
    Fails,
    Closed,
    /// Answers only when the mood changes.
    Waits,
}

pub struct Moody {
    store: SqliteStore,
    mood: watch::Sender<Mood>,
    kept: Mutex<Vec<Acceptance>>,
    /// Requests that are in `accept` now.
    pub inside: watch::Sender<usize>,
    pub inside_max: AtomicUsize,
    pub asked: AtomicUsize,
    _folder: TempDir,
}

impl Moody {
    pub fn new(waiting_max: usize) -> Self {
        let folder = TempDir::new().unwrap();
        Self {
            store: SqliteStore::open(folder.path(), Options { waiting_max, ..Options::default() }).unwrap(),
            mood: watch::Sender::new(Mood::Works),
            kept: Mutex::default(),
            inside: watch::Sender::new(0),
            inside_max: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            _folder: folder,
        }
    }

    pub fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// What was accepted, in order, repeats left out.
    pub fn kept(&self) -> Vec<Acceptance> {
        self.kept.lock().unwrap().clone()
    }

    async fn record(&self, batch: Vec<Acceptance>) -> Result<Vec<Accepted>, StoreError> {
        let outcome = self.store.accept(batch.clone()).await?;
        let recorded = batch.into_iter().zip(&outcome);
        let new = recorded.filter(|(_, outcome)| matches!(outcome, Accepted::New(_) | Accepted::Superseded(_)));
        self.kept.lock().unwrap().extend(new.map(|(acceptance, _)| acceptance));
        Ok(outcome)
    }
}

#[async_trait]
impl Store for Moody {
    async fn accept(&self, batch: Vec<Acceptance>) -> Result<Vec<Accepted>, StoreError> {
        self.inside.send_modify(|inside| *inside += 1);
        self.inside_max.fetch_max(*self.inside.borrow(), Ordering::SeqCst);
        let mood = *self.mood.subscribe().wait_for(|mood| *mood != Mood::Waits).await.unwrap();
        let outcome = match mood {
            Mood::Full => Err(StoreError::Full { waiting: 3, max: 3 }),
            Mood::Fails => Err(StoreError::Failed("the disk is gone".to_owned())),
            Mood::Closed => Err(StoreError::Closed),
            Mood::Works | Mood::Waits => self.record(batch).await,
        };
        self.inside.send_modify(|inside| *inside -= 1);
        outcome
    }

    async fn rebind(&self, project: &ProjectName, to: &Binding) -> Result<(), StoreError> {
        self.store.rebind(project, to).await
    }

    async fn forget_project(&self, project: &ProjectName, limit: u32) -> Result<u32, StoreError> {
        self.store.forget_project(project, limit).await
    }

    async fn count_analyses(&self, rows: (i64, i64), analyses: Vec<Analysed>) -> Result<bool, StoreError> {
        self.store.count_analyses(rows, analyses).await
    }

    async fn put_sample(&self, sample: Sample, oldest: i64) -> Result<(), StoreError> {
        self.store.put_sample(sample, oldest).await
    }

    fn browse(&self) -> &dyn Browse {
        self.store.browse()
    }

    async fn totals(&self) -> Result<Totals, StoreError> {
        self.store.totals().await
    }

    async fn vitals(&self) -> Result<Vitals, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mood = *self.mood.borrow();
        match mood {
            Mood::Fails => Err(StoreError::Failed("the disk is gone".to_owned())),
            _ => self.store.vitals().await,
        }
    }

    async fn close(&self) {
        self.store.close().await;
    }

    // What the intake never asks for.
    async fn claim(&self, _: usize, _: usize, _: Duration) -> Result<Vec<Claimed>, StoreError> {
        unreachable!()
    }
    async fn renew(&self, _: Lease<InvocationId>, _: Duration) -> bool {
        unreachable!()
    }
    async fn finish(&self, _: Lease<InvocationId>, _: Outcome, _: Run) -> Result<Finished, StoreError> {
        unreachable!()
    }
    async fn get_state(&self, _: &Scope, _: &str) -> Result<Option<StateEntry>, StoreError> {
        unreachable!()
    }
    async fn scan_state(&self, _: &Scope, _: &str, _: Option<&str>, _: u32) -> Result<Vec<StateEntry>, StoreError> {
        unreachable!()
    }
    async fn state_bytes(&self, _: &Scope) -> Result<u64, StoreError> {
        unreachable!()
    }
    async fn task_result(&self, _: &ProjectName, _: &str) -> Result<Option<KeptResult>, StoreError> {
        unreachable!()
    }
    async fn snapshot(&self, _: EventId, _: u32) -> Result<Option<String>, StoreError> {
        unreachable!()
    }
    async fn newest_snapshot(&self, _: EventId) -> Result<Option<String>, StoreError> {
        unreachable!()
    }
    async fn put_snapshot(&self, _: EventId, _: u32, _: &str) -> Result<Digest, StoreError> {
        unreachable!()
    }
    async fn claim_deliveries(&self, _: usize, _: usize, _: Duration) -> Result<Vec<ClaimedDelivery>, StoreError> {
        unreachable!()
    }
    async fn finish_delivery(&self, _: Lease<i64>, _: DeliveryOutcome) -> Result<Finished, StoreError> {
        unreachable!()
    }
    async fn deliveries(&self, _: EventId) -> Result<Vec<DeliveryRecord>, StoreError> {
        unreachable!()
    }
    async fn badges(&self, _: &ProjectName, _: WantedBadges<'_>) -> Result<Vec<KeptBadge>, StoreError> {
        unreachable!()
    }
    async fn badge(&self, _: &ProjectName, _: BadgeId) -> Result<Option<KeptBadge>, StoreError> {
        unreachable!()
    }
    async fn bind(&self, _: &ProjectName, _: &Binding) -> Result<Binding, StoreError> {
        unreachable!()
    }
    async fn event(&self, id: EventId) -> Result<Option<(Event, Standing)>, StoreError> {
        self.store.event(id).await
    }
    async fn runs(&self, _: EventId) -> Result<Vec<(PluginName, Run)>, StoreError> {
        unreachable!()
    }
    async fn give_up(&self, _: &[Unfinished]) -> Result<GivenUp, StoreError> {
        unreachable!()
    }
    async fn replay(&self, _: &WantedDead, _: u32) -> Result<Replayed, StoreError> {
        unreachable!()
    }
    async fn replay_event(&self, _: EventId, _: &[PluginName], _: bool) -> Result<ReplayedEvent, StoreError> {
        unreachable!()
    }
    async fn latest_events(&self, _: &ProjectName, _: Option<EventId>, _: u32) -> Result<Vec<(Event, Standing)>, StoreError> {
        unreachable!()
    }
    async fn derived(&self, _: EventId) -> Result<Vec<Event>, StoreError> {
        unreachable!()
    }
    async fn join(&self, _: &[EventId], _: &PluginName, _: Origin) -> Result<u32, StoreError> {
        unreachable!()
    }
    async fn quarantine(&self, _: &Quarantine) -> Result<(), StoreError> {
        unreachable!()
    }
    async fn release(&self, _: &Scope) -> Result<bool, StoreError> {
        unreachable!()
    }
    async fn quarantined(&self) -> Result<Vec<Quarantine>, StoreError> {
        unreachable!()
    }
    async fn prune(&self, _: Cutoff, _: i64, _: u32) -> Result<Walked, StoreError> {
        unreachable!()
    }
    async fn forget_worker(&self, _: &ProjectName, _: &Forgotten, _: Option<&str>, _: u32) -> Result<ForgetStep, StoreError> {
        unreachable!()
    }
    async fn seen(&self, _: &ProjectName, _: &[String]) -> Result<Vec<Option<EventId>>, StoreError> {
        unreachable!()
    }
    async fn mark(&self, _: &ProjectName, _: &str) -> Result<Option<String>, StoreError> {
        unreachable!()
    }
    async fn set_mark(&self, project: &ProjectName, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        self.store.set_mark(project, name, value).await
    }
    async fn dead_letters(&self, _: &WantedDead, _: u32) -> Result<Vec<DeadLetter>, StoreError> {
        unreachable!()
    }
}
