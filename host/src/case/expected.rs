//! What should come of a case: `expected.json`, and how what came out differs from it.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use similar::TextDiff;

use super::outcome::Outcome;
use super::{CaseError, form, there};

const FILE: &str = "expected.json";
/// Lines around each difference that are shown with it.
const LINES_AROUND: usize = 3;
/// Cases lie at most so many folders deep.
const DEPTH_MAX: usize = 8;

/// What should come of a case.
#[derive(Clone, Debug)]
pub struct Expected(pub Outcome);

impl Expected {
    /// That of the case in `folder`; none where nobody has said.
    ///
    /// # Errors
    ///
    /// [`CaseError::File`] and [`CaseError::Form`].
    pub fn read(folder: &Path) -> Result<Option<Self>, CaseError> {
        there(folder, FILE).map(|file| form::read(&file).map(Self)).transpose()
    }

    /// From now on that is what should come of it.
    ///
    /// # Errors
    ///
    /// [`CaseError::File`] when it cannot be written.
    pub fn write(folder: &Path, outcome: &Outcome) -> Result<(), CaseError> {
        form::write(&folder.join(FILE), outcome)
    }
}

/// How what came out differs, line by line; none where it is the same. In which order an object has its members makes no difference.
#[must_use]
pub fn difference(expected: &Outcome, came_out: &Outcome) -> Option<String> {
    difference_of(("expected.json", expected), ("what came out", came_out))
}

/// The same of any two, each with what it is called.
#[must_use]
pub fn difference_of((before, one): (&str, &Outcome), (after, other): (&str, &Outcome)) -> Option<String> {
    if one == other {
        return None;
    }
    let (one, other) = (in_order(one), in_order(other));
    let diff = TextDiff::from_lines(&one, &other);
    Some(diff.unified_diff().context_radius(LINES_AROUND).header(before, after).to_string())
}

/// As JSON whose objects have their members in the order of their names.
fn in_order(outcome: &Outcome) -> String {
    let mut value = serde_json::to_value(outcome).unwrap_or_default();
    value.sort_all_objects();
    serde_json::to_string_pretty::<Value>(&value).unwrap_or_default() + "\n"
}

/// The folders at and below `folder` that hold an `event.json`, in the order of their paths.
///
/// # Errors
///
/// When one of them cannot be read.
pub fn cases(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    find(folder, DEPTH_MAX, &mut found)?;
    found.sort();
    Ok(found)
}

fn find(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if folder.join("event.json").is_file() {
        found.push(folder.to_owned());
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && depth > 0 {
            find(&entry.path(), depth - 1, found)?;
        }
    }
    Ok(())
}
