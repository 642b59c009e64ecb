//! What lies in a folder, and the bytes of a file that holds still. Blocks; knows nothing of components or projects.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use crate::clock::Clock;

/// A chain of symbolic links is followed for so many steps when it is asked which folders to watch.
const LINKS_MAX: usize = 8;
/// A file that was written less than this before it was read is read once more: its time stamp may be too coarse to show a
/// change that came later.
const YOUNG: Duration = Duration::from_millis(50);

/// Tells one state of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    modified: Duration,
    /// When the file or what is known of it changed; tells of a copy that keeps the old time of modification.
    changed: (i64, i64),
    /// Device and inode: another file under the same name.
    identity: (u64, u64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        Self { bytes: metadata.len(), modified, changed: changed(metadata), identity: identity(metadata) }
    }

    /// Whether these are two states of one file, so that somebody is writing to it.
    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        self.identity == other.identity
    }

    /// Whether the file was written to less than `age` ago.
    pub(super) fn is_younger_than(&self, age: Duration) -> bool {
        let now = Duration::from_millis(u64::try_from(Clock::System.wall().as_millisecond()).unwrap_or(0));
        now.abs_diff(self.modified) < age
    }
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> (i64, i64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn changed(_metadata: &Metadata) -> (i64, i64) {
    (0, 0)
}

#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// The device and inode of a folder; none when it is not there.
pub(super) fn folder_identity(folder: &Path) -> Option<(u64, u64)> {
    fs::metadata(folder).ok().map(|metadata| identity(&metadata))
}

/// The files of a folder that count.
pub(super) struct Listing {
    pub(super) files: BTreeMap<PathBuf, Stamp>,
    /// Where the files lie that symbolic links of the folder lead to.
    pub(super) linked_folders: BTreeSet<PathBuf>,
}

/// The files of `folder` that `takes` takes. What is no file, or vanishes meanwhile, or is a link to nowhere, is not there.
pub(super) fn list(folder: &Path, takes: fn(&Path) -> bool) -> io::Result<Listing> {
    let mut listing = Listing { files: BTreeMap::new(), linked_folders: BTreeSet::new() };
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if !takes(&path) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
            listing.linked_folders.extend(folders_on_the_way(&path));
        }
        if let Ok(metadata) = fs::metadata(&path)
            && metadata.is_file()
        {
            listing.files.insert(path, Stamp::of(&metadata));
        }
    }
    Ok(listing)
}

/// The folders in which a change may make `link` lead elsewhere.
fn folders_on_the_way(link: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut path = link.to_owned();
    for _ in 0..LINKS_MAX {
        let Ok(target) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(target);
        folders.extend(path.parent().map(Path::to_owned));
    }
    folders.extend(fs::canonicalize(link).ok().and_then(|file| file.parent().map(Path::to_owned)));
    folders
}

/// The state of a file now.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    fs::metadata(path).ok().map(|metadata| Stamp::of(&metadata))
}

/// What came of reading a file.
pub(super) enum Read {
    /// It held still.
    Settled {
        bytes: Vec<u8>,
        stamp: Stamp,
        /// Whether its stamp would show any later change.
        sure: bool,
    },
    /// It changed while it was read.
    Changing,
    /// It is not there.
    Gone,
    /// It has more bytes than are taken.
    TooLarge(u64),
    /// It cannot be read, and why.
    Unreadable(String),
}

/// Reads a file, if it is the same before and after.
pub(super) fn read(path: &Path, bytes_max: u64) -> Read {
    match try_read(path, bytes_max) {
        Ok(read) => read,
        Err(error) if error.kind() == ErrorKind::NotFound => Read::Gone,
        Err(error) => Read::Unreadable(error.to_string()),
    }
}

fn try_read(path: &Path, bytes_max: u64) -> io::Result<Read> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let before = Stamp::of(&metadata);
    if before.bytes > bytes_max {
        return Ok(Read::TooLarge(before.bytes));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(before.bytes).unwrap_or(0));
    file.by_ref().take(bytes_max + 1).read_to_end(&mut bytes)?;
    let after = Stamp::of(&fs::metadata(path)?);
    if before != after || bytes.len() as u64 != before.bytes {
        return Ok(Read::Changing);
    }
    Ok(Read::Settled { bytes, stamp: after, sure: !after.is_younger_than(YOUNG) })
}
