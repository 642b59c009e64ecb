//! The store in one SQLite file, for one host.
//!
//! ```text
//! callers → commands → writer: one transaction a group → COMMIT → settler: sync → agendas → answers
//! callers → agenda (in memory): claims, renewals
//! callers → readers: snapshots of the last commit
//! ```
//!
//! The agendas change when a commit is on the disk and before the answer. So what is leased out is on disk, and who was told that
//! something was recorded finds it to claim. Claims are not written: one process owns the file, so a crash frees all leases.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

use self::checkpoint::Checkpointer;
use self::counters::Counters;
use self::log::Log;
use self::names::Names;
pub use self::open::OpenError;
use self::read::Readers;
use self::rows::Packed;
use self::settle::Settler;
use self::work::{AnalysedRow, Answer, Command, Ending, Incoming, RunRow, Work};
use self::writer::{Writer, failed};
use super::agenda::{Agenda, Leased};
use super::browse::Browse;
use super::figures::{Analysed, Sample};
use super::lock::{Lock, lock};
use super::shares::COMMANDS_MAX;
use super::{
    Acceptance, Accepted, Backlog, Binding, Claimed, ClaimedDelivery, Cutoff, DeadLetter, DeliveryOutcome, DeliveryRecord, Finished,
    ForgetStep, Forgotten, GivenUp, KeptBadge, KeptResult, Lease, Outcome, Quarantine, Replayed, ReplayedEvent, Run, StateEntry, Store,
    StoreError, Totals, Unfinished, Vitals, Walked, WantedBadges, WantedDead,
};
use crate::clock::{self, Clock};
use crate::event::{Event, Origin, Standing};
use crate::id::{BadgeId, Digest, EventId, InvocationId, PluginName, ProjectName, Scope};
use crate::telemetry::Metrics;

mod batch;
mod browse;
mod checkpoint;
pub(super) mod copy;
mod counters;
mod dead;
mod disk;
mod figures;
mod line;
mod log;
mod names;
mod open;
mod place;
mod read;
mod rows;
mod scan;
mod settle;
mod work;
mod writer;

#[cfg(test)]
mod tests;

/// How long a connection waits for another one's lock, which only recovery and the end of the log ever take for long.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// With a clock that a test moves, nobody says when it was moved: who waits looks this often.
const MANUAL_LOOK: Duration = Duration::from_millis(50);

/// What is not there any more and still in the agenda is looked at again after so long: a commit took it away that is not on the disk yet.
const GONE_PAUSE_MS: i64 = 50;

/// What cannot be read while others can is looked at again after so long: somebody must mend it first, and each look is told in the log.
const UNREAD_PAUSE_MS: i64 = 60_000;

/// What is read while names are given is read so often, at most.
const READS_MAX: usize = 8;

/// What a store is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    /// As many invocations may wait; beyond that nothing is accepted. What plugins emit comes in all the same.
    pub waiting_max: usize,
    /// Tells the time.
    pub clock: Clock,
    /// Where commits are counted and measured.
    pub metrics: Metrics,
}

impl Default for Options {
    /// A million invocations, which take 140 MB of memory, and the machine's clock.
    fn default() -> Self {
        Self { waiting_max: 1_000_000, clock: Clock::System, metrics: Metrics::default() }
    }
}

/// A store in a folder.
pub struct SqliteStore {
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    /// Who looks through listings waits for their turn here.
    pages: Arc<Semaphore>,
    /// None for one that is opened to be read only.
    commands: Option<mpsc::Sender<Command>>,
    writer: Option<JoinHandle<()>>,
    /// The database.
    file: PathBuf,
}

/// What callers and the writer thread both use.
struct Shared {
    clock: Clock,
    waiting_max: usize,
    invocations: Mutex<Agenda>,
    deliveries: Mutex<Agenda>,
    invocations_changed: Notify,
    deliveries_changed: Notify,
    names: RwLock<Arc<Names>>,
    counters: Mutex<Counters>,
    closed: AtomicBool,
}

impl Shared {
    fn invocations(&self) -> MutexGuard<'_, Agenda> {
        self.invocations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliveries(&self) -> MutexGuard<'_, Agenda> {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads with what numbers in rows stand for, and anew where more were named meanwhile: names are there before a row that bears their
    /// numbers, but may have been looked up before both.
    fn with_names<T>(&self, read: impl Fn(&Names) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let mut names = self.names();
        for _ in 1..READS_MAX {
            let read = read(&names);
            let now = self.names();
            if Arc::ptr_eq(&names, &now) {
                return read;
            }
            names = now;
        }
        read(&names)
    }

    fn set_names(&self, names: Names) {
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(names);
    }

    fn set_counters(&self, counters: Counters) {
        *self.counters.lock().unwrap_or_else(PoisonError::into_inner) = counters;
    }
}

/// One of the two agendas, and what is told when it changes.
struct Waiting<'a> {
    agenda: &'a Mutex<Agenda>,
    changed: &'a Notify,
    /// Where its entries are rows.
    table: &'static str,
}

impl SqliteStore {
    /// Opens the store in `folder`, which is made when it is not there. It is ours alone until the store is dropped.
    ///
    /// # Errors
    ///
    /// [`OpenError`], each with what to do about it. Nothing was changed, unless a migration failed halfway through
    /// several of them: then the ones before it are done.
    pub fn open(folder: &Path, options: Options) -> Result<Self, OpenError> {
        let lock = lock(folder)?;
        let db = open::open_writer(folder)?;
        Self::over(folder, (lock, db), options)
    }

    /// Starts the threads of a store whose folder is ours and whose schema is known.
    fn over(folder: &Path, (lock, db): (Lock, Connection), options: Options) -> Result<Self, OpenError> {
        let file = folder.join(open::DATABASE);
        let failed = |source| OpenError::Database { file: file.clone(), source };
        let mut names = Names::load(&db).map_err(failed)?;
        let counters = Counters::load(&db).map_err(failed)?;
        let (invocations, deliveries) = open::agendas(&db, &mut names, options.clock.now()).map_err(failed)?;
        names.changed = false;
        let readers = Arc::new(Readers::open(&file).map_err(failed)?);
        let metrics = options.metrics.clone();
        let shared = Arc::new(Shared::new(options, (invocations, deliveries), names.clone(), counters));
        let (commands, waiting) = mpsc::channel(COMMANDS_MAX);
        let thread = |source| OpenError::Folder { path: folder.to_owned(), source };
        let log = Arc::new(Log::open(&folder.join(open::LOG)).map_err(thread)?);
        let checkpointer = Checkpointer::start(file.clone(), Arc::clone(&log), commands.downgrade(), metrics.clone()).map_err(thread)?;
        let settler = Settler::start(Arc::clone(&log), Arc::clone(&shared), metrics.clone()).map_err(thread)?;
        let writer = Writer {
            db,
            shared: Arc::clone(&shared),
            names,
            counters,
            log,
            settler,
            unsettled: VecDeque::new(),
            committed: 0,
            checkpointer,
            metrics,
        };
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                writer.run(waiting);
                drop(lock);
            })
            .map_err(thread)?;
        let pages = Arc::new(Semaphore::new(browse::PAGES_AT_ONCE));
        Ok(Self { shared, readers, pages, commands: Some(commands), writer: Some(writer), file })
    }

    /// Opens the store in `folder` to be read only, whether a host is at work in it or not. Claims and writes fail.
    ///
    /// # Errors
    ///
    /// [`OpenError::Absent`], [`OpenError::Newer`], [`OpenError::Older`] or [`OpenError::Database`].
    pub fn open_read_only(folder: &Path) -> Result<Self, OpenError> {
        let file = folder.join(open::DATABASE);
        if !file.is_file() {
            return Err(OpenError::Absent { folder: folder.to_owned() });
        }
        let failed = |source| OpenError::Database { file: file.clone(), source };
        let readers = Arc::new(Readers::open(&file).map_err(failed)?);
        let (found, known) = readers.with(open::version).map_err(failed)?;
        let folder = folder.to_owned();
        match found.cmp(&known) {
            std::cmp::Ordering::Less => return Err(OpenError::Older { folder, found, known }),
            std::cmp::Ordering::Greater => return Err(OpenError::Newer { folder, found, known }),
            std::cmp::Ordering::Equal => {}
        }
        let names = readers.with(Names::load).map_err(failed)?;
        let shared = Arc::new(Shared::new(Options::default(), Default::default(), names, Counters::default()));
        let pages = Arc::new(Semaphore::new(browse::PAGES_AT_ONCE));
        Ok(Self { shared, readers, pages, commands: None, writer: None, file })
    }

    /// How large the files of the store are, the log among them.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        let (database, log, _) = disk::use_of(&self.file);
        database + log
    }

    /// Where [`SqliteStore::back_up`] to `file` writes until it is done.
    #[must_use]
    pub fn part_of(file: &Path) -> PathBuf {
        file.with_added_extension(format!("{}.part", std::process::id()))
    }

    /// Writes a copy of everything, as it is in this moment, into a new file, whether a host is at work or not. On disk when this returns.
    ///
    /// # Errors
    ///
    /// When the file is there already, or cannot be written whole: then there is none.
    pub fn back_up(&self, file: &Path) -> Result<(), StoreError> {
        let part = Self::part_of(file);
        let copied =
            self.readers.with(|db| db.execute("VACUUM INTO ?1", [part.to_string_lossy()])).map_err(|error| failed(&error)).and_then(|_| {
                place::place(&part, file).map_err(|error| StoreError::Failed(format!("`{}` cannot be written: {error}", file.display())))
            });
        if copied.is_err() {
            std::fs::remove_file(&part).ok();
        }
        copied
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

    /// Reads with what names stand for now.
    fn read<T>(&self, read: impl Fn(&Connection, &Names) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        let read = match self.commands {
            Some(_) => self.shared.with_names(|names| self.readers.with(|db| read(db, names))),
            // A host that is at work meanwhile may name more: names and rows are of one commit.
            None => self.readers.with_snapshot(|db| read(db, &Names::load(db)?)),
        };
        read.map_err(|error| self.unread(&error))
    }

    /// Leases what is due, waiting until there is something, and gives what `fetch` makes of it. What is gone by the time it is
    /// fetched is left out, and put back until the agenda is told; so is what cannot be read while others can, for [`UNREAD_PAUSE_MS`].
    /// Between leasing and giving there is no wait, so a caller who goes away holds no lease.
    async fn lease<T>(
        &self,
        waiting: Waiting<'_>,
        (limit, per_member, lease): (usize, usize, Duration),
        fetch: impl Fn(&Connection, &Names, &Leased) -> rusqlite::Result<Option<T>> + Send + Sync,
    ) -> Result<Vec<T>, StoreError> {
        if self.commands.is_none() {
            return Err(StoreError::read_only());
        }
        let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        loop {
            // Registered before the agenda is looked at, so that no change in between is missed.
            let mut changed = std::pin::pin!(waiting.changed.notified());
            changed.as_mut().enable();
            if self.shared.closed.load(Ordering::Acquire) {
                return Err(StoreError::Closed);
            }
            let (leased, pause) = {
                let mut agenda = waiting.agenda.lock().unwrap_or_else(PoisonError::into_inner);
                let now = self.shared.clock.now();
                let leased = agenda.claim(now.as_millisecond(), limit.max(1), per_member.max(1), lease);
                let pause = agenda.next_moment().map(|moment| clock::between(now, clock::from_millis(moment)));
                (leased, pause)
            };
            if !leased.is_empty() {
                let now = self.shared.clock.now().as_millisecond();
                let give_back =
                    |leased: &Leased, due| waiting.agenda.lock().unwrap_or_else(PoisonError::into_inner).put_back(leased.id, due);
                let fetched = self.fetch(&leased, &fetch).inspect_err(|_| leased.iter().for_each(|leased| give_back(leased, now)))?;
                let mut given = Vec::with_capacity(fetched.len());
                for (leased, fetched) in leased.iter().zip(fetched) {
                    match fetched {
                        Ok(Some(fetched)) => given.push(fetched),
                        Ok(None) => give_back(leased, now + GONE_PAUSE_MS),
                        Err(error) => {
                            give_back(leased, now + UNREAD_PAUSE_MS);
                            tell_unread(waiting.table, leased.id, &error);
                        }
                    }
                }
                if !given.is_empty() {
                    return Ok(given);
                }
                continue;
            }
            let pause = match self.shared.clock {
                Clock::Manual(_) => Some(MANUAL_LOOK),
                Clock::System => pause,
            };
            match pause {
                // Nobody may come to see a lost wake-up; looking again costs nothing.
                Some(pause) => drop(tokio::time::timeout(pause, changed).await),
                None => changed.await,
            }
        }
    }

    /// What `fetch` finds of each, in one look at the database; none of what is gone. Where that fails, each is looked at alone, so that a
    /// row that cannot be read does not keep the others from being given.
    ///
    /// # Errors
    ///
    /// When not one of them can be read.
    fn fetch<T>(
        &self,
        leased: &[Leased],
        fetch: &(impl Fn(&Connection, &Names, &Leased) -> rusqlite::Result<Option<T>> + Send + Sync),
    ) -> Result<Vec<rusqlite::Result<Option<T>>>, StoreError> {
        let look = |leased: &[Leased]| -> rusqlite::Result<Vec<Option<T>>> {
            let all = |db: &Connection, names: &Names| leased.iter().map(|leased| fetch(db, names, leased)).collect();
            self.shared.with_names(|names| self.readers.with_snapshot(|db| all(db, names)))
        };
        let error = match look(leased) {
            Ok(fetched) => return Ok(fetched.into_iter().map(Ok).collect()),
            Err(error) => error,
        };
        // Nothing is wrong with a row when somebody else holds the file, and each look would wait for them.
        if leased.len() > 1 && error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) {
            let alone = |leased| look(std::slice::from_ref(leased)).map(|found| found.into_iter().flatten().next());
            let fetched: Vec<rusqlite::Result<Option<T>>> = leased.iter().map(alone).collect();
            if fetched.iter().any(Result::is_ok) && !self.shared.closed.load(Ordering::Acquire) {
                return Ok(fetched);
            }
        }
        Err(self.unread(&error))
    }

    /// Why something was not read: closing takes the readers away from those who came just before.
    fn unread(&self, error: &rusqlite::Error) -> StoreError {
        if self.shared.closed.load(Ordering::Acquire) { StoreError::Closed } else { failed(error) }
    }
}

impl Shared {
    fn new(options: Options, (invocations, deliveries): (Agenda, Agenda), names: Names, counters: Counters) -> Self {
        Self {
            clock: options.clock,
            waiting_max: options.waiting_max,
            invocations: Mutex::new(invocations),
            deliveries: Mutex::new(deliveries),
            invocations_changed: Notify::new(),
            deliveries_changed: Notify::new(),
            names: RwLock::new(Arc::new(names)),
            counters: Mutex::new(counters),
            closed: AtomicBool::new(false),
        }
    }
}

impl Drop for SqliteStore {
    /// Lets the writer finish what it was asked, so that the folder is free afterwards.
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.readers.close();
        self.commands = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("The store's writer ended with a panic");
        }
    }
}

fn tell_unread(table: &str, row: i64, error: &rusqlite::Error) {
    let pause_s = UNREAD_PAUSE_MS / 1_000;
    tracing::error!(error = %error, "Row {row} of `{table}` cannot be read and waits, will look again in {pause_s} s: {error}");
}

fn backlog(agenda: &Agenda, oldest: Option<i64>) -> Backlog {
    let (all, later, leased) = (agenda.len(), agenda.later(), agenda.leased());
    Backlog { queued: all.saturating_sub(later + leased), later, leased, oldest: oldest.map(clock::from_millis) }
}

#[async_trait]
impl Store for SqliteStore {
    async fn accept(&self, batch: Vec<Acceptance>) -> Result<Vec<Accepted>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        match self.ask(Work::Accept(batch.into_iter().map(Incoming::of).collect())).await? {
            Answer::Accepted(accepted) => Ok(accepted),
            _ => Err(StoreError::odd_answer()),
        }
    }

    async fn claim(&self, limit: usize, per_plugin: usize, lease: Duration) -> Result<Vec<Claimed>, StoreError> {
        let waiting = Waiting { agenda: &self.shared.invocations, changed: &self.shared.invocations_changed, table: "invocation" };
        self.lease(waiting, (limit, per_plugin, lease), |db, names, leased| {
            let lease = Lease { id: InvocationId(leased.id), generation: leased.generation };
            read::claimed(db, names, leased.about, lease)
        })
        .await
    }

    async fn renew(&self, held: Lease<InvocationId>, lease: Duration) -> bool {
        let until = clock::after(self.shared.clock.now(), lease).as_millisecond();
        self.shared.invocations().renew(held.id.0, held.generation, until)
    }

    async fn finish(&self, held: Lease<InvocationId>, outcome: Outcome, run: Run) -> Result<Finished, StoreError> {
        let ending = Box::new(Ending::of(outcome)?);
        self.ask_finished(Work::Finish { held, ending, run: Box::new(RunRow::of(run)) }).await
    }

    async fn get_state(&self, scope: &Scope, key: &str) -> Result<Option<StateEntry>, StoreError> {
        self.read(|db, names| names.known_scope(scope).map_or(Ok(None), |scope| read::state(db, scope, key)))
    }

    async fn scan_state(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<StateEntry>, StoreError> {
        self.read(|db, names| names.known_scope(scope).map_or(Ok(Vec::new()), |scope| read::states(db, scope, prefix, after, limit)))
    }

    async fn state_bytes(&self, scope: &Scope) -> Result<u64, StoreError> {
        self.read(|db, names| names.known_scope(scope).map_or(Ok(0), |scope| read::state_bytes(db, scope)))
    }

    async fn task_result(&self, project: &ProjectName, task: &str) -> Result<Option<KeptResult>, StoreError> {
        self.read(|db, names| names.known_project(project).map_or(Ok(None), |project| read::task_result(db, names, project, task)))
    }

    async fn snapshot(&self, root: EventId, generation: u32) -> Result<Option<String>, StoreError> {
        self.read(|db, _| read::snapshot(db, root, generation))
    }

    async fn newest_snapshot(&self, root: EventId) -> Result<Option<String>, StoreError> {
        self.read(|db, _| read::newest_snapshot(db, root))
    }

    async fn put_snapshot(&self, root: EventId, generation: u32, text: &str) -> Result<Digest, StoreError> {
        let digest = Digest::of(text.as_bytes());
        let body = Packed::of(text.to_owned());
        self.ask(Work::Snapshot { root, generation, digest, body }).await.map(|_| digest)
    }

    async fn claim_deliveries(&self, limit: usize, per_connection: usize, lease: Duration) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let waiting = Waiting { agenda: &self.shared.deliveries, changed: &self.shared.deliveries_changed, table: "delivery" };
        self.lease(waiting, (limit, per_connection, lease), |db, names, leased| {
            read::claimed_delivery(db, names, Lease { id: leased.id, generation: leased.generation })
        })
        .await
    }

    async fn finish_delivery(&self, held: Lease<i64>, outcome: DeliveryOutcome) -> Result<Finished, StoreError> {
        self.ask_finished(Work::FinishDelivery { held, outcome }).await
    }

    async fn bind(&self, project: &ProjectName, to: &Binding) -> Result<Binding, StoreError> {
        match self.ask(Work::Bind { project: project.clone(), to: to.clone() }).await? {
            Answer::Bound(bound) => Ok(bound),
            _ => Err(StoreError::odd_answer()),
        }
    }

    async fn rebind(&self, project: &ProjectName, to: &Binding) -> Result<(), StoreError> {
        self.ask(Work::Rebind { project: project.clone(), to: to.clone() }).await.map(|_| ())
    }

    async fn forget_project(&self, project: &ProjectName, limit: u32) -> Result<u32, StoreError> {
        match self.ask(Work::ForgetProject { project: project.clone(), limit }).await? {
            Answer::Gone(gone) => Ok(gone),
            _ => Err(StoreError::odd_answer()),
        }
    }

    async fn seen(&self, project: &ProjectName, keys: &[String]) -> Result<Vec<Option<EventId>>, StoreError> {
        self.read(|db, names| {
            let project = names.known_project(project);
            keys.iter().map(|key| project.map_or(Ok(None), |project| read::seen(db, project, key))).collect()
        })
    }

    async fn mark(&self, project: &ProjectName, name: &str) -> Result<Option<String>, StoreError> {
        self.read(|db, names| names.known_project(project).map_or(Ok(None), |project| read::mark(db, project, name)))
    }

    async fn set_mark(&self, project: &ProjectName, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let work = Work::Mark { project: project.clone(), name: name.to_owned(), value: value.map(str::to_owned) };
        self.ask(work).await.map(|_| ())
    }

    async fn count_analyses(&self, rows: (i64, i64), analyses: Vec<Analysed>) -> Result<bool, StoreError> {
        let analyses = analyses.into_iter().map(AnalysedRow::of).collect::<Result<_, _>>()?;
        match self.ask(Work::Count { rows, analyses }).await? {
            Answer::Counted(counted) => Ok(counted),
            _ => Err(StoreError::odd_answer()),
        }
    }

    async fn put_sample(&self, sample: Sample, oldest: i64) -> Result<(), StoreError> {
        self.ask(Work::Sample { sample, oldest }).await.map(|_| ())
    }

    fn browse(&self) -> &dyn Browse {
        self
    }

    async fn totals(&self) -> Result<Totals, StoreError> {
        let (counters, waiting, deliveries_waiting) = if self.commands.is_some() {
            let counters = *self.shared.counters.lock().unwrap_or_else(PoisonError::into_inner);
            (counters, self.shared.invocations().len() as u64, self.shared.deliveries().len() as u64)
        } else {
            self.read(|db, _| read::totals(db))?
        };
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        Ok(Totals {
            events: count(counters.event),
            waiting,
            deliveries_waiting,
            runs: count(counters.runs),
            dead: count(counters.dead),
            deliveries_dead: count(counters.deliveries_dead),
            set_aside: count(counters.set_aside),
        })
    }

    async fn vitals(&self) -> Result<Vitals, StoreError> {
        let (invocation, delivery) = self.read(|db, _| Ok((read::oldest_invocation(db)?, read::oldest_delivery(db)?)))?;
        let (database_bytes, log_bytes, free_bytes) = disk::use_of(&self.file);
        Ok(Vitals {
            invocations: backlog(&self.shared.invocations(), invocation),
            deliveries: backlog(&self.shared.deliveries(), delivery),
            waiting_max: self.shared.waiting_max,
            database_bytes,
            log_bytes,
            free_bytes,
        })
    }

    async fn event(&self, id: EventId) -> Result<Option<(Event, Standing)>, StoreError> {
        self.read(|db, names| read::event(db, names, id))
    }

    async fn runs(&self, event: EventId) -> Result<Vec<(PluginName, Run)>, StoreError> {
        self.read(|db, names| read::runs(db, names, event))
    }

    async fn deliveries(&self, event: EventId) -> Result<Vec<DeliveryRecord>, StoreError> {
        self.read(|db, names| read::deliveries(db, names, event))
    }

    async fn badges(&self, project: &ProjectName, wanted: WantedBadges<'_>) -> Result<Vec<KeptBadge>, StoreError> {
        let WantedBadges { worker, badge, after, newest_first, limit } = wanted;
        let (project, worker, badge) = (project.clone(), worker.map(str::to_owned), badge.map(str::to_owned));
        self.look(move |db, names| {
            let wanted = WantedBadges { worker: worker.as_deref(), badge: badge.as_deref(), after, newest_first, limit };
            names.known_project(&project).map_or(Ok(Vec::new()), |project| read::badges(db, names, project, &wanted))
        })
        .await
    }

    async fn badge(&self, project: &ProjectName, id: BadgeId) -> Result<Option<KeptBadge>, StoreError> {
        self.read(|db, names| names.known_project(project).map_or(Ok(None), |project| read::badge(db, names, project, id)))
    }

    async fn dead_letters(&self, wanted: &WantedDead, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        self.read(|db, names| dead::letters(db, names, wanted, limit))
    }

    async fn give_up(&self, unfinished: &[Unfinished]) -> Result<GivenUp, StoreError> {
        match self.ask(Work::GiveUp(unfinished.to_vec())).await? {
            Answer::GivenUp(given_up) => Ok(given_up),
            _ => Err(StoreError::odd_answer()),
        }
    }

    async fn replay(&self, wanted: &WantedDead, limit: u32) -> Result<Replayed, StoreError> {
        match self.ask(Work::Replay { wanted: wanted.clone(), limit }).await? {
            Answer::Replayed(replayed) => Ok(replayed),
            _ => Err(StoreError::odd_answer()),
        }
    }

    async fn replay_event(&self, event: EventId, plugins: &[PluginName], fresh: bool) -> Result<ReplayedEvent, StoreError> {
        match self.ask(Work::ReplayEvent { event, plugins: plugins.to_vec(), fresh }).await? {
            Answer::ReplayedEvent(replayed) => Ok(replayed),
            _ => Err(StoreError::odd_answer()),
        }
    }

    async fn latest_events(
        &self,
        project: &ProjectName,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<(Event, Standing)>, StoreError> {
        self.read(|db, names| {
            names.known_project(project).map_or(Ok(Vec::new()), |project| read::latest_events(db, names, project, before, limit))
        })
    }

    async fn derived(&self, root: EventId) -> Result<Vec<Event>, StoreError> {
        self.read(|db, names| read::derived(db, names, root))
    }

    async fn join(&self, events: &[EventId], plugin: &PluginName, origin: Origin) -> Result<u32, StoreError> {
        match self.ask(Work::Join { events: events.to_vec(), plugin: plugin.clone(), origin }).await? {
            Answer::Joined(joined) => Ok(joined),
            _ => Err(StoreError::odd_answer()),
        }
    }

    async fn prune(&self, cutoff: Cutoff, after: i64, limit: u32) -> Result<Walked, StoreError> {
        match self.ask(Work::Prune { cutoff, after, limit }).await? {
            Answer::Walked(walked) => Ok(walked),
            _ => Err(StoreError::odd_answer()),
        }
    }

    async fn forget_worker(
        &self,
        project: &ProjectName,
        forgotten: &Forgotten,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ForgetStep, StoreError> {
        let after = after.map(str::to_owned);
        match self.ask(Work::Forget { project: project.clone(), forgotten: forgotten.clone(), after, limit }).await? {
            Answer::Forgot(step) => Ok(step),
            _ => Err(StoreError::odd_answer()),
        }
    }

    async fn quarantine(&self, held: &Quarantine) -> Result<(), StoreError> {
        self.ask(Work::Quarantine(held.clone())).await.map(|_| ())
    }

    async fn release(&self, scope: &Scope) -> Result<bool, StoreError> {
        match self.ask(Work::Release(scope.clone())).await? {
            Answer::Released(released) => Ok(released),
            _ => Err(StoreError::odd_answer()),
        }
    }

    async fn quarantined(&self) -> Result<Vec<Quarantine>, StoreError> {
        self.read(dead::quarantined)
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
