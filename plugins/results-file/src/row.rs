//! The values of one analysis, by column.

use crowdhook_texts::{Context, Expression, TextError};
use serde_json::{Map, Value};

/// The column that comes first: the platform's id of the task.
pub const TASK: &str = "task";

/// The column that comes second: which analysis of the task it is.
pub const REVISION: &str = "revision";

/// One column that a project chose.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub expression: Expression,
}

/// The values of one analysis, in the order of the columns; task and revision first.
///
/// # Errors
///
/// A value is missing or of the wrong kind, in words that name the column.
pub fn row(columns: &[Column], task: &str, revision: u64, context: &Context) -> Result<Map<String, Value>, String> {
    let mut row = Map::new();
    row.insert(TASK.to_owned(), task.into());
    row.insert(REVISION.to_owned(), revision.into());
    for column in columns {
        let value = column.expression.value(context).map_err(|error: TextError| format!("column `{}`: {error}", column.name))?;
        row.insert(column.name.clone(), value);
    }
    Ok(row)
}

#[cfg(test)]
mod tests;
