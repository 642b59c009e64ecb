use crowdhook_texts::{Event, Facts};
use serde_json::{Value, json};

use super::{Todo, run};
use crate::settings::parse;

fn facts(analysis: Value) -> Facts {
    let event = Event {
        kind: "task.analysed".to_owned(),
        task_id: Some("7".to_owned()),
        occurred_at: "2026-11-21T19:29:25.000Z".to_owned(),
        ..Event::default()
    };
    Facts { event, analysis: Some(analysis), ..Facts::default() }
}

fn analysis(revision: u64) -> Value {
    json!({
        "answer": "=robin", "votes": 2, "total": 3, "agreement": 0.5, "tie": false, "decided": true, "reason": "2 of 3 answers agree",
        "revision": revision, "previous": null, "answers": [{ "id": "1", "worker": "ann" }], "answers_left_out": 0,
    })
}

fn todo(settings: Value) -> Option<Todo> {
    run(&parse(&settings.to_string()).unwrap(), &facts(analysis(2))).unwrap()
}

#[test]
fn a_file_has_the_verdict_and_nobody_who_answered() {
    let Some(Todo::Write { folder, path, content }) = todo(json!({ "folder": "results" })) else { panic!() };
    assert_eq!((folder.as_str(), path.as_str()), ("results", "7.json"));
    assert!(content.ends_with("}\n") && !content.contains("ann"), "{content}");
    let read: Value = serde_json::from_str(&content).unwrap();
    let expected = json!({
        "task": "7", "revision": 2, "answer": "=robin", "decided": true, "tie": false, "votes": 2, "total": 3, "agreement": 0.5,
        "reason": "2 of 3 answers agree", "at": "2026-11-21T19:29:25.000Z", "tied": [], "tally": [], "questions": {},
    });
    assert_eq!(read, expected);
}

#[test]
fn a_line_is_appended_once_for_each_analysis() {
    let Some(Todo::Append { path, line, header, once, .. }) = todo(json!({ "folder": "results", "mode": "append" })) else { panic!() };
    assert_eq!((path.as_str(), once.as_str()), ("results.csv", "results-file/7/2"));
    assert_eq!(header.as_deref(), Some("task,revision,answer,decided,tie,votes,total,agreement,reason,at\r\n"));
    assert_eq!(line, "7,2,'=robin,true,false,2,3,0.5,2 of 3 answers agree,2026-11-21T19:29:25.000Z\r\n");
}

#[test]
fn lines_may_be_json() {
    let settings =
        json!({ "folder": "results", "mode": "append", "format": "jsonl", "columns": { "bird": "answer", "share": "agreement" } });
    let Some(Todo::Append { path, line, header, .. }) = todo(settings) else { panic!() };
    assert_eq!((path.as_str(), header), ("results.jsonl", None));
    assert_eq!(line, "{\"task\":\"7\",\"revision\":2,\"bird\":\"=robin\",\"share\":0.5}\n");
}

#[test]
fn an_upload_says_where_in_its_header() {
    let settings = json!({ "via": "dropbox", "connection": "box", "path": "birds/{{ task.id }}.json" });
    let Some(Todo::Upload { connection, arg, content }) = todo(settings) else { panic!() };
    assert_eq!(connection, "box");
    assert!(arg.contains("\"/birds/7.json\""), "{arg}");
    assert!(content.contains("\"=robin\""), "{content}");
}

#[test]
fn an_upload_that_is_too_large_is_refused() {
    let settings = parse(r#"{ "via": "dropbox", "connection": "box" }"#).unwrap();
    let mut large = analysis(1);
    large["answer"] = json!("x".repeat(1 << 20));
    let error = run(&settings, &facts(large)).unwrap_err();
    assert!(error.contains("name fewer `columns`"), "{error}");
}

#[test]
fn nothing_is_written_when_the_condition_does_not_hold() {
    assert_eq!(todo(json!({ "folder": "results", "when": "agreement > 0.8" })), None);
    assert!(todo(json!({ "folder": "results", "when": "decided" })).is_some());
}

#[test]
fn what_is_missing_is_for_a_person() {
    let settings = parse(r#"{ "folder": "results", "when": "task.info.wanted" }"#).unwrap();
    let error = run(&settings, &facts(analysis(1))).unwrap_err();
    assert!(error.starts_with("`when`: "), "{error}");
    let error = run(&parse(r#"{ "folder": "results" }"#).unwrap(), &facts(json!({}))).unwrap_err();
    assert_eq!(error, "the analysis has no `revision`");
}
