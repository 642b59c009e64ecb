//! What a project may set, as people write it and as the rest of the plugin reads it.
//!
//! The host checks settings against [`SCHEMA`] before it hands them over; [`parse`] says what the schema cannot. Defaults are
//! filled in here and nowhere else.

pub use crowdhook_plugin::Problem;
use crowdhook_texts::{Condition, Escape, Expression, Scope, Text, Uses};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::path;
use crate::row::{Column, REVISION, TASK};

/// The settings' JSON Schema, for `describe`.
pub const SCHEMA: &str = include_str!("settings.schema.json");

/// The kind of event that this plugin handles.
pub const KIND: &str = "task.analysed";

/// What is written where the project does not say, from name to expression.
const COLUMNS: [(&str, &str); 8] = [
    ("answer", "answer"),
    ("decided", "decided"),
    ("tie", "tie"),
    ("votes", "votes"),
    ("total", "total"),
    ("agreement", "agreement"),
    ("reason", "reason"),
    ("at", "event.occurred_at"),
];

/// What a file of one task has besides.
const MORE_COLUMNS: [(&str, &str); 3] = [("tied", "tied"), ("tally", "tally"), ("questions", "questions")];

/// Settings that cannot be wrong any more.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which analyses are written; none for all.
    pub when: Option<Condition>,
    /// Where the file is.
    pub path: Text,
    /// What is written.
    pub columns: Vec<Column>,
    /// How.
    pub target: Target,
}

/// How the file gets where it is to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    /// A file for each task in this folder.
    File {
        /// The folder's name.
        folder: String,
    },
    /// Lines at the end of a file in this folder.
    Lines {
        /// The folder's name.
        folder: String,
        /// What a line looks like.
        format: Format,
    },
    /// A file for each task, uploaded through this connection to Dropbox.
    Dropbox {
        /// The connection's name.
        connection: String,
    },
}

/// What an appended line looks like.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values, with a first line of names.
    #[default]
    Csv,
    /// A JSON object.
    Jsonl,
}

impl Settings {
    /// What has to be read to write a file.
    #[must_use]
    pub fn uses(&self) -> Uses {
        let when = self.when.as_ref().map_or(Uses::default(), Condition::uses);
        self.columns.iter().fold(when.and(self.path.uses()), |uses, column| uses.and(column.expression.uses()))
    }
}

/// Settings as people write them.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    when: Option<String>,
    mode: Mode,
    format: Option<Format>,
    path: Option<String>,
    columns: Option<Map<String, Value>>,
    via: Via,
    folder: Option<String>,
    connection: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    #[default]
    FilePerTask,
    Append,
}

#[derive(Clone, Copy, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Via {
    #[default]
    Folder,
    Dropbox,
}

impl crowdhook_plugin::Settings for Settings {
    fn schema() -> String {
        SCHEMA.to_owned()
    }

    fn read(json: &str) -> Result<Self, Vec<Problem>> {
        parse(json)
    }
}

/// Reads settings and fills in the defaults.
///
/// # Errors
///
/// All that is wrong with them.
pub fn parse(json: &str) -> Result<Settings, Vec<Problem>> {
    let raw: Raw = serde_json::from_str(json).map_err(|error| vec![Problem::new("", error.to_string())])?;
    let scope = Scope::of_kind(KIND);
    let mut problems = Vec::new();
    let when = raw.when.as_ref().and_then(|source| {
        let when = Condition::parse(source, &scope);
        when.map_err(|error| problems.push(Problem::new("/when", error.quoting(source)))).ok()
    });
    let target = target(&raw, &mut problems);
    let path = path_text(&raw, &scope, &mut problems);
    let columns = columns(&raw, &scope, &mut problems);
    match (target, path) {
        (Some(target), Some(path)) if problems.is_empty() => Ok(Settings { when, path, columns, target }),
        _ => Err(problems),
    }
}

fn target(raw: &Raw, problems: &mut Vec<Problem>) -> Option<Target> {
    if raw.format.is_some() && raw.mode == Mode::FilePerTask {
        problems.push(Problem::new("/format", "the file of a task is always JSON: write `mode = \"append\"`, or leave `format` out"));
    }
    match (raw.via, &raw.folder, &raw.connection) {
        (Via::Folder, _, Some(_)) => {
            let message = "a folder needs no connection: write `via = \"dropbox\"`, or leave `connection` out";
            problems.push(Problem::new("/connection", message));
            None
        }
        (Via::Folder, None, None) => {
            let message = "no `folder` is named: write `folder = \"results\"`, with the name that the folder has below `[folders]`";
            problems.push(Problem::new("", message));
            None
        }
        (Via::Folder, Some(folder), None) => Some(match raw.mode {
            Mode::FilePerTask => Target::File { folder: folder.clone() },
            Mode::Append => Target::Lines { folder: folder.clone(), format: raw.format.unwrap_or_default() },
        }),
        (Via::Dropbox, Some(_), _) => {
            let message = "an upload needs no folder of the host's: write the folder in `path`, or leave `via` out";
            problems.push(Problem::new("/folder", message));
            None
        }
        (Via::Dropbox, None, _) if raw.mode == Mode::Append => {
            let message = "nothing can be added to the end of an uploaded file: write `mode = \"file-per-task\"`, or append to a \
                           folder that Dropbox keeps in step";
            problems.push(Problem::new("/mode", message));
            None
        }
        (Via::Dropbox, None, None) => {
            let message = "no `connection` is named: write `connection = \"dropbox\"`, with the name that it has below `[connections]`";
            problems.push(Problem::new("", message));
            None
        }
        (Via::Dropbox, None, Some(connection)) => Some(Target::Dropbox { connection: connection.clone() }),
    }
}

fn path_text(raw: &Raw, scope: &Scope, problems: &mut Vec<Problem>) -> Option<Text> {
    let default = match (raw.mode, raw.format.unwrap_or_default()) {
        (Mode::FilePerTask, _) => "{{ task.id }}.json",
        (Mode::Append, Format::Csv) => "results.csv",
        (Mode::Append, Format::Jsonl) => "results.jsonl",
    };
    let source = raw.path.as_deref().unwrap_or(default);
    if source.starts_with('/') {
        let shorter = source.trim_start_matches('/');
        problems.push(Problem::new("/path", format!("`{source}` begins with `/`, and paths lie below the folder: write `{shorter}`")));
        return None;
    }
    if raw.mode == Mode::FilePerTask && !source.contains("task.id") {
        let message =
            format!("all tasks would be written to `{source}`: write `{{{{ task.id }}}}` somewhere in it, or `mode = \"append\"`");
        problems.push(Problem::new("/path", message));
        return None;
    }
    let text = Text::parse(source, Escape::None, scope);
    if let (Ok(_), Err(why)) = (&text, path::check_around(source)) {
        problems.push(Problem::new("/path", format!("`{source}` {why}")));
        return None;
    }
    text.map_err(|error| problems.push(Problem::new("/path", error.quoting(source)))).ok()
}

fn columns(raw: &Raw, scope: &Scope, problems: &mut Vec<Problem>) -> Vec<Column> {
    let sources: Vec<(&str, &str)> = match &raw.columns {
        Some(columns) => columns.iter().map(|(name, source)| (name.as_str(), source.as_str().unwrap_or_default())).collect(),
        None if raw.mode == Mode::Append => COLUMNS.to_vec(),
        None => COLUMNS.into_iter().chain(MORE_COLUMNS).collect(),
    };
    let column = |(name, source): (&str, &str)| {
        let at = format!("/columns/{}", name.replace('~', "~0").replace('/', "~1"));
        if [TASK, REVISION].contains(&name) {
            problems.push(Problem::new(at, format!("`{name}` is written in any case: leave it out, or give it another name")));
            return None;
        }
        match Expression::parse(source, scope) {
            Ok(expression) => Some(Column { name: name.to_owned(), expression }),
            Err(error) => {
                problems.push(Problem::new(at, error.quoting(source)));
                None
            }
        }
    };
    sources.into_iter().filter_map(column).collect()
}

#[cfg(test)]
mod tests;
