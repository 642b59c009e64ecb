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

/// The port is part of the socket's name, and nothing else where nobody asks for another.
const PORT: u16 = 5432;

/// A server that is at work.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    /// As in its configuration.
    settings: Vec<String>,
    server: std::sync::Mutex<Option<Running>>,
}

/// A program that ends with the tests, whatever becomes of them.
pub struct Running(Child);

impl Cluster {
    /// The one that tests share. It does not sync, which no test of the store's promises needs unless the machine fails.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        or_skip("postgresql", SHARED.get_or_init(|| Self::start(PORT, &["fsync=off"])).as_ref())
    }

    /// One for a test that does harm to it.
    pub fn own() -> Option<Self> {
        or_skip("postgresql", Self::start(PORT, &[]))
    }

    /// One that also listens on a port of 127.0.0.1, where it asks for passwords.
    pub fn with_port() -> Option<Self> {
        or_skip("postgresql", Self::start(free_port(), &["listen_addresses=127.0.0.1"]))
    }

    fn start(port: u16, settings: &[&str]) -> Option<Self> {
        let programs = programs()?;
        let folder = public_folder();
        let data = folder.path().join("data");
        let made = as_user(&programs.join("initdb"))
            .args([
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--username=crowdhook",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            ])
            .arg("--pgdata")
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success(), "`initdb` failed");
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let cluster = Self { folder, programs, port, settings, server: std::sync::Mutex::new(None) };
        cluster.run();
        Some(cluster)
    }

    /// Starts the server, and waits until it takes connections.
    pub fn run(&self) {
        let mut arguments =
            vec!["-D".to_owned(), self.path("data"), "-k".to_owned(), self.path(""), "-p".to_owned(), self.port.to_string()];
        let settings = ["listen_addresses=", "max_connections=400", "shared_buffers=64MB", "autovacuum_naptime=5s"];
        let settings = settings.into_iter().chain(self.settings.iter().map(String::as_str));
        arguments.extend(settings.flat_map(|setting| ["-c".to_owned(), setting.to_owned()]));
        let server = Running::start(&self.programs.join("postgres"), &arguments, "QUIT", self.folder.path());
        *self.server.lock().unwrap() = Some(server);
        for _ in 0..600 {
            let asked =
                Command::new(self.programs.join("pg_isready")).args(["-q", "-h", &self.path(""), "-p", &self.port.to_string()]).status();
            if asked.is_ok_and(|status| status.success()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server did not start: {}", std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default());
    }

    /// Stops the server as at once as a crash.
    pub fn stop(&self) {
        self.server.lock().unwrap().take();
    }

    /// Starts it again with other settings besides.
    pub fn restart_with(&mut self, settings: &[&str]) {
        self.stop();
        self.settings.extend(settings.iter().map(|setting| (*setting).to_owned()));
        self.run();
    }

    /// Puts a file that none but the server may read into its folder of data.
    pub fn put(&self, name: &str, text: &str) {
        let path = self.folder.path().join("data").join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        if let Some((user, group)) = user() {
            std::os::unix::fs::chown(&path, Some(user), Some(group)).unwrap();
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string().trim_end_matches('/').to_owned()
    }

    /// Where its socket lies.
    pub fn folder(&self) -> String {
        self.path("")
    }

    /// The socket itself.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(format!(".s.PGSQL.{}", self.port))
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn address(&self) -> String {
        format!("postgres://crowdhook@{}:{}/postgres", self.folder().replace('/', "%2F"), self.port)
    }
}

impl Running {
    /// Starts `program`, which keeps all it has in `folder`, its log too, and is ended by `signal`, as a user who may run it.
    pub fn start(program: &Path, arguments: &[String], signal: &str, folder: &Path) -> Self {
        // Whatever becomes of the tests, the end of their pipe is the end of the program and, unless they say `stop`, of its folder:
        // what is shared is never dropped.
        let script = format!(
            "folder=$1; shift; \"$@\" </dev/null & server=$!; trap 'kill -{signal} $server; wait $server' TERM; \
             read -r said; kill -{signal} $server; wait $server; [ \"$said\" = stop ] || rm -rf -- \"$folder\""
        );
        let mut command = as_user(Path::new("/bin/sh"));
        command.stdin(Stdio::piped()).args(["-c", &script, "sh"]).arg(folder).arg(program).args(arguments);
        let log = std::fs::File::create(folder.join("log")).unwrap();
        Self(command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut said) = self.0.stdin.take() {
            said.write_all(b"stop\n").ok();
        }
        self.0.wait().ok();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A folder of that user's, in which others may write too.
pub fn public_folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    if let Some((user, group)) = user() {
        std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).unwrap();
    }
    folder
}

/// A port that nobody has.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A program under a user who may run it: PostgreSQL refuses to be root's.
fn as_user(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = user() {
        command.uid(user).gid(group);
    }
    command.current_dir("/").stdin(Stdio::null());
    command
}

/// User and group of Debian's server, for who is root; none for all others.
fn user() -> Option<(u32, u32)> {
    let numbers = |name: &str| {
        let said = Command::new("id").args([name, "postgres"]).output().ok()?;
        String::from_utf8(said.stdout).ok()?.trim().parse().ok()
    };
    rustix::process::geteuid().is_root().then(|| numbers("-u").zip(numbers("-g"))).flatten()
}

/// The folder of Debian's newest server, or of the one on the path.
fn programs() -> Option<PathBuf> {
    let of_debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    of_debian.filter(|folder| folder.join("initdb").exists() && folder.join("postgres").exists()).max()
}

/// What was found, or the word that the test is skipped for want of Debian's package.
#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
pub fn or_skip<T>(package: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        assert!(std::env::var("CROWDHOOK_CI").is_ok_and(|said| said == "1").not(), "`{package}` is not here: run `.ci/debian-parts`");
        // Past the harness, which swallows what a test prints unless it fails.
        let said = format!("skipped `{test}`: `{package}` is not here; on Debian, install the package of that name\n");
        std::io::stderr().write_all(said.as_bytes()).unwrap();
    }
    found
}
