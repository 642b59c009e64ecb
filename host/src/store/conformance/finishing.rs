//! What a run comes to is recorded, all of it or nothing, and once.

use super::bench::{Bench, LEASE, completed, emitting, rerun, saving, set, with_changes, with_effects};
use crate::effect::{Badge, Effect};
use crate::id::ProjectName;
use crate::store::{
    Accepted, Completion, DeadLetter, DeadLetterId, Emitted, Finished, KeptBadge, KeptResult, Outcome, Requested, Run, WantedBadges,
    WantedDead,
};

pub(in crate::store) async fn a_finished_invocation_is_gone(mut bench: Bench) {
    bench.handle("1", Completion::default()).await;
    assert!(bench.claim().await.is_empty());
    bench.restart().await;
    assert!(bench.claim().await.is_empty());
    assert_eq!(bench.store().totals().await.unwrap().waiting, 0);
}

pub(in crate::store) async fn what_was_finished_is_not_finished_again(bench: Bench) {
    bench.accept_task("1").await;
    let claimed = bench.claim_one().await;
    let finish = || bench.finish(&claimed, Outcome::Done(with_changes(vec![crate::store::StateChange::Increment("n".to_owned(), 1)])));
    // Asked for at the same time, so that an engine may put them into one transaction.
    let (first, second, third) = tokio::join!(finish(), finish(), finish());
    assert_eq!([first, second, third], [Finished::Recorded, Finished::LeaseLost, Finished::LeaseLost]);
    let entry = bench.store().get_state(&super::bench::scope("birds", "vote"), "n").await.unwrap();
    assert_eq!(entry.unwrap().value, "1");
}

pub(in crate::store) async fn a_lost_lease_records_nothing(bench: Bench) {
    let id = bench.accept_task("1").await;
    let lost = bench.claim_one().await;
    bench.pass(LEASE.as_secs());
    let held = bench.claim_one().await;
    let completion = Completion {
        changes: vec![set("key", "value")],
        effects: vec![saving("1", "{}")],
        events: vec![emitting(&lost, &["mail"])],
        ..Completion::default()
    };
    assert_eq!(bench.finish(&lost, Outcome::Done(completion)).await, Finished::LeaseLost);
    let scope = super::bench::scope("birds", "vote");
    assert_eq!(bench.store().get_state(&scope, "key").await.unwrap(), None);
    assert_eq!(bench.store().task_result(&scope.project, "1").await.unwrap(), None);
    assert!(bench.store().runs(id).await.unwrap().is_empty());
    let totals = bench.store().totals().await.unwrap();
    assert_eq!((totals.events, totals.deliveries_waiting, totals.runs), (1, 0, 0));
    bench.complete(&held, Completion::default()).await;
}

pub(in crate::store) async fn every_run_is_kept(mut bench: Bench) {
    let id = bench.accept_task("1").await;
    let first = Run {
        component: None,
        memory_bytes: None,
        reason: "the platform did not answer".to_owned(),
        log: format!(r#"["{}"]"#, "long ".repeat(1_000)),
        read: r#"{"seed":7}"#.to_owned(),
        ..bench.run("parked")
    };
    let due = bench.now();
    let claimed = bench.claim_one().await;
    bench.store().finish(claimed.lease, Outcome::Parked { due }, first.clone()).await.unwrap();
    let second = bench.run("ok");
    let claimed = bench.claim_one().await;
    bench.store().finish(claimed.lease, Outcome::Done(Completion::default()), second.clone()).await.unwrap();
    bench.restart().await;
    let vote = claimed.plugin;
    assert_eq!(bench.store().runs(id).await.unwrap(), [(vote.clone(), first), (vote, second)]);
}

pub(in crate::store) async fn runs_of_any_outcome_are_kept(bench: Bench) {
    let id = bench.accept_task("1").await;
    let due = bench.now();
    let outcomes = [Outcome::Retry { due, trapped: true }, Outcome::Parked { due }, Outcome::Dead];
    for outcome in outcomes {
        let claimed = bench.claim_one().await;
        bench.finish(&claimed, outcome).await;
    }
    let outcomes: Vec<_> = bench.store().runs(id).await.unwrap().into_iter().map(|(_, run)| run.outcome).collect();
    assert_eq!(outcomes, ["retry", "parked", "dead"]);
    assert_eq!(bench.store().totals().await.unwrap().runs, 3);
}

pub(in crate::store) async fn a_dead_letter_says_what_died_of_what(bench: Bench) {
    let id = bench.accept_task("1").await;
    let due = bench.now();
    let claimed = bench.claim_one().await;
    bench.finish(&claimed, Outcome::Retry { due, trapped: false }).await;
    bench.pass(7);
    let claimed = bench.claim_one().await;
    let run = Run { reason: "no such key".to_owned(), ..bench.run("rejected") };
    bench.store().finish(claimed.lease, Outcome::Dead, run).await.unwrap();
    let expected = DeadLetter {
        id: DeadLetterId::Invocation(1),
        delivery: None,
        event: id,
        kind: "task.completed".to_owned(),
        scope: super::bench::scope("birds", "vote"),
        task: Some("1".to_owned()),
        attempts: 2,
        died_at: bench.now(),
        reason: "no such key".to_owned(),
    };
    assert_eq!(bench.store().dead_letters(&WantedDead::default(), 10).await.unwrap(), [expected]);
    let totals = bench.store().totals().await.unwrap();
    assert_eq!((totals.dead, totals.waiting), (1, 0));
}

pub(in crate::store) async fn dead_letters_come_newest_first(bench: Bench) {
    for task in ["1", "2", "3"] {
        bench.accept_task(task).await;
        let claimed = bench.claim_one().await;
        bench.finish(&claimed, Outcome::Dead).await;
    }
    let tasks: Vec<_> =
        bench.store().dead_letters(&WantedDead::default(), 2).await.unwrap().into_iter().filter_map(|letter| letter.task).collect();
    assert_eq!(tasks, ["3", "2"]);
}

pub(in crate::store) async fn an_emitted_event_is_handled_in_turn(bench: Bench) {
    bench.accept_task("1").await;
    let claimed = bench.claim_one().await;
    let emitted = emitting(&claimed, &["mail"]);
    let event = emitted.event.clone();
    bench.complete(&claimed, Completion { events: vec![emitted], ..Completion::default() }).await;
    let derived = bench.claim_one().await;
    assert_eq!(derived.event, event);
    assert_eq!(derived.plugin.as_str(), "mail");
}

pub(in crate::store) async fn an_emitted_event_keeps_the_generation_of_its_root(bench: Bench) {
    bench.handle("1", Completion::default()).await;
    bench.accept(rerun("birds", "1", &["vote"])).await;
    let claimed = bench.claim_one().await;
    let events = vec![emitting(&claimed, &["mail"])];
    bench.complete(&claimed, Completion { events, ..Completion::default() }).await;
    let derived = bench.claim_one().await;
    assert_eq!(derived.generation, 1);
    assert!(!derived.rerun, "it is an event of its own");
}

pub(in crate::store) async fn an_event_is_emitted_once_per_key(bench: Bench) {
    for task in ["1", "2"] {
        bench.accept_task(task).await;
        let claimed = bench.claim_one().await;
        let once = |key: &str| Emitted { once: Some(key.to_owned()), ..emitting(&claimed, &[]) };
        let events = vec![once("a"), once("a"), once(task)];
        bench.complete(&claimed, Completion { events, ..Completion::default() }).await;
    }
    assert_eq!(bench.store().totals().await.unwrap().events, 2 + 3);
}

fn once(task: &str, key: &str) -> Requested {
    Requested { once: Some(key.to_owned()), ..saving(task, "{}") }
}

pub(in crate::store) async fn an_effect_is_asked_for_once_per_key(bench: Bench) {
    bench.handle("1", with_effects(vec![once("x", "k"), once("y", "k"), once("y", "l")])).await;
    bench.handle("2", with_effects(vec![once("z", "k")])).await;
    let tasks: Vec<_> = bench.claim_deliveries().await.into_iter().map(|claimed| claimed.effect.task().map(str::to_owned)).collect();
    assert_eq!(tasks, [Some("x".to_owned()), Some("y".to_owned())]);
}

pub(in crate::store) async fn once_keys_of_two_plugins_are_two(bench: Bench) {
    for (project, plugin) in [("birds", "vote"), ("birds", "mail"), ("bees", "vote")] {
        assert!(matches!(bench.accept(completed(project, plugin, &[plugin])).await, Accepted::New(_)));
        let claimed = bench.claim_one().await;
        bench.complete(&claimed, with_effects(vec![once(plugin, "k")])).await;
    }
    assert_eq!(bench.claim_deliveries().await.len(), 3);
}

pub(in crate::store) async fn once_keys_outlive_a_restart(mut bench: Bench) {
    bench.handle("1", with_effects(vec![once("1", "k")])).await;
    let delivery = bench.claim_deliveries().await.remove(0);
    bench.delivered(&delivery).await;
    bench.restart().await;
    bench.handle("2", with_effects(vec![once("2", "k")])).await;
    assert!(bench.claim_deliveries().await.is_empty());
}

pub(in crate::store) async fn a_task_result_gets_the_next_revision(mut bench: Bench) {
    let project: ProjectName = "birds".parse().unwrap();
    for revision in 1..=3 {
        let info = format!(r#"{{"revision":{revision},"text":"{}"}}"#, "long ".repeat(500));
        bench.handle(&revision.to_string(), with_effects(vec![saving("9", &info)])).await;
        bench.restart().await;
        let expected = KeptResult { task: "9".to_owned(), plugin: "vote".parse().unwrap(), revision, info };
        assert_eq!(bench.store().task_result(&project, "9").await.unwrap(), Some(expected));
    }
    assert_eq!(bench.store().task_result(&project, "1").await.unwrap(), None);
    assert_eq!(bench.store().task_result(&"bees".parse().unwrap(), "9").await.unwrap(), None);
}

fn badge(id: &str, title: &str) -> Badge {
    Badge { id: id.to_owned(), title: title.to_owned(), description: "Ten right".to_owned(), image_url: None, evidence: "{}".to_owned() }
}

fn host_alone(effect: Effect) -> Requested {
    Requested { effect, connection: None, task: None, once: None }
}

fn awarding(worker: &str, id: &str, title: &str) -> Requested {
    host_alone(Effect::AwardBadge { worker: worker.to_owned(), badge: badge(id, title) })
}

async fn badges(bench: &Bench, worker: Option<&str>) -> Vec<KeptBadge> {
    bench.store().badges(&"birds".parse().unwrap(), WantedBadges { worker, ..WantedBadges::first(100) }).await.unwrap()
}

pub(in crate::store) async fn a_worker_has_each_badge_once(mut bench: Bench) {
    let first = bench.handle("1", with_effects(vec![awarding("7", "ten", "Ten"), awarding("8", "ten", "Ten")])).await;
    bench.pass(60);
    bench.handle("2", with_effects(vec![awarding("7", "ten", "Changed"), awarding("7", "hundred", "Hundred")])).await;
    bench.restart().await;
    let of_seven = badges(&bench, Some("7")).await;
    assert_eq!(of_seven.iter().map(|kept| kept.badge.title.as_str()).collect::<Vec<_>>(), ["Ten", "Hundred"]);
    let kept = &of_seven[0];
    assert_eq!((kept.worker.as_str(), kept.plugin.as_str(), kept.event), ("7", "vote", first));
    assert!(kept.awarded_at < bench.now() && kept.revoked.is_none());
    assert_eq!(badges(&bench, None).await.len(), 3);
    assert!(bench.claim_deliveries().await.is_empty(), "the host's record is all there is to it");
    let (birds, bees) = ("birds".parse().unwrap(), "bees".parse().unwrap());
    assert_eq!(bench.store().badge(&birds, kept.id).await.unwrap().as_ref(), Some(kept));
    assert_eq!(bench.store().badge(&bees, kept.id).await.unwrap(), None, "it is another project's");
}

pub(in crate::store) async fn a_badge_that_was_taken_back_can_be_won_again(bench: Bench) {
    let revoking = || {
        let (worker, badge, reason) = ("7".to_owned(), "ten".to_owned(), "nine after all".to_owned());
        host_alone(Effect::RevokeBadge { worker, badge, reason })
    };
    bench.handle("1", with_effects(vec![revoking(), awarding("7", "ten", "Ten")])).await;
    let won = badges(&bench, None).await.remove(0);
    assert_eq!(won.revoked, None, "there was nothing to take back before");
    bench.pass(60);
    bench.handle("2", with_effects(vec![revoking()])).await;
    bench.pass(60);
    bench.handle("3", with_effects(vec![revoking()])).await;
    let taken = badges(&bench, None).await.remove(0);
    assert_eq!(taken.revoked, Some((crate::clock::after(won.awarded_at, std::time::Duration::from_secs(60)), "nine after all".to_owned())));
    bench.handle("4", with_effects(vec![awarding("7", "ten", "Ten again")])).await;
    let again = badges(&bench, None).await;
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].id, again[0].awarded_at, &again[0].revoked), (won.id, bench.now(), &None));
    assert_eq!(again[0].badge.title, "Ten again");
}

pub(in crate::store) async fn badges_are_listed_page_by_page(bench: Bench) {
    bench.handle("1", with_effects((0..5).map(|worker| awarding(&worker.to_string(), "ten", "Ten")).collect())).await;
    let project: ProjectName = "birds".parse().unwrap();
    let mut seen: Vec<KeptBadge> = Vec::new();
    loop {
        let wanted = WantedBadges { after: seen.last().map(|kept| kept.id), ..WantedBadges::first(2) };
        let page = bench.store().badges(&project, wanted).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        seen.extend(page);
    }
    assert_eq!(seen.iter().map(|kept| kept.worker.as_str()).collect::<Vec<_>>(), ["0", "1", "2", "3", "4"]);
    let backward = WantedBadges { newest_first: true, after: Some(seen[3].id), ..WantedBadges::first(2) };
    let backward = bench.store().badges(&project, backward).await.unwrap();
    assert_eq!(backward.iter().map(|kept| kept.worker.as_str()).collect::<Vec<_>>(), ["2", "1"]);
    let of_another_kind = WantedBadges { badge: Some("hundred"), ..WantedBadges::first(2) };
    assert!(bench.store().badges(&project, of_another_kind).await.unwrap().is_empty());
}

pub(in crate::store) async fn one_badge_is_listed_page_by_page(bench: Bench) {
    let both = |worker: u32| ["ten", "hundred"].map(|id| awarding(&worker.to_string(), id, "Right"));
    bench.handle("1", with_effects((0..4).flat_map(both).collect())).await;
    let project: ProjectName = "birds".parse().unwrap();
    let tens = WantedBadges { badge: Some("ten"), ..WantedBadges::first(2) };
    for (newest_first, workers) in [(false, ["0", "1", "2", "3"]), (true, ["3", "2", "1", "0"])] {
        for worker in [None, Some("2")] {
            let wanted = WantedBadges { worker, newest_first, ..tens };
            let mut found = bench.store().badges(&project, wanted).await.unwrap();
            let after = found.last().map(|kept| kept.id);
            found.extend(bench.store().badges(&project, WantedBadges { after, ..wanted }).await.unwrap());
            let found: Vec<_> = found.iter().map(|kept| (kept.worker.as_str(), kept.badge.id.as_str())).collect();
            let expected = workers.into_iter().filter(|of| worker.is_none_or(|worker| worker == *of));
            assert_eq!(found, expected.map(|of| (of, "ten")).collect::<Vec<_>>());
        }
    }
    for newest_first in [false, true] {
        let of_one = WantedBadges { worker: Some("2"), newest_first, ..WantedBadges::first(1) };
        let first = bench.store().badges(&project, of_one).await.unwrap().remove(0);
        let second = bench.store().badges(&project, WantedBadges { after: Some(first.id), ..of_one }).await.unwrap().remove(0);
        let ids = [first.badge.id.as_str(), second.badge.id.as_str()];
        assert_eq!(ids, if newest_first { ["hundred", "ten"] } else { ["ten", "hundred"] });
    }
}
