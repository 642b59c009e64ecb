//! People look through what is kept: page by page, and by whatever they want to know.

use super::bench::{Bench, completed, emitting, saving, with_effects};
use crate::clock::{Timestamp, from_millis};
use crate::event::Standing;
use crate::id::EventId;
use crate::id::ProjectName;
use crate::store::browse::{DeliveryState, InvocationState, ListedEvent, Place, WantedDeliveries, WantedEvents, WantedInvocations};
use crate::store::figures::{AgreementCount, Analysed, Analysis, Sample, Tally, Vote, WantedAnalyses, WorkerCount};
use crate::store::{Acceptance, Completion, DeliveryOutcome, Forgotten, Outcome};

const FIRST: Place = Place { before: None, limit: 100 };

fn birds() -> ProjectName {
    "birds".parse().unwrap()
}

/// An event that was received so many seconds behind the first.
fn at(seconds: i64, project: &str, task: &str) -> Acceptance {
    let mut asked = completed(project, task, &["vote"]);
    asked.event.received_at = received(seconds);
    asked
}

fn received(seconds: i64) -> Timestamp {
    from_millis(1_700_000_000_000 + seconds * 1_000)
}

async fn tasks(bench: &Bench, wanted: &WantedEvents) -> Vec<String> {
    let page = bench.store().browse().events(wanted, FIRST).await.unwrap();
    assert_eq!(page.next, None);
    page.rows.into_iter().map(|event| event.task.unwrap_or_default()).collect()
}

pub(in crate::store) async fn pages_are_read_while_projects_and_plugins_are_new(bench: Bench) {
    let come = async {
        for number in 0..200 {
            bench.accept(completed(&format!("project-{number}"), "1", &[&format!("plugin-{number}")])).await;
        }
    };
    let look = async {
        loop {
            bench.store().browse().events(&WantedEvents::default(), FIRST).await.unwrap();
            bench.store().browse().invocations(&WantedInvocations::default(), FIRST).await.unwrap();
        }
    };
    tokio::select! {
        () = come => {}
        never = look => never,
    }
}

pub(in crate::store) async fn events_are_found_by_what_is_said_of_them(bench: Bench) {
    for (minute, project, task) in [(0, "birds", "1"), (10, "bees", "1"), (20, "birds", "2"), (30, "birds", "3")] {
        bench.accept(at(minute * 60, project, task)).await;
    }
    let mut odd = at(2_400, "birds", "4");
    (odd.standing, odd.event.payload) = (Standing::Unreadable, r#"{"said":"Grüße from the Kingfisher"}"#.to_owned());
    bench.accept(odd).await;

    let any = WantedEvents::default();
    let cases = [
        (any.clone(), vec!["4", "3", "2", "1", "1"]),
        (WantedEvents { project: Some(birds()), ..any.clone() }, vec!["4", "3", "2", "1"]),
        (WantedEvents { project: Some(birds()), task: Some("2".to_owned()), ..any.clone() }, vec!["2"]),
        (WantedEvents { task: Some("1".to_owned()), ..any.clone() }, vec!["1", "1"]),
        (WantedEvents { standing: Some(Standing::Unreadable), ..any.clone() }, vec!["4"]),
        (WantedEvents { text: Some("grüSSE FROM".to_owned().replace("SS", "ß")), ..any.clone() }, vec!["4"]),
        (WantedEvents { text: Some("owl".to_owned()), ..any.clone() }, vec![]),
        (WantedEvents { kind: Some("task.answered".parse().unwrap()), ..any.clone() }, vec![]),
        (WantedEvents { since: Some(received(1_200)), ..any.clone() }, vec!["4", "3", "2"]),
        (WantedEvents { until: Some(received(600)), ..any.clone() }, vec!["1", "1"]),
        (WantedEvents { since: Some(received(601)), until: Some(received(1_800)), ..any.clone() }, vec!["3", "2"]),
        (WantedEvents { since: Some(received(1_000_000)), ..any.clone() }, vec![]),
        (WantedEvents { project: Some("owls".parse().unwrap()), ..any.clone() }, vec![]),
    ];
    for (wanted, found) in cases {
        assert_eq!(tasks(&bench, &wanted).await, found, "{wanted:?}");
    }
}

pub(in crate::store) async fn pages_of_events_join_without_a_gap(bench: Bench) {
    for number in 0..25 {
        bench.accept(at(number, if number % 5 == 0 { "bees" } else { "birds" }, &number.to_string())).await;
    }
    for (project, there) in [(None, 25), (Some(birds()), 20)] {
        let wanted = WantedEvents { project, ..WantedEvents::default() };
        let (mut found, mut before) = (Vec::<ListedEvent>::new(), None);
        loop {
            let page = bench.store().browse().events(&wanted, Place { before, limit: 7 }).await.unwrap();
            assert!(page.rows.len() <= 7);
            found.extend(page.rows);
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(found.len(), there);
        assert!(found.windows(2).all(|pair| pair[0].received_at > pair[1].received_at), "{found:?}");
    }
}

pub(in crate::store) async fn a_long_search_ends_with_where_to_go_on(bench: Bench) {
    for hundred in 0..30 {
        let batch = (0..1_000).map(|number| {
            let mut asked = completed("birds", &(hundred * 1_000 + number).to_string(), &[]);
            asked.standing = Standing::Ignored;
            asked
        });
        bench.store().accept(batch.collect()).await.unwrap();
    }
    let wanted = WantedEvents { standing: Some(Standing::Accepted), ..WantedEvents::default() };
    let page = bench.store().browse().events(&wanted, FIRST).await.unwrap();
    assert!(page.rows.is_empty() && page.next.is_some(), "{page:?}");
    let rest = bench.store().browse().events(&wanted, Place { before: page.next, ..FIRST }).await.unwrap();
    assert!(rest.rows.is_empty() && rest.next.is_none(), "{rest:?}");
    for project in [None, Some(birds())] {
        let wanted = WantedEvents { project, task: Some("7".to_owned()), ..WantedEvents::default() };
        assert_eq!(tasks(&bench, &wanted).await, ["7"], "a task is found at once, however long ago it was");
    }
}

pub(in crate::store) async fn invocations_are_told_with_how_far_they_are(bench: Bench) {
    let done = bench.handle("1", Completion::default()).await;
    let dead = bench.accept_task("2").await;
    bench.finish(&bench.claim_one().await, Outcome::Dead).await;
    let again = bench.accept_task("3").await;
    bench.finish(&bench.claim_one().await, Outcome::Retry { due: bench.in_seconds(60), trapped: true }).await;
    let parked = bench.accept_task("4").await;
    bench.finish(&bench.claim_one().await, Outcome::Parked { due: bench.in_seconds(60) }).await;
    bench.accept(completed("bees", "5", &["vote", "mail"])).await;

    let any = WantedInvocations::default();
    let listed = async |wanted: &WantedInvocations| {
        let page = bench.store().browse().invocations(wanted, FIRST).await.unwrap();
        assert_eq!(page.next, None);
        page.rows.into_iter().map(|found| (found.event, found.plugin.to_string(), found.state)).collect::<Vec<_>>()
    };
    let all = listed(&any).await;
    let of_birds = [
        (parked, "vote".to_owned(), InvocationState::Parked),
        (again, "vote".to_owned(), InvocationState::Waiting),
        (dead, "vote".to_owned(), InvocationState::Dead),
        (done, "vote".to_owned(), InvocationState::Done),
    ];
    assert_eq!(all.len(), 6, "{all:?}");
    assert_eq!(all[2..], of_birds);
    assert_eq!(listed(&WantedInvocations { project: Some(birds()), ..any.clone() }).await, of_birds);
    for (state, number) in [("waiting", 3), ("parked", 1), ("done", 1), ("dead", 1), ("dropped", 0)] {
        let wanted = WantedInvocations { state: Some(state.parse().unwrap()), ..any.clone() };
        assert_eq!(listed(&wanted).await.len(), number, "{state}");
    }
    let of_event = WantedInvocations { event: Some(dead), ..any.clone() };
    assert_eq!(listed(&of_event).await, [(dead, "vote".to_owned(), InvocationState::Dead)]);
    assert!(listed(&WantedInvocations { state: Some(InvocationState::Waiting), ..of_event }).await.is_empty());
    assert!(listed(&WantedInvocations { event: Some(EventId::new()), ..any.clone() }).await.is_empty());
    let mail = WantedInvocations { plugin: Some("mail".parse().unwrap()), ..any.clone() };
    assert_eq!(listed(&mail).await.len(), 1);
    let of_task = WantedInvocations { project: Some(birds()), task: Some("2".to_owned()), ..any };
    let page = bench.store().browse().invocations(&of_task, FIRST).await.unwrap();
    let found = &page.rows[0];
    assert_eq!((found.attempts, found.outcome.as_deref(), found.component.as_deref()), (1, Some("dead"), Some("c0ffee")));
    assert_eq!((found.duration_ms, found.cpu_ms, found.dead_letter), (Some(3), Some(2), Some(1)));
    assert_eq!(found.memory_bytes, Some(1_500_000));
}

pub(in crate::store) async fn deliveries_are_found_wherever_they_are(bench: Bench) {
    for task in ["1", "2", "3"] {
        bench.handle(task, with_effects(vec![saving(task, r#"{"answer":"heron"}"#)])).await;
    }
    let claimed = bench.claim_deliveries().await;
    bench.delivered(&claimed[0]).await;
    let dead = DeliveryOutcome::Dead { reason: "answered 503".to_owned(), may_have_happened: true };
    bench.store().finish_delivery(claimed[1].lease, dead).await.unwrap();

    let any = WantedDeliveries::default();
    let listed = async |wanted: &WantedDeliveries| {
        let page = bench.store().browse().deliveries(wanted, FIRST).await.unwrap();
        page.rows.into_iter().map(|found| found.task.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&any).await, ["3", "2", "1"]);
    for (state, task) in [(DeliveryState::Waiting, "3"), (DeliveryState::Dead, "2"), (DeliveryState::Delivered, "1")] {
        assert_eq!(listed(&WantedDeliveries { state: Some(state), ..any.clone() }).await, [task]);
    }
    assert_eq!(listed(&WantedDeliveries { text: Some("ANSWERED 5".to_owned()), ..any.clone() }).await, ["2"]);
    assert_eq!(listed(&WantedDeliveries { connection: Some("mail".to_owned()), ..any.clone() }).await, Vec::<String>::new());
    let one = bench.store().browse().deliveries(&WantedDeliveries { id: Some(claimed[1].id), ..any.clone() }, FIRST).await.unwrap();
    let [found] = &one.rows[..] else { panic!("{one:?}") };
    assert_eq!((found.effect.as_str(), found.note.as_str(), found.attempts), ("save-result", "answered 503", 1));
    assert!(found.content.as_ref().unwrap().to_string().contains("heron"), "{found:?}");
    let first = bench.store().browse().deliveries(&any, Place { before: None, limit: 2 }).await.unwrap();
    let rest = bench.store().browse().deliveries(&any, Place { before: first.next, limit: 2 }).await.unwrap();
    assert_eq!((first.rows.len(), rest.rows.len(), rest.next), (2, 1, None));
}

fn analysed(task: &str, row: i64, agreement: f64, workers: &[(&str, bool)]) -> Analysed {
    let workers = workers.iter().map(|(worker, agrees)| Vote { worker: (*worker).to_owned(), agrees: *agrees });
    let analysis = Analysis {
        answer: "heron".into(),
        agreement: Some(agreement),
        decided: agreement > 0.5,
        tally: vec![Tally { value: "heron".into(), votes: 2 }],
        workers: workers.collect(),
        ..Analysis::default()
    };
    Analysed { project: birds(), task: task.to_owned(), row, at: from_millis(1_700_000_000_000), analysis }
}

pub(in crate::store) async fn analyses_are_counted_once_and_newer_ones_take_the_place_of_older(mut bench: Bench) {
    let event = bench.accept_task("1").await;
    let claimed = bench.claim_one().await;
    bench.complete(&claimed, Completion { events: vec![emitting(&claimed, &[])], ..Completion::default() }).await;
    let behind = bench.store().browse().behind(0, &"task.analysed".parse().unwrap(), 10).await.unwrap();
    assert_eq!((behind.events.len(), behind.reached), (1, Some(2)));
    assert_eq!(behind.events[0].1.root, event);

    let count = async |bench: &Bench, rows, analyses| bench.store().count_analyses(rows, analyses).await.unwrap();
    let first = vec![analysed("1", 2, 0.5, &[("ann", false), ("bob", false)]), analysed("2", 1, 1.0, &[("ann", true)])];
    assert!(count(&bench, (0, 2), first.clone()).await);
    assert!(!count(&bench, (0, 2), first).await, "these rows were counted");
    assert!(count(&bench, (2, 9), vec![analysed("1", 9, 0.67, &[("ann", true), ("carl", true)]), analysed("2", 0, 0.0, &[])]).await);
    bench.restart().await;

    let browse = bench.store().browse();
    assert_eq!(browse.counted().await.unwrap(), 9);
    let figures = browse.figures(&birds(), 2).await.unwrap();
    let counted = |decided, tenth, tasks| AgreementCount { decided, tenth: Some(tenth), tasks };
    assert_eq!(figures.agreement, [counted(true, 6, 1), counted(true, 10, 1)], "the older one of task 1 counts no longer");
    let worker = |worker: &str, answers, agreeing| WorkerCount { worker: worker.to_owned(), answers, agreeing };
    assert_eq!((figures.workers, figures.busiest), (2, vec![worker("ann", 2, 2), worker("carl", 1, 1)]));

    let listed = async |wanted: WantedAnalyses| {
        let page = bench.store().browse().analyses(&birds(), &wanted, FIRST).await.unwrap();
        page.rows.into_iter().map(|found| (found.task, found.analysis.agreement.unwrap())).collect::<Vec<_>>()
    };
    let newest_first = [("1".to_owned(), 0.67), ("2".to_owned(), 1.0)];
    assert_eq!(listed(WantedAnalyses::default()).await, newest_first);
    assert_eq!(listed(WantedAnalyses { agreement_max: Some(0.9), ..WantedAnalyses::default() }).await, newest_first[..1]);
    assert_eq!(listed(WantedAnalyses { decided: Some(false), ..WantedAnalyses::default() }).await, []);
    assert_eq!(listed(WantedAnalyses { task: Some("2".to_owned()), ..WantedAnalyses::default() }).await, newest_first[1..]);
}

pub(in crate::store) async fn what_analyses_come_to_forgets_a_worker(bench: Bench) {
    let analyses = vec![analysed("1", 1, 1.0, &[("ann", true)]), analysed("2", 2, 1.0, &[("ann", true), ("bob", true)])];
    bench.store().count_analyses((0, 2), analyses).await.unwrap();
    let forgotten = Forgotten { worker: "ann".to_owned(), alias: "forgotten-x".to_owned(), member: None };
    let (mut after, mut changed) = (None, 0);
    loop {
        let step = bench.store().forget_worker(&birds(), &forgotten, after.as_deref(), 1).await.unwrap();
        changed += step.changed;
        let Some(next) = step.next else { break };
        after = Some(next);
    }
    assert_eq!(changed, 3, "two analyses, and how much they answered");
    let figures = bench.store().browse().figures(&birds(), 10).await.unwrap();
    let workers: Vec<_> = figures.busiest.iter().map(|found| (found.worker.as_str(), found.answers)).collect();
    assert_eq!(workers, [("forgotten-x", 2), ("bob", 1)]);
    // A newer analysis of the task names them by the alias, and is counted in the place of the older one.
    bench.store().count_analyses((2, 3), vec![analysed("1", 3, 1.0, &[("forgotten-x", false)])]).await.unwrap();
    let figures = bench.store().browse().figures(&birds(), 1).await.unwrap();
    assert_eq!((figures.busiest[0].answers, figures.busiest[0].agreeing), (2, 1));
}

pub(in crate::store) async fn a_worker_who_is_forgotten_is_not_counted_meanwhile(bench: Bench) {
    let alias = "forgotten-x";
    bench.store().count_analyses((0, 0), vec![analysed("9", -1, 1.0, &[("ann", true), (alias, true)])]).await.unwrap();
    for task in ["1", "2", "3"] {
        bench.accept_task(task).await;
        let claimed = bench.claim_one().await;
        let mut emitted = emitting(&claimed, &[]);
        emitted.event.payload = r#"{"answers":[{"worker":"ann"}]}"#.to_owned();
        bench.complete(&claimed, Completion { events: vec![emitted], ..Completion::default() }).await;
    }
    let count_next = async || {
        let from = bench.store().browse().counted().await.unwrap();
        let behind = bench.store().browse().behind(from, &"task.analysed".parse().unwrap(), 1).await.unwrap();
        let Some(reached) = behind.reached else { return };
        let named = |payload: &str| if payload.contains("ann") { "ann" } else { alias };
        let found = behind.events.iter().map(|(row, event)| analysed(&row.to_string(), *row, 1.0, &[(named(&event.payload), true)]));
        bench.store().count_analyses((from, reached), found.collect()).await.unwrap();
    };
    let forgotten = Forgotten { worker: "ann".to_owned(), alias: alias.to_owned(), member: None };
    // Ahead of the walk, which begins with the events.
    count_next().await;
    let mut after = None;
    loop {
        let step = bench.store().forget_worker(&birds(), &forgotten, after.as_deref(), 2).await.unwrap();
        count_next().await;
        let Some(next) = step.next else { break };
        after = Some(next);
    }
    for _ in 0..6 {
        count_next().await;
    }
    let figures = bench.store().browse().figures(&birds(), 10).await.unwrap();
    let counted: Vec<_> = figures.busiest.iter().map(|found| (found.worker.as_str(), found.answers)).collect();
    assert_eq!(counted, [(alias, 5)], "all that they answered, and what stood there before");
}

pub(in crate::store) async fn samples_are_thinned_out_and_let_go(bench: Bench) {
    for minute in 100..160 {
        let sample = Sample { minute, events: minute as u64, ..Sample::default() };
        bench.store().put_sample(sample, 110).await.unwrap();
    }
    let minutes = async |since, step| {
        let samples = bench.store().browse().samples(since, step).await.unwrap();
        samples.into_iter().map(|sample| (sample.minute, sample.events)).collect::<Vec<_>>()
    };
    assert_eq!(minutes(0, 1).await.len(), 50);
    assert_eq!(minutes(130, 10).await, [(139, 139), (149, 149), (159, 159)]);
}
