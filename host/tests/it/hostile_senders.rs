//! Strangers who do what they can to keep a host busy, beside a sender that means well: it is answered, and the host's memory stays
//! what it was.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crowdhook::practice::appen::Signal;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use crate::harness::folder::{Folder, JOB, SIGNING_TOKEN};
use crate::harness::process::Process;
use crate::harness::soak::number;
use crate::harness::wire::{self, Client};

/// One function for each kind of stranger.
mod strangers;

use strangers::Strangers;

/// The sender that means well posts so often.
const EVERY: Duration = Duration::from_millis(20);
/// Before the strangers come, so that what the host takes for itself is there.
const WARMED_UP: usize = 100;
/// What the host may take beyond that.
const GROWTH_BYTES_MAX: u64 = 64 << 20;
/// Files that the test itself needs beside its sockets.
const FILES: u64 = 500;

/// What the sender saw, and what the host took.
struct Found {
    /// How long each answer took, sorted.
    latencies: Vec<Duration>,
    grown_bytes: u64,
    /// What strangers were told, by status.
    told: String,
    idle: usize,
}

impl Found {
    fn quantile(&self, of_1000: usize) -> Duration {
        self.latencies[(self.latencies.len() - 1) * of_1000 / 1000]
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, idle) = (self.latencies.len(), self.idle);
        let [median, p99, longest] = [500, 990, 1000].map(|of_1000| self.quantile(of_1000).as_secs_f64() * 1e3);
        let mib = self.grown_bytes >> 20;
        write!(f, "{count} posts beside {idle} idle sockets: median {median:.1} ms, p99 {p99:.1} ms, longest {longest:.1} ms; ")?;
        write!(f, "memory grew by {mib} MiB; strangers were told {}", self.told)
    }
}

/// Posts for `lasting` while strangers do harm.
async fn run(lasting: Duration, idle: usize) -> Found {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let room = limit.maximum.map_or(u64::MAX, |maximum| maximum.saturating_sub(FILES));
    let idle = idle.min(usize::try_from(room).unwrap_or(usize::MAX));

    let folder = Folder::new();
    folder.appen("cats", "");
    let host = Process::start(&folder).await;
    let mut sender = Sender { address: folder.listen, kept: None, posted: 0, latencies: Vec::new() };
    for _ in 0..WARMED_UP {
        sender.post().await;
    }
    sender.latencies.clear();
    let before = host.memory_bytes();
    let strangers = Strangers::come(folder.listen, idle);
    let (end, mut most) = (Instant::now() + lasting, before);
    while Instant::now() < end {
        sender.post().await;
        most = most.max(host.memory_bytes());
        tokio::time::sleep(EVERY).await;
    }
    let told = strangers.go().await;
    let status = host.stop().await;
    assert!(status.success(), "the host ended with {status}");
    sender.latencies.sort_unstable();
    Found { latencies: sender.latencies, grown_bytes: most - before, told, idle }
}

/// A sender as a platform is: half of its posts come over a connection of their own.
struct Sender {
    address: SocketAddr,
    kept: Option<Client>,
    posted: usize,
    latencies: Vec<Duration>,
}

impl Sender {
    /// Posts an event until it is answered 200, and notes how long that took.
    async fn post(&mut self) {
        self.posted += 1;
        let began = Instant::now();
        let request = wire::signal(&Folder::hook("cats"), &Signal::UnitComplete, &payload(self.posted), SIGNING_TOKEN);
        loop {
            // The host may close a connection that waits; then it is opened again.
            let Some(mut client) = self.kept.take().or(Client::connect(self.address).await.ok()) else { continue };
            match client.ask(&request).await {
                Ok(reply) => {
                    assert_eq!(reply.status, 200, "{}", reply.body);
                    self.kept = Some(client).filter(|_| self.posted.is_multiple_of(2));
                    break;
                }
                Err(_) => continue,
            }
        }
        self.latencies.push(began.elapsed());
    }
}

fn payload(unit: usize) -> String {
    let payload = json!({
        "id": unit, "job_id": JOB, "state": "finalized", "judgments_count": 1, "updated_at": "2026-11-21T10:00:00+00:00",
        "data": {}, "results": {"judgments": []},
    });
    payload.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_is_answered_whatever_strangers_do() {
    // More idle ones than there are places.
    let found = run(Duration::from_secs(2), 1_200).await;
    // How many it gets through is for the machine to say.
    assert!(!found.latencies.is_empty(), "{found}");
}

#[ignore = "takes a minute: `cargo xtask soak hostile-senders`"]
#[tokio::test(flavor = "multi_thread")]
async fn soak() {
    let found = run(Duration::from_secs(number("SECONDS", 60)), usize::try_from(number("IDLE", 5_000)).unwrap()).await;
    println!("{found}");
    assert!(found.quantile(990) < Duration::from_secs(1), "p99 is not below a second");
    assert!(found.grown_bytes < GROWTH_BYTES_MAX, "the host's memory grew too much");
}
