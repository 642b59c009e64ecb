//! Conditions: expressions that hold or do not.

use std::fmt;

use minijinja::Environment;

use crate::check;
use crate::context::{Context, Uses};
use crate::engine;
use crate::error::TextError;
use crate::scope::Scope;
use crate::text::Escape;

/// A condition, checked.
#[derive(Clone)]
pub struct Condition {
    source: String,
    uses: Uses,
    env: Environment<'static>,
}

impl Condition {
    /// Reads a condition and checks the names in it.
    ///
    /// # Errors
    ///
    /// It does not parse, is too long, or names what `scope` does not have, or a filter that does not exist.
    pub fn parse(source: &str, scope: &Scope) -> Result<Self, TextError> {
        let env = engine::environment(Escape::None);
        if source.trim().is_empty() {
            return Err(TextError::new(source, None, "is empty: leave the condition out where there is none"));
        }
        if source.contains("{{") || source.contains("{%") {
            return Err(TextError::new(source, None, "a condition stands without braces: write `answer == \"yes\"`"));
        }
        let uses = names(&env, source, scope)?;
        Ok(Self { source: source.to_owned(), uses, env })
    }

    /// What has to be read to evaluate it.
    #[must_use]
    pub fn uses(&self) -> Uses {
        self.uses
    }

    /// Whether it holds. What is neither true nor false holds when it is not empty, not null and not 0.
    ///
    /// # Errors
    ///
    /// A value is missing, or is of the wrong kind for what is done with it. Nothing that is missing is quietly false: a
    /// misspelt member of `task.info` would never be found.
    pub fn holds(&self, context: &Context) -> Result<bool, TextError> {
        let value = self.env.compile_expression(&self.source).and_then(|condition| condition.eval(context.values()));
        value.map(|value| value.is_true()).map_err(|error| TextError::of_engine(&self.source, &error))
    }
}

/// Checks that a source is one expression and nothing but one, and all that it names.
pub(crate) fn names(env: &Environment<'static>, source: &str, scope: &Scope) -> Result<Uses, TextError> {
    let as_text = format!("{{% if {source}\n%}}{{% endif %}}");
    let of_source = |error: TextError| TextError::new(source, error.line, error.message);
    check::limits(&as_text).map_err(of_source)?;
    // First by itself, so that it is one expression and nothing but one; then as part of a text, where it shows its names.
    env.compile_expression(source).map_err(|error| TextError::of_engine(source, &error))?;
    check::names(env, &as_text, scope).map_err(of_source)
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
