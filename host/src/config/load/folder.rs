//! The folders that a project names for its plugins: whether they are there, and whether they may be written into.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Context;

/// Why a folder could not be used: the rest of a sentence that begins with its key, and what to write instead.
pub(in super::super) struct FolderProblem {
    pub(in super::super) why: String,
    pub(in super::super) help: String,
}

/// A folder that the host lives by.
#[derive(Clone, Debug)]
pub struct OwnFolder {
    /// What it is: `the data folder`.
    pub what: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Whether what lies deeper in it is the host's own too.
    pub to_the_bottom: bool,
}

impl Context {
    /// The folder at `path`, with no link and no `..` in it. It need not be there if the one above it is: the host makes it when
    /// something is written. One that the host lives by, or that holds such a one, is refused: who can write there could load
    /// plugins and projects.
    pub(in super::super) fn folder(&self, path: &Path, of_projects: &Path) -> Result<PathBuf, FolderProblem> {
        let found = look(path)?;
        let projects = OwnFolder { what: "the folder of project files", path: of_projects.to_owned(), to_the_bottom: false };
        for own in self.own_folders.iter().chain([&projects]) {
            let kept = resolved(&own.path);
            let relation = if found == kept {
                "is"
            } else if kept.starts_with(&found) {
                "holds"
            } else if own.to_the_bottom && found.starts_with(&kept) {
                "lies in"
            } else {
                continue;
            };
            return Err(FolderProblem {
                why: format!("{relation} {}, and whoever writes there could change what the host does", own.what),
                help: "name a folder that is for their files alone: `\"../results\"`, say".to_owned(),
            });
        }
        Ok(found)
    }
}

fn look(path: &Path) -> Result<PathBuf, FolderProblem> {
    let make = || format!("make it: `mkdir -p {}`; a relative path begins at this file's folder", path.display());
    let problem = |why: String, help: String| Err(FolderProblem { why, help });
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Ok(resolved(path)),
        Ok(_) => problem(format!("is a file, not a folder: `{}`", path.display()), "name the folder that it lies in".to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let above = path.parent().map(|above| if above.as_os_str().is_empty() { Path::new(".") } else { above });
            if above.is_some_and(Path::is_dir) && path.file_name().is_some() && !path.is_symlink() {
                return Ok(resolved(path));
            }
            problem(format!("is not there, nor the folder above it: `{}`", path.display()), make())
        }
        Err(error) => problem(format!("cannot be looked at: `{}`: {error}", path.display()), make()),
    }
}

/// A path from the root, with its links followed as far as there is anything.
fn resolved(path: &Path) -> PathBuf {
    let whole = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let whole = std::path::absolute(whole).unwrap_or_else(|_| whole.to_owned());
    let there = whole.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
    match there {
        Some((above, real)) => match whole.strip_prefix(above) {
            Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
            _ => real,
        },
        None => whole,
    }
}
