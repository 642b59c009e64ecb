use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::cluster::Cluster;
use super::proxy::Proxy;
use super::*;
use crate::id::ProjectName;
use crate::store::postgres::work::{Leases, Work};
use crate::store::{Claimed, StoreError};

/// A server that says nothing for so long is given up here.
const ANSWER_WAIT: Duration = Duration::from_secs(1);
/// So often something is looked at, with a pause of [`LOOK`] each time.
const LOOKS: u32 = 600;
const LOOK: Duration = Duration::from_millis(50);

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..LOOKS {
        if is_so().await {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
    panic!("{what} never");
}

/// A store behind a proxy, with all its readers connected.
async fn behind(proxy: &Proxy, cluster: &Cluster) -> PostgresStore {
    let address = Secret::new(&format!("postgres://crowdhook@127.0.0.1:{}/postgres", proxy.port));
    let options = Options { address, ..options(cluster, &next_schema(), "first", &Clock::System, 1_000) };
    // As hosts do it: their stores are opened beside all else.
    let opened = tokio::task::spawn_blocking(move || PostgresStore::open_with(options, super::super::LOOK, ANSWER_WAIT));
    let store = opened.await.unwrap().unwrap();
    until("it hears", async || store.shared.hints.are_heard()).await;
    for counted in futures_util::future::join_all((0..20).map(|_| store.totals())).await {
        counted.unwrap();
    }
    store
}

/// Connections that lead nowhere are found out by the first statement on one of them, and not one by one.
#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_died_is_noticed_by_the_first_who_waits() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = Proxy::start(cluster.socket()).await;
    let store = behind(&proxy, cluster).await;
    let birds: ProjectName = "birds".parse().unwrap();
    proxy.forget();
    proxy.heal();
    let accept = || store.accept(vec![completed("birds", "1", &["vote"])]);
    let (written, read) = tokio::join!(accept(), store.mark(&birds, "seen"));
    for refused in [written.map(drop), read.map(drop)] {
        assert!(matches!(&refused, Err(StoreError::Failed(why)) if why.contains("said nothing for 1 s")), "{refused:?}");
    }
    accept().await.unwrap();
    assert_eq!(store.mark(&birds, "seen").await.unwrap(), None);
}

/// What stays of a connection that was given up is nothing: not its task, and so neither its socket.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_given_up_ends() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = Proxy::start(cluster.socket()).await;
    let store = behind(&proxy, cluster).await;
    let at_work = || store.runtime.as_ref().unwrap().metrics().num_alive_tasks();
    let before = at_work();
    for task in 0..3 {
        proxy.forget();
        let accept = || store.accept(vec![completed("birds", &task.to_string(), &["vote"])]);
        accept().await.unwrap_err();
        proxy.heal();
        until("it is taken", async || accept().await.is_ok()).await;
    }
    until("no more is at work than before", async || at_work() <= before).await;
}

/// Bytes that come late do no harm.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_when_the_way_died_is_done_once() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = Proxy::start(cluster.socket()).await;
    let store = behind(&proxy, cluster).await;
    proxy.hold();
    let same = completed("birds", "1", &["vote"]);
    store.accept(vec![same.clone()]).await.unwrap_err();
    proxy.heal();
    until("it is taken", async || store.accept(vec![same.clone()]).await.is_ok()).await;
    assert_eq!(store.totals().await.unwrap().events, 1);
}

/// A host whose claim was not committed gives nothing back that another one has had since, by the same generation.
#[tokio::test]
async fn a_lease_of_another_host_is_not_given_back() {
    let Some(cluster) = Cluster::shared() else { return };
    let schema = next_schema();
    let open = |host: &str| PostgresStore::open(options(cluster, &schema, host, &Clock::System, 1_000)).unwrap();
    let (first, second) = (open("first"), open("second"));
    first.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    let leased = first.claim_now(1, 1, LEASE).await.unwrap().remove(0);
    let as_it_was = vec![(leased.lease.id.0, i64::try_from(leased.lease.generation).unwrap())];
    second.ask(Work::GiveBack(Leases::Invocations(as_it_was))).await.unwrap();
    assert!(second.claim_now(1, 1, LEASE).await.unwrap().is_empty(), "the first one has it");
    let finished = first.finish(leased.lease, Outcome::Done(Completion::default()), run_at(Clock::System.now(), "ok")).await.unwrap();
    assert_eq!(finished, Finished::Recorded);
}

/// A group fails for one of its commands and each is written alone: what a claim had got the first time is not given back the second.
#[tokio::test]
async fn a_claim_beside_a_command_at_fault_keeps_what_it_got() {
    let Some(cluster) = Cluster::shared() else { return };
    let schema = next_schema();
    let store = PostgresStore::open(options(cluster, &schema, "first", &Clock::System, 1_000)).unwrap();
    let birds: ProjectName = "birds".parse().unwrap();
    store.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    let connect = async || {
        let (client, connection) = tokio_postgres::connect(&cluster.address(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    };
    // What the server says of its connections stays the same within a transaction, so another one looks.
    let (client, looker) = (connect().await, connect().await);
    let client_pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    // While the writer waits, what is asked for meanwhile makes one group.
    client.batch_execute(&format!("BEGIN; SELECT 1 FROM {schema}.counter FOR UPDATE")).await.unwrap();
    let a_group = async {
        let waits = format!("SELECT 1 FROM pg_stat_activity WHERE {client_pid} = ANY (pg_blocking_pids(pid))");
        until("the writer waits", async || !looker.query_typed(&waits, &[]).await.unwrap().is_empty()).await;
        let go_on = async { client.batch_execute("COMMIT").await.unwrap() };
        tokio::join!(store.claim_now(1, 1, LEASE), store.set_mark(&birds, "no\0text", Some("")), go_on)
    };
    let (first, (claimed, refused, ())) = tokio::join!(store.accept(vec![completed("birds", "2", &[])]), a_group);
    first.unwrap();
    refused.unwrap_err();
    assert_eq!(claimed.unwrap().len(), 1);
    assert!(store.claim_now(1, 1, LEASE).await.unwrap().is_empty(), "it is still leased");
}

/// The server crashes with a claim committed whose answer is on its way. Nobody knows of that lease, so it ends when the server is there again.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_of_which_nobody_heard_ends_when_the_server_is_there_again() {
    let Some(mut cluster) = Cluster::own() else { return };
    let store = PostgresStore::open(options(&cluster, "crowdhook", "first", &Clock::System, 1_000)).unwrap();
    store.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    // A commit is answered when a standby has it, and there is none.
    cluster.restart_with(&["synchronous_standby_names=nobody"]);
    let claim = async || -> Vec<Claimed> {
        for _ in 0..LOOKS {
            match store.claim_now(1, 1, LEASE).await {
                Ok(claimed) => return claimed,
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
        panic!("nothing can be claimed");
    };
    let is_over = AtomicBool::new(false);
    let crash = async {
        let (client, connection) = tokio_postgres::connect(&cluster.address(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let commits = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        until("the claim is committed", async || !client.query_typed(commits, &[]).await.unwrap().is_empty()).await;
        cluster.stop();
        is_over.store(true, Ordering::Release);
    };
    // The first one may meet the connection from before the restart.
    let unheard =
        until("the claim gets no answer", async || store.claim_now(1, 1, LEASE).await.is_err() && is_over.load(Ordering::Acquire));
    tokio::join!(crash, unheard);
    store.accept(vec![completed("birds", "2", &["vote"])]).await.unwrap_err();
    cluster.restart_with(&["synchronous_standby_names="]);
    assert_eq!(claim().await.len(), 1, "it is there to be claimed again");
}
