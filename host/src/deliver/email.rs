//! E-mail: a message is made of what a plugin asked for, and handed to the project's mail server, or kept in a folder for a try.

mod letter;

use std::collections::BTreeMap;
use std::time::Duration;

use super::Underway;
use super::verdict::Trouble;
use crate::config::{Connection, MailService, MailTo, Service};
use crate::connection::mail::{Letter, MailError};
use crate::effect::{Mail, Recipient, is_address};
use letter::People;

/// All addresses of a mail are found within this; then it is attempted again.
const FIND_MAX: Duration = Duration::from_secs(15);

impl From<MailError> for Trouble {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Later { after, why } => Self::Later { after, why },
            MailError::Unmended { why } => Self::Unmended { why },
            MailError::Refused { why } => Self::Refused { why },
        }
    }
}

/// Sends `mail`, and gives the server's last word and the message's id, which is the same on every attempt.
pub(super) async fn send(way: &Underway<'_>, mail: &Mail) -> Result<String, Trouble> {
    let (connection, service) = way_out(way)?;
    way.check_age(connection)?;
    let people = tokio::time::timeout(FIND_MAX, find(way, mail)).await;
    let people = people.unwrap_or_else(|_| {
        Err(Trouble::Later { after: None, why: format!("the addresses of its workers could not be found within {} s", FIND_MAX.as_secs()) })
    })?;
    let id = letter::message_id(way.delivery.id, &service.from);
    let message = letter::compose(&id, way.delivery.requested_at, &service.from, &people, mail).map_err(|why| Trouble::Refused { why })?;
    let text = message.formatted();
    match &service.to {
        MailTo::Server(server) => {
            let envelope = message.envelope();
            let word = way.mail_servers.send(server, service.timeout, Letter { envelope, text: &text }).await?;
            Ok(format!("`{}` answered `{word}`; message id {id}", server.host))
        }
        MailTo::Folder(folder) => {
            let name = format!("{}.eml", way.delivery.id);
            way.folders.put(folder, name.clone(), way.delivery.id, text).await?;
            Ok(format!("kept as `{name}` in `{}` and sent to nobody; message id {id}", folder.display()))
        }
    }
}

/// The project's mail connection.
fn way_out<'p>(way: &Underway<'p>) -> Result<(&'p Connection, &'p MailService), Trouble> {
    let project = &way.project.config;
    match project.mail().map(|connection| (connection, &connection.to)) {
        Some((connection, Service::Mail(service))) => Ok((connection, service)),
        _ => Err(Trouble::Unmended {
            why: format!(
                "the file of project `{}` has no mail connection any more: write `[connections.mail]` with `kind = \"smtp\"`",
                project.name
            ),
        }),
    }
}

/// The addresses of everybody who gets it. Workers' are asked for at each attempt and kept nowhere.
async fn find(way: &Underway<'_>, mail: &Mail) -> Result<People, Trouble> {
    let mut found = BTreeMap::new();
    for recipient in mail.to.iter().chain(&mail.cc).chain(&mail.bcc) {
        if let Recipient::Worker(id) = recipient
            && !found.contains_key(id)
        {
            found.insert(id.clone(), address_of(way, id).await?);
        }
    }
    let addresses = |recipients: &[Recipient]| {
        let address = |recipient: &Recipient| match recipient {
            Recipient::Address(address) => Some(address.clone()),
            Recipient::Worker(id) => found.get(id).cloned(),
        };
        recipients.iter().filter_map(address).collect()
    };
    Ok(People { to: addresses(&mail.to), cc: addresses(&mail.cc), bcc: addresses(&mail.bcc) })
}

async fn address_of(way: &Underway<'_>, worker: &str) -> Result<String, Trouble> {
    let address = way.project.platform.address_of_worker(worker).await?;
    address.filter(|address| is_address(address)).ok_or_else(|| Trouble::Refused {
        why: format!(
            "{} tells no address of worker `{worker}`; PYBOSSA tells it to the key of an admin alone: set `platform.api_key` of project `{}`",
            way.project.platform.address(),
            way.project.config.name
        ),
    })
}
