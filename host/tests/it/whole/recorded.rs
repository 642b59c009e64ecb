//! The posts that were recorded from a real PYBOSSA, byte for byte but for the path, in the order in which an owner meets them.

use std::collections::BTreeMap;

use crowdhook::event::Origin;
use crowdhook::practice::seed::{SeedProject, SeedTask};
use crowdhook::practice::{Pybossa, Seed};
use serde_json::{Value, json};

use super::result_on;
use crate::harness::crate_folder;
use crate::harness::folder::{Folder, VOTE};
use crate::harness::running::Running;
use crate::harness::wire::Reply;

/// The projects that the recordings speak of, by their ids, and the name that each has in Crowdhook.
const PROJECTS: &[(usize, &str, &str)] = &[
    (1, "p1795289364365", "first"),
    (4, "kempty200", "empty"),
    (8, "kredirect302", "found"),
    (9, "kredirect307", "moved"),
    (18, "klate", "late"),
];

/// A practice PYBOSSA with the ids of the recordings: 18 projects, 21 tasks, and 19 results, the last of which is of task 21.
async fn server() -> Pybossa {
    let project = |id: usize| {
        let short_name = PROJECTS.iter().find(|(of, ..)| *of == id).map_or_else(|| format!("other{id}"), |(_, name, _)| (*name).to_owned());
        let tasks = if matches!(id, 1 | 10 | 11) { 2 } else { 1 };
        let answers = ["red", "blue", "red"].map(|animal| json!({"animal": animal})).to_vec();
        SeedProject { tasks: vec![SeedTask::answered(json!({}), answers); tasks], ..SeedProject::new(&short_name) }
    };
    let mut seed = Seed { projects: (1..=18).map(project).collect(), ..Seed::empty() };
    seed.projects.push(SeedProject::new("mallory"));
    let server = Pybossa::start(seed).await.unwrap();
    for task in (1..=18).chain([21]) {
        for worker in ["ada", "ben", "cleo"] {
            server.answer(task, worker, json!({"animal": if worker == "ben" { "blue" } else { "red" }})).unwrap();
        }
    }
    assert_eq!(server.result_of(21).unwrap()["id"], 19);
    server
}

/// The recorded requests by the number in front of their file names.
fn recordings() -> BTreeMap<String, String> {
    let folder = crate_folder().join("tests/recordings/pybossa/webhook");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let number = if name.as_bytes()[3].is_ascii_lowercase() && name.as_bytes()[4] == b'-' { &name[..4] } else { &name[..2] };
            (number.to_owned(), std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// A host whose hooks get the recorded posts.
struct Hooks {
    server: Pybossa,
    host: Running,
    recordings: BTreeMap<String, String>,
}

impl Hooks {
    async fn open() -> Self {
        let server = server().await;
        let folder = Folder::new();
        folder.component("majority-vote");
        let others = [(0, "mallory", "mallory")];
        for (_, short_name, name) in PROJECTS.iter().chain(&others) {
            folder.pybossa_of(name, short_name, &server, VOTE);
        }
        Self { server, host: Running::start(folder).await, recordings: recordings() }
    }

    /// Sends a recording to the hook of `project`.
    async fn send(&self, number: &str, project: &str) -> Reply {
        let recorded = &self.recordings[number];
        let (line, rest) = recorded.split_once("\r\n").unwrap();
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let query = target.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
        self.host.ask(format!("{method} {}{query} HTTP/1.1\r\n{rest}", Folder::hook(project))).await
    }

    /// Sends a recording and says what was answered, and how many events there are and how many runs there were once all is done.
    async fn sent(&self, number: &str, project: &str) -> (u16, String, u64, u64) {
        let reply = self.send(number, project).await;
        let totals = self.host.drained().await;
        (reply.status, reply.body, totals.events, totals.runs)
    }
}

fn ok(events: u64, runs: u64) -> (u16, String, u64, u64) {
    (200, "OK".to_owned(), events, runs)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recorded_post_has_its_documented_outcome() {
    let hooks = Hooks::open().await;
    let result = async |task: i64| result_on(&hooks.server, task).await;

    // What PYBOSSA asks before it lets the URL be saved.
    let asked = hooks.send("01", "first").await;
    assert_eq!(asked.status, 200);
    assert!(!asked.body.trim().is_empty(), "an empty body would crash PYBOSSA's job");
    // The event: it runs, and its analysis is a second event.
    assert_eq!(hooks.sent("02", "first").await, ok(2, 1));
    assert_eq!(result(1).await["answer"], "red");
    // The same bytes once more, as `check_failed` sends them: no second run.
    assert_eq!(hooks.sent("02", "first").await, ok(2, 1));
    // A re-run, with its keys in another order: runs again, and has nothing new to tell.
    assert_eq!(hooks.sent("03", "first").await, ok(2, 2));
    // A re-run of an event whose first post never came.
    assert_eq!(hooks.sent("04", "first").await, ok(4, 3));
    assert_eq!(result(2).await["answer"], "red");
    // A row made by `create_webhooks`, whose `fired_at` is null.
    assert_eq!(hooks.sent("05", "late").await, ok(6, 4));
    assert_eq!(result(21).await["answer"], "red");
    // Sent again without `rerun` after a crash: here it is the first to come.
    assert_eq!(hooks.sent("06", "empty").await, ok(8, 5));
    // What redirects were answered to, and what followed them.
    assert_eq!(hooks.sent("07-a", "found").await, ok(10, 6));
    assert_eq!(hooks.send("07-b", "found").await.status, 200);
    assert_eq!(hooks.sent("08-a", "moved").await, ok(12, 7));
    assert_eq!(hooks.sent("08-b", "moved").await, ok(12, 7));
    // A row of another project, sent here by somebody who may: refused, in words, and nothing is kept.
    let (status, body, events, runs) = hooks.sent("09", "mallory").await;
    assert_eq!((status, events, runs), (403, 12, 7), "{body}");
    assert_eq!(body, "The payload is about another project than this hook.");

    let events = hooks.host.events().await;
    let rerun: Vec<_> = events[0].runs.iter().map(|(_, run)| run.outcome.as_str()).collect();
    assert_eq!(rerun, ["ok", "ok"]);
    assert_eq!((events[0].event.kind.as_str(), events[1].event.kind.as_str()), ("task.completed", "task.analysed"));
    assert_eq!(events[0].event.origin, Origin::Live);
    // Without a time of its own the event has the time at which it came.
    let late = events.iter().find(|kept| kept.event.project.as_str() == "late").unwrap();
    assert_eq!(late.event.occurred_at, late.event.received_at);
    let dated = serde_json::to_value(&events[0].event).unwrap();
    assert_eq!(dated["occurred_at"], "2026-11-21T19:29:25Z", "{dated}");
    let payload: Value = serde_json::from_str(&events[0].event.payload).unwrap();
    assert_eq!((&payload["task_id"], &payload["result_id"]), (&json!(1), &json!(1)), "{payload}");
    assert_eq!(hooks.host.totals().await.dead, 0);
    hooks.host.stop().await;
}

/// The names of all recordings, so that none is left out.
#[test]
fn every_recording_is_sent() {
    let numbers: Vec<_> = recordings().into_keys().collect();
    assert_eq!(numbers, ["01", "02", "03", "04", "05", "06", "07-a", "07-b", "08-a", "08-b", "09"]);
}
