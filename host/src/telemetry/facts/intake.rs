//! What comes in, by hooks or by looking.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tracing::{debug, info};

use super::observe;
use crate::event::{EventKind, PlatformKind};
use crate::id::{EventId, ProjectName};
use crate::telemetry::labels::OfEvent;
use crate::telemetry::metrics::Metrics;

impl Metrics {
    /// Tells of all reasons for refusals from the start, not only of those that came up.
    pub fn refusals_are(&self, reasons: impl IntoIterator<Item = &'static str>) {
        for reason in reasons {
            self.all().intake.refused_for(reason);
        }
    }

    /// A request was answered with 200 after its events were on disk.
    pub fn request_stored(&self, took: Duration) {
        let intake = &self.all().intake;
        intake.stored.inc();
        observe(&intake.stored_duration, took);
    }

    /// Somebody asked whether a hook is there, and it is.
    pub fn hook_shown(&self) {
        self.all().intake.present.inc();
    }

    /// A request was refused. Neither the body nor the address is logged: a token may stand in both.
    pub fn request_refused(&self, reason: &'static str, project: Option<&ProjectName>) {
        self.all().intake.refused_for(reason).inc();
        debug!(target: "crowdhook::receive", project = project.map(ProjectName::as_str), reason, "Refused a request: {reason}");
    }

    /// It took so long to refuse a request to a hook.
    pub fn refusal_took(&self, took: Duration) {
        observe(&self.all().intake.refused_duration, took);
    }

    /// The events of one request are on disk.
    pub fn events_kept(&self, took: Duration) {
        observe(&self.all().intake.accept_duration, took);
    }

    /// An event came in, and `outcome` became of it.
    pub fn event_came(&self, (project, platform): (&ProjectName, PlatformKind), kind: &EventKind, outcome: &'static str, id: EventId) {
        self.all().intake.events.with(&OfEvent::new(project, platform, kind, outcome), Counter::inc);
        debug!(
            target: "crowdhook::receive", project = %project, event.id = %id, event.kind = %kind, outcome,
            "Event `{id}` of `{project}` came in: {outcome}"
        );
    }

    /// So many connections may be open.
    pub fn connections_may_be(&self, max: usize) {
        self.all().intake.connections_max.set(i64::try_from(max).unwrap_or(i64::MAX));
    }

    /// A connection has its place; it was `crowded` when all places were taken before.
    pub fn connection_opened(&self, was_crowded: bool) {
        let intake = &self.all().intake;
        intake.connections.inc();
        intake.connections_opened.inc();
        if was_crowded {
            intake.connections_crowded.inc();
        }
    }

    /// A connection has given up its place.
    pub fn connection_closed(&self) {
        self.all().intake.connections.dec();
    }

    /// The system could give no connection.
    pub fn connection_failed(&self) {
        self.all().intake.connections_failed.inc();
    }

    /// Completed tasks were found that the hook of their project had not brought.
    pub fn tasks_missed(&self, project: &ProjectName, made: usize) {
        self.all().others.tasks_missed.inc_by(u64::try_from(made).unwrap_or(u64::MAX));
        info!(
            target: "crowdhook::reconcile", project = %project, made,
            "Found {made} completed tasks of project `{project}` that its hook did not bring"
        );
    }
}
