//! How fast it is on this machine's disk. Run by hand, alone:
//! `cargo test --release -- store::postgres::tests::speed --ignored --nocapture --test-threads 1`.

use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use super::cluster::Cluster;
use super::*;
use crate::store::conformance::bench::{number, saving, with_effects};

const CALLERS: usize = 64;
const EVENTS: usize = 4_000;

/// Accepts so many events, numbered from `from`, by as many callers as there are; how long each took.
async fn accept_all(store: &Arc<PostgresStore>, from: usize) -> Vec<Duration> {
    let next = Arc::new(AtomicUsize::new(from));
    let callers = (0..CALLERS).map(|_| {
        let (store, next) = (Arc::clone(store), Arc::clone(&next));
        tokio::spawn(async move {
            let mut took = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= from + EVENTS {
                    return took;
                }
                let asked = Instant::now();
                store.accept(vec![completed("birds", &number.to_string(), &["vote"])]).await.unwrap();
                took.push(asked.elapsed());
            }
        })
    });
    let took = futures_util::future::join_all(callers).await;
    took.into_iter().flat_map(Result::unwrap).collect()
}

/// Claims and finishes for ever, and counts.
async fn drain(store: Arc<PostgresStore>, done: Arc<AtomicUsize>) {
    loop {
        let claimed = store.claim(8, 512, LEASE).await.unwrap();
        let finishing = claimed.into_iter().map(|claimed| {
            let saved = Outcome::Done(with_effects(vec![saving(claimed.event.task.as_deref().unwrap(), r#"{"answer":"heron"}"#)]));
            let store = &store;
            async move { store.finish(claimed.lease, saved, run_at(Clock::System.now(), "ok")).await.unwrap() }
        });
        done.fetch_add(futures_util::future::join_all(finishing).await.len(), Ordering::Relaxed);
    }
}

fn report(what: &str, began: Instant, mut took: Vec<Duration>) {
    took.sort();
    let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1e3;
    let rate = took.len() as f64 / began.elapsed().as_secs_f64();
    println!("{what}: {rate:.0}/s, median {:.1} ms, p99 {:.1} ms", at(50), at(99));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, and proves nothing"]
async fn accepting_alone_and_beside_runs_that_end() {
    let Some(cluster) = Cluster::own() else { return };
    let store = Arc::new(PostgresStore::open(options(&cluster, "crowdhook", "first", &Clock::System, 1_000_000)).unwrap());
    let began = Instant::now();
    let took = accept_all(&store, 0).await;
    report("accepted alone", began, took);
    for round in 1..4 {
        let done = Arc::new(AtomicUsize::new(0));
        let drainers: Vec<_> = (0..16).map(|_| tokio::spawn(drain(Arc::clone(&store), Arc::clone(&done)))).collect();
        let began = Instant::now();
        let took = accept_all(&store, round * EVENTS).await;
        report("accepted beside 16 who claim 8 each and finish", began, took);
        println!("finished meanwhile: {:.0}/s", done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64());
        drainers.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// From the answer to one host's sender until another host, which has nothing to do, has it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, and proves nothing"]
async fn from_one_host_to_another() {
    let Some(cluster) = Cluster::own() else { return };
    let [first, second] =
        ["first", "second"].map(|host| Arc::new(PostgresStore::open(options(&cluster, "crowdhook", host, &Clock::System, 1_000)).unwrap()));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (began, mut took) = (Instant::now(), Vec::new());
    for task in 0..200 {
        let waiting = tokio::spawn({
            let second = Arc::clone(&second);
            async move { (second.claim(1, 1_000, LEASE).await.unwrap(), Instant::now()) }
        });
        tokio::time::sleep(Duration::from_millis(30)).await;
        first.accept(vec![completed("birds", &task.to_string(), &["vote"])]).await.unwrap();
        let accepted = Instant::now();
        took.push(waiting.await.unwrap().1.saturating_duration_since(accepted));
    }
    report("from one host to another", began, took);
}

/// How fast a backlog goes whose end is far away: claimed and finished for a while, by as many as in the tests above.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, and proves nothing"]
async fn draining_a_small_backlog_and_a_large_one() {
    const BATCH: usize = 1_000;
    const DRAIN_TIME: Duration = Duration::from_secs(20);
    let Some(cluster) = Cluster::own() else { return };
    let store = Arc::new(PostgresStore::open(options(&cluster, "crowdhook", "first", &Clock::System, 10_000_000)).unwrap());
    let mut filled = 0;
    for backlog in [10_000, number("EVENTS", 1_000_000)] {
        let began = Instant::now();
        while store.totals().await.unwrap().waiting < backlog as u64 {
            let task = |at: usize| completed("birds", &(filled + at).to_string(), &["vote"]);
            store.accept((0..BATCH).map(task).collect()).await.unwrap();
            filled += BATCH;
        }
        let filling = began.elapsed();
        for round in 1..=2 {
            let done = Arc::new(AtomicUsize::new(0));
            let drainers: Vec<_> = (0..16).map(|_| tokio::spawn(drain(Arc::clone(&store), Arc::clone(&done)))).collect();
            let began = Instant::now();
            tokio::time::sleep(DRAIN_TIME).await;
            let rate = done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
            drainers.iter().for_each(tokio::task::JoinHandle::abort);
            let waiting = store.totals().await.unwrap().waiting;
            println!("a backlog of {backlog}, filled in {:.0} s, round {round}: {rate:.0}/s, {waiting} left", filling.as_secs_f64());
        }
    }
}
