//! What is kept of each task until the project is completed: whether it is decided, and whether there is a tie.
//!
//! Each task has an entry, so that a later analysis takes the place of an earlier one; the sums are counters, so that reading them is
//! three entries however many tasks there are.

use serde_json::{Value, json};

/// The counters' keys: tasks analysed, tasks decided, tasks with a tie.
pub const COUNTERS: [&str; 3] = ["count/tasks", "count/decided", "count/ties"];

/// What an analysis changes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// What to keep under the task's key; none when that is what is kept already.
    pub keep: Option<&'static str>,
    /// What to add to each of the [`COUNTERS`].
    pub add: [i32; 3],
}

/// Under which key a task is kept.
#[must_use]
pub fn key(task_id: &str) -> String {
    format!("task/{task_id}")
}

/// What an analysis changes, where `kept` is what was kept of the task before.
#[must_use]
pub fn change(kept: Option<&str>, analysis: &Value) -> Change {
    let is = |name: &str| analysis.get(name).and_then(Value::as_bool).unwrap_or(false);
    let now = written(is("decided"), is("tie"));
    let before = kept.map_or([0; 3], counted);
    let after = counted(now);
    Change {
        keep: (kept != Some(now)).then_some(now),
        add: std::array::from_fn(|index| counted_at(after, index) - counted_at(before, index)),
    }
}

/// What texts are told, as `tasks`, of the counters as they are kept.
#[must_use]
pub fn tasks(counters: [Option<&str>; 3]) -> Value {
    let [count, decided, ties] = counters.map(|kept| kept.and_then(|kept| kept.parse::<i64>().ok()).unwrap_or(0));
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
    let share = if count > 0 { decided as f64 / count as f64 } else { 0.0 };
    json!({ "count": count, "decided": decided, "undecided": count - decided, "ties": ties, "share": share })
}

fn written(decided: bool, tie: bool) -> &'static str {
    match (decided, tie) {
        (true, true) => "decided tie",
        (true, false) => "decided",
        (false, true) => "tie",
        (false, false) => "open",
    }
}

/// What a kept task adds to each counter.
fn counted(kept: &str) -> [i32; 3] {
    let has = |word: &str| i32::from(kept.split(' ').any(|one| one == word));
    [1, has("decided"), has("tie")]
}

fn counted_at(counted: [i32; 3], index: usize) -> i32 {
    counted.get(index).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
