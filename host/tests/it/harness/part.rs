//! Real parts: what others have written and a test talks to as the other side. Not every machine has them. Where one is
//! missing the test says so on the terminal and is skipped; with `CROWDHOOK_CI=1` it fails instead.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::crate_folder;

/// A Python with the package `module` of `tests/python/requirements*.txt`; none where `.ci/python-parts` has not put it.
pub fn python(module: &str) -> Option<PathBuf> {
    let python = kept_in("CROWDHOOK_PYTHON_PARTS", "python").join("bin/python");
    let has_it = python.exists() && {
        let tried = Command::new(&python).args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    or_skip(&format!("Python's `{module}`"), "run `.ci/python-parts`", has_it.then_some(python))
}

/// A program of the packages in `tests/python/requirements*.txt`.
pub fn python_tool(name: &str) -> Option<PathBuf> {
    let program = kept_in("CROWDHOOK_PYTHON_PARTS", "python").join("bin").join(name);
    or_skip(&format!("`{name}`"), "run `.ci/python-parts`", program.exists().then_some(program))
}

/// `strace`, which lets system calls fail.
pub fn strace() -> Option<PathBuf> {
    let works = Command::new("strace").arg("--version").output().is_ok_and(|output| output.status.success());
    or_skip("`strace`", "on Debian, install the package `strace`", works.then(|| "strace".into()))
}

/// `promtool` of Prometheus; none where it is not on the path and `.ci/prometheus-parts` has not put it.
pub fn promtool() -> Option<PathBuf> {
    of_prometheus("promtool")
}

/// The server Prometheus, as [`promtool`].
pub fn prometheus() -> Option<PathBuf> {
    of_prometheus("prometheus")
}

fn of_prometheus(program: &str) -> Option<PathBuf> {
    let kept = kept_in("CROWDHOOK_PROMETHEUS_PARTS", "prometheus").join("usr/bin").join(program);
    let works = |program: &Path| Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    let found = [PathBuf::from(program), kept].into_iter().find(|program| works(program));
    or_skip(&format!("Prometheus' `{program}`"), "run `.ci/prometheus-parts`", found)
}

/// What was found of a part, or the word that the test is skipped for want of it.
pub fn or_skip<T>(part: &str, remedy: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        assert!(!nothing_may_be_missing(), "{part} is not here: {remedy}");
        // Past the harness, which swallows what a test prints unless it fails.
        io::stderr().write_all(format!("skipped `{test}`: {part} is not here; {remedy}\n").as_bytes()).unwrap();
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn nothing_may_be_missing() -> bool {
    std::env::var("CROWDHOOK_CI").is_ok_and(|said| said == "1")
}

/// The folder that a script of `.ci` keeps a part in.
#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn kept_in(variable: &str, name: &str) -> PathBuf {
    let home = || PathBuf::from(std::env::var("HOME").unwrap_or_default()).join(".cache/crowdhook").join(name);
    std::env::var(variable).map_or_else(|_| home(), PathBuf::from)
}

/// What `program` says of `text` on its standard input, and whether it is content.
pub fn tried(program: &Path, arguments: &[&str], text: &str) -> (bool, String) {
    let mut child =
        Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.success(), said.concat())
}

/// A server of `tests/python`, which ends with the test. It listens on loopback, and the first line that it prints is its port.
pub struct Server {
    pub port: u16,
    child: Child,
    printed: BufReader<ChildStdout>,
}

impl Server {
    /// Starts `tests/python/<script>` with these arguments, and returns when it listens.
    pub fn start(python: &Path, script: &str, arguments: &[&str]) -> Self {
        let script = crate_folder().join("tests/python").join(script);
        let mut child = Command::new(python).arg("-u").arg(&script).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        printed.read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap_or_else(|_| panic!("{} printed no port but `{line}`", script.display()));
        Self { port, child, printed }
    }

    /// The next line that it prints. Waits for it.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.printed.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
