//! A disk that fails: every call by which the store opens, writes, cuts or syncs a file fails once, with each error that it may fail
//! with. Whoever was told that something is recorded finds it, whoever was told that it failed finds nothing of it, and the next one who
//! asks is served.

use std::ffi::c_int;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::ffi;
use tempfile::TempDir;

use super::super::open::DATABASE;
use super::super::{OpenError, Options, SqliteStore};
use super::recorder::{Call, Fault, Recording};
use crate::clock::from_millis;
use crate::id::EventId;
use crate::store::browse::{Place, WantedDeliveries};
use crate::store::conformance::bench::{completed, saving};
use crate::store::{Accepted, Completion, Finished, GivenUp, Outcome, Run, Store as _, StoreError, Totals, Unfinished};

/// What fails, and how.
const FAULTS: [(Call, c_int); 5] = [
    (Call::Open, ffi::SQLITE_CANTOPEN),
    (Call::Write, ffi::SQLITE_FULL),
    (Call::Write, ffi::SQLITE_IOERR_WRITE),
    (Call::Resize, ffi::SQLITE_IOERR_TRUNCATE),
    (Call::Sync, ffi::SQLITE_IOERR_FSYNC),
];
/// Events before the log is folded in, and after it.
const EVENTS: u64 = 3;
/// No checkpoint takes so long.
const PATIENCE: Duration = Duration::from_secs(20);
/// A lease that nobody waits for the end of.
const LEASE: Duration = Duration::from_secs(600);

/// A store at work on a disk whose call number `skip` of one kind fails.
struct Work {
    store: SqliteStore,
    recording: Arc<Recording>,
    folder: TempDir,
    accepted: u64,
    /// The event that was accepted last.
    newest: Option<EventId>,
    given_up: u64,
}

/// Opens the store. One call fails, so one attempt may.
fn open(folder: &TempDir, failed: impl Fn() -> usize) -> SqliteStore {
    let before = failed();
    match SqliteStore::open(folder.path(), Options::default()) {
        Ok(store) => store,
        Err(error) => {
            assert!(matches!(error, OpenError::Database { .. }) && failed() > before, "{error}");
            SqliteStore::open(folder.path(), Options::default()).unwrap()
        }
    }
}

impl Work {
    fn begin((call, code): (Call, c_int), skip: usize) -> Self {
        let folder = super::temporary();
        let recording = Recording::begin(folder.path());
        recording.fail(Some(Fault { call, ending: "", skip, times: 1, code }));
        let store = open(&folder, || recording.failed());
        Self { store, recording, folder, accepted: 0, newest: None, given_up: 0 }
    }

    /// Accepts an event; when that fails, once more.
    async fn accept(&mut self) {
        let asked = completed("birds", &self.accepted.to_string(), &["vote"]);
        self.newest = Some(asked.event.id);
        let before = self.recording.failed();
        if let Err(error) = self.store.accept(vec![asked.clone()]).await {
            assert!(matches!(error, StoreError::Failed(_)) && self.recording.failed() > before, "{error}");
            let db = super::beside(self.folder.path());
            let there: i64 = db.query_row("SELECT count(*) FROM event", [], |row| row.get(0)).unwrap();
            assert_eq!(there.unsigned_abs(), self.accepted, "something of it is there");
            let again = self.store.accept(vec![asked]).await.expect("the disk is well again");
            assert!(matches!(again[..], [Accepted::New(_)]), "{again:?}");
        }
        self.accepted += 1;
        assert_eq!(self.events().await, self.accepted);
    }

    /// Ends a run; when that fails, once more with the same lease.
    async fn finish(&self) {
        let claimed = self.store.claim(1, 1, LEASE).await.unwrap().remove(0);
        let ended = async || self.store.finish(claimed.lease, Outcome::Done(Completion::default()), run()).await;
        let finished = match ended().await {
            Ok(finished) => finished,
            Err(error) => {
                assert!(matches!(error, StoreError::Failed(_)), "{error}");
                ended().await.expect("the disk is well again")
            }
        };
        assert_eq!(finished, Finished::Recorded);
    }

    /// Gives up what was accepted last; when that fails, once more.
    async fn give_up(&mut self) {
        let unfinished = [Unfinished::Invocation { event: self.newest.unwrap(), plugin: "vote".parse().unwrap() }];
        let given_up = match self.store.give_up(&unfinished).await {
            Ok(given_up) => given_up,
            Err(error) => {
                assert!(matches!(error, StoreError::Failed(_)), "{error}");
                assert_eq!(self.store.totals().await.unwrap().dead, self.given_up, "it is told that it failed, and was done");
                self.store.give_up(&unfinished).await.expect("the disk is well again")
            }
        };
        assert_eq!(given_up, GivenUp { invocations: 1, deliveries: 0 });
        self.given_up += 1;
    }

    async fn events(&self) -> u64 {
        self.store.totals().await.unwrap().events
    }

    /// Waits until what was committed is folded into the database, or that failed.
    async fn fold_in(&mut self) {
        let (syncs, failed) = (self.recording.syncs(DATABASE), self.recording.failed());
        self.accept().await;
        let end = Instant::now() + PATIENCE;
        while self.recording.syncs(DATABASE) == syncs && self.recording.failed() == failed {
            assert!(Instant::now() < end, "the log is not folded in");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Closes it, opens it again, and counts.
    async fn end(self) {
        self.store.close().await;
        drop(self.store);
        let store = open(&self.folder, || self.recording.failed());
        let waiting = self.accepted - 2 - self.given_up;
        let expected = Totals { events: self.accepted, waiting, runs: 2, dead: self.given_up, ..Totals::default() };
        assert_eq!(store.totals().await.unwrap(), expected);
        self.recording.fail(None);
        let db = super::beside(self.folder.path());
        let text: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(text, "ok");
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

/// Works while one call fails. False when so many calls were not made.
async fn survives(fault: (Call, c_int), skip: usize) -> bool {
    let mut work = Work::begin(fault, skip);
    let recording = Arc::clone(&work.recording);
    for _ in 0..2 {
        for _ in 0..EVENTS {
            work.accept().await;
        }
        work.finish().await;
        work.give_up().await;
        work.fold_in().await;
    }
    work.end().await;
    recording.failed() > 0
}

/// Lets one call in `step` fail in turn, and says how many that were of each kind.
async fn sweep(step: usize) -> Vec<usize> {
    let mut failed = Vec::new();
    for fault in FAULTS {
        let (mut skip, mut count) = (0, 0);
        while survives(fault, skip).await {
            (skip, count) = (skip + step, count + 1);
        }
        failed.push(count);
    }
    failed
}

#[tokio::test]
async fn each_call_of_the_disk_may_fail() {
    let failed = sweep(7).await;
    assert!(failed.iter().all(|count| *count > 0), "{failed:?}");
}

#[tokio::test]
async fn what_a_commit_took_away_that_is_not_on_the_disk_holds_nobody_up() {
    let mut work = Work::begin((Call::Open, ffi::SQLITE_CANTOPEN), usize::MAX);
    let save = async |work: &mut Work| {
        work.accept().await;
        let claimed = work.store.claim(1, 1, LEASE).await.unwrap().remove(0);
        let saved = Completion { effects: vec![saving("one", "{}")], ..Completion::default() };
        work.store.finish(claimed.lease, Outcome::Done(saved), run()).await.unwrap();
    };
    let deliveries = async |work: &Work| work.store.claim_deliveries(1, 1, LEASE).await.unwrap().remove(0).id;
    save(&mut work).await;
    let first = work.store.browse().deliveries(&WantedDeliveries::default(), Place { before: None, limit: 9 }).await.unwrap().rows[0].id;
    // The commit, and the log that is written anew for it.
    work.recording.fail(Some(Fault { call: Call::Sync, ending: "-wal", skip: 0, times: 2, code: ffi::SQLITE_IOERR_FSYNC }));
    work.store.give_up(&[Unfinished::Delivery(first)]).await.unwrap_err();
    let soon = Duration::from_millis(20);
    assert!(tokio::time::timeout(soon, deliveries(&work)).await.is_err(), "it is gone, and the agenda does not know it");
    save(&mut work).await;
    let second = tokio::time::timeout(PATIENCE, deliveries(&work)).await.expect("it waits for the lease of what is gone");
    assert_ne!(second, first);
}

#[tokio::test]
async fn what_is_on_the_disk_late_is_told_without_another_commit() {
    let work = Work::begin((Call::Open, ffi::SQLITE_CANTOPEN), usize::MAX);
    work.recording.fail(Some(Fault { call: Call::Sync, ending: "-wal", skip: 0, times: 2, code: ffi::SQLITE_IOERR_FSYNC }));
    work.store.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap_err();
    assert_eq!(work.store.totals().await.unwrap(), Totals::default());
    let claimed = tokio::time::timeout(PATIENCE, work.store.claim(1, 1, LEASE)).await.expect("the disk is well again").unwrap();
    assert_eq!(claimed[0].event.task.as_deref(), Some("1"));
    assert_eq!(work.events().await, 1);
}

#[ignore = "takes minutes: `cargo xtask soak disk`"]
#[tokio::test]
async fn soak() {
    for (fault, count) in FAULTS.iter().zip(sweep(1).await) {
        println!("{fault:?}: {count} calls failed in turn, nothing was lost and nothing was there that was not answered for");
    }
}
