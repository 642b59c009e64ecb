//! Which hosts share the schema and what each has loaded, so that nobody takes what another one has the component or the project's file for
//! and it has not.

use std::sync::atomic::Ordering;

use tokio_postgres::Row;

use super::db::{Columns as _, Db, Failure, Result, params};
use super::line::Line;
use super::rows;
use super::{PostgresStore, Shared};
use crate::id::Digest;
use crate::store::StoreError;
use crate::store::peers::{Known, Loaded, Peer};

/// A host that was not seen for so long, in ms, is left out of account: who can do less takes what it would have.
const SEEN_MS: i64 = 15_000;

/// And after so long, in ms, it is forgotten.
const FORGOTTEN_MS: i64 = 24 * 60 * 60 * 1_000;

/// Why a host writes nothing that was asleep for a day.
const FORGOTTEN: &str = "the others had forgotten this host, which they did not hear of for a day; it tells them again within seconds";

/// The time `$1`, or with null the database's.
const NOW: &str = "coalesce($1, (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT)";

/// A host among those that share a schema.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its number. Nobody else ever gets it.
    pub(super) number: i64,
    /// What it is called.
    pub(super) name: String,
    /// When it took its place.
    pub(super) started_at: i64,
}

impl Entry {
    /// Of who only reads.
    pub(super) fn of_nobody() -> Self {
        Self { number: 0, name: String::new(), started_at: 0 }
    }
}

impl Shared {
    /// Why this host, which the others do not know, writes nothing.
    pub(super) async fn why_not_here(&self, db: Db<'_>) -> Result<Failure> {
        if !self.is_replaced.load(Ordering::Acquire)
            && !db.exists("SELECT 1 FROM host WHERE name = $1", params![self.entry.name.as_str()]).await?
        {
            return Ok(Failure::Away(FORGOTTEN.to_owned()));
        }
        self.is_replaced.store(true, Ordering::Release);
        Ok(Failure::Replaced)
    }
}

impl PostgresStore {
    /// Says that this host is at work, and what it has loaded. Told every few seconds, and whenever that changes.
    ///
    /// What it cannot do and another one can that was seen of late is left to that one; what nobody can do goes to anybody.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn tell(&self, loaded: &[Loaded]) -> std::result::Result<Known, StoreError> {
        self.tell_now(loaded).await.map_err(|error| self.unread(error))
    }

    async fn tell_now(&self, loaded: &[Loaded]) -> Result<Known> {
        const GONE: &str = "DELETE FROM able WHERE host = $1 AND NOT EXISTS \
             (SELECT 1 FROM unnest($2, $3) a (project, plugin) WHERE a.project = able.project AND a.plugin = able.plugin)";
        const HERE: &str = "INSERT INTO able (host, project, plugin, version, digest) \
             SELECT $1, a.* FROM unnest($2, $3, $4, $5) a (project, plugin, version, digest) \
             WHERE NOT EXISTS (SELECT 1 FROM able b WHERE b.host = $1 AND b.project = a.project AND b.plugin = a.plugin \
             AND b.version IS NOT DISTINCT FROM a.version AND b.digest = a.digest) \
             ON CONFLICT (host, project, plugin) DO UPDATE SET version = excluded.version, digest = excluded.digest";
        const FORGET: &str = "DELETE FROM host WHERE seen_at < (SELECT seen_at FROM host WHERE id = $1) - $2 AND id <> $1";
        // For good: who has the place may have gone meanwhile, and left it to nobody.
        if self.shared.is_replaced.load(Ordering::Acquire) {
            return Ok(Known::Replaced);
        }
        let host = self.shared.entry.number;
        let projects: Vec<String> = loaded.iter().map(|one| one.project.to_string()).collect();
        let plugins: Vec<String> = loaded.iter().map(|one| one.plugin.as_ref().map(ToString::to_string).unwrap_or_default()).collect();
        let versions: Vec<Option<String>> = loaded.iter().map(|one| one.version.clone()).collect();
        let digests: Vec<Vec<u8>> = loaded.iter().map(|one| one.digest.0.to_vec()).collect();
        let working = self.readers.work().await?;
        let known = self.note_seen(working.db()).await?;
        self.shared.is_replaced.store(known == Known::Replaced, Ordering::Release);
        if known != Known::Replaced {
            working.db().execute(GONE, params![host, projects, plugins]).await?;
            working.db().execute(HERE, params![host, projects, plugins, versions, digests]).await?;
            working.db().execute(FORGET, params![host, FORGOTTEN_MS]).await?;
        }
        working.end().await?;
        Ok(known)
    }

    /// Notes that this host is at work. One that was forgotten takes its place again under its own number, if nobody else has its name.
    async fn note_seen(&self, db: Db<'_>) -> Result<Known> {
        let Entry { number, name, started_at } = &self.shared.entry;
        let now = self.manual_now();
        let seen = format!("UPDATE host SET seen_at = {NOW} WHERE id = $2 RETURNING id");
        if db.first(&seen, params![now, *number]).await?.is_some() {
            return Ok(Known::Still);
        }
        let again = format!(
            "INSERT INTO host (id, name, version, started_at, seen_at) OVERRIDING SYSTEM VALUE VALUES ($2, $3, $4, $5, {NOW}) \
             ON CONFLICT DO NOTHING RETURNING id"
        );
        let entered = db.first(&again, params![now, *number, name.as_str(), env!("CARGO_PKG_VERSION"), *started_at]).await?;
        Ok(if entered.is_some() { Known::Again } else { Known::Replaced })
    }

    /// The hosts that share the schema, by their names.
    pub(super) async fn read_peers(&self, db: Db<'_>) -> Result<Vec<Peer>> {
        let sql = format!("SELECT id, name, version, started_at, seen_at, seen_at > {NOW} - {SEEN_MS} FROM host ORDER BY name");
        let hosts = db.rows(&sql, params![self.manual_now()]).await?;
        let able = db.rows("SELECT host, project, plugin, version, digest FROM able ORDER BY host, project, plugin", &[]).await?;
        let mut peers = Vec::with_capacity(hosts.len());
        for host in &hosts {
            let number: i64 = host.at(0)?;
            let of_it = able.iter().filter(|row| row.at::<i64>(0).is_ok_and(|of| of == number));
            peers.push(Peer {
                name: host.at(1)?,
                version: host.at(2)?,
                started_at: rows::time(host, 3)?,
                seen_at: rows::time(host, 4)?,
                is_at_work: host.at(5)?,
                loaded: of_it.map(loaded).collect::<Result<_>>()?,
            });
        }
        Ok(peers)
    }
}

fn loaded(row: &Row) -> Result<Loaded> {
    let digest: &[u8] = row.at(4)?;
    let digest = digest.try_into().map_err(|_| Failure::Row("a digest in `able` has not 32 bytes".to_owned()))?;
    let plugin: &str = row.at(2)?;
    Ok(Loaded {
        project: rows::parsed(row, 1)?,
        plugin: if plugin.is_empty() { None } else { Some(rows::parsed(row, 2)?) },
        version: row.at(3)?,
        digest: Digest(digest),
    })
}

/// A condition on a member `m` of a line: that the host `$host` does not leave it to another one at `now`.
pub(super) fn is_ours(line: Line, host: &str, now: &str) -> String {
    let plugin = match line {
        Line::Invocations => "m.plugin",
        Line::Deliveries => "''",
    };
    let able = format!("SELECT 1 FROM able a JOIN project p ON p.name = a.project WHERE p.id = m.project AND a.plugin = {plugin}");
    format!(
        "(EXISTS ({able} AND a.host = {host}) OR NOT EXISTS ({able} AND a.host <> {host} AND a.host IN \
         (SELECT h.id FROM host h WHERE h.seen_at > {now} - {SEEN_MS})))"
    )
}
