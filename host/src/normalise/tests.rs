use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::HeaderMap;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::clock::Timestamp;
use crate::config::{AnswerAt, Generic, Hook, KindAt, Platform, Pointer};
use crate::event::PlatformKind;
use crate::id::hex;
use crate::secret::Secret;
use crate::verify::{self, Unverified};

/// The token of `composed.json`.
const SIGNING_TOKEN: &str = "wh-token-0123456789abcdef";

fn project(kind: PlatformKind, platform_project: &str) -> Project {
    Project {
        name: "birds".parse().unwrap(),
        file: "projects/birds.toml".into(),
        platform: Platform {
            kind,
            url: "https://example.org".parse().unwrap(),
            project: platform_project.to_owned(),
            api_key: Some(Secret::new("the-platforms-key")),
            signing_tokens: match kind {
                PlatformKind::Appen => vec![Secret::new(SIGNING_TOKEN)],
                PlatformKind::Pybossa | PlatformKind::Generic => Vec::new(),
            },
            generic: None,
        },
        hook: Hook { tokens: vec![Secret::new("hook-token")], basic: None, ..Hook::default() },
        plugins: Vec::new(),
        run_all: false,
        connections: Vec::new(),
        folders: Vec::new(),
        badges: None,
    }
}

fn pybossa() -> Project {
    project(PlatformKind::Pybossa, "birds")
}

fn appen() -> Project {
    project(PlatformKind::Appen, "4242")
}

/// A sender that posts lists of annotations, and whose keys are called like secrets.
fn generic() -> Project {
    let at = |pointer: &str| Some(pointer.parse::<Pointer>().unwrap());
    let mut project = project(PlatformKind::Generic, "birds");
    let kinds =
        [("item.done", "task.completed"), ("vote", "task.answered"), ("paused", "garden.closed"), ("all.done", "project.completed")];
    project.platform.generic = Some(Generic {
        events: at("/events"),
        kind: KindAt::Word { at: at("/type").unwrap(), kinds: kinds.map(|(word, kind)| (word.to_owned(), kind.parse().unwrap())).into() },
        project: at("/campaign/name"),
        task: at("/item/id"),
        dedup_keys: Vec::new(),
        time: at("/sent"),
        task_info: at("/item/secret_garden"),
        answers: at("/item/answer_key"),
        answer: AnswerAt { id: at("/token"), worker: at("/by"), value: at("/label"), ..AnswerAt::default() },
    });
    project
}

fn verified(project: &Project, query: Option<&str>, body: Vec<u8>) -> Option<Verified> {
    let admitted = verify::caller(Some(&project.hook), Some("hook-token"), &HeaderMap::new()).unwrap();
    let (headers, received_at) = (HeaderMap::new(), Timestamp::UNIX_EPOCH);
    let request = Unverified { query: query.map(str::to_owned), headers, body: Bytes::from(body), received_at };
    verify::request(project, admitted, request).ok()
}

fn shown(event: &Normalised) -> Value {
    json!({
        "standing": event.standing.as_str(),
        "kind": event.kind.as_str(),
        "task": event.task,
        "occurred_at": event.occurred_at.map(crate::clock::rfc3339),
        "dedup_key": event.dedup_key,
        "freshness": event.freshness,
        "rerun": event.rerun,
        "payload": serde_json::from_str::<Value>(&event.payload).unwrap(),
    })
}

/// What we make of each request in a folder of `tests/payloads` stands beside it: `<name>.json` or `.form` is its body,
/// `<name>.query` what stands behind the `?` where there is something, `<name>.event.json` the events.
fn check(folder: &str, extension: &str, project: &Project) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payloads").join(folder);
    let mut bodies: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    bodies.retain(|path| path.to_str().unwrap().strip_suffix(extension).is_some_and(|stem| !stem.ends_with(".event")));
    assert!(bodies.len() >= 8, "the bodies are in {}", folder.display());
    for path in bodies {
        let body = std::fs::read(&path).unwrap();
        let query = std::fs::read_to_string(path.with_extension("query")).ok();
        let request = verified(project, query.as_deref().map(str::trim), body).expect("it is signed rightly");
        let actual = match normalise(project, request) {
            Ok(events) => Value::Array(events.iter().map(shown).collect()),
            Err(refusal) => json!({ "refused": refusal.to_string() }),
        };
        let expected = std::fs::read_to_string(path.with_extension("event.json")).unwrap_or_default();
        let expected: Value = serde_json::from_str(&expected).unwrap_or_default();
        assert!(actual == expected, "{}:\n{actual:#}", path.display());
    }
}

#[test]
fn pybossa_payloads_become_the_events_beside_them() {
    check("pybossa", ".json", &pybossa());
}

#[test]
fn appen_payloads_become_the_events_beside_them() {
    check("appen", ".form", &appen());
}

#[test]
fn generic_payloads_become_the_events_beside_them() {
    check("generic", ".json", &generic());
}

/// The dedup key of a body that is one event, in a project whose file says that these ids tell a repeat.
fn dedup_key(dedup_keys: &[&str], webhook_id: Option<&str>, body: &Value) -> String {
    let mut project = generic();
    let shape = project.platform.generic.as_mut().unwrap();
    (shape.events, shape.kind) = (None, KindAt::Always(EventKind::TASK_COMPLETED));
    shape.dedup_keys = dedup_keys.iter().map(|pointer| pointer.parse().unwrap()).collect();
    super::generic::normalise(&project, body.to_string().as_bytes(), webhook_id).unwrap().remove(0).dedup_key
}

#[test]
fn a_repeat_is_told_by_ids_else_by_the_webhook_id_else_by_the_text() {
    let body = json!({"campaign": {"name": "birds"}, "item": {"id": 7}, "a": "x/y", "b": 3, "c": "x", "d": "y/3"});
    assert_eq!(dedup_key(&["/a"], Some("msg"), &body), "task.completed/id/x~1y");
    assert_eq!(dedup_key(&["/a", "/b"], None, &body), "task.completed/id/x~1y/3");
    assert_ne!(dedup_key(&["/a", "/b"], None, &body), dedup_key(&["/c", "/d"], None, &body));
    assert_eq!(dedup_key(&[], Some("msg_1"), &body), "task.completed/webhook/msg_1");
    assert!(dedup_key(&[], Some(&"m".repeat(4000)), &body).len() < 100);
    let by_text = dedup_key(&[], None, &body);
    assert!(by_text.starts_with("task.completed/sha256/"), "{by_text}");
    assert_ne!(by_text, dedup_key(&[], None, &json!({"campaign": {"name": "birds"}, "item": {"id": 7}})));
    assert!(dedup_key(&["/missing"], None, &body).starts_with("host.unknown/unreadable/"));
}

fn of_generic(body: &str) -> Result<Vec<Normalised>, OtherProject> {
    normalise(&generic(), verified(&generic(), None, body.into()).unwrap())
}

#[test]
fn a_generic_request_holds_at_most_a_thousand_events() {
    let list = |count: usize| {
        let events: Vec<Value> = (0..count).map(|id| json!({"type": "vote", "campaign": {"name": "birds"}, "item": {"id": id}})).collect();
        of_generic(&json!({ "events": events }).to_string()).unwrap()
    };
    assert_eq!(list(1000).len(), 1000);
    for wrong in [0, 1001] {
        let set_aside = list(wrong);
        assert_eq!((set_aside.len(), set_aside[0].standing), (1, Standing::Unreadable));
    }
}

#[test]
fn one_odd_event_of_a_list_is_set_aside_and_the_others_go_on() {
    let odd = [
        (json!({"type": "vote", "campaign": {"name": "birds"}, "item": {}}), Standing::Unreadable),
        (json!({"type": "vote", "campaign": {"name": "cats"}, "item": {"id": 7, "about": "cats"}}), Standing::Ignored),
        (json!("no object"), Standing::Ignored),
    ];
    for (odd, standing) in odd {
        let mut list: Vec<Value> = (0..999).map(|id| json!({"type": "vote", "campaign": {"name": "birds"}, "item": {"id": id}})).collect();
        list.insert(500, odd);
        let events = of_generic(&json!({ "events": list }).to_string()).unwrap();
        let tasks: Vec<&str> = events.iter().filter_map(|event| event.task.as_deref()).collect();
        assert_eq!(tasks, (0..999).map(|id| id.to_string()).collect::<Vec<_>>());
        assert_eq!((events.len(), events[500].standing), (1000, standing), "{:?}", events[500]);
        assert!(!events[500].payload.contains("cats"), "nothing of another project's is kept: {:?}", events[500]);
    }
}

#[test]
fn a_generic_request_that_is_all_about_others_is_refused() {
    let foreign = |id: u32| json!({"type": "vote", "campaign": {"name": "cats"}, "item": {"id": id}});
    assert_eq!(of_generic(&json!({ "events": [foreign(1), foreign(2)] }).to_string()), Err(OtherProject));
}

/// Whether a PYBOSSA project that its file calls `own` takes a payload with these fields.
fn takes(own: &str, fields: Value) -> bool {
    let mut payload = json!({"event": "task_completed", "task_id": 1, "result_id": 2});
    payload.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let project = project(PlatformKind::Pybossa, own);
    normalise(&project, verified(&project, None, payload.to_string().into()).unwrap()).is_ok()
}

#[test]
fn payload_of_another_project_is_refused() {
    assert!(takes("birds", json!({"project_short_name": "birds", "project_id": 7})));
    assert!(!takes("birds", json!({"project_short_name": "cats", "project_id": 7})));
    assert!(!takes("birds", json!({"project_short_name": null, "project_id": 7})));
    assert!(!takes("birds", json!({"project_short_name": "Birds"})));
    assert!(takes("7", json!({"project_short_name": "birds", "project_id": 7})));
    assert!(takes("7", json!({"project_short_name": "7", "project_id": 9})));
    assert!(!takes("7", json!({"project_short_name": "birds", "project_id": 8})));
    assert!(!takes("7", json!({"project_short_name": "birds"})));
}

#[test]
fn rerun_is_an_argument_of_the_address() {
    let body = r#"{"event":"task_completed","project_short_name":"birds","project_id":1,"task_id":1,"result_id":1}"#;
    for (query, rerun) in [
        (None, false),
        (Some("rerun=True"), true),
        (Some("a=b&rerun=true"), true),
        (Some("rerun=1"), true),
        (Some("rerun=False"), false),
        (Some("rerun"), false),
        (Some("norerun=True"), false),
        (Some("r%65run=TRUE"), true),
    ] {
        let events = normalise(&pybossa(), verified(&pybossa(), query, body.into()).unwrap()).unwrap();
        assert_eq!(events.first().unwrap().rerun, rerun, "{query:?}");
    }
}

#[test]
fn keys_of_one_project_sort_as_its_ids_do() {
    let key = |task: u64, result: u64| {
        let body = json!({"event": "task_completed", "project_short_name": "birds", "task_id": task, "result_id": result}).to_string();
        normalise(&pybossa(), verified(&pybossa(), None, body.into()).unwrap()).unwrap().remove(0).dedup_key
    };
    let keys = [key(2, 9), key(2, 10), key(10, 3), key(1_000_000, 1)];
    assert!(keys.is_sorted(), "{keys:?}");
}

fn form(signal: &str, payload: &str) -> Vec<u8> {
    use sha1::{Digest as _, Sha1};
    let signature = hex(Sha1::new().chain_update(payload).chain_update(SIGNING_TOKEN).finalize().as_slice());
    let fields = [("signal", signal), ("payload", payload), ("signature", signature.as_str())];
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
}

fn of_appen(signal: &str, payload: &str) -> Result<Vec<Normalised>, OtherProject> {
    normalise(&appen(), verified(&appen(), None, form(signal, payload)).unwrap())
}

#[test]
fn one_request_holds_at_most_a_thousand_events() {
    let list = |count: usize| {
        let units: Vec<Value> = (0..count).map(|id| json!({"id": id, "job_id": 4242})).collect();
        of_appen("unit_complete", &Value::Array(units).to_string()).unwrap()
    };
    assert_eq!(list(1000).len(), 1000);
    let too_many = list(1001);
    assert_eq!((too_many.len(), too_many[0].standing), (1, Standing::Unreadable));
}

#[test]
fn one_foreign_unit_in_a_list_refuses_all() {
    assert_eq!(of_appen("unit_complete", r#"[{"id":1,"job_id":4242},{"id":2,"job_id":1}]"#), Err(OtherProject));
}

#[test]
fn changed_payload_is_a_revision_and_the_newer_sorts_later() {
    let unit = |updated_at: &str, judgments: u32| {
        let payload = json!({"id": 1, "job_id": 4242, "updated_at": updated_at, "judgments_count": judgments});
        of_appen("unit_complete", &payload.to_string()).unwrap().remove(0)
    };
    let revisions = [
        unit("1969-01-01T00:00:00+00:00", 2),
        unit("2024-03-05T09:59:59+00:00", 900),
        unit("2024-03-05T12:00:00+02:00", 9),
        unit("2024-03-05T10:00:00Z", 10),
        unit("2024-03-05T10:00:00.5Z", 1),
    ];
    assert!(revisions.is_sorted_by(|a, b| a.freshness < b.freshness), "{revisions:#?}");
    assert!(revisions.windows(2).all(|pair| pair[0].dedup_key != pair[1].dedup_key));
}

/// What is left of a text that could not be parsed.
fn check_text(raw: &str, expected: &str) {
    assert_eq!(redact::text(raw, &["the-platforms-key"]), expected, "{raw}");
}

#[test]
fn payload_without_secrets_stays_as_it_was_written() {
    let written = r#"{ "id":1, "job_id":4242, "data":{"token":"a column of the owner's","Größe":1.10},"big":12345678901234567890123 }"#;
    let [event] = of_appen("unit_complete", written).unwrap().try_into().unwrap();
    assert_eq!(event.payload, written);
}

#[test]
fn payload_loses_its_secrets_however_their_names_are_written() {
    for named in ["secret", "SECRET", r"s\u0065cret", "api_key", "webhook_uri"] {
        let written =
            format!(r#"{{"id":1,"job_id":4242,"inner":[{{"{named}":{{"a":["hunter2"]}},"b":2}}],"data":{{"{named}":"hunter2"}}}}"#);
        let [event] = of_appen("unit_complete", &written).unwrap().try_into().unwrap();
        assert_eq!(event.payload, r#"{"id":1,"job_id":4242,"inner":[{"b":2}],"data":{}}"#, "{written}");
    }
}

#[test]
fn a_payload_loses_the_projects_own_secrets_in_whatever_value_they_stand() {
    let written =
        format!(r#"{{"id":1,"job_id":4242,"data":{{"note":"called at https://crowd/hooks/birds/{SIGNING_TOKEN}?a=1","n":1.10}}}}"#);
    let [event] = of_appen("unit_complete", &written).unwrap().try_into().unwrap();
    assert_eq!(event.payload, r#"{"id":1,"job_id":4242,"data":{"note":"called at https://crowd/hooks/birds/(removed)?a=1","n":1.1}}"#);
    let unknown = format!(r#"{{"job_id":4242,"{SIGNING_TOKEN}":["{SIGNING_TOKEN}"]}}"#);
    let [event] = of_appen("job_moved", &unknown).unwrap().try_into().unwrap();
    assert!(!event.payload.contains(SIGNING_TOKEN) && event.payload.contains("(removed)"), "{}", event.payload);
}

#[test]
fn secrets_are_taken_out_of_what_cannot_be_parsed() {
    check_text(r#"{"id":1,"#, r#"{"id":1,"#);
    check_text(r#"{"secret":"s3","id":1,"#, r#"{"secret":(removed),"id":1,"#);
    check_text(r#"{"api_key" : "a\"b,c", "id":1"#, r#"{"api_key" : (removed), "id":1"#);
    check_text(r#"{'password': 'it "is"', 'id': 1}"#, r#"{'password': (removed), 'id': 1}"#);
    check_text(r#""{\"secret\":\"s3\",\"id\":1"#, r#""{\"secret\":(removed),\"id\":1"#);
    check_text("secret=s3&id=1", "secret=(removed)&id=1");
    check_text(r#"{"token":12,"id":1"#, r#"{"token":(removed),"id":1"#);
    check_text(r#"{"secret":"cut off"#, r#"{"secret":(removed)"#);
    check_text(r#"{"api_key":{"a":"b"#, r#"{"api_key":(removed)"#);
    check_text(r#"{"uri":"https://user:pw@host/x"#, r#"{"uri":"https://(removed)@host/x"#);
    check_text("x the-platforms-key y", "x (removed) y");
    check_text(
        r#"{"accessToken":"s3","clientSecret":"s4","privateKey":"s5""#,
        r#"{"accessToken":(removed),"clientSecret":(removed),"privateKey":(removed)"#,
    );
    check_text(r#"{"monkey":"s3","KEY":1"#, r#"{"monkey":"s3","KEY":1"#);
    check_text(r#"{"text":"the secret garden"#, r#"{"text":"the secret garden"#);
    check_text("ñ secret", "ñ secret");
}

/// The text of an object with the keys that matter, some of them twice.
fn any_json() -> impl Strategy<Value = String> {
    let value = prop_oneof![Just("null".to_owned()), Just("1.50".to_owned()), Just(r#""hunter2""#.to_owned()), Just("true".to_owned())];
    let value = value.prop_recursive(4, 32, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(", ")));
        prop_oneof![list, object_of(inner)]
    });
    object_of(value)
}

fn object_of(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let key =
        prop::sample::select(vec!["secret", "webhook_uri", "token", "data", "unit_data", "results", "judgments", "info", "job_key", "a"]);
    let members = prop::collection::vec((key, value), 0..4);
    members.prop_map(|members| {
        let members: Vec<String> = members.into_iter().map(|(key, value)| format!(r#""{key}": {value}"#)).collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #[test]
    fn any_text_is_an_event_or_refused(body: String, signal in "unit_complete|new_judgments|job_complete|other|") {
        for event in normalise(&pybossa(), verified(&pybossa(), Some(&body), body.clone().into()).unwrap()).unwrap_or_default() {
            prop_assert!(serde_json::from_str::<Map<String, Value>>(&event.payload).is_ok());
        }
        for event in of_generic(&body).unwrap_or_default() {
            prop_assert!(serde_json::from_str::<Map<String, Value>>(&event.payload).is_ok());
        }
        for event in of_appen(&signal, &body).unwrap_or_default() {
            prop_assert!(serde_json::from_str::<Map<String, Value>>(&event.payload).is_ok());
        }
    }

    #[test]
    fn text_keeps_no_value_of_a_secret(before in "[ -~]{0,20}", after in "[ -~]{0,20}", quote in "[\"']") {
        let raw = format!("{before} secret{quote}:{quote}hunter2{quote}{after}");
        prop_assert!(!redact::text(&raw, &[]).contains("hunter2"));
    }

    #[test]
    fn payload_says_what_is_left_when_it_is_parsed_and_secrets_are_taken_out(payload in any_json()) {
        let mut parsed = serde_json::from_str::<Map<String, Value>>(&payload).unwrap();
        redact::object(&mut parsed);
        let said = redact::payload(&payload).unwrap();
        prop_assert_eq!(serde_json::from_str::<Map<String, Value>>(&said).unwrap(), parsed);
    }

    #[test]
    fn text_without_names_of_secrets_stays(raw in "[a-f0-9{}:,\" \\\\ñ🐈]{0,60}") {
        prop_assert_eq!(redact::text(&raw, &[]), raw);
    }
}
