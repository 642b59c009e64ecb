//! What the platform said about an event's task: asked once for each (root event, generation), shared by all plugins and
//! derived events, and kept.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OnceCell;

use crate::event::{Event, PlatformKind};
use crate::id::{EventId, ProjectName};
use crate::inbox::check_binding;
use crate::platform::{Platform, PlatformError, Snapshot};
use crate::store::{Binding, Store, StoreError};

type Key = (EventId, u32);

/// Snapshots that someone holds at the moment; the others are in the store.
pub(super) struct Snapshots {
    store: Arc<dyn Store>,
    held: Mutex<HashMap<Key, Weak<OnceCell<Arc<Snapshot>>>>>,
    /// Projects whose name was seen to be bound to the platform's project that it now stands for.
    bound: Mutex<HashSet<(ProjectName, Binding)>>,
}

/// The map of snapshots in use is cleared of those that nobody holds when it reaches this size.
const HELD_SWEEP: usize = 4096;

impl Snapshots {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, held: Mutex::default(), bound: Mutex::default() }
    }

    /// The snapshot that `event` belongs to; none when it is about no task of its own root.
    ///
    /// Several callers for one snapshot lead to one question to the platform.
    pub(super) async fn of(&self, platform: &dyn Platform, event: &Event, generation: u32) -> Result<Option<Arc<Snapshot>>, PlatformError> {
        if event.task.is_none() {
            return Ok(None);
        }
        if event.platform != PlatformKind::Pybossa && event.depth == 0 {
            // What was posted is the snapshot: kept with the event, no call, nothing to confirm.
            return Ok(Some(Arc::new(platform.snapshot(event).await?)));
        }
        let cell = self.cell((event.root, generation));
        let snapshot = cell.get_or_try_init(|| self.find(platform, event, generation)).await?;
        Ok(Some(Arc::clone(snapshot)))
    }

    fn cell(&self, key: Key) -> Arc<OnceCell<Arc<Snapshot>>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = held.get(&key).and_then(Weak::upgrade) {
            return cell;
        }
        if held.len() >= HELD_SWEEP {
            held.retain(|_, cell| cell.strong_count() > 0);
        }
        let cell = Arc::default();
        held.insert(key, Arc::downgrade(&cell));
        cell
    }

    async fn find(&self, platform: &dyn Platform, event: &Event, generation: u32) -> Result<Arc<Snapshot>, PlatformError> {
        if let Some(text) = self.store.snapshot(event.root, generation).await.map_err(failing)? {
            return serde_json::from_str(&text).map(Arc::new).map_err(|error| PlatformError::Refused {
                why: format!("the kept snapshot of event `{}` cannot be read: {error}", event.root),
            });
        }
        let root = if event.root == event.id {
            event.clone()
        } else {
            let found = self.store.event(event.root).await.map_err(failing)?;
            let missing = || PlatformError::Refused { why: format!("the event `{}` that led to this one is gone", event.root) };
            found.map(|(root, _)| root).ok_or_else(missing)?
        };
        self.is_bound(platform, &root.project).await?;
        let snapshot = platform.snapshot(&root).await?;
        if root.platform == PlatformKind::Pybossa {
            let text = serde_json::to_string(&snapshot).map_err(|error| PlatformError::Refused { why: error.to_string() })?;
            self.store.put_snapshot(event.root, generation, &text).await.map_err(failing)?;
        }
        Ok(Arc::new(snapshot))
    }

    /// As [`check_binding`], asked once for each project and what it stands for.
    async fn is_bound(&self, platform: &dyn Platform, project: &ProjectName) -> Result<(), PlatformError> {
        let wanted = Binding { address: platform.address().to_owned(), platform_id: platform.project().await?.id };
        let seen = (project.clone(), wanted);
        if self.bound.lock().unwrap_or_else(PoisonError::into_inner).contains(&seen) {
            return Ok(());
        }
        check_binding(self.store.as_ref(), project, platform).await?;
        self.bound.lock().unwrap_or_else(PoisonError::into_inner).insert(seen);
        Ok(())
    }
}

/// The store's trouble is no fault of the plugin: it waits.
fn failing(error: StoreError) -> PlatformError {
    PlatformError::Later { after: None, why: error.to_string() }
}
