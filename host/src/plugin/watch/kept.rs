//! The last good text of each project's file, kept in the data folder: what a cold start falls back on when the file is broken.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::id::ProjectName;

/// The folder of kept project files.
#[derive(Clone)]
pub(super) struct Kept(pub(super) PathBuf);

impl Kept {
    fn path(&self, name: &ProjectName) -> PathBuf {
        self.0.join(format!("{name}.toml"))
    }

    /// The text that was last good; none when none was kept.
    pub(super) fn text(&self, name: &ProjectName) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    /// Keeps `text`, so that either it or what was kept before is there whenever the machine stops.
    pub(super) fn keep(&self, name: &ProjectName, text: &str) -> io::Result<()> {
        if self.text(name).is_some_and(|kept| kept == text) {
            return Ok(());
        }
        fs::create_dir_all(&self.0)?;
        let path = self.path(name);
        let unfinished = path.with_extension("toml.unfinished");
        write_down(&unfinished, text)?;
        fs::rename(&unfinished, &path)
    }
}

fn write_down(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
