use proptest::prelude::*;
use serde_json::{Value, json};

use crate::engine::{self, FILTERS, TESTS};
use crate::{Context, Escape, Event, Facts, Project, SOURCE_BYTES_MAX, Scope, Shape, Task, Text, Uses, one_line};

const POST: Escape = Escape::Post { mentions: false, links: false };

fn context(answer: &Value) -> Context {
    let event = Event {
        kind: "task.analysed".to_owned(),
        project: "birds".to_owned(),
        task_id: Some("7".to_owned()),
        occurred_at: "2026-11-21T19:29:25.000Z".to_owned(),
        origin: "live".to_owned(),
        ..Event::default()
    };
    let project = Project { title: "Birds".to_owned(), url: Some("https://birds.example".to_owned()), platform_id: "12".to_owned() };
    let task = Task { info: json!({ "url": "https://pictures.example/7", "said": answer }), redundancy: 3, ..Task::default() };
    let analysis = json!({ "answer": answer, "votes": 2, "total": 3, "agreement": 2.0 / 3.0, "decided": true, "revision": 1 });
    Context::new(&Facts { event, project: Some(project), task: Some(task), analysis: Some(analysis) })
}

fn parse(source: &str, escape: Escape) -> Text {
    Text::parse(source, escape, &Scope::of_kind("task.analysed")).unwrap()
}

/// What a text comes to, or why it comes to nothing.
fn fill(source: &str, escape: Escape, answer: &Value) -> String {
    parse(source, escape).render(&context(answer)).unwrap_or_else(|error| format!("error: {error}"))
}

fn check(source: &str, expected: &str) {
    assert_eq!(fill(source, Escape::None, &json!("robin")), expected, "of {source}");
}

/// What is wrong with a text about an analysis.
fn wrong(source: &str) -> String {
    Text::parse(source, Escape::None, &Scope::of_kind("task.analysed")).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn values_are_filled_in() {
    check("Task {{ task.id }}: {{ answer }} ({{ votes }} of {{ total }})", "Task 7: robin (2 of 3)");
    check("{{ project.title }} at {{ project.url }}, {{ event.occurred_at[:10] }}", "Birds at https://birds.example, 2026-11-21");
    check("{% if decided %}{{ agreement | percent }}{% else %}open{% endif %}", "67%");
    check("{{ task.info.url }} {{ task.redundancy }} {{ task.gold }}", "https://pictures.example/7 3 false");
    check("{{ answer | truncate(3) }} {{ answer | truncate(5) }}", "ro… robin");
    check("{{ { 'a': [1, 'x'] } }}", r#"{"a":[1,"x"]}"#);
}

#[test]
fn what_an_analysis_leaves_out_is_empty() {
    check("{{ tally | length }} {{ tied | length }} {{ questions | length }} {{ answers_left_out }} {{ previous }}", "0 0 0 0 none");
}

#[test]
fn what_may_be_missing_has_a_default_or_is_an_error() {
    check("{{ task.info.name | default('?') }} {{ task.info.name or '-' }}", "? -");
    check("{% if task.info.name is defined %}yes{% else %}no{% endif %}", "no");
    let advice = "; what may be missing wants a default: `task.info.name | default(\"?\")`";
    check("{{ task.info.name }}", &format!("error: `task.info.name` is not there{advice}"));
    check("one\n{{ task.info.a.b }}", &format!("error: line 2: `task.info.a` is not there{advice}"));
}

#[test]
fn names_that_do_not_exist_are_found_before_there_is_an_event() {
    assert_eq!(wrong("{{ answr }}"), "there is no name `answr`; did you mean `answer`?");
    assert_eq!(wrong("one\n\n{{ task.idd }}"), "line 3: `task` has no `idd`; did you mean `id`?");
    assert_eq!(wrong("{{ votes.cat }}"), "`votes` is a number and has no `cat`");
    assert_eq!(wrong("{{ previous.votes }}"), "`previous` has no `votes`; there are `answer`, `decided`, `revision`, `tie`");
    assert_eq!(wrong("{% if false %}{{ answer | uper }}{% endif %}"), "there is no filter `uper`; did you mean `upper`?");
    assert_eq!(wrong("{{ votes is defned }}"), "there is no test `defned`; did you mean `defined`?");
    assert!(wrong("{{ shout(answer) }}").starts_with("there is no name `shout`; there are `agreement`, `answer`"));
    assert_eq!(wrong("{{ answer.upper() }}"), "values have no methods: write `| upper`, if there is such a filter, instead of `.upper()`");
    assert!(wrong("{% block a %}{{ x }}{% endblock %}").starts_with("there is no name `x`"));
    assert!(wrong("{% block a %}{{ answer | x }}{% endblock %}").starts_with("there is no filter `x`"));
}

#[test]
fn names_of_their_own_may_be_used() {
    check("{% set bird = answer | upper %}{{ bird }}", "ROBIN");
    check("{% for one in [1, 2] %}{{ loop.index }}:{{ one }} {% endfor %}", "1:1 2:2 ");
    check("{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{{ twice(answer) }}", "robinrobin");
}

#[test]
fn a_name_of_another_kind_of_event_says_so() {
    let of = |source: &str, kind: &str| Text::parse(source, Escape::None, &Scope::of_kind(kind)).map(|_| ()).unwrap_err().to_string();
    assert_eq!(of("{{ answer }}", "project.completed"), "`answer` is there for `task.analysed`, not for `project.completed`");
    assert_eq!(of("{{ votes }}", "task.completed"), "`votes` is there for `task.analysed`, not for `task.completed`");
    assert_eq!(of("{{ task.id }}", "project.completed"), "`task` is there for events about a task, not for `project.completed`");
    assert!(Text::parse("{{ project.title }} {{ event.kind }}", Escape::None, &Scope::of_kind("project.completed")).is_ok());
}

#[test]
fn a_plugin_can_add_names() {
    let scope = Scope::of_kind("project.completed").with("tasks", Shape::members([("count", Shape::One("a number"))]));
    let text = Text::parse("{{ tasks.count }} tasks", Escape::None, &scope).unwrap();
    assert_eq!(text.render(&context(&Value::Null).with("tasks", &json!({ "count": 3 }))).unwrap(), "3 tasks");
    let error = Text::parse("{{ tasks.cont }}", Escape::None, &scope).map(|_| ()).unwrap_err();
    assert_eq!(error.message, "`tasks` has no `cont`; did you mean `count`?");
}

#[test]
fn what_does_not_parse_says_what_to_write() {
    assert_eq!(wrong("{% if answer = 'x' %}{% endif %}"), "does not parse: unexpected `=`, expected end of block; write `==` to compare");
    assert_eq!(wrong("a\nb\n{{ answer"), "line 3: does not parse: unexpected end of input, expected end of variable block");
    assert!(wrong("{% include 'x' %}").starts_with("there are no other texts"));
    assert!(wrong("{% extends 'x' %}").starts_with("there are no other texts"));
    assert!(wrong("{% import 'x' as x %}").starts_with("there are no other texts"));
}

#[test]
fn only_what_is_used_has_to_be_read() {
    let uses = |source: &str| parse(source, Escape::None).uses();
    assert_eq!(uses("{{ task.id }} {{ answer }} {{ project.name }} {{ event.kind }}"), Uses { project: false, task: false });
    assert_eq!(uses("{{ task.info.url }}"), Uses { project: false, task: true });
    assert_eq!(uses("{{ project.title }}"), Uses { project: true, task: false });
    assert_eq!(uses("{{ project }} {{ task }}"), Uses { project: true, task: true });
}

#[test]
fn the_filters_and_tests_that_are_promised_are_there() {
    for escape in [Escape::None, Escape::Html, Escape::Json, POST] {
        let env = engine::environment(escape);
        let unknown = |source: String| env.render_str(&source, ()).err().is_some_and(|error| error.to_string().starts_with("unknown"));
        for filter in FILTERS {
            assert!(!unknown(format!("{{{{ 'a' | {filter} }}}}")), "{filter}");
        }
        for test in TESTS {
            assert!(!unknown(format!("{{{{ 'a' is {test} }}}}")), "{test}");
        }
        assert!(unknown("{{ 'a' | safe }}".to_owned()));
    }
}

#[test]
fn limits_are_told() {
    let long = "x".repeat(SOURCE_BYTES_MAX + 1);
    assert_eq!(wrong(&long), "is 32769 bytes long, and at most 32768 are read");
    check("{% for i in range(99999) %}{{ answer }}{% endfor %}", "error: is longer than 262144 bytes when it is filled in");
    let nested = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}";
    check(nested, "error: takes too long: loop over less");
    check("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "error: cannot be filled in: recursion limit exceeded");
    check("{{ 'x' * 99999999999 }}", "error: cannot be filled in: repeated string is too large");
    assert_eq!(
        wrong(&format!("{{{{ {}1{} }}}}", "(".repeat(100), ")".repeat(100))),
        "is nested too deep, or too long in one place: write it in smaller parts"
    );
    assert_eq!(
        wrong(&format!("{{{{ {}true }}}}", "not ".repeat(100))),
        "is nested too deep, or too long in one place: write it in smaller parts"
    );
    assert_eq!(wrong(&"{% if true %}".repeat(100)), "is nested too deep, or too long in one place: write it in smaller parts");
    check(&format!("{}x{}", "{% if true %}".repeat(10), "{% endif %}".repeat(10)), "x");
    check(&"{% if true %}x{% elif votes %}y{% endif %}".repeat(100), &"x".repeat(100));
    check(&"{% set x = 1 %}".repeat(100), "");
    assert!(wrong(&"{% set x %}".repeat(17)).starts_with("is nested too deep"));
    assert!(wrong(&format!("{{% if true %}}{}{{% endif %}}", "{% elif true %}".repeat(17))).starts_with("is nested too deep"));
    check(&format!("{{{{ 1{} }}}}", " + 1".repeat(150)), "151");
    assert!(wrong(&format!("{{{{ 1{} }}}}", " + 1".repeat(300))).starts_with("is nested too deep"));
}

#[test]
fn html_from_the_crowd_is_escaped_and_nothing_switches_that_off() {
    let hostile = json!("<script>alert('x')</script>");
    assert_eq!(fill("<b>{{ answer }}</b>", Escape::Html, &hostile), "<b>&lt;script&gt;alert(&#x27;x&#x27;)&lt;&#x2f;script&gt;</b>");
    assert!(wrong("{{ answer | safe }}").starts_with("there is no filter `safe`"));
    assert!(wrong("{{ answer | e }}").starts_with("there is no filter `safe`"));
    assert!(wrong("{% autoescape false %}{{ answer }}{% endautoescape %}").starts_with("`autoescape` is not there"));
}

#[test]
fn posts_lose_what_the_crowd_wrote_and_keep_what_the_owner_did() {
    let hostile = json!("@all see https://evil.example evil.com");
    let source = "@us {{ project.url }} {{ event.kind }} https://own.example/{{ task.id }}: {{ answer }}";
    assert_eq!(fill(source, POST, &hostile), "@us https://birds.example task.analysed https://own.example/7: all see evil. com");
    assert_eq!(fill("{{ task.info.url }}", POST, &hostile), "");
    assert_eq!(fill("{{ [answer] }}", POST, &json!("@a")), r#"["a"]"#);
    let allowed = Escape::Post { mentions: true, links: true };
    assert_eq!(fill("{{ answer }}", allowed, &hostile), "@all see https://evil.example evil.com");
}

#[test]
fn a_subject_is_one_line() {
    assert_eq!(one_line(" a\r\nBcc: x@y\t\u{2028}b\u{0} \u{202E}c "), "a Bcc: x@y b c");
}

/// Any JSON that is not too large.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        "([<>&\"'@/.:]|https://|[a-z]|\\PC){0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("([<>@a-z\"]|\\PC){0,6}", inner, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// `answer` through some filters, and places where a value may go astray.
fn any_way() -> impl Strategy<Value = String> {
    let filter = prop::sample::select(FILTERS.to_vec());
    (prop::collection::vec(filter, 0..4), 0..6_u8).prop_map(|(filters, shape)| {
        let chain: String = filters.iter().map(|filter| format!(" | {filter}")).collect();
        let value = format!("answer{chain}");
        match shape {
            0 => format!("{{% set x = {value} %}}{{{{ x }}}}"),
            1 => format!("{{% set x %}}{{{{ {value} }}}}{{% endset %}}{{{{ x | replace('&', answer) }}}}"),
            2 => format!("{{% macro m(x) %}}{{{{ x }}}}{{% endmacro %}}{{{{ m({value}) ~ answer }}}}"),
            3 => format!("{{{{ [answer, {value}, project.url] | join(answer) }}}}"),
            4 => format!("{{% filter upper %}}{{{{ {value} }}}}{{% endfilter %}}"),
            _ => format!("{{{{ {value} }}}}"),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_source_is_read_or_refused(source in "(\\{\\{|\\}\\}|\\{%|%\\}|[a-z_.()|'\"\\[\\]+=-]|answer|task|if|for|in|end|\\PC| ){0,60}") {
        for escape in [Escape::None, Escape::Html, Escape::Json, POST] {
            if let Ok(text) = Text::parse(&source, escape, &Scope::of_kind("task.analysed")) {
                drop(text.render(&context(&json!({ "a": ["x", 1] }))));
            }
        }
    }

    #[test]
    fn no_value_brings_html_along(answer in any_json(), way in any_way()) {
        if let Ok(filled) = parse(&way, Escape::Html).render(&context(&answer)) {
            prop_assert!(!filled.contains(['<', '>', '"', '\'']), "{way} made {filled}");
        }
    }

    #[test]
    fn no_value_brings_a_mention_or_a_link_along(answer in any_json(), way in any_way()) {
        if let Ok(filled) = parse(&way, POST).render(&context(&answer)) {
            let own = filled.replace("https://birds.example", "").replace("HTTPS://BIRDS.EXAMPLE", "");
            prop_assert!(!own.contains('@') && !own.contains("://"), "{way} made {filled}");
        }
    }

    #[test]
    fn a_value_in_json_is_that_value(answer in any_json()) {
        let filled = fill("{\"answer\": {{ answer }}}", Escape::Json, &answer);
        let read: Value = serde_json::from_str(&filled).unwrap();
        prop_assert_eq!(&read["answer"], &answer);
    }
}
