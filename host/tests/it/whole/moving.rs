//! A store that goes over to the other engine between two starts of its host.

use std::fs;

use serde_json::{Value, json};

use super::{Stage, completed, result_on};
use crate::harness::engine::{self, Cluster};
use crate::harness::process::{crowdhook, run, said};
use crate::harness::running::Running;

/// How many rows a copy said that a table has.
fn rows(copied: &Value, table: &str) -> u64 {
    let tables = copied["tables"].as_array().unwrap();
    tables.iter().find(|one| one["table"] == table).unwrap()["rows"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_goes_over_to_postgresql_and_back() {
    if engine::is_postgres() {
        return; // It begins in the data folder.
    }
    let Some(cluster) = Cluster::shared() else { return };
    let stage = Stage::voting().await;
    let before: Vec<i64> = (0..5).map(|_| stage.completed(&["red", "red"])).collect();
    for task in &before {
        stage.result(*task).await;
    }
    stage.host.drained().await;
    let line = engine::shared_line(cluster);
    let address = line.split('"').nth(1).unwrap();
    run(&stage.host.folder, &["store", "copy", "--to", address]).await.fails(1, &["in use by process", "help: "]);
    let Stage { server, host } = stage;
    let mut folder = host.stop().await;
    let told = run(&folder, &["store", "copy", "--to", address]).await.well();
    assert!(told.contains("EVENT") || told.contains("event ") && told.contains("the same on both sides"), "{told}");
    run(&folder, &["store", "copy", "--to", address]).await.fails(1, &["there is a store in schema", "never written over"]);

    folder.share(&line, "first");
    let host = Running::start(folder).await;
    let events = host.drained().await.events;
    assert!(events >= 10, "each task and what was concluded");
    for task in &before {
        assert_eq!(host.result("birds", *task).await.unwrap().1["answer"], "red");
    }
    server.save_webhook("birds", &host.folder.hook_url("birds")).await.unwrap();
    let later = completed(&server, "birds", &[json!({"animal": "green"})]);
    assert_eq!(result_on(&server, later).await["answer"], "green");
    let events = host.drained().await.events.max(events + 2);
    let mut folder = host.stop().await;

    // The settings name it by now; where it is to go is in a variable.
    let back = folder.path("back");
    let mut command = crowdhook(&["store", "copy", "--to-env", "CROWDHOOK_NEW", "--json", "--config"]);
    command.arg(folder.config()).env("CROWDHOOK_NEW", format!("sqlite:{}", back.display()));
    let copied: Value = serde_json::from_str(&said(command).await.well()).unwrap();
    assert_eq!((&copied["from"], &copied["to"], rows(&copied, "event")), (&json!("postgres"), &json!("sqlite"), events), "{copied}");
    fs::rename(back.join("crowdhook.db"), folder.data().join("crowdhook.db")).unwrap();
    folder.share("", "first");
    let host = Running::start(folder).await;
    assert_eq!(host.drained().await.events, events);
    assert_eq!(host.result("birds", later).await.unwrap().1["answer"], "green");
    host.stop().await;
}

#[tokio::test]
async fn a_copy_that_names_what_is_none_is_refused() {
    let copy = async |arguments: &[&str]| said(crowdhook(&[&["store", "copy"], arguments].concat())).await;
    copy(&[]).await.fails(2, &["Usage: crowdhook store copy"]);
    copy(&["--from", "data", "--to", "postgres://db/crowd"]).await.fails(1, &["is no store", "help: write `sqlite:`"]);
    let secret = "postgres://me:opensesame@db/crowd";
    let refused = copy(&["--from", "sqlite:data", "--to", secret]).await;
    refused.fails(1, &["the address holds a password", "--to-env NAME"]);
    assert!(!refused.err.contains("opensesame"), "{}", refused.err);
    copy(&["--from", "sqlite:data", "--to-env", "CROWDHOOK_NOT_SET"]).await.fails(1, &["there is no variable `CROWDHOOK_NOT_SET`"]);
    let nowhere = tempfile::tempdir().unwrap();
    let nowhere = format!("sqlite:{}", nowhere.path().join("none").display());
    copy(&["--from", &nowhere, "--to", "postgres://db/crowd"]).await.fails(1, &["there is no store in", "data folder"]);
    copy(&["--from", &nowhere, "--to", &nowhere]).await.fails(1, &["both stores are SQLite's", "crowdhook backup"]);
}
