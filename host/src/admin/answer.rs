//! The answers of the admin API, each a view as JSON; a refusal is `{"error": …, "help": …}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tracing::{error, info};

use super::query::Object;
use super::{Admin, pages, usage, view};
use crate::clock::{Timestamp, between, rfc3339};
use crate::id::{BadgeId, Digest, EventId, PluginName, ProjectName, Scope};
use crate::receive::Tls;
use crate::store::{self, DeadKind, DeadLetterId, Forgotten, Replayed, ReplayedEvent, Store, StoreError, WantedDead};

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

    /// Of a request whose body is not what it should be.
    pub(super) fn of_body(rejection: &JsonRejection, help: &str) -> Self {
        Self::new(rejection.status(), rejection.body_text(), help)
    }

    /// What is wrong, for the log and for pages.
    pub(super) fn error(&self) -> &str {
        &self.error
    }

    /// What to do about it.
    pub(super) fn help(&self) -> &str {
        &self.help
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn is_for_want_of_a_token(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(serde_json::json!({ "error": self.error, "help": self.help }))).into_response()
    }
}

impl From<StoreError> for Refusal {
    fn from(failure: StoreError) -> Self {
        if let StoreError::Full { .. } = failure {
            // Nobody has to mend anything: `waiting` of the status tells it.
            let help = "ask again once fewer wait, as `crowdhook status` tells; `limits.waiting_max` says how many may";
            return Self::new(StatusCode::INSUFFICIENT_STORAGE, failure.to_string(), help);
        }
        error!(error = %failure, "The admin API could not read the store");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, failure.to_string(), "the host's log says more")
    }
}

/// Where to read what there is.
const PATHS: &str = "GET of `/v1/openapi.json` describes all that there is";

/// Rows out of which a worker's id is taken in one commit.
const FORGOTTEN_AT_ONCE: u32 = 100;

/// Dead letters that are replayed in one commit.
const REPLAYED_AT_ONCE: u32 = 500;

pub(super) async fn unknown_path(uri: Uri) -> Response {
    if pages::is_page(uri.path()) {
        return pages::missing();
    }
    Refusal::new(StatusCode::NOT_FOUND, "there is nothing here", PATHS).into_response()
}

/// What this API is, for programs.
pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("openapi.json")).into_response()
}

pub(super) async fn wrong_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take that method", PATHS)
}

pub(super) async fn status(State(admin): State<Arc<Admin>>) -> Result<Json<view::Status>, Refusal> {
    let totals = admin.store.totals().await?;
    let catalogue = admin.registry.now();
    let degraded = catalogue.projects.iter().filter(|(_, project)| !view::missing(project).is_empty());
    Ok(Json(view::Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: rfc3339(admin.started_at),
        uptime_s: between(admin.started_at, admin.clock.now()).as_secs(),
        components: catalogue.components.len(),
        projects: catalogue.projects.len(),
        degraded: degraded.map(|(name, _)| name.to_string()).collect(),
        certificate_ends_at: admin.tls.as_ref().and_then(Tls::ends_at).map(rfc3339),
        totals,
        counters: admin.metrics.counts(),
    }))
}

pub(super) async fn plugins(State(admin): State<Arc<Admin>>) -> Json<Vec<view::PluginView>> {
    Json(view::plugins(&admin.registry.now()))
}

pub(super) async fn plugin(State(admin): State<Arc<Admin>>, Path(name): Path<String>) -> Result<Json<view::PluginView>, Refusal> {
    let catalogue = admin.registry.now();
    let found = view::plugin_named(&catalogue, &name).ok_or_else(|| {
        let known: Vec<String> = catalogue.components.keys().map(ToString::to_string).collect();
        let help = if known.is_empty() { "no component is loaded".to_owned() } else { format!("loaded are: {}", known.join(", ")) };
        Refusal::new(StatusCode::NOT_FOUND, "there is no component of that name", help)
    })?;
    let usage = usage::of_component(admin.store.as_ref(), &catalogue, &name).await?;
    Ok(Json(view::PluginView { usage, ..found }))
}

pub(super) async fn projects(State(admin): State<Arc<Admin>>) -> Json<Vec<view::ProjectView>> {
    Json(view::projects(&admin.registry.now(), admin.public_url.as_str()))
}

pub(super) async fn event(State(admin): State<Arc<Admin>>, Path(id): Path<String>) -> Result<Json<view::EventView>, Refusal> {
    let id = event_id(&id)?;
    view::event(admin.store.as_ref(), id).await?.map(Json).ok_or_else(no_event)
}

pub(super) fn event_id(text: &str) -> Result<EventId, Refusal> {
    text.parse().map_err(|_| {
        Refusal::new(StatusCode::BAD_REQUEST, "that is no id of an event", "an id looks like `01981f7e-5c3a-7cc0-8e7f-0242ac120002`")
    })
}

pub(super) fn no_event() -> Refusal {
    let help = "the log names the ids of events, and `crowdhook dead list` those of dead letters";
    Refusal::new(StatusCode::NOT_FOUND, "there is no such event", help)
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

/// `?limit=N`, and which are wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeadQuery {
    limit: Option<u32>,
    id: Option<DeadLetterId>,
    what: Option<DeadKind>,
    event: Option<EventId>,
    project: Option<ProjectName>,
    plugin: Option<PluginName>,
    reason: Option<String>,
    until: Option<Timestamp>,
}

pub(super) async fn dead(
    State(admin): State<Arc<Admin>>,
    query: Result<Query<DeadQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<view::DeadView>, Refusal> {
    let help = format!(
        "`limit` is a number from 1 to {}; `id`, `what` (`invocation` or `delivery`), `event`, `project`, `plugin`, `reason` (a part of it) \
         and `until` (RFC 3339) say which are wanted",
        view::DEAD_MAX
    );
    let Query(query) = query.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the query makes no sense", help.clone()))?;
    let limit = query.limit.unwrap_or(view::DEAD_USUAL);
    if !(1..=view::DEAD_MAX).contains(&limit) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, format!("the limit is {limit}"), help));
    }
    let DeadQuery { id, what, event, project, plugin, reason, until, .. } = query;
    let wanted = WantedDead { id, what, event, project, plugin, reason, until };
    Ok(Json(view::DeadView { dead: admin.store.dead_letters(&wanted, limit).await? }))
}

/// `?limit=N`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayQuery {
    limit: Option<u32>,
}

/// Takes up again whatever is wanted and was given up by now, as far as there is room: all of it, or with a limit a step of it.
pub(super) async fn replay(
    State(admin): State<Arc<Admin>>,
    query: Result<Query<ReplayQuery>, axum::extract::rejection::QueryRejection>,
    wanted: Result<Json<Object<WantedDead>>, JsonRejection>,
) -> Result<Json<view::DeadReplayed>, Refusal> {
    let help = format!("`limit` is a number from 1 to {REPLAYED_AT_ONCE}; without it all is replayed that fits");
    let Query(query) = query.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the query makes no sense", help.clone()))?;
    if let Some(limit) = query.limit.filter(|limit| !(1..=REPLAYED_AT_ONCE).contains(limit)) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, format!("the limit is {limit}"), help));
    }
    let help = "send JSON with any of `id`, `what`, `event`, `project`, `plugin`, `reason`, `until`; `{}` replays all";
    let Json(Object(mut wanted)) = wanted.map_err(|rejection| Refusal::of_body(&rejection, help))?;
    // What dies again while this goes on is not replayed again.
    let now = admin.clock.now();
    wanted.until = Some(wanted.until.map_or(now, |until| until.min(now)));
    let limit = query.limit.unwrap_or(u32::MAX);
    let (all, failure) = replay_up_to(admin.store.as_ref(), &wanted, limit).await;
    let until = wanted.until.filter(|_| count(all) == limit);
    info!(
        invocations = all.invocations,
        deliveries = all.deliveries,
        "Replaying {} invocations and {} deliveries by the operator's wish",
        all.invocations,
        all.deliveries
    );
    match failure {
        None => Ok(Json(view::DeadReplayed { replayed: all, stopped: None, until })),
        Some(full @ StoreError::Full { .. }) if all != Replayed::default() => {
            Ok(Json(view::DeadReplayed { replayed: all, stopped: Some(full.to_string()), until: None }))
        }
        Some(failure) => Err(failure.into()),
    }
}

fn count(Replayed { invocations, deliveries, settled }: Replayed) -> u32 {
    invocations + deliveries + settled
}

/// What was replayed, and why not more of it.
async fn replay_up_to(store: &dyn Store, wanted: &WantedDead, limit: u32) -> (Replayed, Option<StoreError>) {
    let mut all = Replayed::default();
    loop {
        let left = limit.saturating_sub(count(all));
        if left == 0 {
            return (all, None);
        }
        match store.replay(wanted, left.min(REPLAYED_AT_ONCE)).await {
            Ok(none) if none == Replayed::default() => return (all, None),
            Ok(some) => {
                all.invocations += some.invocations;
                all.deliveries += some.deliveries;
                all.settled += some.settled;
            }
            Err(failure) => return (all, Some(failure)),
        }
    }
}

/// How an event is to be handled again.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EventReplay {
    /// By this plugin alone.
    pub(super) plugin: Option<PluginName>,
    /// On what the platform says now.
    pub(super) fresh: bool,
}

pub(super) async fn replay_event(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
    asked: Result<Json<Object<EventReplay>>, JsonRejection>,
) -> Result<Json<view::EventReplayed>, Refusal> {
    let id = event_id(&id)?;
    let help = "send JSON: `{}`, or with `plugin` (its name in the project's file) and `fresh` (true reads the task anew)";
    let Json(Object(asked)) = asked.map_err(|rejection| Refusal::of_body(&rejection, help))?;
    let (event, _) = admin.store.event(id).await?.ok_or_else(no_event)?;
    let gone =
        || Refusal::new(StatusCode::NOT_FOUND, format!("project `{}` has no file at the moment", event.project), "see `/v1/projects`");
    let project = admin.registry.project(event.project.as_str()).ok_or_else(gone)?;
    let plugins = match asked.plugin {
        None => project.listeners(&event.kind, event.emitted_by.as_ref()),
        Some(plugin) if project.plugin(&plugin).is_some() => vec![plugin],
        Some(plugin) => {
            let why = format!("project `{}` has no plugin `{plugin}`", event.project);
            return Err(Refusal::new(StatusCode::NOT_FOUND, why, "`/v1/projects` lists the plugins of each"));
        }
    };
    match admin.store.replay_event(id, &plugins, asked.fresh).await? {
        ReplayedEvent::Waits(invocations) => Ok(Json(view::EventReplayed { invocations })),
        ReplayedEvent::SetAside => {
            let help = "only events that were accepted have plugins that handle them; `standing` says what this one is";
            Err(Refusal::new(StatusCode::CONFLICT, "the event was set aside", help))
        }
        ReplayedEvent::LetGo => {
            let help =
                "`keep.details_days` says for how long they are kept; where the platform can, let it post the event again as a re-run";
            Err(Refusal::new(StatusCode::CONFLICT, "what was kept of the event was let go", help))
        }
    }
}

pub(super) async fn quarantine(State(admin): State<Arc<Admin>>) -> Result<Json<view::QuarantineView>, Refusal> {
    Ok(Json(view::QuarantineView { quarantine: admin.store.quarantined().await? }))
}

pub(super) async fn release(
    State(admin): State<Arc<Admin>>,
    Path((project, plugin)): Path<(String, String)>,
) -> Result<Json<view::Released>, Refusal> {
    let missing = || Refusal::new(StatusCode::NOT_FOUND, "that plugin is not held", "`/v1/quarantine` lists those that are");
    let scope = Scope { project: project.parse().map_err(|_| missing())?, plugin: plugin.parse().map_err(|_| missing())? };
    if !admin.store.release(&scope).await? {
        return Err(missing());
    }
    info!(project = %scope.project, plugin = %scope.plugin, "Released `{scope}` by the operator's wish");
    Ok(Json(view::Released { released: scope.to_string() }))
}

pub(super) async fn forget_worker(
    State(admin): State<Arc<Admin>>,
    Path(project): Path<String>,
    asked: Result<Json<Object<view::ForgetWorker>>, JsonRejection>,
) -> Result<Json<view::WorkerForgotten>, Refusal> {
    let help = "send JSON with `worker`, and with the `next` that the step before answered as `after`";
    let Json(Object(asked)) = asked.map_err(|rejection| Refusal::of_body(&rejection, help))?;
    if asked.worker.is_empty() {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "`worker` is empty", help));
    }
    let missing = || Refusal::new(StatusCode::NOT_FOUND, "there is no project of that name", "`/v1/projects` lists them");
    let project: ProjectName = project.parse().map_err(|_| missing())?;
    // One alias for all steps, also of a walk that was broken off and is begun again.
    let mark = format!("forget.{}", Digest::of(asked.worker.as_bytes()).short());
    let alias = match (admin.store.mark(&project, &mark).await?, &asked.after) {
        (Some(alias), _) => alias,
        (None, None) => format!("forgotten-{}", Digest::of(EventId::new().as_bytes()).short()),
        (None, Some(_)) => return Err(Refusal::new(StatusCode::CONFLICT, "no such walk is under way", "begin without `after`")),
    };
    let config = admin.registry.project(project.as_str());
    let member = config.and_then(|project| project.config.platform.generic.as_ref()?.answer.worker.as_ref()?.steps().last());
    let forgotten = Forgotten { worker: asked.worker, alias, member };
    let step = admin.store.forget_worker(&project, &forgotten, asked.after.as_deref(), FORGOTTEN_AT_ONCE).await?;
    if asked.after.is_none() && step.next.is_none() {
        return Err(missing());
    }
    let kept = step.next.as_ref().map(|_| forgotten.alias.as_str());
    admin.store.set_mark(&project, &mark, kept).await?;
    Ok(Json(view::WorkerForgotten { alias: forgotten.alias, changed: step.changed, next: step.next }))
}
