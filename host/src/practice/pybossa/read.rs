//! The calls that read: lists, single rows, and which of their columns a caller may see.

use serde_json::{Map, Value, json};

use super::errors::ApiError;
use super::query::{Arguments, ListQuery};
use super::state::{State, Viewer};
use super::table::{CATEGORY, PROJECT, PROJECT_STATS, RESULT, Row, TASK, TASK_RUN, Table, USER};

/// Columns of a project that everyone sees.
const PROJECT_PUBLIC: &[&str] = &[
    "id",
    "created",
    "updated",
    "name",
    "short_name",
    "description",
    "long_description",
    "featured",
    "owner_id",
    "category_id",
    "info",
    "owners_ids",
];
/// Keys of a project's info that everyone sees.
const PROJECT_INFO_PUBLIC: &[&str] = &["container", "thumbnail", "thumbnail_url", "tutorial", "sched"];
/// What an admin sees of a user, in this order; some are no columns and always null.
const USER_FOR_ADMIN: &[&str] =
    &["created", "name", "fullname", "info", "n_answers", "registered_ago", "rank", "score", "locale", "id", "email_addr"];

/// One reading call: who asks, with which arguments, at which address.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) state: &'a State,
    pub(super) viewer: &'a Viewer,
    pub(super) arguments: &'a Arguments,
    /// `host:port` as the caller wrote it; links are made with it.
    pub(super) host: &'a str,
}

impl Reader<'_> {
    /// A page of rows.
    pub(super) fn list(self, table: &'static Table) -> Result<Value, ApiError> {
        let query = ListQuery::read(table, self.arguments)?;
        let own_only = self.viewer.user.filter(|_| !self.arguments.wants_all());
        let rows = self.state.list(table, &query, |row| own_only.is_none_or(|user| self.owner_of(row) == Some(user)));
        Ok(rows.into_iter().filter(|row| self.may_read(row)).map(|row| self.show(row)).collect())
    }

    /// One row by its id, whatever its version or owner.
    pub(super) fn one(self, table: &'static Table, id: i64) -> Result<Value, ApiError> {
        let row = self.state.row(table, id).ok_or_else(ApiError::not_found)?;
        if self.may_read(row) { Ok(self.show(row)) } else { Err(ApiError::denied(self.viewer.is_anonymous())) }
    }

    /// The owner whose lists show the row; for rows of no project, the caller himself.
    fn owner_of(self, row: &Row) -> Option<i64> {
        match row.table().endpoint {
            "user" | "category" => self.viewer.user,
            "project" => Some(row.int("owner_id")),
            _ => self.state.projects.get(&row.int("project_id")).map(|project| project.int("owner_id")),
        }
    }

    /// Drafts are hidden from strangers; everything else is readable by all.
    fn may_read(self, row: &Row) -> bool {
        row.table().endpoint != "project" || row.is("published") || self.state.may_change(self.viewer, row.id())
    }

    fn show(self, row: &Row) -> Value {
        match row.table().endpoint {
            "user" => self.show_user(row),
            "project" if !self.state.may_change(self.viewer, row.id()) => self.link(row, public_project(row)),
            _ => {
                let mut shown = row.dictize();
                if self.arguments.wants_related() && !self.state.without_related {
                    self.embed(row, &mut shown);
                }
                self.link(row, shown)
            }
        }
    }

    /// Adds what belongs to the row, as it is stored: without links of its own.
    fn embed(self, row: &Row, shown: &mut Map<String, Value>) {
        let task = if row.table().endpoint == "task" { row.id() } else { row.int("task_id") };
        let embedded = |row: Option<&Row>| row.map_or(Value::Null, |row| Value::Object(row.dictize()));
        let runs = || self.state.runs_of(task).map(|run| Value::Object(run.dictize())).collect();
        match row.table().endpoint {
            "task" => {
                shown.insert("task_runs".to_owned(), runs());
                shown.insert("result".to_owned(), embedded(self.state.last_result(task)));
            }
            "result" => {
                shown.insert("task_runs".to_owned(), runs());
                shown.insert("task".to_owned(), embedded(self.state.tasks.get(&task)));
            }
            "taskrun" => {
                shown.insert("task".to_owned(), embedded(self.state.tasks.get(&task)));
                shown.insert("result".to_owned(), embedded(self.state.last_result(task)));
            }
            _ => {}
        }
    }

    /// Adds `links` to the row's parents and `link` to itself.
    fn link(self, row: &Row, mut shown: Map<String, Value>) -> Value {
        let parents: &[(&str, &str, &str)] = match row.table().endpoint {
            "project" => &[("category", "category", "category_id")],
            "task" | "projectstats" => &[("parent", "project", "project_id")],
            "taskrun" | "result" => &[("parent", "project", "project_id"), ("parent", "task", "task_id")],
            _ => &[],
        };
        let link = |relation: &str, title: &str, id: i64| {
            json!(format!("<link rel='{relation}' title='{title}' href='http://{}/api/{title}/{id}'/>", self.host))
        };
        if !parents.is_empty() {
            let links = parents.iter().map(|(relation, title, column)| link(relation, title, row.int(column)));
            shown.insert("links".to_owned(), links.collect());
        }
        shown.insert("link".to_owned(), link("self", row.table().endpoint, row.id()));
        Value::Object(shown)
    }

    fn show_user(self, user: &Row) -> Value {
        let mut columns: &[&str] = &["name", "locale"];
        if self.viewer.admin || self.viewer.user == Some(user.id()) {
            columns = USER_FOR_ADMIN;
        } else if !user.is("privacy_mode") {
            columns = &["name", "locale", "fullname", "created"];
        }
        let cells = columns.iter().map(|column| ((*column).to_owned(), user.get(column).clone()));
        Value::Object(cells.collect())
    }
}

fn public_project(project: &Row) -> Map<String, Value> {
    let mut shown = project.dictize();
    shown.retain(|column, _| PROJECT_PUBLIC.contains(&column.as_str()));
    if let Some(Value::Object(info)) = shown.get_mut("info") {
        info.retain(|key, _| PROJECT_INFO_PUBLIC.contains(&key.as_str()));
    }
    shown
}

/// The table behind `/api/<endpoint>`.
pub(super) fn table(endpoint: &str) -> Option<&'static Table> {
    [&PROJECT, &TASK, &TASK_RUN, &RESULT, &CATEGORY, &PROJECT_STATS, &USER].into_iter().find(|table| table.endpoint == endpoint)
}
