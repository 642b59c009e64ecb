//! `tasks`: giving the crowd more to do.

use super::super::bindings::crowdhook::plugin::tasks::{Host, NewTask};
use super::super::guest::{Guest, Handling};
use super::effects::check_id;
use super::{Failure, check_json, check_object};
use crate::effect::{self, Effect};
use crate::id::ProjectName;

const INFO_BYTES_MAX: usize = 256 << 10;
const EXTRA_BYTES_MAX: usize = 64 << 10;
/// Answers to one task.
const REDUNDANCY_MAX: u32 = 1000;

impl Host for Guest {
    fn create(&mut self, task: NewTask, once: Option<String>) -> Result<(), Failure> {
        let project = task.project.map(|name| name.parse::<ProjectName>()).transpose();
        let project = project.map_err(|error| Failure::Invalid(format!("`project`: {error}")))?;
        // Its own project under its own name is no other project.
        let own = self.handling()?.event.project.clone();
        let project = project.filter(|project| *project != own);
        let new = effect::NewTask { info: task.info, redundancy: task.redundancy, priority: task.priority, extra: task.extra };
        let checked = check_task(&new);
        let bytes = new.info.len() + new.extra.len();
        let wanted = project.clone();
        self.ask_for(bytes, once, Effect::CreateTask { project, task: new }, |handling| {
            checked.and_then(|()| handling.may_reach(wanted.as_ref()))
        })
    }

    fn raise_redundancy(&mut self, task_id: String, redundancy: u32) -> Result<(), Failure> {
        let checked = check_id("task-id", &task_id).and_then(|()| check_redundancy(Some(redundancy)));
        self.ask_for(task_id.len(), None, Effect::RaiseRedundancy { task: task_id, redundancy }, |_| checked)
    }
}

impl Handling {
    /// Whether the project's file names the other project.
    fn may_reach(&self, project: Option<&ProjectName>) -> Result<(), Failure> {
        match project {
            Some(project) if !self.plugin.projects.contains(project) => Err(Failure::NotGranted(format!(
                "plugin `{name}` may not create tasks in project `{project}`: add `projects = [\"{project}\"]` below `[plugins.{name}]` in \
                 the project's file",
                name = self.plugin.name
            ))),
            _ => Ok(()),
        }
    }
}

fn check_task(task: &effect::NewTask) -> Result<(), Failure> {
    check_json("`info`", &task.info, INFO_BYTES_MAX)?;
    check_object("`extra`", &task.extra, EXTRA_BYTES_MAX)?;
    check_redundancy(task.redundancy)?;
    match task.priority {
        Some(priority) if !(0.0..=1.0).contains(&priority) => {
            Err(Failure::Invalid(format!("`priority` is {priority}, and lies between 0 and 1")))
        }
        _ => Ok(()),
    }
}

fn check_redundancy(redundancy: Option<u32>) -> Result<(), Failure> {
    match redundancy {
        Some(redundancy) if !(1..=REDUNDANCY_MAX).contains(&redundancy) => {
            Err(Failure::Invalid(format!("`redundancy` is {redundancy}, and lies between 1 and {REDUNDANCY_MAX}")))
        }
        _ => Ok(()),
    }
}
