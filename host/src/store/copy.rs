//! Moves a store from one engine to the other: all rows of all tables, read as of one moment, written by one transaction, and compared.
//!
//! ```text
//! one side reads a table → its rows are counted and digested → the other side writes them, which reads them again when all are there
//! ```
//!
//! What is read stays as it is. What is written is no store before the last moment: whatever breaks leaves nothing that a host would open.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{join, join3};
use tokio::sync::mpsc::{self, Receiver, Sender};

use self::tables::{TABLES, Table};
pub use self::value::Sum;
use self::value::{Row, Tally};
use super::{postgres, sqlite};

pub(super) mod tables;
pub(super) mod value;

#[cfg(test)]
mod tests;

/// So many portions of rows wait for who takes them next.
const PORTIONS_MAX: usize = 2;

/// Where a store is, or is to be.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a data folder.
    Sqlite(PathBuf),
    /// In a schema of a database.
    Postgres(postgres::Place),
}

/// Why a store was not copied. What was to be written is not there.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A data folder or its store cannot be used.
    #[error(transparent)]
    Sqlite(#[from] sqlite::OpenError),
    /// A database or its schema cannot be used.
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
    /// Both sides are of one engine.
    #[error("both stores are {0}'s")]
    SameEngine(&'static str),
    /// There is something already.
    #[error("there is a store in {0} already")]
    Taken(String),
    /// Somebody looks for what there is to do in what is read, or writes.
    #[error("a host is at work in schema `{schema}`, or somebody reads there")]
    AtWork {
        /// The schema.
        schema: String,
    },
    /// Somebody may be at work on something.
    #[error("what a host has leased in schema `{schema}` runs out in {seconds} s only: it was killed, or is at work")]
    Leased {
        /// The schema.
        schema: String,
        /// Until then.
        seconds: u64,
    },
    /// A row could not be read or written.
    #[error("table `{table}` of {engine}: {why}")]
    Failed {
        /// Of which engine.
        engine: &'static str,
        /// The table.
        table: &'static str,
        /// Why.
        why: String,
    },
    /// What was written is not what was read.
    #[error("table `{table}` is another one after it was copied: {} rows with digest {} became {} with {}", from.rows, from.digest.short(), to.rows, to.digest.short())]
    Differs {
        /// The table.
        table: &'static str,
        /// What was read.
        from: Sum,
        /// What was written.
        to: Sum,
    },
}

impl CopyError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "name the data folder of a host that is stopped, as `sqlite:FOLDER`",
            Self::Postgres(_) => "name a database that can be reached, as `postgres://user@host/name`",
            Self::SameEngine("SQLite") => "copy it with `crowdhook backup FILE`",
            Self::SameEngine(_) => "copy it with PostgreSQL's `pg_dump`",
            Self::Taken(_) => "name a place without one, or put that one away: what is there is never written over",
            Self::AtWork { .. } => "stop all hosts that share it, and copy it then",
            Self::Leased { .. } => "stop all hosts that share it, or wait for so long, and copy it then",
            Self::Failed { .. } => "mend that and copy it again: nothing was changed, and nothing is left of the copy",
            Self::Differs { .. } => "nothing is left of the copy; this should not happen: tell us of it, with both lines",
        }
    }
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whether what was written is being read again.
    pub comparing: bool,
    /// The table.
    pub table: &'static str,
    /// So many of its rows are done.
    pub rows: u64,
}

/// Who wants to hear how far it is.
pub type Say<'a> = &'a (dyn Fn(Step) + Send + Sync);

/// One side of a copy.
#[async_trait]
pub(super) trait Side: Send {
    /// Hands on the rows of a table in the order of its key. Who takes no more of them gets no more, which is no error.
    async fn read(&mut self, table: &'static Table, to: Sender<Vec<Row>>) -> Result<(), CopyError>;

    /// The end, when all is well: what was written is a store from here on. Dropped before, nothing is left of it.
    async fn end(self: Box<Self>) -> Result<(), CopyError>;
}

/// The side that is written.
#[async_trait]
pub(super) trait Target: Side {
    /// Writes the rows of a table, as long as there come any.
    async fn write(&mut self, table: &'static Table, from: Receiver<Vec<Row>>) -> Result<(), CopyError>;

    /// All rows are written: makes what is made of them.
    async fn complete(&mut self) -> Result<(), CopyError>;
}

/// Copies the store at `from`, which no host may be at work in, to `to`, where none may be yet. Gives what each table comes to, which is the
/// same on both sides.
///
/// # Errors
///
/// [`CopyError`], each with what to do about it.
pub async fn copy(from: &Place, to: &Place, say: Say<'_>) -> Result<Vec<(&'static str, Sum)>, CopyError> {
    copy_watching(from, to, (postgres::COPY_WATCH, say)).await
}

async fn copy_watching(from: &Place, to: &Place, (watch, say): (Duration, Say<'_>)) -> Result<Vec<(&'static str, Sum)>, CopyError> {
    let (mut source, mut target): (Box<dyn Side>, Box<dyn Target>) = match (from, to) {
        (Place::Sqlite(from), Place::Postgres(to)) => {
            let source = Box::new(sqlite::copy::Original::open(from)?);
            (source, Box::new(postgres::copy::Duplicate::begin(to).await?))
        }
        (Place::Postgres(from), Place::Sqlite(to)) => {
            let source = Box::new(postgres::copy::Original::open(from, watch).await?);
            (source, Box::new(sqlite::copy::Duplicate::begin(to)?))
        }
        (Place::Sqlite(_), Place::Sqlite(_)) => return Err(CopyError::SameEngine("SQLite")),
        (Place::Postgres(_), Place::Postgres(_)) => return Err(CopyError::SameEngine("PostgreSQL")),
    };
    let mut sums = Vec::with_capacity(TABLES.len());
    for table in &TABLES {
        let (out, rows) = mpsc::channel(PORTIONS_MAX);
        let (on, written) = mpsc::channel(PORTIONS_MAX);
        let heard = |rows| say(Step { comparing: false, table: table.name, rows });
        let (read, sum, written) = join3(source.read(table, out), tally(rows, Some(on), &heard), target.write(table, written)).await;
        // Who writes no more lets the others end early, so its reason is the one.
        written?;
        read?;
        sums.push((table.name, sum));
    }
    target.complete().await?;
    for (table, (name, sum)) in TABLES.iter().zip(&sums) {
        let (out, rows) = mpsc::channel(PORTIONS_MAX);
        let heard = |rows| say(Step { comparing: true, table: name, rows });
        let (read, again) = join(target.read(table, out), tally(rows, None, &heard)).await;
        read?;
        if again != *sum {
            return Err(CopyError::Differs { table: name, from: *sum, to: again });
        }
    }
    source.end().await?;
    target.end().await?;
    Ok(sums)
}

/// Adds up the rows that come, and hands them on where somebody takes them.
async fn tally(mut rows: Receiver<Vec<Row>>, on: Option<Sender<Vec<Row>>>, heard: &(dyn Fn(u64) + Send + Sync)) -> Sum {
    let mut tally = Tally::default();
    while let Some(portion) = rows.recv().await {
        portion.iter().for_each(|row| tally.add(row));
        heard(tally.rows());
        if let Some(on) = &on
            && on.send(portion).await.is_err()
        {
            break;
        }
    }
    tally.end()
}
