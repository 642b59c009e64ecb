//! The store in a schema of a PostgreSQL database, for many hosts.
//!
//! ```text
//! callers of a host → commands → its writer: one transaction a group, which holds the row `counter` → COMMIT → answers
//! callers → readers: what is committed
//! who waits for something ← listener ← NOTIFY ← listener of another host
//! ```
//!
//! Whoever writes locks the one row of `counter` first, so transactions of all hosts come one after the other: what one has seen is so
//! until it commits, and rows get their numbers in the order of the commits. What makes it fast is the group. Leases are written, each with
//! a generation and with who has it. A host that starts takes the place of the one that had its name, and frees what that had leased; what
//! other hosts have leased runs out by the database's clock.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::runtime::Runtime;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

use self::address::Address;
use self::connect::{ANSWER_WAIT, Connector, Readers};
pub use self::copy::Place;
pub(super) use self::copy::WATCH as COPY_WATCH;
use self::counters::Counters;
use self::db::params;
use self::hints::{Hints, Listener};
use self::line::Line;
pub use self::open::OpenError;
pub use self::pace::Calls;
use self::peers::Entry;
use self::work::{Answer, Command, Wanted, Work};
use self::writer::Writer;
use super::browse::Browse;
use super::figures::{Analysed, Sample};
use super::shares::COMMANDS_MAX;
use super::{
    Acceptance, Accepted, Binding, Claimed, ClaimedDelivery, Cutoff, DeadLetter, DeliveryOutcome, DeliveryRecord, Finished, ForgetStep,
    Forgotten, GivenUp, KeptBadge, KeptResult, Lease, Outcome, Quarantine, Replayed, ReplayedEvent, Run, StateEntry, Store, StoreError,
    Totals, Unfinished, Vitals, Walked, WantedBadges, WantedDead,
};
use crate::clock::Clock;
use crate::event::{Event, Origin, Standing};
use crate::id::{BadgeId, Digest, EventId, InvocationId, PluginName, ProjectName, Scope};
use crate::secret::Secret;
use crate::telemetry::Metrics;

mod address;
mod asked;
mod batch;
mod browse;
mod connect;
pub(super) mod copy;
mod counters;
mod db;
mod dead;
mod figures;
mod hints;
mod line;
mod names;
mod open;
mod pace;
mod peers;
mod read;
mod rows;
mod scan;
mod tls;
mod turns;
mod work;
mod writer;

#[cfg(test)]
pub(in crate::store) mod tests;

/// What a schema is called where nobody said.
pub const SCHEMA: &str = "crowdhook";

/// Another host may have brought something in without a word of it having arrived, or something may have fallen due: who waits looks this often.
/// It costs one statement that writes nothing and waits for nobody.
const LOOK: Duration = Duration::from_millis(250);

/// With a clock that a test moves, this often.
const MANUAL_LOOK: Duration = Duration::from_millis(50);

/// After this the writer is not waited for any more when a store is dropped.
const DROP_WAIT: Duration = Duration::from_secs(5);

/// What a store is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the database is: `postgres://user@host/name`, or with `?host=/folder/of/a/socket`. It may hold a password. The connection is
    /// encrypted unless it stays on this machine.
    pub address: Secret,
    /// The schema that is ours alone. None: [`SCHEMA`], and then nothing else may lie in the database, unless the schema is there already.
    pub schema: Option<String>,
    /// What this host is called among those that share the database.
    pub host: String,
    /// As many invocations may wait, of all hosts; beyond that nothing is accepted. What plugins emit comes in all the same.
    pub waiting_max: usize,
    /// Tells the time. All but a test's gives way to the database's.
    pub clock: Clock,
    /// Where commits are counted and measured.
    pub metrics: Metrics,
}

/// A store in a schema.
pub struct PostgresStore {
    shared: Arc<Shared>,
    readers: Readers,
    /// Who looks through listings waits for their turn here.
    pages: Semaphore,
    /// None for one that is opened to be read only.
    commands: Option<mpsc::Sender<Command>>,
    /// Says when the writer has ended.
    ended: Mutex<std::sync::mpsc::Receiver<()>>,
    runtime: Option<Runtime>,
}

/// What callers and the writer both use.
struct Shared {
    clock: Clock,
    waiting_max: usize,
    look: Duration,
    /// This host, among those that share the schema.
    entry: Entry,
    /// Another one has its place.
    is_replaced: AtomicBool,
    metrics: Metrics,
    invocations_changed: Notify,
    deliveries_changed: Notify,
    hints: Hints,
    closed: AtomicBool,
}

impl Shared {
    fn new(clock: Clock, (waiting_max, metrics): (usize, Metrics), (entry, look): (Entry, Duration)) -> Self {
        Self {
            clock,
            waiting_max,
            look,
            entry,
            is_replaced: AtomicBool::new(false),
            metrics,
            invocations_changed: Notify::new(),
            deliveries_changed: Notify::new(),
            hints: Hints::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// Lets those look who wait for something in these lines, here and on other hosts.
    fn tell(&self, news: &[Line]) {
        self.hints.add(news);
        if news.contains(&Line::Deliveries) {
            self.deliveries_changed.notify_waiters();
        }
        if news.contains(&Line::Invocations) {
            self.invocations_changed.notify_waiters();
        }
    }
}

impl PostgresStore {
    /// Connects, makes the schema or brings it to the newest version, and takes the place of the host that had this name.
    ///
    /// The caller's thread waits for it. Connections are worked on by a thread of the store's own.
    ///
    /// # Errors
    ///
    /// [`OpenError`], each with what to do about it.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let look = match options.clock {
            Clock::Manual(_) => MANUAL_LOOK,
            Clock::System => LOOK,
        };
        Self::open_to_look(options, look)
    }

    /// As [`Self::open`]; who waits looks so often.
    fn open_to_look(options: Options, look: Duration) -> Result<Self, OpenError> {
        Self::open_with(options, look, ANSWER_WAIT)
    }

    /// As [`Self::open_to_look`]; a server that says nothing for so long is given up.
    fn open_with(options: Options, look: Duration, answer_wait: Duration) -> Result<Self, OpenError> {
        let (runtime, mut connector) = begin(&options.address, options.schema.as_deref())?;
        connector.answer_wait = answer_wait;
        let readers = Readers::new(connector.clone());
        let (opened, is_open) = std::sync::mpsc::channel();
        let (over, ended) = std::sync::mpsc::channel();
        let (commands, waiting) = mpsc::channel(COMMANDS_MAX);
        let back = commands.downgrade();
        runtime.spawn(async move {
            match start(connector, options, look, back).await {
                Ok(writer) => {
                    let (shared, connector) = (Arc::clone(&writer.shared), writer.connector.clone());
                    opened.send(Ok(Arc::clone(&shared))).ok();
                    let listening = tokio::spawn(Listener { shared, connector }.run());
                    writer.run(waiting).await;
                    listening.abort();
                }
                Err(error) => drop(opened.send(Err(error))),
            }
            over.send(()).ok();
        });
        match waited_for(&is_open) {
            Ok(shared) => Ok(Self::over((shared, readers), Some(commands), (ended, runtime))),
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Opens a schema to be read only, whether hosts are at work in it or not. Claims and writes fail.
    ///
    /// The caller's thread waits for it.
    ///
    /// # Errors
    ///
    /// [`OpenError`], each with what to do about it.
    pub fn open_read_only(address: &Secret, schema: Option<&str>) -> Result<Self, OpenError> {
        let (runtime, connector) = begin(address, schema)?;
        let readers = Readers::new(connector.clone());
        let (looked, is_there) = std::sync::mpsc::channel();
        let (over, ended) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            looked.send(open::look(&connector).await).ok();
            over.send(()).ok();
        });
        match waited_for(&is_there) {
            Ok(()) => {
                let shared = Arc::new(Shared::new(Clock::System, (usize::MAX, Metrics::default()), (Entry::of_nobody(), LOOK)));
                Ok(Self::over((shared, readers), None, (ended, runtime)))
            }
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    fn over(
        (shared, readers): (Arc<Shared>, Readers),
        commands: Option<mpsc::Sender<Command>>,
        (ended, runtime): (std::sync::mpsc::Receiver<()>, Runtime),
    ) -> Self {
        let pages = Semaphore::new(browse::PAGES_AT_ONCE);
        Self { shared, readers, pages, commands, ended: Mutex::new(ended), runtime: Some(runtime) }
    }

    /// Hands work to the writer and waits until it is committed.
    async fn ask(&self, work: Work) -> Result<Answer, StoreError> {
        let commands = self.commands.as_ref().ok_or_else(StoreError::read_only)?;
        let (reply, answer) = oneshot::channel();
        commands.send(Command { work, reply }).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    async fn ask_finished(&self, work: Work) -> Result<Finished, StoreError> {
        match self.ask(work).await? {
            Answer::Finished(finished) => Ok(finished),
            _ => Err(StoreError::odd_answer()),
        }
    }

    async fn lease_invocations(&self, wanted: Wanted) -> Result<Vec<Claimed>, StoreError> {
        match self.ask(Work::Claim(wanted)).await? {
            Answer::Claimed(given) => Ok(given.take()),
            _ => Err(StoreError::odd_answer()),
        }
    }

    async fn lease_deliveries(&self, wanted: Wanted) -> Result<Vec<ClaimedDelivery>, StoreError> {
        match self.ask(Work::ClaimDeliveries(wanted)).await? {
            Answer::ClaimedDeliveries(given) => Ok(given.take()),
            _ => Err(StoreError::odd_answer()),
        }
    }

    /// Waits until there may be something to lease that was not there before: this host has committed something, or a look shows it, taken
    /// when another host says so and every so often.
    async fn wait<'a>(&'a self, line: Line, mut changed: Pin<&mut Notified<'_>>, mut hinted: Pin<&mut Notified<'a>>) {
        loop {
            tokio::select! {
                () = changed.as_mut() => return,
                () = hinted.as_mut() => {}
                () = tokio::time::sleep(self.shared.look) => {}
            }
            hinted.set(self.shared.hints.of(line).notified());
            hinted.as_mut().enable();
            // Who asks the writer hears of what went wrong.
            let found = self.readers.rows(&line.is_due_sql(), params![self.manual_now(), self.shared.entry.number]).await;
            if !found.is_ok_and(|rows| rows.is_empty()) {
                return;
            }
        }
    }

    /// The time of a test's own clock; none where the database's is taken.
    fn manual_now(&self) -> Option<i64> {
        matches!(self.shared.clock, Clock::Manual(_)).then(|| self.shared.clock.now().as_millisecond())
    }

    /// Why something was not read: closing takes the readers away from those who came just before.
    fn unread(&self, failure: db::Failure) -> StoreError {
        if self.shared.closed.load(Ordering::Acquire) { StoreError::Closed } else { failure.into() }
    }
}

/// What an address says, if it and the schema's name may be used. Connects to nothing.
///
/// # Errors
///
/// [`OpenError::Address`] or [`OpenError::Name`].
pub fn check(address: &Secret, schema: Option<&str>) -> Result<(), OpenError> {
    Address::read(address.reveal())?;
    open::check_name(schema.unwrap_or(SCHEMA))
}

/// The threads that connections are worked on by, and how to connect. Nothing is connected yet.
fn begin(address: &Secret, schema: Option<&str>) -> Result<(Runtime, Connector), OpenError> {
    check(address, schema)?;
    let (address, schema) = (Address::read(address.reveal())?, schema.unwrap_or(SCHEMA));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("store-postgres").enable_all().build();
    let runtime = runtime.map_err(|error| OpenError::Failed(error.to_string()))?;
    let connector = Connector::new(address, runtime.handle().clone(), schema);
    Ok((runtime, connector))
}

/// What comes of opening, which is done on the store's own threads.
fn waited_for<T>(opened: &std::sync::mpsc::Receiver<Result<T, OpenError>>) -> Result<T, OpenError> {
    opened.recv().map_err(|error| OpenError::Failed(error.to_string()))?
}

/// Opens the schema, and makes what works in it.
async fn start(connector: Connector, options: Options, look: Duration, back: mpsc::WeakSender<Command>) -> Result<Writer, OpenError> {
    let is_alone = options.schema.is_none();
    let (client, entry) = open::enter(&connector, (&options.host, is_alone), options.clock.now()).await?;
    open::look_at_fsync(&client).await?;
    let shared = Arc::new(Shared::new(options.clock, (options.waiting_max, options.metrics), (entry, look)));
    Ok(Writer { connector, client: Some(client), shared, memory: batch::Memory::default(), back, away: None, to_give_back: Vec::new() })
}

impl Drop for PostgresStore {
    /// Lets the writer finish what it was asked. Leases stay, as after a crash.
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.readers.close();
        self.commands = None;
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        if ended.recv_timeout(DROP_WAIT).is_err() {
            tracing::warn!("The store's writer did not end in time");
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn wanted(limit: usize, per_member: usize, lease: Duration) -> Wanted {
    Wanted { limit: limit.max(1), per_member: per_member.max(1), lease_ms: i64::try_from(lease.as_millis()).unwrap_or(i64::MAX) }
}

/// Leases what is due, waiting until there is something.
macro_rules! lease {
    ($store:ident, $line:expr, $changed:ident, $lease:ident, $wanted:expr) => {
        loop {
            // Registered before anybody looks, so that no change in between is missed.
            let mut changed = std::pin::pin!($store.shared.$changed.notified());
            let mut hinted = std::pin::pin!($store.shared.hints.of($line).notified());
            changed.as_mut().enable();
            hinted.as_mut().enable();
            if $store.shared.closed.load(Ordering::Acquire) {
                return Err(StoreError::Closed);
            }
            let leased = $store.$lease($wanted).await?;
            if !leased.is_empty() {
                return Ok(leased);
            }
            $store.wait($line, changed, hinted).await;
        }
    };
}

/// Asks the writer, and takes the kind of answer that belongs to the question.
macro_rules! ask {
    ($store:ident, $work:expr, $answer:ident) => {
        match $store.ask($work).await? {
            Answer::$answer(answer) => Ok(answer),
            _ => Err(StoreError::odd_answer()),
        }
    };
}

#[async_trait]
impl Store for PostgresStore {
    async fn accept(&self, batch: Vec<Acceptance>) -> Result<Vec<Accepted>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        ask!(self, Work::Accept(batch), Accepted)
    }

    async fn claim(&self, limit: usize, per_plugin: usize, lease: Duration) -> Result<Vec<Claimed>, StoreError> {
        let wanted = wanted(limit, per_plugin, lease);
        lease!(self, Line::Invocations, invocations_changed, lease_invocations, wanted)
    }

    #[cfg(test)]
    async fn claim_now(&self, limit: usize, per_plugin: usize, lease: Duration) -> Result<Vec<Claimed>, StoreError> {
        self.lease_invocations(wanted(limit, per_plugin, lease)).await
    }

    async fn renew(&self, held: Lease<InvocationId>, lease: Duration) -> bool {
        const SQL: &str = "UPDATE invocation SET leased_until = coalesce($4, (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT) + $5 \
             WHERE id = $1 AND lease = $2 AND leased_by = $3 AND NOT doomed RETURNING id";
        let generation = i64::try_from(held.generation).unwrap_or(i64::MAX);
        let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 4);
        let renewed =
            self.readers.write("", SQL, params![held.id.0, generation, self.shared.entry.number, self.manual_now(), lease_ms]).await;
        match renewed {
            Ok(rows) => !rows.is_empty(),
            Err(error) => {
                // Nobody else gets it before it runs out, and the next renewal may work.
                tracing::warn!(error = %error, "A lease could not be renewed: {error}");
                true
            }
        }
    }

    async fn finish(&self, held: Lease<InvocationId>, outcome: Outcome, run: Run) -> Result<Finished, StoreError> {
        self.ask_finished(Work::Finish { held, outcome: Box::new(outcome), run: Box::new(run) }).await
    }

    async fn get_state(&self, scope: &Scope, key: &str) -> Result<Option<StateEntry>, StoreError> {
        self.read_state(scope, key).await.map_err(|error| self.unread(error))
    }

    async fn scan_state(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<StateEntry>, StoreError> {
        self.read_states(scope, prefix, after, limit).await.map_err(|error| self.unread(error))
    }

    async fn state_bytes(&self, scope: &Scope) -> Result<u64, StoreError> {
        self.read_state_bytes(scope).await.map_err(|error| self.unread(error))
    }

    async fn task_result(&self, project: &ProjectName, task: &str) -> Result<Option<KeptResult>, StoreError> {
        self.read_task_result(project, task).await.map_err(|error| self.unread(error))
    }

    async fn snapshot(&self, root: EventId, generation: u32) -> Result<Option<String>, StoreError> {
        self.read_snapshot(root, Some(generation)).await.map_err(|error| self.unread(error))
    }

    async fn newest_snapshot(&self, root: EventId) -> Result<Option<String>, StoreError> {
        self.read_snapshot(root, None).await.map_err(|error| self.unread(error))
    }

    async fn put_snapshot(&self, root: EventId, generation: u32, text: &str) -> Result<Digest, StoreError> {
        let digest = Digest::of(text.as_bytes());
        self.ask(Work::Snapshot { root, generation, digest, text: text.to_owned() }).await.map(|_| digest)
    }

    async fn claim_deliveries(&self, limit: usize, per_connection: usize, lease: Duration) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let wanted = wanted(limit, per_connection, lease);
        lease!(self, Line::Deliveries, deliveries_changed, lease_deliveries, wanted)
    }

    #[cfg(test)]
    async fn claim_deliveries_now(&self, limit: usize, per_connection: usize, lease: Duration) -> Result<Vec<ClaimedDelivery>, StoreError> {
        self.lease_deliveries(wanted(limit, per_connection, lease)).await
    }

    async fn finish_delivery(&self, held: Lease<i64>, outcome: DeliveryOutcome) -> Result<Finished, StoreError> {
        self.ask_finished(Work::FinishDelivery { held, outcome }).await
    }

    async fn bind(&self, project: &ProjectName, to: &Binding) -> Result<Binding, StoreError> {
        ask!(self, Work::Bind { project: project.clone(), to: to.clone() }, Bound)
    }

    async fn rebind(&self, project: &ProjectName, to: &Binding) -> Result<(), StoreError> {
        self.ask(Work::Rebind { project: project.clone(), to: to.clone() }).await.map(|_| ())
    }

    async fn forget_project(&self, project: &ProjectName, limit: u32) -> Result<u32, StoreError> {
        ask!(self, Work::ForgetProject { project: project.clone(), limit }, Gone)
    }

    async fn seen(&self, project: &ProjectName, keys: &[String]) -> Result<Vec<Option<EventId>>, StoreError> {
        self.read_seen(project, keys).await.map_err(|error| self.unread(error))
    }

    async fn mark(&self, project: &ProjectName, name: &str) -> Result<Option<String>, StoreError> {
        self.read_mark(project, name).await.map_err(|error| self.unread(error))
    }

    async fn set_mark(&self, project: &ProjectName, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let work = Work::Mark { project: project.clone(), name: name.to_owned(), value: value.map(str::to_owned) };
        self.ask(work).await.map(|_| ())
    }

    async fn prune(&self, cutoff: Cutoff, after: i64, limit: u32) -> Result<Walked, StoreError> {
        ask!(self, Work::Prune { cutoff, after, limit }, Walked)
    }

    async fn forget_worker(
        &self,
        project: &ProjectName,
        forgotten: &Forgotten,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ForgetStep, StoreError> {
        let after = after.map(str::to_owned);
        ask!(self, Work::Forget { project: project.clone(), forgotten: forgotten.clone(), after, limit }, Forgot)
    }

    async fn count_analyses(&self, rows: (i64, i64), analyses: Vec<Analysed>) -> Result<bool, StoreError> {
        ask!(self, Work::Count { rows, analyses }, Counted)
    }

    async fn put_sample(&self, sample: Sample, oldest: i64) -> Result<(), StoreError> {
        self.ask(Work::Sample { sample, oldest }).await.map(|_| ())
    }

    fn browse(&self) -> &dyn Browse {
        self
    }

    async fn totals(&self) -> Result<Totals, StoreError> {
        let counters = self.read_counters().await.map_err(|error| self.unread(error))?;
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        let Counters { event, runs, dead, deliveries_dead, set_aside, waiting, deliveries_waiting, .. } = counters;
        Ok(Totals {
            events: count(event),
            waiting: count(waiting),
            deliveries_waiting: count(deliveries_waiting),
            runs: count(runs),
            dead: count(dead),
            deliveries_dead: count(deliveries_dead),
            set_aside: count(set_aside),
        })
    }

    async fn vitals(&self) -> Result<Vitals, StoreError> {
        if self.shared.is_replaced.load(Ordering::Acquire) {
            return Err(StoreError::Replaced);
        }
        self.read_vitals().await.map_err(|error| self.unread(error))
    }

    async fn event(&self, id: EventId) -> Result<Option<(Event, Standing)>, StoreError> {
        self.read_event(id).await.map_err(|error| self.unread(error))
    }

    async fn latest_events(
        &self,
        project: &ProjectName,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<(Event, Standing)>, StoreError> {
        self.read_latest_events(project, before, limit).await.map_err(|error| self.unread(error))
    }

    async fn derived(&self, root: EventId) -> Result<Vec<Event>, StoreError> {
        self.read_derived(root).await.map_err(|error| self.unread(error))
    }

    async fn join(&self, events: &[EventId], plugin: &PluginName, origin: Origin) -> Result<u32, StoreError> {
        ask!(self, Work::Join { events: events.to_vec(), plugin: plugin.clone(), origin }, Joined)
    }

    async fn runs(&self, event: EventId) -> Result<Vec<(PluginName, Run)>, StoreError> {
        self.read_runs(event).await.map_err(|error| self.unread(error))
    }

    async fn deliveries(&self, event: EventId) -> Result<Vec<DeliveryRecord>, StoreError> {
        self.read_deliveries(event).await.map_err(|error| self.unread(error))
    }

    async fn badges(&self, project: &ProjectName, wanted: WantedBadges<'_>) -> Result<Vec<KeptBadge>, StoreError> {
        self.read_badges(project, wanted).await.map_err(|error| self.unread(error))
    }

    async fn badge(&self, project: &ProjectName, id: BadgeId) -> Result<Option<KeptBadge>, StoreError> {
        self.read_badge(project, id).await.map_err(|error| self.unread(error))
    }

    async fn dead_letters(&self, wanted: &WantedDead, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        self.read_dead_letters(wanted, limit).await.map_err(|error| self.unread(error))
    }

    async fn give_up(&self, unfinished: &[Unfinished]) -> Result<GivenUp, StoreError> {
        ask!(self, Work::GiveUp(unfinished.to_vec()), GivenUp)
    }

    async fn replay(&self, wanted: &WantedDead, limit: u32) -> Result<Replayed, StoreError> {
        ask!(self, Work::Replay { wanted: wanted.clone(), limit }, Replayed)
    }

    async fn replay_event(&self, event: EventId, plugins: &[PluginName], fresh: bool) -> Result<ReplayedEvent, StoreError> {
        ask!(self, Work::ReplayEvent { event, plugins: plugins.to_vec(), fresh }, ReplayedEvent)
    }

    async fn quarantine(&self, held: &Quarantine) -> Result<(), StoreError> {
        self.ask(Work::Quarantine(held.clone())).await.map(|_| ())
    }

    async fn release(&self, scope: &Scope) -> Result<bool, StoreError> {
        ask!(self, Work::Release(scope.clone()), Released)
    }

    async fn quarantined(&self) -> Result<Vec<Quarantine>, StoreError> {
        self.read_quarantined().await.map_err(|error| self.unread(error))
    }

    async fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.invocations_changed.notify_waiters();
        self.shared.deliveries_changed.notify_waiters();
        self.readers.close();
        // An error says that it is closed already.
        self.ask(Work::Close).await.ok();
    }
}
