//! Hosts that share a PostgreSQL: what one takes in another may run, and what one leaves lying another takes up.

use std::collections::BTreeMap;
use std::time::Duration;

use crowdhook::effect::{Effect, Request};
use crowdhook::practice::{Pybossa, Seed};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::engine::{self, Cluster};
use crate::harness::folder::{Folder, VOTE};
use crate::harness::outbox::Outbox;
use crate::harness::patience::{PATIENCE, eventually, until};
use crate::harness::peek::waiting_deliveries;
use crate::harness::process::{Process, run};
use crate::harness::remote::Remote;
use crate::harness::running::Running;
use crate::harness::wire;
use crate::whole::{completed, result_on};

/// Leases that are short enough to wait for.
const LIMITS: &str = "lease_s = 5\n";

/// A practice PYBOSSA with the project `birds`, and folders for hosts that share a store.
fn stage(names: &[&str], server: &Pybossa, cluster: &Cluster) -> Vec<Folder> {
    let store = engine::shared_line(cluster);
    let folder = |name: &&str| {
        let mut folder = Folder::with(LIMITS);
        folder.share(&store, name);
        folder.component("majority-vote");
        folder.pybossa("birds", server, VOTE);
        folder
    };
    names.iter().map(folder).collect()
}

async fn server() -> Pybossa {
    let server = Pybossa::start(Seed { rate_limit: None, ..Seed::empty() }).await.unwrap();
    server.add_project("birds");
    server
}

fn answers() -> Vec<Value> {
    ["red", "blue", "red"].iter().map(|animal| json!({ "animal": animal })).collect()
}

/// Posts the completed task as the platform does.
async fn post(folder: &Folder, task: i64, result: i64) -> u16 {
    let request = wire::completed(&Folder::hook("birds"), "birds", 1, task, result);
    wire::send(folder.listen, request).await.map_or(0, |reply| reply.status)
}

/// The first command of the way to many hosts: an empty database, one line of settings, and the host votes.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_on_postgresql_votes_and_tells_of_itself_with_and_without_a_host() {
    let Some(cluster) = Cluster::shared() else { return };
    let server = server().await;
    let folder = stage(&["north"], &server, cluster).remove(0);
    assert!(run(&folder, &["check"]).await.well().contains("all is well"));
    run(&folder, &["status"]).await.fails(1, &["there is no store in schema `host_", "start the host once"]);
    let host = Process::start(&folder).await;
    server.save_webhook("birds", &folder.hook_url("birds")).await.unwrap();
    let task = completed(&server, "birds", &answers());
    assert_eq!(result_on(&server, task).await["answer"], "red");
    let done = async || run(&folder, &["status"]).await.well().contains("invocations: 0 waiting, 0 dead, 1 runs recorded");
    until("the run is recorded", done).await;
    assert!(!folder.data().join("crowdhook.db").exists(), "no file holds what the database does");
    assert!(host.stop().await.success());

    let said = run(&folder, &["status"]).await;
    assert!(said.err.contains("this is read from schema `host_"), "{}", said.err);
    assert!(said.well().contains("events: 2 (0 set aside)"));
    let listed = run(&folder, &["event", "list", "--json"]).await.well();
    assert!(listed.contains("task.completed") && listed.contains("task.analysed"), "{listed}");
    run(&folder, &["backup", "copy.db"]).await.fails(1, &["the store is in a PostgreSQL database", "pg_dump"]);
}

/// What a wrong `store` says: the file, the line, and what to do about it; and never the password.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_had_is_told_plainly() {
    let said = async |store: &str, command: &str| {
        let mut folder = Folder::with("");
        folder.share(store, "north");
        run(&folder, &[command]).await
    };
    let line = "crowdhook.toml:3";
    said("store = \"mysql://db/crowd\"\n", "check").await.fails(1, &[line, "`store` is no address of a PostgreSQL database"]);
    let told = said("store = \"postgres://me:hush-hush@db/crowd\"\n", "check").await;
    told.fails(1, &[line, "`store` holds a password", "store = { env = \"NAME\" }"]);
    assert!(!format!("{told:?}").contains("hush-hush"));
    let env = "store = { env = \"CROWDHOOK_NOT_THERE\" }\n";
    for command in ["check", "serve", "status"] {
        said(env, command).await.fails(1, &[line, "wants the variable `CROWDHOOK_NOT_THERE`, which is not set"]);
    }
    said("store = \"postgres://db/crowd?schema=Big\"\n", "check").await.fails(1, &[line, "`Big` is no name for a schema"]);
    // The port of nobody.
    said("store = \"postgres://me@127.0.0.1:1/crowd\"\n", "serve").await.fails(1, &["the store's database cannot be reached"]);
}

/// A host takes in and dies before it runs anything; another one, which no platform calls, does the work.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_host_took_in_another_one_does() {
    let Some(cluster) = Cluster::shared() else { return };
    let server = server().await;
    let folders = stage(&["north", "south"], &server, cluster);
    server.go_down().await;
    let north = Process::start(&folders[0]).await;
    let tasks: Vec<i64> = (0..20).map(|_| completed(&server, "birds", &answers())).collect();
    for &task in &tasks {
        assert_eq!(post(&folders[0], task, task).await, 200);
    }
    north.kill();
    server.come_back().await.unwrap();
    let south = Process::start(&folders[1]).await;
    for task in tasks {
        assert_eq!(result_on(&server, task).await["answer"], "red");
    }
    assert!(south.stop().await.success());
}

/// Three hosts take turns at being called; one is killed and starts again, one is stopped for twice a lease and goes on with what is not
/// its own any more. Every task that was answered with 200 is voted on, and each is recorded as done once.
#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_die_and_sleep_lose_nothing_and_do_nothing_twice() {
    let Some(cluster) = Cluster::shared() else { return };
    let server = server().await;
    let folders = stage(&["north", "south", "west"], &server, cluster);
    let mut hosts = Vec::new();
    for folder in &folders {
        hosts.push(Process::start(folder).await);
    }
    let mut taken = Vec::new();
    for round in 0..60 {
        match round {
            20 => hosts.remove(0).kill(),
            22 => hosts[1].signal(Signal::STOP),
            30 => hosts.insert(0, Process::start(&folders[0]).await),
            _ => {}
        }
        let task = completed(&server, "birds", &answers());
        // The one that is stopped says nothing.
        for at in (0..3).map(|next| (round + next) % 3).filter(|at| *at != 2 || round < 22) {
            if post(&folders[at], task, task).await == 200 {
                taken.push(task);
                break;
            }
        }
    }
    assert_eq!(taken.len(), 60, "one of them was there all the time");
    let store = folders[0].read_store();
    eventually("all runs are done", async || (store.totals().await.unwrap().waiting == 0).then_some(())).await;
    // Twice its lease after it was stopped.
    tokio::time::sleep(Duration::from_secs(10)).await;
    hosts[2].signal(Signal::CONT);
    until("the one that slept answers again", async || post(&folders[2], taken[0], taken[0]).await == 200).await;
    let nothing_waits = async || {
        let totals = store.totals().await.unwrap();
        (totals.waiting == 0 && totals.deliveries_waiting == 0).then_some(())
    };
    // What it was about to deliver it has for two minutes.
    for _ in 0..3 {
        let waited = tokio::time::timeout(PATIENCE - Duration::from_secs(1), eventually("nothing waits any more", nothing_waits)).await;
        if waited.is_ok() {
            break;
        }
    }
    eventually("nothing waits any more", nothing_waits).await;
    for &task in &taken {
        assert_eq!(result_on(&server, task).await["answer"], "red");
    }
    let mut done: BTreeMap<String, usize> = BTreeMap::new();
    for kept in crate::harness::peek::events(store.as_ref()).await {
        if kept.event.depth == 0 {
            *done.entry(kept.event.task.clone().unwrap_or_default()).or_default() +=
                kept.outcomes().iter().filter(|ok| **ok == "ok").count();
        }
    }
    assert_eq!(done.len(), 60, "each task is one event");
    assert!(done.values().all(|times| *times == 1), "{done:?}");
    assert_eq!(store.totals().await.unwrap().dead, 0);
    for host in hosts {
        assert!(host.stop().await.success());
    }
}

/// Who starts with the name of one that is at work takes its place, and that one says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_host_of_the_same_name_takes_the_place_of_the_first() {
    let Some(cluster) = Cluster::shared() else { return };
    let server = server().await;
    let folders = stage(&["north", "north"], &server, cluster);
    let first = Process::start(&folders[0]).await;
    let second = Process::start(&folders[1]).await;
    first.logs("Another host took this one's place").await;
    assert_eq!(post(&folders[0], 1, 1).await, 503);
    assert_eq!(post(&folders[1], 1, 1).await, 200);
    assert!(second.stop().await.success());
    assert!(first.stop().await.success());
}

/// The database goes away in the middle of everything and comes back: 503 meanwhile, and what got a 200 is voted on.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_crashes_is_waited_for_and_nothing_that_was_taken_is_lost() {
    let Some(cluster) = Cluster::own() else { return };
    let server = server().await;
    let folder = stage(&["north"], &server, &cluster).remove(0);
    let host = Process::start(&folder).await;
    let mut taken = Vec::new();
    for round in 0..30 {
        let task = completed(&server, "birds", &answers());
        if round == 10 {
            cluster.stop();
            assert_eq!(post(&folder, task, task).await, 503);
            cluster.run();
        }
        until("it is taken", async || post(&folder, task, task).await == 200).await;
        taken.push(task);
    }
    for task in taken {
        assert_eq!(result_on(&server, task).await["answer"], "red");
    }
    host.logs("The store's database is there again").await;
    assert!(host.stop().await.success());
}

/// What a service allows it allows to all hosts together.
#[tokio::test(flavor = "multi_thread")]
async fn hosts_keep_the_rate_of_a_connection_together() {
    let Some(cluster) = Cluster::shared() else { return };
    let remote = Remote::start([]).await;
    let store = engine::shared_line(cluster);
    let folder = |name: &str| {
        let mut folder = Folder::with("");
        folder.share(&store, name);
        folder.appen("birds", &format!("[connections.posts]\nurl = \"{}\"\ncalls = 6\nper_s = 600\n", remote.url()));
        folder
    };
    let folders = [folder("north"), folder("south")];
    let request = |number: usize| Effect::SendRequest {
        connection: "posts".to_owned(),
        request: Request { method: "POST".to_owned(), path: format!("/{number}"), headers: Vec::new(), body: String::new() },
    };
    Outbox::fill(&folders[0], "posts", (0..20).map(request).collect()).await;
    let hosts = [Process::start(&folders[0]).await, Process::start(&folders[1]).await];
    let store = folders[0].read_store();
    let told = async || waiting_deliveries(store.as_ref()).await.iter().any(|why| why.contains("allow to all hosts together"));
    until("the seventh waits for a call of those that all hosts share", told).await;
    // Each alone would make six of its own by then.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(remote.seen().len(), 6);
    for host in hosts {
        assert!(host.stop().await.success());
    }
}

/// Whoever looks at one host sees the others, and where they do not run the same.
#[tokio::test(flavor = "multi_thread")]
async fn each_host_tells_which_host_runs_which_version_and_where_they_differ() {
    let Some(cluster) = Cluster::shared() else { return };
    let server = server().await;
    let mut folders = stage(&["north", "south"], &server, cluster);
    let south = Process::start(&folders[1]).await;
    let north = Running::start(folders.remove(0)).await;
    let folder = folders.remove(0);
    let view = eventually("both have told what they loaded", async || {
        let view = north.admin("/v1/hosts").await;
        let loaded = |host: &Value| host["loaded"].as_array().is_some_and(|loaded| loaded.len() == 2) && host["at_work"] == true;
        let hosts = view["hosts"].as_array()?;
        (hosts.len() == 2 && hosts.iter().all(loaded)).then_some(view)
    })
    .await;
    assert_eq!(view["differences"], json!([]));
    let status = run(&north.folder, &["status"]).await.well();
    assert!(status.contains("HOST") && status.contains("north") && status.contains("south  at work"), "{status}");

    let project = folder.path("projects/birds.toml");
    let text = std::fs::read_to_string(&project).unwrap();
    std::fs::write(&project, text.replace("/animal", "/plumage")).unwrap();
    let differ = async || {
        let differences = north.admin("/v1/hosts").await["differences"].clone();
        differences.as_array().is_some_and(|all| !all.is_empty()).then_some(differences)
    };
    let differ = eventually("the files differ", differ).await;
    let told = differ[0].as_str().unwrap();
    assert!(told.starts_with("file of project `birds`: ") && told.contains(" on north") && told.contains(" on south"), "{told}");
    assert!(run(&folder, &["status"]).await.well().contains(&format!("hosts differ: {told}")));
    assert!(north.page("/metrics").await.contains("\ncrowdhook_host_differences 1\n"));
    assert!(north.page("/").await.contains("hosts differ"));
    let page = north.page("/hosts").await;
    assert!(page.contains("plugin `birds/vote`") && page.contains("file of project `birds`"), "{page}");
    assert!(south.stop().await.success());
    let left = async || north.admin("/v1/hosts").await["hosts"].as_array().is_some_and(|hosts| hosts.len() == 1);
    until("the one that stopped took its leave", left).await;
    north.stop().await;
}
