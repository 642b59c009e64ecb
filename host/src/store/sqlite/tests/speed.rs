//! How fast it is. Run by hand, in release, on a machine that does nothing else:
//! `cargo test --release -p crowdhook --lib store::sqlite::tests::speed -- --ignored --nocapture --test-threads 1`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::{Options, SqliteStore};
use crate::store::conformance::bench::{completed, emitting, saving};
use crate::store::{Completion, Outcome, Requested, Run, Store};

const CALLERS: usize = 256;
const EVENTS: usize = 50_000;

/// CPU time of the process, which says something on a busy machine too.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

fn report(what: &str, (started, cpu_before): (Instant, Duration)) {
    let rate = EVENTS as f64 / started.elapsed().as_secs_f64();
    let cpu = (cpu() - cpu_before).as_secs_f64() * 1e6 / EVENTS as f64;
    println!("{what}: {rate:.0}/s, {cpu:.1} us of CPU each");
}

fn run() -> Run {
    Run {
        component: Some("c0ffee".repeat(10)),
        settings: Some("5e77".repeat(16)),
        started_at: crate::clock::from_millis(1_700_000_000_000),
        duration_ms: 1,
        cpu_ms: 1,
        memory_bytes: Some(1_500_000),
        outcome: "ok".to_owned(),
        reason: String::new(),
        log: "[]".to_owned(),
        read: "{}".to_owned(),
    }
}

async fn accept_all(store: &Arc<SqliteStore>, from: usize) {
    let next = Arc::new(AtomicUsize::new(from));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (store, next) = (Arc::clone(store), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= from + EVENTS {
                        return;
                    }
                    let mut asked = completed("birds", &number.to_string(), &["vote"]);
                    asked.event.payload = format!("{{\"event\":\"task_completed\",\"text\":\"{}\"}}", "x".repeat(120));
                    store.accept(vec![asked]).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

async fn drain(store: &Arc<SqliteStore>, runners: usize) {
    let left = Arc::new(AtomicUsize::new(EVENTS));
    let runners: Vec<_> = (0..runners)
        .map(|_| {
            let (store, left) = (Arc::clone(store), Arc::clone(&left));
            tokio::spawn(async move {
                while left.load(Ordering::Relaxed) > 0 {
                    let claim = store.claim(8, 512, Duration::from_secs(60));
                    let Ok(claimed) = tokio::time::timeout(Duration::from_millis(200), claim).await else { continue };
                    let finishing = claimed.unwrap().into_iter().map(|claimed| {
                        let task = claimed.event.task.clone().unwrap();
                        let completion = Completion {
                            effects: vec![Requested { connection: None, ..saving(&task, r#"{"answer":"heron","votes":3}"#) }],
                            events: vec![emitting(&claimed, &[])],
                            ..Completion::default()
                        };
                        let store = &store;
                        async move { store.finish(claimed.lease, Outcome::Done(completion), run()).await.unwrap() }
                    });
                    let finished = futures_util::future::join_all(finishing).await.len();
                    left.fetch_sub(finished, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for runner in runners {
        runner.await.unwrap();
    }
}

#[test]
#[ignore = "measures, and proves nothing"]
fn accepting_and_draining() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::tempdir_in(".").unwrap();
    runtime.block_on(async {
        let store = Arc::new(SqliteStore::open(folder.path(), Options::default()).unwrap());
        for round in 0..3 {
            let started = (Instant::now(), cpu());
            accept_all(&store, round * EVENTS).await;
            report("accept", started);
            let started = (Instant::now(), cpu());
            drain(&store, 32).await;
            report("drain", started);
        }
        let bytes = std::fs::metadata(folder.path().join(super::super::open::DATABASE)).unwrap().len();
        println!("{} bytes per event and its derived one", bytes / (3 * EVENTS as u64));
    });
}
