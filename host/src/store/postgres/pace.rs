//! How many calls all hosts together made through a connection. Each takes a few at a time, which count from then on.

use std::time::Duration;

use super::PostgresStore;
use super::db::{Columns as _, Failure, Result, params};
use crate::id::ProjectName;

/// One in so many calls of a window is taken at a time, and at least one: so the row of a connection stays small whatever its rate is.
const PART: u32 = 100;

/// What was taken may be used for this part of the window, and no longer than [`LASTS_MAX`].
const LASTS_PART: u32 = 10;

/// What was taken may be used for so long at most.
const LASTS_MAX: Duration = Duration::from_secs(1);

/// Calls that were taken, or how long to wait for some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// They count as made.
    Taken {
        /// How many.
        calls: u32,
        /// For how long they may begin.
        lasts: Duration,
    },
    /// None is left in this window.
    UsedUp(Duration),
}

/// What was taken of late: when, and how much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Window(Vec<(i64, i64)>);

impl Window {
    /// Takes some of `calls` in any window of `per`, at `now`.
    fn take(&mut self, (calls, per): (u32, Duration), now: i64) -> Calls {
        let lasts = (per / LASTS_PART).min(LASTS_MAX);
        let counts_for = i64::try_from((per + lasts).as_millis()).unwrap_or(i64::MAX);
        // A clock that was set back is no reason to wait for it.
        self.0.retain(|(at, _)| *at <= now && now.saturating_sub(*at) < counts_for);
        let made: i64 = self.0.iter().map(|(_, taken)| taken).sum();
        let left = u32::try_from(i64::from(calls).saturating_sub(made)).unwrap_or(0);
        match self.0.first() {
            Some((first, _)) if left == 0 => {
                let wait = first.saturating_add(counts_for).saturating_sub(now);
                Calls::UsedUp(Duration::from_millis(u64::try_from(wait).unwrap_or(1).max(1)))
            }
            _ => {
                let taken = (calls / PART).clamp(1, left.max(1));
                self.0.push((now, i64::from(taken)));
                Calls::Taken { calls: taken, lasts }
            }
        }
    }
}

impl PostgresStore {
    /// Takes a few of the `calls` in any window of `per` that all hosts together may make through a connection.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn take_calls(
        &self,
        project: &ProjectName,
        connection: &str,
        rate: (u32, Duration),
    ) -> std::result::Result<Calls, crate::store::StoreError> {
        self.take_calls_of(project, connection, rate).await.map_err(|error| self.unread(error))
    }

    async fn take_calls_of(&self, project: &ProjectName, connection: &str, rate: (u32, Duration)) -> Result<Calls> {
        // Locks the row, and makes it where there is none.
        const LOCK: &str = "INSERT INTO pace AS known (project, connection, taken_at, taken) VALUES ($1, $2, '{}', '{}') \
             ON CONFLICT (project, connection) DO UPDATE SET project = known.project \
             RETURNING taken_at, taken, (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT";
        const SAVE: &str = "UPDATE pace SET taken_at = $3, taken = $4 WHERE project = $1 AND connection = $2";
        let working = self.readers.work().await?;
        let row = working.db().first(LOCK, params![project.as_str(), connection]).await?;
        let row = row.ok_or_else(|| Failure::Row("a row that was written was not given back".to_owned()))?;
        let (at, taken): (Vec<i64>, Vec<i64>) = (row.at(0)?, row.at(1)?);
        let mut window = Window(at.into_iter().zip(taken).collect());
        let calls = window.take(rate, row.at(2)?);
        let (at, taken): (Vec<i64>, Vec<i64>) = window.0.into_iter().unzip();
        working.db().execute(SAVE, params![project.as_str(), connection, at, taken]).await?;
        working.end().await?;
        Ok(calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_holds_more_calls_than_the_rate_says() {
        for (calls, per) in [(1, 1), (2, 10), (299, 900), (5_000, 60)] {
            let rate = (calls, Duration::from_secs(per));
            let (mut window, mut now, mut made) = (Window::default(), 0_i64, Vec::new());
            for step in 0..3_000_i64 {
                match window.take(rate, now) {
                    // The last moment at which they may begin.
                    Calls::Taken { calls, lasts } => {
                        made.push((now + i64::try_from(lasts.as_millis()).unwrap() * (step % 2), i64::from(calls)))
                    }
                    Calls::UsedUp(wait) => now += i64::try_from(wait.as_millis()).unwrap().min(per.cast_signed() * 37),
                }
                now += step % 3;
            }
            made.sort_unstable();
            let window_ms = per.cast_signed() * 1_000;
            for (index, (at, _)) in made.iter().enumerate() {
                let within: i64 = made[index..].iter().take_while(|(later, _)| later - at < window_ms).map(|(_, calls)| calls).sum();
                assert!(within <= i64::from(calls), "{within} of {calls} within {per} s");
            }
            assert!(made.iter().map(|(_, calls)| calls).sum::<i64>() >= i64::from(calls) * 2, "it is used as far as it may");
        }
    }
}
