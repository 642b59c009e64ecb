use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::secret::Secret;

fn check_values(given: &[&'static [u8]], expected: Result<(), Refusal>) {
    let name = HeaderName::from_static("x-gitlab-token");
    let wanted = HeaderToken { name: name.clone(), values: vec![Secret::new("old"), Secret::new("new-ñ")] };
    let mut headers = HeaderMap::new();
    for value in given {
        headers.append(&name, HeaderValue::from_bytes(value).unwrap());
    }
    assert_eq!(check(&wanted, &headers), expected, "{given:?}");
}

#[test]
fn header_holds_one_of_the_secrets_and_is_there_once() {
    check_values(&[b"old"], Ok(()));
    check_values(&["new-ñ".as_bytes()], Ok(()));
    for wrong in [&[][..], &[b""], &[b"Old"], &[b"old "], &[b"\xff"], &[b"old", b"old"], &[b"old", b"wrong"]] {
        check_values(wrong, Err(Refusal::HeaderWrong));
    }
}
