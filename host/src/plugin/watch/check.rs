//! Everything loaded once, as `serve` would, for what is wrong with it.

use std::collections::BTreeMap;

use super::Sources;
use super::in_use::InUse;
use crate::config::load::Context;
use crate::config::{self, Problem, Problems, Severity};
use crate::plugin::engine::Engine;

/// Loads all components and projects of `host`, and gives every problem and warning. Puts nothing in use, and touches no port
/// and nothing in the data folder.
pub async fn check_all(host: &config::Host, context: &Context, engine: &Engine) -> Problems {
    let mut sources = Sources::new(host.plugins.clone(), host.projects.clone(), context.clone(), engine.clone());
    let (times, in_use) = (super::Times::default(), InUse::default());
    let mut attempts = super::RETRIES;
    loop {
        sources.scan(&times, &in_use).await;
        let mut unsettled = false;
        while let Some(done) = sources.reading.join_next().await {
            if let Ok(done) = done {
                unsettled |= sources.done(done, &times) == super::Noted::Unsettled;
            }
        }
        if !unsettled || attempts == 0 {
            break;
        }
        attempts -= 1;
        tokio::time::sleep(times.settle).await;
    }
    let plan = sources.plan(&in_use, &BTreeMap::new(), times.grace).await;
    let mut problems = Problems::default();
    for (folder, trouble) in [(&host.plugins, &sources.components.trouble), (&host.projects, &sources.projects.trouble)] {
        if let Some(trouble) = trouble {
            problems.push(Problem { severity: Severity::Warning, ..Problem::of_file(folder, trouble.clone(), None) });
        }
    }
    for refused in plan.refused.into_values() {
        problems.append(refused);
    }
    for chosen in plan.projects.into_values() {
        problems.append(chosen.parsed.warnings.clone());
        problems.append(chosen.binding.problems);
    }
    problems
}
