//! What is kept, and for how long: a backup that is restored, a worker who is forgotten, what is old.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crowdhook::clock::Clock;
use crowdhook::config::Keep;
use crowdhook::retention::Retention;
use crowdhook::store::Part;
use serde_json::{Value, json};

use super::{Stage, completed};
use crate::harness::engine;
use crate::harness::folder::{Folder, VOTE};
use crate::harness::part::strace;
use crate::harness::peek;
use crate::harness::process::{crowdhook, run, said};
use crate::harness::running::Running;
use crate::harness::wire;

/// What the disk of a backup cannot do: calls, and how they fail.
const POOR_DISKS: [(&str, &str); 4] =
    [("link,linkat", "EPERM"), ("renameat2", "EINVAL"), ("renameat2,link,linkat", "EOPNOTSUPP"), ("renameat2,link,linkat", "EPERM")];

/// Thanks everybody for their first answer.
const THANKS: &str = "\
[plugins.thanks]
component = \"badges\"
allow = [\"badges\"]
settings = { badges = [{ id = \"welcome\", title = \"Welcome\", description = \"Your first answer.\", kind = \"first-contribution\" }] }
";

/// Where things are in what a sender posts that knows no other way to be asked.
const SHAPE: &str = r#"
kind = "task.completed"
task = "/task"
answers = "/labels"

[generic.answer]
worker = "/by"
value = "/is"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_events_come_is_restored_and_goes_on() {
    if engine::is_postgres() {
        return; // That is the business of `pg_dump`.
    }
    let stage = Stage::voting().await;
    let before: Vec<i64> = (0..5).map(|_| stage.completed(&["red", "red"])).collect();
    for task in &before {
        stage.result(*task).await;
    }
    stage.host.drained().await;
    // Others come in while it is made: each is in it whole or not at all.
    let meanwhile: Vec<i64> = (0..20).map(|_| stage.completed(&["blue"])).collect();
    let file = stage.host.folder.path("copy.db");
    let said = run(&stage.host.folder, &["backup", file.to_str().unwrap()]).await.well();
    assert!(said.contains("holds the store as it was"), "{said}");
    run(&stage.host.folder, &["backup", file.to_str().unwrap()]).await.fails(1, &["is there already", "not there yet"]);
    let nowhere = stage.host.folder.path("no-such-folder/copy.db");
    run(&stage.host.folder, &["backup", nowhere.to_str().unwrap()]).await.fails(1, &["a folder that you may write to"]);
    for task in &meanwhile {
        stage.result(*task).await;
    }
    let Stage { server, host } = stage;
    let lost = host.stop().await;

    // The machine is lost; what is left are the settings, the files and the copy.
    let folder = Folder::new();
    folder.component("majority-vote");
    folder.pybossa("birds", &server, VOTE);
    fs::create_dir_all(folder.data()).unwrap();
    fs::copy(&file, folder.data().join("crowdhook.db")).unwrap();
    drop(lost);
    let host = Running::start(folder).await;
    let totals = host.drained().await;
    assert!(totals.events >= 10, "each task and what was concluded: {totals:?}");
    let events = host.events().await;
    assert!(events.iter().all(|kept| kept.event.emitted_by.is_some() || kept.outcomes() == ["ok"]), "{events:#?}");
    for task in before {
        assert_eq!(host.result("birds", task).await.unwrap().1["answer"], "red", "what the host keeps of it is there too");
    }
    server.save_webhook("birds", &host.folder.hook_url("birds")).await.unwrap();
    let later = completed(&server, "birds", &[json!({"animal": "green"})]);
    assert_eq!(super::result_on(&server, later).await["answer"], "green");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_where_the_disk_knows_no_links() {
    if engine::is_postgres() {
        return; // That is the business of `pg_dump`.
    }
    let Some(strace) = strace() else { return };
    let folder = Running::start(Folder::new()).await.stop().await;
    for (number, (calls, error)) in POOR_DISKS.into_iter().enumerate() {
        let (log, file) = (folder.path(&format!("strace-{number}.log")), folder.path(&format!("copy-{number}.db")));
        let mut command = Command::new(&strace);
        command.args(["--follow-forks", "--seccomp-bpf", "-qq", "--output"]).arg(&log);
        command.arg(format!("--trace={calls}")).arg(format!("--inject={calls}:error={error}"));
        command.arg(env!("CARGO_BIN_EXE_crowdhook")).env("NO_COLOR", "1");
        command.arg("backup").arg(&file).arg("--config").arg(folder.config());
        said(command).await.well();
        assert_eq!(fs::read(&file).unwrap().get(..15), Some(&b"SQLite format 3"[..]), "{calls}");
        let left: Vec<_> = fs::read_dir(folder.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".part")), "{calls}: {left:?}");
    }
    let log = fs::read_to_string(folder.path("strace-3.log")).unwrap();
    assert!(log.contains("renameat2(") && log.matches("(INJECTED)").count() == 2, "{log}");
    let help = said(crowdhook(&["backup", "--help"])).await.well();
    // Its lines are as long as the terminal is wide.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("may leave again under the same key") && help.contains("`crowdhook backfill`"), "{help}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_worker_is_nowhere_in_the_store_and_their_answers_still_count() {
    let stage = Stage::new(&["majority-vote", "badges"], &format!("{VOTE}\n{THANKS}")).await;
    for _ in 0..3 {
        let task = stage.completed(&["red", "blue", "red"]);
        stage.result(task).await;
    }
    stage.host.drained().await;
    let badges = async || stage.host.admin("/v1/projects/birds/badges").await["badges"].as_array().unwrap().clone();
    let thanked = badges().await;
    assert_eq!(thanked.len(), 3);
    let worker = thanked[0]["worker"].as_str().unwrap();
    let whose = [format!("\"worker\":\"{worker}\""), format!("\"user_id\":{worker}"), format!("\"user_id\":\"{worker}\"")];
    let found = async || stage.host.folder.texts().await.into_iter().filter(|text| whose.iter().any(|id| text.contains(id))).count();
    assert!(found().await > 0, "there is something to forget");

    let said = run(&stage.host.folder, &["forget-worker", "birds", worker]).await.well();
    assert!(said.contains("stands in the place of the id in "), "{said}");
    assert_eq!(found().await, 0);
    let left = badges().await;
    assert!(left.len() == 2 && left.iter().all(|badge| badge["worker"] != worker), "{left:?}");
    let said = run(&stage.host.folder, &["forget-worker", "birds", worker, "--json"]).await.well();
    assert!(said.contains("\"rows\": 0"), "{said}");
    run(&stage.host.folder, &["forget-worker", "no-such-project", worker]).await.fails(1, &["there is no project of that name"]);

    // What was concluded stays, and is concluded again from what is kept.
    let event = &stage.host.events().await[0];
    let id = event.event.id.to_string();
    run(&stage.host.folder, &["event", "replay", &id, "--plugin", "vote"]).await.well();
    stage.host.drained().await;
    let result = stage.host.result("birds", event.event.task.as_deref().unwrap().parse().unwrap()).await.unwrap().1;
    assert_eq!((&result["answer"], &result["analysis"]["red"]), (&"red".into(), &json!(2)), "{result}");
    let folder = stage.host.stop().await;
    if engine::is_postgres() {
        return; // It leaves what it deleted in its files until it needs the room, and says so.
    }
    let whole: Vec<u8> = fs::read(folder.data().join("crowdhook.db")).unwrap();
    let left_over = whose.iter().filter(|id| whole.windows(id.len()).any(|bytes| bytes == id.as_bytes())).count();
    assert_eq!(left_over, 0, "nor where something stood once");
}

/// As much comes in as is let go, and the file does not grow.
#[tokio::test(flavor = "multi_thread")]
async fn the_store_stays_as_large_as_what_it_holds() {
    if engine::is_postgres() {
        return; // What its files keep free is the business of its `autovacuum`.
    }
    let folder = Folder::new();
    folder.component("majority-vote");
    folder.generic("birds", &format!("{SHAPE}\n{VOTE}"));
    let host = Running::start(folder).await;
    let at_once = Some(Duration::ZERO);
    let retention = Retention::new(host.store.clone(), Clock::System, Keep { bodies: at_once, details: at_once, events: at_once });
    let mut pages = Vec::new();
    for round in 0..8 {
        for task in 0..50 {
            let labels: Vec<Value> = (0..12).map(|worker| json!({"by": worker, "is": {"animal": "red"}})).collect();
            let item = json!({"round": round, "task": task, "labels": labels}).to_string();
            host.post(wire::post(&Folder::hook("birds"), "application/json", &item)).await;
        }
        host.drained().await;
        if round >= 3 {
            for part in Part::ALL {
                retention.walk(part, &mut 0).await.unwrap();
            }
            assert_eq!(host.events().await.len(), 0);
        }
        pages.push(peek::pages(&host.folder.data()));
    }
    // Two rounds that keep all, and four that let go: these find room, and but for a few short keys nothing is added.
    let (kept, let_go) = (pages[2] - pages[0], pages[7] - pages[3]);
    assert!(let_go * 4 < kept, "{pages:?}");
    assert_eq!(host.result("birds", 7).await.unwrap().1["answer"], "red", "the newest result of each task stays");
    host.stop().await;
}
