//! The only reader of files and the environment for settings. Reads, hands the text to the checks, and gives back what
//! cannot be wrong, or everything that is.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::Document;
use super::problem::{Problem, Problems, Severity};
use super::project::Check;
use super::words;
use super::{GuestLimits, Host, Project, host as host_file};
use crate::id::ProjectName;
use crate::secret::Secret;
pub use database::database_address;
pub use folder::OwnFolder;
pub use tls::{TlsFiles, tls_files};

mod database;
mod folder;
mod tls;

/// The host's file when none is named.
pub const HOST_FILE: &str = "crowdhook.toml";

/// Every key of the host's file with its default: what [`host`] reads first.
pub const DEFAULTS: &str = host_file::DEFAULTS;

/// A settings file is no larger than this, in bytes; a larger one is refused.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// A secret's file is no larger than this, in bytes; a larger one is refused.
pub const SECRET_BYTES_MAX: u64 = 64 << 10;

/// No more project files than this are read from a folder; the rest is left out with an error.
pub const PROJECTS_MAX: usize = 10_000;

/// Where `{ env = "NAME" }` is looked up.
#[derive(Clone)]
pub struct Env(Arc<Lookup>);

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Env {
    /// The environment of this process.
    #[must_use]
    pub fn process() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that resolves `{ env = … }`")]
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    /// What a variable says; none where there is no such variable, or it is no text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }

    /// The environment of this process, with something in the place of what it does not have: for who reads a project's file and makes no
    /// call, and may not know its secrets.
    #[must_use]
    pub fn without_secrets() -> Self {
        let Self(process) = Self::process();
        Self(Arc::new(move |name| process(name).or_else(|| Some("this-secret-is-not-known-here".to_owned()))))
    }

    /// These variables and no others; for tests and the demo.
    #[must_use]
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let variables: Vec<(String, String)> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self(Arc::new(move |name| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())))
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Env(…)")
    }
}

/// What a project's file is read against.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where its secrets are looked up.
    pub env: Env,
    /// The limits of its plugins where it sets none: the host's `limits.guest`.
    pub guest: GuestLimits,
    /// Where its plugins may not write, besides the folder that its file lies in.
    pub own_folders: Vec<OwnFolder>,
}

impl Context {
    /// The process's environment, and the limits and folders of `host`.
    #[must_use]
    pub fn of(host: &Host) -> Self {
        let own = |what, path: &Path, to_the_bottom| OwnFolder { what, path: path.to_owned(), to_the_bottom };
        let own_folders = vec![
            own("the data folder", &host.data, true),
            own("the drop folder", &host.plugins, false),
            own("the folder of project files", &host.projects, false),
        ];
        Self { env: Env::process(), guest: host.limits.guest, own_folders }
    }
}

/// Why a secret could not be used, or what to warn of: the rest of a sentence that begins with its key.
pub(super) struct SecretProblem {
    pub(super) why: String,
    pub(super) help: String,
}

impl SecretProblem {
    fn new(why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { why: why.into(), help: help.into() }
    }
}

type Found = Result<(Secret, Option<SecretProblem>), SecretProblem>;

impl Env {
    pub(super) fn secret(&self, name: &str) -> Found {
        let help = format!("set it before the host starts: `export {name}=…`");
        match self.get(name) {
            _ if !is_variable(name) => Err(SecretProblem::new(
                // It may be the secret itself.
                "wants a variable, and what stands there is no name of one",
                "a name is letters, digits and `_`: `{ env = \"NAME\" }`",
            )),
            None => Err(SecretProblem::new(format!("wants the variable `{name}`, which is not set"), help)),
            Some(text) => usable(&text, &format!("the variable `{name}`")).map(|secret| (secret, None)),
        }
    }
}

/// A file's newline at the end is no part of the secret.
pub(super) fn secret_in_file(path: &Path) -> Found {
    let named = format!("the file `{}`", path.display());
    let text = read_capped(path, SECRET_BYTES_MAX).map_err(|why| {
        SecretProblem::new(
            format!("wants {named}, which cannot be read: {why}"),
            "write the secret into that file; a relative path begins at this file's folder",
        )
    })?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    let warning = is_world_readable(path).then(|| {
        SecretProblem::new(format!("lies in {named}, which everyone on this machine may read"), format!("`chmod 600 {}`", path.display()))
    });
    usable(text, &named).map(|secret| (secret, warning))
}

/// The text of a file of certificates; why it is none, for people.
pub(super) fn certificates(path: &Path) -> Result<String, String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let named = path.display();
    let text = read_capped(path, SECRET_BYTES_MAX).map_err(|why| format!("wants the file `{named}`, which cannot be read: {why}"))?;
    let found = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    match found {
        Ok(found) if !found.is_empty() => Ok(text),
        _ => Err(format!("wants the file `{named}`, which holds no certificate")),
    }
}

fn usable(text: &str, named: &str) -> Result<Secret, SecretProblem> {
    if text.is_empty() {
        Err(SecretProblem::new(format!("wants {named}, which is empty"), "write the secret there"))
    } else if text.contains(char::is_control) {
        Err(SecretProblem::new(
            format!("wants {named}, which holds a line break or another control character"),
            "write the secret there, on one line",
        ))
    } else {
        Ok(Secret::new(text))
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(unix)]
fn is_world_readable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_world_readable(_path: &Path) -> bool {
    false
}

/// The host's settings: `path`, or `crowdhook.toml` in the current folder when that is there, over the defaults.
///
/// Touches no port and no store. Relative paths in the file are taken from its folder.
///
/// # Errors
///
/// Everything that is wrong with the file; also a `path` where there is no file.
pub fn host(path: Option<&Path>) -> Result<Host, Problems> {
    let file = path.unwrap_or(Path::new(HOST_FILE));
    if path.is_none() && !file.exists() {
        return host_from_text(file, "", Path::new(""));
    }
    let help = "write such a file (`crowdhook init` makes one), or leave `--config` out to use the defaults";
    let text = read_file(file, help)?;
    host_from_text(file, &text, file.parent().unwrap_or(Path::new("")))
}

/// The host that `text` describes, shown to people as the content of `file`; relative paths are taken from `folder`.
///
/// # Errors
///
/// Everything that is wrong with it.
pub fn host_from_text(file: &Path, text: &str, folder: &Path) -> Result<Host, Problems> {
    host_file::check(file, text, folder)
}

/// The project of `path`, and what to warn of.
///
/// # Errors
///
/// Everything that is wrong with the file, with its name, or with the secrets it names.
pub fn project(path: &Path, context: &Context) -> Result<(Project, Problems), Problems> {
    let name = project_name(path)?;
    let text = read_file(path, "a project's file is a text that the host may read")?;
    project_from_text(name, path, &text, path.parent().unwrap_or(Path::new("")), context)
}

/// The project that `text` describes, shown to people as the content of `file`; its secrets' files are taken from `folder`.
///
/// # Errors
///
/// As [`project`].
pub fn project_from_text(
    name: ProjectName,
    file: &Path,
    text: &str,
    folder: &Path,
    context: &Context,
) -> Result<(Project, Problems), Problems> {
    Check { document: Document::new(file, text), folder, context }.run(name, file)
}

/// The name that a project has by its file's name.
///
/// # Errors
///
/// When the file's name is no such name.
pub fn project_name(path: &Path) -> Result<ProjectName, Problems> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.parse().map_err(|error| {
        let help = format!("rename the file: `{}.toml`", suggested_name(&stem));
        Problem::of_file(path, format!("the file's name is the project's: {error}"), Some(help)).into()
    })
}

/// The name of a project that is nearest to `text`.
///
/// # Panics
///
/// Never: only what a name may hold is left.
#[must_use]
pub fn suggested_name(text: &str) -> ProjectName {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let name: String = text.chars().map(plain).take(64).collect();
    let name = name.trim_matches('-');
    let name = if name.is_empty() { "birds" } else { name };
    name.parse().expect("a name is letters, digits and `-`, at most 64 of them")
}

/// What a folder of project files holds.
#[derive(Debug, Default)]
pub struct Projects {
    /// The projects that can be used, in the order of their names.
    pub good: Vec<Project>,
    /// The files that cannot, and why.
    pub broken: Vec<(PathBuf, Problems)>,
    /// What to look at, of the ones that can be used.
    pub warnings: Problems,
}

/// All projects of a folder: its files `<name>.toml`, hidden ones left out.
///
/// # Errors
///
/// When the folder cannot be read. A folder that is not there is an empty one, with a warning.
pub fn projects(folder: &Path, context: &Context) -> Result<Projects, Problems> {
    let mut found = Projects::default();
    for path in project_files(folder, &mut found.warnings)? {
        match project(&path, context) {
            Ok((project, warnings)) => {
                found.warnings.append(warnings);
                found.good.push(project);
            }
            Err(problems) => found.broken.push((path, problems)),
        }
    }
    let twins = same_platform_project(&found.good);
    found.warnings.append(twins);
    Ok(found)
}

/// The project files of a folder, sorted.
fn project_files(folder: &Path, warnings: &mut Problems) -> Result<Vec<PathBuf>, Problems> {
    if !folder.exists() {
        let help = "make it, and put a file `<name>.toml` into it for each project; `crowdhook init` makes an example";
        let missing = Problem::of_file(folder, "there is no such folder, so there are no projects", Some(help.to_owned()));
        warnings.push(Problem { severity: Severity::Warning, ..missing });
        return Ok(Vec::new());
    }
    let unreadable =
        |error: std::io::Error| Problems::from(Problem::of_file(folder, format!("the folder of projects cannot be read: {error}"), None));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if is_project_file(&path) {
            files.push(path);
        }
        if files.len() > PROJECTS_MAX {
            let message = format!("holds more than {PROJECTS_MAX} project files");
            return Err(Problem::of_file(folder, message, Some("run several hosts, each with its own folder".to_owned())).into());
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a path is taken for a project's file: it ends in `.toml` and is not hidden.
#[must_use]
pub fn is_project_file(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_some_and(|extension| extension == "toml") && !path.is_dir()
}

/// A warning for each project that stands for the same project of the same platform as one before it.
#[must_use]
pub fn same_platform_project(projects: &[Project]) -> Problems {
    let mut problems = Problems::default();
    for (index, later) in projects.iter().enumerate() {
        let place = |project: &Project| (project.platform.kind, project.platform.url.clone(), project.platform.project.clone());
        let before = projects.iter().take(index).find(|earlier| place(earlier) == place(later));
        if let Some(earlier) = before {
            let message = format!(
                "stands for the same project `{}` on {} as {}",
                later.platform.project,
                later.platform.url,
                words::listed([earlier.name.as_str()])
            );
            let help = "the platform calls one hook alone; put the plugins of both into one file";
            problems.push(Problem { severity: Severity::Warning, ..Problem::of_file(&later.file, message, Some(help.to_owned())) });
        }
    }
    problems
}

fn read_file(path: &Path, help: &str) -> Result<String, Problems> {
    read_capped(path, FILE_BYTES_MAX).map_err(|why| Problem::of_file(path, format!("cannot be read: {why}"), Some(help.to_owned())).into())
}

/// A file's text; why not, for people.
fn read_capped(path: &Path, bytes_max: u64) -> Result<String, String> {
    let file = fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    })?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > bytes_max {
        return Err(format!("it is larger than {} KiB", bytes_max >> 10));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}
