//! Any sender of JSON, and what any hook may ask of it: which answer, when, over a real socket.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crowdhook::clock::Clock;
use crowdhook::config::{AnswerAt, Encoding, Generic, Hash, HeaderToken, Hmac, Hook, KindAt, Pointer, StandardWebhooks};
use crowdhook::event::{EventKind, PlatformKind, Standing};
use crowdhook::plugin::registry::Project;
use crowdhook::secret::Secret;
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

use super::door::{Door, completed, post, project};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW_KEY: &str = "whsec_b3RoZXItc2VjcmV0LW9mLTI0LWJ5dGVz";

fn at(pointer: &str) -> Pointer {
    pointer.parse().unwrap()
}

/// A project of a sender that says `type`, `campaign`, `id` and `votes`, with a hook of this kind.
fn sender(name: &str, hook: Hook) -> Project {
    let mut project = project(name, PlatformKind::Generic, "birds");
    let kinds = [("done".to_owned(), EventKind::TASK_COMPLETED), ("opened".to_owned(), "garden.opened".parse().unwrap())];
    project.config.platform.generic = Some(Generic {
        events: None,
        kind: KindAt::Word { at: at("/type"), kinds: kinds.into() },
        project: Some(at("/campaign")),
        task: Some(at("/id")),
        dedup_keys: Vec::new(),
        time: None,
        task_info: None,
        answers: Some(at("/votes")),
        answer: AnswerAt { id: Some(at("/id")), ..AnswerAt::default() },
    });
    project.config.hook = Hook { tokens: project.config.hook.tokens, ..hook };
    project
}

fn hmac(hash: Hash, header: &'static str, prefix: &str, encoding: Encoding) -> Hook {
    let secrets = vec![Secret::new("old secret"), Secret::new("new secret")];
    let header = http::HeaderName::from_static(header);
    Hook { hmac: Some(Hmac { header, hash, prefix: prefix.to_owned(), encoding, secrets }), ..Hook::default() }
}

fn standard() -> Hook {
    let secrets = vec![Secret::new(KEY), Secret::new(NEW_KEY)];
    let window = std::time::Duration::from_secs(300);
    Hook { standard_webhooks: Some(StandardWebhooks { secrets, window }), ..Hook::default() }
}

fn done(id: u32) -> String {
    json!({"type": "done", "campaign": "birds", "id": id, "votes": [{"id": 1, "animal": "robin"}]}).to_string()
}

/// A post with further headers.
fn with(path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    post(path, body).replacen("\r\n\r\n", &format!("\r\n{lines}\r\n"), 1)
}

async fn check(door: &Door, request: &str, status: u16, body: &str, kept: &[Standing]) {
    let before = door.store.kept().len();
    let reply = door.ask(request).await;
    assert_eq!((reply.status, reply.body.as_str()), (status, body), "{request}");
    assert_eq!(reply.header("www-authenticate").is_some(), status == 401, "{request}");
    let new: Vec<Standing> = door.store.kept()[before..].iter().map(|acceptance| acceptance.standing).collect();
    assert_eq!(new, kept, "{request}");
}

/// Each case of the table, for a sender that signs nothing.
#[tokio::test]
async fn any_sender_of_json_gets_the_answers_of_the_table() {
    let door = Door::of([sender("open", Hook::default())], |_| {}).await;
    let path = "/hooks/open/token";
    let unreadable = &[Standing::Unreadable][..];
    check(&door, &post(path, &done(1)), 200, "OK", &[Standing::Accepted]).await;
    check(&door, &post(path, &done(1)), 200, "OK", &[]).await;
    check(&door, &post(path, r#"{"type":"opened","campaign":"birds"}"#), 200, "OK", &[Standing::Accepted]).await;
    check(&door, &post(path, r#"{"type":"renamed","campaign":"birds"}"#), 200, "OK", &[Standing::Ignored]).await;
    check(&door, &post(path, "{\"type\":"), 200, "OK", unreadable).await;
    check(&door, &post(path, ""), 200, "OK", unreadable).await;
    check(&door, &post(path, r#"{"type":"done","campaign":"birds"}"#), 200, "OK", unreadable).await;
    check(&door, &post(path, r#"{"type":"done","campaign":"birds","id":1,"votes":[{"animal":"robin"}]}"#), 200, "OK", unreadable).await;
    let foreign = "The payload is about another project than this hook.";
    check(&door, &post(path, r#"{"type":"done","campaign":"cats","id":1}"#), 403, foreign, &[]).await;
    check(&door, &post(path, r#"{"type":"done","id":1}"#), 403, foreign, &[]).await;
    let head = post(path, "xx");
    let (head, _) = head.split_at(head.len() - 2);
    let mut request = head.as_bytes().to_vec();
    request.extend(b"\xff{");
    let reply = door.ask(&request).await;
    assert_eq!((reply.status, reply.body.as_str()), (400, "The body is not UTF-8."));
    check(&door, &post("/hooks/open/wrong", &done(2)), 404, "There is no such hook.", &[]).await;
    let counts = door.counts();
    assert_eq!((counts.accepted, counts.repeated, counts.ignored, counts.unreadable), (2, 1, 1, 4));
    assert_eq!(counts.refused_for("other-project"), 2);

    let kept = door.store.kept();
    assert_eq!((kept[0].event.kind.as_str(), kept[0].event.task.as_deref()), ("task.completed", Some("1")));
    assert_eq!((kept[1].event.kind.as_str(), kept[1].event.task.as_deref()), ("garden.opened", None));
    let why: Value = serde_json::from_str(&kept.last().unwrap().event.payload).unwrap();
    assert_eq!(why["why"], "answer 1 has no id at `/id`");
}

#[tokio::test]
async fn several_events_of_one_body_are_stored_together() {
    let mut list = sender("list", Hook::default());
    list.config.platform.generic.as_mut().unwrap().events = Some(at(""));
    let door = Door::of([list], |_| {}).await;
    let body = format!("[{},{},{}]", done(1), done(2), done(1));
    let path = "/hooks/list/token";
    let reply = door.ask(post(path, &body)).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "OK"));
    let kept = door.store.kept();
    assert_eq!(kept.len(), 2, "the third is a repeat of the first");
    assert_eq!((door.counts().accepted, door.counts().repeated), (2, 1));
    // What is odd costs none of the others; a list that is all about others is refused.
    let foreign = |id: u32| done(id).replace("birds", "cats");
    let odd = post(path, &format!("[{},{},{},{}]", done(3), done(4).replace("\"id\":4", "\"no\":4"), foreign(5), done(6)));
    check(&door, &odd, 200, "OK", &[Standing::Accepted, Standing::Unreadable, Standing::Ignored, Standing::Accepted]).await;
    let others = post(path, &format!("[{},{}]", foreign(7), foreign(8)));
    check(&door, &others, 403, "The payload is about another project than this hook.", &[]).await;
}

fn tag<M: hmac::Mac + hmac::KeyInit>(key: &[u8], text: &str) -> Vec<u8> {
    <M as hmac::KeyInit>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As GitHub, Shopify and two others sign.
#[tokio::test]
async fn a_hook_may_ask_for_an_hmac_of_the_body() {
    let projects = [
        sender("github", hmac(Hash::Sha256, "x-hub-signature-256", "sha256=", Encoding::Hex)),
        sender("shopify", hmac(Hash::Sha256, "x-shopify-hmac-sha256", "", Encoding::Base64)),
        sender("older", hmac(Hash::Sha1, "x-hub-signature", "sha1=", Encoding::Hex)),
        sender("newer", hmac(Hash::Sha512, "x-signature", "", Encoding::Hex)),
    ];
    let door = Door::of(projects, |_| {}).await;
    let sign = |name: &str, key: &str, body: &str| match name {
        "github" => ("X-Hub-Signature-256", format!("sha256={}", hex(&tag::<hmac::Hmac<Sha256>>(key.as_bytes(), body)))),
        "shopify" => ("X-Shopify-Hmac-Sha256", BASE64.encode(tag::<hmac::Hmac<Sha256>>(key.as_bytes(), body))),
        "older" => ("X-Hub-Signature", format!("sha1={}", hex(&tag::<hmac::Hmac<sha1::Sha1>>(key.as_bytes(), body)))),
        _ => ("X-Signature", hex(&tag::<hmac::Hmac<Sha512>>(key.as_bytes(), body))),
    };
    for name in ["github", "shopify", "older", "newer"] {
        let path = format!("/hooks/{name}/token");
        for (id, key) in [(1, "old secret"), (2, "new secret")] {
            let (header, signature) = sign(name, key, &done(id));
            check(&door, &with(&path, &[(header, &signature)], &done(id)), 200, "OK", &[Standing::Accepted]).await;
            let wrong = format!("The signature in the header {} does not match the body.", header.to_lowercase());
            check(&door, &with(&path, &[(header, &signature)], &done(3)), 401, &wrong, &[]).await;
            let (_, by_another) = sign(name, "another secret", &done(id));
            check(&door, &with(&path, &[(header, &by_another)], &done(id)), 401, &wrong, &[]).await;
            let missing = format!("The signature is missing: it is expected in the header {}.", header.to_lowercase());
            check(&door, &post(&path, &done(id)), 401, &missing, &[]).await;
        }
        // Signed and not to be parsed: kept as it came.
        let (header, signature) = sign(name, "new secret", "nonsense");
        check(&door, &with(&path, &[(header, &signature)], "nonsense"), 200, "OK", &[Standing::Unreadable]).await;
    }
    assert_eq!((door.counts().refused_for("hmac-wrong"), door.counts().refused_for("hmac-missing")), (16, 8));
}

fn standard_signature(key: &str, id: &str, timestamp: &str, body: &str) -> String {
    let key = BASE64.decode(&key["whsec_".len()..]).unwrap();
    format!("v1,{}", BASE64.encode(tag::<hmac::Hmac<Sha256>>(&key, &format!("{id}.{timestamp}.{body}"))))
}

#[tokio::test]
async fn a_hook_may_ask_for_standard_webhooks() {
    let door = Door::of([sender("standard", standard())], |_| {}).await;
    let now = Clock::System.now().as_second();
    let signed = |key: &str, id: &str, shift: i64, body: &str| {
        let timestamp = (now + shift).to_string();
        let signature = standard_signature(key, id, &timestamp, body);
        with("/hooks/standard/token", &[("Webhook-Id", id), ("Webhook-Timestamp", &timestamp), ("Webhook-Signature", &signature)], body)
    };
    check(&door, &signed(KEY, "msg_1", 0, &done(1)), 200, "OK", &[Standing::Accepted]).await;
    check(&door, &signed(NEW_KEY, "msg_2", 0, &done(1)), 200, "OK", &[Standing::Accepted]).await;
    // The id alone tells a repeat: the sender tries again, a minute later.
    check(&door, &signed(KEY, "msg_1", 60, &done(1)), 200, "OK", &[]).await;
    assert_eq!(door.store.kept()[0].dedup_key, "task.completed/webhook/msg_1");

    let missing = "The headers webhook-id, webhook-timestamp and webhook-signature are expected, each once.";
    check(&door, &post("/hooks/standard/token", &done(2)), 401, missing, &[]).await;
    let wrong = "The signature in webhook-signature does not match.";
    check(&door, &signed(KEY, "msg_3", 0, &done(2)).replace("msg_3", "msg_4"), 401, wrong, &[]).await;
    check(&door, &signed(KEY, "msg_3", 0, &done(2)).replace("robin", "raven"), 401, wrong, &[]).await;
    check(&door, &signed("whsec_YW5vdGhlciBzZWNyZXQ=", "msg_3", 0, &done(2)), 401, wrong, &[]).await;
    let stale = "The time in webhook-timestamp is too far from now.";
    for shift in [-3600, 3600] {
        check(&door, &signed(KEY, "msg_3", shift, &done(2)), 401, stale, &[]).await;
    }
    let counts = door.counts();
    assert_eq!((counts.refused_for("webhook-signature-missing"), counts.refused_for("webhook-signature-wrong")), (1, 3));
    assert_eq!(counts.refused_for("stale"), 2);
}

#[tokio::test]
async fn a_hook_may_ask_for_a_secret_in_a_header() {
    let values = vec![Secret::new("old secret"), Secret::new("new secret")];
    let header = HeaderToken { name: http::HeaderName::from_static("x-gitlab-token"), values };
    let door = Door::of([sender("gitlab", Hook { header: Some(header), ..Hook::default() })], |_| {}).await;
    let path = "/hooks/gitlab/token";
    for (id, secret) in [(1, "old secret"), (2, "new secret")] {
        check(&door, &with(path, &[("X-Gitlab-Token", secret)], &done(id)), 200, "OK", &[Standing::Accepted]).await;
    }
    let sentence = "The header x-gitlab-token is missing or wrong.";
    check(&door, &post(path, &done(3)), 401, sentence, &[]).await;
    check(&door, &with(path, &[("X-Gitlab-Token", "wrong")], &done(3)), 401, sentence, &[]).await;
    check(&door, &with(path, &[("X-Gitlab-Token", "old secret"), ("X-Gitlab-Token", "old secret")], &done(3)), 401, sentence, &[]).await;
    // A stranger is not told what the hook wants.
    check(&door, &post("/hooks/gitlab/wrong", &done(3)), 404, "There is no such hook.", &[]).await;
    assert_eq!(door.counts().refused_for("header"), 3);
}

/// PYBOSSA signs nothing, but a proxy before it may.
#[tokio::test]
async fn every_hook_may_ask_for_a_signature() {
    let mut signed = project("birds", PlatformKind::Pybossa, "birds");
    let hook = hmac(Hash::Sha256, "x-signature", "", Encoding::Hex);
    signed.config.hook = Hook { tokens: signed.config.hook.tokens, ..hook };
    let door = Door::of([signed], |_| {}).await;
    let body = completed("birds", 1, 1);
    let signature = hex(&tag::<hmac::Hmac<Sha256>>(b"new secret", &body));
    check(&door, &with("/hooks/birds/token", &[("X-Signature", &signature)], &body), 200, "OK", &[Standing::Accepted]).await;
    let missing = "The signature is missing: it is expected in the header x-signature.";
    check(&door, &post("/hooks/birds/token", &body), 401, missing, &[]).await;
}
