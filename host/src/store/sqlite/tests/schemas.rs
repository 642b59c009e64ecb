//! Stores that earlier hosts left are brought up to date: nothing in them is lost, and afterwards they are as new ones are.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::beside;
use crate::clock::{Clock, Timestamp};
use crate::id::{EventId, ProjectName};
use crate::store::conformance::bench::completed;
use crate::store::sqlite::{Options, SqliteStore, open};
use crate::store::{Accepted, DeadKind, Replayed, Store, WantedDead};

/// Dumps of stores, each of an earlier schema.
const SCHEMAS: [&str; 5] = [
    include_str!("schemas/1.sql"),
    include_str!("schemas/2.sql"),
    include_str!("schemas/3.sql"),
    include_str!("schemas/4.sql"),
    include_str!("schemas/5.sql"),
];
const LEASE: Duration = Duration::from_secs(60);

/// A folder with a store of schema `number`.
fn earlier(number: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let db = beside(folder.path());
    db.execute_batch(SCHEMAS[number - 1]).unwrap();
    db.pragma_update(None, "journal_mode", "wal").unwrap();
    folder
}

/// Long after the stores were left, so that all is due.
fn opened(folder: &Path) -> SqliteStore {
    let now: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    SqliteStore::open(folder, Options { clock: Clock::manual(now), ..Options::default() }).unwrap()
}

/// Tables with their columns, and indices with what they are of.
fn shape(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let db = beside(folder);
    let list = |sql: &str| -> Vec<String> {
        let mut statement = db.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let tables = list("SELECT name FROM sqlite_schema WHERE type = 'table'").into_iter().map(|table| {
        let columns = format!("SELECT name || ' ' || type || ' ' || \"notnull\" || ' ' || ifnull(dflt_value, '-') || ' ' || pk FROM pragma_table_info('{table}')");
        let columns = list(&columns);
        (table, columns)
    });
    let indices = list("SELECT name || ': ' || ifnull(sql, '-') FROM sqlite_schema WHERE type = 'index'").into_iter();
    tables.chain(indices.map(|index| (index, Vec::new()))).collect()
}

#[test]
fn each_has_a_store_that_was_left_by_it() {
    assert_eq!(SCHEMAS.len(), open::MIGRATIONS.len() - 1, "a schema that was released gets a dump here");
}

#[test]
fn each_becomes_as_a_new_one() {
    let new = tempfile::tempdir().unwrap();
    drop(opened(new.path()));
    for number in 1..=SCHEMAS.len() {
        let folder = earlier(number);
        drop(opened(folder.path()));
        assert_eq!(shape(folder.path()), shape(new.path()), "schema {number}");
    }
}

#[tokio::test]
async fn nothing_is_lost() {
    let cats: ProjectName = "cats".parse().unwrap();
    for number in 1..=SCHEMAS.len() {
        let folder = earlier(number);
        let store = opened(folder.path());
        let totals = store.totals().await.unwrap();
        let undelivered = if number == 1 { 0 } else { 2 };
        assert_eq!((totals.events, totals.waiting, totals.dead, totals.deliveries_waiting), (4, 2, 2, undelivered), "schema {number}");

        // What was concluded, and what is known of the events.
        for task in ["700001", "700002"] {
            let result = store.task_result(&cats, task).await.unwrap().unwrap();
            assert!(result.info.contains(r#""answer":"cat""#), "{result:?}");
        }
        let events: Vec<EventId> = {
            let db = beside(folder.path());
            let mut statement = db.prepare("SELECT uuid FROM event WHERE root IS NULL ORDER BY id").unwrap();
            statement.query_map([], |row| row.get::<_, [u8; 16]>(0)).unwrap().map(|id| EventId::from_bytes(id.unwrap())).collect()
        };
        let (event, _) = store.event(events[0]).await.unwrap().unwrap();
        assert_eq!((event.task.as_deref(), event.kind.as_str()), (Some("700001"), "task.completed"));
        assert!(event.payload.contains(r#""worker_id":100"#), "{}", event.payload);
        let outcomes: Vec<String> = store.runs(events[0]).await.unwrap().into_iter().map(|(_, run)| run.outcome).collect();
        assert!(["ok", "rejected", "retry"].iter().all(|outcome| outcomes.iter().any(|of| of == outcome)), "{outcomes:?}");

        // What waits goes on, and what was given up can be replayed.
        let claimed = store.claim(10, 10, LEASE).await.unwrap();
        assert!(claimed.iter().all(|claimed| claimed.attempt == 2 && claimed.plugin.as_str() == "retries"), "{claimed:?}");
        assert_eq!(claimed.len(), 2);
        if undelivered > 0 {
            let deliveries = store.claim_deliveries(10, 10, LEASE).await.unwrap();
            assert_eq!(deliveries.len(), undelivered as usize);
            assert!(deliveries.iter().all(|delivery| delivery.attempt > 1 && delivery.lease.generation > 1), "{deliveries:?}");
        }
        let wanted = WantedDead { what: Some(DeadKind::Invocation), ..WantedDead::default() };
        assert_eq!(store.replay(&wanted, 10).await.unwrap(), Replayed { invocations: 2, ..Replayed::default() });
        assert_eq!(store.totals().await.unwrap().dead, 0);

        // Another event comes in behind them.
        assert!(matches!(store.accept(vec![completed("cats", "9", &["vote"])]).await.unwrap()[0], Accepted::New(_)));
        store.close().await;
    }
}

#[test]
fn a_store_of_an_earlier_schema_is_not_read_beside_a_host_that_has_not_run() {
    let folder = earlier(1);
    let refused = SqliteStore::open_read_only(folder.path()).err().unwrap().to_string();
    assert!(refused.contains("start the host once to bring it up to date"), "{refused}");
}
