//! A schema as one side of a copy: read as of one moment, while nobody can write, or made and filled by one transaction.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{BufMut as _, BytesMut};
use futures_util::StreamExt as _;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::address::Address;
use super::connect::{Connector, Session};
use super::db::{Columns as _, Db, Failure, params};
use super::line::Line;
use super::open::{self, OpenError};
use super::{SCHEMA, rows};
use crate::secret::Secret;
use crate::store::copy::tables::{Column, Kind, Table};
use crate::store::copy::value::{Row, Rows, Value};
use crate::store::copy::{CopyError, Side, Target};
use crate::store::numbers;

/// A host that is at work is known within so long by its waiting: it looks for what is due many times as often.
pub(in crate::store) const WATCH: Duration = Duration::from_secs(5);

/// So often it is looked whether one waits.
const LOOK: Duration = Duration::from_millis(100);

/// What a transaction of a copy is told: it may take hours, and who writes now has so long to end.
const PATIENCE: &str = "SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'";

/// Lets wait who looks for what is due.
const HOLD: &str = "LOCK TABLE invocation, delivery IN ACCESS EXCLUSIVE MODE";

/// The generation with which a lease begins that may have been held before: what has left may have left twice.
const LEASED_BEFORE: i64 = 1;

/// A schema that is read, as it is when it is opened.
pub(in crate::store) struct Original {
    client: Session,
    schema: String,
}

/// A schema that is written.
pub(in crate::store) struct Duplicate {
    client: Session,
    /// The project of each scope.
    projects: HashMap<i64, i64>,
    /// Connections of projects, numbered as they are met.
    outlets: HashMap<(i64, String), i64>,
}

impl Original {
    /// Opens a schema. Until this is dropped nobody can write there, or look for what is due; a host that is at work is known by that within
    /// `watch`.
    pub(in crate::store) async fn open(place: &Place, watch: Duration) -> Result<Self, CopyError> {
        let (client, schema) = connected(place).await?;
        open::look_at(&client, &schema).await?;
        let began = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {PATIENCE}; SET LOCAL search_path TO \"{schema}\"");
        client.batch_execute(&began).await.map_err(of_open)?;
        // Nothing is looked at before: whatever these wait for is in what is read. Whoever writes locks `counter` before it goes to the others.
        client.batch_execute(&format!("LOCK TABLE counter IN EXCLUSIVE MODE; {HOLD}")).await.map_err(of_open)?;
        let original = Self { client, schema };
        original.nobody_leases().await?;
        for _ in 0..watch.as_millis() / LOOK.as_millis() {
            original.nobody_waits().await?;
            tokio::time::sleep(LOOK).await;
        }
        Ok(original)
    }

    /// A host that was killed may be one that is only stopped, as long as what it has leased has not run out.
    async fn nobody_leases(&self) -> Result<(), CopyError> {
        const SQL: &str = "SELECT max(leased_until) - (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT FROM \
             (SELECT leased_until FROM invocation UNION ALL SELECT leased_until FROM delivery) leased";
        let row = Db(&self.client).first(SQL, &[]).await.map_err(of_open)?;
        let left: Option<i64> = row.map_or(Ok(None), |row| row.at(0)).map_err(of_open)?;
        match left.and_then(|left| u64::try_from(left).ok()) {
            Some(left) => Err(CopyError::Leased { schema: self.schema.clone(), seconds: left.div_ceil(1_000) }),
            None => Ok(()),
        }
    }

    /// Whoever writes locks the row `counter` first, and who has nothing to do looks for something that is due: both wait for us.
    async fn nobody_waits(&self) -> Result<(), CopyError> {
        const SQL: &str = "SELECT 1 FROM pg_locks WHERE NOT granted \
             AND relation IN ('counter'::regclass, 'invocation'::regclass, 'delivery'::regclass) \
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1";
        match Db(&self.client).exists(SQL, &[]).await.map_err(of_open)? {
            true => Err(CopyError::AtWork { schema: self.schema.clone() }),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Side for Original {
    async fn read(&mut self, table: &'static Table, to: Sender<Vec<Row>>) -> Result<(), CopyError> {
        read(&self.client, table, to).await.map_err(of_table(table))?;
        self.nobody_waits().await
    }

    async fn end(self: Box<Self>) -> Result<(), CopyError> {
        self.nobody_waits().await
    }
}

impl Duplicate {
    /// Begins a schema, which must not be there or be empty.
    pub(in crate::store) async fn begin(place: &Place) -> Result<Self, CopyError> {
        let (client, schema) = connected(place).await?;
        client.batch_execute(&format!("BEGIN; {PATIENCE}")).await.map_err(of_open)?;
        if !open::make(&client, &schema, place.schema.is_none()).await? {
            return Err(CopyError::Taken(format!("schema `{schema}`")));
        }
        // A new store has its counters.
        client.batch_execute("DELETE FROM counter; DELETE FROM counted").await.map_err(of_open)?;
        Ok(Self { client, projects: HashMap::new(), outlets: HashMap::new() })
    }

    async fn fill(&mut self, table: &'static Table, mut from: Receiver<Vec<Row>>) -> Result<(), Failure> {
        let made = made(table);
        let own =
            table.columns.iter().enumerate().filter_map(|(number, column)| Some((number, column.postgres.into?, type_of(column.kind))));
        let own: Vec<(usize, &str, Type)> = own.collect();
        let names: Vec<&str> = own.iter().map(|(_, name, _)| *name).chain(made.iter().map(|made| made.name)).collect();
        let types: Vec<Type> = own.iter().map(|(_, _, of)| of.clone()).chain(made.iter().map(|made| made.of.clone())).collect();
        let sql = format!("COPY {} ({}) FROM STDIN BINARY", table.name, names.join(", "));
        let mut rows = std::pin::pin!(BinaryCopyInWriter::new(self.client.copy_in(&sql).await?, &types));
        while let Some(batch) = from.recv().await {
            for row in &batch {
                let mut numbers = Numbers { projects: &mut self.projects, outlets: &mut self.outlets };
                let read = Reading { table, row };
                numbers.remember(&read);
                let made: Vec<Value> = made.iter().map(|made| (made.make)(&read, &mut numbers)).collect();
                let values = own.iter().map(|(number, _, _)| row.get(*number).unwrap_or(&Value::Nothing)).chain(&made);
                rows.as_mut().write_raw(values.collect::<Vec<_>>()).await?;
            }
        }
        rows.finish().await?;
        // Whoever plans to look here knows what is there.
        self.client.batch_execute(&format!("ANALYZE {}", table.name)).await?;
        Ok(())
    }

    /// Makes what is made of other rows: who is first in its lane, how many wait, and what the next numbers are.
    async fn derive(&self) -> Result<(), Failure> {
        let (mut ids, mut projects, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for ((project, name), id) in &self.outlets {
            ids.push(*id);
            projects.push(*project);
            names.push(name.clone());
        }
        let outlets = "INSERT INTO outlet (id, project, connection) OVERRIDING SYSTEM VALUE SELECT * FROM unnest ($1, $2, $3)";
        Db(&self.client).execute(outlets, params![ids, projects, names]).await?;
        for line in [Line::Invocations, Line::Deliveries] {
            let (table, members) = (line.table(), line.members());
            self.client
                .batch_execute(&format!(
                    "UPDATE {table} SET head = TRUE WHERE id IN (SELECT DISTINCT ON (member, lane) id FROM {table} WHERE lane IS NOT NULL \
                     ORDER BY member, lane, id); \
                     UPDATE {members} m SET waiting = w.waiting FROM (SELECT member, count(*) AS waiting FROM {table} GROUP BY member) w \
                     WHERE w.member = m.id"
                ))
                .await?;
        }
        self.client
            .batch_execute(
                "UPDATE counter SET waiting = (SELECT count(*) FROM invocation), deliveries_waiting = (SELECT count(*) FROM delivery)",
            )
            .await?;
        for table in NUMBERED {
            self.client
                .batch_execute(&format!(
                    "SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 1), max(id) IS NOT NULL) FROM {table}"
                ))
                .await?;
        }
        // A host that was at work in a schema of this name before has none of the numbers of those to come.
        let hosts = "SELECT setval(pg_get_serial_sequence('host', 'id'), extract(epoch FROM clock_timestamp())::BIGINT)";
        self.client.batch_execute(hosts).await?;
        Ok(())
    }
}

/// Tables that number their rows by themselves.
const NUMBERED: [&str; 7] = ["project", "scope", "outlet", "version", "dead_letter", "content", "badge"];

#[async_trait]
impl Side for Duplicate {
    async fn read(&mut self, table: &'static Table, to: Sender<Vec<Row>>) -> Result<(), CopyError> {
        read(&self.client, table, to).await.map_err(of_table(table))
    }

    async fn end(self: Box<Self>) -> Result<(), CopyError> {
        // Else a server that is told so would answer before its disk has it.
        self.client.batch_execute("SET LOCAL synchronous_commit = on; COMMIT").await.map_err(of_open)
    }
}

#[async_trait]
impl Target for Duplicate {
    async fn write(&mut self, table: &'static Table, from: Receiver<Vec<Row>>) -> Result<(), CopyError> {
        self.fill(table, from).await.map_err(of_table(table))
    }

    async fn complete(&mut self) -> Result<(), CopyError> {
        self.derive().await.map_err(of_open)
    }
}

/// A row that is being written.
struct Reading<'r> {
    table: &'static Table,
    row: &'r Row,
}

impl Reading<'_> {
    fn get(&self, column: &str) -> Option<&Value> {
        self.row.get(self.table.at(column)?)
    }

    fn number(&self, column: &str) -> i64 {
        self.get(column).and_then(Value::number).unwrap_or(0)
    }

    fn lane(&self) -> Option<Vec<u8>> {
        rows::lane(self.get("task").and_then(Value::text))
    }
}

/// What is numbered here alone.
struct Numbers<'n> {
    projects: &'n mut HashMap<i64, i64>,
    outlets: &'n mut HashMap<(i64, String), i64>,
}

impl Numbers<'_> {
    fn remember(&mut self, read: &Reading<'_>) {
        if read.table.name == "scope" {
            self.projects.insert(read.number("id"), read.number("project"));
        }
    }

    /// The number of the connection of a delivery.
    fn outlet(&mut self, read: &Reading<'_>) -> i64 {
        let project = self.projects.get(&read.number("scope")).copied().unwrap_or(0);
        let connection = read.get("connection").and_then(Value::text).unwrap_or_default().to_owned();
        let next = i64::try_from(self.outlets.len()).unwrap_or(i64::MAX).saturating_add(1);
        *self.outlets.entry((project, connection)).or_insert(next)
    }
}

/// A column that is made of others.
struct Made {
    name: &'static str,
    of: Type,
    make: fn(&Reading<'_>, &mut Numbers<'_>) -> Value,
}

/// What this engine has in a table besides.
fn made(table: &Table) -> Vec<Made> {
    let lane = Made { name: "lane", of: Type::BYTEA, make: |row, _| row.lane().map_or(Value::Nothing, Value::Bytes) };
    // Of each lane the first one becomes its head when all are there.
    let head = Made { name: "head", of: Type::BOOL, make: |row, _| Value::Number(i64::from(row.lane().is_none())) };
    let lease = Made { name: "lease", of: Type::INT8, make: |_, _| Value::Number(LEASED_BEFORE) };
    let outlet = Made { name: "member", of: Type::INT8, make: |row, numbers| Value::Number(numbers.outlet(row)) };
    let none = |name| Made { name, of: Type::INT8, make: |_, _| Value::Number(0) };
    match table.name {
        "counter" => vec![none("waiting"), none("deliveries_waiting")],
        "invocation" => vec![
            lane,
            head,
            lease,
            Made {
                name: "yields",
                of: Type::BOOL,
                make: |row, _| {
                    let origin = u8::try_from(row.number("origin")).ok().and_then(numbers::origin_of);
                    Value::Number(i64::from(row.number("attempts") > 0 || origin.is_some_and(numbers::yields)))
                },
            },
        ],
        "delivery" => vec![
            lane,
            head,
            lease,
            outlet,
            Made {
                name: "saves",
                of: Type::BYTEA,
                make: |row, _| match row.get("task") {
                    Some(task) if row.number("saves") != 0 => task.clone(),
                    _ => Value::Nothing,
                },
            },
        ],
        "delivered" => vec![outlet],
        _ => Vec::new(),
    }
}

fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Number => Type::INT8,
        Kind::Word => Type::INT2,
        Kind::Flag => Type::BOOL,
        Kind::Real => Type::FLOAT8,
        Kind::Name => Type::TEXT,
        Kind::Text | Kind::Packed | Kind::Bytes | Kind::Key => Type::BYTEA,
    }
}

/// Columns that make an order that is the same in every engine: that of bytes, and short dedup keys before long ones.
fn order(column: &Column) -> String {
    let name = column.name;
    match column.kind {
        Kind::Name => format!("{name} COLLATE \"C\""),
        Kind::Key => format!("(substring({name} FROM 49 FOR 1) = '\\xff'::bytea), {name}"),
        _ => name.to_owned(),
    }
}

/// Hands on the rows of a table in the order of its key, as long as somebody takes them.
async fn read(client: &Session, table: &'static Table, to: Sender<Vec<Row>>) -> Result<(), Failure> {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.postgres.from).collect();
    let key: Vec<String> = table.key().map(order).collect();
    let sql = format!("SELECT {} FROM {} WHERE {} ORDER BY {}", columns.join(", "), table.name, table.postgres_where, key.join(", "));
    let mut found = std::pin::pin!(client.query_typed_raw(&sql, Vec::<(i64, Type)>::new()).await?);
    let mut rows = Rows::default();
    while let Some(row) = found.next().await {
        let row = row?;
        let values = (0..table.columns.len()).map(|number| Ok(row.at::<Option<Value>>(number)?.unwrap_or(Value::Nothing)));
        if let Some(full) = rows.add(values.collect::<Result<_, Failure>>()?)
            && to.send(full).await.is_err()
        {
            return Ok(());
        }
    }
    to.send(rows.rows).await.ok();
    Ok(())
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *of {
            Type::INT8 => Self::Number(i64::from_sql(of, raw)?),
            Type::INT2 => Self::Number(i16::from_sql(of, raw)?.into()),
            Type::BOOL => Self::Number(bool::from_sql(of, raw)?.into()),
            Type::FLOAT8 => Self::Real(f64::from_sql(of, raw)?),
            _ => Self::Bytes(raw.to_vec()),
        })
    }

    fn accepts(of: &Type) -> bool {
        matches!(*of, Type::INT8 | Type::INT2 | Type::BOOL | Type::FLOAT8 | Type::TEXT | Type::BYTEA)
    }
}

impl ToSql for Value {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, of) {
            (Self::Nothing, _) => return Ok(IsNull::Yes),
            (Self::Number(number), &Type::INT8) => out.put_i64(*number),
            (Self::Number(number), &Type::INT2) => out.put_i16(i16::try_from(*number)?),
            (Self::Number(number @ 0..=1), &Type::BOOL) => out.put_u8(u8::try_from(*number)?),
            (Self::Real(number), &Type::FLOAT8) => out.put_f64(*number),
            (Self::Bytes(bytes), &Type::TEXT | &Type::BYTEA) => out.put_slice(bytes),
            _ => return Err(format!("{self:?} is no {of}").into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        <Self as FromSql<'_>>::accepts(of)
    }

    to_sql_checked!();
}

/// Where a schema is, or is to be: as in [`super::Options`].
#[derive(Clone, Debug)]
pub struct Place {
    /// The database. It may hold a password.
    pub address: Secret,
    /// The schema. None: [`SCHEMA`], and then nothing else may lie in the database where it is made.
    pub schema: Option<String>,
}

async fn connected(place: &Place) -> Result<(Session, String), OpenError> {
    super::check(&place.address, place.schema.as_deref())?;
    let (address, schema) = (Address::read(place.address.reveal())?, place.schema.as_deref().unwrap_or(SCHEMA));
    let connector = Connector::new(address, Handle::current(), schema);
    let client = connector.connect().await.map_err(|error| OpenError::Unreachable(error.to_string()))?;
    Ok((client, schema.to_owned()))
}

fn of_open(error: impl Into<Failure>) -> CopyError {
    OpenError::from(error.into()).into()
}

fn of_table<E: Into<Failure>>(table: &'static Table) -> impl Fn(E) -> CopyError {
    move |error| CopyError::Failed { engine: "PostgreSQL", table: table.name, why: error.into().to_string() }
}
