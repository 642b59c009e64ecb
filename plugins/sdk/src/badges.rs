//! Thanking people.

use crate::{Json, Result, host};

/// A badge, as people see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Badge {
    /// Stable within the project: lower-case letters, digits and hyphens, at most 64.
    pub id: String,
    /// A few words.
    pub title: String,
    /// What it is given for, in one sentence.
    pub description: String,
    /// An `https` address of a picture; none for a plain one.
    pub image_url: Option<String>,
    /// What it was given for, as people may see it (numbers, a link): a JSON object.
    pub evidence: Json,
}

/// Asks for a badge to be awarded to a worker (`answer.worker`), after commit. A second award of the same id changes nothing.
///
/// # Errors
///
/// What the host answers.
pub fn award(worker: &str, badge: Badge) -> Result<()> {
    host::badges_award(worker, badge)
}

/// Asks for a badge to be taken back, after commit. Nothing happens when the worker has none.
///
/// # Errors
///
/// What the host answers.
pub fn revoke(worker: &str, badge_id: &str, reason: &str) -> Result<()> {
    host::badges_revoke(worker, badge_id, reason)
}
