//! `projects/<name>.toml` → [`Project`]: the checks that need no more than the file and its secrets.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use toml::Spanned;
use url::Url;

use super::document::Document;
use super::host::{Numbers, guest_limits, web_address};
use super::load::{Context, SecretProblem};
use super::problem::Problems;
use super::raw::{self, Key, SecretAt, SecretTable};
use super::settings::{self, Settings};
use super::words;
use super::{Basic, Hook, Platform, Plugin, Project};
use crate::event::{EventKind, PlatformKind};
use crate::id::{ComponentName, PluginName, ProjectName};
use crate::secret::Secret;

/// What a project may grant.
pub(super) const GRANTS: [&str; 8] = ["results", "tasks", "email", "files", "badges", "events", "http.fetch", "http.send"];

/// Where Appen's API is when the file does not say.
const APPEN_URL: &str = "https://api.appen.com/v1";

/// A hook's token is no shorter than this, in characters: 16 of 64 letters are 96 bits.
const TOKEN_CHARS_MIN: usize = 16;

/// A hook's token is no longer than this, in characters: it stands in an address that people paste.
const TOKEN_CHARS_MAX: usize = 200;

const TOKEN_HELP: &str = "make a token with `openssl rand -hex 24`, and put it into a variable or a file of its own";

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
        let platform = self.platform(said.platform);
        let hook = self.hook(said.hook);
        let run_all = said.run_all.is_some_and(Spanned::into_inner);
        let plugins = self.plugins(said.plugins, settings, run_all);
        self.check_results(&plugins, said.results_by_several.is_some_and(Spanned::into_inner));
        let problems = self.document.into_problems();
        match (platform, hook) {
            (Some(platform), Some(hook)) if !problems.has_errors() => {
                Ok((Project { name, file: file.to_owned(), platform, hook, plugins, run_all }, problems))
            }
            _ => Err(problems),
        }
    }

    fn platform(&mut self, said: Option<Spanned<raw::Platform>>) -> Option<Platform> {
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
        let api_key = said.api_key.and_then(|at| self.secret("platform.api_key", &at));
        if let (Some(url), true) = (&url, has_key) {
            self.warn_of_plain_http(url, &span);
        }
        let signed = said.signing_token.as_ref().map(Spanned::span).or(said.signing_tokens.as_ref().map(Spanned::span));
        let signing_tokens = self.secrets("platform.signing_token", said.signing_token, said.signing_tokens);
        match (kind, signed) {
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
        let api_key = if has_key { Some(api_key?) } else { None };
        Some(Platform { kind: kind?, url: url?, project: project?, api_key, signing_tokens: signing_tokens? })
    }

    fn kind(&mut self, said: Key<String>, span: &Range<usize>) -> Option<PlatformKind> {
        let Some(said) = said else {
            self.document.missing("platform.kind", span, "write `kind = \"pybossa\"` or `kind = \"appen\"`");
            return None;
        };
        let kind = PlatformKind::from_str(said.get_ref()).ok();
        if kind.is_none() {
            let help = match words::nearest(said.get_ref(), ["pybossa", "appen"]) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write `pybossa` or `appen`".to_owned(),
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
            (None, None) => None,
        }
    }

    fn platform_project(&mut self, said: Key<raw::Label>, kind: Option<PlatformKind>, span: &Range<usize>) -> Option<String> {
        let Some(said) = said else {
            let help = match kind {
                Some(PlatformKind::Appen) => "write the id of the job: `project = \"1234567\"`",
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
            _ => {
                let stray = |letter: char| letter.is_control() || letter.is_whitespace() || "/?#%\\".contains(letter);
                (
                    !text.is_empty() && !text.contains(stray),
                    "write the short name that stands in the project's address: `project = \"birds\"`",
                )
            }
        };
        if !fits {
            self.document.error(&said.span(), format!("`platform.project`: `{text}` names no project"), Some(help.to_owned()));
        }
        fits.then(|| text.to_owned())
    }

    fn warn_of_plain_http(&mut self, url: &Url, span: &Range<usize>) {
        let near = match url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_private(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost") || !name.contains('.'),
            None => true,
        };
        if url.scheme() == "http" && !near {
            let help = "write `https://` where the server has it";
            self.document.warn(span, "`platform.url` is not encrypted: everyone on the way can read the key", Some(help.to_owned()));
        }
    }

    fn hook(&mut self, said: Option<Spanned<raw::Hook>>) -> Option<Hook> {
        let Some(said) = said else {
            self.document.missing("hook", &(0..0), "write `[hook]` and below it `token = { env = \"NAME\" }`");
            return None;
        };
        let span = said.span();
        let said = said.into_inner();
        let unguarded = said.token.is_none() && said.tokens.is_none() && said.basic.is_none();
        if unguarded && !self.document.was_lost("hook.tokens") && !self.document.was_lost("hook.basic") {
            let help = "write `token = { env = \"NAME\" }`, or everyone who knows the project's name could post events";
            self.document.missing("hook.token", &span, help);
        }
        let at = said.token.as_ref().map(Spanned::span).or(said.tokens.as_ref().map(Spanned::span));
        let tokens = self.secrets("hook.token", said.token, said.tokens);
        for token in tokens.iter().flatten() {
            self.check_token(token, at.as_ref().unwrap_or(&span));
        }
        let has_basic = said.basic.is_some();
        let basic = said.basic.and_then(|basic| self.basic(basic));
        let basic = if has_basic { Some(basic?) } else { None };
        Some(Hook { tokens: tokens?, basic })
    }

    fn check_token(&mut self, token: &Secret, at: &Range<usize>) {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let (length, said) = (token.reveal().chars().count(), token.reveal());
        let why = if !said.bytes().all(fits) {
            "holds characters that cannot stand in an address: use letters, digits, `-` and `_`".to_owned()
        } else if length < TOKEN_CHARS_MIN {
            format!("has {length} characters, and {TOKEN_CHARS_MIN} are the fewest that cannot be guessed")
        } else if length > TOKEN_CHARS_MAX {
            format!("has {length} characters, and no more than {TOKEN_CHARS_MAX} may stand in an address")
        } else {
            return;
        };
        self.document.error(at, format!("`hook.token` {why}"), Some(TOKEN_HELP.to_owned()));
    }

    fn basic(&mut self, said: Spanned<raw::Basic>) -> Option<Basic> {
        let span = said.span();
        let said = said.into_inner();
        match &said.user {
            None => self.document.missing("hook.basic.user", &span, "write `basic = { user = \"name\", password = { env = \"NAME\" } }`"),
            Some(user) if user.get_ref().is_empty() || user.get_ref().contains([':', '\n', '\r']) => {
                let help = "a name in basic authentication is not empty and holds no colon";
                self.document.error(&user.span(), "`hook.basic.user` is no name", Some(help.to_owned()));
            }
            Some(_) => {}
        }
        if said.password.is_none() && said.passwords.is_none() && !self.document.was_lost("hook.basic.passwords") {
            self.document.missing("hook.basic.password", &span, "write `password = { env = \"NAME\" }` beside the user");
        }
        let passwords = self.secrets("hook.basic.password", said.password, said.passwords);
        Some(Basic { user: said.user?.into_inner(), passwords: passwords? })
    }

    /// The secrets of `key`, which stands alone, or with an `s` as a list while they are being changed.
    fn secrets(&mut self, key: &str, one: Key<SecretAt>, several: Key<Vec<Spanned<SecretAt>>>) -> Option<Vec<Secret>> {
        if let (Some(_), Some(several)) = (&one, &several) {
            let help = format!("write one of them; `{key}s = [ … ]` takes the old and the new one while they are being changed");
            self.document.error(&several.span(), format!("`{key}` and `{key}s` are both there"), Some(help));
        }
        if let Some(several) = several.as_ref().filter(|several| several.get_ref().is_empty()) {
            self.document.error(&several.span(), format!("`{key}s` is empty"), Some(format!("write `{key}s = [{{ env = \"NAME\" }}]`")));
        }
        let all: Vec<Spanned<SecretAt>> = one.into_iter().chain(several.map(Spanned::into_inner).into_iter().flatten()).collect();
        // Every one is looked at, so that all that are missing are named at once.
        let found: Vec<Option<Secret>> = all.iter().map(|at| self.secret(key, at)).collect();
        found.into_iter().collect()
    }

    fn secret(&mut self, key: &str, at: &Spanned<SecretAt>) -> Option<Secret> {
        let span = at.span();
        let table = match at.get_ref() {
            SecretAt::Table(table) => table,
            SecretAt::Plain => {
                let help = format!(
                    "write `{{ env = \"NAME\" }}` or `{{ file = \"path\" }}` there; and take another secret, if this file was shared"
                );
                self.document.error(&span, format!("`{key}` is a secret, and secrets never stand in this file"), Some(help));
                return None;
            }
        };
        let found = match table {
            SecretTable { env: Some(name), file: None } => self.context.secret_in_env(name),
            SecretTable { env: None, file: Some(path) } => self.context.secret_in_file(&self.folder.join(path)),
            _ => Err(SecretProblem {
                why: "wants exactly one of `env` and `file`".to_owned(),
                help: "write `{ env = \"NAME\" }` or `{ file = \"path\" }`".to_owned(),
            }),
        };
        match found {
            Ok((secret, warning)) => {
                if let Some(SecretProblem { why, help }) = warning {
                    self.document.warn(&span, format!("`{key}` {why}"), Some(help));
                }
                Some(secret)
            }
            Err(SecretProblem { why, help }) => {
                self.document.error(&span, format!("`{key}` {why}"), Some(help));
                None
            }
        }
    }

    fn plugins(
        &mut self,
        said: std::collections::BTreeMap<Spanned<String>, raw::Plugin>,
        settings: Vec<(String, Settings)>,
        run_all: bool,
    ) -> Vec<Plugin> {
        let mut said: Vec<(Spanned<String>, raw::Plugin)> = said.into_iter().collect();
        said.sort_by_key(|(name, _)| name.span().start);
        let names: BTreeSet<String> = said.iter().map(|(name, _)| name.get_ref().clone()).collect();
        let mut plugins = Vec::new();
        for (name, plugin) in said {
            let senders = if run_all { None } else { Some(&names) };
            let own = settings.iter().find(|(of, _)| of == name.get_ref()).map(|(_, settings)| settings.clone());
            plugins.extend(self.plugin(&name, plugin, own.unwrap_or_default(), senders));
        }
        plugins
    }

    /// A plugin; `senders` are all it can hear from, where that is known.
    fn plugin(
        &mut self,
        name: &Spanned<String>,
        said: raw::Plugin,
        settings: Settings,
        senders: Option<&BTreeSet<String>>,
    ) -> Option<Plugin> {
        let key = format!("plugins.{}", name.get_ref());
        let own = self.name::<PluginName>(&format!("`[{key}]`"), name);
        let component = match &said.component {
            Some(component) => self.name::<ComponentName>(&format!("`{key}.component`"), component),
            None => own.as_ref().and_then(|own| own.as_str().parse().ok()),
        };
        let allow = self.allow(&key, said.allow);
        let on = said.on.map(|on| self.on(&key, on));
        let from = said.from.map(|from| self.from(&key, name.get_ref(), from, senders));
        let above = format!("{key}.limits");
        let limits = guest_limits(&mut Numbers { document: &mut self.document, above: &above }, said.limits, self.context.guest);
        Some(Plugin {
            name: own?,
            component: component?,
            settings: serde_json::Value::Object(settings.json).to_string(),
            allow,
            on,
            from,
            limits: limits?,
            line: self.document.line(name.span().start),
            setting_lines: settings.lines,
        })
    }

    fn name<T: FromStr<Err = crate::id::NameError>>(&mut self, key: &str, said: &Spanned<String>) -> Option<T> {
        match said.get_ref().parse() {
            Ok(name) => Some(name),
            Err(error) => {
                self.document.error(&said.span(), format!("{key}: {error}"), None);
                None
            }
        }
    }

    fn allow(&mut self, key: &str, said: Vec<Spanned<String>>) -> Vec<String> {
        for grant in &said {
            if !GRANTS.contains(&grant.get_ref().as_str()) {
                let help = match words::nearest(grant.get_ref(), GRANTS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("a project may grant {}", words::listed(GRANTS)),
                };
                self.document.error(&grant.span(), format!("`{key}.allow`: there is no `{}` to grant", grant.get_ref()), Some(help));
            }
        }
        said.into_iter().map(Spanned::into_inner).collect()
    }

    fn on(&mut self, key: &str, said: Spanned<Vec<Spanned<String>>>) -> Vec<String> {
        if said.get_ref().is_empty() {
            let help = "take the line out to hear every kind that the plugin wants, or write some: `on = [\"task.completed\"]`";
            self.document.error(&said.span(), format!("`{key}.on` is empty: the plugin would hear nothing"), Some(help.to_owned()));
        }
        for pattern in said.get_ref() {
            if !is_pattern(pattern.get_ref()) {
                let help = "write a kind as `task.completed`, a family as `task.*`, or `*` for all";
                self.document.error(
                    &pattern.span(),
                    format!("`{key}.on`: `{}` is no kind of event", pattern.get_ref()),
                    Some(help.to_owned()),
                );
            }
        }
        said.into_inner().into_iter().map(Spanned::into_inner).collect()
    }

    fn from(&mut self, key: &str, own: &str, said: Spanned<Vec<Spanned<String>>>, senders: Option<&BTreeSet<String>>) -> Vec<PluginName> {
        let mut from = Vec::new();
        for sender in said.into_inner() {
            let text = sender.get_ref();
            if text == own {
                let help = "a plugin never hears what it emits itself; take the name out";
                self.document.error(&sender.span(), format!("`{key}.from` names the plugin itself"), Some(help.to_owned()));
            } else if senders.is_some_and(|senders| !senders.contains(text)) {
                let known = senders.into_iter().flatten().map(String::as_str).filter(|known| *known != own);
                let help = match words::nearest(text, known.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.clone().next().is_none() => "the file has no other plugin; take the line out".to_owned(),
                    None => format!("the other plugins of this file are {}", words::listed(known)),
                };
                self.document.error(&sender.span(), format!("`{key}.from`: there is no plugin `{text}` in this file"), Some(help));
            }
            from.extend(self.name::<PluginName>(&format!("`{key}.from`"), &sender));
        }
        from
    }

    /// Two plugins that save task results overwrite each other's: an error unless said to be meant.
    fn check_results(&mut self, plugins: &[Plugin], meant: bool) {
        let mut saving = plugins.iter().filter(|plugin| plugin.allow.iter().any(|grant| grant == "results"));
        if let (Some(first), Some(second), false) = (saving.next(), saving.next(), meant) {
            let message =
                format!("`plugins.{}` and `plugins.{}` may both save task results, and the later one would win", first.name, second.name);
            let help = "take `results` out of one `allow`, or write `results_by_several = true` at the top of the file if it is meant";
            self.document.error_at_line(second.line, message, Some(help.to_owned()));
        }
    }
}

fn is_pattern(text: &str) -> bool {
    let family = |family: &str| EventKind::from_str(&format!("{family}x")).is_ok();
    match text.strip_suffix('*') {
        Some("") => true,
        Some(rest) => rest.ends_with('.') && family(rest),
        None => EventKind::from_str(text).is_ok(),
    }
}

fn plugin_names(table: &toml::de::DeTable<'_>) -> Vec<String> {
    match table.get("plugins").map(Spanned::get_ref) {
        Some(toml::de::DeValue::Table(plugins)) => plugins.keys().map(|name| name.get_ref().to_string()).collect(),
        _ => Vec::new(),
    }
}
