//! What is kept, and the one transaction that everything rests on. Engines implement [`Store`]; one conformance suite
//! holds for all of them. SQL stands below this module alone.
//!
//! A store orders invocations and deliveries, leases them out, and records what became of them. It knows nothing of
//! HTTP, plugins or platforms.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::effect::{Badge, Effect, OnceKey};
use crate::event::{Event, Origin, Standing};
use crate::id::{BadgeId, DeliveryId, Digest, EventId, InvocationId, PluginName, ProjectName, Scope};

pub mod agenda;
pub mod browse;
pub mod copy;
mod dead;
pub mod figures;
mod keep;
pub mod lock;
mod numbers;
pub mod peers;
pub mod postgres;
mod replace;
mod shares;
pub mod sqlite;
mod walk;

use browse::Browse;
pub use dead::{
    DeadDelivery, DeadKind, DeadLetter, DeadLetterId, GIVEN_UP, GivenUp, Quarantine, Replayed, ReplayedEvent, Unfinished, WantedDead,
};
use figures::{Analysed, Sample};
pub use keep::{Cutoff, ForgetStep, Forgotten, Part, Walked};

#[cfg(test)]
mod conformance;

/// Why the store did not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// As many invocations wait as may wait: nothing was recorded. Answer 503.
    #[error("the inbox is full: {waiting} invocations wait, and no more than {max} may (of one plugin three quarters of all)")]
    Full {
        /// How many wait.
        waiting: usize,
        /// How many may.
        max: usize,
    },
    /// The disk or the database failed: what was asked may or may not have been recorded. Answer 503; a repeat settles it.
    #[error("the store failed: {0}")]
    Failed(String),
    /// Another host has this one's name and started later: nothing is recorded any more. Answer 503.
    #[error("another host took this one's place: it has the same name and started later")]
    Replaced,
    /// The store is being shut down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// What claims and writes get of a store that was opened to be read.
    fn read_only() -> Self {
        Self::Failed("it was opened to be read only".to_owned())
    }

    fn odd_answer() -> Self {
        Self::Failed("the writer gave another kind of answer than was asked for".to_owned())
    }
}

/// One event that is to be recorded, and for whom.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// The event. Its id is used when it is new.
    pub event: Event,
    /// Only [`Standing::Accepted`] events get invocations.
    pub standing: Standing,
    /// Two events of one project with the same key are the same. Keys are kept for ever, in their order: one that begins with
    /// words and then ids that grow (`task.completed/12/4711/88`) lies beside its neighbours in time, which makes accepting
    /// twice as fast as with a digest in front. A digest belongs at the end.
    pub dedup_key: String,
    /// Sorts the revisions of one task; see [`crate::event::Normalised::freshness`].
    pub freshness: Option<String>,
    /// What is to be done when it is known.
    pub again: Again,
    /// The plugins that are to handle it.
    pub plugins: Vec<PluginName>,
    /// What the platform said about its task, where that is known already. Kept with it when it is new, as the snapshot of generation 0.
    pub snapshot: Option<String>,
}

/// What is to be done with an event that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Nothing: it is a repeat.
    Never,
    /// All plugins of its acceptance handle it again, as a re-run.
    Rerun,
}

/// What became of an [`Acceptance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It was new: it and its invocations are recorded.
    New(EventId),
    /// It was there before: counted, nothing else.
    Repeat(EventId),
    /// It was there before and is handled again, as `rerun`.
    Rerun(EventId),
    /// A re-run of an event that still waits for all its plugins: folded into it. Where it waits for some, the others handle it again.
    FoldedIn(EventId),
    /// A newer revision of its task was there before: recorded, not handled.
    Superseded(EventId),
}

/// A claim on an invocation or delivery that runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease<Id> {
    /// What is claimed.
    pub id: Id,
    /// Grows with each claim of the same thing, so that a holder whose lease ran out is told apart from its successor.
    pub generation: u64,
}

/// An invocation that was leased out to be run.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The claim, to be given back with what became of it.
    pub lease: Lease<InvocationId>,
    /// The event to handle. Its origin is the invocation's: `rerun` for one that the platform's owner asked for again.
    pub event: Event,
    /// Who is to handle it.
    pub plugin: PluginName,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// How many attempts before this one ended in a trap.
    pub traps: u32,
    /// Since when the invocation has been parked without an attempt in between.
    pub parked_since: Option<Timestamp>,
    /// How many times in a row it has been parked.
    pub parked_times: u32,
    /// How many events the event from outside behind this one has led to so far.
    pub derived: u32,
    /// Whether this plugin has handled this event to its end before.
    pub rerun: bool,
    /// Which snapshot of the event's task this belongs to: grows with each re-run of the root event.
    pub generation: u32,
}

/// What a run wants stored, all of it or nothing.
#[derive(Clone, Debug, Default)]
pub struct Completion {
    /// What it read of its state; checked against what is stored now.
    pub reads: Vec<StateRead>,
    /// What it changes of its state, in order.
    pub changes: Vec<StateChange>,
    /// What it asks for, in order.
    pub effects: Vec<Requested>,
    /// What it emits, in order.
    pub events: Vec<Emitted>,
}

/// An effect that a run asks for.
#[derive(Clone, Debug)]
pub struct Requested {
    /// What is to be done.
    pub effect: Effect,
    /// The name of the connection it leaves through; none when the host's own record is all there is to it.
    pub connection: Option<String>,
    /// The task that it is about: with the connection, the line in which it waits. None: it waits for nobody.
    pub task: Option<String>,
    /// Done once per (project, plugin, key).
    pub once: Option<OnceKey>,
}

/// An event that a run emits.
#[derive(Clone, Debug)]
pub struct Emitted {
    /// The derived event.
    pub event: Event,
    /// The plugins that are to handle it.
    pub plugins: Vec<PluginName>,
    /// Emitted once per (project, plugin, key).
    pub once: Option<OnceKey>,
}

/// The version of a state entry: 0 where there is none, and otherwise a number that never comes back.
pub type StateVersion = i64;

/// What a run read of its state, and what it saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateRead {
    /// One key.
    Key {
        /// The key.
        key: String,
        /// The version it had.
        version: StateVersion,
    },
    /// Entries by prefix, as [`Store::scan_state`] takes and gives them: whoever cuts short what it gave puts the number of
    /// entries that are left into `limit`, or the check will find more than was seen.
    Range {
        /// What the keys begin with.
        prefix: String,
        /// The last key before the first one wanted.
        after: Option<String>,
        /// At most so many.
        limit: u32,
        /// What was there: keys and versions in order.
        seen: Vec<(String, StateVersion)>,
    },
}

/// A change of a plugin's state.
#[derive(Clone, Debug, PartialEq)]
pub enum StateChange {
    /// Set a key, in the place of any other value.
    Set(String, String),
    /// Remove a key; nothing happens when there is none.
    Remove(String),
    /// Add to a counter, which starts at 0 and stops at the limits of 64 bits. A value that is no whole number counts as 0;
    /// the host has checked before, and a change in between is a conflict only for those who read.
    Increment(String, i64),
}

/// One entry of a plugin's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateEntry {
    /// The key, whole.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Its version.
    pub version: StateVersion,
}

/// The record of one attempt, kept whatever became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The version of the component that ran, by the digest of its file; none when it came to no run.
    pub component: Option<String>,
    /// The digest of the settings it ran with.
    pub settings: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// From start to end.
    pub duration_ms: u32,
    /// CPU time of the guest.
    pub cpu_ms: u32,
    /// The most memory that its sandbox had, in bytes; none when it came to no run, and of runs before hosts counted it.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    /// How it ended: `ok`, `retry`, `rejected`, `trapped`, `parked` …
    pub outcome: String,
    /// Why, for people; empty when there is nothing to say.
    pub reason: String,
    /// Its log lines, as a JSON array.
    pub log: String,
    /// What it read besides the snapshot, as a JSON object; `{}` for nothing.
    pub read: String,
}

/// What became of a run, for the store to record.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It succeeded: store all that it asked for, and be done with the invocation.
    Done(Completion),
    /// It failed in a way that counts: try again at `due`.
    Retry {
        /// Not before this.
        due: Timestamp,
        /// Whether it ended in a trap.
        trapped: bool,
    },
    /// There was no room, or no answer from the platform: again at `due`, uncounted.
    Parked {
        /// Not before this.
        due: Timestamp,
    },
    /// Given up: move it to the dead letters.
    Dead,
    /// The platform did not confirm the event: drop all its invocations and free its dedup key.
    Unconfirmed,
}

/// Whether an [`Outcome`] was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It was.
    Recorded,
    /// The lease had run out, and someone else holds it: nothing was recorded.
    LeaseLost,
    /// Something that the run read has changed since: nothing was recorded, the lease is still held, run it again.
    Conflict,
}

/// A delivery that was leased out for an attempt.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// The claim.
    pub lease: Lease<i64>,
    /// Its id, the same on every attempt.
    pub id: DeliveryId,
    /// The project and the plugin that asked for it.
    pub scope: Scope,
    /// The connection it leaves through.
    pub connection: String,
    /// What is to be done.
    pub effect: Effect,
    /// The event whose handling led to it.
    pub event: EventId,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// When it was asked for, or replayed.
    pub requested_at: Timestamp,
    /// Whether an attempt before its replay may have had its effect.
    pub in_doubt: bool,
}

/// What became of an attempt to deliver.
#[derive(Clone, Debug, PartialEq)]
pub enum DeliveryOutcome {
    /// The other side has it. What it answered, for people, at most 4 KiB.
    Delivered {
        /// The receipt.
        receipt: String,
    },
    /// Not this time: again at `due`. `counts` is false when the attempt never reached the other side for want of room.
    Later {
        /// Not before this.
        due: Timestamp,
        /// Whether it counts as an attempt.
        counts: bool,
        /// Why.
        reason: String,
    },
    /// Given up, with the reason.
    Dead {
        /// Why.
        reason: String,
        /// Whether the effect may have happened all the same. If not, its once key is free again.
        may_have_happened: bool,
    },
}

/// A badge that a worker has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptBadge {
    /// Names this award.
    pub id: BadgeId,
    /// The platform's id of the worker.
    pub worker: String,
    /// The badge.
    pub badge: Badge,
    /// Who awarded it.
    pub plugin: PluginName,
    /// The event whose handling led to it.
    pub event: EventId,
    /// When it was awarded.
    pub awarded_at: Timestamp,
    /// When and why it was taken back; none while the worker has it.
    pub revoked: Option<(Timestamp, String)>,
}

/// Which badges of a project are wanted.
#[derive(Clone, Copy, Debug)]
pub struct WantedBadges<'a> {
    /// Of this worker alone.
    pub worker: Option<&'a str>,
    /// Of this badge alone, by its id within the project.
    pub badge: Option<&'a str>,
    /// Those behind this one.
    pub after: Option<BadgeId>,
    /// From the newest to the oldest.
    pub newest_first: bool,
    /// At most so many.
    pub limit: u32,
}

impl WantedBadges<'_> {
    /// The first of all.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { worker: None, badge: None, after: None, newest_first: false, limit }
    }
}

/// A delivery, as it stands now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeliveryRecord {
    /// Its id.
    pub id: DeliveryId,
    /// The plugin that asked for it.
    pub plugin: PluginName,
    /// The connection it leaves through.
    pub connection: String,
    /// What is to be done.
    pub effect: Effect,
    /// How many attempts there were.
    pub attempts: u32,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// `waiting`, `delivered`, `dead` or `superseded`.
    pub standing: &'static str,
    /// When it ended; while it waits, when it is due.
    pub at: Option<Timestamp>,
    /// What the other side answered, or why it did not get through.
    pub note: String,
}

/// A task result as the host keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptResult {
    /// The task.
    pub task: String,
    /// Who saved it.
    pub plugin: PluginName,
    /// Grows by one with each save for the task.
    pub revision: u32,
    /// Any JSON, as text.
    pub info: String,
}

/// How much of everything there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Events stored, whatever their standing.
    pub events: u64,
    /// Invocations that are not finished, parked ones among them.
    pub waiting: u64,
    /// Deliveries that are not finished.
    pub deliveries_waiting: u64,
    /// Runs recorded.
    pub runs: u64,
    /// Dead letters: invocations that were given up and not replayed.
    pub dead: u64,
    /// Deliveries that were given up and not replayed.
    pub deliveries_dead: u64,
    /// Events ignored, unreadable, superseded or unconfirmed.
    pub set_aside: u64,
}

/// How a store is, for whoever watches it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Invocations that are not finished. The oldest is told by the receipt of its event, so one that was replayed is as old as that.
    pub invocations: Backlog,
    /// Deliveries that are not finished. The oldest is told by when it was asked for or replayed.
    pub deliveries: Backlog,
    /// Invocations that may wait.
    pub waiting_max: usize,
    /// The database's file, in bytes.
    pub database_bytes: u64,
    /// The file that commits go to first, in bytes.
    pub log_bytes: u64,
    /// What is free where these files lie, for this process; none where the system does not tell.
    pub free_bytes: Option<u64>,
}

/// What is not finished, by where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Due, or behind another one of its task.
    pub queued: usize,
    /// Not due yet.
    pub later: usize,
    /// Leased out.
    pub leased: usize,
    /// Since when there is something; none when there is nothing.
    pub oldest: Option<Timestamp>,
}

/// Keeps events, invocations, state, task results, snapshots and deliveries. All writes are on disk when they return.
///
/// Times are kept to the millisecond. Reads see every write that has returned. A caller that goes away while it waits has
/// claimed nothing; what it asked to be written may be written all the same.
#[async_trait]
pub trait Store: Send + Sync {
    /// Records a batch of events and their invocations in one commit, in order, at most 1,000.
    ///
    /// On disk (fsynced) when this returns `Ok`, so the sender may be told 2xx. The answers are in the order of the batch.
    ///
    /// A repeat with [`Again::Rerun`] makes new invocations for the plugins of its acceptance, with origin `rerun`, under the next
    /// snapshot generation; a plugin for which one of the event still waits gets none, and where that is all of them nothing is made. Dead
    /// letters of these plugins for this event are gone then. A repeat of an unconfirmed event is new: its key was freed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`]: nothing was recorded. [`StoreError::Failed`]: the batch may or may not be there.
    async fn accept(&self, batch: Vec<Acceptance>) -> Result<Vec<Accepted>, StoreError>;

    /// Leases out up to `limit` invocations that are due, waiting until there is one.
    ///
    /// Invocations of one plugin about one task are leased one at a time, in the order of acceptance: the next one only
    /// when the one before it is finished for good. Projects and plugins take turns. No plugin of a project has more
    /// than `per_plugin` leased at a time, and no more than half of these are further attempts, so that old trouble does not keep
    /// new events waiting. A lease that is neither finished nor renewed for `lease` is given out again with a greater generation.
    ///
    /// # Errors
    ///
    /// [`StoreError::Closed`] once the store is closed; [`StoreError::Failed`] when it cannot be read.
    async fn claim(&self, limit: usize, per_plugin: usize, lease: Duration) -> Result<Vec<Claimed>, StoreError>;

    /// As [`Store::claim`], and nothing when that would wait.
    #[cfg(test)]
    async fn claim_now(&self, limit: usize, per_plugin: usize, lease: Duration) -> Result<Vec<Claimed>, StoreError> {
        tokio::time::timeout(Duration::ZERO, self.claim(limit, per_plugin, lease)).await.unwrap_or(Ok(Vec::new()))
    }

    /// Holds on to a lease for another `lease` from now. False when it was lost.
    async fn renew(&self, held: Lease<InvocationId>, lease: Duration) -> bool;

    /// Records what became of a run, in one commit with everything it asked for. `run` is kept in any case but
    /// [`Finished::Conflict`] and [`Finished::LeaseLost`], and but for an invocation that is parked again.
    ///
    /// Effects whose once key is spent, and so with emitted events, are dropped without an error. A task result is kept
    /// with the next revision of its task; a delivery of an older one that has not left yet is dropped for it. A badge is given
    /// or taken back at once: the host's record is all there is to it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`]: nothing is known; the lease will run out and the invocation be run again.
    async fn finish(&self, held: Lease<InvocationId>, outcome: Outcome, run: Run) -> Result<Finished, StoreError>;

    /// One entry of a plugin's state.
    async fn get_state(&self, scope: &Scope, key: &str) -> Result<Option<StateEntry>, StoreError>;

    /// Entries whose key begins with `prefix`, in the order of their bytes, after `after`, at most `limit`.
    async fn scan_state(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<StateEntry>, StoreError>;

    /// How many bytes of keys and values a plugin holds.
    async fn state_bytes(&self, scope: &Scope) -> Result<u64, StoreError>;

    /// The task result that was saved last, by whatever plugin of the project.
    async fn task_result(&self, project: &ProjectName, task: &str) -> Result<Option<KeptResult>, StoreError>;

    /// The snapshot of (`root`, `generation`), as [`Store::put_snapshot`] was given it.
    async fn snapshot(&self, root: EventId, generation: u32) -> Result<Option<String>, StoreError>;

    /// The snapshot of the highest generation that `root` has one of.
    async fn newest_snapshot(&self, root: EventId) -> Result<Option<String>, StoreError>;

    /// Keeps a snapshot. Equal texts are stored once.
    async fn put_snapshot(&self, root: EventId, generation: u32, text: &str) -> Result<Digest, StoreError>;

    /// Leases out up to `limit` deliveries that are due, waiting until there is one. Those of one (project, connection, task) one at a
    /// time, in the order in which they were asked for; of one (project, connection) at most `per_connection` at a time.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    async fn claim_deliveries(&self, limit: usize, per_connection: usize, lease: Duration) -> Result<Vec<ClaimedDelivery>, StoreError>;

    /// As [`Store::claim_deliveries`], and nothing when that would wait.
    #[cfg(test)]
    async fn claim_deliveries_now(&self, limit: usize, per_connection: usize, lease: Duration) -> Result<Vec<ClaimedDelivery>, StoreError> {
        tokio::time::timeout(Duration::ZERO, self.claim_deliveries(limit, per_connection, lease)).await.unwrap_or(Ok(Vec::new()))
    }

    /// Records what became of an attempt. A delivery that was superseded meanwhile stays so; one that was given up meanwhile is delivered
    /// if it was, and otherwise stays a dead letter, with what the attempt met.
    async fn finish_delivery(&self, held: Lease<i64>, outcome: DeliveryOutcome) -> Result<Finished, StoreError>;

    /// Which platform project a name is bound to, and binds it when it is to none. Gives what it is bound to now.
    async fn bind(&self, project: &ProjectName, to: &Binding) -> Result<Binding, StoreError>;

    /// Binds a project to another one of its platform, or to the same at another address. What was kept under its name stays.
    async fn rebind(&self, project: &ProjectName, to: &Binding) -> Result<(), StoreError>;

    /// Lets go at most `limit` rows of all that is kept of a project, in one commit: events with all that belongs to them, also what waits,
    /// then dedup keys, once keys, plugins' state, task results, badges, marks and the binding. Gives how many went; 0 at the end.
    async fn forget_project(&self, project: &ProjectName, limit: u32) -> Result<u32, StoreError>;

    /// For each of `keys` the event that has it, if there is one: see [`Acceptance::dedup_key`].
    async fn seen(&self, project: &ProjectName, keys: &[String]) -> Result<Vec<Option<EventId>>, StoreError>;

    /// How far something has come in a project, as [`Store::set_mark`] was told.
    async fn mark(&self, project: &ProjectName, name: &str) -> Result<Option<String>, StoreError>;

    /// Keeps how far something has come in a project, under a name of its own; none forgets it.
    async fn set_mark(&self, project: &ProjectName, name: &str, value: Option<&str>) -> Result<(), StoreError>;

    /// Lets go what is older than `cutoff` of at most `limit` events, in one commit, beginning behind `after` (0 for the first).
    async fn prune(&self, cutoff: Cutoff, after: i64, limit: u32) -> Result<Walked, StoreError>;

    /// Takes a worker's id out of at most `limit` rows of what is kept of a project, in one commit, and says where to go on (`after`, none
    /// for the first step): events with all that belongs to them, plugins' state, once keys, task results, badges, then what analyses come to.
    ///
    /// Events come first, since runs go on meanwhile and write what they read there into the rest. A walk that found the id goes round
    /// again, three times at most, for what was written behind its back by runs that had read it before. What is written after the last
    /// round stays: by a run that was under way all the time, or because the platform says the id again. Forget the worker once more then.
    ///
    /// Badges go, and so do entries of state whose key holds the id between slashes. In all JSON, packed or within a text, the alias takes
    /// its place where a member called `worker`, `worker_id`, `worker-id`, `user_id`, `user`, `recipient` or [`Forgotten::member`]
    /// has it, and where it is a key below `workers`; in once keys behind `worker/`. What people wrote into texts stays until these are
    /// pruned: log lines, files and mails that were asked for, reasons.
    async fn forget_worker(
        &self,
        project: &ProjectName,
        forgotten: &Forgotten,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ForgetStep, StoreError>;

    /// Keeps analyses in the place of older ones of their tasks, and what they come to, in one commit; `rows` says behind which row of an
    /// event they lie, and up to which one. False, and nothing kept, when somebody else has counted these events meanwhile.
    async fn count_analyses(&self, rows: (i64, i64), analyses: Vec<Analysed>) -> Result<bool, StoreError>;

    /// Keeps how much there is at the end of a minute, and lets go what was kept of minutes before `oldest`.
    async fn put_sample(&self, sample: Sample, oldest: i64) -> Result<(), StoreError>;

    /// What there is, for people who look through it.
    fn browse(&self) -> &dyn Browse;

    /// How much of everything there is.
    async fn totals(&self) -> Result<Totals, StoreError>;

    /// How the store is. Reads it, and so also tells whether it can be read.
    async fn vitals(&self) -> Result<Vitals, StoreError>;

    /// An event and its standing.
    async fn event(&self, id: EventId) -> Result<Option<(Event, Standing)>, StoreError>;

    /// Up to `limit` events of a project, whatever their standing: the newest first, or those that came before the event `before`.
    async fn latest_events(&self, project: &ProjectName, before: Option<EventId>, limit: u32)
    -> Result<Vec<(Event, Standing)>, StoreError>;

    /// The events that plugins emitted because of an event from outside, in their order.
    async fn derived(&self, root: EventId) -> Result<Vec<Event>, StoreError>;

    /// Lets a plugin handle events that it never had, in one commit and with this origin, on what the platform said at their last run; at
    /// most 1,000. Those that it waits for, that it has a run of or gave up, that are not for plugins or not there are passed over. Gives how many it will.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`] when no further invocation may wait: none will.
    async fn join(&self, events: &[EventId], plugin: &PluginName, origin: Origin) -> Result<u32, StoreError>;

    /// The runs of an event, oldest first: the plugin and the record of each attempt.
    async fn runs(&self, event: EventId) -> Result<Vec<(PluginName, Run)>, StoreError>;

    /// The deliveries that the handling of an event has led to, in the order in which they were asked for; at most 1,000.
    async fn deliveries(&self, event: EventId) -> Result<Vec<DeliveryRecord>, StoreError>;

    /// Badges of a project, taken back or not, in the order of their first award.
    async fn badges(&self, project: &ProjectName, wanted: WantedBadges<'_>) -> Result<Vec<KeptBadge>, StoreError>;

    /// A badge of a project.
    async fn badge(&self, project: &ProjectName, id: BadgeId) -> Result<Option<KeptBadge>, StoreError>;

    /// The dead letters given up last, newest first, at most `limit`.
    async fn dead_letters(&self, wanted: &WantedDead, limit: u32) -> Result<Vec<DeadLetter>, StoreError>;

    /// Makes dead letters of what waits, in one commit and for the reason [`GIVEN_UP`], at most 1,000; what is not unfinished is passed over.
    /// What stood behind it in its line moves up.
    ///
    /// Nothing is kept of a run that is under way: its end meets [`Finished::LeaseLost`]. An attempt to deliver that is under way ends
    /// first, and when it gets through, the delivery counts as delivered after all. Once keys stay spent: what was not wanted is asked
    /// for again by a replay alone.
    async fn give_up(&self, unfinished: &[Unfinished]) -> Result<GivenUp, StoreError>;

    /// Takes up again, in one commit, up to `limit` dead letters, the oldest first: an invocation from its first attempt and with
    /// origin `replay`, on what the platform said then; a delivery under its old id and from its first attempt. Once keys that are
    /// spent stay spent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`] when no further invocation may wait.
    async fn replay(&self, wanted: &WantedDead, limit: u32) -> Result<Replayed, StoreError>;

    /// Lets `plugins` handle an event again, in one commit and with origin `replay`; those that it waits for anyway are passed over.
    /// With `fresh`, on what the platform says then, and otherwise on what it said.
    async fn replay_event(&self, event: EventId, plugins: &[PluginName], fresh: bool) -> Result<ReplayedEvent, StoreError>;

    /// Holds back the invocations of a plugin of a project until [`Store::release`]: they wait, uncounted, and others go on.
    async fn quarantine(&self, held: &Quarantine) -> Result<(), StoreError>;

    /// Lets the invocations of a plugin go on. False when they were not held.
    async fn release(&self, scope: &Scope) -> Result<bool, StoreError>;

    /// The plugins that are held.
    async fn quarantined(&self) -> Result<Vec<Quarantine>, StoreError>;

    /// Ends every wait in [`Store::claim`], finishes what was asked before, and closes.
    async fn close(&self);
}

/// The project on a platform that a project's name in Crowdhook stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Binding {
    /// The platform's address.
    pub address: String,
    /// The platform's id of the project.
    pub platform_id: String,
}
