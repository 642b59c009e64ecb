//! How much JSON there may be: what the plugin saves and emits has to stay below the host's 256 KiB.
//!
//! | part | bytes at most |
//! |---|---|
//! | the answer (of all questions together) | 32 KiB, else the event is refused: nobody votes on such values |
//! | `tied`, of all questions | 16 KiB, the rest is left out |
//! | `tally`, of all questions | 48 KiB, the rest is left out and counted |
//! | `summary` and `analysis`, of all questions | 64 KiB, the rest is left out and counted |
//! | an emitted analysis in all | 240 KiB: of `answers`, the latest are left out and counted |

use std::io;

use serde::Serialize;
use serde_json::Value;

/// Bytes of the answer as JSON.
pub const ANSWER_MAX: usize = 32 * 1024;
/// Bytes of the values that are tied.
pub const TIED_MAX: usize = 16 * 1024;
/// Bytes of the values in the tally.
pub const TALLY_MAX: usize = 48 * 1024;
/// Bytes of the values in `summary` and `analysis`.
pub const SUMMARY_MAX: usize = 64 * 1024;
/// Bytes of one value in the list of answers; a longer one is left out of its line.
pub const LISTED_VALUE_MAX: usize = 2 * 1024;
/// Bytes of an emitted analysis.
pub const EMITTED_MAX: usize = 240 * 1024;

/// What a member of an object or list costs beside its value: commas, `votes` and `weight` and their numbers.
const AROUND: usize = 48;

/// Bytes of a value as JSON.
#[must_use]
pub fn of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 24,
        Value::String(text) => of_text(text),
        other => written(other),
    }
}

/// Bytes of a text as JSON.
#[must_use]
pub fn of_text(text: &str) -> usize {
    if is_plain(text) { text.len() + 2 } else { written(text) }
}

/// Whether a text stands in JSON as it is, between quotes. Most do.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
}

/// Takes bytes out of the budget; false, and nothing taken, when they do not fit.
#[must_use]
pub fn take(budget: &mut usize, bytes: usize) -> bool {
    let left = budget.checked_sub(bytes + AROUND);
    if let Some(left) = left {
        *budget = left;
    }
    left.is_some()
}

/// Bytes of JSON, which is written to nowhere.
fn written(json: &(impl Serialize + ?Sized)) -> usize {
    let mut count = Count(0);
    // Text and JSON values always serialise, and counting does not fail; what did would fit nowhere.
    serde_json::to_writer(&mut count, json).map_or(usize::MAX - AROUND, |()| count.0)
}

/// Counts what is written to it.
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0 += bytes.len();
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
