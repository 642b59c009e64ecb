//! How values stand in rows.

use std::fmt::Display;
use std::str::FromStr;

use tokio_postgres::Row;

use super::db::{Columns as _, Failure, Result};
use crate::clock::{self, Timestamp};
use crate::event::{Event, Origin, Standing};
use crate::id::{Digest, EventId, Scope};
use crate::store::numbers;

/// Dedup keys beyond this many bytes are cut, and a digest of the whole is put behind.
const KEY_BYTES_MAX: usize = 96;

/// So much of a long dedup key stays in front of its digest.
const KEY_BYTES_KEPT: usize = 48;

/// Tasks beyond this many bytes stand in lanes by their digest: an index takes no long entries.
const LANE_BYTES_MAX: usize = 64;

/// The columns that [`event`] reads, with the table `event` named `e` and its project `p`.
macro_rules! event_columns {
    () => {
        "e.uuid, p.name, e.platform, e.kind, e.task, e.occurred_at, e.received_at, e.origin, e.standing, e.emitted_by, e.root, e.depth, e.payload"
    };
}
pub(super) use event_columns;

/// How many columns that are.
pub(super) const EVENT_COLUMNS: usize = 13;

/// A dedup key as it stands in a row: itself when it is short.
pub(super) fn dedup_key(key: &str) -> Vec<u8> {
    if key.len() <= KEY_BYTES_MAX {
        return key.as_bytes().to_vec();
    }
    let mut bytes = key.as_bytes().get(..KEY_BYTES_KEPT).unwrap_or_default().to_vec();
    // No text holds this byte, so no short key is taken for it.
    bytes.push(0xFF);
    bytes.extend_from_slice(&Digest::of(key.as_bytes()).0);
    bytes
}

/// The lane of a task among those of one member.
pub(super) fn lane(task: Option<&str>) -> Option<Vec<u8>> {
    task.map(|task| {
        if task.len() <= LANE_BYTES_MAX {
            return task.as_bytes().to_vec();
        }
        let mut bytes = vec![0xFF];
        bytes.extend_from_slice(&Digest::of(task.as_bytes()).0);
        bytes
    })
}

/// A column that holds the text of a name or the like.
pub(super) fn parsed<T: FromStr<Err: Display>>(row: &Row, column: usize) -> Result<T> {
    row.at::<&str>(column)?.parse().map_err(|error: T::Err| Failure::Row(error.to_string()))
}

/// A column that holds a time.
pub(super) fn time(row: &Row, column: usize) -> Result<Timestamp> {
    row.at(column).map(clock::from_millis)
}

/// A column that holds an event's id.
pub(super) fn event_id(row: &Row, column: usize) -> Result<EventId> {
    row.uuid(column).map(EventId::from_bytes)
}

/// Two columns that hold the names of a project and of a plugin.
pub(super) fn scope(row: &Row, column: usize) -> Result<Scope> {
    Ok(Scope { project: parsed(row, column)?, plugin: parsed(row, column + 1)? })
}

/// A column that holds JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(row: &Row, column: usize) -> Result<T> {
    serde_json::from_slice(row.at(column)?).map_err(|error| Failure::Row(format!("column {column} cannot be read: {error}")))
}

/// The event in the columns of [`event_columns`], from number `first` on.
pub(super) fn event(row: &Row, first: usize) -> Result<(Event, Standing)> {
    let id = event_id(row, first)?;
    let root: Option<&[u8]> = row.at(first + 10)?;
    let emitted_by: Option<&str> = row.at(first + 9)?;
    let event = Event {
        id,
        project: parsed(row, first + 1)?,
        platform: numbers::platform_of(small(row, first + 2)?).ok_or_else(|| unknown("platform"))?,
        kind: parsed(row, first + 3)?,
        task: row.text_or_none(first + 4)?,
        occurred_at: time(row, first + 5)?,
        received_at: time(row, first + 6)?,
        origin: origin(row, first + 7)?,
        emitted_by: emitted_by.map(|_| parsed(row, first + 9)).transpose()?,
        root: if root.is_some() { event_id(row, first + 10)? } else { id },
        depth: row.number(first + 11)?,
        payload: row.text(first + 12)?,
    };
    Ok((event, standing(row, first + 8)?))
}

/// A column that holds a number that stands for a word.
pub(super) fn small(row: &Row, column: usize) -> Result<u8> {
    u8::try_from(row.at::<i16>(column)?).map_err(|_| unknown("word"))
}

/// A column that holds a standing.
pub(super) fn standing(row: &Row, column: usize) -> Result<Standing> {
    numbers::standing_of(small(row, column)?).ok_or_else(|| unknown("standing"))
}

/// A column that holds an origin.
pub(super) fn origin(row: &Row, column: usize) -> Result<Origin> {
    numbers::origin_of(small(row, column)?).ok_or_else(|| unknown("origin"))
}

fn unknown(what: &str) -> Failure {
    Failure::Row(format!("there is no such {what}"))
}

/// A count as callers know it.
pub(super) fn count(row: &Row, column: usize) -> Result<u64> {
    Ok(u64::try_from(row.at::<i64>(column)?).unwrap_or(0))
}
