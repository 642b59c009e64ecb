//! A project on a PYBOSSA server, read and written through its API.
//!
//! PYBOSSA's webhook is unsigned, so nothing but ids is taken from it; everything else is read back with the project's key. The
//! API allows 299 calls in 15 minutes for each endpoint and calling address, so a snapshot is one call of `/api/task`, which
//! embeds the answers and the result, and a save is one of `/api/result`, counted apart. The project is asked for once.

use async_trait::async_trait;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::OnceCell;

use super::{Answer, Completed, Page, Platform, PlatformError, ProjectInfo, ResultRow, Snapshot, Task, TaskKey, WorkerInfo};
use crate::config;
use crate::connection::breaker::State;
use crate::connection::{Connection, Connections};
use crate::effect::NewTask;
use crate::event::Event;
use crate::id::ProjectName;
use crate::secret::Secret;
use call::{Call, number};
use claim::{Claim, Standing};
use fit::Fit;

mod call;
mod claim;
mod fit;
mod hook;
mod pages;
mod read;
mod refusal;
mod tasks;

/// PYBOSSA gives no more rows in one answer, whatever one asks for.
const PAGE_ROWS_MAX: usize = 100;
/// A task with more answers gives no snapshot: it would have to be read in more than a hundred calls.
const ANSWERS_MAX: usize = 10_000;
/// Answers that are read page by page may hold no more than this together, as much as one answer of the server may hold.
const ANSWERS_BYTES_MAX: usize = 16 << 20;

/// A project on a PYBOSSA server.
#[derive(Debug)]
pub struct Pybossa {
    /// The server's address, without a slash at its end.
    address: String,
    /// The project's name on this host: whose file people must change.
    project: ProjectName,
    /// The project's name on the server.
    short_name: String,
    api_key: Option<Secret>,
    connection: Arc<Connection>,
    info: OnceCell<ProjectInfo>,
    /// How many rows of each table fit into one answer.
    fits: Mutex<BTreeMap<&'static str, Fit>>,
}

impl Pybossa {
    /// The project that `platform` describes and that is called `project` here. Makes no call.
    #[must_use]
    pub fn new(platform: config::Platform, project: &ProjectName, connections: &Connections) -> Self {
        Self {
            address: platform.url.as_str().trim_end_matches('/').to_owned(),
            project: project.clone(),
            short_name: platform.project,
            api_key: platform.api_key,
            connection: connections.to(&platform.url),
            info: OnceCell::new(),
            fits: Mutex::default(),
        }
    }

    async fn ask_for_project(&self) -> Result<ProjectInfo, PlatformError> {
        let query = [("short_name", self.short_name.as_str()), ("all", "1")];
        let body = self.call(Call::get("project", &query, "read the project")).await?;
        let found = self.understand(read::project(&body, &self.address, &self.short_name), "read the project")?;
        found.ok_or_else(|| PlatformError::Refused {
            why: format!(
                "PYBOSSA at `{}` shows no project `{}` to the API key of project `{}`: set `platform.project` to the short name, and \
                 `platform.api_key` to the key of an owner, who alone sees a project that is not published",
                self.address, self.short_name, self.project
            ),
        })
    }

    /// The newest result row of a task, asked for by itself.
    async fn newest_result(&self, project: &str, task: &str) -> Result<Option<read::ResultFacts>, PlatformError> {
        let what = format!("read the result of task {task}");
        let query = [("task_id", task), ("project_id", project), ("all", "1"), ("limit", "100")];
        let body = self.call(Call::get("result", &query, &what)).await?;
        let mut found = self.understand(read::results(&body), &what)?;
        found.retain(|result| result.task == task && result.project == project);
        Ok(found.into_iter().max_by_key(|result| result.number))
    }

    /// One page of answers, oldest first.
    async fn page(&self, project: &str, task: &str, after: &str) -> Result<Vec<Answer>, PlatformError> {
        let what = format!("read the answers to task {task}");
        let limit = PAGE_ROWS_MAX.to_string();
        let query = [("task_id", task), ("project_id", project), ("all", "1"), ("limit", &limit), ("last_id", after)];
        let body = self.call(Call::get("taskrun", &query, &what)).await?;
        let mut answers = self.understand(read::answers(&body), &what)?;
        answers.retain(|answer| answer.task == task);
        Ok(answers)
    }

    /// All answers, read page by page: what a server needs that embeds none, or not all.
    async fn all_answers(&self, project: &str, task: &str) -> Result<Vec<Answer>, PlatformError> {
        let mut all: Vec<Answer> = Vec::new();
        let mut bytes = 0;
        loop {
            let after = all.last().map_or("0", |answer| answer.id.as_str());
            let page = self.page(project, task, after).await?;
            let last = page.len() < PAGE_ROWS_MAX;
            bytes += page.iter().map(|answer| answer.value.len() + answer.extra.len()).sum::<usize>();
            all.extend(page);
            if all.len() > ANSWERS_MAX || bytes > ANSWERS_BYTES_MAX {
                let why = format!(
                    "task {task} of project `{}` has more answers than the {ANSWERS_MAX} answers and {} MiB that are read for one event",
                    self.project,
                    ANSWERS_BYTES_MAX >> 20
                );
                return Err(PlatformError::Refused { why });
            }
            if last {
                return Ok(all);
            }
        }
    }

    /// Confirms what the event claims of a result that is not the newest: it must have been one of this task.
    async fn confirm_superseded(&self, project: &str, claim: &Claim, result: u64) -> Result<(), PlatformError> {
        let id = result.to_string();
        let what = format!("read result {id}");
        let body = match self.call(Call::get("result", &[], &what).by_id(&id)).await {
            Err(PlatformError::Missing { .. }) => return Err(claim.not_shown(&self.address)),
            answered => answered?,
        };
        let found = self.understand(read::result(&body), &what)?;
        if found.task == claim.task && found.project == project { Ok(()) } else { Err(claim.not_shown(&self.address)) }
    }
}

#[async_trait]
impl Platform for Pybossa {
    fn state(&self) -> State {
        self.connection.state()
    }

    fn address(&self) -> &str {
        &self.address
    }

    async fn snapshot(&self, event: &Event) -> Result<Snapshot, PlatformError> {
        let claim = Claim::of(event)?;
        claim.is_about(&self.short_name, None)?;
        let project = &self.project().await?.id;
        claim.is_about(&self.short_name, Some(project))?;

        let task = claim.task.as_str();
        let what = format!("read task {task}");
        let query = [("id", task), ("related", "true"), ("all", "1")];
        let body = self.call(Call::get("task", &query, &what)).await?;
        let found = self.understand(read::tasks(&body), &what)?;
        let found = found.into_iter().find(|found| found.task.id == task && found.project == *project);
        let found = found.ok_or_else(|| claim.not_shown(&self.address))?;

        let newest = match found.result {
            read::Embedded::There(newest) => Some(newest),
            read::Embedded::None => None,
            read::Embedded::NotTold => self.newest_result(project, task).await?,
        };
        match claim.standing(found.task.completed, newest.as_ref().map(|newest| newest.number)) {
            Standing::Confirmed => {}
            Standing::Superseded(result) => self.confirm_superseded(project, &claim, result).await?,
            Standing::NotShown => return Err(claim.not_shown(&self.address)),
        }
        let counted = newest.as_ref().map(|newest| newest.answers.as_slice()).unwrap_or_default();
        let answers = match found.answers {
            Some(answers) if read::holds_all(&answers, counted) => answers,
            _ => self.all_answers(project, task).await?,
        };
        Ok(Snapshot { task: found.task, answers, result: newest.map(|newest| newest.row) })
    }

    async fn project(&self) -> Result<ProjectInfo, PlatformError> {
        // Errors are not remembered, and of callers at the same time one asks for all.
        self.info.get_or_try_init(|| self.ask_for_project()).await.cloned()
    }

    async fn task(&self, id: &str) -> Result<Option<Task>, PlatformError> {
        if number(id).is_none() {
            return Ok(None);
        }
        let project = &self.project().await?.id;
        let what = format!("read task {id}");
        let body = self.call(Call::get("task", &[("id", id), ("project_id", project), ("all", "1")], &what)).await?;
        let found = self.understand(read::tasks(&body), &what)?;
        Ok(found.into_iter().find(|found| found.task.id == id && found.project == *project).map(|found| found.task))
    }

    async fn answers(&self, task: &str, after: Option<&str>) -> Result<Vec<Answer>, PlatformError> {
        if number(task).is_none() {
            return Ok(Vec::new());
        }
        let after = after.unwrap_or("0");
        if after != "0" && number(after).is_none() {
            let shown = after.chars().take(80).collect::<String>();
            return Err(PlatformError::Refused { why: format!("`{shown}` is the id of no answer: ids on PYBOSSA are whole numbers") });
        }
        let project = &self.project().await?.id;
        self.page(project, task, after).await
    }

    async fn result(&self, task: &str) -> Result<Option<ResultRow>, PlatformError> {
        if number(task).is_none() {
            return Ok(None);
        }
        let project = &self.project().await?.id;
        Ok(self.newest_result(project, task).await?.map(|newest| newest.row))
    }

    async fn worker(&self, id: &str) -> Result<Option<WorkerInfo>, PlatformError> {
        if number(id).is_none() {
            return Ok(None);
        }
        // Without the key: an admin's would show what the person wants to be kept from others.
        match self.call(Call::get("user", &[], "read a worker's name").by_id(id).anonymous()).await {
            Ok(body) => Ok(Some(self.understand(read::worker(&body, id), "read a worker's name")?)),
            Err(PlatformError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn address_of_worker(&self, id: &str) -> Result<Option<String>, PlatformError> {
        if number(id).is_none() {
            return Ok(None);
        }
        // The key of an admin alone is told; of what that key is told besides nothing is taken.
        let what = "find a worker's address";
        match self.call(Call::get("user", &[], what).by_id(id)).await {
            Ok(body) => self.understand(read::address(&body, id), what),
            Err(PlatformError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn save_result(&self, task: &str, result: Option<&str>, info: &str) -> Result<String, PlatformError> {
        if serde_json::from_str::<&RawValue>(info).is_err() {
            return Err(PlatformError::Refused { why: format!("what is to be saved as the result of task {task} is no JSON") });
        }
        let result = match result {
            Some(result) => Some(result.to_owned()),
            None => self.result(task).await?.map(|newest| newest.id),
        };
        let gone = || PlatformError::Missing {
            why: format!(
                "task {task} of project `{}` has no such result on PYBOSSA at `{}` any more: publishing a project deletes its results",
                self.project, self.address
            ),
        };
        let Some(result) = result.filter(|result| number(result).is_some()) else { return Err(gone()) };
        let what = format!("save result {result} of task {task}");
        let call = Call::put("result", &result, format!("{{\"info\": {info}}}"), &what);
        let body = self.call(call).await.map_err(|error| if matches!(error, PlatformError::Missing { .. }) { gone() } else { error })?;
        let saved = self.understand(read::result(&body), &what)?;
        if saved.row.id != result {
            return self.understand(Err(read::Unreadable), &what);
        }
        Ok(format!("saved in result {result} of task {task}"))
    }

    async fn create_task(&self, task: &NewTask, key: TaskKey) -> Result<String, PlatformError> {
        self.create(task, key).await
    }

    async fn raise_redundancy(&self, task: &str, redundancy: u32) -> Result<String, PlatformError> {
        self.raise(task, redundancy).await
    }

    async fn completed_tasks(&self, after: Option<&str>, rows: usize) -> Result<Page, PlatformError> {
        self.task_page(after, rows).await
    }

    async fn completions(&self, after: Option<&str>) -> Result<Page, PlatformError> {
        self.completion_page(after).await
    }

    async fn newest_completion(&self) -> Result<Option<Completed>, PlatformError> {
        self.newest_completed().await
    }

    async fn last_completed_task(&self) -> Result<Option<String>, PlatformError> {
        Ok(self.newest_task("completed").await?.map(|found| found.task.id))
    }

    async fn has_open_tasks(&self) -> Result<bool, PlatformError> {
        Ok(self.newest_task("ongoing").await?.is_some())
    }

    async fn hook(&self) -> Result<Option<Secret>, PlatformError> {
        self.webhook().await
    }

    async fn set_hook(&self, url: &Secret, _each_answer: bool) -> Result<(), PlatformError> {
        self.set_webhook(url).await
    }
}

#[cfg(test)]
mod tests;
