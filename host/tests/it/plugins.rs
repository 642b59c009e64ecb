//! The bundled plugins as their READMEs show them: each project file there is one that a host takes without a word.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crowdhook::config::load::{self, Context, Env};
use crowdhook::plugin::watch::check_all;

use crate::harness;
use crate::harness::folder::Folder;

/// How a project file begins in a README.
const HEAD: &str = "# projects/";
/// A folder in READMEs that is on nobody's machine.
const HOME: &str = "/home/ann/Dropbox/birds";

/// The READMEs of all bundled plugins.
fn readmes() -> Vec<PathBuf> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    let mut found: Vec<PathBuf> = std::fs::read_dir(plugins).unwrap().map(|entry| entry.unwrap().path().join("README.md")).collect();
    found.retain(|readme| readme.exists() && harness::bundled_file(name_of(readme)).exists());
    found.sort();
    found
}

fn name_of(readme: &Path) -> &str {
    readme.parent().unwrap().file_name().unwrap().to_str().unwrap()
}

/// Name and text of each project file in a README.
fn projects(readme: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(readme).unwrap();
    let blocks = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    let named = |block: String| Some((block.strip_prefix(HEAD)?.split(".toml").next()?.to_owned(), block));
    blocks.filter_map(named).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_project_files_of_each_readme_work() {
    let readmes = readmes();
    assert!(readmes.len() >= 6, "{readmes:?}");
    for readme in readmes {
        let projects = projects(&readme);
        assert!(!projects.is_empty(), "`{}` shows no project file", readme.display());
        for (name, text) in projects {
            let folder = Folder::new();
            for component in text.split("component = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect::<BTreeSet<_>>() {
                folder.component(component);
            }
            let names: Vec<(&str, &str)> =
                text.split("env = \"").skip(1).map(|rest| (rest.split('"').next().unwrap(), "0123456789abcdef")).collect();
            let context = Context { env: Env::of(&names), ..Context::of(&load::host(Some(&folder.config())).unwrap()) };
            std::fs::create_dir(folder.path("dropbox")).unwrap();
            folder.write(&format!("projects/{name}.toml"), &text.replace(HOME, folder.path("dropbox").to_str().unwrap()));
            let host = load::host(Some(&folder.config())).unwrap();
            let said = check_all(&host, &context, &harness::engine()).await.to_string();
            assert!(said.is_empty(), "{} of `{}`:\n{said}", name, readme.display());
        }
    }
}
