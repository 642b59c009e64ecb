//! What is to be in use next, given what the files hold and what is in use now. Decides; changes nothing.
//!
//! A file's new content replaces the old one when everything that depends on it agrees. New components and new project files
//! are judged together, so that a component and the settings it newly wants may be dropped in in any order.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::content::{Content, Parsed};
use super::tracked::Files;
use crate::config::{GuestLimits, Problem, Problems};
use crate::id::{ComponentName, ProjectName};
use crate::plugin::bind::{self, Binding, Checks, Offer};
use crate::plugin::load::Component;

/// No more projects than this are named when they refuse a component.
const PROJECTS_NAMED: usize = 5;

/// A component and the file it comes from.
#[derive(Clone)]
pub(super) struct Offered {
    pub(super) component: Arc<Component>,
    pub(super) file: PathBuf,
    /// Since when no file offers it any more.
    pub(super) orphaned: Option<Instant>,
}

/// A project file's content and its plugins' components.
pub(super) struct Chosen {
    pub(super) parsed: Arc<Parsed>,
    pub(super) binding: Binding,
}

/// What planning looks at.
pub(super) struct View<'v> {
    pub(super) components: &'v Files<Content<Arc<Component>>>,
    pub(super) projects: &'v Files<Content<Arc<Parsed>>>,
    /// What is in use.
    pub(super) components_in_use: BTreeMap<ComponentName, Offered>,
    /// What is in use, or at a cold start what was last good.
    pub(super) projects_in_use: BTreeMap<ProjectName, Arc<Parsed>>,
    pub(super) guest: GuestLimits,
    pub(super) now: Instant,
    pub(super) grace: Duration,
}

/// What is to be in use.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) components: BTreeMap<ComponentName, Offered>,
    pub(super) projects: BTreeMap<ProjectName, Chosen>,
    /// The files whose content is not in use, or not to the full, and why.
    pub(super) refused: BTreeMap<PathBuf, Problems>,
}

/// Who says no.
enum Objection {
    /// Projects in use cannot run the new version of this component.
    Component { before: Offered, by: Vec<(ProjectName, Problems)> },
    /// Another project stands for the same project of the platform.
    Project(ProjectName, Problem),
}

/// The projects that may not have what their files say now, and why; of those, the ones that may not have what was in use either.
#[derive(Default)]
struct Barred {
    new: BTreeMap<ProjectName, Problem>,
    old_too: BTreeSet<ProjectName>,
}

impl Barred {
    fn again(&mut self, name: ProjectName, problem: Problem) {
        if self.new.insert(name.clone(), problem).is_some() {
            self.old_too.insert(name);
        }
    }
}

/// Decides.
pub(super) async fn plan(view: &View<'_>, checks: &mut Checks) -> Plan {
    let mut plan = Plan::default();
    view.note_unusable(&mut plan.refused);
    plan.components = view.offers(&mut plan.refused);
    let mut barred = Barred::default();
    // Each turn either ends this or takes back one new component or one new project, so it ends.
    loop {
        let (chosen, refused, objection) = view.choose(&plan.components, &barred, checks).await;
        match objection.or_else(|| view.clash(&chosen)) {
            None => {
                // That a file does not parse says more than what came of it.
                let unusable = std::mem::replace(&mut plan.refused, refused);
                plan.refused.extend(unusable);
                plan.projects = chosen;
                return plan;
            }
            Some(Objection::Project(name, problem)) => {
                barred.again(name, problem);
            }
            Some(Objection::Component { before, by }) => {
                if let Some(after) = plan.components.insert(before.component.name.clone(), before.clone()) {
                    plan.refused.insert(after.file.clone(), refusal(&after, &before, &by).into());
                }
            }
        }
    }
}

fn refusal(after: &Offered, before: &Offered, by: &[(ProjectName, Problems)]) -> Problem {
    let name = &after.component.name;
    let (new, old) = (&after.component.description.version, &before.component.description.version);
    let names: Vec<String> = by.iter().take(PROJECTS_NAMED).map(|(project, _)| format!("`{project}`")).collect();
    let more = if by.len() > PROJECTS_NAMED { format!(" and {} more", by.len() - PROJECTS_NAMED) } else { String::new() };
    let why: String = by.iter().take(PROJECTS_NAMED).map(|(_, problems)| format!("\n{problems}")).collect();
    let message = format!(
        "component `{name}` {new} does not suit project {}{more}, so {old} ({}) stays in use{why}",
        names.join(", "),
        before.component.digest.short()
    );
    Problem::of_file(&after.file, message, None)
}

impl View<'_> {
    fn note_unusable(&self, refused: &mut BTreeMap<PathBuf, Problems>) {
        let components = self.components.present().filter_map(|(path, content)| Some((path, content.holds.as_ref().err()?)));
        let projects = self.projects.present().filter_map(|(path, content)| Some((path, content.holds.as_ref().err()?)));
        refused.extend(components.chain(projects).map(|(path, problems)| (path.to_owned(), problems.clone())));
    }

    /// Which file offers which component. A name belongs to the file that offered it first; it passes on when that file
    /// goes or offers another name, and is kept for the grace time when no file takes it.
    fn offers(&self, refused: &mut BTreeMap<PathBuf, Problems>) -> BTreeMap<ComponentName, Offered> {
        let mut offers: BTreeMap<ComponentName, Offered> = BTreeMap::new();
        let mut orphans = Vec::new();
        for (name, before) in &self.components_in_use {
            match self.components.files.get(&before.file).filter(|file| file.gone_since.is_none()) {
                Some(file) => match file.latest.as_ref().map(|content| &content.holds) {
                    Some(Ok(component)) if component.name == *name => {
                        let component = Arc::clone(component);
                        offers.insert(name.clone(), Offered { component, file: before.file.clone(), orphaned: None });
                    }
                    Some(Ok(_)) => orphans.push((name, before, None)),
                    Some(Err(_)) | None => {
                        offers.insert(name.clone(), Offered { orphaned: None, ..before.clone() });
                    }
                },
                None => orphans.push((name, before, self.components.files.get(&before.file).and_then(|file| file.gone_since))),
            }
        }
        for (path, content) in self.components.present() {
            let Ok(component) = &content.holds else { continue };
            match offers.entry(component.name.clone()) {
                Entry::Vacant(vacant) => {
                    vacant.insert(Offered { component: Arc::clone(component), file: path.to_owned(), orphaned: None });
                }
                Entry::Occupied(first) if first.get().file != path => {
                    refused.insert(path.to_owned(), twice(path, &component.name, &first.get().file).into());
                }
                Entry::Occupied(_) => {}
            }
        }
        for (name, before, gone_since) in orphans {
            let since = before.orphaned.or(gone_since).unwrap_or(self.now);
            if !offers.contains_key(name) && self.now.duration_since(since) < self.grace {
                offers.insert(name.clone(), Offered { orphaned: Some(since), ..before.clone() });
            }
        }
        offers
    }

    /// For each project what its file says now, if that will do, else what is in use.
    async fn choose(
        &self,
        offered: &BTreeMap<ComponentName, Offered>,
        barred: &Barred,
        checks: &mut Checks,
    ) -> (BTreeMap<ProjectName, Chosen>, BTreeMap<PathBuf, Problems>, Option<Objection>) {
        let components = offered.iter().map(|(name, offered)| (name.clone(), Arc::clone(&offered.component))).collect();
        let offer = Offer { components: &components, folder: &self.components.folder, guest: self.guest };
        let (mut chosen, mut refused) = (BTreeMap::new(), BTreeMap::new());
        let mut objections: BTreeMap<ComponentName, Vec<(ProjectName, Problems)>> = BTreeMap::new();
        for (path, file) in &self.projects.files {
            let latest = file.latest.as_ref().and_then(|content| content.holds.as_ref().ok());
            let Some(name) = latest.map(|parsed| parsed.config.name.clone()).or_else(|| name_of(path)) else { continue };
            if let Some(new) = latest {
                if let Some(problem) = barred.new.get(&name) {
                    refused.insert(path.clone(), problem.clone().into());
                } else {
                    let binding = bind::bind(&new.config, &offer, checks).await;
                    if !binding.problems.has_errors() {
                        chosen.insert(name, Chosen { parsed: Arc::clone(new), binding });
                        continue;
                    }
                    refused.insert(path.clone(), binding.problems);
                }
            }
            let Some(old) = self.projects_in_use.get(&name).filter(|_| !barred.old_too.contains(&name)) else { continue };
            let binding = bind::bind(&old.config, &offer, checks).await;
            if binding.problems.has_errors() {
                for component in binding.blamed.iter().filter(|component| self.is_replaced(component, offered)) {
                    objections.entry(component.clone()).or_default().push((name.clone(), binding.problems.clone()));
                }
                refused.entry(path.clone()).or_insert_with(|| binding.problems.clone());
            }
            chosen.insert(name, Chosen { parsed: Arc::clone(old), binding });
        }
        let objection = objections
            .into_iter()
            .find_map(|(name, by)| Some(Objection::Component { before: self.components_in_use.get(&name)?.clone(), by }));
        (chosen, refused, objection)
    }

    fn is_replaced(&self, name: &ComponentName, offered: &BTreeMap<ComponentName, Offered>) -> bool {
        let digest = |all: &BTreeMap<ComponentName, Offered>| all.get(name).map(|offered| offered.component.digest);
        digest(&self.components_in_use).is_some_and(|before| digest(offered) != Some(before))
    }

    /// Two projects that stand for one project of a platform: the one that has it stays.
    fn clash(&self, chosen: &BTreeMap<ProjectName, Chosen>) -> Option<Objection> {
        let mut holders: BTreeMap<(String, String), &ProjectName> = BTreeMap::new();
        for (name, project) in chosen {
            let place = place(&project.parsed);
            let Some(other) = holders.insert(place.clone(), name) else { continue };
            let holds = |name: &ProjectName| self.projects_in_use.get(name).is_some_and(|old| place == self::place(old));
            let (first, second) = if holds(name) && !holds(other) { (name, other) } else { (other, name) };
            let (first, second_file) = (chosen.get(first)?, &chosen.get(second)?.parsed.config.file);
            let platform = &first.parsed.config.platform;
            let message = format!(
                "it stands for the same project `{}` on {} as `{}`, which was loaded first",
                platform.project,
                platform.url,
                first.parsed.config.file.display()
            );
            let help = "a platform's project has one hook: put the plugins of both into one file, and take the other away";
            return Some(Objection::Project(second.clone(), Problem::of_file(second_file, message, Some(help.to_owned()))));
        }
        None
    }
}

fn place(parsed: &Parsed) -> (String, String) {
    let platform = &parsed.config.platform;
    (platform.url.as_str().trim_end_matches('/').to_owned(), platform.project.clone())
}

/// The project's name, for a file that does not parse.
pub(super) fn name_of(path: &Path) -> Option<ProjectName> {
    crate::config::load::project_name(path).ok()
}

fn twice(path: &Path, name: &ComponentName, first: &Path) -> Problem {
    let message = format!("it says that it is component `{name}`, as does `{}`, which was loaded first", first.display());
    let help = "take one of the two files out of the folder, or give one of them another name in its `describe`";
    Problem::of_file(path, message, Some(help.to_owned()))
}
