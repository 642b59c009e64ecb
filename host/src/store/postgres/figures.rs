//! Reading what events come to.

use tokio_postgres::Row;

use super::db::{Columns as _, Db, Failure, Result, params};
use super::rows::{self, EVENT_COLUMNS, event_columns};
use crate::event::EventKind;
use crate::id::ProjectName;
use crate::store::browse::{Page, Place};
use crate::store::figures::{AgreementCount, Analysis, Behind, ListedAnalysis, ProjectFigures, Sample, WantedAnalyses, WorkerCount};

/// No more tasks are looked at for a page.
const TASKS_LOOKED_AT_MAX: i64 = 20_000;
/// No more samples are given at a time.
const SAMPLES_MAX: i64 = 1_500;

/// The number of a project, by its name.
const PROJECT: &str = "(SELECT id FROM project WHERE name = $1)";

/// The newest analyses of a project's tasks.
pub(super) async fn analyses(db: Db<'_>, project: &ProjectName, wanted: &WantedAnalyses, place: Place) -> Result<Page<ListedAnalysis>> {
    let limit = i64::from(place.limit);
    let (task, before) = (wanted.task.as_ref().map(String::as_bytes), place.before.unwrap_or(i64::MAX));
    let looked_at = format!(
        "SELECT * FROM analysed WHERE project = {PROJECT} AND event < $2 AND ($3 IS NULL OR task = $3) ORDER BY event DESC LIMIT $4"
    );
    let sql = format!(
        "SELECT a.event, a.task, a.at, a.analysis, e.uuid FROM ({looked_at}) a LEFT JOIN event e ON e.id = a.event \
         WHERE ($5 IS NULL OR a.decided = $5) AND ($6 IS NULL OR a.agreement <= $6) ORDER BY a.event DESC LIMIT $7"
    );
    let name = project.as_str();
    let found = db.rows(&sql, params![name, before, task, TASKS_LOOKED_AT_MAX, wanted.decided, wanted.agreement_max, limit]).await?;
    let next = if found.len() as u64 >= u64::from(place.limit) {
        found.last().map(|row| row.at(0)).transpose()?
    } else {
        let sql = format!("SELECT min(event), count(*) FROM ({looked_at}) a");
        let looked_at = db.first(&sql, params![name, before, task, TASKS_LOOKED_AT_MAX]).await?;
        looked_at.filter(|row| row.at::<i64>(1).is_ok_and(|count| count >= TASKS_LOOKED_AT_MAX)).map(|row| row.at(0)).transpose()?
    };
    Ok(Page { rows: found.iter().map(listed_analysis).collect::<Result<_>>()?, next })
}

fn listed_analysis(row: &Row) -> Result<ListedAnalysis> {
    Ok(ListedAnalysis {
        task: row.text(1)?,
        event: row.at::<Option<&[u8]>>(4)?.map(|_| rows::event_id(row, 4)).transpose()?,
        at: rows::time(row, 2)?,
        analysis: rows::json::<Analysis>(row, 3).unwrap_or_default(),
    })
}

/// What the analyses of a project come to.
pub(super) async fn figures(db: Db<'_>, project: &ProjectName, busiest: u32) -> Result<ProjectFigures> {
    let sql = format!("SELECT decided, tenth, tasks FROM agreement WHERE project = {PROJECT} AND tasks > 0 ORDER BY decided, tenth");
    let agreement =
        |row: &Row| Ok(AgreementCount { decided: row.at(0)?, tenth: u8::try_from(row.at::<i64>(1)?).ok(), tasks: rows::count(row, 2)? });
    let agreement = db.rows(&sql, params![project.as_str()]).await?.iter().map(agreement).collect::<Result<_>>()?;
    let sql = format!("SELECT count(*) FROM worker WHERE project = {PROJECT} AND answers > 0");
    let workers = db.first(&sql, params![project.as_str()]).await?.map_or(Ok(0), |row| rows::count(&row, 0))?;
    let sql = format!(
        "SELECT worker, answers, agreeing FROM worker WHERE project = {PROJECT} AND answers > 0 ORDER BY answers DESC, worker LIMIT $2"
    );
    let worker = |row: &Row| Ok(WorkerCount { worker: row.text(0)?, answers: rows::count(row, 1)?, agreeing: rows::count(row, 2)? });
    let busiest = db.rows(&sql, params![project.as_str(), i64::from(busiest)]).await?.iter().map(worker).collect::<Result<_>>()?;
    Ok(ProjectFigures { agreement, workers, busiest })
}

/// Up to which row events were counted.
pub(super) async fn counted(db: Db<'_>) -> Result<i64> {
    let row = db.first("SELECT event FROM counted", &[]).await?;
    row.ok_or_else(|| Failure::Row("the row `counted` is gone".to_owned()))?.at(0)
}

/// The events of a kind among the next `limit` behind a row.
pub(super) async fn behind(db: Db<'_>, row: i64, kind: &EventKind, limit: u32) -> Result<Behind> {
    const SQL: &str = concat!(
        "SELECT ",
        event_columns!(),
        ", e.id FROM event e JOIN project p ON p.id = e.project WHERE e.id > $1 AND e.id <= $2 AND e.kind = $3 ORDER BY e.id"
    );
    const REACHED: &str = "SELECT max(id) FROM (SELECT id FROM event WHERE id > $1 ORDER BY id LIMIT $2) e";
    let reached = db.first(REACHED, params![row, i64::from(limit)]).await?.map_or(Ok(None), |row| row.at::<Option<i64>>(0))?;
    let found = db.rows(SQL, params![row, reached.unwrap_or(row), kind.as_str()]).await?;
    let events = found.iter().map(|row| Ok((row.at(EVENT_COLUMNS)?, rows::event(row, 0)?.0))).collect::<Result<_>>()?;
    Ok(Behind { events, reached })
}

/// The samples since a minute, the last one of every `step` minutes.
pub(super) async fn samples(db: Db<'_>, since: i64, step: u32) -> Result<Vec<Sample>> {
    const SQL: &str = "SELECT DISTINCT ON (minute / $2) minute, events, runs, waiting, deliveries_waiting, dead FROM sample \
         WHERE minute >= $1 ORDER BY minute / $2, minute DESC LIMIT $3";
    let sample = |row: &Row| {
        Ok(Sample {
            minute: row.at(0)?,
            events: rows::count(row, 1)?,
            runs: rows::count(row, 2)?,
            waiting: rows::count(row, 3)?,
            deliveries_waiting: rows::count(row, 4)?,
            dead: rows::count(row, 5)?,
        })
    };
    db.rows(SQL, params![since, i64::from(step.max(1)), SAMPLES_MAX]).await?.iter().map(sample).collect()
}
