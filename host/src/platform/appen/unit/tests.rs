use super::*;
use serde_json::Value;

/// The payload of the composed post with this name.
fn composed(name: &str) -> String {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/appen/composed.json"));
    let all: Value = serde_json::from_str(text).unwrap();
    let case = all["cases"].as_array().unwrap().iter().find(|case| case["name"] == name).unwrap();
    case["payload_decoded"].as_str().unwrap().to_owned()
}

#[test]
fn a_finished_unit_holds_its_judgments() {
    let unit = unit_of(&composed("unit_complete_ascii")).unwrap();
    assert_eq!((unit.job.as_deref(), unit.judgments_count), (Some("4242"), 3));
    assert_eq!(unit.updated_at, Some("2024-03-05T10:30:00Z".parse().unwrap()));
    let task = &unit.task;
    assert_eq!((task.id.as_str(), task.redundancy, task.completed, task.gold), ("700001", 3, true, false));
    assert_eq!(task.info, r#"{"image_url":"https://example.org/1.jpg"}"#);
    let extra: Value = serde_json::from_str(&task.extra).unwrap();
    assert_eq!(extra["agreement"], 0.7083);
    assert_eq!(extra["results"], serde_json::json!({"animal": {"agg": "cat", "confidence": 0.7083}}));
    let answers: Vec<_> = unit
        .answers
        .iter()
        .map(|answer| (answer.id.as_str(), answer.worker.as_deref().unwrap(), answer.value.as_str(), answer.trust))
        .collect();
    assert_eq!(
        answers,
        [
            ("9001", "11", r#"{"animal":"cat"}"#, Some(0.9)),
            ("9002", "12", r#"{"animal":"cat"}"#, Some(0.8)),
            ("9003", "13", r#"{"animal":"dog"}"#, Some(0.7)),
        ]
    );
    assert_eq!(unit.answers[0].submitted_at, Some("2024-03-05T10:01:09Z".parse().unwrap()));
    assert!(!unit.answers[0].set_aside && unit.answers.iter().all(|answer| answer.task == "700001"));
}

#[test]
fn private_keys_stay_behind_and_lists_and_texts_pass_untouched() {
    let unit = unit_of(&composed("unit_complete_utf8_in_payload")).unwrap();
    assert_eq!(unit.answers[0].value, r#"{"animal":["cat","perro ñ"]}"#);
    assert!(unit.task.info.contains("¿Qué animal es? 🐈"));
}

#[test]
fn a_unit_that_is_still_being_judged_is_not_completed() {
    let unit = unit_of(&composed("new_judgments_one")).unwrap();
    assert!(!unit.task.completed);
    assert_eq!((unit.task.redundancy, unit.answers.len()), (1, 1));
}

#[test]
fn a_judgment_alone_and_a_list_of_one_are_taken() {
    let whole: Value = serde_json::from_str(&composed("unit_complete_ascii")).unwrap();
    let judgment = whole["results"]["judgments"][0].to_string();
    let unit = unit_of(&judgment).unwrap();
    assert_eq!((unit.task.id.as_str(), unit.job.as_deref(), unit.answers.len()), ("700001", Some("4242"), 1));
    assert_eq!(unit.task.info, r#"{"image_url":"https://example.org/1.jpg"}"#);
    assert_eq!(unit_of(&format!("[{judgment}]")), Ok(unit));
    assert_eq!(unit_of(&format!("[{whole}]")), unit_of(&whole.to_string()));
}

#[test]
fn rejected_and_tainted_judgments_are_set_aside() {
    let judgment = |more: &str| format!(r#"{{"id":1,"unit_id":2,"data":{{"a":"b"}}{more}}}"#);
    let set_aside = |more: &str| unit_of(&judgment(more)).unwrap().answers[0].set_aside;
    for more in [r#","rejected":true"#, r#","tainted":true"#, r#","rejected":"too fast""#] {
        assert!(set_aside(more), "{more}");
    }
    for more in ["", r#","rejected":null,"tainted":false"#, r#","rejected":"""#] {
        assert!(!set_aside(more), "{more}");
    }
}

#[test]
fn trust_is_between_nothing_and_one() {
    let trust = |more: &str| unit_of(&format!(r#"{{"id":1,"unit_id":2{more}}}"#)).unwrap().answers[0].trust;
    assert_eq!(trust(r#","trust":1"#), Some(1.0));
    assert_eq!(trust(r#","trust":"0.93""#), Some(0.93));
    assert_eq!(trust(r#","worker_trust":0.5"#), Some(0.5));
    assert_eq!(trust(r#","trust":7"#), None);
    assert_eq!(trust(""), None);
}

#[test]
fn a_test_question_carries_its_right_answer() {
    let unit = r#"{"id":1,"job_id":2,"state":"golden","data":{"url":"x","animal_gold":"cat","animal_gold_reason":"whiskers","size_gold":"","_gold":"x"}}"#;
    let task = unit_of(unit).unwrap().task;
    assert!(task.gold && !task.completed);
    assert_eq!(task.gold_answer.as_deref(), Some(r#"{"animal":"cat"}"#));
    let ordinary = unit_of(&unit.replace("golden", "finalized")).unwrap().task;
    assert_eq!((ordinary.gold, ordinary.gold_answer), (false, None));
}

#[test]
fn what_is_no_unit_is_refused_with_a_sentence() {
    for payload in [
        "",
        "1",
        "[]",
        "[{\"id\":1},{\"id\":2}]",
        r#"{"id":4242,"title":"a job","secret":"s"}"#,
        r#"{"unit_id":null,"id":1}"#,
        composed("payload_not_json").as_str(),
    ] {
        let why = unit_of(payload).unwrap_err();
        assert!(why.starts_with("the payload") && !why.contains("secret"), "{payload}: {why}");
    }
}
