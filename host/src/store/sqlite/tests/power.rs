//! Power cuts: the log is cut at arbitrary bytes, as a disk leaves it that was interrupted while it wrote. Whatever was
//! answered before the cut is there, and what is there fits together.

use std::path::Path;

use rusqlite::Connection;

use super::super::open::DATABASE;
use super::super::{Options, SqliteStore};
use crate::clock::{Clock, from_millis};
use crate::store::conformance::bench::{completed, emitting, saving, set};
use crate::store::{Completion, Finished, Outcome, StateChange, Store};

/// So many events are accepted, each handled right after the next one came in.
const EVENTS: usize = 12;

/// How long the log was when something had been answered.
struct Answered {
    log_bytes: u64,
    accepted: u64,
    finished: u64,
}

async fn work(folder: &Path) -> (SqliteStore, Connection, Vec<Answered>) {
    let clock = Clock::manual(from_millis(1_700_000_000_000));
    let store = SqliteStore::open(folder, Options { waiting_max: 1_000, clock }).unwrap();
    // One who reads from the start on keeps the log from being folded in, so that the file under it stays as it was.
    let reader = Connection::open(folder.join(DATABASE)).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM event;").unwrap();
    let mut answered = Vec::new();
    let (mut accepted, mut finished) = (0, 0);
    let mut note = |accepted, finished| {
        let log_bytes = std::fs::metadata(folder.join(format!("{DATABASE}-wal"))).unwrap().len();
        answered.push(Answered { log_bytes, accepted, finished });
    };
    for task in 0..EVENTS {
        store.accept(vec![completed("birds", &task.to_string(), &["vote"])]).await.unwrap();
        accepted += 1;
        note(accepted, finished);
        let claimed = store.claim(1, 1, std::time::Duration::from_secs(600)).await.unwrap().remove(0);
        let completion = Completion {
            changes: vec![StateChange::Increment("n".to_owned(), 1), set(&task.to_string(), &"value ".repeat(task * 20))],
            effects: vec![saving("one", &task.to_string())],
            events: vec![emitting(&claimed, &["mail"])],
            ..Completion::default()
        };
        // The derived event of an earlier one may have had its turn: then it is handled instead.
        let completion = if claimed.event.depth == 0 { completion } else { Completion::default() };
        let run = crate::store::Run {
            component: None,
            settings: None,
            started_at: from_millis(0),
            duration_ms: 0,
            cpu_ms: 0,
            outcome: "ok".to_owned(),
            reason: String::new(),
            log: "[]".to_owned(),
            read: "{}".to_owned(),
        };
        assert_eq!(store.finish(claimed.lease, Outcome::Done(completion), run).await.unwrap(), Finished::Recorded);
        finished += 1;
        note(accepted, finished);
    }
    (store, reader, answered)
}

/// Everything that must hold of a store whatever happened to it.
fn check_fits_together(db: &Connection) {
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let text: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(text, "ok");
    assert_eq!(number("SELECT event FROM counter"), number("SELECT count(*) FROM event"));
    assert_eq!(number("SELECT runs FROM counter"), number("SELECT count(*) FROM run"));
    assert_eq!(number("SELECT count(*) FROM event WHERE depth = 0"), number("SELECT count(*) FROM seen"));
    let lost = "SELECT count(*) FROM event e WHERE NOT EXISTS (SELECT 1 FROM invocation i WHERE i.event = e.id) \
                AND NOT EXISTS (SELECT 1 FROM run r WHERE r.event = e.id AND r.done = 1)";
    assert_eq!(number(lost), 0, "an event is neither waiting nor done");
    let twice = "SELECT count(*) FROM invocation i JOIN run r ON r.event = i.event AND r.scope = i.scope AND r.done = 1";
    assert_eq!(number(twice), 0, "what is done waits again");
    let by_outside = number("SELECT count(*) FROM run r JOIN event e ON e.id = r.event WHERE e.depth = 0");
    assert_eq!(number("SELECT count(*) FROM event WHERE depth = 1"), by_outside);
    assert_eq!(number("SELECT ifnull(max(revision), 0) FROM task_result"), by_outside);
    assert_eq!(number("SELECT ifnull(max(CAST(value AS INTEGER)), 0) FROM state WHERE key = 'n'"), by_outside);
    assert_eq!(number("SELECT count(*) FROM delivery"), by_outside.min(1));
    let bytes = "SELECT ifnull(sum(octet_length(key) + octet_length(value)), 0) FROM state";
    assert_eq!(number("SELECT ifnull(sum(state_bytes), 0) FROM scope"), number(bytes));
}

#[tokio::test]
async fn what_was_answered_survives_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let (store, reader, answered) = work(folder.path()).await;
    let log = std::fs::read(folder.path().join(format!("{DATABASE}-wal"))).unwrap();
    let database = std::fs::read(folder.path().join(DATABASE)).unwrap();
    let first = usize::try_from(answered[0].log_bytes).unwrap();
    // Around every answer, and at many bytes in between.
    let around = answered.iter().flat_map(|answered| {
        let end = usize::try_from(answered.log_bytes).unwrap();
        [end.saturating_sub(1), end, end + 1]
    });
    let between = (first..log.len()).step_by(log.len() / 30 + 7);
    let mut seen = std::collections::BTreeSet::new();
    for cut in around.chain(between).filter(|cut| *cut <= log.len()) {
        let copy = tempfile::tempdir().unwrap();
        std::fs::write(copy.path().join(DATABASE), &database).unwrap();
        std::fs::write(copy.path().join(format!("{DATABASE}-wal")), &log[..cut]).unwrap();
        let recovered = SqliteStore::open(copy.path(), Options::default()).unwrap();
        let before = answered.iter().rfind(|answered| answered.log_bytes <= cut as u64);
        let (accepted, finished) = before.map_or((0, 0), |answered| (answered.accepted, answered.finished));
        let totals = recovered.totals().await.unwrap();
        assert!(totals.runs >= finished, "cut at {cut}: {} runs of {finished}", totals.runs);
        let db = Connection::open(copy.path().join(DATABASE)).unwrap();
        let outside: u64 = db.query_row("SELECT count(*) FROM seen", [], |row| row.get::<_, u32>(0)).unwrap().into();
        assert!(outside >= accepted, "cut at {cut}: {outside} events of {accepted}");
        check_fits_together(&db);
        seen.insert((outside, totals.runs));
    }
    assert!(seen.len() >= EVENTS, "the cuts fell between all commits: {seen:?}");
    drop((store, reader));
}
