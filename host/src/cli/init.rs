//! `crowdhook init`: a folder to begin with.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::report::Advice;
use super::{bundled, output};
use crate::config::load;

/// The example of a project; ignored by the host until it is renamed.
const EXAMPLE: &str = include_str!("init/birds.toml.example");

/// Where to begin.
#[derive(Debug, clap::Args)]
pub(super) struct InitArgs {
    /// The folder; made if it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

/// Makes the folder, and says what to do next.
pub(super) fn run(args: &InitArgs) -> anyhow::Result<()> {
    let mut said = String::new();
    for (path, bytes) in files() {
        let path = args.dir.join(path);
        let made = write_new(&path, &bytes).map_err(|error| {
            let help = "name a folder that you may write to: `crowdhook init DIR`";
            Advice::new(format!("`{}` could not be written", path.display()), help).because(error.into())
        })?;
        said += &format!("{} {}\n", if made { "made" } else { "kept" }, path.display());
    }
    output::lines(&format!("{said}\n{}", next_steps(&args.dir)))
}

/// What is written, below the folder.
fn files() -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = vec![
        (PathBuf::from(load::HOST_FILE), host_file().into_bytes()),
        (PathBuf::from("projects/birds.toml.example"), EXAMPLE.as_bytes().to_vec()),
        (PathBuf::from("plugins/README.txt"), b"Put components (.wasm) here: they are live within a second.\n".to_vec()),
    ];
    files.extend(bundled().iter().map(|(name, bytes)| (Path::new("plugins").join(format!("{name}.wasm")), bytes.to_vec())));
    files
}

/// The default settings, each commented out, so that a later version's defaults hold where nothing else was wanted.
fn host_file() -> String {
    let explained = load::DEFAULTS.lines().skip_while(|line| !line.is_empty());
    let lines = explained.map(|line| if line.is_empty() || line.starts_with(['#', '[']) { line.to_owned() } else { format!("#{line}") });
    let head = "# The settings of this host. Each is shown with its default: take the `#` before a key away to change it.\n";
    format!("{head}{}\n", lines.collect::<Vec<_>>().join("\n"))
}

/// Writes a file where there is none, and its folder. False when there is one.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(bytes).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn next_steps(dir: &Path) -> String {
    let enter = if dir == Path::new(".") { String::new() } else { format!("cd {}\n  ", dir.display()) };
    format!(
        "next:\n  {enter}cp projects/birds.toml.example projects/birds.toml    and write down your project there\n  \
         crowdhook check                                          until all is well\n  \
         crowdhook serve"
    )
}

#[cfg(test)]
mod tests;
