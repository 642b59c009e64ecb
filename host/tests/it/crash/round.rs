//! One round: a stream of events of an Appen job and of a PYBOSSA project, a host that is killed at moments which the seed
//! decides, and a look at what became of each event.

use std::fmt;

use crowdhook::id::Scope;
use crowdhook::practice::appen::Signal;
use crowdhook::practice::{Pybossa, Seed};
use crowdhook::store::Totals;
use serde_json::json;

use super::sender::Sender;
use crate::harness::folder::{Folder, JOB, SIGNING_TOKEN, VOTE};
use crate::harness::patience::{eventually, until};
use crate::harness::peek;
use crate::harness::process::Process;
use crate::harness::wire;

/// One in so many events is of the PYBOSSA project, the others are of the Appen job.
const PYBOSSA_ONE_IN: usize = 4;
/// One in so many events is posted once more after it was taken.
const REPEATED_ONE_IN: usize = 10;
/// Each task's own event is counted by one plugin, and what `majority-vote` emits of it by another.
const COUNTING: &str = "\
[plugins.came]
component = \"counts\"
on = [\"task.completed\"]
[plugins.told]
component = \"counts\"
on = [\"task.analysed\"]
";

/// What a round does.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Distinct events.
    pub events: usize,
    /// How often the host is killed.
    pub kills: usize,
    /// Decides about everything that is left to chance.
    pub seed: u64,
}

/// What a round found.
#[derive(Debug)]
pub struct Found {
    /// Events that were answered 200 and were gone after a kill, or not handled in the end.
    pub lost: usize,
    /// Events that were handled more than once.
    pub twice: usize,
    events: usize,
    kills: usize,
    failed: usize,
    totals: Totals,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, twice, events, kills, failed, totals } = self;
        write!(f, "{events} events, {kills} kills, {failed} posts without an answer, {} runs: lost {lost}, twice {twice}", totals.runs)
    }
}

/// A sequence of numbers that its seed decides (splitmix64).
pub struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// One round on its way.
pub struct Round {
    folder: Folder,
    server: Pybossa,
    /// Project and task of each event.
    tasks: Vec<(&'static str, i64)>,
    chance: Chance,
}

impl Round {
    /// Runs one round and looks at every event.
    pub async fn run(plan: &Plan) -> Found {
        let (mut round, requests) = Self::prepare(plan).await;
        let order = round.order(plan);
        // The last kill comes when all is taken and much of it still waits.
        let mut moments: Vec<usize> = (1..plan.kills).map(|_| round.chance.below(order.len())).collect();
        moments.sort_unstable();
        moments.push(order.len());

        let mut host = Process::start(&round.folder).await;
        let mut gone = 0;
        let sender = Sender::start(round.folder.listen, requests, order);
        for moment in moments {
            until(&format!("{moment} posts are taken"), async || sender.taken() >= moment).await;
            // So that not each kill comes upon the end of a commit.
            for _ in 0..round.chance.below(2000) {
                std::hint::spin_loop();
            }
            let ledger = sender.ledger();
            host.kill();
            gone += round.gone(&ledger).await;
            host = Process::start(&round.folder).await;
        }
        let failed = sender.finished().await;
        round.drained().await;
        let status = host.stop().await;
        assert!(status.success(), "the host ended with {status}");
        let mut found = round.look(plan, failed).await;
        found.lost += gone;
        found
    }

    /// Events that had been answered 200 when the host was killed, and are not in what it left. Later on a repeat would hide them.
    async fn gone(&self, ledger: &[u32]) -> usize {
        let kept = peek::tasks(self.folder.read_store().as_ref()).await;
        let told = self.tasks.iter().zip(ledger).filter(|(_, times)| **times > 0);
        let gone: Vec<_> = told.filter(|((project, task), _)| !kept.contains(&((*project).to_owned(), task.to_string()))).collect();
        gone.iter()
            .for_each(|((project, task), times)| eprintln!("{project} {task}: answered 200 {times} times, and not there after the kill"));
        gone.len()
    }

    async fn prepare(plan: &Plan) -> (Self, Vec<String>) {
        let server = Pybossa::start(Seed { rate_limit: None, ..Seed::empty() }).await.unwrap();
        let project_id = server.add_project("birds");
        let folder = Folder::new();
        folder.component("majority-vote");
        folder.component("counts");
        folder.pybossa("birds", &server, &format!("{VOTE}\n{COUNTING}"));
        folder.appen("cats", &format!("{VOTE}\n{COUNTING}"));
        let (mut tasks, mut requests) = (Vec::new(), Vec::new());
        for event in 0..plan.events {
            if event % PYBOSSA_ONE_IN == 0 {
                let task = server.add_task("birds", json!({}), 1).unwrap();
                server.answer(task, "ada", json!({"animal": animal(task)})).unwrap();
                let result = server.result_of(task).unwrap()["id"].as_i64().unwrap();
                requests.push(wire::completed(&Folder::hook("birds"), "birds", project_id, task, result));
                tasks.push(("birds", task));
            } else {
                let unit = i64::try_from(event).unwrap() + 1;
                requests.push(wire::signal(&Folder::hook("cats"), &Signal::UnitComplete, &payload(unit), SIGNING_TOKEN));
                tasks.push(("cats", unit));
            }
        }
        (Self { folder, server, tasks, chance: Chance(plan.seed) }, requests)
    }

    /// The places of all events in the order in which they are posted: roughly that in which they happened, with some repeated.
    fn order(&mut self, plan: &Plan) -> Vec<usize> {
        let mut order = Vec::new();
        for place in 0..plan.events {
            order.push(place);
            if self.chance.below(REPEATED_ONE_IN) == 0 {
                order.push(self.chance.below(place + 1));
            }
        }
        order
    }

    /// Waits until nothing waits any more.
    async fn drained(&self) {
        let what = "no invocation and no delivery waits any more";
        let looked = async || {
            let totals = self.folder.read_store().totals().await.unwrap();
            (totals.waiting == 0 && totals.deliveries_waiting == 0).then_some(())
        };
        eventually(what, looked).await;
    }

    /// What became of each event.
    async fn look(&self, plan: &Plan, failed: usize) -> Found {
        let store = self.folder.read_store();
        let totals = store.totals().await.unwrap();
        let (mut lost, mut twice) = (0, 0);
        for (project, task) in &self.tasks {
            let counted = async |plugin: &str| {
                let scope = Scope { project: project.parse().unwrap(), plugin: plugin.parse().unwrap() };
                let entry = store.get_state(&scope, &format!("task/{task}")).await.unwrap();
                entry.map_or(0, |entry| entry.value.parse::<u32>().unwrap())
            };
            let kept = store.task_result(&project.parse().unwrap(), &task.to_string()).await.unwrap();
            let times = [counted("came").await, counted("told").await, kept.as_ref().map_or(0, |kept| kept.revision)];
            let written = *project != "birds" || self.server.result_of(*task).unwrap()["info"]["answer"] == animal(*task);
            let is_lost = times.contains(&0) || !written;
            let is_twice = times.iter().any(|times| *times > 1);
            if is_lost || is_twice {
                eprintln!("{project} {task}: came, told and voted on {times:?} times, written: {written}");
            }
            lost += usize::from(is_lost);
            twice += usize::from(is_twice);
        }
        assert_eq!(totals.events, 2 * plan.events as u64, "each event and its analysis are stored once: {totals:?}");
        assert_eq!((totals.dead, totals.deliveries_dead, totals.set_aside), (0, 0, 0), "{totals:?}");
        Found { lost, twice, events: plan.events, kills: plan.kills, failed, totals }
    }
}

/// What the crowd says of a task.
fn animal(task: i64) -> &'static str {
    if task % 2 == 0 { "cat" } else { "dog" }
}

fn payload(unit: i64) -> String {
    let judgment = json!({"id": unit, "unit_id": unit, "job_id": JOB, "worker_id": 1, "data": {"animal": animal(unit)}});
    let payload = json!({
        "id": unit, "job_id": JOB, "state": "finalized", "judgments_count": 1, "updated_at": "2026-11-21T10:00:00+00:00",
        "data": {}, "results": {"judgments": [judgment]},
    });
    payload.to_string()
}
