//! A component is replaced two hundred times under a stream of events, in all the ways in which people replace files, some of them
//! broken: no event is lost, each runs on one whole version, and the last version is live within a second.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Instant;

use crowdhook::id::Digest;
use crowdhook::practice::appen::Signal;
use serde_json::json;

use crate::harness::folder::{Folder, JOB, SIGNING_TOKEN};
use crate::harness::patience::until;
use crate::harness::running::Running;
use crate::harness::wire::{self, Client};
use crate::reload::{guest, numbered};

const REPLACEMENTS: u32 = 200;
/// Connections that post side by side.
const SENDERS: usize = 2;
/// Posts that are taken between one replacement and the next, at least.
const POSTS_BETWEEN: i64 = 3;

/// Posts one event after the other until it is told to stop.
struct Stream {
    next: AtomicI64,
    taken: AtomicI64,
    stop: AtomicBool,
}

impl Stream {
    async fn post_all(self: Arc<Self>, address: SocketAddr) {
        let mut client = Client::connect(address).await.unwrap();
        while !self.stop.load(Ordering::Relaxed) {
            let unit = self.next.fetch_add(1, Ordering::Relaxed);
            let payload =
                json!({"id": unit, "job_id": JOB, "state": "finalized", "updated_at": "2026-11-21T10:00:00+00:00", "results": {}});
            let request = wire::signal(&Folder::hook("cats"), &Signal::UnitComplete, &payload.to_string(), SIGNING_TOKEN);
            let reply = client.ask(request).await.unwrap();
            assert_eq!(reply.status, 200, "{}", reply.body);
            self.taken.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Replaces the component; gives what is whole and may run from now on.
fn replace(folder: &Folder, turn: u32) -> Option<Vec<u8>> {
    let path = folder.path("plugins/counts.wasm");
    let bytes = numbered(&guest(if turn.is_multiple_of(2) { "counts" } else { "counts-v2" }), turn);
    let rename_over = |bytes: &[u8]| {
        fs::write(folder.path("plugins/.unfinished"), bytes).unwrap();
        fs::rename(folder.path("plugins/.unfinished"), &path).unwrap();
    };
    match turn % 6 {
        0 => rename_over(&bytes),
        1 if !path.is_symlink() => {
            let mut file = File::create(&path).unwrap();
            for piece in bytes.chunks(bytes.len() / 3 + 1) {
                file.write_all(piece).unwrap();
            }
        }
        2 => {
            rename_over(&bytes[..bytes.len() - 100]);
            return None;
        }
        3 => {
            fs::remove_file(&path).unwrap();
            fs::write(&path, &bytes).unwrap();
        }
        4 => {
            rename_over(b"nothing of the kind");
            return None;
        }
        _ => {
            let release = folder.path(&format!("release-{turn}.wasm"));
            fs::write(&release, &bytes).unwrap();
            symlink(release, folder.path("plugins/.link")).unwrap();
            fs::rename(folder.path("plugins/.link"), &path).unwrap();
        }
    }
    Some(bytes)
}

/// The digest of the component that is in use.
fn in_use(host: &Running) -> Option<Digest> {
    host.registry.now().components.get(&"counts".parse().unwrap()).map(|component| component.digest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_replaced_under_a_stream_of_events_loses_none_and_tears_none() {
    let folder = Folder::new();
    let first = numbered(&guest("counts"), REPLACEMENTS);
    fs::write(folder.path("plugins/counts.wasm"), &first).unwrap();
    folder.appen("cats", "[plugins.counts]\n");
    let host = Running::start(folder).await;
    let stream = Arc::new(Stream { next: AtomicI64::new(1), taken: AtomicI64::new(0), stop: AtomicBool::new(false) });
    let senders: Vec<_> = (0..SENDERS).map(|_| tokio::spawn(Arc::clone(&stream).post_all(host.folder.listen))).collect();

    let mut whole = BTreeSet::from([Digest::of(&first).to_string()]);
    for turn in 0..REPLACEMENTS {
        whole.extend(replace(&host.folder, turn).map(|bytes| Digest::of(&bytes).to_string()));
        let wanted = stream.taken.load(Ordering::Relaxed) + POSTS_BETWEEN;
        until("events are taken meanwhile", async || stream.taken.load(Ordering::Relaxed) >= wanted).await;
    }
    let last = numbered(&guest("counts-v2"), REPLACEMENTS + 1);
    whole.insert(Digest::of(&last).to_string());
    fs::remove_file(host.folder.path("plugins/counts.wasm")).unwrap();
    fs::write(host.folder.path("plugins/counts.wasm"), &last).unwrap();
    let changed = Instant::now();
    until("the last version is in use", async || in_use(&host) == Some(Digest::of(&last))).await;
    let took = changed.elapsed();

    stream.stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.await.unwrap();
    }
    let posted = stream.taken.load(Ordering::Relaxed);
    let totals = host.drained().await;
    assert_eq!((totals.events, totals.dead), (u64::try_from(posted).unwrap(), 0), "{:?}", host.dead_letters().await);
    for unit in 1..=posted {
        assert_eq!(host.state("cats", "counts", &format!("task/{unit}")).await.as_deref(), Some("1"), "unit {unit}");
    }
    let events = host.events().await;
    let ran: BTreeSet<String> = events.iter().flat_map(|kept| &kept.runs).filter_map(|(_, run)| run.component.clone()).collect();
    assert!(ran.is_subset(&whole), "{:?} never lay there whole", ran.difference(&whole));
    assert!(ran.len() > 2, "{} versions ran", ran.len());

    // A second is promised on a machine with nothing else to do, which this one may not be: so it is told, and decides nothing.
    println!("the last version was in use after {took:?}");
    host.stop().await;
}
