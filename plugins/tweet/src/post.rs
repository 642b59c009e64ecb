//! From an event to a post: whether there is one, and what it says.

use crowdhook_texts::{Context, Event, TextError, Uses};
use serde_json::{Map, Value};

use crate::length::{self, Service};
use crate::settings::{Settings, TooLong};

/// A post, ready to be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Post {
    /// Below the connection's address.
    pub path: &'static str,
    /// The request's body, JSON.
    pub body: String,
    /// Under which it happens once.
    pub once: String,
}

/// What is to be done about an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Todo {
    /// Post this.
    Send(Post),
    /// Nothing, since nothing but white space is left of the text.
    Empty,
    /// Nothing, since the condition does not hold.
    Nothing,
}

/// What has to be read.
#[must_use]
pub fn uses(settings: &Settings) -> Uses {
    let when = settings.when.as_ref().map(crowdhook_texts::Condition::uses).unwrap_or_default();
    when.and(settings.text.uses())
}

/// What is to be done about an event that the settings want ([`Event::is_wanted`]).
///
/// # Errors
///
/// Condition or text cannot be evaluated, or the post is too long and must not be cut: in words for the operator.
pub fn post(event: &Event, context: &Context, settings: &Settings) -> Result<Todo, String> {
    let at = |name: &'static str| move |error: TextError| format!("`{name}`: {error}");
    if let Some(when) = &settings.when
        && !when.holds(context).map_err(at("when"))?
    {
        return Ok(Todo::Nothing);
    }
    let text = length::normal(&settings.text.render(context).map_err(at("text"))?);
    if text.is_empty() {
        return Ok(Todo::Empty);
    }
    let long = length::length(&text, settings.service);
    let text = match settings.too_long {
        _ if long <= settings.length_max => text,
        TooLong::Cut => length::cut(&text, settings.service, settings.length_max),
        TooLong::Refuse => {
            return Err(format!(
                "the post is {long} long, and at most {} are allowed: write a shorter `text`, or `too_long = \"cut\"`",
                settings.length_max
            ));
        }
    };
    Ok(Todo::Send(Post { path: path(settings.service), body: body(text, settings), once: once(event) }))
}

fn path(service: Service) -> &'static str {
    match service {
        Service::X => "/2/tweets",
        Service::Mastodon => "/api/v1/statuses",
    }
}

fn body(text: String, settings: &Settings) -> String {
    let mut body = Map::new();
    let name = if settings.service == Service::X { "text" } else { "status" };
    body.insert(name.to_owned(), text.into());
    for (name, value) in [("visibility", &settings.visibility), ("language", &settings.language)] {
        if let Some(value) = value {
            body.insert(name.to_owned(), value.clone().into());
        }
    }
    Value::Object(body).to_string()
}

/// One post for each task, whatever happens to its analysis later; else one for each event.
fn once(event: &Event) -> String {
    match &event.task_id {
        Some(task) => format!("tweet/{task}"),
        None => format!("tweet/event/{}", event.id),
    }
}

#[cfg(test)]
mod tests;
