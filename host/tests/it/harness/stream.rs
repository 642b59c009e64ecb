//! A stream of events of an Appen job and of a PYBOSSA project, whose handling can be counted: each is voted on, counted once by a
//! plugin's state, and what the vote emits is counted by another plugin.

use crowdhook::id::Scope;
use crowdhook::practice::appen::Signal;
use crowdhook::practice::{Pybossa, Seed};
use crowdhook::store::{Store, Totals};
use serde_json::json;

use super::chance::Chance;
use super::folder::{Folder, JOB, SIGNING_TOKEN, VOTE};
use super::{peek, wire};

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

/// The events.
pub struct Stream {
    server: Pybossa,
    /// Project and task of each event.
    tasks: Vec<(&'static str, i64)>,
    /// The post that tells of each.
    pub requests: Vec<String>,
}

/// What became of them.
#[derive(Debug)]
pub struct Handled {
    /// Events that were not handled wholly.
    pub lost: usize,
    /// Events that were handled more than once.
    pub twice: usize,
    pub totals: Totals,
}

impl Stream {
    /// So many events, and a practice PYBOSSA that knows of its own.
    pub async fn prepare(events: usize) -> Self {
        let server = Pybossa::start(Seed { rate_limit: None, ..Seed::empty() }).await.unwrap();
        let project_id = server.add_project("birds");
        let (mut tasks, mut requests) = (Vec::new(), Vec::new());
        for event in 0..events {
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
        Self { server, tasks, requests }
    }

    /// Puts both projects and what runs for them into a folder.
    pub fn set_up(&self, folder: &Folder) {
        folder.component("majority-vote");
        folder.component("counts");
        folder.pybossa("birds", &self.server, &format!("{VOTE}\n{COUNTING}"));
        folder.appen("cats", &format!("{VOTE}\n{COUNTING}"));
    }

    /// The places of all events in the order in which they are posted: roughly that in which they happened, with some repeated.
    pub fn order(&self, chance: &mut Chance) -> Vec<usize> {
        let mut order = Vec::new();
        for place in 0..self.tasks.len() {
            order.push(place);
            if chance.below(REPEATED_ONE_IN) == 0 {
                order.push(chance.below(place + 1));
            }
        }
        order
    }

    /// How many events had been answered 200, by how often each was, and are not in the store. Later on a repeat would hide them.
    pub async fn gone(&self, store: &dyn Store, ledger: &[u32]) -> usize {
        let kept = peek::tasks(store).await;
        let told = self.tasks.iter().zip(ledger).filter(|(_, times)| **times > 0);
        let gone: Vec<_> = told.filter(|((project, task), _)| !kept.contains(&((*project).to_owned(), task.to_string()))).collect();
        for ((project, task), times) in &gone {
            eprintln!("{project} {task}: answered 200 {times} times, and not there afterwards");
        }
        gone.len()
    }

    /// What became of each event, once nothing waits any more.
    pub async fn look(&self, store: &dyn Store) -> Handled {
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
        assert_eq!(totals.events, 2 * self.tasks.len() as u64, "each event and its analysis are stored once: {totals:?}");
        assert_eq!((totals.dead, totals.deliveries_dead, totals.set_aside), (0, 0, 0), "{totals:?}");
        Handled { lost, twice, totals }
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
