//! The admin token: made at the first start, kept in the data folder, readable by the host's own user alone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::secret::Secret;

/// Random bytes in a token.
const TOKEN_BYTES: usize = 32;

/// Where the token of a data folder lies.
#[must_use]
pub fn path(data: &Path) -> PathBuf {
    data.join("admin-token")
}

/// The token of a data folder, made if there is none yet.
///
/// # Errors
///
/// When the folder cannot be made or the file not be read or written, or when there is no token in it.
pub fn open(data: &Path) -> io::Result<Secret> {
    fs::create_dir_all(data)?;
    match read(data) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(data),
        read => read,
    }
}

/// The token of a data folder.
///
/// # Errors
///
/// [`io::ErrorKind::NotFound`] when no host has been started there yet; others when the file cannot be read, or is empty.
pub fn read(data: &Path) -> io::Result<Secret> {
    let text = fs::read_to_string(path(data))?;
    match text.trim_end() {
        "" => Err(io::Error::new(io::ErrorKind::InvalidData, format!("`{}` is empty: remove it and start the host", path(data).display()))),
        token => Ok(Secret::new(token)),
    }
}

/// Writes a new token beside, then renames it: nobody ever reads half of one.
fn make(data: &Path) -> io::Result<Secret> {
    let token = Secret::random(TOKEN_BYTES)?;
    let beside = data.join(format!(".admin-token.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    writeln!(file, "{}", token.reveal())?;
    file.sync_all()?;
    fs::rename(&beside, path(data))?;
    Ok(token)
}

#[cfg(test)]
mod tests;
