//! One file → what it holds: a component or a project's text, read and looked at by themselves alone.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tracing::info;

use super::folder::{self, Read, Stamp};
use crate::config::load::{self as config_load, Context};
use crate::config::{self, Problem, Problems};
use crate::id::Digest;
use crate::plugin::engine::Engine;
use crate::plugin::load::{self, COMPONENT_BYTES_MAX, Component, LoadError};

/// What is of no use and was written to less than this before may be half of a file: it is read again before anything is said.
const WRITING: Duration = Duration::from_millis(250);

/// After this long somebody may wonder why nothing happens.
const QUIET_MAX: Duration = Duration::from_secs(2);

/// What the content of a file came to.
pub(super) struct Content<T> {
    /// Of its bytes; of nothing when it could not be read.
    pub(super) digest: Digest,
    /// What it holds, or why that is of no use.
    pub(super) holds: Result<T, Problems>,
    /// Whether another try may end better: what ran out of time may only have met a busy machine.
    pub(super) may_pass: bool,
}

/// What came of reading a file.
pub(super) enum Outcome<T> {
    /// It is being written, or is gone.
    Unsettled,
    /// It is what it was.
    Same(Stamp, bool),
    /// It is something else.
    New(Stamp, bool, Content<T>),
}

/// A project's file that parses.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) config: config::Project,
    pub(super) warnings: Problems,
    pub(super) text: String,
    pub(super) digest: Digest,
    /// Of everything that it says, the secrets it names included.
    pub(super) says: Digest,
}

/// What is known of a component file before it is read (again).
pub(super) struct Known {
    /// The digest of what was last made of it.
    pub(super) digest: Option<Digest>,
    /// What is in use from it, which may be older.
    pub(super) in_use: Option<Arc<Component>>,
}

enum Bytes<T> {
    Settled(Vec<u8>, Stamp, bool),
    Ended(Outcome<T>),
}

async fn read<T>(path: &Path, bytes_max: u64, too_large: fn(u64) -> String) -> Bytes<T> {
    let owned = path.to_owned();
    let unusable = |message: String| match folder::stamp(path) {
        None => Bytes::Ended(Outcome::Unsettled),
        Some(stamp) => {
            let holds = Err(Problem::of_file(path, message, None).into());
            Bytes::Ended(Outcome::New(stamp, true, Content { digest: Digest::of(&[]), holds, may_pass: false }))
        }
    };
    match tokio::task::spawn_blocking(move || folder::read(&owned, bytes_max)).await {
        Ok(Read::Settled { bytes, stamp, sure }) => Bytes::Settled(bytes, stamp, sure),
        Ok(Read::Changing | Read::Gone) => Bytes::Ended(Outcome::Unsettled),
        Ok(Read::TooLarge(bytes)) => unusable(too_large(bytes)),
        Ok(Read::Unreadable(why)) => unusable(format!("it cannot be read: {why}")),
        Err(error) => unusable(format!("it cannot be read: {error}")),
    }
}

/// Reads a component file, and compiles it when its content is new.
pub(super) async fn component(engine: &Engine, path: &Path, known: Known) -> Outcome<Arc<Component>> {
    let (bytes, stamp, sure) = match read(path, COMPONENT_BYTES_MAX, |bytes| LoadError::TooLarge(bytes).to_string()).await {
        Bytes::Settled(bytes, stamp, sure) => (bytes, stamp, sure),
        Bytes::Ended(outcome) => return outcome,
    };
    let bytes: Arc<[u8]> = bytes.into();
    let digest = Digest::of(&bytes);
    if known.digest == Some(digest) {
        return Outcome::Same(stamp, sure);
    }
    if let Some(component) = known.in_use.filter(|component| component.digest == digest) {
        return Outcome::New(stamp, sure, Content { digest, holds: Ok(component), may_pass: false });
    }
    let mut loading = pin!(load::load(engine, bytes));
    let loaded = match tokio::time::timeout(QUIET_MAX, &mut loading).await {
        Ok(loaded) => loaded,
        Err(_) => {
            info!(file = %path.display(), "Compiling `{}`, which takes a while the first time", path.display());
            loading.await
        }
    };
    let may_pass = matches!(loaded, Err(LoadError::Describe(_)));
    let changed = folder::stamp(path).is_none_or(|now| now != stamp && now.is_same_file(&stamp));
    if changed || (loaded.is_err() && !may_pass && stamp.is_younger_than(WRITING)) {
        return Outcome::Unsettled;
    }
    let holds = loaded.map(Arc::new).map_err(|error| load_problem(path, &error).into());
    Outcome::New(stamp, sure, Content { digest, holds, may_pass })
}

fn load_problem(path: &Path, error: &LoadError) -> Problem {
    let text = error.to_string();
    match text.split_once("\nhelp: ") {
        Some((message, help)) => Problem::of_file(path, message, Some(help.to_owned())),
        None => Problem::of_file(path, text, None),
    }
}

/// Reads a project's file and parses it.
pub(super) async fn project(path: &Path, context: Context) -> Outcome<Arc<Parsed>> {
    let too_large = |_| format!("it is larger than {} KiB", config_load::FILE_BYTES_MAX >> 10);
    let (bytes, stamp, sure) = match read(path, config_load::FILE_BYTES_MAX, too_large).await {
        Bytes::Settled(bytes, stamp, sure) => (bytes, stamp, sure),
        Bytes::Ended(outcome) => return outcome,
    };
    let digest = Digest::of(&bytes);
    let owned = path.to_owned();
    let parsed = tokio::task::spawn_blocking(move || match String::from_utf8(bytes) {
        Ok(text) => parse(&owned, text, &context),
        Err(_) => Err(Problem::of_file(&owned, "it is not UTF-8", None).into()),
    });
    let holds = match parsed.await {
        Ok(parsed) => parsed.map(Arc::new),
        Err(error) => Err(Problem::of_file(path, format!("it cannot be read: {error}"), None).into()),
    };
    if holds.is_err() && stamp.is_younger_than(WRITING) {
        return Outcome::Unsettled;
    }
    Outcome::New(stamp, sure, Content { digest, holds, may_pass: false })
}

/// The project that `text` describes, as the content of `path`. Reads the secrets it names.
pub(super) fn parse(path: &Path, text: String, context: &Context) -> Result<Parsed, Problems> {
    let name = config_load::project_name(path)?;
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    let (config, warnings) = config_load::project_from_text(name, path, &text, &folder, context)?;
    let digest = Digest::of(text.as_bytes());
    let says = everything_said(&config);
    Ok(Parsed { config, warnings, text, digest, says })
}

fn everything_said(config: &config::Project) -> Digest {
    let outside = config.connections.iter().flat_map(|connection| connection.to.secrets());
    let secrets = secrets_of(&config.platform).chain(config.hook.secrets()).chain(outside);
    let text = secrets.fold(format!("{config:?}"), |text, secret| format!("{text}\0{}", secret.reveal()));
    Digest::of(text.as_bytes())
}

/// Whether a client of the one platform will do for the other.
pub(super) fn is_same_platform(one: &config::Platform, other: &config::Platform) -> bool {
    let secrets = |platform: &config::Platform| secrets_of(platform).map(|secret| secret.reveal().to_owned()).collect::<Vec<_>>();
    let said = |platform: &config::Platform| (platform.kind, platform.url.clone(), platform.project.clone(), platform.generic.clone());
    said(one) == said(other) && secrets(one) == secrets(other)
}

fn secrets_of(platform: &config::Platform) -> impl Iterator<Item = &crate::secret::Secret> {
    platform.api_key.iter().chain(&platform.signing_tokens)
}
