//! How values stand in rows.

use std::fmt::Display;
use std::str::FromStr;

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, Value, ValueRef};

use super::names::Names;
use crate::clock::{self, Timestamp};
use crate::event::{Event, Origin, Standing};
use crate::id::{DeliveryId, Digest, EventId};
use crate::store::numbers;
pub(super) use crate::store::numbers::{delivery_state, origin_number, platform_number, standing_number, yields};
use crate::store::numbers::{origin_of, platform_of, standing_of};

/// Texts beyond this many bytes are packed: below it lz4 saves less than a page's slack.
const PLAIN_MAX: usize = 1_024;

/// Dedup keys beyond this many bytes are cut, and a digest of the whole is put behind.
const KEY_BYTES_MAX: usize = 96;

/// So much of a long dedup key stays in front of its digest: enough that neighbours in time stay neighbours.
const KEY_BYTES_KEPT: usize = 48;

/// The columns that [`event`] reads, with the table `event` named `e`.
macro_rules! event_columns {
    () => {
        "e.uuid, e.project, e.platform, e.kind, e.task, e.occurred_at, e.received_at, e.origin, e.standing, e.emitted_by, e.root, e.depth, e.payload"
    };
}
pub(super) use event_columns;

/// How many columns that are.
pub(super) const EVENT_COLUMNS: usize = 13;

/// A text that may be long, as it stands in a row: as it is, or packed with lz4. Made before the writer gets it, so that
/// packing does not hold up everyone else.
#[derive(Debug)]
pub(super) enum Packed {
    Plain(String),
    Lz4(Vec<u8>),
}

impl Packed {
    pub(super) fn of(text: String) -> Self {
        if text.len() <= PLAIN_MAX { Self::Plain(text) } else { Self::Lz4(lz4_flex::compress_prepend_size(text.as_bytes())) }
    }

    /// Nothing for the text that says nothing, to keep rows small.
    pub(super) fn unless(text: String, empty: &str) -> Option<Self> {
        (text != empty).then(|| Self::of(text))
    }
}

impl ToSql for Packed {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Plain(text) => ValueRef::Text(text.as_bytes()),
            Self::Lz4(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// What [`Packed`] was made of.
pub(super) struct Unpacked(pub(super) String);

impl FromSql for Unpacked {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Blob(bytes) => {
                let text = lz4_flex::decompress_size_prepended(bytes).map_err(FromSqlError::other)?;
                String::from_utf8(text).map(Self).map_err(FromSqlError::other)
            }
            text => text.as_str().map(|text| Self(text.to_owned())),
        }
    }
}

/// A dedup key as it stands in a row: itself when it is short.
pub(super) fn dedup_key(key: &str) -> Value {
    if key.len() <= KEY_BYTES_MAX {
        return Value::Text(key.to_owned());
    }
    let mut bytes = key.as_bytes().get(..KEY_BYTES_KEPT).unwrap_or_default().to_vec();
    bytes.extend_from_slice(&Digest::of(key.as_bytes()).0);
    Value::Blob(bytes)
}

/// A column that holds the text of a name or the like.
pub(super) fn parsed<T: FromStr<Err: Display>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text =
        row.get_ref(column)?.as_str().map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))?;
    text.parse().map_err(|error: T::Err| unreadable(column, error.to_string()))
}

/// A column that holds a time.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(clock::from_millis)
}

/// A column that holds a number of bytes, or nothing.
pub(super) fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.and_then(|bytes| u64::try_from(bytes).ok()))
}

/// A column that holds an event's id.
pub(super) fn event_id(row: &Row<'_>, column: usize) -> rusqlite::Result<EventId> {
    row.get(column).map(EventId::from_bytes)
}

/// A column that holds a delivery's id.
pub(super) fn delivery_id(row: &Row<'_>, column: usize) -> rusqlite::Result<DeliveryId> {
    row.get(column).map(DeliveryId::from_bytes)
}

/// The event in the columns of [`event_columns`], from number `first` on.
pub(super) fn event(row: &Row<'_>, first: usize, names: &Names) -> rusqlite::Result<(Event, Standing)> {
    let id = event_id(row, first)?;
    let number: u32 = row.get(first + 1)?;
    let project = names.project_name(number).ok_or_else(|| unreadable(first + 1, format!("there is no project number {number}")))?;
    let root: Option<[u8; 16]> = row.get(first + 10)?;
    let emitted_by = match row.get_ref(first + 9)? {
        ValueRef::Null => None,
        _ => Some(parsed(row, first + 9)?),
    };
    let event = Event {
        id,
        project: project.clone(),
        platform: platform_of(row.get(first + 2)?).ok_or_else(|| unreadable(first + 2, "no such platform".to_owned()))?,
        kind: parsed(row, first + 3)?,
        task: row.get(first + 4)?,
        occurred_at: time(row, first + 5)?,
        received_at: time(row, first + 6)?,
        origin: origin(row, first + 7)?,
        emitted_by,
        root: root.map_or(id, EventId::from_bytes),
        depth: row.get(first + 11)?,
        payload: row.get::<_, Unpacked>(first + 12)?.0,
    };
    Ok((event, standing(row, first + 8)?))
}

/// A column that holds a standing.
pub(super) fn standing(row: &Row<'_>, column: usize) -> rusqlite::Result<Standing> {
    standing_of(row.get(column)?).ok_or_else(|| unreadable(column, "no such standing".to_owned()))
}

/// The word for an effect, as it stands in its row: what else it holds may be long, and is not made anything of.
pub(super) fn effect_name(effect: &Unpacked) -> String {
    numbers::effect_name(&effect.0)
}

/// A column that holds an origin.
pub(super) fn origin(row: &Row<'_>, column: usize) -> rusqlite::Result<Origin> {
    let number = row.get(column)?;
    origin_of(number).ok_or_else(|| unreadable(column, format!("there is no origin number {number}")))
}

fn unreadable(column: usize, why: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, why.into())
}
