//! The practice Appen: signatures and forms as composed, attempts by the platform's rule.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crowdhook::practice::Appen;
use crowdhook::practice::appen::{Failure, Settings, Signal, SignatureIn, compose, sign, waits};
use crowdhook::practice::seed::demo_job;
use serde_json::Value;

use super::{Behaviour, Hook, recording};

const TOKEN: &str = "wh-token-0123456789abcdef";

fn appen(uri: &str) -> Appen {
    let appen = Appen::new(Settings { wait_scale: 0.0, ..Settings::new(TOKEN) }, demo_job());
    appen.set_webhook(uri.parse().unwrap());
    appen
}

/// The fields of a request's form, in their order.
fn form(request: &str) -> Vec<(String, String)> {
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

#[test]
fn composed_bodies_come_out_byte_for_byte() {
    let composed: Value = serde_json::from_str(&recording("appen/composed.json")).unwrap();
    for case in composed["cases"].as_array().unwrap() {
        let text = |key: &str| case[key].as_str().unwrap();
        let payload = text("payload_decoded");
        assert_eq!(sign(payload, TOKEN), text("correct_signature"), "{}", case["name"]);
        let signal = if text("name").starts_with("new_judgments") { Signal::NewJudgments } else { Signal::UnitComplete };
        let signature = (text("name") != "signature_missing").then_some(text("signature_sent"));
        if text("name") != "field_order_signature_first" {
            assert_eq!(compose(&signal, payload, signature), text("body"), "{}", case["name"]);
        }
    }
}

#[tokio::test]
async fn a_judged_unit_has_the_shape_and_confidence_of_the_composed_one() {
    let mut hook = Hook::start(|_| Behaviour::status(200, "")).await;
    let appen = appen(&hook.url("/hook"));
    let mut postings = Vec::new();
    for _ in 0..3 {
        postings.extend(appen.judge_planned(700_001).await.unwrap());
    }
    let signals: Vec<_> = postings.iter().map(|posting| posting.signal.as_str()).collect();
    assert_eq!(signals, ["new_judgments", "new_judgments", "new_judgments", "unit_complete"]);
    assert!(postings.iter().all(|posting| posting.delivered && posting.attempts.len() == 1));
    let mut last = String::new();
    for _ in 0..4 {
        last = hook.next("hook").await;
    }
    let fields = form(&last);
    assert_eq!(fields[2].1, sign(&fields[1].1, TOKEN));

    let composed: Value = serde_json::from_str(&recording("appen/composed.json")).unwrap();
    let expected: Value = serde_json::from_str(composed["cases"][0]["payload_decoded"].as_str().unwrap()).unwrap();
    let got: Value = serde_json::from_str(&fields[1].1).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&got), keys(&expected));
    assert_eq!(keys(&got["results"]["judgments"][0]), keys(&expected["results"]["judgments"][0]));
    assert_eq!(got["results"]["animal"], expected["results"]["animal"]);
    assert_eq!(got["agreement"], expected["agreement"]);
    assert_eq!(got["state"], "finalized");
}

#[tokio::test]
async fn rejected_and_tainted_judgments_do_not_complete_a_unit() {
    let hook = Hook::start(|_| Behaviour::status(200, "{}")).await;
    let appen = appen(&hook.url("/hook"));
    let mut completions = Vec::new();
    for _ in 0..5 {
        let postings = appen.judge_planned(700_002).await.unwrap();
        completions.push(postings.iter().any(|posting| posting.signal == Signal::UnitComplete));
    }
    assert_eq!(completions, [false, false, false, false, true]);
    let unit = appen.unit_payload(700_002).unwrap();
    assert_eq!((unit["judgments_count"].as_i64(), unit["results"]["animal"]["confidence"].as_f64()), (Some(5), Some(1.0)));
}

#[tokio::test]
async fn questions_that_test_people_leave_only_by_hand() {
    let mut hook = Hook::start(|_| Behaviour::status(200, "")).await;
    let appen = appen(&hook.url("/hook"));
    assert_eq!(appen.judge_planned(700_004).await.unwrap(), []);
    assert!(hook.is_quiet());
    assert_eq!(appen.fire_golds().await.len(), 1);
    assert!(form(&hook.next("hook").await)[1].1.contains(r#""state":"golden""#));
    assert!(appen.data_processed().await.delivered);
    assert!(appen.job_complete().await.payload.contains("secret"));
}

#[tokio::test]
async fn a_failed_post_is_repeated_until_it_is_delivered() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let hook = Hook::start(move |_| match counted.fetch_add(1, Ordering::SeqCst) {
        0 => Behaviour::status(500, ""),
        1 => Behaviour::status(200, "OK, thanks"),
        2 => Behaviour::Cut,
        3 => Behaviour::Silent,
        4 => Behaviour::status(202, ""),
        _ => Behaviour::status(200, "{}"),
    })
    .await;
    let settings = Settings { wait_scale: 0.0, answer_timeout: Duration::from_millis(300), ..Settings::new(TOKEN) };
    let appen = Appen::new(settings, demo_job());
    appen.set_webhook(hook.url("/hook").parse().unwrap());
    let posting = appen.job_complete().await;
    let failures: Vec<_> = posting.attempts.into_iter().map(|attempt| attempt.failure).collect();
    assert_eq!(
        failures,
        [
            Some(Failure::Status(500)),
            Some(Failure::Body),
            Some(Failure::Connection),
            Some(Failure::TooSlow),
            Some(Failure::Status(202)),
            None
        ]
    );
    assert!(appen.webhook().is_some());
}

#[tokio::test]
async fn after_thirty_attempts_the_webhook_is_switched_off() {
    let hook = Hook::start(|_| Behaviour::status(401, "no")).await;
    let appen = appen(&hook.url("/hook"));
    let posting = appen.job_complete().await;
    assert_eq!((posting.attempts.len(), posting.delivered), (30, false));
    assert_eq!(appen.webhook(), None);
    assert_eq!(appen.job_complete().await.attempts, []);
}

#[test]
fn waits_grow_from_five_seconds_to_half_an_hour() {
    let waits: Vec<_> = waits().collect();
    assert_eq!(waits.len(), 29);
    assert_eq!(waits.first(), Some(&Duration::from_secs(5)));
    assert_eq!(waits.last().unwrap().as_secs(), 1800);
    assert!(waits.is_sorted());
    let minutes = waits.iter().sum::<Duration>().as_secs() / 60;
    assert!((150..=165).contains(&minutes), "{minutes}");
}

#[tokio::test]
async fn signature_and_password_stand_where_they_are_told_to() {
    let mut hook = Hook::start(|_| Behaviour::status(200, "")).await;
    let settings = Settings { signature_in: SignatureIn::Header, ..Settings::new(TOKEN) };
    let appen = Appen::new(settings, demo_job());
    appen.set_webhook(hook.url("/hook").replace("http://", "http://ada:secret@").parse().unwrap());
    assert!(appen.post(&Signal::Other("job_paused".to_owned()), "{}").await.delivered);
    let request = hook.next("hook").await;
    assert!(request.contains(&format!("\r\nX-Signature: {}\r\n", sign("{}", TOKEN))));
    assert!(request.contains("\r\nAuthorization: Basic YWRhOnNlY3JldA==\r\n"));
    assert_eq!(form(&request), [("signal".to_owned(), "job_paused".to_owned()), ("payload".to_owned(), "{}".to_owned())]);
}
