//! Adding, filing and deleting rows; each change keeps the indexes true.

use serde_json::{Map, Value, json};

use super::state::{OfProject, OfTask, State, Who};
use super::table::{Kind, PROJECT, PROJECT_STATS, RESULT, Row, TASK, TASK_RUN, USER};

impl State {
    pub(super) fn add_user(&mut self, name: &str, api_key: &str, cells: Value) -> i64 {
        let mut user = Map::from_iter([
            ("id".to_owned(), json!(self.next_id("user"))),
            ("created".to_owned(), json!(self.iso())),
            ("email_addr".to_owned(), json!(format!("{name}@example.com"))),
            ("name".to_owned(), json!(name)),
            ("fullname".to_owned(), json!(name)),
            ("locale".to_owned(), json!("en")),
            ("api_key".to_owned(), json!(api_key)),
            ("privacy_mode".to_owned(), json!(true)),
            ("valid_email".to_owned(), json!(true)),
            ("info".to_owned(), json!({})),
        ]);
        for flag in USER.columns.iter().filter(|column| column.kind == Kind::Bool) {
            user.entry(flag.name).or_insert(json!(false));
        }
        if let Value::Object(cells) = cells {
            user.extend(cells);
        }
        let row = Row::new(&USER, Value::Object(user));
        let id = row.id();
        self.users_by_key.insert(api_key.to_owned(), id);
        self.users_by_name.insert(name.to_owned(), id);
        self.users.insert(id, row);
        id
    }

    /// Finds the user by what his row now says; his former key and name are forgotten.
    pub(super) fn reindex_user(&mut self, id: i64) {
        let Some(user) = self.users.get(&id) else {
            return;
        };
        self.users_by_key.retain(|_, known| *known != id);
        self.users_by_name.retain(|_, known| *known != id);
        self.users_by_key.insert(user.text("api_key").to_owned(), id);
        self.users_by_name.insert(user.text("name").to_owned(), id);
    }

    /// The user of this name, made where there is none.
    pub(super) fn volunteer(&mut self, name: &str) -> i64 {
        match self.users_by_name.get(name) {
            Some(id) => *id,
            None => self.add_user(name, &format!("practice-key-of-{name}"), json!({})),
        }
    }

    /// A project's row as it will be stored; [`State::insert_project`] stores it.
    pub(super) fn draft_project(&mut self, owner: i64, cells: Map<String, Value>) -> Row {
        let now = self.iso();
        let mut project = Map::from_iter([
            ("id".to_owned(), json!(self.next_id("project"))),
            ("created".to_owned(), json!(now)),
            ("updated".to_owned(), json!(now)),
            ("allow_anonymous_contributors".to_owned(), json!(true)),
            ("published".to_owned(), json!(false)),
            ("featured".to_owned(), json!(false)),
            ("secret_key".to_owned(), json!(uuid::Uuid::now_v7().to_string())),
            ("zip_download".to_owned(), json!(true)),
            ("contacted".to_owned(), json!(false)),
            ("owner_id".to_owned(), json!(owner)),
            ("category_id".to_owned(), json!(1)),
            ("info".to_owned(), json!({})),
            ("owners_ids".to_owned(), json!([owner])),
        ]);
        project.extend(cells);
        Row::new(&PROJECT, Value::Object(project))
    }

    pub(super) fn insert_project(&mut self, project: Row) -> i64 {
        let id = project.id();
        // A background job fills these in on a real server. There is none here.
        let stats = json!({
            "id": id, "project_id": id, "n_tasks": 0, "n_task_runs": 0, "n_results": 0, "n_volunteers": 0,
            "n_completed_tasks": 0, "overall_progress": 0, "average_time": 0.0, "n_blogposts": 0,
            "last_activity": "0", "info": {},
        });
        self.stats.insert(id, Row::new(&PROJECT_STATS, stats));
        self.projects_by_short_name.insert(project.text("short_name").to_owned(), id);
        self.of_project.insert(id, OfProject::default());
        self.projects.insert(id, project);
        id
    }

    pub(super) fn rename_project(&mut self, id: i64) {
        if let Some(project) = self.projects.get(&id) {
            self.projects_by_short_name.retain(|_, known| *known != id);
            self.projects_by_short_name.insert(project.text("short_name").to_owned(), id);
        }
    }

    pub(super) fn insert_task(&mut self, cells: Map<String, Value>) -> &Row {
        let mut task = Map::from_iter([
            ("id".to_owned(), json!(self.next_id("task"))),
            ("created".to_owned(), json!(self.iso())),
            ("state".to_owned(), json!("ongoing")),
            ("quorum".to_owned(), json!(0)),
            ("calibration".to_owned(), json!(0)),
            ("priority_0".to_owned(), json!(0.0)),
            ("n_answers".to_owned(), json!(30)),
        ]);
        task.extend(cells);
        let task = Row::new(&TASK, Value::Object(task));
        let of_project = self.of_project.entry(task.int("project_id")).or_default();
        of_project.tasks.insert(task.id());
        of_project.open.insert(turn(&task));
        self.of_task.insert(task.id(), OfTask::default());
        self.tasks.entry(task.id()).or_insert(task)
    }

    /// Deletes a task with its runs and results.
    pub(super) fn delete_task(&mut self, id: i64) {
        let (Some(task), Some(of_task)) = (self.tasks.remove(&id), self.of_task.remove(&id)) else {
            return;
        };
        self.pending.remove(&id);
        let of_project = self.of_project.entry(task.int("project_id")).or_default();
        of_project.tasks.remove(&id);
        of_project.open.remove(&turn(&task));
        for run in of_task.runs {
            self.runs.remove(&run);
            of_project.runs.remove(&run);
        }
        for result in of_task.results {
            self.results.remove(&result);
            of_project.results.remove(&result);
        }
    }

    /// Files a task under open or completed again, after its row changed from `before`.
    pub(super) fn refile_task(&mut self, before: &Row) {
        let Some(task) = self.tasks.get(&before.id()) else {
            return;
        };
        let Some(of_project) = self.of_project.get_mut(&task.int("project_id")) else {
            return;
        };
        of_project.open.remove(&turn(before));
        if task.text("state") == "ongoing" {
            of_project.open.insert(turn(task));
        }
    }

    pub(super) fn insert_run(&mut self, run: Row, who: Who) {
        let (task, project, id) = (run.int("task_id"), run.int("project_id"), run.id());
        let of_task = self.of_task.entry(task).or_default();
        of_task.runs.insert(id);
        of_task.answered_by.insert(who);
        self.of_project.entry(project).or_default().runs.insert(id);
        self.runs.insert(id, run);
    }

    /// Adds a result of the task under `id`; its earlier results are no longer the last.
    pub(super) fn insert_result(&mut self, id: i64, task: &Row) {
        let now = self.iso();
        let of_task = self.of_task.entry(task.id()).or_default();
        for older in &of_task.results {
            if let Some(older) = self.results.get_mut(older) {
                older.put("last_version", json!(false));
            }
        }
        of_task.results.insert(id);
        let result = json!({
            "id": id, "created": now, "project_id": task.int("project_id"), "task_id": task.id(),
            "task_run_ids": of_task.runs, "last_version": true, "info": null,
        });
        self.of_project.entry(task.int("project_id")).or_default().results.insert(id);
        self.results.insert(id, Row::new(&RESULT, result));
    }

    /// A row for an answer, not yet stored.
    pub(super) fn draft_run(&mut self, task: &Row, who: &Who, created: &str, mut cells: Map<String, Value>) -> Row {
        cells.insert("id".to_owned(), json!(self.next_id("task_run")));
        cells.insert("created".to_owned(), json!(created));
        cells.insert("finish_time".to_owned(), json!(self.iso()));
        cells.insert("project_id".to_owned(), json!(task.int("project_id")));
        cells.insert("task_id".to_owned(), json!(task.id()));
        match who {
            Who::User(id) => cells.insert("user_id".to_owned(), json!(id)),
            Who::Address(address) => cells.insert("user_ip".to_owned(), json!(address)),
        };
        Row::new(&TASK_RUN, Value::Object(cells))
    }
}

/// Where a task stands in the line of open ones: higher priority first, then older.
fn turn(task: &Row) -> (i64, i64) {
    let priority = task.get("priority_0").as_f64().unwrap_or_default().clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, reason = "a priority is between 0 and 1")]
    let rank = (-priority * 1e9) as i64;
    (rank, task.id())
}
