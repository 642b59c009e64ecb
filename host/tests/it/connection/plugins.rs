use crowdhook::config::Plugin;
use crowdhook::connection::services::Fetched;
use crowdhook::plugin::call::{self, Call, Ended, Report};
use serde_json::{Value, json};

use super::*;
use crate::harness::folder::{Folder, JOB, SIGNING_TOKEN};
use crate::harness::process;
use crate::harness::remote::{Does, Remote};
use crate::harness::running::Running;
use crate::harness::{World, event, guest_file, load, plugin, wire};

/// A host whose project has `remote` as its connection `web` and runs `calls-out` with these settings.
async fn host(remote: &Remote, settings: &str) -> Running {
    let folder = Folder::new();
    folder.component("calls-out");
    folder.secret("web", SECRET);
    let connection = format!(
        "[connections.web]\nurl = \"{}/v2\"\nauth = {{ kind = \"bearer\", token = {{ file = \"../secrets/web\" }} }}\n",
        remote.url()
    );
    let plugin = "[plugins.calls-out]\nallow = [\"http.fetch\", \"http.send\"]\nconnections = [\"web\"]\n";
    folder.appen("birds", &format!("{connection}{plugin}settings = {{ {settings} }}\n"));
    Running::start(folder).await
}

/// What Appen posts of a completed unit.
fn unit(id: i64, judgments: usize) -> String {
    let judgment = |number: usize| json!({"id": number, "unit_id": id, "job_id": JOB, "worker_id": number, "data": {"animal": "cat"}});
    let judgments: Vec<Value> = (1..=judgments).map(judgment).collect();
    let payload = json!({
        "id": id, "job_id": JOB, "state": "finalized", "judgments_count": judgments.len(), "updated_at": "2026-11-21T10:00:00+00:00",
        "data": {}, "results": {"judgments": judgments},
    });
    let signal = crowdhook::practice::appen::Signal::UnitComplete;
    wire::signal(&Folder::hook("birds"), &signal, &payload.to_string(), SIGNING_TOKEN)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_fetches_and_sends_and_sees_no_secret() {
    let remote = Remote::start([Does::Echoes]).await;
    let host = host(&remote, r#"fetch = ["/weather?day=1"], send = "/posts", once = "post""#).await;
    host.post(unit(1, 1)).await;
    let totals = host.drained().await;
    assert_eq!((totals.dead, totals.deliveries_dead), (0, 0), "{:?}", host.dead_letters().await);
    let kept = host.the_event().await;
    let run = &kept.runs[0].1;
    let log: Value = serde_json::from_str(&run.log).unwrap();
    let (fetched, sent) = (log[0]["message"].as_str().unwrap(), &log[1]["message"]);
    assert!(fetched.starts_with("fetch /weather?day=1: 200 ") && fetched.contains("x-echo=yes"), "{fetched}");
    assert!(fetched.contains("GET /v2/weather?day=1 HTTP/1.1") && fetched.contains("Bearer [hidden]"), "{fetched}");
    assert!(!fetched.contains(SECRET) && !fetched.contains("set-cookie"), "{fetched}");
    assert_eq!(sent, "send /posts: asked for");
    let read: Value = serde_json::from_str(&run.read).unwrap();
    let read = &read["fetch/1/web/weather?day=1"];
    assert_eq!(read["status"], 200);
    assert!(read["text"].as_str().unwrap().contains("Bearer [hidden]") && read["digest"].as_str().unwrap().len() == 64, "{read}");
    let seen = remote.seen();
    assert_eq!((seen[1].line.as_str(), seen[1].body.as_str()), ("POST /v2/posts", r#"{"task":"1"}"#));
    assert_eq!(seen[1].header("authorization"), Some(format!("Bearer {SECRET}").as_str()));
    let deliveries = host.store.deliveries(kept.event.id).await.unwrap();
    assert_eq!((deliveries[0].standing, deliveries[0].connection.as_str(), deliveries[0].note.as_str()), ("delivered", "web", "200: ok"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_posted_and_fetched_is_exported_and_the_plugin_is_told_the_same_again() {
    let remote = Remote::start([Does::json(200, r#"{"sky":"blue"}"#), Does::with(404, "x-why: gone"), Does::Echoes]).await;
    let host = host(&remote, r#"fetch = ["/weather", "/weather", "/me?day=1"]"#).await;
    host.post(unit(1, 2)).await;
    assert_eq!(host.drained().await.dead, 0);
    let kept = host.the_event().await;
    let folder = host.stop().await;
    let case = folder.path("case");
    let case = case.to_str().unwrap();
    let exported = process::run(&folder, &["event", "export", &kept.event.id.to_string(), "--case", case]).await;
    assert_eq!(exported.err, "");
    let exported = exported.well();
    for file in ["answers.json", "http/01.json", "http/03.json"] {
        assert!(exported.contains(file), "{exported}");
    }
    let answers = std::fs::read_to_string(folder.path("case/answers.json")).unwrap();
    assert!(answers.contains("worker-1") && answers.contains("worker-2") && answers.contains("cat"), "{answers}");
    let recorded = std::fs::read_to_string(folder.path("case/http/03.json")).unwrap();
    assert!(recorded.contains("Bearer [hidden]") && !recorded.contains(SECRET), "{recorded}");
    let guest = guest_file("calls-out");
    let again = process::said(process::crowdhook(&["plugin", "run", guest.to_str().unwrap(), "--case", case, "--json"])).await.well();
    let again: Value = serde_json::from_str(&again).unwrap();
    let then: Value = serde_json::from_str(&kept.runs[0].1.log).unwrap();
    assert_eq!((then.as_array().unwrap().len(), &again["log"]), (3, &then));
}

/// What waited for its turn was not sent, so a refusal after that is as definite as one at once, and frees the key.
#[tokio::test(flavor = "multi_thread")]
async fn a_once_key_is_freed_by_a_refusal_after_the_service_had_it_wait() {
    let remote = Remote::start([Does::with(429, "retry-after: 1"), Does::status(403)]).await;
    let host = host(&remote, r#"send = "/posts", once = "post""#).await;
    host.post(unit(1, 1)).await;
    assert_eq!(host.drained().await.deliveries_dead, 1);
    host.post(unit(1, 2)).await;
    host.drained().await;
    assert_eq!(remote.seen().len(), 3, "what was refused leaves again with the next revision");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_once_key_holds_over_revisions_and_a_repeat_of_a_lost_answer_bears_the_same_key() {
    let remote = Remote::start([Does::LosesAnswer]).await;
    let host = host(&remote, r#"send = "/posts", once = "post""#).await;
    host.post(unit(1, 1)).await;
    host.drained().await;
    host.post(unit(1, 2)).await;
    host.post(unit(2, 1)).await;
    host.drained().await;
    let bodies: Vec<(String, String)> =
        remote.seen().iter().map(|seen| (seen.body.clone(), seen.header("idempotency-key").unwrap().to_owned())).collect();
    let [first, again, other] = &bodies[..] else { panic!("{bodies:?}") };
    assert_eq!(first, again);
    assert_eq!((first.0.as_str(), other.0.as_str()), (r#"{"task":"1"}"#, r#"{"task":"2"}"#));
    assert_ne!(first.1, other.1);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_down_parks_the_event_uncounted() {
    let remote = Remote::start([Does::Resets, Does::with(429, "retry-after: 1"), Does::LosesAnswer]).await;
    let host = host(&remote, r#"fetch = ["/weather"]"#).await;
    host.post(unit(1, 1)).await;
    let totals = host.drained().await;
    assert_eq!(totals.dead, 0);
    let kept = host.the_event().await;
    // A 429 is an answer, for the plugin to look at; after it the host itself keeps away.
    assert_eq!(kept.outcomes(), ["parked", "ok"]);
    assert!(kept.runs[0].1.reason.starts_with("`web` broke off: "), "{}", kept.runs[0].1.reason);
    host.stop().await;
}

/// Runs `calls-out` once, with these settings, in a world that answers like this.
async fn run(settings: &Value, plugin: Plugin, fetched: Result<Fetched, ConnectionError>) -> Report {
    let component = load(&guest_file("calls-out")).await.unwrap();
    let auth = Auth::Header { name: "x-key".to_owned(), value: Secret::new(SECRET) };
    let to = Service::Http(web("https://api.example.org/v2", auth));
    let connections = ["web", "other"]
        .map(|name| Connection { name: name.to_owned(), to: to.clone(), max_age: Duration::from_secs(1), line: 1 })
        .to_vec();
    let call = Call {
        event: Arc::new(event(crowdhook::event::EventKind::TASK_COMPLETED, Some("1"))),
        attempt: 1,
        rerun: false,
        plugin: Arc::new(Plugin { settings: settings.to_string(), ..plugin }),
        reads: Arc::new(World { connections, fetched: Some(fetched), ..World::default() }),
        derived: 0,
    };
    call::handle(&component, call).await
}

fn granted() -> Plugin {
    Plugin { connections: vec!["web".to_owned()], ..plugin("calls-out", "{}", &["http.fetch", "http.send"]) }
}

fn answer() -> Result<Fetched, ConnectionError> {
    Ok(Fetched { status: 200, headers: Vec::new(), body: b"sunny".to_vec() })
}

/// What the plugin was told when it called out with these settings, and gave up for.
async fn refused(settings: Value, words: &str) {
    let report = run(&settings, granted(), answer()).await;
    let Ended::Rejected(why) = report.ended else { panic!("{settings}: {:?}", report.ended) };
    assert!(why.contains(words), "{settings}: {why}");
    assert!(!why.contains("example.org") && !why.contains(SECRET), "{why}");
}

#[tokio::test]
async fn nothing_that_a_plugin_writes_leads_elsewhere() {
    for path in [
        "https://evil.example/",
        "//evil.example",
        "/..",
        "/%2e%2e/x",
        "/a%2f..%2fb",
        "\\\\evil.example",
        "@evil.example",
        "/a\r\nHost: evil.example",
        "/a#b",
        "",
    ] {
        for settings in [json!({"fetch": [path]}), json!({"send": path})] {
            if path.is_empty() {
                assert!(matches!(run(&settings, granted(), answer()).await.ended, Ended::Ok(_)));
            } else {
                refused(settings, "`path` ").await;
            }
        }
    }
    for header in
        [json!({"host": "evil.example"}), json!({"authorization": "x"}), json!({"X-Key": "x"}), json!({"a": "b\r\nhost: evil.example"})]
    {
        refused(json!({"fetch": ["/"], "headers": header}), "header").await;
        refused(json!({"send": "/", "headers": header}), "header").await;
    }
    for method in ["GET", "post", "CONNECT", "POST / HTTP/1.1\r\n", ""] {
        refused(json!({"send": "/", "method": method}), "`method` is none of").await;
    }
    refused(json!({"send": "/", "body": "a".repeat((1 << 20) + 1)}), "may have 1048576").await;
}

#[tokio::test]
async fn a_connection_that_is_not_granted_is_told_with_the_line_to_add() {
    for settings in [json!({"connection": "other", "fetch": ["/"]}), json!({"connection": "other", "send": "/"})] {
        refused(settings, "add `connections = [\"other\"]` below `[plugins.calls-out]`").await;
    }
    let plugin = Plugin { allow: vec!["http.send".to_owned()], ..granted() };
    let report = run(&json!({"fetch": ["/"]}), plugin, answer()).await;
    assert!(matches!(&report.ended, Ended::Rejected(why) if why.contains("add \"http.fetch\" to `allow`")), "{:?}", report.ended);
}

#[tokio::test]
async fn ten_responses_may_be_fetched_in_one_call() {
    let ten = json!({"fetch": vec!["/"; 10]});
    assert!(matches!(run(&ten, granted(), answer()).await.ended, Ended::Ok(_)));
    refused(json!({"fetch": vec!["/"; 11]}), "one call may fetch 10 responses").await;
}

#[tokio::test]
async fn a_failure_of_a_service_is_parked_or_told_as_what_it_is() {
    let fetch = json!({"fetch": ["/"]});
    let later = ConnectionError::Later { after: Some(Duration::from_secs(7)), why: "it is down".to_owned(), sent: true };
    let parked = run(&fetch, granted(), Err(later)).await.ended;
    assert!(matches!(&parked, Ended::Parked { after: Some(after), why } if after.as_secs() == 7 && why == "it is down"), "{parked:?}");
    let refused = ConnectionError::KeyRefused { why: "the key is old".to_owned() };
    let parked = run(&fetch, granted(), Err(refused)).await.ended;
    assert!(matches!(&parked, Ended::Parked { after: Some(after), .. } if after.as_secs() == 60), "{parked:?}");
    for error in [ConnectionError::TooLarge { why: "words".to_owned() }, ConnectionError::Refused { why: "words".to_owned() }] {
        let ended = run(&fetch, granted(), Err(error)).await.ended;
        assert!(matches!(&ended, Ended::Rejected(why) if why == "words"), "{ended:?}");
    }
}

#[tokio::test]
async fn a_service_that_is_slower_than_the_plugin_may_take_is_no_fault_of_the_plugin() {
    let component = load(&guest_file("calls-out")).await.unwrap();
    let limits = crowdhook::config::GuestLimits { wall: Duration::from_secs(2), ..crowdhook::config::GuestLimits::default() };
    let connection = Connection {
        name: "web".to_owned(),
        to: Service::Http(web("https://api.example.org", Auth::None)),
        max_age: Duration::from_secs(1),
        line: 1,
    };
    let world =
        World { connections: vec![connection], platform_takes: Duration::from_secs(60), fetched: Some(answer()), ..World::default() };
    let call = Call {
        event: Arc::new(event(crowdhook::event::EventKind::TASK_COMPLETED, Some("1"))),
        attempt: 1,
        rerun: false,
        plugin: Arc::new(Plugin { limits, settings: json!({"fetch": ["/"]}).to_string(), ..granted() }),
        reads: Arc::new(world),
        derived: 0,
    };
    let report = call::handle(&component, call).await;
    assert!(
        matches!(&report.ended, Ended::Parked { why, .. } if why.starts_with("`web` gave no answer within the ")),
        "{:?}",
        report.ended
    );
}
