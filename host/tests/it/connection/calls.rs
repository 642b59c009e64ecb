use crowdhook::config::Rate;
use crowdhook::connection::services::FETCHED_BYTES_MAX;

use super::*;
use crate::harness::remote::{Does, Remote};

#[tokio::test]
async fn a_response_is_given_whole_whatever_its_status_but_for_cookies() {
    let remote = Remote::start([Does::Answers(404, "X-Birds: twelve\r\nSet-Cookie: a=b\r\n".to_owned(), b"none here".to_vec())]).await;
    let fetched = open(web(&format!("{}/v2", remote.url()), Auth::None), &clock());
    let fetched = fetched.fetch("/birds?year=2026", &[("accept".to_owned(), "text/csv".to_owned())]).await.unwrap();
    assert_eq!((fetched.status, fetched.body.as_slice()), (404, b"none here".as_slice()));
    assert_eq!(fetched.headers, [("content-length".to_owned(), "9".to_owned()), ("x-birds".to_owned(), "twelve".to_owned())]);
    let seen = &remote.seen()[0];
    assert_eq!((seen.line.as_str(), seen.header("accept")), ("GET /v2/birds?year=2026", Some("text/csv")));
    assert_eq!((seen.header("idempotency-key"), seen.header("authorization")), (None, None));
}

#[tokio::test]
async fn a_compressed_response_is_unpacked_and_its_size_is_that_of_what_comes_out() {
    use base64::Engine as _;
    let packed = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let answer = |body: Vec<u8>| Does::Answers(200, "content-encoding: gzip\r\n".to_owned(), body);
    let remote = Remote::start([answer(packed("H4sIAAAAAAACAyspT80pS1VIyixKKQYAzNYwiAwAAAA="))]).await;
    let fetched = open(web(&remote.url(), Auth::None), &clock()).fetch("/", &[]).await.unwrap();
    assert_eq!(fetched.body, b"twelve birds");
    // Two mebibytes and a byte of zeros in two kilobytes.
    remote.then([answer(std::fs::read(crate::harness::crate_folder().join("tests/payloads/zeros.gz")).unwrap())]);
    let error = open(web(&remote.url(), Auth::None), &clock()).fetch("/", &[]).await.unwrap_err();
    assert!(matches!(error, ConnectionError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn each_kind_of_authentication_proves_itself_in_its_own_way() {
    let remote = Remote::start([]).await;
    let secret = || Secret::new("s p/ä&c");
    let check = async |auth: Auth, line: &str, header: Option<(&str, &str)>| {
        open(web(&remote.url(), auth), &clock()).send(&post("/x?a=b"), "the-key").await.unwrap();
        let seen = remote.seen().pop().unwrap();
        assert_eq!(seen.line, line);
        if let Some((name, value)) = header {
            assert_eq!(seen.header(name), Some(value));
        }
    };
    check(Auth::None, "POST /x?a=b", None).await;
    check(Auth::Bearer { token: Secret::new("abc") }, "POST /x?a=b", Some(("authorization", "Bearer abc"))).await;
    let basic = Auth::Basic { user: "ann".to_owned(), password: secret() };
    check(basic, "POST /x?a=b", Some(("authorization", "Basic YW5uOnMgcC/DpCZj"))).await;
    check(Auth::Header { name: "x-key".to_owned(), value: Secret::new("abc") }, "POST /x?a=b", Some(("x-key", "abc"))).await;
    check(Auth::Query { name: "api key".to_owned(), value: secret() }, "POST /x?a=b&api+key=s+p%2F%C3%A4%26c", None).await;
}

#[tokio::test]
async fn what_a_service_repeats_of_a_secret_reaches_nobody() {
    let remote = Remote::start([]).await;
    remote.always(Does::Echoes);
    let services = [
        web(&remote.url(), bearer()),
        web(&remote.url(), Auth::Basic { user: "ann".to_owned(), password: Secret::new(SECRET) }),
        web(&remote.url(), Auth::Header { name: "x-key".to_owned(), value: Secret::new(SECRET) }),
        web(&remote.url(), Auth::Query { name: "key".to_owned(), value: Secret::new(SECRET) }),
        HttpService { url_is_secret: true, ..web(&format!("{}/{SECRET}", remote.url()), Auth::None) },
    ];
    for service in services {
        let kind = format!("{:?}", service.auth);
        let service = open(service, &clock());
        let fetched = format!("{:?}", service.fetch("/", &[]).await.map(|fetched| String::from_utf8(fetched.body).unwrap()));
        let sent = String::from_utf8(service.send(&post("/"), "the-key").await.unwrap().body.to_vec()).unwrap();
        for said in [fetched, sent] {
            assert!(said.contains("[hidden]") && !said.contains(SECRET) && !said.contains("YW5uOmE"), "{kind}: {said}");
        }
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (elsewhere, remote) = (Remote::start([]).await, Remote::start([]).await);
    for status in [301, 302, 303, 307, 308] {
        remote.then([Does::with(status, &format!("location: {}/?secret=1", elsewhere.url()))]);
        let response = open(web(&remote.url(), bearer()), &clock()).send(&post("/"), "the-key").await.unwrap();
        assert_eq!((response.status, response.location), (status, Some(elsewhere.url())));
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn an_address_of_a_cloud_s_metadata_is_refused_in_every_spelling() {
    for address in
        ["http://169.254.169.254", "http://0xa9fea9fe/", "http://[::ffff:169.254.169.254]", "http://[fe80::1]", "http://2852039166"]
    {
        let error = open(web(address, bearer()), &clock()).fetch("/", &[]).await.unwrap_err();
        assert!(matches!(&error, ConnectionError::Refused { why } if why.starts_with("`posts` is a")), "{address}: {error}");
    }
}

#[tokio::test]
async fn a_response_that_is_too_large_is_refused_and_a_receipt_is_cut() {
    let remote = Remote::start([]).await;
    remote.always(Does::Answers(200, String::new(), vec![b'a'; FETCHED_BYTES_MAX + 1]));
    let service = open(web(&remote.url(), Auth::None), &clock());
    let error = service.fetch("/", &[]).await.unwrap_err();
    assert_eq!(error, ConnectionError::TooLarge { why: "`posts` answered with more than the 2 MiB that an answer may have".to_owned() });
    assert_eq!(service.send(&post("/"), "the-key").await.unwrap().body.len(), 2048);
}

#[tokio::test]
async fn what_does_not_answer_is_given_up_in_time_and_says_whether_it_was_sent() {
    let nowhere = format!("http://{}", Remote::nowhere().await);
    let impatient = |url: &str| HttpService { timeout: Duration::from_millis(300), ..web(url, bearer()) };
    let (_, sent, why) = later(open(impatient(&nowhere), &clock()).send(&post("/"), "the-key").await.unwrap_err());
    assert!(!sent && why.starts_with("`posts` cannot be reached: "), "{why}");
    for (does, words) in [
        (Does::Resets, "`posts` broke off: "),
        (Does::LosesAnswer, "`posts` broke off: "),
        (Does::Drips { body: false }, "`posts` gave no whole answer within 0.3 s"),
    ] {
        let remote = Remote::start([does.clone()]).await;
        let (_, sent, why) = later(open(impatient(&remote.url()), &clock()).send(&post("/"), "the-key").await.unwrap_err());
        assert!(sent && why.starts_with(words) && !why.contains("127.0.0.1"), "{does:?}: {why}");
    }
    // The status has come: the service has taken it, however long it talks.
    let remote = Remote::start([Does::Drips { body: true }, Does::Drips { body: true }]).await;
    let service = open(impatient(&remote.url()), &clock());
    assert_eq!(service.send(&post("/"), "the-key").await.unwrap().status, 200);
    let (_, _, why) = later(service.fetch("/", &[]).await.unwrap_err());
    assert_eq!(why, "`posts` gave no whole answer within 0.3 s");
}

#[tokio::test]
async fn no_more_calls_leave_than_the_operator_allows() {
    let (remote, clock) = (Remote::start([]).await, clock());
    let rate = Some(Rate { calls: 2, per: Duration::from_secs(60) });
    let service = open(HttpService { rate, ..web(&remote.url(), Auth::None) }, &clock);
    service.send(&post("/1"), "1").await.unwrap();
    clock.advance(Duration::from_secs(20));
    service.fetch("/2", &[]).await.unwrap();
    let (after, sent, why) = later(service.send(&post("/3"), "3").await.unwrap_err());
    assert_eq!(
        (after, sent, why.as_str()),
        (Some(Duration::from_secs(40)), false, "`posts` has had the calls that its `calls` and `per_s` allow")
    );
    clock.advance(Duration::from_secs(40));
    service.send(&post("/3"), "3").await.unwrap();
    assert!(service.send(&post("/4"), "4").await.is_err());
    assert_eq!(remote.seen().len(), 3);
}

#[tokio::test]
async fn a_429_closes_the_connection_for_as_long_as_any_of_its_headers_says() {
    let now = clock().now();
    for (header, seconds) in [
        ("retry-after: 7".to_owned(), 7),
        ("retry-after: Tue, 01 Jan 2030 00:00:30 GMT".to_owned(), 30),
        (format!("x-ratelimit-reset: {}", now.as_second() + 90), 90),
        ("x-ratelimit-reset: 45".to_owned(), 45),
        (format!("x-rate-limit-reset: {}", now.as_second() + 91), 91),
        ("ratelimit-reset: 12".to_owned(), 12),
        ("x-ratelimit-reset: 2030-01-01T00:05:00.000Z".to_owned(), 300),
        ("x-nothing: 1".to_owned(), 60),
    ] {
        let (remote, clock) = (Remote::start([Does::with(429, &header)]).await, clock());
        let service = open(web(&remote.url(), Auth::None), &clock);
        let response = service.send(&post("/"), "1").await.unwrap();
        assert_eq!((response.status, response.wait), (429, Some(Duration::from_secs(seconds))), "{header}");
        let (after, sent, _) = later(service.send(&post("/"), "1").await.unwrap_err());
        assert_eq!((after, sent), (Some(Duration::from_secs(seconds)), false), "{header}");
        clock.advance(Duration::from_secs(seconds));
        assert_eq!(service.send(&post("/"), "1").await.unwrap().status, 200);
        assert_eq!(remote.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_service_that_is_down_is_left_alone_for_a_while() {
    let clock = clock();
    let service = open(web(&format!("http://{}", Remote::nowhere().await), Auth::None), &clock);
    for _ in 0..4 {
        assert_eq!(later(service.fetch("/", &[]).await.unwrap_err()).0, None);
    }
    assert_eq!(later(service.fetch("/", &[]).await.unwrap_err()).0, Some(Duration::from_secs(5)));
    let (after, _, why) = later(service.fetch("/", &[]).await.unwrap_err());
    assert_eq!(
        (after, why.as_str()),
        (Some(Duration::from_secs(5)), "`posts` was down a moment ago and is left alone until it is tried again")
    );
}
