use std::time::Duration;

use crowdhook::clock::Timestamp;
use crowdhook::config::{Basic, Encoding, Hash, HeaderToken, Hmac, Hook, StandardWebhooks};
use crowdhook::event::PlatformKind;
use crowdhook::secret::Secret;
use crowdhook::verify::{self, Refusal, Unverified};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::bodies::project;
use super::mutated::mutated;
use super::{fuzz, seeds};

const WORDS: &[&str] =
    &["Basic ", "Bearer ", "sha256=", "v1,", " v1,", "whsec_", ":", "=", ",", "0", "9223372036854775808", "-", "AAAA", "\t"];

fn secrets(text: &str) -> Vec<Secret> {
    vec![Secret::new(text)]
}

/// A hook that asks for `what`.
fn hook(what: &str) -> Hook {
    let mut hook = Hook { tokens: secrets("token-of-the-hook"), ..Hook::default() };
    match what {
        "authorization" => hook.basic = Some(Basic { user: "ann".to_owned(), passwords: secrets("a password") }),
        "x-gitlab-token" => {
            hook.header = Some(HeaderToken { name: HeaderName::from_static("x-gitlab-token"), values: secrets("a secret") })
        }
        "x-signature" => {
            let header = HeaderName::from_static("x-signature");
            let prefix = "sha256=".to_owned();
            hook.hmac = Some(Hmac { header, hash: Hash::Sha256, prefix, encoding: Encoding::Hex, secrets: secrets("a secret") });
        }
        _ => {
            let secrets = secrets("whsec_YW5vdGhlciBzZWNyZXQ=");
            hook.standard_webhooks = Some(StandardWebhooks { secrets, window: Duration::from_secs(u64::MAX) });
        }
    }
    hook
}

#[test]
fn no_header_proves_what_it_does_not() {
    let value = || mutated(seeds("headers", &[]), WORDS);
    let name = || select(&["authorization", "x-gitlab-token", "x-signature", "webhook-id", "webhook-timestamp", "webhook-signature"][..]);
    fuzz("headers", 1, &(vec((name(), value()), 0..8), vec(any::<u8>(), 0..40)), |(headers, body)| {
        let headers: HeaderMap = headers
            .iter()
            .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_bytes(value).ok()?)))
            .collect();
        for what in ["authorization", "x-gitlab-token", "x-signature", "webhook-signature"] {
            let mut project = project(PlatformKind::Generic);
            project.hook = hook(what);
            prop_assert_eq!(verify::caller(Some(&project.hook), Some("another"), &headers).map(drop), Err(Refusal::NoSuchHook));
            let Ok(admitted) = verify::caller(Some(&project.hook), Some("token-of-the-hook"), &headers) else { continue };
            prop_assert!(["x-signature", "webhook-signature"].contains(&what), "admitted by {headers:?}");
            let request =
                Unverified { query: None, headers: headers.clone(), body: body.clone().into(), received_at: Timestamp::UNIX_EPOCH };
            prop_assert!(verify::request(&project, admitted, request).is_err(), "verified by {headers:?}");
        }
        Ok(())
    });
}
