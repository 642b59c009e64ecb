//! A server of the tests' own: Debian's PostgreSQL on a Unix socket in a temporary folder, one for each process of tests.

use std::io::Write as _;
use std::ops::Not as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

/// The port is part of the socket's name, and nothing else.
const PORT: &str = "5432";

/// A server that is at work.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    durable: bool,
    server: std::sync::Mutex<Option<Child>>,
}

impl Cluster {
    /// The one that tests share. It does not sync, which no test of the store's promises needs unless the machine fails.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        or_skip(SHARED.get_or_init(|| Self::start(false)).as_ref())
    }

    /// One for a test that does harm to it.
    pub fn own() -> Option<Self> {
        or_skip(Self::start(true))
    }

    fn start(durable: bool) -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let data = folder.path().join("data");
        let made = as_user(&programs.join("initdb"))
            .args(["--auth=trust", "--username=crowdhook", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata"])
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success(), "`initdb` failed");
        let cluster = Self { folder, programs, durable, server: std::sync::Mutex::new(None) };
        cluster.run();
        Some(cluster)
    }

    /// Starts the server, and waits until it takes connections.
    pub fn run(&self) {
        let fsync = if self.durable { "fsync=on" } else { "fsync=off" };
        // Whatever becomes of the tests, the end of their pipe is the end of the server and of its data.
        let script =
            "\"$@\" </dev/null & server=$!; trap 'kill -QUIT $server; wait $server' TERM; read -r _; kill -QUIT $server; wait $server";
        let mut command = as_user(Path::new("/bin/sh"));
        command.stdin(Stdio::piped()).args(["-c", script, "sh"]).arg(self.programs.join("postgres"));
        command.arg("-D").arg(self.folder.path().join("data")).arg("-k").arg(self.folder.path()).args(["-h", "", "-p", PORT]);
        command.args(["-c", fsync, "-c", "max_connections=400", "-c", "shared_buffers=64MB", "-c", "autovacuum_naptime=5s"]);
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let server = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        *self.server.lock().unwrap() = Some(server);
        for _ in 0..600 {
            let asked = Command::new(self.programs.join("pg_isready")).arg("-q").arg("-h").arg(self.folder.path()).status();
            if asked.is_ok_and(|status| status.success()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server did not start: {}", std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default());
    }

    /// Stops the server as at once as a crash.
    pub fn stop(&self) {
        if let Some(mut server) = self.server.lock().unwrap().take() {
            drop(server.stdin.take());
            server.wait().ok();
        }
    }

    pub fn address(&self) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://crowdhook@{folder}:{PORT}/postgres")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A program under a user who may run it: PostgreSQL refuses to be root's.
fn as_user(program: &Path) -> Command {
    let mut command = Command::new(program);
    if rustix::process::geteuid().is_root() {
        let numbers = |name: &str| {
            let said = Command::new("id").args([name, "postgres"]).output().ok()?;
            String::from_utf8(said.stdout).ok()?.trim().parse().ok()
        };
        if let (Some(user), Some(group)) = (numbers("-u"), numbers("-g")) {
            command.uid(user).gid(group);
        }
    }
    command.current_dir("/").stdin(Stdio::null());
    command
}

/// The folder of Debian's newest server, or of the one on the path.
fn programs() -> Option<PathBuf> {
    let of_debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    of_debian.filter(|folder| folder.join("initdb").exists() && folder.join("postgres").exists()).max()
}

/// What was found, or the word that the test is skipped for want of it.
#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn or_skip<T>(found: Option<T>) -> Option<T> {
    if found.is_none() {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        assert!(std::env::var("CROWDHOOK_CI").is_ok_and(|said| said == "1").not(), "PostgreSQL is not here: run `.ci/debian-parts`");
        // Past the harness, which swallows what a test prints unless it fails.
        let said = format!("skipped `{test}`: PostgreSQL is not here; on Debian, install the package `postgresql`\n");
        std::io::stderr().write_all(said.as_bytes()).unwrap();
    }
    found
}
