//! What a project may set, as people write it and as the rest of the plugin reads it.
//!
//! The host checks settings against [`SCHEMA`] before it hands them over; [`parse`] says what the schema cannot. Defaults are
//! filled in here and nowhere else.

pub use crowdhook_plugin::Problem;
use crowdhook_texts::{Condition, Escape, Scope, Text};
use serde::Deserialize;

use crate::length::Service;

/// The settings' JSON Schema, for `describe`.
pub const SCHEMA: &str = include_str!("settings.schema.json");

/// Settings as people write them. The schema describes them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    service: Service,
    connection: String,
    #[serde(default = "analysed")]
    on: String,
    when: Option<String>,
    text: String,
    visibility: Option<String>,
    language: Option<String>,
    #[serde(default = "live")]
    origins: Vec<String>,
    #[serde(default)]
    allow_mentions: bool,
    #[serde(default)]
    allow_links: bool,
    #[serde(default)]
    too_long: TooLong,
    length_max: Option<usize>,
}

/// What becomes of a post that is too long.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum TooLong {
    /// It is cut, with an ellipsis.
    #[default]
    Cut,
    /// It is not posted: the event goes to the dead letters.
    Refuse,
}

/// Settings that cannot be wrong any more.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the schema describes them, for people and for the host")]
pub struct Settings {
    pub service: Service,
    pub connection: String,
    pub on: String,
    pub when: Option<Condition>,
    pub text: Text,
    pub visibility: Option<String>,
    pub language: Option<String>,
    pub origins: Vec<String>,
    pub too_long: TooLong,
    pub length_max: usize,
}

fn analysed() -> String {
    "task.analysed".to_owned()
}

fn live() -> Vec<String> {
    vec!["live".to_owned()]
}

impl crowdhook_plugin::Settings for Settings {
    fn schema() -> String {
        SCHEMA.to_owned()
    }

    fn read(json: &str) -> Result<Self, Vec<Problem>> {
        parse(json)
    }
}

/// Reads settings and fills in the defaults.
///
/// # Errors
///
/// All that is wrong with them. The host's check by the schema comes first, so wrong types and unknown keys are
/// seen by those only who run the plugin without it.
pub fn parse(json: &str) -> Result<Settings, Vec<Problem>> {
    let raw: Raw = serde_json::from_str(json).map_err(|error| vec![Problem::new("", error)])?;
    let scope = Scope::of_kind(&raw.on);
    let mut problems = Vec::new();
    let escape = Escape::Post { mentions: raw.allow_mentions, links: raw.allow_links };
    let text = Text::parse(&raw.text, escape, &scope).map_err(|error| problems.push(Problem::new("/text", error))).ok();
    // An analysis without an answer is nothing to tell the world.
    let decided = (raw.on == analysed()).then(|| "decided".to_owned());
    let when = raw.when.or(decided).and_then(|when| {
        let condition = Condition::parse(&when, &scope);
        condition.map_err(|error| problems.push(Problem::new("/when", error))).ok()
    });
    if raw.service == Service::X {
        let only = |what: &str| format!("X knows no `{what}`: leave it out, or set `service = \"mastodon\"`");
        if raw.visibility.is_some() {
            problems.push(Problem::new("/visibility", only("visibility")));
        }
        if raw.language.is_some() {
            problems.push(Problem::new("/language", only("language")));
        }
    }
    let Some(text) = text.filter(|_| problems.is_empty()) else { return Err(problems) };
    Ok(Settings {
        service: raw.service,
        connection: raw.connection,
        on: raw.on,
        when,
        text,
        visibility: raw.visibility,
        language: raw.language,
        origins: raw.origins,
        too_long: raw.too_long,
        length_max: raw.length_max.unwrap_or(raw.service.length_max()),
    })
}

#[cfg(test)]
mod tests;
