//! What is old is let go, and a person is forgotten.

use super::bench::{Bench, completed, emitting, plugins, rerun, saving, scope, set, with_effects};
use crate::effect::{Badge, Effect};
use crate::event::{Origin, Standing};
use crate::id::ProjectName;
use crate::store::{
    Acceptance, Accepted, Claimed, Completion, Cutoff, DeliveryOutcome, Finished, ForgetStep, Forgotten, Outcome, Part, Quarantine,
    ReplayedEvent, Requested, Run, Totals, Walked, WantedBadges, WantedDead,
};

async fn prune(bench: &Bench, part: Part) -> Walked {
    bench.store().prune(Cutoff { part, before: bench.in_seconds(1), now: bench.in_seconds(1) }, 0, 100).await.unwrap()
}

/// What the bench's clock knows nothing of: events say when they were received.
fn received_now(bench: &Bench, mut asked: Acceptance) -> Acceptance {
    asked.event.received_at = bench.now();
    asked
}

fn logged(bench: &Bench) -> Run {
    Run { log: r#"[{"message":"two of five"}]"#.to_owned(), read: r#"{"now":1}"#.to_owned(), ..bench.run("ok") }
}

pub(in crate::store) async fn what_came_in_and_went_nowhere_is_let_go_first(bench: Bench) {
    let ignored = Acceptance { standing: Standing::Ignored, ..completed("birds", "1", &[]) };
    bench.accept(ignored.clone()).await;
    let id = bench.handle("2", Completion::default()).await;
    assert_eq!(prune(&bench, Part::Bodies).await.changed, 1);
    assert_eq!(prune(&bench, Part::Bodies).await.changed, 0, "there is nothing left of it");
    let store = bench.store();
    assert_eq!(store.event(ignored.event.id).await.unwrap().unwrap().0.payload, "");
    assert!(!store.event(id).await.unwrap().unwrap().0.is_bare());
}

pub(in crate::store) async fn details_are_let_go_and_the_event_stays(bench: Bench) {
    let id = bench.accept_task("1").await;
    bench.store().put_snapshot(id, 0, "what the platform said").await.unwrap();
    let claimed = bench.claim_one().await;
    let outcome = Outcome::Done(with_effects(vec![saving("1", "{}")]));
    assert_eq!(bench.store().finish(claimed.lease, outcome, logged(&bench)).await.unwrap(), Finished::Recorded);
    assert_eq!(prune(&bench, Part::Details).await.changed, 0, "its delivery waits");
    bench.delivered(&bench.claim_deliveries().await.remove(0)).await;
    assert_eq!(prune(&bench, Part::Details).await.changed, 1);
    assert_eq!(prune(&bench, Part::Details).await.changed, 0);
    let store = bench.store();
    assert!(store.event(id).await.unwrap().unwrap().0.is_bare());
    assert_eq!(store.snapshot(id, 0).await.unwrap(), None);
    assert!(store.deliveries(id).await.unwrap().is_empty());
    let runs = store.runs(id).await.unwrap();
    assert_eq!((runs[0].1.log.as_str(), runs[0].1.read.as_str(), runs[0].1.outcome.as_str()), ("[]", "{}", "ok"));
    assert_eq!(bench.accept(completed("birds", "1", &["vote"])).await, Accepted::Repeat(id), "it is known for ever");
}

pub(in crate::store) async fn what_waits_or_was_given_up_keeps_its_details(bench: Bench) {
    let dead = bench.accept_task("1").await;
    bench.finish(&bench.claim_one().await, Outcome::Dead).await;
    bench.handle("2", with_effects(vec![saving("2", "{}")])).await;
    let undelivered = bench.claim_deliveries().await.remove(0);
    let given_up = DeliveryOutcome::Dead { reason: "503".to_owned(), may_have_happened: true };
    bench.store().finish_delivery(undelivered.lease, given_up).await.unwrap();
    let waits = bench.accept_task("3").await;
    assert_eq!(prune(&bench, Part::Details).await, Walked { next: None, changed: 0 });
    for id in [dead, waits] {
        assert!(!bench.store().event(id).await.unwrap().unwrap().0.is_bare());
    }
    assert_eq!(bench.store().dead_letters(&WantedDead::default(), 10).await.unwrap().len(), 2);
}

pub(in crate::store) async fn an_event_keeps_its_details_for_those_that_it_led_to(bench: Bench) {
    let id = bench.accept_task("1").await;
    bench.store().put_snapshot(id, 0, "what the platform said").await.unwrap();
    let claimed = bench.claim_one().await;
    let events = vec![emitting(&claimed, &["mail"])];
    bench.complete(&claimed, Completion { events, ..Completion::default() }).await;
    assert_eq!(prune(&bench, Part::Details).await.changed, 0, "what it led to waits");
    assert_eq!(prune(&bench, Part::Events).await.changed, 0);
    bench.finish(&bench.claim_one().await, Outcome::Dead).await;
    prune(&bench, Part::Details).await;
    assert!(!bench.store().event(id).await.unwrap().unwrap().0.is_bare(), "what it led to may be replayed");
    assert!(bench.store().snapshot(id, 0).await.unwrap().is_some());
}

pub(in crate::store) async fn what_was_let_go_is_handled_again_only_when_the_platform_says_it_again(bench: Bench) {
    let id = bench.handle("1", Completion::default()).await;
    prune(&bench, Part::Details).await;
    let (store, vote, mail) = (bench.store(), plugins(&["vote"]), plugins(&["mail"]));
    assert_eq!(store.replay_event(id, &vote, false).await.unwrap(), ReplayedEvent::LetGo);
    assert_eq!(store.join(&[id], &mail[0], Origin::Backfill).await.unwrap(), 0);
    assert!(bench.claim().await.is_empty());
    let again = rerun("birds", "1", &["vote"]);
    let payload = again.event.payload.clone();
    assert_eq!(bench.accept(again).await, Accepted::Rerun(id));
    let claimed = bench.claim_one().await;
    assert_eq!((claimed.event.id, &claimed.event.payload), (id, &payload));
}

pub(in crate::store) async fn an_event_that_is_gone_is_handled_anew_by_a_rerun(bench: Bench) {
    let old = bench.handle("1", Completion::default()).await;
    prune(&bench, Part::Events).await;
    assert_eq!(bench.accept(completed("birds", "1", &["vote"])).await, Accepted::Repeat(old));
    let again = rerun("birds", "1", &["vote"]);
    let new = again.event.id;
    assert_eq!(bench.accept(again).await, Accepted::New(new));
    assert_eq!(bench.claim_one().await.event.id, new);
    assert_eq!(bench.accept(completed("birds", "1", &["vote"])).await, Accepted::Repeat(new));
}

pub(in crate::store) async fn an_old_event_goes_with_all_that_belongs_to_it(mut bench: Bench) {
    let old = bench.accept_task("1").await;
    bench.store().put_snapshot(old, 0, "shared").await.unwrap();
    bench.finish(&bench.claim_one().await, Outcome::Dead).await;
    bench.pass(1_000_000_000);
    let young = received_now(&bench, completed("birds", "2", &["vote"]));
    bench.accept(young.clone()).await;
    bench.store().put_snapshot(young.event.id, 0, "shared").await.unwrap();
    let cutoff = Cutoff { part: Part::Events, before: bench.now(), now: bench.now() };
    assert_eq!(bench.store().prune(cutoff, 0, 100).await.unwrap(), Walked { next: None, changed: 1 });
    bench.restart().await;
    let store = bench.store();
    assert!(store.event(old).await.unwrap().is_none() && store.runs(old).await.unwrap().is_empty());
    assert!(store.dead_letters(&WantedDead::default(), 10).await.unwrap().is_empty());
    assert_eq!(store.snapshot(young.event.id, 0).await.unwrap().as_deref(), Some("shared"), "another event's too");
    assert_eq!(store.totals().await.unwrap(), Totals { events: 2, waiting: 1, runs: 1, ..Totals::default() });
    assert_eq!(bench.claim_one().await.event.id, young.event.id);
}

pub(in crate::store) async fn what_must_outlive_an_event_does(mut bench: Bench) {
    let award = award("7");
    let once = Requested { once: Some("tweet/1".to_owned()), connection: Some("tweets".to_owned()), ..saving("1", "older") };
    let completion =
        Completion { effects: vec![award, once, saving("1", "newest")], changes: vec![set("n", "1")], ..Completion::default() };
    let id = bench.handle("1", completion).await;
    for delivery in bench.claim_deliveries().await {
        bench.delivered(&delivery).await;
    }
    assert_eq!(prune(&bench, Part::Events).await.changed, 1);
    bench.restart().await;
    let (birds, whose): (ProjectName, _) = ("birds".parse().unwrap(), scope("birds", "vote"));
    let result = bench.store().task_result(&birds, "1").await.unwrap().unwrap();
    assert_eq!((result.info.as_str(), result.revision), ("newest", 2));
    assert_eq!(bench.store().badges(&birds, WantedBadges::first(10)).await.unwrap().len(), 1);
    assert_eq!(bench.store().get_state(&whose, "n").await.unwrap().unwrap().value, "1");
    assert_eq!(bench.accept(completed("birds", "1", &["vote"])).await, Accepted::Repeat(id));
    let again = Requested { once: Some("tweet/1".to_owned()), ..saving("9", "{}") };
    bench.handle("2", with_effects(vec![again])).await;
    assert!(bench.claim_deliveries().await.is_empty(), "its once key is spent for ever");
}

pub(in crate::store) async fn a_walk_goes_on_where_it_ended(bench: Bench) {
    for task in 0..5 {
        bench.handle(&task.to_string(), Completion::default()).await;
    }
    let cutoff = Cutoff { part: Part::Events, before: bench.in_seconds(1), now: bench.in_seconds(1) };
    let (mut after, mut steps) = (0, Vec::new());
    while let Walked { next: Some(next), changed } = bench.store().prune(cutoff, after, 2).await.unwrap() {
        (after, _) = (next, steps.push(changed));
    }
    assert_eq!(steps, [2, 2], "the last step had one");
    assert!(bench.store().event(bench.accept_task("9").await).await.unwrap().is_some());
    let before = Cutoff { part: Part::Events, before: crate::clock::from_millis(0), now: bench.now() };
    assert_eq!(bench.store().prune(before, 0, 100).await.unwrap(), Walked::default(), "nothing is so old");
}

fn award(worker: &str) -> Requested {
    let badge =
        Badge { id: "ten".to_owned(), title: "Ten".to_owned(), description: String::new(), image_url: None, evidence: "{}".to_owned() };
    Requested { effect: Effect::AwardBadge { worker: worker.to_owned(), badge }, connection: None, task: None, once: None }
}

fn of_worker(project: &str, task: &str, worker: &str) -> Acceptance {
    let mut asked = completed(project, task, &["vote"]);
    asked.event.payload = format!(r#"{{"judgments":[{{"worker_id":"{worker}","task":"{worker}"}}]}}"#);
    asked
}

fn forgotten() -> Forgotten {
    Forgotten { worker: "7".to_owned(), alias: "forgotten-x".to_owned(), member: None }
}

/// Walks to the end by steps of two rows, and gives in how many rows the id was found.
async fn forget(bench: &Bench, project: &str) -> u32 {
    forget_from(bench, project, None).await
}

/// As [`forget`], from where a step ended.
async fn forget_from(bench: &Bench, project: &str, mut after: Option<String>) -> u32 {
    let mut changed = 0;
    loop {
        let step = bench.store().forget_worker(&project.parse().unwrap(), &forgotten(), after.as_deref(), 2).await.unwrap();
        changed += step.changed;
        after = step.next;
        if after.is_none() {
            return changed;
        }
    }
}

pub(in crate::store) async fn a_worker_is_forgotten(mut bench: Bench) {
    let birds: ProjectName = "birds".parse().unwrap();
    let mut ids = Vec::new();
    for (task, worker) in [("1", "7"), ("2", "8"), ("3", "7")] {
        let asked = of_worker("birds", task, worker);
        ids.push(asked.event.id);
        bench.accept(asked).await;
        // Two events share what the platform said.
        bench.store().put_snapshot(ids[ids.len() - 1], 0, r#"{"answers":[{"worker":"7","value":"7"}]}"#).await.unwrap();
    }
    let result = saving("1", r#"{"votes":[{"worker":7,"weight":7}]}"#);
    let ledger = r#"{"workers":{"7":[2],"8":[1]},"tasks":{"7":1}}"#;
    let changes = vec![set("workers/7", "1"), set("workers/77", "2"), set("7", "3"), set("ledger", ledger)];
    let claimed = bench.claim().await;
    let completion = Completion {
        effects: vec![award("7"), award("8"), Requested { once: Some("mail/1/worker/7".to_owned()), ..result }],
        changes,
        ..Completion::default()
    };
    bench.complete(&claimed[0], completion).await;

    // A badge, two entries of state under the id and one that holds it, a once key, a result, and three events.
    assert_eq!(forget(&bench, "birds").await, 9);
    assert_eq!(forget(&bench, "birds").await, 0, "nothing is left of it");
    bench.restart().await;
    let store = bench.store();
    let payload = store.event(ids[0]).await.unwrap().unwrap().0.payload;
    assert_eq!(payload, r#"{"judgments":[{"worker_id":"forgotten-x","task":"7"}]}"#);
    assert!(store.event(ids[1]).await.unwrap().unwrap().0.payload.contains(r#""worker_id":"8""#));
    for id in ids {
        assert_eq!(store.snapshot(id, 0).await.unwrap().as_deref(), Some(r#"{"answers":[{"worker":"forgotten-x","value":"7"}]}"#));
    }
    let badges = store.badges(&birds, WantedBadges::first(10)).await.unwrap();
    assert_eq!(badges.iter().map(|badge| badge.worker.as_str()).collect::<Vec<_>>(), ["8"]);
    let kept: Vec<_> = store.scan_state(&scope("birds", "vote"), "", None, 10).await.unwrap().into_iter().map(|entry| entry.key).collect();
    assert_eq!(kept, ["ledger", "workers/77"]);
    let ledger = store.get_state(&scope("birds", "vote"), "ledger").await.unwrap().unwrap();
    assert_eq!(ledger.value, r#"{"workers":{"8":[1],"forgotten-x":[2]},"tasks":{"7":1}}"#);
    assert_eq!(store.state_bytes(&scope("birds", "vote")).await.unwrap(), 11 + 6 + ledger.value.len() as u64);
    let result = store.task_result(&birds, "1").await.unwrap().unwrap().info;
    assert_eq!(result, r#"{"votes":[{"worker":"forgotten-x","weight":7}]}"#);
    let delivery = bench.claim_deliveries().await.remove(0);
    assert!(matches!(&delivery.effect, Effect::SaveResult { info, .. } if info.contains("forgotten-x")), "{delivery:?}");
}

fn names_seven(payload: &str) -> bool {
    payload.contains(r#""worker_id":"7""#)
}

/// What a plugin asks for that writes the worker's id wherever it can.
fn naming(claimed: &Claimed, worker: &str) -> Completion {
    let named = format!(r#"{{"worker":"{worker}"}}"#);
    let task = claimed.event.task.clone().unwrap();
    let mut emitted = emitting(claimed, &[]);
    emitted.event.payload.clone_from(&named);
    let result = Requested { once: Some(format!("mail/{task}/worker/{worker}")), ..saving(&task, &named) };
    Completion {
        changes: vec![set(&format!("workers/{worker}"), "1"), set("last", &named)],
        effects: vec![award(worker), result],
        events: vec![emitted],
        ..Completion::default()
    }
}

async fn state_keys(bench: &Bench) -> Vec<String> {
    let entries = bench.store().scan_state(&scope("birds", "vote"), "", None, 10).await.unwrap();
    entries.into_iter().map(|entry| entry.key).collect()
}

pub(in crate::store) async fn what_is_handled_while_a_worker_is_forgotten_does_not_bring_them_back(bench: Bench) {
    let birds: ProjectName = "birds".parse().unwrap();
    for task in 0..12 {
        bench.accept(of_worker("birds", &task.to_string(), "7")).await;
    }
    let mut after: Option<String> = None;
    loop {
        let step = bench.store().forget_worker(&birds, &forgotten(), after.as_deref(), 2).await.unwrap();
        // More than a step goes through, so that some are handled before the walk comes to them.
        for claimed in bench.claim_up_to(3, 3).await {
            let worker = if names_seven(&claimed.event.payload) { "7" } else { "forgotten-x" };
            bench.complete(&claimed, naming(&claimed, worker)).await;
        }
        after = step.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(bench.store().totals().await.unwrap().waiting, 0, "all were handled meanwhile");
    assert_eq!(state_keys(&bench).await, ["last", "workers/forgotten-x"]);
    assert_eq!(forget(&bench, "birds").await, 0, "nothing is left of it");
}

pub(in crate::store) async fn what_a_run_under_way_writes_of_a_forgotten_worker_goes_too(bench: Bench) {
    let birds: ProjectName = "birds".parse().unwrap();
    bench.accept(of_worker("birds", "1", "7")).await;
    let under_way = bench.claim_one().await;
    assert!(names_seven(&under_way.event.payload));
    bench.accept(of_worker("birds", "2", "7")).await;
    let first = bench.store().forget_worker(&birds, &forgotten(), None, 10).await.unwrap();
    assert_eq!(first.changed, 2, "events come first");
    assert!(!names_seven(&bench.claim_one().await.event.payload), "nobody is handed the id any more");
    bench.complete(&under_way, naming(&under_way, "7")).await;
    forget_from(&bench, "birds", first.next).await;
    assert_eq!(state_keys(&bench).await, ["last"]);
    assert_eq!(forget(&bench, "birds").await, 0, "nothing is left of it");
}

/// It went through the events last: from where it was it would not come to them any more.
pub(in crate::store) async fn a_walk_that_was_begun_in_the_older_order_is_begun_anew(bench: Bench) {
    bench.accept(of_worker("birds", "1", "7")).await;
    let older = r#"{"Once":[0,""]}"#.to_owned();
    assert_eq!(forget_from(&bench, "birds", Some(older)).await, 1, "the event");
}

pub(in crate::store) async fn another_projects_worker_is_not(bench: Bench) {
    let asked = of_worker("bees", "1", "7");
    bench.accept(asked.clone()).await;
    let birds: ProjectName = "birds".parse().unwrap();
    assert_eq!(bench.store().forget_worker(&birds, &forgotten(), None, 10).await.unwrap(), ForgetStep::default());
    assert!(bench.store().event(asked.event.id).await.unwrap().unwrap().0.payload.contains(r#""worker_id":"7""#));
}

pub(in crate::store) async fn a_project_is_forgotten_with_all_that_waits(mut bench: Bench) {
    let birds: ProjectName = "birds".parse().unwrap();
    // Handled, with state, a result that is to leave, a badge and a once key; given up; leased; waiting. And another project's.
    bench.accept_task("1").await;
    let claimed = bench.claim_one().await;
    let result = Requested { once: Some("result/1".to_owned()), ..saving("1", "{}") };
    let completion = Completion { effects: vec![award("7"), result], changes: vec![set("k", "v")], ..Completion::default() };
    bench.complete(&claimed, completion).await;
    bench.accept_task("2").await;
    bench.finish(&bench.claim_one().await, Outcome::Dead).await;
    let leased = bench.accept_task("3").await;
    bench.store().put_snapshot(leased, 0, "{}").await.unwrap();
    let leased = bench.claim_one().await;
    bench.accept_task("4").await;
    bench.accept(completed("bees", "1", &["vote"])).await;
    let held =
        Quarantine { scope: scope("birds", "vote"), since: bench.now(), component: None, settings: None, reason: "it traps".to_owned() };
    bench.store().quarantine(&held).await.unwrap();

    let mut steps = 0;
    while bench.store().forget_project(&birds, 1).await.unwrap() > 0 {
        steps += 1;
    }
    assert!(steps > 8, "a row at a time: {steps}");
    assert_eq!(bench.finish(&leased, Outcome::Done(Completion::default())).await, Finished::LeaseLost);
    for _ in 0..2 {
        let store = bench.store();
        let totals = store.totals().await.unwrap();
        assert_eq!((totals.waiting, totals.dead, totals.deliveries_waiting), (1, 0, 0));
        assert_eq!(store.task_result(&birds, "1").await.unwrap(), None);
        assert_eq!(store.badges(&birds, WantedBadges::first(10)).await.unwrap(), []);
        assert_eq!(store.get_state(&scope("birds", "vote"), "k").await.unwrap(), None);
        assert_eq!(store.state_bytes(&scope("birds", "vote")).await.unwrap(), 0);
        bench.restart().await;
    }
    let claimed = bench.claim_one().await;
    assert_eq!(claimed.event.project.as_str(), "bees");
    // It may begin anew: nothing of it is known, no key is spent, and its plugin is not held.
    assert!(matches!(bench.accept(completed("birds", "1", &["vote"])).await, Accepted::New(_)));
    assert_eq!(bench.claim_one().await.event.project.as_str(), "birds");
}
