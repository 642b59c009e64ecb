use std::cell::Cell;

use crowdhook::clock::Timestamp;
use crowdhook::config::{self, AnswerAt, Generic, Hook, KindAt, Pointer};
use crowdhook::event::{EventKind, Normalised, PlatformKind, Standing};
use crowdhook::normalise::{EVENTS_MAX, OtherProject, normalise};
use crowdhook::platform::appen::unit_of;
use crowdhook::platform::generic::task_of;
use crowdhook::secret::Secret;
use crowdhook::verify::{self, Refusal, Unverified};
use http::HeaderMap;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::mutated::mutated;
use super::{fuzz, seeds};

/// What means something in a payload.
const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "-0",
    "1e999",
    "18446744073709551616",
    "\\u0000",
    "\\ud800",
    "\\\"",
    "{\"a\":",
    "[[[[",
    "task_id",
    "result_id",
    "event",
    "job_id",
    "id",
    "unit_id",
    "results",
    "judgments",
    "secret",
    "api_key",
    "password",
    "token=",
    "://",
    "@",
    "%00",
    "%22",
    "%",
    "+",
    "&",
    "=",
    "&payload=",
    "signal=unit_complete",
    "\u{feff}",
    "ñ",
    "🐈",
    "type",
    "campaign",
    "item",
    "done",
    "labels",
    "0",
    "-1",
];

/// A secret of each project here. No seed holds it.
pub const HOOK_TOKEN: &str = "hook-token-that-nobody-sends";

fn at(pointer: &str) -> Option<Pointer> {
    Some(pointer.parse().unwrap())
}

/// A project that asks for no signature.
pub fn project(kind: PlatformKind) -> config::Project {
    let generic = Generic {
        events: None,
        kind: KindAt::Word { at: at("/type").unwrap(), kinds: vec![("done".to_owned(), EventKind::TASK_COMPLETED)] },
        project: at("/campaign"),
        task: at("/item/id"),
        dedup_keys: Vec::new(),
        time: at("/sent"),
        task_info: at("/item/data"),
        answers: at("/item/labels"),
        answer: AnswerAt {
            id: at("/id"),
            worker: at("/by"),
            value: at("/label"),
            trust: at("/trust"),
            time: at("/at"),
            set_aside: at("/spam"),
        },
    };
    config::Project {
        name: "birds".parse().unwrap(),
        file: "projects/birds.toml".into(),
        platform: config::Platform {
            kind,
            url: "https://example.org".parse().unwrap(),
            project: if kind == PlatformKind::Appen { "4242" } else { "birds" }.to_owned(),
            api_key: Some(Secret::new("a-key-that-nobody-sends")),
            signing_tokens: Vec::new(),
            generic: (kind == PlatformKind::Generic).then_some(generic),
        },
        hook: Hook { tokens: vec![Secret::new(HOOK_TOKEN)], ..Hook::default() },
        plugins: Vec::new(),
        run_all: false,
        connections: Vec::new(),
        folders: Vec::new(),
        badges: None,
    }
}

/// What becomes of a body; none when it is not even looked into.
pub fn taken(project: &config::Project, query: Option<String>, body: &[u8]) -> Result<Result<Vec<Normalised>, OtherProject>, Refusal> {
    let headers = HeaderMap::new();
    let admitted = verify::caller(Some(&project.hook), Some(HOOK_TOKEN), &headers).unwrap();
    let request = Unverified { query, headers, body: body.to_vec().into(), received_at: Timestamp::UNIX_EPOCH };
    verify::request(project, admitted, request).map(|verified| normalise(project, verified))
}

/// What holds of the events of any body.
fn hold(project: &config::Project, body: &[u8]) -> Result<(), TestCaseError> {
    let Ok(Ok(events)) = taken(project, Some(String::from_utf8_lossy(body).into_owned()), body) else { return Ok(()) };
    prop_assert!((1..=EVENTS_MAX).contains(&events.len()));
    for event in &events {
        let payload = serde_json::from_str::<Map<String, Value>>(&event.payload);
        prop_assert!(payload.is_ok(), "{}", event.payload);
        prop_assert!(event.dedup_key.len() <= 1024, "{}", event.dedup_key);
        prop_assert!(event.task.as_ref().is_none_or(|task| task.len() <= 256));
        prop_assert_eq!(event.kind == EventKind::HOST_UNKNOWN, event.standing != Standing::Accepted);
        if event.standing == Standing::Unreadable {
            prop_assert!(!event.payload.contains(HOOK_TOKEN), "{}", event.payload);
        }
        if event.task.is_some() && project.platform.kind == PlatformKind::Appen {
            unit_of(&event.payload).map(drop).unwrap_or_default();
        }
        if let (Some(task), Some(shape)) = (&event.task, &project.platform.generic) {
            // No plugin meets a payload that cannot be read, although secrets were taken out of it.
            let read = task_of(shape, &event.kind, task, &serde_json::from_str(&event.payload).unwrap());
            prop_assert!(read.is_ok(), "{read:?}: {}", event.payload);
            // What was taken out is out: a payload that is posted once more stays as it is.
            let again = taken(project, None, event.payload.as_bytes()).unwrap().unwrap();
            prop_assert_eq!((&again[0].payload, again.len()), (&event.payload, 1));
        }
    }
    Ok(())
}

#[test]
fn any_pybossa_body() {
    let project = project(PlatformKind::Pybossa);
    let inputs = mutated(seeds("json", &[("tests/payloads/pybossa", "json")]), WORDS);
    fuzz("pybossa", 1, &inputs, |body| hold(&project, &with_token(&body)));
}

#[test]
fn any_appen_form() {
    let project = project(PlatformKind::Appen);
    let inputs = mutated(seeds("form", &[("tests/payloads/appen", "form")]), WORDS);
    fuzz("appen form", 1, &inputs, |body| hold(&project, &with_token(&body)));
}

#[test]
fn any_appen_payload() {
    let project = project(PlatformKind::Appen);
    let inputs = (mutated(seeds("json", &[]), WORDS), "unit_complete|new_judgments|job_complete|job_data_processed|other");
    fuzz("appen payload", 1, &inputs, |(payload, signal)| {
        let payload = String::from_utf8_lossy(&payload);
        let fields = [("signal", signal.as_str()), ("payload", &payload)];
        hold(&project, form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().as_bytes())
    });
}

#[test]
fn any_generic_body() {
    let project = project(PlatformKind::Generic);
    let inputs = mutated(seeds("json", &[("tests/payloads/generic", "json")]), WORDS);
    fuzz("generic", 1, &inputs, |body| hold(&project, &with_token(&body)));
}

/// Somebody who knows the hook's token repeats it in what he sends.
fn with_token(body: &[u8]) -> Vec<u8> {
    match body.len() % 4 {
        0 => [body, HOOK_TOKEN.as_bytes()].concat(),
        _ => body.to_vec(),
    }
}

/// Any of a few values that may stand where an id, a time or a number is looked for.
fn scrap() -> impl Strategy<Value = Value> {
    let scraps = json!([1, 2, "1", "row-7", "", null, true, 1.5, -3, 0.5, "0.5", 1e300, 1_732_190_400, "2026-11-21T19:29:25Z", "yesterday", [], {}, {"a": 1}, "a\nb"]);
    select(scraps.as_array().unwrap().clone())
}

/// An object with some of these fields.
fn some_of(names: &'static [&'static str], value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let fields = vec((select(names), value), 0..6);
    fields.prop_map(|fields| Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

/// What is nearly an event of a generic sender: each piece there or not, and right or not.
#[test]
fn any_generic_event() {
    let label = || some_of(&["id", "by", "label", "trust", "at", "spam", "token"], scrap());
    let labels = prop_oneof![4 => vec(label(), 0..4).prop_map(Value::from), 1 => label(), 1 => scrap()];
    let item = (scrap(), scrap(), labels).prop_map(|(id, data, labels)| json!({"id": id, "data": data, "labels": labels}));
    let event = (prop_oneof![3 => Just(json!("done")), 1 => scrap()], item, scrap());
    let event = event.prop_map(|(kind, item, sent)| json!({"type": kind, "campaign": "birds", "item": item, "sent": sent}));
    let mut list = project(PlatformKind::Generic);
    list.platform.generic.as_mut().unwrap().events = at("");
    let alone = project(PlatformKind::Generic);
    let accepted = Cell::new(0);
    fuzz("generic event", 1, &event, |event| {
        hold(&alone, event.to_string().as_bytes())?;
        let body = json!([event, event]).to_string();
        let events = taken(&list, None, body.as_bytes()).unwrap().unwrap();
        let alike = events.windows(2).all(|pair| pair[0].dedup_key == pair[1].dedup_key);
        prop_assert!(alike, "the same twice is a repeat");
        accepted.set(accepted.get() + usize::from(events[0].standing == Standing::Accepted));
        Ok(())
    });
    assert!(accepted.get() > 10, "most of what was tried was nothing");
}
