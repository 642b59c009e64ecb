//! Invocations by their events, the newest event first.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row};

use super::super::names::Names;
use super::super::rows;
use super::{bounds, events_behind, events_params, known};
use crate::clock::{self, Timestamp};
use crate::event::EventKind;
use crate::id::{EventId, Scope};
use crate::store::browse::{InvocationState, ListedInvocation, Page, Place, WantedInvocations};
use crate::store::walk::Walk;

/// No more events are looked at for a page of their invocations, each of which takes some look-ups.
const LOOKED_AT_MAX: usize = 4_000;

/// A page may be longer by those of its last event.
pub(super) fn page(db: &Connection, names: &Names, wanted: &WantedInvocations, place: Place) -> rusqlite::Result<Page<ListedInvocation>> {
    let Ok(project) = known(names, wanted.project.as_ref()) else { return Ok(Page::empty()) };
    let (mut from, mut to) = bounds(db, place, wanted.since, wanted.until)?;
    if let Some(event) = wanted.event {
        let Some(row) = row_of(db, event)? else { return Ok(Page::empty()) };
        (from, to) = (from.min(row + 1), to.max(row));
    }
    let mut statement = match wanted.state {
        Some(InvocationState::Waiting | InvocationState::Parked) => {
            db.prepare_cached("SELECT DISTINCT event FROM invocation WHERE event < ?1 AND event >= ?2 ORDER BY event DESC")?
        }
        Some(InvocationState::Dead) => {
            db.prepare_cached("SELECT DISTINCT event FROM dead_letter WHERE event < ?1 AND event >= ?2 ORDER BY event DESC")?
        }
        _ => events_behind(db, project, wanted.task.as_deref())?,
    };
    let params = match statement.parameter_count() {
        2 => events_params(&None, &None, &from, &to),
        _ => events_params(&project, &wanted.task, &from, &to),
    };
    let mut found = statement.query(params.as_slice())?;
    let mut walk = Walk::new(place, LOOKED_AT_MAX);
    while walk.goes_on() {
        let Some(row) = found.next()? else { return Ok(walk.page(true)) };
        let event: i64 = row.get(0)?;
        walk.look_at(event);
        let Some(about) = handled(db, event)? else { continue };
        if wanted.since.is_some_and(|since| about.received_at < since)
            || wanted.until.is_some_and(|until| about.received_at > until)
            || project.is_some_and(|project| project != about.project)
            || wanted.task.as_ref().is_some_and(|task| about.task.as_ref() != Some(task))
        {
            continue;
        }
        walk.rows.extend(invocations_of(db, names, event, &about)?.into_iter().filter(|found| fits(wanted, found)));
    }
    Ok(walk.page(false))
}

fn row_of(db: &Connection, event: EventId) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM event WHERE uuid = ?1")?.query_row([event.as_bytes()], |row| row.get(0)).optional()
}

fn fits(wanted: &WantedInvocations, found: &ListedInvocation) -> bool {
    wanted.plugin.as_ref().is_none_or(|plugin| *plugin == found.plugin)
        && wanted.state.is_none_or(|state| state == found.state)
        && wanted.text.as_ref().is_none_or(|text| found.reason.to_lowercase().contains(&text.to_lowercase()))
}

/// The event of some invocations, as far as a listing shows it.
struct Handled {
    uuid: EventId,
    project: u32,
    kind: EventKind,
    task: Option<String>,
    received_at: Timestamp,
}

fn handled(db: &Connection, event: i64) -> rusqlite::Result<Option<Handled>> {
    db.prepare_cached("SELECT uuid, project, kind, task, received_at FROM event WHERE id = ?1")?
        .query_row([event], |row| {
            Ok(Handled {
                uuid: rows::event_id(row, 0)?,
                project: row.get(1)?,
                kind: rows::parsed(row, 2)?,
                task: row.get(3)?,
                received_at: rows::time(row, 4)?,
            })
        })
        .optional()
}

/// What each plugin did about an event, or is to do.
fn invocations_of(db: &Connection, names: &Names, event: i64, about: &Handled) -> rusqlite::Result<Vec<ListedInvocation>> {
    let mut by_scope = BTreeMap::new();
    let blank = |scope: &Scope| ListedInvocation {
        event: about.uuid,
        project: scope.project.clone(),
        plugin: scope.plugin.clone(),
        kind: about.kind.clone(),
        task: about.task.clone(),
        state: InvocationState::Dropped,
        attempts: 0,
        received_at: about.received_at,
        started_at: None,
        due: None,
        outcome: None,
        reason: String::new(),
        duration_ms: None,
        cpu_ms: None,
        memory_bytes: None,
        component: None,
        dead_letter: None,
    };
    each(
        db,
        "SELECT r.scope, r.done, c.digest, r.started_at, r.duration_ms, r.cpu_ms, r.outcome, r.reason, r.memory_bytes FROM run r \
         LEFT JOIN version c ON c.id = r.component WHERE r.event = ?1 ORDER BY r.id",
        event,
        |row| {
            let Some(found) = entry(&mut by_scope, names, row, blank)? else { return Ok(()) };
            found.attempts += 1;
            found.state = if row.get(1)? { InvocationState::Done } else { InvocationState::Dropped };
            (found.component, found.started_at) = (row.get(2)?, Some(rows::time(row, 3)?));
            (found.duration_ms, found.cpu_ms) = (row.get(4)?, row.get(5)?);
            (found.outcome, found.reason, found.memory_bytes) = (row.get(6)?, row.get(7)?, rows::bytes(row, 8)?);
            Ok(())
        },
    )?;
    each(db, "SELECT scope, id, reason FROM dead_letter WHERE event = ?1", event, |row| {
        let Some(found) = entry(&mut by_scope, names, row, blank)? else { return Ok(()) };
        (found.state, found.dead_letter, found.reason) = (InvocationState::Dead, row.get(1)?, row.get(2)?);
        Ok(())
    })?;
    each(db, "SELECT scope, due, parked_since IS NOT NULL FROM invocation WHERE event = ?1", event, |row| {
        let Some(found) = entry(&mut by_scope, names, row, blank)? else { return Ok(()) };
        let due: i64 = row.get(1)?;
        found.state = if row.get(2)? { InvocationState::Parked } else { InvocationState::Waiting };
        found.due = (due > 0).then(|| clock::from_millis(due));
        Ok(())
    })?;
    Ok(by_scope.into_values().collect())
}

fn each(db: &Connection, sql: &str, event: i64, mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([event])?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}

/// The entry of the scope in a row's first column; none for a scope that came into being since the names were read.
fn entry<'m>(
    by_scope: &'m mut BTreeMap<u32, ListedInvocation>,
    names: &Names,
    row: &Row<'_>,
    blank: impl Fn(&Scope) -> ListedInvocation,
) -> rusqlite::Result<Option<&'m mut ListedInvocation>> {
    let number: u32 = row.get(0)?;
    Ok(names.scope(number).map(|scope| by_scope.entry(number).or_insert_with(|| blank(scope))))
}
