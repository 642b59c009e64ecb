//! The folder of the demo: what a person would write, written for them.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;

use super::crowd::{APPEN_PROJECT, CHAIN_PROJECT, Crowd, EXPERTS_PROJECT, HOOK_TOKEN, POSTS_TOKEN, PYBOSSA_PROJECTS, SIGNING_TOKEN};

/// Below the folder: mails, as files.
pub(super) const MAIL: &str = "mail";
/// Below the folder: what `results-file` writes.
pub(super) const RESULTS: &str = "results";
/// What follows from a result in one of the projects.
const CHAIN: &str = include_str!("chain.toml");

/// Fills `folder` with settings, secrets, projects and components. What was there of these is written anew.
pub(super) fn fill(
    folder: &Path,
    crowd: &Crowd,
    (listen, admin): (SocketAddr, SocketAddr),
    components: &[(&str, &[u8])],
) -> anyhow::Result<()> {
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).and_then(|()| fs::write(&path, bytes)).with_context(|| format!("cannot write `{}`", path.display()))
    };
    write("crowdhook.toml", format!("# Made by `crowdhook demo`.\nlisten = \"{listen}\"\nadmin = \"{admin}\"\n").as_bytes())?;
    for (name, bytes) in components {
        write(&format!("plugins/{name}.wasm"), bytes)?;
    }
    let secrets = [
        ("hook-token", HOOK_TOKEN),
        ("api-key", &crowd.pybossa.owner_key()),
        ("signing-token", SIGNING_TOKEN),
        ("posts-token", POSTS_TOKEN),
    ];
    for (name, secret) in secrets {
        write(&format!("secrets/{name}"), secret.as_bytes())?;
        keep_private(&folder.join("secrets").join(name))?;
    }
    for name in [MAIL, RESULTS] {
        let path = folder.join(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot make `{}`", path.display()))?;
    }
    let pybossa = |name: &str| {
        let url = crowd.pybossa.url();
        format!("kind = \"pybossa\"\nurl = \"{url}\"\nproject = \"{name}\"\napi_key = {{ file = \"../secrets/api-key\" }}\n")
    };
    for shown in PYBOSSA_PROJECTS {
        let mut text = project(&pybossa(shown.name), shown.settings);
        if shown.name == CHAIN_PROJECT {
            text.push_str(&CHAIN.replace("{posts}", &crowd.mastodon.url()));
        }
        write(&format!("projects/{}.toml", shown.name), text.as_bytes())?;
    }
    write(&format!("projects/{EXPERTS_PROJECT}.toml"), project(&pybossa(EXPERTS_PROJECT), "").as_bytes())?;
    let platform = "kind = \"appen\"\nproject = \"4242\"\nsigning_token = { file = \"../secrets/signing-token\" }\n";
    write(&format!("projects/{APPEN_PROJECT}.toml"), project(platform, "pointer = \"/animal\"\n").as_bytes())
}

fn project(platform: &str, settings: &str) -> String {
    format!(
        "# Made by `crowdhook demo`. Change it while the demo runs: it is live within a second.\n\
         [platform]\n{platform}\n\
         [hook]\ntoken = {{ file = \"../secrets/hook-token\" }}\n\n\
         [plugins.vote]\ncomponent = \"majority-vote\"\nallow = [\"results\", \"events\"]\n\n\
         [plugins.vote.settings]\n{settings}"
    )
}

#[cfg(unix)]
fn keep_private(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).with_context(|| format!("cannot protect `{}`", path.display()))
}

#[cfg(not(unix))]
fn keep_private(_path: &Path) -> anyhow::Result<()> {
    Ok(())
}
