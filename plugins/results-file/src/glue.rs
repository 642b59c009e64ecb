//! Between the host and the rest of the plugin: analyses in, files out.

use crowdhook_plugin::bindings::crowdhook::plugin::{files, http};
use crowdhook_plugin::bindings::{Description, Event, Failure, Guest, Problem};
use crowdhook_plugin::host;
use crowdhook_texts::sandbox;

use crate::dropbox;
use crate::run::{self, Todo};
use crate::settings;

struct ResultsFile;

impl Guest for ResultsFile {
    fn describe() -> Description {
        Description {
            name: "results-file".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            summary: "Writes what tasks came to into files.".to_owned(),
            handles: vec![settings::KIND.to_owned()],
            // `files` or `http.send`: which one depends on the settings.
            needs: Vec::new(),
            settings_schema: settings::SCHEMA.to_owned(),
            extra: "{}".to_owned(),
        }
    }

    fn check_settings(settings: String) -> Vec<Problem> {
        host::problems(settings::check(&settings))
    }

    fn handle(event: Event, settings: String) -> Result<(), Failure> {
        if event.kind != settings::KIND {
            return Ok(());
        }
        let settings = settings::parse(&settings).map_err(host::unfit)?;
        let facts = sandbox::facts(&event, settings.uses())?;
        match run::run(&settings, &facts).map_err(Failure::Reject)? {
            None => Ok(()),
            Some(todo) => write(todo),
        }
    }
}

fn write(todo: Todo) -> Result<(), Failure> {
    match todo {
        Todo::Write { folder, path, content } => files::write(&folder, &path, content.as_bytes()),
        Todo::Append { folder, path, line, header, once } => files::append(&folder, &path, &line, header.as_deref(), Some(&once)),
        Todo::Upload { connection, arg, content } => {
            let header = |name: &str, value: String| http::Header { name: name.to_owned(), value };
            let headers = vec![header("dropbox-api-arg", arg), header("content-type", "application/octet-stream".to_owned())];
            let request = http::Request { method: "POST".to_owned(), path: dropbox::UPLOAD.to_owned(), headers, body: content };
            // No once-key: an upload takes the place of the one before, so a repeat does no harm.
            http::send(&connection, &request, None)
        }
    }
}

crowdhook_plugin::plugin!(ResultsFile);
