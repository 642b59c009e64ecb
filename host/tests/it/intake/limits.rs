//! Each limit of the public listener, and who exceeds it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::door::{Client, Door, completed, post};
use super::moody::Mood;
use crate::harness::patience::{eventually, until};

const SHORT: Duration = Duration::from_millis(40);

/// Too short for whoever dawdles, and long for everyone else.
async fn impatient() -> Door {
    Door::with(|limits| {
        limits.header_timeout = SHORT;
        limits.body_timeout = SHORT;
    })
    .await
}

#[tokio::test]
async fn slow_headers_end_with_408() {
    let door = impatient().await;
    for first in ["P", "POST /hooks/birds/token HTTP/1.1\r\nHost: h\r\n"] {
        let mut client = door.connect().await;
        client.send(first).await;
        let reply = client.reply(false).await;
        assert_eq!((reply.status, reply.body.as_str()), (408, "The request took too long to arrive."));
        client.closed().await;
    }
    assert_eq!(door.shut_down().await.refused_for("too-slow"), 2);
}

#[tokio::test]
async fn headers_that_drip_end_with_408_too() {
    let door = impatient().await;
    let mut client = door.connect().await;
    client.send("GET /hooks/birds/token HTTP/1.1\r\na: ").await;
    // A byte now and then, for as long as the other side takes it.
    let mut drip = tokio::time::interval(SHORT / 8);
    while client.is_silent() && client.try_send("b").await {
        drip.tick().await;
    }
    assert_eq!(client.reply(false).await.status, 408);
}

#[tokio::test]
async fn slow_headers_of_a_second_request_end_with_408() {
    let door = impatient().await;
    let request = post("/hooks/birds/token", &completed("birds", 1, 1));
    let mut client = door.connect().await;
    assert_eq!(client.ask(&request).await.status, 200);
    client.send(&request[..30]).await;
    assert_eq!(client.reply(false).await.status, 408);
    client.closed().await;
}

#[tokio::test]
async fn slow_body_ends_with_408() {
    let door = impatient().await;
    let request = post("/hooks/birds/token", &completed("birds", 1, 1));
    for cut in [1, 100] {
        let mut client = door.connect().await;
        client.send(&request[..request.len() - cut]).await;
        let reply = client.reply(false).await;
        assert_eq!((reply.status, reply.header("connection")), (408, Some("close")));
        client.closed().await;
    }
    let mut client = door.connect().await;
    client.send("POST /hooks/birds/token HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"e\r\n").await;
    assert_eq!(client.reply(false).await.status, 408);
    assert_eq!(door.counts().refused_for("too-slow"), 3);
    assert!(door.store.kept().is_empty());
}

#[tokio::test]
async fn idle_connection_is_closed_without_a_word() {
    let door = Door::with(|limits| limits.idle_timeout = SHORT).await;
    let mut fresh = door.connect().await;
    fresh.closed().await;
    let mut used = door.connect().await;
    assert_eq!(used.ask(post("/hooks/birds/token", &completed("birds", 1, 1))).await.status, 200);
    used.closed().await;
    assert_eq!(door.counts().refused_for("too-slow"), 0);
}

#[tokio::test]
async fn connection_that_was_busy_for_long_is_idle_after_it() {
    let door = Door::with(|limits| limits.idle_timeout = SHORT).await;
    door.store.set(Mood::Waits);
    let mut client = door.connect().await;
    client.send(post("/hooks/birds/token", &completed("birds", 1, 1))).await;
    door.store.inside.subscribe().wait_for(|inside| *inside == 1).await.unwrap();
    door.connect().await.closed().await;
    door.store.set(Mood::Works);
    assert_eq!(client.reply(false).await.status, 200);
    client.closed().await;
}

#[tokio::test]
async fn waiting_for_the_store_is_not_idle() {
    let door = Door::with(|limits| {
        limits.idle_timeout = SHORT;
        limits.header_timeout = SHORT;
        limits.body_timeout = SHORT;
    })
    .await;
    door.store.set(Mood::Waits);
    let mut client = door.connect().await;
    client.send(post("/hooks/birds/token", &completed("birds", 1, 1))).await;
    door.store.inside.subscribe().wait_for(|inside| *inside == 1).await.unwrap();
    // An idle connection that was opened later is closed: so its time was over too, if it were one.
    door.connect().await.closed().await;
    door.store.set(Mood::Works);
    assert_eq!(client.reply(false).await.status, 200);
}

#[tokio::test]
async fn body_declared_too_large_is_refused_before_it_comes() {
    let door = Door::open().await;
    let mut client = door.connect().await;
    client.send(format!("POST /hooks/birds/token HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", (8 << 20) + 1)).await;
    let reply = client.reply(false).await;
    assert_eq!((reply.status, reply.body.as_str()), (413, "The body is too large."));
    client.closed().await;
    // And who sends it nevertheless still learns why.
    let mut client = door.connect().await;
    client.send(post("/hooks/birds/token", &" ".repeat((8 << 20) + 1))).await;
    assert_eq!(client.reply(false).await.status, 413);
    assert_eq!(door.counts().refused_for("too-large"), 2);
}

#[tokio::test]
async fn body_in_chunks_is_counted() {
    let door = Door::with(|limits| limits.body_bytes_max = 1000).await;
    let head = "POST /hooks/birds/token HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = |bytes: &str| format!("{:x}\r\n{bytes}\r\n", bytes.len());
    let mut client = door.connect().await;
    client.send(format!("{head}{}", chunk(&" ".repeat(100)).repeat(11))).await;
    let reply = client.reply(false).await;
    assert_eq!((reply.status, reply.header("connection")), (413, Some("close")));
    assert!(door.store.kept().is_empty());
    // To the byte.
    let body = format!("{:<1000}", completed("birds", 1, 1));
    let (first, second) = body.split_at(10);
    assert_eq!(door.ask(format!("{head}{}{}0\r\n\r\n", chunk(first), chunk(second))).await.status, 200);
    assert_eq!(door.ask(format!("{head}{}{}{}0\r\n\r\n", chunk(first), chunk(second), chunk(" "))).await.status, 413);
    assert_eq!(door.ask(post("/hooks/birds/token", &body)).await.status, 200);
    assert_eq!(door.ask(post("/hooks/birds/token", &format!("{body} "))).await.status, 413);
}

#[tokio::test]
async fn large_bodies_have_a_room_of_their_own() {
    let door = Door::with(|limits| limits.body_bytes_max = 1 << 20).await;
    let head = format!("POST /hooks/birds/token HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", 1 << 20);
    let nearly_all = "b".repeat((1 << 20) - 1);
    let mut stuck = Vec::new();
    let crowded = async || door.counts().refused_for("crowded") > 0;
    while !crowded().await {
        let mut client = door.connect().await;
        client.try_send(&head).await;
        client.try_send(&nearly_all).await;
        stuck.push(client);
        assert!(stuck.len() < 100, "each of them is held");
    }
    // Any of them may be the one: several are read at once.
    let refused = eventually("one of them is answered", async || stuck.iter_mut().position(|client| !client.is_silent())).await;
    let reply = stuck[refused].reply(false).await;
    assert_eq!((reply.status, reply.body.as_str()), (503, "Too many large requests come in; try again later."));
    // Small ones do not mind.
    assert_eq!(door.ask(post("/hooks/birds/token", &completed("birds", 1, 1))).await.status, 200);
    // Room is given back.
    drop(stuck);
    until("there is room again", async || {
        let mut client = door.connect().await;
        client.try_send(&head).await;
        client.try_send(&nearly_all).await;
        client.try_send("b").await;
        client.reply(false).await.status == 200
    })
    .await;
}

#[tokio::test]
async fn body_that_breaks_off_is_not_stored() {
    let door = Door::open().await;
    let mut client = door.connect().await;
    client.send("POST /hooks/birds/token HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n").await;
    let reply = client.reply(false).await;
    assert_eq!((reply.status, reply.body.as_str()), (400, "The body broke off."));
    assert!(door.store.kept().is_empty());
    assert_eq!(door.counts().refused_for("body-broken"), 1);
}

#[tokio::test]
async fn headers_too_large_end_with_431() {
    let door = Door::open().await;
    for headers in [format!("a: {}\r\n", "b".repeat(100_000)), format!("a: {}\r\n", "b".repeat(40_000)), "a: b\r\n".repeat(200)] {
        let mut client = door.connect().await;
        client.send(format!("POST /hooks/birds/token HTTP/1.1\r\nHost: h\r\n{headers}\r\n")).await;
        assert_eq!(client.reply(false).await.status, 431);
        client.closed().await;
    }
    assert_eq!(door.shut_down().await.refused_for("head-too-large"), 3);
}

#[tokio::test]
async fn what_is_no_request_ends_with_400() {
    let door = Door::open().await;
    for nonsense in ["nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"] {
        let mut client = door.connect().await;
        client.send(nonsense).await;
        assert_eq!(client.reply(false).await.status, 400, "{nonsense}");
        client.closed().await;
    }
    assert_eq!(door.shut_down().await.refused_for("head-broken"), 3);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let door = Door::open().await;
    let mut client = door.connect().await;
    let requests: String = (0..100)
        .map(|task| match task % 10 {
            7 => "GET /hooks/birds/wrong HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(),
            _ => post("/hooks/birds/token", &completed("birds", task, 1)),
        })
        .collect();
    client.send(requests).await;
    for task in 0..100 {
        assert_eq!(client.reply(false).await.status, if task % 10 == 7 { 404 } else { 200 }, "{task}");
    }
    let tasks: Vec<u64> = door.store.kept().iter().map(|kept| kept.event.task.as_deref().unwrap().parse().unwrap()).collect();
    assert_eq!(tasks.len(), 90);
    assert!(tasks.is_sorted());
}

#[tokio::test]
async fn flood_beyond_the_cap_waits_its_turn() {
    let door = Door::with(|limits| limits.connections_max = 4).await;
    door.store.set(Mood::Waits);
    let mut clients: Vec<Client> = Vec::new();
    for task in 0..40 {
        let mut client = door.connect().await;
        let request = post("/hooks/birds/token", &completed("birds", task, 1));
        client.send(request.replacen("Host: h", "Host: h\r\nConnection: close", 1)).await;
        clients.push(client);
    }
    door.store.inside.subscribe().wait_for(|inside| *inside == 4).await.unwrap();
    door.store.set(Mood::Works);
    for client in &mut clients {
        assert_eq!(client.reply(false).await.status, 200);
    }
    assert_eq!(door.store.inside_max.load(Ordering::SeqCst), 4);
    assert_eq!(door.store.kept().len(), 40);
}

#[tokio::test]
async fn who_says_nothing_keeps_out_nobody() {
    let door = Door::with(|limits| limits.connections_max = 4).await;
    let request = post("/hooks/birds/token", &completed("birds", 1, 1));
    let mut idle = Vec::new();
    for word in ["", "POST /hooks/birds/token HTTP/1.1\r\nHost: h\r\n", "", ""] {
        let mut client = door.connect().await;
        client.send(word).await;
        idle.push(client);
    }
    let mut busy = door.connect().await;
    assert_eq!(busy.ask(&request).await.status, 200);
    for _ in 0..5 {
        idle.push(door.connect().await);
        // Neither who comes has to wait, nor has who asks again and again to go.
        assert_eq!(door.ask(&request).await.status, 200);
        assert_eq!(busy.ask(&request).await.status, 200);
    }
    idle[1].closed().await;
}

#[tokio::test]
async fn who_never_reads_the_answers_is_cut_off() {
    let door = Door::with(|limits| limits.idle_timeout = SHORT).await;
    let mut client = door.connect_narrow().await;
    let requests = "GET /hooks/birds/token HTTP/1.1\r\nHost: h\r\n\r\n".repeat(1000);
    // Ends when the other side closes; until then everything that can hold bytes on the way fills up.
    while client.try_send(&requests).await {}
    assert_eq!(door.ask(post("/hooks/birds/token", &completed("birds", 1, 1))).await.status, 200);
}

#[tokio::test]
async fn continue_is_said_to_those_who_may_send() {
    let door = Door::open().await;
    let body = completed("birds", 1, 1);
    let request = post("/hooks/birds/token", &body).replacen("Host: h", "Host: h\r\nExpect: 100-continue", 1);
    let (head, _) = request.split_at(request.len() - body.len());
    let mut client = door.connect().await;
    assert_eq!(client.ask(head).await.status, 100);
    assert_eq!(client.ask(&body).await.status, 200);
    let mut client = door.connect().await;
    assert_eq!(client.ask(head.replacen("token", "wrong", 1)).await.status, 404);
}
