use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use proptest::prelude::*;

use super::*;
use crate::secret::Secret;

/// The example of the reference libraries.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const MESSAGE: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SENT: i64 = 1_614_265_330;
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn wanted(secrets: &[&str]) -> StandardWebhooks {
    let secrets = secrets.iter().map(|secret| Secret::new(secret)).collect();
    StandardWebhooks { secrets, window: Duration::from_secs(300) }
}

fn request(id: &str, timestamp: &str, signatures: &str, body: &[u8], now: i64) -> Unverified {
    let headers = [(ID, id), (TIMESTAMP, timestamp), (SIGNATURE, signatures)];
    let headers = headers.into_iter().map(|(name, value)| (name, HeaderValue::from_str(value).unwrap())).collect();
    let received_at = Timestamp::from_second(now).unwrap();
    Unverified { query: None, headers, body: Bytes::copy_from_slice(body), received_at }
}

fn example(signatures: &str) -> Unverified {
    request(MESSAGE, &SENT.to_string(), signatures, BODY, SENT)
}

fn verdict(signatures: &str) -> Result<String, Refusal> {
    check(&wanted(&[SECRET]), &example(signatures))
}

fn sign(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> String {
    let key = StandardWebhooks::key(&Secret::new(secret)).unwrap();
    let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    format!("v1,{}", BASE64.encode(tag_of(Hash::Sha256, &key, &parts)))
}

#[test]
fn the_example_of_the_reference_libraries_verifies() {
    assert_eq!(verdict(SIGNED), Ok(MESSAGE.to_owned()));
    assert_eq!(sign(SECRET, MESSAGE, &SENT.to_string(), BODY), SIGNED);
    assert_eq!(sign(SECRET.trim_start_matches("whsec_"), MESSAGE, &SENT.to_string(), BODY), SIGNED);
}

#[test]
fn one_right_signature_of_a_list_is_enough() {
    let other = sign("whsec_b3RoZXItc2VjcmV0LW9mLTI0LWJ5dGVz", MESSAGE, &SENT.to_string(), BODY);
    assert!(verdict(&format!("{other} v1a,AAAA v2,x {SIGNED}")).is_ok());
    assert!(verdict(&format!("{SIGNED} v1,not-base64")).is_ok());
    for wrong in [&other, "v1,", "v1", "v2,x", &SIGNED.replacen("v1,", "v1a,", 1), &SIGNED[3..], &SIGNED.replacen(',', "=", 1)] {
        assert_eq!(verdict(wrong), Err(Refusal::StandardWrong), "{wrong}");
    }
    let many = format!("{} {SIGNED}", vec![other.as_str(); SIGNATURES_MAX].join(" "));
    assert_eq!(verdict(&many), Err(Refusal::StandardWrong), "no more than {SIGNATURES_MAX} are looked at");
}

#[test]
fn each_of_several_secrets_is_right() {
    let new = "whsec_b3RoZXItc2VjcmV0LW9mLTI0LWJ5dGVz";
    let by_new = sign(new, MESSAGE, &SENT.to_string(), BODY);
    for signature in [SIGNED, &by_new] {
        assert!(check(&wanted(&[SECRET, new]), &example(signature)).is_ok());
    }
    assert_eq!(check(&wanted(&[SECRET]), &example(&by_new)), Err(Refusal::StandardWrong));
}

#[test]
fn timestamp_is_near() {
    let at = |now: i64| check(&wanted(&[SECRET]), &request(MESSAGE, &SENT.to_string(), SIGNED, BODY, now)).map(|_| ());
    for (now, expected) in [(0, Ok(())), (300, Ok(())), (-300, Ok(())), (301, Err(Refusal::Stale)), (-301, Err(Refusal::Stale))] {
        assert_eq!(at(SENT + now), expected, "{now}");
    }
    let odd = |timestamp: &str| {
        let signature = sign(SECRET, MESSAGE, timestamp, BODY);
        check(&wanted(&[SECRET]), &request(MESSAGE, timestamp, &signature, BODY, SENT))
    };
    assert_eq!(odd("tomorrow"), Err(Refusal::StandardWrong));
    assert_eq!(odd(&i64::MIN.to_string()), Err(Refusal::Stale));
    assert_eq!(odd("99999999999999999999"), Err(Refusal::StandardWrong));
    // Whoever cannot sign does not learn that it is stale.
    let stale = request(MESSAGE, "1", "v1,AAAA", BODY, SENT);
    assert_eq!(check(&wanted(&[SECRET]), &stale), Err(Refusal::StandardWrong));
}

#[test]
fn each_header_is_there_once() {
    for missing in [ID, TIMESTAMP, SIGNATURE] {
        let mut without = example(SIGNED);
        without.headers.remove(&missing);
        assert_eq!(check(&wanted(&[SECRET]), &without), Err(Refusal::StandardMissing), "{missing}");
        let mut empty = example(SIGNED);
        empty.headers.insert(&missing, HeaderValue::from_static(""));
        assert_eq!(check(&wanted(&[SECRET]), &empty), Err(Refusal::StandardMissing), "{missing}");
        let mut twice = example(SIGNED);
        let value = twice.headers[&missing].clone();
        twice.headers.append(&missing, value);
        assert_eq!(check(&wanted(&[SECRET]), &twice), Err(Refusal::StandardMissing), "{missing}");
    }
}

proptest! {
    #[test]
    fn whatever_is_signed_verifies_and_no_flipped_bit_does(
        body in prop::collection::vec(any::<u8>(), 1..100), id in "[!-~]{1,40}", at: prop::sample::Index, bit in 0..8_u32, what in 0..3_u8,
    ) {
        let timestamp = SENT.to_string();
        let signature = sign(SECRET, &id, &timestamp, &body);
        prop_assert_eq!(check(&wanted(&[SECRET]), &request(&id, &timestamp, &signature, &body, SENT)), Ok(id.clone()));
        let (mut id, mut body) = (id.into_bytes(), body);
        let mut tag = BASE64.decode(&signature[3..]).unwrap();
        match what {
            0 => *at.get_mut(&mut body) ^= 1 << bit,
            1 => *at.get_mut(&mut tag) ^= 1 << bit,
            // Another letter that may stand in a header.
            _ => { let letter = at.get_mut(&mut id); *letter = if *letter == b'~' { b'!' } else { *letter + 1 } }
        }
        let forged = request(std::str::from_utf8(&id).unwrap(), &timestamp, &format!("v1,{}", BASE64.encode(tag)), &body, SENT);
        prop_assert_eq!(check(&wanted(&[SECRET]), &forged), Err(Refusal::StandardWrong));
    }

    #[test]
    fn any_headers_are_refused(id in "[ -~]{0,30}", timestamp in "[0-9.+-]{0,24}", signature in "(v1,[A-Za-z0-9+/=]{0,50} ?){0,4}", body: Vec<u8>) {
        prop_assert!(check(&wanted(&[SECRET]), &request(&id, &timestamp, &signature, &body, SENT)).is_err());
    }
}
