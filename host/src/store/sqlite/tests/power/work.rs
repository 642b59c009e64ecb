//! A store at work in a folder that is recorded: events come in, runs end, the log is folded in, somebody reads on and on, and now and
//! then it is closed or dies, and is opened again.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rusqlite::{Connection, ffi};
use tempfile::TempDir;

use super::super::super::open::DATABASE;
use super::super::super::{Options, SqliteStore};
use super::super::recorder::{Call, Fault, Recording, Step};
use super::image::Chance;
use crate::clock::{Clock, from_millis};
use crate::store::conformance::bench::{completed, emitting, saving, set};
use crate::store::{Completion, Finished, Outcome, Run, StateChange, Store as _, StoreError};

/// No checkpoint takes so long.
const PATIENCE: Duration = Duration::from_secs(20);
/// As many syncs fail in a row: a commit's, that of the log written anew for it, and others.
const FAULTS_MAX: usize = 4;
/// Each of them may make one attempt to open fail, once more for each file that heard of it late.
const OPENED_MAX: usize = 2 * FAULTS_MAX;
/// As many syncs may go well before the one that fails.
const FAULT_SKIPS: usize = 3;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// The store as it is.
    Store,
    /// The same on a disk whose syncs fail now and then.
    FailingSyncs,
    /// A store that never syncs, which is to be found out.
    NoSync,
    /// A store that answers before it commits, which is to be found out.
    AnsweredEarly,
}

/// Works for so many rounds, and gives what happened to the disk and what callers were told.
pub(super) async fn work(trial: Trial, (rounds, seed): (usize, u64)) -> Vec<Step> {
    let mut work = Work::begin(trial, seed);
    for _ in 0..rounds {
        match work.chance.below(20) {
            0 if work.chance.below(2) == 0 => work.die(),
            0 => work.close().await,
            1 | 2 => work.fold_in().await,
            3 => work.read_on(),
            4 => work.reader = None,
            5 if trial == Trial::FailingSyncs => work.stumble(),
            6..=12 => work.accept().await,
            _ => work.finish().await,
        }
    }
    work.recording.steps()
}

/// Something is accepted by a store that found a commit whose sync had failed: the one before it died of that.
pub(super) async fn work_after_a_failed_commit(seed: u64) -> Vec<Step> {
    let mut work = Work::begin(Trial::FailingSyncs, seed);
    work.accept().await;
    // Of the commit, and of the log that is written anew for that.
    work.recording.fail(Some(Fault { call: Call::Sync, ending: "-wal", skip: 0, times: 2, code: ffi::SQLITE_IOERR_FSYNC }));
    let failed = work.store.accept(vec![completed("birds", "failed", &["vote"])]).await;
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    work.die();
    work.accept().await;
    work.recording.steps()
}

struct Work {
    /// One who reads keeps the log from being folded in as a whole, and from being begun anew. Gone before the store, which waits for it.
    reader: Option<Connection>,
    store: SqliteStore,
    folder: TempDir,
    recording: Arc<Recording>,
    trial: Trial,
    chance: Chance,
    tasks: usize,
}

fn open(folder: &Path, trial: Trial) -> Result<SqliteStore, super::OpenError> {
    let options = Options { waiting_max: 100_000, clock: Clock::manual(from_millis(1_700_000_000_000)), ..Options::default() };
    if trial != Trial::NoSync {
        return SqliteStore::open(folder, options);
    }
    // SQLite syncs what it does by itself.
    Recording::of(folder).sync_no_commit();
    SqliteStore::open(folder, options)
}

impl Work {
    fn begin(trial: Trial, seed: u64) -> Self {
        let folder = super::super::temporary();
        let recording = Recording::begin(folder.path());
        let store = open(folder.path(), trial).unwrap();
        Self { reader: None, store, folder, recording, trial, chance: Chance(seed), tasks: 0 }
    }

    /// Something failed: on a disk that does, and on no other. Then it goes on, or is closed, or dies.
    async fn failed(&mut self, error: &StoreError) {
        assert!(self.trial == Trial::FailingSyncs && !matches!(error, StoreError::Full { .. }), "{error}");
        match self.chance.below(3) {
            0 => {}
            1 => self.close().await,
            _ => self.die(),
        }
    }

    async fn accept(&mut self) {
        let asked: Vec<_> =
            (0..=self.chance.below(3)).map(|more| completed("birds", &(self.tasks + more).to_string(), &["vote"])).collect();
        self.tasks += asked.len();
        let (store, recording, early) = (&self.store, &self.recording, self.trial == Trial::AnsweredEarly);
        let each = asked.into_iter().map(async |asked| {
            let id = asked.event.id;
            if early {
                recording.say(Step::Accepted(id));
            }
            store.accept(vec![asked]).await.map(|_| recording.say(Step::Accepted(id)))
        });
        let answers = join_all(each).await;
        if let Some(error) = answers.into_iter().find_map(Result::err) {
            self.failed(&error).await;
        }
    }

    async fn finish(&mut self) {
        let claimed = tokio::time::timeout(Duration::ZERO, self.store.claim(1, 1, Duration::from_secs(600))).await;
        let claimed = match claimed {
            Err(_) => return,
            Ok(Err(error)) => return self.failed(&error).await,
            Ok(Ok(mut claimed)) => claimed.remove(0),
        };
        // What was emitted has its turn too; then nothing follows from it.
        let completion = if claimed.event.depth > 0 {
            Completion::default()
        } else {
            let text = "value ".repeat(self.chance.below(400));
            Completion {
                changes: vec![StateChange::Increment("n".to_owned(), 1), set(&self.tasks.to_string(), &text)],
                effects: vec![saving("one", "{}")],
                events: vec![emitting(&claimed, &["mail"])],
                ..Completion::default()
            }
        };
        match self.store.finish(claimed.lease, Outcome::Done(completion), run()).await {
            Ok(finished) => {
                assert_eq!(finished, Finished::Recorded);
                self.recording.say(Step::Finished(claimed.event.id));
            }
            Err(error) => self.failed(&error).await,
        }
    }

    /// Waits until a commit is folded into the database as a whole.
    async fn fold_in(&mut self) {
        self.reader = None;
        let (syncs, failed) = (self.recording.syncs(DATABASE), self.recording.failed());
        self.accept().await;
        let end = Instant::now() + PATIENCE;
        while self.recording.syncs(DATABASE) == syncs && self.recording.failed() == failed {
            assert!(Instant::now() < end, "the log is not folded in");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn read_on(&mut self) {
        let reader = Connection::open(self.folder.path().join(DATABASE)).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM event;").unwrap();
        self.reader = Some(reader);
    }

    fn stumble(&mut self) {
        let ending = if self.chance.below(2) == 0 { "-wal" } else { ".db" };
        let (skip, times) = (self.chance.below(FAULT_SKIPS), 1 + self.chance.below(FAULTS_MAX));
        self.recording.fail(Some(Fault { call: Call::Sync, ending, skip, times, code: ffi::SQLITE_IOERR_FSYNC }));
    }

    async fn close(&mut self) {
        // Its end waits for seconds for those who read on.
        self.reader = None;
        self.store.close().await;
        self.leave();
        self.recording.rest();
        self.open_again();
    }

    fn die(&mut self) {
        let folder = super::super::temporary();
        self.recording.die(folder.path());
        self.leave();
        self.folder = folder;
        self.open_again();
    }

    /// Ends the store and whoever reads on. The folder is free only when they are gone.
    fn leave(&mut self) {
        self.reader = None;
        let nowhere = super::super::temporary();
        drop(std::mem::replace(&mut self.store, SqliteStore::open(nowhere.path(), Options::default()).unwrap()));
    }

    fn open_again(&mut self) {
        for _ in 0..OPENED_MAX {
            match open(self.folder.path(), self.trial) {
                Ok(store) => {
                    self.store = store;
                    return;
                }
                Err(error) => assert_eq!(self.trial, Trial::FailingSyncs, "{error}"),
            }
        }
        panic!("the disk is well again and the store does not open");
    }
}

fn run() -> Run {
    Run {
        component: None,
        settings: None,
        started_at: from_millis(0),
        duration_ms: 0,
        cpu_ms: 0,
        memory_bytes: Some(1_500_000),
        outcome: "ok".to_owned(),
        reason: String::new(),
        log: "[]".to_owned(),
        read: "{}".to_owned(),
    }
}
