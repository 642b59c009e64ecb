//! Listings as JSON.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::Admin;
use super::answer::Refusal;
use super::query::listing;
use super::view::TaskView;
use crate::id::{DeliveryId, ProjectName};
use crate::store::browse::{ListedDelivery, ListedEvent, ListedInvocation, Page, Place, WantedDeliveries, WantedEvents, WantedInvocations};
use crate::store::figures::{ListedAnalysis, ProjectFigures, WantedAnalyses};
use crate::telemetry::tail::{self, Lines};

/// Workers who are listed by how much they answered.
pub(super) const BUSIEST: u32 = 50;

pub(super) const EVENT_FILTERS: &str = "filters are `project`, `kind`, `standing`, `task`, `text` (in the payload), `since` and `until` \
    (RFC 3339, a date, or a span like `2h`); `limit` and `before` say which page";
pub(super) const INVOCATION_FILTERS: &str = "filters are `event`, `project`, `plugin`, `state` (`waiting`, `parked`, `done`, `dead`, \
    `dropped`), `task`, `text` (in the reason), `since` and `until` (RFC 3339, a date, or a span like `2h`); `limit` and `before` say which page";
pub(super) const DELIVERY_FILTERS: &str = "filters are `project`, `plugin`, `connection`, `state` (`waiting`, `delivered`, `dead`, \
    `superseded`), `task`, `text` (in the receipt or reason), `id`, `since` and `until` (RFC 3339, a date, or a span like `2h`); \
    `limit` and `before` say which page";
pub(super) const ANALYSIS_FILTERS: &str =
    "filters are `decided` (`true` or `false`), `agreement_max` (a share) and `task`; `limit` and `before` say which page";

type Answer<T> = Result<Json<T>, Refusal>;

pub(super) async fn events(State(admin): State<Arc<Admin>>, RawQuery(query): RawQuery) -> Answer<Page<ListedEvent>> {
    let (wanted, place) = listing::<WantedEvents>(query.as_deref(), admin.clock.now(), EVENT_FILTERS)?;
    Ok(Json(admin.store.browse().events(&wanted, place).await?))
}

pub(super) async fn invocations(State(admin): State<Arc<Admin>>, RawQuery(query): RawQuery) -> Answer<Page<ListedInvocation>> {
    let (wanted, place) = listing::<WantedInvocations>(query.as_deref(), admin.clock.now(), INVOCATION_FILTERS)?;
    Ok(Json(admin.store.browse().invocations(&wanted, place).await?))
}

pub(super) async fn deliveries(State(admin): State<Arc<Admin>>, RawQuery(query): RawQuery) -> Answer<Page<ListedDelivery>> {
    let (wanted, place) = listing::<WantedDeliveries>(query.as_deref(), admin.clock.now(), DELIVERY_FILTERS)?;
    Ok(Json(admin.store.browse().deliveries(&wanted, place).await?))
}

pub(super) async fn delivery(State(admin): State<Arc<Admin>>, Path(id): Path<String>) -> Answer<ListedDelivery> {
    find_delivery(&admin, &id).await.map(Json)
}

/// One delivery with what leaves.
pub(super) async fn find_delivery(admin: &Admin, id: &str) -> Result<ListedDelivery, Refusal> {
    let missing = || Refusal::new(StatusCode::NOT_FOUND, "there is no such delivery", "`/v1/deliveries` lists them");
    let id: DeliveryId = id.parse().map_err(|_| missing())?;
    let wanted = WantedDeliveries { id: Some(id), ..WantedDeliveries::default() };
    let page = admin.store.browse().deliveries(&wanted, Place { before: None, limit: 1 }).await?;
    page.rows.into_iter().next().ok_or_else(missing)
}

pub(super) async fn analyses(
    State(admin): State<Arc<Admin>>,
    Path(project): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Page<ListedAnalysis>> {
    let project = project_name(&project)?;
    let (wanted, place) = listing::<WantedAnalyses>(query.as_deref(), admin.clock.now(), ANALYSIS_FILTERS)?;
    Ok(Json(admin.store.browse().analyses(&project, &wanted, place).await?))
}

pub(super) async fn figures(State(admin): State<Arc<Admin>>, Path(project): Path<String>) -> Answer<ProjectFigures> {
    Ok(Json(admin.store.browse().figures(&project_name(&project)?, BUSIEST).await?))
}

pub(super) async fn task(State(admin): State<Arc<Admin>>, Path((project, task)): Path<(String, String)>) -> Answer<TaskView> {
    find_task(&admin, &project, &task).await.map(Json)
}

/// All that is known of one task.
pub(super) async fn find_task(admin: &Admin, project: &str, task: &str) -> Result<TaskView, Refusal> {
    let project = project_name(project)?;
    let found = super::view::task(admin.store.as_ref(), &project, task).await?;
    found.ok_or_else(|| {
        let help = "a task is known once an event about it came in";
        Refusal::new(StatusCode::NOT_FOUND, format!("nothing is known of task `{task}` of project `{project}`"), help)
    })
}

/// `?after=N&wait_s=N`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Following {
    after: Option<u64>,
    wait_s: Option<u64>,
}

/// An answer comes by then, whether there is a line or not.
const TAIL_WAIT_MAX_S: u64 = 20;

pub(super) async fn tail(query: Result<Query<Following>, QueryRejection>) -> Answer<Lines> {
    let help = "`after` is the number of a line, `next` of the answer before; `wait_s` says for how long to wait for one, 20 at most";
    let refused = |why: &str| Refusal::new(StatusCode::BAD_REQUEST, why, help);
    let Query(following) = query.map_err(|_| refused("the query makes no sense"))?;
    let wait_s = following.wait_s.unwrap_or(TAIL_WAIT_MAX_S);
    if wait_s > TAIL_WAIT_MAX_S {
        return Err(refused("`wait_s` is too long"));
    }
    Ok(Json(tail::follow(following.after, Duration::from_secs(wait_s)).await))
}

/// A name of a project, whether it has a file at the moment or not.
pub(super) fn project_name(text: &str) -> Result<ProjectName, Refusal> {
    text.parse().map_err(|_| Refusal::new(StatusCode::NOT_FOUND, "there is no project of that name", "`/v1/projects` lists them"))
}
