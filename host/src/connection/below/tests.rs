use proptest::prelude::*;

use super::*;

const BASE: &str = "https://api.example.org:8443/v2/birds";

fn joined(path: &str) -> Result<String, Wrong> {
    join(&Url::parse(BASE).unwrap(), path).map(String::from)
}

fn check(path: &str, expected: &str) {
    assert_eq!(joined(path).as_deref(), Ok(expected), "{path}");
}

#[track_caller]
fn refused(path: &str, why: &str) {
    let said = joined(path).map_or_else(|wrong| wrong.to_string(), |url| panic!("`{path}` became {url}"));
    assert!(said.contains(why), "{path}: {said}");
}

#[test]
fn a_path_lies_below_the_address() {
    check("", "https://api.example.org:8443/v2/birds");
    check("/", "https://api.example.org:8443/v2/birds/");
    check("/a/b?c=d&e=%2F..%2F", "https://api.example.org:8443/v2/birds/a/b?c=d&e=%2F..%2F");
    check("/a/", "https://api.example.org:8443/v2/birds/a/");
    check("/a?next=https://other.example/", "https://api.example.org:8443/v2/birds/a?next=https://other.example/");
    check("/@ann:b@c", "https://api.example.org:8443/v2/birds/@ann:b@c");
    check("/vögel/%C3%B6", "https://api.example.org:8443/v2/birds/v%C3%B6gel/%C3%B6");
    check("/...", "https://api.example.org:8443/v2/birds/...");
    check("/100%25", "https://api.example.org:8443/v2/birds/100%25");
    check("/a.b/.hidden/..c", "https://api.example.org:8443/v2/birds/a.b/.hidden/..c");
}

#[test]
fn an_address_with_a_slash_at_its_end_is_the_same() {
    for base in ["https://a.example", "https://a.example/"] {
        assert_eq!(join(&Url::parse(base).unwrap(), "/x").unwrap().as_str(), "https://a.example/x");
        assert_eq!(join(&Url::parse(base).unwrap(), "").unwrap().as_str(), "https://a.example/");
    }
}

#[test]
fn no_path_leads_out() {
    for up in [
        "/..",
        "/../x",
        "/a/../../..",
        "/.",
        "/a/./b",
        "/%2e%2e/x",
        "/%2E%2e",
        "/.%2e/x",
        "/%2e",
        "/%252e%252e/x",
        "/%25252e%2e/x",
        "/..;/x",
        "/..;a=b/x",
        "/%2e%2e;/x",
        "/.;/x",
    ] {
        refused(up, "`.` or `..`");
    }
    for slash in ["/a%2fb", "/a%2Fb", "/%2f%2fother.example", "/a%5cb", "/%252f", "/..%2f..%2fx", "/..%5c..%5cx", "/%255c"] {
        refused(slash, "encoded `/` or `\\`");
    }
    for host in ["//other.example/x", "///x"] {
        refused(host, "names a host");
    }
    for elsewhere in ["https://other.example/", "other.example", "?a=b", "@other.example/", ":80/", ".other.example", "..", "javascript:x"]
    {
        refused(elsewhere, "must begin with `/`");
    }
    for sign in ["/\\other.example", "\\\\other.example", "/a\\..\\..", "/a#b", "/?a#b"] {
        assert!(joined(sign).is_err(), "{sign}");
    }
    for control in
        ["/a\r\nHost: other.example", "/a\tb", "/a b", "/a\0", "/a\u{7f}", "/a?b\nc", "/a\u{2028}b", "/.\t./x", "/\n/other.example"]
    {
        refused(control, "control character");
    }
    for encoded in ["/a%0d%0aHost:x", "/a%00", "/a%7f", "/%250a"] {
        refused(encoded, "encoded control character");
    }
    for half in ["/%", "/%2", "/%zz", "/%u002e", "/a%%"] {
        refused(half, "hexadecimal digits");
    }
    refused("/%2525252541", "several times");
    refused(&format!("/{}", "a".repeat(PATH_BYTES_MAX)), "8192");
}

fn headers(headers: &[(&str, &str)], own: Option<&str>) -> Result<(), Wrong> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    check_headers(&headers, own)
}

#[test]
fn a_plugin_writes_headers_of_its_own_alone() {
    headers(&[("accept", "*/*"), ("Content-Type", "application/json"), ("x-birds", "a; b=\"c\"")], None).unwrap();
    for name in [
        "Host",
        "authorization",
        "Content-Length",
        "transfer-encoding",
        "COOKIE",
        "Proxy-Authorization",
        "X-Forwarded-Host",
        "idempotency-key",
        "X-Original-URL",
    ] {
        assert!(headers(&[(name, "x")], None).unwrap_err().to_string().contains("the host's to write"), "{name}");
    }
    assert!(headers(&[("X-Api-Key", "x")], Some("x-api-key")).unwrap_err().to_string().contains("the connection's key"));
    for (name, value) in [
        ("a\r\nhost", "x"),
        ("", "x"),
        ("a b", "x"),
        ("a:", "x"),
        ("ä", "x"),
        ("a", "x\r\nhost: y"),
        ("a", "x\0"),
        ("a", "ö"),
        ("a", "x\ty"),
    ] {
        assert!(headers(&[(name, value)], None).is_err(), "{name:?}: {value:?}");
    }
    let many: Vec<(&str, &str)> = vec![("a", "b"); HEADERS_MAX + 1];
    assert!(matches!(headers(&many, None), Err(Wrong::TooLarge(_))));
    assert!(matches!(headers(&[("a", &"b".repeat(HEADERS_BYTES_MAX))], None), Err(Wrong::TooLarge(_))));
}

#[test]
fn the_connections_query_key_is_its_own() {
    check_query("/a?b=c&d=api_key", Some("api_key")).unwrap();
    check_query("/a?api_key=x", None).unwrap();
    for path in ["/a?api_key=x", "/a?b=c&api_key", "/a?api%5Fkey=x", "/a?%61pi_key=x"] {
        assert!(check_query(path, Some("api_key")).is_err(), "{path}");
    }
}

proptest! {
    /// Whatever the text, the address has the base's scheme, host and port and lies below its path, or it is refused.
    #[test]
    fn no_text_leads_out(
        base in prop_oneof![Just(BASE), Just("http://127.0.0.1"), Just("http://[::1]:80/a%20b/"), Just("https://a.example/x;y")],
        path in prop_oneof![
            any::<String>(),
            "(/|//|\\.|\\.\\.|%2e|%2E|%2f|%5c|%25|;|\\\\|@|:|\\?|#|a|https:|\t|\r\n|%0a| ){0,12}",
            "/(\\.|%2e|%252e|/|;|a|%){0,8}",
        ],
    ) {
        let base = Url::parse(base).unwrap();
        if let Ok(url) = join(&base, &path) {
            prop_assert_eq!(url.origin(), base.origin());
            prop_assert_eq!((url.username(), url.password(), url.fragment()), ("", None, None));
            let root = base.path().trim_end_matches('/');
            prop_assert!(path.is_empty() || url.path().starts_with(&format!("{root}/")), "{} from {:?}", url, path);
            // Read once more, it is still the same place.
            prop_assert_eq!(Url::parse(url.as_str()).unwrap(), url);
        }
    }

    /// Whatever the header, it is one line, or refused.
    #[test]
    fn no_header_is_two(name in any::<String>(), value in any::<String>()) {
        if check_headers(&[(name.clone(), value.clone())], None).is_ok() {
            prop_assert!(http::HeaderName::from_bytes(name.as_bytes()).is_ok());
            prop_assert!(http::HeaderValue::from_str(&value).is_ok());
        }
    }
}
