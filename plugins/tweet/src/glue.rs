//! Between the host and the rest of the plugin: events in, posts out.

use crowdhook_plugin::bindings::crowdhook::plugin::{http, log};
use crowdhook_plugin::bindings::{Description, Event, Failure, Guest, Problem};
use crowdhook_plugin::host;
use crowdhook_texts::{Context, sandbox};

use crate::post::{self, Todo};
use crate::settings;

struct Tweet;

impl Guest for Tweet {
    fn describe() -> Description {
        let kinds = ["task.analysed", "task.completed", "project.completed"];
        Description {
            name: "tweet".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            summary: "Posts on X or Mastodon what the answers to a task come to.".to_owned(),
            handles: kinds.map(str::to_owned).to_vec(),
            needs: vec!["http.send".to_owned()],
            settings_schema: settings::SCHEMA.to_owned(),
            extra: "{}".to_owned(),
        }
    }

    fn check_settings(settings: String) -> Vec<Problem> {
        host::problems(settings::check(&settings))
    }

    fn handle(event: Event, settings: String) -> Result<(), Failure> {
        let settings = settings::parse(&settings).map_err(host::unfit)?;
        if !sandbox::event(&event).is_wanted(&settings.on, &settings.origins) {
            return Ok(());
        }
        let facts = sandbox::facts(&event, post::uses(&settings))?;
        match post::post(&facts.event, &Context::new(&facts), &settings).map_err(Failure::Reject)? {
            Todo::Nothing => Ok(()),
            Todo::Empty => {
                log::write(log::Level::Warn, "Nothing is posted: of the text nothing is left", &[]);
                Ok(())
            }
            Todo::Send(post) => {
                let header = http::Header { name: "content-type".to_owned(), value: "application/json".to_owned() };
                let request =
                    http::Request { method: "POST".to_owned(), path: post.path.to_owned(), headers: vec![header], body: post.body };
                http::send(&settings.connection, &request, Some(&post.once))
            }
        }
    }
}

crowdhook_plugin::plugin!(Tweet);
