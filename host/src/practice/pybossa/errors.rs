//! PYBOSSA's errors, in the words and shapes that were recorded.

use serde_json::{Value, json};

use super::super::python;
use super::table::Table;

const UNAUTHORIZED: &str = "The server could not verify that you are authorized to access the URL requested. You either \
     supplied the wrong credentials (e.g. a bad password), or your browser doesn't understand how to supply the \
     credentials required.";
const FORBIDDEN: &str =
    "You don't have the permission to access the requested resource. It is either read-protected or not readable by the server.";
const NOT_FOUND: &str = "404 Not Found: The requested URL was not found on the server. If you entered the URL manually \
     please check your spelling and try again.";

/// A refusal: status, Python's class of the exception, and its text.
#[derive(Debug)]
pub(super) struct ApiError {
    pub(super) status: u16,
    class: &'static str,
    message: String,
}

impl ApiError {
    fn new(status: u16, class: &'static str, message: impl Into<String>) -> Self {
        Self { status, class, message: message.into() }
    }

    /// The payload names a column that only the server writes.
    pub(super) fn reserved() -> Self {
        Self::new(400, "BadRequest", "Reserved keys in payload")
    }

    /// 401 for a caller without a valid key, 403 for one whose key does not suffice.
    pub(super) fn denied(anonymous: bool) -> Self {
        if anonymous { Self::new(401, "Unauthorized", UNAUTHORIZED) } else { Self::new(403, "Forbidden", FORBIDDEN) }
    }

    pub(super) fn forbidden(why: &str) -> Self {
        Self::new(403, "Forbidden", why)
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "NotFound", NOT_FOUND)
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "405 Method Not Allowed: The method is not allowed for the requested URL.";
        Self::new(405, "MethodNotAllowed", message)
    }

    pub(super) fn too_many_requests() -> Self {
        let message = "429 Too Many Requests: This user has exceeded an allotted request count. Try again later.";
        Self::new(429, "TooManyRequests", message)
    }

    pub(super) fn broken_json(text: &str, error: &serde_json::Error) -> Self {
        Self::new(415, "ValueError", python::json_error(text, error))
    }

    /// The payload is JSON, but no object.
    pub(super) fn not_an_object(payload: &Value) -> Self {
        let class = match payload {
            Value::Array(_) => "list",
            Value::String(_) => "str",
            Value::Bool(_) => "bool",
            Value::Number(number) if number.is_f64() => "float",
            Value::Number(_) => "int",
            Value::Null | Value::Object(_) => "NoneType",
        };
        Self::new(415, "AttributeError", format!("'{class}' object has no attribute 'keys'"))
    }

    /// The payload has a key that is no column.
    pub(super) fn unknown_key(table: &Table, key: &str) -> Self {
        Self::new(415, "TypeError", format!("'{key}' is an invalid keyword argument for {}", table.class))
    }

    /// The query has an argument that is no column.
    pub(super) fn unknown_argument(table: &Table, argument: &str) -> Self {
        Self::new(415, "AttributeError", format!("type object '{}' has no attribute '{argument}'", table.class))
    }

    /// A task for a project that is not there: PYBOSSA stumbles over it.
    pub(super) fn no_such_project() -> Self {
        Self::new(415, "AttributeError", "'NoneType' object has no attribute 'owners_ids'")
    }

    /// A value in the payload that the column's type cannot hold.
    pub(super) fn wrong_type(table: &Table, column: &str) -> Self {
        let message = format!("column \"{column}\" of relation \"{}\" does not take a value of this type", table.name);
        Self::new(415, "DBIntegrityError", message)
    }

    /// The text that PostgreSQL and SQLAlchemy make of a duplicate; `parameters` are the row's.
    pub(super) fn duplicate(table: &Table, column: &str, row: &[(&str, Value)]) -> Self {
        let name = table.name;
        let value = row.iter().find(|(key, _)| *key == column).map(|(_, value)| plain(value)).unwrap_or_default();
        let columns: Vec<_> = row.iter().map(|(key, _)| *key).collect();
        let places: Vec<_> =
            columns.iter().map(|key| if *key == "owners_ids" { format!("%({key})s::INTEGER[]") } else { format!("%({key})s") }).collect();
        let parameters: Vec<_> = row.iter().map(|(key, value)| format!("'{key}': {}", python::repr(value))).collect();
        let message = format!(
            "(psycopg2.errors.UniqueViolation) duplicate key value violates unique constraint \"{name}_{column}_key\"\n\
             DETAIL:  Key ({column})=({value}) already exists.\n\n\
             [SQL: INSERT INTO {name} ({}) VALUES ({}) RETURNING {name}.id]\n[parameters: {{{}}}]\n\
             (Background on this error at: http://sqlalche.me/e/13/gkpj)",
            columns.join(", "),
            places.join(", "),
            parameters.join(", "),
        );
        Self::new(415, "DBIntegrityError", message)
    }

    /// The text that PostgreSQL and SQLAlchemy make of `?id=abc`.
    ///
    /// It shows the one filter that failed; a query with several shows more on a real server.
    pub(super) fn bad_number(table: &Table, column: &str, value: &str, limit: usize, offset: usize) -> Self {
        let name = table.name;
        let selected: Vec<_> = table.columns.iter().map(|column| format!("{name}.{0} AS {name}_{0}", column.name)).collect();
        let current = if name == "result" { " AND result.last_version = true" } else { "" };
        let shown: String = format!("WHERE {name}.{column} = '{value}'{current} ORDER BY {name}.id ").chars().take(60).collect();
        let caret = " ".repeat("LINE 3: WHERE  = ".len() + name.len() + 1 + column.len());
        let message = format!(
            "(psycopg2.errors.InvalidTextRepresentation) invalid input syntax for type integer: \"{value}\"\n\
             LINE 3: {shown}...\n{caret}^\n\n\
             [SQL: SELECT {} \nFROM {name} \nWHERE {name}.{column} = %({column}_1)s{current} ORDER BY {name}.id \n \
             LIMIT %(param_1)s OFFSET %(param_2)s]\n\
             [parameters: {{'{column}_1': '{value}', 'param_1': {limit}, 'param_2': {offset}}}]\n\
             (Background on this error at: http://sqlalche.me/e/13/9h9h)",
            selected.join(", "),
        );
        Self::new(415, "DataError", message)
    }

    /// What an unforeseen exception looks like.
    pub(super) fn server_error() -> Self {
        Self::new(500, "InternalServerError", "the practice server was told to fail")
    }

    /// The JSON that PYBOSSA sends: what was tried, on what, and why it failed.
    pub(super) fn body(&self, action: &str, target: &str) -> Value {
        json!({
            "action": action,
            "status": "failed",
            "status_code": self.status,
            "target": target,
            "exception_cls": self.class,
            "exception_msg": self.message,
        })
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| python::dumps(value), str::to_owned)
}
