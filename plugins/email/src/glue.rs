//! Between the host and the rest of the plugin: events in, mails out.

use crowdhook_plugin::{Event, Failure, OrReject, Plugin, Result, email, log, state};
use crowdhook_texts::Facts;
use serde_json::Value;

use crate::mail::{self, Mail, To};
use crate::memory::{self, COUNTERS};
use crate::settings::{On, Settings};

struct Email;

impl Plugin for Email {
    type Settings = Settings;
    const HANDLES: &[&str] = &[On::Task.kind(), On::Project.kind()];
    const NEEDS: &[&str] = &["email"];

    fn handle(event: &Event, settings: &Settings) -> Result<()> {
        // What is told at the end is counted from the start, whatever the events' origins.
        if settings.on == On::Project && event.kind == On::Task.kind() {
            return remember(event);
        }
        if !crowdhook_texts::Event::from(event).is_wanted(settings.on.kind(), &settings.origins) {
            return Ok(());
        }
        let facts = Facts::read(event, settings.uses())?;
        let outcome = match settings.on {
            On::Task => mail::about_task(&facts, event.payload.as_str(), settings),
            On::Project => mail::about_project(&facts, &remembered()?, settings),
        };
        let outcome = outcome.map_err(Failure::Reject)?;
        if outcome.left_out > 0 {
            let message = format!("{} workers get no mail: there is one for at most {} of a task", outcome.left_out, mail::WORKERS_MAX);
            log::warn(message);
        }
        outcome.mails.into_iter().try_for_each(|mail| send(mail, settings))
    }
}

fn remember(event: &Event) -> Result<()> {
    let key = memory::key(event.task()?);
    let analysis: Value = event.payload.read().or_reject("the analysis is no JSON")?;
    let change = memory::change(state::get(&key)?.as_deref(), &analysis);
    if let Some(keep) = change.keep {
        state::set(&key, keep)?;
    }
    for (counter, by) in COUNTERS.into_iter().zip(change.add).filter(|(_, by)| *by != 0) {
        state::increment(counter, by)?;
    }
    Ok(())
}

fn remembered() -> Result<Value> {
    let [tasks, decided, ties] = COUNTERS;
    let kept = [state::get(tasks)?, state::get(decided)?, state::get(ties)?];
    Ok(memory::tasks([kept[0].as_deref(), kept[1].as_deref(), kept[2].as_deref()]))
}

fn send(mail: Mail, settings: &Settings) -> Result<()> {
    let addresses = |addresses: &[String]| addresses.iter().cloned().map(email::Recipient::Address).collect();
    let (to, cc, bcc) = match mail.to {
        To::Addresses => (addresses(&settings.to), addresses(&settings.cc), addresses(&settings.bcc)),
        To::Worker(worker) => (vec![email::Recipient::Worker(worker)], Vec::new(), Vec::new()),
    };
    let attachments = mail.attachment.into_iter().map(|file| email::Attachment {
        name: file.name,
        media_type: file.media_type.to_owned(),
        content: file.content.into_bytes(),
    });
    let message = email::Message {
        to,
        cc,
        bcc,
        reply_to: settings.reply_to.clone(),
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        attachments: attachments.collect(),
        ..email::Message::default()
    };
    email::send(message, Some(&mail.once))
}

crowdhook_plugin::plugin!(Email);
