use crowdhook_texts::{Event, Facts, Project};
use serde_json::{Value, json};

use super::{Mail, To, WORKERS_MAX, about_project, about_task};
use crate::settings::parse;

fn facts(analysis: Option<Value>) -> Facts {
    let kind = if analysis.is_some() { "task.analysed" } else { "project.completed" };
    let event = Event {
        id: "01J".to_owned(),
        kind: kind.to_owned(),
        project: "birds".to_owned(),
        task_id: analysis.is_some().then(|| "7".to_owned()),
        origin: "live".to_owned(),
        ..Event::default()
    };
    let project = Project { title: "Birds & bees".to_owned(), url: Some("https://birds.example".to_owned()), ..Project::default() };
    Facts { event, project: Some(project), task: None, analysis }
}

fn analysis() -> Value {
    json!({
        "answer": "<b>robin</b>", "votes": 2, "total": 3, "agreement": 2.0 / 3.0, "tie": false, "decided": true,
        "reason": "2 of 3 answers agree", "revision": 1, "previous": null, "answers_left_out": 0,
        "tally": [{ "value": "<b>robin</b>", "votes": 2, "weight": 2 }, { "value": "wren", "votes": 1, "weight": 1 }],
        "answers": [
            { "id": "1", "worker": "9", "value": "x", "counted": true, "agrees": true },
            { "id": "2", "worker": "8", "value": "x", "counted": true, "agrees": false },
            { "id": "3", "worker": null, "value": "x", "counted": true, "agrees": true },
            { "id": "4", "worker": "7", "value": "x", "counted": false, "agrees": null },
            { "id": "5", "worker": "9", "value": "x", "counted": true, "agrees": true },
        ],
    })
}

/// The mails about this analysis.
fn mails(settings: &Value, analysis: Value) -> Result<Vec<Mail>, String> {
    let settings = parse(&settings.to_string()).map_err(|problems| format!("{problems:?}"))?;
    let payload = analysis.to_string();
    about_task(&facts(Some(analysis)), &payload, &settings).map(|outcome| outcome.mails)
}

fn only(settings: &Value, analysis: Value) -> Mail {
    let mut mails = mails(settings, analysis).unwrap();
    assert_eq!(mails.len(), 1);
    mails.remove(0)
}

#[test]
fn the_analysis_is_told_as_text_and_as_html() {
    let mail = only(&json!({ "to": ["ann@example.org"] }), analysis());
    assert_eq!((mail.to, mail.once.as_str(), mail.attachment), (To::Addresses, "email/7", None));
    assert_eq!(mail.subject, "Birds & bees, task 7: <b>robin</b>");
    let text = "Answer: <b>robin</b>\n2 of 3 answers agree\n\n2 of 3 agree (67%)\n2 x <b>robin</b>\n1 x wren\n\n\
                Task 7 of Birds & bees, https://birds.example";
    assert_eq!(mail.text, text);
    let html = mail.html.unwrap();
    assert!(html.contains("<h1>Birds &amp; bees, task 7</h1>"), "{html}");
    assert!(html.contains("<tr><td>&lt;b&gt;robin&lt;&#x2f;b&gt;</td><td>2</td></tr>"), "{html}");
    assert!(!html.contains("<b>"), "{html}");
}

#[test]
fn an_undecided_task_and_one_that_was_another_say_so() {
    let mut undecided = analysis();
    undecided["decided"] = json!(false);
    undecided["answer"] = Value::Null;
    undecided["previous"] = json!({ "revision": 1, "answer": "wren", "decided": true, "tie": false });
    let mail = only(&json!({ "to": ["ann@example.org"] }), undecided);
    assert_eq!(mail.subject, "Birds & bees, task 7: undecided");
    assert!(mail.text.starts_with("Undecided\n") && mail.text.contains("Before, it was wren."), "{}", mail.text);
    assert!(mail.html.unwrap().contains("<p>Before, it was wren.</p>"));
}

#[test]
fn each_question_has_a_line() {
    let mut many = analysis();
    let question = json!({ "answer": "blue", "votes": 3, "total": 3, "agreement": 1.0, "tie": false, "decided": true, "reason": "" });
    many["questions"] = json!({ "colour": question });
    let mail = only(&json!({ "to": ["ann@example.org"] }), many);
    assert!(mail.text.contains("\ncolour: blue (3 of 3, 100%)\n"), "{}", mail.text);
    assert!(mail.html.unwrap().contains("<tr><td>colour</td><td>blue</td><td>3 of 3</td><td>100%</td></tr>"));
}

#[test]
fn a_subject_cannot_begin_another_header() {
    let mut hostile = analysis();
    hostile["answer"] = json!(format!("robin\r\nBcc: all@example.org\n\n{}", "x".repeat(300)));
    let mail = only(&json!({ "to": ["ann@example.org"], "subject": "It is {{ answer }}" }), hostile);
    assert!(mail.subject.starts_with("It is robin Bcc: all@example.org xxx"), "{}", mail.subject);
    assert!(!mail.subject.contains(['\r', '\n']) && mail.subject.ends_with('…'));
    assert_eq!(mail.subject.chars().count(), 200);
}

#[test]
fn the_condition_decides() {
    let settings = |when: &str| json!({ "to": ["ann@example.org"], "when": when });
    assert_eq!(mails(&settings("agreement < 0.5"), analysis()), Ok(Vec::new()));
    assert_eq!(mails(&settings("agreement > 0.5"), analysis()).unwrap().len(), 1);
    let error = mails(&settings("answer.x > 1"), analysis()).unwrap_err();
    assert!(error.starts_with("`when`: `answer.x` is not there"), "{error}");
}

#[test]
fn the_result_is_attached_as_it_came() {
    let mail = only(&json!({ "to": ["ann@example.org"], "attach": "json", "worker_ids": true }), analysis());
    assert_eq!(mail.attachment.unwrap().content, analysis().to_string());
}

#[test]
fn workers_get_a_mail_each_and_none_of_the_others_answers() {
    let to = |which: &str| {
        let mails = mails(&json!({ "workers": which, "attach": "json" }), analysis()).unwrap();
        for mail in &mails {
            assert!(!mail.attachment.as_ref().unwrap().content.contains("\"worker\""));
        }
        mails.into_iter().map(|mail| (mail.to, mail.once)).collect::<Vec<_>>()
    };
    let worker = |id: &str| (To::Worker(id.to_owned()), format!("email/7/worker/{id}"));
    assert_eq!(to("counted"), [worker("8"), worker("9")]);
    assert_eq!(to("agreeing"), [worker("9")]);
    let both = mails(&json!({ "to": ["ann@example.org"], "workers": "agreeing" }), analysis()).unwrap();
    assert_eq!(both.iter().map(|mail| mail.once.as_str()).collect::<Vec<_>>(), ["email/7", "email/7/worker/9"]);
}

#[test]
fn the_number_of_mails_has_a_limit() {
    let answer = |id: usize| json!({ "id": "1", "worker": id.to_string(), "counted": true, "agrees": true });
    let mut many = analysis();
    many["answers"] = (0..WORKERS_MAX + 3).map(answer).collect();
    let settings = parse(&json!({ "workers": "counted" }).to_string()).unwrap();
    let outcome = about_task(&facts(Some(many)), "", &settings).unwrap();
    assert_eq!((outcome.mails.len(), outcome.left_out), (WORKERS_MAX, 3));
}

#[test]
fn a_completed_project_is_summed_up() {
    let settings = parse(&json!({ "on": "project.completed", "to": ["ann@example.org"], "attach": "csv" }).to_string()).unwrap();
    let tasks = json!({ "count": 4, "decided": 3, "undecided": 1, "ties": 1, "share": 0.75 });
    let mail = about_project(&facts(None), &tasks, &settings).unwrap().mails.remove(0);
    assert_eq!((mail.to, mail.once.as_str()), (To::Addresses, "email/event/01J"));
    assert_eq!(mail.subject, "Birds & bees is completed");
    assert!(mail.text.contains("4 tasks were analysed, 3 of them are decided (75%)."), "{}", mail.text);
    assert!(mail.html.unwrap().contains("<tr><th>decided</th><td>3 (75%)</td></tr>"));
    assert_eq!(mail.attachment.unwrap().name, "project-birds.csv");
}
