//! Events come in here, are recorded once, and only then may the sender be told so. Knows nothing of HTTP and plugins' insides.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::debug;

use crate::clock::{self, Clock, Timestamp};
use crate::event::{Event, Normalised, Origin, Standing};
use crate::id::{EventId, ProjectName};
use crate::platform::{Platform, PlatformError};
use crate::plugin::registry::Project;
use crate::store::{Acceptance, Accepted, Again, Binding, Store, StoreError};

/// Where events are recorded.
#[derive(Clone)]
pub struct Inbox {
    store: Arc<dyn Store>,
    clock: Clock,
    calls: Arc<Calls>,
}

/// When each project's hook brought something last.
#[derive(Debug, Default)]
pub struct Calls {
    calls: Mutex<BTreeMap<ProjectName, Heard>>,
    news: Notify,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    at: Timestamp,
    /// The same for those who measure what passed since, whatever the clock does.
    since: Instant,
    /// The time that the store knows.
    kept_at: Timestamp,
}

/// How far the time that the store knows may lag behind.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// When a project's hook brought something last, to a minute or so.
const CALLED_MARK: &str = "hook.called";

impl Calls {
    /// When the hook of `project` brought something last; none when it has not since the host's start.
    #[must_use]
    pub fn at(&self, project: &ProjectName) -> Option<Timestamp> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).get(project).map(|heard| heard.at)
    }

    /// The same, to be compared with other moments.
    #[must_use]
    pub fn since(&self, project: &ProjectName) -> Option<Instant> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).get(project).map(|heard| heard.since)
    }

    /// Waits until any hook brings something; at once when one has since this was last asked.
    pub async fn something(&self) {
        self.news.notified().await;
    }

    /// Notes that it did, and says whether that is to be kept.
    fn note(&self, project: &ProjectName, now: Timestamp) -> bool {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let keep = match calls.get_mut(project) {
            Some(call) => {
                (call.at, call.since) = (now, Instant::now());
                let keep = clock::between(call.kept_at, now) >= KEEP_EVERY;
                call.kept_at = if keep { now } else { call.kept_at };
                keep
            }
            None => calls.insert(project.clone(), Heard { at: now, since: Instant::now(), kept_at: now }).is_none(),
        };
        drop(calls);
        self.news.notify_one();
        keep
    }
}

/// An event that the host found by itself, and no sender brought.
#[derive(Clone, Debug)]
pub struct Found {
    /// The id that it gets when it is new.
    pub id: EventId,
    /// What happened.
    pub normalised: Normalised,
    /// Why it is here now.
    pub origin: Origin,
    /// What the platform said about its task, as it is kept; none when it is still to be asked.
    pub snapshot: Option<String>,
}

impl Inbox {
    /// An inbox that records in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock, calls: Arc::default() }
    }

    /// The time by the machine's clock, to hold what senders say of theirs against.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    /// Records what one request of `project`'s sender held, with an invocation for each plugin that is to handle it.
    ///
    /// Everything is on disk when this returns `Ok`, so the sender may be told 2xx.
    ///
    /// # Errors
    ///
    /// As [`Store::accept`]: answer 503, the sender's repeat settles it.
    pub async fn accept(&self, project: &Project, request: Vec<Normalised>) -> Result<Vec<Accepted>, StoreError> {
        let (name, now) = (&project.config.name, self.clock.now());
        let live = |normalised: Normalised| {
            // Who asks for a thousand old events again does not want a thousand posts, whether they were known here or not.
            let (origin, again) = if normalised.rerun { (Origin::Rerun, Again::Rerun) } else { (Origin::Live, Again::Never) };
            self.acceptance(project, Found { id: EventId::new(), normalised, origin, snapshot: None }, again)
        };
        let accept = self.store.accept(request.into_iter().map(live).collect());
        if !self.calls.note(name, now) {
            return accept.await;
        }
        // In one commit with the events, as far as the store can.
        let called_at = clock::rfc3339(now);
        let (accepted, kept) = tokio::join!(accept, self.store.set_mark(name, CALLED_MARK, Some(&called_at)));
        if let Err(error) = kept {
            debug!(project = %name, %error, "That the hook of project `{name}` was called could not be kept");
        }
        accepted
    }

    /// Records what the host found by itself, at most 1,000 events.
    ///
    /// # Errors
    ///
    /// As [`Store::accept`].
    pub async fn accept_found(&self, project: &Project, found: Vec<Found>) -> Result<Vec<Accepted>, StoreError> {
        let acceptance = |found: Found| self.acceptance(project, found, Again::Never);
        self.store.accept(found.into_iter().map(acceptance).collect()).await
    }

    /// When hooks were called since the host's start.
    #[must_use]
    pub fn calls(&self) -> Arc<Calls> {
        Arc::clone(&self.calls)
    }

    /// When the hook of `project` brought something last, to a minute or so for a time before the host's start; none when it never has.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn called_at(&self, project: &ProjectName) -> Result<Option<Timestamp>, StoreError> {
        match self.calls.at(project) {
            Some(at) => Ok(Some(at)),
            None => Ok(self.store.mark(project, CALLED_MARK).await?.and_then(|at| at.parse().ok())),
        }
    }

    fn acceptance(&self, project: &Project, found: Found, again: Again) -> Acceptance {
        let Found { id, normalised, origin, snapshot } = found;
        let now = self.clock.now();
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
            snapshot,
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

/// A project's name stands for one project of one platform for ever: state and once keys belong to it. Gives that project.
///
/// # Errors
///
/// When the project's file now says another one, when the platform does not tell which one it is, or when the store fails.
pub async fn check_binding(store: &dyn Store, project: &ProjectName, platform: &dyn Platform) -> Result<Binding, PlatformError> {
    let wanted = Binding { address: platform.address().to_owned(), platform_id: platform.project().await?.id };
    let bound = store.bind(project, &wanted).await.map_err(|error| PlatformError::Later { after: None, why: error.to_string() })?;
    if bound == wanted {
        return Ok(bound);
    }
    let why = format!(
        "project `{project}` stands for project {} at {} since its first event, but its file now says {} at {}: \
         give the other project a file of another name, or, where it is the same one at another address, run `crowdhook project rebind {project}`",
        bound.platform_id, bound.address, wanted.platform_id, wanted.address
    );
    Err(PlatformError::Refused { why })
}
