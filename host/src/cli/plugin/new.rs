//! `crowdhook plugin new`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::report::Advice;
use super::super::{Common, output};
use crate::id::ComponentName;
use template::Language;

mod template;

pub(super) const EXAMPLES: &str = "\
Examples:
  crowdhook plugin new bird-vote --lang python
  crowdhook plugin new bird-vote --lang rust plugins/bird-vote

It works from the start: a vote with a condition, with the interface in `wit`, cases in `cases`, and a README that says what to change.";

/// What to make, and where.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct NewArgs {
    /// The plugin's name: lower-case letters, digits and hyphens, with a letter first
    #[arg(value_name = "NAME", value_parser = name)]
    name: ComponentName,
    /// The language to write it in
    #[arg(long, value_name = "LANGUAGE")]
    lang: Language,
    /// The folder, which has to be empty or not there; without it, NAME
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// A name that a package of any language can have.
fn name(text: &str) -> Result<ComponentName, String> {
    let name: ComponentName = text.parse().map_err(|error| format!("{error}"))?;
    if text.starts_with(|first: char| first.is_ascii_lowercase()) && !text.ends_with('-') {
        return Ok(name);
    }
    Err("a plugin's name begins with a letter, and does not end with a hyphen".to_owned())
}

pub(super) fn run(args: &NewArgs, common: &Common) -> anyhow::Result<()> {
    let NewArgs { name, lang, dir } = args;
    let dir = dir.clone().unwrap_or_else(|| PathBuf::from(name.as_str()));
    refuse_unless_empty(&dir)?;
    let mut made = Vec::new();
    for (path, content) in template::files(*lang, name.as_str()) {
        let file = dir.join(&path);
        write(&file, &content).map_err(|error| {
            let help = "name a folder that you may write to: `crowdhook plugin new NAME --lang LANGUAGE DIR`";
            Advice::new(format!("`{}` could not be written", file.display()), help).because(error.into())
        })?;
        made.push(path);
    }
    let (build, test) = (lang.build(), format!("crowdhook plugin test cases --component {name}.wasm"));
    if common.json {
        return output::json(
            &serde_json::json!({ "folder": dir, "files": made, "build": build, "test": test, "component": format!("{name}.wasm") }),
        );
    }
    output::lines(&format!(
        "made `{name}` in `{}`: {} files, of which README.md says what to change\n\nnext:\n  cd {}\n  {build}\n  {test}\n  \
         cp {name}.wasm <the host's folder of plugins>",
        dir.display(),
        made.len(),
        dir.display(),
    ))
}

/// A repository that was just begun is empty too.
fn refuse_unless_empty(dir: &Path) -> anyhow::Result<()> {
    let holds = match fs::read_dir(dir) {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name()).find(|name| name != ".git"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            let help = "name another folder: `crowdhook plugin new NAME --lang LANGUAGE DIR`";
            return Err(Advice::new(format!("`{}` cannot be used", dir.display()), help).because(error.into()).into());
        }
    };
    let Some(name) = holds else { return Ok(()) };
    let message = format!("`{}` is not empty: it holds `{}`", dir.display(), name.to_string_lossy().escape_debug());
    Err(Advice::new(message, "nothing that is there is overwritten: name a folder that is empty or not there").into())
}

fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, content)
}

#[cfg(test)]
mod tests;
