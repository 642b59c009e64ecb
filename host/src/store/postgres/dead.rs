//! Reading what was given up, and who is held.

use tokio_postgres::Row;

use super::db::{Columns as _, Db, Result, params};
use super::rows;
use crate::clock::Timestamp;
use crate::id::{DeliveryId, EventId, Scope};
use crate::store::dead::{self, Order};
use crate::store::numbers;
use crate::store::{DeadDelivery, DeadKind, DeadLetter, DeadLetterId, Quarantine, WantedDead};

/// An invocation that was given up.
pub(super) struct DeadInvocationRow {
    pub(super) id: i64,
    pub(super) event: i64,
    pub(super) scope: Scope,
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
    pub(super) scope: i64,
    pub(super) project: i64,
    pub(super) member: i64,
    pub(super) task: Option<String>,
    pub(super) effect: String,
    pub(super) once: Option<Vec<u8>>,
    pub(super) in_doubt: bool,
    whose: Scope,
    connection: String,
    uuid: DeliveryId,
    event: EventId,
    kind: String,
    attempts: u32,
    died_at: Timestamp,
    note: String,
}

/// What both kinds are asked for by.
macro_rules! wanted {
    ($id:literal, $event:literal, $reason:literal, $ended:literal) => {
        concat!(
            "($1 IS NULL OR ",
            $id,
            " = $1) AND ($2 IS NULL OR ",
            $event,
            " = $2) AND ($3 IS NULL OR p.name = $3) \
             AND ($4 IS NULL OR s.plugin = $4) AND ($5 IS NULL OR position($5 IN ",
            $reason,
            ") > 0) AND ($6 IS NULL OR ",
            $ended,
            " <= $6) ORDER BY d.id"
        )
    };
}

/// The invocations that were given up, at most `limit`.
pub(super) async fn invocations(db: Db<'_>, wanted: &WantedDead, limit: u32, order: Order) -> Result<Vec<DeadInvocationRow>> {
    const WANTED: &str = concat!(
        "SELECT d.id, d.event, p.name, s.plugin, e.task, e.standing, d.generation, e.uuid, e.kind, d.attempts, d.died_at, d.reason \
         FROM dead_letter d JOIN event e ON e.id = d.event JOIN scope s ON s.id = d.scope JOIN project p ON p.id = s.project WHERE ",
        wanted!("d.id", "e.uuid", "d.reason", "d.died_at")
    );
    let id = match wanted.id {
        Some(DeadLetterId::Invocation(number)) => Some(number),
        Some(DeadLetterId::Delivery(_)) => return Ok(Vec::new()),
        None => None,
    };
    let read = |row: &Row| {
        Ok(DeadInvocationRow {
            id: row.at(0)?,
            event: row.at(1)?,
            scope: rows::scope(row, 2)?,
            task: row.text_or_none(4)?,
            standing: rows::small(row, 5)?,
            generation: row.number(6)?,
            uuid: rows::event_id(row, 7)?,
            kind: row.at(8)?,
            attempts: row.number(9)?,
            died_at: rows::time(row, 10)?,
            reason: row.text(11)?,
        })
    };
    let (event, project, plugin, reason, until) = texts(wanted);
    let found = db.rows(&ordered(WANTED, order), params![id, event, project, plugin, reason, until, i64::from(limit)]).await?;
    found.iter().map(read).collect()
}

/// The deliveries that were given up, at most `limit`.
pub(super) async fn deliveries(db: Db<'_>, wanted: &WantedDead, limit: u32, order: Order) -> Result<Vec<DeadDeliveryRow>> {
    const WANTED: &str = concat!(
        "SELECT d.id, d.scope, s.project, d.member, d.task, d.effect, d.once, d.in_doubt, p.name, s.plugin, o.connection, d.uuid, d.event, \
         coalesce(e.kind, ''), d.attempts, d.ended_at, d.note FROM delivered d JOIN scope s ON s.id = d.scope \
         JOIN project p ON p.id = s.project JOIN outlet o ON o.id = d.member LEFT JOIN event e ON e.uuid = d.event WHERE d.ending = 2 AND ",
        wanted!("d.uuid", "d.event", "d.note", "d.ended_at")
    );
    let id = match wanted.id {
        Some(DeadLetterId::Delivery(id)) => Some(id.as_bytes().to_vec()),
        Some(DeadLetterId::Invocation(_)) => return Ok(Vec::new()),
        None => None,
    };
    let read = |row: &Row| {
        Ok(DeadDeliveryRow {
            id: row.at(0)?,
            scope: row.at(1)?,
            project: row.at(2)?,
            member: row.at(3)?,
            task: row.text_or_none(4)?,
            effect: row.text(5)?,
            once: row.at(6)?,
            in_doubt: row.at(7)?,
            whose: rows::scope(row, 8)?,
            connection: row.at(10)?,
            uuid: row.uuid(11).map(DeliveryId::from_bytes)?,
            event: rows::event_id(row, 12)?,
            kind: row.at(13)?,
            attempts: row.number(14)?,
            died_at: rows::time(row, 15)?,
            note: row.text(16)?,
        })
    };
    let (event, project, plugin, reason, until) = texts(wanted);
    let found = db.rows(&ordered(WANTED, order), params![id, event, project, plugin, reason, until, i64::from(limit)]).await?;
    found.iter().map(read).collect()
}

/// The dead letters given up last, newest first.
pub(super) async fn letters(db: Db<'_>, wanted: &WantedDead, limit: u32) -> Result<Vec<DeadLetter>> {
    let mut letters = Vec::new();
    if wanted.what != Some(DeadKind::Delivery) {
        for row in invocations(db, wanted, limit, Order::NewestFirst).await? {
            letters.push(DeadLetter {
                id: DeadLetterId::Invocation(row.id),
                event: row.uuid,
                kind: row.kind,
                scope: row.scope,
                task: row.task,
                attempts: row.attempts,
                died_at: row.died_at,
                reason: row.reason,
                delivery: None,
            });
        }
    }
    if wanted.what != Some(DeadKind::Invocation) {
        for row in deliveries(db, wanted, limit, Order::NewestFirst).await? {
            let effect = numbers::effect_name(&row.effect);
            letters.push(DeadLetter {
                id: DeadLetterId::Delivery(row.uuid),
                event: row.event,
                kind: row.kind,
                scope: row.whose,
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
pub(super) async fn quarantined(db: Db<'_>) -> Result<Vec<Quarantine>> {
    const SQL: &str = "SELECT p.name, s.plugin, q.since, q.component, q.settings, q.reason FROM quarantine q \
         JOIN scope s ON s.id = q.scope JOIN project p ON p.id = s.project ORDER BY q.scope";
    let read = |row: &Row| {
        Ok(Quarantine {
            scope: rows::scope(row, 0)?,
            since: rows::time(row, 2)?,
            component: row.at(3)?,
            settings: row.at(4)?,
            reason: row.text(5)?,
        })
    };
    db.rows(SQL, &[]).await?.iter().map(read).collect()
}

fn ordered(sql: &str, order: Order) -> String {
    format!("{sql}{} LIMIT $7", order.direction())
}

type Texts<'a> = (Option<Vec<u8>>, Option<&'a str>, Option<&'a str>, Option<&'a [u8]>, Option<i64>);

/// The event, project, plugin, reason and time that are wanted, as the database knows them.
fn texts(wanted: &WantedDead) -> Texts<'_> {
    (
        wanted.event.map(|event| event.as_bytes().to_vec()),
        wanted.project.as_ref().map(crate::id::ProjectName::as_str),
        wanted.plugin.as_ref().map(crate::id::PluginName::as_str),
        wanted.reason.as_ref().map(String::as_bytes),
        wanted.until.map(Timestamp::as_millisecond),
    )
}
