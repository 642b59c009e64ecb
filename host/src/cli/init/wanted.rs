//! The first project: from flags, checked as the host itself will check it.

use std::path::{Path, PathBuf};

use url::{Host, Url};

use super::super::report::Advice;
use super::{InitArgs, project};
use crate::config::GuestLimits;
use crate::config::load::{self, Context, Env};
use crate::id::ProjectName;

/// A platform that a first project can be made for. Of any other sender `examples/projects/generic` is to be filled in by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Platform {
    /// A PYBOSSA server
    Pybossa,
    /// Appen
    Appen,
}

/// A plugin that a first project can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Plugin {
    /// Votes on the answers to a task, and saves what they come to
    MajorityVote,
    /// Adds a line to a table for each task, in the folder `results`
    ResultsFile,
}

/// Where a secret lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// In this file.
    File(PathBuf),
    /// In the environment variable of this name.
    Env(String),
}

/// The first project of a folder.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) platform: Platform,
    /// The platform's address; none where it is known.
    pub(super) url: Option<String>,
    /// Its name on the platform.
    pub(super) project: String,
    /// Its name here.
    pub(super) name: ProjectName,
    pub(super) api_key: At,
    /// What signs Appen's posts.
    pub(super) signing_token: Option<At>,
    /// What guards the hook; made by us.
    pub(super) hook_token: At,
    pub(super) plugins: Vec<Plugin>,
    pub(super) pointer: Option<String>,
    pub(super) email: Option<String>,
}

impl Wanted {
    /// What the flags say; none when they name no project.
    ///
    /// # Errors
    ///
    /// When they name one that there cannot be.
    pub(super) fn of(args: &InitArgs) -> anyhow::Result<Option<Self>> {
        let said = &args.first;
        let (Some(platform), Some(project)) = (said.platform, &said.project) else { return Ok(None) };
        let name = name(platform, project, said.name.as_ref());
        let beside = |what: &str| At::File(args.dir.join("secrets").join(format!("{name}-{what}")));
        let at = |file: &Option<PathBuf>, env: &Option<String>, what: &str| match (file, env) {
            (Some(file), _) => At::File(file.clone()),
            (None, Some(env)) => At::Env(env.clone()),
            (None, None) => beside(what),
        };
        let signing_token = at(&said.signing_token_file, &said.signing_token_env, "signing-token");
        let wanted = Self {
            platform,
            url: said.url.clone(),
            project: project.clone(),
            api_key: at(&said.api_key_file, &said.api_key_env, "api-key"),
            signing_token: (platform == Platform::Appen).then_some(signing_token),
            hook_token: beside("hook-token"),
            plugins: said.plugins.clone(),
            pointer: said.pointer.clone().filter(|pointer| !pointer.is_empty()),
            email: said.email.clone(),
            name,
        };
        wanted.check()?;
        Ok(Some(wanted))
    }

    /// Whether the platform is on this machine.
    pub(super) fn is_local(&self) -> bool {
        let host = self.url.as_deref().and_then(|url| Url::parse(url).ok()).and_then(|url| url.host().map(|host| host.to_owned()));
        match host {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
    }

    /// Has the host look at the part that people can get wrong, with secrets that are well.
    fn check(&self) -> anyhow::Result<()> {
        let text = project::platform(self, &|_| "{ env = \"SECRET\" }".to_owned());
        let env = Env::of(&[("SECRET", "0123456789abcdef")]);
        let context = Context { env, guest: GuestLimits::default(), own_folders: Vec::new() };
        let file = PathBuf::from("projects").join(format!("{}.toml", self.name));
        match load::project_from_text(self.name.clone(), &file, &text, Path::new(""), &context) {
            Ok(_) => Ok(()),
            Err(problems) => {
                let told = problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join(", ");
                let helps: Vec<String> = problems.iter().filter_map(|problem| problem.help.clone()).collect();
                Err(Advice::new(format!("there is no such project: {told}"), helps.join("\nhelp: ")).into())
            }
        }
    }
}

/// What the project is called here: as there, so far as that can be the name of a file.
fn name(platform: Platform, project: &str, said: Option<&ProjectName>) -> ProjectName {
    let suggested = match platform {
        Platform::Pybossa => load::suggested_name(project),
        Platform::Appen => load::suggested_name(&format!("job-{project}")),
    };
    said.cloned().unwrap_or(suggested)
}
