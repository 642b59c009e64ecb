//! Asks for each effect without needing any, and logs what it is told.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::host::{badges, email, events, files, http, log, results, tasks};
use crowdhook_guests::{Event, Failure, Misbehaves};

struct TriesEverything;

impl Misbehaves for TriesEverything {
    const NAME: &str = "tries-everything";

    fn handle(event: &Event, _settings: &str) -> Result<(), Failure> {
        let task = event.task_id.as_deref().unwrap_or("1");
        tell("results.save", results::save(task, "{}"));
        tell("tasks.create", tasks::create(&task_to_create(), None));
        tell("tasks.raise-redundancy", tasks::raise_redundancy(task, 5));
        tell("email.send", email::send(&message(), None));
        tell("files.write", files::write("out", "a.txt", b"a"));
        tell("files.append", files::append("out", "a.csv", "a\n", None, None));
        tell("badges.award", badges::award("1", &badge()));
        tell("badges.revoke", badges::revoke("1", "first", "a test"));
        tell("events.emit", events::emit("all.tried", None, "{}", None));
        tell("http.fetch", http::fetch("outside", "/", &[]).map(drop));
        tell("http.send", http::send("outside", &request(), None));
        Ok(())
    }
}

/// One line per effect: `name: done` or `name: ` and the failure's case and words.
fn tell(effect: &str, answer: Result<(), Failure>) {
    let said = match answer {
        Ok(()) => "done".to_owned(),
        Err(Failure::Retry(why)) => format!("retry: {why}"),
        Err(Failure::Reject(why)) => format!("reject: {why}"),
        Err(Failure::NotGranted(why)) => format!("not-granted: {why}"),
        Err(Failure::Invalid(why)) => format!("invalid: {why}"),
        Err(Failure::OverLimit(why)) => format!("over-limit: {why}"),
    };
    log::write(log::Level::Info, &format!("{effect}: {said}"), &[]);
}

fn task_to_create() -> tasks::NewTask {
    tasks::NewTask { project: None, info: "{}".to_owned(), redundancy: None, priority: None, extra: "{}".to_owned() }
}

fn message() -> email::Message {
    email::Message {
        to: vec![email::Recipient::Address("ann@example.org".to_owned())],
        cc: Vec::new(),
        bcc: Vec::new(),
        reply_to: None,
        subject: "Tried".to_owned(),
        text: "Tried.\n".to_owned(),
        html: None,
        attachments: Vec::new(),
        extra: "{}".to_owned(),
    }
}

fn badge() -> badges::Badge {
    badges::Badge {
        id: "first".to_owned(),
        title: "First".to_owned(),
        description: "For a test.".to_owned(),
        image_url: None,
        evidence: "{}".to_owned(),
    }
}

fn request() -> http::Request {
    http::Request { method: "POST".to_owned(), path: "/".to_owned(), headers: Vec::new(), body: String::new() }
}

crowdhook_guests::guest!(TriesEverything);
