//! What an operator has before the host starts: settings, secrets, project files and components, in a temporary folder.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use crowdhook::config::{StoreAt, load};
use crowdhook::practice::Pybossa;
use crowdhook::store::Store;
use tempfile::TempDir;

use super::{bundled_file, engine, guest_file, peek};

/// The token of every hook here.
pub const HOOK_TOKEN: &str = "hook-token-0123456789abcdef";
/// What signs Appen's posts here.
pub const SIGNING_TOKEN: &str = "wh-token-0123456789abcdef";
/// The Appen job here.
pub const JOB: i64 = 4242;
/// Votes on `/animal`, and may do what it needs to.
pub const VOTE: &str = "\
[plugins.vote]
component = \"majority-vote\"
allow = [\"results\", \"events\"]
settings = { pointer = \"/animal\" }
";
/// Waits that make a test short; otherwise the limits are the host's own.
const QUICK: &str = "retry_wait_ms = 20\npark_wait_ms = 20\ndelivery_wait_ms = 20\n";

/// A host's folder.
pub struct Folder {
    dir: TempDir,
    /// `store` of its settings.
    store: String,
    pub listen: SocketAddr,
    pub admin: SocketAddr,
}

impl Folder {
    /// Settings with short waits, secrets, and no project or component yet.
    pub fn new() -> Self {
        Self::with("")
    }

    /// The same with further limits, as they stand in `[limits]`.
    pub fn with(limits: &str) -> Self {
        let folder = Self { dir: tempfile::tempdir().unwrap(), store: engine::store_line(), listen: free_address(), admin: free_address() };
        // A wait that is said here is not the short one.
        let is_said = |line: &&str| line.split_once(" =").is_some_and(|(key, _)| limits.contains(key));
        let quick: String = QUICK.lines().filter(|line| !is_said(line)).map(|line| format!("{line}\n")).collect();
        folder.settings(&format!("reconcile_minutes = 0\n[limits]\n{quick}{limits}"));
        for subfolder in ["plugins", "projects"] {
            fs::create_dir(folder.path(subfolder)).unwrap();
        }
        folder.secret("hook-token", HOOK_TOKEN);
        folder.secret("signing-token", SIGNING_TOKEN);
        share_compiled_code(&folder.data());
        folder
    }

    /// As [`Folder::new`], for a host that also looks for what hooks did not bring. No other does: tests count calls.
    pub fn reconciling() -> Self {
        let folder = Self::new();
        folder.settings(&format!("[limits]\n{QUICK}"));
        folder
    }

    /// A file or folder in it.
    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// The settings file.
    pub fn config(&self) -> PathBuf {
        self.path("crowdhook.toml")
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes the settings: both addresses, where the store is, and `text`.
    pub fn settings(&self, text: &str) {
        let Self { listen, admin, store, .. } = self;
        self.write("crowdhook.toml", &format!("listen = \"{listen}\"\nadmin = \"{admin}\"\n{store}{text}"));
    }

    /// Every text in the store, whatever table it stands in.
    pub async fn texts(&self) -> Vec<String> {
        match load::host(Some(&self.config())).unwrap().store {
            StoreAt::DataFolder => peek::texts(&self.data()),
            StoreAt::Database(database) => {
                let (address, _) = load::database_address(&database, &load::Env::of(&[])).unwrap();
                peek::texts_of_schema(address.url.reveal(), &address.schema.unwrap()).await
            }
        }
    }

    /// Lets it keep its events where the line `store` says, as a host called `name`.
    pub fn share(&mut self, store: &str, name: &str) {
        let settings = fs::read_to_string(self.config()).unwrap();
        let rest: Vec<&str> = settings.lines().skip(2 + self.store.lines().count()).collect();
        self.store = format!("{store}name = \"{name}\"\n");
        self.settings(&rest.join("\n"));
    }

    /// The store, to be read, whether a host is at work on it or was killed there.
    pub fn read_store(&self) -> Arc<dyn Store> {
        engine::read(&self.config())
    }

    /// Writes a file.
    pub fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes a secret that only its owner may read.
    pub fn secret(&self, name: &str, text: &str) {
        let below = format!("secrets/{name}");
        self.write(&below, text);
        #[cfg(unix)]
        fs::set_permissions(self.path(&below), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// Drops a bundled component or a guest into the folder.
    pub fn component(&self, name: &str) {
        let bundled = bundled_file(name);
        let file = if bundled.is_file() { bundled } else { guest_file(name) };
        fs::copy(file, self.path(&format!("plugins/{name}.wasm"))).unwrap();
    }

    /// Writes the file of a project on a practice PYBOSSA, of the same name there.
    pub fn pybossa(&self, name: &str, server: &Pybossa, plugins: &str) {
        self.pybossa_of(name, name, server, plugins);
    }

    /// The same, of another name there.
    pub fn pybossa_of(&self, name: &str, short_name: &str, server: &Pybossa, plugins: &str) {
        self.secret("api-key", &server.owner_key());
        let platform = format!(
            "kind = \"pybossa\"\nurl = \"{}\"\nproject = \"{short_name}\"\napi_key = {{ file = \"../secrets/api-key\" }}\n",
            server.url()
        );
        self.project(name, &platform, plugins);
    }

    /// Writes the file of a project that is the Appen job [`JOB`].
    pub fn appen(&self, name: &str, plugins: &str) {
        self.appen_of(name, JOB, plugins);
    }

    /// The same of another job.
    pub fn appen_of(&self, name: &str, job: i64, plugins: &str) {
        let platform = format!("kind = \"appen\"\nproject = \"{job}\"\nsigning_token = {{ file = \"../secrets/signing-token\" }}\n");
        self.project(name, &platform, plugins);
    }

    /// Writes the file of a project of a sender without a dialect: the keys and tables below `[generic]`, its signatures and plugins.
    pub fn generic(&self, name: &str, generic: &str) {
        let platform = format!("kind = \"generic\"\nurl = \"https://labels.example.org\"\nproject = \"{name}\"\n");
        self.project(name, &platform, &format!("[generic]\n{generic}"));
    }

    fn project(&self, name: &str, platform: &str, plugins: &str) {
        let hook = "[hook]\ntoken = { file = \"../secrets/hook-token\" }\n";
        self.write(&format!("projects/{name}.toml"), &format!("[platform]\n{platform}\n{hook}\n{plugins}"));
    }

    /// The path of a project's hook.
    pub fn hook(project: &str) -> String {
        format!("/hooks/{project}/{HOOK_TOKEN}")
    }

    /// The URL of a project's hook, as an owner pastes it.
    pub fn hook_url(&self, project: &str) -> String {
        format!("http://{}{}", self.listen, Self::hook(project))
    }
}

/// A plugin of the name and component `name` that may ask for `allow`.
pub fn runs(name: &str, allow: &[&str]) -> String {
    format!("[plugins.{name}]\nallow = {allow:?}\n")
}

/// An address that nobody listens at, below those that the system hands out by itself: so no other test gets it meanwhile.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Neighbours in process number are far apart here: tests of several worktrees may run side by side.
    let first = u16::try_from(std::process::id().wrapping_mul(7919) % 20_000).unwrap();
    loop {
        let port = 10_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// All hosts of all tests keep compiled code in one place: each component is then compiled once.
pub fn share_compiled_code(data: &Path) {
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    fs::create_dir_all(&shared).unwrap();
    fs::create_dir(data).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(shared, data.join("cache")).unwrap();
}
