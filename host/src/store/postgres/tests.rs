//! PostgreSQL keeps what every engine keeps; beside it, what is its own: schemas, other hosts, and a server that goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::{OpenError, Options, PostgresStore};
use crate::clock::{Clock, from_millis};
use crate::id::Digest;
use crate::secret::Secret;
use crate::store::conformance::bench::{LEASE, completed, run_at};
use crate::store::conformance::{Open, suite};
use crate::store::peers::{Known, Loaded};
use crate::store::{Accepted, Completion, Finished, Outcome, Store};
use crate::telemetry::Metrics;

/// A server of the tests' own.
#[expect(unreachable_pub, reason = "the tests of whole hosts have it too")]
pub(in crate::store) mod cluster;
/// Word from one host to another.
mod hints;
/// A pooler in transaction mode in between.
mod pooler;
/// A way to the server that can die.
#[expect(unreachable_pub, reason = "the tests of whole hosts have it too")]
mod proxy;
/// How fast it is.
mod speed;
/// Encrypted connections.
mod tls;
/// Ways to the server that die, and answers that do not come back.
mod ways;
/// How large it stays.
mod week;

use cluster::Cluster;

suite!(crate::store::postgres::tests::fresh);

/// A schema of the test's own; none where there is no PostgreSQL.
pub(in crate::store) fn fresh() -> Option<Open> {
    let (cluster, schema) = (Cluster::shared()?, next_schema());
    Some(Box::new(move |clock, waiting_max| {
        Arc::new(PostgresStore::open(options(cluster, &schema, "first", clock, waiting_max)).unwrap()) as Arc<dyn Store>
    }))
}

pub(in crate::store) fn next_schema() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("of_test_{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

pub(in crate::store) fn options(cluster: &Cluster, schema: &str, host: &str, clock: &Clock, waiting_max: usize) -> Options {
    Options {
        address: Secret::new(&cluster.address()),
        schema: Some(schema.to_owned()),
        host: host.to_owned(),
        waiting_max,
        clock: clock.clone(),
        metrics: Metrics::default(),
    }
}

/// The server that tests share is never dropped, and 800 MB of data for each process of tests would fill a disk.
#[test]
fn the_data_of_the_shared_server_ends_with_the_tests() {
    if Cluster::shared().is_none() {
        return;
    }
    let folder = cluster::public_folder();
    let left = || std::fs::read_dir(folder.path()).unwrap().count();
    let comes_to_pass = |wanted: &dyn Fn() -> bool| {
        (0..600).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            wanted()
        })
    };
    let other = concat!(module_path!(), "::two_hosts_share_what_waits").split_once("::").unwrap().1;
    let mut tests = std::process::Command::new(std::env::current_exe().unwrap());
    let mut tests = tests.args(["--exact", other]).env("TMPDIR", folder.path()).stdout(std::process::Stdio::null()).spawn().unwrap();
    assert!(comes_to_pass(&|| left() > 0), "tests of a process of their own want a server");
    assert!(tests.wait().unwrap().success());
    assert!(comes_to_pass(&|| left() == 0), "{:?}", std::fs::read_dir(folder.path()).unwrap().collect::<Vec<_>>());
}

/// Two hosts on one schema: what one has leased the other does not get before the lease runs out, and what is lost is not recorded.
#[tokio::test]
async fn two_hosts_share_what_waits() {
    let Some(cluster) = Cluster::shared() else { return };
    let (schema, clock) = (next_schema(), Clock::manual(from_millis(1_700_000_000_000)));
    let open = |host: &str| PostgresStore::open(options(cluster, &schema, host, &clock, 1_000)).unwrap();
    let (first, second) = (open("first"), open("second"));
    for task in 0..10 {
        first.accept(vec![completed("birds", &task.to_string(), &["vote"])]).await.unwrap();
    }
    let again = second.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    assert!(matches!(again[..], [Accepted::Repeat(_)]), "what one host recorded is known to the other");
    let mine = first.claim_now(4, 100, LEASE).await.unwrap();
    let yours = second.claim_now(100, 100, LEASE).await.unwrap();
    assert_eq!((mine.len(), yours.len()), (4, 6));
    drop(first);
    assert!(second.claim_now(100, 100, LEASE).await.unwrap().is_empty(), "the other one may still be at work");
    clock.advance(LEASE);
    let taken = second.claim_now(100, 100, LEASE).await.unwrap();
    assert_eq!(taken.len(), 10, "its own ran out as well");
    let done = || (Outcome::Done(Completion::default()), run_at(clock.now(), "ok"));
    let first = open("first");
    let (outcome, run) = done();
    assert_eq!(first.finish(mine[0].lease, outcome, run).await.unwrap(), Finished::LeaseLost);
    for claimed in taken {
        let (outcome, run) = done();
        assert_eq!(second.finish(claimed.lease, outcome, run).await.unwrap(), Finished::Recorded);
    }
    assert_eq!(first.totals().await.unwrap().waiting, 0);
}

#[tokio::test]
async fn a_host_that_lost_its_place_writes_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let (schema, clock) = (next_schema(), Clock::System);
    let open = || PostgresStore::open(options(cluster, &schema, "first", &clock, 1_000)).unwrap();
    let (old, new) = (open(), open());
    let refused = old.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap_err();
    assert!(refused.to_string().contains("took this one's place"), "{refused}");
    assert!(matches!(new.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap()[..], [Accepted::New(_)]));
}

#[tokio::test]
async fn a_command_at_fault_does_not_take_others_with_it() {
    let Some(open) = fresh() else { return };
    let store = open(&Clock::System, 1_000);
    let known = completed("birds", "1", &["vote"]);
    store.accept(vec![known.clone()]).await.unwrap();
    // An id that was used before: the caller's fault.
    let wrong = crate::store::Acceptance { dedup_key: "another".to_owned(), ..known };
    let right = |task: usize| store.accept(vec![completed("birds", &task.to_string(), &["vote"])]);
    let (first, wrong, last) = tokio::join!(futures_util::future::join_all((2..20).map(right)), store.accept(vec![wrong]), right(20));
    assert!(first.into_iter().chain([last]).all(|accepted| matches!(accepted.unwrap()[..], [Accepted::New(_)])));
    assert!(wrong.is_err(), "{wrong:?}");
    assert_eq!(store.totals().await.unwrap().events, 20);
}

/// An event about `task`, posted again and again until a server that comes back takes it.
async fn accepted_again(store: &PostgresStore, task: &str) -> Vec<Accepted> {
    let mut accepted = Err(crate::store::StoreError::Closed);
    for _ in 0..600 {
        accepted = store.accept(vec![completed("birds", task, &["vote"])]).await;
        if accepted.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    accepted.unwrap()
}

/// What was told to be recorded is there after the server crashed, and the store goes on by itself.
#[tokio::test]
async fn a_server_that_went_away_is_waited_for() {
    let Some(cluster) = Cluster::own() else { return };
    let store = PostgresStore::open(options(&cluster, "crowdhook", "first", &Clock::System, 1_000)).unwrap();
    store.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    let leased = store.claim_now(1, 1, LEASE).await.unwrap().remove(0);
    cluster.stop();
    assert!(store.accept(vec![completed("birds", "2", &["vote"])]).await.is_err());
    cluster.run();
    assert!(matches!(accepted_again(&store, "3").await[..], [Accepted::New(_)]));
    let finished = store.finish(leased.lease, Outcome::Done(Completion::default()), run_at(Clock::System.now(), "ok")).await.unwrap();
    assert_eq!(finished, Finished::Recorded, "a claim is on the disk before anybody hears of it");
    assert_eq!(store.totals().await.unwrap().events, 2);
}

/// A server that took another's place and had not heard of its last moments: what was named there is named again, and its events are found.
#[tokio::test]
async fn a_server_that_lost_what_was_named_names_it_again() {
    let Some(cluster) = Cluster::own() else { return };
    let store = PostgresStore::open(options(&cluster, "crowdhook", "first", &Clock::System, 1_000)).unwrap();
    store.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&cluster.address(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(
            "SET search_path TO crowdhook; TRUNCATE project, scope, event, seen, invocation CASCADE; \
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
        )
        .await
        .unwrap();
    assert!(matches!(accepted_again(&store, "2").await[..], [Accepted::New(_)]));
    assert_eq!(store.claim_now(10, 10, LEASE).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_accepted_lasts_whatever_the_server_is_set_to_meanwhile() {
    let Some(mut cluster) = Cluster::own() else { return };
    let store = PostgresStore::open(options(&cluster, "crowdhook", "first", &Clock::System, 1_000)).unwrap();
    store.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    cluster.restart_with(&["synchronous_commit=off", "wal_writer_delay=10s", "default_transaction_isolation=serializable"]);
    accepted_again(&store, "2").await;
    cluster.stop();
    cluster.run();
    assert!(matches!(accepted_again(&store, "2").await[..], [Accepted::Repeat(_)]), "a crash of the server takes nothing back");
}

#[tokio::test]
async fn a_schema_of_another_program_is_refused() {
    let Some(cluster) = Cluster::shared() else { return };
    let schema = next_schema();
    let (client, connection) = tokio_postgres::connect(&cluster.address(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.event (id BIGINT)")).await.unwrap();
    let refused = PostgresStore::open(options(cluster, &schema, "first", &Clock::System, 10)).err().unwrap();
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
}

/// Nobody meant the tables of another program to get company, unless they say so.
#[tokio::test]
async fn a_database_of_another_program_is_refused_unless_a_schema_is_named() {
    let Some(cluster) = Cluster::own() else { return };
    let (client, connection) = tokio_postgres::connect(&cluster.address(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("CREATE TABLE task_run (id BIGINT)").await.unwrap();
    let unnamed = || Options { schema: None, ..options(&cluster, "", "first", &Clock::System, 10) };
    let refused = PostgresStore::open(unnamed()).err().unwrap();
    assert!(refused.to_string().contains("`public.task_run`") && refused.to_string().contains("?schema=crowdhook"), "{refused}");
    let address = || Secret::new(&cluster.address());
    let absent = PostgresStore::open_read_only(&address(), None).err().unwrap();
    assert!(matches!(absent, OpenError::Absent(_)), "{absent}");
    drop(PostgresStore::open(options(&cluster, "crowdhook", "first", &Clock::System, 10)).unwrap());
    let ours = PostgresStore::open(unnamed()).unwrap();
    ours.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    let read = PostgresStore::open_read_only(&address(), None).unwrap();
    assert_eq!(read.totals().await.unwrap().events, 1);
    assert!(read.accept(vec![completed("birds", "2", &["vote"])]).await.is_err());
    client.batch_execute("DELETE FROM crowdhook.migration; INSERT INTO crowdhook.migration VALUES (99)").await.unwrap();
    for refused in [PostgresStore::open(unnamed()).err(), PostgresStore::open_read_only(&address(), None).err()] {
        assert!(matches!(refused, Some(OpenError::Newer { found: 99, .. })), "{refused:?}");
    }
}

fn loaded(project: &str, plugin: Option<&str>, version: &str) -> Loaded {
    let plugin = plugin.map(|name| name.parse().unwrap());
    Loaded {
        project: project.parse().unwrap(),
        version: plugin.as_ref().map(|_| version.to_owned()),
        plugin,
        digest: Digest::of(version.as_bytes()),
    }
}

/// What a host cannot do is left to one that can, as long as that one is seen; what nobody can do goes to anybody.
#[tokio::test]
async fn a_host_leaves_what_it_cannot_do_to_one_that_can() {
    let Some(cluster) = Cluster::shared() else { return };
    let (schema, clock) = (next_schema(), Clock::manual(from_millis(1_700_000_000_000)));
    let open = |host: &str| PostgresStore::open(options(cluster, &schema, host, &clock, 1_000)).unwrap();
    let (first, second) = (open("first"), open("second"));
    first.accept(vec![completed("birds", "1", &["vote"]), completed("birds", "2", &["mail"])]).await.unwrap();
    first.tell(&[loaded("birds", None, "1"), loaded("birds", Some("vote"), "1")]).await.unwrap();
    second.tell(&[loaded("birds", None, "1")]).await.unwrap();
    let plugins = |claimed: &[crate::store::Claimed]| claimed.iter().map(|claimed| claimed.plugin.to_string()).collect::<Vec<_>>();
    let mine = second.claim_now(10, 10, LEASE).await.unwrap();
    assert_eq!(plugins(&mine), ["mail"], "that one nobody can do");
    // It is not asked again and again for what it would not get.
    assert!(tokio::time::timeout(LEASE / 100, second.claim(10, 10, LEASE)).await.is_err());
    clock.advance(std::time::Duration::from_secs(16));
    let left = second.claim_now(10, 10, LEASE).await.unwrap();
    assert_eq!(plugins(&left), ["vote"], "the one that can was not seen for a while");
}

/// Each host is told of with what it has loaded now, and one that says nothing any more as not at work.
#[tokio::test]
async fn hosts_are_known_by_what_they_told() {
    let Some(cluster) = Cluster::shared() else { return };
    let (schema, clock) = (next_schema(), Clock::manual(from_millis(1_700_000_000_000)));
    let open = |host: &str| PostgresStore::open(options(cluster, &schema, host, &clock, 1_000)).unwrap();
    let (south, north) = (open("south"), open("north"));
    let both = |version| [loaded("birds", None, version), loaded("birds", Some("vote"), version)];
    assert_eq!(south.tell(&both("1")).await.unwrap(), Known::Still);
    clock.advance(std::time::Duration::from_secs(16));
    north.tell(&both("1")).await.unwrap();
    north.tell(&both("2")[1..]).await.unwrap();
    let peers = north.browse().peers().await.unwrap();
    let shown: Vec<_> = peers.iter().map(|peer| (peer.name.as_str(), peer.is_at_work, &peer.loaded[..])).collect();
    assert_eq!(shown, [("north", true, &both("2")[1..]), ("south", false, &both("1")[..])]);
    assert!(peers.iter().all(|peer| peer.version == env!("CARGO_PKG_VERSION") && peer.started_at == from_millis(1_700_000_000_000)));
}

/// A host that slept for longer than the others remember goes on where it was, unless another one has its name by now.
#[tokio::test]
async fn a_host_that_was_forgotten_is_known_again() {
    let Some(cluster) = Cluster::shared() else { return };
    let (schema, clock) = (next_schema(), Clock::manual(from_millis(1_700_000_000_000)));
    let open = |host: &str| PostgresStore::open(options(cluster, &schema, host, &clock, 1_000)).unwrap();
    let (sleeper, other) = (open("sleeper"), open("other"));
    sleeper.tell(&[]).await.unwrap();
    clock.advance(std::time::Duration::from_secs(25 * 60 * 60));
    other.tell(&[]).await.unwrap();
    assert_eq!(other.browse().peers().await.unwrap().len(), 1);
    let refused = sleeper.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap_err();
    assert!(refused.to_string().contains("had forgotten this host"), "{refused}");
    assert_eq!(sleeper.tell(&[]).await.unwrap(), Known::Again);
    assert!(matches!(sleeper.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap()[..], [Accepted::New(_)]));
    let newer = open("sleeper");
    assert_eq!(sleeper.tell(&[]).await.unwrap(), Known::Replaced);
    assert!(sleeper.vitals().await.is_err(), "it is not ready any more");
    let refused = sleeper.accept(vec![completed("birds", "2", &["vote"])]).await.unwrap_err();
    assert!(refused.to_string().contains("took this one's place"), "{refused}");
    assert_eq!(newer.tell(&[]).await.unwrap(), Known::Still);
    newer.close().await;
    assert_eq!(sleeper.tell(&[]).await.unwrap(), Known::Replaced, "for good, even where the other one took its leave");
    assert!(sleeper.accept(vec![completed("birds", "3", &["vote"])]).await.is_err());
}
