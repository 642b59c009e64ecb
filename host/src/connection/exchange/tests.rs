use super::*;

fn check(base: &str, path: &[&str], query: &[(&str, &str)], expected: &str) {
    assert_eq!(address(&Url::parse(base).unwrap(), path, query).as_str(), expected);
}

#[test]
fn paths_are_joined_under_the_base() {
    check("http://a.example", &["api", "task"], &[], "http://a.example/api/task");
    check("http://a.example/", &["api", "task"], &[("id", "7")], "http://a.example/api/task?id=7");
    check("http://a.example/pybossa/", &["api"], &[], "http://a.example/pybossa/api");
    check("http://a.example/pybossa?x=1#y", &["api"], &[], "http://a.example/pybossa/api");
}

#[test]
fn no_part_leads_out_of_the_base() {
    check("http://a.example/x", &["..", "api"], &[], "http://a.example/x/api");
    check("http://a.example/x", &["../api"], &[], "http://a.example/x/..%2Fapi");
    check("http://a.example/x", &["/b.example", "?a=1#c"], &[], "http://a.example/x/%2Fb.example/%3Fa=1%23c");
    check("http://a.example/x", &["api"], &[("a&b", "c=d e")], "http://a.example/x/api?a%26b=c%3Dd+e");
}

#[test]
fn a_key_that_no_header_may_hold_is_no_header() {
    assert_eq!(secret_header("key\nvery-secret"), None);
    assert!(secret_header("plain").unwrap().is_sensitive());
}

#[test]
fn a_forbidden_address_is_refused_before_any_call() {
    let exchange = Exchange::new(&Url::parse("http://169.254.169.254").unwrap(), Limits::default());
    assert!(exchange.client.unwrap_err().contains("link-local"));
}
