use crowdhook_texts::{Context, Event, Facts, Project};
use serde_json::{Value, json};

use super::{Post, Todo, post};
use crate::settings::{Settings, parse};

fn settings(more: &Value) -> Settings {
    let mut settings = json!({ "connection": "x", "text": "Task {{ task.id }}: {{ answer }}" });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    parse(&settings.to_string()).unwrap()
}

fn event() -> Event {
    Event {
        id: "01J".to_owned(),
        kind: "task.analysed".to_owned(),
        task_id: Some("7".to_owned()),
        origin: "live".to_owned(),
        ..Event::default()
    }
}

fn outcome(more: &Value, analysis: Value) -> Result<Todo, String> {
    let facts = Facts { event: event(), analysis: Some(analysis), ..Facts::default() };
    post(&facts.event, &Context::new(&facts), &settings(more))
}

fn sent(more: &Value, answer: &str) -> Post {
    match outcome(more, json!({ "answer": answer, "decided": true })) {
        Ok(Todo::Send(post)) => post,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_is_posted_on_x() {
    let expected = Post { path: "/2/tweets", body: r#"{"text":"Task 7: robin"}"#.to_owned(), once: "tweet/7".to_owned() };
    assert_eq!(sent(&json!({}), "robin"), expected);
}

#[test]
fn an_answer_is_posted_on_mastodon() {
    let post = sent(&json!({ "service": "mastodon", "visibility": "unlisted", "language": "en" }), "robin");
    assert_eq!(post.path, "/api/v1/statuses");
    assert_eq!(post.body, r#"{"status":"Task 7: robin","visibility":"unlisted","language":"en"}"#);
}

/// What a service would refuse is dropped from a post, and may not hide what is left.
#[test]
fn a_link_is_not_hidden_by_what_is_dropped() {
    for written in ["https:\u{FFFE}//evil.\u{FFFE}com/x", "evil.\u{FFFF}com", "www\u{FFFE}.evil.com"] {
        let body = sent(&json!({}), written).body;
        assert!(!body.contains("evil.com"), "{written:?}: {body}");
    }
}

#[test]
fn an_undecided_task_is_no_news_unless_the_settings_say_so() {
    let undecided = json!({ "answer": null, "decided": false });
    assert_eq!(outcome(&json!({}), undecided.clone()), Ok(Todo::Nothing));
    assert!(matches!(outcome(&json!({ "when": "not decided" }), undecided), Ok(Todo::Send(_))));
}

#[test]
fn the_condition_decides() {
    let analysis = json!({ "answer": "yes", "decided": true, "agreement": 0.7 });
    assert_eq!(outcome(&json!({ "when": "agreement >= 0.8" }), analysis.clone()), Ok(Todo::Nothing));
    assert!(matches!(outcome(&json!({ "when": "answer == 'yes'" }), analysis.clone()), Ok(Todo::Send(_))));
    let error = outcome(&json!({ "when": "answer.animal == 'yes'" }), analysis).unwrap_err();
    assert!(error.starts_with("`when`: `answer.animal` is not there"), "{error}");
}

#[test]
fn the_crowd_calls_nobody_and_links_nowhere_unless_allowed() {
    let hostile = "@all https://evil.example evil.com";
    assert_eq!(sent(&json!({}), hostile).body, r#"{"text":"Task 7: all evil. com"}"#);
    let allowed = json!({ "allow_mentions": true, "allow_links": true });
    assert_eq!(sent(&allowed, hostile).body, r#"{"text":"Task 7: @all https://evil.example evil.com"}"#);
}

#[test]
fn a_text_of_which_nothing_is_left_is_not_posted() {
    let analysis = json!({ "answer": "https://evil.example", "decided": true });
    assert_eq!(outcome(&json!({ "text": " {{ answer }} " }), analysis), Ok(Todo::Empty));
}

#[test]
fn what_is_too_long_is_cut_or_refused() {
    let long = "x".repeat(300);
    let cut: Value = serde_json::from_str(&sent(&json!({}), &long).body).unwrap();
    assert_eq!(cut["text"], format!("Task 7: {}…", "x".repeat(270)));
    let refused = outcome(&json!({ "too_long": "refuse" }), json!({ "answer": long, "decided": true })).unwrap_err();
    assert_eq!(refused, "the post is 308 long, and at most 280 are allowed: write a shorter `text`, or `too_long = \"cut\"`");
    assert!(sent(&json!({ "length_max": 1000 }), &long).body.contains(&long));
}

#[test]
fn a_project_is_posted_about_once_an_event() {
    let settings = settings(&json!({ "on": "project.completed", "text": "{{ project.title }} is done: {{ project.url }}" }));
    let event = Event { kind: "project.completed".to_owned(), task_id: None, ..event() };
    let project = Project { title: "Birds".to_owned(), url: Some("https://birds.example".to_owned()), ..Project::default() };
    let facts = Facts { event, project: Some(project), ..Facts::default() };
    let Ok(Todo::Send(post)) = post(&facts.event, &Context::new(&facts), &settings) else { panic!("nothing is sent") };
    assert_eq!(post.body, r#"{"text":"Birds is done: https://birds.example"}"#);
    assert_eq!(post.once, "tweet/event/01J");
}
