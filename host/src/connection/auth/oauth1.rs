//! OAuth 1.0a with HMAC-SHA1, in the name of a user (RFC 5849). Pure: time and nonce come as values.
//!
//! Written out here and not taken from a crate: it is a hundred lines that the RFC fixes for ever, and the crates for it are
//! tied to clients of their own or have not been kept for years. `tests/it/connection/oauth1.rs` has another program check it.

use std::fmt::Write as _;

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use url::Url;

use crate::clock::Timestamp;
use crate::secret::Secret;

/// Who calls, and for whom.
#[derive(Debug)]
pub(in crate::connection) struct Keys {
    pub(super) consumer_key: Secret,
    pub(super) consumer_secret: Secret,
    pub(super) token: Secret,
    pub(super) token_secret: Secret,
}

/// What makes one signature differ from the next.
#[derive(Debug)]
pub(super) struct Stamp {
    timestamp: i64,
    nonce: String,
}

impl Stamp {
    /// A moment, and a nonce that was never used.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { timestamp: now.as_second(), nonce: uuid::Uuid::now_v7().simple().to_string() }
    }
}

/// The `Authorization` header of a call. Signed is `url` with its query, and the body when it is a `form`; no other body is part of
/// an OAuth 1.0a signature.
pub(super) fn authorization(keys: &Keys, method: &str, url: &Url, form: Option<&str>, stamp: &Stamp) -> String {
    let timestamp = stamp.timestamp.to_string();
    let protocol = [
        ("oauth_consumer_key", keys.consumer_key.reveal()),
        ("oauth_nonce", &stamp.nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", &timestamp),
        ("oauth_token", keys.token.reveal()),
        ("oauth_version", "1.0"),
    ];
    let signature = sign(keys, &base_string(method, url, form, &protocol));
    let mut header = "OAuth ".to_owned();
    for (name, value) in protocol {
        // Writing to a text cannot fail.
        write!(header, "{name}=\"{}\", ", encode(value)).ok();
    }
    write!(header, "oauth_signature=\"{}\"", encode(&signature)).ok();
    header
}

/// Section 3.4.1.
fn base_string(method: &str, url: &Url, form: Option<&str>, protocol: &[(&str, &str)]) -> String {
    let mut address = url.clone();
    address.set_query(None);
    address.set_fragment(None);
    format!("{}&{}&{}", method.to_uppercase(), encode(address.as_str()), encode(&parameters(url, form, protocol)))
}

/// Section 3.4.1.3: every parameter, encoded, then sorted as bytes.
fn parameters(url: &Url, form: Option<&str>, protocol: &[(&str, &str)]) -> String {
    let of_query = url.query_pairs();
    let of_form = form_urlencoded::parse(form.unwrap_or_default().as_bytes());
    let mut pairs: Vec<(String, String)> = of_query.chain(of_form).map(|(name, value)| (encode(&name), encode(&value))).collect();
    pairs.extend(protocol.iter().map(|(name, value)| (encode(name), encode(value))));
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Section 3.4.2.
fn sign(keys: &Keys, base_string: &str) -> String {
    let key = format!("{}&{}", encode(keys.consumer_secret.reveal()), encode(keys.token_secret.reveal()));
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(base_string.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// Section 3.6: all but letters, digits, `-`, `.`, `_` and `~`.
fn encode(text: &str) -> String {
    const RESERVED: percent_encoding::AsciiSet = percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, &RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(consumer: &str, consumer_secret: &str, token: &str, token_secret: &str) -> Keys {
        let [consumer_key, consumer_secret, token, token_secret] = [consumer, consumer_secret, token, token_secret].map(Secret::new);
        Keys { consumer_key, consumer_secret, token, token_secret }
    }

    #[test]
    fn the_base_string_is_that_of_the_rfc() {
        // RFC 5849, section 3.4.1.1; errata 2550.
        let url = Url::parse("http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b").unwrap();
        let protocol = [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ];
        assert_eq!(
            base_string("post", &url, Some("c2&a3=2+q"), &protocol),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26\
             oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26\
             oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    #[test]
    fn the_signature_is_that_of_x_s_documentation() {
        // "Creating a signature" in the documentation of the X API.
        let keys = keys(
            "xvz1evFS4wEEPTGEFPHBog",
            "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
            "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        );
        let url = Url::parse("https://api.twitter.com/1/statuses/update.json?include_entities=true").unwrap();
        let form = "status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21";
        let stamp = Stamp { timestamp: 1_318_622_958, nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg".to_owned() };
        let header = authorization(&keys, "POST", &url, Some(form), &stamp);
        assert!(header.ends_with(r#"oauth_signature="tnnArxj06cWHq44gCs1OSKk%2FjLY%3D""#), "{header}");
        assert!(header.starts_with(r#"OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", oauth_nonce="#), "{header}");
    }

    #[test]
    fn a_port_of_its_own_is_signed_and_the_usual_one_is_not() {
        let check = |url: &str, expected: &str| {
            let base = base_string("GET", &Url::parse(url).unwrap(), None, &[]);
            assert_eq!(base, format!("GET&{expected}&"));
        };
        check("https://a.example:443/x", "https%3A%2F%2Fa.example%2Fx");
        check("https://a.example:8443/x", "https%3A%2F%2Fa.example%3A8443%2Fx");
        check("http://a.example", "http%3A%2F%2Fa.example%2F");
        check("http://a.example/v%C3%B6gel", "http%3A%2F%2Fa.example%2Fv%25C3%25B6gel");
    }

    #[test]
    fn no_two_stamps_are_alike() {
        let now = crate::clock::from_millis(1_800_000_000_000);
        assert_ne!(Stamp::new(now).nonce, Stamp::new(now).nonce);
    }
}
