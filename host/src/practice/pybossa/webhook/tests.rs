use url::Url;

use super::{readable, request, with_rerun};

#[test]
fn rerun_joins_the_query_that_is_there() {
    assert_eq!(with_rerun("http://h/hook"), "http://h/hook?rerun=True");
    assert_eq!(with_rerun("http://h/hook?a=1#f"), "http://h/hook?a=1&rerun=True#f");
}

#[test]
fn bodies_without_a_document_crash_the_job() {
    for body in ["", " \n", "<", "<!-- nothing -->", "a\0b"] {
        assert!(!readable(body), "{body:?}");
    }
    for body in ["OK", "{}", "<!-- a --><p>b</p>"] {
        assert!(readable(body), "{body:?}");
    }
}

#[test]
fn a_password_in_the_address_comes_as_the_last_header() {
    let url = Url::parse("http://ada:s%20t@127.0.0.1:9/hook").unwrap();
    assert!(request(&url, Some("{}"), "text/plain").ends_with("Content-Length: 2\r\nAuthorization: Basic YWRhOnMgdA==\r\n\r\n{}"));
}
