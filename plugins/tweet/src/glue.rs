//! Between the host and the rest of the plugin: events in, posts out.

use crowdhook_plugin::{Event, Failure, Plugin, Result, http, log};
use crowdhook_texts::{Context, Facts};

use crate::post::{self, Todo};
use crate::settings::Settings;

struct Tweet;

impl Plugin for Tweet {
    type Settings = Settings;
    const HANDLES: &[&str] = &["task.analysed", "task.completed", "project.completed"];
    const NEEDS: &[&str] = &["http.send"];

    fn handle(event: &Event, settings: &Settings) -> Result<()> {
        if !crowdhook_texts::Event::from(event).is_wanted(&settings.on, &settings.origins) {
            return Ok(());
        }
        let facts = Facts::read(event, post::uses(settings))?;
        match post::post(&facts.event, &Context::new(&facts), settings).map_err(Failure::Reject)? {
            Todo::Nothing => Ok(()),
            Todo::Empty => {
                log::warn("Nothing is posted: of the text nothing is left");
                Ok(())
            }
            Todo::Send(post) => {
                let headers = vec![http::Header::new("content-type", "application/json")];
                let request = http::Request { method: "POST".to_owned(), path: post.path.to_owned(), headers, body: post.body };
                http::send(&settings.connection, request, Some(&post.once))
            }
        }
    }
}

crowdhook_plugin::plugin!(Tweet);
