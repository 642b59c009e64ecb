//! What a plugin asks the host to do. Recorded when the invocation completes, done afterwards.

use serde::{Deserialize, Serialize};

use crate::id::ProjectName;
pub use address::{is_address, is_domain};

mod address;

/// A key under which an effect of one plugin in one project happens once. 1 to 200 bytes.
pub type OnceKey = String;

/// Something to be done outside, after commit.
///
/// Stored as JSON with the delivery, so a released variant keeps its name and its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// Save `info` as the task result of `task`, in the place of what is there.
    SaveResult {
        /// The platform's id of the task.
        task: String,
        /// The platform's id of the row to write, as the snapshot had it; none where the platform has no place for it.
        result: Option<String>,
        /// Any JSON, as text.
        info: String,
    },
    /// Create a task.
    CreateTask {
        /// In which project; none for the plugin's own.
        project: Option<ProjectName>,
        /// The task.
        task: NewTask,
    },
    /// Raise the redundancy of a task of the plugin's project.
    RaiseRedundancy {
        /// The platform's id of the task.
        task: String,
        /// Answers wanted in all.
        redundancy: u32,
    },
    /// Send an e-mail.
    SendMail {
        /// The message.
        mail: Box<Mail>,
    },
    /// Send a request that changes something.
    SendRequest {
        /// The name of the connection it leaves through.
        connection: String,
        /// The request.
        request: Request,
    },
    /// Write a file whole.
    WriteFile {
        /// The name of the folder in the project's file.
        folder: String,
        /// Below that folder.
        path: String,
        /// Its bytes.
        content: Bytes,
    },
    /// Add text to the end of a file.
    AppendFile {
        /// The name of the folder in the project's file.
        folder: String,
        /// Below that folder.
        path: String,
        /// What is added.
        text: String,
        /// What a new or empty file begins with.
        header: Option<String>,
    },
    /// Give a worker a badge.
    AwardBadge {
        /// The platform's id of the worker.
        worker: String,
        /// The badge.
        badge: Badge,
    },
    /// Take a badge back.
    RevokeBadge {
        /// The platform's id of the worker.
        worker: String,
        /// The badge's id within the project.
        badge: String,
        /// Why, for people.
        reason: String,
    },
}

/// A task to be created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewTask {
    /// What people are shown: any JSON, as text.
    pub info: String,
    /// Answers wanted; none for the platform's default.
    pub redundancy: Option<u32>,
    /// 0 to 1, higher is served sooner; none for the platform's default.
    pub priority: Option<f64>,
    /// What the platform takes beyond this: a JSON object, as text.
    pub extra: String,
}

/// An e-mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mail {
    /// Who gets it.
    pub to: Vec<Recipient>,
    /// Copies.
    pub cc: Vec<Recipient>,
    /// Copies that the others do not see.
    pub bcc: Vec<Recipient>,
    /// Where replies go; none for the sender's address.
    pub reply_to: Option<String>,
    /// One line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// Files that go with it.
    pub attachments: Vec<Attachment>,
}

/// Who gets an e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipient {
    /// An address.
    Address(String),
    /// A worker, by the platform's id. The address is found when the mail is sent.
    Worker(String),
}

/// A file that goes with an e-mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// As the recipient sees it.
    pub name: String,
    /// For instance `text/csv`.
    pub media_type: String,
    /// The file's bytes.
    pub content: Bytes,
}

/// A request to another web service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Below the connection's address, with its query.
    pub path: String,
    /// Header lines.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: String,
}

/// A badge, as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Badge {
    /// Stable within the project.
    pub id: String,
    /// A few words.
    pub title: String,
    /// What it is given for.
    pub description: String,
    /// An `https` address of a picture; none for a plain one.
    pub image_url: Option<String>,
    /// What it was given for: a JSON object, as text.
    pub evidence: String,
}

/// Bytes that are no text; base64 in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&base64::display::Base64Display::new(&self.0, &base64::engine::general_purpose::STANDARD))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use base64::Engine as _;
        let text = String::deserialize(deserializer)?;
        base64::engine::general_purpose::STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Effect {
    /// The word that grants this effect.
    #[must_use]
    pub fn grant(&self) -> &'static str {
        match self {
            Self::SaveResult { .. } => "results",
            Self::CreateTask { .. } | Self::RaiseRedundancy { .. } => "tasks",
            Self::SendMail { .. } => "email",
            Self::SendRequest { .. } => "http.send",
            Self::WriteFile { .. } | Self::AppendFile { .. } => "files",
            Self::AwardBadge { .. } | Self::RevokeBadge { .. } => "badges",
        }
    }

    /// The kind of effect, as people and records name it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SaveResult { .. } => "save-result",
            Self::CreateTask { .. } => "create-task",
            Self::RaiseRedundancy { .. } => "raise-redundancy",
            Self::SendMail { .. } => "send-mail",
            Self::SendRequest { .. } => "send-request",
            Self::WriteFile { .. } => "write-file",
            Self::AppendFile { .. } => "append-file",
            Self::AwardBadge { .. } => "award-badge",
            Self::RevokeBadge { .. } => "revoke-badge",
        }
    }

    /// The task that the effect itself names. Deliveries of one (connection, task) leave in order; one that names no task is about
    /// that of the event which led to it.
    #[must_use]
    pub fn task(&self) -> Option<&str> {
        match self {
            Self::SaveResult { task, .. } | Self::RaiseRedundancy { task, .. } => Some(task),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
