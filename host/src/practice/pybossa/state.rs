//! What the practice PYBOSSA knows: its tables, and indexes so that no call scans them all.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::ops::Bound;

use serde_json::{Map, Value, json};
use sha1::{Digest as _, Sha1};

use super::super::moment;
use super::completion::Pending;
use super::query::ListQuery;
use super::table::{CATEGORY, Kind, PROJECT, PROJECT_STATS, RESULT, Row, TASK, TASK_RUN, Table, USER};
use super::webhook::WebhookRow;
use crate::clock::Clock;

/// Who gave an answer: a user, or an address as PYBOSSA scrambles it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    User(i64),
    Address(String),
}

impl Who {
    pub(super) fn anonymous(address: IpAddr) -> Self {
        Self::Address(scrambled(address))
    }
}

/// Who makes a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Viewer {
    pub(super) user: Option<i64>,
    pub(super) admin: bool,
    pub(super) pro: bool,
    pub(super) address: IpAddr,
}

impl Viewer {
    pub(super) fn who(&self) -> Who {
        self.user.map_or_else(|| Who::anonymous(self.address), Who::User)
    }

    pub(super) fn is_anonymous(&self) -> bool {
        self.user.is_none()
    }
}

#[derive(Debug, Default)]
pub(super) struct OfProject {
    pub(super) tasks: BTreeSet<i64>,
    pub(super) runs: BTreeSet<i64>,
    pub(super) results: BTreeSet<i64>,
    pub(super) webhooks: BTreeSet<i64>,
    /// Tasks that are not completed, in the order in which volunteers get them.
    pub(super) open: BTreeSet<(i64, i64)>,
}

#[derive(Debug, Default)]
pub(super) struct OfTask {
    pub(super) runs: BTreeSet<i64>,
    pub(super) results: BTreeSet<i64>,
    pub(super) answered_by: HashSet<Who>,
}

/// All tables.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) clock: Clock,
    pub(super) users: BTreeMap<i64, Row>,
    pub(super) projects: BTreeMap<i64, Row>,
    pub(super) tasks: BTreeMap<i64, Row>,
    pub(super) runs: BTreeMap<i64, Row>,
    pub(super) results: BTreeMap<i64, Row>,
    pub(super) categories: BTreeMap<i64, Row>,
    stats: BTreeMap<i64, Row>,
    pub(super) webhooks: BTreeMap<i64, WebhookRow>,
    users_by_key: HashMap<String, i64>,
    users_by_name: HashMap<String, i64>,
    projects_by_short_name: HashMap<String, i64>,
    pub(super) of_project: HashMap<i64, OfProject>,
    pub(super) of_task: HashMap<i64, OfTask>,
    /// When a volunteer was handed a task: the run's `created`, and seconds since 1970.
    pub(super) stamps: HashMap<(Who, i64), (String, i64)>,
    /// Completions whose webhook was sent before they were committed.
    pub(super) pending: HashMap<i64, Pending>,
    /// How many reads of a task come before its completion is committed.
    pub(super) early_reads: u32,
    /// An older server: `related=true` is taken and embeds nothing.
    pub(super) without_related: bool,
    last_ids: HashMap<&'static str, i64>,
}

impl State {
    /// Nothing but the category that every project belongs to.
    pub(super) fn new(clock: Clock) -> Self {
        let mut state = Self { clock, ..Self::default() };
        let created = state.iso();
        let category = json!({
            "id": state.next_id("category"), "name": "Thinking", "short_name": "thinking",
            "description": "Volunteers think about it", "created": created, "info": {},
        });
        state.categories.insert(1, Row::new(&CATEGORY, category));
        state
    }

    /// The time as rows bear it.
    pub(super) fn iso(&self) -> String {
        moment::iso(self.clock.now())
    }

    /// The next id of a sequence. As in PostgreSQL, an id once given is never given again.
    pub(super) fn next_id(&mut self, sequence: &'static str) -> i64 {
        let last = self.last_ids.entry(sequence).or_default();
        *last += 1;
        *last
    }

    pub(super) fn rows(&self, table: &Table) -> &BTreeMap<i64, Row> {
        match table.endpoint {
            "project" => &self.projects,
            "task" => &self.tasks,
            "taskrun" => &self.runs,
            "result" => &self.results,
            "user" => &self.users,
            "projectstats" => &self.stats,
            _ => &self.categories,
        }
    }

    pub(super) fn row(&self, table: &Table, id: i64) -> Option<&Row> {
        self.rows(table).get(&id)
    }

    pub(super) fn project_named(&self, short_name: &str) -> Option<&Row> {
        self.projects.get(self.projects_by_short_name.get(short_name)?)
    }

    pub(super) fn user_named(&self, name: &str) -> Option<&Row> {
        self.users.get(self.users_by_name.get(name)?)
    }

    pub(super) fn viewer(&self, api_key: Option<&str>, address: IpAddr) -> Viewer {
        let user = api_key.and_then(|key| self.users.get(self.users_by_key.get(key)?));
        let is = |column| user.is_some_and(|user| user.is(column));
        Viewer { user: user.map(Row::id), admin: is("admin"), pro: is("pro"), address }
    }

    /// Whether the viewer is admin, owner or co-owner of the project.
    pub(super) fn may_change(&self, viewer: &Viewer, project: i64) -> bool {
        let owns = |user: i64| {
            let project = self.projects.get(&project)?;
            Some(project.get("owners_ids").as_array()?.iter().any(|owner| owner.as_i64() == Some(user)))
        };
        viewer.admin || viewer.user.and_then(owns).unwrap_or(false)
    }

    /// The page of rows that a list asks for, of those that `keep` lets pass.
    pub(super) fn list(&self, table: &'static Table, query: &ListQuery, keep: impl Fn(&Row) -> bool) -> Vec<&Row> {
        let matching = self.candidates(table, query).filter(|row| query.admits(row) && keep(row));
        let (offset, limit) = (query.offset, query.limit);
        if query.order_by.name != "id" {
            let mut rows: Vec<_> = matching.collect();
            rows.sort_by(|a, b| query.compare(a, b));
            rows.into_iter().skip(offset).take(limit).collect()
        } else if query.descending {
            matching.rev().skip(offset).take(limit).collect()
        } else {
            matching.skip(offset).take(limit).collect()
        }
    }

    /// The rows that may match, by the narrowest index there is, in the order of their ids.
    fn candidates<'a>(&'a self, table: &'static Table, query: &ListQuery) -> Box<dyn DoubleEndedIterator<Item = &'a Row> + 'a> {
        let rows = self.rows(table);
        let after = (query.last_id.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        if let Some(id) = query.equals("id") {
            return Box::new(rows.get(&id).into_iter());
        }
        let ids = match (table.endpoint, query.equals("task_id"), query.equals("project_id")) {
            ("taskrun", Some(task), _) => self.of_task.get(&task).map(|of| &of.runs),
            ("result", Some(task), _) => self.of_task.get(&task).map(|of| &of.results),
            ("task", _, Some(project)) => self.of_project.get(&project).map(|of| &of.tasks),
            ("taskrun", _, Some(project)) => self.of_project.get(&project).map(|of| &of.runs),
            ("result", _, Some(project)) => self.of_project.get(&project).map(|of| &of.results),
            _ => return Box::new(rows.range(after).map(|(_, row)| row)),
        };
        Box::new(ids.into_iter().flat_map(move |ids| ids.range(after)).filter_map(|id| rows.get(id)))
    }

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
        self.users.insert(id, row);
        self.index_user(id);
        id
    }

    /// Finds the user by what his row now says; his former key and name are forgotten.
    pub(super) fn index_user(&mut self, id: i64) {
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

    /// The first open task of the project that `who` has not answered.
    pub(super) fn next_task(&self, project: i64, who: &Who) -> Option<&Row> {
        let open = self.of_project.get(&project)?.open.iter();
        let mut open = open.filter(|(_, task)| self.of_task.get(task).is_none_or(|of| !of.answered_by.contains(who)));
        open.find_map(|(_, task)| self.tasks.get(task))
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

    /// The result of the task that is its last version.
    pub(super) fn last_result(&self, task: i64) -> Option<&Row> {
        self.results.get(self.of_task.get(&task)?.results.last()?)
    }

    pub(super) fn runs_of(&self, task: i64) -> impl Iterator<Item = &Row> {
        self.of_task.get(&task).into_iter().flat_map(|of| &of.runs).filter_map(|run| self.runs.get(run))
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

/// An address as PYBOSSA shows it: always the same, and not the address.
///
/// Loopback's is the one that was recorded; for others the real server's cipher is replaced
/// by a hash.
fn scrambled(address: IpAddr) -> String {
    if address.is_loopback() && address.is_ipv4() && address.to_string() == "127.0.0.1" {
        return "124.252.2.225".to_owned();
    }
    let digest = Sha1::digest(address.to_string().as_bytes());
    let bytes: Vec<_> = digest.iter().take(4).map(u8::to_string).collect();
    bytes.join(".")
}
