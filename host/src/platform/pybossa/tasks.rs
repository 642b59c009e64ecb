//! Giving the crowd more to do: tasks are created, and the redundancy of others is raised.
//!
//! `POST /api/task` knows no idempotency: a repeat makes a second task. So a new task carries our key in its `info`, and when it is not
//! known whether an earlier attempt got through, the key is looked for first. Any `PUT` on a completed task opens it again, so
//! the task is looked at before, and nothing but `n_answers` is sent.

use serde_json::{Map, Value, json};

use super::call::{Call, number};
use super::{PAGE_ROWS_MAX, Pybossa, read};
use crate::effect::NewTask;
use crate::platform::{Platform as _, PlatformError, TaskKey};

/// The member of a task's `info` that holds our key.
pub(super) const KEY: &str = "crowdhook_key";
/// What a task is made of by PYBOSSA itself; the API refuses a task that names one of them.
const RESERVED: [&str; 7] = ["id", "created", "state", "fav_user_ids", "project_id", "info", "n_answers"];

impl Pybossa {
    pub(super) async fn create(&self, task: &NewTask, key: TaskKey) -> Result<String, PlatformError> {
        let project = self.project().await?.id;
        let text = new_task(task, &project, key)?;
        if key.look_first {
            if !text.keyed {
                return Err(PlatformError::Refused {
                    why: "it is not known whether PYBOSSA has created the task already, and its `info` is no JSON object, which \
                          could hold a key to look for: create it by hand if it is not there"
                        .to_owned(),
                });
            }
            if let Some(id) = self.find(&project, key).await? {
                return Ok(format!("task {id} was created by an earlier attempt"));
            }
        }
        let what = "create a task";
        let body = self.call(Call::post("task", text.json, what)).await?;
        let id = self.understand(read::task_id(&body), what)?;
        Ok(format!("created task {id}"))
    }

    /// The task that bears the key.
    async fn find(&self, project: &str, key: TaskKey) -> Result<Option<String>, PlatformError> {
        let what = "look for a task that may have been created";
        let (info, limit) = (format!("{KEY}::{}", key.id), PAGE_ROWS_MAX.to_string());
        // A server that does not filter by `info` gives the newest tasks, among which it is.
        let query = [("project_id", project), ("info", &info), ("all", "1"), ("desc", "true"), ("limit", &limit)];
        let body = self.call(Call::get("task", &query, what)).await?;
        let found = self.understand(read::tasks(&body), what)?;
        let bears = |info: &str| {
            let info: Value = serde_json::from_str(info).unwrap_or_default();
            info.get(KEY).and_then(Value::as_str) == Some(key.id.to_string().as_str())
        };
        Ok(found.into_iter().find(|found| found.project == project && bears(&found.task.info)).map(|found| found.task.id))
    }

    pub(super) async fn raise(&self, task: &str, redundancy: u32) -> Result<String, PlatformError> {
        let missing = || PlatformError::Missing { why: format!("project `{}` has no task `{task}` on PYBOSSA", self.project) };
        if number(task).is_none() {
            return Err(missing());
        }
        let project = self.project().await?.id;
        let what = format!("look at task {task}");
        let query = [("id", task), ("related", "true"), ("all", "1")];
        let body = self.call(Call::get("task", &query, &what)).await?;
        let found = self.understand(read::tasks(&body), &what)?;
        let found = found.into_iter().find(|found| found.task.id == task && found.project == project).ok_or_else(missing)?;
        let there = match found.answers {
            Some(answers) => answers.len(),
            None => self.all_answers(&project, task).await?.len(),
        };
        if found.task.redundancy >= redundancy {
            return Ok(format!("nothing to do: task {task} wants {} answers already", found.task.redundancy));
        }
        if u32::try_from(there).unwrap_or(u32::MAX) >= redundancy {
            return Ok(format!("nothing to do: task {task} has {there} answers already"));
        }
        let what = format!("raise the redundancy of task {task}");
        self.call(Call::put("task", task, json!({ "n_answers": redundancy }).to_string(), &what)).await?;
        Ok(format!("task {task} wants {redundancy} answers instead of {}", found.task.redundancy))
    }
}

/// What is posted, and whether a key is in it.
struct Text {
    json: String,
    keyed: bool,
}

fn new_task(task: &NewTask, project: &str, key: TaskKey) -> Result<Text, PlatformError> {
    let refused = |why: String| PlatformError::Refused { why };
    let mut info: Value = serde_json::from_str(&task.info).map_err(|error| refused(format!("the task's `info` is no JSON: {error}")))?;
    let extra: Map<String, Value> =
        serde_json::from_str(&task.extra).map_err(|error| refused(format!("the task's `extra` is no JSON object: {error}")))?;
    if let Some(reserved) = RESERVED.iter().find(|reserved| extra.contains_key(**reserved)) {
        return Err(refused(format!("the task's `extra` holds `{reserved}`, which is not for it to say: take it out")));
    }
    let keyed = match &mut info {
        Value::Object(info) => {
            info.insert(KEY.to_owned(), Value::String(key.id.to_string()));
            true
        }
        _ => false,
    };
    let project: u64 = number(project).ok_or_else(|| refused(format!("`{project}` is the id of no project")))?;
    let mut fields = extra;
    fields.insert("project_id".to_owned(), project.into());
    fields.insert("info".to_owned(), info);
    if let Some(redundancy) = task.redundancy {
        fields.insert("n_answers".to_owned(), redundancy.into());
    }
    if let Some(priority) = task.priority {
        fields.insert("priority_0".to_owned(), json!(priority));
    }
    Ok(Text { json: Value::Object(fields).to_string(), keyed })
}
