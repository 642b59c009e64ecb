//! One call of PYBOSSA's API, and what its answer means.

use bytes::Bytes;
use http::Method;

use super::refusal::{Asked, verdict};
use super::{Pybossa, read};
use crate::connection::{ConnectionError, Content, Request};
use crate::platform::{PlatformError, unanswered};

/// A call to be made.
pub(super) struct Call<'a> {
    /// The table: `task`, `taskrun`, `result`, `project`, `user`. Calls are counted under it, reads and writes together.
    table: &'static str,
    method: Method,
    id: Option<&'a str>,
    query: &'a [(&'a str, &'a str)],
    json: Option<String>,
    anonymous: bool,
    /// What it is for, for messages: `read task 7`.
    what: &'a str,
}

impl<'a> Call<'a> {
    pub(super) fn get(table: &'static str, query: &'a [(&'a str, &'a str)], what: &'a str) -> Self {
        Self { table, method: Method::GET, id: None, query, json: None, anonymous: false, what }
    }

    pub(super) fn put(table: &'static str, id: &'a str, json: String, what: &'a str) -> Self {
        Self { table, method: Method::PUT, id: Some(id), query: &[], json: Some(json), anonymous: false, what }
    }

    pub(super) fn post(table: &'static str, json: String, what: &'a str) -> Self {
        Self { table, method: Method::POST, id: None, query: &[], json: Some(json), anonymous: false, what }
    }

    pub(super) fn by_id(self, id: &'a str) -> Self {
        Self { id: Some(id), ..self }
    }

    pub(super) fn anonymous(self) -> Self {
        Self { anonymous: true, ..self }
    }
}

/// What came of a call that may ask for too much.
pub(super) enum Answered {
    /// The body of an answer that says yes.
    Whole(Bytes),
    /// The answer is larger than an answer may be; how large that is, for people.
    TooLarge(String),
}

impl Pybossa {
    /// Makes a call and gives the body of an answer that says yes.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Bytes, PlatformError> {
        let what = call.what;
        match self.call_for_much(call).await? {
            Answered::Whole(body) => Ok(body),
            Answered::TooLarge(why) => Err(unanswered(ConnectionError::TooLarge { why }, what, &self.project)),
        }
    }

    /// The same for a call that can be made smaller when it asks for too much.
    pub(super) async fn call_for_much(&self, call: Call<'_>) -> Result<Answered, PlatformError> {
        let mut path = vec!["api", call.table];
        path.extend(call.id);
        let writes = call.method != Method::GET;
        let request = Request {
            endpoint: call.table,
            method: call.method,
            path: &path,
            query: call.query,
            authorization: self.api_key.as_ref().filter(|_| !call.anonymous),
            content: call.json.map(Content::Json),
        };
        let response = match self.connection.send(request).await {
            Err(ConnectionError::TooLarge { why }) => return Ok(Answered::TooLarge(why)),
            answered => answered.map_err(|error| unanswered(error, call.what, &self.project))?,
        };
        let asked = Asked { address: &self.address, project: &self.project, short_name: &self.short_name, what: call.what, writes };
        verdict(asked, &response)?;
        Ok(Answered::Whole(response.body))
    }

    /// What was read; an answer that makes no sense is somebody else's, a proxy's perhaps, and passes.
    pub(super) fn understand<T>(&self, read: Result<T, read::Unreadable>, what: &str) -> Result<T, PlatformError> {
        read.map_err(|read::Unreadable| PlatformError::Later {
            after: None,
            why: format!(
                "`{}` answered with something else than PYBOSSA does (to {what} for project `{}`); if it stays so, look at `platform.url`",
                self.address, self.project
            ),
        })
    }
}

/// A text that is an id on PYBOSSA, as it writes it: a whole number from 1 on. Others are never sent: it would answer 415.
pub(super) fn number(id: &str) -> Option<u64> {
    let number = id.parse::<u64>().ok().filter(|number| *number > 0 && i64::try_from(*number).is_ok())?;
    (number.to_string() == id).then_some(number)
}
