//! The arguments of a list: filters by column, order, page.

use std::cmp::Ordering;

use form_urlencoded::parse;
use serde_json::Value;

use super::super::python;
use super::errors::ApiError;
use super::table::{Column, Kind, Row, Table};

/// A page without `limit` has so many rows.
const LIMIT_DEFAULT: usize = 20;
/// A larger `limit` is cut to this without a word.
const LIMIT_MAX: usize = 100;
/// Arguments of a list that are no columns.
const LIST_ARGUMENTS: &[&str] = &["api_key", "limit", "offset", "last_id", "all", "fulltextsearch", "desc", "orderby", "related"];

/// The query of a request, as it came.
#[derive(Debug, Default)]
pub(super) struct Arguments(Vec<(String, String)>);

impl Arguments {
    pub(super) fn parse(query: &str) -> Self {
        Self(parse(query.as_bytes()).into_owned().collect())
    }

    /// The first argument of this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// An id among the arguments, where it is a whole number.
    pub(super) fn id(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    /// Whether `all=1` lifts the caller's own projects as the frame of a list.
    pub(super) fn wants_all(&self) -> bool {
        self.get("all") == Some("1")
    }

    /// Whether rows should carry what belongs to them. Any text switches it on, as in Python.
    pub(super) fn wants_related(&self) -> bool {
        self.get("related").is_some_and(|value| !value.is_empty())
    }

    /// Refuses an argument that is neither `api_key` nor a column, as calls by id do.
    pub(super) fn only_columns(&self, table: &Table) -> Result<(), ApiError> {
        match self.0.iter().find(|(key, _)| !known(table, key)) {
            Some((key, _)) => Err(ApiError::unknown_argument(table, key)),
            None => Ok(()),
        }
    }
}

fn known(table: &Table, key: &str) -> bool {
    LIST_ARGUMENTS.contains(&key) || table.column(key).is_some()
}

/// A checked query for a list.
#[derive(Debug)]
pub(super) struct ListQuery {
    filters: Vec<Filter>,
    /// Rows must have a greater id; overrides `offset` and `desc`.
    pub(super) last_id: Option<i64>,
    pub(super) limit: usize,
    pub(super) offset: usize,
    pub(super) order_by: &'static Column,
    pub(super) descending: bool,
}

#[derive(Debug)]
struct Filter {
    column: &'static Column,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Int(i64),
    AnyOf(Vec<i64>),
    Float(f64),
    Bool(bool),
    Text(String),
    Prefix(String),
    /// `key::value|key2::value2`: all of these pairs are there.
    Pairs(Vec<(String, String)>),
    /// JSON containment, PostgreSQL's `@>`.
    Contains(Value),
}

impl ListQuery {
    pub(super) fn read(table: &'static Table, arguments: &Arguments) -> Result<Self, ApiError> {
        arguments.only_columns(table)?;
        let number = |name| arguments.get(name).and_then(|text| text.parse::<usize>().ok());
        let last_id = arguments.id("last_id");
        let limit = number("limit").unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
        let offset = if last_id.is_some() { 0 } else { number("offset").unwrap_or(0) };
        let order_by = arguments.get("orderby").unwrap_or("id");
        let order_by = table.column(order_by).ok_or_else(|| ApiError::unknown_argument(table, order_by))?;
        let mut filters = Vec::new();
        // A user's `api_key` is a column too, but in a query it is always the caller's.
        for (key, value) in arguments.0.iter().filter(|(key, _)| !LIST_ARGUMENTS.contains(&key.as_str())) {
            let Some(column) = table.column(key) else {
                continue;
            };
            let test = Test::read(column, value);
            let test = test.ok_or_else(|| ApiError::bad_number(table, column.name, value, limit, offset))?;
            filters.push(Filter { column, test });
        }
        if table.name == "result" && arguments.get("last_version").is_none() {
            let column = table.column("last_version").expect("results have this column");
            filters.push(Filter { column, test: Test::Bool(true) });
        }
        let descending = last_id.is_none() && arguments.get("desc").is_some_and(yes);
        Ok(Self { filters, last_id, limit, offset, order_by, descending })
    }

    /// The id, task or project that the rows must have: what an index can find.
    pub(super) fn equals(&self, column: &str) -> Option<i64> {
        self.filters.iter().find_map(|filter| match &filter.test {
            Test::Int(wanted) if filter.column.name == column => Some(*wanted),
            Test::AnyOf(wanted) if filter.column.name == column => match wanted.as_slice() {
                [only] => Some(*only),
                _ => None,
            },
            _ => None,
        })
    }

    pub(super) fn admits(&self, row: &Row) -> bool {
        self.last_id.is_none_or(|last| row.id() > last) && self.filters.iter().all(|filter| filter.test.passes(row.get(filter.column.name)))
    }

    /// Compares two rows in the order asked for; nulls last, as PostgreSQL has them.
    pub(super) fn compare(&self, a: &Row, b: &Row) -> Ordering {
        let (a, b) = (a.get(self.order_by.name), b.get(self.order_by.name));
        let order = match (a, b) {
            (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
            (Value::String(a), Value::String(b)) => a.cmp(b),
            _ => a.is_null().cmp(&b.is_null()),
        };
        if self.descending { order.reverse() } else { order }
    }
}

impl Test {
    fn read(column: &Column, value: &str) -> Option<Self> {
        Some(match column.kind {
            Kind::Int if column.name == "project_id" => {
                let ids: Option<Vec<_>> = digits(value).map(|digits| digits.parse().ok()).collect();
                Self::AnyOf(ids.filter(|ids| !ids.is_empty())?)
            }
            Kind::Int => Self::Int(value.trim().parse().ok()?),
            Kind::Float => Self::Float(value.trim().parse().ok()?),
            Kind::Bool => Self::Bool(truth(value)?),
            Kind::Text => Self::Text(value.to_owned()),
            Kind::Moment => Self::Prefix(value.to_owned()),
            Kind::Ints => Self::Contains(serde_json::from_str(value).ok()?),
            Kind::Json => match pairs(value) {
                Some(pairs) => Self::Pairs(pairs),
                None => Self::Contains(serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))),
            },
        })
    }

    fn passes(&self, value: &Value) -> bool {
        match self {
            Self::Int(wanted) => value.as_i64() == Some(*wanted),
            Self::AnyOf(wanted) => value.as_i64().is_some_and(|id| wanted.contains(&id)),
            Self::Float(wanted) => value.as_f64() == Some(*wanted),
            Self::Bool(wanted) => value.as_bool() == Some(*wanted),
            Self::Text(wanted) => value.as_str() == Some(wanted),
            Self::Prefix(wanted) => value.as_str().is_some_and(|text| text.starts_with(wanted.as_str())),
            Self::Pairs(pairs) => pairs.iter().all(|(key, wanted)| match value.get(key) {
                Some(Value::String(text)) => text == wanted,
                Some(other) => *wanted == python::dumps(other),
                None => false,
            }),
            Self::Contains(wanted) => contains(value, wanted),
        }
    }
}

fn digits(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty())
}

fn yes(text: &str) -> bool {
    truth(text) == Some(true)
}

fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "yes" | "on" => Some(true),
        "false" | "f" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |part: &str| part.split_once("::").map(|(key, value)| (key.to_owned(), value.to_owned()));
    text.split('|').map(pair).collect()
}

fn contains(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(value), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| value.get(key).is_some_and(|value| contains(value, wanted)))
        }
        (Value::Array(value), Value::Array(wanted)) => wanted.iter().all(|wanted| value.iter().any(|value| contains(value, wanted))),
        (Value::Array(value), wanted) => value.contains(wanted),
        (value, wanted) => value == wanted,
    }
}
