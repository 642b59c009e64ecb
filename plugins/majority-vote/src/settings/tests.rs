use serde_json::{Value, json};

use super::{Emit, Lists, PerWorker, Problem, SCHEMA, Settings, Subject, Ties, Unicode, Weights, parse};

/// What is wrong with settings beyond what the schema says.
fn check(json: &str) -> Vec<Problem> {
    crowdhook_plugin::Settings::read(json).map(|_: Settings| ()).err().unwrap_or_default()
}

fn fits_schema(settings: &Value) -> bool {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::validator_for(&schema).unwrap().is_valid(settings)
}

/// Settings that both the schema and the parser take or refuse.
fn check_both(settings: Value, fit: bool) {
    assert_eq!(fits_schema(&settings), fit, "the schema on {settings}");
    assert_eq!(parse(&settings.to_string()).is_ok(), fit, "the parser on {settings}");
}

fn problems_at(settings: Value) -> Vec<String> {
    assert!(fits_schema(&settings), "{settings}");
    check(&settings.to_string()).into_iter().map(|Problem { at, .. }| at).collect()
}

#[test]
fn no_settings_are_settings() {
    let settings = parse("{}").unwrap();
    assert!(matches!(&settings.subject, Subject::One(pointer) if pointer.is_empty()));
    assert_eq!(settings.rules, super::Rules::default());
    assert_eq!(settings.per_worker, PerWorker::Last);
    assert_eq!(settings.weights, Weights::Equal);
    assert_eq!(settings.emit, Emit::Changes);
    assert!(settings.skip_gold && settings.skip_set_aside && !settings.on_answered);
    assert_eq!(check("{}"), []);
}

#[test]
fn the_defaults_in_the_schema_are_those_of_the_code() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let default = |name: &str| schema["$defs"][name]["default"].clone();
    let rules = super::Rules::default();
    assert_eq!(default("count_blank"), json!(rules.count_blank));
    assert_eq!(default("ignore_case"), json!(rules.ignore_case));
    assert_eq!(default("ignore_space"), json!(rules.ignore_space));
    assert_eq!(default("text_numbers"), json!(rules.text_numbers));
    assert_eq!(default("minimum_answers"), json!(rules.minimum_answers));
    assert_eq!(default("quorum"), json!(rules.quorum));
    assert_eq!(default("agreement"), Value::Null);
    assert_eq!((default("lists"), rules.lists), (json!("each"), Lists::Each));
    assert_eq!((default("unicode"), rules.unicode), (json!("nfc"), Unicode::Nfc));
    assert_eq!((default("ties"), rules.ties), (json!("undecided"), Ties::Undecided));
    let whole = |name: &str| schema["properties"][name]["default"].clone();
    assert_eq!(whole("per_worker"), "last");
    assert_eq!(whole("weights"), "equal");
    assert_eq!(whole("skip_gold"), true);
    assert_eq!(whole("skip_set_aside"), true);
    assert_eq!(whole("on_answered"), false);
    assert_eq!(whole("emit"), "changes");
}

#[test]
fn each_member_is_read_to_its_own_place() {
    let counting = json!({
        "lists": "set", "count_blank": true, "ignore_case": true, "ignore_space": false, "unicode": "nfkc", "text_numbers": true,
        "minimum_answers": 3, "quorum": 2, "agreement": 0.75, "ties": "all",
    });
    let rules = super::Rules {
        lists: Lists::Set,
        count_blank: true,
        ignore_case: true,
        ignore_space: false,
        unicode: Unicode::Nfkc,
        text_numbers: true,
        minimum_answers: 3,
        quorum: 2,
        agreement: Some(0.75),
        ties: Ties::All,
    };
    // One by one, each changes its own rule and nothing else.
    let mut so_far = json!({});
    for (name, value) in counting.as_object().unwrap() {
        let before = parse(&so_far.to_string()).unwrap().rules;
        so_far[name] = value.clone();
        let after = parse(&so_far.to_string()).unwrap().rules;
        assert_ne!(before, after, "`{name}`");
    }
    assert_eq!(parse(&so_far.to_string()).unwrap().rules, rules);

    let mut question = counting;
    question["pointer"] = json!("/a");
    let named = parse(&json!({ "questions": { "q": question } }).to_string()).unwrap();
    assert!(matches!(&named.subject, Subject::Named(questions) if questions[0].rules == rules && questions[0].pointer == "/a"));
    assert_eq!(named.rules, super::Rules::default());

    let whole = json!({
        "pointer": "/p", "questions": "all", "per_worker": "first", "weights": "trust", "skip_gold": false, "skip_set_aside": false,
        "on_answered": true, "emit": "always",
    });
    let whole = parse(&whole.to_string()).unwrap();
    assert!(matches!(&whole.subject, Subject::All(pointer) if pointer == "/p"));
    assert_eq!((whole.per_worker, whole.weights, whole.emit), (PerWorker::First, Weights::Trust, Emit::Always));
    assert!(!whole.skip_gold && !whole.skip_set_aside && whole.on_answered);
}

#[test]
fn of_members_of_one_name_the_last_one_counts_and_nothing_may_follow() {
    assert_eq!(parse(r#"{"quorum": 2, "quorum": 3}"#).unwrap().rules.quorum, 3);
    assert!(parse(r#"{"quorum": 2} x"#).is_err());
    assert!(parse("[]").unwrap_err().contains("expected a table"));
}

#[test]
fn schema_and_parser_take_and_refuse_the_same() {
    check_both(json!({}), true);
    check_both(json!({ "pointer": "/a" }), true);
    check_both(json!({ "questions": "all", "pointer": "/answers" }), true);
    check_both(json!({ "questions": { "a": "/a", "b": { "pointer": "/b", "quorum": 2 } } }), true);
    check_both(json!({ "lists": "set", "agreement": 0.6, "ties": "all" }), true);
    check_both(json!({ "unicode": "nfkc", "ignore_case": true, "text_numbers": true }), true);
    check_both(json!({ "per_worker": "all", "weights": "trust", "skip_gold": false }), true);
    check_both(json!({ "skip_set_aside": false, "on_answered": true, "emit": "always" }), true);

    check_both(json!({ "qourum": 2 }), false);
    check_both(json!({ "pointer": 1 }), false);
    check_both(json!({ "questions": "some" }), false);
    check_both(json!({ "questions": ["/a"] }), false);
    check_both(json!({ "questions": { "a": { "quorum": 2 } } }), false);
    check_both(json!({ "questions": { "a": { "pointer": "/a", "per_worker": "all" } } }), false);
    check_both(json!({ "questions": { "a": 1 } }), false);
    check_both(json!({ "lists": "some" }), false);
    check_both(json!({ "ties": "last" }), false);
    check_both(json!({ "quorum": -1 }), false);
    check_both(json!({ "agreement": "much" }), false);
    check_both(json!({ "weights": "fame" }), false);
}

#[test]
fn the_schema_knows_the_limits() {
    assert!(!fits_schema(&json!({ "agreement": 1.5 })));
    assert!(!fits_schema(&json!({ "quorum": 0 })));
    assert!(!fits_schema(&json!({ "minimum_answers": 0 })));
    assert!(!fits_schema(&json!({ "questions": {} })));
}

#[test]
fn a_question_takes_over_what_it_does_not_say() {
    let settings = json!({
        "quorum": 3,
        "ignore_case": true,
        "questions": { "short": "/short", "long": { "pointer": "/long", "quorum": 2, "lists": "set" } },
    });
    let settings = parse(&settings.to_string()).unwrap();
    let Subject::Named(questions) = settings.subject else {
        panic!("no questions");
    };
    let [short, long] = questions.as_slice() else {
        panic!("two questions");
    };
    assert_eq!((short.pointer.as_str(), short.rules.quorum, short.rules.ignore_case), ("/short", 3, true));
    assert_eq!((long.pointer.as_str(), long.rules.quorum, long.rules.ignore_case), ("/long", 2, true));
    assert_eq!(long.rules.lists, Lists::Set);
}

#[test]
fn what_is_no_pointer_is_a_problem_where_it_stands() {
    assert_eq!(problems_at(json!({ "pointer": "/a/0/b~1c" })), [""; 0]);
    assert_eq!(problems_at(json!({ "pointer": "animal" })), ["/pointer"]);
    assert_eq!(problems_at(json!({ "pointer": "/a~b" })), ["/pointer"]);
    assert_eq!(problems_at(json!({ "pointer": "/a~" })), ["/pointer"]);
    assert_eq!(problems_at(json!({ "pointer": "a", "questions": "all" })), ["/pointer"]);
    assert_eq!(problems_at(json!({ "questions": { "a/b": "x" } })), ["/questions/a~1b"]);
    assert_eq!(problems_at(json!({ "questions": { "a": { "pointer": "x" } } })), ["/questions/a/pointer"]);
}

#[test]
fn the_problem_says_what_to_write() {
    let problems = check(r#"{ "pointer": "animal" }"#);
    assert!(problems[0].message.contains("write `/animal`"), "{problems:?}");
}

#[test]
fn a_pointer_beside_named_questions_is_a_problem() {
    assert_eq!(problems_at(json!({ "pointer": "/a", "questions": { "b": "/b" } })), ["/pointer"]);
    assert_eq!(problems_at(json!({ "pointer": "/a", "questions": "all" })), [""; 0]);
}

#[test]
fn rules_that_contradict_each_other_are_a_problem() {
    assert_eq!(problems_at(json!({ "lists": "set", "ties": "first" })), ["/ties"]);
    assert_eq!(problems_at(json!({ "lists": "set", "agreement": 0 })), ["/agreement"]);
    assert_eq!(problems_at(json!({ "lists": "set", "questions": { "a": { "pointer": "/a", "ties": "first" } } })), ["/questions/a/ties"]);
    assert_eq!(
        problems_at(json!({ "lists": "set", "ties": "first", "questions": { "a": { "pointer": "/a", "lists": "each" } } })),
        [""; 0]
    );
}

#[test]
fn settings_that_are_no_object_are_a_problem_and_no_panic() {
    for text in ["", "[]", "1", "{", "null"] {
        assert_eq!(check(text).len(), 1, "{text}");
    }
}
