//! Events are recorded once, and for whom.

use super::bench::{Bench, completed, emitting, rerun};
use crate::event::{EventKind, Origin, Standing};
use crate::id::EventId;
use crate::store::{Acceptance, Accepted, Completion, Finished, Outcome, StoreError, Totals, WantedDead};

pub(in crate::store) async fn a_new_event_is_recorded_with_its_invocations(bench: Bench) {
    let asked = completed("birds", "1", &["vote", "mail"]);
    assert_eq!(bench.accept(asked.clone()).await, Accepted::New(asked.event.id));
    assert_eq!(bench.store().totals().await.unwrap(), Totals { events: 1, waiting: 2, ..Totals::default() });
    let claimed = bench.claim().await;
    assert_eq!(claimed.iter().map(|claimed| claimed.plugin.as_str()).collect::<Vec<_>>(), ["vote", "mail"]);
    for claimed in claimed {
        assert_eq!(claimed.event, asked.event);
        assert_eq!((claimed.attempt, claimed.traps, claimed.rerun, claimed.generation), (1, 0, false, 0));
    }
}

pub(in crate::store) async fn a_repeat_is_counted_as_one(bench: Bench) {
    let id = bench.accept_task("1").await;
    assert_eq!(bench.accept(completed("birds", "1", &["vote"])).await, Accepted::Repeat(id));
    let totals = bench.store().totals().await.unwrap();
    assert_eq!((totals.events, totals.waiting), (1, 1));
}

pub(in crate::store) async fn equal_keys_of_two_projects_are_two_events(bench: Bench) {
    for project in ["birds", "bees"] {
        let asked = Acceptance { dedup_key: "same".to_owned(), ..completed(project, "1", &["vote"]) };
        assert!(matches!(bench.accept(asked).await, Accepted::New(_)));
    }
}

pub(in crate::store) async fn long_keys_are_told_apart(bench: Bench) {
    let asked = |end: &str| Acceptance { dedup_key: format!("{}{end}", "k".repeat(3_000)), ..completed("birds", "1", &["vote"]) };
    assert!(matches!(bench.accept(asked("a")).await, Accepted::New(_)));
    assert!(matches!(bench.accept(asked("b")).await, Accepted::New(_)));
    assert!(matches!(bench.accept(asked("a")).await, Accepted::Repeat(_)));
}

pub(in crate::store) async fn an_event_that_is_set_aside_gets_no_invocations(bench: Bench) {
    for (task, standing) in [("1", Standing::Ignored), ("2", Standing::Unreadable)] {
        let mut asked = Acceptance { standing, ..completed("birds", task, &["vote"]) };
        asked.event.kind = EventKind::HOST_UNKNOWN;
        assert_eq!(bench.accept(asked.clone()).await, Accepted::New(asked.event.id));
        assert_eq!(bench.store().event(asked.event.id).await.unwrap(), Some((asked.event.clone(), standing)));
        assert_eq!(bench.accept(asked.clone()).await, Accepted::Repeat(asked.event.id));
    }
    assert_eq!(bench.store().totals().await.unwrap(), Totals { events: 2, set_aside: 2, ..Totals::default() });
}

pub(in crate::store) async fn a_rerun_is_handled_again_under_the_next_generation(bench: Bench) {
    let id = bench.handle("1", Completion::default()).await;
    for generation in 1..=2 {
        assert_eq!(bench.accept(rerun("birds", "1", &["vote", "mail"])).await, Accepted::Rerun(id));
        let claimed = bench.claim().await;
        assert_eq!(claimed.len(), 2);
        for claimed in &claimed {
            assert_eq!(claimed.event.id, id);
            assert_eq!(claimed.event.origin, Origin::Rerun);
            assert_eq!(claimed.generation, generation);
            // `mail` sees the event for the first time in the first re-run.
            assert_eq!(claimed.rerun, claimed.plugin.as_str() == "vote" || generation == 2);
            bench.complete(claimed, Completion::default()).await;
        }
    }
    assert_eq!(bench.store().event(id).await.unwrap().unwrap().0.origin, Origin::Live, "the event itself is what it was");
}

pub(in crate::store) async fn a_rerun_of_what_still_waits_is_folded_in(bench: Bench) {
    let id = bench.accept_task("1").await;
    assert_eq!(bench.accept(rerun("birds", "1", &["vote"])).await, Accepted::FoldedIn(id));
    let claimed = bench.claim_one().await;
    assert_eq!(bench.accept(rerun("birds", "1", &["vote"])).await, Accepted::FoldedIn(id), "while it is leased too");
    bench.complete(&claimed, Completion::default()).await;
    assert_eq!(bench.store().totals().await.unwrap().waiting, 0);
}

pub(in crate::store) async fn a_rerun_runs_those_plugins_that_it_does_not_wait_for(bench: Bench) {
    let both = ["vote", "mail"];
    let id = match bench.accept(completed("birds", "1", &both)).await {
        Accepted::New(id) => id,
        other => panic!("{other:?}"),
    };
    let claimed = bench.claim().await;
    let voted = claimed.iter().find(|claimed| claimed.plugin.as_str() == "vote").unwrap();
    bench.complete(voted, Completion::default()).await;
    // `mail` is under way, or held, or parked: who has done with the event need not wait for it.
    assert_eq!(bench.accept(rerun("birds", "1", &both)).await, Accepted::Rerun(id));
    let again = bench.claim_one().await;
    assert_eq!((again.plugin.as_str(), again.rerun), ("vote", true));
    assert_eq!(bench.accept(rerun("birds", "1", &both)).await, Accepted::FoldedIn(id));
}

pub(in crate::store) async fn a_rerun_of_what_was_never_seen_is_new(bench: Bench) {
    assert!(matches!(bench.accept(rerun("birds", "1", &["vote"])).await, Accepted::New(_)));
    assert!(!bench.claim_one().await.rerun);
}

pub(in crate::store) async fn a_snapshot_is_kept_with_a_new_event_and_with_no_other(mut bench: Bench) {
    let shown = |text: &str| Acceptance { snapshot: Some(text.to_owned()), ..completed("birds", "1", &["vote"]) };
    let (new, repeat) = (shown("first"), shown("second"));
    let accepted = bench.store().accept(vec![new.clone(), repeat.clone()]).await.unwrap();
    assert_eq!(accepted, [Accepted::New(new.event.id), Accepted::Repeat(new.event.id)]);
    bench.restart().await;
    assert_eq!(bench.store().snapshot(new.event.id, 0).await.unwrap().as_deref(), Some("first"));
    assert_eq!(bench.store().snapshot(repeat.event.id, 0).await.unwrap(), None, "nothing is left behind");
}

pub(in crate::store) async fn a_plugin_that_never_had_an_event_joins_it(bench: Bench) {
    let id = bench.accept_task("1").await;
    let join = async |name: &str| bench.store().join(&[id], &name.parse().unwrap(), Origin::Backfill).await.unwrap();
    assert_eq!(join("vote").await, 0, "it waits for the event");
    let claimed = bench.claim_one().await;
    bench.finish(&claimed, Outcome::Dead).await;
    assert_eq!(join("vote").await, 0, "it had it");
    assert_eq!((join("mail").await, join("mail").await), (1, 0));
    let claimed = bench.claim_one().await;
    assert_eq!((claimed.plugin.as_str(), claimed.event.origin, claimed.rerun), ("mail", Origin::Backfill, false));
    assert_eq!(claimed.generation, 0, "what the platform said is shared");
    let ignored = Acceptance { standing: Standing::Ignored, ..completed("birds", "2", &[]) };
    bench.accept(ignored.clone()).await;
    let passed_over = [ignored.event.id, EventId::new()];
    assert_eq!(bench.store().join(&passed_over, &"mail".parse().unwrap(), Origin::Backfill).await.unwrap(), 0);
}

pub(in crate::store) async fn a_plugin_joins_what_an_event_led_to(mut bench: Bench) {
    let root = bench.handle("1", Completion::default()).await;
    bench.accept(rerun("birds", "1", &["vote"])).await;
    let claimed = bench.claim_one().await;
    let emitted = emitting(&claimed, &["mail"]);
    bench.complete(&claimed, Completion { events: vec![emitted.clone(), emitting(&claimed, &[])], ..Completion::default() }).await;
    bench.restart().await;
    let derived = bench.store().derived(root).await.unwrap();
    assert_eq!((derived.len(), &derived[0]), (2, &emitted.event));
    assert!(bench.store().derived(emitted.event.id).await.unwrap().is_empty(), "all belong to the event from outside");
    bench.complete(&bench.claim_one().await, Completion::default()).await;
    let ids: Vec<EventId> = derived.iter().map(|event| event.id).collect();
    assert_eq!(bench.store().join(&ids, &"mail".parse().unwrap(), Origin::Backfill).await.unwrap(), 1, "it had the first one");
    let claimed = bench.claim_one().await;
    assert_eq!((claimed.event.id, claimed.event.origin, claimed.generation), (ids[1], Origin::Backfill, 1));
}

pub(in crate::store) async fn a_rerun_takes_dead_letters_with_it(mut bench: Bench) {
    let id = bench.accept_task("1").await;
    bench.finish(&bench.claim_one().await, Outcome::Dead).await;
    assert_eq!(bench.store().totals().await.unwrap().dead, 1);
    assert_eq!(bench.accept(rerun("birds", "1", &["vote"])).await, Accepted::Rerun(id));
    assert_eq!(bench.store().totals().await.unwrap().dead, 0);
    assert!(bench.store().dead_letters(&WantedDead::default(), 10).await.unwrap().is_empty());
    bench.finish(&bench.claim_one().await, Outcome::Dead).await;
    bench.restart().await;
    assert_eq!(bench.store().totals().await.unwrap().dead, 1);
}

fn revision(key: &str, freshness: &str) -> Acceptance {
    Acceptance { dedup_key: key.to_owned(), freshness: Some(freshness.to_owned()), ..completed("birds", "1", &["vote"]) }
}

pub(in crate::store) async fn a_stale_revision_is_superseded(mut bench: Bench) {
    assert!(matches!(bench.accept(revision("b", "2024-02")).await, Accepted::New(_)));
    bench.restart().await;
    let stale = revision("a", "2024-01");
    assert_eq!(bench.accept(stale.clone()).await, Accepted::Superseded(stale.event.id));
    assert_eq!(bench.store().event(stale.event.id).await.unwrap().unwrap().1, Standing::Superseded);
    let totals = bench.store().totals().await.unwrap();
    assert_eq!((totals.events, totals.waiting, totals.set_aside), (2, 1, 1));
    assert!(matches!(bench.accept(revision("a", "2024-01")).await, Accepted::Repeat(_)), "it is known from now on");
    let other = Acceptance { event: super::bench::event("bees", Some("1")), ..revision("a", "2024-01") };
    assert!(matches!(bench.accept(other).await, Accepted::New(_)), "another project's task is another one");
    let mut answered = revision("c", "2024-01");
    answered.event.kind = EventKind::TASK_ANSWERED;
    assert!(matches!(bench.accept(answered).await, Accepted::New(_)), "another kind is for others");
}

pub(in crate::store) async fn an_equal_revision_is_handled(bench: Bench) {
    for (key, freshness) in [("a", "1"), ("b", "1"), ("c", "2"), ("d", "2")] {
        assert!(matches!(bench.accept(revision(key, freshness)).await, Accepted::New(_)));
    }
}

pub(in crate::store) async fn a_thousand_events_come_in_one_batch(bench: Bench) {
    let batch: Vec<_> = (0..1_000).map(|task| completed("birds", &task.to_string(), &["vote"])).collect();
    let ids: Vec<_> = batch.iter().map(|asked| Accepted::New(asked.event.id)).collect();
    assert_eq!(bench.store().accept(batch).await.unwrap(), ids);
    assert_eq!(bench.claim().await.len(), 1_000);
}

pub(in crate::store) async fn a_batch_may_hold_the_same_event_twice(bench: Bench) {
    let first = completed("birds", "1", &["vote"]);
    let answers = bench.store().accept(vec![first.clone(), completed("birds", "1", &["vote"])]).await.unwrap();
    assert_eq!(answers, [Accepted::New(first.event.id), Accepted::Repeat(first.event.id)]);
}

pub(in crate::store) async fn nothing_is_recorded_when_too_much_waits(mut bench: Bench) {
    bench.restart_with(2).await;
    bench.accept_task("1").await;
    bench.accept_task("2").await;
    let refused = bench.store().accept(vec![completed("birds", "3", &["vote"])]).await;
    assert!(matches!(refused, Err(StoreError::Full { waiting: 2, max: 2 })), "{refused:?}");
    assert_eq!(bench.store().totals().await.unwrap().events, 2);
    for claimed in bench.claim().await {
        bench.complete(&claimed, Completion::default()).await;
    }
    bench.accept_task("3").await;
}

pub(in crate::store) async fn one_plugin_has_no_more_than_three_quarters_of_the_room(mut bench: Bench) {
    bench.restart_with(8).await;
    for task in 0..6 {
        bench.accept_task(&task.to_string()).await;
    }
    let refused = bench.store().accept(vec![completed("birds", "6", &["vote"])]).await;
    assert!(matches!(refused, Err(StoreError::Full { waiting: 6, max: 6 })), "{refused:?}");
    bench.accept(completed("bees", "1", &["vote"])).await;
    bench.accept(completed("birds", "7", &["mail"])).await;
    let refused = bench.store().accept(vec![completed("bees", "2", &["vote"])]).await;
    assert!(matches!(refused, Err(StoreError::Full { waiting: 8, max: 8 })), "{refused:?}");
    for claimed in bench.claim().await {
        bench.complete(&claimed, Completion::default()).await;
    }
    bench.accept_task("8").await;
}

pub(in crate::store) async fn derived_events_come_in_when_too_much_waits(mut bench: Bench) {
    bench.restart_with(1).await;
    bench.accept_task("1").await;
    let claimed = bench.claim_one().await;
    let events = vec![emitting(&claimed, &["mail", "tweet"]), emitting(&claimed, &["mail"])];
    bench.complete(&claimed, Completion { events, ..Completion::default() }).await;
    assert_eq!(bench.store().totals().await.unwrap().waiting, 3);
}

pub(in crate::store) async fn an_unconfirmed_event_is_dropped_and_its_key_is_free(bench: Bench) {
    let asked = completed("birds", "1", &["vote", "mail"]);
    bench.accept(asked.clone()).await;
    let claimed = bench.claim().await;
    assert_eq!(bench.finish(&claimed[0], Outcome::Unconfirmed).await, Finished::Recorded);
    assert_eq!(bench.finish(&claimed[1], Outcome::Done(Completion::default())).await, Finished::LeaseLost);
    assert_eq!(bench.store().event(asked.event.id).await.unwrap().unwrap().1, Standing::Unconfirmed);
    let expected = Totals { events: 1, runs: 1, set_aside: 1, ..Totals::default() };
    assert_eq!(bench.store().totals().await.unwrap(), expected);
    let again = completed("birds", "1", &["vote"]);
    assert_eq!(bench.accept(again.clone()).await, Accepted::New(again.event.id));
    assert_eq!(bench.claim_one().await.event.id, again.event.id);
}

pub(in crate::store) async fn what_was_accepted_is_there_after_a_restart(mut bench: Bench) {
    let id = bench.accept_task("1").await;
    bench.restart().await;
    assert_eq!(bench.accept(completed("birds", "1", &["vote"])).await, Accepted::Repeat(id));
    assert_eq!(bench.claim_one().await.event.id, id);
    let next = bench.accept_task("2").await;
    assert_eq!(bench.claim_one().await.event.id, next);
}

pub(in crate::store) async fn the_latest_events_of_a_project_come_by_pages(mut bench: Bench) {
    let mut ids = Vec::new();
    for task in ["1", "2", "3"] {
        ids.push(bench.accept_task(task).await);
        bench.accept(completed("bees", task, &["vote"])).await;
    }
    let ignored = Acceptance { standing: Standing::Ignored, ..completed("birds", "4", &["vote"]) };
    bench.accept(ignored.clone()).await;
    bench.restart().await;
    let birds = "birds".parse().unwrap();
    let newest = bench.store().latest_events(&birds, None, 2).await.unwrap();
    assert_eq!(newest[0], (ignored.event, Standing::Ignored));
    assert_eq!((newest.len(), newest[1].0.id, newest[1].1), (2, ids[2], Standing::Accepted));
    let before = bench.store().latest_events(&birds, Some(ids[2]), 9).await.unwrap();
    assert_eq!(before.iter().map(|(event, _)| event.id).collect::<Vec<_>>(), [ids[1], ids[0]]);
    assert!(bench.store().latest_events(&birds, Some(ids[0]), 9).await.unwrap().is_empty());
    assert!(bench.store().latest_events(&"nobody".parse().unwrap(), None, 9).await.unwrap().is_empty());
}
