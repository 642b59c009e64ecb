//! The write-ahead log as a file that we sync ourselves, so that the next transaction can be written while the disk is busy with the one before.
//!
//! SQLite writes commits to the log and does not sync them (`synchronous=NORMAL`); it still syncs the log before it folds it into the
//! database and before it begins it anew, so a power cut takes away the newest commits and nothing else. Nobody is told of a commit
//! before [`Log::sync`] has seen to it that it stays.
//!
//! After a sync that failed the system takes pages for written that the disk may not have. Then only writing all of the log anew helps.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(test)]
use super::tests::recorder::{renewing, syncing};

/// The log is written anew in pieces of this size.
const RENEWED_BYTES: usize = 1 << 20;

/// The log of an open database.
pub(super) struct Log {
    path: PathBuf,
    file: File,
    /// Whether the disk may lack what the system takes for written.
    in_doubt: AtomicBool,
    /// Held by who syncs through `file`, before `writing`: the system tells of a failure once, and it must be heard by whom it concerns.
    syncing: Mutex<()>,
    /// Held by who writes to the file: it is written anew as it is, which would undo what comes in meanwhile.
    writing: Mutex<()>,
}

impl Log {
    /// The log at `path`, which SQLite has made.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(Self { path: path.to_owned(), file, in_doubt: AtomicBool::new(false), syncing: Mutex::default(), writing: Mutex::default() })
    }

    /// What was committed before this is called is on the disk when it returns `Ok`. After a failure it is tried once to write all of it anew.
    pub(super) fn sync(&self) -> io::Result<()> {
        let turn = self.turn();
        if !self.is_in_doubt() {
            match syncing(&self.path, || self.file.sync_data()) {
                Ok(()) => return Ok(()),
                Err(error) => {
                    self.doubt();
                    tracing::warn!(error = %error, "The store's log was not synced, will write it anew: {error}");
                }
            }
        }
        self.mend_in(&turn)
    }

    /// Writes all of it anew if it is in doubt.
    pub(super) fn mend(&self) -> io::Result<()> {
        self.mend_in(&self.turn())
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.syncing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mend_in(&self, _turn: &MutexGuard<'_, ()>) -> io::Result<()> {
        let _writing = self.writing();
        if self.is_in_doubt() {
            renewing(&self.path, || write_anew(&self.file))?;
            self.in_doubt.store(false, Ordering::Release);
        }
        Ok(())
    }

    /// Lets nobody else write to the log until the guard is dropped.
    pub(super) fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the disk may lack what the system takes for written. Then it is not to be folded into the database.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.in_doubt.load(Ordering::Acquire)
    }

    /// Somebody's sync failed.
    pub(super) fn doubt(&self) {
        self.in_doubt.store(true, Ordering::Release);
    }
}

/// Writes the log that a host left behind anew: it may have died of a sync that failed, and SQLite would take for commits what the disk
/// does not have and build on them.
pub(super) fn renew(path: &Path) -> io::Result<()> {
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => write_anew(&file),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes a file as it is, and syncs it.
fn write_anew(mut file: &File) -> io::Result<()> {
    let mut piece = Vec::with_capacity(RENEWED_BYTES);
    file.rewind()?;
    loop {
        let at = file.stream_position()?;
        piece.clear();
        if file.take(RENEWED_BYTES as u64).read_to_end(&mut piece)? == 0 {
            return file.sync_all();
        }
        file.seek(SeekFrom::Start(at))?;
        file.write_all(&piece)?;
    }
}

#[cfg(not(test))]
fn syncing(_: &Path, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    sync()
}

#[cfg(not(test))]
fn renewing(_: &Path, renew: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    renew()
}
