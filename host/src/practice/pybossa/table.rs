//! PYBOSSA's tables as its API shows them: columns in order, their types and defaults.
//!
//! A row is the JSON object that `dictize()` gives, so that what is stored, what a filter
//! compares and what is answered cannot drift apart.

use serde_json::{Map, Value, json};

use super::super::python;
use super::errors::ApiError;

/// What a column holds; a filter's text is read and a payload's value is checked accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Float,
    Bool,
    Text,
    /// A moment as text; filters compare its beginning.
    Moment,
    /// A list of integers.
    Ints,
    /// Anything, in the key order of JSONB.
    Json,
}

#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// One of PYBOSSA's tables.
#[derive(Debug)]
pub(super) struct Table {
    /// Python's class, as errors name it.
    pub(super) class: &'static str,
    /// The table, as SQL in errors names it; a task run's is not its endpoint's.
    pub(super) name: &'static str,
    /// The endpoint, as `target` in errors and paths name it.
    pub(super) endpoint: &'static str,
    pub(super) columns: &'static [Column],
    /// Columns that no payload may name.
    pub(super) reserved: &'static [&'static str],
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

macro_rules! columns {
    ($($name:ident $kind:ident),* $(,)?) => { &[$(Column { name: stringify!($name), kind: Kind::$kind }),*] };
}

pub(super) static PROJECT: Table = Table {
    class: "Project",
    name: "project",
    endpoint: "project",
    columns: columns![
        id Int, created Moment, updated Moment, name Text, short_name Text, description Text, long_description Text,
        webhook Text, allow_anonymous_contributors Bool, published Bool, featured Bool, secret_key Text,
        zip_download Bool, contacted Bool, owner_id Int, category_id Int, info Json, owners_ids Ints,
    ],
    reserved: &["id", "created", "updated", "completed", "contacted", "published", "secret_key"],
};

pub(super) static TASK: Table = Table {
    class: "Task",
    name: "task",
    endpoint: "task",
    columns: columns![
        id Int, created Moment, project_id Int, state Text, quorum Int, calibration Int, priority_0 Float, info Json,
        n_answers Int, fav_user_ids Ints,
    ],
    reserved: &["id", "created", "state", "fav_user_ids"],
};

pub(super) static TASK_RUN: Table = Table {
    class: "TaskRun",
    name: "task_run",
    endpoint: "taskrun",
    columns: columns![
        id Int, created Moment, project_id Int, task_id Int, user_id Int, user_ip Text, finish_time Moment,
        timeout Int, calibration Int, external_uid Text, media_url Text, info Json,
    ],
    reserved: &["id", "created", "finish_time"],
};

pub(super) static RESULT: Table = Table {
    class: "Result",
    name: "result",
    endpoint: "result",
    columns: columns![
        id Int, created Moment, project_id Int, task_id Int, task_run_ids Ints, last_version Bool, info Json,
    ],
    reserved: &["id", "created", "project_id", "task_id", "task_run_ids", "last_version"],
};

pub(super) static CATEGORY: Table = Table {
    class: "Category",
    name: "category",
    endpoint: "category",
    columns: columns![id Int, name Text, short_name Text, description Text, created Moment, info Json],
    reserved: &["id", "created"],
};

pub(super) static PROJECT_STATS: Table = Table {
    class: "ProjectStats",
    name: "project_stats",
    endpoint: "projectstats",
    columns: columns![
        id Int, project_id Int, n_tasks Int, n_task_runs Int, n_results Int, n_volunteers Int, n_completed_tasks Int,
        overall_progress Int, average_time Float, n_blogposts Int, last_activity Text, info Json,
    ],
    reserved: &["id"],
};

pub(super) static USER: Table = Table {
    class: "User",
    name: "user",
    endpoint: "user",
    columns: columns![
        id Int, created Moment, email_addr Text, name Text, fullname Text, locale Text, api_key Text, passwd_hash Text,
        ldap Text, admin Bool, pro Bool, privacy_mode Bool, restrict Bool, category Int, flags Int, ckan_api Text,
        newsletter_prompted Bool, valid_email Bool, confirmation_email_sent Bool, subscribed Bool, consent Bool,
        info Json, user_pref Json, notified_at Moment,
    ],
    // None at all: an ordinary user's own key with `{"admin": true}` makes him admin.
    reserved: &[],
};

/// One row of a table, all columns present, in order.
#[derive(Clone, Debug)]
pub(super) struct Row {
    table: &'static Table,
    cells: Map<String, Value>,
}

impl Row {
    /// A row with `cells` set and null elsewhere. Cells that are no column are left out.
    pub(super) fn new(table: &'static Table, mut cells: Value) -> Self {
        let cells = table.columns.iter().map(|column| {
            let value = cells.get_mut(column.name).map_or(Value::Null, Value::take);
            (column.name.to_owned(), if column.kind == Kind::Json { python::jsonb(value) } else { value })
        });
        Self { table, cells: cells.collect() }
    }

    pub(super) fn table(&self) -> &'static Table {
        self.table
    }

    pub(super) fn get(&self, column: &str) -> &Value {
        self.cells.get(column).unwrap_or(&Value::Null)
    }

    pub(super) fn int(&self, column: &str) -> i64 {
        self.get(column).as_i64().unwrap_or_default()
    }

    pub(super) fn text(&self, column: &str) -> &str {
        self.get(column).as_str().unwrap_or_default()
    }

    pub(super) fn is(&self, column: &str) -> bool {
        self.get(column) == &Value::Bool(true)
    }

    pub(super) fn id(&self) -> i64 {
        self.int("id")
    }

    /// Sets a cell that the server itself writes.
    pub(super) fn put(&mut self, column: &str, value: Value) {
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = value;
        }
    }

    /// Sets a cell to a payload's value.
    pub(super) fn write(&mut self, column: &'static Column, value: Value) -> Result<(), ApiError> {
        let value = checked(column.kind, value).ok_or_else(|| ApiError::wrong_type(self.table, column.name))?;
        self.put(column.name, value);
        Ok(())
    }

    /// The row as the API shows it to those who may see all of it.
    pub(super) fn dictize(&self) -> Map<String, Value> {
        self.cells.clone()
    }
}

/// `value` as the column stores it, or nothing where the database would refuse it.
fn checked(kind: Kind, value: Value) -> Option<Value> {
    let fits = match kind {
        Kind::Json => return Some(python::jsonb(value)),
        _ if value.is_null() => true,
        Kind::Float => return value.as_f64().map(|number| json!(number)),
        Kind::Int => value.is_i64(),
        Kind::Bool => value.is_boolean(),
        Kind::Text | Kind::Moment => value.is_string(),
        Kind::Ints => value.as_array().is_some_and(|items| items.iter().all(Value::is_i64)),
    };
    fits.then_some(value)
}
