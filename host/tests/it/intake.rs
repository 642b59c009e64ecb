use std::sync::atomic::Ordering;

use crowdhook::event::{Origin, PlatformKind, Standing};
use crowdhook::store::Again;
use serde_json::Value;

mod answers;
pub mod door;
mod limits;
mod moody;
mod senders;

use door::{Client, Door, completed, post, post_form, project};
use moody::Mood;

/// Every recorded request of a real PYBOSSA, byte for byte but for the path, which is the hook's.
#[tokio::test]
async fn recorded_pybossa_requests_are_taken() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/pybossa/webhook");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 11);
    let own = ["p1795289364365", "klate", "kempty200", "kredirect302", "kredirect307"];
    for file in files {
        let recorded = std::fs::read_to_string(&file).unwrap();
        let (line, rest) = recorded.split_once("\r\n").unwrap();
        let (method, target) = line.split_once(' ').unwrap();
        let query = target.strip_suffix(" HTTP/1.1").unwrap().split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
        let (_, body) = rest.split_once("\r\n\r\n").unwrap();
        let payload: Value = serde_json::from_str(body).unwrap_or_default();
        let name = payload["project_short_name"].as_str().unwrap_or("klate");
        // The ninth was sent to the hook of somebody else's project.
        let hook = if own.contains(&name) { name } else { "mallory" };
        let door = Door::of([project("own", PlatformKind::Pybossa, hook)], |_| {}).await;
        let reply = door.ask(format!("{method} /hooks/own/token{query} HTTP/1.1\r\n{rest}")).await;
        let said = (reply.status, reply.body.as_str());
        if hook == "mallory" {
            assert_eq!(said, (403, "The payload is about another project than this hook."), "{}", file.display());
            assert!(door.store.kept().is_empty());
            continue;
        }
        assert_eq!(said, (200, "OK"), "{}", file.display());
        let kept = door.store.kept();
        assert_eq!(kept.len(), usize::from(method == "POST"), "{}", file.display());
        for acceptance in kept {
            let event = acceptance.event;
            assert_eq!((event.kind.as_str(), event.task), ("task.completed", Some(payload["task_id"].to_string())));
            assert_eq!(serde_json::from_str::<Value>(&event.payload).unwrap(), payload);
            let expected = if query.is_empty() { (Origin::Live, Again::Never) } else { (Origin::Rerun, Again::Rerun) };
            assert_eq!((event.origin, acceptance.again), expected);
        }
    }
}

/// A re-send has its keys in another order and says so in the address; one of `check_failed` says nothing at all.
#[tokio::test]
async fn recorded_resends_are_repeats() {
    let door = Door::of([project("own", PlatformKind::Pybossa, "p1795289364365")], |_| {}).await;
    let replay = async |name: &str| {
        let path = format!("{}/tests/recordings/pybossa/webhook/{name}", env!("CARGO_MANIFEST_DIR"));
        let recorded = std::fs::read_to_string(path).unwrap();
        assert_eq!(door.ask(recorded.replacen("/hook", "/hooks/own/token", 1)).await.status, 200);
    };
    replay("02-task_completed.http").await;
    replay("02-task_completed.http").await;
    replay("03-rerun-one.http").await;
    assert_eq!(door.store.kept().len(), 1);
    let counts = door.counts();
    assert_eq!((counts.accepted, counts.repeated, counts.folded), (1, 1, 1));
}

/// Every composed body of Appen, with the outcome that its file names.
#[tokio::test]
async fn composed_appen_posts_come_out_as_documented() {
    let composed = include_str!("../recordings/appen/composed.json");
    let composed: Value = serde_json::from_str(composed).unwrap();
    for case in composed["cases"].as_array().unwrap() {
        let door = Door::open().await;
        let text = |key: &str| case[key].as_str().unwrap();
        let reply = door.ask(post_form("/hooks/cats/token", text("content_type"), text("body"))).await;
        let kept: Vec<Standing> = door.store.kept().iter().map(|acceptance| acceptance.standing).collect();
        let outcome = (reply.status, reply.body.is_empty(), kept.as_slice());
        let expected = match text("expect") {
            "accept: 200, empty body" => (200, true, &[Standing::Accepted][..]),
            "reject when a token is configured" => (401, false, &[][..]),
            "200, nothing runs, kept raw with an alarm" => (200, true, &[Standing::Unreadable][..]),
            other => panic!("what does `{other}` mean?"),
        };
        assert_eq!(outcome, expected, "{}", text("name"));
        assert_eq!(reply.header("content-length").is_some_and(|length| length == "0"), reply.status == 200, "{}", text("name"));
    }
}

#[tokio::test]
async fn thirty_copies_of_a_slow_success_are_one_event() {
    let door = Door::open().await;
    let composed: Value = serde_json::from_str(include_str!("../recordings/appen/composed.json")).unwrap();
    let request = post_form("/hooks/cats/token", "application/x-www-form-urlencoded", composed["cases"][0]["body"].as_str().unwrap());
    let mut client = door.connect().await;
    for _ in 0..30 {
        assert_eq!(client.ask(&request).await.status, 200);
    }
    assert_eq!((door.counts().accepted, door.counts().repeated), (1, 29));
}

#[tokio::test]
async fn nobody_is_told_200_before_the_store_answers() {
    let door = Door::open().await;
    door.store.set(Mood::Waits);
    let mut client = door.connect().await;
    client.send(post("/hooks/birds/token", &completed("birds", 1, 1))).await;
    door.store.inside.subscribe().wait_for(|inside| *inside == 1).await.unwrap();
    assert!(client.is_silent());
    door.store.set(Mood::Works);
    assert_eq!(client.reply(false).await.status, 200);
    assert_eq!(door.store.kept().len(), 1);
}

#[tokio::test]
async fn ready_means_that_the_store_answers() {
    let door = Door::open().await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    let reply = door.ask(get("/health/live")).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "live"));
    for _ in 0..5 {
        let reply = door.ask(get("/health/ready")).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "ready"));
    }
    assert!(door.store.asked.load(Ordering::SeqCst) < 5, "asking often costs the store nothing");
    let door = Door::open().await;
    door.store.set(Mood::Fails);
    let reply = door.ask(get("/health/ready")).await;
    assert_eq!((reply.status, reply.body.as_str()), (503, "The store does not answer."));
    assert_eq!(door.ask(get("/health/live")).await.status, 200);
}

#[tokio::test]
async fn draining_ends_what_is_under_way_and_takes_nothing_new() {
    let mut door = Door::open().await;
    let body = completed("birds", 1, 1);
    let request = post("/hooks/birds/token", &body);
    let mut late = door.connect().await;
    late.send(&request[..20]).await;
    let (mut idle, mut storing) = (door.connect().await, door.connect().await);
    assert_eq!(idle.ask(&request).await.status, 200);
    door.store.set(Mood::Waits);
    storing.send(post("/hooks/birds/token", &completed("birds", 2, 2))).await;
    door.store.inside.subscribe().wait_for(|inside| *inside == 1).await.unwrap();
    door.shut();
    idle.closed().await;
    door.store.set(Mood::Works);
    let reply = storing.reply(false).await;
    assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
    storing.closed().await;
    late.send(&request[20..]).await;
    let reply = late.reply(false).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("10")));
    late.closed().await;
    drop((idle, storing, late));
    let (address, store) = (door.address, door.store.clone());
    door.shut_down().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    assert_eq!(store.kept().len(), 2);
}

#[tokio::test]
async fn draining_ends_in_time_whatever_hangs() {
    let mut door = Door::with(|limits| limits.drain = std::time::Duration::from_millis(30)).await;
    door.store.set(Mood::Waits);
    let mut client: Client = door.connect().await;
    client.send(post("/hooks/birds/token", &completed("birds", 1, 1))).await;
    door.store.inside.subscribe().wait_for(|inside| *inside == 1).await.unwrap();
    door.shut();
    client.closed().await;
    door.shut_down().await;
}
