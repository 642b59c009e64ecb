//! A store of this engine as one side of a copy: read as it is, or written anew into a file that nobody takes for a store before it is whole.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use rusqlite::types::{ToSql, ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{Connection, OpenFlags, params_from_iter};
use tokio::sync::mpsc::{Receiver, Sender};

use super::open::{self, DATABASE, LOG, MIGRATIONS};
use super::rows::{Packed, Unpacked};
use super::{BUSY_WAIT, OpenError, place};
use crate::store::copy::tables::{Kind, TABLES, Table};
use crate::store::copy::value::{Row, Rows, Value};
use crate::store::copy::{CopyError, Side, Target};
use crate::store::lock::{Lock, lock};

/// Memory for pages of a store that is being written, in KiB: indices are written out of order.
const CACHE_KIB: i64 = 65_536;

/// So many bytes of a long dedup key are its beginning, the rest a digest. Elsewhere a byte that no text holds stands between them.
const KEY_BYTES_KEPT: usize = 48;
const NO_TEXT: u8 = 0xFF;

/// A store that is read, as it is when it is opened.
pub(in crate::store) struct Original {
    work: Work,
    _lock: Lock,
}

/// A store that is written.
pub(in crate::store) struct Duplicate {
    work: Work,
    part: PathBuf,
    file: PathBuf,
    _lock: Lock,
}

impl Original {
    /// Opens the store in `folder`. Until it is dropped, no host can be at work there.
    pub(in crate::store) fn open(folder: &Path) -> Result<Self, CopyError> {
        let file = folder.join(DATABASE);
        if !file.is_file() {
            return Err(OpenError::Absent { folder: folder.to_owned() }.into());
        }
        let lock = lock(folder).map_err(OpenError::from)?;
        let failed = |source| OpenError::Database { file: file.clone(), source };
        let db = read_only(&file).map_err(failed)?;
        let (found, known) = open::version(&db).map_err(failed)?;
        match found.cmp(&known) {
            std::cmp::Ordering::Less => return Err(OpenError::Older { folder: folder.to_owned(), found, known }.into()),
            std::cmp::Ordering::Greater => return Err(OpenError::Newer { folder: folder.to_owned(), found, known }.into()),
            std::cmp::Ordering::Equal => {}
        }
        db.execute_batch("BEGIN").map_err(failed)?;
        Ok(Self { work: Work(Some(db)), _lock: lock })
    }
}

#[async_trait]
impl Side for Original {
    async fn read(&mut self, table: &'static Table, to: Sender<Vec<Row>>) -> Result<(), CopyError> {
        self.work.on(table, move |db| read(db, table, &to)).await
    }

    async fn end(self: Box<Self>) -> Result<(), CopyError> {
        Ok(())
    }
}

impl Duplicate {
    /// Begins a store in `folder`, which is made when it is not there, and holds none.
    pub(in crate::store) fn begin(folder: &Path) -> Result<Self, CopyError> {
        let lock = lock(folder).map_err(OpenError::from)?;
        let file = folder.join(DATABASE);
        if file.exists() || folder.join(LOG).exists() {
            return Err(CopyError::Taken(format!("`{}`", folder.display())));
        }
        // One that was killed has left its own: the folder is ours, so nobody writes there now.
        let part = file.with_added_extension("part");
        let failed = |source| OpenError::Database { file: part.clone(), source };
        std::fs::remove_file(&part)
            .or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
            .map_err(|source| OpenError::Folder { path: part.clone(), source })?;
        let db = Connection::open(&part).map_err(failed)?;
        // From here on the file goes with this.
        let mut duplicate = Self { work: Work(None), part: part.clone(), file, _lock: lock };
        set_up(&db).map_err(failed)?;
        duplicate.work = Work(Some(db));
        Ok(duplicate)
    }
}

impl Drop for Duplicate {
    fn drop(&mut self) {
        drop(self.work.0.take());
        std::fs::remove_file(&self.part).ok();
    }
}

#[async_trait]
impl Side for Duplicate {
    async fn read(&mut self, table: &'static Table, to: Sender<Vec<Row>>) -> Result<(), CopyError> {
        self.work.on(table, move |db| read(db, table, &to)).await
    }

    async fn end(mut self: Box<Self>) -> Result<(), CopyError> {
        drop(self.work.0.take());
        place::place(&self.part, &self.file).map_err(|source| OpenError::Folder { path: self.file.clone(), source }.into())
    }
}

#[async_trait]
impl Target for Duplicate {
    async fn write(&mut self, table: &'static Table, from: Receiver<Vec<Row>>) -> Result<(), CopyError> {
        self.work.on(table, move |db| write(db, table, from)).await
    }

    async fn complete(&mut self) -> Result<(), CopyError> {
        let ended = self.work.0.as_ref().map(|db| db.execute_batch("COMMIT")).transpose();
        let ended = ended.and_then(|_| read_only(&self.part));
        // What is compared is read from the file, and not from what the writer remembers.
        self.work.0 = Some(ended.map_err(|source| OpenError::Database { file: self.part.clone(), source })?);
        Ok(())
    }
}

/// A connection, whose work is done where it may take its time.
struct Work(Option<Connection>);

impl Work {
    async fn on(
        &mut self,
        table: &'static Table,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), CopyError> {
        let failed = |why: String| CopyError::Failed { engine: "SQLite", table: table.name, why };
        let Some(db) = self.0.take() else { return Err(failed("the database is closed".to_owned())) };
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&db);
            (db, done)
        });
        let (db, done) = done.await.map_err(|error| failed(error.to_string()))?;
        self.0 = Some(db);
        done.map_err(|error| failed(error.to_string()))
    }
}

fn read_only(file: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(BUSY_WAIT)?;
    Ok(db)
}

/// Makes the schema, and begins to write. Nothing is synced before the file is put in its place: until then nobody misses it.
fn set_up(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "page_size", 4_096)?;
    db.pragma_update(None, "journal_mode", "OFF")?;
    db.pragma_update(None, "synchronous", "OFF")?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.execute_batch("BEGIN")?;
    for migration in MIGRATIONS {
        db.execute_batch(migration)?;
    }
    db.pragma_update(None, "user_version", u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX))?;
    // A new store has its counters.
    TABLES.iter().try_for_each(|table| db.execute_batch(&format!("DELETE FROM {}", table.name)))
}

/// Hands on the rows of a table in the order of its key, as long as somebody takes them.
fn read(db: &Connection, table: &'static Table, to: &Sender<Vec<Row>>) -> rusqlite::Result<()> {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.sqlite.from).collect();
    let key: Vec<&str> = table.key().map(|column| column.name).collect();
    let mut statement = db.prepare(&format!("SELECT {} FROM {} ORDER BY {}", columns.join(", "), table.name, key.join(", ")))?;
    let mut found = statement.query([])?;
    let mut rows = Rows::default();
    while let Some(row) = found.next()? {
        let values = table.columns.iter().enumerate().map(|(number, column)| {
            value(row.get_ref(number)?, column.kind).map_err(|why| unreadable(number, (column.name, row.get_ref(number)), why))
        });
        if let Some(full) = rows.add(values.collect::<rusqlite::Result<_>>()?)
            && to.blocking_send(full).is_err()
        {
            return Ok(());
        }
    }
    to.blocking_send(rows.rows).ok();
    Ok(())
}

fn unreadable(number: usize, (name, stored): (&str, rusqlite::Result<ValueRef<'_>>), why: String) -> rusqlite::Error {
    let kind = stored.map_or(rusqlite::types::Type::Null, |stored| stored.data_type());
    rusqlite::Error::FromSqlConversionFailure(number, kind, format!("column `{name}`: {why}").into())
}

/// A value as all engines know it.
fn value(stored: ValueRef<'_>, kind: Kind) -> Result<Value, String> {
    Ok(match (stored, kind) {
        (ValueRef::Null, _) => Value::Nothing,
        (ValueRef::Integer(number), Kind::Number | Kind::Word | Kind::Flag) => Value::Number(number),
        (ValueRef::Real(number), Kind::Real) => Value::Real(number),
        (ValueRef::Text(text), Kind::Name | Kind::Text | Kind::Packed | Kind::Key) => Value::Bytes(text.to_vec()),
        (ValueRef::Blob(bytes), Kind::Bytes) => Value::Bytes(bytes.to_vec()),
        (ValueRef::Blob(_), Kind::Packed) => {
            let Unpacked(text) = rusqlite::types::FromSql::column_result(stored).map_err(|error| error.to_string())?;
            Value::Bytes(text.into_bytes())
        }
        (ValueRef::Blob(bytes), Kind::Key) => {
            let (beginning, digest) = bytes.split_at_checked(KEY_BYTES_KEPT).ok_or("it is too short")?;
            Value::Bytes([beginning, &[NO_TEXT], digest].concat())
        }
        (other, _) => return Err(format!("{} is not what belongs there", other.data_type())),
    })
}

/// Writes rows into a table, as long as there come any.
fn write(db: &Connection, table: &'static Table, mut from: Receiver<Vec<Row>>) -> rusqlite::Result<()> {
    let written: Vec<(usize, &str, Kind)> = table
        .columns
        .iter()
        .enumerate()
        .filter_map(|(number, column)| column.sqlite.into.map(|into| (number, into, column.kind)))
        .collect();
    let (mut names, mut places) = (String::new(), String::new());
    for (number, (_, name, _)) in written.iter().enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        write!(names, "{comma}{name}")
            .and_then(|()| write!(places, "{comma}?{}", number + 1))
            .map_err(|_| rusqlite::Error::InvalidQuery)?;
    }
    let mut statement = db.prepare(&format!("INSERT INTO {} ({names}) VALUES ({places})", table.name))?;
    while let Some(rows) = from.blocking_recv() {
        for row in &rows {
            let values = written.iter().map(|(number, name, kind)| {
                let value = row.get(*number).ok_or(rusqlite::Error::InvalidColumnIndex(*number))?;
                stored(value, *kind).map_err(|why| rusqlite::Error::ToSqlConversionFailure(format!("column `{name}`: {why}").into()))
            });
            statement.execute(params_from_iter(values.collect::<rusqlite::Result<Vec<_>>>()?))?;
        }
    }
    Ok(())
}

/// A value as it stands in a row here.
enum Storing<'v> {
    As(ValueRef<'v>),
    Made(Stored),
    Packed(Packed),
}

impl ToSql for Storing<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::As(value) => Ok(ToSqlOutput::Borrowed(*value)),
            Self::Made(value) => value.to_sql(),
            Self::Packed(packed) => packed.to_sql(),
        }
    }
}

fn stored(value: &Value, kind: Kind) -> Result<Storing<'_>, String> {
    let text = |bytes| std::str::from_utf8(bytes).map_err(|error| error.to_string());
    Ok(match (value, kind) {
        (Value::Nothing, _) => Storing::As(ValueRef::Null),
        (Value::Number(number), _) => Storing::As(ValueRef::Integer(*number)),
        (Value::Real(number), _) => Storing::As(ValueRef::Real(*number)),
        (Value::Bytes(bytes), Kind::Bytes) => Storing::As(ValueRef::Blob(bytes)),
        (Value::Bytes(bytes), Kind::Packed) => Storing::Packed(Packed::of(text(bytes)?.to_owned())),
        (Value::Bytes(bytes), Kind::Key) => match bytes.split_at_checked(KEY_BYTES_KEPT) {
            Some((beginning, [NO_TEXT, digest @ ..])) => Storing::Made(Stored::Blob([beginning, digest].concat())),
            _ => Storing::As(ValueRef::Text(text(bytes)?.as_bytes())),
        },
        (Value::Bytes(bytes), _) => Storing::As(ValueRef::Text(text(bytes)?.as_bytes())),
    })
}
