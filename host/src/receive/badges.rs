//! The badges of a project, for everybody to see: pages and Open Badges 2.0, where the project's file switches them on. What is
//! switched off looks like what is not there.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;
use tracing::error;

use super::Intake;
use super::answer::Refused;
use crate::config::BadgePages;
use crate::effect::Badge;
use crate::id::{BadgeId, PluginName};
use crate::plugin::registry::Project;
use crate::store::{KeptBadge, StoreError, WantedBadges};
use open::Issued;

mod open;
mod page;

/// Badges that one page lists.
const LISTED_MAX: u32 = 1_000;
/// How long whoever reads a page may keep it.
const KEPT: &str = "public, max-age=60";

/// A project that shows its badges.
struct Shown {
    project: Arc<Project>,
    pages: BadgePages,
    /// The address of its page: all others lie below it.
    address: String,
}

impl Intake {
    fn shown(&self, project: &str) -> Option<Shown> {
        let project = self.registry.project(project)?;
        let pages = project.config.badges.clone()?;
        let address = format!("{}/badges/{}", self.public_url.as_str().trim_end_matches('/'), project.config.name);
        Some(Shown { project, pages, address })
    }

    async fn badges(&self, shown: &Shown, wanted: WantedBadges<'_>) -> Result<Vec<KeptBadge>, StoreError> {
        self.store.badges(&shown.project.config.name, wanted).await
    }

    /// What a badge is shown as: as it was awarded last.
    async fn class(&self, shown: &Shown, badge: &str) -> Result<Option<Badge>, StoreError> {
        let Ok(name) = badge.parse::<PluginName>() else { return Ok(None) };
        let wanted = WantedBadges { badge: Some(name.as_str()), newest_first: true, ..WantedBadges::first(1) };
        Ok(self.badges(shown, wanted).await?.pop().map(|kept| kept.badge))
    }

    fn nothing_here(&self) -> Response {
        self.refuse(Refused::NoSuchHook, None)
    }

    fn failing(&self, failure: &StoreError) -> Response {
        error!(error = %failure, "A page of badges could not be read from the store");
        self.refuse(Refused::Failing, None)
    }

    /// Answers with what `make` gives, where there is something.
    fn give(&self, made: Result<Option<Response>, StoreError>) -> Response {
        match made {
            Ok(Some(response)) => response,
            Ok(None) => self.nothing_here(),
            Err(failure) => self.failing(&failure),
        }
    }
}

/// `GET /badges/{project}`: all badges that were awarded, for people.
pub(super) async fn list(State(intake): State<Arc<Intake>>, Path(project): Path<String>) -> Response {
    let Some(shown) = intake.shown(&project) else { return intake.nothing_here() };
    let wanted = WantedBadges { newest_first: true, ..WantedBadges::first(LISTED_MAX) };
    let made = intake
        .badges(&shown, wanted)
        .await
        .map(|badges| Some(answer("text/html; charset=utf-8", page::list(&shown.pages, &shown.address, &badges))));
    intake.give(made)
}

/// `GET /badges/{project}/issuer`.
pub(super) async fn issuer(State(intake): State<Arc<Intake>>, Path(project): Path<String>) -> Response {
    let Some(shown) = intake.shown(&project) else { return intake.nothing_here() };
    json(StatusCode::OK, &open::issuer(&shown.pages, &shown.address))
}

/// `GET /badges/{project}/classes/{badge}`.
pub(super) async fn class(State(intake): State<Arc<Intake>>, Path((project, badge)): Path<(String, String)>) -> Response {
    let Some(shown) = intake.shown(&project) else { return intake.nothing_here() };
    let made = intake.class(&shown, &badge).await;
    intake.give(made.map(|class| class.map(|class| json(StatusCode::OK, &open::class(&class, &shown.address)))))
}

/// `GET /badges/{project}/images/{badge}.svg`.
pub(super) async fn image(State(intake): State<Arc<Intake>>, Path((project, file)): Path<(String, String)>) -> Response {
    let Some(shown) = intake.shown(&project) else { return intake.nothing_here() };
    let Some(badge) = file.strip_suffix(".svg") else { return intake.nothing_here() };
    let made = intake.class(&shown, badge).await;
    intake.give(made.map(|class| class.map(|class| answer("image/svg+xml", page::image(&class.title)))))
}

/// `GET /badges/{project}/assertions/{id}`: one award; 410 when it was taken back, as the standard has it.
pub(super) async fn assertion(State(intake): State<Arc<Intake>>, Path((project, id)): Path<(String, String)>) -> Response {
    let Some(shown) = intake.shown(&project) else { return intake.nothing_here() };
    let Ok(id) = id.parse::<BadgeId>() else { return intake.nothing_here() };
    let made = intake.store.badge(&shown.project.config.name, id).await;
    intake.give(made.map(|kept| {
        kept.map(|kept| match open::assertion(&kept, &shown.project.config.platform, &shown.address) {
            Issued::Valid(assertion) => json(StatusCode::OK, &assertion),
            Issued::Revoked(notice) => json(StatusCode::GONE, &notice),
        })
    }))
}

fn json(status: StatusCode, value: &Value) -> Response {
    let mut response = answer("application/ld+json", value.to_string());
    *response.status_mut() = status;
    // Whoever checks a badge may do so from a page of their own.
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn answer(media_type: &'static str, body: String) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(KEPT));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = "default-src 'none'; img-src 'self' https:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
