//! From a core module to a component that may be published.

use std::env;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasmparser::{ComponentTypeRef, Parser, Payload, Validator, WasmFeatures};
use wit_component::ComponentEncoder;

/// The only package whose interfaces a bundled plugin may import: no WASI slipped in.
const PACKAGE: &str = "crowdhook:plugin/";

/// Makes a component of a core module that `wit-bindgen` has written its types into, and checks it.
///
/// # Errors
///
/// A module that is no plugin, or a component that is not valid or imports anything but our own interfaces.
pub(super) fn component(module: &[u8]) -> Result<Vec<u8>> {
    let bytes = ComponentEncoder::default().validate(true).module(module)?.encode()?;
    Validator::new_with_features(WasmFeatures::default()).validate_all(&bytes).context("the component is not valid")?;
    for import in imports(&bytes)? {
        if !import.starts_with(PACKAGE) {
            bail!("it imports `{import}`, which no host offers to a plugin of ours");
        }
    }
    Ok(bytes)
}

/// The names of the interfaces and functions that a component imports itself; not those of what lies inside it.
pub(super) fn imports(component: &[u8]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import?;
                    // The types that a world takes from an interface are imports too, and say nothing of their own.
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        names.push(import.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

/// Refuses a component that holds a path of the machine it was built on.
///
/// # Errors
///
/// The path that stands in it: a `--remap-path-prefix` is missing in `compile`.
pub(super) fn check_text(root: &Path, bytes: &[u8]) -> Result<()> {
    let home = env::home_dir().filter(|home| home.components().count() > 1);
    for path in [Some(root.to_path_buf()), home].into_iter().flatten() {
        let text = path.to_string_lossy().into_owned();
        if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
            bail!("the path `{text}` stands in it");
        }
    }
    Ok(())
}
