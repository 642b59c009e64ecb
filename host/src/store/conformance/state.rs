//! What plugins keep, and who noticed a change too late.

use super::bench::{Bench, completed, emitting, saving, scope, set, with_changes};
use crate::store::{Completion, Finished, Outcome, StateChange, StateEntry, StateRead, StateVersion};

/// Changes the state of `vote` in `birds`, by an invocation about a task of its own.
async fn change(bench: &Bench, task: &str, changes: Vec<StateChange>) {
    bench.handle(task, with_changes(changes)).await;
}

async fn entry(bench: &Bench, key: &str) -> Option<StateEntry> {
    bench.store().get_state(&scope("birds", "vote"), key).await.unwrap()
}

async fn value(bench: &Bench, key: &str) -> Option<String> {
    entry(bench, key).await.map(|entry| entry.value)
}

async fn scanned(bench: &Bench, prefix: &str, after: Option<&str>, limit: u32) -> Vec<String> {
    let entries = bench.store().scan_state(&scope("birds", "vote"), prefix, after, limit).await.unwrap();
    entries.into_iter().map(|entry| entry.key).collect()
}

/// What a run that read `key` saw.
async fn read_of(bench: &Bench, key: &str) -> StateRead {
    StateRead::Key { key: key.to_owned(), version: entry(bench, key).await.map_or(0, |entry| entry.version) }
}

async fn range_of(bench: &Bench, prefix: &str, after: Option<&str>, limit: u32) -> StateRead {
    let entries = bench.store().scan_state(&scope("birds", "vote"), prefix, after, limit).await.unwrap();
    let seen: Vec<(String, StateVersion)> = entries.into_iter().map(|entry| (entry.key, entry.version)).collect();
    StateRead::Range { prefix: prefix.to_owned(), after: after.map(str::to_owned), limit, seen }
}

/// A run reads, `changes` are committed by another one, then the run wants to write.
async fn check(bench: &Bench, reads: Vec<StateRead>, changes: Vec<StateChange>, expected: Finished) {
    bench.accept(completed("birds", "reader", &["vote"])).await;
    let reader = bench.claim_one().await;
    change(bench, "other", changes).await;
    let completion = Completion { reads, changes: vec![set("written", "yes")], ..Completion::default() };
    assert_eq!(bench.finish(&reader, Outcome::Done(completion)).await, expected);
    assert_eq!(value(bench, "written").await.is_some(), expected == Finished::Recorded);
}

pub(in crate::store) async fn entries_are_set_read_and_removed(mut bench: Bench) {
    change(&bench, "1", vec![set("a", "1"), set("a", "2"), set("b", "3"), StateChange::Remove("c".to_owned())]).await;
    bench.restart().await;
    assert_eq!(value(&bench, "a").await.as_deref(), Some("2"));
    change(&bench, "2", vec![StateChange::Remove("a".to_owned())]).await;
    assert_eq!(value(&bench, "a").await, None);
    assert_eq!(value(&bench, "b").await.as_deref(), Some("3"));
}

pub(in crate::store) async fn entries_are_scanned_in_the_order_of_their_bytes(bench: Bench) {
    let keys = ["a/1", "a/10", "a/2", "a/Z", "a/é", "a", "b/1", "a/\u{10FFFF}", "A/1", "a%", "a_b"];
    change(&bench, "1", keys.iter().map(|key| set(key, "")).collect()).await;
    assert_eq!(scanned(&bench, "a/", None, 100).await, ["a/1", "a/10", "a/2", "a/Z", "a/é", "a/\u{10FFFF}"]);
    assert_eq!(scanned(&bench, "a/", Some("a/10"), 2).await, ["a/2", "a/Z"]);
    assert_eq!(scanned(&bench, "a/", Some("A"), 1).await, ["a/1"], "from before the prefix");
    assert!(scanned(&bench, "a/", Some("b"), 100).await.is_empty(), "from beyond it");
    assert_eq!(scanned(&bench, "", None, 100).await.len(), keys.len());
    assert_eq!(scanned(&bench, "a%", None, 100).await, ["a%"]);
}

pub(in crate::store) async fn state_of_two_plugins_is_kept_apart(bench: Bench) {
    for (project, plugin) in [("birds", "vote"), ("birds", "mail"), ("bees", "vote")] {
        bench.accept(completed(project, plugin, &[plugin])).await;
        let claimed = bench.claim_one().await;
        bench.complete(&claimed, with_changes(vec![set("key", &format!("{project}/{plugin}"))])).await;
    }
    assert_eq!(value(&bench, "key").await.as_deref(), Some("birds/vote"));
    assert_eq!(scanned(&bench, "", None, 10).await, ["key"]);
}

pub(in crate::store) async fn a_key_that_changed_is_a_conflict(bench: Bench) {
    change(&bench, "0", vec![set("a", "1")]).await;
    let reads = vec![read_of(&bench, "a").await];
    check(&bench, reads, vec![set("a", "1")], Finished::Conflict).await;
}

pub(in crate::store) async fn a_key_that_came_is_a_conflict(bench: Bench) {
    let reads = vec![read_of(&bench, "absent").await, read_of(&bench, "a").await];
    check(&bench, reads, vec![set("a", "1")], Finished::Conflict).await;
}

pub(in crate::store) async fn a_key_that_was_removed_and_set_again_is_a_conflict(mut bench: Bench) {
    change(&bench, "0", vec![set("a", "1")]).await;
    let reads = vec![read_of(&bench, "a").await];
    change(&bench, "remove", vec![StateChange::Remove("a".to_owned())]).await;
    bench.restart().await;
    check(&bench, reads, vec![set("a", "1")], Finished::Conflict).await;
}

pub(in crate::store) async fn a_range_that_changed_is_a_conflict(bench: Bench) {
    change(&bench, "0", vec![set("a/1", "1"), set("a/3", "1")]).await;
    let reads = vec![range_of(&bench, "a/", None, 10).await];
    check(&bench, reads, vec![set("a/2", "1")], Finished::Conflict).await;
}

pub(in crate::store) async fn a_range_that_did_not_change_is_none(bench: Bench) {
    change(&bench, "0", vec![set("a/1", "1"), set("a/3", "1")]).await;
    let reads = vec![range_of(&bench, "a/", Some("a/1"), 1).await, range_of(&bench, "c/", None, 9).await];
    check(&bench, reads, vec![set("a/1", "2"), set("a/4", "1"), set("b", "1")], Finished::Recorded).await;
}

pub(in crate::store) async fn a_conflict_leaves_nothing_and_keeps_the_lease(bench: Bench) {
    let id = bench.accept_task("1").await;
    let reader = bench.claim_one().await;
    change(&bench, "2", vec![set("a", "1")]).await;
    let before = bench.store().totals().await.unwrap();
    let completion = Completion {
        reads: vec![StateRead::Key { key: "a".to_owned(), version: 0 }],
        changes: vec![set("b", "1")],
        effects: vec![saving("1", "{}")],
        events: vec![emitting(&reader, &["mail"])],
    };
    assert_eq!(bench.finish(&reader, Outcome::Done(completion)).await, Finished::Conflict);
    assert_eq!(bench.store().totals().await.unwrap(), before);
    assert!(bench.store().runs(id).await.unwrap().is_empty());
    assert_eq!(value(&bench, "b").await, None);
    assert!(bench.claim().await.is_empty(), "it is leased still");
    let reads = vec![read_of(&bench, "a").await];
    bench.complete(&reader, Completion { reads, ..Completion::default() }).await;
}

pub(in crate::store) async fn increments_never_conflict(bench: Bench) {
    let increment = || StateChange::Increment("n".to_owned(), 2);
    for task in 0..20 {
        bench.accept(completed("birds", &task.to_string(), &["vote"])).await;
    }
    let claimed = bench.claim().await;
    assert_eq!(claimed.len(), 20);
    let finished = claimed.iter().map(|claimed| bench.finish(claimed, Outcome::Done(with_changes(vec![increment(), increment()]))));
    let finished = futures_util::future::join_all(finished).await;
    assert!(finished.into_iter().all(|finished| finished == Finished::Recorded));
    assert_eq!(value(&bench, "n").await.as_deref(), Some("80"));
}

pub(in crate::store) async fn an_increment_stops_at_the_limits(bench: Bench) {
    let add = |key: &str, by| StateChange::Increment(key.to_owned(), by);
    change(&bench, "1", vec![add("up", i64::MAX), add("up", 5), add("down", i64::MIN), add("down", -5)]).await;
    change(&bench, "2", vec![set("text", "many"), add("text", 3)]).await;
    assert_eq!(value(&bench, "up").await, Some(i64::MAX.to_string()));
    assert_eq!(value(&bench, "down").await, Some(i64::MIN.to_string()));
    assert_eq!(value(&bench, "text").await.as_deref(), Some("3"));
}

pub(in crate::store) async fn bytes_of_keys_and_values_are_counted(mut bench: Bench) {
    let bytes = async |bench: &Bench| bench.store().state_bytes(&scope("birds", "vote")).await.unwrap();
    assert_eq!(bytes(&bench).await, 0);
    change(&bench, "1", vec![set("é", "12"), set("b", "1"), set("b", "123"), StateChange::Increment("n".to_owned(), -10)]).await;
    assert_eq!(bytes(&bench).await, (2 + 2) + (1 + 3) + (1 + 3));
    bench.restart().await;
    change(&bench, "2", vec![StateChange::Remove("é".to_owned()), StateChange::Remove("é".to_owned())]).await;
    assert_eq!(bytes(&bench).await, 8);
}
