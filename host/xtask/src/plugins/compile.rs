//! From sources to core modules, by cargo and a toolchain for `wasm32-unknown-unknown`.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::list::{Component, Origin};

const TARGET: &str = "wasm32-unknown-unknown";

/// Bytes of a guest's stack. The linker's own choice is 1 MiB, which each sandbox would carry around; parsing JSON to
/// its greatest depth needs less than a tenth.
const STACK_BYTES: u32 = 128 * 1024;

/// A component runs for an instant and is loaded often: quick code, no unwinding, no names.
const PROFILE: [(&str, &str); 6] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
];

/// Compiles the components that have sources and says where their modules are.
///
/// # Errors
///
/// No toolchain, or sources that do not compile: cargo's words are on stderr.
pub(super) fn all(root: &Path, components: &[Component]) -> Result<PathBuf> {
    let target_dir = target_dir(root);
    let modules = target_dir.join(TARGET).join("release");
    let plugins = of(components, Origin::Plugin);
    let guests = of(components, Origin::Guest);
    if plugins.is_empty() && guests.is_empty() {
        return Ok(modules);
    }
    let toolchain = toolchain(root)?;
    for plugin in plugins {
        // One at a time: built together, the features that one asks of a dependency would reach the others.
        cargo(root, &toolchain, &target_dir, &["--lib", "--package", plugin])?;
    }
    if !guests.is_empty() {
        let mut arguments = vec!["--package", "crowdhook-guests", "--features", "sandbox"];
        for guest in guests {
            arguments.extend(["--example", guest]);
        }
        cargo(root, &toolchain, &target_dir, &arguments)?;
    }
    Ok(modules)
}

fn of(components: &[Component], origin: Origin) -> Vec<&str> {
    let wanted = components.iter().filter(|component| component.origin == origin);
    wanted.map(|component| component.name.as_str()).collect()
}

/// A folder of its own, since another compiler may be at work there.
fn target_dir(root: &Path) -> PathBuf {
    let shared = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    // A relative one is relative to where cargo was called, and this process was started there too.
    env::current_dir().unwrap_or_default().join(shared).join("wasm")
}

/// What `.ci/wasm-toolchain` says has to be set: nothing where rustup has the target.
pub(crate) fn toolchain(root: &Path) -> Result<BTreeMap<String, String>> {
    let script = root.join(".ci/wasm-toolchain");
    let output = Command::new("bash")
        .arg(&script)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run `{}`", script.display()))?;
    if !output.status.success() {
        bail!("no toolchain for {TARGET}: see above");
    }
    let text = String::from_utf8(output.stdout).context("`.ci/wasm-toolchain` wrote no text")?;
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn cargo(root: &Path, toolchain: &BTreeMap<String, String>, target_dir: &Path, what: &[&str]) -> Result<()> {
    let cargo = toolchain.get("CARGO").map_or("cargo", String::as_str);
    let status = Command::new(cargo)
        .current_dir(root)
        .args(["build", "--quiet", "--release", "--locked", "--target", TARGET, "--target-dir"])
        .arg(target_dir)
        .args(what)
        .envs(PROFILE)
        .envs(toolchain)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(root, toolchain)?.join("\u{1f}"))
        .env_remove("RUSTFLAGS")
        .status()
        .with_context(|| format!("cannot run `{cargo}`"))?;
    if !status.success() {
        bail!("`cargo build {}` failed: see above", what.join(" "));
    }
    Ok(())
}

/// Flags for the compiler: a small stack, and no path of this machine in what a panic says.
fn flags(root: &Path, toolchain: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let mut flags = vec![format!("-Clink-arg=-zstack-size={STACK_BYTES}")];
    let mut remap = |from: &Path, to: &str| flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    // The last one that fits is taken, so the general ones come first.
    if let Some(home) = env::home_dir() {
        remap(&home, "/home");
    }
    remap(root, "/crowdhook");
    // `<folder>/usr/bin/rustc`: the standard library is built from sources below that folder.
    let compiler = toolchain.get("RUSTC").map(Path::new);
    if let Some(unpacked) = compiler.and_then(|compiler| compiler.ancestors().nth(3)) {
        remap(unpacked, "/rust");
    }
    for registry in registries()? {
        remap(&registry, "/deps");
    }
    Ok(flags)
}

/// The folders in which cargo keeps the sources of dependencies, named for the registries that they came from.
fn registries() -> Result<Vec<PathBuf>> {
    let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let Some(home) = cargo_home.or_else(|| Some(env::home_dir()?.join(".cargo"))) else {
        return Ok(Vec::new());
    };
    let sources = home.join("registry/src");
    let mut found = Vec::new();
    if sources.is_dir() {
        for entry in fs::read_dir(&sources).with_context(|| format!("cannot list `{}`", sources.display()))? {
            found.push(entry?.path());
        }
    }
    found.sort();
    Ok(found)
}
