//! Components on cases: what their authors see without a host.

use std::path::Path;

use crowdhook::practice::{Pybossa, Seed};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::folder::{Folder, HOOK_TOKEN, VOTE, runs};
use crate::harness::patience::until;
use crate::harness::process::{self, Process, Said, crowdhook, said};
use crate::harness::{bundled_file, guest_file, peek, wire};

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
    said.fails(
        1,
        &["error: `traps` trapped: no answer to event 019b76da-a800-7000-8000-000000000001 is good enough", "a host tries three times"],
    );
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
    assert_eq!((code, told["reason"].as_str()), (Some(1), Some("it used up its 50 ms of CPU time (`cpu_ms`)")));
    assert_eq!(told["used"]["cpu_ms"]["limit"], 50.0);
    let loops = case(&[completed(), limits(json!({ "cpu_ms": 50 }))]);
    let said = run(&guest_file("spins"), loops.path(), &[]).await;
    said.fails(
        1,
        &["help: a loop without an end?", "raise `cpu_ms` (50 now): in `limits` of `grants.json`", "below `[plugins.NAME.limits]`"],
    );
    let (_, told) = tried("hoards", &[completed(), limits(json!({ "memory_mib": 8 }))]).await;
    assert_eq!(told["reason"].as_str(), Some("it wanted more than its 8 MiB of memory (`memory_mib`)"));
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

async fn test(component: &Path, cases: &Path, more: &[&str]) -> Said {
    let mut command = crowdhook(&["plugin", "test", text(cases), "--component", text(component)]);
    command.args(more);
    said(command).await
}

#[tokio::test]
async fn the_cases_of_the_bundled_plugins_pass() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/majority-vote/cases");
    let said = test(&bundled_file("majority-vote"), &cases, &[]).await.well();
    assert!(said.contains("ok       tie\n") && said.ends_with("6 cases: 6 passed\n"), "{said}");
}

#[tokio::test]
async fn a_case_that_differs_shows_the_lines_and_is_accepted_on_request() {
    let all = tempfile::tempdir().unwrap();
    let guest = guest_file("counts");
    test(&guest, all.path(), &[]).await.fails(1, &["there is no case in", "help: a case is a folder with an `event.json`"]);
    add(&all.path().join("new"), &[completed()]);
    let expected = json!({ "outcome": "ok", "state": { "task/1": "1", "count": "7" } });
    add(&all.path().join("sub/known"), &[completed(), ("state", json!({ "count": "6" })), ("expected", expected.clone())]);

    let said = test(&guest, all.path(), &[]).await;
    said.fails(1, &["error: 2 cases: 1 passed, 1 failed", "help: if what came out is right, `--accept` writes it"]);
    assert!(said.out.contains("FAILED   new\n    there is no `expected.json`"), "{}", said.out);

    let said = test(&guest, all.path(), &["--accept"]).await.well();
    assert!(said.contains("accepted new\n") && said.ends_with("2 cases: 1 passed, 1 accepted\n"), "{said}");
    let written: Value = serde_json::from_str(&std::fs::read_to_string(all.path().join("new/expected.json")).unwrap()).unwrap();
    assert_eq!(written, json!({ "outcome": "ok", "effects": [], "state": { "count": "1", "task/1": "1" }, "events": [] }));
    assert!(test(&guest, all.path(), &[]).await.well().ends_with("2 cases: 2 passed\n"));

    // What was as it should be is not written anew; the next version differs, line by line.
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(all.path().join("sub/known/expected.json")).unwrap()).unwrap();
    assert_eq!(kept, expected);
    let next = test(&guest_file("counts-v2"), all.path(), &[]).await;
    next.fails(1, &["2 cases: 2 differ"]);
    for line in [
        "DIFFERS  sub/known\n",
        "    --- expected.json\n",
        "    +++ what came out\n",
        "    -    \"task/1\": \"1\"\n",
        "    +    \"v2\": \"1\"\n",
    ] {
        assert!(next.out.contains(line), "there is no `{line}` in:\n{}", next.out);
    }
    let told = test(&guest_file("counts-v2"), all.path(), &["--json"]).await;
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(
        (&told[0]["case"], &told[0]["verdict"], &told[0]["came_out"]["state"]["v2"]),
        (&json!("new"), &json!("differs"), &json!("1"))
    );
}

#[tokio::test]
async fn a_case_that_cannot_be_run_fails_and_the_others_are_run_all_the_same() {
    let all = tempfile::tempdir().unwrap();
    add(&all.path().join("a"), &[("event", json!({ "kind": "task" }))]);
    add(&all.path().join("b"), &[completed(), ("expected", json!({ "outcome": "ok", "state": { "count": "1", "task/1": "1" } }))]);
    std::fs::copy(guest_file("counts"), all.path().join("plugin.wasm")).unwrap();
    let said = said(crowdhook(&["plugin", "test", text(all.path())])).await;
    said.fails(1, &["2 cases: 1 passed, 1 failed"]);
    assert!(said.out.contains("`task` is no kind of event") && said.out.contains("ok       b\n"), "{}", said.out);

    std::fs::remove_file(all.path().join("plugin.wasm")).unwrap();
    let none = process::said(crowdhook(&["plugin", "test", text(all.path())])).await;
    none.fails(1, &["no component to test", "help: name it: `--component FILE`"]);
}

/// An event that a host has handled: one task with three answers, by `vote` and `counts`.
async fn handled() -> (Pybossa, Folder, Process, String) {
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let folder = Folder::new();
    folder.component("majority-vote");
    folder.component("reads-and-writes");
    folder.pybossa("birds", &server, &format!("{VOTE}\n{}", runs("reads-and-writes", &[])));
    let host = Process::start(&folder).await;
    let task = server.add_task("birds", json!({ "url": "https://birds.example.org/1.jpg" }), 3).unwrap();
    for (worker, animal) in [("ada", "robin"), ("bob", "robin"), ("cleo", "wren")] {
        server.answer(task, worker, json!({ "animal": animal })).unwrap();
    }
    wire::send(folder.listen, wire::completed(&Folder::hook("birds"), "birds", 1, task, 1)).await.unwrap();
    let well = async || process::run(&folder, &["status"]).await.well().contains("invocations: 0 waiting, 0 dead, 3 runs recorded");
    until("the plugins have run", well).await;
    let store = folder.read_store();
    let id = peek::events(store.as_ref()).await.first().unwrap().event.id.to_string();
    (server, folder, host, id)
}

fn file(case: &Path, name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(case.join(name)).unwrap()).unwrap()
}

/// All files of a folder, one after the other.
fn everything(folder: &Path) -> String {
    std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_event_is_exported_and_its_plugin_does_the_same_again() {
    let (server, folder, host, id) = handled().await;
    let case = folder.path("cases/odd");
    let export = |case: &Path, more: &[&str]| {
        let arguments = [&["event", "export", &id, "--case", text(case)], more].concat().into_iter().map(str::to_owned).collect::<Vec<_>>();
        let folder = &folder;
        async move { process::run(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).await }
    };
    export(&case, &[])
        .await
        .fails(1, &["several plugins have run on the event: `reads-and-writes`, `vote`", "help: name one of them: `--plugin NAME`"]);
    export(&case, &["--plugin", "tweet"]).await.fails(1, &["project `birds` has no plugin `tweet`"]);

    // Of a host that runs …
    let said = export(&case, &["--plugin", "vote"]).await;
    assert_eq!(said.err, "");
    let said = said.well();
    assert!(said.contains("run it with `crowdhook plugin run majority-vote.wasm --case "), "{said}");
    let answers = file(&case, "answers.json");
    let workers: Vec<&str> = answers.as_array().unwrap().iter().map(|answer| answer["worker"].as_str().unwrap()).collect();
    assert_eq!(workers, ["worker-1", "worker-2", "worker-3"]);
    assert_eq!(
        (&file(&case, "settings.json"), &file(&case, "grants.json")),
        (&json!({ "pointer": "/animal" }), &json!({ "allow": ["results", "events"] }))
    );
    let event = file(&case, "event.json");
    assert_eq!((&event["id"], &event["plugin"], &event["attempt"]), (&json!(id), &json!("vote"), &json!(1)));
    let all = everything(&case);
    for secret in [HOOK_TOKEN, &server.owner_key()] {
        assert!(!all.contains(secret), "{all}");
    }
    let again: Value = serde_json::from_str(&run(&bundled_file("majority-vote"), &case, &["--json"]).await.well()).unwrap();
    assert_eq!(again["effects"][0]["info"]["reason"], "2 of 3 answers agree");
    assert_eq!(again["effects"][0]["info"]["answer"], "robin");
    export(&case, &["--plugin", "vote"]).await.fails(1, &["holds a case already"]);

    // … and with the state that a run read, of one that has stopped. Its secrets may not be known any more.
    let replay = ["event", "replay", &id, "--plugin", "reads-and-writes"];
    process::run(&folder, &replay).await.well();
    until("it has run again", async || process::run(&folder, &["status"]).await.well().contains("0 waiting, 0 dead, 4 runs recorded"))
        .await;
    assert!(host.stop().await.success());
    let toml = std::fs::read_to_string(folder.path("projects/birds.toml")).unwrap();
    folder.write("projects/birds.toml", &toml.replace("{ file = \"../secrets/hook-token\" }", "{ env = \"NOBODY_SETS_THIS\" }"));
    let known = folder.path("cases/known");
    export(&known, &["--plugin", "reads-and-writes", "--worker-ids"]).await.well();
    assert_eq!(file(&known, "state.json"), json!({ "count": "2" }));
    assert_eq!(file(&known, "event.json")["rerun"], true);
    assert!(!everything(&known).contains("worker-1"));
    let again: Value = serde_json::from_str(&run(&guest_file("reads-and-writes"), &known, &["--json"]).await.well()).unwrap();
    assert_eq!(again["state"], json!({ "count": "3" }));
    let none = process::run(&folder, &["event", "export", "01981f7e-5c3a-7cc0-8e7f-0242ac120002", "--case", "nowhere"]).await;
    none.fails(1, &["there is no such event"]);
}

#[tokio::test]
async fn a_component_is_checked_before_it_is_dropped_in() {
    let cache = tempfile::tempdir().unwrap();
    let check = async |file: &Path, more: &[&str]| {
        let mut command = crowdhook(&["plugin", "check", text(file)]);
        command.args(more).env("XDG_CACHE_HOME", cache.path());
        said(command).await
    };
    let vote = bundled_file("majority-vote");
    let shown = check(&vote, &[]).await.well();
    for words in [
        "interface  crowdhook:plugin@0.1.0",
        "asks for   events, results",
        "needs      results, events",
        "crowdhook:plugin/results@0.1.0",
        "offered",
        "compiled",
        "KiB at its start, of 65536 KiB",
        "a host would load it",
    ] {
        assert!(shown.contains(words), "there is no `{words}` in:\n{shown}");
    }
    let told: Value = serde_json::from_str(&check(&vote, &["--json"]).await.well()).unwrap();
    assert_eq!((&told["asks_for"], &told["loads"]), (&json!(["events", "results"]), &json!(true)));
    assert_eq!(told["bytes"], std::fs::metadata(&vote).unwrap().len());
    // Elsewhere the user's cache is not where this variable says.
    assert!(told["was_cached"] == true && shown.contains("KiB, compiled in ") || !cfg!(target_os = "linux"), "{told}");
    assert!(told["start_bytes"].as_u64().unwrap() > 0 && told["imports"][0]["is_offered"] == true, "{told}");

    let all = check(&guest_file("tries-everything"), &[]).await.well();
    assert!(all.contains("asks for   badges, email, events, files, http.fetch, http.send, results, tasks\n"), "{all}");
    let other = check(&guest_file("other-version"), &[]).await;
    other.fails(
        1,
        &["it wants what this host does not offer: `crowdhook:plugin/log@0.2.0`", "help: it was built for `crowdhook:plugin@0.2.0`"],
    );
    assert!(other.out.contains("crowdhook:plugin/log@0.2.0") && other.out.contains("NOT OFFERED"), "{}", other.out);
    check(&guest_file("core-module"), &[]).await.fails(1, &["it is a core module, not a component", "crowdhook plugin pack FILE"]);
    check(&guest_file("slow-describe"), &[]).await.fails(1, &["its `describe` failed"]);
}

/// What `plugin check` says of a component in WebAssembly's text format.
async fn checked(component: &str) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin.wasm");
    std::fs::write(&file, wat::parse_str(component).unwrap()).unwrap();
    said(crowdhook(&["plugin", "check", text(&file)])).await
}

#[tokio::test]
async fn a_component_that_lacks_what_a_plugin_exports_is_told_all_of_it() {
    let nothing = checked("(component)").await;
    nothing.fails(
        1,
        &[
            "it does not export `describe`, `check-settings`, `handle`",
            "`check-settings` is `checkSettings` in JavaScript",
            "`crowdhook plugin new` makes a plugin that has them",
        ],
    );
    let program = r#"(component (instance $run) (export "wasi:cli/run@0.2.0" (instance $run)))"#;
    checked(program).await.fails(1, &["it is a program with a `main`: build a library instead", "`-mexec-model=reactor`"]);
    let other_types = r#"(component
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (export "describe" (func $f)) (export "check-settings" (func $f)) (export "handle" (func $f)))"#;
    checked(other_types).await.fails(1, &["no plugin of `crowdhook:plugin@0.1.0`", "help: build it with this host's `wit` folder"]);
}

#[tokio::test]
async fn all_imports_that_are_not_offered_are_named_at_once() {
    let component = r#"(component
        (import "wasi:http/outgoing-handler@0.2.0" (instance))
        (import "crowdhook:plugin/state@0.3.0" (instance))
        (import "crowdhook:plugin/log@0.1.0" (instance (export "write-all" (func)) (export "write" (func)) (export "flush" (func))))
        (import "crowdhook:plugin/clock@0.1.0" (instance))
        (import "wasi:io/streams@0.2.0" (instance)))"#;
    let said = checked(component).await;
    said.fails(
        1,
        &[
            "it wants what this host does not offer: `wasi:http/outgoing-handler@0.2.0`, `crowdhook:plugin/state@0.3.0`, \
             `write-all` of `crowdhook:plugin/log@0.1.0`, `flush` of `crowdhook:plugin/log@0.1.0`, `crowdhook:plugin/clock@0.1.0`\n",
            "it was built for a newer host of `crowdhook:plugin@0.1.0`: run it on a newer Crowdhook",
            "there is no interface `clock` here",
            "build it without `wasi:http`",
            "it was built for `crowdhook:plugin@0.3.0`",
        ],
    );
    assert_eq!(said.out.matches("NOT OFFERED").count(), 4, "{}", said.out);
    assert!(said.out.contains("NOT OFFERED: flush, write-all") || said.out.contains("NOT OFFERED: write-all, flush"), "{}", said.out);
}

/// `plugin run --watch`, which is ended with the test.
struct Watching {
    child: std::process::Child,
    out: std::path::PathBuf,
}

impl Watching {
    fn start(folder: &Path, component: &Path, case: &Path) -> Self {
        let out = folder.join("out");
        let mut command = crowdhook(&["plugin", "run", text(component), "--case", text(case), "--watch"]);
        let file = std::fs::File::create(&out).unwrap();
        command.stdout(file.try_clone().unwrap()).stderr(file);
        Self { child: command.spawn().unwrap(), out }
    }

    async fn says(&self, words: &str) {
        let told = async || std::fs::read_to_string(&self.out).unwrap().contains(words);
        until(&format!("it says `{words}`"), told).await;
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test]
async fn a_component_is_run_again_when_it_or_the_case_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (component, case) = (folder.path().join("build/plugin.wasm"), folder.path().join("case"));
    std::fs::create_dir(component.parent().unwrap()).unwrap();
    std::fs::copy(guest_file("counts"), &component).unwrap();
    add(&case, &[completed(), ("state", json!({ "count": "1" }))]);
    let watching = Watching::start(folder.path(), &component, &case);
    watching.says("count = 2").await;
    watching.says("waiting for a change").await;
    add(&case, &[("state", json!({ "count": "10" }))]);
    watching.says("count = 11").await;
    add(&case, &[("state", json!({ "count": 10 }))]);
    watching.says("state.json`: invalid type: integer `10`, expected a string").await;
    add(&case, &[("state", json!({ "count": "20" }))]);
    watching.says("count = 21").await;
    // As builds do: another file in the place of this one.
    let next = folder.path().join("build/next");
    std::fs::copy(guest_file("counts-v2"), &next).unwrap();
    std::fs::rename(&next, &component).unwrap();
    watching.says("v2 = 1").await;
}

#[tokio::test]
async fn a_new_plugin_is_made_in_an_empty_folder_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let new = async |arguments: &[&str]| {
        let mut command = crowdhook(&["plugin", "new"]);
        command.args(arguments).current_dir(folder.path());
        said(command).await
    };
    let shown = new(&["bird-vote", "--lang", "python"]).await.well();
    for words in [
        "made `bird-vote` in `bird-vote`",
        "  cd bird-vote\n",
        "pip install -r requirements.txt && python build.py\n",
        "  crowdhook plugin test cases --component bird-vote.wasm\n",
        "  cp bird-vote.wasm <the host's folder of plugins>",
    ] {
        assert!(shown.contains(words), "there is no `{words}` in:\n{shown}");
    }
    let build = std::fs::read_to_string(folder.path().join("bird-vote/build.py")).unwrap();
    assert!(build.contains("WIT = \"wit\"") && build.contains("\"bird-vote.wasm\""), "{build}");
    new(&["bird-vote", "--lang", "javascript"])
        .await
        .fails(1, &["`bird-vote` is not empty: it holds `", "nothing that is there is overwritten"]);

    std::fs::create_dir_all(folder.path().join("begun/.git")).unwrap();
    let told: Value = serde_json::from_str(&new(&["other", "--lang", "typescript", "begun", "--json"]).await.well()).unwrap();
    assert_eq!((&told["folder"], &told["build"]), (&json!("begun"), &json!("npm ci && npm run build")));
    for file in told["files"].as_array().unwrap() {
        assert!(folder.path().join("begun").join(file.as_str().unwrap()).is_file(), "{file}");
    }
    new(&["My-Vote", "--lang", "python"]).await.fails(2, &["invalid value 'My-Vote'"]);
    let rust = new(&["wrens", "--lang", "rust"]).await.well();
    assert!(rust.contains("crowdhook plugin pack target/wasm32-unknown-unknown/release/wrens.wasm -o wrens.wasm\n"), "{rust}");
    let manifest = std::fs::read_to_string(folder.path().join("wrens/Cargo.toml")).unwrap();
    assert!(manifest.contains("name = \"wrens\"") && manifest.contains("path = \"vendor/crowdhook-plugin\""), "{manifest}");
    new(&["serde", "--lang", "rust"]).await.fails(1, &["no plugin in Rust can be called `serde`", "help: choose another one"]);
    new(&["my-vote", "--lang", "cobol"]).await.fails(2, &["invalid value 'cobol'", "[possible values: "]);
}
