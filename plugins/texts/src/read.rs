//! Reads, from the host, what texts ask for.

use crowdhook_plugin::{OrReject, Result, crowd};

use crate::context::{Event, Facts, Project, Task, Uses};
use crate::scope;

impl Facts {
    /// All that texts may ask about an event; the platform is asked only for what `uses` says.
    ///
    /// # Errors
    ///
    /// What the host answers, passed on; a reject when the payload of a `task.analysed` is no JSON.
    pub fn read(event: &crowdhook_plugin::Event, uses: Uses) -> Result<Self> {
        let is_analysis = event.kind == scope::ANALYSED;
        let analysis = is_analysis.then(|| event.payload.read()).transpose().or_reject("the analysis is no JSON")?;
        let project = uses.project.then(crowd::get_project).transpose()?.map(Project::from);
        let task = uses.task.then(crowd::event_task).transpose()?.map(Task::from);
        Ok(Self { event: event.into(), project, task, analysis })
    }
}

impl From<&crowdhook_plugin::Event> for Event {
    fn from(event: &crowdhook_plugin::Event) -> Self {
        Self {
            id: event.id.clone(),
            kind: event.kind.clone(),
            project: event.project.clone(),
            platform: event.platform.clone(),
            task_id: event.task_id.clone(),
            occurred_at: event.occurred_at.clone(),
            attempt: event.attempt,
            origin: event.origin.as_str().to_owned(),
            rerun: event.rerun,
            emitted_by: event.emitted_by.clone(),
        }
    }
}

impl From<crowd::ProjectInfo> for Project {
    fn from(project: crowd::ProjectInfo) -> Self {
        Self { title: project.title, url: project.url, platform_id: project.platform_id }
    }
}

impl From<crowd::Task> for Task {
    fn from(task: crowd::Task) -> Self {
        Self {
            info: task.info.value(),
            redundancy: task.redundancy,
            completed: task.completed,
            gold: task.gold,
            gold_answer: task.gold_answer.and_then(|answer| answer.read().ok()),
        }
    }
}
