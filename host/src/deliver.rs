//! The loop between outbox and the outside: one attempt, one verdict, recorded. Knows nothing of plugins and the inbox.

mod email;
mod files;
mod http;
mod tasks;
mod unsent;
mod verdict;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tracing::{error, info, warn};

use crate::clock::{self, Clock, Timestamp};
use crate::config::{self, Limits};
use crate::connection::mail::MailServers;
use crate::connection::services::Services;
use crate::effect::Effect;
use crate::id::EventId;
use crate::plugin::registry::{Project, Registry};
use crate::telemetry::{DeliveryAttempted, Metrics, Verdict};
use unsent::{Unsent, is_unsent};
use verdict::{Attempt, Trouble};

use crate::store::browse::{DeliveryState, Place, WantedDeliveries};
use crate::store::{ClaimedDelivery, DeliveryOutcome, Finished, Store, StoreError};

/// Deliveries under way at a time.
const UNDER_WAY_MAX: usize = 32;
/// Deliveries under way at a time through one connection of a project: one that hangs leaves room for the others.
const PER_CONNECTION_MAX: usize = 16;
/// A claim on a delivery runs out after this; longer than any attempt may take.
const LEASE: Duration = Duration::from_secs(120);
/// What became of an attempt is not given up for so long when the store fails: else it is attempted again, which the other side may see twice.
const RECORD_MAX: Duration = Duration::from_secs(50);
/// From one try to record it to the next.
const RECORD_PAUSE: Duration = Duration::from_millis(500);
/// After the store failed to give any, the next look is this much later.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// At the start so many deliveries that wait are looked at for those that have failed before.
const RECALLED_MAX: u32 = 200;

/// Carries out effects.
pub struct Deliverer {
    registry: Arc<Registry>,
    services: Services,
    store: Arc<dyn Store>,
    clock: Clock,
    limits: Limits,
    under_way: Arc<Semaphore>,
    folders: files::Folders,
    unsent: Unsent,
    metrics: Metrics,
}

/// What one attempt works with.
struct Underway<'a> {
    registry: &'a Registry,
    project: &'a Project,
    delivery: &'a ClaimedDelivery,
    folders: &'a files::Folders,
    mail_servers: &'a MailServers,
    /// Whether an attempt before this one may have had its effect.
    may_have_happened: bool,
    now: Timestamp,
}

impl Underway<'_> {
    /// The connection of this name, if the project's file has it now.
    fn connection(&self, name: &str) -> Result<&config::Connection, Trouble> {
        let project = &self.project.config.name;
        let missing = || Trouble::Unmended { why: format!("the file of project `{project}` has no `[connections.{name}]` at the moment") };
        self.project.config.connection(name).ok_or_else(missing)
    }

    /// Refuses what has waited longer than the connection's `max_age_h`.
    fn check_age(&self, connection: &config::Connection) -> Result<(), Trouble> {
        if clock::between(self.delivery.requested_at, self.now) <= connection.max_age {
            return Ok(());
        }
        let hours = connection.max_age.as_secs() / 3600;
        Err(Trouble::Refused {
            why: format!("it has waited longer than the {hours} hours of `max_age_h` of connection `{}`", connection.name),
        })
    }
}

impl Deliverer {
    /// A deliverer for what waits in `store`.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        services: Services,
        store: Arc<dyn Store>,
        (clock, limits, metrics): (Clock, Limits, Metrics),
    ) -> Arc<Self> {
        let under_way = Arc::new(Semaphore::new(UNDER_WAY_MAX));
        let (folders, unsent) = (files::Folders::default(), Unsent::default());
        Arc::new(Self { registry, services, store, clock, limits, under_way, folders, unsent, metrics })
    }

    /// Claims and delivers until `stop`, or until the store is closed.
    pub async fn serve(self: Arc<Self>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        self.recall().await;
        loop {
            let Ok(permit) = Arc::clone(&self.under_way).acquire_owned().await else { return };
            let mut permit = Some(permit);
            let claimed = tokio::select! {
                claimed = self.store.claim_deliveries(1, PER_CONNECTION_MAX, LEASE) => claimed,
                () = &mut stop => return,
            };
            let claimed = match claimed {
                Ok(claimed) => claimed,
                Err(StoreError::Closed) => return,
                Err(error) => {
                    error!(%error, "The store gives no deliveries, will ask again");
                    tokio::time::sleep(STORE_PAUSE).await;
                    continue;
                }
            };
            for delivery in claimed {
                let deliverer = Arc::clone(&self);
                // One permit, one delivery: `claim_deliveries` was asked for one.
                let permit = permit.take();
                tokio::spawn(async move {
                    deliverer.attempt(delivery).await;
                    drop(permit);
                });
            }
        }
    }

    /// Tells of connections through which something waits that has failed before: it may be hours until its next attempt.
    async fn recall(&self) {
        let wanted = WantedDeliveries { state: Some(DeliveryState::Waiting), ..WantedDeliveries::default() };
        // An error is met again at the first claim, and told there.
        let Ok(page) = self.store.browse().deliveries(&wanted, Place { before: None, limit: RECALLED_MAX }).await else { return };
        for delivery in page.rows.iter().filter(|delivery| !delivery.note.is_empty()) {
            self.metrics.delivery_waits(&delivery.project, &delivery.connection, &delivery.note);
        }
    }

    /// Waits until no delivery is under way any more, for at most `wait`, once [`Deliverer::serve`] has
    /// stopped.
    pub async fn drain(&self, wait: Duration) {
        let all = u32::try_from(UNDER_WAY_MAX).unwrap_or(u32::MAX);
        if tokio::time::timeout(wait, self.under_way.acquire_many(all)).await.is_err() {
            info!("Deliveries were still under way after {} ms; they will be attempted again", wait.as_millis());
        }
    }

    async fn attempt(&self, delivery: ClaimedDelivery) {
        let began = Instant::now();
        let may_have_happened = self.may_have_happened(&delivery);
        let (outcome, is_unsent) = match self.carry_out(&delivery, may_have_happened).await {
            Ok(receipt) => (DeliveryOutcome::Delivered { receipt }, false),
            Err(trouble) => {
                let is_unsent = !may_have_happened && is_unsent(&delivery.effect, &trouble);
                let attempt = Attempt { number: delivery.attempt, may_have_happened };
                (verdict::of(trouble, attempt, &self.limits, self.clock.now()), is_unsent)
            }
        };
        let took = began.elapsed();
        self.metrics.delivery_attempted(DeliveryAttempted {
            id: delivery.id,
            scope: &delivery.scope,
            because_of: self.because_of(&delivery).await,
            connection: &delivery.connection,
            effect: delivery.effect.kind(),
            attempt: delivery.attempt,
            took,
            verdict: self.verdict(&delivery, &outcome),
        });
        match self.record(&delivery, outcome).await {
            Ok(Finished::Recorded) if is_unsent => self.unsent.note(delivery.lease),
            Ok(Finished::Recorded | Finished::Conflict) => {}
            Ok(Finished::LeaseLost) => warn!(delivery.id = %delivery.id, "The lease of delivery `{}` was lost", delivery.id),
            // The lease runs out and it is attempted again: at least once is what is promised.
            Err(error) => error!(
                delivery.id = %delivery.id, project = %delivery.scope.project, plugin = %delivery.scope.plugin, %error,
                "The attempt of delivery `{}` could not be recorded: {error}", delivery.id
            ),
        }
    }

    async fn record(&self, delivery: &ClaimedDelivery, outcome: DeliveryOutcome) -> Result<Finished, StoreError> {
        let began = Instant::now();
        loop {
            match self.store.finish_delivery(delivery.lease, outcome.clone()).await {
                Err(StoreError::Failed(_)) if began.elapsed() < RECORD_MAX => tokio::time::sleep(RECORD_PAUSE).await,
                recorded => return recorded,
            }
        }
    }

    /// The event that led to a delivery, and the one from outside behind that: for who wants spans alone.
    async fn because_of(&self, delivery: &ClaimedDelivery) -> Option<(EventId, EventId)> {
        if !self.metrics.tells_spans() {
            return None;
        }
        let (event, _) = self.store.event(delivery.event).await.ok()??;
        Some((event.id, event.root))
    }

    fn verdict<'a>(&self, delivery: &ClaimedDelivery, outcome: &'a DeliveryOutcome) -> Verdict<'a> {
        match outcome {
            DeliveryOutcome::Delivered { .. } => Verdict::Delivered { after: clock::between(delivery.requested_at, self.clock.now()) },
            DeliveryOutcome::Later { due, counts: true, reason } => Verdict::Later { due: *due, reason },
            DeliveryOutcome::Later { due, counts: false, reason } => Verdict::Parked { due: *due, reason },
            DeliveryOutcome::Dead { reason, .. } => Verdict::Dead { reason },
        }
    }

    /// Whether an attempt before this one may have had its effect: one whose word was lost with its process, its lease, or on the way.
    fn may_have_happened(&self, delivery: &ClaimedDelivery) -> bool {
        let was_claimed = delivery.lease.generation > 1 && !self.unsent.take(delivery.lease);
        delivery.in_doubt || delivery.attempt > 1 || was_claimed
    }

    async fn carry_out(&self, delivery: &ClaimedDelivery, may_have_happened: bool) -> Result<String, Trouble> {
        let Some(project) = self.registry.project(delivery.scope.project.as_str()) else {
            return Err(Trouble::Unmended { why: format!("project `{}` has no file at the moment", delivery.scope.project) });
        };
        let way = Underway {
            registry: &self.registry,
            project: &project,
            delivery,
            folders: &self.folders,
            mail_servers: self.services.mail(),
            now: self.clock.now(),
            may_have_happened,
        };
        match &delivery.effect {
            Effect::SaveResult { task, result, info } => Ok(project.platform.save_result(task, result.as_deref(), info).await?),
            Effect::CreateTask { project, task } => tasks::create(&way, project.as_ref(), task).await,
            Effect::RaiseRedundancy { task, redundancy } => Ok(project.platform.raise_redundancy(task, *redundancy).await?),
            Effect::SendMail { mail } => email::send(&way, mail).await,
            Effect::SendRequest { connection, request } => http::send(&way, &self.services, connection, request).await,
            Effect::WriteFile { folder, path, content } => files::write(&way, folder, path, content).await,
            Effect::AppendFile { folder, path, text, header } => files::append(&way, folder, path, text, header.as_deref()).await,
            Effect::AwardBadge { .. } | Effect::RevokeBadge { .. } => {
                Err(Trouble::Refused { why: "badges are kept by the host itself and leave through no connection".to_owned() })
            }
        }
    }
}
