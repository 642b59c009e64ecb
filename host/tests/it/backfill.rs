//! Completed tasks from before the host could hear of them, by pages.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use crowdhook::event::Origin;
use crowdhook::practice::pybossa::{Endpoint, RateLimit};
use crowdhook::practice::{Fault, Mastodon, Pybossa, Seed};
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use crate::harness::folder::{Folder, VOTE};
use crate::harness::patience::until;
use crate::harness::process;
use crate::harness::running::Running;
use crate::harness::wire;

const PATH: &str = "/v1/projects/birds/backfill";
const COUNTS: &str = "[plugins.counts]\n";

/// A practice PYBOSSA with the project `birds` and no webhook, and a host.
struct Stage {
    server: Pybossa,
    host: Running,
}

impl Stage {
    async fn counting() -> Self {
        Self::new(&["counts"], COUNTS).await
    }

    async fn new(components: &[&str], plugins: &str) -> Self {
        let server = Pybossa::start(Seed::empty()).await.unwrap();
        server.add_project("birds");
        let folder = Folder::new();
        for component in components {
            folder.component(component);
        }
        folder.pybossa("birds", &server, plugins);
        Self { server, host: Running::start(folder).await }
    }

    /// A task that these answers complete.
    fn completed(&self, animals: &[&str]) -> i64 {
        let task = self.server.add_task("birds", json!({}), u32::try_from(animals.len()).unwrap()).unwrap();
        for (number, animal) in animals.iter().enumerate() {
            self.server.answer(task, &format!("worker{number}"), json!({"animal": animal})).unwrap();
        }
        task
    }

    /// One page.
    async fn page(&self, wanted: Value) -> Value {
        let (status, report) = self.host.act(PATH, &wanted).await;
        assert_eq!(status, 200, "{report}");
        report
    }

    /// Pages up to the last one.
    async fn pages(&self, wanted: Value) -> Vec<Value> {
        let mut pages = vec![self.page(wanted.clone()).await];
        while pages.last().unwrap()["done"] == false {
            pages.push(self.page(wanted.clone()).await);
        }
        pages
    }

    /// What stands in the result of a task from now on.
    async fn write_result(&self, task: i64, info: &Value) {
        let result = &self.server.result_of(task).unwrap()["id"];
        let (key, body) = (self.server.owner_key(), json!({ "info": info }).to_string());
        let length = body.len();
        let request = format!("PUT /api/result/{result}?api_key={key} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}");
        assert_eq!(wire::send(self.server.address(), request).await.unwrap().status, 200);
    }

    async fn count(&self, plugin: &str, task: i64) -> Option<String> {
        self.host.state("birds", plugin, &format!("task/{task}")).await
    }

    fn task_calls(&self) -> u64 {
        self.server.calls().of("GET", Endpoint::Task)
    }
}

fn sum(pages: &[Value], field: &str) -> u64 {
    pages.iter().map(|page| page[field].as_u64().unwrap()).sum()
}

/// Task and reason of what was left out.
fn skipped(report: &Value) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    report["skipped"].as_array().unwrap().iter().map(|one| (text(&one["task"]), text(&one["reason"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_goes_on_without_a_repeat_or_a_gap() {
    let mut stage = Stage::counting().await;
    let tasks: Vec<i64> = (0..250).map(|_| stage.completed(&["owl"])).collect();
    let wanted = json!({ "rows": 40 });
    let mut pages = Vec::new();
    for _ in 0..3 {
        pages.push(stage.page(wanted.clone()).await);
    }
    assert_eq!((&pages[0]["resumed"], &pages[1]["resumed"]), (&json!(false), &json!(true)));
    assert_eq!(pages[2]["progress"], json!({ "first": tasks[0], "at": tasks[119], "last": tasks[249] }));
    let folder = stage.host.stop().await;
    stage.host = Running::start(folder).await;
    pages.extend(stage.pages(wanted).await);

    assert_eq!(pages.len(), 7);
    assert_eq!((sum(&pages, "found"), sum(&pages, "made"), sum(&pages, "known")), (250, 250, 0));
    let totals = stage.host.drained().await;
    assert_eq!((totals.events, totals.runs, totals.dead), (250, 250, 0));
    let events = stage.host.events().await;
    assert!(events.iter().all(|kept| kept.event.origin == Origin::Backfill && kept.event.emitted_by.is_none()));
    for task in &tasks {
        assert_eq!(stage.count("counts", *task).await.as_deref(), Some("1"), "task {task}");
    }
    // Each page is the snapshot of its tasks; one call more says where the end is.
    assert_eq!((stage.task_calls(), stage.server.calls().of("GET", Endpoint::TaskRun)), (8, 0));

    let again = stage.pages(json!({})).await;
    assert_eq!((sum(&again, "found"), sum(&again, "made"), sum(&again, "known")), (250, 0, 250));
    assert_eq!(again[0]["resumed"], false, "what was done to its end begins anew");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_it_is_noted_how_far_one_came_costs_a_page_and_nothing_else() {
    let stage = Stage::counting().await;
    let tasks: Vec<i64> = (0..6).map(|_| stage.completed(&["owl"])).collect();
    let birds = "birds".parse().unwrap();
    let wanted = json!({ "rows": 2 });
    let noted = async || stage.host.store.mark(&birds, "backfill").await.unwrap();
    stage.page(wanted.clone()).await;
    let before = noted().await;
    stage.page(wanted.clone()).await;
    assert_ne!(noted().await, before);
    stage.host.store.set_mark(&birds, "backfill", before.as_deref()).await.unwrap();
    let pages = stage.pages(wanted).await;
    assert_eq!((sum(&pages, "made"), sum(&pages, "known")), (2, 2));
    stage.host.drained().await;
    for task in tasks {
        assert_eq!(stage.count("counts", task).await.as_deref(), Some("1"), "task {task}");
    }
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_be_and_keeps_nothing() {
    let stage = Stage::counting().await;
    for _ in 0..5 {
        stage.completed(&["owl"]);
    }
    let first = stage.page(json!({ "dry_run": true, "rows": 3 })).await;
    assert_eq!((&first["made"], &first["done"]), (&json!(3), &json!(false)), "{first}");
    let second = stage.page(json!({ "dry_run": true, "rows": 3, "progress": first["progress"] })).await;
    assert_eq!((&second["made"], &second["done"]), (&json!(2), &json!(true)), "{second}");
    assert_eq!(stage.host.totals().await.events, 0);
    assert_eq!(stage.host.store.mark(&"birds".parse().unwrap(), "backfill").await.unwrap(), None);
    assert_eq!(stage.page(json!({})).await["made"], 5);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_is_said_with_its_reason() {
    let stage = Stage::counting().await;
    let plain = stage.completed(&["owl"]);
    let with_info = stage.completed(&["owl"]);
    stage.write_result(with_info, &json!({"answer": "jay"})).await;
    let known = stage.completed(&["owl"]);
    let result = stage.server.result_of(known).unwrap()["id"].as_i64().unwrap();
    stage.host.post(wire::completed(&Folder::hook("birds"), "birds", 1, known, result)).await;
    let without_result = stage.server.add_task("birds", json!({}), 5).unwrap();
    stage.server.answer(without_result, "ann", json!({})).unwrap();
    stage.server.lower_redundancy("birds", 1).unwrap();
    let open = stage.server.add_task("birds", json!({}), 5).unwrap();

    let left_out = |tasks: &[(i64, &str)]| tasks.iter().map(|(task, reason)| (task.to_string(), (*reason).to_owned())).collect();
    let report = stage.page(json!({ "dry_run": true })).await;
    assert_eq!((&report["made"], &report["known"]), (&json!(1), &json!(1)), "{report}");
    let both: BTreeSet<_> = left_out(&[(with_info, "has-info"), (without_result, "no-result")]);
    assert_eq!(skipped(&report), both);

    let report = stage.page(json!({ "overwrite": true })).await;
    assert_eq!((&report["made"], &report["known"], &report["found"]), (&json!(2), &json!(1), &json!(4)), "{report}");
    assert_eq!(skipped(&report), left_out(&[(without_result, "no-result")]));
    stage.host.drained().await;
    for (task, count) in [(plain, Some("1")), (with_info, Some("1")), (known, Some("1")), (without_result, None), (open, None)] {
        assert_eq!(stage.count("counts", task).await.as_deref(), count, "task {task}");
    }
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_was_added_later_alone_handles_what_others_have_handled() {
    let stage = Stage::counting().await;
    let tasks: Vec<i64> = (0..3).map(|_| stage.completed(&["owl"])).collect();
    assert_eq!(stage.page(json!({})).await["made"], 3);
    let unknown = stage.completed(&["owl"]);
    stage.host.drained().await;
    let (status, refused) = stage.host.act(PATH, &json!({ "plugin": "later" })).await;
    assert_eq!((status, refused["error"].as_str().unwrap()), (404, "project `birds` has no plugin `later`: its plugins are counts"));

    let folder = stage.host.stop().await;
    folder.pybossa("birds", &stage.server, &format!("{COUNTS}[plugins.later]\ncomponent = \"counts\"\n"));
    let stage = Stage { host: Running::start(folder).await, ..stage };
    let calls = stage.task_calls();
    for (dry_run, made, had) in [(true, 3, 0), (false, 3, 0), (false, 0, 3), (true, 0, 3)] {
        let report = stage.page(json!({ "plugin": "later", "dry_run": dry_run })).await;
        assert_eq!((&report["made"], &report["known"]), (&json!(made), &json!(had)), "{report}");
        assert_eq!(skipped(&report), BTreeSet::from([(unknown.to_string(), "not-known".to_owned())]));
        stage.host.drained().await;
    }
    for task in tasks {
        for plugin in ["counts", "later"] {
            assert_eq!(stage.count(plugin, task).await.as_deref(), Some("1"), "{plugin} on task {task}");
        }
    }
    assert_eq!(stage.task_calls() - calls, 4, "they share the snapshots that were kept");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_was_added_later_handles_what_others_made_of_old_tasks() {
    let stage = Stage::new(&["majority-vote", "counts"], VOTE).await;
    let tasks: Vec<i64> = (0..3).map(|_| stage.completed(&["owl", "owl", "jay"])).collect();
    assert_eq!(stage.page(json!({})).await["made"], 3);
    stage.host.drained().await;

    let folder = stage.host.stop().await;
    let later = |name: &str, on: &str| format!("[plugins.{name}]\ncomponent = \"counts\"\non = [\"{on}\"]\n");
    let plugins = format!("{VOTE}{}{}", later("later", "task.analysed"), later("deaf", "project.completed"));
    folder.pybossa("birds", &stage.server, &plugins);
    let stage = Stage { host: Running::start(folder).await, ..stage };
    for (dry_run, made, had) in [(true, 3, 0), (false, 3, 0), (false, 0, 3), (true, 0, 3)] {
        let report = stage.page(json!({ "plugin": "later", "dry_run": dry_run })).await;
        assert_eq!((&report["made"], &report["known"], skipped(&report)), (&json!(made), &json!(had), BTreeSet::new()), "{report}");
        assert_eq!(stage.host.drained().await.dead, 0);
    }
    for task in &tasks {
        assert_eq!(stage.count("later", *task).await.as_deref(), Some("1"), "task {task}");
    }
    let events = stage.host.events().await;
    assert_eq!(events.len(), 6, "no event was made for it");
    let report = stage.page(json!({ "plugin": "deaf" })).await;
    assert_eq!((&report["made"], skipped(&report).len()), (&json!(0), 3), "{report}");
    assert!(skipped(&report).iter().all(|(_, reason)| reason == "not-heard"));
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_written_and_nobody_is_told() {
    let posts = Mastodon::start("token-of-the-posts-0123456789").await.unwrap();
    let tells = format!(
        "{VOTE}\n[connections.posts]\nurl = \"{}\"\nauth = {{ kind = \"bearer\", token = {{ file = \"../secrets/posts-token\" }} }}\n\
         [plugins.tell]\ncomponent = \"tweet\"\nallow = [\"http.send\"]\nconnections = [\"posts\"]\n\
         settings = {{ service = \"mastodon\", connection = \"posts\", text = \"{{{{ answer }}}}\" }}\n",
        posts.url()
    );
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let folder = Folder::new();
    folder.secret("posts-token", "token-of-the-posts-0123456789");
    folder.component("majority-vote");
    folder.component("tweet");
    folder.pybossa("birds", &server, &tells);
    let stage = Stage { server, host: Running::start(folder).await };
    let old = stage.completed(&["owl", "owl", "jay"]);
    assert_eq!(stage.page(json!({})).await["made"], 1);
    let totals = stage.host.drained().await;
    assert_eq!((totals.dead, totals.deliveries_dead), (0, 0), "{:?}", stage.host.dead_letters().await);
    assert_eq!(stage.server.result_of(old).unwrap()["info"]["answer"], "owl");
    assert_eq!(posts.statuses().len(), 0);

    // The same plugins do tell of what happens now.
    let new = stage.completed(&["wren", "wren", "jay"]);
    let result = stage.server.result_of(new).unwrap()["id"].as_i64().unwrap();
    stage.host.post(wire::completed(&Folder::hook("birds"), "birds", 1, new, result)).await;
    stage.host.drained().await;
    assert_eq!(posts.statuses().len(), 1);
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_is_used_up_is_told_as_a_wait() {
    let stage = Stage::counting().await;
    for _ in 0..3 {
        stage.completed(&["owl"]);
    }
    stage.server.set_rate_limit(Some(RateLimit { limit: 1, ..RateLimit::PYBOSSA }));
    let report = stage.page(json!({})).await;
    assert!(report["wait_ms"].as_u64().unwrap() > 0 && report["note"].as_str().unwrap().contains("PYBOSSA"), "{report}");
    assert_eq!((&report["found"], &report["done"]), (&json!(0), &json!(false)));
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_one_project_waits_for_none_of_another() {
    let stage = Stage::counting().await;
    stage.completed(&["owl"]);
    let slow = Pybossa::start(Seed::empty()).await.unwrap();
    slow.add_project("frogs");
    stage.host.folder.pybossa("frogs", &slow, COUNTS);
    until("both are loaded", async || stage.host.registry.project("frogs").is_some()).await;
    slow.fault_on(Endpoint::Task, Fault::Slow(Duration::from_secs(3600)), 1);
    let path = "/v1/projects/frogs/backfill";
    let empty = json!({});
    let first = stage.host.act(path, &empty);
    let others = async {
        until("the slow one is asked", async || slow.calls().of("GET", Endpoint::Task) > 0).await;
        assert_eq!(stage.page(json!({})).await["made"], 1);
        for _ in 0..2 {
            let (status, second) = stage.host.act(path, &empty).await;
            assert_eq!((status, second["wait_ms"].as_u64().unwrap() > 0), (200, true), "{second}");
            assert!(second["note"].as_str().unwrap().contains("somebody else"), "{second}");
        }
    };
    // Who goes away leaves the turn to others.
    tokio::select! {
        answered = first => panic!("{answered:?}"),
        () = others => {}
    }
    until("its turn is free", async || stage.host.act(path, &empty).await.1["done"] == true).await;
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_asks_for_page_after_page_and_sums_up() {
    let stage = Stage::counting().await;
    for _ in 0..25 {
        stage.completed(&["owl"]);
    }
    let without_result = stage.server.add_task("birds", json!({}), 5).unwrap();
    stage.server.answer(without_result, "ann", json!({})).unwrap();
    stage.server.lower_redundancy("birds", 1).unwrap();
    let run = async |arguments: &[&str]| process::run(&stage.host.folder, &[&["backfill", "birds"], arguments].concat()).await;

    let dry = run(&["--dry-run", "--rows", "10", "--json"]).await.well();
    let dry: Value = serde_json::from_str(&dry).unwrap();
    assert_eq!((&dry["looked"], &dry["made"], &dry["done"]), (&json!(26), &json!(25), &json!(true)), "{dry}");

    let said = run(&["--rows", "10"]).await;
    assert!(said.err.contains("10 tasks, 10 handed to plugins") && said.err.contains("100 %"), "{}", said.err);
    let expected = format!(
        "26 completed tasks: 25 handed to plugins, 0 handled here before, 1 left out\n  \
         1 left out: completed without a result (its redundancy was lowered), so there is nothing to write to\n    tasks {without_result}\n"
    );
    assert_eq!(said.well(), expected);
    let again = run(&[]).await.well();
    assert!(again.starts_with("26 completed tasks: 0 handed to plugins, 25 handled here before, 1 left out\n"), "{again}");

    run(&["--plugin", "nobody"]).await.fails(1, &["project `birds` has no plugin `nobody`", "help:"]);
    process::run(&stage.host.folder, &["backfill", "frogs"]).await.fails(1, &["there is no project of that name", "loaded are: birds"]);
    run(&["--rows", "0"]).await.fails(2, &["--rows"]);
    let folder = stage.host.stop().await;
    let alone = process::run(&folder, &["backfill", "birds"]).await;
    alone.fails(1, &["no host answers at", "help: only a running host can do this: start it with `crowdhook serve`"]);
}

/// What a run says whose platform lets two pages through and then wants more than half an hour to be waited.
async fn rationed(arguments: &[&str]) -> process::Said {
    let stage = Stage::counting().await;
    for _ in 0..9 {
        stage.completed(&["owl"]);
    }
    stage.server.set_rate_limit(Some(RateLimit { limit: 4, window_s: u32::MAX }));
    let said = process::run(&stage.host.folder, &[&["backfill", "birds", "--rows", "1"], arguments].concat()).await;
    stage.host.stop().await;
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_does_not_wait_for_ever_and_says_how_to_go_on() {
    for arguments in [&[][..], &["--json"]] {
        let said = rationed(arguments).await;
        said.fails(1, &["error: gave up waiting behind task ", "rations calls", "help: the same command goes on there"]);
    }
    rationed(&["--restart"]).await.fails(1, &["help: the same command without `--restart` goes on there"]);
    rationed(&["--dry-run"]).await.fails(1, &["error: gave up waiting", "help: a dry run keeps nothing: it begins anew"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wait_is_told_to_programs_too() {
    let stage = Stage::counting().await;
    let slow = Pybossa::start(Seed::empty()).await.unwrap();
    slow.add_project("frogs");
    stage.host.folder.pybossa("frogs", &slow, COUNTS);
    until("both are loaded", async || stage.host.registry.project("frogs").is_some()).await;
    slow.fault_on(Endpoint::Task, Fault::Slow(Duration::from_secs(3600)), 1);
    let empty = json!({});
    let first = stage.host.act("/v1/projects/frogs/backfill", &empty);
    let second = async {
        until("the slow one is asked", async || slow.calls().of("GET", Endpoint::Task) > 0).await;
        let mut command = process::crowdhook(&["backfill", "frogs", "--json", "--config"]);
        let child = command.arg(stage.host.folder.config()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        waits_then_stops(child).await
    };
    let said = tokio::select! {
        answered = first => panic!("{answered:?}"),
        said = second => said,
    };
    said.fails(1, &["waits 1 s: somebody else does a page of this project\n", "error: stopped"]);
    assert_eq!(serde_json::from_str::<Value>(&said.out).unwrap()["done"], false, "{}", said.out);
    stage.host.stop().await;
}

/// Lets a run tell of a wait, stops it, and gives all that it said.
async fn waits_then_stops(mut child: std::process::Child) -> process::Said {
    use std::io::{BufRead as _, BufReader, Read as _};
    tokio::task::spawn_blocking(move || {
        let (mut err, mut rest) = (String::new(), String::new());
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        lines.read_line(&mut err).unwrap();
        rustix::process::kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        lines.read_to_string(&mut rest).unwrap();
        let said = process::Said::from(child.wait_with_output().unwrap());
        process::Said { err: err + &rest, ..said }
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_says_how_to_go_on() {
    let stage = Stage::counting().await;
    let tasks: Vec<i64> = (0..3).map(|_| stage.completed(&["owl"])).collect();
    // Two pages, with the call that says where the end is; then the platform sends everybody elsewhere.
    stage.server.fault_on(Endpoint::Task, Fault::Slow(Duration::ZERO), 3);
    stage.server.fault_on(Endpoint::Task, Fault::Status(302), 1);
    let said = process::run(&stage.host.folder, &["backfill", "birds", "--rows", "1"]).await;
    let ended = format!("error: ended behind task {}", tasks[1]);
    said.fails(1, &[&ended, "because: `http://", "which is not followed", "help: the same command goes on there"]);
    assert!(said.out.starts_with("2 completed tasks: 2 handed to plugins"), "{}", said.out);
    let rest = process::run(&stage.host.folder, &["backfill", "birds"]).await.well();
    assert!(rest.starts_with("1 completed tasks: 1 handed to plugins"), "{rest}");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_in_order_and_says_how_to_go_on() {
    let stage = Stage::counting().await;
    let tasks: Vec<i64> = (0..3).map(|_| stage.completed(&["owl"])).collect();
    // Two pages, and the call that says where the end is; then the window is used up.
    stage.server.set_rate_limit(Some(RateLimit { limit: 4, ..RateLimit::PYBOSSA }));
    let mut command = process::crowdhook(&["backfill", "birds", "--rows", "1", "--config"]);
    let child = command.arg(stage.host.folder.config()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_child(&child);
    until("two pages are done", async || stage.host.totals().await.events == 2).await;
    rustix::process::kill_process(pid, Signal::INT).unwrap();
    let said = process::Said::from(tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap());
    said.fails(
        1,
        &[&format!("error: stopped behind task {}", tasks[1]), "help: the same command goes on there; with `--restart` it begins anew"],
    );
    assert!(said.out.starts_with("2 completed tasks: 2 handed to plugins"), "{}", said.out);

    // The host forgets how fast it may go; the platform does not ration any more.
    stage.server.set_rate_limit(None);
    let folder = stage.host.stop().await;
    let stage = Stage { host: Running::start(folder).await, ..stage };
    let rest = process::run(&stage.host.folder, &["backfill", "birds"]).await;
    assert!(rest.err.contains("goes on where an earlier run came"), "{}", rest.err);
    assert!(rest.well().starts_with("1 completed tasks: 1 handed to plugins, 0 handled here before"));
    stage.host.stop().await;
}
