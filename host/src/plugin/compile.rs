//! Compiling components in a process of its own.
//!
//! The compiler takes memory that the host would keep for ever: some 40 MiB after a small component, half a gigabyte after one of
//! 12 MB. In a process of its own all of it is given back, and a file that drives the compiler mad takes that process down and
//! not the host. What it made is handed over through the compile cache, which both look into with the same key.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tracing::warn;
use wasmtime::component;

use super::engine::Engine;
use super::load::{COMPONENT_BYTES_MAX, LoadError};
use crate::config::Limits;
use crate::id::Digest;

/// The command of ours that compiles what it reads from its standard input.
pub const COMMAND: &str = "compile";
/// A process that compiles for longer is ended.
const TIME_MAX: Duration = Duration::from_secs(300);
/// Below the cache: an empty file for each component that was compiled into it.
const COMPILED_FOLDER: &str = "compiled";
/// The process is this much nicer than the host: who is served comes first.
const NICER: i32 = 5;

/// Where components are compiled.
#[derive(Clone, Debug)]
pub(super) struct Apart {
    /// Our own program.
    pub(super) program: PathBuf,
    /// The compile cache.
    pub(super) cache: PathBuf,
}

/// Compiles `bytes`, or takes what the cache has.
///
/// # Errors
///
/// [`LoadError::Broken`].
pub(super) async fn compile(engine: &Engine, bytes: Arc<[u8]>, digest: Digest) -> Result<component::Component, LoadError> {
    if let Some(apart) = &engine.apart {
        apart.fill_cache(&bytes, digest).await?;
    }
    let wasmtime = engine.wasmtime.clone();
    tokio::task::spawn_blocking(move || component::Component::new(&wasmtime, &bytes))
        .await
        .map_err(|error| LoadError::Broken(error.to_string()))?
        .map_err(|error| LoadError::Broken(format!("{error:#}")))
}

impl Apart {
    /// Has `bytes` compiled into the cache. What the process says to be no component, the host looks at itself for the reason: that takes no
    /// time, since such a file is refused before anything of it is compiled.
    async fn fill_cache(&self, bytes: &[u8], digest: Digest) -> Result<(), LoadError> {
        let compiled = self.cache.join(COMPILED_FOLDER).join(format!("{digest}-{}", env!("CARGO_PKG_VERSION")));
        if compiled.exists() {
            return Ok(());
        }
        match tokio::time::timeout(TIME_MAX, self.run(bytes)).await {
            Ok(Ok(status)) if status.success() => {
                // Without the note it would only be compiled again.
                std::fs::create_dir_all(self.cache.join(COMPILED_FOLDER)).and_then(|()| File::create(compiled)).ok();
                Ok(())
            }
            Ok(Ok(status)) if status.code().is_some() => Ok(()),
            Ok(Ok(status)) => {
                Err(LoadError::Broken(format!("the process that compiled it was ended ({status}), perhaps for want of memory")))
            }
            Ok(Err(error)) => {
                warn!(digest = %digest.short(), %error, "No process of its own compiles `{}`: the host does", digest.short());
                Ok(())
            }
            Err(_) => Err(LoadError::Broken(format!("it was not compiled within {} s", TIME_MAX.as_secs()))),
        }
    }

    async fn run(&self, bytes: &[u8]) -> io::Result<ExitStatus> {
        let mut child = Command::new(&self.program)
            .arg(COMMAND)
            .arg(&self.cache)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that ends before it has read everything says why by its exit code.
            stdin.write_all(bytes).await.ok();
        }
        child.wait().await
    }
}

/// What the process does: compiles the component that `input` holds into `cache`.
///
/// # Errors
///
/// Whatever kept it from doing so.
pub fn into_cache(cache: &Path, input: impl io::Read) -> anyhow::Result<()> {
    #[cfg(unix)]
    rustix::process::nice(NICER).ok();
    let mut bytes = Vec::new();
    input.take(COMPONENT_BYTES_MAX).read_to_end(&mut bytes)?;
    let engine = Engine::start(&Limits { sandboxes_max: 1, ..Limits::default() }, Some(cache))?;
    component::Component::new(&engine.wasmtime, &bytes).map(drop).map_err(|error| anyhow::anyhow!("{error:#}"))
}
