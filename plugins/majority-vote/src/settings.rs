//! What a project may set, as people write it and as the rest of the plugin reads it.
//!
//! The host checks settings against [`SCHEMA`] before it hands them over; [`parse`] says what the schema cannot. Defaults are
//! filled in here and nowhere else.

pub use crowdhook_plugin::Problem;
use serde::Deserialize;
use serde_json::Value;

mod raw;

/// The settings' JSON Schema, for `describe`.
pub const SCHEMA: &str = include_str!("settings.schema.json");

/// Settings that cannot be wrong any more.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is voted on.
    pub subject: Subject,
    /// How the votes are counted, where a question says nothing else.
    pub rules: Rules,
    /// Which answers of one worker count.
    pub per_worker: PerWorker,
    /// What an answer weighs.
    pub weights: Weights,
    /// Whether test questions are left alone.
    pub skip_gold: bool,
    /// Whether answers that the platform does not count are left out.
    pub skip_set_aside: bool,
    /// Whether to vote after each answer too.
    pub on_answered: bool,
    /// When to tell other plugins.
    pub emit: Emit,
}

/// What is voted on.
#[derive(Clone, Debug)]
pub enum Subject {
    /// One value: the whole answer, or what the JSON Pointer points at.
    One(String),
    /// Each member of the object that the JSON Pointer points at.
    All(String),
    /// These questions.
    Named(Vec<Question>),
}

/// One question among several.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its name in the analysis.
    pub name: String,
    /// Where in an answer it is answered, as a JSON Pointer.
    pub pointer: String,
    /// How its votes are counted.
    pub rules: Rules,
}

/// How the votes on one question are counted. The fields are described in the schema.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the schema describes them, for people and for the host")]
pub struct Rules {
    pub lists: Lists,
    pub count_blank: bool,
    pub ignore_case: bool,
    pub ignore_space: bool,
    pub unicode: Unicode,
    pub text_numbers: bool,
    pub minimum_answers: usize,
    pub quorum: usize,
    pub agreement: Option<f64>,
    pub ties: Ties,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            lists: Lists::Each,
            count_blank: false,
            ignore_case: false,
            ignore_space: true,
            unicode: Unicode::Nfc,
            text_numbers: false,
            minimum_answers: 1,
            quorum: 1,
            agreement: None,
            ties: Ties::Undecided,
        }
    }
}

/// What a list of values is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Lists {
    /// Every value in it has a vote, and the value with most votes wins.
    Each,
    /// Every value in it has a vote, and the answer is the list of those that enough people chose.
    Set,
    /// One value like any other.
    Whole,
}

/// The Unicode form in which texts are compared.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Unicode {
    /// Composed.
    Nfc,
    /// Composed, with look-alikes made the same.
    Nfkc,
    /// As it came.
    None,
}

/// What a tie leads to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Ties {
    /// No answer.
    Undecided,
    /// The tied value that was given first.
    First,
    /// The list of all tied values.
    All,
}

/// Which answers of one worker count.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum PerWorker {
    /// The first one.
    First,
    /// The last one.
    #[default]
    Last,
    /// All of them.
    All,
}

/// What an answer weighs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// 1.
    #[default]
    Equal,
    /// The platform's trust in the worker.
    Trust,
}

/// When `task.analysed` is emitted.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Emit {
    /// When the verdict is another one than the last that was emitted.
    #[default]
    Changes,
    /// Each time.
    Always,
}

impl crowdhook_plugin::Settings for Settings {
    fn schema() -> String {
        SCHEMA.to_owned()
    }

    fn read(json: &str) -> Result<Self, Vec<Problem>> {
        let settings = parse(json).map_err(|message| vec![Problem::new("", message)])?;
        let problems = problems(json, &settings);
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
    raw::settings(json)
}

fn problems(json: &str, settings: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    match &settings.subject {
        Subject::One(pointer) | Subject::All(pointer) => check_pointer("/pointer", pointer, &mut problems),
        Subject::Named(questions) => check_questions(json, questions, &mut problems),
    }
    // Where all questions are named, each is checked with what it takes over from here.
    if !matches!(settings.subject, Subject::Named(_)) {
        check_rules("", &settings.rules, &mut problems);
    }
    problems
}

fn check_questions(json: &str, questions: &[Question], problems: &mut Vec<Problem>) {
    let given: Value = serde_json::from_str(json).unwrap_or_default();
    if given.get("pointer").is_some() {
        problems.push(Problem::new(
            "/pointer",
            "`pointer` and a table of `questions` say twice where to look: leave `pointer` out and write the whole pointer of each question",
        ));
    }
    for question in questions {
        let at = format!("/questions/{}", escape(&question.name));
        // Written short, `animal = "/animal"`, the pointer stands at the question itself.
        let short = given.pointer(&at).is_some_and(Value::is_string);
        let pointer_at = if short { at.clone() } else { format!("{at}/pointer") };
        check_pointer(&pointer_at, &question.pointer, problems);
        check_rules(&at, &question.rules, problems);
    }
}

fn check_pointer(at: &str, pointer: &str, problems: &mut Vec<Problem>) {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        problems.push(Problem::new(at, format!("`{pointer}` is no JSON Pointer, which begins with `/`: write `/{pointer}`")));
    }
    let after_tilde = pointer.split('~').skip(1);
    if after_tilde.into_iter().any(|rest| !rest.starts_with(['0', '1'])) {
        problems.push(Problem::new(at, format!("`{pointer}` is no JSON Pointer: write `~0` for `~` and `~1` for a `/` in a name")));
    }
}

fn check_rules(at: &str, rules: &Rules, problems: &mut Vec<Problem>) {
    if rules.lists == Lists::Set && rules.ties == Ties::First {
        problems.push(Problem::new(
            format!("{at}/ties"),
            "`first` cannot settle whether a value belongs into a set: write `undecided` or `all`, or another `lists` than `set`",
        ));
    }
    if rules.lists == Lists::Set && rules.agreement == Some(0.0) {
        problems.push(Problem::new(
            format!("{at}/agreement"),
            "0 would let in every value that anybody chose: write a larger share, or leave it out for more than half",
        ));
    }
}

/// A name as it stands in a JSON Pointer.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
