//! Keeping what analyses come to. A newer one takes the place of an older one of its task, in the sums too.

use super::Batch;
use crate::store::figures::{Analysed, Analysis, Sample};
use crate::store::postgres::db::{Columns as _, Failure, Result, params};

/// Where the share is not known.
const NO_TENTH: i64 = -1;

impl Batch<'_> {
    pub(super) async fn count(&mut self, (from, to): (i64, i64), analyses: &[Analysed]) -> Result<bool> {
        if self.execute("UPDATE counted SET event = $2 WHERE event = $1", params![from, to]).await? == 0 {
            return Ok(false);
        }
        for asked in analyses {
            let project = self.memory.names.project(self.db, &asked.project).await?;
            let sql = "SELECT event, analysis FROM analysed WHERE project = $1 AND task = $2";
            if let Some(older) = self.db.first(sql, params![project, asked.task.as_bytes()]).await? {
                if older.at::<i64>(0)? >= asked.row {
                    continue;
                }
                // What this host wrote it can read.
                self.add(project, &serde_json::from_slice(older.at(1)?).unwrap_or_default(), -1).await?;
            }
            self.add(project, &asked.analysis, 1).await?;
            let json = serde_json::to_vec(&asked.analysis).map_err(|error| Failure::Row(error.to_string()))?;
            self.execute(
                "INSERT INTO analysed (project, task, event, at, decided, agreement, analysis) VALUES ($1, $2, $3, $4, $5, $6, $7) \
                 ON CONFLICT (project, task) DO UPDATE SET event = excluded.event, at = excluded.at, decided = excluded.decided, \
                 agreement = excluded.agreement, analysis = excluded.analysis",
                params![
                    project,
                    asked.task.as_bytes(),
                    asked.row,
                    asked.at.as_millisecond(),
                    asked.analysis.decided,
                    asked.analysis.agreement.filter(|share| share.is_finite()),
                    json
                ],
            )
            .await?;
        }
        Ok(true)
    }

    async fn add(&self, project: i64, analysis: &Analysis, tasks: i64) -> Result<()> {
        let tenth = analysis.tenth().map_or(NO_TENTH, i64::from);
        self.execute(
            "INSERT INTO agreement (project, decided, tenth, tasks) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (project, decided, tenth) DO UPDATE SET tasks = agreement.tasks + excluded.tasks",
            params![project, analysis.decided, tenth, tasks],
        )
        .await?;
        for vote in &analysis.workers {
            self.execute(
                "INSERT INTO worker (project, worker, answers, agreeing) VALUES ($1, $2, $3, $4) ON CONFLICT (project, worker) \
                 DO UPDATE SET answers = worker.answers + excluded.answers, agreeing = worker.agreeing + excluded.agreeing",
                params![project, vote.worker.as_bytes(), tasks, if vote.agrees { tasks } else { 0 }],
            )
            .await?;
        }
        Ok(())
    }

    pub(super) async fn sample(&self, sample: &Sample, oldest: i64) -> Result<()> {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.execute(
            "INSERT INTO sample (minute, events, runs, waiting, deliveries_waiting, dead) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (minute) DO UPDATE SET events = excluded.events, runs = excluded.runs, waiting = excluded.waiting, \
             deliveries_waiting = excluded.deliveries_waiting, dead = excluded.dead",
            params![
                sample.minute,
                count(sample.events),
                count(sample.runs),
                count(sample.waiting),
                count(sample.deliveries_waiting),
                count(sample.dead)
            ],
        )
        .await?;
        self.execute("DELETE FROM sample WHERE minute < $1", params![oldest]).await.map(|_| ())
    }
}
