//! `crowdhook init`: a folder to begin with, and in it a first project where one is wanted.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use self::ask::Ask;
use self::wanted::{Platform, Plugin, Wanted};
use super::report::Advice;
use super::{bundled, output};
use crate::config::load;
use crate::id::ProjectName;
use crate::secret::Secret;

mod ask;
mod checked;
mod next;
mod project;
mod wanted;

/// The example of a project; ignored by the host until it is renamed.
const EXAMPLE: &str = include_str!("init/birds.toml.example");
/// Random bytes in a hook's token: nobody guesses it.
const TOKEN_BYTES: usize = 24;

pub(super) const EXAMPLES: &str = "\
Examples:
  crowdhook init my-crowd              on a terminal it asks for a first project
  crowdhook init my-crowd --no-input   it makes an example of one
  crowdhook init my-crowd --platform pybossa --url https://crowd.example.org --project birds
  crowdhook init my-crowd --platform appen --project 1234567 --api-key-env APPEN_KEY

Nothing that is there already is overwritten. Keys are never taken here, only where they lie.";

/// Where to begin.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct InitArgs {
    /// The folder; made if it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Ask nothing, on a terminal too; without flags for a project an example of one is made
    #[arg(long)]
    no_input: bool,
    /// How the world reaches this host, for `public_url`
    #[arg(long, value_name = "URL", value_parser = checked::web_address)]
    public_url: Option<String>,
    #[command(flatten)]
    first: First,
}

/// The first project.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "A first project")]
struct First {
    /// The platform that calls; for any other sender see `examples/projects/generic` of the source
    #[arg(long, requires = "project")]
    platform: Option<Platform>,
    /// The address of the PYBOSSA server
    #[arg(long, value_name = "URL", requires = "platform", required_if_eq("platform", "pybossa"), value_parser = checked::web_address)]
    url: Option<String>,
    /// Its short name on PYBOSSA, or the id of the job on Appen
    #[arg(long, value_name = "NAME", requires = "platform")]
    project: Option<String>,
    /// What it is called here [default: as there]
    #[arg(long, value_name = "NAME", requires = "platform")]
    name: Option<ProjectName>,
    /// The file in which the API key lies or will lie [default: DIR/secrets/<name>-api-key]
    #[arg(long, value_name = "FILE", requires = "platform", conflicts_with = "api_key_env")]
    api_key_file: Option<PathBuf>,
    /// The environment variable that holds the API key
    #[arg(long, value_name = "NAME", requires = "platform", value_parser = checked::variable)]
    api_key_env: Option<String>,
    /// For Appen, the file in which the secret webhook token lies or will lie [default: DIR/secrets/<name>-signing-token]
    #[arg(long, value_name = "FILE", requires = "platform", conflicts_with = "signing_token_env")]
    signing_token_file: Option<PathBuf>,
    /// For Appen, the environment variable that holds it
    #[arg(long, value_name = "NAME", requires = "platform", value_parser = checked::variable)]
    signing_token_env: Option<String>,
    /// What runs; may be given several times
    #[arg(long = "plugin", value_name = "PLUGIN", requires = "platform", default_value = "majority-vote")]
    plugins: Vec<Plugin>,
    /// For majority-vote, what of an answer is voted on, as a JSON Pointer [default: the whole answer]
    #[arg(long, value_name = "POINTER", requires = "platform", value_parser = checked::pointer)]
    pointer: Option<String>,
    /// Mail each result there
    #[arg(long, value_name = "ADDRESS", requires = "platform", value_parser = checked::email)]
    email: Option<String>,
}

/// A file to be made.
struct New {
    path: PathBuf,
    bytes: Vec<u8>,
    /// Nobody else is to read it.
    private: bool,
}

/// Makes the folder, and says what to do next.
pub(super) fn run(args: InitArgs) -> anyhow::Result<()> {
    let args = if is_to_be_asked(&args) { Ask { input: io::stdin().lock(), out: io::stderr() }.all(args)? } else { args };
    let wanted = Wanted::of(&args)?;
    let mut said = String::new();
    for new in files(&args, wanted.as_ref())? {
        let path = args.dir.join(&new.path);
        let made = write_new(&path, &new.bytes, new.private).map_err(|error| {
            let help = "name a folder that you may write to: `crowdhook init DIR`";
            Advice::new(format!("`{}` could not be written", path.display()), help).because(error.into())
        })?;
        said += &format!("{} {}\n", if made { "made" } else { "kept" }, path.display());
    }
    let next = wanted.as_ref().map_or_else(|| next::of_example(&args.dir), |wanted| next::of_project(wanted, &args));
    output::lines(&format!("{said}\n{next}"))
}

/// Whether somebody is there, and has said nothing yet.
fn is_to_be_asked(args: &InitArgs) -> bool {
    !args.no_input && args.first.platform.is_none() && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// What is written, below the folder.
fn files(args: &InitArgs, wanted: Option<&Wanted>) -> anyhow::Result<Vec<New>> {
    let open = |path: &str, bytes: &[u8]| New { path: path.into(), bytes: bytes.to_vec(), private: false };
    let mut files = vec![
        open(load::HOST_FILE, host_file(args.public_url.as_deref()).as_bytes()),
        open("plugins/README.txt", b"Put components (.wasm) here: they are live within a second.\n"),
    ];
    match wanted {
        None => files.push(open("projects/birds.toml.example", EXAMPLE.as_bytes())),
        Some(wanted) => {
            files.push(open(&format!("projects/{}.toml", wanted.name), project::text(wanted, &args.dir).as_bytes()));
            let token = Secret::random(TOKEN_BYTES)?;
            let token = New {
                path: format!("secrets/{}-hook-token", wanted.name).into(),
                bytes: format!("{}\n", token.reveal()).into_bytes(),
                private: true,
            };
            files.push(token);
        }
    }
    files.extend(bundled().iter().map(|(name, bytes)| open(&format!("plugins/{name}.wasm"), bytes)));
    Ok(files)
}

/// The default settings, each commented out, so that a later version's defaults hold where nothing else was wanted.
fn host_file(public_url: Option<&str>) -> String {
    let explained = load::DEFAULTS.lines().skip_while(|line| !line.is_empty());
    let lines = explained.map(|line| match public_url {
        Some(url) if line.starts_with("public_url = ") => format!("public_url = {}", toml::Value::String(url.to_owned())),
        _ if line.is_empty() || line.starts_with(['#', '[']) => line.to_owned(),
        _ => format!("#{line}"),
    });
    let head = "# The settings of this host. Each is shown with its default: take the `#` before a key away to change it.\n";
    format!("{head}{}\n", lines.collect::<Vec<_>>().join("\n"))
}

/// Writes a file where there is none, and its folder. False when there is one.
fn write_new(path: &Path, bytes: &[u8], private: bool) -> io::Result<bool> {
    if let Some(folder) = path.parent() {
        make_folder(folder, private)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    match options.open(path) {
        Ok(mut file) => file.write_all(bytes).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes a folder where there is none; a private one for its owner alone.
fn make_folder(folder: &Path, private: bool) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    if private && !folder.is_dir() {
        // What lies above it is not private.
        folder.parent().map(fs::create_dir_all).transpose()?;
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    builder.create(folder)
}

#[cfg(test)]
mod tests;
