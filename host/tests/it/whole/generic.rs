//! A sender without a dialect of its own: what it posts is voted on, and the results stay in the host's own record.

use crowdhook::event::Standing;
use serde_json::{Value, json};

use crate::harness::folder::{Folder, VOTE};
use crate::harness::running::Running;
use crate::harness::wire;

const SHAPE: &str = r#"
kind = "/type"
kinds = { "item.done" = "task.completed", "item.labelled" = "task.answered" }
project = "/campaign"
task = "/item/id"
time = "/sent"
task_info = "/item/data"
answers = "/item/labels"

[generic.answer]
id = "/id"
worker = "/by"
value = "/label"
set_aside = "/spam"
"#;

/// Hears what `majority-vote` has to tell.
const HEARD: &str = "[plugins.heard]\ncomponent = \"counts\"\non = [\"task.analysed\"]\n";

async fn host() -> Running {
    let folder = Folder::new();
    folder.component("majority-vote");
    folder.component("counts");
    folder.generic("labels", &format!("{SHAPE}\n{VOTE}\n{HEARD}"));
    Running::start(folder).await
}

/// An item that is done and has these labels; the one of the last worker is spam.
fn item(id: i64, animals: &[&str]) -> Value {
    let count = animals.len();
    let labels: Vec<Value> = animals
        .iter()
        .zip(1..)
        .map(
            |(animal, number)| json!({"id": number, "by": format!("worker{number}"), "label": {"animal": animal}, "spam": number == count}),
        )
        .collect();
    let item = json!({"id": id, "data": {"url": "a.jpg"}, "labels": labels});
    json!({"type": "item.done", "campaign": "labels", "sent": "2026-11-21T19:29:25Z", "item": item})
}

async fn post(host: &Running, body: &Value) {
    host.post(wire::post(&Folder::hook("labels"), "application/json", &body.to_string())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_generic_sender_posts_is_voted_on_and_the_result_kept() {
    let host = host().await;
    post(&host, &item(7, &["robin", "robin", "raven", "raven"])).await;
    let totals = host.drained().await;
    assert_eq!((totals.dead, totals.deliveries_dead), (0, 0), "{:?}", host.dead_letters().await);
    let (kept, info) = host.result("labels", 7).await.unwrap();
    // Four labels, of which the last one is spam.
    assert_eq!((&info["answer"], &info["total"], kept.revision), (&json!("robin"), &json!(3), 1), "{info}");
    assert_eq!(host.state("labels", "heard", "count").await.as_deref(), Some("1"));
    // What that took is told of the component.
    let usage = host.admin("/v1/plugins/majority-vote").await["usage"].clone();
    for (of, least) in [("duration_ms", 0), ("cpu_ms", 0), ("memory_bytes", 65_536)] {
        let spans = usage[of]["spans"].as_array().unwrap();
        assert_eq!((usage[of]["count"].as_u64(), spans.iter().map(|span| span["count"].as_u64().unwrap()).sum()), (Some(1), 1), "{usage}");
        assert!(usage[of]["max"].as_u64().unwrap() >= least && usage[of]["max"] == usage[of]["median"], "{usage}");
    }
    let page = host.page("/plugins/majority-vote").await;
    assert!(page.contains("Runs by how long they took") && page.contains("Runs by how much memory they had"), "{page}");

    // The same again, then one label more.
    post(&host, &item(7, &["robin", "robin", "raven", "raven"])).await;
    post(&host, &item(7, &["robin", "robin", "raven", "raven", "raven", "raven"])).await;
    host.drained().await;
    let (kept, info) = host.result("labels", 7).await.unwrap();
    assert_eq!((&info["answer"], &info["total"], kept.revision), (&json!("raven"), &json!(5), 2), "{info}");

    let events = host.events().await;
    let completed: Vec<_> = events.iter().filter(|kept| kept.event.kind.as_str() == "task.completed").collect();
    assert_eq!(completed.len(), 2);
    assert_eq!(completed[0].event.platform.as_str(), "generic");
    assert_eq!(completed[0].event.occurred_at.to_string(), "2026-11-21T19:29:25Z");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_file_does_not_fit_is_kept_and_the_next_post_goes_on() {
    let host = host().await;
    let mut odd = item(8, &["robin", "robin"]);
    odd["item"]["labels"][1]["id"] = json!(1);
    post(&host, &odd).await;
    post(&host, &item(9, &["robin", "robin"])).await;
    host.drained().await;
    let standings: Vec<Standing> = host.events().await.iter().map(|kept| kept.standing).collect();
    assert_eq!(standings[..2], [Standing::Unreadable, Standing::Accepted]);
    assert!(host.result("labels", 8).await.is_none());
    assert_eq!(host.result("labels", 9).await.unwrap().1["answer"], "robin");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_generic_project_asks_for_no_key_and_tells_the_sender_where_to_post() {
    let host = host().await;
    let page = host.page("/projects/labels").await;
    for words in [
        "Address for the sender to post to",
        "the token at the end of the address",
        "Has the sender called it?",
        "Have the sender post JSON to the address",
        "It has no API",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    for words in ["paste into", "API key", "hook set", "check=true"] {
        assert!(!page.contains(words), "{words}: {page}");
    }
    post(&host, &item(7, &["robin", "robin"])).await;
    host.drained().await;
    assert!(!host.page("/projects/labels").await.contains("not yet"));
    host.stop().await;
}
