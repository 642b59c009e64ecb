//! `projects/<name>.toml` → [`Project`]: the checks that need no more than the file and its secrets.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use toml::Spanned;
use url::Url;

use super::connections::{mail_services, web_services};
use super::document::Document;
use super::host::web_address;
use super::load::Context;
use super::plugins::There;
use super::problem::Problems;
use super::raw::{self, Key};
use super::settings::{self, Settings};
use super::words;
use super::{Platform, Project};
use crate::event::PlatformKind;
use crate::id::ProjectName;

/// Where Appen's API is when the file does not say.
const APPEN_URL: &str = "https://api.appen.com/v1";

/// What was said, or nothing; the outer one is none when something is wrong with it.
pub(super) type Maybe<T> = Option<Option<T>>;

/// Checks one file: the file's text, and where its secrets are to be looked for.
pub(super) struct Check<'c, 't> {
    pub(super) document: Document<'t>,
    /// Secrets' files are taken from here.
    pub(super) folder: &'c Path,
    pub(super) context: &'c Context,
}

impl Check<'_, '_> {
    /// The project, and what to warn of.
    pub(super) fn run(mut self, name: ProjectName, file: &Path) -> Result<(Project, Problems), Problems> {
        let mut table = self.document.parse()?;
        let names: Vec<String> = plugin_names(table.get_ref());
        let mut settings: Vec<(String, Settings)> = Vec::new();
        for name in names {
            if let Some(taken) = settings::take(&mut self.document, table.get_mut(), &name) {
                settings.push((name, taken));
            }
        }
        let said: raw::Project = self.document.read(table);
        let platform = self.platform(said.platform, said.generic);
        let hook = self.hook(said.hook);
        let run_all = said.run_all.is_some_and(Spanned::into_inner);
        let web_services = web_services(&said.connections);
        let mail_services = mail_services(&said.connections);
        let connections = self.connections(said.connections);
        let folder_names = names_of(&said.folders);
        let folders = self.folders(said.folders);
        let there = There { web_services: &web_services, mail_services: &mail_services, folders: &folder_names, own: &name };
        let plugins = self.plugins(said.plugins, settings, run_all, &there);
        self.check_results(&plugins, said.results_by_several.is_some_and(Spanned::into_inner));
        let badges = self.badges(said.badges);
        let problems = self.document.into_problems();
        match (platform, hook) {
            (Some(platform), Some(hook)) if !problems.has_errors() => {
                Ok((Project { name, file: file.to_owned(), platform, hook, plugins, run_all, connections, folders, badges }, problems))
            }
            _ => Err(problems),
        }
    }

    fn platform(&mut self, said: Option<Spanned<raw::Platform>>, shape: Option<Spanned<raw::Generic>>) -> Option<Platform> {
        let Some(said) = said else {
            self.document.missing("platform", &(0..0), "write `[platform]` with `kind`, `url`, `project` and `api_key` below it");
            return None;
        };
        let span = said.span();
        let said = said.into_inner();
        let kind = self.kind(said.kind, &span);
        let url = self.platform_url(said.url, kind, &span);
        let project = self.platform_project(said.project, kind, &span);
        let wants_key = kind == Some(PlatformKind::Pybossa);
        if wants_key && said.api_key.is_none() {
            let help = "write `api_key = { env = \"NAME\" }`; the key stands on your profile page of the PYBOSSA server";
            self.document.missing("platform.api_key", &span, help);
        }
        let has_key = said.api_key.is_some();
        let key_span = said.api_key.as_ref().map(Spanned::span).unwrap_or_default();
        let api_key = said.api_key.and_then(|at| self.secret("platform.api_key", &at));
        if let (Some(url), true) = (&url, has_key) {
            self.warn_of_plain_http("platform.url", url, &span);
        }
        let signed = said.signing_token.as_ref().map(Spanned::span).or(said.signing_tokens.as_ref().map(Spanned::span));
        let signing_tokens = self.secrets("platform.signing_token", said.signing_token, said.signing_tokens);
        if let (Some(PlatformKind::Generic), true) = (kind, has_key) {
            let help = "nothing is called there: take the line out";
            self.document.error(&key_span, "`platform.api_key` is for PYBOSSA and Appen alone", Some(help.to_owned()));
        }
        match (kind, signed) {
            (Some(PlatformKind::Generic), Some(at)) => {
                let help = "take the line out; `hook.hmac`, `hook.standard_webhooks` and `hook.header` are how other senders sign";
                self.document.error(&at, "`platform.signing_token` is for Appen alone", Some(help.to_owned()));
            }
            (Some(PlatformKind::Pybossa), Some(at)) => {
                let help = "PYBOSSA signs nothing: take the line out; `hook.token` is what guards its hook";
                self.document.error(&at, "`platform.signing_token` is for Appen alone", Some(help.to_owned()));
            }
            (Some(PlatformKind::Appen), None) if !self.document.was_lost("platform.signing_token") => {
                let help = "write `signing_token = { env = \"NAME\" }` with the secret webhook token of your Appen account";
                self.document.warn(
                    &span,
                    "without `platform.signing_token` nobody checks that posts come from Appen",
                    Some(help.to_owned()),
                );
            }
            _ => {}
        }
        let generic = self.generic(shape, kind);
        let api_key = if has_key { Some(api_key?) } else { None };
        Some(Platform { kind: kind?, url: url?, project: project?, api_key, signing_tokens: signing_tokens?, generic: generic? })
    }

    fn kind(&mut self, said: Key<String>, span: &Range<usize>) -> Option<PlatformKind> {
        let Some(said) = said else {
            let help = "write `kind = \"pybossa\"`, `kind = \"appen\"`, or `kind = \"generic\"` for any other sender of JSON";
            self.document.missing("platform.kind", span, help);
            return None;
        };
        let kind = PlatformKind::from_str(said.get_ref()).ok();
        if kind.is_none() {
            let help = match words::nearest(said.get_ref(), ["pybossa", "appen", "generic"]) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write `pybossa` or `appen`, or `generic` for any other sender of JSON".to_owned(),
            };
            self.document.error(&said.span(), format!("`platform.kind`: `{}` is no platform that is known", said.get_ref()), Some(help));
        }
        kind
    }

    fn platform_url(&mut self, said: Key<String>, kind: Option<PlatformKind>, span: &Range<usize>) -> Option<Url> {
        match (said, kind) {
            (Some(said), _) => web_address(&mut self.document, "platform.url", &said),
            (None, Some(PlatformKind::Appen)) => Url::parse(APPEN_URL).ok(),
            (None, Some(PlatformKind::Pybossa)) => {
                self.document.missing(
                    "platform.url",
                    span,
                    "write the address of the PYBOSSA server: `url = \"https://crowd.example.org\"`",
                );
                None
            }
            (None, Some(PlatformKind::Generic)) => {
                let help = "write where the sender lives; nothing is called there: `url = \"https://labels.example.org\"`";
                self.document.missing("platform.url", span, help);
                None
            }
            (None, None) => None,
        }
    }

    fn platform_project(&mut self, said: Key<raw::Label>, kind: Option<PlatformKind>, span: &Range<usize>) -> Option<String> {
        let Some(said) = said else {
            let help = match kind {
                Some(PlatformKind::Appen) => "write the id of the job: `project = \"1234567\"`",
                Some(PlatformKind::Generic) => "write what the sender calls it: `project = \"birds\"`",
                _ => "write the short name that stands in the project's address: `project = \"birds\"`",
            };
            self.document.missing("platform.project", span, help);
            return None;
        };
        let text = said.get_ref().0.trim();
        let (fits, help) = match kind {
            Some(PlatformKind::Appen) => (
                !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
                "write the id of the job, a number: `project = \"1234567\"`",
            ),
            Some(PlatformKind::Generic) => {
                (!text.is_empty() && !text.contains(char::is_control), "write what the sender calls it: `project = \"birds\"`")
            }
            _ => {
                let stray = |letter: char| letter.is_control() || letter.is_whitespace() || "/?#%\\".contains(letter);
                (
                    !text.is_empty() && !text.contains(stray),
                    "write the short name that stands in the project's address: `project = \"birds\"`",
                )
            }
        };
        if !fits {
            self.document.error(
                &said.span(),
                format!("`platform.project`: {} names no project", words::repeated_address(text)),
                Some(help.to_owned()),
            );
        }
        fits.then(|| text.to_owned())
    }

    /// A warning when a key travels to `url`, which is the value of the key `key`, so that others can read it.
    pub(super) fn warn_of_plain_http(&mut self, key: &str, url: &Url, span: &Range<usize>) {
        let near = match url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_private(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost") || !name.contains('.'),
            None => true,
        };
        if url.scheme() == "http" && !near {
            let help = "write `https://` where the server has it";
            self.document.warn(span, format!("`{key}` is not encrypted: everyone on the way can read the key"), Some(help.to_owned()));
        }
    }
}

/// The names under `folders`, also of those that something is wrong with.
fn names_of(folders: &BTreeMap<Spanned<String>, Spanned<String>>) -> Vec<String> {
    folders.keys().map(|name| name.get_ref().clone()).collect()
}

/// The names under `plugins`, before they are checked.
fn plugin_names(table: &toml::de::DeTable<'_>) -> Vec<String> {
    match table.get("plugins").map(Spanned::get_ref) {
        Some(toml::de::DeValue::Table(plugins)) => plugins.keys().map(|name| name.get_ref().to_string()).collect(),
        _ => Vec::new(),
    }
}
