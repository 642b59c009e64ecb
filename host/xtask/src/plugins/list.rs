//! Which components there are, and where each comes from and goes to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::by_hand;

/// Where the committed components lie.
pub(super) const PREBUILT: [&str; 2] = ["plugins/prebuilt", "host/tests/guests/prebuilt"];

/// The crate of the guests.
pub(super) const GUESTS: &str = "host/tests/guests";

/// Where a component comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Origin {
    /// A crate of its own under `plugins/`.
    Plugin,
    /// A file in the guests' `examples/`.
    Guest,
    /// This text, for what no toolchain makes.
    ByHand(&'static str),
}

/// One component that is committed.
#[derive(Clone, Debug)]
pub(super) struct Component {
    /// Of the crate, the guest, or the text; the file's name without its ending.
    pub(super) name: String,
    /// Where it comes from.
    pub(super) origin: Origin,
}

impl Component {
    /// Where the committed component is.
    pub(super) fn prebuilt(&self, root: &Path) -> PathBuf {
        let [plugins, guests] = PREBUILT;
        let folder = if self.origin == Origin::Plugin { plugins } else { guests };
        // Not `with_extension`, which would cut a name at its dot.
        root.join(folder).join(format!("{}.wasm", self.name))
    }

    /// What cargo calls the core module, below its folder of this target and profile.
    pub(super) fn module(&self) -> PathBuf {
        let file = format!("{}.wasm", self.name.replace('-', "_"));
        match self.origin {
            Origin::Guest => Path::new("examples").join(file),
            Origin::Plugin | Origin::ByHand(_) => file.into(),
        }
    }
}

/// All components, the bundled plugins first, each group in the order of its names.
///
/// A plugin is a crate under `plugins/` that builds a `cdylib`.
pub(super) fn all(root: &Path) -> Result<Vec<Component>> {
    let mut components = Vec::new();
    for name in names(&root.join("plugins"))? {
        let manifest = root.join("plugins").join(&name).join("Cargo.toml");
        if fs::read_to_string(manifest).is_ok_and(|text| text.contains("\"cdylib\"")) {
            components.push(Component { name, origin: Origin::Plugin });
        }
    }
    for file in names(&root.join(GUESTS).join("examples"))? {
        if let Some(name) = file.strip_suffix(".rs") {
            components.push(Component { name: name.to_owned(), origin: Origin::Guest });
        }
    }
    for (name, text) in by_hand::TEXTS {
        components.push(Component { name: name.to_owned(), origin: Origin::ByHand(text) });
    }
    Ok(components)
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let read = || -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    };
    let mut names = read().with_context(|| format!("cannot list `{}`", folder.display()))?;
    names.sort();
    Ok(names)
}
