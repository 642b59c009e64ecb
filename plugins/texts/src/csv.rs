//! CSV, as spreadsheets read it, without letting the crowd write formulas.

use serde_json::Value;

/// One line of CSV, with its end.
#[must_use]
pub fn line(cells: &[Value]) -> String {
    let cells: Vec<String> = cells.iter().map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

/// One value as a cell: null is empty, lists and objects are JSON, and a text that a spreadsheet would take for a formula gets an apostrophe.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        // A negative number begins like a formula, and is none.
        Value::Number(number) => return number.to_string(),
        Value::String(text) => guarded(text),
        other => guarded(&other.to_string()),
    };
    let quoted = text.contains([',', '"', '\r', '\n', ';', '\t']) || text.trim() != text;
    if quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Puts an apostrophe before what begins like a formula, also behind white space.
fn guarded(text: &str) -> String {
    let first = text.trim_start_matches(|one: char| one.is_whitespace() || one.is_control()).chars().next();
    let formula = first.is_some_and(|one| "=+-@＝＋－＠".contains(one)) || text.starts_with(['\t', '\r', '\n']);
    if formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests;
