//! Events, the newest first.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::super::db::{Columns as _, Db, Param, Result, param, params};
use super::super::rows;
use super::{Rows, bounds, bytes_are, fits_time, known, text_is, which};
use crate::store::browse::{ListedEvent, Page, Place, WantedEvents};
use crate::store::walk::Walk;

/// No more events are looked at for a page.
const LOOKED_AT_MAX: usize = 20_000;
/// So many bytes of payloads are looked through for a page.
const TEXT_BYTES_MAX: usize = 8 << 20;
/// So many rows come at a time with their payloads.
const TEXTS_AT_ONCE: usize = 50;

pub(super) async fn page(db: Db<'_>, wanted: &WantedEvents, place: Place) -> Result<Page<ListedEvent>> {
    let Ok(project) = known(db, wanted.project.as_ref()).await? else { return Ok(Page::empty()) };
    let task = wanted.task.as_ref().map(String::as_bytes);
    let (from, to) = bounds(db, place, wanted.since, wanted.until).await?;
    let needle = wanted.text.as_ref().map(|text| text.to_lowercase());
    let payload = if needle.is_some() { ", e.payload" } else { "" };
    let sql = format!(
        "SELECT e.id, e.uuid, p.name, e.kind, e.task, e.received_at, e.origin, e.standing, e.emitted_by{payload} FROM event e \
         JOIN project p ON p.id = e.project WHERE e.id < $1 AND {} ORDER BY e.id DESC LIMIT $2",
        which(project.as_ref(), task)
    );
    let params: Vec<Param<'_>> = [Some(param(&to)), project.as_ref().map(param), task.as_ref().map(param)].into_iter().flatten().collect();
    let mut found = Rows::new(db, sql, from, params);
    if needle.is_some() {
        found.at_once = TEXTS_AT_ONCE;
    }
    let mut text_bytes = 0;
    let mut walk = Walk::new(place, LOOKED_AT_MAX);
    let mut is_at_end = false;
    while walk.goes_on() && text_bytes < TEXT_BYTES_MAX {
        let Some(row) = found.next().await? else {
            is_at_end = true;
            break;
        };
        let id: i64 = row.at(0)?;
        walk.look_at(id);
        let fits = fits_time(&row, 5, wanted.since, wanted.until)?
            && wanted.kind.as_ref().is_none_or(|kind| text_is(&row, 3, kind.as_str()))
            && wanted.task.as_ref().is_none_or(|task| bytes_are(&row, 4, task))
            && wanted.standing.is_none_or(|standing| rows::standing(&row, 7).is_ok_and(|found| found == standing));
        if !fits {
            continue;
        }
        if let Some(needle) = &needle {
            let payload = row.text(9)?;
            text_bytes += payload.len();
            if !payload.to_lowercase().contains(needle) {
                continue;
            }
        }
        walk.rows.push((id, listed(&row)?));
    }
    let Page { rows, next } = walk.page(is_at_end);
    Ok(Page { rows: counted(db, rows).await?, next })
}

fn listed(row: &Row) -> Result<ListedEvent> {
    Ok(ListedEvent {
        id: rows::event_id(row, 1)?,
        project: rows::parsed(row, 2)?,
        kind: rows::parsed(row, 3)?,
        task: row.text_or_none(4)?,
        received_at: rows::time(row, 5)?,
        origin: rows::origin(row, 6)?,
        standing: rows::standing(row, 7)?,
        emitted_by: row.at::<Option<&str>>(8)?.map(|_| rows::parsed(row, 8)).transpose()?,
        waiting: 0,
        dead: 0,
    })
}

/// The same with how many plugins have not finished with each, and how many gave it up.
async fn counted(db: Db<'_>, listed: Vec<(i64, ListedEvent)>) -> Result<Vec<ListedEvent>> {
    const SQL: &str = "SELECT e.id, (SELECT count(*) FROM invocation i WHERE i.event = e.id AND NOT i.doomed), \
         (SELECT count(*) FROM dead_letter d WHERE d.event = e.id) FROM unnest ($1) AS e (id)";
    let ids: Vec<i64> = listed.iter().map(|(id, _)| *id).collect();
    let mut counts = HashMap::new();
    for row in db.rows(SQL, params![ids]).await? {
        counts.insert(row.at::<i64>(0)?, (row.number(1)?, row.number(2)?));
    }
    let with_counts = |(id, event): (i64, ListedEvent)| {
        let (waiting, dead) = counts.get(&id).copied().unwrap_or_default();
        ListedEvent { waiting, dead, ..event }
    };
    Ok(listed.into_iter().map(with_counts).collect())
}
