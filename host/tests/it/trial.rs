//! A change of a plugin tried on what a project has had, beside the version in use.

use std::path::Path;

use crowdhook::practice::{Pybossa, Seed};
use serde_json::{Value, json};

use crate::harness::folder::{Folder, VOTE, runs};
use crate::harness::patience::until;
use crate::harness::process::{self, Process, Said};
use crate::harness::{bundled_file, guest_file, wire};

/// The answers to each of some tasks: clear, barely, a tie.
const TASKS: [&[&str]; 3] = [&["robin", "robin", "robin"], &["robin", "robin", "wren"], &["robin", "wren"]];

/// A host that has handled a completed task of each kind, by `vote` and `counts`, and stopped.
async fn stopped() -> Folder {
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let folder = Folder::new();
    folder.component("majority-vote");
    folder.component("counts");
    folder.pybossa("birds", &server, &format!("{VOTE}\n{}", runs("counts", &[])));
    let host = Process::start(&folder).await;
    for (answers, number) in TASKS.into_iter().zip(1..) {
        let task = server.add_task("birds", json!({}), answers.len() as u32).unwrap();
        for (place, animal) in answers.iter().enumerate() {
            server.answer(task, &format!("worker{place}"), json!({ "animal": animal })).unwrap();
        }
        wire::send(folder.listen, wire::completed(&Folder::hook("birds"), "birds", 1, task, number)).await.unwrap();
    }
    // `vote` on three tasks, `counts` on these and on what `vote` says of each.
    let well = async || process::run(&folder, &["status"]).await.well().contains("0 waiting, 0 dead, 9 runs recorded");
    until("the plugins have run", well).await;
    assert!(host.stop().await.success());
    folder
}

async fn tried(folder: &Folder, arguments: &[&str]) -> Said {
    process::run(folder, &[&["plugin", "try", "--project", "birds"], arguments].concat()).await
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_compared_with_the_version_in_use_before_it_is_dropped_in() {
    let folder = stopped().await;
    let before = process::run(&folder, &["status"]).await.well();

    // The same component with the same settings.
    let vote = bundled_file("majority-vote");
    let same = tried(&folder, &[text(&vote)]).await.well();
    assert!(same.starts_with("`vote` of `birds` on its last 3 events\n") && same.contains("     3 same\n     0 differ\n"), "{same}");

    // Other settings: a task that was decided by two of three is not any more.
    folder.write("stricter.json", r#"{ "pointer": "/animal", "quorum": 3 }"#);
    let stricter = folder.path("stricter.json");
    let differs = tried(&folder, &["--plugin", "vote", "--settings", text(&stricter)]).await;
    differs.fails(1, &["error: 1 of 3 events differ", "help: if that is what the change is for, drop it in"]);
    for words in [
        "     2 same\n     1 differ\n           1 in effects, events, state\n",
        " task.completed, task ",
        "    --- in use\n    +++ tried\n",
        "\"robin\"",
    ] {
        assert!(differs.out.contains(words), "there is no `{words}` in:\n{}", differs.out);
    }
    let told = tried(&folder, &["--plugin", "vote", "--settings", text(&stricter), "--json", "--last", "2"]).await;
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&told["events"], &told["same"], &told["differ"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!(told["in_use"]["digest"], told["tried"]["digest"]);
    let first = &told["compared"][0];
    assert_eq!((&first["verdict"], &first["recorded"], &first["task"].is_string()), (&json!("differs"), &json!("ok"), &true));
    assert_eq!(first["in_use"]["effects"][0]["info"]["answer"], "robin");
    assert_eq!(first["tried"]["events"][0]["payload"]["decided"], false);

    // Another version: each of the two keeps its own state from event to event.
    let next = tried(&folder, &[text(&guest_file("counts-v2")), "--json"]).await;
    let next: Value = serde_json::from_str(&next.out).unwrap();
    assert_eq!((&next["plugin"], &next["events"], &next["differ"]), (&json!("counts"), &json!(6), &json!(6)));
    let last = &next["compared"][5];
    assert_eq!((&last["parts"], &last["in_use"]["state"]["count"]), (&json!(["state"]), &json!("6")));
    assert_eq!((&last["tried"]["state"]["v2"], &last["in_use"]["state"]["v2"]), (&json!("6"), &Value::Null));

    assert_eq!(process::run(&folder, &["status"]).await.well(), before, "nothing is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_recorded_is_asked_of_nobody_and_said() {
    let folder = stopped().await;
    let asks = tried(&folder, &[text(&guest_file("hangs")), "--plugin", "counts"]).await;
    asks.fails(1, &["error: none of the events could be compared"]);
    assert!(asks.out.contains("     6 not comparable\n           4 it asked for what is not recorded: task `1`\n"), "{}", asks.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tried_is_refused_with_what_to_write() {
    let folder = stopped().await;
    folder.write("list.json", "[]");
    folder.write("wrong.json", r#"{ "quorum": -1 }"#);
    let (list, wrong) = (folder.path("list.json"), folder.path("wrong.json"));
    let (vote, scans, wants_more) = (bundled_file("majority-vote"), guest_file("scans"), guest_file("wants-more"));
    let core_module = guest_file("core-module");
    let checks: [(&[&str], &[&str]); 7] = [
        (&[text(&scans)], &["no plugin of project `birds` runs a component `scans`", "`--plugin NAME`, one of `vote`, `counts`"]),
        (&[text(&vote), "--plugin", "mail"], &["project `birds` has no plugin `mail`"]),
        (&["--settings", text(&wrong)], &["several plugins of project `birds` could be meant: `vote`, `counts`"]),
        (
            &["--plugin", "vote", "--settings", text(&list)],
            &["list.json` does not hold settings", "write the plugin's settings as a JSON object"],
        ),
        (&["--plugin", "vote", "--settings", text(&wrong)], &["wrong.json` do not suit it: at `/quorum`:"]),
        (
            &[text(&wants_more), "--plugin", "counts"],
            &["needs \"email\", \"http.send\", which plugin `counts` is not granted", "to `allow`"],
        ),
        (&[text(&core_module), "--plugin", "counts"], &["core-module.wasm` is no plugin", "it is a core module"]),
    ];
    for (arguments, words) in checks {
        tried(&folder, arguments).await.fails(1, words);
    }
    tried(&folder, &[]).await.fails(2, &["FILE"]);
    process::run(&folder, &["plugin", "try", text(&vote), "--project", "bees"]).await.fails(1, &["bees.toml"]);
}
