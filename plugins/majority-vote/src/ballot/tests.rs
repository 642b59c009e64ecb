use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Answer, WhyNot, admit, at, read};
use crate::settings::{Lists, Rules, Settings, parse};

fn settings(json: Value) -> Settings {
    parse(&json.to_string()).unwrap()
}

fn answer(id: u32, worker: Option<&str>) -> Answer {
    Answer { id: id.to_string(), worker: worker.map(str::to_owned), value: Some(json!("cat")), trust: None, set_aside: false }
}

fn choices(value: Value, pointer: &str, rules: &Rules) -> Result<Vec<Value>, WhyNot> {
    let vote = read(0, 1.0, &value, pointer, rules)?;
    Ok(vote.choices.into_iter().map(|choice| choice.value).collect())
}

#[test]
fn one_answer_of_each_worker_counts_as_the_settings_say() {
    let answers = [answer(1, Some("ann")), answer(2, Some("bob")), answer(3, Some("ann"))];
    let admitted = |which: &str| admit(&answers, &settings(json!({ "per_worker": which })));
    assert_eq!(admitted("first"), [Ok(1.0), Ok(1.0), Err(WhyNot::NotTheFirst)]);
    assert_eq!(admitted("last"), [Err(WhyNot::NotTheLast), Ok(1.0), Ok(1.0)]);
    assert_eq!(admitted("all"), [Ok(1.0), Ok(1.0), Ok(1.0)]);
}

#[test]
fn anonymous_answers_each_count_on_their_own() {
    let answers = [answer(1, None), answer(2, None), answer(3, None)];
    for which in ["first", "last", "all"] {
        let admitted = admit(&answers, &settings(json!({ "per_worker": which })));
        assert_eq!(admitted, [Ok(1.0), Ok(1.0), Ok(1.0)]);
    }
}

#[test]
fn an_answer_that_was_set_aside_does_not_stand_for_its_worker() {
    let mut last = answer(2, Some("ann"));
    last.set_aside = true;
    let answers = [answer(1, Some("ann")), last];
    assert_eq!(admit(&answers, &settings(json!({}))), [Ok(1.0), Err(WhyNot::SetAside)]);
    let all = settings(json!({ "skip_set_aside": false }));
    assert_eq!(admit(&answers, &all), [Err(WhyNot::NotTheLast), Ok(1.0)]);
}

#[test]
fn trust_is_the_weight_where_it_is_wanted_and_known() {
    let with = |trust| Answer { trust, ..answer(1, None) };
    let answers = [with(None), with(Some(0.5)), with(Some(0.0)), with(Some(7.0)), with(Some(f64::NAN)), with(Some(-1.0))];
    let weighted = admit(&answers, &settings(json!({ "weights": "trust" })));
    let none = || Err(WhyNot::NoTrust);
    assert_eq!(weighted, [Ok(1.0), Ok(0.5), none(), Ok(1.0), Ok(1.0), none()]);
    assert!(admit(&answers, &settings(json!({}))).iter().all(|weight| *weight == Ok(1.0)));
}

#[test]
fn an_answer_that_is_no_json_does_not_count() {
    let answers = [Answer { value: None, ..answer(1, None) }];
    assert_eq!(admit(&answers, &settings(json!({}))), [Err(WhyNot::NotJson)]);
}

#[test]
fn a_pointer_finds_its_part_of_the_answer() {
    let rules = Rules::default();
    let value = json!({ "a": { "b/c": ["x", "y"] } });
    assert_eq!(choices(value.clone(), "/a/b~1c/1", &rules), Ok(vec![json!("y")]));
    assert_eq!(choices(value.clone(), "/a/d", &rules), Err(WhyNot::Missing("/a/d".to_owned())));
    assert_eq!(choices(json!("text"), "/a", &rules), Err(WhyNot::Missing("/a".to_owned())));
    assert_eq!(choices(value.clone(), "", &rules), Ok(vec![value]));
}

#[test]
fn each_value_of_a_list_is_chosen_once() {
    let list = json!(["cat", " cat", "dog", null, ""]);
    assert_eq!(choices(list.clone(), "", &Rules::default()), Ok(vec![json!("cat"), json!("dog")]));
    let whole = Rules { lists: Lists::Whole, ..Rules::default() };
    assert_eq!(choices(list, "", &whole), Ok(vec![json!(["cat", "cat", "dog", null, ""])]));
}

#[test]
fn what_is_blank_does_not_count_unless_wanted() {
    let rules = Rules::default();
    let counting = Rules { count_blank: true, ..Rules::default() };
    for blank in [json!(null), json!(""), json!("  "), json!([]), json!([null, ""])] {
        assert_eq!(choices(blank.clone(), "", &rules), Err(WhyNot::Blank), "{blank}");
        assert!(choices(blank.clone(), "", &counting).is_ok_and(|chosen| !chosen.is_empty()), "{blank}");
    }
    for said in [json!(0), json!(false), json!({})] {
        assert_eq!(choices(said.clone(), "", &rules), Ok(vec![said]));
    }
}

#[test]
fn an_empty_list_is_an_answer_where_the_answer_is_a_set() {
    let set = Rules { lists: Lists::Set, ..Rules::default() };
    assert_eq!(choices(json!([]), "", &set), Ok(Vec::new()));
    assert_eq!(choices(json!("cat"), "", &set), Ok(vec![json!("cat")]));
    assert_eq!(choices(json!(null), "", &set), Err(WhyNot::Blank));
}

proptest! {
    #[test]
    fn pointer_leads_where_that_of_serde_json_leads(pointer in "(/(a|b|0|1|a~0b|a~1b|~2||é)){0,4}|a|/~") {
        let value = json!({
            "a": { "b": [{ "a": 1 }, { "0": 2 }], "": { "a": 3 }, "0": "a" }, "b": [[4], { "b": null }], "a~b": { "a/b": 5 }, "a/b": [6], "": 7, "é": { "a": [8] },
        });
        prop_assert_eq!(at(&value, &pointer), value.pointer(&pointer));
    }
}
