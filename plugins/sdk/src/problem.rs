//! What is wrong with a project's settings, as plain Rust: the checks of settings are tested natively.

/// What is wrong at one place of the settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Where, as a JSON Pointer into the settings; empty for the whole of them.
    pub at: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl Problem {
    /// A problem at this place.
    #[must_use]
    pub fn new(at: impl Into<String>, message: impl ToString) -> Self {
        Self { at: at.into(), message: message.to_string() }
    }
}
