//! Each likely mistake gives a message that one can act on: what is wrong, where, and what to write.

use std::fs;

use crowdhook::practice::{Pybossa, Seed};
use serde_json::json;

use crate::harness::engine;
use crate::harness::folder::{Folder, VOTE};
use crate::harness::guest_file;
use crate::harness::patience::until;
use crate::harness::process::{Process, run, said};
use crate::harness::wire;

/// A folder in which all is well, with a platform that is not there.
fn well() -> Folder {
    let folder = Folder::new();
    folder.component("majority-vote");
    folder.secret("api-key", "a-key");
    let project = format!(
        "[platform]\nkind = \"pybossa\"\nurl = \"http://127.0.0.1:9\"\nproject = \"birds\"\napi_key = {{ file = \"../secrets/api-key\" }}\n\
         \n[hook]\ntoken = {{ file = \"../secrets/hook-token\" }}\n\n{VOTE}"
    );
    folder.write("projects/birds.toml", &project);
    folder
}

/// Changes the project's file.
fn replace(folder: &Folder, from: &str, to: &str) {
    let text = fs::read_to_string(folder.path("projects/birds.toml")).unwrap();
    assert!(text.contains(from), "{text}");
    folder.write("projects/birds.toml", &text.replace(from, to));
}

/// Makes a mistake, and wants each of `words` from `crowdhook check`.
async fn check(mistake: impl FnOnce(&Folder), words: &[&str]) {
    let folder = well();
    mistake(&folder);
    run(&folder, &["check"]).await.fails(1, words);
}

#[tokio::test]
async fn all_is_well_without_a_mistake() {
    let said = run(&well(), &["check"]).await.well();
    assert_eq!(said, "all is well: 1 project\n");
}

#[tokio::test]
async fn unknown_key() {
    let words = ["projects/birds.toml:11: `plugins.vote.componnt` is no key that is known", "help: did you mean `component`?"];
    check(|folder| replace(folder, "component =", "componnt ="), &words).await;
    let words = [&format!("{} `limit` is no key that is known", engine::at_line(3)), "help: did you mean `limits`?"];
    check(|folder| folder.settings("limit = 3\n"), &words).await;
}

#[tokio::test]
async fn missing_secret() {
    let words =
        ["birds.toml:5: `platform.api_key` wants the file", "no-such-key`, which cannot be read", "help: write the secret into that file"];
    check(|folder| replace(folder, "secrets/api-key", "secrets/no-such-key"), &words).await;
    let words = ["`hook.token` wants the variable `CROWDHOOK_TEST_UNSET`, which is not set", "help: set it before the host starts"];
    check(|folder| replace(folder, "{ file = \"../secrets/hook-token\" }", "{ env = \"CROWDHOOK_TEST_UNSET\" }"), &words).await;
}

#[tokio::test]
async fn settings_that_do_not_fit_the_schema_or_the_plugins_own_check() {
    let words =
        ["birds.toml:13: `plugins.vote.settings`", "'pointr' was unexpected", "help: `crowdhook plugin inspect majority-vote` lists"];
    check(|folder| replace(folder, "pointer", "pointr"), &words).await;
    let words = ["`plugins.vote.settings.quorum`", "help: `crowdhook plugin inspect majority-vote` lists"];
    check(|folder| replace(folder, "pointer = \"/animal\"", "quorum = \"three\""), &words).await;
    let own = |folder: &Folder| {
        folder.component("bad-settings");
        replace(folder, "[plugins.vote]", "[plugins.picky]\ncomponent = \"bad-settings\"\n[plugins.vote]");
    };
    check(own, &["`plugins.picky.settings.mode`: no mode suits this plugin", "help: `crowdhook plugin inspect bad-settings`"]).await;
}

#[tokio::test]
async fn grants_that_are_missing() {
    let words =
        ["plugin `vote` needs `events`, which this file does not grant to it", "help: add `\"events\"` to `allow` below `[plugins.vote]`"];
    check(|folder| replace(folder, "\"results\", \"events\"", "\"results\""), &words).await;
}

#[tokio::test]
async fn files_that_are_no_components_for_this_host() {
    let other = ["other-version.wasm: it wants what this host does not offer: `crowdhook:plugin/log@0.2.0`", "this host offers `0.1.0`"];
    check(|folder| folder.component("other-version"), &other).await;
    check(|folder| folder.component("core-module"), &["core-module.wasm: it is a core module, not a component", "help: "]).await;
    let text = |folder: &Folder| folder.write("plugins/notes.wasm", "These are notes.\n");
    check(text, &["notes.wasm: it is not a WebAssembly file", "help: drop the `.wasm` file that your build made"]).await;
    let half = |folder: &Folder| {
        let whole = fs::read(guest_file("counts")).unwrap();
        fs::write(folder.path("plugins/half.wasm"), &whole[..whole.len() / 2]).unwrap();
    };
    check(half, &["half.wasm: "]).await;
    let twice = |folder: &Folder| {
        fs::copy(folder.path("plugins/majority-vote.wasm"), folder.path("plugins/copy.wasm")).unwrap();
    };
    check(twice, &["it says that it is component `majority-vote`, as does", "help: take one of the two files out of the folder"]).await;
}

#[tokio::test]
async fn settings_file_that_is_not_there() {
    let command = crate::harness::process::crowdhook(&["serve", "--config", "no-such-file.toml"]);
    said(command).await.fails(1, &["no-such-file.toml: cannot be read: there is no such file", "help: write such a file"]);
}

#[tokio::test]
async fn port_in_use() {
    for (key, port) in [("listen", well().listen), ("admin", well().admin)] {
        let folder = well();
        let _taken = std::net::TcpListener::bind(port).unwrap();
        let mine = if key == "listen" { folder.listen } else { folder.admin };
        let settings = fs::read_to_string(folder.config()).unwrap();
        folder.write("crowdhook.toml", &settings.replace(&mine.to_string(), &port.to_string()));
        let words = [&format!("`{key}`: port {} of 127.0.0.1 is in use", port.port()), "help: stop the other program"];
        run(&folder, &["serve"]).await.fails(1, &words);
    }
}

#[tokio::test]
async fn admin_token_that_is_empty() {
    let folder = well();
    folder.write("data/admin-token", "");
    run(&folder, &["serve"]).await.fails(1, &["admin-token` is empty: remove it and start the host"]);
}

/// The host starts without what is broken, says so, and serves the rest.
#[tokio::test]
async fn broken_files_do_not_keep_the_host_from_starting() {
    let folder = well();
    folder.component("other-version");
    let good = fs::read_to_string(folder.path("projects/birds.toml")).unwrap();
    folder.write("projects/broken.toml", &good.replace("pointer", "pointr"));
    let host = Process::start(&folder).await;
    let file = |below: &str| folder.path(below).display().to_string();
    let (component, project) = (file("plugins/other-version.wasm"), file("projects/broken.toml"));
    let words = [
        format!("Refused {component}: it wants what this host does not offer: `crowdhook:plugin/log@0.2.0`"),
        format!("Refused {project}:13: `plugins.vote.settings`: Additional properties are not allowed ('pointr' was unexpected)"),
        "Loaded project `birds`".to_owned(),
    ];
    for words in words {
        host.logs(&words).await;
    }
    let hook = |project: &str| wire::get(&Folder::hook(project));
    assert_eq!(wire::send(folder.listen, hook("birds")).await.unwrap().status, 200);
    assert_eq!(wire::send(folder.listen, hook("broken")).await.unwrap().status, 404);
    let listed = run(&folder, &["plugin", "list"]).await.well();
    assert!(listed.contains("refused") && listed.contains("help: it was built for `crowdhook:plugin@0.2.0`"), "{listed}");
    let status = run(&folder, &["status"]).await.well();
    assert!(status.contains("refused") && status.contains("broken.toml:13: `plugins.vote.settings`"), "{status}");
    assert!(host.stop().await.success());
}

#[tokio::test]
async fn platform_that_is_down() {
    let folder = well();
    let host = Process::start(&folder).await;
    wire::send(folder.listen, wire::completed(&Folder::hook("birds"), "birds", 1, 1, 1)).await.unwrap();
    host.logs("Events of project `birds` wait: cannot read the project now: `http://127.0.0.1:9` cannot be reached").await;
    assert!(host.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn api_key_that_is_wrong() {
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let folder = Folder::new();
    folder.component("majority-vote");
    folder.pybossa("birds", &server, VOTE);
    folder.secret("api-key", "00000000-0000-0000-0000-000000000000");
    let host = Process::start(&folder).await;
    server.save_webhook("birds", &folder.hook_url("birds")).await.unwrap();
    let task = server.add_task("birds", json!({}), 1).unwrap();
    server.answer(task, "ada", json!({"animal": "red"})).unwrap();
    host.logs("does not know the API key of project `birds`").await;
    host.logs("set `platform.api_key`").await;
    until("the status shows that it waits for another key", async || {
        run(&folder, &["status"]).await.well().contains("deliveries: 1 waiting, 0 dead")
    })
    .await;
    assert!(host.stop().await.success());
}
