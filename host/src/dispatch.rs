//! The loop between inbox and plugins: claim what is due, run it outside of any transaction, record what became of it in
//! one. Knows nothing of HTTP.
//!
//! Work is bounded twice: so many invocations are in hand at a time (claimed, waiting for a sandbox, or waiting for
//! their commit), and so many sandboxes exist. A plugin that hangs in all sandboxes it may have leaves the others free.

mod judge;
mod quarantine;
mod reads;
mod run;
mod snapshots;
mod waits;

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{RwLock, Semaphore};
use tracing::{error, info};

use crate::clock::Clock;
use crate::config::Limits;
use crate::connection::services::Services;
use crate::id::Scope;
use crate::plugin::registry::Registry;
use crate::store::{Claimed, Store, StoreError};
use crate::telemetry::Metrics;
use quarantine::Faults;
use snapshots::Snapshots;
use waits::Waits;

/// Invocations in hand at a time.
const IN_HAND_MAX: usize = 1024;
/// Invocations in hand at a time of one plugin of one project.
const IN_HAND_PER_PLUGIN_MAX: usize = 256;
/// Invocations claimed at a time.
const CLAIM_MAX: usize = 64;
/// After the store failed to give any, the next look is this much later.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Hands out invocations to plugins.
pub struct Dispatcher {
    registry: Arc<Registry>,
    services: Services,
    store: Arc<dyn Store>,
    clock: Clock,
    limits: Limits,
    snapshots: Snapshots,
    waits: Waits,
    in_hand: Arc<Semaphore>,
    sandboxes: Semaphore,
    per_plugin: Mutex<HashMap<Scope, Arc<PluginRoom>>>,
    faults: Faults,
    metrics: Metrics,
}

/// The room that one plugin of one project has.
struct PluginRoom {
    sandboxes: Semaphore,
    /// Taken by a further attempt before a sandbox, so that old trouble leaves some to new events.
    further: Semaphore,
    /// Held for reading by each run; by one that met several conflicts in a row, alone.
    alone: RwLock<()>,
    /// What the plugin's state held when it was last asked for, and how often it was wanted since the start: asked for now and
    /// then, since a look at each change would cost each run a read of the store.
    state_bytes: AtomicU64,
    state_bytes_wanted: AtomicU64,
}

impl Dispatcher {
    /// A dispatcher for what waits in `store`.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        services: Services,
        store: Arc<dyn Store>,
        (clock, limits, metrics): (Clock, Limits, Metrics),
    ) -> Arc<Self> {
        Arc::new(Self {
            snapshots: Snapshots::new(Arc::clone(&store)),
            waits: Waits::default(),
            in_hand: Arc::new(Semaphore::new(IN_HAND_MAX)),
            sandboxes: Semaphore::new(limits.sandboxes_max),
            per_plugin: Mutex::default(),
            faults: Faults::default(),
            metrics,
            registry,
            services,
            store,
            clock,
            limits,
        })
    }

    /// Claims and runs until `stop`, or until the store is closed. Guests run on the threads of `guests`, never on the caller's.
    pub async fn serve(self: Arc<Self>, guests: tokio::runtime::Handle, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = Arc::clone(&self).hand_out(guests, stop) => {}
            () = self.release_changed() => {}
        }
    }

    async fn hand_out(self: Arc<Self>, guests: tokio::runtime::Handle, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            let Ok(first) = Arc::clone(&self.in_hand).acquire_owned().await else { return };
            let room = (self.in_hand.available_permits() + 1).min(CLAIM_MAX);
            let claimed = tokio::select! {
                claimed = self.store.claim(room, IN_HAND_PER_PLUGIN_MAX, self.limits.lease) => claimed,
                () = &mut stop => return,
            };
            let claimed = match claimed {
                Ok(claimed) => claimed,
                Err(StoreError::Closed) => return,
                Err(error) => {
                    error!(%error, "The store gives no invocations, will ask again");
                    tokio::time::sleep(STORE_PAUSE).await;
                    continue;
                }
            };
            let mut first = Some(first);
            for claimed in claimed {
                let permit = match first.take() {
                    Some(permit) => permit,
                    None => match Arc::clone(&self.in_hand).acquire_owned().await {
                        Ok(permit) => permit,
                        Err(_) => return,
                    },
                };
                let dispatcher = Arc::clone(&self);
                guests.spawn(async move {
                    dispatcher.handle(claimed).await;
                    drop(permit);
                });
            }
        }
    }

    /// Waits until nothing is in hand any more, for at most `wait`, once [`Dispatcher::serve`] has stopped. What is still running then is run again at the next
    /// start: nothing of it was recorded.
    pub async fn drain(&self, wait: Duration) {
        let all = u32::try_from(IN_HAND_MAX).unwrap_or(u32::MAX);
        if tokio::time::timeout(wait, self.in_hand.acquire_many(all)).await.is_err() {
            info!("Invocations still ran after {} ms; they will be run again at the next start", wait.as_millis());
        }
    }

    /// One invocation from claim to record, holding on to its lease meanwhile.
    async fn handle(&self, claimed: Claimed) {
        let lease = claimed.lease;
        let keep = async {
            loop {
                tokio::time::sleep(self.limits.lease / 3).await;
                if !self.store.renew(lease, self.limits.lease).await {
                    return;
                }
            }
        };
        tokio::select! {
            () = Box::pin(self.run(claimed)) => {}
            () = keep => info!(invocation.id = %lease.id, "Lost the lease of invocation `{}`: someone else runs it, or it was given up", lease.id),
        }
    }

    fn room(&self, scope: &Scope) -> Arc<PluginRoom> {
        let mut rooms = self.per_plugin.lock().unwrap_or_else(PoisonError::into_inner);
        let room = || {
            Arc::new(PluginRoom {
                sandboxes: Semaphore::new(self.limits.per_plugin_max.max(1)),
                further: Semaphore::new((self.limits.per_plugin_max / 2).max(1)),
                alone: RwLock::new(()),
                state_bytes: AtomicU64::new(0),
                state_bytes_wanted: AtomicU64::new(0),
            })
        };
        Arc::clone(rooms.entry(scope.clone()).or_insert_with(room))
    }
}
