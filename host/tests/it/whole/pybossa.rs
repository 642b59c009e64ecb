//! PYBOSSA: from a completed task to the result on the platform.

use crowdhook::practice::{Pybossa, Seed};
use serde_json::{Value, json};

use super::{Stage, result_on};
use crate::harness::folder::{Folder, VOTE};
use crate::harness::running::Running;
use crate::harness::wire;

#[tokio::test(flavor = "multi_thread")]
async fn a_completed_task_is_voted_on_and_its_result_found_by_its_answer() {
    let stage = Stage::voting().await;
    let red = stage.completed(&["red", "blue", "red"]);
    let blue = stage.completed(&["blue", "blue", "red"]);
    let info = stage.result(red).await;
    assert_eq!(info["answer"], "red");
    assert_eq!((&info["votes"], &info["total"], &info["decided"]), (&json!(2), &json!(3), &json!(true)), "{info}");
    assert_eq!(info["summary"], json!({"count": 3, "unique": 2, "top": "red", "freq": 2}));
    assert_eq!(info["analysis"], json!({"red": 2, "blue": 1}));
    stage.result(blue).await;

    let found = wire::send(stage.server.address(), wire::get("/api/result?project_id=1&info=answer::red")).await.unwrap();
    let found: Vec<Value> = serde_json::from_str(&found.body).unwrap();
    let tasks: Vec<_> = found.iter().map(|result| result["task_id"].as_i64().unwrap()).collect();
    assert_eq!(tasks, [red]);

    let totals = stage.host.drained().await;
    // Two that came in, and `task.analysed` of each, which nobody hears.
    assert_eq!((totals.events, totals.runs, totals.dead, totals.deliveries_dead), (4, 2, 0, 0));
    let (kept, _) = stage.host.result("birds", red).await.unwrap();
    assert_eq!((kept.plugin.as_str(), kept.revision), ("vote", 1));
    stage.host.stop().await;
}

/// How each project of the demo votes.
const DEMO: &[(&str, &str)] = &[
    ("birds", r#"{ pointer = "/animal", ignore_case = true }"#),
    ("forms", r#"{ questions = { species = "/species", flying = "/flying", behaviour = { pointer = "/behaviour", lists = "set" } } }"#),
    ("counts", r#"{ pointer = "/count" }"#),
    ("transcripts", r#"{ pointer = "/text", ignore_case = true, unicode = "nfkc" }"#),
];

#[tokio::test(flavor = "multi_thread")]
async fn ties_free_text_forms_and_numbers_each_get_their_verdict() {
    let server = Pybossa::start(Seed::demo()).await.unwrap();
    let folder = Folder::new();
    folder.component("majority-vote");
    for (project, settings) in DEMO {
        folder.pybossa(project, &server, &VOTE.replace("{ pointer = \"/animal\" }", settings));
    }
    let host = Running::start(folder).await;
    for (project, _) in DEMO {
        server.save_webhook(project, &host.folder.hook_url(project)).await.unwrap();
        server.give_planned(project);
    }
    let nth = |project: &str, nth: usize| server.tasks(project)[nth]["id"].as_i64().unwrap();
    let verdict = async |project: &str, number: usize| result_on(&server, nth(project, number)).await;

    let birds = verdict("birds", 0).await;
    assert_eq!((&birds["answer"], &birds["agreement"]), (&json!("robin"), &json!(1.0)));
    let tie = verdict("birds", 2).await;
    assert_eq!((&tie["answer"], &tie["tie"], &tie["decided"]), (&Value::Null, &json!(true), &json!(false)), "{tie}");
    let spellings = verdict("birds", 3).await;
    assert_eq!((&spellings["total"], &spellings["agreement"]), (&json!(4), &json!(1.0)), "{spellings}");

    let form = verdict("forms", 0).await;
    assert_eq!(form["questions"]["species"]["answer"], "owl", "{form}");
    assert_eq!(form["questions"]["flying"]["answer"], "yes", "{form}");
    assert_eq!(form["questions"]["behaviour"]["answer"], json!(["hunting"]), "{form}");

    let numbers = verdict("counts", 1).await;
    assert_eq!((&numbers["summary"]["count"], &numbers["summary"]["max"]), (&json!(5), &json!(400.0)), "{numbers}");
    let count = verdict("counts", 0).await;
    assert_eq!(count["answer"], 12, "{count}");

    let text = verdict("transcripts", 1).await;
    assert_eq!((&text["total"], &text["agreement"]), (&json!(3), &json!(1.0)), "{text}");

    let totals = host.drained().await;
    assert_eq!((totals.dead, totals.deliveries_dead), (0, 0), "{:#?}", host.dead_letters().await);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_plugins_cost_one_call_of_the_platform() {
    let plugins = format!("{VOTE}\n[plugins.first]\ncomponent = \"counts\"\n[plugins.second]\ncomponent = \"counts\"\n");
    let stage = Stage::new(&["majority-vote", "counts"], &plugins).await;
    let task = stage.completed(&["red", "blue", "red"]);
    stage.result(task).await;
    stage.host.drained().await;
    // What was emitted belongs to the same snapshot: each of the two counts both events.
    assert_eq!(stage.calls(), (1, 1));
    for plugin in ["first", "second"] {
        assert_eq!(stage.host.state("birds", plugin, &format!("task/{task}")).await.as_deref(), Some("2"), "{plugin}");
    }
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn later_answers_change_the_result_and_only_another_verdict_is_news() {
    let heard = "[plugins.heard]\ncomponent = \"counts\"\non = [\"task.analysed\"]\n";
    let stage = Stage::new(&["majority-vote", "counts"], &format!("{VOTE}\n{heard}")).await;
    let task = stage.completed(&["red", "blue", "red"]);
    stage.server.settled().await;
    stage.host.drained().await;
    // Each answer beyond those that were wanted makes PYBOSSA post again, with another result.
    for (revision, (answer, tie, heard)) in (2..).zip([(json!(null), true, "2"), (json!("blue"), false, "3"), (json!("blue"), false, "3")])
    {
        stage.server.answer(task, &format!("late{revision}"), json!({"animal": "blue"})).unwrap();
        stage.server.settled().await;
        stage.host.drained().await;
        let (kept, info) = stage.host.result("birds", task).await.unwrap();
        assert_eq!((kept.revision, &info["answer"], &info["tie"]), (revision, &answer, &json!(tie)), "{info}");
        assert_eq!(stage.host.state("birds", "heard", "count").await.as_deref(), Some(heard), "{info}");
        assert_eq!(stage.result(task).await, info, "the newest result on the platform is the host's");
    }
    assert_eq!(stage.calls(), (4, 4));
    stage.host.stop().await;
}
