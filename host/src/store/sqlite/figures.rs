//! Reading what events come to.

use rusqlite::{Connection, Row, ToSql, params};

use super::names::Names;
use super::rows::{self, EVENT_COLUMNS, Unpacked, event_columns};
use crate::event::EventKind;
use crate::id::EventId;
use crate::store::browse::{Page, Place};
use crate::store::figures::{AgreementCount, Analysis, Behind, ListedAnalysis, ProjectFigures, Sample, WantedAnalyses, WorkerCount};

/// No more tasks are looked at for a page.
const TASKS_LOOKED_AT_MAX: usize = 20_000;
/// No more samples are given at a time.
const SAMPLES_MAX: u32 = 1_500;

/// The newest analyses of a project's tasks.
pub(super) fn analyses(db: &Connection, project: u32, wanted: &WantedAnalyses, place: Place) -> rusqlite::Result<Page<ListedAnalysis>> {
    const COLUMNS: &str = "SELECT a.event, a.task, a.at, a.analysis, a.decided, a.agreement, \
         (SELECT e.uuid FROM event e WHERE e.id = a.event) FROM analysed a WHERE a.project = ?1 AND a.event < ?2";
    let before = place.before.unwrap_or(i64::MAX);
    let mut params: Vec<&dyn ToSql> = vec![&project, &before];
    let of_task = if let Some(task) = &wanted.task {
        params.push(task);
        "AND a.task = ?3"
    } else {
        ""
    };
    let mut statement = db.prepare_cached(&format!("{COLUMNS} {of_task} ORDER BY a.event DESC"))?;
    let mut found = statement.query(params.as_slice())?;
    let (mut listed, mut last) = (Vec::new(), None);
    for _ in 0..TASKS_LOOKED_AT_MAX {
        if listed.len() >= place.limit as usize {
            return Ok(Page { rows: listed, next: last });
        }
        let Some(row) = found.next()? else { return Ok(Page { rows: listed, next: None }) };
        last = Some(row.get(0)?);
        let agreement: Option<f64> = row.get(5)?;
        let fits = wanted.decided.is_none_or(|decided| row.get(4).is_ok_and(|is: bool| is == decided))
            && wanted.agreement_max.is_none_or(|max| agreement.is_some_and(|share| share <= max));
        if fits {
            listed.push(listed_analysis(row)?);
        }
    }
    Ok(Page { rows: listed, next: last })
}

fn listed_analysis(row: &Row<'_>) -> rusqlite::Result<ListedAnalysis> {
    let Unpacked(analysis) = row.get(3)?;
    let event: Option<[u8; 16]> = row.get(6)?;
    Ok(ListedAnalysis {
        task: row.get(1)?,
        event: event.map(EventId::from_bytes),
        at: rows::time(row, 2)?,
        analysis: serde_json::from_str::<Analysis>(&analysis).unwrap_or_default(),
    })
}

/// What the analyses of a project come to.
pub(super) fn figures(db: &Connection, project: u32, busiest: u32) -> rusqlite::Result<ProjectFigures> {
    let agreement = db
        .prepare_cached("SELECT decided, tenth, tasks FROM agreement WHERE project = ?1 AND tasks > 0 ORDER BY decided, tenth")?
        .query_map([project], |row| {
            Ok(AgreementCount { decided: row.get(0)?, tenth: u8::try_from(row.get::<_, i64>(1)?).ok(), tasks: count(row, 2)? })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let workers =
        db.prepare_cached("SELECT count(*) FROM worker WHERE project = ?1 AND answers > 0")?.query_row([project], |row| count(row, 0))?;
    let busiest = db
        .prepare_cached(
            "SELECT worker, answers, agreeing FROM worker WHERE project = ?1 AND answers > 0 ORDER BY answers DESC, worker LIMIT ?2",
        )?
        .query_map(params![project, busiest], |row| {
            Ok(WorkerCount { worker: row.get(0)?, answers: count(row, 1)?, agreeing: count(row, 2)? })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ProjectFigures { agreement, workers, busiest })
}

/// Up to which row events were counted.
pub(super) fn counted(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT event FROM counted")?.query_row([], |row| row.get(0))
}

/// The events of a kind among the next `limit` behind a row.
pub(super) fn behind(db: &Connection, names: &Names, row: i64, kind: &EventKind, limit: u32) -> rusqlite::Result<Behind> {
    const SQL: &str =
        concat!("SELECT ", event_columns!(), ", e.id FROM event e WHERE e.id > ?1 AND e.id <= ?2 AND e.kind = ?3 ORDER BY e.id");
    let reached: Option<i64> = db
        .prepare_cached("SELECT max(id) FROM (SELECT id FROM event WHERE id > ?1 ORDER BY id LIMIT ?2)")?
        .query_row(params![row, limit], |row| row.get(0))?;
    let events = db
        .prepare_cached(SQL)?
        .query_map(params![row, reached.unwrap_or(row), kind.as_str()], |row| Ok((row.get(EVENT_COLUMNS)?, rows::event(row, 0, names)?.0)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Behind { events, reached })
}

/// The samples since a minute, the last one of every `step` minutes.
pub(super) fn samples(db: &Connection, since: i64, step: u32) -> rusqlite::Result<Vec<Sample>> {
    db.prepare_cached(
        "SELECT max(minute), events, runs, waiting, deliveries_waiting, dead FROM sample WHERE minute >= ?1 \
         GROUP BY minute / ?2 ORDER BY 1 LIMIT ?3",
    )?
    .query_map(params![since, step.max(1), SAMPLES_MAX], |row| {
        Ok(Sample {
            minute: row.get(0)?,
            events: count(row, 1)?,
            runs: count(row, 2)?,
            waiting: count(row, 3)?,
            deliveries_waiting: count(row, 4)?,
            dead: count(row, 5)?,
        })
    })?
    .collect()
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0))
}
