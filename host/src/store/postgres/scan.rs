//! Entries of a plugin's state by prefix: the same for one who reads and for the check of what was read.

use tokio_postgres::Row;

use super::db::{Columns as _, Db, Result, params};
use crate::store::{StateEntry, StateVersion};

/// The scope, what keys begin with, behind which one, and at most how many.
pub(super) type Range<'a> = (i64, &'a str, Option<&'a str>, u32);

/// The entries of `scope` whose key begins with `prefix`, in the order of the keys' bytes, after `after`, at most `limit`.
pub(super) async fn entries(db: Db<'_>, range: Range<'_>) -> Result<Vec<StateEntry>> {
    let entry = |row: &Row| Ok(StateEntry { key: row.text(0)?, version: row.at(1)?, value: row.text(2)? });
    rows(db, "key, version, value", range).await?.iter().map(entry).collect()
}

/// Their keys and versions alone.
pub(super) async fn versions(db: Db<'_>, range: Range<'_>) -> Result<Vec<(String, StateVersion)>> {
    rows(db, "key, version", range).await?.iter().map(|row| Ok((row.text(0)?, row.at(1)?))).collect()
}

async fn rows(db: Db<'_>, columns: &str, (scope, prefix, after, limit): Range<'_>) -> Result<Vec<Row>> {
    let after = after.filter(|after| *after >= prefix);
    let from = after.unwrap_or(prefix).as_bytes();
    // No text holds the byte 255, so what begins with the prefix lies below the prefix and it.
    let end = [prefix.as_bytes(), &[0xFF]].concat();
    let than = if after.is_some() { ">" } else { ">=" };
    let sql = format!("SELECT {columns} FROM state WHERE scope = $1 AND key {than} $2 AND key < $3 ORDER BY key LIMIT $4");
    db.rows(&sql, params![scope, from, end, i64::from(limit)]).await
}
