use std::str::FromStr;

use serde_json::json;

use super::posted::{id_of, moment_of, task_of};
use super::*;
use crate::clock::rfc3339;
use crate::config::{AnswerAt, Generic as Shape, KindAt, Pointer};
use crate::event::EventKind;

fn at(pointer: &str) -> Option<Pointer> {
    Some(Pointer::from_str(pointer).unwrap())
}

fn shape() -> Shape {
    Shape {
        events: None,
        kind: KindAt::Always(EventKind::TASK_COMPLETED),
        project: None,
        task: at("/item"),
        dedup_keys: Vec::new(),
        time: None,
        task_info: at("/shown"),
        answers: at("/answers"),
        answer: AnswerAt {
            id: at("/id"),
            worker: at("/by"),
            value: at("/label"),
            trust: at("/trust"),
            time: at("/at"),
            set_aside: at("/spam"),
        },
    }
}

fn read(shape: &Shape, event: &Value) -> Result<(Task, Vec<Answer>), String> {
    task_of(shape, &EventKind::TASK_COMPLETED, "7", event)
}

#[test]
fn answers_come_in_the_hosts_shape_oldest_first() {
    let event = json!({"item": 7, "shown": {"url": "a.jpg"}, "answers": [
        {"id": "b", "by": 12, "label": {"animal": "cat"}, "trust": "0.75", "at": 1_732_190_400, "spam": 0},
        {"id": "a", "by": "ann", "label": "dog", "trust": 7, "at": "2024-11-21T12:59:00+01:00", "spam": true},
    ]});
    let (task, answers) = read(&shape(), &event).unwrap();
    assert_eq!((task.id.as_str(), task.redundancy, task.completed, task.info.as_str()), ("7", 2, true, r#"{"url":"a.jpg"}"#));
    let [first, second] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!((first.id.as_str(), first.worker.as_deref(), first.value.as_str()), ("a", Some("ann"), "\"dog\""));
    assert_eq!((first.trust, first.set_aside), (None, true), "trust beyond 1 is none");
    assert_eq!((second.id.as_str(), second.worker.as_deref(), second.value.as_str()), ("b", Some("12"), r#"{"animal":"cat"}"#));
    assert_eq!((second.trust, second.set_aside), (Some(0.75), false));
    assert_eq!(second.submitted_at.map(rfc3339).as_deref(), Some("2024-11-21T12:00:00.000Z"));
}

#[test]
fn an_answer_may_be_a_value_alone_or_stand_alone() {
    let plain = Shape { answer: AnswerAt::default(), ..shape() };
    let (_, answers) = read(&plain, &json!({"answers": ["cat", 3]})).unwrap();
    let said: Vec<_> = answers.iter().map(|answer| (answer.id.as_str(), answer.value.as_str())).collect();
    assert_eq!(said, [("1", "\"cat\""), ("2", "3")]);
    let (_, answers) = read(&shape(), &json!({"answers": {"id": 1, "label": "cat"}})).unwrap();
    assert_eq!((answers.len(), answers[0].worker.as_deref()), (1, None));
    for none in [json!({}), json!({"answers": null}), json!({"answers": []})] {
        assert!(read(&shape(), &none).unwrap().1.is_empty(), "{none}");
    }
}

#[test]
fn what_is_no_answer_is_named_by_its_place() {
    let check = |answers: Value, why: &str| assert_eq!(read(&shape(), &json!({ "answers": answers })).unwrap_err(), why);
    check(json!("cat"), "`/answers` holds no list of answers");
    check(json!([{"id": 1, "label": 1}, {"label": 1}]), "answer 2 has no id at `/id`");
    check(json!([{"id": 1.5, "label": 1}]), "answer 1 has no id at `/id`");
    check(json!([{"id": 1}]), "answer 1 has no value at `/label`");
    check(json!([{"id": 1, "label": 1, "by": {}}]), "answer 1 has a worker that is neither a text nor a whole number");
    check(json!([{"id": 1, "label": 1}, {"id": "1", "label": 1}]), "answer 2 has the id of one before it");
}

#[test]
fn ids_and_moments_are_read_strictly() {
    for (value, id) in [(json!("a"), Some("a")), (json!(-3), Some("-3")), (json!(u64::MAX), Some("18446744073709551615"))] {
        assert_eq!(id_of(Some(&value)).as_deref(), id);
    }
    for none in [json!(""), json!(1.0), json!(null), json!(true), json!("a\nb"), json!("x".repeat(257))] {
        assert_eq!(id_of(Some(&none)), None, "{none}");
    }
    for (value, moment) in [
        (json!("2024-11-21T12:00:00Z"), Some("2024-11-21T12:00:00.000Z")),
        (json!(1_732_190_400), Some("2024-11-21T12:00:00.000Z")),
        (json!(1_732_190_400_500_u64), Some("2024-11-21T12:00:00.500Z")),
        (json!(1_732_190_400.25), Some("2024-11-21T12:00:00.250Z")),
        (json!("2024-11-21T12:00:00"), None),
        (json!(1e300), None),
        (json!("yesterday"), None),
    ] {
        assert_eq!(moment_of(&value).map(rfc3339).as_deref(), moment, "{value}");
    }
}
