//! How much room the store's files take, and how much is left for them.

use std::path::Path;

/// The bytes of the database, of its log, and what is free for us on their disk. A file that is not there has none.
pub(super) fn use_of(database: &Path) -> (u64, u64, Option<u64>) {
    let bytes = |file: &Path| std::fs::metadata(file).map_or(0, |file| file.len());
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let free = rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    (bytes(database), bytes(Path::new(&log)), free)
}
