//! The programs that are measured: started, asked, looked at through `/proc`, and ended with this process whatever happens.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::folder::Addresses;

/// A host is ready after this, or does not start: on a busy machine it compiles five plugins for more than a minute.
const START_MAX: Duration = Duration::from_secs(180);
/// And ends within this after a signal, or is killed.
const END_MAX: Duration = Duration::from_secs(30);
/// An answer of the admin API.
const ASK_MAX: Duration = Duration::from_secs(30);
/// How often something is looked at that is waited for.
const LOOK: Duration = Duration::from_millis(5);
/// How often the host is asked what it has stored, which costs it something.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// `/proc` counts CPU time in hundredths of a second on every Linux.
const CPU_TICK: Duration = Duration::from_millis(10);

/// Becomes `command`, which is killed when the process that started it ends.
pub(crate) fn become_tied(command: &[OsString]) -> anyhow::Result<()> {
    let Some((program, arguments)) = command.split_first() else { bail!("which program?") };
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    Err(Command::new(program).args(arguments).exec()).with_context(|| format!("cannot run `{}`", program.display()))
}

/// A child that is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Running {
    fn start(program: &Path, arguments: &[&str], stdin: Stdio, stdout: Stdio, stderr: Stdio) -> anyhow::Result<Self> {
        let own = std::env::current_exe()?;
        let command = Command::new(own).arg("tied").arg(program).args(arguments).stdin(stdin).stdout(stdout).stderr(stderr).spawn();
        Ok(Self(command.with_context(|| format!("cannot start `{}`", program.display()))?))
    }

    fn proc(&self, file: &str) -> anyhow::Result<String> {
        let path = PathBuf::from(format!("/proc/{}/{file}", self.0.id()));
        fs::read_to_string(&path).with_context(|| format!("`{}` cannot be read", path.display()))
    }

    /// CPU time of all its threads so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        cpu_in(&self.proc("stat")?, 11)
    }

    /// Its memory: resident, and resident with shared pages divided among those who share them, in MiB.
    pub(crate) fn memory_mib(&self) -> anyhow::Result<(f64, f64)> {
        let rollup = self.proc("smaps_rollup")?;
        let of = |name: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name)).context("`/proc` looks otherwise")?;
            let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
            anyhow::Ok(kib / 1024.0)
        };
        Ok((of("Rss:")?, of("Pss:")?))
    }
}

/// CPU time of the processes that this one started and that have ended, and of theirs.
pub(crate) fn cpu_of_ended_children() -> anyhow::Result<Duration> {
    cpu_in(&fs::read_to_string("/proc/self/stat").context("`/proc/self/stat` cannot be read")?, 13)
}

/// The user's and the system's CPU time that stand side by side in what `/proc/…/stat` says, from this place behind the name on.
fn cpu_in(stat: &str, place: usize) -> anyhow::Result<Duration> {
    // Counted from behind the name, which may hold anything.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<u32>().ok()).context("`/proc` looks otherwise");
    Ok(CPU_TICK * (ticks(place)? + ticks(place + 1)?))
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The bare server.
#[derive(Debug)]
pub(crate) struct Bare {
    pub(crate) running: Running,
    pub(crate) address: SocketAddr,
}

impl Bare {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let own = std::env::current_exe()?;
        let mut running = Running::start(&own, &["bare"], Stdio::piped(), Stdio::piped(), Stdio::inherit())?;
        let mut port = String::new();
        BufReader::new(running.0.stdout.take().context("no output")?).read_line(&mut port)?;
        let port = port.trim().parse().context("the bare server does not start")?;
        Ok(Self { running, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) })
    }
}

/// A host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) running: Running,
    pub(crate) hooks: SocketAddr,
    admin: SocketAddr,
    folder: PathBuf,
}

impl Host {
    /// Starts `program` in `folder` and waits until it is ready and has loaded so many projects.
    pub(crate) fn start(program: &Path, folder: &Path, addresses: Addresses, projects: u64) -> anyhow::Result<Self> {
        let log = File::create(folder.join("log"))?;
        let config = folder.join("crowdhook.toml");
        let config = config.to_str().context("the folder's name is no text")?;
        let arguments = ["serve", "--config", config, "--log", "warn"];
        let running = Running::start(program, &arguments, Stdio::null(), Stdio::null(), log.into())?;
        let mut host = Self { running, hooks: addresses.hooks, admin: addresses.admin, folder: folder.to_owned() };
        let began = Instant::now();
        while !host.is_ready() {
            if began.elapsed() > START_MAX || host.running.0.try_wait()?.is_some() {
                let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                bail!("the host does not start; it said:\n{log}");
            }
            std::thread::sleep(LOOK);
        }
        let status = host.status()?;
        let degraded = status.get("degraded").and_then(Value::as_array).is_none_or(|projects| !projects.is_empty());
        if degraded || status.get("projects").and_then(Value::as_u64) != Some(projects) {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            bail!("not everything was loaded: {status}; it said:\n{log}");
        }
        Ok(host)
    }

    fn is_ready(&self) -> bool {
        get(self.hooks, "/health/ready", "").is_ok_and(|(status, _)| status == 200)
    }

    /// What its admin API says of it.
    pub(crate) fn status(&self) -> anyhow::Result<Value> {
        self.ask("/v1/status")
    }

    /// How long it takes to answer what is asked of its admin listener: a page, or the API.
    pub(crate) fn time_of(&self, path: &str) -> anyhow::Result<Duration> {
        let began = Instant::now();
        self.answer(path)?;
        Ok(began.elapsed())
    }

    /// The digest of a component that is in use.
    pub(crate) fn digest(&self, component: &str) -> anyhow::Result<String> {
        let plugins = self.ask("/v1/plugins")?;
        let all = plugins.as_array().or_else(|| plugins.get("plugins")?.as_array()).context("the admin API lists no plugins")?;
        let ours = all.iter().find(|plugin| plugin.get("name").and_then(Value::as_str) == Some(component));
        let digest = ours.and_then(|plugin| plugin.get("digest")?.as_str());
        digest.map(str::to_owned).with_context(|| format!("the admin API does not tell the digest of `{component}`"))
    }

    fn ask(&self, path: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.answer(path)?)?)
    }

    fn answer(&self, path: &str) -> anyhow::Result<String> {
        let token = fs::read_to_string(self.folder.join("data/admin-token"))?;
        let (status, body) = get(self.admin, path, token.trim())?;
        if status != 200 {
            bail!("the admin API answered {status}: {body}");
        }
        Ok(body)
    }

    /// How many of something are stored.
    pub(crate) fn total(&self, name: &str) -> anyhow::Result<u64> {
        let status = self.status()?;
        let total = status.get("totals").and_then(|totals| totals.get(name)).and_then(Value::as_u64);
        total.with_context(|| format!("the admin API does not tell `{name}`"))
    }

    /// Waits until so many of something are stored.
    pub(crate) async fn until(&self, name: &str, total: u64, wait: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let stored = self.total(name)?;
            if stored >= total {
                return Ok(());
            }
            if began.elapsed() > wait {
                bail!("after {} s there are {stored} {name} and not {total}", wait.as_secs());
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Waits until nothing of something is left.
    pub(crate) async fn until_none(&self, name: &str, wait: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        while let left @ 1.. = self.total(name)? {
            if began.elapsed() > wait {
                bail!("after {} s there are still {left} of {name}", wait.as_secs());
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        Ok(())
    }

    /// Ends it in order, and gives the bytes of its store then.
    pub(crate) fn end(mut self) -> anyhow::Result<u64> {
        let pid = i32::try_from(self.running.0.id()).ok().and_then(Pid::from_raw).context("no process")?;
        kill_process(pid, Signal::TERM)?;
        let began = Instant::now();
        while self.running.0.try_wait()?.is_none() {
            if began.elapsed() > END_MAX {
                bail!("the host did not end within {} s", END_MAX.as_secs());
            }
            std::thread::sleep(LOOK);
        }
        super::disk::bytes_in(&self.folder.join("data"))
    }
}

/// One GET over a connection of its own: status and body.
fn get(from: SocketAddr, path: &str, token: &str) -> anyhow::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&from, ASK_MAX)?;
    stream.set_read_timeout(Some(ASK_MAX))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {from}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("half an answer")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")?;
    Ok((status, body.to_owned()))
}
