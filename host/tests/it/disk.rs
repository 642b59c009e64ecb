//! A disk that fails under the whole host: `strace` lets the system calls on its data folder fail in turn. Meanwhile a sender is told
//! 503 or 200 and nothing else, and served again as soon as the disk is well, without a restart; or the host ends and says why. In
//! the end each event that was answered 200 has been handled once.
//!
//! The store alone is tried call by call in `store/sqlite/tests/disk`.

use std::path::Path;
use std::process::Command;

use crowdhook::id::Scope;
use crowdhook::practice::appen::Signal;
use serde_json::json;

use crate::harness::engine;
use crate::harness::folder::{Folder, JOB, SIGNING_TOKEN};
use crate::harness::part::strace;
use crate::harness::patience::eventually;
use crate::harness::process::Process;
use crate::harness::soak::number;
use crate::harness::wire;

/// What fails, and how.
const FAULTS: [(&str, &str); 10] = [
    ("pwrite64", "ENOSPC"),
    ("pwrite64", "EIO"),
    ("fsync,fdatasync", "EIO"),
    ("fsync,fdatasync", "ENOSPC"),
    ("ftruncate", "EIO"),
    ("openat", "EIO"),
    ("openat", "ENOSPC"),
    ("openat", "EMFILE"),
    ("write", "ENOSPC"),
    ("unlink", "EIO"),
];
/// So many calls in a row fail, of each thread.
const IN_A_ROW: usize = 3;
/// Events of each round.
const EVENTS: i64 = 12;
/// A post is tried so often. A commit makes several calls, so fewer than [`IN_A_ROW`] tries of each thread may fail.
const TRIES_MAX: usize = 10;
/// The files whose calls fail: those that the host writes below its data folder.
const FILES: [&str; 6] = ["data", "data/lock", "data/crowdhook.db", "data/crowdhook.db-wal", "data/crowdhook.db-shm", "data/admin-token"];
const COUNTS: &str = "[plugins.counts]\non = [\"task.completed\"]\n";

/// Which calls of each thread fail.
#[derive(Clone, Copy, Debug)]
struct Fault {
    call: &'static str,
    error: &'static str,
    first: usize,
    /// Whether the data folder is new, or one that a host has left.
    new: bool,
}

/// What became of a round.
#[derive(Debug, Default)]
struct Found {
    /// Calls that failed.
    failed: usize,
    /// Posts that were answered 503.
    refused: usize,
    /// Whether the host ended, and said why.
    ended: bool,
}

/// The host under `strace`, which is its grandchild, so that signals reach the host.
fn traced(strace: &Path, folder: &Folder, fault: Fault) -> Command {
    let Fault { call, error, first, .. } = fault;
    let mut command = Command::new(strace);
    command.args(["--daemonize", "--follow-forks", "--seccomp-bpf", "-qq", "--output"]).arg(folder.path("strace.log"));
    for file in FILES {
        command.arg("--trace-path").arg(folder.path(file));
    }
    command.arg(format!("--trace={call}")).arg(format!("--inject={call}:error={error}:when={first}..{}", first + IN_A_ROW - 1));
    command.arg(env!("CARGO_BIN_EXE_crowdhook")).env("NO_COLOR", "1");
    command
}

/// A host on a disk that fails, and whoever posts to it.
struct Round {
    folder: Folder,
    host: Option<Process>,
    found: Found,
}

impl Round {
    async fn run(strace: &Path, fault: Fault) -> Found {
        let folder = Folder::with("lease_s = 5\n");
        folder.component("counts");
        folder.appen("cats", COUNTS);
        if !fault.new {
            Process::start(&folder).await.stop().await;
        }
        let host = Process::spawn_as(traced(strace, &folder, fault), &folder);
        let mut round = Self { folder, host: Some(host), found: Found::default() };
        round.ready(fault).await;
        for unit in 1..=EVENTS {
            round.post(unit, fault).await;
        }
        round.end(fault).await;
        let log = std::fs::read_to_string(round.folder.path("strace.log")).unwrap_or_default();
        round.found.failed = log.matches("(INJECTED)").count();
        round.look(fault).await;
        round.found
    }

    /// Waits until the host is ready, or has ended for a reason that it says; then starts it on a disk that is well.
    async fn ready(&mut self, fault: Fault) {
        let mut host = self.host.take().unwrap();
        if let Some(status) = host.ready(&self.folder).await {
            assert_eq!(status.code(), Some(1), "{fault:?}: the host ended with {status}:\n{}", host.log());
            let said = host.log();
            assert!(said.lines().any(|line| line.starts_with("error: ")) && !said.contains("panicked"), "{fault:?}: {said}");
            self.found.ended = true;
            host = Process::start(&self.folder).await;
        }
        self.host = Some(host);
    }

    /// Posts until it is answered 200.
    async fn post(&mut self, unit: i64, fault: Fault) {
        let request = wire::signal(&Folder::hook("cats"), &Signal::UnitComplete, &payload(unit), SIGNING_TOKEN);
        for _ in 0..TRIES_MAX {
            match wire::send(self.folder.listen, &request).await {
                Ok(reply) if reply.status == 200 => return,
                Ok(reply) => {
                    assert_eq!(reply.status, 503, "{fault:?}: {}", reply.body);
                    self.found.refused += 1;
                }
                Err(_) => self.ready(fault).await,
            }
        }
        panic!("{fault:?}: the disk is well again, and the host takes no events:\n{}", self.host.as_ref().unwrap().log());
    }

    /// Stops the host and starts it once more, on a disk that is well.
    async fn end(&mut self, fault: Fault) {
        let mut host = self.host.take().unwrap();
        if fault.first.is_multiple_of(2) {
            host.kill();
        } else {
            host.signal(rustix::process::Signal::TERM);
            let status = host.ended().await;
            assert!(status.success(), "{fault:?}: the host ended with {status}:\n{}", host.log());
            assert!(!host.log().contains("panicked"), "{fault:?}: {}", host.log());
        }
        let host = Process::start(&self.folder).await;
        eventually("nothing waits any more", async || {
            let totals = self.folder.read_store().totals().await.unwrap();
            (totals.waiting == 0).then_some(())
        })
        .await;
        host.stop().await;
    }

    /// Each event is there once and was handled once.
    async fn look(&self, fault: Fault) {
        let store = self.folder.read_store();
        let totals = store.totals().await.unwrap();
        assert_eq!((totals.events, totals.dead), (EVENTS.unsigned_abs(), 0), "{fault:?}");
        let scope = Scope { project: "cats".parse().unwrap(), plugin: "counts".parse().unwrap() };
        for unit in 1..=EVENTS {
            let entry = store.get_state(&scope, &format!("task/{unit}")).await.unwrap();
            assert_eq!(entry.map(|entry| entry.value).as_deref(), Some("1"), "{fault:?}: unit {unit}");
        }
    }
}

fn payload(unit: i64) -> String {
    let payload = json!({
        "id": unit, "job_id": JOB, "state": "finalized", "judgments_count": 1, "updated_at": "2026-11-21T10:00:00+00:00",
        "data": {}, "results": {"judgments": []},
    });
    payload.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_costs_503s_and_no_event() {
    if engine::is_postgres() {
        return; // Its disk is its own.
    }
    let Some(strace) = strace() else { return };
    // A full disk and a failed sync under load, and one that fails while the folder is made.
    let faults = [("pwrite64", "ENOSPC", 20, false), ("fsync,fdatasync", "EIO", 4, false), ("pwrite64", "EIO", 1, true)];
    for (call, error, first, new) in faults {
        let fault = Fault { call, error, first, new };
        let found = Round::run(&strace, fault).await;
        // A failed sync is mended, or it is of a commit for which nobody posts.
        let refuses = !new && call == "pwrite64";
        assert!(found.failed > 0 && found.ended == new && (!refuses || found.refused > 0), "{fault:?}: {found:?}");
    }
}

#[ignore = "takes an hour: `cargo xtask soak disk`"]
#[tokio::test(flavor = "multi_thread")]
async fn soak() {
    let strace = strace().expect("`strace` is needed");
    let step = number("STEP", 1);
    for ((call, error), new) in FAULTS.into_iter().flat_map(|fault| [(fault, true), (fault, false)]) {
        let (mut rounds, mut failed, mut refused, mut ended) = (0, 0, 0, 0);
        for first in (1..).step_by(step) {
            let found = Round::run(&strace, Fault { call, error, first, new }).await;
            if found.failed == 0 {
                break;
            }
            rounds += 1;
            failed += found.failed;
            refused += found.refused;
            ended += usize::from(found.ended);
        }
        let folder = if new { "a new folder" } else { "a folder that was there" };
        println!(
            "{call} with {error} on {folder}: {rounds} rounds, {failed} calls failed, {refused} posts answered 503, {ended} hosts ended with a reason"
        );
    }
}
