//! Everything loaded once, as `serve` would, for what is wrong with it.

use std::collections::BTreeMap;

use super::Times;
use super::in_use::InUse;
use super::sources::Sources;
use crate::config::load::Context;
use crate::config::{self, Problem, Problems, Severity};
use crate::plugin::engine::Engine;

/// Loads all components and projects of `host`, and gives every problem and warning. Puts nothing in use, and touches no port
/// and nothing in the data folder.
pub async fn check_all(host: &config::Host, context: &Context, engine: &Engine) -> Problems {
    let mut sources = Sources::new(host.plugins.clone(), host.projects.clone(), context.clone(), engine.clone());
    let (times, in_use) = (Times::default(), InUse::default());
    sources.load_all(&times, &in_use).await;
    let plan = sources.plan(&in_use, &BTreeMap::new(), times.grace).await;
    let mut problems = Problems::default();
    for (folder, trouble) in [(&host.plugins, &sources.components.trouble), (&host.projects, &sources.projects.trouble)] {
        if let Some(trouble) = trouble {
            problems.push(Problem { severity: Severity::Warning, ..Problem::of_file(folder, trouble.clone(), None) });
        }
    }
    let unread = sources.components.unread().chain(sources.projects.unread());
    problems.append(unread.fold(Problems::default(), |mut all, path| {
        all.push(Problem::of_file(path, "it changes all the time, so it was not read", Some("look again when it holds still".to_owned())));
        all
    }));
    for refused in plan.refused.into_values() {
        problems.append(refused);
    }
    for chosen in plan.projects.into_values() {
        problems.append(chosen.parsed.warnings.clone());
        problems.append(chosen.binding.problems);
    }
    problems
}
