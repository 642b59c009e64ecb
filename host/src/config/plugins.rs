//! The plugins of a project: what each runs, hears, may do and is told.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use toml::Spanned;

use super::host::{Numbers, guest_limits};
use super::project::Check;
use super::raw;
use super::settings::Settings;
use super::words;
use super::{GRANTS, MayWriteTo, Plugin};
use crate::event::EventKind;
use crate::id::{ComponentName, NameError, PluginName, ProjectName};

/// What a file has besides its plugins, which they may be granted.
pub(super) struct There<'p> {
    /// The names of its connections to web services, also of those that something is wrong with.
    pub(super) web_services: &'p [String],
    /// The names of its connections to mail servers, of which it should have one at most.
    pub(super) mail_services: &'p [String],
    /// The names of its folders, also of those that something is wrong with.
    pub(super) folders: &'p [String],
    /// The project's own name.
    pub(super) own: &'p ProjectName,
}

impl Check<'_, '_> {
    pub(super) fn plugins(
        &mut self,
        said: BTreeMap<Spanned<String>, raw::Plugin>,
        settings: Vec<(String, Settings)>,
        run_all: bool,
        there: &There<'_>,
    ) -> Vec<Plugin> {
        let mut said: Vec<(Spanned<String>, raw::Plugin)> = said.into_iter().collect();
        said.sort_by_key(|(name, _)| name.span().start);
        let names: BTreeSet<String> = said.iter().map(|(name, _)| name.get_ref().clone()).collect();
        let mut plugins = Vec::new();
        for (name, plugin) in said {
            let senders = if run_all { None } else { Some(&names) };
            let own = settings.iter().find(|(of, _)| of == name.get_ref()).map(|(_, settings)| settings.clone());
            plugins.extend(self.plugin(&name, plugin, own.unwrap_or_default(), (senders, there)));
        }
        plugins
    }

    /// A plugin; `senders` are all it can hear from, where that is known, and `there` is what it can be granted.
    fn plugin(
        &mut self,
        name: &Spanned<String>,
        said: raw::Plugin,
        settings: Settings,
        (senders, there): (Option<&BTreeSet<String>>, &There<'_>),
    ) -> Option<Plugin> {
        let key = format!("plugins.{}", name.get_ref());
        let own = self.name::<PluginName>(&format!("`[{key}]`"), name);
        let component = match &said.component {
            Some(component) => self.name::<ComponentName>(&format!("`{key}.component`"), component),
            None => own.as_ref().and_then(|own| own.as_str().parse().ok()),
        };
        self.check_ways(&key, &said, there);
        let allow = self.allow(&key, said.allow);
        let connections = there.web_services.iter().map(String::as_str).collect::<Vec<_>>();
        let named = self.without_mail(&key, said.connections, there);
        let connections = self.granted(&format!("{key}.connections"), named, "connections", &connections);
        let folders = there.folders.iter().map(String::as_str).collect::<Vec<_>>();
        let folders = self.granted(&format!("{key}.folders"), said.folders, "folders", &folders);
        let projects = self.projects(&key, said.projects, there.own);
        let recipients = said.recipients.map(|recipients| self.recipients(&key, recipients));
        let on = said.on.map(|on| self.on(&key, on));
        let from = said.from.map(|from| self.from(&key, name.get_ref(), from, senders));
        let above = format!("{key}.limits");
        let limits = guest_limits(&mut Numbers { document: &mut self.document, above: &above }, said.limits, self.context.guest);
        Some(Plugin {
            name: own?,
            component: component?,
            settings: serde_json::Value::Object(settings.json).to_string(),
            allow,
            connections,
            folders,
            projects,
            recipients,
            on,
            from,
            limits: limits?,
            line: self.document.line(name.span().start),
            setting_lines: settings.lines,
        })
    }

    pub(super) fn name<T: FromStr<Err = NameError>>(&mut self, key: &str, said: &Spanned<String>) -> Option<T> {
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

    /// The connections that a plugin names, less those to mail servers, which none has to name.
    fn without_mail(&mut self, key: &str, said: Vec<Spanned<String>>, there: &There<'_>) -> Vec<Spanned<String>> {
        let (mails, others): (Vec<_>, Vec<_>) = said.into_iter().partition(|name| there.mail_services.contains(name.get_ref()));
        for name in mails {
            let help = "take it out: with `email` in `allow` a plugin may use it, without `email` it may not";
            self.document.error(
                &name.span(),
                format!("`{key}.connections`: `{}` is a mail connection", name.get_ref()),
                Some(help.to_owned()),
            );
        }
        others
    }

    /// What is granted leads somewhere: e-mail to a mail connection, files into a folder.
    fn check_ways(&mut self, key: &str, said: &raw::Plugin, there: &There<'_>) {
        let grant = |word: &str| said.allow.iter().find(|grant| grant.get_ref() == word).map(Spanned::span);
        if let Some(at) = grant("email").filter(|_| there.mail_services.is_empty() && !self.document.was_hurt("connections")) {
            let help = "write `[connections.mail]` and below it `kind = \"smtp\"`, `host = \"smtp.example.org\"`, `user = \"name\"`, `password = { \
                        env = \"NAME\" }` and `from = \"Birds <birds@example.org>\"`; or, to keep mails in a folder for a try, `kind = \"smtp\"`, \
                        `folder = \"../mail\"` and `from`";
            self.document.error(&at, format!("`{key}.allow` grants `email`, and the file has no mail connection"), Some(help.to_owned()));
        }
        let no_folder = said.folders.is_empty() && !self.document.was_lost(&format!("{key}.folders"));
        if let Some(at) = grant("files").filter(|_| no_folder) {
            let help = match there.folders.first() {
                Some(folder) => format!("add `folders = [\"{folder}\"]` below `[{key}]`"),
                None => format!("write `[folders]` and below it `results = \"../results\"`, and `folders = [\"results\"]` below `[{key}]`"),
            };
            self.document.error(&at, format!("`{key}.allow` grants `files`, and `{key}.folders` names no folder"), Some(help));
        }
    }

    /// Names of what stands below `[<table>]` of the file.
    fn granted(&mut self, key: &str, said: Vec<Spanned<String>>, table: &str, there: &[&str]) -> Vec<String> {
        for name in &said {
            let is_lost = self.document.was_lost(&format!("{table}.{}", name.get_ref()));
            if !is_lost && !there.contains(&name.get_ref().as_str()) {
                let help = match words::nearest(name.get_ref(), there.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if there.is_empty() && table == "folders" => {
                        format!("the file has none: write `[folders]` and below it `{} = \"<path>\"`, or take the name out", name.get_ref())
                    }
                    None if there.is_empty() => format!("the file has none: write `[{table}.{}]`, or take the name out", name.get_ref()),
                    None => format!("those of this file are {}", words::listed(there.iter().copied())),
                };
                let one = table.trim_end_matches('s');
                self.document.error(&name.span(), format!("`{key}`: there is no {one} `{}` in this file", name.get_ref()), Some(help));
            }
        }
        said.into_iter().map(Spanned::into_inner).collect()
    }

    fn projects(&mut self, key: &str, said: Vec<Spanned<String>>, own: &ProjectName) -> Vec<ProjectName> {
        let mut projects = Vec::new();
        for name in &said {
            let project = self.name::<ProjectName>(&format!("`{key}.projects`"), name);
            if project.as_ref() == Some(own) {
                let help = "a plugin may create tasks in its own project without this; take the name out";
                self.document.error(&name.span(), format!("`{key}.projects` names this project itself"), Some(help.to_owned()));
            }
            projects.extend(project);
        }
        projects
    }

    fn recipients(&mut self, key: &str, said: Spanned<Vec<Spanned<String>>>) -> Vec<MayWriteTo> {
        let mut recipients = Vec::new();
        for name in said.get_ref() {
            let one = may_write_to(name.get_ref());
            if one.is_none() {
                let help = "write an address (`ann@example.org`), all addresses of a domain (`*@example.org`), or `workers`";
                self.document.error(&name.span(), format!("`{key}.recipients`: `{}` is nobody", name.get_ref()), Some(help.to_owned()));
            }
            recipients.extend(one);
        }
        if said.get_ref().is_empty() {
            let help = "name some, or take the line out to let it write to anybody";
            self.document.error(
                &said.span(),
                format!("`{key}.recipients` is empty: the plugin could write to nobody"),
                Some(help.to_owned()),
            );
        }
        recipients
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
    pub(super) fn check_results(&mut self, plugins: &[Plugin], meant: bool) {
        let mut saving = plugins.iter().filter(|plugin| plugin.allow.iter().any(|grant| grant == "results"));
        if let (Some(first), Some(second), false) = (saving.next(), saving.next(), meant) {
            let message =
                format!("`plugins.{}` and `plugins.{}` may both save task results, and the later one would win", first.name, second.name);
            let help = "take `results` out of one `allow`, or write `results_by_several = true` at the top of the file if it is meant";
            self.document.error_at_line(second.line, message, Some(help.to_owned()));
        }
    }
}

/// Whom a line of `recipients` names; none when it names nobody.
pub(crate) fn may_write_to(text: &str) -> Option<MayWriteTo> {
    if text == "workers" {
        return Some(MayWriteTo::Workers);
    }
    let (user, domain) = text.rsplit_once('@')?;
    let plain = |part: &str| {
        !part.is_empty() && !part.contains(|letter: char| letter.is_whitespace() || letter.is_control() || "<>,;\"".contains(letter))
    };
    match user {
        "*" if plain(domain) => Some(MayWriteTo::Domain(domain.to_lowercase())),
        user if plain(user) && plain(domain) && !user.contains('*') => Some(MayWriteTo::Address(text.to_lowercase())),
        _ => None,
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
