//! The machine's clock is set while the host runs, and before it starts: by an hour, by ten years, forward and back.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crowdhook::practice::pybossa::Endpoint;
use crowdhook::practice::{Fault, Pybossa, Seed};
use serde_json::json;

use crate::harness::folder::{Folder, VOTE};
use crate::harness::part::or_skip;
use crate::harness::patience::eventually_as;
use crate::harness::process::{Process, crowdhook, run};
use crate::whole::{completed, result_on};

/// What else tells `libfaketime` how to lie: to look at its file each time, and to leave alone what no clock that is set has to do with.
const LIES: [(&str, &str); 3] = [("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("NO_FAKE_STAT", "1")];
/// An attempt that failed is repeated after a minute: beyond the end of the test, unless a clock makes it so.
const WAITS: &str = "reconcile_minutes = 0\n[limits]\nretry_wait_ms = 60000\ndelivery_wait_ms = 60000\npark_wait_ms = 20\n";

/// Wants another try of each task, for ever.
const RETRIES: &str = "[plugins.retries]\ncomponent = \"retries\"\non = [\"task.completed\"]\n";

/// The library that lies about the time.
fn faketime() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok);
    let found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1")).find(|file| file.is_file());
    or_skip("`libfaketime`", "on Debian, install the package `libfaketime`", found)
}

/// A host whose clock is as far from the machine's as a file says.
fn host_with_clock(faketime: &PathBuf, folder: &Folder) -> Command {
    let mut command = crowdhook(&[]);
    command.env("LD_PRELOAD", faketime).env("FAKETIME_TIMESTAMP_FILE", folder.path("clock")).envs(LIES);
    command
}

/// Waits until what waits, died, and was attempted is as `expected`.
async fn stands(folder: &Folder, expected: &str) {
    let last = RefCell::new(String::new());
    let as_expected = async || {
        let now = standing(folder).await;
        let is_so = now == expected;
        last.replace(now);
        is_so.then_some(())
    };
    eventually_as(|| format!("it stands: {expected}; it is: {}", last.borrow()), as_expected).await;
}

/// What waits, died, and was attempted so far.
async fn standing(folder: &Folder) -> String {
    let status = run(folder, &["status"]).await.well();
    status.lines().filter(|line| line.starts_with("invocations:") || line.starts_with("deliveries:")).collect::<Vec<_>>().join("; ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_hurries_nothing_and_holds_up_nothing() {
    let Some(faketime) = faketime() else { return };
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let folder = Folder::new();
    folder.settings(WAITS);
    folder.write("clock", "+0\n");
    folder.component("majority-vote");
    folder.component("retries");
    folder.pybossa("birds", &server, &format!("{VOTE}\n{RETRIES}"));
    let mut host = Process::spawn_as(host_with_clock(&faketime, &folder), &folder);
    assert_eq!(host.ready(&folder).await, None);
    server.save_webhook("birds", &folder.hook_url("birds")).await.unwrap();

    // One delivery fails and waits; one plugin wants another try of each event.
    server.fault_on(Endpoint::Result, Fault::ServerError, 1);
    let first = completed(&server, "birds", &[json!({"animal": "red"})]);
    stands(&folder, "invocations: 1 waiting, 0 dead, 2 runs recorded; deliveries: 1 waiting, 0 dead").await;
    for (number, (jump, words)) in
        [("+1h", "was set by 3"), ("+10y", ""), ("+0", "the machine's clock again"), ("-1h", "was set by -3"), ("-10y", "")]
            .into_iter()
            .enumerate()
    {
        folder.write("clock", &format!("{jump}\n"));
        let task = completed(&server, "birds", &[json!({"animal": "blue"})]);
        assert_eq!(result_on(&server, task).await["answer"], "blue", "after {jump}");
        let events = number + 2;
        // Only what is new was attempted.
        let expected = format!("invocations: {events} waiting, 0 dead, {} runs recorded; deliveries: 1 waiting, 0 dead", events * 2);
        stands(&folder, &expected).await;
        host.logs(words).await;
    }
    assert!(server.result_of(first).unwrap()["info"].is_null(), "its minute is not over");
    assert!(host.stop().await.success());

    // Ten years ago again, and then now, after a start.
    for (jump, color) in [("-10y", "white"), ("+0", "black")] {
        folder.write("clock", &format!("{jump}\n"));
        let mut host = Process::spawn_as(host_with_clock(&faketime, &folder), &folder);
        assert_eq!(host.ready(&folder).await, None);
        let task = completed(&server, "birds", &[json!({"animal": color})]);
        assert_eq!(result_on(&server, task).await["answer"], color, "started at {jump}");
        let standing = standing(&folder).await;
        assert!(standing.matches(", 0 dead").count() == 2, "{standing}");
        assert!(host.stop().await.success());
    }
}
