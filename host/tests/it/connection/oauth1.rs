use std::collections::HashSet;

use super::*;
use crate::harness::part::{self, Server};

const KEYS: [&str; 4] = ["consumer+key/=", "consumer secret & ü", "token%20~", "token=secret ☂"];

fn oauth1(token_secret: &str) -> Auth {
    let [consumer_key, consumer_secret, token, _] = KEYS.map(Secret::new);
    Auth::OAuth1 { consumer_key, consumer_secret, token, token_secret: Secret::new(token_secret) }
}

/// A service that checks signatures by itself; none where it cannot be had.
fn server() -> Option<Server> {
    Some(Server::start(&part::python("oauthlib")?, "oauth1.py", &KEYS))
}

fn request(method: &str, path: &str, content_type: Option<&str>, body: &str) -> Request {
    let headers = content_type.map(|kind| ("content-type".to_owned(), kind.to_owned())).into_iter().collect();
    Request { method: method.to_owned(), path: path.to_owned(), headers, body: body.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_accepts_the_signature() {
    let Some(server) = server() else { return };
    let service = open(web(&format!("http://127.0.0.1:{}/2", server.port), oauth1(KEYS[3])), &Clock::System);
    let form = Some("application/x-www-form-urlencoded");
    let requests = [
        request("POST", "/tweets", Some("application/json"), "{\"text\":\"a=b&c=d, Vögel ☂\"}"),
        request("POST", "/tweets", None, ""),
        request("POST", "/tweets?a=b&a=a&c%40=&%C3%BC=%E2%98%82&plus=1+2&percent=100%25&empty", Some("application/json"), "{}"),
        request("POST", "/tweets?tilde=~&reserved=%21%2A%27%28%29%3B%3A%40%26%3D%2B%24%2C%2F%3F%23%5B%5D", None, ""),
        request("POST", "/vögel/%C3%B6/a%20b", Some("application/json"), "{}"),
        request("POST", "/form", form, "status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21&a=1"),
        request("POST", "/form?a=2&b=3", form, "a=1&c=V%C3%B6gel+%E2%98%82&d=%7E-._"),
        request("PUT", "/form", Some("application/x-www-form-urlencoded; charset=utf-8"), "a=%3D%26"),
        request("DELETE", "/tweets/7", None, ""),
        request("PATCH", "/tweets/7", Some("application/json"), "{}"),
    ];
    let mut refused = HashSet::new();
    for request in requests {
        let response = service.send(&request, "the-key").await.unwrap();
        if response.status != 200 {
            refused.insert(format!("{} {}: {}", request.method, request.path, request.body));
        }
    }
    assert_eq!(refused, HashSet::new());
    assert_eq!(service.fetch("/tweets?ids=1%2C2&since=2026-11-21T19%3A29%3A25Z", &[]).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_refuses_a_wrong_secret() {
    let Some(server) = server() else { return };
    let service = open(web(&format!("http://127.0.0.1:{}", server.port), oauth1("another secret")), &Clock::System);
    let response = service.send(&request("POST", "/tweets", None, ""), "the-key").await.unwrap();
    assert_eq!((response.status, &response.body[..]), (401, &b"the signature is wrong"[..]));
}
