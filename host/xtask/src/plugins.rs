//! `cargo xtask plugins`: the components under `plugins/prebuilt/` and `host/tests/guests/prebuilt/`, and whether they are stale.
//!
//! The built components are committed, so that a new machine builds and tests the host without a wasm target. Beside
//! each lies `<name>.sources`, the hash of what it was built from; a component is stale when that hash is no longer
//! the one of the sources. Nothing compares the components themselves: two compilers do not write the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

mod by_hand;
pub(crate) mod compile;
mod encode;
mod list;
pub(crate) mod sources;

use list::{Component, Origin};

/// What to type when something is stale.
const COMMAND: &str = "cargo xtask plugins";

/// Arguments of `cargo xtask plugins`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Build nothing, only say which components are stale: exit code 1 when any is.
    #[arg(long, conflicts_with_all = ["out", "only"])]
    check: bool,
    /// Write the components into this folder, bundled plugins and guests side by side, and leave the committed ones as they are.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Build only the components of these names.
    #[arg(value_name = "NAME")]
    only: Vec<String>,
}

/// Builds, or checks.
///
/// # Errors
///
/// No toolchain for wasm, sources that do not compile, or a component that is not valid: the text says which.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let root = crate::root();
    if args.check {
        let stale = stale(&root)?;
        for component in &stale {
            eprintln!("stale: {component}");
        }
        if stale.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!("help: run `{COMMAND}` and commit what it writes");
        return Ok(ExitCode::FAILURE);
    }
    let mut components = list::all(&root)?;
    if !args.only.is_empty() {
        if let Some(unknown) = args.only.iter().find(|name| !components.iter().any(|one| &one.name == *name)) {
            anyhow::bail!("no plugin or guest is called `{unknown}`");
        }
        components.retain(|component| args.only.contains(&component.name));
    }
    build(&root, &components, args.out.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

/// The committed components that were not built from the sources as they are, or that nothing is the source of any more.
///
/// # Errors
///
/// A file that cannot be read.
fn stale(root: &Path) -> Result<Vec<String>> {
    let components = list::all(root)?;
    let mut stale = Vec::new();
    for component in &components {
        let file = component.prebuilt(root);
        let recorded = fs::read_to_string(file.with_extension("sources")).unwrap_or_default();
        if !file.exists() || recorded.trim() != sources::hash(root, component)? {
            stale.push(component.name.clone());
        }
    }
    for folder in list::PREBUILT {
        for file in sources::files(&root.join(folder))? {
            let known = components.iter().any(|component| component.prebuilt(root).with_extension("") == file.with_extension(""));
            if !known {
                let shown = file.strip_prefix(root).unwrap_or(&file);
                stale.push(format!("{} (no source of it is here; delete it)", shown.display()));
            }
        }
    }
    Ok(stale)
}

fn build(root: &Path, components: &[Component], out: Option<&Path>) -> Result<()> {
    let modules = compile::all(root, components)?;
    for component in components {
        let bytes = match component.origin {
            Origin::Plugin | Origin::Guest => {
                let module = modules.join(component.module());
                let module = fs::read(&module).with_context(|| format!("cannot read `{}`", module.display()))?;
                encode::component(&module).with_context(|| format!("cannot make a component of `{}`", component.name))?
            }
            Origin::ByHand(text) => wat::parse_str(text).with_context(|| format!("`{}` does not parse", component.name))?,
        };
        encode::check_text(root, &bytes).with_context(|| format!("`{}` must not be published", component.name))?;
        let file = match out {
            Some(folder) => folder.join(format!("{}.wasm", component.name)),
            None => component.prebuilt(root),
        };
        write(&file, &bytes)?;
        if out.is_none() {
            let hash = sources::hash(root, component)?;
            write(&file.with_extension("sources"), format!("{hash}\n").as_bytes())?;
        }
        eprintln!("{:>9} bytes  {}", bytes.len(), file.display());
    }
    Ok(())
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    }
    fs::write(file, bytes).with_context(|| format!("cannot write `{}`", file.display()))
}

#[cfg(test)]
mod tests;
