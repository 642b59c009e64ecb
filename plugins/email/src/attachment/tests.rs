use serde_json::{Value, json};

use super::{Attachment, Audience, of_project, of_task};
use crate::settings::{Settings, parse};

fn settings(attach: &str) -> Settings {
    parse(&json!({ "to": ["ann@example.org"], "attach": attach }).to_string()).unwrap()
}

fn with_worker_ids(attach: &str) -> Settings {
    Settings { worker_ids: true, ..settings(attach) }
}

fn analysis() -> Value {
    json!({
        "answer": "robin", "decided": true,
        "tally": [{ "value": "robin", "votes": 2, "weight": 2 }, { "value": "=1+1", "votes": 1, "weight": 1 }],
        "answers": [
            { "id": "31", "worker": "9", "value": "robin", "counted": true, "weight": 1, "agrees": true, "why_not": null },
            { "id": "32", "worker": null, "value": "=1+1", "counted": true, "weight": 1, "agrees": false, "why_not": null },
        ],
        "answers_left_out": 0,
    })
}

fn file(attach: &str, audience: Audience) -> Attachment {
    of_task("7/../x", "the payload", &analysis(), audience, &settings(attach)).unwrap()
}

#[test]
fn owners_who_ask_whose_answers_these_are_get_the_analysis_as_it_came() {
    let expected = Attachment { name: "task-7____x.json".to_owned(), media_type: "application/json", content: "the payload".to_owned() };
    assert_eq!(of_task("7/../x", "the payload", &analysis(), Audience::Owners, &with_worker_ids("json")).unwrap(), expected);
    let csv = of_task("7", "", &analysis(), Audience::Owners, &with_worker_ids("csv")).unwrap().content;
    let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
    let expected = ["task,answer,worker,value,counted,agrees,weight,why_not", "7,31,9,robin,true,true,1,", "7,32,,'=1+1,true,false,1,"];
    assert_eq!(lines, expected);
}

#[test]
fn owners_get_the_answers_and_not_whose_they_are() {
    let json = file("json", Audience::Owners).content;
    let read: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&read["answer"], &read["answers"][0]["value"]), (&json!("robin"), &json!("robin")));
    assert!(!json.contains("worker"), "{json}");
}

#[test]
fn owners_get_a_line_for_each_answer() {
    let file = file("csv", Audience::Owners);
    assert_eq!((file.name.as_str(), file.media_type), ("task-7____x.csv", "text/csv"));
    let lines: Vec<&str> = file.content.split_terminator("\r\n").collect();
    let expected = ["task,answer,value,counted,agrees,weight,why_not", "7/../x,31,robin,true,true,1,", "7/../x,32,'=1+1,true,false,1,"];
    assert_eq!(lines, expected);
}

#[test]
fn workers_are_not_told_who_answered_what() {
    let json = file("json", Audience::Workers).content;
    let read: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["answer"], "robin");
    assert!(!json.contains("worker") && !json.contains("answers"), "{json}");
    assert_eq!(file("csv", Audience::Workers).content, "task,question,value,votes\r\n7/../x,,robin,2\r\n7/../x,,'=1+1,1\r\n");
}

#[test]
fn a_tally_has_the_values_of_each_question() {
    let tally = json!([{ "value": "blue", "votes": 3 }]);
    let analysis = json!({ "questions": { "colour": { "tally": tally } } });
    let file = of_task("7", "", &analysis, Audience::Workers, &settings("csv")).unwrap();
    assert_eq!(file.content, "task,question,value,votes\r\n7,colour,blue,3\r\n");
}

#[test]
fn a_project_has_one_line() {
    let tasks = json!({ "count": 4, "decided": 3, "undecided": 1, "ties": 0, "share": 0.75 });
    let csv = of_project("birds", &tasks, &settings("csv")).unwrap();
    assert_eq!(csv.name, "project-birds.csv");
    assert_eq!(csv.content, "project,count,decided,undecided,ties,share\r\nbirds,4,3,1,0,0.75\r\n");
    let json: Value = serde_json::from_str(&of_project("birds", &tasks, &settings("json")).unwrap().content).unwrap();
    assert_eq!(json, serde_json::json!({ "project": "birds", "tasks": tasks }));
}

#[test]
fn nothing_is_attached_unless_asked_for() {
    assert_eq!(of_task("7", "x", &analysis(), Audience::Owners, &settings("none")), None);
    assert_eq!(of_project("birds", &json!({}), &settings("none")), None);
}
