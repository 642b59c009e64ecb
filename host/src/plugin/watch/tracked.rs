//! The files of one folder as they were last seen: which of them have to be read (again), and which are gone for good.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::folder::{Listing, Stamp};

/// A file and what was made of it.
pub(super) struct Tracked<T> {
    /// What its content came to when it was last read; none before that.
    pub(super) latest: Option<T>,
    /// Since when it has been gone.
    pub(super) gone_since: Option<Instant>,
    /// As it was when it was last read.
    stamp: Option<Stamp>,
    /// Whether the stamp would show any later change.
    sure: bool,
    /// It is being read.
    reading: bool,
    /// When to make another try at the same content.
    retry_at: Option<Instant>,
    retries: u32,
}

impl<T> Tracked<T> {
    fn new() -> Self {
        Self { latest: None, gone_since: None, stamp: None, sure: false, reading: false, retry_at: None, retries: 0 }
    }

    fn is_to_be_read(&self, listed: &Stamp, now: Instant) -> bool {
        let changed = self.stamp.as_ref() != Some(listed) || !self.sure;
        !self.reading && (changed || self.retry_at.is_some_and(|at| at <= now))
    }

    /// It was read, and `stamp` is what it was like then.
    pub(super) fn was_read(&mut self, stamp: Stamp, sure: bool) {
        self.reading = false;
        self.stamp = Some(stamp);
        self.sure = sure;
        self.retry_at = None;
    }

    /// It did not hold still, or is gone: the next scan sees to it.
    pub(super) fn was_not_read(&mut self) {
        self.reading = false;
        self.sure = false;
        self.retry_at = None;
    }

    /// Another try is to be made at what was read just now, unless there have been enough.
    pub(super) fn retry(&mut self, at: Instant, retries_max: u32) {
        if self.retries < retries_max {
            self.retries += 1;
            self.retry_at = Some(at);
        }
    }

    /// What was read is something new, with all tries before it.
    pub(super) fn is_new(&mut self) {
        self.retries = 0;
    }
}

/// The files of a folder.
pub(super) struct Files<T> {
    /// The folder.
    pub(super) folder: PathBuf,
    /// The files, by path.
    pub(super) files: BTreeMap<PathBuf, Tracked<T>>,
    /// What is wrong with the folder itself.
    pub(super) trouble: Option<String>,
    files_max: usize,
}

/// What a look at a folder came to.
pub(super) struct Compared {
    /// What has to be read.
    pub(super) to_read: Vec<PathBuf>,
    /// Whether a file went, came back, or is now gone for good.
    pub(super) changed: bool,
}

impl<T> Files<T> {
    pub(super) fn new(folder: PathBuf, files_max: usize) -> Self {
        Self { folder, files: BTreeMap::new(), trouble: None, files_max }
    }

    /// Takes note of what lies in the folder. While it cannot be listed, everything stays as it was: a folder that is gone
    /// is more likely unmounted than emptied.
    pub(super) fn compare(&mut self, listing: &io::Result<Listing>, now: Instant, grace: Duration) -> Compared {
        let mut compared = Compared { to_read: Vec::new(), changed: false };
        let trouble = match listing {
            Ok(listing) => self.compare_files(listing, now, grace, &mut compared),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Some(format!("there is no folder `{}`: make it; until then what was loaded from it stays in use", self.folder.display()))
            }
            Err(error) => Some(format!("`{}` cannot be listed, so what was loaded from it stays in use: {error}", self.folder.display())),
        };
        compared.changed |= trouble != self.trouble;
        self.trouble = trouble;
        compared
    }

    fn compare_files(&mut self, listing: &Listing, now: Instant, grace: Duration, compared: &mut Compared) -> Option<String> {
        let mut left_out = Vec::new();
        for (path, file) in &mut self.files {
            if !listing.files.contains_key(path) && file.gone_since.is_none() {
                file.gone_since = Some(now);
                compared.changed = true;
            }
        }
        let before = self.files.len();
        self.files.retain(|_, file| file.reading || file.gone_since.is_none_or(|since| now.duration_since(since) < grace));
        compared.changed |= before != self.files.len();
        for (path, stamp) in &listing.files {
            if !self.files.contains_key(path) && self.files.len() >= self.files_max {
                left_out.push(path);
                continue;
            }
            let file = self.files.entry(path.clone()).or_insert_with(Tracked::new);
            compared.changed |= file.gone_since.take().is_some();
            if file.is_to_be_read(stamp, now) {
                file.reading = true;
                compared.to_read.push(path.clone());
            }
        }
        left_out.first().map(|first| {
            let (folder, most) = (self.folder.display(), self.files_max);
            format!("`{folder}` holds more than {most} files: {} are left out, `{}` first", left_out.len(), first.display())
        })
    }

    /// The files that are there and read, in the order of their paths.
    pub(super) fn present(&self) -> impl Iterator<Item = (&Path, &T)> {
        let there = self.files.iter().filter(|(_, file)| file.gone_since.is_none());
        there.filter_map(|(path, file)| Some((path.as_path(), file.latest.as_ref()?)))
    }

    /// The files that are there and never held still.
    pub(super) fn unread(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().filter(|(_, file)| file.gone_since.is_none() && file.latest.is_none()).map(|(path, _)| path.as_path())
    }

    /// When the next file is gone for good, or tried again.
    pub(super) fn next_deadline(&self, grace: Duration) -> Option<Instant> {
        let deadlines = |file: &Tracked<T>| file.gone_since.map(|since| since + grace).or(file.retry_at);
        self.files.values().filter(|file| !file.reading).filter_map(deadlines).min()
    }
}
