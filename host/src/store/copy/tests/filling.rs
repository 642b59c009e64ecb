//! A store with something of everything that can stand in one.

use crate::effect::{Badge, Effect};
use crate::event::{Origin, Standing};
use crate::store::conformance::bench::{Bench, completed, emitting, rerun, saving, scope, set, with_changes, with_effects};
use crate::store::figures::{Analysed, Analysis, Sample, Vote};
use crate::store::{
    Acceptance, Binding, Completion, Cutoff, DeliveryOutcome, Emitted, Forgotten, Outcome, Part, Quarantine, Requested, Run, Unfinished,
    WantedDead,
};

/// What others may write: all that is hard to carry over.
const ODD: &str = "a\0b\n\t\u{fffd}\u{1f426}'\"\\\u{7f}é";

/// Fills it. The last things that are done to a task stay as they are, so that each state there is stays in the store.
pub(super) async fn fill(bench: &mut Bench) {
    events(bench).await;
    runs(bench).await;
    deliveries(bench).await;
    what_is_known_of_projects(bench).await;
    figures(bench).await;
    what_waits(bench).await;
}

fn long() -> String {
    format!("{{\"text\":\"{}\"}}", ODD.repeat(500))
}

async fn events(bench: &Bench) {
    for standing in [Standing::Ignored, Standing::Unreadable] {
        bench.accept(Acceptance { standing, dedup_key: format!("{standing:?}"), ..completed("birds", "aside", &[]) }).await;
    }
    bench.store().prune(Cutoff { part: Part::Bodies, before: bench.in_seconds(1), now: bench.in_seconds(1) }, 0, 1).await.unwrap();
    let mut without_task = completed("bees", "", &["mail"]);
    without_task.event.task = None;
    without_task.event.origin = Origin::Backfill;
    (without_task.event.payload, without_task.dedup_key) = (long(), format!("{}/{ODD}", "k".repeat(120)));
    bench.accept(without_task).await;
    for (freshness, key) in [("2", "newer"), ("1", "older")] {
        let asked = completed("birds", "revised", &["vote"]);
        bench.accept(Acceptance { freshness: Some(freshness.to_owned()), dedup_key: key.to_owned(), ..asked }).await;
    }
    let snapshot = Some(long());
    bench.accept(Acceptance { snapshot, dedup_key: format!("odd/{ODD}"), ..completed("birds", ODD, &["vote", "mail"]) }).await;
    bench.accept(Acceptance { dedup_key: "é".repeat(60), ..completed("bees", &ODD.repeat(9), &["vote"]) }).await;
    for claimed in bench.claim().await {
        bench.complete(&claimed, Completion::default()).await;
    }
    bench.accept(rerun("birds", "revised", &["vote"])).await;
    bench.finish(&bench.claim_one().await, Outcome::Unconfirmed).await;
}

async fn runs(bench: &Bench) {
    bench.handle("1", with_changes(vec![set("last", ODD), set(ODD, &long()), set("gone", "")])).await;
    bench.handle("2", with_changes(vec![crate::store::StateChange::Remove("gone".to_owned())])).await;
    let claimed = {
        bench.accept_task("3").await;
        bench.claim_one().await
    };
    let once = Some(format!("once/{ODD}"));
    let events = vec![Emitted { once, ..emitting(&claimed, &["derived"]) }, emitting(&claimed, &[])];
    let run = Run { log: long(), read: r#"{"now":1}"#.to_owned(), reason: ODD.to_owned(), ..bench.run("ok") };
    let outcome = Outcome::Done(Completion { events, ..Completion::default() });
    bench.store().finish(claimed.lease, outcome, run).await.unwrap();
    let derived = bench.claim_one().await;
    let nothing = Run { component: None, settings: None, memory_bytes: None, ..bench.run("dead") };
    bench.store().finish(derived.lease, Outcome::Dead, nothing).await.unwrap();
    for task in ["4", "5"] {
        bench.accept_task(task).await;
        bench.finish(&bench.claim_one().await, Outcome::Dead).await;
    }
    bench.store().replay(&WantedDead::default(), 1).await.unwrap();
    let again = bench.claim_one().await;
    bench.complete(&again, Completion::default()).await;
}

fn through(connection: &str, task: Option<&str>, once: Option<&str>) -> Requested {
    Requested {
        effect: Effect::AppendFile { folder: "out".to_owned(), path: "a.csv".to_owned(), text: long(), header: None },
        connection: Some(connection.to_owned()),
        task: task.map(str::to_owned),
        once: once.map(str::to_owned),
    }
}

async fn deliveries(bench: &Bench) {
    let effects = vec![
        saving("10", "{}"),
        saving("10", &long()),
        through("files", Some(ODD), Some(ODD)),
        through("files", None, Some("second")),
        through("files", Some("t"), Some("third")),
    ];
    bench.handle("10", with_effects(effects)).await;
    for (number, delivery) in bench.claim_deliveries().await.into_iter().enumerate() {
        let outcome = match number {
            0 => DeliveryOutcome::Delivered { receipt: ODD.to_owned() },
            _ => DeliveryOutcome::Dead { reason: "refused".to_owned(), may_have_happened: number % 2 == 1 },
        };
        bench.store().finish_delivery(delivery.lease, outcome).await.unwrap();
    }
    bench.store().replay(&WantedDead { what: Some(crate::store::DeadKind::Delivery), ..WantedDead::default() }, 1).await.unwrap();
    let badge =
        Badge { id: "ten".to_owned(), title: ODD.to_owned(), description: String::new(), image_url: None, evidence: "{}".to_owned() };
    let alone = |effect| Requested { effect, connection: None, task: None, once: None };
    let award = |worker: &str| alone(Effect::AwardBadge { worker: worker.to_owned(), badge: badge.clone() });
    let revoke = Effect::RevokeBadge { worker: "7".to_owned(), badge: "ten".to_owned(), reason: ODD.to_owned() };
    bench.handle("11", with_effects(vec![award("7"), award(ODD), alone(revoke)])).await;
}

async fn what_is_known_of_projects(bench: &Bench) {
    let (birds, store) = ("birds".parse().unwrap(), bench.store());
    let binding = Binding { address: "http://crowd.example/".to_owned(), platform_id: "7é".to_owned() };
    store.bind(&birds, &binding).await.unwrap();
    store.set_mark(&birds, "reconciled", Some(ODD)).await.unwrap();
    store.set_mark(&birds, "empty", Some("")).await.unwrap();
    let held = |plugin: &str, component: Option<&str>| Quarantine {
        scope: scope("bees", plugin),
        since: bench.now(),
        component: component.map(str::to_owned),
        settings: component.map(str::to_owned),
        reason: ODD.to_owned(),
    };
    store.quarantine(&held("held", Some("c0ffee"))).await.unwrap();
    store.quarantine(&held("mail", None)).await.unwrap();
    let forgotten = Forgotten { worker: "4711".to_owned(), alias: "forgotten-1".to_owned(), member: None };
    store.forget_worker(&birds, &forgotten, None, 100).await.unwrap();
}

async fn figures(bench: &Bench) {
    let analysed = |task: &str, row, agreement: Option<f64>| Analysed {
        project: "birds".parse().unwrap(),
        task: task.to_owned(),
        row,
        at: bench.now(),
        analysis: Analysis {
            agreement,
            decided: agreement.is_some_and(|share| share > 0.5),
            reason: if agreement.is_some() { long() } else { String::new() },
            workers: vec![Vote { worker: ODD.to_owned(), agrees: true }, Vote { worker: "7".to_owned(), agrees: false }],
            ..Analysis::default()
        },
    };
    let analyses =
        vec![analysed("1", 1, Some(2.0 / 3.0)), analysed(ODD, 2, Some(1.0)), analysed("3", 3, None), analysed("4", 4, Some(0.1))];
    assert!(bench.store().count_analyses((0, 4), analyses).await.unwrap());
    for minute in [28_333_333, 28_333_334] {
        let sample = Sample { minute, events: 9, runs: 8, waiting: 7, deliveries_waiting: 6, dead: 5 };
        bench.store().put_sample(sample, 0).await.unwrap();
    }
}

/// One of each kind of what waits, and more than one in a lane.
async fn what_waits(bench: &mut Bench) {
    for number in 0..4 {
        let effects =
            vec![saving("20", &format!("{number}")), through("files", Some("20"), None), through("mails", Some(&number.to_string()), None)];
        bench.handle(&format!("w{number}"), with_effects(effects)).await;
    }
    for (number, delivery) in bench.claim_deliveries().await.into_iter().enumerate() {
        let outcome = DeliveryOutcome::Later { due: bench.in_seconds(60), counts: number % 2 == 0, reason: ODD.to_owned() };
        bench.store().finish_delivery(delivery.lease, outcome).await.unwrap();
    }
    for (number, task) in ["30", "31", "32"].into_iter().enumerate() {
        bench.accept_task(task).await;
        let claimed = bench.claim_one().await;
        let due = bench.in_seconds(600);
        let outcome = if number == 0 { Outcome::Parked { due } } else { Outcome::Retry { due, trapped: number == 1 } };
        bench.finish(&claimed, outcome).await;
        // Behind it in its lane.
        let mut next = completed("birds", task, &["vote"]);
        next.dedup_key = format!("next/{task}");
        next.event.origin = if number == 0 { Origin::Backfill } else { Origin::Live };
        bench.accept(next).await;
    }
    bench.accept(rerun("birds", "1", &["vote"])).await;
    bench.accept(completed("bees", ODD, &["held", "mail"])).await;
    let given_up = completed("birds", "40", &["mail"]);
    let unfinished = Unfinished::Invocation { event: given_up.event.id, plugin: "mail".parse().unwrap() };
    bench.accept(given_up).await;
    bench.store().give_up(&[unfinished]).await.unwrap();
}
