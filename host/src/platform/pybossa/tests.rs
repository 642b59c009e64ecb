use super::*;
use crate::clock::Clock;
use crate::event::PlatformKind;

/// A project on a server that is never called.
fn pybossa() -> Pybossa {
    let platform = config::Platform {
        kind: PlatformKind::Pybossa,
        url: "http://169.254.169.254/".parse().unwrap(),
        project: "garden".to_owned(),
        api_key: Some(Secret::new("very-secret-key")),
        signing_tokens: Vec::new(),
        generic: None,
    };
    Pybossa::new(platform, &"birds".parse().unwrap(), &Connections::new(Clock::System))
}

#[tokio::test]
async fn ids_that_cannot_be_ids_are_answered_without_a_call() {
    let pybossa = pybossa();
    for id in ["", "0", "007", "-1", "1 ", "x", "1;drop", "../user/1", "99999999999999999999"] {
        assert_eq!(pybossa.task(id).await, Ok(None), "{id}");
        assert_eq!(pybossa.answers(id, None).await, Ok(Vec::new()), "{id}");
        assert_eq!(pybossa.result(id).await, Ok(None), "{id}");
        assert_eq!(pybossa.worker(id).await, Ok(None), "{id}");
        assert!(matches!(pybossa.save_result("1", Some(id), "{}").await, Err(PlatformError::Missing { .. })), "{id}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_not_saved() {
    for info in ["", "{", "{}{}", "{},\"id\":7"] {
        assert!(matches!(pybossa().save_result("1", Some("1"), info).await, Err(PlatformError::Refused { .. })), "{info}");
    }
}

#[tokio::test]
async fn a_forbidden_address_is_refused_with_the_setting_to_look_at() {
    let Err(PlatformError::Refused { why }) = pybossa().project().await else { panic!("called") };
    assert_eq!(
        why,
        "cannot read the project for project `birds`: `http://169.254.169.254` is a link-local address, where clouds keep their \
         metadata, where this host does not connect; look at `platform.url`"
    );
}

#[test]
fn the_key_never_shows() {
    assert!(!format!("{:?}", pybossa()).contains("very-secret-key"));
}
