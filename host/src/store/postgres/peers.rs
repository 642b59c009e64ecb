//! What each host can do, so that nobody takes what another one has the component or the project's file for and it has not.

use super::PostgresStore;
use super::db::{Result, params};
use super::line::Line;
use crate::clock::Clock;
use crate::id::{PluginName, ProjectName};
use crate::store::StoreError;

/// A host that was not seen for so long, in ms, is left out of account: who can do less takes what it would have.
const SEEN_MS: i64 = 15_000;

/// And after so long, in ms, it is forgotten.
const FORGOTTEN_MS: i64 = 24 * 60 * 60 * 1_000;

/// What a host can do: a plugin whose component it has, or with none a project whose file it has.
pub type Able = (ProjectName, Option<PluginName>);

impl PostgresStore {
    /// Says that this host is at work, and what it can do. Told every few seconds, and whenever that changes.
    ///
    /// What it cannot do and another one can that was seen of late is left to that one; what nobody can do goes to anybody.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn tell(&self, able: &[Able]) -> std::result::Result<(), StoreError> {
        self.tell_now(able).await.map_err(|error| self.unread(error))
    }

    async fn tell_now(&self, able: &[Able]) -> Result<()> {
        const SEEN: &str = "UPDATE host SET seen_at = coalesce($2, (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT) \
             WHERE id = $1 RETURNING seen_at";
        const UNABLE: &str = "DELETE FROM able WHERE host = $1 AND NOT EXISTS \
             (SELECT 1 FROM unnest($2, $3) a (project, plugin) WHERE a.project = able.project AND a.plugin = able.plugin)";
        const ABLE: &str = "INSERT INTO able (host, project, plugin) SELECT $1, a.project, a.plugin FROM unnest($2, $3) a (project, plugin) \
             WHERE EXISTS (SELECT 1 FROM host WHERE id = $1) ON CONFLICT DO NOTHING";
        const FORGET: &str = "DELETE FROM host WHERE seen_at < (SELECT seen_at FROM host WHERE id = $1) - $2 AND id <> $1";
        let host = self.shared.host;
        let now = matches!(self.shared.clock, Clock::Manual(_)).then(|| self.shared.clock.now().as_millisecond());
        let projects: Vec<String> = able.iter().map(|(project, _)| project.to_string()).collect();
        let plugins: Vec<String> = able.iter().map(|(_, plugin)| plugin.as_ref().map(ToString::to_string).unwrap_or_default()).collect();
        let working = self.readers.work().await?;
        working.db().execute(SEEN, params![host, now]).await?;
        working.db().execute(UNABLE, params![host, projects, plugins]).await?;
        working.db().execute(ABLE, params![host, projects, plugins]).await?;
        working.db().execute(FORGET, params![host, FORGOTTEN_MS]).await?;
        working.end().await
    }
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
