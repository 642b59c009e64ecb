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

#[tokio::test]
async fn a_name_that_leads_to_a_forbidden_address_is_refused_and_not_shown() {
    struct ToMetadata;
    impl reqwest::dns::Resolve for ToMetadata {
        fn resolve(&self, _name: reqwest::dns::Name) -> reqwest::dns::Resolving {
            Box::pin(async {
                let found = ["169.254.169.254:0".parse()?];
                Ok(Box::new(egress::admit(found.into_iter())?.into_iter()) as reqwest::dns::Addrs)
            })
        }
    }
    let base = Url::parse("http://inside.example").unwrap();
    let mut exchange = Exchange::new(&base, Limits::default());
    exchange.client = Ok(Client::builder().no_proxy().dns_resolver(ToMetadata).tls_certs_only([]).build().unwrap());
    let call =
        Outgoing { method: Method::GET, url: base, headers: HeaderMap::new(), body: Bytes::new(), keep: Keep::Whole { bytes_max: 1 } };
    let error = exchange.make(call).await.unwrap_err();
    let words =
        "cannot be called: its name leads to a link-local address, where clouds keep their metadata, where this host does not connect";
    assert_eq!(error, ExchangeError::Never(words.to_owned()));
}
