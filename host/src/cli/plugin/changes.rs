//! Waiting until files change, for who edits them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// A change counts once nothing has changed for so long: a build writes its file in pieces.
const QUIET: Duration = Duration::from_millis(200);

/// Files and folders that are looked at.
pub(super) struct Changes {
    noticed: Arc<Notify>,
    /// Looks for as long as it is there.
    _watcher: RecommendedWatcher,
}

impl Changes {
    /// From now on of these files, of `folder` and of all below it.
    ///
    /// # Errors
    ///
    /// When the system cannot tell of changes there.
    pub(super) fn of(files: &[&Path], folder: Option<&Path>) -> anyhow::Result<Self> {
        let noticed = Arc::<Notify>::default();
        let whole = folder.map(absolute).transpose()?;
        let single = files.iter().map(|file| absolute(file)).collect::<anyhow::Result<Vec<_>>>()?;
        let watched = (single.clone(), whole.clone(), Arc::clone(&noticed));
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let (single, whole, noticed) = &watched;
            let is_ours = |path: &PathBuf| single.contains(path) || whole.as_ref().is_some_and(|whole| path.starts_with(whole));
            if event.is_ok_and(|event| is_change(event.kind) && event.paths.iter().any(is_ours)) {
                noticed.notify_one();
            }
        })?;
        // A file that is replaced by another is told of by its folder alone.
        for file in &single {
            let folder = file.parent().unwrap_or(Path::new("/"));
            watcher.watch(folder, RecursiveMode::NonRecursive).with_context(|| format!("`{}` cannot be watched", folder.display()))?;
        }
        if let Some(folder) = &whole {
            watcher.watch(folder, RecursiveMode::Recursive).with_context(|| format!("`{}` cannot be watched", folder.display()))?;
        }
        Ok(Self { noticed, _watcher: watcher })
    }

    /// Waits until something has changed, and holds still again.
    pub(super) async fn next(&self) {
        self.noticed.notified().await;
        while tokio::time::timeout(QUIET, self.noticed.notified()).await.is_ok() {}
    }
}

/// As the system names it in what it tells.
fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let parent = parent.canonicalize().with_context(|| format!("`{}` cannot be watched", parent.display()))?;
    Ok(path.file_name().map_or_else(|| parent.clone(), |name| parent.join(name)))
}

/// That somebody reads is no change.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}
