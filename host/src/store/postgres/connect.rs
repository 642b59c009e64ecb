//! Connections to the server, and those that read.

use std::future::poll_fn;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join3;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::task::JoinHandle;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, Row};

use super::address::{Address, Way};
use super::db::{Db, Failure, Param, Result};
use super::tls;

/// So many may read at a time; others wait for one of them.
const READERS: usize = 4;

/// A server that does not answer is given up after so long, unless its address says otherwise.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// Shaking hands and logging in may take so long on top of that.
const LOGIN_WAIT: Duration = Duration::from_secs(10);

/// A machine that is silent for so long is asked whether it is still there, so often and so many times. What it has not taken by then, it
/// never will.
const SILENT_MAX: Duration = Duration::from_secs(30);
const SILENT_PAUSE: Duration = Duration::from_secs(10);
const SILENT_TIMES: u32 = 3;

/// Who holds up everybody else and says nothing for so long (a host that was stopped, a network that is gone) is thrown out by the server.
pub(super) const IDLE_MAX: &str = "10s";

/// Who waits for so long for others to commit gives up: longer than one that is stopped holds it up, shorter than a statement is waited for.
const LOCK_WAIT: &str = "15s";

/// A server that says nothing to a statement for so long is given up, and the connection with it. Nothing else tells of a way that is dead
/// where something in between answers for it, as a proxy does: neither a keepalive nor what was sent ever fails there.
pub(super) const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// Hears what other sessions tell by `NOTIFY`.
pub(super) type Hears = Box<dyn FnMut(&str) + Send>;

/// A connection that is used. When this is dropped it takes its leave, and has as long for that as for any statement.
pub(super) struct Session {
    client: Client,
    /// So long the server may say nothing to a statement.
    pub(super) answer_wait: Duration,
    _in_use: oneshot::Sender<()>,
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Settings of a transaction that is to last: a server that commits before the disk has it is told to wait. Said in each, since a server's
/// settings may change, and another server may take its place.
pub(super) const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";

/// How to connect, and where the work of a connection is done.
#[derive(Clone)]
pub(super) struct Connector {
    address: Address,
    runtime: Handle,
    schema: String,
    /// As of each [`Session`]: [`ANSWER_WAIT`], but for tests that wait for it.
    pub(super) answer_wait: Duration,
}

impl Connector {
    pub(super) fn new(mut address: Address, runtime: Handle, schema: &str) -> Self {
        for way in std::iter::once(&mut address.usual).chain(&mut address.direct) {
            let config = &mut way.config;
            if config.get_connect_timeout().is_none() {
                config.connect_timeout(CONNECT_WAIT);
            }
            if config.get_hosts().len() > 1 && config.get_target_session_attrs() == TargetSessionAttrs::Any {
                // One of them takes writes; the others stand by.
                config.target_session_attrs(TargetSessionAttrs::ReadWrite);
            }
            if config.get_application_name().is_none() {
                config.application_name("crowdhook");
            }
            if config.get_tcp_user_timeout().is_none() {
                config.tcp_user_timeout(SILENT_MAX);
            }
            if config.get_keepalives_interval().is_none() {
                config.keepalives_idle(SILENT_MAX).keepalives_interval(SILENT_PAUSE).keepalives_retries(SILENT_TIMES);
            }
        }
        Self { address, runtime, schema: schema.to_owned(), answer_wait: ANSWER_WAIT }
    }

    /// A new connection, whose work is done on the store's own threads whoever asks.
    pub(super) async fn connect(&self) -> Result<Session> {
        self.enter(self.address.usual.clone(), Box::new(|_| ())).await.map(|(session, _)| session)
    }

    /// One to the server itself, for who hears what others tell. Comes with the task that ends with the connection.
    pub(super) async fn listen(&self, hears: Hears) -> Result<(Session, JoinHandle<()>)> {
        self.enter(self.address.direct.as_ref().unwrap_or(&self.address.usual).clone(), hears).await
    }

    async fn enter(&self, way: Way, hears: Hears) -> Result<(Session, JoinHandle<()>)> {
        let answer_wait = self.answer_wait;
        let connected = self.runtime.spawn(async move {
            let each = way.config.get_connect_timeout().copied().unwrap_or(CONNECT_WAIT);
            let places = way.config.get_hosts().len().max(way.config.get_hostaddrs().len());
            let wait = each.saturating_mul(u32::try_from(places).unwrap_or(u32::MAX)).saturating_add(LOGIN_WAIT);
            let connecting = tokio::time::timeout(wait, connect(way, hears, answer_wait));
            connecting.await.unwrap_or_else(|_| Err(Failure::Away(format!("it lets nobody in within {} s", wait.as_secs()))))
        });
        connected.await.map_err(|error| Failure::Away(format!("connecting ended early: {error}")))?
    }

    /// Begins a transaction that writes. A host that stops reading in the middle of an answer would hold up the others for as long as it sleeps,
    /// if the server did not give up what nobody takes from it. Settings hold for it alone, since a pooler may give the connection to somebody else after it.
    pub(super) fn begin(&self, settings: &str) -> String {
        format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL search_path TO \"{}\"; SET LOCAL idle_in_transaction_session_timeout = '{IDLE_MAX}'; \
             SET LOCAL lock_timeout = '{LOCK_WAIT}'; SET LOCAL tcp_user_timeout = '{IDLE_MAX}'; {settings}",
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

async fn connect(way: Way, hears: Hears, answer_wait: Duration) -> Result<(Session, JoinHandle<()>)> {
    let (in_use, unused) = oneshot::channel();
    let session = |client| Session { client, answer_wait, _in_use: in_use };
    let Way { config, trust } = way;
    let failed = |error: tokio_postgres::Error| tls::advice(&error, trust.as_ref()).map_or_else(|| Failure::from(error), Failure::Away);
    match trust.clone() {
        None => {
            let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
            Ok((session(client), tokio::spawn(work(connection, hears, (unused, answer_wait)))))
        }
        Some(trust) => {
            // Files are read for it.
            let handshakes = tokio::task::spawn_blocking(move || trust.handshakes()).await;
            let handshakes = handshakes.map_err(|error| Failure::Away(error.to_string()))?.map_err(Failure::Away)?;
            let (client, connection) = config.connect(handshakes).await.map_err(failed)?;
            Ok((session(client), tokio::spawn(work(connection, hears, (unused, answer_wait)))))
        }
    }
}

/// Does the work of a connection until it ends, of which whoever uses it hears, or until nobody has used it for so long. By itself it would
/// go on until the server has answered everything, which over a dead way is for ever.
async fn work<S, T>(mut connection: Connection<S, T>, mut hears: Hears, (unused, wait): (oneshot::Receiver<()>, Duration))
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let working = async {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(told) = message {
                hears(told.payload());
            }
        }
    };
    let left = async {
        unused.await.ok();
        tokio::time::sleep(wait).await;
    };
    tokio::select! {
        () = working => {}
        () = left => {}
    }
}

/// The connections that read.
pub(super) struct Readers {
    connector: Connector,
    idle: Mutex<Vec<Session>>,
    room: Semaphore,
}

/// A connection in a transaction. Dropped before its end, the connection goes with it.
pub(super) struct Reading<'a> {
    readers: &'a Readers,
    client: Session,
    _room: SemaphorePermit<'a>,
}

impl Reading<'_> {
    pub(super) fn db(&self) -> Db<'_> {
        Db(&self.client)
    }

    /// Ends the transaction.
    pub(super) async fn end(self) -> Result<()> {
        self.db().run("COMMIT").await?;
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
            let db = Db(&connected);
            let (began, found, ended) = join3(db.run(begin), db.rows(sql, params), db.run("COMMIT")).await;
            if began.is_err() && connected.is_closed() && !is_new {
                continue;
            }
            self.doubt(&began);
            began?;
            let found = match found {
                Err(error) => {
                    if ended.is_ok() {
                        self.put(connected);
                    }
                    return Err(error);
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
        if let Some(client) = self.idle_one() {
            let began = Db(&client).run(&begin).await;
            self.doubt(&began);
            if began.is_ok() {
                return Ok(Reading { readers: self, client, _room: room });
            }
        }
        let client = self.connector.connect().await?;
        Db(&client).run(&begin).await?;
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

    fn idle_one(&self) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop()).find(|client| !client.is_closed())
    }

    /// Where one connection found its way dead, so may those that nobody has tried since: no one is to find that out one by one.
    fn doubt(&self, began: &Result<()>) {
        if matches!(began, Err(Failure::Silent(_))) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    fn put(&self, client: Session) {
        if !self.room.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        }
    }
}
