//! Entries of a plugin's state by prefix: the same for one who reads and for the check of what was read.

use rusqlite::{Connection, Row, params};

/// What `each` makes of the entries of `scope` whose key begins with `prefix`, in the order of the keys' bytes, after
/// `after`, at most `limit`. The row has the key, the version and the value.
pub(super) fn scan<T>(
    db: &Connection,
    (scope, prefix, after, limit): (u32, &str, Option<&str>, u32),
    each: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let after = after.filter(|after| *after >= prefix);
    let mut statement = db.prepare_cached(if after.is_some() {
        "SELECT key, version, value FROM state WHERE scope = ?1 AND key > ?2 ORDER BY key LIMIT ?3"
    } else {
        "SELECT key, version, value FROM state WHERE scope = ?1 AND key >= ?2 ORDER BY key LIMIT ?3"
    })?;
    let mut rows = statement.query(params![scope, after.unwrap_or(prefix), limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if !row.get_ref(0)?.as_bytes()?.starts_with(prefix.as_bytes()) {
            break;
        }
        found.push(each(row)?);
    }
    Ok(found)
}
