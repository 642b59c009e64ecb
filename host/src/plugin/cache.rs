//! The compile cache: what was compiled, a file for each component, which is mapped into memory and not read.
//!
//! Of a mapped file only those pages take memory that are run, and starting waits for no copy of it. That a file is machine code means that whoever
//! can write into the folder can do whatever the host can, as whoever can write into any other part of the data folder.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tracing::debug;
use wasmtime::component::Component;

use crate::id::Digest;

/// The oldest go where all together are larger.
const BYTES_MAX: u64 = 1 << 30;
/// What a file that is complete ends in.
const EXTENSION: &str = "cwasm";
/// And one that is being written.
const UNFINISHED: &str = ".unfinished";
/// Nobody writes a file for longer.
const UNFINISHED_MAX: Duration = Duration::from_secs(3600);

/// A compile cache.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in `folder`, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// The folder cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The cache of the user who started this program; none where there is no place for one.
    pub(super) fn of_user() -> Option<Self> {
        let folder = match std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute()) {
            Some(folder) => folder,
            None if cfg!(windows) => PathBuf::from(std::env::var_os("LOCALAPPDATA")?),
            None if cfg!(target_os = "macos") => std::env::home_dir()?.join("Library/Caches"),
            None => std::env::home_dir()?.join(".cache"),
        };
        Self::open(&folder.join("crowdhook")).ok()
    }

    /// What was compiled of the component with this digest, for an engine like `engine`; none where nothing was, or what is there is not to be used.
    #[must_use]
    pub fn get(&self, engine: &wasmtime::Engine, digest: Digest) -> Option<Component> {
        let file = self.file(engine, digest);
        if !file.exists() {
            return None;
        }
        // The oldest go first, by when they were last asked for. Who may only read asks without leaving a trace.
        File::options().append(true).open(&file).and_then(|file| file.set_modified(SystemTime::now())).ok();
        let component = mapped(engine, &file).or_else(|error| {
            // A file system that holds no programs (`noexec`) lets nobody run what is mapped from it.
            copied(engine, &file).map_err(|_| error)
        });
        component.inspect_err(|error| debug!(file = %file.display(), %error, "`{}` is compiled again", file.display())).ok()
    }

    /// Keeps what `engine` compiled of a component: machine code, as `precompile_component` makes it.
    ///
    /// # Errors
    ///
    /// It cannot be written. What was there before is there still.
    pub fn put(&self, engine: &wasmtime::Engine, digest: Digest, code: &[u8]) -> io::Result<()> {
        self.trim(code.len() as u64)?;
        let mut file = tempfile::Builder::new().suffix(UNFINISHED).tempfile_in(&self.folder)?;
        file.write_all(code)?;
        file.as_file().sync_all()?;
        file.persist(self.file(engine, digest))?;
        Ok(())
    }

    fn file(&self, engine: &wasmtime::Engine, digest: Digest) -> PathBuf {
        // The same in each process of this program, which is all that shares it.
        let mut made_by = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut made_by);
        self.folder.join(format!("{digest}-{:016x}.{EXTENSION}", made_by.finish()))
    }

    /// Removes what nobody will finish, and the files that were asked for longest ago until so many bytes more fit.
    fn trim(&self, more: u64) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            // Another process may trim just now.
            let Ok(about) = fs::metadata(&path) else { continue };
            let modified = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let is_finished = path.extension().is_some_and(|extension| extension == EXTENSION);
            if is_finished {
                files.push((modified, about.len(), path));
            } else if about.is_file() && modified.elapsed().is_ok_and(|age| age > UNFINISHED_MAX) {
                fs::remove_file(path).ok();
            }
        }
        files.sort_unstable();
        let mut bytes = files.iter().map(|(_, bytes, _)| bytes).sum::<u64>().saturating_add(more);
        for (_, freed, file) in files {
            if bytes <= BYTES_MAX {
                break;
            }
            // Who has it mapped keeps it.
            fs::remove_file(file).ok();
            bytes = bytes.saturating_sub(freed);
        }
        Ok(())
    }
}

// SAFETY of both: a file of such a name is what `put` was given, whole: it is renamed to it once it is on the disk, and never written again. That
// nobody else writes into the folder is what the module's documentation asks for. wasmtime itself refuses what another version or
// other settings made.

#[expect(unsafe_code, reason = "machine code is run as it is")]
fn mapped(engine: &wasmtime::Engine, file: &Path) -> wasmtime::Result<Component> {
    unsafe { Component::deserialize_file(engine, file) }
}

#[expect(unsafe_code, reason = "machine code is run as it is")]
fn copied(engine: &wasmtime::Engine, file: &Path) -> wasmtime::Result<Component> {
    unsafe { Component::deserialize(engine, fs::read(file)?) }
}

#[cfg(test)]
mod tests;
