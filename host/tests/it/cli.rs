//! The command line as a person uses it: on a host that runs, and on one that does not.

use crowdhook::practice::{Pybossa, Seed};
use serde_json::{Value, json};

use crate::harness::folder::{Folder, VOTE, runs};
use crate::harness::patience::until;
use crate::harness::process::{Process, crowdhook, run, said};
use crate::harness::{bundled_file, wire};

#[tokio::test]
async fn help_names_every_command_and_the_exit_codes() {
    let help = said(crowdhook(&["--help"])).await.well();
    for command in ["serve", "check", "demo", "init", "practice", "status", "plugin", "event", "dead", "backup", "store", "forget-worker"] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("{command} "))), "{command}: {help}");
        let of_command = said(crowdhook(&[command, "--help"])).await.well();
        assert!(of_command.contains("Usage: "), "{of_command}");
    }
    assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
    let version = said(crowdhook(&["--version"])).await.well();
    assert_eq!(version, format!("crowdhook {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn arguments_that_make_no_sense_exit_with_2() {
    said(crowdhook(&[])).await.fails(2, &["Usage: crowdhook"]);
    said(crowdhook(&["sreve"])).await.fails(2, &["unrecognized subcommand 'sreve'", "serve"]);
    said(crowdhook(&["event", "show", "seven"])).await.fails(2, &["seven"]);
    said(crowdhook(&["check", "--jsn"])).await.fails(2, &["--jsn"]);
}

#[tokio::test]
async fn log_level_that_is_none_is_refused() {
    said(crowdhook(&["check", "--log", "info,=="])).await.fails(1, &["`--log info,==` is no level"]);
}

#[tokio::test]
async fn a_folder_made_by_init_is_checked_well() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("my-crowd");
    let made = made.to_str().unwrap();
    said(crowdhook(&["init", made])).await.well();
    let config = format!("{made}/crowdhook.toml");
    let checked = said(crowdhook(&["check", "--config", &config])).await.well();
    assert!(checked.starts_with("all is well"), "{checked}");
    let listed = said(crowdhook(&["plugin", "list", "--config", &config])).await.well();
    assert!(listed.contains("majority-vote.wasm"), "{listed}");
}

#[tokio::test]
async fn a_component_file_says_what_it_is_without_a_host() {
    let file = bundled_file("majority-vote");
    let file = file.to_str().unwrap();
    let shown = said(crowdhook(&["plugin", "inspect", file])).await.well();
    for words in ["majority-vote ", "task.completed", "results, events", "pointer"] {
        assert!(shown.contains(words), "there is no `{words}` in:\n{shown}");
    }
    let shown: Value = serde_json::from_str(&said(crowdhook(&["plugin", "inspect", file, "--json"])).await.well()).unwrap();
    assert_eq!(shown["name"], "majority-vote");
    assert!(shown["settings_schema"]["properties"]["pointer"].is_object(), "{shown}");

    let core = crate::harness::guest_file("core-module");
    said(crowdhook(&["plugin", "inspect", core.to_str().unwrap()])).await.fails(1, &["it is a core module, not a component"]);
    said(crowdhook(&["plugin", "inspect", "no-such-file.wasm"])).await.fails(1, &["no-such-file.wasm"]);
}

/// A host of one project with a plugin that works and one that does not.
async fn folder() -> (Pybossa, Folder) {
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let folder = Folder::new();
    folder.component("majority-vote");
    folder.component("rejects");
    folder.pybossa("birds", &server, &format!("{VOTE}\n{}", runs("rejects", &[])));
    (server, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_host_is_asked_and_one_that_stopped_is_read() {
    let (server, folder) = folder().await;
    let host = Process::start(&folder).await;
    let task = server.add_task("birds", json!({}), 1).unwrap();
    server.answer(task, "ada", json!({"animal": "red"})).unwrap();
    wire::send(folder.listen, wire::completed(&Folder::hook("birds"), "birds", 1, task, 1)).await.unwrap();
    // Each of the two runs once on the event, and `rejects` on the analysis too.
    let well = async || run(&folder, &["status"]).await.well().contains("invocations: 0 waiting, 2 dead, 3 runs recorded");
    until("both plugins have run", well).await;

    let status = run(&folder, &["status"]).await.well();
    for words in ["up for", "loaded: 1 project", "2 components", "birds", "/hooks/birds/<token>", "well"] {
        assert!(status.contains(words), "there is no `{words}` in:\n{status}");
    }
    assert!(!status.contains(crate::harness::folder::HOOK_TOKEN), "{status}");
    assert_eq!(run(&folder, &["status", "--running"]).await.well().lines().count(), status.lines().count());
    let listed = run(&folder, &["plugin", "list"]).await.well();
    for words in ["majority-vote", "birds/vote", "birds/rejects"] {
        assert!(listed.contains(words), "there is no `{words}` in:\n{listed}");
    }
    let inspected = run(&folder, &["plugin", "inspect", "majority-vote"]).await.well();
    assert!(inspected.contains("birds/vote"), "{inspected}");
    run(&folder, &["plugin", "inspect", "minority-vote"])
        .await
        .fails(1, &["there is no component of that name", "help: loaded are: majority-vote, rejects"]);
    let event = the_dead_are_shown(&folder).await;

    assert!(host.stop().await.success());
    // The same questions, answered from the store and the folder.
    assert_eq!(the_dead_are_shown(&folder).await, event);
    let status = run(&folder, &["status"]).await;
    assert!(status.err.contains("this is read from "), "{}", status.err);
    run(&folder, &["status", "--running"]).await.fails(1, &["help: start it with `crowdhook serve`"]);
    assert!(status.well().contains("invocations: 0 waiting, 2 dead, 3 runs recorded"));
    let listed = run(&folder, &["plugin", "list"]).await;
    assert!(listed.err.contains("these are the files in"), "{}", listed.err);
    assert!(listed.well().contains("majority-vote.wasm"));
    run(&folder, &["plugin", "inspect", "majority-vote"]).await.fails(1, &["help: start the host, or name a file"]);
    run(&folder, &["event", "show", "01981f7e-5c3a-7cc0-8e7f-0242ac120002"]).await.fails(1, &["there is no such event", "help: "]);
}

/// Wants the dead letter of the platform's event to be listed and its event to be shown with what became of it. Gives its id.
async fn the_dead_are_shown(folder: &Folder) -> String {
    let dead: Value = serde_json::from_str(&run(folder, &["dead", "list", "--json"]).await.well()).unwrap();
    let letters = dead["dead"].as_array().unwrap();
    let letter = letters.iter().find(|letter| letter["kind"] == "task.completed").unwrap();
    assert_eq!((&letter["project"], &letter["plugin"], &letter["attempts"]), (&json!("birds"), &json!("rejects"), &json!(1)));
    let event = letter["event"].as_str().unwrap();
    let reason = format!("event {event} makes no sense");
    assert_eq!(letter["reason"], reason);
    let listed = run(folder, &["dead", "list"]).await.well();
    assert!(listed.contains(&reason) && listed.contains("birds/rejects"), "{listed}");
    let shown = run(folder, &["event", "show", event]).await.well();
    for words in ["task.completed", "accepted", "vote", "ok", "rejects", "rejected", &reason] {
        assert!(shown.contains(words), "there is no `{words}` in:\n{shown}");
    }
    event.to_owned()
}

#[tokio::test]
async fn where_nothing_was_ever_started_that_is_said() {
    let folder = Folder::new();
    run(&folder, &["status"]).await.fails(1, &["there is no store in", "help: start the host with `crowdhook serve`"]);
    run(&folder, &["dead", "list"]).await.fails(1, &["there is no store in"]);
    let listed = run(&folder, &["plugin", "list"]).await;
    assert!(listed.err.contains("no host"), "{}", listed.err);
}

#[tokio::test]
async fn the_demo_shows_each_task_with_its_answer_and_ends() {
    let shown = said(crowdhook(&["demo", "--once"])).await.well();
    let line = |project: &str, words: &[&str]| {
        let found = shown.lines().any(|line| line.contains(project) && words.iter().all(|word| line.contains(word)));
        assert!(found, "no line of {project} has {words:?}:\n{shown}");
    };
    line("birds", &["robin ×3", "robin  (100 % agree)"]);
    line("birds", &["undecided: a tie"]);
    line("birds", &["great tit ×4"]);
    line("counts", &["12 ×2, 13", "12  (67 % agree)"]);
    line("forms", &["flying: "]);
    line("transcripts", &["Zwölf Möwen am Hafen ×3"]);
    line("cats-and-dogs", &["cat ×2, dog", "cat  (67 % agree)"]);
    assert!(shown.contains("/hooks/") || shown.contains("Crowdhook"), "{shown}");
}
