//! Random work against an engine, compared with the plainest model there is: nothing is lost, nothing is done twice, and
//! lanes, due times and caps are kept, over restarts and crashes.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::bench::{Bench, LEASE, completed, emitting, saving, scope, set};
use crate::clock::Timestamp;
use crate::event::Origin;
use crate::id::{EventId, InvocationId};
use crate::store::{
    Acceptance, Accepted, Again, Claimed, Completion, DeadKind, Finished, GivenUp, Lease, Outcome, Quarantine, Replayed, StateChange,
    StateRead, Unfinished, WantedDead,
};

/// Seeds of an ordinary run. One that finds something is added here and stays.
const SEEDS: [u64; 2] = [1, 2];
/// Stores for each of them. Engines write to disk, so one takes tens of milliseconds.
const CASES: u32 = 16;

const PROJECTS: [&str; 2] = ["birds", "bees"];
const PLUGINS: [&str; 2] = ["vote", "mail"];

#[derive(Clone, Debug)]
enum Step {
    Accept { project: usize, task: u8, key: u8, again: Again, both: bool },
    Claim { limit: usize, cap: usize },
    Done { pick: usize, reads_stale: bool, emits: bool },
    Retry { pick: usize, trapped: bool, wait: u64 },
    Parked { pick: usize, wait: u64 },
    Dead { pick: usize },
    Unconfirmed { pick: usize },
    Join { project: usize, task: u8, key: u8, plugin: usize },
    Replay { limit: u32 },
    GiveUp { pick: usize },
    Quarantine { project: usize, plugin: usize },
    Release { project: usize, plugin: usize },
    Pass { seconds: u64 },
    Restart { crash: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let again = prop_oneof![Just(Again::Never), Just(Again::Rerun)];
    let accept = (0usize..2, 0u8..3, 0u8..3, again, any::<bool>());
    prop_oneof![
        6 => accept.prop_map(|(project, task, key, again, both)| Step::Accept { project, task, key, again, both }),
        5 => (1usize..6, 1usize..4).prop_map(|(limit, cap)| Step::Claim { limit, cap }),
        5 => (any::<usize>(), any::<bool>(), any::<bool>())
            .prop_map(|(pick, reads_stale, emits)| Step::Done { pick, reads_stale, emits }),
        2 => (any::<usize>(), any::<bool>(), 0u64..40).prop_map(|(pick, trapped, wait)| Step::Retry { pick, trapped, wait }),
        2 => (any::<usize>(), 0u64..40).prop_map(|(pick, wait)| Step::Parked { pick, wait }),
        1 => any::<usize>().prop_map(|pick| Step::Dead { pick }),
        1 => any::<usize>().prop_map(|pick| Step::Unconfirmed { pick }),
        1 => (0usize..2, 0u8..3, 0u8..3, 0usize..2).prop_map(|(project, task, key, plugin)| Step::Join { project, task, key, plugin }),
        1 => (1u32..4).prop_map(|limit| Step::Replay { limit }),
        1 => any::<usize>().prop_map(|pick| Step::GiveUp { pick }),
        1 => (0usize..2, 0usize..2).prop_map(|(project, plugin)| Step::Quarantine { project, plugin }),
        1 => (0usize..2, 0usize..2).prop_map(|(project, plugin)| Step::Release { project, plugin }),
        2 => (0u64..45).prop_map(|seconds| Step::Pass { seconds }),
        1 => any::<bool>().prop_map(|crash| Step::Restart { crash }),
    ]
}

/// An invocation that is not finished.
#[derive(Clone, Debug)]
struct Waiting {
    event: EventId,
    project: String,
    plugin: String,
    task: String,
    due: Timestamp,
    attempts: u32,
    traps: u32,
    parked: u32,
    generation: u32,
    rerun: bool,
    held: Option<(Lease<InvocationId>, Timestamp)>,
}

#[derive(Default)]
struct Model {
    /// In the order of acceptance.
    waiting: Vec<Waiting>,
    /// Leases that someone else has by now, or no one.
    lost: Vec<Claimed>,
    seen: BTreeMap<(usize, u8, u8), EventId>,
    generations: BTreeMap<EventId, u32>,
    done: BTreeSet<(EventId, String)>,
    /// Who has run for what, whatever became of it.
    ran: BTreeSet<(EventId, String)>,
    /// As they were, in the order in which they died.
    dead: Vec<Waiting>,
    unconfirmed: BTreeSet<EventId>,
    quarantined: BTreeSet<(String, String)>,
    events: u64,
    runs: u64,
    set_aside: u64,
    /// How often each plugin of each project counted.
    counted: BTreeMap<(String, String), u64>,
    /// What is out, as it was claimed.
    claimed: Vec<Claimed>,
}

impl Model {
    fn position(&self, lease: Lease<InvocationId>) -> Option<usize> {
        self.waiting.iter().position(|waiting| waiting.held.is_some_and(|(held, _)| held == lease))
    }

    fn end_leases(&mut self, now: Timestamp) {
        for waiting in &mut self.waiting {
            if let Some((lease, until)) = waiting.held
                && until <= now
            {
                waiting.held = None;
                let (lost, kept) = std::mem::take(&mut self.claimed).into_iter().partition(|claimed| claimed.lease == lease);
                self.claimed = kept;
                self.lost.extend::<Vec<_>>(lost);
            }
        }
    }

    fn eligible(&self, now: Timestamp) -> Vec<usize> {
        let same = |one: &Waiting, other: &Waiting| (&one.project, &one.plugin, &one.task) == (&other.project, &other.plugin, &other.task);
        let is = |(number, waiting): &(usize, &Waiting)| {
            let is_head = !self.waiting.iter().take(*number).any(|earlier| same(earlier, waiting));
            let goes_on = !self.quarantined.contains(&(waiting.project.clone(), waiting.plugin.clone()));
            waiting.held.is_none() && waiting.due <= now && is_head && goes_on
        };
        self.waiting.iter().enumerate().filter(is).map(|(number, _)| number).collect()
    }

    fn out(&self, of: &Waiting) -> usize {
        let same = |waiting: &&Waiting| (&waiting.project, &waiting.plugin) == (&of.project, &of.plugin) && waiting.held.is_some();
        self.waiting.iter().filter(same).count()
    }
}

async fn accept(bench: &Bench, model: &mut Model, (project, task, key): (usize, u8, u8), again: Again, both: bool) {
    let names = if both { &PLUGINS[..] } else { &PLUGINS[..1] };
    let asked = Acceptance { dedup_key: format!("{task}/{key}"), again, ..completed(PROJECTS[project], &task.to_string(), names) };
    let id = asked.event.id;
    let known = model.seen.get(&(project, task, key)).copied();
    let answer = bench.accept(asked).await;
    let waits_for = |event: EventId, plugin: &str| model.waiting.iter().any(|waiting| waiting.event == event && waiting.plugin == plugin);
    let names: Vec<&str> = names.iter().copied().filter(|plugin| !known.is_some_and(|known| waits_for(known, plugin))).collect();
    let (event, generation) = match known {
        None => {
            assert_eq!(answer, Accepted::New(id));
            model.seen.insert((project, task, key), id);
            model.events += 1;
            (id, 0)
        }
        Some(known) if again == Again::Never => return assert_eq!(answer, Accepted::Repeat(known)),
        Some(known) if names.is_empty() => return assert_eq!(answer, Accepted::FoldedIn(known)),
        Some(known) => {
            assert_eq!(answer, Accepted::Rerun(known));
            let generation = model.generations.entry(known).or_insert(0);
            *generation += 1;
            (known, *generation)
        }
    };
    for plugin in names {
        let again = again == Again::Rerun;
        if again {
            model.dead.retain(|dead| (dead.event, dead.plugin.as_str()) != (event, plugin));
        }
        model.waiting.push(Waiting {
            event,
            project: PROJECTS[project].to_owned(),
            plugin: plugin.to_owned(),
            task: task.to_string(),
            due: bench.now(),
            attempts: 0,
            traps: 0,
            parked: 0,
            generation,
            rerun: again && model.done.contains(&(event, plugin.to_owned())),
            held: None,
        });
    }
}

async fn claim(bench: &Bench, model: &mut Model, limit: usize, cap: usize) {
    let now = bench.now();
    model.end_leases(now);
    let claimed = bench.claim_up_to(limit, cap).await;
    assert!(claimed.len() <= limit);
    for claimed in claimed {
        let found = model.eligible(now).into_iter().find(|number| {
            let waiting = &model.waiting[*number];
            waiting.event == claimed.event.id && waiting.plugin == claimed.plugin.as_str() && waiting.generation == claimed.generation
        });
        let waiting = &mut model.waiting[found.expect("only what is due and the first about its task is leased")];
        let seen = (claimed.attempt, claimed.traps, claimed.parked_times, claimed.rerun);
        assert_eq!(seen, (waiting.attempts + 1, waiting.traps, waiting.parked, waiting.rerun));
        waiting.held = Some((claimed.lease, crate::clock::after(now, LEASE)));
        let waiting = waiting.clone();
        assert!(model.out(&waiting) <= cap, "a plugin has more than its cap");
        model.claimed.push(claimed);
    }
    let out: usize = model.claimed.iter().filter(|claimed| model.position(claimed.lease).is_some()).count();
    assert_eq!(out, model.claimed.len());
}

async fn join(bench: &Bench, model: &mut Model, (project, task, key): (usize, u8, u8), plugin: &str) {
    let Some(event) = model.seen.get(&(project, task, key)).copied() else { return };
    let waits = model.waiting.iter().any(|waiting| waiting.event == event && waiting.plugin == plugin);
    let is_dead = model.dead.iter().any(|dead| dead.event == event && dead.plugin == plugin);
    let joins = !waits && !is_dead && !model.ran.contains(&(event, plugin.to_owned()));
    let joined = bench.store().join(&[event], &plugin.parse().unwrap(), Origin::Backfill).await.unwrap();
    assert_eq!(joined, u32::from(joins));
    if joins {
        model.waiting.push(Waiting {
            event,
            project: PROJECTS[project].to_owned(),
            plugin: plugin.to_owned(),
            task: task.to_string(),
            due: bench.now(),
            attempts: 0,
            traps: 0,
            parked: 0,
            generation: model.generations.get(&event).copied().unwrap_or(0),
            rerun: false,
            held: None,
        });
    }
}

/// Finishes one that is out; also one that was lost, which must change nothing.
async fn finish(bench: &Bench, model: &mut Model, pick: usize, outcome: impl AsyncFnOnce(&Claimed) -> Outcome) {
    if let Some(lost) = model.lost.pop() {
        assert_eq!(bench.finish(&lost, Outcome::Dead).await, Finished::LeaseLost);
    }
    if model.claimed.is_empty() {
        return;
    }
    let claimed = model.claimed.remove(pick % model.claimed.len());
    let number = model.position(claimed.lease).unwrap();
    let outcome = outcome(&claimed).await;
    let finished = bench.finish(&claimed, outcome.clone()).await;
    if let Outcome::Done(Completion { reads, .. }) = &outcome
        && reads.iter().any(|read| matches!(read, StateRead::Key { version: -1, .. }))
    {
        assert_eq!(finished, Finished::Conflict);
        model.claimed.push(claimed);
        return;
    }
    assert_eq!(finished, Finished::Recorded);
    let waiting = &mut model.waiting[number];
    // Of looks in vain, one after the other, the first is recorded.
    let is_recorded = !matches!(outcome, Outcome::Parked { .. }) || waiting.parked == 0;
    model.runs += u64::from(is_recorded);
    if is_recorded {
        model.ran.insert((waiting.event, waiting.plugin.clone()));
    }
    waiting.held = None;
    match outcome {
        Outcome::Done(completion) => {
            let waiting = model.waiting.remove(number);
            model.done.insert((waiting.event, waiting.plugin.clone()));
            *model.counted.entry((waiting.project.clone(), waiting.plugin.clone())).or_default() += 1;
            for emitted in completion.events {
                model.events += 1;
                model.waiting.push(Waiting {
                    event: emitted.event.id,
                    plugin: "derived".to_owned(),
                    attempts: 0,
                    traps: 0,
                    parked: 0,
                    rerun: false,
                    due: bench.now(),
                    ..waiting.clone()
                });
            }
        }
        Outcome::Retry { due, trapped } => {
            (waiting.due, waiting.attempts, waiting.parked) = (due, waiting.attempts + 1, 0);
            waiting.traps += u32::from(trapped);
        }
        Outcome::Parked { due } => (waiting.due, waiting.parked) = (due, waiting.parked + 1),
        Outcome::Dead => {
            let waiting = model.waiting.remove(number);
            model.dead.push(waiting);
        }
        Outcome::Unconfirmed => {
            let event = waiting.event;
            model.waiting.retain(|waiting| waiting.event != event);
            let (gone, kept) = std::mem::take(&mut model.claimed).into_iter().partition(|claimed| claimed.event.id == event);
            model.claimed = kept;
            model.lost.extend::<Vec<_>>(gone);
            model.seen.retain(|_, seen| *seen != event);
            model.unconfirmed.insert(event);
            model.set_aside += 1;
        }
    }
}

async fn replay(bench: &Bench, model: &mut Model, limit: u32) {
    let wanted = WantedDead { what: Some(DeadKind::Invocation), ..WantedDead::default() };
    let mut expected = Replayed::default();
    let number = model.dead.len().min(limit as usize);
    for dead in model.dead.drain(..number).collect::<Vec<_>>() {
        if model.unconfirmed.contains(&dead.event) {
            expected.settled += 1;
            continue;
        }
        expected.invocations += 1;
        model.waiting.push(Waiting {
            due: bench.now(),
            attempts: 0,
            traps: 0,
            parked: 0,
            rerun: model.done.contains(&(dead.event, dead.plugin.clone())),
            held: None,
            ..dead
        });
    }
    assert_eq!(bench.store().replay(&wanted, limit).await.unwrap(), expected);
}

/// Gives up one that waits, or that is out: its place in the line is free when it comes back, or with the end of its lease.
async fn give_up(bench: &Bench, model: &mut Model, pick: usize) {
    if model.waiting.is_empty() {
        return;
    }
    let given_up = model.waiting.remove(pick % model.waiting.len());
    let unfinished = Unfinished::Invocation { event: given_up.event, plugin: given_up.plugin.parse().unwrap() };
    let expected = GivenUp { invocations: 1, deliveries: 0 };
    assert_eq!(bench.store().give_up(&[unfinished]).await.unwrap(), expected);
    if let Some((lease, _)) = given_up.held {
        let at = model.claimed.iter().position(|claimed| claimed.lease == lease).unwrap();
        let claimed = model.claimed.remove(at);
        assert_eq!(bench.finish(&claimed, Outcome::Dead).await, Finished::LeaseLost);
    }
    model.dead.push(Waiting { held: None, ..given_up });
}

async fn completion(bench: &Bench, claimed: &Claimed, reads_stale: bool, emits: bool) -> Outcome {
    let whose = scope(claimed.event.project.as_str(), claimed.plugin.as_str());
    let last = bench.store().get_state(&whose, "last").await.unwrap().map_or(0, |entry| entry.version);
    let version = if reads_stale { -1 } else { last };
    let task = claimed.event.task.clone().unwrap();
    let events = if emits && claimed.event.depth == 0 { vec![emitting(claimed, &["derived"])] } else { Vec::new() };
    Outcome::Done(Completion {
        reads: vec![StateRead::Key { key: "last".to_owned(), version }],
        changes: vec![StateChange::Increment("n".to_owned(), 1), set("last", &task)],
        effects: vec![saving(&task, "{}")],
        events,
    })
}

async fn take(bench: &mut Bench, model: &mut Model, step: Step) {
    let later = |bench: &Bench, wait| bench.in_seconds(wait);
    match step {
        Step::Accept { project, task, key, again, both } => accept(bench, model, (project, task, key), again, both).await,
        Step::Claim { limit, cap } => claim(bench, model, limit, cap).await,
        Step::Done { pick, reads_stale, emits } => {
            finish(bench, model, pick, async |claimed| completion(bench, claimed, reads_stale, emits).await).await;
        }
        Step::Retry { pick, trapped, wait } => {
            finish(bench, model, pick, async |_| Outcome::Retry { due: later(bench, wait), trapped }).await;
        }
        Step::Parked { pick, wait } => finish(bench, model, pick, async |_| Outcome::Parked { due: later(bench, wait) }).await,
        Step::Dead { pick } => finish(bench, model, pick, async |_| Outcome::Dead).await,
        Step::Unconfirmed { pick } => finish(bench, model, pick, async |_| Outcome::Unconfirmed).await,
        Step::Join { project, task, key, plugin } => join(bench, model, (project, task, key), PLUGINS[plugin]).await,
        Step::Replay { limit } => replay(bench, model, limit).await,
        Step::GiveUp { pick } => give_up(bench, model, pick).await,
        Step::Quarantine { project, plugin } => {
            let whose = scope(PROJECTS[project], PLUGINS[plugin]);
            let (since, reason) = (bench.now(), String::new());
            bench.store().quarantine(&Quarantine { scope: whose, since, component: None, settings: None, reason }).await.unwrap();
            model.quarantined.insert((PROJECTS[project].to_owned(), PLUGINS[plugin].to_owned()));
        }
        Step::Release { project, plugin } => {
            let was_held = model.quarantined.remove(&(PROJECTS[project].to_owned(), PLUGINS[plugin].to_owned()));
            assert_eq!(bench.store().release(&scope(PROJECTS[project], PLUGINS[plugin])).await.unwrap(), was_held);
        }
        Step::Pass { seconds } => bench.pass(seconds),
        Step::Restart { crash } => {
            if crash {
                bench.crash();
            } else {
                bench.restart().await;
            }
            model.claimed.clear();
            model.lost.clear();
            model.waiting.iter_mut().for_each(|waiting| waiting.held = None);
        }
    }
    check(bench, model).await;
}

async fn check(bench: &Bench, model: &Model) {
    let totals = bench.store().totals().await.unwrap();
    assert_eq!(
        (totals.events, totals.waiting, totals.runs, totals.dead, totals.set_aside),
        (model.events, model.waiting.len() as u64, model.runs, model.dead.len() as u64, model.set_aside)
    );
}

/// Whatever waits is handled in the end, and each counted as often as it was done.
async fn drain(bench: &mut Bench, model: &mut Model) {
    for (project, plugin) in std::mem::take(&mut model.quarantined) {
        bench.store().release(&scope(&project, &plugin)).await.unwrap();
    }
    for _ in 0..1_000 {
        if model.waiting.is_empty() {
            break;
        }
        bench.pass(LEASE.as_secs());
        claim(bench, model, 100, 100).await;
        assert!(!model.claimed.is_empty(), "what is left is due by now: {:?}", model.waiting);
        while !model.claimed.is_empty() {
            take(bench, model, Step::Done { pick: 0, reads_stale: false, emits: false }).await;
        }
    }
    for ((project, plugin), times) in &model.counted {
        let entry = bench.store().get_state(&scope(project, plugin), "n").await.unwrap();
        assert_eq!(entry.map(|entry| entry.value), Some(times.to_string()));
    }
}

/// Tries stores that `fresh` opens, each on data of its own, by the seeds that are kept.
pub(in crate::store) fn nothing_is_lost_and_nothing_done_twice(fresh: impl Fn() -> Option<super::Open>) {
    for seed in SEEDS {
        try_steps(&fresh, seed, CASES, 60);
    }
}

/// Tries `cases` stores, each with up to `steps_max` steps, all of which the seed decides about. Gives how many steps were taken.
pub(in crate::store) fn try_steps(fresh: impl Fn() -> Option<super::Open>, seed: u64, cases: u32, steps_max: usize) -> u64 {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let taken = Cell::new(0);
    let tried = runner.run(&prop::collection::vec(step(), 1..steps_max), |steps| {
        taken.set(taken.get() + steps.len() as u64);
        runtime.block_on(async {
            let Some(open) = fresh() else { return };
            let mut bench = Bench::new(open);
            let mut model = Model::default();
            for step in steps {
                take(&mut bench, &mut model, step).await;
            }
            drain(&mut bench, &mut model).await;
        });
        Ok(())
    });
    if let Err(error) = tried {
        panic!("seed {seed}: {error}");
    }
    taken.get()
}
