//! `email`: through the project's mail connection and from its address.

use lettre::message::header::ContentType;

use super::super::bindings::crowdhook::plugin::email::{self, Host};
use super::super::guest::{Guest, Handling};
use super::effects::check_id;
use super::{Failure, check_object};
use crate::config::MayWriteTo;
use crate::effect::{Attachment, Bytes, Effect, Mail, Recipient, is_address};

const TO_MAX: usize = 50;
const SUBJECT_BYTES_MAX: usize = 900;
/// Everything in a message together.
const MAIL_BYTES_MAX: usize = 10 << 20;
const ATTACHMENTS_MAX: usize = 100;
const NAME_BYTES_MAX: usize = 200;
const MEDIA_TYPE_BYTES_MAX: usize = 200;
const EXTRA_BYTES_MAX: usize = 64 << 10;

impl Host for Guest {
    fn send(&mut self, message: email::Message, once: Option<String>) -> Result<(), Failure> {
        let extra = check_object("`extra`", &message.extra, EXTRA_BYTES_MAX);
        let mail = mail_of(message);
        let bytes = bytes_of(&mail);
        let checked = extra.and_then(|()| check_mail(&mail)).and_then(|()| check_size(bytes));
        let everybody: Vec<(&str, usize, Recipient)> = everybody(&mail).map(|(list, place, one)| (list, place, one.clone())).collect();
        self.ask_for(bytes, once, Effect::SendMail { mail: Box::new(mail) }, |handling| {
            checked?;
            everybody.iter().try_for_each(|(list, place, recipient)| handling.may_write_to(list, *place, recipient))
        })
    }
}

impl Handling {
    /// Whether the project's file lets the plugin write to `recipient`, whose place in the list `list` is told in its stead: addresses
    /// are not for the log.
    fn may_write_to(&self, list: &str, place: usize, recipient: &Recipient) -> Result<(), Failure> {
        if may_write(self.plugin.recipients.as_deref(), recipient) {
            return Ok(());
        }
        let add = match recipient {
            Recipient::Worker(_) => "`\"workers\"`",
            Recipient::Address(_) => "the address, or `\"*@<its domain>\"`,",
        };
        Err(Failure::NotGranted(format!(
            "plugin `{name}` may not write to number {place} of `{list}`: add {add} to `recipients` below `[plugins.{name}]` in the project's file",
            name = self.plugin.name
        )))
    }
}

/// Whether `recipient` is among those that may be written to; without a list, everybody is.
fn may_write(allowed: Option<&[MayWriteTo]>, recipient: &Recipient) -> bool {
    let Some(allowed) = allowed else { return true };
    allowed.iter().any(|allowed| match (allowed, recipient) {
        (MayWriteTo::Workers, Recipient::Worker(_)) => true,
        (MayWriteTo::Address(allowed), Recipient::Address(address)) => allowed.eq_ignore_ascii_case(address),
        (MayWriteTo::Domain(allowed), Recipient::Address(address)) => {
            address.rsplit_once('@').is_some_and(|(_, domain)| allowed.eq_ignore_ascii_case(domain))
        }
        _ => false,
    })
}

fn mail_of(message: email::Message) -> Mail {
    let recipients = |said: Vec<email::Recipient>| {
        let recipient = |said| match said {
            email::Recipient::Address(address) => Recipient::Address(address),
            email::Recipient::Worker(id) => Recipient::Worker(id),
        };
        said.into_iter().map(recipient).collect()
    };
    let attachment = |said: email::Attachment| Attachment { name: said.name, media_type: said.media_type, content: Bytes(said.content) };
    Mail {
        to: recipients(message.to),
        cc: recipients(message.cc),
        bcc: recipients(message.bcc),
        reply_to: message.reply_to,
        subject: message.subject,
        text: message.text,
        html: message.html,
        attachments: message.attachments.into_iter().map(attachment).collect(),
    }
}

/// Every recipient, with its list and its place there from 1.
fn everybody(mail: &Mail) -> impl Iterator<Item = (&'static str, usize, &Recipient)> {
    let lists = [("to", &mail.to), ("cc", &mail.cc), ("bcc", &mail.bcc)];
    lists.into_iter().flat_map(|(list, recipients)| (1..).zip(recipients).map(move |(place, recipient)| (list, place, recipient)))
}

fn bytes_of(mail: &Mail) -> usize {
    let recipients = everybody(mail).map(|(_, _, recipient)| match recipient {
        Recipient::Address(text) | Recipient::Worker(text) => text.len(),
    });
    let attachments = mail.attachments.iter().map(|one| one.name.len() + one.media_type.len() + one.content.0.len());
    let words = mail.subject.len() + mail.text.len() + mail.html.as_ref().map_or(0, String::len);
    words + recipients.sum::<usize>() + attachments.sum::<usize>()
}

fn check_size(bytes: usize) -> Result<(), Failure> {
    if bytes > MAIL_BYTES_MAX {
        return Err(Failure::OverLimit(format!("the message has {bytes} bytes with everything in it, and may have {MAIL_BYTES_MAX}")));
    }
    Ok(())
}

fn check_mail(mail: &Mail) -> Result<(), Failure> {
    if mail.to.is_empty() {
        return Err(Failure::Invalid("`to` is empty: a message has 1 to 50 recipients there".into()));
    }
    for (list, recipients) in [("to", &mail.to), ("cc", &mail.cc), ("bcc", &mail.bcc)] {
        check_count(&format!("`{list}` has {} recipients", recipients.len()), recipients.len(), TO_MAX)?;
    }
    for (list, place, recipient) in everybody(mail) {
        match recipient {
            Recipient::Address(address) => check_address(&format!("number {place} of `{list}`"), address)?,
            Recipient::Worker(id) => check_id("worker", id)?,
        }
    }
    if let Some(reply_to) = &mail.reply_to {
        check_address("`reply-to`", reply_to)?;
    }
    if mail.subject.contains(char::is_control) {
        return Err(Failure::Invalid("`subject` holds a line break or another control character: it is one line".into()));
    }
    if mail.subject.len() > SUBJECT_BYTES_MAX {
        return Err(Failure::OverLimit(format!("`subject` has {} bytes, and may have {SUBJECT_BYTES_MAX}", mail.subject.len())));
    }
    for (what, text) in [("`text`", Some(&mail.text)), ("`html`", mail.html.as_ref())] {
        if text.is_some_and(|text| text.contains('\0')) {
            return Err(Failure::Invalid(format!("{what} holds a zero byte, which no mail may")));
        }
    }
    check_count(&format!("the message has {} attachments", mail.attachments.len()), mail.attachments.len(), ATTACHMENTS_MAX)?;
    mail.attachments.iter().try_for_each(check_attachment)
}

fn check_count(what: &str, count: usize, max: usize) -> Result<(), Failure> {
    if count > max { Err(Failure::OverLimit(format!("{what}, and may have {max}"))) } else { Ok(()) }
}

fn check_address(what: &str, text: &str) -> Result<(), Failure> {
    if is_address(text) {
        return Ok(());
    }
    Err(Failure::Invalid(format!("{what} is no plain e-mail address: give one as in `ann@example.org`, without a name or brackets")))
}

fn check_attachment(attachment: &Attachment) -> Result<(), Failure> {
    let name = &attachment.name;
    let is_path = name.contains(['/', '\\']) || matches!(name.as_str(), "." | "..");
    if name.trim().is_empty() || is_path || name.contains(char::is_control) || name.len() > NAME_BYTES_MAX {
        let why = format!("an attachment's `name` is a file's name without a path, of at most {NAME_BYTES_MAX} bytes: `result.csv`");
        return Err(Failure::Invalid(why));
    }
    let media_type = &attachment.media_type;
    let fits = media_type.len() <= MEDIA_TYPE_BYTES_MAX && media_type.is_ascii() && !media_type.contains(char::is_control);
    let has_both = media_type.split(';').next().and_then(|kind| kind.split_once('/')).is_some_and(|(_, below)| !below.trim().is_empty());
    if !fits || !has_both || ContentType::parse(media_type).is_err() {
        return Err(Failure::Invalid(format!("the `media-type` of attachment `{name}` is none: `text/csv`, for instance, is one")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
