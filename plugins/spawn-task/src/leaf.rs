//! JSON whose texts have places to be filled in.
//!
//! Only its texts are filled in, one by one, so whatever the crowd answered stays inside the text that it is filled into: it adds no member, and
//! ends no text.

use crowdhook_texts::{Context, Escape, Expression, Scope, Text, TextError, Uses};
use serde_json::Value;

/// JSON with places to be filled in.
#[derive(Clone, Debug)]
pub enum Template {
    /// A text.
    Leaf(Box<Leaf>),
    /// A number, true, false or null, as it is.
    Plain(Value),
    /// A list.
    List(Vec<Template>),
    /// An object. Its names are as they are.
    Members(Vec<(String, Template)>),
}

/// A text in it.
#[derive(Clone, Debug)]
pub enum Leaf {
    /// A text with places.
    Text(Text),
    /// Nothing but a place: what is filled in keeps its type.
    Value(Expression),
}

impl Template {
    /// What has to be read to fill it in.
    #[must_use]
    pub fn uses(&self) -> Uses {
        match self {
            Self::Leaf(leaf) => leaf.uses(),
            Self::Plain(_) => Uses::default(),
            Self::List(values) => values.iter().fold(Uses::default(), |uses, value| uses.and(value.uses())),
            Self::Members(members) => members.iter().fold(Uses::default(), |uses, (_, value)| uses.and(value.uses())),
        }
    }

    /// The JSON with its places filled in.
    ///
    /// # Errors
    ///
    /// A value is missing, or is of the wrong kind for what is done with it.
    pub fn fill(&self, context: &Context) -> Result<Value, TextError> {
        match self {
            Self::Leaf(leaf) => leaf.fill(context),
            Self::Plain(value) => Ok(value.clone()),
            Self::List(values) => values.iter().map(|value| value.fill(context)).collect(),
            Self::Members(members) => members.iter().map(|(name, value)| Ok((name.clone(), value.fill(context)?))).collect(),
        }
    }
}

impl Leaf {
    /// Reads a text.
    ///
    /// # Errors
    ///
    /// It does not parse, or names what does not exist.
    pub fn parse(source: &str, scope: &Scope) -> Result<Self, TextError> {
        match only_place(source) {
            Some(expression) => Expression::parse(expression, scope).map(Self::Value),
            None => Text::parse(source, Escape::None, scope).map(Self::Text),
        }
    }

    fn uses(&self) -> Uses {
        match self {
            Self::Text(text) => text.uses(),
            Self::Value(expression) => expression.uses(),
        }
    }

    fn fill(&self, context: &Context) -> Result<Value, TextError> {
        match self {
            Self::Text(text) => text.render(context).map(Value::String),
            Self::Value(expression) => expression.value(context),
        }
    }
}

/// The expression of a text that is nothing but one place.
fn only_place(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    // Two places and text between them, or braces of an object inside: the engine tells them apart, and a text it is.
    let several = inner.contains(['{', '}']);
    // `{{- answer -}}` takes white space away and is no minus.
    let signs = inner.starts_with(['-', '+']) || inner.ends_with(['-', '+']);
    (!several && !signs && !inner.trim().is_empty()).then_some(inner)
}

#[cfg(test)]
mod tests;
