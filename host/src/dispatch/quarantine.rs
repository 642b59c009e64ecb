//! Plugins that fail again and again by their own fault are held, so that they take no sandbox from the others, and let go by an
//! operator or by a new version.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tracing::{error, info, warn};

use super::Dispatcher;
use crate::id::{Digest, Scope};
use crate::plugin::call::Ended;
use crate::store::{Quarantine, Run};

/// How often it is looked whether a plugin that is held has a new version.
const LOOK: Duration = Duration::from_secs(1);

/// A recorded run that trapped, or ran into a limit.
pub(super) struct Fault {
    /// The first line of why.
    why: String,
    component: Option<String>,
    settings: Option<String>,
}

impl Fault {
    /// None where the plugin is not to blame.
    pub(super) fn of(run: &Run) -> Option<Self> {
        (run.outcome == "trapped").then(|| Self {
            why: run.reason.lines().next().unwrap_or_default().to_owned(),
            component: run.component.clone(),
            settings: run.settings.clone(),
        })
    }
}

/// How many runs of each plugin trapped one after the other, from 0 with the host's start on, and which plugins are held.
#[derive(Default)]
pub(super) struct Faults {
    in_a_row: Mutex<HashMap<Scope, u32>>,
    held: Mutex<HashSet<Scope>>,
}

impl Faults {
    /// Counts how a run ended, and holds the plugin after so many faults in a row; 0 for never.
    pub(super) fn note(&self, scope: &Scope, ended: &Ended, quarantine_after: u32) {
        let mut in_a_row = self.in_a_row.lock().unwrap_or_else(PoisonError::into_inner);
        match ended {
            Ended::Trapped(_) => {
                let count = in_a_row.entry(scope.clone()).or_default();
                *count = count.saturating_add(1);
                if quarantine_after > 0 && *count >= quarantine_after {
                    self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(scope.clone());
                }
            }
            Ended::Ok(_) | Ended::Retry(_) | Ended::Rejected(_) => drop(in_a_row.remove(scope)),
            Ended::Parked { .. } => {}
        }
    }

    /// How many faults in a row there were, once these are enough. Whoever lets the plugin go on lets it begin anew.
    fn take(&self, scope: &Scope, quarantine_after: u32) -> Option<u32> {
        let mut in_a_row = self.in_a_row.lock().unwrap_or_else(PoisonError::into_inner);
        let is_enough = quarantine_after > 0 && in_a_row.get(scope).is_some_and(|count| *count >= quarantine_after);
        if is_enough { in_a_row.remove(scope) } else { None }
    }

    /// Whether it is held: what was claimed of it before does not run either.
    pub(super) fn holds(&self, scope: &Scope) -> bool {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).contains(scope)
    }

    fn hold_only(&self, scopes: HashSet<Scope>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = scopes;
    }
}

impl Dispatcher {
    /// Holds a plugin after a recorded fault that was one too many.
    pub(super) async fn hold_faulty(&self, scope: &Scope, fault: Option<Fault>) {
        let Some(Fault { why, component, settings }) = fault else { return };
        let Some(faults) = self.faults.take(scope, self.limits.quarantine_after) else { return };
        let reason = format!("it failed {faults} times in a row, at last: {why}");
        let held = Quarantine { scope: scope.clone(), since: self.clock.now(), component, settings, reason };
        match self.store.quarantine(&held).await {
            Ok(()) => warn!(
                project = %scope.project, plugin = %scope.plugin,
                "`{scope}` is held: {}\nhelp: its events wait; mend it, or let it go on with `crowdhook plugin release {scope}`", held.reason
            ),
            Err(error) => error!(project = %scope.project, plugin = %scope.plugin, %error, "`{scope}` could not be held"),
        }
    }

    /// Lets plugins go on whose component or settings are others than those that failed; runs until it is dropped.
    pub(super) async fn release_changed(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            // What cannot be read now is read a second later.
            let Ok(all) = self.store.quarantined().await else { continue };
            self.faults.hold_only(all.iter().map(|held| held.scope.clone()).collect());
            for held in all {
                if !self.has_changed(&held) {
                    continue;
                }
                let scope = &held.scope;
                match self.store.release(scope).await {
                    Ok(_) => info!(project = %scope.project, plugin = %scope.plugin, "`{scope}` goes on with what is new of it"),
                    Err(error) => error!(project = %scope.project, plugin = %scope.plugin, %error, "`{scope}` could not be let go on"),
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
