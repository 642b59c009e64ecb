//! Plugins that fail again and again by their own fault are held, so that they take no sandbox from the others, and let go by an
//! operator or by a new version.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tracing::{error, info, warn};

use super::Dispatcher;
use crate::id::{Digest, Scope};
use crate::store::{Quarantine, Run};

/// How often it is looked whether a plugin that is held has a new version.
const LOOK: Duration = Duration::from_secs(1);

/// What a recorded run says of its plugin.
pub(super) enum Fault {
    /// It trapped, or ran into a limit.
    Trapped {
        /// The first line of why.
        why: String,
        component: Option<String>,
        settings: Option<String>,
    },
    /// It came to an end of its own.
    None,
    /// It did not run.
    Unknown,
}

impl Fault {
    pub(super) fn of(run: &Run) -> Self {
        match run.outcome.as_str() {
            "trapped" => Self::Trapped {
                why: run.reason.lines().next().unwrap_or_default().to_owned(),
                component: run.component.clone(),
                settings: run.settings.clone(),
            },
            "ok" | "retry" | "rejected" => Self::None,
            _ => Self::Unknown,
        }
    }
}

/// How many runs of each plugin trapped one after the other. They begin at 0 with the host.
#[derive(Default)]
pub(super) struct Faults(Mutex<HashMap<Scope, u32>>);

impl Faults {
    /// Counts one more, and gives how many there are in a row.
    fn count(&self, scope: &Scope) -> u32 {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = faults.entry(scope.clone()).or_default();
        *count += 1;
        *count
    }

    fn forget(&self, scope: &Scope) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(scope);
    }
}

impl Dispatcher {
    /// Counts what a run said of its plugin, and holds the plugin once that is too much.
    pub(super) async fn count_fault(&self, scope: &Scope, fault: Fault) {
        let (why, component, settings) = match fault {
            Fault::Unknown => return,
            Fault::None => return self.faults.forget(scope),
            Fault::Trapped { why, component, settings } => (why, component, settings),
        };
        let faults = self.faults.count(scope);
        if self.limits.quarantine_after == 0 || faults < self.limits.quarantine_after {
            return;
        }
        // Whoever lets it go on lets it begin anew.
        self.faults.forget(scope);
        let reason = format!("it failed {faults} times in a row, at last: {why}");
        let held = Quarantine { scope: scope.clone(), since: self.clock.now(), component, settings, reason };
        match self.store.quarantine(&held).await {
            Ok(()) => warn!(
                plugin = %scope,
                "`{scope}` is held: {}\nhelp: its events wait; mend it, or let it go on with `crowdhook plugin release {scope}`", held.reason
            ),
            Err(error) => error!(plugin = %scope, %error, "`{scope}` could not be held"),
        }
    }

    /// Lets plugins go on whose component or settings are others than those that failed; runs until it is dropped.
    pub(super) async fn release_changed(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            // What cannot be read now is read a second later.
            let Ok(all) = self.store.quarantined().await else { continue };
            for held in all {
                if !self.has_changed(&held) {
                    continue;
                }
                let scope = &held.scope;
                match self.store.release(scope).await {
                    Ok(_) => info!(plugin = %scope, "`{scope}` goes on with what is new of it"),
                    Err(error) => error!(plugin = %scope, %error, "`{scope}` could not be let go on"),
                }
            }
        }
    }

    fn has_changed(&self, held: &Quarantine) -> bool {
        let project = self.registry.project(held.scope.project.as_str());
        let Some(bound) = project.as_ref().and_then(|project| project.plugin(&held.scope.plugin)) else { return false };
        // Without a component there is nothing to go on with.
        let Some(component) = &bound.component else { return false };
        let settings = Digest::of(bound.config.settings.as_bytes()).short();
        held.component != Some(component.digest.to_string()) || held.settings != Some(settings)
    }
}
