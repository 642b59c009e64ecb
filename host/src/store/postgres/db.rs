//! Statements and what they give. All are unnamed and say the types of their parameters, so that each is one trip to the server and none
//! rests on what a connection was told before: a pooler in transaction mode may stand in between.

use std::fmt;
use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, ToSql, Type};

use super::connect::Session;
use crate::store::StoreError;

/// A parameter and its type.
pub(super) type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// Values that stand for parameters.
pub(super) trait Typed: ToSql + Sync {
    /// The type that the server knows it by.
    const TYPE: Type;
}

macro_rules! typed {
    ($($rust:ty => $sql:ident),+ $(,)?) => { $(impl Typed for $rust { const TYPE: Type = Type::$sql; })+ };
}
typed!(i64 => INT8, i16 => INT2, bool => BOOL, f64 => FLOAT8, String => TEXT, &str => TEXT, &[u8] => BYTEA, Vec<u8> => BYTEA,
    Vec<i64> => INT8_ARRAY, Vec<i16> => INT2_ARRAY, Vec<bool> => BOOL_ARRAY, Vec<String> => TEXT_ARRAY, Vec<Option<String>> => TEXT_ARRAY,
    Vec<Vec<u8>> => BYTEA_ARRAY, Vec<Option<Vec<u8>>> => BYTEA_ARRAY);

impl<T: Typed> Typed for Option<T> {
    const TYPE: Type = T::TYPE;
}

/// A parameter of a value.
pub(super) fn param<T: Typed>(value: &T) -> Param<'_> {
    (value, T::TYPE)
}

/// The parameters of a statement.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::store::postgres::db::param(&$value)),*] };
}
pub(super) use params;

/// Why a statement gave nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server's, or the way to it.
    Database(tokio_postgres::Error),
    /// What stands in a row cannot be read.
    Row(String),
    /// There is no way to the server, or none for this host.
    Away(String),
    /// The server said nothing for so long.
    Silent(Duration),
    /// Another host has this one's place.
    Replaced,
}

impl Failure {
    /// Whether the server only lets read, as one does that stands by for another.
    pub(super) fn is_of_a_reader(&self) -> bool {
        matches!(self, Self::Database(error) if error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION))
    }

    /// Whether it lies with what one command wanted to write, and not with the server or the way to it.
    pub(super) fn is_of_one_command(&self) -> bool {
        match self {
            Self::Row(_) => true,
            Self::Away(_) | Self::Silent(_) | Self::Replaced => false,
            Self::Database(error) => {
                let of_data = |state: &SqlState| ["22", "23", "54"].iter().any(|class| state.code().starts_with(class));
                error.code().map_or_else(|| error.to_string().starts_with("error serializing"), of_data)
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(why) | Self::Away(why) => f.write_str(why),
            Self::Replaced => StoreError::Replaced.fmt(f),
            Self::Silent(wait) => write!(f, "the database said nothing for {} s", wait.as_secs()),
            Self::Database(error) => match (error.as_db_error(), std::error::Error::source(error)) {
                (Some(said), _) => write!(f, "{} ({})", said.message(), said.code().code()),
                (None, Some(source)) => write!(f, "{error}: {source}"),
                (None, None) => error.fmt(f),
            },
        }
    }
}

impl std::error::Error for Failure {}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Replaced => Self::Replaced,
            other => Self::Failed(other.to_string()),
        }
    }
}

pub(super) type Result<T> = std::result::Result<T, Failure>;

/// A connection within a transaction.
#[derive(Clone, Copy)]
pub(super) struct Db<'a>(pub(super) &'a Session);

impl Db<'_> {
    /// Does it, and gives in how many rows.
    pub(super) async fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        self.answer(self.0.execute_typed(sql, params)).await
    }

    /// The rows that it gives.
    pub(super) async fn rows(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        self.answer(self.0.query_typed(sql, params)).await
    }

    /// Does several without parameters.
    pub(super) async fn run(&self, sql: &str) -> Result<()> {
        self.answer(self.0.batch_execute(sql)).await
    }

    /// The first row that it gives, if there is one.
    pub(super) async fn first(&self, sql: &str, params: &[Param<'_>]) -> Result<Option<Row>> {
        Ok(self.rows(sql, params).await?.into_iter().next())
    }

    /// Whether it gives a row.
    pub(super) async fn exists(&self, sql: &str, params: &[Param<'_>]) -> Result<bool> {
        Ok(!self.rows(sql, params).await?.is_empty())
    }

    async fn answer<T>(&self, said: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>) -> Result<T> {
        let wait = self.0.answer_wait;
        Ok(tokio::time::timeout(wait, said).await.map_err(|_| Failure::Silent(wait))??)
    }
}

/// Reading a row's columns, by their numbers.
pub(super) trait Columns {
    /// A value.
    fn at<'a, T: FromSql<'a>>(&'a self, column: usize) -> Result<T>;
    /// A number that fits.
    fn number<T: TryFrom<i64>>(&self, column: usize) -> Result<T>;
    /// A text that is kept as bytes.
    fn text(&self, column: usize) -> Result<String>;
    /// The same, or nothing.
    fn text_or_none(&self, column: usize) -> Result<Option<String>>;
    /// An id's sixteen bytes.
    fn uuid(&self, column: usize) -> Result<[u8; 16]>;
}

impl Columns for Row {
    fn at<'a, T: FromSql<'a>>(&'a self, column: usize) -> Result<T> {
        Ok(self.try_get(column)?)
    }

    fn number<T: TryFrom<i64>>(&self, column: usize) -> Result<T> {
        let number: i64 = self.at(column)?;
        T::try_from(number).map_err(|_| Failure::Row(format!("column {column} holds {number}, which is too much or too little")))
    }

    fn text(&self, column: usize) -> Result<String> {
        text(self.at(column)?, column)
    }

    fn text_or_none(&self, column: usize) -> Result<Option<String>> {
        self.at::<Option<&[u8]>>(column)?.map(|bytes| text(bytes, column)).transpose()
    }

    fn uuid(&self, column: usize) -> Result<[u8; 16]> {
        self.at::<&[u8]>(column)?.try_into().map_err(|_| Failure::Row(format!("column {column} holds no id")))
    }
}

fn text(bytes: &[u8], column: usize) -> Result<String> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| Failure::Row(format!("column {column} holds no text: {error}")))
}
