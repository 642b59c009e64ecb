//! Recorded answers of other web services: `http/*.json` of a case, one request with its answer in each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::CaseError;
use super::form::{self, Json};
use crate::connection::ConnectionError;
use crate::connection::services::Fetched;

/// One file: what is fetched, and what comes of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) connection: String,
    /// Below the connection's address, with its query.
    #[serde(default)]
    pub(super) path: String,
    #[serde(default = "well")]
    pub(super) status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    /// The body as text …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    /// … or as JSON …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) json: Option<Json>,
    /// … or, where it is neither, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base64: Option<String>,
    /// Instead of an answer: why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fails: Option<String>,
}

fn well() -> u16 {
    200
}

impl Exchange {
    /// A body in one of the three forms.
    fn body(&self) -> Result<Vec<u8>, String> {
        match (&self.text, &self.json, &self.base64) {
            (None, None, None) => Ok(Vec::new()),
            (Some(text), None, None) => Ok(text.clone().into_bytes()),
            (None, Some(json), None) => Ok(json.get().as_bytes().to_vec()),
            (None, None, Some(base64)) => STANDARD.decode(base64).map_err(|error| format!("`base64` is none: {error}")),
            _ => Err("it has two bodies: write one of `text`, `json` and `base64`".to_owned()),
        }
    }
}

/// An answer, or why there is none.
type Answer = Result<Fetched, String>;

/// All that are recorded, by connection and path.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchanges(BTreeMap<(String, String), Vec<Answer>>);

impl Exchanges {
    /// The connections that they go through.
    pub(super) fn connections(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.keys().map(|(connection, _)| connection.clone()).collect();
        names.dedup();
        names
    }
}

/// The files of a folder in the order of their names.
pub(super) fn read(folder: &Path) -> Result<Exchanges, CaseError> {
    let unread = |error: std::io::Error| CaseError::File { file: folder.to_owned(), why: error.to_string() };
    let entries = std::fs::read_dir(folder).map_err(unread)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files: Vec<PathBuf> = entries.collect::<Result<_, _>>().map_err(unread)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut exchanges = Exchanges::default();
    for file in files {
        let exchange: Exchange = form::read(&file)?;
        let body = exchange.body().map_err(|why| CaseError::Form { file: file.clone(), why })?;
        let headers = exchange.headers.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        let answer = exchange.fails.map_or(Ok(Fetched { status: exchange.status, headers, body }), Err);
        exchanges.0.entry((exchange.connection, exchange.path)).or_default().push(answer);
    }
    Ok(exchanges)
}

/// The recorded answers during one run: of several to the same request one after the other, and the last again and again.
#[derive(Debug)]
pub(super) struct Playback {
    exchanges: Exchanges,
    given: Mutex<BTreeMap<(String, String), usize>>,
}

impl Playback {
    pub(super) fn of(exchanges: Exchanges) -> Self {
        Self { exchanges, given: Mutex::default() }
    }

    pub(super) fn fetch(&self, connection: &str, path: &str) -> Result<Fetched, ConnectionError> {
        let key = (connection.to_owned(), path.to_owned());
        let Some(answers) = self.exchanges.0.get(&key) else {
            let file = serde_json::json!({ "connection": connection, "path": path, "status": 200, "text": "…" });
            return Err(ConnectionError::Refused {
                why: format!(
                    "the case has no answer of `{connection}` to `{path}`: write it into a file of the folder `http`, as `{file}`"
                ),
            });
        };
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let place = given.entry(key).or_default();
        let answer = answers.get(*place).or(answers.last());
        *place += 1;
        match answer {
            Some(Ok(fetched)) => Ok(fetched.clone()),
            Some(Err(why)) => Err(ConnectionError::Later { after: None, why: why.clone(), sent: false }),
            None => Err(ConnectionError::Refused { why: "the case has no answer".to_owned() }),
        }
    }
}
