//! All tasks of a project as a table: CSV for spreadsheets, JSON for programs. Written page by page, so that a million of them fit.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};

use super::super::{Admin, project};
use super::Refused;
use crate::clock::rfc3339;
use crate::id::ProjectName;
use crate::store::StoreError;
use crate::store::browse::{PAGE_ROWS_MAX, Place};
use crate::store::figures::{ListedAnalysis, WantedAnalyses};

const HEAD: &str = "task,decided,answer,agreement,votes,total,tie,reason,analysed_at\r\n";
/// What a spreadsheet takes for a formula when a cell begins with it.
const FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

pub(super) async fn csv(State(admin): State<Arc<Admin>>, Path(name): Path<String>) -> Result<Response, Refused> {
    let name = project::find(&admin, &name)?.config.name.clone();
    let rows = pages(admin, name.clone(), (HEAD, ""), |found, _| csv_row(found));
    Ok(file(&format!("{name}-results.csv"), "text/csv; charset=utf-8", rows))
}

pub(super) async fn json(State(admin): State<Arc<Admin>>, Path(name): Path<String>) -> Result<Response, Refused> {
    let name = project::find(&admin, &name)?.config.name.clone();
    let rows = pages(admin, name.clone(), ("[", "\n]\n"), |found, is_first| {
        let row = serde_json::json!({
            "task": found.task, "decided": found.analysis.decided, "answer": found.analysis.answer, "agreement": found.analysis.agreement,
            "votes": found.analysis.votes, "total": found.analysis.total, "tie": found.analysis.tie, "reason": found.analysis.reason,
            "tally": found.analysis.tally, "analysed_at": rfc3339(found.at),
        });
        format!("{}\n{row}", if is_first { "" } else { "," })
    });
    Ok(file(&format!("{name}-results.json"), "application/json", rows))
}

fn file(name: &str, kind: &'static str, rows: impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], Body::from_stream(rows)).into_response()
}

/// How far an export is.
struct Walk {
    admin: Arc<Admin>,
    project: ProjectName,
    before: Option<i64>,
    is_first: bool,
    is_done: bool,
}

/// What stands around the rows, and what each of them is made into: told whether it is the first.
fn pages(
    admin: Arc<Admin>,
    project: ProjectName,
    (head, foot): (&'static str, &'static str),
    row: impl Fn(&ListedAnalysis, bool) -> String + Copy + Send + 'static,
) -> impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static {
    let walk = Walk { admin, project, before: None, is_first: true, is_done: false };
    stream::unfold(walk, move |mut walk| async move {
        if walk.is_done {
            return None;
        }
        let place = Place { before: walk.before, limit: PAGE_ROWS_MAX };
        let page = match walk.admin.store.browse().analyses(&walk.project, &WantedAnalyses::default(), place).await {
            Ok(page) => page,
            Err(error) => {
                walk.is_done = true;
                return Some((Err(error), walk));
            }
        };
        let mut text = if walk.before.is_none() { head.to_owned() } else { String::new() };
        for found in &page.rows {
            text += &row(found, walk.is_first);
            walk.is_first = false;
        }
        walk.before = page.next;
        walk.is_done = page.next.is_none();
        if walk.is_done {
            text += foot;
        }
        Some((Ok(Bytes::from(text)), walk))
    })
}

fn csv_row(found: &ListedAnalysis) -> String {
    let analysis = &found.analysis;
    let answer = match &analysis.answer {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let cells = [
        found.task.clone(),
        analysis.decided.to_string(),
        answer,
        analysis.agreement.map_or_else(String::new, |share| format!("{share:.4}")),
        analysis.votes.to_string(),
        analysis.total.to_string(),
        analysis.tie.to_string(),
        analysis.reason.clone(),
        rfc3339(found.at),
    ];
    format!("{}\r\n", cells.map(|cell| cell_of(&cell)).join(","))
}

/// A cell as RFC 4180 has it, and as no spreadsheet takes it for a formula: what people answered may begin like one.
fn cell_of(text: &str) -> String {
    let guarded = if text.starts_with(FORMULAS) && text.parse::<f64>().is_err() { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', '"', '\r', '\n']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

#[cfg(test)]
mod tests {
    use super::cell_of;

    #[test]
    fn no_cell_is_taken_for_a_formula_or_for_two() {
        let cases = [
            ("robin", "robin"),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("-1.5", "-1.5"),
            ("-1.5+2", "'-1.5+2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("two\nlines", "\"two\nlines\""),
            ("a, \"b\"", "\"a, \"\"b\"\"\""),
            ("", ""),
        ];
        for (text, cell) in cases {
            assert_eq!(cell_of(text), cell);
        }
    }
}
