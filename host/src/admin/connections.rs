//! How the connections of projects are: whether calls leave, and whether the last attempt to deliver got through.

use super::Admin;
use crate::connection::breaker::State;
use crate::id::ProjectName;
use crate::store::StoreError;
use crate::store::browse::{DeliveryState, Place, WantedDeliveries};
use crate::telemetry::metrics::Failing;

/// The connection to a project's own platform.
const PLATFORM: &str = "platform";
/// Connections in trouble that are told of at a time.
const TROUBLED_MAX: usize = 20;

/// A connection in trouble.
pub(super) struct Troubled {
    pub(super) project: ProjectName,
    pub(super) connection: String,
    pub(super) state: State,
    /// What the last attempts to deliver met; none where nothing that failed waits.
    pub(super) failing: Option<Failing>,
}

/// How calls through each connection that is in use go now: to the platforms, and to what projects name.
pub(super) fn states(admin: &Admin) -> Vec<(ProjectName, String, State)> {
    let catalogue = admin.registry.now();
    let of_project = |project: &crate::plugin::registry::Project| {
        let name = &project.config.name;
        let named = project.config.connections.iter();
        let named = named.map(|connection| (name.clone(), connection.name.clone(), admin.services.state(name, connection)));
        [(name.clone(), PLATFORM.to_owned(), project.platform.state())].into_iter().chain(named).collect::<Vec<_>>()
    };
    catalogue.projects.values().flat_map(|project| of_project(project)).collect()
}

/// The connections that are down, and those through which something waits for another attempt.
pub(super) async fn troubled(admin: &Admin) -> Result<Vec<Troubled>, StoreError> {
    let mut failing = admin.metrics.failing();
    let states = states(admin);
    let mut troubled = Vec::new();
    for (project, connection, state) in states {
        let failing = failing.remove(&(project.clone(), connection.clone()));
        if state != State::Closed || failing.is_some() {
            troubled.push(Troubled { project, connection, state, failing });
        }
    }
    // Folders and other projects, which have no breaker.
    let in_use = |project: &ProjectName| admin.registry.project(project.as_str()).is_some();
    let others = failing.into_iter().filter(|((project, _), _)| in_use(project));
    troubled.extend(others.map(|((project, connection), of)| Troubled { project, connection, state: State::Closed, failing: Some(of) }));
    troubled.truncate(TROUBLED_MAX);
    for one in troubled.iter_mut().filter(|one| one.failing.is_some()) {
        if !something_waits(admin, one).await? {
            one.failing = None;
        }
    }
    troubled.retain(|one| one.state != State::Closed || one.failing.is_some());
    Ok(troubled)
}

/// Whether what failed was not given up meanwhile.
async fn something_waits(admin: &Admin, one: &Troubled) -> Result<bool, StoreError> {
    let wanted = WantedDeliveries {
        project: Some(one.project.clone()),
        connection: Some(one.connection.clone()),
        state: Some(DeliveryState::Waiting),
        ..WantedDeliveries::default()
    };
    let page = admin.store.browse().deliveries(&wanted, Place { before: None, limit: 1 }).await?;
    // Not found yet, and there is more to look at: it is told, rather than left out.
    Ok(!page.rows.is_empty() || page.next.is_some())
}
