//! Completed tasks by the hundred.

use crowdhook::connection::Limits;
use crowdhook::platform::{Page, Platform};
use crowdhook::practice::pybossa::Endpoint;
use serde_json::json;

use super::{Stage, later, refused, values};
use crate::harness::remote::{Does, Remote};

const PROJECT: &str = r#"[{"id": 1, "short_name": "birds", "name": "Birds"}]"#;

fn tasks(page: &Page) -> Vec<&str> {
    page.completed.iter().map(|completed| completed.task.as_str()).collect()
}

/// What is left out: ids, and a word of each reason.
fn odd(page: &Page) -> Vec<(Option<&str>, &str)> {
    page.odd.iter().map(|odd| (odd.id.as_deref(), odd.why.as_str())).collect()
}

/// The client of a server that answers with the project and then with these bodies.
async fn answers(bodies: &[&str]) -> (Remote, crowdhook::platform::pybossa::Pybossa) {
    let remote = Remote::start([PROJECT].iter().chain(bodies).map(|body| Does::json(200, body))).await;
    let stage = Stage::new().await;
    let client = stage.client_at(&remote.url());
    (remote, client)
}

#[tokio::test]
async fn pages_follow_one_another_and_hold_what_a_snapshot_holds() {
    let stage = Stage::new().await;
    let ids: Vec<String> = (0..5).map(|_| stage.completed(&["owl", "jay"]).to_string()).collect();
    let client = stage.client();
    let first = client.completed_tasks(None, 2).await.unwrap();
    assert_eq!((tasks(&first), first.last.as_deref(), first.ends), (vec![ids[0].as_str(), &ids[1]], Some(ids[1].as_str()), false));
    let snapshot = first.completed[0].snapshot.as_ref().unwrap();
    assert_eq!((values(snapshot), &snapshot.result), (vec![r#""owl""#, r#""jay""#], &first.completed[0].result));
    assert_eq!(*snapshot, client.snapshot(&stage.event(ids[0].parse().unwrap())).await.unwrap(), "as if it had been asked for");
    let last = client.completed_tasks(first.last.as_deref(), 100).await.unwrap();
    assert_eq!((tasks(&last), last.ends), (vec![ids[2].as_str(), &ids[3], &ids[4]], true));
    let none = client.completed_tasks(last.last.as_deref(), 100).await.unwrap();
    assert_eq!((none.last, none.ends), (None, true));
    assert_eq!(client.last_completed_task().await.unwrap().as_deref(), Some(ids[4].as_str()));
}

#[tokio::test]
async fn completions_come_in_the_order_in_which_they_happened() {
    let stage = Stage::new().await;
    let late = stage.server.add_task("birds", json!({}), 2).unwrap();
    let early = stage.completed(&["owl"]);
    stage.server.answer(late, "ann", json!("wren")).unwrap();
    let client = stage.client();
    assert!(client.has_open_tasks().await.unwrap());
    let newest = client.newest_completion().await.unwrap().unwrap();
    assert_eq!((newest.task.as_str(), newest.snapshot), (early.to_string().as_str(), None));
    stage.server.answer(late, "ben", json!("wren")).unwrap();
    let page = client.completions(None).await.unwrap();
    assert_eq!(tasks(&page), [early.to_string(), late.to_string()]);
    let since = client.completions(newest.result.map(|result| result.id).as_deref()).await.unwrap();
    assert_eq!(tasks(&since), [late.to_string()]);
    assert_eq!(values(since.completed[0].snapshot.as_ref().unwrap()), [r#""wren""#, r#""wren""#]);
    assert!(since.completed[0].at.is_some() && !client.has_open_tasks().await.unwrap());
}

#[tokio::test]
async fn a_page_that_is_too_large_is_asked_for_in_smaller_ones() {
    let stage = Stage::with(Limits { body_bytes_max: 4096, ..Limits::default() }).await;
    let long = "w".repeat(600);
    let small: Vec<i64> = (0..4).map(|_| stage.completed(&[&long])).collect();
    let answers: Vec<&str> = (0..9).map(|_| long.as_str()).collect();
    let large = stage.completed(&answers);
    let client = stage.client();
    let first = client.completed_tasks(None, 8).await.unwrap();
    assert_eq!((first.completed.len(), first.ends), (2, false), "eight and four were too much");
    let second = client.completed_tasks(first.last.as_deref(), 2).await.unwrap();
    assert_eq!(tasks(&second), [small[2].to_string(), small[3].to_string()]);
    // One that is too large by itself comes without its answers, which a snapshot reads page by page.
    let third = client.completed_tasks(second.last.as_deref(), 8).await.unwrap();
    assert_eq!((tasks(&third), &third.completed[0].snapshot), (vec![large.to_string().as_str()], &None));
    assert!(third.completed[0].result.is_some());
}

#[tokio::test]
async fn how_many_rows_fit_is_remembered_for_the_pages_that_follow() {
    let stage = Stage::with(Limits { body_bytes_max: 16 << 10, ..Limits::default() }).await;
    let long = "w".repeat(1200);
    let expected: Vec<String> = (0..60).map(|_| stage.completed(&[&long]).to_string()).collect();
    let (client, mut after, mut found) = (stage.client(), None, Vec::new());
    stage.server.reset_calls();
    let mut pages: u64 = 0;
    loop {
        let page = client.completed_tasks(after.as_deref(), 100).await.unwrap();
        pages += 1;
        found.extend(tasks(&page).into_iter().map(str::to_owned));
        if page.ends {
            break;
        }
        after = page.last;
    }
    assert_eq!(found, expected);
    let thrown_away = stage.server.calls().of("GET", Endpoint::Task) - pages;
    assert!(pages >= 9 && thrown_away <= 6, "{pages} pages, and {thrown_away} answers that were thrown away");
    // Results are rows of another size: what fits there is learnt apart.
    let calls = || stage.server.calls().of("GET", Endpoint::Result);
    let before = calls();
    assert!(client.completions(None).await.unwrap().completed.len() < 60);
    assert!(calls() - before >= 3);
}

#[tokio::test]
async fn an_older_server_is_asked_for_the_result_of_each_task() {
    let stage = Stage::new().await;
    let task = stage.completed(&["owl"]);
    stage.server.set_related(false);
    stage.server.reset_calls();
    let page = stage.client().completed_tasks(None, 100).await.unwrap();
    assert_eq!((tasks(&page), page.completed[0].result.is_some()), (vec![task.to_string().as_str()], true));
    assert_eq!(page.completed[0].snapshot, None);
    assert_eq!(stage.server.calls().of("GET", Endpoint::Result), 1);
}

#[tokio::test]
async fn a_row_that_makes_no_sense_spoils_none_of_the_others() {
    let row = |id: &str, project: i64, state: &str| {
        format!(
            r#"{{"id": {id}, "project_id": {project}, "state": "{state}", "n_answers": 1, "info": {{}}, "task_runs": [], "result": {{}}}}"#
        )
    };
    let rows = [
        row("3", 1, "completed"),
        row("4", 2, "completed"),
        row("5", 1, "ongoing"),
        r#"{"id": 6}"#.to_owned(),
        "null".to_owned(),
        row("7", 1, "completed"),
    ];
    let (_remote, client) = answers(&[&format!("[{}]", rows.join(", "))]).await;
    let page = client.completed_tasks(None, 100).await.unwrap();
    assert_eq!((tasks(&page), page.last.as_deref()), (vec!["3", "7"], Some("7")));
    let expected = [
        (Some("4"), "it is of another project"),
        (Some("5"), "it is not completed"),
        (Some("6"), "PYBOSSA shows it in a shape that is no task's"),
        (None, "PYBOSSA shows something that is no row"),
    ];
    assert_eq!(odd(&page), expected);
    assert!(page.completed.iter().all(|completed| completed.result.is_none()));
}

#[tokio::test]
async fn a_result_without_its_task_is_left_out_and_named() {
    let row = |id: i64, task: i64, embedded: &str| {
        format!(
            r#"{{"id": {id}, "project_id": 1, "task_id": {task}, "info": null, "task_run_ids": [], "last_version": true, "task_runs": [], "task": {embedded}}}"#
        )
    };
    let task = |id: i64| format!(r#"{{"id": {id}, "project_id": 1, "state": "completed", "n_answers": 1, "info": {{}}}}"#);
    let body = format!("[{}, {}, {}]", row(1, 11, &task(11)), row(2, 12, "null"), row(3, 13, &task(99)));
    let (_remote, client) = answers(&[&body]).await;
    let page = client.completions(None).await.unwrap();
    assert_eq!((tasks(&page), page.last.as_deref()), (vec!["11"], Some("3")));
    assert_eq!(odd(&page), [(Some("2"), "its task is gone"), (Some("3"), "it bears another task")]);
}

#[tokio::test]
async fn a_page_that_leads_nowhere_is_not_read_for_ever() {
    let again = r#"[{"id": 5, "project_id": 1, "state": "completed", "n_answers": 1}]"#;
    let (_remote, client) = answers(&[again, r#"[{"project_id": 1}]"#]).await;
    for _ in 0..2 {
        let (_, why) = later(client.completed_tasks(Some("5"), 1).await);
        assert!(why.contains("something else than PYBOSSA does"), "{why}");
    }
}

#[tokio::test]
async fn what_is_set_as_the_webhook_is_told_to_owners_alone() {
    let stage = Stage::new().await;
    let client = stage.client();
    assert_eq!(client.hook().await.unwrap(), None);
    let url = crowdhook::secret::Secret::new("https://crowd.example.org/hooks/birds/token");
    client.set_hook(&url, false).await.unwrap();
    assert_eq!(client.hook().await.unwrap(), Some(url.clone()));
    let stranger = stage.client_of("birds", &stage.server.key_of("other").unwrap());
    for why in [refused(stranger.hook().await), refused(stranger.set_hook(&url, false).await)] {
        assert!(why.contains("`garden`") && why.contains("`platform.api_key`") && !why.contains("token"), "{why}");
    }
}
