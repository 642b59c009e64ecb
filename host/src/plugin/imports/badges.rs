//! `badges`: thanking people.

use super::super::bindings::crowdhook::plugin::badges::{Badge, Host};
use super::super::guest::Guest;
use super::effects::check_id;
use super::{Failure, check_object};
use crate::effect::{self, Effect};
use crate::id::PluginName;

const TITLE_BYTES_MAX: usize = 200;
const DESCRIPTION_BYTES_MAX: usize = 2_000;
const IMAGE_URL_BYTES_MAX: usize = 2_000;
const EVIDENCE_BYTES_MAX: usize = 16 << 10;
const REASON_BYTES_MAX: usize = 2_000;

impl Host for Guest {
    fn award(&mut self, worker: String, badge: Badge) -> Result<(), Failure> {
        let badge = effect::Badge {
            id: badge.id,
            title: badge.title,
            description: badge.description,
            image_url: badge.image_url,
            evidence: badge.evidence,
        };
        let checked = check_id("worker", &worker).and_then(|()| check_badge(&badge));
        let bytes = worker.len() + badge.title.len() + badge.description.len() + badge.evidence.len();
        self.ask_for(bytes, None, Effect::AwardBadge { worker, badge }, |_| checked)
    }

    fn revoke(&mut self, worker: String, badge_id: String, reason: String) -> Result<(), Failure> {
        let checked = check_id("worker", &worker)
            .and_then(|()| check_badge_id(&badge_id))
            .and_then(|()| check_text("reason", &reason, REASON_BYTES_MAX));
        let bytes = worker.len() + reason.len();
        self.ask_for(bytes, None, Effect::RevokeBadge { worker, badge: badge_id, reason }, |_| checked)
    }
}

fn check_badge(badge: &effect::Badge) -> Result<(), Failure> {
    check_badge_id(&badge.id)?;
    check_text("title", &badge.title, TITLE_BYTES_MAX)?;
    check_text("description", &badge.description, DESCRIPTION_BYTES_MAX)?;
    if let Some(image) = &badge.image_url {
        let is_https = url::Url::parse(image).is_ok_and(|url| url.scheme() == "https" && url.has_host());
        if !is_https || image.len() > IMAGE_URL_BYTES_MAX {
            return Err(Failure::Invalid("`image-url` is no `https` address of a picture".into()));
        }
    }
    check_object("`evidence`", &badge.evidence, EVIDENCE_BYTES_MAX)
}

/// Badges are named as plugins are.
fn check_badge_id(id: &str) -> Result<(), Failure> {
    id.parse::<PluginName>().map(drop).map_err(|error| Failure::Invalid(format!("the badge's `id`: {error}")))
}

fn check_text(what: &str, text: &str, bytes_max: usize) -> Result<(), Failure> {
    if text.trim().is_empty() || text.contains(|letter: char| letter.is_control() && letter != '\n') {
        return Err(Failure::Invalid(format!("`{what}` is no text for people")));
    }
    if text.len() > bytes_max {
        return Err(Failure::OverLimit(format!("`{what}` has {} bytes, and may have {bytes_max}", text.len())));
    }
    Ok(())
}
