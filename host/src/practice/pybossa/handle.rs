//! What a demo or a test does with a practice PYBOSSA beside calling it: data in, data out,
//! and the owner's buttons.

use serde_json::{Value, json};
use url::Url;

use super::shared::{Inner, Post};
use super::state::Who;
use super::table::Row;
use super::webhook::{Job, WebhookRow, probe};
use super::{Pybossa, Refused, into_map, plant};
use crate::practice::seed::{Planned, SeedProject};

/// Why PYBOSSA's form does not save a webhook's URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaveError {
    /// The URL did not answer a GET with exactly 200.
    #[error("Invalid URL")]
    InvalidUrl,
    /// Nothing answered.
    #[error("Connection error")]
    ConnectionError,
    /// There is no such project.
    #[error(transparent)]
    Refused(#[from] Refused),
}

fn project_id(inner: &Inner, short_name: &str) -> Result<i64, Refused> {
    let project = inner.state.project_named(short_name);
    project.map(Row::id).ok_or_else(|| Refused::NoSuchProject(short_name.to_owned()))
}

fn shown(row: &Row) -> Value {
    Value::Object(row.dictize())
}

impl Pybossa {
    /// Adds a published project of the owner and gives its id.
    pub fn add_project(&self, short_name: &str) -> i64 {
        let project = SeedProject { owner: self.owner.clone(), ..SeedProject::new(short_name) };
        self.add_seed_project(project)
    }

    /// Adds a project with its tasks and gives its id. Answers that it plans are not given.
    pub fn add_seed_project(&self, project: SeedProject) -> i64 {
        plant(&mut self.shared.lock().state, project, &mut Vec::new())
    }

    /// The id of a project.
    ///
    /// # Errors
    ///
    /// When there is no such project.
    pub fn project_id(&self, short_name: &str) -> Result<i64, Refused> {
        project_id(&self.shared.lock(), short_name)
    }

    /// Sets a project's webhook unchecked, as the API does. An empty URL switches it off.
    ///
    /// # Errors
    ///
    /// When there is no such project.
    pub fn set_webhook(&self, short_name: &str, url: &str) -> Result<(), Refused> {
        let mut inner = self.shared.lock();
        let project = project_id(&inner, short_name)?;
        if let Some(project) = inner.state.projects.get_mut(&project) {
            project.put("webhook", if url.is_empty() { Value::Null } else { json!(url) });
        }
        Ok(())
    }

    /// A project's webhook; none while it is switched off.
    #[must_use]
    pub fn webhook(&self, short_name: &str) -> Option<String> {
        let inner = self.shared.lock();
        let project = inner.state.projects.get(&project_id(&inner, short_name).ok()?)?;
        Some(project.text("webhook").to_owned()).filter(|url| !url.is_empty())
    }

    /// Saves a project's webhook as the owner's form does: after a GET that must end in 200.
    ///
    /// # Errors
    ///
    /// As PYBOSSA's form words them; the URL is then not saved.
    pub async fn save_webhook(&self, short_name: &str, url: &str) -> Result<(), SaveError> {
        if !url.is_empty() {
            let parsed = Url::parse(url).map_err(|_| SaveError::InvalidUrl)?;
            match probe(parsed, self.shared.job_timeout()).await {
                Some(200) => {}
                Some(_) => return Err(SaveError::InvalidUrl),
                None => return Err(SaveError::ConnectionError),
            }
        }
        Ok(self.set_webhook(short_name, url)?)
    }

    /// Adds a task that wants `n_answers` answers, and gives its id.
    ///
    /// # Errors
    ///
    /// When there is no such project.
    pub fn add_task(&self, short_name: &str, info: Value, n_answers: u32) -> Result<i64, Refused> {
        let mut inner = self.shared.lock();
        let project = project_id(&inner, short_name)?;
        let cells = json!({"project_id": project, "info": info, "n_answers": n_answers});
        Ok(inner.state.insert_task(into_map(cells)).id())
    }

    /// Gives the answer `info` of the user named `worker`, who is made where there is none.
    ///
    /// When the task completes and its project has a webhook, its post is on the queue when
    /// this returns; [`Pybossa::settled`] waits for it. Gives the id of the task run.
    ///
    /// # Errors
    ///
    /// When there is no such task, or the worker has answered it.
    pub fn answer(&self, task: i64, worker: &str, info: Value) -> Result<i64, Refused> {
        let worker = self.shared.lock().state.volunteer(worker);
        self.answer_as(task, Who::User(worker), info)
    }

    /// Gives the answer of somebody at `address` who has no account.
    ///
    /// # Errors
    ///
    /// When there is no such task, or the address has answered it.
    pub fn answer_anonymously(&self, task: i64, address: std::net::IpAddr, info: Value) -> Result<i64, Refused> {
        self.answer_as(task, Who::anonymous(address), info)
    }

    fn answer_as(&self, task: i64, who: Who, info: Value) -> Result<i64, Refused> {
        let mut inner = self.shared.lock();
        let created = inner.state.iso();
        let (run, job) = inner.state.answer(task, who, &created, into_map(json!({"info": info})))?;
        self.shared.enqueue(&mut inner, job);
        Ok(run.id())
    }

    /// The answers that the seed plans for a project, to be given with [`Pybossa::answer`].
    #[must_use]
    pub fn planned(&self, short_name: &str) -> Vec<Planned> {
        let Ok(project) = self.project_id(short_name) else {
            return Vec::new();
        };
        self.planned.iter().filter(|(of, _)| *of == project).map(|(_, planned)| planned.clone()).collect()
    }

    /// Gives all planned answers of a project that are not given yet, and says how many.
    pub fn give_planned(&self, short_name: &str) -> usize {
        let planned = self.planned(short_name).into_iter();
        planned.filter(|one| self.answer(one.task, &one.worker, one.info.clone()).is_ok()).count()
    }

    /// Lowers the redundancy of all tasks as the owner's page does: tasks that have enough
    /// answers are completed, **with no result and no webhook**.
    ///
    /// # Errors
    ///
    /// When there is no such project.
    pub fn lower_redundancy(&self, short_name: &str, n_answers: u32) -> Result<(), Refused> {
        let mut inner = self.shared.lock();
        let project = project_id(&inner, short_name)?;
        let tasks: Vec<_> = inner.state.of_project.get(&project).map(|of| of.tasks.clone()).into_iter().flatten().collect();
        for task in tasks {
            let answers = inner.state.runs_of(task).count();
            let Some(row) = inner.state.tasks.get_mut(&task) else {
                continue;
            };
            let before = row.clone();
            row.put("n_answers", json!(n_answers));
            if u32::try_from(answers).is_ok_and(|answers| answers >= n_answers) {
                row.put("state", json!("completed"));
            }
            inner.state.refile_task(&before);
        }
        Ok(())
    }

    /// A task as the API shows it, without links.
    #[must_use]
    pub fn task(&self, id: i64) -> Option<Value> {
        self.shared.lock().state.tasks.get(&id).map(shown)
    }

    /// All tasks of a project, in the order of their ids.
    #[must_use]
    pub fn tasks(&self, short_name: &str) -> Vec<Value> {
        let inner = self.shared.lock();
        let Ok(project) = project_id(&inner, short_name) else {
            return Vec::new();
        };
        let tasks = inner.state.of_project.get(&project).into_iter().flat_map(|of| &of.tasks);
        tasks.filter_map(|task| inner.state.tasks.get(task)).map(shown).collect()
    }

    /// All results of a project, superseded ones included, in the order of their ids.
    #[must_use]
    pub fn results(&self, short_name: &str) -> Vec<Value> {
        let inner = self.shared.lock();
        let Ok(project) = project_id(&inner, short_name) else {
            return Vec::new();
        };
        let results = inner.state.of_project.get(&project).into_iter().flat_map(|of| &of.results);
        results.filter_map(|result| inner.state.results.get(result)).map(shown).collect()
    }

    /// The result of a task that is its last version.
    #[must_use]
    pub fn result_of(&self, task: i64) -> Option<Value> {
        self.shared.lock().state.last_result(task).map(shown)
    }

    /// The rows of a project's webhook page, oldest first.
    #[must_use]
    pub fn webhooks(&self, short_name: &str) -> Vec<WebhookRow> {
        let inner = self.shared.lock();
        let Ok(project) = project_id(&inner, short_name) else {
            return Vec::new();
        };
        inner.state.webhooks_of(project).cloned().collect()
    }

    /// The newest 10,000 posts, oldest first, those included that left no row.
    #[must_use]
    pub fn posts(&self) -> Vec<Post> {
        self.shared.lock().posts.iter().cloned().collect()
    }

    /// Sends one row again, to the URL of `short_name`: PYBOSSA does not check that the row is
    /// of that project.
    ///
    /// # Errors
    ///
    /// When there is no such project or row.
    pub fn rerun_one(&self, short_name: &str, row: i64) -> Result<(), Refused> {
        if !self.shared.lock().state.webhooks.contains_key(&row) {
            return Err(Refused::NoSuchWebhook(row));
        }
        let url_of = project_id(&self.shared.lock(), short_name)?;
        self.rerun(url_of, |state| state.webhooks.get(&row).into_iter().collect());
        Ok(())
    }

    /// Sends all rows of a project again and says how many.
    ///
    /// # Errors
    ///
    /// When there is no such project.
    pub fn rerun_all(&self, short_name: &str) -> Result<usize, Refused> {
        let project = self.project_id(short_name)?;
        Ok(self.rerun(project, |state| state.webhooks_of(project).collect()))
    }

    /// Sends the rows of a project that were not answered 200 again and says how many.
    ///
    /// # Errors
    ///
    /// When there is no such project.
    pub fn rerun_failed(&self, short_name: &str) -> Result<usize, Refused> {
        let project = self.project_id(short_name)?;
        Ok(self.rerun(project, |state| state.webhooks_of(project).filter(|row| row.failed()).collect()))
    }

    fn rerun(&self, project: i64, rows: impl Fn(&super::state::State) -> Vec<&WebhookRow>) -> usize {
        let mut inner = self.shared.lock();
        let url = inner.state.projects.get(&project).map(|project| project.text("webhook").to_owned()).unwrap_or_default();
        let jobs: Vec<_> = rows(&inner.state).into_iter().map(|row| Job::rerun(&url, project, row)).collect();
        self.shared.enqueue(&mut inner, jobs)
    }

    /// Puts crashed jobs back on the queue, each at most twice, and says how many: what
    /// PYBOSSA's `check_failed` does each minute. The same bytes leave, without `rerun`.
    pub fn check_failed(&self) -> usize {
        let mut inner = self.shared.lock();
        let crashed = std::mem::take(&mut inner.crashed);
        self.shared.enqueue(&mut inner, crashed.into_iter().filter_map(Job::requeued))
    }

    /// Makes rows for completed tasks that have none, as the command `create_webhooks` does,
    /// and says how many. It posts nothing: [`Pybossa::rerun_failed`] does.
    ///
    /// # Errors
    ///
    /// When there is no such project.
    pub fn create_webhooks(&self, short_name: &str) -> Result<usize, Refused> {
        let mut inner = self.shared.lock();
        let project = project_id(&inner, short_name)?;
        Ok(inner.state.create_webhooks(project))
    }

    /// Waits until every post that is due has been made and answered.
    pub async fn settled(&self) {
        self.shared.settled().await;
    }
}
