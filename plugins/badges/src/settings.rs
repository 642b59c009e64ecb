//! What a project may set.
//!
//! The host checks settings against [`SCHEMA`] before it hands them over; [`parse`] says what the schema cannot. Defaults are
//! filled in here and nowhere else.

pub use crowdhook_plugin::Problem;
use std::collections::BTreeSet;

use serde::Deserialize;

/// The settings' JSON Schema, for `describe`.
pub const SCHEMA: &str = include_str!("settings.schema.json");

/// What a project may set. The fields are described in the schema.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the schema describes them, for people and for the host")]
pub struct Settings {
    #[serde(default)]
    pub right: Right,
    pub badges: Vec<Badge>,
}

/// When an answer is right.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// It agrees with the decided answer.
    Decided,
    /// It is the right answer of a test question; other tasks are not judged.
    Gold,
    /// The right answer of a test question where it is known, the decided answer elsewhere.
    #[default]
    Both,
}

/// One badge that there is to be had. The fields are described in the schema.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the schema describes them, for people and for the host")]
pub struct Badge {
    pub id: String,
    pub title: String,
    pub description: String,
    pub image_url: Option<String>,
    pub kind: Kind,
    at: Option<u32>,
    #[serde(default)]
    pub take_back: bool,
}

impl Badge {
    /// How many are needed.
    #[must_use]
    pub fn at(&self) -> u32 {
        self.at.unwrap_or(1)
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Tasks answered right.
    RightAnswers,
    /// The longest run of right answers.
    Streak,
    /// Tasks answered, right or wrong.
    FirstContribution,
    /// Test questions answered right.
    Gold,
}

impl crowdhook_plugin::Settings for Settings {
    fn schema() -> String {
        SCHEMA.to_owned()
    }

    fn read(json: &str) -> Result<Self, Vec<Problem>> {
        let settings = parse(json).map_err(|message| vec![Problem::new("", message)])?;
        let problems = problems(&settings);
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }
}

/// Reads settings and fills in the defaults.
///
/// # Errors
///
/// What does not fit, in words: unknown keys, wrong types. The host's check by the schema comes first, so this is
/// seen by those only who run the plugin without it.
pub fn parse(json: &str) -> Result<Settings, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

fn problems(settings: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut ids = BTreeSet::new();
    for (place, badge) in settings.badges.iter().enumerate() {
        let at = format!("/badges/{place}");
        if !ids.insert(&badge.id) {
            let message = format!("another badge before has the id `{}` too: a worker has each badge once, so write another id", badge.id);
            problems.push(Problem::new(format!("{at}/id"), message));
        }
        check_badge(&at, badge, settings.right, &mut problems);
    }
    problems
}

fn check_badge(at: &str, badge: &Badge, right: Right, problems: &mut Vec<Problem>) {
    if badge.at.is_none() && badge.kind != Kind::FirstContribution {
        problems
            .push(Problem::new(at, format!("badge `{}` does not say how many are needed: write `at = 10`, or another number", badge.id)));
    }
    if badge.kind == Kind::Gold && right == Right::Decided {
        let message = "with `right = \"decided\"` nobody is compared with test questions: write `right = \"both\"`, or another kind";
        problems.push(Problem::new(format!("{at}/kind"), message));
    }
    if let Some(url) = &badge.image_url {
        let host = url.strip_prefix("https://").filter(|rest| !rest.is_empty() && !rest.starts_with('/'));
        let plain = |sign: char| sign.is_ascii_graphic() && !matches!(sign, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}');
        if host.is_none() || !url.chars().all(plain) {
            let message = format!("`{url}` is no `https` address: write one such as `https://example.org/badge.svg`, or leave it out");
            problems.push(Problem::new(format!("{at}/image_url"), message));
        }
    }
}

#[cfg(test)]
mod tests;
