//! Between the host and the rest of the plugin: analyses in, files out.

use crowdhook_plugin::{Event, Failure, Plugin, Result, files, http};
use crowdhook_texts::Facts;

use crate::dropbox;
use crate::run::{self, Todo};
use crate::settings::{self, Settings};

struct ResultsFile;

impl Plugin for ResultsFile {
    type Settings = Settings;
    const HANDLES: &[&str] = &[settings::KIND];
    // `files` or `http.send`: which one depends on the settings.
    const NEEDS: &[&str] = &[];

    fn handle(event: &Event, settings: &Settings) -> Result<()> {
        if event.kind != settings::KIND {
            return Ok(());
        }
        let facts = Facts::read(event, settings.uses())?;
        match run::run(settings, &facts).map_err(Failure::Reject)? {
            None => Ok(()),
            Some(todo) => write(todo),
        }
    }
}

fn write(todo: Todo) -> Result<()> {
    match todo {
        Todo::Write { folder, path, content } => files::write(&folder, &path, content.as_bytes()),
        Todo::Append { folder, path, line, header, once } => files::append(&folder, &path, &line, header.as_deref(), Some(&once)),
        Todo::Upload { connection, arg, content } => {
            let headers = vec![http::Header::new("dropbox-api-arg", arg), http::Header::new("content-type", "application/octet-stream")];
            let request = http::Request { method: "POST".to_owned(), path: dropbox::UPLOAD.to_owned(), headers, body: content };
            // No once-key: an upload takes the place of the one before, so a repeat does no harm.
            http::send(&connection, request, None)
        }
    }
}

crowdhook_plugin::plugin!(ResultsFile);
