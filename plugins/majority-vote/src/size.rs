//! How much JSON there may be: what the plugin saves and emits has to stay below the host's 256 KiB.
//!
//! | part | bytes at most |
//! |---|---|
//! | the answer (of all questions together) | 32 KiB, else the event is refused: nobody votes on such values |
//! | `tied`, of all questions | 16 KiB, the rest is left out |
//! | `tally`, of all questions | 48 KiB, the rest is left out and counted |
//! | `summary` and `analysis`, of all questions | 64 KiB, the rest is left out and counted |
//! | an emitted analysis in all | 240 KiB: of `answers`, the latest are left out and counted |

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
        // Most texts need no escapes, and what needs none is measured without writing it.
        Value::String(text) if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') => text.len() + 2,
        other => other.to_string().len(),
    }
}

/// Takes a value's bytes out of the budget; false, and nothing taken, when they do not fit.
#[must_use]
pub fn take(budget: &mut usize, value: &Value) -> bool {
    let left = budget.checked_sub(of(value) + AROUND);
    if let Some(left) = left {
        *budget = left;
    }
    left.is_some()
}
