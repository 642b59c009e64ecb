//! Reads, from the host, what texts ask for.

use crowdhook_plugin::bindings::crowdhook::plugin::crowd;
use crowdhook_plugin::bindings::{Event as Happened, Failure};

use crate::context::{Event, Facts, Project, Task, Uses};
use crate::scope;

/// All that texts may ask about an event; the platform is asked only for what `uses` says.
///
/// # Errors
///
/// What the host answers, passed on; `reject` when the payload of a `task.analysed` is no JSON.
pub fn facts(event: &Happened, uses: Uses) -> Result<Facts, Failure> {
    let analysis = if event.kind == scope::ANALYSED {
        Some(serde_json::from_str(&event.payload).map_err(|error| Failure::Reject(format!("the analysis is no JSON: {error}")))?)
    } else {
        None
    };
    let project = if uses.project { Some(project(crowd::get_project()?)) } else { None };
    let task = if uses.task { Some(task(crowd::event_task()?)) } else { None };
    Ok(Facts { event: self::event(event), project, task, analysis })
}

/// What is known of an event without asking anybody.
#[must_use]
pub fn event(event: &Happened) -> Event {
    Event {
        id: event.id.clone(),
        kind: event.kind.clone(),
        project: event.project.clone(),
        platform: event.platform.clone(),
        task_id: event.task_id.clone(),
        occurred_at: event.occurred_at.clone(),
        attempt: event.attempt,
        origin: event.origin.clone(),
        rerun: event.rerun,
        emitted_by: event.emitted_by.clone(),
    }
}

fn project(project: crowd::ProjectInfo) -> Project {
    Project { title: project.title, url: project.url, platform_id: project.platform_id }
}

fn task(task: crowd::Task) -> Task {
    Task {
        // The host vouches for JSON.
        info: serde_json::from_str(&task.info).unwrap_or_default(),
        redundancy: task.redundancy,
        completed: task.completed,
        gold: task.gold,
        gold_answer: task.gold_answer.and_then(|answer| serde_json::from_str(&answer).ok()),
    }
}
