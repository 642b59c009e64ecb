//! Word to the other hosts that there may be something for them, and theirs to this one, by `LISTEN` and `NOTIFY`.
//!
//! It is a hint and no more: what it leads to is a look, which everybody takes every so often anyway. So it goes out behind the commit that it
//! is about, in a transaction of its own that waits for no disk: within the commit it would hold a lock that all databases of the server
//! share until the disk has what is committed. What comes in shorter order than [`GAP`] goes out together, and nothing where no other host
//! is known.
//!
//! One connection of each host listens. It has to lead to the server itself: a pooler in transaction mode does not say what it would hear.
//! Whether it does hear is tried each time, by a word to itself through the store's own address.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::Shared;
use super::connect::Connector;
use super::db::{Db, Failure, Result, params};
use super::line::Line;

/// Hosts are told no more often than this.
const GAP: Duration = Duration::from_millis(10);

/// Who is alone looks so often whether another host has come.
const ALONE_GAP: Duration = Duration::from_secs(1);

/// What does not arrive within so long does not arrive.
const ARRIVE_WAIT: Duration = Duration::from_secs(5);

/// A connection on which nothing is said for so long is tried.
const TRY_AFTER: Duration = Duration::from_secs(30);

/// A listener that was lost is replaced after so long, twice as long each time up to the longest.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The word that a host says to itself.
const TRIAL: &str = "?";

/// Lines in which there may be something to lease, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lines(u8);

impl Lines {
    pub(super) const ALL: Self = Self(3);

    fn of(line: Line) -> Self {
        match line {
            Line::Invocations => Self(1),
            Line::Deliveries => Self(2),
        }
    }

    fn has(self, line: Line) -> bool {
        self.0 & Self::of(line).0 != 0
    }
}

/// What is to be told to other hosts, and what was heard of them.
#[derive(Default)]
pub(super) struct Hints {
    lines: AtomicU8,
    to_tell: Notify,
    invocations: Notify,
    deliveries: Notify,
    /// What this host said to itself has arrived.
    arrived: Notify,
    /// Whether this host hears the others.
    hears: AtomicBool,
}

impl Hints {
    /// There may be something for other hosts in these lines.
    pub(super) fn add(&self, news: &[Line]) {
        let lines = news.iter().fold(0, |lines, line| lines | Lines::of(*line).0);
        if lines != 0 && self.lines.fetch_or(lines, Ordering::AcqRel) == 0 {
            self.to_tell.notify_one();
        }
    }

    /// Tells whoever waits when another host has said that there may be something.
    pub(super) fn of(&self, line: Line) -> &Notify {
        match line {
            Line::Invocations => &self.invocations,
            Line::Deliveries => &self.deliveries,
        }
    }

    /// Whether this host hears the others.
    #[cfg(test)]
    pub(super) fn are_heard(&self) -> bool {
        self.hears.load(Ordering::Acquire)
    }

    /// Takes in a word: the number of who said it, and what. Others may say what they like; it leads to a look at most.
    fn hear(&self, host: i64, word: &str) {
        let Some((who, what)) = word.split_once(' ') else { return };
        match (who.parse() == Ok(host), what) {
            (true, TRIAL) => self.arrived.notify_one(),
            (true, _) => {}
            (false, what) => {
                let lines = Lines(what.parse().unwrap_or(0));
                for line in [Line::Invocations, Line::Deliveries].into_iter().filter(|line| lines.has(*line)) {
                    self.of(line).notify_waiters();
                }
            }
        }
    }
}

/// Tells the other hosts, if there are any. Gives whether there are.
pub(super) async fn tell(db: Db<'_>, connector: &Connector, host: i64, Lines(lines): Lines) -> Result<bool> {
    // Schemas are one program's alone, and so a channel by the name of ours.
    let sql = format!("SELECT pg_notify($1, $2) WHERE EXISTS (SELECT 1 FROM \"{}\".host WHERE id <> $3)", connector.schema());
    db.exists(&sql, params![connector.schema(), format!("{host} {lines}"), host]).await
}

/// What listens and tells, for as long as the store is open.
pub(super) struct Listener {
    pub(super) shared: Arc<Shared>,
    pub(super) connector: Connector,
}

impl Listener {
    /// Listens, again and again.
    pub(super) async fn run(self) {
        let (mut pause, mut said) = (PAUSE, false);
        loop {
            let mut heard = false;
            let lost = self.listen(&mut heard).await;
            self.shared.hints.hears.store(false, Ordering::Release);
            pause = if heard { PAUSE } else { (pause * 2).min(PAUSE_MAX) };
            if let Err(error) = lost
                && (heard || !said)
            {
                said = true;
                tracing::warn!(error = %error, "This host does not hear from others that something waits, and finds it by looking: {error}");
            }
            sleep(pause).await;
        }
    }

    /// Listens and tells until the connection is lost. `heard` becomes true once what is told arrives.
    async fn listen(&self, heard: &mut bool) -> Result<()> {
        let (shared, host) = (Arc::clone(&self.shared), self.shared.entry.number);
        let (client, mut ended) = self.connector.listen(Box::new(move |word| shared.hints.hear(host, word))).await?;
        let db = Db(&client);
        db.run(&format!("LISTEN \"{}\"", self.connector.schema())).await?;
        *heard = self.is_heard().await?;
        self.shared.hints.hears.store(*heard, Ordering::Release);
        if !*heard {
            // What was asked for stays with whoever gets this connection of a pooler next.
            db.run("UNLISTEN *").await?;
            tracing::warn!(
                "This host does not hear from others that something waits, and finds it by looking: what is told through the store's \
                 address does not arrive; behind a pooler in transaction mode, say where the server itself is: `listen_host=` and `listen_port=` in \
                 the address"
            );
        }
        // Something may have come in before anybody listened.
        self.shared.hints.invocations.notify_waiters();
        self.shared.hints.deliveries.notify_waiters();
        loop {
            tokio::select! {
                () = self.shared.hints.to_tell.notified() => {
                    let lines = Lines(self.shared.hints.lines.swap(0, Ordering::AcqRel));
                    let gap = if tell(db, &self.connector, host, lines).await? { GAP } else { ALONE_GAP };
                    sleep(gap).await;
                }
                () = sleep(TRY_AFTER) => db.run("").await?,
                _ = &mut ended => return Err(Failure::Away("the connection was lost".to_owned())),
            }
        }
    }

    /// Whether a word that is said through the store's own address arrives here.
    async fn is_heard(&self) -> Result<bool> {
        let client = self.connector.connect().await?;
        let word = format!("{} {TRIAL}", self.shared.entry.number);
        Db(&client).rows("SELECT pg_notify($1, $2)", params![self.connector.schema(), word]).await?;
        Ok(timeout(ARRIVE_WAIT, self.shared.hints.arrived.notified()).await.is_ok())
    }
}
