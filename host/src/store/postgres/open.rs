//! Opening a schema: made where there is none, brought to what this host knows, and never that of another program.

use super::connect::{Connector, DURABLE, IDLE_MAX, Session};
use super::counters::Counters;
use super::db::{Columns as _, Db, Failure, params};
use super::line::Line;
use super::peers::Entry;
use crate::clock::Timestamp;

/// The schema's versions: number `n` of this list leads to version `n + 1`. Never changed once released, only added to.
pub(super) const MIGRATIONS: [&str; 2] = [include_str!("migrations/0001.sql"), include_str!("migrations/0002.sql")];

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address cannot be read.
    #[error("the store's address will not do: {0}")]
    Address(String),
    /// The schema's name would not do.
    #[error("`{0}` is no name for a schema: use lower-case letters, digits and `_`, at most 63")]
    Name(String),
    /// The server cannot be reached, or does not let us in.
    #[error("the store's database cannot be reached: {0}")]
    Unreachable(String),
    /// The schema holds something else.
    #[error("schema `{schema}` is not ours: it holds `{table}`; name another one, or another database")]
    Foreign {
        /// The schema.
        schema: String,
        /// A table in it.
        table: String,
    },
    /// The database holds something else, and nobody said that the store is to lie beside it.
    #[error(
        "the database holds tables of another program (`{0}`): make one for the store alone (`createdb crowdhook`), or say that it is to \
         lie beside them, in a schema of its own, with `?schema=crowdhook` at the end of the address"
    )]
    Shared(String),
    /// A newer host was here.
    #[error("schema `{schema}` has version {found}, and this host knows {known}: use the newer host")]
    Newer {
        /// The schema.
        schema: String,
        /// Its version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// An older host was here, and who only reads brings nothing up to date.
    #[error("schema `{schema}` has version {found}, and this host knows {known}: start the host once, which brings it up to date")]
    Older {
        /// The schema.
        schema: String,
        /// Its version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// There is no store to read.
    #[error("there is no store in schema `{0}` of that database: start the host once, or name another schema")]
    Absent(String),
    /// Anything else that the server said.
    #[error("the store's database failed: {0}")]
    Failed(String),
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.to_string())
    }
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        Failure::from(error).into()
    }
}

/// Whether a schema may be called so.
pub(super) fn check_name(schema: &str) -> Result<(), OpenError> {
    let fits = |(at, byte): (usize, u8)| byte.is_ascii_lowercase() || byte == b'_' || (at > 0 && byte.is_ascii_digit());
    let is_name = (1..=63).contains(&schema.len()) && schema.bytes().enumerate().all(fits) && !schema.starts_with("pg_");
    if is_name { Ok(()) } else { Err(OpenError::Name(schema.to_owned())) }
}

/// Connects, brings the schema to the newest version, and takes the place of the host that had this name.
/// `is_alone`: a schema is made only where there is nothing else in the database.
pub(super) async fn enter(connector: &Connector, (host, is_alone): (&str, bool), now: Timestamp) -> Result<(Session, Entry), OpenError> {
    let client = connector.connect().await.map_err(|error| OpenError::Unreachable(error.to_string()))?;
    match look_at(&client, connector.schema()).await {
        Ok(()) => {}
        // Who makes or migrates a schema waits for others who do, and for a copy that fills one.
        Err(OpenError::Absent(_) | OpenError::Older { .. }) => migrate(&client, connector, is_alone).await?,
        Err(error) => return Err(error),
    }
    let db = Db(&client);
    db.run(&connector.begin(DURABLE)).await?;
    Counters::lock(db, 0).await?;
    let before = db.first("DELETE FROM host WHERE name = $1 RETURNING id", params![host]).await?;
    if let Some(before) = before {
        let before = before.at(0)?;
        tracing::info!(
            "Took the place of the host `{host}` that was here before; if that one still runs, one of them wants another `name`"
        );
        for line in [Line::Invocations, Line::Deliveries] {
            line.end_leases_of(db, before).await?;
        }
    }
    let sql = "INSERT INTO host (name, version, started_at, seen_at) VALUES ($1, $2, $3, $3) RETURNING id";
    let row = db.first(sql, params![host, env!("CARGO_PKG_VERSION"), now.as_millisecond()]).await?;
    let number = row.ok_or_else(|| OpenError::Failed("a row that was written was not given back".to_owned()))?.at(0)?;
    db.run("COMMIT").await?;
    Ok((client, Entry { number, name: host.to_owned(), started_at: now.as_millisecond() }))
}

/// Whether there is a schema that can be read as it is.
pub(super) async fn look(connector: &Connector) -> Result<(), OpenError> {
    let client = connector.connect().await.map_err(|error| OpenError::Unreachable(error.to_string()))?;
    look_at(&client, connector.schema()).await
}

/// The same, for who is connected.
pub(super) async fn look_at(client: &Session, schema: &str) -> Result<(), OpenError> {
    let db = Db(client);
    match whose(db, schema).await? {
        Whose::Nobodys => return Err(OpenError::Absent(schema.to_owned())),
        Whose::Others(table) => return Err(OpenError::Foreign { schema: schema.to_owned(), table }),
        Whose::Ours => {}
    }
    let row = db.first(&format!("SELECT max(version) FROM \"{schema}\".migration"), &[]).await?;
    let (found, known) = (row.map_or(Ok(None), |row| row.at(0))?.unwrap_or(0), known());
    let schema = schema.to_owned();
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(OpenError::Older { schema, found, known }),
        std::cmp::Ordering::Greater => Err(OpenError::Newer { schema, found, known }),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

/// Whose tables lie in a schema.
enum Whose {
    Ours,
    Nobodys,
    /// With one of them.
    Others(String),
}

async fn whose(db: Db<'_>, schema: &str) -> Result<Whose, OpenError> {
    let tables = db.rows("SELECT tablename::TEXT FROM pg_tables WHERE schemaname = $1 ORDER BY 1", params![schema]).await?;
    let tables: Vec<String> = tables.iter().map(|row| row.at(0)).collect::<Result<_, _>>()?;
    let is_ours = ["migration", "counter", "event"].iter().all(|ours| tables.iter().any(|table| table == ours));
    Ok(match tables.into_iter().next() {
        None => Whose::Nobodys,
        Some(_) if is_ours => Whose::Ours,
        Some(table) => Whose::Others(table),
    })
}

/// The newest version that this host knows.
fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Makes the schema, or brings it to the newest version. Hosts that start at a time do so one after the other.
async fn migrate(client: &Session, connector: &Connector, is_alone: bool) -> Result<(), OpenError> {
    let db = Db(client);
    // Whoever dies on the way holds up nobody who starts after that.
    db.run(&format!("BEGIN; SET LOCAL idle_in_transaction_session_timeout = '{IDLE_MAX}'")).await?;
    if !make(client, connector.schema(), is_alone).await? {
        bring_up(client, connector.schema()).await?;
    }
    db.run("COMMIT").await?;
    Ok(())
}

/// Makes the schema within a transaction, which others wait for who would make one. False where there is one.
/// `is_alone`: only where there is nothing else in the database.
pub(super) async fn make(client: &Session, schema: &str, is_alone: bool) -> Result<bool, OpenError> {
    let db = Db(client);
    // Any number will do that others are unlikely to use for something else.
    db.execute("SELECT pg_advisory_xact_lock(7298541003)", &[]).await?;
    match whose(db, schema).await? {
        Whose::Ours => return Ok(false),
        Whose::Others(table) => return Err(OpenError::Foreign { schema: schema.to_owned(), table }),
        Whose::Nobodys => {}
    }
    let sql = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname <> 'information_schema' \
         AND schemaname NOT LIKE 'pg\\_%' ORDER BY 1 LIMIT 1";
    if let Some(other) = db.first(sql, &[]).await?.filter(|_| is_alone) {
        return Err(OpenError::Shared(other.at(0)?));
    }
    let sql = format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"; CREATE TABLE \"{schema}\".migration (version BIGINT PRIMARY KEY)");
    client.batch_execute(&sql).await?;
    bring_up(client, schema).await?;
    Ok(true)
}

/// Brings a schema of ours to the newest version, within a transaction that works in it from here on.
async fn bring_up(client: &Session, schema: &str) -> Result<(), OpenError> {
    let db = Db(client);
    client.batch_execute(&format!("SET LOCAL search_path TO \"{schema}\"")).await?;
    let row = db.first("SELECT coalesce(max(version), 0) FROM migration", &[]).await?;
    let found: i64 = row.map_or(Ok(0), |row| row.at(0))?;
    let known = known();
    if found > known {
        return Err(OpenError::Newer { schema: schema.to_owned(), found, known });
    }
    for (number, migration) in (1..).zip(MIGRATIONS) {
        if number > found {
            client.batch_execute(migration).await?;
            db.execute("INSERT INTO migration (version) VALUES ($1)", params![number]).await?;
            tracing::info!(schema = number, "Brought the store to schema {number}");
        }
    }
    Ok(())
}

/// Warns of a server that writes nothing to the disk for good.
pub(super) async fn look_at_fsync(client: &Session) -> Result<(), OpenError> {
    let row = Db(client).first("SELECT current_setting('fsync')", &[]).await?;
    if row.is_some_and(|row| row.at::<&str>(0).is_ok_and(|fsync| fsync == "off")) {
        tracing::warn!("The store's database does not sync its files (`fsync = off`): a crash of its machine may lose what was accepted");
    }
    Ok(())
}
