//! Numbers that never come back, and how much of everything there is: one row, which is also what whoever writes locks.

use futures_util::future::join;

use super::db::{Columns as _, Db, Failure, Result, params};
use tokio_postgres::Row;

/// The row `counter`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    /// The last event's row, and so how many were stored.
    pub(super) event: i64,
    /// The last invocation's.
    pub(super) invocation: i64,
    /// The last delivery's.
    pub(super) delivery: i64,
    /// The last version of a state entry.
    pub(super) version: i64,
    /// The last run, and so how many there were.
    pub(super) runs: i64,
    /// Invocations given up.
    pub(super) dead: i64,
    /// Deliveries given up.
    pub(super) deliveries_dead: i64,
    /// Events that are not accepted.
    pub(super) set_aside: i64,
    /// Invocations that are not finished.
    pub(super) waiting: i64,
    /// Deliveries that are not finished.
    pub(super) deliveries_waiting: i64,
}

/// The columns, in the order of the fields.
const COLUMNS: &str = "event, invocation, delivery, version, runs, dead, deliveries_dead, set_aside, waiting, deliveries_waiting";

impl Counters {
    /// Reads them.
    pub(super) async fn load(db: Db<'_>) -> Result<Self> {
        let row = db.first(&format!("SELECT {COLUMNS} FROM counter"), &[]).await?;
        Self::of(&row.ok_or_else(none)?)
    }

    /// Locks them for this transaction, once whoever writes now has committed. Gives the database's time too, and whether `host` is still
    /// at work here as far as the others know, both as of after that wait.
    pub(super) async fn lock(db: Db<'_>, host: i64) -> Result<(Self, i64, bool)> {
        const THEN: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT, EXISTS (SELECT 1 FROM host WHERE id = $1)";
        let lock = format!("SELECT {COLUMNS} FROM counter FOR UPDATE");
        let (locked, then) = join(db.first(&lock, &[]), db.first(THEN, params![host])).await;
        let (locked, then) = (locked?.ok_or_else(none)?, then?.ok_or_else(none)?);
        Ok((Self::of(&locked)?, then.at(0)?, then.at(1)?))
    }

    fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            event: row.at(0)?,
            invocation: row.at(1)?,
            delivery: row.at(2)?,
            version: row.at(3)?,
            runs: row.at(4)?,
            dead: row.at(5)?,
            deliveries_dead: row.at(6)?,
            set_aside: row.at(7)?,
            waiting: row.at(8)?,
            deliveries_waiting: row.at(9)?,
        })
    }

    /// Writes them, within the transaction that locked them.
    pub(super) async fn save(&self, db: Db<'_>) -> Result<()> {
        db.execute(
            "UPDATE counter SET event = $1, invocation = $2, delivery = $3, version = $4, runs = $5, dead = $6, deliveries_dead = $7, \
             set_aside = $8, waiting = $9, deliveries_waiting = $10",
            params![
                self.event,
                self.invocation,
                self.delivery,
                self.version,
                self.runs,
                self.dead,
                self.deliveries_dead,
                self.set_aside,
                self.waiting,
                self.deliveries_waiting
            ],
        )
        .await
        .map(|_| ())
    }
}

/// Counts `counter` up and gives what it is then.
pub(super) fn next(counter: &mut i64) -> i64 {
    *counter += 1;
    *counter
}

fn none() -> Failure {
    Failure::Row("the row `counter` is gone".to_owned())
}
