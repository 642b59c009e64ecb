//! Completed tasks that no hook brought → the events that it would have made of them. What `reconcile` and `backfill` have in
//! common; it knows of neither why nor when somebody looks.
//!
//! The page that shows a task is its snapshot: it is kept in the commit that records the event, so no plugin leads to another call.

use std::sync::Arc;

use tracing::error;

use crate::event::{EventKind, Normalised, Origin};
use crate::id::{EventId, PluginName};
use crate::inbox::{Found, Inbox};
use crate::normalise;
use crate::platform::{Completed, Snapshot};
use crate::plugin::registry::Project;
use crate::store::{Accepted, Store, StoreError};

/// Makes events of completed tasks.
#[derive(Clone)]
pub struct Missed {
    store: Arc<dyn Store>,
    inbox: Inbox,
}

/// A completed task, and the event that its completion is.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The task.
    pub completed: Completed,
    /// The event that is known for it, if one is.
    pub known: Option<EventId>,
    normalised: Normalised,
}

impl Missed {
    /// Records through `inbox`, whose store is `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, inbox: Inbox) -> Self {
        Self { store, inbox }
    }

    /// What the host knows of completed tasks of `project`, which the platform knows as `platform_id`. Tasks that were completed without
    /// a result are no events and left out.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn look(&self, project: &Project, platform_id: &str, completed: Vec<Completed>) -> Result<Vec<Candidate>, StoreError> {
        let events = completed.into_iter().filter_map(|completed| {
            let normalised = normalise::completed_task(&project.config, platform_id, &completed)?;
            Some(Candidate { completed, known: None, normalised })
        });
        let mut candidates: Vec<Candidate> = events.collect();
        let keys: Vec<String> = candidates.iter().map(|candidate| candidate.normalised.dedup_key.clone()).collect();
        let seen = self.store.seen(&project.config.name, &keys).await?;
        for (candidate, known) in candidates.iter_mut().zip(seen) {
            candidate.known = known;
        }
        Ok(candidates)
    }

    /// Records the events of tasks that are not known. The hook may have brought one meanwhile: then it is a repeat.
    ///
    /// # Errors
    ///
    /// As [`Store::accept`].
    pub async fn take(
        &self,
        project: &Project,
        candidates: Vec<Candidate>,
        origin: impl Fn(&Completed) -> Origin,
    ) -> Result<Vec<Accepted>, StoreError> {
        let found = candidates.into_iter().map(|Candidate { completed, normalised, .. }| {
            let (id, origin) = (EventId::new(), origin(&completed));
            Found { id, normalised, origin, snapshot: completed.snapshot.as_ref().and_then(text) }
        });
        self.inbox.accept_found(project, found.collect()).await
    }

    /// The events about a task that `plugin` listens to, of those that are known here: that of its completion (`root`), and what plugins
    /// emitted because of it.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn heard_by(&self, project: &Project, plugin: &PluginName, root: EventId) -> Result<Vec<EventId>, StoreError> {
        let hears = |kind: &EventKind, emitted_by: Option<&PluginName>| project.listeners(kind, emitted_by).contains(plugin);
        let completion = Some(root).filter(|_| hears(&EventKind::TASK_COMPLETED, None)).into_iter();
        let derived = self.store.derived(root).await?.into_iter();
        let derived = derived.filter(|event| hears(&event.kind, event.emitted_by.as_ref())).map(|event| event.id);
        Ok(completion.chain(derived).collect())
    }
}

/// A snapshot as it is kept.
fn text(snapshot: &Snapshot) -> Option<String> {
    match serde_json::to_string(snapshot) {
        Ok(text) => Some(text),
        Err(error) => {
            error!(%error, "A snapshot cannot be written down, the platform is asked for it again");
            None
        }
    }
}
