//! The address that a platform calls: set there, and looked at.

use std::sync::Arc;

use crowdhook::practice::appen::Settings;
use crowdhook::practice::seed::demo_job;
use crowdhook::practice::{self, Pybossa, Seed};
use serde_json::{Value, json};

use crate::harness::folder::{Folder, HOOK_TOKEN, JOB, SIGNING_TOKEN};
use crate::harness::patience::until;
use crate::harness::process::{self, Said};
use crate::harness::running::Running;

const COUNTS: &str = "[plugins.counts]\n";

async fn hook(host: &Running, arguments: &[&str]) -> Said {
    process::run(&host.folder, &[&["hook"], arguments].concat()).await
}

async fn shown(host: &Running, project: &str) -> Value {
    serde_json::from_str(&hook(host, &["show", project, "--json"]).await.well()).unwrap()
}

async fn pybossa() -> (Pybossa, Running) {
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let folder = Folder::new();
    folder.component("counts");
    folder.pybossa("birds", &server, COUNTS);
    (server, Running::start(folder).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_is_set_is_called_and_shown_without_its_token() {
    let (server, host) = pybossa().await;
    let before = shown(&host, "birds").await;
    assert_eq!((&before["set"], &before["standing"], &before["called_at"]), (&Value::Null, &json!("nothing"), &Value::Null), "{before}");

    let said = hook(&host, &["set", "birds"]).await.well();
    let address = format!("http://{}/hooks/birds/<token>", host.folder.listen);
    assert!(said.contains(&format!("set there  {address} (this host's)\n")) && !said.contains(HOOK_TOKEN), "{said}");
    let task = server.add_task("birds", json!({}), 1).unwrap();
    server.answer(task, "ann", json!({})).unwrap();
    server.settled().await;
    host.drained().await;
    assert_eq!(host.state("birds", "counts", "count").await.as_deref(), Some("1"));

    let after = shown(&host, "birds").await;
    assert_eq!((&after["set"], &after["standing"]), (&json!(address), &json!("ours")), "{after}");
    let called_at = after["called_at"].as_str().unwrap().to_owned();
    let revealed = hook(&host, &["show", "birds", "--reveal"]).await.well();
    assert!(revealed.contains(&host.folder.hook_url("birds")), "{revealed}");

    let page = host.page("/projects/birds").await;
    for words in ["Address to paste into PYBOSSA", "Has the platform called it?", "Does the API key work?"] {
        assert!(page.contains(words), "{words}: {page}");
    }

    // That it was called is known after a restart.
    let host = Running::start(host.stop().await).await;
    assert_eq!(shown(&host, "birds").await["called_at"], called_at);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ours_is_told_and_its_secrets_are_not() {
    let (_server, host) = pybossa().await;
    for (url, standing, set) in [
        ("https://elsewhere.example.org/in/very-secret?key=more", "other", "https://elsewhere.example.org/…".to_owned()),
        (
            &format!("http://{}/hooks/birds/former-token", host.folder.listen),
            "other-token",
            host.folder.hook_url("birds").replace(HOOK_TOKEN, "<token>"),
        ),
    ] {
        hook(&host, &["set", "birds", "--url", url]).await.well();
        let view = shown(&host, "birds").await;
        assert_eq!((&view["set"], &view["standing"]), (&json!(set), &json!(standing)), "{view}");
    }
    hook(&host, &["set", "birds", "--url", "elsewhere"]).await.fails(1, &["that is no address of a web service", "help: write it whole"]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_a_secret_comes_by_standard_input() {
    let (_server, host) = pybossa().await;
    let set = async |input: &str| {
        host.folder.write("address", input);
        let mut command = process::crowdhook(&["hook", "set", "birds", "--url", "-", "--config"]);
        command.arg(host.folder.config()).stdin(std::fs::File::open(host.folder.path("address")).unwrap());
        process::said(command).await
    };
    let said = set("https://elsewhere.example.org/in/very-secret\n").await.well();
    assert!(said.contains("https://elsewhere.example.org/… (not this host's)") && !said.contains("very-secret"), "{said}");
    set(" \n").await.fails(1, &["there is no address on standard input", "help: "]);
    let long = format!("https://elsewhere.example.org/{}", "x".repeat(9000));
    set(&long).await.fails(1, &["what stands on standard input is longer than any address", "help: "]);
    host.stop().await;
}

#[tokio::test]
async fn no_example_puts_a_hooks_token_on_the_command_line() {
    let help = process::said(process::crowdhook(&["hook", "set", "--help"])).await.well();
    let mut examples = help.lines().filter(|line| line.trim_start().starts_with("crowdhook hook set"));
    assert!(examples.clone().count() > 1 && examples.all(|line| !line.contains("/hooks/")), "{help}");
    assert!(help.contains("standard input"), "{help}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_not_is_named() {
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let folder = Folder::new();
    folder.component("counts");
    folder.pybossa("birds", &server, COUNTS);
    folder.secret("api-key", &server.key_of("other").unwrap());
    let host = Running::start(folder).await;
    hook(&host, &["set", "birds"])
        .await
        .fails(1, &["the API key of project `birds` is of nobody who may set the webhook", "`platform.api_key`"]);
    hook(&host, &["show", "birds"]).await.fails(1, &["tells the API key of project `birds` no webhook"]);
    let folder = host.stop().await;
    process::run(&folder, &["hook", "show", "birds"])
        .await
        .fails(1, &["help: only a running host can do this: start it with `crowdhook serve`"]);
}

/// A job on a practice Appen with an API, and a host that serves it.
async fn appen(key: &str) -> (Arc<practice::Appen>, practice::appen::Listening, Running) {
    let mut job = demo_job();
    job.send_judgments = false;
    let appen = Arc::new(practice::Appen::new(Settings { wait_scale: 0.0, ..Settings::new(SIGNING_TOKEN) }, job));
    let api = appen.listen().await.unwrap();
    let folder = Folder::new();
    folder.component("counts");
    folder.appen("cats", COUNTS);
    folder.secret("appen-key", key);
    let platform = format!(
        "[platform]\nkind = \"appen\"\nurl = \"{}\"\nproject = \"{JOB}\"\napi_key = {{ file = \"../secrets/appen-key\" }}\n\
         signing_token = {{ file = \"../secrets/signing-token\" }}\n[hook]\ntoken = {{ file = \"../secrets/hook-token\" }}\n{COUNTS}",
        api.url()
    );
    folder.write("projects/cats.toml", &platform);
    (appen, api, Running::start(folder).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn appen_is_told_the_address_and_does_not_tell_it() {
    let (appen, _api, host) = appen("practice-appen-key").await;
    let said = hook(&host, &["set", "cats"]).await.well();
    assert!(said.contains("/hooks/cats/<token> (this host's)") && said.contains("Appen was also told to post each judgment"), "{said}");
    assert_eq!(appen.webhook().unwrap().as_str(), host.folder.hook_url("cats"));
    let postings = appen.judge_planned(700_001).await.unwrap();
    assert!(postings.iter().all(|posting| posting.delivered && posting.signal.as_str() == "new_judgments"), "{postings:?}");
    let view = shown(&host, "cats").await;
    assert_eq!((&view["set"], &view["standing"]), (&Value::Null, &json!("unknown")), "{view}");
    assert!(view["called_at"].is_string() && view["notes"][0].as_str().unwrap().contains("not known to this host"), "{view}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_of_a_job_on_appen_brings_its_test_questions_and_says_so() {
    let (_appen, _api, host) = appen("practice-appen-key").await;
    hook(&host, &["set", "cats"]).await.well();
    let dry = process::run(&host.folder, &["backfill", "cats", "--dry-run"]).await.well();
    assert!(dry.starts_with("Appen would be asked to post the job's test questions"), "{dry}");
    assert_eq!(host.totals().await.events, 0);
    let said = process::run(&host.folder, &["backfill", "cats"]).await.well();
    assert!(said.contains("those that the host missed stay missed"), "{said}");
    until("the test question has come", async || host.totals().await.events == 1).await;
    let event = host.the_event().await.event;
    assert_eq!((event.kind.as_str(), event.task.as_deref()), ("task.completed", Some("700004")));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_for_appen_is_named() {
    let (_appen, _api, host) = appen("another-key").await;
    for arguments in [&["hook", "set", "cats"][..], &["backfill", "cats"][..]] {
        let said = process::run(&host.folder, arguments).await;
        said.fails(1, &["Appen does not let the API key of project `cats`", "set `platform.api_key`"]);
        assert!(!said.err.contains("another-key"), "{}", said.err);
    }
    host.stop().await;
}
