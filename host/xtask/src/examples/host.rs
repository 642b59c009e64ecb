//! What a host says of a component.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A case is run so often; the quickest counts, since the machine may be busy.
const RUNS: usize = 2;

/// A host's program, with a cache of compiled code that is empty at first.
pub(super) struct Host {
    pub(super) program: PathBuf,
    cache: tempfile::TempDir,
}

/// How large and how quick a component is.
pub(super) struct Measured {
    pub(super) bytes: u64,
    pub(super) built_in: Duration,
    /// None where the host had it in a cache that is not ours.
    pub(super) cold_ms: Option<u64>,
    pub(super) cached_ms: u64,
    pub(super) event_ms: f64,
    /// How many cases it passes: all.
    pub(super) cases: usize,
}

impl Host {
    /// # Errors
    ///
    /// When no temporary folder can be had.
    pub(super) fn new(program: PathBuf) -> Result<Self> {
        Ok(Self { program, cache: tempfile::tempdir().context("no temporary folder can be had")? })
    }

    /// Checks a component, runs its cases, and measures both.
    ///
    /// # Errors
    ///
    /// When a host would not load it, or a case does not pass: the host's words are on stderr.
    pub(super) fn measure(&self, component: &Path, cases: &Path, built_in: Duration) -> Result<Measured> {
        let check = || self.asked(&["plugin".as_ref(), "check".as_ref(), component]);
        let number = |told: &Value, pointer: &str| told.pointer(pointer).cloned().with_context(|| format!("the host told no `{pointer}`"));
        let millis = |told: &Value| number(told, "/compiled_ms").map(|ms| ms.as_u64().unwrap_or_default());
        let cold = check()?;
        let cached = check()?;
        ensure!(cached.get("was_cached") == Some(&true.into()), "the host keeps nothing of what it compiled");
        let tested = self.asked(&["plugin".as_ref(), "test".as_ref(), cases, "--component".as_ref(), component])?;
        let passed = tested.as_array().map_or(0, Vec::len);
        let first = first_case(cases)?;
        let mut event_ms = f64::INFINITY;
        for _ in 0..RUNS {
            let ran = self.asked(&["plugin".as_ref(), "run".as_ref(), component, "--case".as_ref(), &first])?;
            event_ms = event_ms.min(number(&ran, "/used/wall_ms/used")?.as_f64().unwrap_or(f64::INFINITY));
        }
        let was_cold = cold.get("was_cached") == Some(&false.into());
        Ok(Measured {
            bytes: number(&cold, "/bytes")?.as_u64().unwrap_or_default(),
            built_in,
            cold_ms: if was_cold { Some(millis(&cold)?) } else { None },
            cached_ms: millis(&cached)?,
            event_ms,
            cases: passed,
        })
    }

    /// What it answers to a command, in JSON.
    ///
    /// # Errors
    ///
    /// When it fails: its words are on stderr.
    pub(super) fn asked(&self, arguments: &[&Path]) -> Result<Value> {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--json").env("XDG_CACHE_HOME", self.cache.path()).stderr(Stdio::inherit());
        let output = command.output().with_context(|| format!("`{}` does not start", self.program.display()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{command:?} failed:\n{said}");
        serde_json::from_str(&said).with_context(|| format!("{command:?} answered no JSON"))
    }
}

/// The case whose name comes first: where there are several, they differ in what they count and not in how long it takes.
fn first_case(cases: &Path) -> Result<PathBuf> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(cases).with_context(|| format!("cannot list `{}`", cases.display()))? {
        folders.push(entry?.path());
    }
    folders.retain(|folder| folder.join("event.json").exists());
    folders.into_iter().min().with_context(|| format!("there is no case in `{}`", cases.display()))
}
