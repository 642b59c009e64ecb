use super::*;

const NOW: i64 = 1_795_289_400;

fn read(status: u16, headers: &[(&'static str, &str)]) -> Advice {
    let headers = headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect();
    let now = Timestamp::from_second(NOW).unwrap();
    Advice::read(status, &headers, (now, now))
}

/// A machine whose clock was set while the host ran: windows end by the clock that does not jump.
#[test]
fn a_clock_that_was_set_moves_no_window() {
    let now = Timestamp::from_second(NOW).unwrap();
    let wall = Timestamp::from_second(NOW + 315_360_000).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-ratelimit-limit", "300"), ("x-ratelimit-remaining", "12"), ("x-ratelimit-reset", "2110650300")] {
        headers.insert(name, value.parse().unwrap());
    }
    let ration = Advice::read(200, &headers, (now, wall)).ration.unwrap();
    assert_eq!(between(now, ration.resets_at).as_secs(), 900);
}

fn wait_s(status: u16, headers: &[(&'static str, &str)]) -> Option<u64> {
    read(status, headers).wait.map(|wait| wait.as_secs())
}

/// How long the window lasts yet, as an answer with this `Date` and this reset says.
fn rest_s(date: Option<&str>, reset: &str) -> Option<u64> {
    let mut headers = vec![("x-ratelimit-limit", "300"), ("x-ratelimit-remaining", "12"), ("x-ratelimit-reset", reset)];
    headers.extend(date.map(|date| ("date", date)));
    let ration = read(200, &headers).ration?;
    assert_eq!((ration.limit, ration.remaining), (300, 12));
    Some(between(Timestamp::from_second(NOW).unwrap(), ration.resets_at).as_secs())
}

#[test]
fn a_reset_is_a_moment_in_seconds_or_milliseconds_or_a_number_of_seconds() {
    assert_eq!(rest_s(None, "1795290300"), Some(900));
    assert_eq!(rest_s(None, "1795290300000"), Some(900));
    assert_eq!(rest_s(None, "900"), Some(900));
    assert_eq!(rest_s(None, "0"), Some(0));
    assert_eq!(rest_s(None, "-1"), None);
    assert_eq!(rest_s(None, "soon"), None);
}

#[test]
fn the_server_s_clock_counts_where_it_makes_sense() {
    // 19:30:00 by our clock; the server is two minutes behind.
    assert_eq!(rest_s(Some("Sat, 21 Nov 2026 19:28:00 GMT"), "1795290300"), Some(1020));
    // Its date is of another year than its window.
    assert_eq!(rest_s(Some("Thu, 21 Nov 2030 19:28:00 GMT"), "1795290300"), Some(900));
    assert_eq!(rest_s(Some("Tue, 21 Nov 2023 19:28:00 GMT"), "1795290300"), Some(900));
    assert_eq!(rest_s(Some("yesterday"), "1795290300"), Some(900));
}

#[test]
fn no_advice_is_followed_for_longer_than_an_hour() {
    assert_eq!(rest_s(None, "1795999999"), Some(3600));
    assert_eq!(wait_s(429, &[("retry-after", "86400")]), Some(3600));
    assert_eq!(wait_s(429, &[("retry-after", "99999999999999999999")]), Some(60));
}

#[test]
fn a_429_names_its_wait_by_retry_after_or_by_the_window_or_not_at_all() {
    let window = [("x-ratelimit-limit", "300"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795290300")];
    assert_eq!(wait_s(429, &window), Some(900));
    assert_eq!(wait_s(429, &[window[0], window[1], window[2], ("retry-after", "7")]), Some(7));
    assert_eq!(wait_s(429, &[("retry-after", "Sat, 21 Nov 2026 19:30:30 GMT")]), Some(30));
    assert_eq!(wait_s(429, &[("retry-after", "Sat, 21 Nov 2026 19:20:00 GMT")]), Some(1));
    assert_eq!(wait_s(429, &[]), Some(60));
}

#[test]
fn each_spelling_of_a_window_is_understood() {
    // Mastodon writes a date, X another name, the drafts of a standard another one still.
    assert_eq!(wait_s(429, &[("x-ratelimit-reset", "2026-11-21T19:45:00.000000Z")]), Some(900));
    assert_eq!(wait_s(429, &[("x-rate-limit-reset", "1795290300")]), Some(900));
    assert_eq!(wait_s(429, &[("ratelimit-reset", "900")]), Some(900));
    assert_eq!(wait_s(429, &[("x-ratelimit-reset", "Sat, 21 Nov 2026 19:45:00 GMT")]), Some(900));
    assert_eq!(wait_s(429, &[("x-ratelimit-reset", "tomorrow")]), Some(60));
    assert_eq!(wait_s(200, &[("x-rate-limit-reset", "1795290300")]), None);
    let of_x = [("x-rate-limit-limit", "17"), ("x-rate-limit-remaining", "3"), ("x-rate-limit-reset", "1795290300")];
    assert_eq!(read(200, &of_x).ration.map(|ration| (ration.limit, ration.remaining)), Some((17, 3)));
}

#[test]
fn retry_after_counts_on_every_status_but_success() {
    assert_eq!(wait_s(503, &[("retry-after", "5")]), Some(5));
    assert_eq!(wait_s(200, &[("retry-after", "5")]), None);
    assert_eq!(wait_s(500, &[]), None);
}

#[test]
fn only_what_stands_before_a_service_says_that_it_is_down() {
    let down: Vec<_> = [200, 404, 429, 500, 501, 502, 503, 504, 505].iter().filter(|status| read(**status, &[]).down).collect();
    assert_eq!(down, [&502, &503, &504]);
}

#[test]
fn half_a_ration_is_none() {
    assert_eq!(read(200, &[("x-ratelimit-limit", "300"), ("x-ratelimit-remaining", "3")]).ration, None);
    assert_eq!(read(200, &[("x-ratelimit-limit", "0"), ("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "9")]).ration, None);
}
