//! What is kept beside: snapshots, bindings, events, totals.

use std::time::Duration;

use super::bench::{Bench, completed, event, saving, with_effects};
use crate::clock::{after, from_millis};
use crate::event::{Event, EventKind, Origin, PlatformKind, Standing};
use crate::id::{EventId, ProjectName};
use crate::store::{Acceptance, Backlog, Binding, Outcome, WantedDead};

pub(in crate::store) async fn snapshots_are_kept_by_root_and_generation(mut bench: Bench) {
    let (first, second) = (EventId::new(), EventId::new());
    let long = "long ".repeat(10_000);
    let digest = bench.store().put_snapshot(first, 0, &long).await.unwrap();
    assert_eq!(bench.store().put_snapshot(second, 0, &long).await.unwrap(), digest);
    assert_ne!(bench.store().put_snapshot(first, 1, "{}").await.unwrap(), digest);
    bench.restart().await;
    assert_eq!(bench.store().snapshot(first, 0).await.unwrap().as_ref(), Some(&long));
    assert_eq!(bench.store().snapshot(second, 0).await.unwrap().as_ref(), Some(&long));
    assert_eq!(bench.store().snapshot(first, 1).await.unwrap().as_deref(), Some("{}"));
    assert_eq!(bench.store().snapshot(second, 1).await.unwrap(), None);
    assert_eq!(bench.store().newest_snapshot(first).await.unwrap().as_deref(), Some("{}"));
    assert_eq!(bench.store().newest_snapshot(second).await.unwrap().as_ref(), Some(&long));
    assert_eq!(bench.store().newest_snapshot(EventId::new()).await.unwrap(), None);
}

pub(in crate::store) async fn a_snapshot_may_be_put_again(bench: Bench) {
    let root = EventId::new();
    for text in ["old", "new", "new"] {
        bench.store().put_snapshot(root, 0, text).await.unwrap();
        assert_eq!(bench.store().snapshot(root, 0).await.unwrap().as_deref(), Some(text));
    }
}

pub(in crate::store) async fn a_name_is_bound_once(mut bench: Bench) {
    let project: ProjectName = "birds".parse().unwrap();
    let to = |id: &str| Binding { address: "https://crowd.example".to_owned(), platform_id: id.to_owned() };
    assert_eq!(bench.store().bind(&project, &to("1")).await.unwrap(), to("1"));
    bench.restart().await;
    assert_eq!(bench.store().bind(&project, &to("2")).await.unwrap(), to("1"));
    assert_eq!(bench.store().bind(&"bees".parse().unwrap(), &to("2")).await.unwrap(), to("2"));
}

pub(in crate::store) async fn an_event_is_given_back_as_it_came(mut bench: Bench) {
    let event = Event {
        platform: PlatformKind::Appen,
        kind: "task.looked-at".parse::<EventKind>().unwrap(),
        occurred_at: from_millis(-1),
        origin: Origin::Backfill,
        emitted_by: Some("vote".parse().unwrap()),
        root: EventId::new(),
        depth: 8,
        payload: format!(r#"{{"é":"{}"}}"#, "日本 ".repeat(5_000)),
        ..event("birds", None)
    };
    let asked = Acceptance { event: event.clone(), ..completed("birds", "1", &["mail"]) };
    bench.accept(asked).await;
    bench.restart().await;
    assert_eq!(bench.store().event(event.id).await.unwrap(), Some((event.clone(), Standing::Accepted)));
    assert_eq!(bench.claim_one().await.event, event);
}

pub(in crate::store) async fn what_is_unknown_is_none(bench: Bench) {
    let store = bench.store();
    let scope = super::bench::scope("birds", "vote");
    assert_eq!(store.event(EventId::new()).await.unwrap(), None);
    assert!(store.runs(EventId::new()).await.unwrap().is_empty());
    assert_eq!(store.get_state(&scope, "key").await.unwrap(), None);
    assert!(store.scan_state(&scope, "", None, 10).await.unwrap().is_empty());
    assert_eq!(store.state_bytes(&scope).await.unwrap(), 0);
    assert_eq!(store.task_result(&scope.project, "1").await.unwrap(), None);
    assert!(store.dead_letters(&WantedDead::default(), 10).await.unwrap().is_empty());
    assert!(store.accept(Vec::new()).await.unwrap().is_empty());
}

pub(in crate::store) async fn totals_are_the_same_after_a_restart(mut bench: Bench) {
    bench.handle("1", with_effects(vec![saving("1", "{}")])).await;
    bench.accept_task("2").await;
    bench.accept_task("3").await;
    let dead = bench.claim().await.remove(0);
    bench.finish(&dead, Outcome::Dead).await;
    bench.accept(Acceptance { standing: Standing::Ignored, ..completed("birds", "4", &[]) }).await;
    let before = bench.store().totals().await.unwrap();
    bench.restart().await;
    assert_eq!(bench.store().totals().await.unwrap(), before);
    assert_eq!((before.events, before.waiting, before.deliveries_waiting, before.dead, before.set_aside), (4, 1, 1, 1, 1));
}

pub(in crate::store) async fn vitals_tell_what_waits_and_since_when(mut bench: Bench) {
    let vitals = bench.store().vitals().await.unwrap();
    assert_eq!((vitals.invocations, vitals.deliveries), (Backlog::default(), Backlog::default()));
    let first = bench.now();
    bench.handle("1", with_effects(vec![saving("1", "{}")])).await;
    for (number, task) in ["2", "3", "3", "4"].into_iter().enumerate() {
        bench.pass(10);
        let mut asked = completed("birds", task, &["vote"]);
        (asked.dedup_key, asked.event.received_at) = (number.to_string(), bench.now());
        bench.accept(asked).await;
    }
    let mut claimed = bench.claim().await;
    let parked = claimed.remove(0);
    bench.finish(&parked, Outcome::Parked { due: bench.in_seconds(60) }).await;
    bench.pass(5);
    let vitals = bench.store().vitals().await.unwrap();
    let invocations = Backlog { queued: 1, later: 1, leased: 2, oldest: Some(after(first, Duration::from_secs(10))) };
    assert_eq!(vitals.invocations, invocations);
    assert_eq!(vitals.deliveries, Backlog { queued: 1, later: 0, leased: 0, oldest: Some(first) });
    assert!(vitals.waiting_max == 100_000 && vitals.database_bytes > 0 && vitals.free_bytes.is_none_or(|free| free > 0), "{vitals:?}");
    bench.restart().await;
    let vitals = bench.store().vitals().await.unwrap();
    assert_eq!(vitals.invocations, Backlog { queued: 3, leased: 0, ..invocations }, "leases end with the process");
}

pub(in crate::store) async fn how_far_something_has_come_is_kept(mut bench: Bench) {
    let (birds, bees): (ProjectName, ProjectName) = ("birds".parse().unwrap(), "bees".parse().unwrap());
    assert_eq!(bench.store().mark(&birds, "reconcile").await.unwrap(), None);
    for text in ["17", "18"] {
        bench.store().set_mark(&birds, "reconcile", Some(text)).await.unwrap();
    }
    bench.store().set_mark(&birds, "backfill", Some("3")).await.unwrap();
    bench.restart().await;
    assert_eq!(bench.store().mark(&birds, "reconcile").await.unwrap().as_deref(), Some("18"));
    assert_eq!(bench.store().mark(&bees, "reconcile").await.unwrap(), None);
    bench.store().set_mark(&birds, "reconcile", None).await.unwrap();
    assert_eq!(bench.store().mark(&birds, "reconcile").await.unwrap(), None);
    assert_eq!(bench.store().mark(&birds, "backfill").await.unwrap().as_deref(), Some("3"));
}

pub(in crate::store) async fn dedup_keys_are_told_with_their_events(bench: Bench) {
    let keys = ["task.completed/birds/1/1", "task.completed/birds/2/1"].map(str::to_owned);
    let birds: ProjectName = "birds".parse().unwrap();
    assert_eq!(bench.store().seen(&birds, &keys).await.unwrap(), [None, None]);
    let id = bench.accept_task("2").await;
    assert_eq!(bench.store().seen(&birds, &keys).await.unwrap(), [None, Some(id)]);
    assert_eq!(bench.store().seen(&"bees".parse().unwrap(), &keys).await.unwrap(), [None, None]);
}

pub(in crate::store) async fn a_name_is_bound_to_another_when_somebody_says_so(mut bench: Bench) {
    let project: ProjectName = "birds".parse().unwrap();
    let to = |id: &str| Binding { address: "https://crowd.example".to_owned(), platform_id: id.to_owned() };
    bench.store().bind(&project, &to("1")).await.unwrap();
    bench.store().rebind(&project, &to("2")).await.unwrap();
    bench.restart().await;
    assert_eq!(bench.store().bind(&project, &to("1")).await.unwrap(), to("2"));
}
