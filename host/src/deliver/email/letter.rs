//! What a plugin asked for → a message as mail programs read it. Pure.

use std::collections::BTreeSet;
use std::time::SystemTime;

use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use crate::clock::Timestamp;
use crate::config::Sender;
use crate::effect::{self, Mail};
use crate::id::DeliveryId;

/// Who gets a message, by address.
#[derive(Debug, Default)]
pub(super) struct People {
    pub(super) to: Vec<String>,
    pub(super) cc: Vec<String>,
    pub(super) bcc: Vec<String>,
}

/// The id by which a repeat is known: the same on every attempt at one delivery.
pub(super) fn message_id(id: DeliveryId, from: &Sender) -> String {
    let domain = from.address.rsplit('@').next().unwrap_or("localhost");
    format!("<{id}@{domain}>")
}

/// The message, from `from` and of the moment `date`. Why there can be none, for people, without an address.
pub(super) fn compose(id: &str, date: Timestamp, from: &Sender, people: &People, mail: &Mail) -> Result<Message, String> {
    let sender = Mailbox::new(from.name.clone(), address(&from.address)?);
    let envelope = envelope(&sender.email, people)?;
    let mut builder = Message::builder()
        .message_id(Some(id.to_owned()))
        .date(SystemTime::from(date))
        .from(sender)
        .envelope(envelope)
        .subject(mail.subject.clone())
        // Programs that answer for people who are away leave it alone (RFC 3834).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
    for to in &people.to {
        builder = builder.to(Mailbox::new(None, address(to)?));
    }
    for cc in &people.cc {
        builder = builder.cc(Mailbox::new(None, address(cc)?));
    }
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(Mailbox::new(None, address(reply_to)?));
    }
    let words = Words::of(mail);
    let message = if mail.attachments.is_empty() {
        match words {
            Words::Plain(text) => builder.singlepart(text),
            Words::Both(both) => builder.multipart(both),
        }
    } else {
        let mut parts = match words {
            Words::Plain(text) => MultiPart::mixed().singlepart(text),
            Words::Both(both) => MultiPart::mixed().multipart(both),
        };
        for attachment in &mail.attachments {
            parts = parts.singlepart(part(attachment)?);
        }
        builder.multipart(parts)
    };
    message.map_err(|error| format!("no message can be made of it: {error}"))
}

/// The text, alone or with the same as HTML.
enum Words {
    Plain(SinglePart),
    Both(MultiPart),
}

impl Words {
    fn of(mail: &Mail) -> Self {
        match &mail.html {
            Some(html) => Self::Both(MultiPart::alternative_plain_html(mail.text.clone(), html.clone())),
            None => Self::Plain(SinglePart::plain(mail.text.clone())),
        }
    }
}

/// Everybody once, though a person may stand in several lists.
fn envelope(from: &Address, people: &People) -> Result<Envelope, String> {
    let everybody: BTreeSet<&String> = people.to.iter().chain(&people.cc).chain(&people.bcc).collect();
    let everybody = everybody.into_iter().map(|one| address(one)).collect::<Result<Vec<_>, _>>()?;
    Envelope::new(Some(from.clone()), everybody).map_err(|error| format!("no message can be made of it: {error}"))
}

fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|error| format!("no mail can be sent to one of its addresses: {error}"))
}

/// An attachment arrives byte for byte, line ends included, so it is always packed.
fn part(attachment: &effect::Attachment) -> Result<SinglePart, String> {
    let kind = ContentType::parse(&attachment.media_type)
        .map_err(|_| format!("`{}` of attachment `{}` is no media type", attachment.media_type, attachment.name))?;
    let body = Body::new_with_encoding(attachment.content.0.clone(), ContentTransferEncoding::Base64)
        .map_err(|_| format!("attachment `{}` cannot be packed", attachment.name))?;
    Ok(Attachment::new(attachment.name.clone()).body(body, kind))
}

#[cfg(test)]
mod tests;
