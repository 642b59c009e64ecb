//! Completed tasks by the hundred: a page holds tasks with their answers and results, so it is the snapshot of each of them.
//!
//! There are two orders. By task, as `/api/task` lists them, completed tasks without a result are seen too. By completion, as
//! `/api/result` lists the rows that completions made, what is new since a certain row comes last, whatever the tasks' ids.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use super::call::{Answered, Call};
use super::fit::Fit;
use super::{PAGE_ROWS_MAX, Pybossa, read};
use crate::platform::{Answer, Completed, Odd, Page, Platform as _, PlatformError, Snapshot, Task};

/// What makes rows of the body of an answer.
type Reader<T> = fn(&[u8]) -> Result<Vec<read::PageRow<T>>, read::Unreadable>;

/// A page as it came.
struct Rows<T> {
    rows: Vec<read::PageRow<T>>,
    ends: bool,
}

impl Pybossa {
    /// A page of completed tasks, by their ids.
    pub(super) async fn task_page(&self, after: Option<&str>, rows: usize) -> Result<Page, PlatformError> {
        let what = "read a page of completed tasks";
        let project = self.project().await?.id;
        let filter = [("project_id", project.as_str()), ("state", "completed")];
        let found = self.rows("task", &filter, after, rows, (what, read::task_page)).await?;
        let mut page = self.begun(&found, after, what)?;
        for read::PageRow { id, row } in found.rows {
            let odd = |why: &str| Odd { id: id.map(|id| id.to_string()), why: why.to_owned() };
            match row {
                Err(why) => page.odd.push(odd(why)),
                Ok(row) if row.project != project => page.odd.push(odd("it is of another project")),
                Ok(row) if !row.task.completed => page.odd.push(odd("it is not completed")),
                Ok(row) => page.completed.push(self.completed(&project, row).await?),
            }
        }
        Ok(page)
    }

    /// A page of completions, by the result rows that they made.
    pub(super) async fn completion_page(&self, after: Option<&str>) -> Result<Page, PlatformError> {
        let what = "read a page of results";
        let project = self.project().await?.id;
        let found = self.rows("result", &[("project_id", &project)], after, PAGE_ROWS_MAX, (what, read::completion_page)).await?;
        let mut page = self.begun(&found, after, what)?;
        for read::PageRow { id, row } in found.rows {
            let odd = |why: &str| Odd { id: id.map(|id| id.to_string()), why: why.to_owned() };
            match row {
                Err(why) => page.odd.push(odd(why)),
                Ok(row) if row.result.project != project => page.odd.push(odd("it is of another project")),
                Ok(row) if row.task.as_ref().is_some_and(|task| task.id != row.result.task) => page.odd.push(odd("it bears another task")),
                Ok(row) => page.completed.push(completion(row)),
            }
        }
        Ok(page)
    }

    /// The completion that made the newest result row.
    pub(super) async fn newest_completed(&self) -> Result<Option<Completed>, PlatformError> {
        let what = "read the newest result";
        let project = self.project().await?.id;
        let query = [("project_id", project.as_str()), ("all", "1"), ("desc", "true"), ("limit", "1")];
        let body = self.call(Call::get("result", &query, what)).await?;
        let found = self.understand(read::results(&body), what)?;
        let newest = found.into_iter().filter(|result| result.project == project).max_by_key(|result| result.number);
        Ok(newest.map(|result| completion(read::CompletionRow { result, task: None, answers: None })))
    }

    /// The task with the greatest id of those in this state.
    pub(super) async fn newest_task(&self, state: &str) -> Result<Option<read::TaskRow>, PlatformError> {
        let what = format!("look for tasks that are {state}");
        let project = self.project().await?.id;
        let query = [("project_id", project.as_str()), ("state", state), ("all", "1"), ("desc", "true"), ("limit", "1")];
        let body = self.call(Call::get("task", &query, &what)).await?;
        let found = self.understand(read::tasks(&body), &what)?;
        Ok(found.into_iter().find(|found| found.project == project))
    }

    /// Rows of `table` behind `after`, with what belongs to them. When that is more than one answer may hold, fewer are asked for, now and
    /// for the pages that follow; and when one row alone is more, it comes without what belongs to it.
    async fn rows<T>(
        &self,
        table: &'static str,
        filter: &[(&str, &str)],
        after: Option<&str>,
        rows: usize,
        (what, read): (&str, Reader<T>),
    ) -> Result<Rows<T>, PlatformError> {
        let asked = self.fits().entry(table).or_default().rows(rows);
        let mut limit = asked;
        let mut related = true;
        loop {
            let text = limit.to_string();
            let page = [("all", "1"), ("limit", text.as_str()), ("last_id", after.unwrap_or("0"))];
            let embed = related.then_some(("related", "true"));
            let query: Vec<_> = filter.iter().copied().chain(page).chain(embed).collect();
            match self.call_for_much(Call::get(table, &query, what)).await? {
                Answered::Whole(body) => {
                    let rows = self.understand(read(&body), what)?;
                    let fitted = if related { limit } else { 0 };
                    self.fits().entry(table).or_default().learn(asked, fitted, rows.len());
                    return Ok(Rows { ends: rows.len() < limit, rows });
                }
                Answered::TooLarge(_) if limit > 1 => limit /= 2,
                Answered::TooLarge(_) if related => related = false,
                Answered::TooLarge(why) => return Err(PlatformError::Refused { why: format!("cannot {what}: {why}") }),
            }
        }
    }

    fn fits(&self) -> MutexGuard<'_, BTreeMap<&'static str, Fit>> {
        self.fits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page without its rows. Its last row must lie behind `after`, or one would read the same page for ever.
    fn begun<T>(&self, found: &Rows<T>, after: Option<&str>, what: &str) -> Result<Page, PlatformError> {
        let last = found.rows.iter().filter_map(|row| row.id).max();
        let before = after.and_then(super::number).unwrap_or(0);
        let goes_on = found.rows.is_empty() || last.is_some_and(|last| last > before);
        self.understand(goes_on.then_some(()).ok_or(read::Unreadable), what)?;
        Ok(Page { last: last.map(|last| last.to_string()), ends: found.ends, ..Page::default() })
    }

    async fn completed(&self, project: &str, row: read::TaskRow) -> Result<Completed, PlatformError> {
        let newest = match row.result {
            read::Embedded::There(newest) => Some(newest),
            read::Embedded::None => None,
            read::Embedded::NotTold => self.newest_result(project, &row.task.id).await?,
        };
        Ok(completed(row.task, row.answers, newest))
    }
}

fn completion(row: read::CompletionRow) -> Completed {
    let read::CompletionRow { result, task, answers } = row;
    match task {
        Some(task) => completed(task, answers, Some(result)),
        None => Completed { task: result.task, result: Some(result.row), at: result.made_at, snapshot: None },
    }
}

fn completed(task: Task, answers: Option<Vec<Answer>>, result: Option<read::ResultFacts>) -> Completed {
    let counted = result.as_ref().map(|result| result.answers.as_slice()).unwrap_or_default();
    let whole = answers.filter(|answers| read::holds_all(answers, counted));
    let id = task.id.clone();
    let at = result.as_ref().and_then(|result| result.made_at);
    let result = result.map(|result| result.row);
    let snapshot = whole.map(|answers| Snapshot { task, answers, result: result.clone() });
    Completed { task: id, result, at, snapshot }
}
