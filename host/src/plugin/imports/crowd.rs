//! `crowd`: the event's task and its answers from the snapshot, anything else from the platform.

use super::super::bindings::crowdhook::plugin::crowd::{Answer, Host, ProjectInfo, Task, WorkerInfo};
use super::super::guest::{Guest, Handling};
use super::Failure;
use super::effects::check_id;
use crate::{clock, platform};

/// Answers that `event-answers` gives at a time; more are to be had from `list-answers`.
const ANSWERS_MAX: usize = 1000;
const ANSWERS_BYTES_MAX: usize = 8 << 20;
/// Answers that `list-answers` gives at a time.
const PAGE: usize = 100;

impl Host for Guest {
    async fn get_project(&mut self) -> Result<ProjectInfo, Failure> {
        let handling = self.handling()?;
        let project = handling.reads.project().await.map_err(|error| handling.platform_failure(error))?;
        handling.note("project", &project);
        Ok(ProjectInfo { title: project.title, url: project.url, platform_id: project.id, extra: project.extra })
    }

    async fn find_worker(&mut self, id: String) -> Result<Option<WorkerInfo>, Failure> {
        check_id("id", &id)?;
        let handling = self.handling()?;
        let worker = handling.reads.worker(&id).await.map_err(|error| handling.platform_failure(error))?;
        handling.note(&format!("worker/{id}"), &worker);
        Ok(worker.map(|worker| WorkerInfo { id: worker.id, name: worker.name }))
    }

    async fn event_task(&mut self) -> Result<Task, Failure> {
        Ok(task(self.handling()?.snapshot()?.task.clone()))
    }

    async fn event_answers(&mut self) -> Result<Vec<Answer>, Failure> {
        let snapshot = self.handling()?.snapshot()?;
        let bytes: usize = snapshot.answers.iter().map(|answer| answer.value.len() + answer.extra.len()).sum();
        if snapshot.answers.len() > ANSWERS_MAX || bytes > ANSWERS_BYTES_MAX {
            return Err(Failure::OverLimit(format!(
                "the task has {} answers of {bytes} bytes; `event-answers` gives at most {ANSWERS_MAX} of {ANSWERS_BYTES_MAX} bytes: use `list-answers`",
                snapshot.answers.len()
            )));
        }
        Ok(snapshot.answers.iter().cloned().map(answer).collect())
    }

    async fn find_task(&mut self, id: String) -> Result<Option<Task>, Failure> {
        let handling = self.handling()?;
        if let Some(snapshot) = handling.reads.snapshot().filter(|snapshot| snapshot.task.id == id) {
            return Ok(Some(task(snapshot.task.clone())));
        }
        check_id("id", &id)?;
        let found = handling.reads.task(&id).await.map_err(|error| handling.platform_failure(error))?;
        handling.note(&format!("task/{id}"), &found);
        Ok(found.map(task))
    }

    async fn list_answers(&mut self, task_id: String, after: Option<String>) -> Result<Vec<Answer>, Failure> {
        let handling = self.handling()?;
        if let Some(snapshot) = handling.reads.snapshot().filter(|snapshot| snapshot.task.id == task_id) {
            let skipped = match &after {
                None => 0,
                Some(after) => {
                    let found = snapshot.answers.iter().position(|answer| answer.id == *after);
                    found.map(|place| place + 1).ok_or_else(|| Failure::Invalid(format!("task `{task_id}` has no answer `{after}`")))?
                }
            };
            return Ok(snapshot.answers.iter().skip(skipped).take(PAGE).cloned().map(answer).collect());
        }
        check_id("task-id", &task_id)?;
        after.as_ref().map_or(Ok(()), |after| check_id("after", after))?;
        let page = handling.reads.answers(&task_id, after.as_deref()).await.map_err(|error| handling.platform_failure(error))?;
        handling.note(&format!("answers/{task_id}/{}", after.unwrap_or_default()), &page);
        Ok(page.into_iter().map(answer).collect())
    }

    async fn find_task_result(&mut self, task_id: String) -> Result<Option<String>, Failure> {
        check_id("task-id", &task_id)?;
        let handling = self.handling()?;
        let found = handling.reads.task_result(&task_id).await.map_err(|error| handling.platform_failure(error))?;
        handling.note(&format!("task-result/{task_id}"), &found);
        Ok(found)
    }
}

impl Handling {
    fn snapshot(&self) -> Result<&platform::Snapshot, Failure> {
        let none = || Failure::Reject(format!("event `{}` of kind `{}` is about no single task", self.event.id, self.event.kind));
        self.reads.snapshot().map(AsRef::as_ref).ok_or_else(none)
    }

    /// Keeps what was read besides the snapshot, for the record of the run.
    fn note(&mut self, what: &str, read: &impl serde::Serialize) {
        if let Ok(value) = serde_json::to_value(read) {
            self.other_reads.insert(what.to_owned(), value);
        }
    }
}

fn task(task: platform::Task) -> Task {
    Task {
        id: task.id,
        redundancy: task.redundancy,
        completed: task.completed,
        gold: task.gold,
        gold_answer: task.gold_answer,
        info: task.info,
        extra: task.extra,
    }
}

fn answer(answer: platform::Answer) -> Answer {
    Answer {
        id: answer.id,
        task_id: answer.task,
        worker: answer.worker,
        value: answer.value,
        submitted_at: answer.submitted_at.map(clock::rfc3339),
        trust: answer.trust,
        set_aside: answer.set_aside,
        extra: answer.extra,
    }
}
