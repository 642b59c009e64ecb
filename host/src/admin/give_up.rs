//! Giving up what waits, by the operator's wish: whatever a listing by the same filters shows, page by page.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use serde::Deserialize;
use tracing::info;

use super::answer::Refusal;
use super::query::{Object, listing};
use super::view::GaveUp;
use super::{Admin, browse};
use crate::store::browse::{DeliveryState, InvocationState, ListedInvocation, PAGE_ROWS_MAX, Place, WantedDeliveries, WantedInvocations};
use crate::store::{GivenUp, Unfinished};

/// What can be given up, in words of the listings.
const UNFINISHED: [InvocationState; 2] = [InvocationState::Waiting, InvocationState::Parked];

/// So many are given up in one commit.
const GIVEN_UP_AT_ONCE: usize = 500;

/// A query that says nothing but where to go on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFilter {}

pub(super) async fn invocations(
    State(admin): State<Arc<Admin>>,
    RawQuery(query): RawQuery,
    wanted: Result<Json<Object<WantedInvocations>>, JsonRejection>,
) -> Result<Json<GaveUp>, Refusal> {
    let help = format!("send JSON with any of these; `{{}}` gives up all that waits. {}", browse::INVOCATION_FILTERS);
    let Json(Object(wanted)) = wanted.map_err(|rejection| Refusal::of_body(&rejection, &help))?;
    step_of_invocations(&admin, &wanted, place(query.as_deref(), &admin)?).await.map(Json)
}

pub(super) async fn deliveries(
    State(admin): State<Arc<Admin>>,
    RawQuery(query): RawQuery,
    wanted: Result<Json<Object<WantedDeliveries>>, JsonRejection>,
) -> Result<Json<GaveUp>, Refusal> {
    let help = format!("send JSON with any of these; `{{}}` gives up all that waits. {}", browse::DELIVERY_FILTERS);
    let Json(Object(wanted)) = wanted.map_err(|rejection| Refusal::of_body(&rejection, &help))?;
    step_of_deliveries(&admin, &wanted, place(query.as_deref(), &admin)?).await.map(Json)
}

/// Gives up those of one page.
pub(super) async fn step_of_invocations(admin: &Admin, wanted: &WantedInvocations, place: Place) -> Result<GaveUp, Refusal> {
    let (rows, next) = unfinished_invocations(admin, wanted, place).await?;
    let unfinished = rows.into_iter().map(|found| Unfinished::Invocation { event: found.event, plugin: found.plugin }).collect();
    Ok(GaveUp { given_up: give_up(admin, unfinished).await?.invocations, next })
}

/// As [`step_of_invocations`].
pub(super) async fn step_of_deliveries(admin: &Admin, wanted: &WantedDeliveries, place: Place) -> Result<GaveUp, Refusal> {
    let page = admin.store.browse().deliveries(&unfinished_deliveries(wanted)?, place).await?;
    let unfinished = page.rows.iter().map(|found| Unfinished::Delivery(found.id)).collect();
    Ok(GaveUp { given_up: give_up(admin, unfinished).await?.deliveries, next: page.next })
}

/// A page of the invocations that can be given up, and where to go on.
pub(super) async fn unfinished_invocations(
    admin: &Admin,
    wanted: &WantedInvocations,
    place: Place,
) -> Result<(Vec<ListedInvocation>, Option<i64>), Refusal> {
    if wanted.state.is_some_and(|state| !UNFINISHED.contains(&state)) {
        return Err(refused("what is `waiting` or `parked`"));
    }
    let (mut rows, mut next) = (Vec::new(), None);
    for state in UNFINISHED.into_iter().filter(|state| wanted.state.is_none_or(|wanted| wanted == *state)) {
        let page = admin.store.browse().invocations(&WantedInvocations { state: Some(state), ..wanted.clone() }, place).await?;
        rows.extend(page.rows);
        // Where either one goes on: what the other one found below that is found again, unless it was given up.
        next = next.max(page.next);
    }
    Ok((rows, next))
}

/// The deliveries of these that can be given up.
pub(super) fn unfinished_deliveries(wanted: &WantedDeliveries) -> Result<WantedDeliveries, Refusal> {
    if wanted.state.is_some_and(|state| state != DeliveryState::Waiting) {
        return Err(refused("what is `waiting`"));
    }
    Ok(WantedDeliveries { state: Some(DeliveryState::Waiting), ..wanted.clone() })
}

fn refused(what: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "that has ended already", format!("only {what} can be given up: leave `state` out, or say so"))
}

fn place(query: Option<&str>, admin: &Admin) -> Result<Place, Refusal> {
    let help = "the query says at most `before`, as `next` of the step before said it, and `limit`; filters stand in the JSON";
    let (NoFilter {}, place) = listing(query, admin.clock.now(), help)?;
    let is_said = query.is_some_and(|query| query.contains("limit="));
    Ok(if is_said { place } else { Place { limit: PAGE_ROWS_MAX, ..place } })
}

async fn give_up(admin: &Admin, unfinished: Vec<Unfinished>) -> Result<GivenUp, Refusal> {
    let (mut invocations, mut deliveries) = (0, 0);
    // What was given up before a commit failed stays so; the same request goes on.
    for part in unfinished.chunks(GIVEN_UP_AT_ONCE) {
        let done = admin.store.give_up(part).await?;
        invocations += done.invocations;
        deliveries += done.deliveries;
    }
    if invocations + deliveries > 0 {
        info!(invocations, deliveries, "Gave up {invocations} invocations and {deliveries} deliveries by the operator's wish");
    }
    Ok(GivenUp { invocations, deliveries })
}
