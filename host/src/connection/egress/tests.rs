use super::*;

fn may(base: &str) -> bool {
    check_base(&Url::parse(base).unwrap()).is_ok()
}

#[test]
fn private_and_loopback_addresses_are_fine() {
    for base in [
        "http://127.0.0.1:5000",
        "http://localhost",
        "http://[::1]:5000/pybossa",
        "http://10.0.0.7",
        "http://172.16.3.4",
        "http://192.168.1.1",
        "http://[fd12:3456::1]",
        "https://pybossa.example.org",
        "http://[::ffff:10.0.0.7]",
        "http://100.64.0.1",
    ] {
        assert!(may(base), "{base}");
    }
}

#[test]
fn metadata_and_link_local_addresses_are_refused_in_every_spelling() {
    for base in [
        "http://169.254.169.254/latest/meta-data",
        "http://169.254.170.2",
        "http://2852039166",
        "http://0xA9FEA9FE",
        "http://0251.0376.0251.0376",
        "http://169.254.43518",
        "http://[::ffff:169.254.169.254]",
        "http://[::ffff:a9fe:a9fe]",
        "http://[::169.254.169.254]",
        "http://[64:ff9b::a9fe:a9fe]",
        "http://[64:ff9b:1::a9fe:a9fe]",
        "http://[2002:a9fe:a9fe::1]",
        "http://[fe80::1]",
        "http://[febf::1]",
        "http://[fd00:ec2::254]",
        "http://[fd20:ce::254]",
        "http://100.100.100.200",
        "http://168.63.129.16",
        "http://192.0.0.192",
    ] {
        assert!(!may(base), "{base}");
    }
}

#[test]
fn addresses_of_no_machine_or_of_many_are_refused() {
    for base in ["http://0.0.0.0", "http://[::]", "http://0", "http://224.0.0.1", "http://255.255.255.255", "http://[ff02::1]"] {
        assert!(!may(base), "{base}");
    }
}

#[test]
fn nothing_but_http_is_spoken() {
    for base in ["file:///etc/passwd", "ftp://example.org", "unix:/run/x"] {
        assert!(!may(base), "{base}");
    }
}

#[test]
fn of_a_name_the_allowed_addresses_are_used_and_the_others_left_out() {
    let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
    let (good, bad) = (address("10.0.0.7"), address("169.254.169.254"));
    assert_eq!(admit([bad, good].into_iter()), Ok(vec![good]));
    let refused = admit([bad].into_iter()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "its name leads to a link-local address, where clouds keep their metadata, where this host does not connect"
    );
    assert_eq!(admit(std::iter::empty()), Ok(Vec::new()));
}
