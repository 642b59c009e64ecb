//! Open Badges 2.0 (1EdTech, <https://www.imsglobal.org/sites/default/files/Badges/OBv2p0Final/index.html>): hosted assertions,
//! their classes and their issuer. Pure.

use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::config::{BadgePages, Platform};
use crate::effect::Badge;
use crate::id::Digest;
use crate::store::KeptBadge;

const CONTEXT: &str = "https://w3id.org/openbadges/v2";

/// An award, as whoever checks it is to see it.
pub(super) enum Issued {
    /// It holds.
    Valid(Value),
    /// It was taken back.
    Revoked(Value),
}

pub(super) fn issuer(pages: &BadgePages, address: &str) -> Value {
    json!({
        "@context": CONTEXT,
        "type": "Issuer",
        "id": format!("{address}/issuer"),
        "name": pages.issuer,
        "url": pages.url.as_str(),
        "email": pages.email,
    })
}

pub(super) fn class(badge: &Badge, address: &str) -> Value {
    json!({
        "@context": CONTEXT,
        "type": "BadgeClass",
        "id": class_address(badge, address),
        "name": badge.title,
        "description": badge.description,
        "image": image_address(badge, address),
        "criteria": { "narrative": badge.description },
        "issuer": format!("{address}/issuer"),
    })
}

pub(super) fn assertion(kept: &KeptBadge, platform: &Platform, address: &str) -> Issued {
    let id = assertion_address(kept, address);
    if let Some((_, reason)) = &kept.revoked {
        return Issued::Revoked(json!({ "@context": CONTEXT, "type": "Assertion", "id": id, "revoked": true, "revocationReason": reason }));
    }
    let mut assertion = json!({
        "@context": CONTEXT,
        "type": "Assertion",
        "id": id,
        "recipient": recipient(kept, platform),
        "badge": class_address(&kept.badge, address),
        "verification": { "type": "HostedBadge" },
        "issuedOn": rfc3339(kept.awarded_at),
    });
    if let (Some(evidence), Some(fields)) = (evidence(&kept.badge.evidence), assertion.as_object_mut()) {
        fields.insert("evidence".to_owned(), json!([evidence]));
    }
    Issued::Valid(assertion)
}

/// Who it was given to: the address under which the platform's API knows the worker, hashed with a salt of its own, so that one who
/// knows the worker can check it and nobody can read it off.
fn recipient(kept: &KeptBadge, platform: &Platform) -> Value {
    let salt = kept.id.to_string();
    let identity = format!("{}/api/user/{}{salt}", platform.url.as_str().trim_end_matches('/'), kept.worker);
    json!({ "type": "url", "hashed": true, "salt": salt, "identity": format!("sha256${}", Digest::of(identity.as_bytes())) })
}

/// A page, where the plugin named one, and a sentence, where it wrote one; else the numbers that it gave.
fn evidence(text: &str) -> Option<Value> {
    let given: Value = serde_json::from_str(text).ok()?;
    let fields = given.as_object().filter(|fields| !fields.is_empty())?;
    let text_of = |name: &str| fields.get(name).and_then(Value::as_str);
    let narrative = text_of("narrative").map_or_else(|| given.to_string(), str::to_owned);
    let mut evidence = json!({ "type": "Evidence", "narrative": narrative });
    if let (Some(url), Some(shown)) = (text_of("url").filter(|url| url.starts_with("https://")), evidence.as_object_mut()) {
        shown.insert("id".to_owned(), url.into());
    }
    Some(evidence)
}

pub(super) fn assertion_address(kept: &KeptBadge, address: &str) -> String {
    format!("{address}/assertions/{}", kept.id)
}

pub(super) fn class_address(badge: &Badge, address: &str) -> String {
    format!("{address}/classes/{}", badge.id)
}

pub(super) fn image_address(badge: &Badge, address: &str) -> String {
    badge.image_url.clone().unwrap_or_else(|| format!("{address}/images/{}.svg", badge.id))
}
