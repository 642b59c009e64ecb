//! Comma-separated values (RFC 4180), guarded against spreadsheets that calculate.

use serde_json::{Map, Value};

/// The first line: the names.
#[must_use]
pub fn header(row: &Map<String, Value>) -> String {
    line(row.keys().map(|name| guarded(name)))
}

/// One line of values. Null is empty, lists and objects are JSON.
#[must_use]
pub fn values(row: &Map<String, Value>) -> String {
    line(row.values().map(cell))
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
    cells.join(",") + "\r\n"
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => guarded(text),
        // Numbers, true and false, and JSON, which begins with a bracket: no formula begins so but a negative number, which is one.
        other => other.to_string(),
    }
}

/// The text, with an apostrophe before it where a spreadsheet would take it for a formula, which some do behind spaces too.
fn guarded(text: &str) -> String {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if formula || text.starts_with(['\t', '\r', '\n']) { format!("'{text}") } else { text.to_owned() }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n']) || cell != cell.trim() {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests;
