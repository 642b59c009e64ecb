//! The calls of Appen's API that are known: a key in the query, a form in the body. What it answers beside a status is not known, so
//! nothing else of it is read.

use http::Method;

use super::Appen;
use crate::connection::{Content, Request, Response};
use crate::platform::{PlatformError, unanswered};
use crate::secret::Secret;

impl Appen {
    /// Sets where the job's signals are posted, and has judgments posted too when they are wanted. Never switches them off: somebody else
    /// may want them.
    pub(super) async fn set_webhook(&self, url: &Secret, each_answer: bool) -> Result<(), PlatformError> {
        let judgments = each_answer.then_some(("job[send_judgments_webhook]", "true"));
        let fields = [("job[webhook_uri]", url.reveal())].into_iter().chain(judgments);
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let job = format!("{}.json", self.job);
        self.call(Method::PUT, &["jobs", &job], Some(Content::Form(form)), "set the webhook").await
    }

    /// Has the test questions posted, which Appen posts at no other time.
    pub(super) async fn fire_webhooks(&self) -> Result<(), PlatformError> {
        self.call(Method::GET, &["jobs", &self.job, "golds", "fire_webhooks"], None, "have its test questions posted").await
    }

    async fn call(&self, method: Method, path: &[&str], content: Option<Content>, what: &str) -> Result<(), PlatformError> {
        let Some(key) = &self.api_key else {
            let why = format!("project `{}` has no key for Appen's API (to {what}): set `platform.api_key`", self.project);
            return Err(PlatformError::KeyRefused { why });
        };
        let query = [("key", key.reveal())];
        let request = Request { endpoint: "jobs", method, path, query: &query, authorization: None, content };
        let response = self.connection.send(request).await.map_err(|error| unanswered(error, what, &self.project))?;
        self.verdict(&response, what)
    }

    /// What a status means; none of Appen's own words for it are known.
    fn verdict(&self, response: &Response, what: &str) -> Result<(), PlatformError> {
        let (address, project, job) = (&self.address, &self.project, &self.job);
        match response.status {
            200..=299 => Ok(()),
            401 | 403 => Err(PlatformError::KeyRefused {
                why: format!(
                    "Appen does not let the API key of project `{project}` {what}: set `platform.api_key` to the key of the job's owner"
                ),
            }),
            404 => Err(PlatformError::Missing { why: format!("Appen has no job {job} (to {what}): look at `platform.project`") }),
            status @ (429 | 500..) => {
                Err(PlatformError::Later { after: response.wait, why: format!("Appen answered with status {status} (to {what})") })
            }
            status => Err(PlatformError::Refused {
                why: format!("Appen at `{address}` refuses to {what} for project `{project}` (status {status}): look at `platform.url`"),
            }),
        }
    }
}
