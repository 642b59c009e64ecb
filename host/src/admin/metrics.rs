//! The page of metrics: what was counted, and what a look at the store and at what is in use tells.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::Admin;
use super::answer::Refusal;
use super::hosts::differences;
use crate::clock::{Timestamp, between};
use crate::connection::breaker;
use crate::id::Scope;
use crate::plugin::registry::{Catalogue, LoadStatus, Project};
use crate::receive::Tls;
use crate::store::peers::Peer;
use crate::store::{Backlog, StoreError};
use crate::telemetry::metrics::{CONTENT_TYPE, Hosts, Names, Present, Stored, Waiting};

/// `GET /metrics`.
pub(super) async fn page(State(admin): State<Arc<Admin>>) -> Result<impl IntoResponse, Refusal> {
    let catalogue = admin.registry.now();
    let refused = |files: &[LoadStatus]| files.iter().filter(|file| file.last_error.is_some()).count();
    let present = Present {
        names: names(&catalogue),
        components: catalogue.components.len(),
        projects: catalogue.projects.len(),
        degraded: catalogue.projects.values().filter(|project| project.is_degraded()).count(),
        components_refused: refused(&catalogue.status.components),
        projects_refused: refused(&catalogue.status.projects),
        started_at: admin.started_at,
        breakers: super::connections::states(&admin)
            .into_iter()
            .map(|(project, connection, state)| (project, connection, level(state)))
            .collect(),
        certificate_ends_at: admin.tls.as_ref().and_then(Tls::ends_at),
        // That it does not answer is on the page.
        stored: stored(&admin).await.ok(),
    };
    let page = admin.metrics.page(&present).map_err(|error| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the metrics cannot be written: {error}"), "this is a fault of Crowdhook")
    })?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], page))
}

/// How a breaker stands, as a number that grows with the trouble.
fn level(state: breaker::State) -> i64 {
    match state {
        breaker::State::Closed => 0,
        breaker::State::HalfOpen => 1,
        breaker::State::Open => 2,
    }
}

/// What the store says of itself.
async fn stored(admin: &Admin) -> Result<Stored, StoreError> {
    let (vitals, totals) = (admin.store.vitals().await?, admin.store.totals().await?);
    let now = admin.clock.now();
    Ok(Stored {
        invocations: waiting(vitals.invocations, now),
        deliveries: waiting(vitals.deliveries, now),
        waiting_max: vitals.waiting_max,
        dead_invocations: totals.dead,
        dead_deliveries: totals.deliveries_dead,
        quarantined: admin.store.quarantined().await?.into_iter().map(|held| held.scope).collect(),
        database_bytes: vitals.database_bytes,
        log_bytes: vitals.log_bytes,
        free_bytes: vitals.free_bytes,
        hosts: hosts(&admin.store.browse().peers().await?),
    })
}

/// Who shares the store; where it is this host's alone, that is itself.
fn hosts(peers: &[Peer]) -> Hosts {
    let gone = peers.iter().filter(|peer| !peer.is_at_work).count();
    Hosts { at_work: peers.len().max(1) - gone, gone, differences: differences(peers).len() }
}

fn waiting(backlog: Backlog, now: Timestamp) -> Waiting {
    let Backlog { queued, later, leased, oldest } = backlog;
    Waiting { queued, later, leased, oldest: oldest.map(|since| between(since, now)).unwrap_or_default() }
}

/// The names that may stand in labels now.
fn names(catalogue: &Catalogue) -> Names {
    let scope =
        |project: &Project, plugin: &crate::config::Plugin| Scope { project: project.config.name.clone(), plugin: plugin.name.clone() };
    let projects = || catalogue.projects.values();
    Names {
        projects: catalogue.projects.keys().cloned().collect(),
        plugins: projects().flat_map(|project| project.plugins.iter().map(|bound| scope(project, &bound.config))).collect(),
        connections: projects()
            .flat_map(|project| connections(project).into_iter().map(|connection| (project.config.name.clone(), connection)))
            .collect(),
    }
}

/// The ways on which deliveries of a project may leave.
fn connections(project: &Project) -> HashSet<String> {
    let config = &project.config;
    let named = config.connections.iter().map(|connection| connection.name.clone());
    let folders = config.folders.iter().map(|folder| format!("folder:{}", folder.name));
    let others = config.plugins.iter().flat_map(|plugin| plugin.projects.iter().map(|other| format!("project:{other}")));
    let always = ["platform", "email"].into_iter().map(str::to_owned);
    named.chain(folders).chain(others).chain(always).collect()
}
