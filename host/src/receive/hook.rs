//! One request to a hook, from its head to its answer: admitted, read, verified, normalised, stored.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::response::Response;
use http::Method;
use percent_encoding::percent_decode_str;
use tracing::warn;

use super::answer::{Answer, Refused};
use super::body::Held;
use super::{Intake, STORE_WAIT_MAX};
use crate::event::{EventKind, Normalised, Standing};
use crate::id::EventId;
use crate::normalise;
use crate::plugin::registry::Project;
use crate::store::{Accepted, StoreError};
use crate::telemetry::spans::Link;
use crate::verify::{self, Unverified};

/// Verified, but not to be parsed.
const UNREADABLE: &str = "unreadable";

/// Takes one request.
pub(super) async fn take(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let began = Instant::now();
    let (name, token) = address(request.uri().path());
    let project = name.and_then(|name| intake.registry.project(name));
    // The token borrows from the request, which is taken apart below.
    let admitted = verify::caller(project.as_deref().map(|project| &project.config.hook), token.as_deref(), request.headers());
    match intake.handle(project.as_deref(), admitted, (request, began)).await {
        Ok(answer) => {
            match answer {
                Answer::Stored(_) => intake.metrics.request_stored(began.elapsed()),
                _ => intake.metrics.hook_shown(),
            }
            answer.response()
        }
        Err(refused) => {
            intake.metrics.refusal_took(began.elapsed());
            intake.refuse(refused, project.as_deref())
        }
    }
}

/// The project's name and the token in `/hooks/<project>/<token>`.
fn address(path: &str) -> (Option<&str>, Option<Cow<'_, str>>) {
    let Some(rest) = path.strip_prefix("/hooks/") else { return (None, None) };
    match rest.split_once('/') {
        Some((name, token)) => (Some(name), Some(percent_decode_str(token).decode_utf8_lossy())),
        None => (Some(rest), None),
    }
}

/// What became of an event that the store took, in the words of the metrics.
fn came_to(standing: Standing, accepted: Accepted) -> (&'static str, EventId) {
    match (accepted, standing) {
        (Accepted::Repeat(id), _) => ("repeated", id),
        (Accepted::Rerun(id), _) => ("rerun", id),
        (Accepted::FoldedIn(id), _) => ("folded", id),
        (Accepted::Superseded(id), _) | (Accepted::New(id), Standing::Superseded) => ("superseded", id),
        (Accepted::New(id), Standing::Ignored) => ("ignored", id),
        (Accepted::New(id), Standing::Unreadable) => (UNREADABLE, id),
        (Accepted::New(id), Standing::Accepted | Standing::Unconfirmed) => ("accepted", id),
    }
}

impl Intake {
    async fn handle(
        &self,
        project: Option<&Project>,
        admitted: Result<verify::Admitted, verify::Refusal>,
        (request, began): (Request, Instant),
    ) -> Result<Answer, Refused> {
        let asks = [Method::GET, Method::HEAD].contains(request.method());
        if !asks && request.method() != Method::POST {
            return Err(Refused::Method);
        }
        let admitted = admitted?;
        let project = project.ok_or(Refused::NoSuchHook)?;
        if asks {
            return Ok(Answer::Present);
        }
        if self.is_draining() {
            return Err(Refused::Draining);
        }
        let (head, body) = request.into_parts();
        let link = self.metrics.tells_spans().then(|| Link::of(head.headers.get("traceparent")?.to_str().ok()?)).flatten();
        // Until the answer, by when nothing of it is held any more.
        let Held { bytes: body, taken: _taken } = self.bodies.read(body, &head.headers).await?;
        let query = head.uri.query().map(str::to_owned);
        let request = Unverified { query, headers: head.headers, body, received_at: self.inbox.wall() };
        let verified = verify::request(&project.config, admitted, request)?;
        let events = normalise::normalise(&project.config, verified)?;
        self.store(project, events, (began, link)).await?;
        Ok(Answer::Stored(project.config.platform.kind))
    }

    /// Everything is on disk when this returns `Ok`.
    async fn store(&self, project: &Project, events: Vec<Normalised>, (came, link): (Instant, Option<Link>)) -> Result<(), Refused> {
        let standings: Vec<_> = events.iter().map(|event| (event.standing, event.kind.clone())).collect();
        let began = Instant::now();
        let waited = tokio::time::timeout(STORE_WAIT_MAX, self.inbox.accept(project, events)).await;
        let accepted = waited.unwrap_or_else(|_| Err(StoreError::Failed(format!("no answer in {STORE_WAIT_MAX:?}"))));
        let accepted = accepted.map_err(|error| {
            let name = &project.config.name;
            self.throttles.failures.log(|left_out| {
                warn!(project = %name, error = %error, left_out, "Could not store an event of `{name}`: {error}");
            });
            Refused::from(&error)
        })?;
        self.metrics.events_kept(began.elapsed());
        for ((standing, kind), accepted) in standings.into_iter().zip(accepted) {
            self.note(project, (standing, &kind), accepted);
            if let Accepted::New(id) = accepted
                && self.metrics.tells_spans()
            {
                let of_event = [("crowdhook.project", project.config.name.to_string()), ("crowdhook.event.kind", kind.to_string())];
                self.metrics.event_received(id, came.elapsed(), link, of_event.to_vec());
            }
        }
        Ok(())
    }

    /// Counts and logs one event that was stored.
    fn note(&self, project: &Project, (standing, kind): (Standing, &EventKind), accepted: Accepted) {
        let (name, platform) = (&project.config.name, project.config.platform.kind);
        let (outcome, id) = came_to(standing, accepted);
        self.metrics.event_came((name, platform), kind, outcome, id);
        if outcome == UNREADABLE {
            self.throttles.alarms.log(|left_out| {
                warn!(project = %name, event.id = %id, left_out, "Event `{id}` of `{name}` could not be parsed and is kept as it came");
            });
        }
    }

    /// Counts and logs a refusal, and answers it.
    pub(super) fn refuse(&self, refused: Refused, project: Option<&Project>) -> Response {
        self.metrics.request_refused(refused.name(), project.map(|project| &project.config.name));
        Answer::Refused(refused).response_about(project.map(|project| &project.config.hook))
    }
}
