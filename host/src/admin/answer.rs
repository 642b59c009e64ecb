//! The answers of the admin API, each a view as JSON; a refusal is `{"error": …, "help": …}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tracing::error;

use super::Admin;
use super::view;
use crate::clock::{between, rfc3339};
use crate::id::{BadgeId, EventId, ProjectName};
use crate::store::{self, StoreError};
use crate::telemetry;

/// Why a request is not answered.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: String,
    help: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, error: impl Into<String>, help: impl Into<String>) -> Self {
        Self { status, error: error.into(), help: help.into() }
    }

    /// What is wrong, for the log.
    pub(super) fn error(&self) -> &str {
        &self.error
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(serde_json::json!({ "error": self.error, "help": self.help }))).into_response()
    }
}

impl From<StoreError> for Refusal {
    fn from(failure: StoreError) -> Self {
        error!(error = %failure, "The admin API could not read the store");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, failure.to_string(), "the host's log says more")
    }
}

const PATHS: &str = "there are `/v1/status`, `/v1/plugins`, `/v1/plugins/{name}`, `/v1/projects`, `/v1/projects/{name}/badges`, \
     `/v1/projects/{name}/backfill`, `/v1/projects/{name}/hook`, `/v1/events/{id}` and `/v1/dead`";

pub(super) async fn unknown_path() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "there is nothing here", PATHS)
}

pub(super) async fn wrong_method() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "nothing here answers that method",
        "GET reads; `backfill` and `hook` of a project also take a POST",
    )
}

pub(super) async fn status(State(admin): State<Arc<Admin>>) -> Result<Json<view::Status>, Refusal> {
    let totals = admin.store.totals().await?;
    let catalogue = admin.registry.now();
    let degraded = catalogue.projects.iter().filter(|(_, project)| !view::missing(project).is_empty());
    let mut counters = telemetry::counts();
    counters.extend((admin.counts)());
    Ok(Json(view::Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: rfc3339(admin.started_at),
        uptime_s: between(admin.started_at, admin.clock.now()).as_secs(),
        components: catalogue.components.len(),
        projects: catalogue.projects.len(),
        degraded: degraded.map(|(name, _)| name.to_string()).collect(),
        totals,
        counters,
    }))
}

pub(super) async fn plugins(State(admin): State<Arc<Admin>>) -> Json<Vec<view::PluginView>> {
    Json(view::plugins(&admin.registry.now()))
}

pub(super) async fn plugin(State(admin): State<Arc<Admin>>, Path(name): Path<String>) -> Result<Json<view::PluginView>, Refusal> {
    let found = view::plugin_named(&admin.registry.now(), &name);
    found.map(Json).ok_or_else(|| {
        let known: Vec<String> = admin.registry.now().components.keys().map(ToString::to_string).collect();
        let help = if known.is_empty() { "no component is loaded".to_owned() } else { format!("loaded are: {}", known.join(", ")) };
        Refusal::new(StatusCode::NOT_FOUND, "there is no component of that name", help)
    })
}

pub(super) async fn projects(State(admin): State<Arc<Admin>>) -> Json<Vec<view::ProjectView>> {
    Json(view::projects(&admin.registry.now(), admin.public_url.as_str()))
}

pub(super) async fn event(State(admin): State<Arc<Admin>>, Path(id): Path<String>) -> Result<Json<view::EventView>, Refusal> {
    let unreadable =
        |_| Refusal::new(StatusCode::BAD_REQUEST, "that is no id of an event", "an id looks like `01981f7e-5c3a-7cc0-8e7f-0242ac120002`");
    let id: EventId = id.parse().map_err(unreadable)?;
    let found = view::event(admin.store.as_ref(), id).await?;
    let missing = || {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "there is no such event",
            "the log names the ids of events, and `crowdhook dead list` those of dead letters",
        )
    };
    found.map(Json).ok_or_else(missing)
}

/// `?worker=ID&after=BADGE&limit=N`.
#[derive(Deserialize)]
pub(super) struct WantedBadges {
    worker: Option<String>,
    after: Option<BadgeId>,
    limit: Option<u32>,
}

pub(super) async fn badges(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    wanted: Result<Query<WantedBadges>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<view::BadgesView>, Refusal> {
    let help = format!("`worker` is a worker's id, `after` the id of a badge, `limit` a number from 1 to {}", view::BADGES_MAX);
    let Query(wanted) = wanted.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the query makes no sense", help.clone()))?;
    let limit = wanted.limit.unwrap_or(view::BADGES_MAX);
    if !(1..=view::BADGES_MAX).contains(&limit) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, format!("the limit is {limit}"), help));
    }
    let missing = || Refusal::new(StatusCode::NOT_FOUND, "there is no project of that name", "`/v1/projects` lists them");
    let project: ProjectName = name.parse().map_err(|_| missing())?;
    let wanted = store::WantedBadges { worker: wanted.worker.as_deref(), after: wanted.after, ..store::WantedBadges::first(limit) };
    let badges = admin.store.badges(&project, wanted).await?;
    Ok(Json(view::BadgesView { badges }))
}

/// `?limit=N`.
#[derive(Deserialize)]
pub(super) struct Limit {
    limit: Option<u32>,
}

pub(super) async fn dead(
    State(admin): State<Arc<Admin>>,
    limit: Result<Query<Limit>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<view::DeadView>, Refusal> {
    let help = format!("write `?limit=` and a number from 1 to {}", view::DEAD_MAX);
    let Query(Limit { limit }) = limit.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the limit is no number", help.clone()))?;
    let limit = limit.unwrap_or(view::DEAD_USUAL);
    if !(1..=view::DEAD_MAX).contains(&limit) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, format!("the limit is {limit}"), help));
    }
    Ok(Json(view::DeadView { dead: admin.store.dead_letters(limit).await? }))
}
