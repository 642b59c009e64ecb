//! Between the host and the rest of the plugin: events in, mails out.

use crowdhook_plugin::bindings::crowdhook::plugin::{email, log, state};
use crowdhook_plugin::bindings::{Description, Event, Failure, Guest, Problem};
use crowdhook_plugin::host;
use crowdhook_texts::sandbox;
use serde_json::Value;

use crate::mail::{self, Mail, To};
use crate::memory::{self, COUNTERS};
use crate::settings::{self, On, Settings};

struct Email;

impl Guest for Email {
    fn describe() -> Description {
        Description {
            name: "email".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            summary: "Sends by e-mail what the answers to a task come to, or that a project is completed.".to_owned(),
            handles: vec![On::Task.kind().to_owned(), On::Project.kind().to_owned()],
            needs: vec!["email".to_owned()],
            settings_schema: settings::SCHEMA.to_owned(),
            extra: "{}".to_owned(),
        }
    }

    fn check_settings(settings: String) -> Vec<Problem> {
        host::problems(settings::check(&settings))
    }

    fn handle(event: Event, settings: String) -> Result<(), Failure> {
        let settings = settings::parse(&settings).map_err(host::unfit)?;
        // What is told at the end is counted from the start, whatever the events' origins.
        if settings.on == On::Project && event.kind == On::Task.kind() {
            return remember(&event);
        }
        if !sandbox::event(&event).is_wanted(settings.on.kind(), &settings.origins) {
            return Ok(());
        }
        let facts = sandbox::facts(&event, settings.uses())?;
        let outcome = match settings.on {
            On::Task => mail::about_task(&facts, &event.payload, &settings),
            On::Project => mail::about_project(&facts, &remembered()?, &settings),
        };
        let outcome = outcome.map_err(Failure::Reject)?;
        if outcome.left_out > 0 {
            let message = format!("{} workers get no mail: there is one for at most {} of a task", outcome.left_out, mail::WORKERS_MAX);
            log::write(log::Level::Warn, &message, &[]);
        }
        outcome.mails.into_iter().try_for_each(|mail| send(mail, &settings))
    }
}

fn remember(event: &Event) -> Result<(), Failure> {
    let Some(task_id) = &event.task_id else { return Err(Failure::Reject(format!("a `{}` about no task", event.kind))) };
    let analysis: Value =
        serde_json::from_str(&event.payload).map_err(|error| Failure::Reject(format!("the analysis is no JSON: {error}")))?;
    let key = memory::key(task_id);
    let change = memory::change(state::get(&key)?.as_deref(), &analysis);
    if let Some(keep) = change.keep {
        state::set(&key, keep)?;
    }
    for (counter, by) in COUNTERS.into_iter().zip(change.add).filter(|(_, by)| *by != 0) {
        state::increment(counter, by)?;
    }
    Ok(())
}

fn remembered() -> Result<Value, Failure> {
    let [tasks, decided, ties] = COUNTERS;
    let kept = [state::get(tasks)?, state::get(decided)?, state::get(ties)?];
    Ok(memory::tasks([kept[0].as_deref(), kept[1].as_deref(), kept[2].as_deref()]))
}

fn send(mail: Mail, settings: &Settings) -> Result<(), Failure> {
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
        extra: "{}".to_owned(),
    };
    email::send(&message, Some(&mail.once))
}

crowdhook_plugin::plugin!(Email);
