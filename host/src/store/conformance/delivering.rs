//! What leaves, in which order, and what is dropped before it does.

use super::bench::{Bench, LEASE, saving, with_effects};
use crate::effect::Effect;
use crate::store::{ClaimedDelivery, DeliveryOutcome, Finished, Requested};

fn through(connection: &str, task: &str) -> Requested {
    Requested { connection: Some(connection.to_owned()), ..saving(task, "{}") }
}

fn info(delivery: &ClaimedDelivery) -> &str {
    match &delivery.effect {
        Effect::SaveResult { info, .. } => info,
        other => panic!("{other:?} saves no result"),
    }
}

/// Has a run about `task` of its own ask for these.
async fn ask(bench: &Bench, task: &str, effects: Vec<Requested>) {
    bench.handle(task, with_effects(effects)).await;
}

pub(in crate::store) async fn deliveries_about_one_task_leave_in_order(bench: Bench) {
    ask(&bench, "1", vec![saving("9", "1")]).await;
    let first = bench.claim_deliveries().await;
    ask(&bench, "2", vec![saving("9", "2")]).await;
    assert!(bench.claim_deliveries().await.is_empty(), "the one before it is under way");
    assert_eq!(bench.delivered(&first[0]).await, Finished::Recorded);
    assert_eq!(info(&bench.claim_deliveries().await[0]), "2");
}

pub(in crate::store) async fn deliveries_through_two_connections_leave_side_by_side(bench: Bench) {
    ask(&bench, "1", vec![through("a", "1"), through("b", "2"), through("a", "3")]).await;
    let claimed = bench.claim_deliveries().await;
    assert_eq!(claimed.iter().map(|claimed| claimed.connection.as_str()).collect::<Vec<_>>(), ["a", "b", "a"]);
    let (first, last) = (&claimed[0], &claimed[2]);
    assert_ne!(first.id, last.id);
    assert_eq!(first.requested_at, bench.now());
    assert_eq!(first.scope, super::bench::scope("birds", "vote"));
    assert_eq!(first.attempt, 1);
    assert_eq!(first.event, last.event);
}

fn later(bench: &Bench, seconds: u64, counts: bool) -> DeliveryOutcome {
    DeliveryOutcome::Later { due: bench.in_seconds(seconds), counts, reason: "503".to_owned() }
}

pub(in crate::store) async fn a_later_delivery_waits_until_it_is_due(mut bench: Bench) {
    ask(&bench, "1", vec![saving("1", "{}")]).await;
    let claimed = bench.claim_deliveries().await.remove(0);
    bench.store().finish_delivery(claimed.lease, later(&bench, 20, true)).await.unwrap();
    bench.pass(19);
    assert!(bench.claim_deliveries().await.is_empty());
    bench.restart().await;
    assert!(bench.claim_deliveries().await.is_empty());
    bench.pass(1);
    let again = bench.claim_deliveries().await.remove(0);
    assert_eq!((again.id, again.attempt), (claimed.id, 2));
}

pub(in crate::store) async fn attempts_count_only_when_they_are_said_to(bench: Bench) {
    ask(&bench, "1", vec![saving("1", "{}")]).await;
    for (counts, attempt) in [(false, 1), (true, 1), (false, 2), (true, 2)] {
        let claimed = bench.claim_deliveries().await.remove(0);
        assert_eq!(claimed.attempt, attempt);
        bench.store().finish_delivery(claimed.lease, later(&bench, 0, counts)).await.unwrap();
    }
}

pub(in crate::store) async fn an_effect_without_a_connection_leaves_nowhere(bench: Bench) {
    ask(&bench, "1", vec![Requested { connection: None, ..saving("1", "{}") }]).await;
    assert!(bench.claim_deliveries().await.is_empty());
    assert!(bench.store().task_result(&"birds".parse().unwrap(), "1").await.unwrap().is_some());
}

pub(in crate::store) async fn a_newer_result_drops_the_one_that_has_not_left(mut bench: Bench) {
    ask(&bench, "1", vec![saving("9", "1"), saving("8", "other task")]).await;
    ask(&bench, "2", vec![saving("9", "2"), saving("9", "3")]).await;
    bench.restart().await;
    let claimed = bench.claim_deliveries().await;
    assert_eq!(claimed.iter().map(info).collect::<Vec<_>>(), ["other task", "3"]);
    assert_eq!(bench.store().task_result(&"birds".parse().unwrap(), "9").await.unwrap().unwrap().revision, 3);
}

pub(in crate::store) async fn a_result_under_way_ends_before_the_newer_one_leaves(bench: Bench) {
    let outcomes: [fn(&Bench) -> DeliveryOutcome; 3] = [
        |_| DeliveryOutcome::Delivered { receipt: "200".to_owned() },
        |bench| later(bench, 0, true),
        |_| DeliveryOutcome::Dead { reason: "404".to_owned(), may_have_happened: true },
    ];
    for (task, outcome) in ["1", "2", "3"].into_iter().zip(outcomes) {
        ask(&bench, task, vec![saving(task, "old")]).await;
        let old = bench.claim_deliveries().await.remove(0);
        ask(&bench, &format!("again {task}"), vec![saving(task, "new")]).await;
        assert!(bench.claim_deliveries().await.is_empty());
        assert_eq!(bench.store().finish_delivery(old.lease, outcome(&bench)).await.unwrap(), Finished::Recorded);
        let new = bench.claim_deliveries().await.remove(0);
        assert_eq!(info(&new), "new");
        bench.delivered(&new).await;
        assert!(bench.claim_deliveries().await.is_empty());
    }
    let totals = bench.store().totals().await.unwrap();
    assert_eq!((totals.deliveries_waiting, totals.deliveries_dead), (0, 0), "what was superseded has not died");
}

pub(in crate::store) async fn a_delivery_whose_lease_ran_out_is_given_to_another(bench: Bench) {
    ask(&bench, "1", vec![saving("1", "{}")]).await;
    let first = bench.claim_deliveries().await.remove(0);
    bench.pass(LEASE.as_secs());
    let second = bench.claim_deliveries().await.remove(0);
    assert_eq!(second.id, first.id);
    assert_eq!(bench.delivered(&first).await, Finished::LeaseLost);
    assert_eq!(bench.delivered(&second).await, Finished::Recorded);
    assert_eq!(bench.delivered(&second).await, Finished::LeaseLost);
}

pub(in crate::store) async fn a_superseded_delivery_is_not_given_to_another(bench: Bench) {
    ask(&bench, "1", vec![saving("9", "old")]).await;
    bench.claim_deliveries().await;
    ask(&bench, "2", vec![saving("9", "new")]).await;
    bench.pass(LEASE.as_secs());
    let claimed = bench.claim_deliveries().await;
    assert_eq!(claimed.iter().map(info).collect::<Vec<_>>(), ["new"]);
}

pub(in crate::store) async fn deliveries_are_there_after_a_restart(mut bench: Bench) {
    ask(&bench, "1", vec![saving("1", &"long ".repeat(1_000)), saving("2", "{}")]).await;
    let before = bench.claim_deliveries().await;
    bench.crash();
    let after = bench.claim_deliveries().await;
    assert_eq!(after.len(), 2);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.id, &before.effect, before.event), (after.id, &after.effect, after.event));
    }
}

pub(in crate::store) async fn deliveries_that_were_given_up_are_counted(mut bench: Bench) {
    ask(&bench, "1", vec![saving("1", "{}"), saving("2", "{}")]).await;
    assert_eq!(bench.store().totals().await.unwrap().deliveries_waiting, 2);
    let claimed = bench.claim_deliveries().await;
    let dead = DeliveryOutcome::Dead { reason: "refused".repeat(2_000), may_have_happened: true };
    assert_eq!(bench.store().finish_delivery(claimed[0].lease, dead).await.unwrap(), Finished::Recorded);
    bench.delivered(&claimed[1]).await;
    bench.restart().await;
    let totals = bench.store().totals().await.unwrap();
    assert_eq!((totals.deliveries_waiting, totals.deliveries_dead), (0, 1));
    assert!(bench.claim_deliveries().await.is_empty());
}

/// What became of an effect with a once key, and whether a second one under that key leaves.
async fn second_leaves(bench: &Bench, outcome: DeliveryOutcome) -> bool {
    let keyed = || Requested { once: Some("tweet/9".to_owned()), ..through("tweets", "9") };
    ask(bench, "1", vec![keyed()]).await;
    let claimed = bench.claim_deliveries().await.remove(0);
    assert_eq!(bench.store().finish_delivery(claimed.lease, outcome).await.unwrap(), Finished::Recorded);
    ask(bench, "2", vec![keyed()]).await;
    !bench.claim_deliveries().await.is_empty()
}

pub(in crate::store) async fn a_refusal_frees_the_once_key(bench: Bench) {
    assert!(second_leaves(&bench, DeliveryOutcome::Dead { reason: "403".to_owned(), may_have_happened: false }).await);
}

pub(in crate::store) async fn a_key_whose_effect_may_have_happened_stays_spent(bench: Bench) {
    assert!(!second_leaves(&bench, DeliveryOutcome::Dead { reason: "no answer".to_owned(), may_have_happened: true }).await);
}

pub(in crate::store) async fn the_deliveries_of_an_event_are_told_with_their_receipts(mut bench: Bench) {
    let event = bench.handle("1", with_effects(vec![through("a", "1"), through("b", "2"), through("c", "3"), through("d", "4")])).await;
    ask(&bench, "2", vec![through("a", "5")]).await;
    let claimed = bench.claim_deliveries().await;
    bench.delivered(&claimed[0]).await;
    let dead = DeliveryOutcome::Dead { reason: "404".to_owned(), may_have_happened: false };
    bench.store().finish_delivery(claimed[1].lease, dead).await.unwrap();
    bench.store().finish_delivery(claimed[2].lease, later(&bench, 20, true)).await.unwrap();
    bench.restart().await;
    let told = bench.store().deliveries(event).await.unwrap();
    let shown: Vec<_> = told.iter().map(|one| (one.connection.as_str(), one.standing, one.attempts, one.note.as_str(), one.at)).collect();
    let now = Some(bench.now());
    let due = Some(bench.in_seconds(20));
    assert_eq!(
        shown,
        [("a", "delivered", 1, "200", now), ("b", "dead", 1, "404", now), ("c", "waiting", 1, "503", due), ("d", "waiting", 0, "", None)]
    );
    assert_eq!(told[0].id, claimed[0].id);
}
