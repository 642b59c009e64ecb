//! One analysis from what is known about it to what is to be written.

use crowdhook_texts::csv;
use crowdhook_texts::{Context, Facts};
use serde_json::Value;

use crate::dropbox;
use crate::path;
use crate::row;
use crate::settings::{Format, Settings, Target};

/// What is to be done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Todo {
    /// Write a file whole.
    Write {
        /// The folder's name.
        folder: String,
        /// Below the folder.
        path: String,
        /// What is in it.
        content: String,
    },
    /// Add a line to the end of a file.
    Append {
        /// The folder's name.
        folder: String,
        /// Below the folder.
        path: String,
        /// The line, with its break.
        line: String,
        /// The file's first line, with its break.
        header: Option<String>,
        /// So that each analysis has one line.
        once: String,
    },
    /// Upload a file to Dropbox.
    Upload {
        /// The connection's name.
        connection: String,
        /// What the header `Dropbox-API-Arg` says.
        arg: String,
        /// What is in it.
        content: String,
    },
}

/// What is to be written about an analysis; none when the project's condition does not hold.
///
/// # Errors
///
/// A value is missing, the path is none, or the file is too large; in words for the operator.
pub fn run(settings: &Settings, facts: &Facts) -> Result<Option<Todo>, String> {
    let task = facts.event.task_id.as_deref().ok_or("the event is about no task")?;
    let revision = facts.analysis.as_ref().and_then(|analysis| analysis.get("revision")).and_then(Value::as_u64);
    let revision = revision.ok_or("the analysis has no `revision`")?;
    let context = Context::new(facts);
    let holds = settings.when.as_ref().map_or(Ok(true), |when| when.holds(&context));
    if !holds.map_err(|error| format!("`when`: {error}"))? {
        return Ok(None);
    }
    let row = row::row(&settings.columns, task, revision, &context)?;
    let path = path::path(&settings.path, facts)?;
    let file = || serde_json::to_string_pretty(&row).map(|text| text + "\n").map_err(|error| error.to_string());
    let todo = match &settings.target {
        Target::File { folder } => Todo::Write { folder: folder.clone(), path, content: file()? },
        Target::Lines { folder, format } => {
            let (line, header) = match format {
                Format::Csv => {
                    let names: Vec<Value> = row.keys().map(|name| Value::from(name.as_str())).collect();
                    let values: Vec<Value> = row.into_iter().map(|(_, value)| value).collect();
                    (csv::line(&values), Some(csv::line(&names)))
                }
                Format::Jsonl => (Value::Object(row).to_string() + "\n", None),
            };
            Todo::Append { folder: folder.clone(), path, line, header, once: format!("results-file/{task}/{revision}") }
        }
        Target::Dropbox { connection } => {
            let content = file()?;
            if content.len() > dropbox::BYTES_MAX {
                let max = dropbox::BYTES_MAX;
                return Err(format!("the file has {} bytes, and at most {max} can be uploaded: name fewer `columns`", content.len()));
            }
            Todo::Upload { connection: connection.clone(), arg: dropbox::arg(&path), content }
        }
    };
    Ok(Some(todo))
}

#[cfg(test)]
mod tests;
