//! Appen: what it posts is all there is, so events and snapshots come from the posts, and results stay in the host's own record.

use crowdhook::event::Standing;
use crowdhook::practice::appen::{Settings, Signal};
use crowdhook::practice::seed::demo_job;
use crowdhook::practice::{self};
use serde_json::{Value, json};

use crate::harness::folder::{Folder, JOB, SIGNING_TOKEN, VOTE};
use crate::harness::running::Running;
use crate::harness::wire;

/// Hears what `majority-vote` has to tell.
const HEARD: &str = "[plugins.heard]\ncomponent = \"counts\"\non = [\"task.analysed\"]\n";

async fn host() -> Running {
    let folder = Folder::new();
    folder.component("majority-vote");
    folder.component("counts");
    folder.appen("cats", &format!("{VOTE}\n{HEARD}"));
    Running::start(folder).await
}

/// A unit that was changed at `minute` and has these judgments.
fn unit(id: i64, minute: u32, animals: &[&str]) -> String {
    let judgments: Vec<Value> = animals
        .iter()
        .zip(1..)
        .map(|(animal, number)| json!({"id": id * 100 + number, "unit_id": id, "job_id": JOB, "worker_id": number, "data": {"animal": animal}}))
        .collect();
    let unit = json!({
        "id": id, "job_id": JOB, "state": "finalized", "judgments_count": judgments.len(),
        "updated_at": format!("2026-11-21T10:{minute:02}:00+00:00"), "data": {}, "results": {"judgments": judgments},
    });
    unit.to_string()
}

fn complete(payload: &str) -> String {
    wire::signal(&Folder::hook("cats"), &Signal::UnitComplete, payload, SIGNING_TOKEN)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_four_signals_are_taken_and_units_voted_on() {
    let host = host().await;
    let appen = practice::Appen::new(Settings::new(SIGNING_TOKEN), demo_job());
    appen.set_webhook(host.folder.hook_url("cats").parse().unwrap());
    assert!(appen.data_processed().await.delivered);
    for unit in appen.units() {
        while let Some(postings) = appen.judge_planned(unit).await {
            assert!(postings.iter().all(|posting| posting.delivered && posting.attempts.len() == 1), "{postings:?}");
        }
    }
    assert!(appen.fire_golds().await.iter().all(|posting| posting.delivered));
    assert!(appen.job_complete().await.delivered);
    let totals = host.drained().await;
    assert_eq!((totals.dead, totals.deliveries_dead), (0, 0), "{:?}", host.dead_letters().await);

    let info = async |unit: i64| host.result("cats", unit).await.map(|(_, info)| info);
    assert_eq!(info(700_001).await.unwrap()["answer"], "cat");
    let counted = info(700_002).await.unwrap();
    // Five judgments, of which one was rejected and one is of somebody who is not trusted any more.
    assert_eq!((&counted["answer"], &counted["total"]), (&json!("dog"), &json!(3)), "{counted}");
    // Several choices each.
    assert_eq!(info(700_003).await.unwrap()["answer"], "cat");
    assert_eq!(info(700_004).await, None, "a test question is not voted on");

    let events = host.events().await;
    let of_kind = |kind: &str| events.iter().filter(|kept| kept.event.kind.as_str() == kind).count();
    assert_eq!((of_kind("project.loaded"), of_kind("project.completed")), (1, 1));
    assert_eq!((of_kind("task.completed"), of_kind("task.analysed")), (4, 3));
    assert_eq!(of_kind("task.answered"), 3 + 5 + 3);
    for kept in &events {
        assert!(!kept.event.payload.contains("practice-secret"), "{}", kept.event.payload);
    }
    assert_eq!(host.state("cats", "heard", "count").await.as_deref(), Some("3"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_revision_of_a_unit_takes_the_place_of_the_older_one() {
    let host = host().await;
    let steps = [
        // Minute, judgments, the answer afterwards, revision, events heard.
        (10, ["cat", "cat", "dog"].as_slice(), "cat", 1, "1"),
        // The same post again.
        (10, &["cat", "cat", "dog"], "cat", 1, "1"),
        // Newer, with the same verdict: saved anew, but no news.
        (20, &["cat", "cat", "dog", "cat"], "cat", 2, "1"),
        (30, &["dog", "cat", "dog", "dog"], "dog", 3, "2"),
        // Older ones that come late.
        (15, &["bat", "bat"], "dog", 3, "2"),
        (30, &["bat", "bat", "bat"], "dog", 3, "2"),
    ];
    for (minute, animals, answer, revision, heard) in steps {
        host.post(complete(&unit(7, minute, animals))).await;
        host.drained().await;
        let (kept, info) = host.result("cats", 7).await.unwrap();
        assert_eq!((info["answer"].as_str(), kept.revision), (Some(answer), revision), "minute {minute}: {info}");
        assert_eq!(host.state("cats", "heard", "count").await.as_deref(), Some(heard), "minute {minute}");
    }
    let events = host.events().await;
    let superseded: Vec<_> = events.iter().filter(|kept| kept.standing == Standing::Superseded).collect();
    assert_eq!(superseded.len(), 2, "kept, but not dispatched");
    assert!(superseded.iter().all(|kept| kept.runs.is_empty()));
    assert_eq!(host.totals().await.set_aside, 2);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completion_that_comes_after_news_of_a_later_judgment_is_voted_on() {
    let host = host().await;
    // Appen had to repeat its post, and somebody judged the unit once more meanwhile.
    let later = unit(7, 20, &["cat", "cat", "dog", "dog"]);
    host.post(wire::signal(&Folder::hook("cats"), &Signal::NewJudgments, &later, SIGNING_TOKEN)).await;
    host.post(complete(&unit(7, 10, &["cat", "cat", "dog"]))).await;
    host.drained().await;
    assert_eq!(host.result("cats", 7).await.unwrap().1["answer"], "cat");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_that_come_at_once_end_in_the_newest() {
    let host = host().await;
    let revisions: Vec<String> = (1..=20).map(|minute| unit(7, minute, &vec!["cat"; minute as usize])).collect();
    let posts = revisions.iter().rev().map(|revision| host.post(complete(revision)));
    futures_util::future::join_all(posts).await;
    host.drained().await;
    let (_, info) = host.result("cats", 7).await.unwrap();
    assert_eq!(info["total"], 20, "{info}");
    host.stop().await;
}
