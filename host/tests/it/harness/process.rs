//! The host as its own process, to be killed and stopped, and the command line as a person uses it.

use std::fs::{File, OpenOptions};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use rustix::process::{Pid, Signal};

use super::folder::Folder;
use super::patience::{eventually, eventually_as, until};
use super::wire;

/// So much of the log is shown when something goes wrong.
const LOG_LINES_SHOWN: usize = 40;

/// The `crowdhook` command with these arguments, in English and without colours.
pub fn crowdhook(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crowdhook"));
    command.args(arguments).env_remove("CROWDHOOK_LOG").env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// Runs a command of the command line on a folder's settings to its end.
pub async fn run(folder: &Folder, arguments: &[&str]) -> Said {
    let mut command = crowdhook(arguments);
    command.arg("--config").arg(folder.config());
    said(command).await
}

/// Runs a command to its end, beside whatever the test serves meanwhile.
pub async fn said(mut command: Command) -> Said {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    Said::from(output)
}

/// What a command said, and its exit code.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Said {
    /// Wants the exit code 0, and gives what was said.
    #[track_caller]
    pub fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self.out
    }

    /// Wants the exit code `code` and each of `words` on standard error.
    #[track_caller]
    pub fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        for word in words {
            assert!(self.err.contains(word), "there is no `{word}` in:\n{}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

/// `crowdhook serve` on a folder.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it, and waits until it says that it is ready.
    pub async fn start(folder: &Folder) -> Self {
        let mut process = Self::spawn(folder);
        if let Some(status) = process.ready(folder).await {
            panic!("the host ended with {status}:\n{}", process.log());
        }
        process
    }

    /// The same of a host that speaks TLS: waits until it refuses whoever does not.
    pub async fn start_over_tls(folder: &Folder) -> Self {
        let process = Self::spawn(folder);
        let refuses = async || wire::send(folder.listen, wire::get("/health/ready")).await.is_ok_and(|reply| reply.status == 400);
        until("the host answers", refuses).await;
        process
    }

    /// Waits until it says that it is ready, or until it has ended: then gives how.
    pub async fn ready(&mut self, folder: &Folder) -> Option<ExitStatus> {
        eventually("the host is ready", async || {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(Some(status));
            }
            let asked = wire::send(folder.listen, wire::get("/health/ready")).await;
            asked.is_ok_and(|reply| reply.status == 200).then_some(None)
        })
        .await
    }

    /// Starts it and does not wait.
    pub fn spawn(folder: &Folder) -> Self {
        Self::spawn_as(crowdhook(&[]), folder)
    }

    /// The same by `command`, which is given the rest of the host's arguments.
    pub fn spawn_as(mut command: Command, folder: &Folder) -> Self {
        let log = folder.path("host.log");
        let file: File = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        command.args(["serve", "--config"]).arg(folder.config()).stdout(file.try_clone().unwrap()).stderr(file);
        Self { child: command.spawn().unwrap(), log }
    }

    /// The memory that it has, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    /// The end of what it logged.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }

    /// Waits until it has logged this.
    pub async fn logs(&self, words: &str) {
        let log = self.log.clone();
        let has_logged = async || std::fs::read_to_string(&log).unwrap().contains(words).then_some(());
        let what = || format!("the host logs `{words}`; so far it did:\n{}", self.log());
        eventually_as(what, has_logged).await;
    }

    /// SIGKILL: it ends in the middle of whatever it does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "the host had ended before: {}", self.log());
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// SIGTERM, and waits until it has ended.
    pub async fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended().await
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        eventually("the host ends", async || self.child.try_wait().unwrap()).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
