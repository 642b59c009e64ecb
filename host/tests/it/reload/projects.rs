use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crowdhook::id::Digest;
use crowdhook::plugin::watch::Times;

use super::{Desk, HEAD, guest, quick, status_of, vote_of};
use crate::harness;

fn voting(settings: &str) -> String {
    format!("{HEAD}\n[plugins.vote]\ncomponent = \"majority-vote\"\nallow = [\"results\", \"events\"]\n{settings}")
}

/// Two versions of the bundled majority vote: one takes a `quorum` of 2 at the most, the other one of 3 at the least.
fn majority_votes() -> (Vec<u8>, Vec<u8>) {
    let bundled = fs::read(harness::bundled_file("majority-vote")).unwrap();
    let of = |find: &[u8], put: &[u8]| {
        let quorum = bundled.windows(11).position(|window| window == br#""quorum": {"#).unwrap();
        let at = quorum + bundled[quorum..].windows(find.len()).position(|window| window == find).unwrap();
        [&bundled[..at], put, &bundled[at + find.len()..]].concat()
    };
    (of(br#""maximum": 5000"#, br#""maximum":    2"#), of(br#""minimum": 1"#, br#""minimum": 3"#))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_project_is_in_use_and_keeps_its_platform() {
    let desk = Desk::with_project("counts", quick()).await;
    desk.drop_in("counts.wasm", &guest("counts"));
    desk.until_live(&guest("counts")).await;
    let before = desk.registry.project("birds").unwrap();
    desk.write_project("birds", &format!("{HEAD}\n[plugins.vote]\ncomponent = \"counts\"\n[plugins.other]\ncomponent = \"counts\"\n"));
    desk.until("it has two plugins", |now| now.projects.values().all(|project| project.plugins.len() == 2)).await;
    let after = desk.registry.project("birds").unwrap();
    assert!(Arc::ptr_eq(&before.platform, &after.platform), "its pace and what it remembers survive");
    assert_eq!(before.plugins.len(), 1, "what was taken before does not change");

    let text = fs::read_to_string(desk.path("projects/birds.toml")).unwrap();
    desk.write_project("birds", &text.replace("\"KEY\"", "\"KEY_2\""));
    desk.until("its key is another", |now| now.projects.values().all(|project| !Arc::ptr_eq(&project.platform, &before.platform))).await;
    assert_eq!(desk.platforms_made.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_project_file_leaves_the_project_as_it_was() {
    let desk = Desk::with_project("counts", quick()).await;
    desk.drop_in("counts.wasm", &guest("counts"));
    desk.until_live(&guest("counts")).await;
    let before = desk.registry.project("birds").unwrap();
    desk.write_project("birds", "[platform\n");
    let why = desk.until_refused("projects/birds.toml").await;
    assert!(why.starts_with("projects/birds.toml:1: "), "{why}");
    assert!(Arc::ptr_eq(&before, &desk.registry.project("birds").unwrap()));
    desk.drop_in("counts.wasm", &guest("counts-v2"));
    desk.until_live(&guest("counts-v2")).await;
    assert!(desk.last_error("projects/birds.toml").is_some(), "its component is replaced all the same, and the file still broken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_project_is_gone_after_a_grace_time() {
    let desk = Desk::with_project("counts", quick()).await;
    assert!(desk.registry.project("birds").is_some());
    fs::remove_file(desk.path("projects/birds.toml")).unwrap();
    desk.until("it is gone", |now| now.projects.is_empty()).await;
    assert!(desk.registry.now().status.projects.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_whose_file_is_broken_starts_as_it_was_last_good() {
    let mut desk = Desk::with_project("counts", quick()).await;
    desk.stop().await;
    let good = fs::read(desk.path("projects/birds.toml")).unwrap();
    desk.write_project("birds", "platform = 3");
    desk.write_project("wrens", "platform = 3");
    desk.registry.swap(crowdhook::plugin::registry::Catalogue::default());
    desk.start(quick(), true).await;
    assert!(desk.registry.project("birds").is_some());
    assert!(desk.registry.project("wrens").is_none(), "nothing was kept of it");
    let now = desk.registry.now();
    let status = status_of(&now, &desk.path("projects/birds.toml")).unwrap();
    assert_eq!(status.digest, Some(Digest::of(&good)));
    assert!(status.last_error.is_some());
    let status = status_of(&now, &desk.path("projects/wrens.toml")).unwrap();
    assert_eq!((status.name.as_deref(), status.digest), (Some("wrens"), None));
    assert!(status.last_error.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_does_not_suit_a_project_is_refused_until_the_project_is_changed_too() {
    let (first, second) = majority_votes();
    let mut desk = Desk::new();
    desk.write_project("birds", &voting("settings.quorum = 2\n"));
    desk.drop_in("vote.wasm", &first);
    desk.start(quick(), true).await;
    assert_eq!(vote_of(&desk.registry.now()), Some(Digest::of(&first)));

    desk.drop_in("vote.wasm", &second);
    let why = desk.until_refused("plugins/vote.wasm").await;
    assert!(why.starts_with("plugins/vote.wasm: component `majority-vote` "), "{why}");
    assert!(why.contains("does not suit project `birds`, so "), "{why}");
    assert!(why.contains("\nprojects/birds.toml:14: `plugins.vote.settings.quorum`: 2 is less than the minimum of 3\n"), "{why}");
    assert_eq!(vote_of(&desk.registry.now()), Some(Digest::of(&first)));

    desk.write_project("birds", &voting("settings.quorum = 3\n"));
    desk.until_live(&second).await;
    assert_eq!(desk.last_error("plugins/vote.wasm"), None);
    assert_eq!(desk.last_error("projects/birds.toml"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_comes_late_runs_where_it_suits_and_says_where_not() {
    let (first, _) = majority_votes();
    let mut desk = Desk::new();
    desk.write_project("birds", &voting("settings.quorum = 2\n"));
    desk.write_project("wrens", &voting("settings.quorum = \"two\"\n").replace("project = \"birds\"", "project = \"wrens\""));
    desk.start(quick(), true).await;
    desk.drop_in("vote.wasm", &first);
    desk.until_live(&first).await;
    let why = desk.until_refused("projects/wrens.toml").await;
    assert!(why.starts_with("projects/wrens.toml:14: `plugins.vote.settings.quorum`: "), "{why}");
    assert!(desk.registry.project("wrens").unwrap().is_degraded(), "its events wait");
    desk.write_project("wrens", &voting("settings.quorum = 2\n").replace("project = \"birds\"", "project = \"wrens\""));
    desk.until("it is repaired", |now| now.projects.values().all(|project| !project.is_degraded())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_projects_cannot_stand_for_one_project_of_a_platform() {
    let desk = Desk::with_project("counts", quick()).await;
    desk.write_project("a-copy", HEAD);
    assert_eq!(
        desk.until_refused("projects/a-copy.toml").await,
        "projects/a-copy.toml: it stands for the same project `birds` on https://crowd.example.org/ as `projects/birds.toml`, which was loaded first\n\
         help: a platform's project has one hook: put the plugins of both into one file, and take the other away"
    );
    assert!(desk.registry.project("a-copy").is_none());
    fs::remove_file(desk.path("projects/birds.toml")).unwrap();
    desk.until("the copy takes its place", |now| now.projects.keys().map(ToString::to_string).eq(["a-copy".to_owned()])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_all_runs_what_lies_there_without_granting_it_anything() {
    let mut desk = Desk::new();
    desk.write_project("birds", &format!("run_all = true\n{HEAD}\n[plugins.vote]\ncomponent = \"counts\"\n"));
    for name in ["counts", "rejects", "wants-more", "bad-settings"] {
        desk.drop_in(&format!("{name}.wasm"), &guest(name));
    }
    desk.start(quick(), true).await;
    let birds = desk.registry.project("birds").unwrap();
    let plugins: Vec<_> = birds.plugins.iter().map(|plugin| (plugin.config.name.to_string(), plugin.config.allow.len())).collect();
    assert_eq!(plugins, [("vote".to_owned(), 0), ("rejects".to_owned(), 0)]);
    let now = desk.registry.now();
    let warnings = &status_of(&now, &desk.path("projects/birds.toml")).unwrap().warnings;
    let warnings: Vec<String> = warnings.iter().map(|warning| desk.plain(warning)).collect();
    assert_eq!(
        warnings,
        [
            "projects/birds.toml: warning: `run_all` leaves component `bad-settings` out: it wants settings: no mode suits this plugin\n\
             help: write `[plugins.bad-settings]` with what it wants",
            "projects/birds.toml: warning: `run_all` leaves component `wants-more` out: it needs `email`, `http.send`\n\
             help: write `[plugins.wants-more]` with what it wants",
        ]
    );

    desk.drop_in("scans.wasm", &guest("scans"));
    desk.until("what is dropped in runs at once", |now| now.projects.values().all(|project| project.plugins.len() == 3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn components_and_projects_together_start_where_either_was_first() {
    let desk = Desk::with_project("counts", Times { grace: Duration::from_secs(600), ..Times::default() }).await;
    desk.write_project(
        "wrens",
        &format!("{}\n[plugins.vote]\ncomponent = \"scans\"\n", HEAD.replace("project = \"birds\"", "project = \"wrens\"")),
    );
    for name in ["scans", "counts"] {
        desk.drop_in(&format!("{name}.wasm"), &guest(name));
    }
    desk.until("all run", |now| now.projects.len() == 2 && now.projects.values().all(|project| !project.is_degraded())).await;
}
