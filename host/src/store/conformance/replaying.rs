//! What was given up is taken up again, and plugins are held and released.

use super::bench::{Bench, completed, rerun, saving, scope, with_effects};
use crate::event::{Origin, Standing};
use crate::id::EventId;
use crate::store::{
    Acceptance, Accepted, Completion, DeadKind, DeadLetterId, DeliveryOutcome, Finished, Outcome, Quarantine, Replayed, ReplayedEvent,
    Requested, StoreError, WantedDead,
};

/// Accepts an event about `task` and gives it up.
async fn dead(bench: &Bench, task: &str) -> EventId {
    let id = bench.accept_task(task).await;
    let claimed = bench.claim_one().await;
    assert_eq!(bench.finish(&claimed, Outcome::Dead).await, Finished::Recorded);
    id
}

/// Asks for an effect, claims its delivery, and gives it up.
async fn dead_delivery(bench: &Bench, task: &str, effect: Requested, may_have_happened: bool) -> DeadLetterId {
    bench.handle(task, with_effects(vec![effect])).await;
    let claimed = bench.claim_deliveries().await.remove(0);
    let outcome = DeliveryOutcome::Dead { reason: "answered 503".to_owned(), may_have_happened };
    assert_eq!(bench.store().finish_delivery(claimed.lease, outcome).await.unwrap(), Finished::Recorded);
    DeadLetterId::Delivery(claimed.id)
}

fn all() -> WantedDead {
    WantedDead::default()
}

fn keyed(task: &str) -> Requested {
    Requested { once: Some("tweet/9".to_owned()), connection: Some("tweets".to_owned()), ..saving(task, "{}") }
}

async fn letters(bench: &Bench, wanted: &WantedDead) -> Vec<DeadLetterId> {
    bench.store().dead_letters(wanted, 100).await.unwrap().into_iter().map(|letter| letter.id).collect()
}

pub(in crate::store) async fn a_dead_invocation_is_run_again_from_its_first_attempt(mut bench: Bench) {
    let id = bench.accept_task("1").await;
    let claimed = bench.claim_one().await;
    bench.finish(&claimed, Outcome::Retry { due: bench.now(), trapped: true }).await;
    bench.finish(&bench.claim_one().await, Outcome::Dead).await;
    assert_eq!(bench.store().replay(&all(), 10).await.unwrap(), Replayed { invocations: 1, ..Replayed::default() });
    bench.restart().await;
    let totals = bench.store().totals().await.unwrap();
    assert_eq!((totals.dead, totals.waiting), (0, 1));
    let claimed = bench.claim_one().await;
    assert_eq!((claimed.event.id, claimed.event.origin), (id, Origin::Replay));
    assert_eq!((claimed.attempt, claimed.traps, claimed.rerun, claimed.generation), (1, 0, false, 0));
    bench.complete(&claimed, Completion::default()).await;
    assert_eq!(bench.store().replay(&all(), 10).await.unwrap(), Replayed::default(), "there is nothing left");
}

pub(in crate::store) async fn only_what_is_wanted_is_replayed(bench: Bench) {
    let first = dead(&bench, "1").await;
    bench.pass(10);
    let then = bench.now();
    let second = dead(&bench, "2").await;
    bench.pass(10);
    dead(&bench, "3").await;
    let delivery = dead_delivery(&bench, "4", saving("4", "{}"), true).await;
    let newest_first = [delivery, DeadLetterId::Invocation(3), DeadLetterId::Invocation(2), DeadLetterId::Invocation(1)];
    let mut listed = letters(&bench, &all()).await;
    listed.sort_by_key(|id| newest_first.iter().position(|known| known == id));
    assert_eq!(listed, newest_first);
    let cases = [
        (WantedDead { what: Some(DeadKind::Delivery), ..all() }, vec![delivery]),
        (WantedDead { id: Some(delivery), ..all() }, vec![delivery]),
        (WantedDead { id: Some(DeadLetterId::Invocation(2)), ..all() }, vec![DeadLetterId::Invocation(2)]),
        (WantedDead { event: Some(first), ..all() }, vec![DeadLetterId::Invocation(1)]),
        (WantedDead { until: Some(then), ..all() }, vec![DeadLetterId::Invocation(2), DeadLetterId::Invocation(1)]),
        (WantedDead { reason: Some("503".to_owned()), ..all() }, vec![delivery]),
        (WantedDead { project: Some("bees".parse().unwrap()), ..all() }, vec![]),
        (WantedDead { plugin: Some("mail".parse().unwrap()), ..all() }, vec![]),
        (
            WantedDead { project: Some("birds".parse().unwrap()), plugin: Some("vote".parse().unwrap()), event: Some(second), ..all() },
            vec![DeadLetterId::Invocation(2)],
        ),
    ];
    for (wanted, expected) in cases {
        assert_eq!(letters(&bench, &wanted).await, expected, "{wanted:?}");
    }
    let wanted = WantedDead { event: Some(second), ..all() };
    assert_eq!(bench.store().replay(&wanted, 10).await.unwrap().invocations, 1);
    assert_eq!(bench.claim_one().await.event.id, second);
    assert_eq!(letters(&bench, &all()).await.len(), 3);
}

pub(in crate::store) async fn a_replay_is_bounded_and_takes_the_oldest_first(bench: Bench) {
    let ids = [dead(&bench, "1").await, dead(&bench, "2").await, dead(&bench, "3").await];
    assert_eq!(bench.store().replay(&all(), 2).await.unwrap().invocations, 2);
    let claimed: Vec<_> = bench.claim().await.into_iter().map(|claimed| claimed.event.id).collect();
    assert_eq!(claimed, ids[..2]);
    assert_eq!(letters(&bench, &all()).await, [DeadLetterId::Invocation(3)]);
}

pub(in crate::store) async fn nothing_is_replayed_when_too_much_waits(mut bench: Bench) {
    dead(&bench, "1").await;
    bench.restart_with(1).await;
    bench.accept_task("2").await;
    let refused = bench.store().replay(&all(), 10).await;
    assert!(matches!(refused, Err(StoreError::Full { waiting: 1, max: 1 })), "{refused:?}");
    assert_eq!(letters(&bench, &all()).await.len(), 1);
}

pub(in crate::store) async fn a_dead_delivery_leaves_again_under_its_old_id(mut bench: Bench) {
    let id = dead_delivery(&bench, "1", saving("1", "{}"), true).await;
    bench.pass(3600);
    assert_eq!(bench.store().replay(&all(), 10).await.unwrap(), Replayed { deliveries: 1, ..Replayed::default() });
    let totals = bench.store().totals().await.unwrap();
    assert_eq!((totals.deliveries_dead, totals.deliveries_waiting), (0, 1));
    bench.restart().await;
    let claimed = bench.claim_deliveries().await.remove(0);
    assert_eq!((DeadLetterId::Delivery(claimed.id), claimed.attempt, claimed.requested_at), (id, 1, bench.now()));
    bench.delivered(&claimed).await;
    assert_eq!(bench.store().replay(&all(), 10).await.unwrap(), Replayed::default());
}

pub(in crate::store) async fn a_result_that_was_overtaken_does_not_leave_again(bench: Bench) {
    let id = dead_delivery(&bench, "1", saving("9", "old"), true).await;
    bench.handle("2", with_effects(vec![saving("9", "new")])).await;
    bench.delivered(&bench.claim_deliveries().await.remove(0)).await;
    let wanted = WantedDead { id: Some(id), ..all() };
    assert_eq!(bench.store().replay(&wanted, 10).await.unwrap(), Replayed { settled: 1, ..Replayed::default() });
    assert!(bench.claim_deliveries().await.is_empty());
    assert_eq!(bench.store().totals().await.unwrap().deliveries_dead, 0, "it is settled");
}

pub(in crate::store) async fn a_once_key_that_was_spent_since_is_not_spent_twice(bench: Bench) {
    dead_delivery(&bench, "1", keyed("1"), false).await;
    // The refusal freed the key, and someone else spends it.
    bench.handle("2", with_effects(vec![keyed("2")])).await;
    assert_eq!(bench.claim_deliveries().await.len(), 1);
    assert_eq!(bench.store().replay(&all(), 10).await.unwrap(), Replayed { settled: 1, ..Replayed::default() });
    assert!(bench.claim_deliveries().await.is_empty());
}

pub(in crate::store) async fn a_replayed_delivery_may_have_happened_before(bench: Bench) {
    for (task, in_doubt) in [("1", true), ("2", false)] {
        let once = Some(format!("tweet/{task}"));
        dead_delivery(&bench, task, Requested { once, ..keyed(task) }, in_doubt).await;
        assert_eq!(bench.store().replay(&all(), 10).await.unwrap().deliveries, 1);
        let claimed = bench.claim_deliveries().await.remove(0);
        assert_eq!(claimed.in_doubt, in_doubt);
        // The key is spent again, whether it was freed in between or not.
        let once = Some(format!("tweet/{task}"));
        bench.handle(&format!("{task}0"), with_effects(vec![Requested { once, ..keyed(task) }])).await;
        assert!(bench.claim_deliveries().await.is_empty());
        bench.delivered(&claimed).await;
    }
}

pub(in crate::store) async fn an_event_is_replayed_for_those_it_does_not_wait_for(bench: Bench) {
    let id = bench.handle("1", Completion::default()).await;
    let both = super::bench::plugins(&["vote", "mail"]);
    assert_eq!(bench.store().replay_event(id, &both, false).await.unwrap(), ReplayedEvent::Waits(2));
    assert_eq!(bench.store().replay_event(id, &both, false).await.unwrap(), ReplayedEvent::Waits(0), "both wait for it");
    let claimed = bench.claim().await;
    let seen: Vec<_> =
        claimed.iter().map(|claimed| (claimed.plugin.as_str(), claimed.event.origin, claimed.rerun, claimed.generation)).collect();
    assert_eq!(seen, [("vote", Origin::Replay, true, 0), ("mail", Origin::Replay, false, 0)]);
    assert_eq!(bench.store().replay_event(EventId::new(), &both, false).await.unwrap(), ReplayedEvent::LetGo);
    let ignored = Acceptance { standing: Standing::Ignored, ..completed("birds", "2", &[]) };
    bench.accept(ignored.clone()).await;
    assert_eq!(bench.store().replay_event(ignored.event.id, &both, false).await.unwrap(), ReplayedEvent::SetAside);
}

pub(in crate::store) async fn a_fresh_replay_begins_a_new_generation(bench: Bench) {
    let id = bench.handle("1", Completion::default()).await;
    let vote = super::bench::plugins(&["vote"]);
    assert_eq!(bench.store().replay_event(id, &vote, true).await.unwrap(), ReplayedEvent::Waits(1));
    let claimed = bench.claim_one().await;
    assert_eq!(claimed.generation, 1);
    bench.complete(&claimed, Completion::default()).await;
    assert_eq!(bench.accept(rerun("birds", "1", &["vote"])).await, Accepted::Rerun(id));
    assert_eq!(bench.claim_one().await.generation, 2);
}

fn held(bench: &Bench) -> Quarantine {
    Quarantine {
        scope: scope("birds", "vote"),
        since: bench.now(),
        component: Some("c0ffee".to_owned()),
        settings: None,
        reason: "it trapped 20 times in a row".to_owned(),
    }
}

pub(in crate::store) async fn a_plugin_that_is_held_gets_nothing_until_it_is_released(bench: Bench) {
    let whose = scope("birds", "vote");
    assert!(!bench.store().release(&whose).await.unwrap(), "it is not held");
    bench.accept_task("1").await;
    let under_way = bench.claim_one().await;
    bench.store().quarantine(&held(&bench)).await.unwrap();
    assert_eq!(bench.store().quarantined().await.unwrap(), [held(&bench)]);
    for task in ["1", "2"] {
        bench.accept(completed("birds", &format!("{task}0"), &["vote", "mail"])).await;
    }
    let others = bench.claim().await;
    assert_eq!(others.iter().map(|claimed| claimed.plugin.as_str()).collect::<Vec<_>>(), ["mail", "mail"], "others go on");
    bench.finish(&under_way, Outcome::Retry { due: bench.now(), trapped: true }).await;
    assert!(bench.claim().await.is_empty());
    assert!(bench.store().release(&whose).await.unwrap());
    assert_eq!(bench.claim().await.len(), 3);
    assert!(bench.store().quarantined().await.unwrap().is_empty());
}

pub(in crate::store) async fn a_quarantine_outlives_a_restart(mut bench: Bench) {
    bench.accept_task("1").await;
    bench.store().quarantine(&held(&bench)).await.unwrap();
    bench.crash();
    assert!(bench.claim().await.is_empty());
    assert_eq!(bench.store().quarantined().await.unwrap(), [held(&bench)]);
    assert!(bench.store().release(&scope("birds", "vote")).await.unwrap());
    bench.crash();
    assert_eq!(bench.claim().await.len(), 1);
}
