use super::*;
use crate::config::{Basic, Hook, Platform};
use crate::event::PlatformKind;

fn project(tokens: &[&str], basic: Option<(&str, &str)>) -> Project {
    Project {
        name: "birds".parse().unwrap(),
        file: "projects/birds.toml".into(),
        platform: Platform {
            kind: PlatformKind::Pybossa,
            url: "https://pybossa.example.org".parse().unwrap(),
            project: "birds".to_owned(),
            api_key: None,
            signing_tokens: Vec::new(),
            generic: None,
        },
        hook: Hook {
            tokens: tokens.iter().map(|token| Secret::new(token)).collect(),
            basic: basic.map(|(user, password)| Basic { user: user.to_owned(), passwords: vec![Secret::new(password)] }),
            header: None,
            hmac: None,
            standard_webhooks: None,
        },
        plugins: Vec::new(),
        run_all: false,
        connections: Vec::new(),
        folders: Vec::new(),
        badges: None,
    }
}

/// What an address is to `project`, and how it is shown.
fn check(project: &Project, set: &str, expected: (Standing, &str)) {
    let public_url = "https://crowd.example.org/in".parse().unwrap();
    let set = Secret::new(set);
    let standing = standing(project, &public_url, Some(&set));
    let shown = shown(&set, project, standing, false);
    assert_eq!((standing, shown.as_str()), expected, "{}", set.reveal());
}

#[test]
fn the_address_holds_whatever_the_hook_asks_for() {
    let address = |project: &Project| address(project, &"https://crowd.example.org/in".parse().unwrap()).reveal().to_owned();
    assert_eq!(address(&project(&["new", "old"], None)), "https://crowd.example.org/in/hooks/birds/new");
    assert_eq!(address(&project(&[], Some(("me", "p:w/")))), "https://me:p%3Aw%2F@crowd.example.org/in/hooks/birds");
}

#[test]
fn what_is_set_is_told_apart_and_shown_without_its_secrets() {
    let own = project(&["new", "old"], None);
    check(&own, "https://crowd.example.org/in/hooks/birds/new", (Standing::Ours, "https://crowd.example.org/in/hooks/birds/<token>"));
    check(&own, "https://crowd.example.org/in/hooks/birds/old", (Standing::Ours, "https://crowd.example.org/in/hooks/birds/<token>"));
    let stale = (Standing::OtherToken, "https://crowd.example.org/in/hooks/birds/<token>");
    check(&own, "https://crowd.example.org/in/hooks/birds/stolen", stale);
    check(&own, "https://crowd.example.org/in/hooks/frogs/new", (Standing::Other, "https://crowd.example.org/…"));
    check(&own, "https://elsewhere.example.org/secret?key=1", (Standing::Other, "https://elsewhere.example.org/…"));
    check(&own, "https://elsewhere.example.org", (Standing::Other, "https://elsewhere.example.org"));
    check(&own, "no address", (Standing::Other, "…"));
}

#[test]
fn a_name_and_a_password_count_where_they_are_asked_for() {
    let own = project(&[], Some(("me", "p:w/")));
    check(&own, "https://me:p%3Aw%2F@crowd.example.org/in/hooks/birds", (Standing::Ours, "https://crowd.example.org/in/hooks/birds"));
    check(&own, "https://me:wrong@crowd.example.org/in/hooks/birds", (Standing::OtherToken, "https://crowd.example.org/in/hooks/birds"));
    check(&own, "https://crowd.example.org/in/hooks/birds", (Standing::OtherToken, "https://crowd.example.org/in/hooks/birds"));
}

#[test]
fn nothing_that_is_set_is_nothing() {
    let public_url = "https://crowd.example.org".parse().unwrap();
    assert_eq!(standing(&project(&["new"], None), &public_url, None), Standing::Nothing);
}
