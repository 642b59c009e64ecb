use super::is_address;

#[test]
fn plain_addresses_are_addresses() {
    let plain =
        ["ann@example.org", "ann.b+birds@mail.example.co.uk", "o'hara@example.org", "root@localhost", "a@b-c.d", "x@xn--bcher-kva.example"];
    for text in plain {
        assert!(is_address(text), "{text}");
    }
}

#[test]
fn what_a_header_or_a_mail_server_could_misread_is_none() {
    let tricks = [
        "",
        "@",
        "ann",
        "ann@",
        "@example.org",
        "ann@@example.org",
        "a@b@c",
        "Ann <ann@example.org>",
        "<ann@example.org>",
        "ann@example.org,bob@example.org",
        "ann@example.org bob@example.org",
        " ann@example.org",
        "ann@example.org ",
        "ann@example.org\r\nBcc: bob@example.org",
        "ann\n@example.org",
        "ann@exam\0ple.org",
        "\"ann b\"@example.org",
        "ann(comment)@example.org",
        "ann@[127.0.0.1]",
        "ann@127.0.0.1",
        "ann@example..org",
        ".ann@example.org",
        "ann.@example.org",
        "a..b@example.org",
        "ann@-example.org",
        "ann@example-.org",
        "ann@example.org.",
        "änn@example.org",
        "ann@exämple.org",
        "ann@example.org>",
        "ann;@example.org",
        "ann:@example.org",
        "ann\\@example.org",
        "ann@example_org",
    ];
    for text in tricks {
        assert!(!is_address(text), "{text:?}");
    }
    assert!(!is_address(&format!("{}@example.org", "a".repeat(65))));
    assert!(!is_address(&format!("a@{}", ["b".repeat(60).as_str(); 5].join("."))));
    assert!(!is_address(&format!("a@{}.org", "b".repeat(64))));
}
