//! Compiling components in a process of its own.
//!
//! The compiler takes memory that the host would keep for ever: some 40 MiB after a small component, half a gigabyte after one of
//! 12 MB. In a process of its own all of it is given back, and a file that drives the compiler mad takes that process down and
//! not the host. What it made is handed over through the compile cache, which both look into with the same key.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
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

/// A component ready to be linked.
pub(super) struct Compiled {
    pub(super) component: component::Component,
    /// Whether it was compiled before.
    pub(super) was_cached: bool,
}

/// Compiles `bytes`, or takes what the cache has.
///
/// # Errors
///
/// [`LoadError::Broken`].
pub(super) async fn compile(engine: &Engine, bytes: Arc<[u8]>, digest: Digest) -> Result<Compiled, LoadError> {
    if let Some(component) = on_its_own_thread(engine, move |engine| engine.kept(digest)).await? {
        return Ok(Compiled { component, was_cached: true });
    }
    if let Some(apart) = &engine.apart {
        apart.fill_cache(&bytes).await?;
    }
    let made = on_its_own_thread(engine, move |engine| engine.kept(digest).map_or_else(|| engine.compile(&bytes, digest), Ok));
    Ok(Compiled { component: made.await??, was_cached: false })
}

async fn on_its_own_thread<T: Send + 'static>(engine: &Engine, work: impl FnOnce(Engine) -> T + Send + 'static) -> Result<T, LoadError> {
    let engine = engine.clone();
    tokio::task::spawn_blocking(move || work(engine)).await.map_err(|error| LoadError::Broken(error.to_string()))
}

impl Engine {
    fn kept(&self, digest: Digest) -> Option<component::Component> {
        self.cache.as_ref()?.get(&self.wasmtime, digest)
    }

    /// Compiles in this process, and keeps it where there is a cache.
    fn compile(&self, bytes: &[u8], digest: Digest) -> Result<component::Component, LoadError> {
        let broken = |error: wasmtime::Error| LoadError::Broken(format!("{error:#}"));
        let component = component::Component::new(&self.wasmtime, bytes).map_err(broken)?;
        if let Some(cache) = &self.cache {
            let code = component.serialize().map_err(broken)?;
            if let Err(error) = cache.put(&self.wasmtime, digest, &code) {
                warn!(digest = %digest.short(), %error, "What was compiled of `{}` is not kept: {error}", digest.short());
            }
        }
        Ok(component)
    }
}

impl Apart {
    /// Has `bytes` compiled into the cache. What the process says to be no component, the host looks at itself for the reason: that takes no
    /// time, since such a file is refused before anything of it is compiled.
    async fn fill_cache(&self, bytes: &[u8]) -> Result<(), LoadError> {
        match tokio::time::timeout(TIME_MAX, self.run(bytes)).await {
            Ok(Ok(status)) if status.code().is_some() => Ok(()),
            Ok(Ok(status)) => {
                Err(LoadError::Broken(format!("the process that compiled it was ended ({status}), perhaps for want of memory")))
            }
            Ok(Err(error)) => {
                warn!(%error, "No process of its own compiles a component: the host does");
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
    let code = engine.wasmtime.precompile_component(&bytes).map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let cache = engine.cache.as_ref().context("there is no cache")?;
    Ok(cache.put(&engine.wasmtime, Digest::of(&bytes), &code)?)
}
