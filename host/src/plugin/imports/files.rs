//! `files`: in the folders that the project names.

use super::super::bindings::crowdhook::plugin::files::Host;
use super::super::guest::{Guest, Handling};
use super::Failure;
use crate::effect::{Bytes, Effect};

const PATH_BYTES_MAX: usize = 200;
const CONTENT_BYTES_MAX: usize = 4 << 20;
const TEXT_BYTES_MAX: usize = 256 << 10;
const HEADER_BYTES_MAX: usize = 64 << 10;

impl Host for Guest {
    fn write(&mut self, folder: String, path: String, content: Vec<u8>) -> Result<(), Failure> {
        let checked = check_path(&path).and_then(|()| check_size("`content`", content.len(), CONTENT_BYTES_MAX));
        let bytes = content.len() + path.len();
        let wanted = folder.clone();
        self.ask_for(bytes, None, Effect::WriteFile { folder, path, content: Bytes(content) }, |handling| {
            handling.may_write_into(&wanted).and(checked)
        })
    }

    fn append(&mut self, folder: String, path: String, text: String, header: Option<String>, once: Option<String>) -> Result<(), Failure> {
        let header_bytes = header.as_ref().map_or(0, String::len);
        let checked = check_path(&path)
            .and_then(|()| check_size("`text`", text.len(), TEXT_BYTES_MAX))
            .and_then(|()| check_size("`header`", header_bytes, HEADER_BYTES_MAX));
        let bytes = text.len() + header_bytes + path.len();
        let wanted = folder.clone();
        self.ask_for(bytes, once, Effect::AppendFile { folder, path, text, header }, |handling| {
            handling.may_write_into(&wanted).and(checked)
        })
    }
}

impl Handling {
    /// Whether the project's file grants the folder to the plugin.
    fn may_write_into(&self, folder: &str) -> Result<(), Failure> {
        if self.plugin.folders.iter().any(|granted| granted == folder) {
            return Ok(());
        }
        let shown: String = folder.chars().take(80).collect();
        Err(Failure::NotGranted(format!(
            "plugin `{name}` may not write into folder `{shown}`: add `folders = [\"{shown}\"]` below `[plugins.{name}]` and \
             `{shown} = \"<path>\"` below `[folders]` in the project's file",
            name = self.plugin.name
        )))
    }
}

fn check_size(what: &str, bytes: usize, bytes_max: usize) -> Result<(), Failure> {
    if bytes > bytes_max {
        return Err(Failure::OverLimit(format!("{what} has {bytes} bytes, and may have {bytes_max}")));
    }
    Ok(())
}

/// Refuses what is no relative path of ordinary names. What Windows cannot hold is refused everywhere: folders are kept in step
/// between machines.
fn check_path(path: &str) -> Result<(), Failure> {
    let invalid = |why: String| Err(Failure::Invalid(format!("`path` {why}: give names with `/` between them, as in `2026/task-7.csv`")));
    if path.len() > PATH_BYTES_MAX {
        return Err(Failure::OverLimit(format!("`path` has {} bytes, and may have {PATH_BYTES_MAX}", path.len())));
    }
    if path.is_empty() {
        return invalid("is empty".to_owned());
    }
    if path.starts_with('/') {
        return invalid("begins with `/`, and is taken from its folder".to_owned());
    }
    if path.chars().any(char::is_control) {
        return invalid("holds a control character".to_owned());
    }
    if let Some(stray) = path.chars().find(|letter| "\\:*?\"<>|".contains(*letter)) {
        return invalid(format!("holds `{stray}`, which cannot stand in a name everywhere"));
    }
    for part in path.split('/') {
        if part.is_empty() {
            return invalid("has a part without a name".to_owned());
        }
        if part.starts_with('.') {
            return invalid(format!("has the part `{part}`, and no name may start with a dot"));
        }
        if part.ends_with(['.', ' ']) {
            return invalid(format!("has the part `{part}`, and no name may end with a dot or a space"));
        }
        if is_device(part) {
            return invalid(format!("has the part `{part}`, which is a device on Windows"));
        }
    }
    Ok(())
}

/// Whether Windows takes a name for a device, whatever stands behind its first dot.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_uppercase();
    let numbered = |device: &str| {
        let mut number = stem.strip_prefix(device).unwrap_or_default().chars();
        matches!((number.next(), number.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    };
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str()) || numbered("COM") || numbered("LPT")
}

#[cfg(test)]
mod tests;
