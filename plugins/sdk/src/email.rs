//! Sending e-mail, through the project's mail connection and from its address.

use crate::{Json, Result, host};

/// A file that goes with a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attachment {
    /// As the recipient sees it, with no path.
    pub name: String,
    /// For instance `text/csv`.
    pub media_type: String,
    /// The file's bytes.
    pub content: Vec<u8>,
}

/// Who gets a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Recipient {
    /// A plain address, `ann@example.org`.
    Address(String),
    /// A worker (`answer.worker`). The host finds the address when it sends, and the plugin never sees it.
    Worker(String),
}

/// An e-mail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// 1 to 50. The project may narrow down which.
    pub to: Vec<Recipient>,
    /// Copies, up to 50.
    pub cc: Vec<Recipient>,
    /// Copies that the others do not see, up to 50.
    pub bcc: Vec<Recipient>,
    /// Where replies go; none for the project's own address.
    pub reply_to: Option<String>,
    /// One line.
    pub subject: String,
    /// The plain text. Always there, for readers that show no HTML.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// With everything else at most 10 MiB.
    pub attachments: Vec<Attachment>,
    /// Room for what later hosts take, a JSON object.
    pub extra: Json,
}

/// Asks for an e-mail, after commit.
///
/// # Errors
///
/// What the host answers: an address that is none, say.
pub fn send(message: Message, once: Option<&str>) -> Result<()> {
    host::email_send(message, once)
}
