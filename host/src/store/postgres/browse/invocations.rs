//! Invocations by their events, the newest event first.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::super::db::{Columns as _, Db, Param, Result, param, params};
use super::super::rows;
use super::{Rows, bounds, bytes_are, fits_time, known, which};
use crate::clock;
use crate::id::Scope;
use crate::store::browse::{InvocationState, ListedInvocation, Page, Place, WantedInvocations};
use crate::store::walk::Walk;

/// No more events are looked at for a page of their invocations, each of which takes some look-ups.
const LOOKED_AT_MAX: usize = 4_000;
/// So many events come at a time.
const EVENTS_AT_ONCE: usize = 100;

/// What each plugin did about these events, or is to do: attempts first, in their order, then what became of it.
const OF_EVENTS: &str = "SELECT r.event, r.scope, p.name, s.plugin, 0::BIGINT, r.id, r.done, c.digest, r.started_at, r.duration_ms, r.cpu_ms, \
     r.outcome, r.reason, r.memory_bytes FROM run r JOIN scope s ON s.id = r.scope JOIN project p ON p.id = s.project \
     LEFT JOIN version c ON c.id = r.component WHERE r.event = ANY ($1) \
     UNION ALL SELECT d.event, d.scope, p.name, s.plugin, 1, d.id, FALSE, NULL, 0, 0, 0, '', d.reason, NULL FROM dead_letter d \
     JOIN scope s ON s.id = d.scope JOIN project p ON p.id = s.project WHERE d.event = ANY ($1) \
     UNION ALL SELECT i.event, i.member, p.name, s.plugin, 2, i.due, i.parked_since IS NOT NULL, NULL, 0, 0, 0, '', '', NULL FROM invocation i \
     JOIN scope s ON s.id = i.member JOIN project p ON p.id = s.project WHERE i.event = ANY ($1) AND NOT i.doomed ORDER BY 1 DESC, 5, 6";

/// A page may be longer by those of its last event.
pub(super) async fn page(db: Db<'_>, wanted: &WantedInvocations, place: Place) -> Result<Page<ListedInvocation>> {
    let Ok(project) = known(db, wanted.project.as_ref()).await? else { return Ok(Page::empty()) };
    let task = wanted.task.as_ref().map(String::as_bytes);
    let (mut from, mut to) = bounds(db, place, wanted.since, wanted.until).await?;
    if let Some(event) = wanted.event {
        let row = db.first("SELECT id FROM event WHERE uuid = $1", params![event.as_bytes().as_slice()]).await?;
        let Some(row) = row else { return Ok(Page::empty()) };
        let row: i64 = row.at(0)?;
        (from, to) = (from.min(row + 1), to.max(row));
    }
    let among = match wanted.state {
        Some(InvocationState::Waiting | InvocationState::Parked) => {
            "e.id IN (SELECT event FROM invocation WHERE NOT doomed AND event < $1 AND event >= $3) AND"
        }
        Some(InvocationState::Dead) => "e.id IN (SELECT event FROM dead_letter WHERE event < $1 AND event >= $3) AND",
        _ => "",
    };
    let sql = format!(
        "SELECT e.id, e.uuid, e.kind, e.task, e.received_at FROM event e WHERE {among} e.id < $1 AND {} ORDER BY e.id DESC LIMIT $2",
        which(project.as_ref(), task)
    );
    let params: Vec<Param<'_>> = [Some(param(&to)), project.as_ref().map(param), task.as_ref().map(param)].into_iter().flatten().collect();
    let mut found = Rows::new(db, sql, from, params);
    found.at_once = EVENTS_AT_ONCE;
    let mut walk = Walk::new(place, LOOKED_AT_MAX);
    let mut of_events = BTreeMap::new();
    while walk.goes_on() {
        let Some(event) = found.next().await? else { return Ok(walk.page(true)) };
        let row: i64 = event.at(0)?;
        walk.look_at(row);
        if !fits_time(&event, 4, wanted.since, wanted.until)? || wanted.task.as_ref().is_some_and(|task| !bytes_are(&event, 3, task)) {
            continue;
        }
        if !of_events.contains_key(&row) {
            let ids: Vec<i64> =
                std::iter::once(Ok(row)).chain(found.fetched.as_slice().iter().map(|row| row.at(0))).collect::<Result<_>>()?;
            of_events = ids.iter().map(|id| (*id, Vec::new())).collect();
            for found in db.rows(OF_EVENTS, params![ids]).await? {
                of_events.entry(found.at::<i64>(0)?).or_insert_with(Vec::new).push(found);
            }
        }
        let found = invocations_of(&event, of_events.get(&row).map_or(&[], Vec::as_slice))?;
        walk.rows.extend(found.into_iter().filter(|found| fits(wanted, found)));
    }
    Ok(walk.page(false))
}

fn fits(wanted: &WantedInvocations, found: &ListedInvocation) -> bool {
    wanted.plugin.as_ref().is_none_or(|plugin| *plugin == found.plugin)
        && wanted.state.is_none_or(|state| state == found.state)
        && wanted.text.as_ref().is_none_or(|text| found.reason.to_lowercase().contains(&text.to_lowercase()))
}

/// What each plugin did about an event, or is to do.
fn invocations_of(event: &Row, found: &[Row]) -> Result<Vec<ListedInvocation>> {
    let mut by_scope = BTreeMap::new();
    for row in found {
        let blank = blank(event, rows::scope(row, 2)?)?;
        let one = by_scope.entry(row.at::<i64>(1)?).or_insert(blank);
        match row.at::<i64>(4)? {
            0 => {
                one.attempts += 1;
                one.state = if row.at(6)? { InvocationState::Done } else { InvocationState::Dropped };
                (one.component, one.started_at) = (row.at(7)?, Some(rows::time(row, 8)?));
                (one.duration_ms, one.cpu_ms) = (Some(row.number(9)?), Some(row.number(10)?));
                (one.outcome, one.reason) = (Some(row.at(11)?), row.text(12)?);
                one.memory_bytes = row.at::<Option<i64>>(13)?.and_then(|bytes| u64::try_from(bytes).ok());
            }
            1 => (one.state, one.dead_letter, one.reason) = (InvocationState::Dead, Some(row.at(5)?), row.text(12)?),
            _ => {
                let due: i64 = row.at(5)?;
                one.state = if row.at(6)? { InvocationState::Parked } else { InvocationState::Waiting };
                one.due = (due > 0).then(|| clock::from_millis(due));
            }
        }
    }
    Ok(by_scope.into_values().collect())
}

fn blank(event: &Row, scope: Scope) -> Result<ListedInvocation> {
    Ok(ListedInvocation {
        event: rows::event_id(event, 1)?,
        project: scope.project,
        plugin: scope.plugin,
        kind: rows::parsed(event, 2)?,
        task: event.text_or_none(3)?,
        state: InvocationState::Dropped,
        attempts: 0,
        received_at: rows::time(event, 4)?,
        started_at: None,
        due: None,
        outcome: None,
        reason: String::new(),
        duration_ms: None,
        cpu_ms: None,
        memory_bytes: None,
        component: None,
        dead_letter: None,
    })
}
