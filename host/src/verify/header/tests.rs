use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::secret::Secret;

fn check_values(given: &[&[u8]], expected: Result<(), Refusal>) {
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
    for wrong in ["", "Old", "old ", "oldx"] {
        check_values(&[wrong.as_bytes()], Err(Refusal::HeaderWrong));
    }
    for wrong in [vec![], vec![&b"\xff"[..]], vec![&b"old"[..], b"old"]] {
        check_values(&wrong, Err(Refusal::HeaderWrong));
    }
}
