use serde_json::{Value, json};

use super::Analysis;
use crate::ballot::Answer;
use crate::settings::parse;
use crate::size;
use crate::vote;

fn answer(id: usize, value: Value) -> Answer {
    Answer { id: id.to_string(), worker: Some(format!("worker {id}")), value: Some(value), trust: None, set_aside: false }
}

/// What is emitted, which has to fit the schema that `wit/` promises to other plugins.
fn emitted(answers: &[Answer], settings: Value) -> Value {
    let settings = parse(&settings.to_string()).unwrap();
    let outcome = vote::count(answers, &settings).unwrap();
    let text = Analysis::new(&outcome).unwrap().emitted(1, None).unwrap();
    assert!(text.len() <= 256 * 1024, "{} bytes", text.len());
    let emitted = serde_json::from_str(&text).unwrap();
    check_schema(&emitted);
    emitted
}

fn check_schema(analysis: &Value) {
    let schema: Value = serde_json::from_str(include_str!("../../../../wit/analysis.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(analysis).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{analysis:#}");
}

/// What is saved, which has to fit into what a host takes.
fn saved(answers: &[Answer], settings: Value) -> Value {
    let settings = parse(&settings.to_string()).unwrap();
    let outcome = vote::count(answers, &settings).unwrap();
    let saved = serde_json::to_value(Analysis::new(&outcome).unwrap().saved(3)).unwrap();
    assert!(saved.to_string().len() <= 256 * 1024);
    saved
}

#[test]
fn the_emitted_analysis_says_of_each_answer_whether_it_counted_and_agreed() {
    let mut answers =
        vec![answer(1, json!("cat")), answer(2, json!("dog")), answer(3, json!("cat")), answer(4, json!("")), answer(5, json!("cat"))];
    answers[4].set_aside = true;
    answers.push(Answer { worker: Some("worker 2".to_owned()), ..answer(6, json!("dog")) });
    answers.push(Answer { value: None, worker: None, ..answer(7, json!("")) });
    let emitted = emitted(&answers, json!({}));
    let line = |at: usize| {
        let line = &emitted["answers"][at];
        (line["counted"].clone(), line["agrees"].clone(), line["why_not"].clone())
    };
    assert_eq!(line(0), (json!(true), json!(true), Value::Null));
    assert_eq!(line(1), (json!(false), Value::Null, json!("the worker answered again, and the last answer counts")));
    assert_eq!(line(3), (json!(false), Value::Null, json!("blank")));
    assert_eq!(line(4), (json!(false), Value::Null, json!("set aside by the platform")));
    assert_eq!(line(5), (json!(true), json!(false), Value::Null));
    assert_eq!(line(6), (json!(false), Value::Null, json!("not JSON")));
    assert_eq!(emitted["answers_left_out"], 0);
    assert_eq!((&emitted["answer"], &emitted["votes"], &emitted["total"]), (&json!("cat"), &json!(2), &json!(3)));
}

#[test]
fn what_is_saved_says_nothing_of_who_answered() {
    let answers = [answer(1, json!("cat")), answer(2, json!("dog")), answer(3, json!("cat"))];
    assert_eq!(
        saved(&answers, json!({})),
        json!({
            "summary": { "count": 3, "unique": 2, "top": "cat", "freq": 2 },
            "analysis": { "cat": 2, "dog": 1 },
            "answer": "cat", "votes": 2, "total": 3, "agreement": 2.0 / 3.0, "tie": false, "decided": true,
            "reason": "2 of 3 answers agree", "tied": [], "revision": 3,
        })
    );
}

#[test]
fn with_questions_each_has_its_part_and_the_weakest_speaks_for_the_whole() {
    let answers = [
        answer(1, json!({ "animal": "cat", "legs": 4 })),
        answer(2, json!({ "animal": "cat", "legs": 3 })),
        answer(3, json!({ "animal": "cat" })),
    ];
    let saved = saved(&answers, json!({ "questions": "all" }));
    assert_eq!(saved["answer"], json!({ "animal": "cat", "legs": null }));
    assert_eq!((&saved["decided"], &saved["tie"], &saved["agreement"]), (&json!(false), &json!(true), &json!(0.5)));
    assert_eq!(saved["reason"], "1 of 2 questions is undecided: `legs`");
    assert_eq!(saved["summary"]["animal"], json!({ "count": 3, "unique": 1, "top": "cat", "freq": 3 }));
    assert_eq!(saved["analysis"], json!({ "animal": { "cat": 3 }, "legs": { "4": 1, "3": 1 } }));
    assert_eq!(saved["questions"]["legs"]["tied"], json!([4, 3]));
    let emitted = emitted(&answers, json!({ "questions": "all" }));
    assert_eq!(emitted["answers"][0]["questions"], json!({ "animal": true, "legs": null }));
    assert_eq!(emitted["answers"][2]["questions"], json!({ "animal": true }));
    assert_eq!(emitted["answers"][0]["agrees"], true);
}

#[test]
fn an_answer_agrees_with_the_whole_when_it_agrees_with_each_question() {
    let answers = [answer(1, json!({ "a": 1, "b": 1 })), answer(2, json!({ "a": 1, "b": 2 })), answer(3, json!({ "a": 1, "b": 1 }))];
    let emitted = emitted(&answers, json!({ "questions": "all" }));
    assert_eq!((&emitted["answers"][0]["agrees"], &emitted["answers"][1]["agrees"]), (&json!(true), &json!(false)));
    assert_eq!(emitted["reason"], "each question is decided");
}

#[test]
fn without_answers_the_analysis_is_whole_all_the_same() {
    for settings in [json!({}), json!({ "questions": "all" }), json!({ "questions": { "a": "/a" } })] {
        let emitted = emitted(&[], settings.clone());
        assert_eq!((&emitted["decided"], &emitted["total"]), (&json!(false), &json!(0)));
        assert!(saved(&[], settings)["summary"].is_object());
    }
}

#[test]
fn of_very_many_answers_the_latest_are_left_out_and_counted() {
    let answers: Vec<Answer> = (0..5000).map(|id| answer(id, json!("cat"))).collect();
    let emitted = emitted(&answers, json!({}));
    let listed = emitted["answers"].as_array().unwrap().len();
    assert!(listed > 1000, "{listed}");
    assert_eq!(emitted["answers_left_out"], 5000 - listed);
    assert_eq!(emitted["total"], 5000);
}

#[test]
fn a_long_value_is_cut_from_its_line() {
    let answers = [answer(1, json!("x".repeat(size::LISTED_VALUE_MAX))), answer(2, json!("y"))];
    let emitted = emitted(&answers, json!({}));
    assert_eq!((&emitted["answers"][0]["value"], &emitted["answers"][0]["cut"]), (&Value::Null, &json!(true)));
    assert_eq!((&emitted["answers"][1]["value"], &emitted["answers"][1]["cut"]), (&json!("y"), &Value::Null));
}

#[test]
fn everything_fits_however_much_people_write() {
    // Quotes, which are escaped once in a text and twice in a name.
    let long = |id: usize| json!(format!("{id}{}", "\"".repeat(15_000)));
    let mut answers: Vec<Answer> = (0..200).map(|id| answer(id, long(id / 2))).collect();
    let tied = emitted(&answers, json!({}));
    assert_eq!(tied["tie"], true);
    assert!(tied["tally_left_out"].as_u64().unwrap() > 90);
    assert!(saved(&answers, json!({}))["analysis_left_out"].as_u64().unwrap() > 90);
    answers.push(answer(200, long(7)));
    assert_eq!(emitted(&answers, json!({}))["decided"], true);
    saved(&answers, json!({}));
}

#[test]
fn everything_fits_however_many_questions_there_are() {
    let value = |id: usize| {
        let member = |at: usize| (format!("{at:0>90}"), json!(format!("{id}{}", "\"".repeat(40))));
        Value::Object((0..100).map(member).collect())
    };
    let answers: Vec<Answer> = (0..300).map(|id| answer(id, value(id / 150))).collect();
    let settings = json!({ "questions": "all", "ties": "all" });
    assert_eq!(emitted(&answers, settings.clone())["decided"], true);
    saved(&answers, settings);
}

#[test]
fn an_answer_that_is_too_large_is_refused_with_what_to_do() {
    let answers = [answer(1, json!("x".repeat(size::ANSWER_MAX)))];
    let settings = parse("{}").unwrap();
    let outcome = vote::count(&answers, &settings).unwrap();
    let error = Analysis::new(&outcome).unwrap_err();
    assert!(error.contains("vote on a part of it with `pointer`"), "{error}");
}
