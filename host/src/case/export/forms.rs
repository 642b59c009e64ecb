//! The forms of a case's files, made of what a host has.

use std::time::Duration;

use super::super::form::{AnswerForm, EventForm, GrantsForm, LimitsForm, PlatformForm, ProjectForm, RecipientForm, TaskForm, json};
use crate::config::{self, GuestLimits};
use crate::event::Event;
use crate::platform::{Answer, ProjectInfo, Task};

impl EventForm {
    pub(super) fn of(event: &Event) -> Self {
        Self {
            kind: event.kind.clone(),
            task: event.task.clone(),
            project: event.project.clone(),
            platform: event.platform,
            plugin: None,
            id: event.id,
            occurred_at: event.occurred_at,
            now: None,
            seed: 0,
            attempt: 1,
            origin: event.origin,
            rerun: false,
            emitted_by: event.emitted_by.clone(),
            depth: event.depth,
            payload: json(&event.payload),
        }
    }
}

impl TaskForm {
    pub(super) fn of(task: &Task) -> Self {
        Self {
            id: Some(task.id.clone()),
            redundancy: Some(task.redundancy),
            completed: task.completed,
            gold: task.gold,
            gold_answer: task.gold_answer.as_deref().map(json),
            info: json(&task.info),
            extra: json(&task.extra),
        }
    }
}

impl AnswerForm {
    pub(super) fn of(answer: &Answer) -> Self {
        Self {
            id: Some(answer.id.clone()),
            worker: answer.worker.clone(),
            value: json(&answer.value),
            submitted_at: answer.submitted_at,
            trust: answer.trust,
            set_aside: answer.set_aside,
            extra: json(&answer.extra),
        }
    }
}

impl ProjectForm {
    pub(super) fn of(project: &ProjectInfo) -> Self {
        Self { id: project.id.clone(), title: project.title.clone(), url: project.url.clone(), extra: json(&project.extra) }
    }
}

impl GrantsForm {
    pub(super) fn of(plugin: &config::Plugin) -> Self {
        Self {
            allow: plugin.allow.clone(),
            connections: plugin.connections.clone(),
            folders: plugin.folders.clone(),
            projects: plugin.projects.clone(),
            recipients: plugin.recipients.as_ref().map(|recipients| recipients.iter().cloned().map(RecipientForm).collect()),
            limits: LimitsForm::of(plugin.limits),
        }
    }
}

impl LimitsForm {
    /// Says those that are not a host's own.
    fn of(limits: GuestLimits) -> Self {
        let usual = GuestLimits::default();
        let millis = |limit: Duration, usual: Duration| (limit != usual).then(|| u32::try_from(limit.as_millis()).unwrap_or(u32::MAX));
        let small = |limit: usize, usual: usize, shift: u32| (limit != usual).then(|| u16::try_from(limit >> shift).unwrap_or(u16::MAX));
        Self {
            cpu_ms: millis(limits.cpu, usual.cpu),
            wall_ms: millis(limits.wall, usual.wall),
            memory_mib: small(limits.memory_bytes, usual.memory_bytes, 20),
            effects_max: small(limits.effects, usual.effects, 0),
            effects_kib_max: small(limits.effects_bytes, usual.effects_bytes, 10),
            log_lines_max: (limits.log_lines != usual.log_lines).then(|| u32::try_from(limits.log_lines).unwrap_or(u32::MAX)),
            log_kib_max: small(limits.log_bytes, usual.log_bytes, 10),
        }
    }
}

impl PlatformForm {
    pub(super) fn is_empty(&self) -> bool {
        self.project.is_none() && self.workers.is_empty() && self.tasks.is_empty() && self.answers.is_empty() && self.results.is_empty()
    }
}
