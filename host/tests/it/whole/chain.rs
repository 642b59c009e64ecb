//! Everything that may follow from a vote, through the bundled plugins: what volunteers and others get to see of it, and the pages of
//! badges.

use std::process::Command;

use crowdhook::practice::{Mastodon, Pybossa, Seed};
use crowdhook::store::WantedBadges;
use serde_json::{Value, json};

use crate::harness::folder::{Folder, VOTE};
use crate::harness::running::Running;
use crate::harness::wire;
use crate::harness::{self, part};

const TOKEN: &str = "token-of-the-posts-0123456789";
const PLUGINS: &str = r#"
[connections.posts]
url = "{posts}"
auth = { kind = "bearer", token = { file = "../secrets/posts-token" } }

[connections.mail]
kind = "smtp"
folder = "../mail"
from = "birds@example.org"

[folders]
results = "../results"

[badges]
public = true
issuer = "Garden <birds>"
url = "https://birds.example.org"
email = "birds@example.org"

[plugins.tell]
component = "tweet"
allow = ["http.send"]
connections = ["posts"]
settings = { service = "mastodon", connection = "posts", when = "agreement >= 0.6", text = "{{ answer }} in task {{ task.id }}" }

[plugins.mail]
component = "email"
allow = ["email"]
settings = { to = ["ann@example.org"], when = "not decided", attach = "csv" }

[plugins.thanks]
component = "badges"
allow = ["badges"]
settings = { badges = [{ id = "first", title = "First \"right\" one", description = "Your first.", kind = "right-answers", at = 1, take_back = true }] }

[plugins.more]
component = "spawn-task"
allow = ["tasks"]
settings = { more_answers = { when = "not decided", add = 2, cap = 9 } }

[plugins.table]
component = "results-file"
allow = ["files"]
folders = ["results"]
settings = { folder = "results", mode = "append", columns = { bird = "answer" } }
"#;

struct Stage {
    host: Running,
    server: Pybossa,
    posts: Mastodon,
    project: i64,
}

impl Stage {
    async fn new() -> Self {
        let server = Pybossa::start(Seed::empty()).await.unwrap();
        let posts = Mastodon::start(TOKEN).await.unwrap();
        let project = server.add_project("birds");
        let folder = Folder::new();
        folder.secret("posts-token", TOKEN);
        for subfolder in ["mail", "results"] {
            std::fs::create_dir(folder.path(subfolder)).unwrap();
        }
        for component in ["majority-vote", "tweet", "email", "badges", "spawn-task", "results-file"] {
            folder.component(component);
        }
        folder.pybossa("birds", &server, &format!("{VOTE}\n{}", PLUGINS.replace("{posts}", &posts.url())));
        let host = Running::start(folder).await;
        let status = &host.registry.now().status;
        assert!(status.projects.iter().all(|load| load.last_error.is_none() && load.warnings.is_empty()), "{status:?}");
        Self { host, server, posts, project }
    }

    /// Has a task answered by `ann`, `ben` …, tells the host, and waits until everything has left.
    async fn completed(&self, answers: &[&str]) -> i64 {
        let task = self.server.add_task("birds", json!({}), u32::try_from(answers.len()).unwrap()).unwrap();
        for (worker, answer) in ["ann", "ben", "cem"].iter().zip(answers) {
            self.server.answer(task, worker, json!({"animal": answer})).unwrap();
        }
        self.tell(task, "").await;
        task
    }

    async fn tell(&self, task: i64, query: &str) {
        let result = self.server.result_of(task).unwrap()["id"].as_i64().unwrap();
        let hook = format!("{}{query}", Folder::hook("birds"));
        self.host.post(wire::completed(&hook, "birds", self.project, task, result)).await;
        let totals = self.host.drained().await;
        assert_eq!((totals.dead, totals.deliveries_dead), (0, 0), "{:?}", self.host.dead_letters().await);
    }

    fn files(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.host.folder.path(folder)).unwrap();
        entries.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let reply = self.host.ask(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).await;
        (reply.status, reply.body)
    }

    /// The JSON at an address that another one names.
    async fn follow(&self, address: &Value) -> (u16, Value) {
        let path = address.as_str().unwrap().strip_prefix(&format!("http://{}", self.host.folder.listen)).unwrap().to_owned();
        let (status, body) = self.get(&path).await;
        (status, serde_json::from_str(&body).unwrap())
    }
}

/// The standard's own validator finds nothing wrong with the assertion and all that it refers to.
async fn check_by_validator(assertion: &str) {
    let Some(python) = part::python("openbadges_bakery") else { return };
    let script = harness::crate_folder().join("tests/python/open_badges.py");
    let mut command = Command::new(python);
    command.arg(script).arg(assertion);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!((&report["valid"], &report["messages"]), (&json!(true), &json!([])), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decided_task_is_told_and_thanked_for_once_and_a_rerun_repeats_nothing() {
    let stage = Stage::new().await;
    let task = stage.completed(&["robin", "robin", "wren"]).await;
    stage.tell(task, "?rerun=True").await;
    let statuses = stage.posts.statuses();
    assert_eq!(statuses.iter().map(|status| status.text.as_str()).collect::<Vec<_>>(), [format!("robin in task {task}")]);
    assert_eq!(statuses[0].requests, 1);
    let badges = stage.host.store.badges(&"birds".parse().unwrap(), WantedBadges::first(10)).await.unwrap();
    assert_eq!(badges.len(), 2, "ann and ben said robin");
    let listed = stage.host.admin("/v1/projects/birds/badges?limit=1").await;
    assert_eq!((listed["badges"].as_array().unwrap().len(), &listed["badges"][0]["badge"]["id"]), (1, &json!("first")));
    let analysed = stage.host.events().await.into_iter().find(|kept| kept.event.kind.as_str() == "task.analysed").unwrap();
    let shown = stage.host.admin(&format!("/v1/events/{}", analysed.event.id)).await;
    let sent: Vec<_> =
        shown["deliveries"].as_array().unwrap().iter().map(|one| (&one["effect"], &one["standing"], &one["connection"])).collect();
    let post = (&json!("send-request"), &json!("delivered"), &json!("posts"));
    let line = (&json!("append-file"), &json!("delivered"), &json!("folder:results"));
    assert!(sent.len() == 2 && sent.contains(&post) && sent.contains(&line), "{shown}");
    assert!(stage.files("mail").is_empty());
    assert_eq!(stage.files("results"), [format!("task,revision,bird\r\n{task},1,robin\r\n")]);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undecided_task_is_mailed_about_and_gets_more_answers_and_the_new_analysis_is_followed() {
    let stage = Stage::new().await;
    let task = stage.completed(&["robin", "wren"]).await;
    assert_eq!(stage.server.task(task).unwrap()["n_answers"], json!(4));
    let mails = stage.files("mail");
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("ann@example.org") && mails[0].contains("text/csv"), "{}", mails[0]);
    assert!(stage.posts.statuses().is_empty());
    // Two more answer, and the task is completed again.
    for worker in ["cem", "dan"] {
        stage.server.answer(task, worker, json!({"animal": "robin"})).unwrap();
    }
    stage.tell(task, "").await;
    assert_eq!(stage.posts.statuses().len(), 1);
    let badges = stage.host.store.badges(&"birds".parse().unwrap(), WantedBadges::first(10)).await.unwrap();
    assert_eq!(badges.len(), 3, "ann, cem and dan were right after all");
    assert_eq!(stage.files("mail").len(), 1);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn badges_are_pages_and_open_badges_for_everybody() {
    let stage = Stage::new().await;
    stage.completed(&["robin", "robin", "wren"]).await;
    let (status, page) = stage.get("/badges/birds").await;
    assert_eq!(status, 200);
    assert!(
        page.contains("Garden &lt;birds&gt;") && page.contains("First &quot;right&quot; one") && page.contains("awarded twice"),
        "{page}"
    );
    let kept = stage.host.store.badges(&"birds".parse().unwrap(), WantedBadges::first(1)).await.unwrap().remove(0);
    let base = format!("http://{}/badges/birds", stage.host.folder.listen);
    let (status, assertion) = stage.follow(&json!(format!("{base}/assertions/{}", kept.id))).await;
    assert_eq!((status, &assertion["type"], &assertion["@context"]), (200, &json!("Assertion"), &json!("https://w3id.org/openbadges/v2")));
    assert_eq!(assertion["recipient"]["hashed"], true);
    assert!(!assertion.to_string().contains(&format!("\"{}\"", kept.worker)), "whose it is cannot be read off: {assertion}");
    let (status, class) = stage.follow(&assertion["badge"]).await;
    assert_eq!((status, &class["type"], &class["name"]), (200, &json!("BadgeClass"), &json!("First \"right\" one")));
    let (status, issuer) = stage.follow(&class["issuer"]).await;
    assert_eq!((status, &issuer["name"], &issuer["email"]), (200, &json!("Garden <birds>"), &json!("birds@example.org")));
    let image = class["image"].as_str().unwrap().strip_prefix(&format!("http://{}", stage.host.folder.listen)).unwrap();
    let (status, image) = stage.get(image).await;
    assert!(status == 200 && image.starts_with("<svg"), "{image}");
    check_by_validator(&format!("{base}/assertions/{}", kept.id)).await;
    for nothing in ["/badges/bees", "/badges/birds/classes/second", "/badges/birds/assertions/1", "/badges/birds/images/second.svg"] {
        assert_eq!(stage.get(nothing).await.0, 404, "{nothing}");
    }
    stage.host.stop().await;
}
