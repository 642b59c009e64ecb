//! What a new plugin is made of: the example of its language, some of the cases that all examples share, and the interface.
//!
//! An example lies three folders deep in the repository, and names what it needs from there by `../../../`; what is made of it has all that
//! in its own folder. The name that the examples share is replaced where it names the plugin, and stays where it is a word.

use std::borrow::Cow;
use std::fmt;

use clap::ValueEnum;

/// What all examples are called.
const EXAMPLE: &str = "vote";

/// Paths below `$folder` and what the files hold.
macro_rules! files {
    ($folder:literal: $($file:literal)+) => {
        &[$(($file, include_bytes!(concat!("../../../../../", $folder, "/", $file)).as_slice())),+]
    };
}

type Files = &'static [(&'static str, &'static [u8])];

/// The interface.
pub(super) const WIT: Files = files!("wit":
    "analysis.schema.json" "badges.wit" "crowd.wit" "email.wit" "events.wit" "files.wit" "http.wit" "log.wit" "plugin.wit" "results.wit"
    "state.wit" "tasks.wit" "types.wit");

/// The examples.
const JAVASCRIPT: Files = files!("examples/plugins/javascript": ".gitignore" "README.md" "package-lock.json" "package.json" "plugin.js");
const TYPESCRIPT: Files = files!("examples/plugins/typescript":
    ".gitignore" "README.md" "package-lock.json" "package.json" "src/count.ts" "src/engine.d.ts" "src/plugin.ts" "tsconfig.json"
    "types/interfaces/crowdhook-plugin-badges.d.ts"
    "types/interfaces/crowdhook-plugin-crowd.d.ts"
    "types/interfaces/crowdhook-plugin-email.d.ts"
    "types/interfaces/crowdhook-plugin-events.d.ts"
    "types/interfaces/crowdhook-plugin-files.d.ts"
    "types/interfaces/crowdhook-plugin-http.d.ts"
    "types/interfaces/crowdhook-plugin-log.d.ts"
    "types/interfaces/crowdhook-plugin-results.d.ts"
    "types/interfaces/crowdhook-plugin-state.d.ts"
    "types/interfaces/crowdhook-plugin-tasks.d.ts"
    "types/interfaces/crowdhook-plugin-types.d.ts"
    "types/plugin.d.ts");
const PYTHON: Files =
    files!("examples/plugins/python": ".gitignore" "README.md" "build.py" "plugin.py" "requirements.txt" "tally.py" "test_tally.py");

/// Some cases: one that succeeds, one that does not, one with nothing in it.
pub(super) const CASES: Files = files!("examples/plugins/cases":
    "agreed/answers.json" "agreed/event.json" "agreed/expected.json" "agreed/settings.json"
    "nobody-answered/answers.json" "nobody-answered/event.json" "nobody-answered/expected.json"
    "tie/answers.json" "tie/event.json" "tie/expected.json" "tie/settings.json");

/// What the examples do, for the folder of the cases.
const SAID_OF_ALL: &str = include_str!("../../../../../examples/plugins/README.md");

/// What a plugin may be written in here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// Needs Node
    Javascript,
    /// Needs Node
    Typescript,
    /// Needs Python
    Python,
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Javascript => "JavaScript",
            Self::Typescript => "TypeScript",
            Self::Python => "Python",
        })
    }
}

impl Language {
    /// The command that builds the component, from the plugin's folder.
    pub(super) fn build(self) -> &'static str {
        match self {
            Self::Javascript | Self::Typescript => "npm ci && npm run build",
            Self::Python => "python3 -m venv .venv && . .venv/bin/activate && pip install -r requirements.txt && python build.py",
        }
    }

    /// The example in it, by paths below its folder.
    pub(super) fn example(self) -> Files {
        match self {
            Self::Javascript => JAVASCRIPT,
            Self::Typescript => TYPESCRIPT,
            Self::Python => PYTHON,
        }
    }
}

/// All files of a new plugin: paths below its folder, and what they hold.
pub(super) fn files(language: Language, name: &str) -> Vec<(String, Cow<'static, [u8]>)> {
    let mut files = Vec::new();
    files.extend(language.example().iter().map(|(path, content)| (path_of(path, name), filled(content, name))));
    let verbatim = |files: Files, folder: &'static str| {
        files.iter().map(move |(path, content)| (format!("{folder}{path}"), Cow::Borrowed(*content))).collect::<Vec<_>>()
    };
    files.extend(verbatim(WIT, "wit/"));
    files.extend(verbatim(CASES, "cases/"));
    files.push(("cases/README.md".to_owned(), Cow::Owned(said_of_cases().into_bytes())));
    files
}

/// The example's file that has the plugin's name gets the new one.
fn path_of(path: &str, name: &str) -> String {
    path.strip_prefix(EXAMPLE).filter(|rest| rest.starts_with('.')).map_or_else(|| path.to_owned(), |rest| format!("{name}{rest}"))
}

/// The name in its place, and all paths within the new folder. What is no text stays as it is.
fn filled(content: &'static [u8], name: &str) -> Cow<'static, [u8]> {
    let Ok(text) = std::str::from_utf8(content) else { return Cow::Borrowed(content) };
    let cargo_names_files = format!("release/{}.wasm", name.replace('-', "_"));
    let mut text = text
        .replace("../../../", "")
        .replace("](../README.md)", "](cases/README.md)")
        .replace("../cases", "cases")
        .replace("release/vote.wasm", &cargo_names_files);
    for (before, after) in [("", ".wasm"), ("", ".module.wasm"), ("", ".c"), ("\"", "\""), ("'", "'"), ("plugins.", "]"), ("# ", ",")] {
        text = text.replace(&format!("{before}{EXAMPLE}{after}"), &format!("{before}{name}{after}"));
    }
    Cow::Owned(text.into_bytes())
}

/// What the example does and what it is set up by, without what is said of the other languages.
fn said_of_cases() -> String {
    let from = SAID_OF_ALL.find("On `task.completed`").unwrap_or_default();
    let what = SAID_OF_ALL.get(from..).unwrap_or_default();
    format!("# What the plugin does, and its cases\n\n{what}\n{CASES_SAID}")
}

const CASES_SAID: &str = "\
Each folder here is a case: an event, what the plugin may read, its settings, and in `expected.json` what should come of it. `crowdhook plugin run --help` lists
all files that a case may have; `crowdhook plugin test cases --component … --accept` writes down what came out, and `crowdhook event export <id> --case
cases/odd-one` makes a case of what a host has seen.
";
