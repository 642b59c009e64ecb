//! A store that is full before its host starts: events as the intake would have recorded them, put there in large batches.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use sha1::{Digest as _, Sha1};

use crowdhook::app::App;
use crowdhook::clock;
use crowdhook::config::{Limits, load};
use crowdhook::event::{Event, EventKind, Origin, PlatformKind, Standing};
use crowdhook::id::{EventId, PluginName, hex};
use crowdhook::store::{Acceptance, Accepted, Again, Store};

use super::folder::JOB;
use super::posts;
use super::throughput::VOTED;

/// Events recorded in one commit.
const BATCH: u64 = 1_000;
/// When the units of the posts were last changed, as their payloads say it.
const UPDATED_AT_MS: i64 = 1_795_289_365_000;

/// The host of `folder` within this process, and its limits. It does not serve.
pub(crate) async fn open(folder: &Path) -> anyhow::Result<(App, Limits)> {
    let host = load::host(Some(&folder.join("crowdhook.toml"))).map_err(|problems| anyhow!("{problems}"))?;
    let limits = host.limits.clone();
    Ok((App::open(host).await?, limits))
}

/// Has the host of `folder`, which is not at work, find `count` events more about units from `first` on, each of which waits for all of `plugins`.
pub(crate) async fn leave(folder: &Path, plugins: &[PluginName], first: u64, count: u64) -> anyhow::Result<()> {
    let (app, _) = open(folder).await?;
    let store = app.store();
    drop(app);
    let filled = fill(store.as_ref(), plugins, first, count).await;
    store.close().await;
    filled
}

/// The plugin that votes.
pub(crate) fn voter() -> anyhow::Result<PluginName> {
    "majority-vote".parse().map_err(|error| anyhow!("{error}")).context("no plugin")
}

/// Records `count` events about units from `first` on; each waits for all of `plugins`.
pub(crate) async fn fill(store: &dyn Store, plugins: &[PluginName], first: u64, count: u64) -> anyhow::Result<()> {
    let mut next = first;
    while next < first + count {
        let end = (next + BATCH).min(first + count);
        let batch = (next..end).map(|unit| acceptance(unit, plugins)).collect::<anyhow::Result<Vec<_>>>()?;
        let accepted = store.accept(batch).await?;
        anyhow::ensure!(accepted.iter().all(|accepted| matches!(accepted, Accepted::New(_))), "an event of the backlog is not new");
        next = end;
    }
    Ok(())
}

/// What the intake makes of the post about a unit.
pub(crate) fn acceptance(unit: u64, plugins: &[PluginName]) -> anyhow::Result<Acceptance> {
    let (id, payload, updated_at) = (EventId::new(), posts::payload(JOB, unit), clock::from_millis(UPDATED_AT_MS));
    let digest = hex(Sha1::digest(&payload).as_slice());
    Ok(Acceptance {
        event: Event {
            id,
            project: VOTED.parse().map_err(|error| anyhow!("{error}")).context("no project")?,
            platform: PlatformKind::Appen,
            kind: EventKind::TASK_COMPLETED,
            task: Some(unit.to_string()),
            occurred_at: updated_at,
            received_at: clock::Clock::System.now(),
            origin: Origin::Live,
            emitted_by: None,
            root: id,
            depth: 0,
            payload,
        },
        standing: Standing::Accepted,
        dedup_key: format!("{}/{JOB:012}/{unit:012}/{digest}", EventKind::TASK_COMPLETED),
        freshness: Some(format!("{UPDATED_AT_MS:015}/{:010}", 0)),
        again: Again::Never,
        plugins: plugins.to_vec(),
        snapshot: None,
    })
}

/// The database of a host that is not at work, put aside so that each round begins with the same.
pub(crate) struct Kept {
    database: PathBuf,
    aside: PathBuf,
}

impl Kept {
    pub(crate) fn of(folder: &Path) -> anyhow::Result<Self> {
        let kept = Self { database: database(folder), aside: folder.join("kept.db") };
        copy(&kept.database, &kept.aside)?;
        Ok(kept)
    }

    /// Puts it back, on the disk before anything is measured.
    pub(crate) fn restore(&self) -> anyhow::Result<()> {
        for log in ["db-wal", "db-shm"] {
            let file = self.database.with_extension(log);
            if file.exists() {
                fs::remove_file(&file).with_context(|| format!("`{}` cannot be removed", file.display()))?;
            }
        }
        copy(&self.aside, &self.database)
    }

    /// Has another host begin with it.
    pub(crate) fn give(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder.join("data"))?;
        copy(&self.aside, &database(folder))
    }
}

/// The database of the host of a folder.
pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("data/crowdhook.db")
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let copied = fs::copy(from, to).and_then(|_| File::open(to)?.sync_all());
    copied.with_context(|| format!("`{}` cannot be copied to `{}`", from.display(), to.display()))
}
