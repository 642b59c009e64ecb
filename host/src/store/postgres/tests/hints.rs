use std::time::Duration;

use super::cluster::Cluster;
use super::*;
use crate::store::conformance::bench::{saving, with_effects};

/// Nobody looks by themselves within a test.
const NEVER: Duration = Duration::from_secs(3_600);

/// What takes longer than this was not told.
const PATIENCE: Duration = Duration::from_secs(20);

fn open(options: Options) -> Arc<PostgresStore> {
    Arc::new(PostgresStore::open_to_look(options, NEVER).unwrap())
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..400 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} never");
}

/// Two hosts of one schema that hear each other.
async fn two_that_hear(cluster: &Cluster, schema: &str) -> [Arc<PostgresStore>; 2] {
    let both = ["first", "second"].map(|host| open(options(cluster, schema, host, &Clock::System, 1_000)));
    until("they hear", || both.iter().all(|host| host.shared.hints.are_heard())).await;
    both
}

#[tokio::test]
async fn what_one_host_commits_another_hears_of() {
    let Some(cluster) = Cluster::shared() else { return };
    let schema = next_schema();
    let [first, second] = two_that_hear(cluster, &schema).await;
    let heard = tokio::spawn({
        let second = Arc::clone(&second);
        async move { second.claim(1, 1, LEASE).await.unwrap().remove(0) }
    });
    let asked = tokio::spawn({
        let second = Arc::clone(&second);
        async move { second.claim_deliveries(1, 1, LEASE).await.unwrap().remove(0) }
    });
    // Both of them found nothing and wait.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!heard.is_finished() && !asked.is_finished());

    first.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    let claimed = tokio::time::timeout(PATIENCE, heard).await.expect("the other host heard of it").unwrap();
    assert_eq!(claimed.event.task.as_deref(), Some("1"));

    first.accept(vec![completed("birds", "2", &["vote"])]).await.unwrap();
    let claimed = first.claim(1, 1, LEASE).await.unwrap().remove(0);
    let saved = Outcome::Done(with_effects(vec![saving("2", "{}")]));
    assert_eq!(first.finish(claimed.lease, saved, run_at(Clock::System.now(), "ok")).await.unwrap(), Finished::Recorded);
    let delivery = tokio::time::timeout(PATIENCE, asked).await.expect("and of what is to be delivered").unwrap();
    assert_eq!(delivery.connection, "pybossa");
}

#[tokio::test]
async fn a_listener_that_was_lost_comes_back() {
    let Some(cluster) = Cluster::shared() else { return };
    let schema = next_schema();
    let [first, second] = two_that_hear(cluster, &schema).await;
    let (client, connection) = tokio_postgres::connect(&cluster.address(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let waiting = tokio::spawn({
        let second = Arc::clone(&second);
        async move { second.claim(1, 1, LEASE).await.unwrap().remove(0) }
    });
    let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN \"{schema}\"'");
    assert_eq!(client.query_typed(&sql, &[]).await.unwrap().len(), 2);
    until("they lost it", || !first.shared.hints.are_heard() && !second.shared.hints.are_heard()).await;
    until("they hear again", || first.shared.hints.are_heard() && second.shared.hints.are_heard()).await;
    first.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    tokio::time::timeout(PATIENCE, waiting).await.expect("the other host heard of it").unwrap();
}

/// A host that leaves says so: what it had leased is there for the others at once.
#[tokio::test]
async fn what_a_host_leaves_behind_another_takes_up() {
    let Some(cluster) = Cluster::shared() else { return };
    let schema = next_schema();
    let [first, second] = two_that_hear(cluster, &schema).await;
    first.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    let leased = first.claim(1, 1, LEASE).await.unwrap();
    let waiting = tokio::spawn(async move { second.claim(1, 1, LEASE).await.unwrap().remove(0) });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    first.close().await;
    let taken = tokio::time::timeout(PATIENCE, waiting).await.expect("the other host heard of it").unwrap();
    assert_eq!(taken.lease.id, leased[0].lease.id);
}

/// Whoever may listen may also talk.
#[tokio::test]
async fn what_strangers_say_does_no_harm() {
    let Some(cluster) = Cluster::shared() else { return };
    let schema = next_schema();
    let store = open(options(cluster, &schema, "first", &Clock::System, 1_000));
    until("it hears", || store.shared.hints.are_heard()).await;
    let (client, connection) = tokio_postgres::connect(&cluster.address(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for word in ["", " ", "3", "-1 3", "99 99", "99 999", "99 ?", "x 3", "99 3 3"] {
        client.batch_execute(&format!("NOTIFY \"{schema}\", '{word}'")).await.unwrap();
    }
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.claim(1, 1, LEASE).await.unwrap().remove(0) }
    });
    store.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap();
}
