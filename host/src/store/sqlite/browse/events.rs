//! Events, the newest first.

use rusqlite::{Connection, Row};

use super::super::names::Names;
use super::super::rows::{self, Unpacked};
use super::{bounds, events_behind, events_params, fits_time, known, text_is};
use crate::store::browse::{ListedEvent, Page, Place, WantedEvents};
use crate::store::walk::Walk;

/// No more events are looked at for a page: some 20 ms.
const LOOKED_AT_MAX: usize = 20_000;
/// So many bytes of payloads are looked through for a page.
const TEXT_BYTES_MAX: usize = 8 << 20;

pub(super) fn page(db: &Connection, names: &Names, wanted: &WantedEvents, place: Place) -> rusqlite::Result<Page<ListedEvent>> {
    let Ok(project) = known(names, wanted.project.as_ref()) else { return Ok(Page::empty()) };
    let mut statement = events_behind(db, project, wanted.task.as_deref())?;
    let (from, to) = bounds(db, place, wanted.since, wanted.until)?;
    let mut found = statement.query(events_params(&project, &wanted.task, &from, &to).as_slice())?;
    let needle = wanted.text.as_ref().map(|text| text.to_lowercase());
    let mut text_bytes = 0;
    let mut walk = Walk::new(place, LOOKED_AT_MAX);
    while walk.goes_on() && text_bytes < TEXT_BYTES_MAX {
        let Some(row) = found.next()? else { return Ok(walk.page(true)) };
        let id: i64 = row.get(0)?;
        walk.look_at(id);
        let fits = fits_time(row, 5, wanted.since, wanted.until)?
            && wanted.kind.as_ref().is_none_or(|kind| text_is(row, 3, kind.as_str()))
            && wanted.task.as_ref().is_none_or(|task| text_is(row, 4, task))
            && wanted.standing.is_none_or(|standing| row.get::<_, u8>(7).is_ok_and(|number| number == rows::standing_number(standing)));
        if !fits {
            continue;
        }
        if let Some(needle) = &needle {
            let Unpacked(payload) = row.get(9)?;
            text_bytes += payload.len();
            if !payload.to_lowercase().contains(needle) {
                continue;
            }
        }
        walk.rows.push(listed_event(db, names, row, id)?);
    }
    Ok(walk.page(false))
}

fn listed_event(db: &Connection, names: &Names, row: &Row<'_>, id: i64) -> rusqlite::Result<ListedEvent> {
    let count = |sql: &str| -> rusqlite::Result<u32> { db.prepare_cached(sql)?.query_row([id], |row| row.get(0)) };
    let number: u32 = row.get(2)?;
    Ok(ListedEvent {
        id: rows::event_id(row, 1)?,
        project: names.project_name(number).cloned().ok_or(rusqlite::Error::IntegralValueOutOfRange(2, number.into()))?,
        kind: rows::parsed(row, 3)?,
        task: row.get(4)?,
        received_at: rows::time(row, 5)?,
        origin: rows::origin(row, 6)?,
        standing: rows::standing(row, 7)?,
        emitted_by: row.get_ref(8)?.as_str_or_null()?.map(|_| rows::parsed(row, 8)).transpose()?,
        waiting: count("SELECT count(*) FROM invocation WHERE event = ?1")?,
        dead: count("SELECT count(*) FROM dead_letter WHERE event = ?1")?,
    })
}
