//! The folder of a host that is measured: settings, secrets, projects, components.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The hook's token of every project.
pub(crate) const HOOK_TOKEN: &str = "token-of-the-benchmark";
/// What signs the posts.
pub(crate) const SIGNING_TOKEN: &str = "signing-token-of-the-benchmark";
/// The Appen job that posts are about.
pub(crate) const JOB: i64 = 4242;

/// Where a host is to listen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) hooks: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// A project to be served.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) name: &'static str,
    pub(crate) platform: Platform,
    pub(crate) components: &'static [&'static str],
}

/// Where it lives.
#[derive(Debug)]
pub(crate) enum Platform {
    /// A job whose signed posts hold everything: nothing is called.
    Appen(i64),
    /// A server at this address, with this key.
    Pybossa(String, String),
}

/// Fills `folder`, and says where its host is to listen.
pub(crate) fn fill(folder: &Path, projects: &[Project]) -> anyhow::Result<Addresses> {
    fill_set(folder, projects, "")
}

/// The same, with more lines in the host's settings.
pub(crate) fn fill_set(folder: &Path, projects: &[Project], settings: &str) -> anyhow::Result<Addresses> {
    let plugins = |project: &Project| project.components.iter().map(|component| plugin(component)).collect();
    write_all(folder, projects, plugins, settings)
}

/// The same, with what is said of plugins and of what they lead to as one writes it.
pub(crate) fn fill_with(folder: &Path, projects: &[Project], said: &str) -> anyhow::Result<Addresses> {
    fill_all(folder, projects, said, "")
}

/// The same, with more lines in the host's settings too.
pub(crate) fn fill_all(folder: &Path, projects: &[Project], said: &str, settings: &str) -> anyhow::Result<Addresses> {
    write_all(folder, projects, |_| said.to_owned(), settings)
}

fn write_all(folder: &Path, projects: &[Project], plugins: impl Fn(&Project) -> String, settings: &str) -> anyhow::Result<Addresses> {
    let addresses = free_addresses()?;
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).and_then(|()| fs::write(&path, bytes)).with_context(|| format!("cannot write `{}`", path.display()))
    };
    write("crowdhook.toml", format!("listen = \"{}\"\nadmin = \"{}\"\n{settings}", addresses.hooks, addresses.admin).as_bytes())?;
    fs::create_dir_all(folder.join("plugins"))?;
    let secret = |name: &str, text: &str| {
        write(&format!("secrets/{name}"), text.as_bytes())?;
        let path = folder.join("secrets").join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).with_context(|| format!("cannot protect `{}`", path.display()))
    };
    secret("hook-token", HOOK_TOKEN)?;
    secret("signing-token", SIGNING_TOKEN)?;
    for project in projects {
        let platform = match &project.platform {
            Platform::Appen(job) => {
                format!("kind = \"appen\"\nproject = \"{job}\"\nsigning_token = {{ file = \"../secrets/signing-token\" }}\n")
            }
            Platform::Pybossa(url, key) => {
                secret("api-key", key)?;
                format!(
                    "kind = \"pybossa\"\nurl = \"{url}\"\nproject = \"{}\"\napi_key = {{ file = \"../secrets/api-key\" }}\n",
                    project.name
                )
            }
        };
        let mut text = format!("[platform]\n{platform}\n[hook]\ntoken = {{ file = \"../secrets/hook-token\" }}\n");
        text.push_str(&plugins(project));
        for component in project.components {
            let file = component_file(component);
            write(&format!("plugins/{component}.wasm"), &fs::read(&file).with_context(|| format!("no component `{}`", file.display()))?)?;
        }
        write(&format!("projects/{}.toml", project.name), text.as_bytes())?;
    }
    Ok(addresses)
}

fn plugin(component: &str) -> String {
    let of_its_own = match component {
        "majority-vote" => "allow = [\"results\", \"events\"]\n\n[plugins.majority-vote.settings]\npointer = \"/animal\"\n",
        _ => "",
    };
    format!("\n[plugins.{component}]\ncomponent = \"{component}\"\n{of_its_own}")
}

/// A bundled plugin, `vote-<language>` for the example in that language, or else a guest of the tests. An example is there once it is built.
pub(crate) fn component_file(name: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    if let Some(language) = name.strip_prefix("vote-") {
        return here.join("../examples/plugins").join(language).join("vote.wasm");
    }
    let bundled = here.join("../plugins/prebuilt").join(format!("{name}.wasm"));
    if bundled.exists() { bundled } else { here.join("tests/guests/prebuilt").join(format!("{name}.wasm")) }
}

/// Puts a line before all that the file of a project says.
pub(crate) fn begin_with(folder: &Path, project: &Project, line: &str) -> anyhow::Result<()> {
    let file = folder.join(format!("projects/{}.toml", project.name));
    let written = fs::read_to_string(&file).and_then(|text| fs::write(&file, format!("{line}\n{text}")));
    written.with_context(|| format!("cannot write `{}`", file.display()))
}

/// Two ports that nobody has at the moment.
fn free_addresses() -> anyhow::Result<Addresses> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (hooks, admin) = (TcpListener::bind(any)?, TcpListener::bind(any)?);
    Ok(Addresses { hooks: hooks.local_addr()?, admin: admin.local_addr()? })
}
