//! TOML text → one of the `raw` forms, with everything that is wrong and where. Knows nothing of what the keys mean.
//!
//! Serde stops at the first problem. So the key it stumbled over is taken out, and it is asked again, until nothing
//! is wrong any more: a person sees all problems of a file at once.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::problem::{Problem, Problems, Severity};
use super::words;

/// A file with more problems than this is not the file that was meant; the rest is left out.
const PROBLEMS_MAX: usize = 50;

/// A file's text, what was found wrong with it so far, and which keys were taken out for it.
pub(super) struct Document<'t> {
    file: PathBuf,
    text: &'t str,
    found: Problems,
    lost: Vec<String>,
}

impl<'t> Document<'t> {
    /// `text`, which is shown as the content of `file`.
    pub(super) fn new(file: &Path, text: &'t str) -> Self {
        Self { file: file.to_owned(), text, found: Problems::default(), lost: Vec::new() }
    }

    /// The text as a table.
    ///
    /// # Errors
    ///
    /// When it is no TOML: what its keys mean is not looked at then.
    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'t>>, Problems> {
        DeTable::parse(self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let message = format!("not valid TOML at column {}: {}", self.column(span.start), one_line(error.message()));
            self.problem(Severity::Error, &span, message, Some(syntax_help(error.message()))).into()
        })
    }

    /// `table` as a `T`, without the keys that do not fit, which are noted as problems.
    pub(super) fn read<T: DeserializeOwned + Default>(&mut self, mut table: Spanned<DeTable<'t>>) -> T {
        for _ in 0..PROBLEMS_MAX {
            let error = match T::deserialize(Deserializer::from(table.clone())) {
                Ok(value) => return value,
                Err(error) => error,
            };
            let span = error.span().unwrap_or(0..0);
            let Place { path, in_list } = locate(table.get_ref(), &span).unwrap_or_default();
            self.note(&path, in_list, &span, &error);
            if path.is_empty() || !remove(table.get_mut(), &path, &span) {
                break;
            }
        }
        T::default()
    }

    /// Notes what serde said about the key at `path`, in words for people.
    fn note(&mut self, path: &[String], in_list: bool, span: &Range<usize>, error: &Error) {
        let (message, help, lost) = explain(path, in_list, error.message());
        self.lost.push(lost);
        self.error(span, message, help);
    }

    /// Notes an error at `span`.
    pub(super) fn error(&mut self, span: &Range<usize>, message: impl Into<String>, help: Option<String>) {
        let problem = self.problem(Severity::Error, span, message.into(), help);
        self.found.push(problem);
    }

    /// Notes an error on a line.
    pub(super) fn error_at_line(&mut self, line: usize, message: String, help: Option<String>) {
        self.found.push(Problem { file: self.file.clone(), line, severity: Severity::Error, message, help });
    }

    /// Notes a warning at `span`.
    pub(super) fn warn(&mut self, span: &Range<usize>, message: impl Into<String>, help: Option<String>) {
        let problem = self.problem(Severity::Warning, span, message.into(), help);
        self.found.push(problem);
    }

    /// Notes that `key` must be there and is not, unless it was there and something was wrong with it.
    pub(super) fn missing(&mut self, key: &str, span: &Range<usize>, help: &str) {
        if !self.was_lost(key) {
            self.error(span, format!("`{key}` is missing"), Some(help.to_owned()));
        }
    }

    /// Whether `key`, or a table above it, was there but could not be used.
    pub(super) fn was_lost(&self, key: &str) -> bool {
        self.lost.iter().any(|lost| is_under(lost, key))
    }

    /// Whether something below `key` was there but could not be used.
    pub(super) fn was_hurt(&self, key: &str) -> bool {
        self.lost.iter().any(|lost| is_under(key, lost))
    }

    /// The line of a place, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        1 + self.before(offset).bytes().filter(|byte| *byte == b'\n').count()
    }

    /// What was found, in the order of lines.
    pub(super) fn into_problems(self) -> Problems {
        self.found.sorted()
    }

    fn column(&self, offset: usize) -> usize {
        1 + self.before(offset).chars().rev().take_while(|letter| *letter != '\n').count()
    }

    fn before(&self, offset: usize) -> &str {
        self.text.get(..offset).unwrap_or(self.text)
    }

    fn problem(&self, severity: Severity, span: &Range<usize>, message: String, help: Option<String>) -> Problem {
        Problem { file: self.file.clone(), line: self.line(span.start), severity, message, help }
    }
}

/// What to say of an error of serde's about the key at `path`: message, help, and the key that was probably meant.
fn explain(path: &[String], in_list: bool, message: &str) -> (String, Option<String>, String) {
    let key = path.join(".");
    if message.starts_with("unknown field `") {
        let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let (name, above) = path.split_last().map_or(("", &[] as &[String]), |(name, above)| (name.as_str(), above));
        let place = if above.is_empty() { "at the top of the file".to_owned() } else { format!("under `{}`", above.join(".")) };
        let (help, meant) = match words::nearest(name, known.iter().copied()) {
            Some(near) => (format!("did you mean `{near}`?"), [above, &[near.to_owned()]].concat().join(".")),
            None => (format!("known {place}: {}", words::listed(known.iter().copied())), key.clone()),
        };
        return (format!("`{key}` is no key that is known"), Some(help), meant);
    }
    let told = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    match told.and_then(|told| told.rsplit_once(", expected ")) {
        Some((found, wanted)) => {
            let item = if in_list { "an item of " } else { "" };
            (format!("{item}`{key}` must be {}, not {}", wanted_word(wanted), found_word(found)), None, key)
        }
        None => (format!("`{key}`: {}", one_line(message)), None, key),
    }
}

fn is_under(upper: &str, lower: &str) -> bool {
    lower.strip_prefix(upper).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Serde's name of a kind of value that is wanted, in the words of someone who writes TOML.
fn wanted_word(wanted: &str) -> &str {
    match wanted {
        "a string" => "a text in quotes",
        "a boolean" => "`true` or `false`",
        "a sequence" => "a list in brackets",
        "a map" => "a table",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}

/// Serde's name of a kind of value that was found, without the value: it may be a secret in the wrong place.
fn found_word(found: &str) -> &'static str {
    match found.split(' ').next() {
        Some("string") => "a text",
        Some("integer") => "a whole number",
        Some("floating") => "a number with a point",
        Some("boolean") => "`true` or `false`",
        Some("sequence") => "a list",
        Some("map") => "a table",
        _ => "something else",
    }
}

fn syntax_help(message: &str) -> String {
    if message.contains("duplicate key") {
        "every key and every `[table]` stands in a file once".to_owned()
    } else {
        "a line is `key = value`, a text stands in quotes, a table begins with `[name]`".to_owned()
    }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Where something stands.
#[derive(Default)]
struct Place {
    /// The keys from the top. A list adds none: its items share its key.
    path: Vec<String>,
    /// Whether it is an item of the list there, and not the value itself.
    in_list: bool,
}

/// The key that stands at `span`, or whose value does.
fn locate(table: &DeTable<'_>, span: &Range<usize>) -> Option<Place> {
    // First, since the lower table of `[connections.tweets]` stands at the whole header, and so holds the upper name too.
    if let Some(key) = table.keys().find(|key| key.span() == *span) {
        return Some(Place { path: vec![key.get_ref().to_string()], in_list: false });
    }
    let holds = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    let deeper = table.iter().find_map(|(key, value)| {
        let place = locate_below(value.get_ref(), span)?;
        Some(Place { path: [vec![key.get_ref().to_string()], place.path].concat(), ..place })
    });
    deeper.or_else(|| {
        let (key, value) = table.iter().find(|(key, value)| holds(key.span()) || holds(value.span()))?;
        let in_list = matches!(value.get_ref(), DeValue::Array(_)) && value.span() != *span;
        Some(Place { path: vec![key.get_ref().to_string()], in_list })
    })
}

/// As [`locate`], in a table or in the tables of a list.
fn locate_below(value: &DeValue<'_>, span: &Range<usize>) -> Option<Place> {
    match value {
        DeValue::Table(table) => locate(table, span),
        DeValue::Array(items) => items.iter().find_map(|item| locate_below(item.get_ref(), span)),
        _ => None,
    }
}

/// Takes the key at `path` out; in a list, of the item that `span` lies in. False when there is none.
fn remove(table: &mut DeTable<'_>, path: &[String], span: &Range<usize>) -> bool {
    match path {
        [] => false,
        [name] => table.remove(name.as_str()).is_some(),
        [name, below @ ..] => table.get_mut(name.as_str()).is_some_and(|value| remove_below(value.get_mut(), below, span)),
    }
}

/// As [`remove`], in a table or in the tables of a list.
fn remove_below(value: &mut DeValue<'_>, path: &[String], span: &Range<usize>) -> bool {
    match value {
        DeValue::Table(table) => remove(table, path, span),
        DeValue::Array(items) => {
            let item = items.iter_mut().find(|item| locate_below(item.get_ref(), span).is_some());
            item.is_some_and(|item| remove_below(item.get_mut(), path, span))
        }
        _ => false,
    }
}
