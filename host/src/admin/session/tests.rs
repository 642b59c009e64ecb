use super::*;

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

/// As a browser sends it back.
fn sent(cookie: &HeaderValue) -> HeaderMap {
    let value = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
    HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&format!("theme=dark; {value}")).unwrap())])
}

#[test]
fn a_cookie_counts_for_its_time_and_its_token() {
    let token = Secret::new("t0ken");
    let headers = sent(&cookie(&token, now()));
    assert!(is_let_in(&headers, &token, now()));
    assert!(!is_let_in(&headers, &Secret::new("another"), now()), "a new token asks anew");
    assert!(!is_let_in(&headers, &token, clock::after(now(), SESSION)), "it has run out");
    assert!(!is_let_in(&sent(&no_cookie()), &token, now()));
    assert!(!is_let_in(&HeaderMap::new(), &token, now()));
}

#[test]
fn a_cookie_whose_end_was_moved_does_not_count() {
    let token = Secret::new("t0ken");
    let cookie = cookie(&token, now()).to_str().unwrap().to_owned();
    let until = clock::after(now(), SESSION).as_second();
    let moved = cookie.replace(&until.to_string(), &(until + 1_000_000).to_string());
    assert!(!is_let_in(&sent(&HeaderValue::from_str(&moved).unwrap()), &token, now()));
    for odd in ["crowdhook=", "crowdhook=.", "crowdhook=9999999999.", "crowdhook=x.y", "crowdhook", "crowdhook2=1.1"] {
        assert!(!is_let_in(&sent(&HeaderValue::from_static(odd)), &token, now()), "{odd}");
    }
}

#[test]
fn a_link_opens_once_and_not_for_long() {
    let links = Links::default();
    let code = links.make(now()).unwrap();
    assert!(!links.open("guessed", now()));
    assert!(links.open(code.reveal(), now()));
    assert!(!links.open(code.reveal(), now()), "it was opened");
    let late = links.make(now()).unwrap();
    assert!(!links.open(late.reveal(), clock::after(now(), LINK)), "it was opened too late");
    let oldest = links.make(now()).unwrap();
    for _ in 0..LINKS_MAX {
        links.make(now()).unwrap();
    }
    assert!(!links.open(oldest.reveal(), now()), "others came in its place");
}
