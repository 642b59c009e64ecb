//! Connections to the server, and those that read.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join3;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_postgres::{Client, Config, NoTls, Row};

use super::db::{Db, Failure, Param, Result};

/// So many may read at a time; others wait for one of them.
const READERS: usize = 4;

/// A server that does not answer is given up after so long.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// Who holds up everybody else and says nothing for so long (a host that was stopped, a network that is gone) is thrown out by the server.
const IDLE_MAX: &str = "10s";

/// Who waits for so long for others to commit gives up.
const LOCK_WAIT: &str = "30s";

/// How to connect, and where the work of a connection is done.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    runtime: Handle,
    schema: String,
}

impl Connector {
    pub(super) fn new(mut config: Config, runtime: Handle, schema: &str) -> Self {
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WAIT);
        }
        if config.get_application_name().is_none() {
            config.application_name("crowdhook");
        }
        Self { config, runtime, schema: schema.to_owned() }
    }

    /// A new connection, whose work is done on the store's own threads whoever asks.
    pub(super) async fn connect(&self) -> Result<Client> {
        let config = self.config.clone();
        let connected = self.runtime.spawn(async move {
            let (client, connection) = config.connect(NoTls).await?;
            tokio::spawn(async move {
                // Whoever uses the connection hears of its end.
                connection.await.ok();
            });
            Ok(client)
        });
        connected.await.map_err(|error| Failure::Row(format!("connecting ended early: {error}")))?
    }

    /// Begins a transaction that writes. Settings hold for it alone, since a pooler may give the connection to somebody else after it.
    pub(super) fn begin(&self, settings: &str) -> String {
        format!(
            "BEGIN; SET LOCAL search_path TO \"{}\"; SET LOCAL idle_in_transaction_session_timeout = '{IDLE_MAX}'; \
             SET LOCAL lock_timeout = '{LOCK_WAIT}'; {settings}",
            self.schema
        )
    }

    /// Begins one that reads, all of it as of one moment.
    fn begin_reading(&self) -> String {
        format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path TO \"{}\"; \
             SET LOCAL idle_in_transaction_session_timeout = '{IDLE_MAX}'",
            self.schema
        )
    }

    pub(super) fn schema(&self) -> &str {
        &self.schema
    }
}

/// The connections that read.
pub(super) struct Readers {
    connector: Connector,
    idle: Mutex<Vec<Client>>,
    room: Semaphore,
}

/// A connection in a transaction. Dropped before its end, the connection goes with it.
pub(super) struct Reading<'a> {
    readers: &'a Readers,
    client: Client,
    _room: SemaphorePermit<'a>,
}

impl Reading<'_> {
    pub(super) fn db(&self) -> Db<'_> {
        Db(&self.client)
    }

    /// Ends the transaction.
    pub(super) async fn end(self) -> Result<()> {
        self.client.batch_execute("COMMIT").await?;
        self.readers.put(self.client);
        Ok(())
    }
}

impl Readers {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, idle: Mutex::default(), room: Semaphore::new(READERS) }
    }

    /// The rows that one statement gives, in one trip to the server.
    pub(super) async fn rows(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        self.one(&self.connector.begin_reading(), sql, params).await
    }

    /// The same for a statement that writes.
    pub(super) async fn write(&self, settings: &str, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        self.one(&self.connector.begin(settings), sql, params).await
    }

    async fn one(&self, begin: &str, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        let _room = self.take_room().await?;
        let mut client = self.idle_one();
        loop {
            let (is_new, connected) = match client.take() {
                Some(client) => (false, client),
                None => (true, self.connector.connect().await?),
            };
            // Sent one behind the other without a wait in between. Had one failed, the end would be a rollback.
            let (began, found, ended) =
                join3(connected.batch_execute(begin), connected.query_typed(sql, params), connected.batch_execute("COMMIT")).await;
            if began.is_err() && connected.is_closed() && !is_new {
                continue;
            }
            began?;
            let found = match found {
                Err(error) => {
                    if ended.is_ok() {
                        self.put(connected);
                    }
                    return Err(error.into());
                }
                Ok(found) => found,
            };
            ended?;
            self.put(connected);
            return Ok(found);
        }
    }

    /// Begins to read, for several statements.
    pub(super) async fn look(&self) -> Result<Reading<'_>> {
        self.begin(self.connector.begin_reading()).await
    }

    /// The same for statements that write what a crash of the server may lose.
    pub(super) async fn work(&self) -> Result<Reading<'_>> {
        self.begin(self.connector.begin("SET LOCAL synchronous_commit = off")).await
    }

    async fn begin(&self, begin: String) -> Result<Reading<'_>> {
        let room = self.take_room().await?;
        if let Some(client) = self.idle_one()
            && client.batch_execute(&begin).await.is_ok()
        {
            return Ok(Reading { readers: self, client, _room: room });
        }
        let client = self.connector.connect().await?;
        client.batch_execute(&begin).await?;
        Ok(Reading { readers: self, client, _room: room })
    }

    /// Closes the connections, and lets nobody read any more.
    pub(super) fn close(&self) {
        self.room.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn take_room(&self) -> Result<SemaphorePermit<'_>> {
        self.room.acquire().await.map_err(|_| Failure::Row("the store is closed".to_owned()))
    }

    fn idle_one(&self) -> Option<Client> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop()).find(|client| !client.is_closed())
    }

    fn put(&self, client: Client) {
        if !self.room.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        }
    }
}
