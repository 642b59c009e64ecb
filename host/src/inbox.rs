//! Events come in here, are recorded once, and only then may the sender be told so. Knows nothing of HTTP and plugins' insides.

use std::sync::Arc;

use crate::clock::Clock;
use crate::event::{Event, Normalised, Origin, Standing};
use crate::id::EventId;
use crate::plugin::registry::Project;
use crate::store::{Acceptance, Accepted, Again, Store, StoreError};

/// Where events are recorded.
#[derive(Clone)]
pub struct Inbox {
    store: Arc<dyn Store>,
    clock: Clock,
}

impl Inbox {
    /// An inbox that records in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Records what one request of `project`'s sender held, with an invocation for each plugin that is to handle it.
    ///
    /// Everything is on disk when this returns `Ok`, so the sender may be told 2xx.
    ///
    /// # Errors
    ///
    /// As [`Store::accept`]: answer 503, the sender's repeat settles it.
    pub async fn accept(&self, project: &Project, request: Vec<Normalised>) -> Result<Vec<Accepted>, StoreError> {
        let batch = request.into_iter().map(|normalised| self.acceptance(project, normalised)).collect();
        self.store.accept(batch).await
    }

    fn acceptance(&self, project: &Project, normalised: Normalised) -> Acceptance {
        let id = EventId::new();
        let now = self.clock.now();
        // Who asks for a thousand old events again does not want a thousand posts, whether they were known here or not.
        let (origin, again) = if normalised.rerun { (Origin::Rerun, Again::Rerun) } else { (Origin::Live, Again::Never) };
        let plugins = match normalised.standing {
            Standing::Accepted => project.listeners(&normalised.kind, None),
            _ => Vec::new(),
        };
        Acceptance {
            standing: normalised.standing,
            dedup_key: normalised.dedup_key,
            freshness: normalised.freshness,
            again,
            plugins,
            event: Event {
                id,
                project: project.config.name.clone(),
                platform: project.config.platform.kind,
                kind: normalised.kind,
                task: normalised.task,
                occurred_at: normalised.occurred_at.unwrap_or(now),
                received_at: now,
                origin,
                emitted_by: None,
                root: id,
                depth: 0,
                payload: normalised.payload,
            },
        }
    }
}
