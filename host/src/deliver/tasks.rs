//! Tasks that are created, and tasks that want more answers.

use super::Underway;
use super::verdict::Trouble;
use crate::effect::NewTask;
use crate::id::ProjectName;
use crate::platform::TaskKey;

/// Creates a task in the delivery's own project, or in `other`.
pub(super) async fn create(way: &Underway<'_>, other: Option<&ProjectName>, task: &NewTask) -> Result<String, Trouble> {
    let key = TaskKey { id: way.delivery.id, look_first: way.may_have_happened };
    let platform = match other {
        None => way.project.platform.clone(),
        Some(other) => {
            let project = way.registry.project(other.as_str());
            let why = || format!("project `{other}`, in which a task is to be created, has no file at the moment");
            project.ok_or_else(|| Trouble::Unmended { why: why() })?.platform.clone()
        }
    };
    Ok(platform.create_task(task, key).await?)
}
