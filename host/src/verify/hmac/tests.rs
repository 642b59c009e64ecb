use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::secret::Secret;

const HEADER: HeaderName = HeaderName::from_static("x-signature");

fn wanted(hash: Hash, prefix: &str, encoding: Encoding, secrets: &[&str]) -> Hmac {
    let secrets = secrets.iter().map(|secret| Secret::new(secret)).collect();
    Hmac { header: HEADER, hash, prefix: prefix.to_owned(), encoding, secrets }
}

/// As GitHub signs.
fn github() -> Hmac {
    wanted(Hash::Sha256, "sha256=", Encoding::Hex, &["another", "It's a Secret to Everybody"])
}

fn headers(values: &[&str]) -> HeaderMap {
    values.iter().map(|value| (HEADER, HeaderValue::from_str(value).unwrap())).collect()
}

fn verdict(wanted: &Hmac, values: &[&str], body: &[u8]) -> Result<(), Refusal> {
    check(wanted, &headers(values), body)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// GitHub's own example of a signature (docs.github.com, "Validating webhook deliveries").
const GITHUB: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

#[test]
fn githubs_example_verifies() {
    assert_eq!(verdict(&github(), &[GITHUB], b"Hello, World!"), Ok(()));
    assert_eq!(verdict(&github(), &[GITHUB], b"Hello, World?"), Err(Refusal::HmacWrong));
    assert_eq!(verdict(&github(), &[], b"Hello, World!"), Err(Refusal::HmacMissing));
    assert_eq!(verdict(&github(), &[""], b"Hello, World!"), Err(Refusal::HmacMissing));
}

/// RFC 2202, case 2, and RFC 4231, case 2.
#[test]
fn the_vectors_of_the_rfcs_verify() {
    let vectors = [
        (Hash::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        (Hash::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            Hash::Sha512,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
    ];
    let body = b"what do ya want for nothing?";
    for (hash, tag) in vectors {
        assert_eq!(verdict(&wanted(hash, "", Encoding::Hex, &["Jefe"]), &[tag], body), Ok(()));
        assert_eq!(verdict(&wanted(hash, "", Encoding::Hex, &["Jefe"]), &[&tag.to_uppercase()], body), Ok(()));
        let base64 = BASE64.encode(tag_of(hash, b"Jefe", &[body]));
        assert_eq!(verdict(&wanted(hash, "", Encoding::Base64, &["Jefe"]), &[&base64], body), Ok(()), "as Shopify writes it");
        assert_eq!(verdict(&wanted(hash, "", Encoding::Base64, &["Jefe"]), &[tag], body), Err(Refusal::HmacWrong));
    }
}

#[test]
fn odd_signatures_are_wrong() {
    let (prefix, digits) = GITHUB.split_at(7);
    for odd in [
        digits,
        &format!("SHA256={digits}"),
        &format!("{prefix} {digits}"),
        &GITHUB[..GITHUB.len() - 1],
        &GITHUB[..GITHUB.len() - 2],
        &format!("{GITHUB}00"),
        prefix,
        &format!("{prefix}{}", "g".repeat(64)),
    ] {
        assert_eq!(verdict(&github(), &[odd], b"Hello, World!"), Err(Refusal::HmacWrong), "{odd}");
    }
}

#[test]
fn all_signatures_there_are_right_by_one_secret() {
    assert_eq!(verdict(&github(), &[GITHUB, GITHUB], b"Hello, World!"), Ok(()));
    let by_another = format!("sha256={}", hexadecimal(&tag_of(Hash::Sha256, b"another", &[b"Hello, World!"])));
    assert_eq!(verdict(&github(), &[&by_another], b"Hello, World!"), Ok(()));
    assert_eq!(verdict(&github(), &[GITHUB, &by_another], b"Hello, World!"), Err(Refusal::HmacWrong));
    assert_eq!(verdict(&github(), &[GITHUB, "sha256=00"], b"Hello, World!"), Err(Refusal::HmacWrong));
}

fn schemes() -> impl Strategy<Value = (Hash, Encoding)> {
    let hash = prop_oneof![Just(Hash::Sha1), Just(Hash::Sha256), Just(Hash::Sha512)];
    (hash, prop_oneof![Just(Encoding::Hex), Just(Encoding::Base64)])
}

fn written(tag: &[u8], encoding: Encoding) -> String {
    match encoding {
        Encoding::Hex => hexadecimal(tag),
        Encoding::Base64 => BASE64.encode(tag),
    }
}

proptest! {
    #[test]
    fn any_body_verifies_and_no_flipped_bit_does(
        body in prop::collection::vec(any::<u8>(), 1..200), secret in "[ -~]{1,80}", (hash, encoding) in schemes(),
        at: prop::sample::Index, bit in 0..8_u32,
    ) {
        let scheme = wanted(hash, "v0=", encoding, &["rotated", &secret]);
        let tag = tag_of(hash, secret.as_bytes(), &[&body]);
        let given = format!("v0={}", written(&tag, encoding));
        prop_assert_eq!(verdict(&scheme, &[&given], &body), Ok(()));

        let mut other = body.clone();
        *at.get_mut(&mut other) ^= 1 << bit;
        prop_assert_eq!(verdict(&scheme, &[&given], &other), Err(Refusal::HmacWrong));

        let mut forged = tag;
        *at.get_mut(&mut forged) ^= 1 << bit;
        let forged = format!("v0={}", written(&forged, encoding));
        prop_assert_eq!(verdict(&scheme, &[&forged], &body), Err(Refusal::HmacWrong));
    }

    #[test]
    fn any_header_is_refused(value in "[\\x20-\\x7e]{0,100}", body: Vec<u8>, (hash, encoding) in schemes()) {
        for prefix in ["", "sha256="] {
            prop_assert!(verdict(&wanted(hash, prefix, encoding, &["secret"]), &[&value], &body).is_err());
        }
    }
}
