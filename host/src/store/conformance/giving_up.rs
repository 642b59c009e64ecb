//! What waits is given up, and what stands behind it goes on.

use super::bench::{Bench, LEASE, completed, emitting, plugins, saving, scope, set, with_effects};
use crate::event::Origin;
use crate::id::{DeliveryId, EventId};
use crate::store::{
    ClaimedDelivery, Completion, DeadLetter, DeadLetterId, DeliveryOutcome, DeliveryRecord, Finished, GIVEN_UP, GivenUp, Outcome,
    Quarantine, Replayed, Requested, Unfinished, WantedDead,
};

fn invocation(event: EventId) -> Unfinished {
    Unfinished::Invocation { event, plugin: "vote".parse().unwrap() }
}

async fn give_up(bench: &Bench, unfinished: &[Unfinished]) -> (u32, u32) {
    let GivenUp { invocations, deliveries } = bench.store().give_up(unfinished).await.unwrap();
    (invocations, deliveries)
}

async fn letters(bench: &Bench) -> Vec<DeadLetter> {
    bench.store().dead_letters(&WantedDead::default(), 100).await.unwrap()
}

/// How many invocations wait and were given up, and the same of deliveries.
async fn totals(bench: &Bench) -> [u64; 4] {
    let totals = bench.store().totals().await.unwrap();
    [totals.waiting, totals.dead, totals.deliveries_waiting, totals.deliveries_dead]
}

fn later(bench: &Bench, counts: bool) -> DeliveryOutcome {
    DeliveryOutcome::Later { due: bench.in_seconds(20), counts, reason: "answered 503".to_owned() }
}

/// Has a run ask for something about `task`, and claims its delivery.
async fn under_way(bench: &Bench, task: &str) -> ClaimedDelivery {
    bench.handle(task, with_effects(vec![saving(task, "{}")])).await;
    bench.claim_deliveries().await.remove(0)
}

async fn record(bench: &Bench, delivery: &ClaimedDelivery) -> DeliveryRecord {
    bench.store().deliveries(delivery.event).await.unwrap().remove(0)
}

pub(in crate::store) async fn what_waits_becomes_a_dead_letter_at_once(mut bench: Bench) {
    let fresh = bench.accept_task("1").await;
    let again = bench.accept_task("2").await;
    let parked = bench.accept_task("3").await;
    for claimed in bench.claim().await {
        let outcome = match claimed.event.id {
            id if id == again => Outcome::Retry { due: bench.in_seconds(3_600), trapped: true },
            _ => Outcome::Parked { due: bench.in_seconds(3_600) },
        };
        bench.finish(&claimed, outcome).await;
    }
    assert_eq!(give_up(&bench, &[invocation(fresh), invocation(again), invocation(parked)]).await, (3, 0));
    bench.restart().await;
    assert_eq!(totals(&bench).await, [0, 3, 0, 0]);
    bench.pass(3_600);
    assert!(bench.claim().await.is_empty());
    let seen: Vec<_> = letters(&bench).await.into_iter().map(|letter| (letter.event, letter.attempts, letter.reason)).collect();
    for (event, attempts) in [(fresh, 0), (again, 1), (parked, 0)] {
        assert!(seen.contains(&(event, attempts, GIVEN_UP.to_owned())), "{seen:?}");
    }
    // It is a dead letter like any other.
    let wanted = WantedDead { event: Some(again), ..WantedDead::default() };
    assert_eq!(bench.store().replay(&wanted, 10).await.unwrap(), Replayed { invocations: 1, ..Replayed::default() });
    let claimed = bench.claim_one().await;
    assert_eq!((claimed.event.id, claimed.attempt, claimed.event.origin), (again, 1, Origin::Replay));
}

pub(in crate::store) async fn what_stands_behind_what_is_given_up_moves_up(bench: Bench) {
    let first = bench.accept_task("1").await;
    let claimed = bench.claim_one().await;
    bench.finish(&claimed, Outcome::Parked { due: bench.in_seconds(3_600) }).await;
    let mut asked = completed("birds", "1", &["vote"]);
    asked.dedup_key += "/again";
    let second = asked.event.id;
    bench.accept(asked).await;
    assert!(bench.claim().await.is_empty(), "it stands behind the first");
    assert_eq!(give_up(&bench, &[invocation(first)]).await, (1, 0));
    assert_eq!(bench.claim_one().await.event.id, second);
}

pub(in crate::store) async fn nothing_is_kept_of_a_run_that_was_given_up(bench: Bench) {
    let id = bench.accept_task("1").await;
    let claimed = bench.claim_one().await;
    assert_eq!(give_up(&bench, &[invocation(id)]).await, (1, 0));
    assert!(!bench.store().renew(claimed.lease, LEASE).await, "so that whoever runs it stops");
    let completion =
        Completion { changes: vec![set("a", "1")], events: vec![emitting(&claimed, &["mail"])], ..with_effects(vec![saving("1", "{}")]) };
    assert_eq!(bench.finish(&claimed, Outcome::Done(completion)).await, Finished::LeaseLost);
    assert_eq!(totals(&bench).await, [0, 1, 0, 0]);
    assert_eq!(bench.store().get_state(&scope("birds", "vote"), "a").await.unwrap(), None);
    assert!(bench.store().runs(id).await.unwrap().is_empty());
    assert!(bench.store().derived(id).await.unwrap().is_empty());
}

/// Two invocations about one task, the first of which is under way and given up.
async fn one_behind_another(bench: &Bench) -> (crate::store::Claimed, EventId) {
    let first = bench.accept_task("1").await;
    let claimed = bench.claim_one().await;
    let mut asked = completed("birds", "1", &["vote"]);
    asked.dedup_key += "/again";
    let second = asked.event.id;
    bench.accept(asked).await;
    assert_eq!(give_up(bench, &[invocation(first)]).await, (1, 0));
    assert!(bench.claim().await.is_empty(), "the first may still run");
    (claimed, second)
}

pub(in crate::store) async fn the_next_one_waits_for_a_run_that_was_given_up(bench: Bench) {
    let (claimed, second) = one_behind_another(&bench).await;
    assert_eq!(bench.finish(&claimed, Outcome::Retry { due: bench.now(), trapped: false }).await, Finished::LeaseLost);
    assert_eq!(bench.claim_one().await.event.id, second);
}

pub(in crate::store) async fn a_run_that_never_ends_holds_up_nothing_beyond_its_lease(bench: Bench) {
    let (_, second) = one_behind_another(&bench).await;
    bench.pass(LEASE.as_secs());
    assert_eq!(bench.claim_one().await.event.id, second);
}

pub(in crate::store) async fn what_a_held_plugin_is_to_do_is_given_up_too(bench: Bench) {
    let held = Quarantine {
        scope: scope("birds", "vote"),
        since: bench.now(),
        component: None,
        settings: None,
        reason: "it trapped 20 times in a row".to_owned(),
    };
    bench.store().quarantine(&held).await.unwrap();
    let id = bench.accept_task("1").await;
    assert_eq!(give_up(&bench, &[invocation(id)]).await, (1, 0));
    bench.store().release(&held.scope).await.unwrap();
    assert!(bench.claim().await.is_empty());
    assert_eq!(totals(&bench).await, [0, 1, 0, 0]);
}

pub(in crate::store) async fn a_plugin_does_not_join_what_it_gave_up(bench: Bench) {
    let id = bench.accept_task("1").await;
    assert_eq!(give_up(&bench, &[invocation(id)]).await, (1, 0));
    let vote = plugins(&["vote"]).remove(0);
    assert_eq!(bench.store().join(&[id], &vote, Origin::Backfill).await.unwrap(), 0);
    // Whoever asks for the event itself to be handled again means it, and the dead letter goes.
    bench.store().replay_event(id, &[vote], false).await.unwrap();
    assert_eq!(totals(&bench).await, [1, 0, 0, 0]);
}

pub(in crate::store) async fn a_delivery_is_given_up_at_once(mut bench: Bench) {
    bench.handle("1", with_effects(vec![saving("9", "1"), Requested { connection: Some("b".to_owned()), ..saving("8", "{}") }])).await;
    let claimed = bench.claim_deliveries().await;
    bench.store().finish_delivery(claimed[0].lease, later(&bench, true)).await.unwrap();
    bench.store().finish_delivery(claimed[1].lease, later(&bench, false)).await.unwrap();
    let both: Vec<_> = claimed.iter().map(|claimed| Unfinished::Delivery(claimed.id)).collect();
    assert_eq!(give_up(&bench, &both).await, (0, 2));
    bench.pass(3_600);
    assert!(bench.claim_deliveries().await.is_empty());
    bench.restart().await;
    assert!(bench.claim_deliveries().await.is_empty());
    assert_eq!(totals(&bench).await, [0, 0, 0, 2]);
    let told = bench.store().deliveries(claimed[0].event).await.unwrap();
    let told: Vec<_> = told.iter().map(|one| (one.standing, one.attempts, one.note.as_str())).collect();
    assert_eq!(told, [("dead", 1, GIVEN_UP), ("dead", 0, GIVEN_UP)]);
    let wanted = WantedDead { id: Some(DeadLetterId::Delivery(claimed[0].id)), ..WantedDead::default() };
    assert_eq!(bench.store().replay(&wanted, 10).await.unwrap(), Replayed { deliveries: 1, ..Replayed::default() });
    let again = bench.claim_deliveries().await.remove(0);
    assert_eq!((again.id, again.attempt), (claimed[0].id, 1));
}

pub(in crate::store) async fn a_delivery_under_way_that_gets_through_is_delivered(bench: Bench) {
    let claimed = under_way(&bench, "1").await;
    assert_eq!(give_up(&bench, &[Unfinished::Delivery(claimed.id)]).await, (0, 1));
    assert_eq!(record(&bench, &claimed).await.standing, "dead");
    // One about the same task waits for the end of the attempt.
    bench.handle("2", with_effects(vec![Requested { task: Some("1".to_owned()), ..saving("2", "{}") }])).await;
    assert!(bench.claim_deliveries().await.is_empty());
    assert_eq!(bench.delivered(&claimed).await, Finished::Recorded);
    let told = record(&bench, &claimed).await;
    assert_eq!((told.standing, told.attempts, told.note.as_str()), ("delivered", 1, "200"));
    assert_eq!(totals(&bench).await, [0, 0, 1, 0]);
    assert_eq!(bench.claim_deliveries().await.len(), 1);
    assert_eq!(bench.delivered(&claimed).await, Finished::LeaseLost);
}

pub(in crate::store) async fn a_delivery_under_way_that_fails_stays_given_up(bench: Bench) {
    let dead = DeliveryOutcome::Dead { reason: "answered 404".to_owned(), may_have_happened: false };
    let cases = [
        (later(&bench, true), 1, format!("{GIVEN_UP}; the attempt that was under way: answered 503")),
        (later(&bench, false), 0, GIVEN_UP.to_owned()),
        (dead, 1, format!("{GIVEN_UP}; the attempt that was under way: answered 404")),
    ];
    for (number, (outcome, attempts, note)) in (1..).zip(cases) {
        let claimed = under_way(&bench, &number.to_string()).await;
        assert_eq!(give_up(&bench, &[Unfinished::Delivery(claimed.id)]).await, (0, 1));
        assert_eq!(bench.store().finish_delivery(claimed.lease, outcome).await.unwrap(), Finished::Recorded);
        let told = record(&bench, &claimed).await;
        assert_eq!((told.standing, told.attempts, told.note), ("dead", attempts, note));
        assert_eq!(totals(&bench).await, [0, 0, 0, number]);
    }
    bench.pass(3_600);
    assert!(bench.claim_deliveries().await.is_empty());
}

pub(in crate::store) async fn what_was_given_up_and_replayed_is_another_delivery(bench: Bench) {
    let first = under_way(&bench, "1").await;
    assert_eq!(give_up(&bench, &[Unfinished::Delivery(first.id)]).await, (0, 1));
    assert_eq!(bench.store().replay(&WantedDead::default(), 10).await.unwrap().deliveries, 1);
    assert!(bench.claim_deliveries().await.is_empty(), "the first attempt is under way");
    assert_eq!(bench.delivered(&first).await, Finished::Recorded);
    let again = bench.claim_deliveries().await.remove(0);
    assert_eq!((again.id, again.in_doubt), (first.id, true));
    assert_eq!(totals(&bench).await, [0, 0, 1, 0]);
}

pub(in crate::store) async fn a_once_key_of_what_was_given_up_stays_spent(bench: Bench) {
    let keyed = |task: &str| Requested { once: Some("tweet/9".to_owned()), ..saving(task, "{}") };
    bench.handle("1", with_effects(vec![keyed("1")])).await;
    let claimed = bench.claim_deliveries().await.remove(0);
    bench.store().finish_delivery(claimed.lease, later(&bench, true)).await.unwrap();
    assert_eq!(give_up(&bench, &[Unfinished::Delivery(claimed.id)]).await, (0, 1));
    bench.handle("2", with_effects(vec![keyed("2")])).await;
    assert!(bench.claim_deliveries().await.is_empty());
    assert_eq!(bench.store().replay(&WantedDead::default(), 10).await.unwrap(), Replayed { deliveries: 1, ..Replayed::default() });
    assert_eq!(bench.claim_deliveries().await.len(), 1);
}

pub(in crate::store) async fn what_is_not_unfinished_is_passed_over(bench: Bench) {
    let done = bench.handle("1", with_effects(vec![saving("1", "{}")])).await;
    let delivered = bench.claim_deliveries().await.remove(0);
    bench.delivered(&delivered).await;
    let dead = bench.accept_task("2").await;
    bench.finish(&bench.claim_one().await, Outcome::Dead).await;
    let waits = bench.accept_task("3").await;
    let of_another = Unfinished::Invocation { event: waits, plugin: "mail".parse().unwrap() };
    let unfinished = [
        invocation(done),
        invocation(dead),
        invocation(EventId::new()),
        of_another,
        Unfinished::Delivery(delivered.id),
        Unfinished::Delivery(DeliveryId::new()),
    ];
    assert_eq!(give_up(&bench, &unfinished).await, (0, 0));
    assert_eq!(give_up(&bench, &[invocation(waits), invocation(waits)]).await, (1, 0), "once is enough");
    assert_eq!(totals(&bench).await, [0, 2, 0, 0]);
}

pub(in crate::store) async fn what_was_given_up_is_so_after_a_crash(mut bench: Bench) {
    let first = under_way(&bench, "1").await;
    let id = bench.accept_task("2").await;
    bench.claim_one().await;
    assert_eq!(give_up(&bench, &[invocation(id), Unfinished::Delivery(first.id)]).await, (1, 1));
    bench.crash();
    assert_eq!(totals(&bench).await, [0, 1, 0, 1]);
    assert!(bench.claim().await.is_empty() && bench.claim_deliveries().await.is_empty());
    assert_eq!(bench.store().replay(&WantedDead::default(), 10).await.unwrap(), Replayed { invocations: 1, deliveries: 1, settled: 0 });
    assert!(bench.claim_deliveries().await.remove(0).in_doubt, "the attempt before the crash may have had its effect");
}
