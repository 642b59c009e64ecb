//! A store that goes over to the other engine keeps all that it keeps where it is; and a copy that breaks leaves none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use self::filling::fill;
use super::tables::{Kind, TABLES};
use super::{CopyError, Place, Step, copy_watching};
use crate::clock::Clock;
use crate::secret::Secret;
use crate::store::conformance::bench::{Bench, LEASE, completed};
use crate::store::conformance::{Open, suite};
use crate::store::postgres::tests::cluster::Cluster;
use crate::store::postgres::tests::{next_schema, options};
use crate::store::postgres::{self, PostgresStore};
use crate::store::sqlite::{self, SqliteStore};
use crate::store::{Accepted, Completion, Finished, Outcome, Store};

mod filling;

suite!(crate::store::copy::tests::moving);

const QUIET: super::Say<'static> = &|_| {};

/// A store that goes over to the other engine each time it is opened again.
pub(in crate::store) fn moving() -> Option<Open> {
    let (cluster, folder) = (Cluster::shared()?, tempfile::tempdir().unwrap());
    let home: Mutex<Option<Home>> = Mutex::new(None);
    Some(Box::new(move |clock, waiting_max| {
        let mut home = home.lock().unwrap();
        let next = match home.take() {
            None => Home::Folder(folder.path().join("0")),
            Some(before) => {
                let next = before.other(folder.path());
                moved(cluster, &before, &next);
                next
            }
        };
        home.insert(next).open(cluster, clock, waiting_max)
    }))
}

/// Where a store is at home.
enum Home {
    Folder(PathBuf),
    Schema(String),
}

impl Home {
    fn other(&self, folders: &Path) -> Self {
        match self {
            Self::Folder(_) => Self::Schema(next_schema()),
            Self::Schema(before) => Self::Folder(folders.join(before)),
        }
    }

    fn place(&self, cluster: &Cluster) -> Place {
        match self {
            Self::Folder(folder) => Place::Sqlite(folder.clone()),
            Self::Schema(schema) => of_schema(cluster, schema),
        }
    }

    fn open(&self, cluster: &Cluster, clock: &Clock, waiting_max: usize) -> Arc<dyn Store> {
        match self {
            Self::Folder(folder) => open_folder(folder, clock, waiting_max),
            Self::Schema(schema) => Arc::new(PostgresStore::open(options(cluster, schema, "first", clock, waiting_max)).unwrap()),
        }
    }
}

fn open_folder(folder: &Path, clock: &Clock, waiting_max: usize) -> Arc<dyn Store> {
    let options = sqlite::Options { waiting_max, clock: clock.clone(), ..sqlite::Options::default() };
    Arc::new(SqliteStore::open(folder, options).unwrap())
}

fn of_schema(cluster: &Cluster, schema: &str) -> Place {
    Place::Postgres(postgres::Place { address: Secret::new(&cluster.address()), schema: Some(schema.to_owned()) })
}

fn moved(cluster: &Cluster, from: &Home, to: &Home) {
    let (from, to) = (from.place(cluster), to.place(cluster));
    // Stores are opened by functions that do not wait, within a runtime that does.
    std::thread::scope(|scope| {
        let copying = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(copied(&from, &to))
        });
        copying.join().unwrap().unwrap();
    });
}

async fn copied(from: &Place, to: &Place) -> Result<BTreeMap<&'static str, u64>, CopyError> {
    let sums = copy_watching(from, to, (Duration::ZERO, QUIET)).await?;
    Ok(sums.into_iter().map(|(table, sum)| (table, sum.rows)).collect())
}

/// A folder with a store that holds something of everything, and its clock.
async fn filled() -> (TempDir, Clock) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let mut bench = Bench::new(Box::new(move |clock, waiting_max| open_folder(&path, clock, waiting_max)));
    fill(&mut bench).await;
    bench.store().close().await;
    let clock = bench.clock.clone();
    drop(bench);
    (folder, clock)
}

/// All that stands in a store's file, as SQLite writes it, by table and then by row.
fn everything(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let db = Connection::open(folder.join("crowdhook.db")).unwrap();
    let list = |sql: &str| -> Vec<String> {
        let mut statement = db.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut all = BTreeMap::from([("schema".to_owned(), list("SELECT type || name || ifnull(sql, '') FROM sqlite_schema ORDER BY 1"))]);
    for table in list("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'") {
        let columns = list(&format!("SELECT name FROM pragma_table_info('{table}')"));
        let shown = columns.iter().map(|column| match (table.as_str(), column.as_str()) {
            // What yields for an attempt yields for ever after a copy: it does so all the same while the attempt is counted.
            ("delivery", "yields") => "(yields OR attempts > 0)".to_owned(),
            _ => format!("quote({column})"),
        });
        let shown: Vec<String> = shown.collect();
        all.insert(table.clone(), list(&format!("SELECT {} FROM {table} ORDER BY 1", shown.join(" || ', ' || "))));
    }
    all
}

#[tokio::test]
async fn what_went_over_and_back_is_the_same_row_by_row() {
    let Some(cluster) = Cluster::shared() else { return };
    let ((folder, _), schema, back) = (filled().await, next_schema(), tempfile::tempdir().unwrap());
    let before = everything(folder.path());
    for (table, rows) in &before {
        assert!(!rows.is_empty(), "nothing stands in `{table}`, so it shows nothing");
    }
    let (here, there) = (Place::Sqlite(folder.path().to_owned()), of_schema(cluster, &schema));
    let over = copied(&here, &there).await.unwrap();
    let returned = copied(&there, &Place::Sqlite(back.path().to_owned())).await.unwrap();
    assert_eq!(over, returned);
    assert!(over.iter().all(|(table, rows)| before[*table].len() as u64 == *rows), "{over:?}");
    let after = everything(back.path());
    for (table, rows) in &before {
        assert_eq!(&after[table], rows, "{table}");
    }
    assert_eq!(everything(folder.path()), before, "what is read stays as it is");
    assert_eq!(files(back.path()), ["crowdhook.db", "lock"]);
}

/// A column that is always the same, or never there, would not show that it is lost.
#[tokio::test]
async fn what_is_copied_in_these_tests_has_something_of_everything() {
    let (folder, _) = filled().await;
    let db = Connection::open(folder.path().join("crowdhook.db")).unwrap();
    for table in &TABLES {
        for column in table.columns.iter().filter(|column| column.sqlite.into.is_some()) {
            let sql = format!("SELECT count(*), count(DISTINCT {0}), count({0}) FROM {1}", column.name, table.name);
            let (rows, kinds, there): (i64, i64, i64) = db.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
            let (what, is_single) = (format!("`{}.{}`", table.name, column.name), rows == 1);
            assert!(there > 0, "{what} is empty everywhere");
            assert!(is_single || kinds > 1 || there < rows || column.kind != Kind::Flag, "{what} is the same everywhere");
        }
    }
    let long = db.query_row("SELECT count(*) FROM event WHERE typeof(payload) = 'blob'", [], |row| row.get::<_, i64>(0)).unwrap();
    let keys = db.query_row("SELECT count(DISTINCT typeof(key)) FROM seen", [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(long > 0 && keys == 2, "long texts and long keys stand otherwise than short ones");
}

/// Whoever adds a column to a schema has to say how it is copied, or that it is made anew.
#[tokio::test]
async fn every_column_of_both_engines_is_copied_or_made() {
    /// What is not copied, since it says what is so at one host, or since it is made of what is copied.
    const OF_POSTGRES: [&str; 38] = [
        "counter.waiting",
        "counter.deliveries_waiting",
        "scope.waiting",
        "host.id",
        "host.name",
        "host.version",
        "host.started_at",
        "outlet.id",
        "outlet.project",
        "outlet.connection",
        "outlet.waiting",
        "invocation.lane",
        "invocation.head",
        "invocation.yields",
        "invocation.lease",
        "invocation.leased_until",
        "invocation.leased_by",
        "invocation.doomed",
        "delivery.member",
        "delivery.lane",
        "delivery.head",
        "delivery.lease",
        "delivery.leased_until",
        "delivery.leased_by",
        "delivery.doomed",
        "delivery.saves",
        "delivered.member",
        "migration.version",
        // Who is at work, and what they can do.
        "able.host",
        "able.project",
        "able.plugin",
        "able.version",
        "able.digest",
        "host.seen_at",
        // What was called within a window of minutes: SQLite does not keep it, and a host begins it anew.
        "pace.project",
        "pace.connection",
        "pace.taken_at",
        "pace.taken",
    ];
    let Some(cluster) = Cluster::shared() else { return };
    let (folder, schema) = (tempfile::tempdir().unwrap(), next_schema());
    drop(Home::Folder(folder.path().to_owned()).open(cluster, &Clock::System, 10));
    drop(Home::Schema(schema.clone()).open(cluster, &Clock::System, 10));
    let copied = |into: fn(&super::tables::Column) -> Option<&'static str>| -> BTreeSet<String> {
        let columns =
            |table: &'static super::tables::Table| table.columns.iter().filter_map(into).map(|name| format!("{}.{name}", table.name));
        TABLES.iter().flat_map(columns).collect()
    };
    let db = Connection::open(folder.path().join("crowdhook.db")).unwrap();
    let sql = "SELECT s.name || '.' || i.name FROM sqlite_schema s JOIN pragma_table_info(s.name) i WHERE s.type = 'table'";
    let of_sqlite: BTreeSet<String> = db.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(copied(|column| column.sqlite.into), of_sqlite);
    let (client, connection) = tokio_postgres::connect(&cluster.address(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = $1";
    let of_postgres: BTreeSet<String> = client.query(sql, &[&schema]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let mut known = copied(|column| column.postgres.into);
    known.extend(OF_POSTGRES.iter().map(|name| (*name).to_owned()));
    assert_eq!(known, of_postgres);
}

/// Beside what the suite asks of a store that moves: no number is given twice, and what may have left before its move may have had its effect.
#[tokio::test]
async fn a_host_goes_on_with_the_copy() {
    let Some(cluster) = Cluster::shared() else { return };
    let (folder, clock) = filled().await;
    let mut home = Home::Folder(folder.path().to_owned());
    let rest = tempfile::tempdir().unwrap();
    let (mut numbers, mut tasks) = (BTreeSet::new(), 0);
    for _ in 0..3 {
        let store = home.open(cluster, &clock, 1_000);
        let totals = store.totals().await.unwrap();
        assert!(totals.waiting > 0 && totals.deliveries_waiting > 0, "{totals:?}");
        assert!(matches!(store.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap()[..], [Accepted::Repeat(_)]));
        tasks += 1;
        let asked = completed("birds", &format!("of home {tasks}"), &["vote"]);
        assert!(matches!(store.accept(vec![asked.clone()]).await.unwrap()[..], [Accepted::New(_)]));
        clock.advance(Duration::from_secs(3_600));
        let claimed = store.claim_now(1_000, 1_000, LEASE).await.unwrap();
        let new = claimed.iter().find(|claimed| claimed.event.id == asked.event.id).unwrap();
        assert!(numbers.insert(new.lease.id), "a number came back");
        let run = crate::store::conformance::bench::run_at(clock.now(), "ok");
        assert_eq!(store.finish(new.lease, Outcome::Done(Completion::default()), run).await.unwrap(), Finished::Recorded);
        let deliveries = store.claim_deliveries_now(1_000, 1_000, LEASE).await.unwrap();
        assert!(!deliveries.is_empty() && deliveries.iter().all(|delivery| delivery.lease.generation > 1), "{deliveries:?}");
        assert_eq!(store.totals().await.unwrap().waiting, totals.waiting);
        store.close().await;
        drop(store);
        let next = home.other(rest.path());
        moved(cluster, &home, &next);
        home = next;
    }
}

#[tokio::test]
async fn a_copy_that_breaks_off_leaves_nothing() {
    let Some(cluster) = Cluster::own() else { return };
    let (folder, clock) = filled().await;
    let (here, there) = (Place::Sqlite(folder.path().to_owned()), of_schema(&cluster, "crowdhook"));
    let before = everything(folder.path());
    // Halfway through the rows, and when they are compared.
    for comparing in [false, true] {
        let cut = |step: Step| {
            if step.table == "run" && step.comparing == comparing {
                cluster.stop();
            }
        };
        let broken = copy_watching(&here, &there, (Duration::ZERO, &cut)).await.unwrap_err();
        assert!(broken.help().contains("copy it again") || matches!(broken, CopyError::Postgres(_)), "{broken}");
        cluster.run();
        let absent = copied(&there, &Place::Sqlite(folder.path().join("none"))).await.unwrap_err();
        assert!(matches!(absent, CopyError::Postgres(postgres::OpenError::Absent(_))), "{absent}");
        assert_eq!(everything(folder.path()), before);
    }
    copied(&here, &there).await.unwrap();

    let back = tempfile::tempdir().unwrap();
    let cut = |step: Step| {
        if step.table == "run" {
            cluster.stop();
        }
    };
    let broken = copy_watching(&there, &Place::Sqlite(back.path().to_owned()), (Duration::ZERO, &cut)).await;
    assert!(broken.is_err());
    assert_eq!(files(back.path()), ["lock"]);
    cluster.run();
    copied(&there, &Place::Sqlite(back.path().to_owned())).await.unwrap();
    assert_eq!(everything(back.path()), before);
    drop(Home::Folder(back.path().to_owned()).open(&cluster, &clock, 1_000));
}

fn files(folder: &Path) -> Vec<String> {
    let mut files: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn nothing_is_written_over() {
    let Some(cluster) = Cluster::shared() else { return };
    let ((folder, _), schema) = (filled().await, next_schema());
    let (here, there) = (Place::Sqlite(folder.path().to_owned()), of_schema(cluster, &schema));
    copied(&here, &there).await.unwrap();
    let before = everything(folder.path());
    for (from, to) in [(&here, &there), (&there, &here)] {
        let taken = copied(from, to).await.unwrap_err();
        assert!(matches!(taken, CopyError::Taken(_)), "{taken}");
        assert!(taken.help().contains("never written over"));
    }
    assert_eq!(everything(folder.path()), before);
    for place in [&here, &there] {
        assert!(matches!(copied(place, place).await, Err(CopyError::SameEngine(_))));
    }
}

/// On threads of its own, as the command is: a connection that is let go ends while a host is opened.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_a_host_is_at_work_in_is_not_copied() {
    let Some(cluster) = Cluster::shared() else { return };
    let (folder, schema, back) = (tempfile::tempdir().unwrap(), next_schema(), tempfile::tempdir().unwrap());
    let host = Home::Folder(folder.path().to_owned()).open(cluster, &Clock::System, 10);
    let (here, there) = (Place::Sqlite(folder.path().to_owned()), of_schema(cluster, &schema));
    let refused = copied(&here, &there).await.unwrap_err();
    assert!(refused.to_string().contains("in use by process"), "{refused}");
    drop(host);
    copied(&here, &there).await.unwrap();

    // A host that has nothing to do waits for something to do.
    let host = Home::Schema(schema.clone()).open(cluster, &Clock::System, 10);
    let waiting = tokio::spawn({
        let host = Arc::clone(&host);
        async move { host.claim(1, 1, LEASE).await }
    });
    let back = Place::Sqlite(back.path().to_owned());
    let refused = copy_watching(&there, &back, (Duration::from_secs(30), QUIET)).await.unwrap_err();
    assert!(matches!(refused, CopyError::AtWork { .. }), "{refused}");
    host.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    let claimed = waiting.await.unwrap().unwrap().remove(0);
    drop(host);
    let refused = copied(&there, &back).await.unwrap_err();
    assert!(matches!(refused, CopyError::Leased { seconds: 1..=60, .. }), "{refused}");
    let host = Home::Schema(schema.clone()).open(cluster, &Clock::System, 10);
    host.close().await;
    drop((host, claimed));
    assert_eq!(copied(&there, &back).await.unwrap()["invocation"], 1);
}

#[tokio::test]
async fn a_store_of_another_version_is_not_copied() {
    let Some(cluster) = Cluster::shared() else { return };
    let (folder, schema) = (tempfile::tempdir().unwrap(), next_schema());
    drop(Home::Folder(folder.path().to_owned()).open(cluster, &Clock::System, 10));
    drop(Home::Schema(schema.clone()).open(cluster, &Clock::System, 10));
    let (here, there) = (Place::Sqlite(folder.path().to_owned()), of_schema(cluster, &schema));
    let db = Connection::open(folder.path().join("crowdhook.db")).unwrap();
    let (client, connection) = tokio_postgres::connect(&cluster.address(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let (nowhere, elsewhere) = (tempfile::tempdir().unwrap(), of_schema(cluster, &next_schema()));
    let nowhere = Place::Sqlite(nowhere.path().to_owned());
    for (version, words) in [(0, "start the host once"), (99, "use the newer")] {
        db.pragma_update(None, "user_version", version).unwrap();
        let sql = format!("DELETE FROM {schema}.migration; INSERT INTO {schema}.migration VALUES ({version})");
        client.batch_execute(&sql).await.unwrap();
        for refused in [copied(&here, &elsewhere).await, copied(&there, &nowhere).await] {
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains(words), "{refused}");
        }
    }
    client.batch_execute(&format!("DROP TABLE {schema}.event")).await.unwrap();
    assert!(matches!(copied(&there, &nowhere).await, Err(CopyError::Postgres(postgres::OpenError::Foreign { .. }))));
}

/// Rows that were changed after they were read, as by a disk that fails.
#[tokio::test]
async fn a_copy_that_differs_is_none() {
    let Some(cluster) = Cluster::own() else { return };
    let (folder, _) = filled().await;
    let there = of_schema(&cluster, "crowdhook");
    // A trigger of the server changes each key of the state on its way in.
    let (client, connection) = tokio_postgres::connect(&cluster.address(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(
            "CREATE FUNCTION harm() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.value = 'x'; RETURN NEW; END $$; \
             CREATE FUNCTION arm() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF to_regclass('crowdhook.state') IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'harm') THEN \
             CREATE TRIGGER harm BEFORE INSERT ON crowdhook.state FOR EACH ROW EXECUTE FUNCTION public.harm(); END IF; END $$; \
             CREATE EVENT TRIGGER arm ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION arm()",
        )
        .await
        .unwrap();
    let differs = copied(&Place::Sqlite(folder.path().to_owned()), &there).await.unwrap_err();
    assert!(matches!(differs, CopyError::Differs { table: "state", .. }), "{differs}");
    let absent = copied(&there, &Place::Sqlite(folder.path().join("none"))).await.unwrap_err();
    assert!(matches!(absent, CopyError::Postgres(postgres::OpenError::Absent(_))), "{absent}");
}
