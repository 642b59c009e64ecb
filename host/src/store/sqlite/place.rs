//! Puts a whole file into its place, where nothing may be yet, on whatever disk it is: many that backups go to (exFAT, network shares)
//! know no hard links, and not every one can rename without writing over what is there.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::io::Errno;

/// A way to move a file to a name that is free.
type Way = fn(&Path, &Path) -> io::Result<()>;

/// The ways, best first.
const WAYS: [Way; 3] = [rename_to_a_free_name, link, rename_over_our_own];

/// Puts `part` on disk and then there as `file`.
///
/// # Errors
///
/// [`io::ErrorKind::AlreadyExists`] when something is there: it stays as it is. Else why the last way did not work; `part` is still there.
pub(super) fn place(part: &Path, file: &Path) -> io::Result<()> {
    File::open(part)?.sync_all()?;
    by_one_of(&WAYS, part, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(folder)?.sync_all() {
        // A disk that syncs no folders has no other way to be asked.
        Err(error) if is_unknown_there(&error) => Ok(()),
        synced => synced,
    }
}

/// Goes the first way that the disk knows.
fn by_one_of(ways: &[Way], part: &Path, file: &Path) -> io::Result<()> {
    let mut last = Err(io::ErrorKind::Unsupported.into());
    for way in ways {
        last = way(part, file);
        match &last {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {}
            _ => break,
        }
    }
    last
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_to_a_free_name(part: &Path, file: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, part, CWD, file, RenameFlags::NOREPLACE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_to_a_free_name(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn link(part: &Path, file: &Path) -> io::Result<()> {
    fs::hard_link(part, file)?;
    fs::remove_file(part)
}

/// Takes the name by an empty file and writes over that. A crash in between leaves the empty file, which nobody takes for a store.
fn rename_over_our_own(part: &Path, file: &Path) -> io::Result<()> {
    File::create_new(file)?;
    fs::rename(part, file).inspect_err(|_| {
        // A network may lose the answer of a rename that was done: then this is no longer the empty file.
        if part.exists() {
            fs::remove_file(file).ok();
        }
    })
}

/// Whether an error says that the disk knows no such call.
fn is_unknown_there(error: &io::Error) -> bool {
    let unknown = [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP];
    Errno::from_io_error(error).is_some_and(|errno| unknown.contains(&errno))
}

#[cfg(test)]
mod tests;
