//! SQLite keeps what every engine keeps; beside it, what is its own: the folder, the lock, the schema, faults and crashes.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, params};
use tempfile::TempDir;

use super::{OpenError, Options, SqliteStore, open, read};
use crate::clock::{self, Clock};
use crate::store::conformance::bench::{completed, run_at, scope};
use crate::store::conformance::{Open, suite};
use crate::store::{Acceptance, Accepted, Outcome, Store, StoreError, Totals, WantedBadges};

/// A disk that fails and is well again.
mod disk;
/// Power cuts.
mod model;
mod power;
/// What SQLite does with its files, recorded, and failing where it is told to.
pub(super) mod recorder;
mod schemas;
/// How fast it is.
mod speed;

suite!(crate::store::sqlite::tests::fresh);

/// A folder of the test's own that goes with it.
pub(super) fn fresh() -> Option<Open> {
    let folder = tempfile::tempdir().unwrap();
    Some(Box::new(move |clock, waiting_max| {
        let options = Options { waiting_max, clock: clock.clone(), ..Options::default() };
        Arc::new(SqliteStore::open(folder.path(), options).unwrap()) as Arc<dyn Store>
    }))
}

/// A folder of the test's own: in memory where that can be had, for tests that record what is synced.
fn temporary() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder, Options::default()).unwrap()
}

/// A second connection to the store's file, to do harm with.
fn beside(folder: &Path) -> Connection {
    Connection::open(folder.join(open::DATABASE)).unwrap()
}

fn refused(opened: Result<SqliteStore, OpenError>) -> OpenError {
    match opened {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[test]
fn a_folder_is_made_when_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder.path().join("new/data")));
    assert!(folder.path().join("new/data/crowdhook.db").is_file());
}

#[test]
fn two_hosts_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let error = refused(SqliteStore::open(folder.path(), Options::default()));
    assert!(error.to_string().contains(&format!("in use by process {}: stop that one first", std::process::id())), "{error}");
    drop(first);
    open(folder.path());
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    beside(folder.path()).pragma_update(None, "user_version", 99).unwrap();
    for error in [refused(SqliteStore::open(folder.path(), Options::default())), refused(SqliteStore::open_read_only(folder.path()))] {
        assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(open::DATABASE), "not a database at all, but long enough to be looked at").unwrap();
    assert!(matches!(refused(SqliteStore::open(folder.path(), Options::default())), OpenError::Database { .. }));
}

#[test]
fn every_commit_is_left_to_the_settler_to_sync() {
    let folder = tempfile::tempdir().unwrap();
    let db = open::open_writer(folder.path()).unwrap();
    let number = |pragma: &str| db.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((number("synchronous"), number("page_size"), number("wal_autocheckpoint")), (1, 4_096, 4_000));
    let mode: String = db.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn one_file_is_left_when_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    store.close().await;
    drop(store);
    let mut left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["crowdhook.db", "lock"]);
}

#[tokio::test]
async fn a_store_is_read_while_a_host_is_at_work_and_when_none_is() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(refused(SqliteStore::open_read_only(folder.path())), OpenError::Absent { .. }));
    let host = open(folder.path());
    let reader = SqliteStore::open_read_only(folder.path()).unwrap();
    let asked = completed("birds", "1", &["vote"]);
    host.accept(vec![asked.clone()]).await.unwrap();
    let expected = Totals { events: 1, waiting: 1, ..Totals::default() };
    assert_eq!(reader.totals().await.unwrap(), expected);
    assert_eq!(reader.event(asked.event.id).await.unwrap().unwrap().0, asked.event);
    drop((host, reader));

    let reader = SqliteStore::open_read_only(folder.path()).unwrap();
    assert_eq!(reader.totals().await.unwrap(), expected);
    assert_eq!(reader.state_bytes(&scope("birds", "vote")).await.unwrap(), 0);
    let refused = reader.accept(vec![completed("birds", "2", &[])]).await.unwrap_err();
    assert_eq!(refused.to_string(), "the store failed: it was opened to be read only");
}

#[tokio::test]
async fn a_command_at_fault_does_not_take_others_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let known = completed("birds", "1", &["vote"]);
    store.accept(vec![known.clone()]).await.unwrap();
    // An id that was used before: the caller's fault.
    let wrong = Acceptance { dedup_key: "another".to_owned(), ..known };
    let right = |task: usize| store.accept(vec![completed("birds", &task.to_string(), &["vote"])]);
    let (first, wrong, last) = tokio::join!(futures_util::future::join_all((2..20).map(right)), store.accept(vec![wrong]), right(20));
    assert!(first.into_iter().chain([last]).all(|accepted| matches!(accepted.unwrap()[..], [Accepted::New(_)])));
    assert!(matches!(wrong, Err(StoreError::Failed(_))), "{wrong:?}");
    assert_eq!(store.totals().await.unwrap(), Totals { events: 20, waiting: 20, ..Totals::default() });
}

#[tokio::test]
async fn a_store_that_failed_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    let harm = beside(folder.path());
    harm.execute_batch("ALTER TABLE event RENAME TO elsewhere").unwrap();
    let asked = || completed("bees", "2", &["mail"]);
    for _ in 0..3 {
        let failed = store.accept(vec![asked()]).await;
        assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    }
    harm.execute_batch("ALTER TABLE elsewhere RENAME TO event").unwrap();
    assert!(matches!(store.accept(vec![asked()]).await.unwrap()[..], [Accepted::New(_)]), "its key was not spent");
    let totals = Totals { events: 2, waiting: 2, ..Totals::default() };
    assert_eq!(store.totals().await.unwrap(), totals);
    drop(store);
    assert_eq!(open(folder.path()).totals().await.unwrap(), totals);
}

#[tokio::test]
async fn what_cannot_be_read_is_leased_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    let harm = beside(folder.path());
    harm.execute_batch("ALTER TABLE event RENAME TO elsewhere").unwrap();
    let lease = std::time::Duration::from_secs(600);
    assert!(matches!(store.claim(1, 1, lease).await, Err(StoreError::Failed(_))));
    harm.execute_batch("ALTER TABLE elsewhere RENAME TO event").unwrap();
    assert_eq!(store.claim(1, 1, lease).await.unwrap().len(), 1);
}

/// Anybody may ask for the page of a badge that nobody has: that is no walk through all badges of the project.
#[test]
fn badges_are_found_by_an_index_whatever_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let db = open::open_writer(folder.path()).unwrap();
    for (worker, badge, index) in [
        (None, None, "badge_project (project=?)"),
        (None, Some("ten"), "badge_badge (project=? AND badge=?)"),
        (Some("7"), None, "sqlite_autoindex_badge_2 (project=? AND worker=?)"),
        (Some("7"), Some("ten"), "sqlite_autoindex_badge_2 (project=? AND worker=? AND badge=?)"),
    ] {
        for newest_first in [false, true] {
            let sql = read::badges_sql(&WantedBadges { worker, badge, newest_first, ..WantedBadges::first(1) });
            let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = statement.query_map(params![1, worker, badge, None::<&[u8]>, 1], |row| row.get(3)).unwrap();
            let steps: Vec<String> = steps.map(Result::unwrap).collect();
            assert!(steps[0].ends_with(index), "{sql}: {steps:?}");
            let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
            assert_eq!(sorts, worker.is_some() && badge.is_none(), "{sql}: {steps:?}");
        }
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_holds_up_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(clock::from_millis(2_000_000_000_000));
    let store = SqliteStore::open(folder.path(), Options { clock: clock.clone(), ..Options::default() }).unwrap();
    for project in ["birds", "bees"] {
        store.accept(vec![completed(project, "1", &["vote"])]).await.unwrap();
    }
    let harm = beside(folder.path());
    harm.execute_batch("UPDATE event SET payload = x'00' WHERE id = 1").unwrap();
    let lease = std::time::Duration::from_secs(600);
    let claimed = async || {
        let claimed = store.claim_now(64, 64, lease).await.unwrap();
        claimed.iter().map(|claimed| claimed.event.project.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(claimed().await, ["bees"]);
    assert_eq!(claimed().await, [""; 0], "it is not looked at all the time");
    harm.execute_batch("UPDATE event SET payload = (SELECT payload FROM event WHERE id = 2) WHERE id = 1").unwrap();
    clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(claimed().await, ["birds"]);
}

/// A machine whose clock was wrong put it off by sixty years. After a start with the right time it waits no longer than anything may.
#[tokio::test]
async fn what_was_put_off_by_a_clock_that_was_wrong_is_due_within_half_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let at = |seconds: i64| Options { clock: Clock::manual(clock::from_millis(seconds * 1_000)), ..Options::default() };
    let (wrong, right) = (4_000_000_000, 2_000_000_000);
    let store = SqliteStore::open(folder.path(), at(wrong)).unwrap();
    store.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    let lease = std::time::Duration::from_secs(60);
    let claimed = store.claim(1, 1, lease).await.unwrap().remove(0);
    let due = clock::from_millis((wrong + 180) * 1_000);
    store.finish(claimed.lease, Outcome::Retry { due, trapped: false }, run_at(due, "retry")).await.unwrap();
    drop(store);
    let clock = Clock::manual(clock::from_millis(right * 1_000));
    let store = SqliteStore::open(folder.path(), Options { clock: clock.clone(), ..Options::default() }).unwrap();
    let claim = || tokio::time::timeout(std::time::Duration::ZERO, store.claim(1, 1, lease));
    assert!(claim().await.is_err(), "it is not due yet");
    clock.advance(std::time::Duration::from_secs(12 * 3600));
    assert_eq!(claim().await.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn a_thousand_callers_are_all_answered_when_it_closes() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path(), Options { waiting_max: 10_000, ..Options::default() }).unwrap());
    let callers: Vec<_> = (0..1_000)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.accept(vec![completed("birds", &task.to_string(), &["vote"])]).await })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await;
    let mut recorded = 0;
    for caller in callers {
        match caller.await.unwrap() {
            Ok(_) => recorded += 1,
            Err(error) => assert!(matches!(error, StoreError::Closed), "{error}"),
        }
    }
    drop(store);
    assert_eq!(open(folder.path()).totals().await.unwrap().events, recorded);
}
