//! What an answer sets off: a task may complete, a result appears, a webhook is due.

use serde_json::{Map, Value, json};

use super::super::moment;
use super::Refused;
use super::state::{State, Who};
use super::table::Row;
use super::webhook::Job;

/// A task handed out may be answered for so long.
const STAMP_S: i64 = 3600;

/// A completion that has been told to the webhook and not been committed.
///
/// PYBOSSA puts its job on the queue before its transaction commits, so a hook may read a
/// task that looks as if the last answer had never come.
#[derive(Debug)]
pub(super) struct Pending {
    run: Row,
    who: Who,
    pub(super) result_id: i64,
    reads_left: u32,
}

impl State {
    /// Notes that `who` was handed the task, which allows one answer within the hour.
    pub(super) fn stamp(&mut self, who: Who, task: i64) {
        let now = (self.iso(), self.clock.now().as_second());
        self.stamps.insert((who, task), now);
    }

    /// When the task was handed to `who`, where that was within the hour.
    pub(super) fn stamped(&self, who: &Who, task: i64) -> Option<String> {
        let (created, at) = self.stamps.get(&(who.clone(), task))?;
        (self.clock.now().as_second() - at < STAMP_S).then(|| created.clone())
    }

    pub(super) fn has_answered(&self, who: &Who, task: i64) -> bool {
        let pending = self.pending.get(&task).is_some_and(|pending| pending.who == *who);
        pending || self.of_task.get(&task).is_some_and(|of| of.answered_by.contains(who))
    }

    /// Stores an answer; gives its row and, where the task completes, what to post.
    pub(super) fn answer(&mut self, task: i64, who: Who, created: &str, cells: Map<String, Value>) -> Result<(Row, Option<Job>), Refused> {
        self.commit(task);
        if self.has_answered(&who, task) {
            return Err(Refused::AnsweredAlready);
        }
        let task = self.tasks.get(&task).cloned().ok_or(Refused::NoSuchTask(task))?;
        let run = self.draft_run(&task, &who, created, cells);
        self.stamps.remove(&(who.clone(), task.id()));
        let answers = self.of_task.get(&task.id()).map_or(0, |of| of.runs.len()) + 1;
        let completes = i64::try_from(answers).is_ok_and(|answers| answers >= task.int("n_answers"));
        if !completes {
            self.insert_run(run.clone(), who);
            return Ok((run, None));
        }
        let result_id = self.next_id("result");
        let job = self.job(&task, result_id);
        let pending = Pending { run: run.clone(), who, result_id, reads_left: self.early_reads };
        let held_back = pending.reads_left > 0;
        self.pending.insert(task.id(), pending);
        if !held_back {
            self.commit(task.id());
        }
        Ok((run, job))
    }

    /// Counts one read of the task, and commits what waited for it.
    ///
    /// To be called after the read, which thus still sees what was there before.
    pub(super) fn was_read(&mut self, task: i64) {
        if let Some(pending) = self.pending.get_mut(&task) {
            pending.reads_left = pending.reads_left.saturating_sub(1);
            if pending.reads_left == 0 {
                self.commit(task);
            }
        }
    }

    /// Commits the completion of a task that still waits for readers.
    pub(super) fn commit(&mut self, task: i64) {
        let Some(Pending { run, who, result_id, .. }) = self.pending.remove(&task) else {
            return;
        };
        self.insert_run(run, who);
        let Some(row) = self.tasks.get_mut(&task) else {
            return;
        };
        let before = row.clone();
        row.put("state", json!("completed"));
        self.refile_task(&before);
        self.insert_result(result_id, &before);
    }

    /// The webhook's job for a task that completed, where its project has a webhook.
    fn job(&self, task: &Row, result_id: i64) -> Option<Job> {
        let project = self.projects.get(&task.int("project_id"))?;
        let url = project.text("webhook");
        if url.is_empty() {
            return None;
        }
        let payload = json!({
            "event": "task_completed",
            "project_short_name": project.text("short_name"),
            "project_id": project.id(),
            "task_id": task.id(),
            "result_id": result_id,
            "fired_at": moment::fired_at(self.clock.now()),
        });
        Some(Job::first(url, project.id(), payload))
    }
}
