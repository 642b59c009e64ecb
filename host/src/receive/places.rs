//! The places for connections. When all are taken and somebody comes, those that have kept theirs for longest without a whole request
//! give them up: so strangers who open connections and say nothing keep out nobody who has something to say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::socket::Progress;
use crate::telemetry::Metrics;

/// No more connections than this are served at a time, whatever the settings say.
const PLACES_MAX: u32 = 1 << 20;

/// One in so many of the places is emptied together, so that a crowd that comes back as fast as it goes is not let in one by one.
const TOGETHER_ONE_IN: usize = 16;

/// Who was asked to go may have begun to be busy: after this others are asked.
const LOOK: Duration = Duration::from_millis(20);

/// Nobody is asked to go who has waited less: its request may be on the way.
const WAITED_MIN: Duration = Duration::from_millis(100);

/// All places.
pub(super) struct Places {
    count: u32,
    free: Arc<Semaphore>,
    taken: Mutex<Taken>,
    metrics: Metrics,
}

#[derive(Default)]
struct Taken {
    by_number: HashMap<u64, Holder>,
    next: u64,
}

struct Holder {
    progress: Arc<Progress>,
    leave: Arc<Notify>,
}

/// One place, free again when this is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    /// Where its connection stands.
    pub(super) progress: Arc<Progress>,
    /// Told when others need the place.
    pub(super) leave: Arc<Notify>,
    _slot: OwnedSemaphorePermit,
}

impl Places {
    /// As many as `connections_max`, at least one.
    pub(super) fn new(connections_max: usize, metrics: &Metrics) -> Arc<Self> {
        let count = u32::try_from(connections_max).unwrap_or(u32::MAX).clamp(1, PLACES_MAX);
        let free = Arc::new(Semaphore::new(count as usize));
        Arc::new(Self { count, free, taken: Mutex::default(), metrics: metrics.clone() })
    }

    /// Takes a place. While there is none, `crowded` is called and those that have waited longest are asked to go. None never happens:
    /// nobody closes the semaphore.
    pub(super) async fn take(self: &Arc<Self>, crowded: impl Fn()) -> Option<Place> {
        let mut slot = Arc::clone(&self.free).try_acquire_owned().ok();
        let was_crowded = slot.is_none();
        while slot.is_none() {
            crowded();
            self.ask_some_to_go();
            if let Ok(freed) = tokio::time::timeout(LOOK, Arc::clone(&self.free).acquire_owned()).await {
                slot = Some(freed.ok()?);
            }
        }
        let (progress, leave) = (Arc::new(Progress::new()), Arc::new(Notify::new()));
        let mut taken = self.taken();
        let number = taken.next;
        taken.next += 1;
        taken.by_number.insert(number, Holder { progress: Arc::clone(&progress), leave: Arc::clone(&leave) });
        drop(taken);
        self.metrics.connection_opened(was_crowded);
        Some(Place { places: Arc::clone(self), number, progress, leave, _slot: slot? })
    }

    /// Waits until nobody holds a place.
    pub(super) async fn all_free(&self) {
        drop(self.free.acquire_many(self.count).await);
    }

    fn ask_some_to_go(&self) {
        let now = Instant::now();
        let taken = self.taken();
        let waiting = taken.by_number.values().filter_map(|holder| Some((holder.progress.waits_since()?, holder)));
        let mut waiting: Vec<_> = waiting.filter(|(since, _)| now.saturating_duration_since(*since) >= WAITED_MIN).collect();
        let count = (self.count as usize / TOGETHER_ONE_IN).max(1);
        if waiting.len() > count {
            waiting.select_nth_unstable_by_key(count, |(since, _)| *since);
        }
        waiting.iter().take(count).for_each(|(_, holder)| holder.leave.notify_one());
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().by_number.remove(&self.number);
        self.places.metrics.connection_closed();
    }
}
