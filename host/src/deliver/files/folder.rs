//! One folder, and what may be done below it. Every step is a name below an open folder that is followed through no symbolic
//! link, so nothing leads out, whatever else changes the folder meanwhile.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, fsync, mkdirat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use crate::id::DeliveryId;

/// Why something was not written.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// The path would leave its folder. Plugins are told so when they ask; this is for what else might ask.
    Outside,
    /// A symbolic link of this name is in the way.
    Link(String),
    /// What has this name should be a folder.
    NoFolder(String),
    /// What has this name should be a file.
    NoFile(String),
    /// The system refused.
    Failed(io::Error),
}

impl From<io::Error> for Obstacle {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Errno> for Obstacle {
    fn from(errno: Errno) -> Self {
        Self::Failed(errno.into())
    }
}

/// What is to be added to a file.
#[derive(Clone, Debug)]
pub(super) struct Addition {
    pub(super) text: String,
    /// What a new or empty file begins with.
    pub(super) header: Option<String>,
    /// Whether an earlier attempt may have added it.
    pub(super) may_be_there: bool,
}

/// What was added to a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Added {
    Text,
    HeaderAndText,
    /// The file ends with it already.
    Nothing,
}

/// Writes `content` below `root`. It lies beside the file under a name of its own until it is whole and on disk.
pub(super) fn write(root: &Path, path: &str, id: DeliveryId, content: &[u8]) -> Result<(), Obstacle> {
    let (folder, name) = reach(root, path)?;
    check_free(&folder, name)?;
    // No plugin can choose a name that begins with a dot, and a repeat takes the place of what an earlier attempt left.
    let beside = format!(".crowdhook-{id}.part");
    let written = write_beside(&folder, &beside, content).and_then(|()| Ok(renameat(&folder, &beside, &folder, name)?));
    if written.is_err() {
        // What is left is no trouble: the next attempt writes over it.
        unlinkat(&folder, &beside, AtFlags::empty()).ok();
    }
    written?;
    Ok(fsync(&folder)?)
}

fn write_beside(folder: &OwnedFd, beside: &str, content: &[u8]) -> Result<(), Obstacle> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(folder, beside, flags, Mode::from_raw_mode(0o666))?);
    file.write_all(content)?;
    Ok(file.sync_all()?)
}

/// Adds to the end of a file below `root`, in one piece or not at all.
pub(super) fn append(root: &Path, path: &str, addition: &Addition) -> Result<Added, Obstacle> {
    let (folder, name) = reach(root, path)?;
    check_free(&folder, name)?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = File::from(openat(&folder, name, flags, Mode::from_raw_mode(0o666))?);
    let length = file.metadata()?.len();
    if addition.may_be_there && ends_with(&mut file, length, addition.text.as_bytes())? {
        file.sync_all()?;
        return Ok(Added::Nothing);
    }
    let header = addition.header.as_deref().filter(|header| length == 0 && !header.is_empty());
    let text = match header {
        Some(header) => format!("{header}{}{}", if header.ends_with('\n') { "" } else { "\n" }, addition.text),
        None => addition.text.clone(),
    };
    let added = match file.write(text.as_bytes()) {
        Ok(bytes) if bytes == text.len() => file.sync_all(),
        Ok(_) => Err(io::ErrorKind::StorageFull.into()),
        Err(error) => Err(error),
    };
    if let Err(error) = added {
        file.set_len(length)?;
        return Err(error.into());
    }
    if length == 0 {
        fsync(&folder)?;
    }
    Ok(if header.is_some() { Added::HeaderAndText } else { Added::Text })
}

fn ends_with(file: &mut File, length: u64, text: &[u8]) -> io::Result<bool> {
    let Some(begin) = length.checked_sub(text.len() as u64).filter(|_| !text.is_empty()) else { return Ok(false) };
    let mut end = vec![0; text.len()];
    file.seek(SeekFrom::Start(begin))?;
    file.read_exact(&mut end)?;
    Ok(end == text)
}

/// The open folder in which `path` has its last name, and that name. Missing folders are made, `root` itself too where the one
/// above it is there.
fn reach<'p>(root: &Path, path: &'p str) -> Result<(OwnedFd, &'p str), Obstacle> {
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(Obstacle::Outside);
    }
    match mkdirat(CWD, root, Mode::from_raw_mode(0o777)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    // Where the operator's own path leads is the operator's choice, links included.
    let mut folder = openat(CWD, root, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let (above, name) = path.rsplit_once('/').map_or((None, path), |(above, name)| (Some(above), name));
    for part in above.into_iter().flat_map(|above| above.split('/')) {
        folder = enter(&folder, part)?;
    }
    Ok((folder, name))
}

fn enter(folder: &OwnedFd, part: &str) -> Result<OwnedFd, Obstacle> {
    match mkdirat(folder, part, Mode::from_raw_mode(0o777)) {
        Ok(()) => fsync(folder)?,
        Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(folder, part, flags, Mode::empty()).map_err(|error| match kind(folder, part) {
        Ok(Some(FileType::Symlink)) => Obstacle::Link(part.to_owned()),
        Ok(Some(FileType::Directory) | None) | Err(_) => error.into(),
        Ok(Some(_)) => Obstacle::NoFolder(part.to_owned()),
    })
}

/// What has this name in a folder; none when nothing has.
fn kind(folder: &OwnedFd, name: &str) -> Result<Option<FileType>, Obstacle> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Refuses where something else than a file has this name.
fn check_free(folder: &OwnedFd, name: &str) -> Result<(), Obstacle> {
    match kind(folder, name)? {
        None | Some(FileType::RegularFile) => Ok(()),
        Some(FileType::Symlink) => Err(Obstacle::Link(name.to_owned())),
        Some(_) => Err(Obstacle::NoFile(name.to_owned())),
    }
}
