//! Expressions: what becomes of one is a value, with its type.

use std::fmt;

use minijinja::{Environment, Error, ErrorKind};
use serde_json::Value as Json;

use crate::condition;
use crate::context::{Context, Uses};
use crate::engine;
use crate::error::TextError;
use crate::scope::Scope;
use crate::text::Escape;

/// An expression, checked: `votes`, `task.info.url`, `agreement | round(2)`.
#[derive(Clone)]
pub struct Expression {
    source: String,
    uses: Uses,
    env: Environment<'static>,
}

impl Expression {
    /// Reads an expression and checks the names in it.
    ///
    /// # Errors
    ///
    /// It does not parse, is too long, or names what `scope` does not have, or a filter that does not exist.
    pub fn parse(source: &str, scope: &Scope) -> Result<Self, TextError> {
        let env = engine::environment(Escape::None);
        if source.trim().is_empty() {
            return Err(TextError::new(source, None, "is empty: write what is wanted, such as `answer`"));
        }
        if source.contains("{{") || source.contains("{%") {
            return Err(TextError::new(source, None, "an expression stands without braces: write `answer`"));
        }
        let uses = condition::names(&env, source, scope)?;
        Ok(Self { source: source.to_owned(), uses, env })
    }

    /// What has to be read to evaluate it.
    #[must_use]
    pub fn uses(&self) -> Uses {
        self.uses
    }

    /// Its value. What is a number, a list or an object stays one.
    ///
    /// # Errors
    ///
    /// A value is missing, or is of the wrong kind for what is done with it.
    pub fn value(&self, context: &Context) -> Result<Json, TextError> {
        let evaluated = self.env.compile_expression(&self.source).and_then(|expression| expression.eval(context.values()));
        let value = evaluated.and_then(|value| {
            if value.is_undefined() {
                return Err(Error::new(ErrorKind::UndefinedError, format!("`{}` is undefined", self.source.trim())));
            }
            serde_json::to_value(&value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
        });
        value.map_err(|error| TextError::of_engine(&self.source, &error))
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expression").field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
