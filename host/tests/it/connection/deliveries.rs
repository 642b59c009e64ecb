use crowdhook::clock::{self, Clock};
use crowdhook::effect::Effect;

use super::*;
use crate::harness::folder::Folder;
use crate::harness::outbox::Outbox;
use crate::harness::patience::until;
use crate::harness::remote::{Does, Remote};
use crate::harness::running::Running;

/// The connection `posts` to `remote`, with a key.
fn posts(url: &str) -> String {
    format!(
        "[connections.posts]\nurl = \"{url}\"\ntimeout_ms = 300\nmax_age_h = 2\n\
         auth = {{ kind = \"bearer\", token = {{ file = \"../secrets/posts\" }} }}\n"
    )
}

/// A host whose outbox holds a request to `remote`, made before it started.
async fn host(url: &str) -> (Running, Outbox) {
    host_with(&posts(url), 1, Clock::System.now()).await
}

async fn host_with(connection: &str, requests: usize, asked_at: Timestamp) -> (Running, Outbox) {
    let folder = Folder::new();
    folder.secret("posts", SECRET);
    folder.appen("birds", connection);
    let effects = (1..=requests).map(|number| Effect::SendRequest { connection: "posts".to_owned(), request: post(&format!("/{number}")) });
    let outbox = Outbox::fill_at(&folder, "posts", effects.collect(), asked_at).await;
    (Running::start(folder).await, outbox)
}

/// Every request that came bore the delivery's id, and was the same.
fn check_repeats(remote: &Remote, delivery: &crowdhook::store::DeliveryRecord) {
    let id = delivery.id.to_string();
    let seen = remote.seen();
    assert_eq!(seen.len(), delivery.attempts as usize);
    for seen in seen {
        assert_eq!((seen.line.as_str(), seen.header("idempotency-key")), ("POST /1", Some(id.as_str())));
        assert_eq!((seen.body.as_str(), seen.header("content-type")), ("{\"text\":\"Zwölf Vögel\"}", Some("application/json")));
        assert_eq!(seen.header("authorization"), Some(format!("Bearer {SECRET}").as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_leaves_once_and_its_receipt_says_what_was_answered() {
    let remote = Remote::start([Does::json(201, &format!("{{\"id\": \"7\",\n\"key\": \"{SECRET}\"}}"))]).await;
    let (host, outbox) = host(&remote.url()).await;
    let delivery = outbox.ended(&host, "delivered").await;
    assert_eq!((delivery.attempts, delivery.note.as_str()), (1, r#"201: {"id": "7", "key": "[hidden]"}"#));
    check_repeats(&remote, &delivery);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_breaks_the_request_is_repeated_under_the_same_key() {
    for does in [Does::Resets, Does::LosesAnswer, Does::Drips { body: false }, Does::status(500), Does::status(408), Does::status(425)] {
        let remote = Remote::start([does.clone(), does.clone()]).await;
        let (host, outbox) = host(&remote.url()).await;
        let delivery = outbox.ended(&host, "delivered").await;
        assert_eq!((delivery.attempts, delivery.note.as_str()), (3, "200: ok"), "{does:?}");
        check_repeats(&remote, &delivery);
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_there_yet_gets_the_request_when_it_is() {
    let folder = Folder::new();
    folder.secret("posts", SECRET);
    let nowhere = format!("http://{}", Remote::nowhere().await);
    folder.appen("birds", &posts(&nowhere));
    let outbox = Outbox::fill(&folder, "posts", vec![Effect::SendRequest { connection: "posts".to_owned(), request: post("/1") }]).await;
    let host = Running::start(folder).await;
    let waiting = outbox.the_delivery(&host, |delivery| delivery.attempts >= 2).await;
    assert!(waiting.note.starts_with("`posts` cannot be reached: ") && !waiting.note.contains(&nowhere), "{}", waiting.note);
    // Nobody need look for it.
    const BREAKER: &str = "crowdhook_connection_breaker{project=\"birds\",connection=\"posts\"}";
    let down = || async { !host.page("/metrics").await.contains(&format!("{BREAKER} 0")) };
    until("the service counts as down", down).await;
    let overview = host.page("/").await;
    assert!(overview.contains("down</span> connection <b>posts</b>") && overview.contains("cannot be reached"), "{overview}");
    // The operator mends the address: it is another service then, which nothing bad is known of.
    let remote = Remote::start([]).await;
    host.folder.appen("birds", &posts(&remote.url()));
    let delivery = outbox.ended(&host, "delivered").await;
    assert_eq!(remote.seen()[0].header("idempotency-key"), Some(delivery.id.to_string().as_str()));
    assert!(host.page("/metrics").await.contains(&format!("{BREAKER} 0")));
    assert!(host.page("/").await.contains("no connection fails"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_is_waited_out_and_not_counted() {
    for header in ["retry-after: 1", "x-ratelimit-reset: 1", "x-rate-limit-reset: 1", "ratelimit-reset: 1"] {
        let remote = Remote::start([Does::with(429, header)]).await;
        let (host, outbox) = host(&remote.url()).await;
        let delivery = outbox.ended(&host, "delivered").await;
        assert_eq!((delivery.attempts, remote.seen().len()), (1, 2), "{header}");
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_good_is_not_repeated_and_says_why() {
    let elsewhere = Remote::start([]).await;
    let redirect = Does::with(308, &format!("location: {}/?secret=1", elsewhere.url()));
    for (does, words) in [
        (Does::json(403, "{\"detail\": \"duplicate content\"}"), "`posts` answered 403: {\"detail\": \"duplicate content\"}".to_owned()),
        (Does::status(404), "`posts` answered 404".to_owned()),
        (
            redirect,
            format!(
                "`posts` answered 308 and points to {}: redirects are not followed, mend the address of the connection",
                elsewhere.url()
            ),
        ),
    ] {
        let remote = Remote::start([does]).await;
        let (host, outbox) = host(&remote.url()).await;
        let delivery = outbox.ended(&host, "dead").await;
        assert_eq!((delivery.note, remote.seen().len()), (words, 1));
        host.stop().await;
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_fails_to_the_end_is_given_up_after_all_attempts() {
    let remote = Remote::start([]).await;
    remote.always(Does::status(500));
    let folder = Folder::with("delivery_attempts_max = 3\n");
    folder.secret("posts", SECRET);
    folder.appen("birds", &posts(&remote.url()));
    let outbox = Outbox::fill(&folder, "posts", vec![Effect::SendRequest { connection: "posts".to_owned(), request: post("/1") }]).await;
    let host = Running::start(folder).await;
    let delivery = outbox.ended(&host, "dead").await;
    assert_eq!((delivery.note.as_str(), remote.seen().len()), ("attempt 3 of 3: `posts` answered 500", 3));
    host.stop().await;
}

/// Each attempt may have had its effect, so each counts: also the one that makes the service count as down.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_loses_every_answer_is_not_sent_to_without_end() {
    for does in [Does::LosesAnswer, Does::status(504), Does::with(500, "retry-after: 1")] {
        let remote = Remote::start([]).await;
        remote.always(does);
        let folder = Folder::with("delivery_attempts_max = 5\n");
        folder.secret("posts", SECRET);
        folder.appen("birds", &posts(&remote.url()));
        let outbox =
            Outbox::fill(&folder, "posts", vec![Effect::SendRequest { connection: "posts".to_owned(), request: post("/1") }]).await;
        let host = Running::start(folder).await;
        let delivery = outbox.ended(&host, "dead").await;
        assert_eq!((delivery.attempts, remote.seen().len()), (5, 5), "{}", delivery.note);
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_is_waited_for() {
    let remote = Remote::start([Does::status(401)]).await;
    let (host, outbox) = host(&remote.url()).await;
    let waiting = outbox.the_delivery(&host, |delivery| !delivery.note.is_empty()).await;
    assert_eq!(waiting.note, "`posts` answered 401; look at `auth` of connection `posts` in the project's file");
    assert_eq!((waiting.standing, waiting.attempts), ("waiting", 0));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_gone_is_waited_for() {
    let (host, outbox) = host_with("", 1, Clock::System.now()).await;
    let waiting = outbox.the_delivery(&host, |delivery| !delivery.note.is_empty()).await;
    assert_eq!(waiting.note, "the file of project `birds` has no `[connections.posts]` at the moment");
    assert_eq!((waiting.standing, waiting.attempts), ("waiting", 0));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_waited_too_long_does_not_leave_any_more() {
    let remote = Remote::start([]).await;
    let long_ago = clock::from_millis(Clock::System.now().as_millisecond() - 2 * 3_600_000 - 60_000);
    let (host, outbox) = host_with(&posts(&remote.url()), 1, long_ago).await;
    let delivery = outbox.ended(&host, "dead").await;
    assert_eq!(delivery.note, "it has waited longer than the 2 hours of `max_age_h` of connection `posts`");
    assert!(remote.seen().is_empty());
    host.stop().await;
    let not_long_ago = clock::from_millis(Clock::System.now().as_millisecond() - 3_600_000);
    let (host, outbox) = host_with(&posts(&remote.url()), 1, not_long_ago).await;
    outbox.ended(&host, "delivered").await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_about_one_task_leave_in_their_order_whatever_breaks() {
    let remote = Remote::start([Does::LosesAnswer, Does::status(500), Does::status(200), Does::status(503)]).await;
    let (host, outbox) = host_with(&posts(&remote.url()), 3, Clock::System.now()).await;
    until("all have left", async || outbox.deliveries(&host).await.iter().all(|delivery| delivery.standing == "delivered")).await;
    let lines: Vec<String> = remote.seen().into_iter().map(|seen| seen.line).collect();
    assert_eq!(lines, ["POST /1", "POST /1", "POST /1", "POST /2", "POST /2", "POST /3"]);
    host.stop().await;
}
