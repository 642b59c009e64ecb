//! Components: read, compiled, asked what they are.

use crate::event::EventKind;
use crate::id::{ComponentName, Digest};

/// A component that is loaded.
pub struct Component {
    /// The name its `describe` gives.
    pub name: ComponentName,
    /// The digest of its file.
    pub digest: Digest,
    /// What `describe` says.
    pub description: Description,
}

/// What a component says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The component's own version, for people.
    pub version: String,
    /// What it does.
    pub summary: String,
    /// The kinds of event it wants; patterns.
    pub handles: Vec<String>,
    /// What it cannot work without.
    pub needs: Vec<String>,
    /// A JSON Schema of its settings.
    pub settings_schema: String,
}

impl Component {
    /// Whether it wants events of this kind.
    #[must_use]
    pub fn handles(&self, kind: &EventKind) -> bool {
        self.description.handles.iter().any(|pattern| kind.fits(pattern))
    }
}
