//! Keeping what analyses come to. A newer one takes the place of an older one of its task, in the sums too.

use rusqlite::{OptionalExtension, params};

use super::Batch;
use crate::store::figures::{Analysis, Sample};
use crate::store::sqlite::rows::Unpacked;
use crate::store::sqlite::work::AnalysedRow;

/// Where the share is not known.
const NO_TENTH: i64 = -1;

impl Batch<'_> {
    pub(super) fn count(&mut self, (from, to): (i64, i64), analyses: &[AnalysedRow]) -> rusqlite::Result<bool> {
        if self.execute("UPDATE counted SET event = ?2 WHERE event = ?1", params![from, to])? == 0 {
            return Ok(false);
        }
        for AnalysedRow { asked, json } in analyses {
            let project = self.names.project(self.db, &asked.project)?;
            let older: Option<(i64, Unpacked)> = self
                .db
                .prepare_cached("SELECT event, analysis FROM analysed WHERE project = ?1 AND task = ?2")?
                .query_row(params![project, asked.task], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            if let Some((row, text)) = older {
                if row >= asked.row {
                    continue;
                }
                // What this host wrote it can read.
                self.add(project, &serde_json::from_str(&text.0).unwrap_or_default(), -1)?;
            }
            self.add(project, &asked.analysis, 1)?;
            self.execute(
                "INSERT OR REPLACE INTO analysed (project, task, event, at, decided, agreement, analysis) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    project,
                    asked.task,
                    asked.row,
                    asked.at.as_millisecond(),
                    asked.analysis.decided,
                    asked.analysis.agreement.filter(|share| share.is_finite()),
                    json
                ],
            )?;
        }
        Ok(true)
    }

    fn add(&self, project: u32, analysis: &Analysis, tasks: i64) -> rusqlite::Result<()> {
        let tenth = analysis.tenth().map_or(NO_TENTH, i64::from);
        self.execute(
            "INSERT INTO agreement (project, decided, tenth, tasks) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (project, decided, tenth) DO UPDATE SET tasks = tasks + excluded.tasks",
            params![project, analysis.decided, tenth, tasks],
        )?;
        for vote in &analysis.workers {
            self.execute(
                "INSERT INTO worker (project, worker, answers, agreeing) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (project, worker) \
                 DO UPDATE SET answers = answers + excluded.answers, agreeing = agreeing + excluded.agreeing",
                params![project, vote.worker, tasks, if vote.agrees { tasks } else { 0 }],
            )?;
        }
        Ok(())
    }

    pub(super) fn sample(&self, sample: &Sample, oldest: i64) -> rusqlite::Result<()> {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.execute(
            "INSERT OR REPLACE INTO sample (minute, events, runs, waiting, deliveries_waiting, dead) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                sample.minute,
                count(sample.events),
                count(sample.runs),
                count(sample.waiting),
                count(sample.deliveries_waiting),
                count(sample.dead)
            ],
        )?;
        self.execute("DELETE FROM sample WHERE minute < ?1", [oldest]).map(|_| ())
    }
}
