//! Programs that chores start, cargo before all.

use std::env;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// What cargo tells a program of its own package. Build scripts ask for some of these (that of *ring* does): were they passed on, all
/// that stands on such a crate, the host too, would be compiled again whenever `cargo xtask` comes after `cargo`, and once more after it.
const OF_THIS_PACKAGE: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// The cargo that runs this, in the repository's top folder, as if somebody had called it there.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(crate::root()).args(arguments);
    for (name, _) in env::vars_os() {
        let of_this_package = name.to_str().is_some_and(|name| OF_THIS_PACKAGE.iter().any(|start| name.starts_with(start)));
        if of_this_package {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs it until it ends, and it has to end well.
pub(crate) fn to_its_end(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("`{}` does not start", line(command)))?;
    ensure!(status.success(), "`{}` failed: see above", line(command));
    Ok(())
}

/// What one would type.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_cargo_that_is_started_does_not_hear_of_this_package() {
        let here = ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME"];
        assert!(here.iter().all(|name| std::env::var_os(name).is_some()), "cargo sets them for tests too");

        let cargo = super::cargo(&["--version"]);

        let taken_away: Vec<_> = cargo.get_envs().filter(|(_, value)| value.is_none()).filter_map(|(name, _)| name.to_str()).collect();
        assert!(here.iter().all(|name| taken_away.contains(name)), "{taken_away:?}");
        assert!(!taken_away.contains(&"CARGO_TARGET_DIR") && !taken_away.contains(&"CARGO_HOME"), "{taken_away:?}");
    }
}
