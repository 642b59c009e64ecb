use super::*;

/// The recorded body of the call with this label.
fn recorded(label: &str) -> String {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/pybossa/api.json"));
    let calls: Vec<Value> = serde_json::from_str(text).unwrap();
    let call = calls.iter().find(|call| call["label"] == label).unwrap_or_else(|| panic!("no call `{label}`"));
    call["body"].as_str().unwrap().to_owned()
}

/// The recorded page; it was stored with line breaks that the server does not send.
fn page() -> Vec<TaskRow> {
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/pybossa/task-page-related.json"));
    let page: Value = serde_json::from_str(page).unwrap();
    tasks(page.to_string().as_bytes()).unwrap()
}

fn moment_of(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

#[test]
fn a_task_row_holds_the_task_its_answers_and_its_result() {
    let rows = page();
    assert_eq!(rows.len(), 2);
    let row = &rows[0];
    assert_eq!(row.project, "2");
    assert_eq!(
        row.task,
        Task {
            id: "3".to_owned(),
            redundancy: 3,
            completed: true,
            gold: false,
            gold_answer: None,
            info: r#"{"question":"question 0"}"#.to_owned(),
            extra: r#"{"created":"2026-11-21T20:08:06.350953","project_id":2,"quorum":0,"priority_0":0.0,"fav_user_ids":null}"#.to_owned(),
        }
    );
    let answers = row.answers.as_ref().unwrap();
    assert_eq!(answers.iter().map(|answer| answer.worker.as_deref()).collect::<Vec<_>>(), [None, Some("2"), Some("3")]);
    assert_eq!(
        answers[1],
        Answer {
            id: "8".to_owned(),
            task: "3".to_owned(),
            worker: Some("2".to_owned()),
            value: r#""yes""#.to_owned(),
            submitted_at: moment_of("2026-11-21T20:08:07.387585Z"),
            trust: None,
            set_aside: false,
            extra: r#"{"created":"2026-11-21T20:08:07.342312","project_id":2,"timeout":null,"calibration":null,"external_uid":null,"media_url":null}"#
                .to_owned(),
        }
    );
    let Embedded::There(result) = &row.result else { panic!("no result") };
    assert_eq!(result.row, ResultRow { id: "3".to_owned(), info: Some(r#"{"a":1}"#.to_owned()) });
    assert_eq!((result.task.as_str(), result.project.as_str(), result.answers.as_slice()), ("3", "2", &[7, 8, 9][..]));
    assert!(holds_all(answers, &result.answers));
    assert!(!holds_all(answers, &[7, 8, 9, 10]));
}

#[test]
fn a_result_that_nobody_wrote_yet_holds_nothing() {
    let Embedded::There(result) = &page()[1].result else { panic!("no result") };
    assert_eq!(result.row, ResultRow { id: "4".to_owned(), info: None });
}

#[test]
fn a_server_that_embeds_nothing_is_known_by_it() {
    let row = &tasks(recorded("GET task filter").as_bytes()).unwrap()[0];
    assert_eq!((row.answers.clone(), &row.result), (None, &Embedded::NotTold));
}

#[test]
fn a_task_without_a_result_is_known_by_it() {
    let row = r#"[{"id":1,"project_id":1,"state":"ongoing","n_answers":30,"calibration":1,"info":null,"task_runs":[],"result":null}]"#;
    let row = &tasks(row.as_bytes()).unwrap()[0];
    assert_eq!((row.answers.clone(), &row.result), (Some(Vec::new()), &Embedded::None));
    assert!(row.task.gold && !row.task.completed);
    assert_eq!(row.task.info, "null");
}

#[test]
fn nobodys_address_is_passed_on() {
    let answers = answers(recorded("GET taskruns").as_bytes()).unwrap();
    assert_eq!(answers[0].worker, None);
    assert!(recorded("GET taskruns").contains("124.252.2.225"));
    assert!(answers.iter().all(|answer| !answer.extra.contains("user_ip") && !answer.extra.contains("124.252.2.225")));
}

#[test]
fn answers_stand_in_the_order_of_their_numbers() {
    let row = |id: u32| format!(r#"{{"id":{id},"task_id":1,"info":1}}"#);
    let body = format!("[{},{},{}]", row(100), row(9), row(20));
    let ids: Vec<_> = answers(body.as_bytes()).unwrap().into_iter().map(|answer| answer.id).collect();
    assert_eq!(ids, ["9", "20", "100"]);
}

#[test]
fn what_people_answered_stays_as_they_wrote_it() {
    let info = r#"{"n": 123456789012345678901234567890.10, "é": "\u00e9\ud83d\udc08", "b": 1, "a": 1e400}"#;
    let body = format!(r#"[{{"id":1,"task_id":1,"info":{info}}}]"#);
    assert_eq!(answers(body.as_bytes()).unwrap()[0].value, info);
}

#[test]
fn the_owner_s_key_may_write_and_the_project_s_secrets_stay_behind() {
    let body = recorded("GET project by short_name owner");
    let info = project(body.as_bytes(), "https://p.example", "p1795289364365").unwrap().unwrap();
    assert_eq!((info.id.as_str(), info.title.as_str(), info.key_may_write), ("1", "Project p1795289364365", Some(true)));
    assert_eq!(info.url.as_deref(), Some("https://p.example/project/p1795289364365"));
    let extra: Value = serde_json::from_str(&info.extra).unwrap();
    assert_eq!(extra["info"], serde_json::json!({"task_presenter": "<div>answer</div>"}));
    assert_eq!(extra["description"], "made by drive.py");
    for secret in ["secret_key", "webhook", "passwd", "REDACTED"] {
        assert!(!info.extra.contains(secret), "{secret}");
    }
}

#[test]
fn another_key_may_not_write() {
    let body = r#"[{"id":1,"short_name":"birds","name":"Birds","info":{"a":{"onesignal":{"basic_auth_key":"x"},"b":[{"api_key":"y"}]}}}]"#;
    let info = project(body.as_bytes(), "https://p.example", "birds").unwrap().unwrap();
    assert_eq!(info.key_may_write, Some(false));
    assert_eq!(info.extra, r#"{"info":{"a":{"b":[{}]}}}"#);
}

#[test]
fn a_project_that_is_not_shown_is_none() {
    assert_eq!(project(recorded("GET project by short_name anon").as_bytes(), "https://p.example", "birds"), Ok(None));
}

#[test]
fn of_a_person_the_name_for_everybody_is_shown_and_nothing_else() {
    let shown = worker(recorded("GET user by id anon").as_bytes(), "4").unwrap();
    assert_eq!(shown, WorkerInfo { id: "4".to_owned(), name: Some("volunteer1".to_owned()) });
}

#[test]
fn what_is_no_row_is_unreadable() {
    for body in [
        "",
        "<html>",
        "{}",
        "[1]",
        "[{}]",
        "\"x\"",
        r#"[{"id":1}]"#,
        r#"[{"id":1,"project_id":1,"state":"ongoing","n_answers":1,"task_runs":{}}]"#,
    ] {
        assert_eq!(tasks(body.as_bytes()), Err(Unreadable), "{body}");
    }
    assert_eq!(tasks(b"[]"), Ok(Vec::new()));
    assert_eq!(tasks(b"[\xff]"), Err(Unreadable));
    assert_eq!(result(b"[]"), Err(Unreadable));
}
