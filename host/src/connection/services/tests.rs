use std::time::Duration;

use url::Url;

use super::*;
use crate::config::Rate;
use crate::secret::Secret;

fn service(auth: config::Auth) -> HttpService {
    HttpService {
        url: Url::parse("https://api.example.org/secret-path").unwrap(),
        url_is_secret: false,
        auth,
        rate: None,
        at_once: 4,
        timeout: Duration::from_secs(1),
    }
}

fn connection(name: &str, service: HttpService) -> config::Connection {
    config::Connection { name: name.to_owned(), to: config::Service::Http(service), max_age: Duration::from_secs(60), line: 3 }
}

#[test]
fn a_service_stays_the_same_until_its_settings_change() {
    let services = Services::new(Clock::System);
    let bearer = |token: &str| service(config::Auth::Bearer { token: Secret::new(token) });
    let of = |project: &str, name: &str, service: HttpService| services.of(&project.parse().unwrap(), &connection(name, service)).unwrap();
    let first = of("birds", "posts", bearer("one"));
    assert!(Arc::ptr_eq(&first, &of("birds", "posts", bearer("one"))));
    let elsewhere = config::Connection { line: 9, max_age: Duration::from_secs(1), ..connection("posts", bearer("one")) };
    assert!(Arc::ptr_eq(&first, &services.of(&"birds".parse().unwrap(), &elsewhere).unwrap()));
    assert!(!Arc::ptr_eq(&first, &of("bats", "posts", bearer("one"))));
    assert!(!Arc::ptr_eq(&first, &of("birds", "chat", bearer("one"))));
    let second = of("birds", "posts", bearer("two"));
    assert!(!Arc::ptr_eq(&first, &second));
    assert!(Arc::ptr_eq(&second, &of("birds", "posts", bearer("two"))));
    let rated = HttpService { rate: Some(Rate { calls: 1, per: Duration::from_secs(1) }), ..bearer("two") };
    assert!(!Arc::ptr_eq(&second, &of("birds", "posts", rated)));
}

#[test]
fn what_a_service_repeats_of_a_secret_is_hidden() {
    let check = |auth: config::Auth, url_is_secret: bool, said: &str, expected: &str| {
        let web = WebService::new("posts", HttpService { url_is_secret, ..service(auth) }, None, Clock::System);
        let response = Response { status: 200, body: Bytes::new(), location: None, wait: None };
        let answer = Answer { response, headers: HeaderMap::new(), token: Some(Secret::new("access-token")) };
        assert_eq!(String::from_utf8(web.hidden_in(&answer).taken_out_of(said.as_bytes())).unwrap(), expected);
    };
    let secret = || Secret::new("very/secret");
    check(
        config::Auth::Bearer { token: secret() },
        false,
        "got `Bearer very/secret`, twice: very/secret",
        "got `Bearer [hidden]`, twice: [hidden]",
    );
    check(config::Auth::Query { name: "key".into(), value: secret() }, false, "/x?key=very%2Fsecret", "/x?key=[hidden]");
    check(config::Auth::Basic { user: "a".into(), password: secret() }, false, "Basic YTp2ZXJ5L3NlY3JldA==", "Basic [hidden]");
    check(config::Auth::None, true, "you asked for /secret-path/x", "you asked for [hidden]/x");
    check(config::Auth::None, false, "you asked for /secret-path/x with access-token", "you asked for /secret-path/x with [hidden]");
}

#[tokio::test]
async fn a_key_that_cannot_travel_is_refused_without_showing_it() {
    let web = WebService::new("posts", service(config::Auth::Bearer { token: Secret::new("very\nsecret") }), None, Clock::System);
    let error = web.fetch("/", &[]).await.unwrap_err().to_string();
    assert_eq!(error, "`posts` cannot be called: its key holds a character that no header may hold");
}

#[tokio::test]
async fn what_became_wrong_since_it_was_asked_for_is_refused() {
    let web =
        WebService::new("posts", service(config::Auth::Header { name: "x-key".into(), value: Secret::new("secret") }), None, Clock::System);
    let refused = |path: &str, header: &str| effect::Request {
        method: "POST".into(),
        path: path.into(),
        headers: vec![(header.into(), "x".into())],
        body: String::new(),
    };
    for request in [refused("/../x", "a"), refused("/", "X-Key")] {
        let error = web.send(&request, "key").await.unwrap_err();
        assert!(matches!(error, ConnectionError::Refused { .. }), "{error}");
    }
}
