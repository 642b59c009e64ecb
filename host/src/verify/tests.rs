use http::HeaderValue;
use proptest::prelude::*;
use sha1::{Digest as _, Sha1};

use super::*;
use crate::clock::Timestamp;
use crate::config::{Basic, Platform};
use crate::secret::Secret;

const TOKEN: &str = "wh-token-0123456789abcdef";

fn appen(signing_tokens: &[&str]) -> Project {
    Project {
        name: "cats".parse().unwrap(),
        file: "projects/cats.toml".into(),
        platform: Platform {
            kind: PlatformKind::Appen,
            url: "https://api.appen.com/v1".parse().unwrap(),
            project: "4242".to_owned(),
            api_key: None,
            signing_tokens: signing_tokens.iter().map(|token| Secret::new(token)).collect(),
            generic: None,
        },
        hook: Hook { tokens: vec![Secret::new("hook-token")], basic: None, ..Hook::default() },
        plugins: Vec::new(),
        run_all: false,
        connections: Vec::new(),
        folders: Vec::new(),
        badges: None,
    }
}

fn sign(text: &str, token: &str) -> String {
    Sha1::new().chain_update(text).chain_update(token).finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encode(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
}

fn verify(project: &Project, headers: HeaderMap, body: impl Into<Bytes>) -> Result<Form, Refusal> {
    let request = Unverified { query: None, headers, body: body.into(), received_at: Timestamp::UNIX_EPOCH };
    match super::request(project, Admitted(()), request)?.into_content() {
        Content::Appen(form) => Ok(form),
        Content::Pybossa { .. } | Content::Generic { .. } => panic!("a form was expected"),
    }
}

/// What becomes of a form with this body, in a project that signs with [`TOKEN`].
fn check(body: &str, expected: Result<(), Refusal>) {
    assert_eq!(verify(&appen(&[TOKEN]), HeaderMap::new(), body.to_owned()).map(|_| ()), expected, "{body}");
}

fn admit(hook: Option<&Hook>, token: Option<&str>, authorization: Option<&str>) -> Result<(), Refusal> {
    let headers = authorization.map_or_else(HeaderMap::new, |value| headers(&[("authorization", value)]));
    caller(hook, token, &headers).map(|_| ())
}

fn basic() -> Basic {
    Basic { user: "appen".to_owned(), passwords: vec![Secret::new("old"), Secret::new("new:with colon")] }
}

#[test]
fn token_in_the_path_opens_the_hook() {
    let hook = Hook { tokens: vec![Secret::new("old"), Secret::new("new")], basic: None, ..Hook::default() };
    assert_eq!(admit(Some(&hook), Some("old"), None), Ok(()));
    assert_eq!(admit(Some(&hook), Some("new"), None), Ok(()));
    for wrong in ["", "ol", "oldx", "Old", "old/new"] {
        assert_eq!(admit(Some(&hook), Some(wrong), None), Err(Refusal::NoSuchHook), "{wrong}");
    }
    assert_eq!(admit(Some(&hook), None, None), Err(Refusal::NoSuchHook));
}

#[test]
fn unknown_project_is_refused_like_a_wrong_token() {
    assert_eq!(admit(None, Some("any"), None), Err(Refusal::NoSuchHook));
    assert_eq!(admit(None, None, None), Err(Refusal::NoSuchHook));
}

#[test]
fn password_may_stand_in_the_place_of_the_token() {
    let hook = Hook { tokens: Vec::new(), basic: Some(basic()), ..Hook::default() };
    // appen:old, appen:new:with colon, Appen:old, appen:wrong
    assert_eq!(admit(Some(&hook), None, Some("Basic YXBwZW46b2xk")), Ok(()));
    assert_eq!(admit(Some(&hook), None, Some("basic YXBwZW46bmV3OndpdGggY29sb24=")), Ok(()));
    for wrong in [None, Some("Basic QXBwZW46b2xk"), Some("Basic YXBwZW46d3Jvbmc="), Some("Basic !"), Some("Bearer old"), Some("Basic")] {
        assert_eq!(admit(Some(&hook), None, wrong), Err(Refusal::WrongPassword), "{wrong:?}");
    }
    // There is no token that could be right.
    assert_eq!(admit(Some(&hook), Some("old"), Some("Basic YXBwZW46b2xk")), Err(Refusal::NoSuchHook));
}

#[test]
fn password_may_be_asked_for_besides_the_token() {
    let hook = Hook { tokens: vec![Secret::new("token")], basic: Some(basic()), ..Hook::default() };
    assert_eq!(admit(Some(&hook), Some("token"), Some("Basic YXBwZW46b2xk")), Ok(()));
    assert_eq!(admit(Some(&hook), Some("token"), None), Err(Refusal::WrongPassword));
    assert_eq!(admit(Some(&hook), Some("wrong"), Some("Basic YXBwZW46b2xk")), Err(Refusal::NoSuchHook));
    assert_eq!(admit(Some(&hook), None, Some("Basic YXBwZW46b2xk")), Err(Refusal::NoSuchHook));
}

#[test]
fn published_signatures_verify() {
    let texts = [
        (
            r#"{"id":1,"job_id":2,"judgments_count":0,"state":"finalized","results":{"judgments":[]}}"#,
            "e7fbb05fbe7980cd54924132025fb660115fb717",
        ),
        (r#"{"id":1,"data":{"t":"ñ 🐈 a&b=c+d 100%"}}"#, "b5a6184c3b799bf887feb218924ede358898970a"),
    ];
    for (text, signature) in texts {
        assert_eq!(sign(text, TOKEN), signature);
        check(&encode(&[("signal", "unit_complete"), ("payload", text), ("signature", signature)]), Ok(()));
    }
}

#[test]
fn spaces_and_escapes_have_several_forms() {
    let signature = sign("a b ñ", TOKEN);
    for payload in ["a+b+%C3%B1", "a%20b%20%c3%b1", "a+b%20ñ"] {
        check(&format!("payload={payload}&signature={signature}&signal=x"), Ok(()));
    }
}

#[test]
fn signature_may_stand_in_a_header() {
    let project = appen(&[TOKEN]);
    let (right, wrong) = (sign("{}", TOKEN), sign("{}", "another"));
    let both = |header: &str, field: &str| {
        let body = encode(&[("signal", "unit_complete"), ("payload", "{}"), ("signature", field)]);
        verify(&project, headers(&[("x-signature", header)]), body).map(|_| ())
    };
    assert_eq!(both(&right, ""), Ok(()));
    assert_eq!(both(&right, &right), Ok(()));
    assert_eq!(both(&right.to_uppercase(), &right), Ok(()));
    assert_eq!(both(&right, &wrong), Err(Refusal::SignatureWrong));
    assert_eq!(both(&wrong, &right), Err(Refusal::SignatureWrong));
    assert_eq!(both("", &right), Ok(()));
    assert_eq!(both("", ""), Err(Refusal::SignatureMissing));
    let body = encode(&[("signal", "unit_complete"), ("payload", "{}")]);
    let mut twice = headers(&[("x-signature", &right)]);
    twice.append("x-signature", HeaderValue::from_str(&wrong).unwrap());
    assert_eq!(verify(&project, twice, body).map(|_| ()), Err(Refusal::SignatureWrong));
}

#[test]
fn each_of_several_signing_tokens_is_right() {
    let project = appen(&["old", "new"]);
    for (token, expected) in [("old", Ok(())), ("new", Ok(())), ("other", Err(Refusal::SignatureWrong)), ("", Err(Refusal::SignatureWrong))]
    {
        let body = encode(&[("signal", "x"), ("payload", "{}"), ("signature", &sign("{}", token))]);
        assert_eq!(verify(&project, HeaderMap::new(), body).map(|_| ()), expected, "{token}");
    }
    // One signature by the old one and one by the new one do not agree.
    let body = encode(&[("signal", "x"), ("payload", "{}"), ("signature", &sign("{}", "old"))]);
    let header = headers(&[("x-signature", &sign("{}", "new"))]);
    assert_eq!(verify(&project, header, body).map(|_| ()), Err(Refusal::SignatureWrong));
}

#[test]
fn without_signing_tokens_no_signature_is_asked_for() {
    let form = verify(&appen(&[]), HeaderMap::new(), "signal=unit_complete&payload=%7B%7D&signature=nonsense").unwrap();
    assert_eq!((form.signal.as_str(), form.payload.as_str()), ("unit_complete", "{}"));
}

#[test]
fn empty_post_is_a_test_click() {
    assert!(verify(&appen(&[TOKEN]), headers(&[("content-type", "text/html")]), "").unwrap().empty);
    check("signal=&payload=&signature=", Err(Refusal::SignatureMissing));
}

#[test]
fn odd_signatures_are_wrong() {
    let right = sign("{}", TOKEN);
    for odd in ["0", &right[1..], &format!("{right}0"), &format!(" {right}"), &format!("sha1={right}"), &"g".repeat(40), &"é".repeat(20)] {
        check(&encode(&[("payload", "{}"), ("signature", odd)]), Err(Refusal::SignatureWrong));
    }
}

#[test]
fn form_has_one_reading_or_none() {
    let signature = sign("{}", TOKEN);
    check(&format!("payload=%7B%7D&payload=%7B%7D&signature={signature}"), Err(FormError::FieldTwice.into()));
    check(&format!("payload=%7B%7D&signature={signature}&p%61yload=1"), Err(FormError::FieldTwice.into()));
    check(&format!("payload=%7B%7D&signature={signature}&other&other"), Err(FormError::FieldTwice.into()));
    for odd in ["%", "%7", "%7G", "%G7", "%%37D", "100%"] {
        check(&format!("payload={odd}&signature={signature}"), Err(FormError::BadEscape.into()));
    }
    check("payload=%FF&signature=", Err(FormError::NotUtf8.into()));
    check(&(0..33).map(|n| format!("f{n}=1&")).collect::<String>(), Err(FormError::TooManyFields.into()));
    check(&format!("&&payload=%7B%7D&&signature={signature}&"), Ok(()));
}

#[test]
fn content_type_is_a_forms_or_missing() {
    let project = appen(&[]);
    for (content_type, expected) in [
        ("application/x-www-form-urlencoded", Ok(())),
        ("Application/X-WWW-Form-Urlencoded ; charset=utf-8", Ok(())),
        ("application/json", Err(FormError::OtherType.into())),
        ("multipart/form-data; boundary=x", Err(FormError::OtherType.into())),
    ] {
        let verified = verify(&project, headers(&[("content-type", content_type)]), "signal=x");
        assert_eq!(verified.map(|_| ()), expected, "{content_type}");
    }
}

#[test]
fn pybossa_body_must_be_text() {
    let mut project = appen(&[]);
    project.platform.kind = PlatformKind::Pybossa;
    let request = |body: &'static [u8]| Unverified {
        query: None,
        headers: HeaderMap::new(),
        body: Bytes::from_static(body),
        received_at: Timestamp::UNIX_EPOCH,
    };
    assert!(super::request(&project, Admitted(()), request(b"\xff{}")).is_err_and(|refusal| refusal == Refusal::NotUtf8));
    assert!(super::request(&project, Admitted(()), request(b"not JSON")).is_ok());
}

proptest! {
    #[test]
    fn any_text_verifies_through_a_form(text: String, token: String, signal: String) {
        let body = encode(&[("signal", &signal), ("payload", &text), ("signature", &sign(&text, &token))]);
        let form = verify(&appen(&[&token]), HeaderMap::new(), body).unwrap();
        prop_assert_eq!(form.payload, text);
        prop_assert_eq!(form.signal, signal);
    }

    #[test]
    fn any_changed_byte_fails(text in "\\PC{1,40}", at: prop::sample::Index, change in 1..=127_u8) {
        let signature = sign(&text, TOKEN);
        let mut changed = text.into_bytes();
        let at = at.index(changed.len());
        changed[at] ^= change;
        let Ok(changed) = String::from_utf8(changed) else { return Ok(()) };
        let body = encode(&[("payload", &changed), ("signature", &signature)]);
        prop_assert_eq!(verify(&appen(&[TOKEN]), HeaderMap::new(), body).map(|_| ()), Err(Refusal::SignatureWrong));
    }

    #[test]
    fn any_changed_digit_fails(text: String, at in 0..40_usize, change in 1..16_u32) {
        let mut signature: Vec<u32> = sign(&text, TOKEN).chars().map(|digit| digit.to_digit(16).unwrap()).collect();
        signature[at] = (signature[at] + change) % 16;
        let signature: String = signature.into_iter().map(|digit| char::from_digit(digit, 16).unwrap()).collect();
        let body = encode(&[("payload", &text), ("signature", &signature)]);
        prop_assert_eq!(verify(&appen(&[TOKEN]), HeaderMap::new(), body).map(|_| ()), Err(Refusal::SignatureWrong));
    }

    #[test]
    fn arbitrary_bytes_never_verify_and_never_panic(body: Vec<u8>, signature in "[\\x20-\\x7e]*") {
        let verified = verify(&appen(&[TOKEN]), headers(&[("x-signature", &signature)]), body.clone());
        prop_assert_eq!(verified.is_ok(), body.is_empty());
        let parsed = verify(&appen(&[]), HeaderMap::new(), body);
        prop_assert!(parsed.is_ok() || parsed.is_err());
    }

    #[test]
    fn arbitrary_credentials_never_panic(header in "[Bb]asic [\\x20-\\x7e]*", token: String) {
        let hook = Hook { tokens: vec![Secret::new("right")], basic: Some(basic()), ..Hook::default() };
        prop_assert!(admit(Some(&hook), Some(&token), Some(&header)).is_err());
    }
}
