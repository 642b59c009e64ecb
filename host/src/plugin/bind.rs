//! A project's plugins and the components they run: which is which, and whether they suit each other. Reads no file and
//! changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::imports::EFFECTS_BUILT;
use super::load::{self, Component};
use super::registry::Bound;
use crate::config::{self, GuestLimits, Problem, Problems, Severity};
use crate::id::{ComponentName, Digest};

mod grants;

/// No more names than this are listed to help with a name that is wrong.
const NAMES_LISTED: usize = 12;

/// What a project is bound to.
pub(super) struct Offer<'o> {
    /// The components there are.
    pub(super) components: &'o BTreeMap<ComponentName, Arc<Component>>,
    /// Where they lie, for messages.
    pub(super) folder: &'o Path,
    /// The limits of plugins that `run_all` makes.
    pub(super) guest: GuestLimits,
}

/// A project's plugins with their components.
pub(super) struct Binding {
    /// Each plugin; without a component when there is none, or when the two do not suit each other.
    pub(super) bound: Vec<Bound>,
    /// What does not suit, as errors; what is missing, as warnings.
    pub(super) problems: Problems,
    /// The components that errors are about.
    pub(super) blamed: BTreeSet<ComponentName>,
}

/// What plugins said about settings, so that the same question is asked once. Objections are not kept: what failed for want of
/// time passes when it is asked again.
#[derive(Default)]
pub(super) struct Checks {
    passed: HashMap<(Digest, Digest), bool>,
}

impl Checks {
    async fn problems(&mut self, component: &Component, settings: &str) -> Vec<load::Problem> {
        let key = (component.digest, Digest::of(settings.as_bytes()));
        if let Some(used) = self.passed.get_mut(&key) {
            *used = true;
            return Vec::new();
        }
        let problems = component.check_settings(settings).await;
        if problems.is_empty() {
            self.passed.insert(key, true);
        }
        problems
    }

    /// Forgets what was not asked since this was last called.
    pub(super) fn forget_unused(&mut self) {
        self.passed.retain(|_, used| std::mem::replace(used, false));
    }
}

/// Gives each plugin of `project` its component.
pub(super) async fn bind(project: &config::Project, offer: &Offer<'_>, checks: &mut Checks) -> Binding {
    let mut binding = Binding { bound: Vec::new(), problems: grants::addresses(project), blamed: BTreeSet::new() };
    for plugin in &project.plugins {
        binding.problems.append(grants::unusable(project, plugin));
        let component = match offer.components.get(&plugin.component) {
            None => {
                binding.problems.push(missing(project, plugin, offer));
                None
            }
            Some(component) => {
                let problems = misfits(project, plugin, component, checks).await;
                let fits = problems.is_empty();
                if !fits {
                    binding.blamed.insert(component.name.clone());
                }
                binding.problems.append(problems);
                fits.then(|| Arc::clone(component))
            }
        };
        binding.bound.push(Bound { config: Arc::new(plugin.clone()), component });
    }
    if project.run_all {
        bind_others(project, offer, checks, &mut binding).await;
    }
    binding
}

fn at_line(project: &config::Project, line: usize, message: String, help: String) -> Problem {
    Problem { line, ..Problem::of_file(&project.file, message, Some(help)) }
}

fn missing(project: &config::Project, plugin: &config::Plugin, offer: &Offer<'_>) -> Problem {
    let message = format!("plugin `{}` waits: there is no component `{}` in `{}`", plugin.name, plugin.component, offer.folder.display());
    let names: Vec<String> = offer.components.keys().take(NAMES_LISTED).map(|name| format!("`{name}`")).collect();
    let there = if names.is_empty() { "none is there yet".to_owned() } else { format!("these are there: {}", names.join(", ")) };
    let help = format!("drop its `.wasm` file into that folder, its events wait until then; {there}");
    Problem { severity: Severity::Warning, ..at_line(project, plugin.line, message, help) }
}

fn is_built(effect: &str) -> bool {
    EFFECTS_BUILT.contains(&effect)
}

fn built() -> String {
    EFFECTS_BUILT.iter().map(|effect| format!("`{effect}`")).collect::<Vec<_>>().join(", ")
}

/// Why a plugin cannot run this component: what it needs, then its settings.
async fn misfits(project: &config::Project, plugin: &config::Plugin, component: &Component, checks: &mut Checks) -> Problems {
    let mut problems = needs_problems(project, plugin, component);
    problems.append(grants::named_in_settings(project, plugin, &component.description.settings_schema));
    for problem in checks.problems(component, &plugin.settings).await {
        let line = project.line_of(&plugin.name, &problem.at);
        let key = setting_key(plugin, &problem.at);
        let help = format!("`crowdhook plugin inspect {}` lists the settings of this component", component.name);
        problems.push(at_line(project, line, format!("`{key}`: {}", problem.message), help));
    }
    problems
}

fn needs_problems(project: &config::Project, plugin: &config::Plugin, component: &Component) -> Problems {
    let mut problems = Problems::default();
    let needs = &component.description.needs;
    for effect in needs.iter().filter(|effect| !is_built(effect)) {
        let message = format!("plugin `{}` needs `{effect}`, which this host does not do yet", plugin.name);
        let help = format!("run another component in its place, or a newer host; this host does {}", built());
        problems.push(at_line(project, plugin.line, message, help));
    }
    let ungranted: Vec<&String> = needs.iter().filter(|effect| is_built(effect) && !plugin.allow.contains(effect)).collect();
    if !ungranted.is_empty() {
        let list = |quote: &str| ungranted.iter().map(|effect| format!("{quote}{effect}{quote}")).collect::<Vec<_>>().join(", ");
        let message = format!("plugin `{}` needs {}, which this file does not grant to it", plugin.name, list("`"));
        let help = format!("add `{}` to `allow` below `[plugins.{}]`", list("\""), plugin.name);
        problems.push(at_line(project, plugin.line, message, help));
    }
    problems
}

/// The key of a setting as one writes it: `plugins.vote.settings.quorum` for `/quorum`.
fn setting_key(plugin: &config::Plugin, pointer: &str) -> String {
    pointer.split('/').skip(1).fold(format!("plugins.{}.settings", plugin.name), |mut key, part| {
        key.push('.');
        key.push_str(&part.replace("~1", "/").replace("~0", "~"));
        key
    })
}

/// `run_all`: each component that no plugin of the file runs, under its own name, with no settings and no grants.
async fn bind_others(project: &config::Project, offer: &Offer<'_>, checks: &mut Checks, binding: &mut Binding) {
    for component in offer.components.values() {
        if project.plugins.iter().any(|plugin| plugin.component == component.name) {
            continue;
        }
        let Ok(name) = component.name.as_str().parse() else { continue };
        let plugin = config::Plugin {
            name,
            component: component.name.clone(),
            settings: "{}".to_owned(),
            allow: Vec::new(),
            connections: Vec::new(),
            folders: Vec::new(),
            projects: Vec::new(),
            recipients: None,
            on: None,
            from: None,
            limits: offer.guest,
            line: 0,
            setting_lines: Vec::new(),
        };
        let why = if project.plugins.iter().any(|other| other.name == plugin.name) {
            Some("its name is that of another plugin of this file".to_owned())
        } else if component.description.needs.is_empty() {
            let misfits = checks.problems(component, "{}").await;
            misfits.first().map(|problem| format!("it wants settings: {}", problem.message))
        } else {
            Some(format!("it needs {}", component.description.needs.iter().map(|need| format!("`{need}`")).collect::<Vec<_>>().join(", ")))
        };
        if let Some(why) = why {
            let message = format!("`run_all` leaves component `{}` out: {why}", component.name);
            let help = format!("write `[plugins.{}]` with what it wants", component.name);
            binding.problems.push(Problem { severity: Severity::Warning, ..Problem::of_file(&project.file, message, Some(help)) });
        } else {
            binding.bound.push(Bound { config: Arc::new(plugin), component: Some(Arc::clone(component)) });
        }
    }
}
