//! Why the events of a project wait, said in the log for whoever can do something about it: a platform that is down, a key that is
//! wrong, a component that is missing. Once a minute for each project, since all its events wait for the same.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use crate::id::ProjectName;

/// No project is spoken of more often.
const EVERY: Duration = Duration::from_secs(60);
/// Beyond so many projects, those that were not spoken of for a while are forgotten.
const PROJECTS_MAX: usize = 1024;

/// When each project was last spoken of.
#[derive(Default)]
pub(super) struct Waits {
    said: Mutex<HashMap<ProjectName, Instant>>,
}

impl Waits {
    /// Says it, unless something was said of the project within the last minute.
    pub(super) fn say(&self, project: &ProjectName, reason: &str) {
        if self.is_due(project, Instant::now()) {
            warn!(%project, "Events of project `{project}` wait: {reason}");
        }
    }

    fn is_due(&self, project: &ProjectName, now: Instant) -> bool {
        let is_recent = |last: &Instant| now.duration_since(*last) < EVERY;
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.get(project).is_some_and(is_recent) {
            return false;
        }
        if said.len() >= PROJECTS_MAX {
            said.retain(|_, last| is_recent(last));
        }
        said.insert(project.clone(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_spoken_of_once_a_minute() {
        let (waits, now) = (Waits::default(), Instant::now());
        let due = |project: &str, seconds: u64| waits.is_due(&project.parse().unwrap(), now + Duration::from_secs(seconds));
        let said = [due("birds", 0), due("cats", 1), due("birds", 59), due("birds", 60), due("birds", 61), due("cats", 61)];
        assert_eq!(said, [true, true, false, true, false, true]);
    }
}
