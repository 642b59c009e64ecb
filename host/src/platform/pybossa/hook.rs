//! The address that PYBOSSA calls when a task is completed, read and set through its API.
//!
//! PYBOSSA takes any address that comes this way: only its own form asks the address first whether it answers. Owners alone
//! are told what is set.

use serde_json::json;

use super::call::Call;
use super::{Pybossa, read};
use crate::platform::{Platform as _, PlatformError};
use crate::secret::Secret;

impl Pybossa {
    pub(super) async fn webhook(&self) -> Result<Option<Secret>, PlatformError> {
        let what = "read which webhook is set";
        let query = [("short_name", self.short_name.as_str()), ("all", "1")];
        let body = self.call(Call::get("project", &query, what)).await?;
        match self.understand(read::hook(&body, &self.short_name), what)? {
            Some(Ok(url)) => Ok(url.as_deref().map(Secret::new)),
            Some(Err(read::NotTold)) | None => Err(PlatformError::KeyRefused {
                why: format!(
                    "PYBOSSA at `{}` tells the API key of project `{}` no webhook: set `platform.api_key` to the key of an owner of `{}`",
                    self.address, self.project, self.short_name
                ),
            }),
        }
    }

    pub(super) async fn set_webhook(&self, url: &Secret) -> Result<(), PlatformError> {
        let project = self.project().await?.id;
        let json = json!({ "webhook": url.reveal() }).to_string();
        self.call(Call::put("project", &project, json, "set the webhook")).await.map(drop)
    }
}
