//! The lock of a data folder: one host at a time, whichever engine keeps its events.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The file whose lock says that a host is at work in the folder.
const LOCK: &str = "lock";

/// Who is about to let the folder go is waited for so long, and looked at so often: a program that a host starts has the host's files, and
/// their locks, until it is one of its own.
const WAIT: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(10);

/// Why a data folder is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The folder or a file in it cannot be made, read or written.
    #[error("`{}` cannot be used", path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another host is at work in it.
    #[error("`{}` is in use by {holder}: stop that one first, or give this one another data folder", folder.display())]
    Held {
        /// The folder.
        folder: PathBuf,
        /// The process that has it, for people.
        holder: String,
    },
}

/// A data folder that is ours until this is dropped.
pub struct Lock(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

/// Makes the folder when there is none, and locks it. The lock goes with the process, however that ends.
///
/// # Errors
///
/// [`LockError`]: another host has it, or it cannot be made or written into.
pub fn lock(folder: &Path) -> Result<Lock, LockError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| LockError::Folder { path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    // The folder's own name must be on disk too, or a power cut takes the folder with all that was answered for.
    if let Some(parent) = folder.canonicalize().map_err(failed(folder))?.parent() {
        File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed(parent))?;
    }
    let path = folder.join(LOCK);
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed(&path))?;
    match try_for_a_moment(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.take(64).read_to_string(&mut holder).ok();
            let holder = holder.trim();
            let holder = if holder.is_empty() { "another process".to_owned() } else { format!("process {holder}") };
            return Err(LockError::Held { folder: folder.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(LockError::Folder { path, source }),
    }
    let write = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    write(&mut file).map_err(failed(&path))?;
    Ok(Lock(file))
}

fn try_for_a_moment(file: &File) -> Result<(), TryLockError> {
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if began.elapsed() < WAIT => std::thread::sleep(LOOK),
            tried => return tried,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_about_to_let_it_go_is_waited_for_and_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path()).unwrap();
        assert!(matches!(lock(folder.path()), Err(LockError::Held { .. })));
        let letting_go = std::thread::spawn(move || {
            std::thread::sleep(WAIT / 5);
            drop(held);
        });
        lock(folder.path()).unwrap();
        letting_go.join().unwrap();
    }
}
