//! The long way: a vote, and everything that follows from it (a post, a mail, a badge, a new task), while the host is killed somewhere
//! on it, once for each task.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crowdhook::practice::{Mastodon, Pybossa, Seed};
use crowdhook::store::{WantedBadges, WantedDead};
use serde_json::json;

use crate::harness::chance::Chance;
use crate::harness::folder::{Folder, VOTE};
use crate::harness::patience::eventually;
use crate::harness::process::Process;
use crate::harness::wire;

const TOKEN: &str = "token-of-the-posts-0123456789";
/// The whole way takes about so long on a machine that has nothing else to do.
const WAY: Duration = Duration::from_millis(250);
/// Everything that follows from a vote; `{posts}` is where posts go.
const CHAIN: &str = r#"
[connections.posts]
url = "{posts}"
auth = { kind = "bearer", token = { file = "../secrets/posts-token" } }

[connections.mail]
kind = "smtp"
folder = "../mail"
from = "birds@example.org"

[plugins.tell]
component = "tweet"
allow = ["http.send"]
connections = ["posts"]
settings = { service = "mastodon", connection = "posts", text = "task {{ task.id }}: {{ answer }}" }

[plugins.mail]
component = "email"
allow = ["email"]
settings = { to = ["ann@example.org"], subject = "task {{ task.id }}", attach = "json" }

[plugins.thanks]
component = "badges"
allow = ["badges"]
settings = { badges = [{ id = "first", title = "First", description = "Your first.", kind = "right-answers", at = 1 }] }

[plugins.next]
component = "spawn-task"
allow = ["tasks"]
projects = ["experts"]
settings = { spawn = { when = "decided", project = "experts", info = { of = "{{ task.id }}" } } }
"#;

/// What all rounds together found.
#[derive(Debug, Default)]
pub struct Found {
    rounds: usize,
    /// Effects that did not happen.
    pub missing: usize,
    /// Effects that happened more than once.
    pub twice: usize,
    /// Requests that repeated one before them under its key.
    repeated: u32,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, missing, twice, repeated } = self;
        write!(
            f,
            "{rounds} rounds with a kill each: effects missing {missing}, done twice {twice}; posts repeated under their key {repeated}"
        )
    }
}

/// The platforms, and the host's folder.
struct Stage {
    folder: Folder,
    server: Pybossa,
    posts: Mastodon,
    project: i64,
}

impl Stage {
    async fn prepare() -> Self {
        let server = Pybossa::start(Seed { rate_limit: None, ..Seed::empty() }).await.unwrap();
        let posts = Mastodon::start(TOKEN).await.unwrap();
        let project = server.add_project("birds");
        server.add_project("experts");
        let folder = Folder::new();
        folder.secret("posts-token", TOKEN);
        std::fs::create_dir(folder.path("mail")).unwrap();
        for component in ["majority-vote", "tweet", "email", "badges", "spawn-task"] {
            folder.component(component);
        }
        folder.pybossa("birds", &server, &format!("{VOTE}\n{}", CHAIN.replace("{posts}", &posts.url())));
        folder.pybossa("experts", &server, "");
        Self { folder, server, posts, project }
    }

    /// A completed task, and the post that tells of it.
    fn completed(&self, worker: &str) -> (i64, String) {
        let task = self.server.add_task("birds", json!({}), 1).unwrap();
        self.server.answer(task, worker, json!({"animal": "cat"})).unwrap();
        let result = self.server.result_of(task).unwrap()["id"].as_i64().unwrap();
        (task, wire::completed(&Folder::hook("birds"), "birds", self.project, task, result))
    }

    async fn drained(&self) {
        eventually("nothing waits any more", async || {
            let totals = self.folder.read_store().totals().await.unwrap();
            (totals.waiting == 0 && totals.deliveries_waiting == 0).then_some(())
        })
        .await;
    }

    async fn look(&self, tasks: &[(i64, String)]) -> Found {
        let store = self.folder.read_store();
        let totals = store.totals().await.unwrap();
        assert_eq!((totals.dead, totals.deliveries_dead), (0, 0), "{:?}", store.dead_letters(&WantedDead::default(), 10).await.unwrap());
        let mut found = Found { rounds: tasks.len(), ..Found::default() };
        let statuses = self.posts.statuses();
        let spawned = self.server.tasks("experts");
        let mails: Vec<String> = std::fs::read_dir(self.folder.path("mail"))
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        let badges = store.badges(&"birds".parse().unwrap(), WantedBadges::first(10_000)).await.unwrap();
        for (task, _) in tasks {
            let id = task.to_string();
            let (text, subject) = (format!("task {task}: cat"), format!("Subject: task {task}\r\n"));
            let times = [
                statuses.iter().filter(|status| status.text == text).count(),
                mails.iter().filter(|mail| mail.contains(&subject)).count(),
                spawned.iter().filter(|row| row["info"]["of"] == id.as_str()).count(),
                usize::from(self.server.result_of(*task).unwrap()["info"]["answer"] == "cat"),
            ];
            if times != [1; 4] {
                eprintln!("task {task}: posted, mailed, spawned and written {times:?} times");
            }
            found.missing += times.iter().filter(|times| **times == 0).count();
            found.twice += times.iter().filter(|times| **times > 1).count();
        }
        let winners: BTreeSet<&str> = badges.iter().map(|kept| kept.worker.as_str()).collect();
        assert_eq!((winners.len(), badges.len()), (tasks.len(), tasks.len()), "each worker was right once");
        for status in &statuses {
            assert!(status.idempotency_key.is_some() && status.requests <= 2, "at most one attempt more, under the same key: {status:?}");
            found.repeated += status.requests - 1;
        }
        found
    }
}

/// Lets the host go the whole way once for each round, and kills it somewhere on it.
pub async fn run(rounds: usize, seed: u64) -> Found {
    let stage = Stage::prepare().await;
    let mut chance = Chance(seed);
    let mut tasks = Vec::new();
    let mut host = Process::start(&stage.folder).await;
    for round in 0..rounds {
        let (task, request) = stage.completed(&format!("worker-{round}"));
        assert_eq!(wire::send(stage.folder.listen, &request).await.unwrap().status, 200);
        tasks.push((task, request));
        let micros = chance.below(usize::try_from(WAY.as_micros()).unwrap());
        tokio::time::sleep(Duration::from_micros(micros.try_into().unwrap())).await;
        host.kill();
        host = Process::start(&stage.folder).await;
        stage.drained().await;
    }
    let status = host.stop().await;
    assert!(status.success(), "the host ended with {status}");
    stage.look(&tasks).await
}
