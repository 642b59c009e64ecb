//! The world as it was when an event was handled: the snapshot, and what the runs of that time read besides. Asked for anything else, it
//! remembers that it was, and gives nothing.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::state::{self, State};
use crate::config;
use crate::connection::ConnectionError;
use crate::connection::services::Fetched;
use crate::platform::{Answer, PlatformError, ProjectInfo, Snapshot, Task, WorkerInfo};
use crate::plugin::reads::{Fixed, Reads};
use crate::store::{Run, StateEntry, StoreError};

/// What runs read, by the names that their records have for it: `worker/7`, `fetch/1/wiki/page?id=7`.
pub(super) struct Recorded(Map<String, Value>);

impl Recorded {
    /// Of these runs; of two that read the same, what the later one found.
    pub(super) fn of<'r>(runs: impl Iterator<Item = &'r Run>) -> Self {
        let mut all = Map::new();
        for run in runs {
            all.extend(serde_json::from_str::<Map<String, Value>>(&run.read).unwrap_or_default());
        }
        Self(all)
    }

    fn get<T: DeserializeOwned>(&self, what: &str) -> Option<T> {
        serde_json::from_value(self.0.get(what)?.clone()).ok()
    }

    /// The record of a response, whichever of a call it was.
    fn fetched(&self, address: &str) -> Option<&Value> {
        let is_of = |what: &str| what.strip_prefix("fetch/").and_then(|rest| rest.split_once('/')).is_some_and(|(_, of)| of == address);
        self.0.iter().find(|(what, _)| is_of(what)).map(|(_, record)| record)
    }
}

/// What is the same for both versions.
pub(super) struct Then {
    pub(super) snapshot: Option<Arc<Snapshot>>,
    pub(super) recorded: Recorded,
    pub(super) fixed: Fixed,
    /// What was asked for and is not there, in words.
    pub(super) missing: Mutex<Vec<String>>,
}

impl Then {
    fn miss(&self, what: String) -> String {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).push(what);
        "this is not recorded".to_owned()
    }

    fn platform<T: DeserializeOwned>(&self, name: &str, what: impl FnOnce() -> String) -> Result<T, PlatformError> {
        self.recorded.get(name).ok_or_else(|| PlatformError::Refused { why: self.miss(what()) })
    }
}

/// One version's view of it.
pub(super) struct World {
    pub(super) then: Arc<Then>,
    pub(super) state: Arc<Mutex<State>>,
    pub(super) connections: Vec<config::Connection>,
}

impl World {
    fn with_state<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Reads for World {
    fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.then.snapshot.as_ref()
    }

    async fn state(&self, key: &str) -> Result<Option<StateEntry>, StoreError> {
        Ok(self.with_state(|state| state::get(state, key)))
    }

    async fn scan(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<StateEntry>, StoreError> {
        Ok(self.with_state(|state| state::scan(state, prefix, after, limit)))
    }

    async fn state_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.with_state(state::bytes))
    }

    async fn project(&self) -> Result<ProjectInfo, PlatformError> {
        self.then.platform("project", || "the project on its platform".to_owned())
    }

    async fn task(&self, id: &str) -> Result<Option<Task>, PlatformError> {
        self.then.platform(&format!("task/{id}"), || format!("task `{id}`"))
    }

    async fn answers(&self, task: &str, after: Option<&str>) -> Result<Vec<Answer>, PlatformError> {
        self.then.platform(&format!("answers/{task}/{}", after.unwrap_or_default()), || format!("the answers to task `{task}`"))
    }

    async fn worker(&self, id: &str) -> Result<Option<WorkerInfo>, PlatformError> {
        self.then.platform(&format!("worker/{id}"), || "a worker's name".to_owned())
    }

    async fn task_result(&self, task: &str) -> Result<Option<String>, PlatformError> {
        self.then.platform(&format!("task-result/{task}"), || format!("the result of task `{task}`"))
    }

    fn connection(&self, name: &str) -> Option<&config::Connection> {
        self.connections.iter().find(|connection| connection.name == name)
    }

    async fn fetch(&self, connection: &config::Connection, path: &str, _headers: &[(String, String)]) -> Result<Fetched, ConnectionError> {
        let address = format!("{}{path}", connection.name);
        let refused = |what: String| ConnectionError::Refused { why: self.then.miss(what) };
        let record =
            self.then.recorded.fetched(&address).ok_or_else(|| refused(format!("what connection `{}` answers", connection.name)))?;
        whole(record).ok_or_else(|| refused(format!("the whole of what connection `{}` answered", connection.name)))
    }

    fn fixed(&self) -> Option<Fixed> {
        Some(self.then.fixed)
    }
}

/// The response of a record, if all of its body is there.
fn whole(record: &Value) -> Option<Fetched> {
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let body = match (text("text"), text("base64")) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(base64)) => STANDARD.decode(base64).ok()?,
        (None, None) => return None,
    };
    let status = record.get("status").and_then(Value::as_u64)?.try_into().ok()?;
    let headers = serde_json::from_value(record.get("headers")?.clone()).ok()?;
    (record.get("bytes").and_then(Value::as_u64) == Some(body.len() as u64)).then_some(Fetched { status, headers, body })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_response_that_is_kept_whole_is_given_again() {
        let record = |bytes: u64| json!({ "status": 404, "headers": [["x-page", "1"]], "text": "none", "bytes": bytes, "digest": "" });
        let fetched = whole(&record(4)).unwrap();
        assert_eq!((fetched.status, fetched.body.as_slice(), fetched.headers.len()), (404, &b"none"[..], 1));
        assert_eq!(whole(&record(70_000)), None);
        let recorded = Recorded([("fetch/2/wiki/a?b=/c".to_owned(), record(4))].into_iter().collect());
        assert!(recorded.fetched("wiki/a?b=/c").is_some());
        assert!(recorded.fetched("wiki/a").is_none() && recorded.fetched("/c").is_none());
    }
}
