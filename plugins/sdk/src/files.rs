//! Writing files, in folders that the project names. `path` is relative, with `/` between its parts; missing folders are made.

use crate::{Result, host};

/// Asks for a file to be written whole, after commit, at most 4 MiB. Readers see the old file or the new one.
///
/// # Errors
///
/// What the host answers: a folder that is not granted, a path that leaves it.
pub fn write(folder: &str, path: &str, content: &[u8]) -> Result<()> {
    host::files_write(folder, path, content)
}

/// Asks for text to be added to the end of a file, after commit, in one piece; end it with a line break yourself. `header` is written first
/// when the file is new or empty.
///
/// # Errors
///
/// What the host answers: a folder that is not granted, a path that leaves it.
pub fn append(folder: &str, path: &str, text: &str, header: Option<&str>, once: Option<&str>) -> Result<()> {
    host::files_append(folder, path, text, header, once)
}
