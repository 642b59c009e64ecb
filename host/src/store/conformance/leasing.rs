//! Who may handle what, when, and for how long.

use std::sync::Arc;

use super::bench::{Bench, LEASE, completed, saving, with_effects};
use crate::effect::Effect;
use crate::event::Origin;
use crate::store::{Claimed, Completion, Finished, Outcome, StoreError};

/// The plugins and tasks of what was claimed, in order.
fn named(claimed: &[Claimed]) -> Vec<String> {
    claimed.iter().map(|claimed| format!("{}:{}", claimed.plugin, claimed.event.task.as_deref().unwrap_or("-"))).collect()
}

pub(in crate::store) async fn invocations_about_one_task_go_one_at_a_time_and_in_order(bench: Bench) {
    let mut accepted = Vec::new();
    for number in 0..5 {
        let mut asked = completed("birds", "1", &["vote"]);
        asked.dedup_key = number.to_string();
        accepted.push(asked.event.id);
        bench.accept(asked).await;
    }
    for id in accepted {
        let claimed = bench.claim_one().await;
        assert_eq!(claimed.event.id, id);
        bench.complete(&claimed, Completion::default()).await;
    }
    assert!(bench.claim().await.is_empty());
}

pub(in crate::store) async fn invocations_without_a_task_go_side_by_side(bench: Bench) {
    for number in 0..3 {
        let mut asked = completed("birds", "1", &["vote"]);
        asked.dedup_key = number.to_string();
        asked.event.task = None;
        bench.accept(asked).await;
    }
    assert_eq!(bench.claim().await.len(), 3);
}

pub(in crate::store) async fn a_parked_invocation_holds_up_those_behind_it(bench: Bench) {
    let first = bench.accept_task("1").await;
    let mut second = completed("birds", "1", &["vote"]);
    second.dedup_key = "second".to_owned();
    bench.accept(second.clone()).await;
    let claimed = bench.claim_one().await;
    let due = bench.in_seconds(10);
    assert_eq!(bench.finish(&claimed, Outcome::Parked { due }).await, Finished::Recorded);
    assert!(bench.claim().await.is_empty());
    bench.pass(10);
    let claimed = bench.claim_one().await;
    assert_eq!(claimed.event.id, first);
    assert_eq!(bench.finish(&claimed, Outcome::Dead).await, Finished::Recorded);
    assert_eq!(bench.claim_one().await.event.id, second.event.id);
}

pub(in crate::store) async fn a_retry_waits_until_it_is_due(mut bench: Bench) {
    bench.accept_task("1").await;
    let claimed = bench.claim_one().await;
    let due = bench.in_seconds(30);
    bench.finish(&claimed, Outcome::Retry { due, trapped: false }).await;
    bench.pass(29);
    assert!(bench.claim().await.is_empty());
    bench.restart().await;
    assert!(bench.claim().await.is_empty());
    bench.pass(1);
    assert_eq!(bench.claim_one().await.attempt, 2);
}

pub(in crate::store) async fn projects_take_turns(bench: Bench) {
    for task in 0..6 {
        bench.accept(completed("birds", &task.to_string(), &["vote"])).await;
    }
    for task in 6..8 {
        bench.accept(completed("bees", &task.to_string(), &["vote"])).await;
    }
    let order: Vec<_> = named(&bench.claim_up_to(5, 1_000).await);
    assert_eq!(order, ["vote:0", "vote:6", "vote:1", "vote:7", "vote:2"]);
}

pub(in crate::store) async fn plugins_of_a_project_take_turns(bench: Bench) {
    for task in 0..3 {
        bench.accept(completed("birds", &task.to_string(), &["vote"])).await;
    }
    bench.accept(completed("birds", "3", &["mail"])).await;
    assert_eq!(named(&bench.claim_up_to(3, 1_000).await), ["vote:0", "mail:3", "vote:1"]);
}

pub(in crate::store) async fn no_plugin_has_more_than_its_cap(bench: Bench) {
    for task in 0..5 {
        bench.accept(completed("birds", &task.to_string(), &["vote", "mail"])).await;
    }
    let claimed = bench.claim_up_to(100, 2).await;
    assert_eq!(named(&claimed), ["vote:0", "mail:0", "vote:1", "mail:1"]);
    assert!(bench.claim_up_to(100, 2).await.is_empty());
    bench.complete(&claimed[0], Completion::default()).await;
    assert_eq!(named(&bench.claim_up_to(100, 2).await), ["vote:2"]);
    assert_eq!(bench.claim_up_to(100, 3).await.len(), 2, "a greater cap makes room at once");
}

/// What a store gives first of many old things and one new one: the new one is among the first two, before and after a restart.
pub(in crate::store) async fn what_happens_now_does_not_wait_for_a_backfill(mut bench: Bench) {
    for task in 0..10 {
        let mut old = completed("birds", &task.to_string(), &["vote"]);
        old.event.origin = Origin::Backfill;
        bench.accept(old).await;
    }
    bench.accept_task("now").await;
    assert!(named(&bench.claim_up_to(2, 1_000).await).contains(&"vote:now".to_owned()));
    bench.restart().await;
    assert!(named(&bench.claim_up_to(2, 1_000).await).contains(&"vote:now".to_owned()));
    bench.restart().await;

    // The same with what is written back.
    for claimed in bench.claim().await {
        let task = claimed.event.task.clone().unwrap();
        bench.complete(&claimed, with_effects(vec![saving(&task, "{}")])).await;
    }
    for _ in 0..2 {
        let first = bench.store().claim_deliveries(2, 1_000, LEASE).await.unwrap();
        assert!(first.iter().any(|delivery| matches!(&delivery.effect, Effect::SaveResult { task, .. } if task == "now")));
        bench.restart().await;
    }
}

pub(in crate::store) async fn a_lease_that_runs_out_is_given_to_another(bench: Bench) {
    bench.accept_task("1").await;
    let first = bench.claim_one().await;
    bench.pass(LEASE.as_secs() - 1);
    assert!(bench.claim().await.is_empty());
    bench.pass(1);
    let second = bench.claim_one().await;
    assert_eq!(second.lease.id, first.lease.id);
    assert!(second.lease.generation > first.lease.generation);
    assert!(!bench.store().renew(first.lease, LEASE).await);
    assert_eq!(bench.finish(&first, Outcome::Dead).await, Finished::LeaseLost);
    bench.complete(&second, Completion::default()).await;
}

pub(in crate::store) async fn a_renewed_lease_is_kept(bench: Bench) {
    bench.accept_task("1").await;
    let claimed = bench.claim_one().await;
    for _ in 0..3 {
        bench.pass(LEASE.as_secs() - 1);
        assert!(bench.store().renew(claimed.lease, LEASE).await);
        assert!(bench.claim().await.is_empty());
    }
    bench.complete(&claimed, Completion::default()).await;
    assert!(!bench.store().renew(claimed.lease, LEASE).await);
}

pub(in crate::store) async fn attempts_traps_and_parking_are_counted(mut bench: Bench) {
    bench.accept_task("1").await;
    let counts = |claimed: &Claimed| (claimed.attempt, claimed.traps, claimed.parked_times, claimed.parked_since);
    let due = bench.now();
    let first_parked = due;
    let steps = [
        (Outcome::Retry { due, trapped: true }, (2, 1, 0, None)),
        (Outcome::Parked { due }, (2, 1, 1, Some(first_parked))),
        (Outcome::Parked { due: bench.in_seconds(5) }, (2, 1, 2, Some(first_parked))),
        (Outcome::Retry { due: bench.in_seconds(5), trapped: false }, (3, 1, 0, None)),
    ];
    for (outcome, expected) in steps {
        let claimed = bench.claim_one().await;
        bench.finish(&claimed, outcome).await;
        if expected.2 == 2 {
            bench.pass(5);
        }
        let claimed = bench.claim_one().await;
        assert_eq!(counts(&claimed), expected);
        bench.crash();
    }
}

pub(in crate::store) async fn the_order_is_kept_over_a_restart(mut bench: Bench) {
    let mut accepted = Vec::new();
    for number in 0..4 {
        let mut asked = completed("birds", "1", &["vote"]);
        asked.dedup_key = number.to_string();
        accepted.push(asked.event.id);
        bench.accept(asked).await;
    }
    for id in accepted {
        bench.restart().await;
        let claimed = bench.claim_one().await;
        assert_eq!(claimed.event.id, id);
        bench.complete(&claimed, Completion::default()).await;
    }
}

pub(in crate::store) async fn a_crash_frees_all_leases(mut bench: Bench) {
    bench.accept_task("1").await;
    bench.accept_task("2").await;
    assert_eq!(bench.claim().await.len(), 2);
    bench.crash();
    let claimed = bench.claim().await;
    assert_eq!(named(&claimed), ["vote:1", "vote:2"]);
    assert_eq!(claimed[0].attempt, 1);
}

pub(in crate::store) async fn a_waiting_claim_gets_what_comes_in(bench: Bench) {
    let store = Arc::clone(bench.store());
    let waiting = tokio::spawn(async move { store.claim(10, 10, LEASE).await });
    tokio::task::yield_now().await;
    let id = bench.accept_task("1").await;
    assert_eq!(waiting.await.unwrap().unwrap()[0].event.id, id);
}

pub(in crate::store) async fn closing_ends_every_wait(bench: Bench) {
    let claims = Arc::clone(bench.store());
    let deliveries = Arc::clone(bench.store());
    let claims = tokio::spawn(async move { claims.claim(10, 10, LEASE).await.map(|_| ()) });
    let deliveries = tokio::spawn(async move { deliveries.claim_deliveries(10, 10, LEASE).await.map(|_| ()) });
    tokio::task::yield_now().await;
    bench.store().close().await;
    assert!(matches!(claims.await.unwrap(), Err(StoreError::Closed)));
    assert!(matches!(deliveries.await.unwrap(), Err(StoreError::Closed)));
    let refused = bench.store().accept(vec![completed("birds", "1", &["vote"])]).await;
    assert!(matches!(refused, Err(StoreError::Closed)));
}

pub(in crate::store) async fn further_attempts_leave_room_for_first_ones(mut bench: Bench) {
    for task in 0..8 {
        bench.accept_task(&task.to_string()).await;
    }
    for claimed in bench.claim().await {
        bench.finish(&claimed, Outcome::Retry { due: bench.now(), trapped: false }).await;
    }
    for crashed in [false, true] {
        if crashed {
            bench.crash();
        }
        let further = bench.claim_up_to(100, 4).await;
        assert_eq!(further.iter().filter(|claimed| claimed.attempt == 2).count(), 2, "half of the cap, and no more");
        bench.accept(completed("birds", &format!("first {crashed}"), &["vote"])).await;
        let mut first: Vec<_> = bench.claim_up_to(100, 4).await.into_iter().map(|claimed| claimed.attempt).collect();
        first.retain(|attempt| *attempt == 1);
        assert_eq!(first, [1], "a new event does not wait for old trouble");
    }
    bench.pass(LEASE.as_secs());
    let alone = bench.claim_up_to(100, 1).await;
    assert_eq!(alone.len(), 1, "where there is room for one, it is given to either");
}

pub(in crate::store) async fn a_connection_has_no_more_than_its_cap(bench: Bench) {
    let effects = (0..5).map(|task| super::bench::saving(&task.to_string(), "{}"));
    let other = crate::store::Requested { connection: Some("other".to_owned()), ..super::bench::saving("7", "{}") };
    bench.handle("1", super::bench::with_effects(effects.chain([other]).collect())).await;
    let claimed = bench.store().claim_deliveries(100, 2, LEASE).await.unwrap();
    let of = |connection: &str| claimed.iter().filter(|claimed| claimed.connection == connection).count();
    assert_eq!((of("pybossa"), of("other")), (2, 1));
}
