//! What a component is built from, as one hash.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::list::{self, Component, Origin};

/// The crate of conditions and texts, as a plugin's manifest names it.
const TEXTS: &str = "crowdhook-texts";

/// The hash over the sources of a component, as hexadecimal text.
///
/// For a plugin: its `src/` (tests apart) and `Cargo.toml`, those of the shared texts where it depends on them, the SDK's, and `wit/`.
/// For a guest: its file, and the same of the guests' crate. The versions of dependencies are left out: they change often, and the components with them
/// only in ways that the tests would notice.
///
/// # Errors
///
/// A file that cannot be read.
pub(super) fn hash(root: &Path, component: &Component) -> Result<String> {
    let mut hasher = Sha256::new();
    match component.origin {
        Origin::ByHand(text) => hasher.update(text.as_bytes()),
        Origin::Plugin => {
            let folder = format!("plugins/{}", component.name);
            add(&mut hasher, root, &[&format!("{folder}/src"), &format!("{folder}/Cargo.toml")])?;
            let manifest = fs::read_to_string(root.join(&folder).join("Cargo.toml"));
            if manifest.is_ok_and(|text| text.contains(TEXTS)) {
                add(&mut hasher, root, &["plugins/texts/src", "plugins/texts/Cargo.toml"])?;
            }
            add_shared(&mut hasher, root)?;
        }
        Origin::Guest => {
            let file = format!("{}/examples/{}.rs", list::GUESTS, component.name);
            add(&mut hasher, root, &[&file, &format!("{}/src", list::GUESTS)])?;
            add_shared(&mut hasher, root)?;
        }
    }
    let mut text = String::with_capacity(64);
    for byte in hasher.finalize() {
        write!(text, "{byte:02x}").context("a string takes any text")?;
    }
    Ok(text)
}

fn add_shared(hasher: &mut Sha256, root: &Path) -> Result<()> {
    add(hasher, root, &["plugins/sdk/src", "plugins/sdk/Cargo.toml"])?;
    // What is not an interface (the readme, the analysis' schema, released versions) is not compiled in.
    for file in files(&root.join("wit"))? {
        let flat = file.parent() == Some(&root.join("wit"));
        if flat && file.extension().is_some_and(|ending| ending == "wit") {
            add_file(hasher, root, &file)?;
        }
    }
    Ok(())
}

fn add(hasher: &mut Sha256, root: &Path, paths: &[&str]) -> Result<()> {
    for path in paths {
        for file in files(&root.join(path))? {
            // The SDK's `testing` is for native tests alone.
            let test = file.file_stem().is_some_and(|name| name == "tests" || name == "testing");
            let in_tests = file.iter().any(|part| part == "tests" || part == "testing") && !path.starts_with(list::GUESTS);
            if !test && !in_tests {
                add_file(hasher, root, &file)?;
            }
        }
    }
    Ok(())
}

/// Adds name and content, each with its length before it, so that no two sets of files look alike.
fn add_file(hasher: &mut Sha256, root: &Path, file: &Path) -> Result<()> {
    let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/");
    let content = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    for part in [name.as_bytes(), &content] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    Ok(())
}

/// The files at or below a path, in the order of their names; none when nothing is there.
///
/// # Errors
///
/// A folder that cannot be listed.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    if path.is_dir() {
        let cannot = || format!("cannot list `{}`", path.display());
        for entry in fs::read_dir(path).with_context(cannot)? {
            found.extend(files(&entry.with_context(cannot)?.path())?);
        }
    }
    found.sort();
    Ok(found)
}
