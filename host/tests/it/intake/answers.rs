//! Which answer, when: each case of the table, over a real socket.

use crowdhook::event::Standing;
use crowdhook::store::Store as _;
use sha1::{Digest as _, Sha1};

use super::door::{Door, SIGNING_TOKEN, completed, post, post_form};
use super::moody::Mood;

const FORM: &str = "application/x-www-form-urlencoded";

/// Sends one request and says what was answered and what was kept.
async fn check(door: &Door, request: &str, status: u16, body: &str, kept: &[Standing]) {
    let before = door.store.kept().len();
    let reply = door.ask(request).await;
    assert_eq!((reply.status, reply.body.as_str()), (status, body), "{request}");
    let new: Vec<Standing> = door.store.kept()[before..].iter().map(|acceptance| acceptance.standing).collect();
    assert_eq!(new, kept, "{request}");
}

fn form(signal: &str, payload: &str) -> String {
    let digest = Sha1::new().chain_update(payload).chain_update(SIGNING_TOKEN).finalize();
    let signature: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let fields = [("signal", signal), ("payload", payload), ("signature", &signature)];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    post_form("/hooks/cats/token", FORM, &body)
}

#[tokio::test]
async fn new_event_is_stored() {
    let door = Door::open().await;
    check(&door, &post("/hooks/birds/token", &completed("birds", 1, 1)), 200, "OK", &[Standing::Accepted]).await;
    check(&door, &form("unit_complete", r#"{"id":1,"job_id":4242}"#), 200, "", &[Standing::Accepted]).await;
    assert_eq!(door.counts().accepted, 2);
}

#[tokio::test]
async fn repeat_is_answered_like_the_first() {
    let door = Door::open().await;
    for kept in [&[Standing::Accepted][..], &[]] {
        check(&door, &post("/hooks/birds/token", &completed("birds", 1, 1)), 200, "OK", kept).await;
        check(&door, &form("unit_complete", r#"{"id":1,"job_id":4242}"#), 200, "", kept).await;
    }
    check(&door, &post("/hooks/birds/token?rerun=True", &completed("birds", 1, 1)), 200, "OK", &[]).await;
    let counts = door.counts();
    assert_eq!((counts.accepted, counts.repeated, counts.folded), (2, 2, 1));
}

#[tokio::test]
async fn several_events_of_one_request_are_stored_together() {
    let door = Door::open().await;
    let both = [Standing::Accepted, Standing::Accepted];
    check(&door, &form("unit_complete", r#"[{"id":1,"job_id":4242},{"id":2,"job_id":4242}]"#), 200, "", &both).await;
    assert_eq!(door.counts().accepted, 2);
}

#[tokio::test]
async fn unknown_kind_is_kept_and_counted() {
    let door = Door::open().await;
    let renamed = completed("birds", 1, 1).replace("task_completed", "task_renamed");
    check(&door, &post("/hooks/birds/token", &renamed), 200, "OK", &[Standing::Ignored]).await;
    check(&door, &form("job_paused", r#"{"id":4242}"#), 200, "", &[Standing::Ignored]).await;
    // An operator tries whether the hook is there.
    check(&door, &post_form("/hooks/cats/token", FORM, ""), 200, "", &[Standing::Ignored]).await;
    check(&door, &post_form("/hooks/cats/token", FORM, ""), 200, "", &[]).await;
    assert_eq!((door.counts().ignored, door.counts().repeated), (3, 1));
}

#[tokio::test]
async fn what_does_not_parse_is_kept_raw() {
    let door = Door::open().await;
    check(&door, &post("/hooks/birds/token", "{\"event\":"), 200, "OK", &[Standing::Unreadable]).await;
    check(&door, &post("/hooks/birds/token", ""), 200, "OK", &[Standing::Unreadable]).await;
    check(&door, &form("unit_complete", "{\"secret\":\"s3\",\"id\":"), 200, "", &[Standing::Unreadable]).await;
    assert_eq!(door.counts().unreadable, 3);
    let raw = &door.store.kept()[2].event.payload;
    assert_eq!(raw, r#"{"signal":"unit_complete","raw":"{\"secret\":(removed),\"id\":"}"#);
}

#[tokio::test]
async fn ids_of_another_project_are_refused() {
    let door = Door::open().await;
    let sentence = "The payload is about another project than this hook.";
    check(&door, &post("/hooks/birds/token", &completed("cats", 1, 1)), 403, sentence, &[]).await;
    check(&door, &form("unit_complete", r#"{"id":1,"job_id":1}"#), 403, sentence, &[]).await;
    assert_eq!(door.counts().refused_for("other-project"), 2);
}

#[tokio::test]
async fn wrong_or_missing_signature_is_refused() {
    let door = Door::open().await;
    let request = form("unit_complete", r#"{"id":1,"job_id":4242}"#);
    let changed = request.replace("4242", "4243");
    check(&door, &changed, 401, "The signature does not match the payload.", &[]).await;
    let (missing, _) = request.rsplit_once("&signature=").unwrap();
    let (_, missing) = missing.split_once("\r\n\r\n").unwrap();
    check(&door, &post_form("/hooks/cats/token", FORM, missing), 401, "The signature is missing.", &[]).await;
    let counts = door.counts();
    assert_eq!((counts.refused_for("signature-wrong"), counts.refused_for("signature-missing")), (1, 1));
}

#[tokio::test]
async fn wrong_or_missing_password_is_refused() {
    let door = Door::open().await;
    let with = |path: &str, project: &str, credentials: &str| {
        let credentials = format!("POST {path} HTTP/1.1\r\nAuthorization: Basic {credentials}\r\n");
        post(path, &completed(project, 1, 1)).replacen(&format!("POST {path} HTTP/1.1\r\n"), &credentials, 1)
    };
    // ann:pass and ann:word
    let (right, wrong) = ("YW5uOnBhc3M=", "YW5uOndvcmQ=");
    let sentence = "User name or password is missing or wrong.";
    for (path, project) in [("/hooks/basic", "basic"), ("/hooks/both/token", "both")] {
        check(&door, &post(path, &completed(project, 1, 1)), 401, sentence, &[]).await;
        check(&door, &with(path, project, wrong), 401, sentence, &[]).await;
        check(&door, &with(path, project, right), 200, "OK", &[Standing::Accepted]).await;
    }
    let reply = door.ask("GET /hooks/basic HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(reply.header("www-authenticate"), Some("Basic realm=\"crowdhook\", charset=\"UTF-8\""));
    assert_eq!(door.counts().refused_for("password"), 5);
}

#[tokio::test]
async fn unknown_project_and_wrong_token_get_the_same_answer() {
    let door = Door::open().await;
    let paths = [
        "/hooks/dogs/token",
        "/hooks/birds/wrong",
        "/hooks/birds/",
        "/hooks/birds",
        "/hooks/Birds/token",
        "/hooks/%/x",
        "/hooks/birds/token/",
    ];
    let mut replies = Vec::new();
    for path in paths {
        for request in [post(path, &completed("birds", 1, 1)), format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")] {
            let reply = door.ask(&request).await;
            assert_eq!((reply.status, reply.body.as_str()), (404, "There is no such hook."), "{request}");
            let head = reply.head.lines().filter(|line| !line.starts_with("date:"));
            replies.push(head.collect::<Vec<_>>().join("\n"));
        }
    }
    replies.dedup();
    assert_eq!(replies.len(), 1, "{replies:#?}");
    assert!(door.store.kept().is_empty());
    assert_eq!(door.counts().refused_for("no-such-hook"), 14);
}

#[tokio::test]
async fn token_may_be_escaped_in_the_path() {
    let door = Door::open().await;
    check(&door, &post("/hooks/birds/t%6Fken", &completed("birds", 1, 1)), 200, "OK", &[Standing::Accepted]).await;
}

#[tokio::test]
async fn malformed_forms_are_refused() {
    let door = Door::open().await;
    let post = |body: &str| post_form("/hooks/cats/token", FORM, body);
    check(&door, &post("payload=1&payload=1"), 400, "The form has a field twice.", &[]).await;
    check(&door, &post("payload=%FF"), 400, "The body is not UTF-8.", &[]).await;
    check(&door, &post("payload=%F"), 400, "The form has a % without two hexadecimal digits after it.", &[]).await;
    let json = post_form("/hooks/cats/token", "application/json", "{}");
    check(&door, &json, 400, "The body must be of type application/x-www-form-urlencoded.", &[]).await;
    let mut client = door.connect().await;
    client.send(b"POST /hooks/birds/token HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n\xff").await;
    let reply = client.reply(false).await;
    assert_eq!((reply.status, reply.body.as_str()), (400, "The body is not UTF-8."));
}

#[tokio::test]
async fn store_that_is_full_or_fails_asks_to_come_again() {
    let door = Door::open().await;
    let request = post("/hooks/birds/token", &completed("birds", 1, 1));
    for (mood, body, seconds, reason) in [
        (Mood::Full, "Too much is waiting already; try again later.", "60", "full"),
        (Mood::Fails, "It could not be stored; try again later.", "30", "failing"),
        (Mood::Closed, "The host is going down; try again in a moment.", "10", "draining"),
    ] {
        door.store.set(mood);
        let reply = door.ask(&request).await;
        assert_eq!((reply.status, reply.body.as_str(), reply.header("retry-after")), (503, body, Some(seconds)));
        assert_eq!(door.counts().refused_for(reason), 1);
    }
    door.store.set(Mood::Works);
    check(&door, &request, 200, "OK", &[Standing::Accepted]).await;
}

#[tokio::test]
async fn full_inbox_asks_to_come_again_and_records_nothing() {
    let door = Door::with(|limits| limits.waiting_max = 2).await;
    for task in 1..=2 {
        check(&door, &post("/hooks/birds/token", &completed("birds", task, 1)), 200, "OK", &[Standing::Accepted]).await;
    }
    let sentence = "Too much is waiting already; try again later.";
    check(&door, &post("/hooks/birds/token", &completed("birds", 3, 1)), 503, sentence, &[]).await;
    assert_eq!(door.store.totals().await.unwrap().events, 2);
}

#[tokio::test]
async fn what_was_answered_with_200_can_be_read_back() {
    let door = Door::open().await;
    check(&door, &post("/hooks/birds/token", &completed("birds", 1, 2)), 200, "OK", &[Standing::Accepted]).await;
    let given = door.store.kept().remove(0).event;
    assert_eq!(door.store.event(given.id).await.unwrap(), Some((given, Standing::Accepted)));
}

#[tokio::test]
async fn older_revision_of_a_unit_is_kept_and_not_dispatched() {
    let door = Door::open().await;
    let unit = |minute: u32| form("unit_complete", &format!(r#"{{"id":1,"job_id":4242,"updated_at":"2024-03-05T10:{minute}:00+00:00"}}"#));
    for minute in [30, 10, 40] {
        check(&door, &unit(minute), 200, "", &[Standing::Accepted]).await;
    }
    assert_eq!((door.counts().accepted, door.counts().superseded), (2, 1));
    assert_eq!(door.store.totals().await.unwrap().set_aside, 1);
}

#[tokio::test]
async fn asking_whether_the_hook_is_there_stores_nothing() {
    let door = Door::open().await;
    let mut client = door.connect().await;
    for (path, dialect) in [("/hooks/birds/token", "OK"), ("/hooks/cats/token", "OK")] {
        let reply = client.ask(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, dialect));
        let reply = client.ask(format!("HEAD {path} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
        assert_eq!((reply.status, reply.header("content-length")), (200, Some("2")));
    }
    let reply = client.ask("HEAD /hooks/birds/wrong HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(reply.status, 404);
    assert!(door.store.kept().is_empty());
}

#[tokio::test]
async fn other_methods_are_named() {
    let door = Door::open().await;
    for method in ["PUT", "DELETE", "OPTIONS", "PATCH"] {
        for path in ["/hooks/birds/token", "/hooks/birds/wrong", "/hooks/dogs/token"] {
            let reply = door.ask(format!("{method} {path} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
            assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD, POST")), "{method} {path}");
            assert!(!reply.body.is_empty());
        }
    }
    let reply = door.ask("POST /health/live HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD")));
}

#[tokio::test]
async fn compressed_body_is_refused() {
    let door = Door::open().await;
    let request = post("/hooks/birds/token", &completed("birds", 1, 1));
    for (encoding, status) in [("gzip", 415), ("identity, br", 415), ("identity", 200)] {
        let request = request.replacen("Host: h", &format!("Host: h\r\nContent-Encoding: {encoding}"), 1);
        let reply = door.ask(&request).await;
        assert_eq!(reply.status, status, "{encoding}");
    }
}
