//! The guests whose sandboxes are measured: `majority-vote`, and the same small vote in each language that is built here.

use super::folder::component_file;
use super::progress;

/// What counts the same answers in each language.
const VOTES: [&str; 4] = ["rust", "c", "javascript", "python"];

/// A component, and what it is told.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    /// What it is called in figures.
    pub(crate) name: String,
    /// As [`component_file`] takes it.
    pub(crate) component: String,
    /// A JSON object, and the same as lines of a project's file.
    pub(crate) settings: &'static str,
    pub(crate) toml: &'static str,
}

/// `majority-vote`.
pub(crate) fn bundled() -> Guest {
    Guest {
        name: "majority-vote".to_owned(),
        component: "majority-vote".to_owned(),
        settings: r#"{"pointer":"/animal"}"#,
        toml: "pointer = \"/animal\"",
    }
}

/// The votes of `examples/plugins` that are built. Of the others it says that they are not measured.
pub(crate) fn votes() -> Vec<Guest> {
    let vote = |language: &str| {
        let component = format!("vote-{language}");
        if component_file(&component).exists() {
            return Some(Guest {
                name: format!("vote in {language}"),
                component,
                settings: r#"{"question":"animal"}"#,
                toml: "question = \"animal\"",
            });
        }
        progress(&format!("not measured: the vote in {language}; `cargo xtask examples {language}` builds it"));
        None
    };
    VOTES.into_iter().filter_map(vote).collect()
}
