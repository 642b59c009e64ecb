//! Word from the operating system that something changed in a folder. Only a hint: what changed is for a scan to find out,
//! and the periodic scan finds what no word comes of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tracing::{debug, warn};

use super::folder::folder_identity;

/// What word is wanted of.
#[derive(Default)]
struct Wanted {
    /// Of anything in these.
    inside: BTreeSet<PathBuf>,
    /// Of these folders' own entries: they may be links that are swapped.
    themselves: BTreeSet<PathBuf>,
}

impl Wanted {
    fn covers(&self, path: &Path) -> bool {
        self.themselves.contains(path) || self.inside.contains(path) || path.parent().is_some_and(|folder| self.inside.contains(folder))
    }
}

/// The watched folders.
pub(super) struct Notices {
    watcher: Option<RecommendedWatcher>,
    /// What is watched, and which folder stood there then.
    armed: BTreeMap<PathBuf, (u64, u64)>,
    wanted: Arc<RwLock<Wanted>>,
    noticed: Arc<Notify>,
    /// Whether it was said that folders cannot be watched: once is enough.
    said: bool,
}

impl Notices {
    /// Watches nothing yet.
    pub(super) fn new(watch: bool) -> Self {
        let (wanted, noticed) = (Arc::<RwLock<Wanted>>::default(), Arc::<Notify>::default());
        let mut notices = Self { watcher: None, armed: BTreeMap::new(), wanted, noticed, said: false };
        if watch {
            let (wanted, noticed) = (Arc::clone(&notices.wanted), Arc::clone(&notices.noticed));
            match notify::recommended_watcher(move |event| on_event(event, &wanted, &noticed)) {
                Ok(watcher) => notices.watcher = Some(watcher),
                Err(error) => notices.say(&error),
            }
        }
        notices
    }

    /// Whether word may come at all.
    pub(super) fn can_come(&self) -> bool {
        self.watcher.is_some()
    }

    /// Waits for word.
    pub(super) async fn noticed(&self) {
        self.noticed.notified().await;
    }

    /// Watches `folders` with their own entries, and `linked` ones; again those where another folder stands by now.
    pub(super) fn arm(&mut self, folders: &[&Path], linked: &BTreeSet<PathBuf>) {
        if self.watcher.is_none() {
            return;
        }
        let inside: BTreeSet<PathBuf> = folders
            .iter()
            .copied()
            .chain(linked.iter().map(PathBuf::as_path))
            .filter_map(|folder| std::path::absolute(folder).ok())
            .collect();
        let themselves: BTreeSet<PathBuf> = folders.iter().filter_map(|folder| std::path::absolute(folder).ok()).collect();
        let parents = themselves.iter().filter_map(|folder| folder.parent()).map(Path::to_owned);
        let all: BTreeSet<PathBuf> = inside.iter().cloned().chain(parents).collect();
        {
            let real = |paths: &BTreeSet<PathBuf>| paths.iter().filter_map(|path| path.canonicalize().ok()).collect::<Vec<_>>();
            let (real_inside, real_themselves) = (real(&inside), real(&themselves));
            let mut wanted = self.wanted.write().unwrap_or_else(PoisonError::into_inner);
            *wanted = Wanted { inside, themselves };
            wanted.inside.extend(real_inside);
            wanted.themselves.extend(real_themselves);
        }
        let stale: Vec<PathBuf> = self.armed.keys().filter(|path| !all.contains(*path)).cloned().collect();
        for path in stale {
            self.disarm(&path);
        }
        for path in all {
            let Some(identity) = folder_identity(&path) else { continue };
            if self.armed.get(&path) != Some(&identity) {
                self.disarm(&path);
                self.watch(path, identity);
            }
        }
    }

    fn watch(&mut self, path: PathBuf, identity: (u64, u64)) {
        let Some(watcher) = &mut self.watcher else { return };
        match watcher.watch(&path, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.armed.insert(path, identity);
            }
            Err(error) => self.say(&error),
        }
    }

    fn disarm(&mut self, path: &Path) {
        if self.armed.remove(path).is_some()
            && let Some(watcher) = &mut self.watcher
            && let Err(error) = watcher.unwatch(path)
        {
            // The folder is gone, and its watch with it.
            debug!(error = %error, "Stopped watching `{}` before", path.display());
        }
    }

    fn say(&mut self, error: &notify::Error) {
        if !self.said {
            self.said = true;
            warn!(error = %error, "The system does not tell of changes in the folders, so they are looked at again and again: {error}");
        }
    }
}

fn on_event(event: notify::Result<notify::Event>, wanted: &RwLock<Wanted>, noticed: &Notify) {
    let matters = match &event {
        // Word was lost, or the watch failed: all the more reason to look.
        Err(_) => true,
        Ok(event) if event.need_rescan() => true,
        // Our own reading is no change.
        Ok(event) if is_reading(event.kind) => false,
        Ok(event) => {
            let wanted = wanted.read().unwrap_or_else(PoisonError::into_inner);
            event.paths.iter().any(|path| wanted.covers(path))
        }
    };
    if matters {
        noticed.notify_one();
    }
}

fn is_reading(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}
