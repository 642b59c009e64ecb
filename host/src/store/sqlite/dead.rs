//! Reading what was given up, and who is held.

use rusqlite::{Connection, Row, params};

use super::names::Names;
use super::rows::{self, Unpacked};
use crate::clock::Timestamp;
use crate::id::{DeliveryId, EventId};
use crate::store::dead::{self, Order};
use crate::store::{DeadDelivery, DeadKind, DeadLetter, DeadLetterId, Quarantine, WantedDead};

/// An invocation that was given up.
pub(super) struct DeadInvocationRow {
    pub(super) id: i64,
    pub(super) event: i64,
    pub(super) scope: u32,
    pub(super) task: Option<String>,
    pub(super) standing: u8,
    pub(super) generation: u32,
    uuid: EventId,
    kind: String,
    attempts: u32,
    died_at: Timestamp,
    reason: String,
}

/// A delivery that was given up.
pub(super) struct DeadDeliveryRow {
    pub(super) id: i64,
    pub(super) scope: u32,
    pub(super) connection: String,
    pub(super) task: Option<String>,
    pub(super) effect: Unpacked,
    pub(super) once: Option<String>,
    pub(super) in_doubt: bool,
    uuid: DeliveryId,
    event: EventId,
    kind: String,
    attempts: u32,
    died_at: Timestamp,
    note: String,
}

/// The invocations that were given up, at most `limit`.
pub(super) fn invocations(db: &Connection, wanted: &WantedDead, limit: u32, order: Order) -> rusqlite::Result<Vec<DeadInvocationRow>> {
    const WANTED: &str = "SELECT d.id, d.event, d.scope, e.task, e.standing, d.generation, e.uuid, e.kind, d.attempts, d.died_at, d.reason \
         FROM dead_letter d JOIN event e ON e.id = d.event JOIN scope s ON s.id = d.scope JOIN project p ON p.id = s.project \
         WHERE (?1 IS NULL OR d.id = ?1) AND (?2 IS NULL OR e.uuid = ?2) AND (?3 IS NULL OR p.name = ?3) AND (?4 IS NULL OR s.plugin = ?4) \
         AND (?5 IS NULL OR instr(d.reason, ?5) > 0) AND (?6 IS NULL OR d.died_at <= ?6) ORDER BY d.id";
    let id = match wanted.id {
        Some(DeadLetterId::Invocation(number)) => Some(number),
        Some(DeadLetterId::Delivery(_)) => return Ok(Vec::new()),
        None => None,
    };
    let mut statement = db.prepare_cached(&ordered(WANTED, order))?;
    let (event, project, plugin, until) = texts(wanted);
    let rows = statement.query_map(params![id, event, project, plugin, wanted.reason, until, limit], |row| {
        Ok(DeadInvocationRow {
            id: row.get(0)?,
            event: row.get(1)?,
            scope: row.get(2)?,
            task: row.get(3)?,
            standing: row.get(4)?,
            generation: row.get(5)?,
            uuid: rows::event_id(row, 6)?,
            kind: row.get(7)?,
            attempts: row.get(8)?,
            died_at: rows::time(row, 9)?,
            reason: row.get(10)?,
        })
    })?;
    rows.collect()
}

/// The deliveries that were given up, at most `limit`.
pub(super) fn deliveries(db: &Connection, wanted: &WantedDead, limit: u32, order: Order) -> rusqlite::Result<Vec<DeadDeliveryRow>> {
    const WANTED: &str = "SELECT d.id, d.scope, d.connection, d.task, d.effect, d.once, d.in_doubt, d.uuid, d.event, ifnull(e.kind, ''), \
         d.attempts, d.ended_at, d.note \
         FROM delivered d JOIN scope s ON s.id = d.scope JOIN project p ON p.id = s.project LEFT JOIN event e ON e.uuid = d.event \
         WHERE d.ending = 2 AND (?1 IS NULL OR d.uuid = ?1) AND (?2 IS NULL OR d.event = ?2) AND (?3 IS NULL OR p.name = ?3) \
         AND (?4 IS NULL OR s.plugin = ?4) AND (?5 IS NULL OR instr(d.note, ?5) > 0) AND (?6 IS NULL OR d.ended_at <= ?6) ORDER BY d.id";
    let id = match wanted.id {
        Some(DeadLetterId::Delivery(id)) => Some(*id.as_bytes()),
        Some(DeadLetterId::Invocation(_)) => return Ok(Vec::new()),
        None => None,
    };
    let mut statement = db.prepare_cached(&ordered(WANTED, order))?;
    let (event, project, plugin, until) = texts(wanted);
    let rows = statement.query_map(params![id, event, project, plugin, wanted.reason, until, limit], |row| {
        Ok(DeadDeliveryRow {
            id: row.get(0)?,
            scope: row.get(1)?,
            connection: row.get(2)?,
            task: row.get(3)?,
            effect: row.get(4)?,
            once: row.get(5)?,
            in_doubt: row.get(6)?,
            uuid: rows::delivery_id(row, 7)?,
            event: rows::event_id(row, 8)?,
            kind: row.get(9)?,
            attempts: row.get(10)?,
            died_at: rows::time(row, 11)?,
            note: row.get(12)?,
        })
    })?;
    rows.collect()
}

/// The dead letters given up last, newest first.
pub(super) fn letters(db: &Connection, names: &Names, wanted: &WantedDead, limit: u32) -> rusqlite::Result<Vec<DeadLetter>> {
    let mut letters = Vec::new();
    if wanted.what != Some(DeadKind::Delivery) {
        for row in invocations(db, wanted, limit, Order::NewestFirst)? {
            letters.push(DeadLetter {
                id: DeadLetterId::Invocation(row.id),
                event: row.uuid,
                kind: row.kind,
                scope: scope(names, row.scope)?,
                task: row.task,
                attempts: row.attempts,
                died_at: row.died_at,
                reason: row.reason,
                delivery: None,
            });
        }
    }
    if wanted.what != Some(DeadKind::Invocation) {
        for row in deliveries(db, wanted, limit, Order::NewestFirst)? {
            let effect = rows::effect_name(&row.effect);
            letters.push(DeadLetter {
                id: DeadLetterId::Delivery(row.uuid),
                event: row.event,
                kind: row.kind,
                scope: scope(names, row.scope)?,
                task: row.task,
                attempts: row.attempts,
                died_at: row.died_at,
                reason: row.note,
                delivery: Some(DeadDelivery { effect, connection: row.connection }),
            });
        }
    }
    Ok(dead::newest(letters, limit))
}

/// The plugins that are held.
pub(super) fn quarantined(db: &Connection, names: &Names) -> rusqlite::Result<Vec<Quarantine>> {
    let mut statement = db.prepare_cached("SELECT scope, since, component, settings, reason FROM quarantine ORDER BY scope")?;
    let rows = statement.query_map([], |row: &Row<'_>| {
        Ok(Quarantine {
            scope: scope(names, row.get(0)?)?,
            since: rows::time(row, 1)?,
            component: row.get(2)?,
            settings: row.get(3)?,
            reason: row.get(4)?,
        })
    })?;
    rows.collect()
}

fn scope(names: &Names, number: u32) -> rusqlite::Result<crate::id::Scope> {
    names.scope(number).cloned().ok_or(rusqlite::Error::IntegralValueOutOfRange(0, number.into()))
}

fn ordered(sql: &str, order: Order) -> String {
    format!("{sql}{} LIMIT ?7", order.direction())
}

type Texts<'a> = (Option<[u8; 16]>, Option<&'a str>, Option<&'a str>, Option<i64>);

/// The event, project, plugin and time that are wanted, as the database knows them.
fn texts(wanted: &WantedDead) -> Texts<'_> {
    (
        wanted.event.map(|event| *event.as_bytes()),
        wanted.project.as_ref().map(crate::id::ProjectName::as_str),
        wanted.plugin.as_ref().map(crate::id::PluginName::as_str),
        wanted.until.map(Timestamp::as_millisecond),
    )
}
