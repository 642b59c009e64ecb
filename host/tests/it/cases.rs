//! Components on cases: what their authors see without a host.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::process::{Said, crowdhook, said};
use crate::harness::{bundled_file, guest_file};

/// A case of these files, by their names without `.json`.
fn case(files: &[(&str, Value)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), files);
    folder
}

fn add(folder: &Path, files: &[(&str, Value)]) {
    for (name, content) in files {
        let file = folder.join(format!("{name}.json"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content.to_string()).unwrap();
    }
}

fn completed() -> (&'static str, Value) {
    ("event", json!({ "kind": "task.completed", "task": "1" }))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn run(component: &Path, case: &Path, more: &[&str]) -> Said {
    let mut command = crowdhook(&["plugin", "run", text(component), "--case", text(case)]);
    command.args(more);
    said(command).await
}

/// What a guest does on a case, whatever the exit code.
async fn tried(guest: &str, files: &[(&str, Value)]) -> (Option<i32>, Value) {
    let case = case(files);
    let Said { code, out, err } = run(&guest_file(guest), case.path(), &["--json"]).await;
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{err}")))
}

#[tokio::test]
async fn a_component_is_run_on_a_case_and_says_what_it_would_do() {
    let case = case(&[
        completed(),
        ("answers", json!([{ "worker": "ann", "value": "robin" }, { "worker": "bob", "value": "robin" }])),
        ("state", json!({ "verdict/1": "{\"revision\":4,\"answer\":\"wren\",\"decided\":true,\"tie\":false,\"tied\":{}}" })),
    ]);
    let vote = bundled_file("majority-vote");
    let shown = run(&vote, case.path(), &[]).await.well();
    for words in [
        "majority-vote: ok",
        "save-result {",
        "\"answer\": \"robin\"",
        "task.analysed {",
        "verdict/1 = {\"revision\":5,",
        "CPU ",
        "of 2000 ms",
    ] {
        assert!(shown.contains(words), "there is no `{words}` in:\n{shown}");
    }
    let told: Value = serde_json::from_str(&run(&vote, case.path(), &["--json"]).await.well()).unwrap();
    assert_eq!(told["outcome"], "ok");
    assert_eq!(told["effects"][0]["info"]["answer"], "robin");
    assert_eq!(told["events"][0]["payload"]["previous"]["answer"], "wren");
    assert_eq!(told["used"]["effects"], json!({ "used": 2, "limit": 100 }));
    assert!(told["used"]["memory_bytes"]["used"].as_u64().unwrap() > 0, "{told}");

    // Single files stand in the place of the case's.
    let other = case.path().join("other.json");
    std::fs::write(&other, r#"[{ "value": "owl" }]"#).unwrap();
    let told: Value = serde_json::from_str(&run(&vote, case.path(), &["--json", "--answers", text(&other)]).await.well()).unwrap();
    assert_eq!(told["effects"][0]["info"]["answer"], "owl");
}

#[tokio::test]
async fn counters_begin_where_the_state_of_the_case_is() {
    let (code, told) = tried("counts", &[completed(), ("state", json!({ "count": "41" }))]).await;
    assert_eq!((code, &told["state"]), (Some(0), &json!({ "count": "42", "task/1": "1" })));
}

#[tokio::test]
async fn what_does_not_end_well_exits_with_1_and_says_what_a_host_would_make_of_it() {
    let traps = case(&[completed()]);
    let said = run(&guest_file("traps"), traps.path(), &[]).await;
    said.fails(1, &["error: `traps` trapped: wasm `unreachable` instruction executed", "a host tries three times"]);
    for words in ["is good enough", "wasm backtrace:", "wasm function", "help: the component names no functions"] {
        assert!(said.out.contains(words), "there is no `{words}` in:\n{}", said.out);
    }
    for (guest, outcome, reason) in [("retries", "retry", "attempt 3 was too early"), ("rejects", "rejected", "")] {
        let (code, told) = tried(guest, &[("event", json!({ "kind": "task.completed", "task": "1", "attempt": 3 }))]).await;
        assert_eq!((code, told["outcome"].as_str()), (Some(1), Some(outcome)));
        assert!(told["reason"].as_str().unwrap().contains(reason), "{told}");
        assert_eq!((&told["effects"], &told["state"]), (&json!([]), &json!({})));
    }
}

#[tokio::test]
async fn limits_of_a_case_stop_a_guest_that_goes_beyond_them() {
    let limits = |limits: Value| ("grants", json!({ "allow": [], "limits": limits }));
    let (code, told) = tried("spins", &[completed(), limits(json!({ "cpu_ms": 50 }))]).await;
    assert_eq!((code, told["reason"].as_str()), (Some(1), Some("it used up its 50 ms of CPU time")));
    assert_eq!(told["used"]["cpu_ms"]["limit"], 50.0);
    let (_, told) = tried("hoards", &[completed(), limits(json!({ "memory_mib": 8 }))]).await;
    assert_eq!(told["reason"].as_str(), Some("it wanted more than its 8 MiB of memory"));
}

#[tokio::test]
async fn recorded_answers_stand_for_other_services() {
    let settings = ("settings", json!({ "connection": "wiki", "fetch": ["/a", "/a", "/b"], "send": "/c" }));
    let page = |text: &str| json!({ "connection": "wiki", "path": "/a", "status": 404, "headers": { "X-Page": "1" }, "text": text });
    let recorded =
        [("http/1", page("first")), ("http/2", page("second")), ("http/3", json!({ "connection": "wiki", "path": "/b", "json": [1] }))];
    let files: Vec<_> = [completed(), settings.clone()].into_iter().chain(recorded).collect();
    let (code, told) = tried("calls-out", &files).await;
    let log: Vec<&str> = told["log"].as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(
        log,
        [
            "fetch /a: 404 5 bytes [x-page=1] first",
            "fetch /a: 404 6 bytes [x-page=1] second",
            "fetch /b: 200 3 bytes [] [1]",
            "send /c: asked for"
        ]
    );
    assert_eq!((code, &told["effects"][0]["request"]["body"]), (Some(0), &json!({ "task": "1" })));

    let (code, told) = tried("calls-out", &[completed(), settings.clone(), ("http/1", page("first"))]).await;
    let why = told["reason"].as_str().unwrap();
    assert!(why.contains("the case has no answer of `wiki` to `/b`: write it into a file of the folder `http`"), "{why}");
    assert_eq!((code, told["outcome"].as_str()), (Some(1), Some("rejected")));

    let down = ("http/1", json!({ "connection": "wiki", "path": "/a", "fails": "the service is down" }));
    let (_, told) = tried("calls-out", &[completed(), settings, down]).await;
    assert_eq!((told["outcome"].as_str(), told["reason"].as_str()), (Some("parked"), Some("the service is down")));
}

#[tokio::test]
async fn what_a_host_would_not_load_is_said_and_not_run() {
    let checks = [
        ("bad-settings", vec![completed()], "`settings.json`, at `/mode`: no mode suits this plugin"),
        (
            "wants-more",
            vec![completed(), ("grants", json!({ "allow": ["email"] }))],
            "it needs `http.send`: add that to `allow` in `grants.json`",
        ),
        (
            "counts",
            vec![completed(), ("grants", json!({ "allow": ["mail"] }))],
            "`grants.json` allows `mail`, and there is no such thing to grant",
        ),
        ("counts", vec![("event", json!({ "kind": "project.loaded" }))], "it hears `task.*`, and the event is a `project.loaded`"),
    ];
    for (guest, files, words) in checks {
        let case = case(&files);
        run(&guest_file(guest), case.path(), &[]).await.fails(1, &["a host would not run", words]);
    }
}

#[tokio::test]
async fn files_that_make_no_sense_are_named_with_the_place() {
    let checks = [
        (vec![], vec!["event.json` is not there", "help: write `event.json`"]),
        (vec![("event", json!({ "kind": "completed" }))], vec!["event.json`: `completed` is no kind of event", "line 1"]),
        (
            vec![("event", json!({ "kind": "task.completed", "task": 1 }))],
            vec!["event.json`: invalid type: integer `1`, expected a string at line 1"],
        ),
        (
            vec![completed(), ("answers", json!([{ "valeu": 1 }]))],
            vec!["answers.json`: unknown field `valeu`, expected one of `id`, `worker`, `value`"],
        ),
        (vec![completed(), ("grants", json!({ "recipients": ["ann"] }))], vec!["grants.json`: `ann` is nobody"]),
        (
            vec![completed(), ("http/a", json!({ "connection": "web", "text": "a", "json": 1 }))],
            vec!["a.json`: it has two bodies", "help: `crowdhook plugin run --help`"],
        ),
    ];
    for (files, words) in checks {
        let case = case(&files);
        run(&guest_file("counts"), case.path(), &[]).await.fails(1, &words);
    }
    let nothing = said(crowdhook(&["plugin", "run", text(&guest_file("counts"))])).await;
    nothing.fails(1, &["neither `--case` nor `--event` is given"]);
}

#[tokio::test]
async fn what_else_the_platform_has_can_be_asked_for() {
    let analysis = json!({ "answer": "robin", "votes": 2, "total": 3, "agreement": 0.67, "tie": false, "decided": true, "reason": "2 of 3", "tied": [] });
    let event = json!({ "kind": "task.analysed", "task": "1", "emitted_by": "vote", "payload": analysis });
    let settings = json!({ "to": ["ann@example.org"], "subject": "{{ project.title }}: {{ answer }}" });
    let platform = json!({ "project": { "id": "7", "title": "Birds of the Alps" } });
    let case = case(&[("event", event), ("settings", settings), ("platform", platform)]);
    let told: Value = serde_json::from_str(&run(&bundled_file("email"), case.path(), &["--json"]).await.well()).unwrap();
    assert_eq!(told["effects"][0]["mail"]["subject"], "Birds of the Alps: robin");
}
