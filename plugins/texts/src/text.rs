//! Texts with places to be filled in.

use std::fmt;
use std::io;

use minijinja::Environment;

use crate::check;
use crate::context::{Context, Uses};
use crate::engine::{self, OUTPUT_BYTES_MAX};
use crate::error::TextError;
use crate::scope::Scope;

/// What becomes of a value on its way into a text. The text around it stays as its author wrote it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Escape {
    /// Nothing: for plain text that no machine reads.
    #[default]
    None,
    /// `<`, `>`, `&`, `"`, `'` and `/` are escaped. Let values stand between tags or in quotes.
    Html,
    /// A value is JSON, texts with their quotes: `{"picture": {{ task.info.url }}}`.
    Json,
    /// For posts that all can read: what the crowd may have written loses its mentions and links, unless they are allowed. Values of
    /// `project` and `event` stay as they are.
    Post {
        /// Whether `@` stays.
        mentions: bool,
        /// Whether links stay.
        links: bool,
    },
}

/// A text with places to be filled in, checked.
#[derive(Clone)]
pub struct Text {
    source: String,
    escape: Escape,
    uses: Uses,
    env: Environment<'static>,
}

impl Text {
    /// Reads a text and checks the names in it.
    ///
    /// # Errors
    ///
    /// It does not parse, is too long, or names what `scope` does not have, or a filter that does not exist.
    pub fn parse(source: &str, escape: Escape, scope: &Scope) -> Result<Self, TextError> {
        let env = engine::environment(escape);
        let uses = check::names(&env, source, scope)?;
        Ok(Self { source: source.to_owned(), escape, uses, env })
    }

    /// What has to be read to fill it in.
    #[must_use]
    pub fn uses(&self) -> Uses {
        self.uses
    }

    /// Fills in the values.
    ///
    /// # Errors
    ///
    /// A value is missing, is of the wrong kind for what is done with it, or the text becomes too long or takes too long.
    pub fn render(&self, context: &Context) -> Result<String, TextError> {
        let values = if matches!(self.escape, Escape::Post { .. }) { context.marked() } else { context.values() };
        let mut filled = Limited::default();
        let template = self.env.template_from_named_str("text", &self.source);
        let done = template.and_then(|template| template.render_captured_to(values, &mut filled).map(drop));
        done.map_err(|error| TextError::of_engine(&self.source, &error))?;
        // Only whole pieces of text are written.
        String::from_utf8(filled.bytes).map_err(|error| TextError::new(&self.source, None, error.to_string()))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Text").field("source", &self.source).field("escape", &self.escape).finish_non_exhaustive()
    }
}

/// Takes what is written, up to the limit.
#[derive(Default)]
struct Limited {
    bytes: Vec<u8>,
}

impl io::Write for Limited {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + piece.len() > OUTPUT_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
