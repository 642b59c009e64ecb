//! The baseline of a commit: SQLite with the rows that the store wrote, and nothing of the store. No look at a lease, no check of what was read,
//! no second thread.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Statement, params_from_iter};

/// As the store opens it; the page size and the log's kind stand in the file.
const SET_UP: &str = "PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -8192;";

/// What ended runs wrote, a row each in the order in which they were recorded.
pub(crate) struct Rows {
    /// What they emitted.
    events: Vec<Vec<Value>>,
    results: Vec<Vec<Value>>,
    state: Vec<Vec<Value>>,
    runs: Vec<Vec<Value>>,
    /// The events that they were about.
    about: Vec<i64>,
    /// What was counted at the end.
    counter: Vec<Value>,
}

impl Rows {
    /// Reads them from a database in which nothing else was emitted, saved or remembered.
    pub(crate) fn written(database: &Path) -> rusqlite::Result<Self> {
        let db = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let about = db.prepare("SELECT event FROM run ORDER BY id")?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(Self {
            events: rows(&db, "SELECT * FROM event WHERE depth > 0 ORDER BY id")?,
            results: rows(&db, "SELECT result.* FROM task_result result JOIN run ON run.event = result.event ORDER BY run.id")?,
            state: rows(&db, "SELECT * FROM state ORDER BY version")?,
            runs: rows(&db, "SELECT * FROM run ORDER BY id")?,
            about,
            counter: rows(&db, "SELECT * FROM counter")?.into_iter().flatten().collect(),
        })
    }

    /// How many ended runs have written one of each.
    pub(crate) fn len(&self) -> usize {
        let all = [self.events.len(), self.results.len(), self.state.len(), self.runs.len(), self.about.len()];
        all.into_iter().min().unwrap_or(0)
    }
}

fn rows(db: &Connection, sql: &str) -> rusqlite::Result<Vec<Vec<Value>>> {
    let mut statement = db.prepare(sql)?;
    let columns = statement.column_count();
    statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?.collect()
}

/// Writes them into a database in which these runs have not ended, in transactions of `group` on the average.
pub(crate) fn write(database: &Path, rows: &Rows, group: f64, synchronous: &str) -> rusqlite::Result<()> {
    let db = Connection::open(database)?;
    db.execute_batch(SET_UP)?;
    db.pragma_update(None, "synchronous", synchronous)?;
    let mut statements = Statements::prepare(&db, rows)?;
    let (mut begin, mut commit) = (db.prepare("BEGIN IMMEDIATE")?, db.prepare("COMMIT")?);
    let (mut done, mut groups) = (0, 0.0);
    while done < rows.len() {
        groups += 1.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
        let end = ((groups * group) as usize).clamp(done + 1, rows.len());
        begin.execute([])?;
        for number in done..end {
            statements.write(rows, number)?;
        }
        statements.count(rows)?;
        commit.execute([])?;
        done = end;
    }
    Ok(())
}

/// What an ended run of `majority-vote` writes, and what is written once for each group.
struct Statements<'a> {
    event: Statement<'a>,
    derived: Statement<'a>,
    result: Statement<'a>,
    state: Statement<'a>,
    done: Statement<'a>,
    run: Statement<'a>,
    bytes: Statement<'a>,
    counter: Statement<'a>,
}

impl<'a> Statements<'a> {
    fn prepare(db: &'a Connection, rows: &Rows) -> rusqlite::Result<Self> {
        let insert = |table: &str, first: Option<&Vec<Value>>| {
            let places = vec!["?"; first.map_or(1, Vec::len)].join(", ");
            db.prepare(&format!("INSERT INTO {table} VALUES ({places})"))
        };
        Ok(Self {
            event: insert("event", rows.events.first())?,
            derived: db.prepare("UPDATE event SET derived = derived + 1 WHERE id = ?")?,
            result: insert("task_result", rows.results.first())?,
            state: insert("state", rows.state.first())?,
            done: db.prepare("DELETE FROM invocation WHERE event = ?")?,
            run: insert("run", rows.runs.first())?,
            bytes: db.prepare("UPDATE scope SET state_bytes = state_bytes + 1")?,
            counter: db.prepare(
                "UPDATE counter SET one = ?, event = ?, invocation = ?, delivery = ?, version = ?, runs = ?, dead = ?, deliveries_dead = ?, \
                 set_aside = ?",
            )?,
        })
    }

    fn write(&mut self, rows: &Rows, number: usize) -> rusqlite::Result<()> {
        for (statement, rows) in [
            (&mut self.state, &rows.state),
            (&mut self.result, &rows.results),
            (&mut self.event, &rows.events),
            (&mut self.run, &rows.runs),
        ] {
            if let Some(row) = rows.get(number) {
                statement.execute(params_from_iter(row))?;
            }
        }
        if let Some(about) = rows.about.get(number) {
            self.derived.execute([about])?;
            self.done.execute([about])?;
        }
        Ok(())
    }

    fn count(&mut self, rows: &Rows) -> rusqlite::Result<()> {
        self.bytes.execute([])?;
        self.counter.execute(params_from_iter(&rows.counter)).map(|_| ())
    }
}
